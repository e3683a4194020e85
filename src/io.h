/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_IO_H
#define OOMCTL_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct oomctl_ctx;

/*
 * Paths are the kernel's own, "/proc/..." or "/sys/...", and are looked up below the
 * context's roots. All calls return 0 or a code of the closed set; ENOENT becomes
 * -EOPNOTSUPP.
 */

/* The length of the whole file, which must be shorter than size; -EBADMSG when it is not. */
ssize_t io_read(const struct oomctl_ctx *ctx, const char *path, char *buf, size_t size);

/* One write(2). -EIO when it is cut short. */
int io_write(const struct oomctl_ctx *ctx, const char *path, const char *text,
	     size_t len);

/* A descriptor that later paths are looked up below; io_close() it. */
int io_open_dir(const struct oomctl_ctx *ctx, const char *path, int *out_fd);

/* Does nothing to AT_FDCWD. */
void io_close(int fd);

/* -ESRCH when the process of a pidfd has ended, -EINVAL when the descriptor is not open. */
int io_pidfd_running(int pidfd);

/* The names in a directory, in the kernel's order. */
struct io_names {
	int fd;
	size_t pos, len;
	_Alignas(uint64_t) char buf[1024];
};

int io_names_open(const struct oomctl_ctx *ctx, const char *path, struct io_names *out);

/* The next name, valid until the next call; NULL at the end. */
int io_names_next(struct io_names *names, const char **out);

void io_names_close(struct io_names *names);

/* Bytes in a page of this machine. */
uint32_t io_page_size(void);

#endif
