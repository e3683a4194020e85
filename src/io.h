/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_IO_H
#define OOMCTL_IO_H

#include <stdbool.h>
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

/* The same of a file of one line, which its newline ends. */
ssize_t io_read_line(const struct oomctl_ctx *ctx, const char *path, char *buf,
		     size_t size);

/* A descriptor to read from again and again, or a code; io_close() it. */
int io_open(const struct oomctl_ctx *ctx, const char *path);

/* The same, to write to, too. */
int io_open_to_set(const struct oomctl_ctx *ctx, const char *path);

/* One pwrite(2) at its beginning. -EIO when it is cut short. */
int io_write_again(int fd, const char *text, size_t len);

/* The same as io_read_line(), by pread(2) from the file's beginning. */
ssize_t io_read_line_again(int fd, char *buf, size_t size);

/* What a symbolic link says: its length, which must be shorter than size. */
ssize_t io_read_link(const struct oomctl_ctx *ctx, const char *path, char *buf,
		     size_t size);

/* One write(2). -EIO when it is cut short. */
int io_write(const struct oomctl_ctx *ctx, const char *path, const char *text,
	     size_t len);

/*
 * Makes name of dir a file of this text and mode, or leaves all as it was. What is there
 * is replaced, a link too; -EINVAL when it is a directory. -EIO when the new file is there,
 * but may not outlast a power failure.
 */
int io_replace(const char *dir, const char *name, const char *text, size_t len,
	       uint32_t mode);

/* A descriptor that later paths are looked up below; io_close() it. */
int io_open_dir(const struct oomctl_ctx *ctx, const char *path, int *out_fd);

/* Which file a descriptor is of. */
int io_identify(int fd, uint64_t *out_device, uint64_t *out_inode);

/* Does nothing to AT_FDCWD. */
void io_close(int fd);

/* -ESRCH when the process of a pidfd has ended, -EINVAL when the descriptor is not open. */
int io_pidfd_running(int pidfd);

/* What opening a file to set it says: 0 or a code. Nothing is written. */
int io_try_to_set(const struct oomctl_ctx *ctx, const char *path);

/* The user that a file belongs to; it need not be open to the caller. */
int io_owner(const struct oomctl_ctx *ctx, const char *path, uint32_t *out_uid);

struct io_mount {
	bool is_proc;
	bool is_read_only;
};

/* What a file is mounted with; it has to be open to the caller. */
int io_mount_of(const struct oomctl_ctx *ctx, const char *path, struct io_mount *out);

/* -ESRCH when no process has this number in the caller's pid namespace. */
int io_pid_exists(pid_t pid);

/* Of the caller. */
uint32_t io_effective_uid(void);
bool io_is_dumpable(void);

/* Whether the kernel has process_mrelease(2), and lets the caller use it. */
bool io_has_mrelease(void);

/* The names in a directory, in the kernel's order. */
struct io_names {
	int fd;
	size_t pos, len;
	_Alignas(uint64_t) char buf[2048];
};

int io_names_open(const struct oomctl_ctx *ctx, const char *path, struct io_names *out);

/* The next name, valid until the next call; NULL at the end. */
int io_names_next(struct io_names *names, const char **out);

int io_names_rewind(struct io_names *names);

void io_names_close(struct io_names *names);

/* The lines of a file of any size. */
struct io_lines {
	int fd;
	bool is_cut;     /* the last line was longer than the buffer */
	bool is_by_hand; /* the file may end without a newline */
	size_t pos, len;
	char buf[2048]; /* a status, or the first words of any line */
};

int io_lines_open(const struct oomctl_ctx *ctx, const char *path, struct io_lines *out);

/* The same of a file that is no kernel's. */
int io_lines_open_by_hand(const char *path, struct io_lines *out);

/*
 * The length of the next line, with its newline, valid until the next call; 0 at the end.
 * Of a line that is longer than the buffer, what fits.
 */
ssize_t io_lines_next(struct io_lines *lines, const char **out);

void io_lines_close(struct io_lines *lines);

/* Waits, whatever signals come. */
void io_sleep(int ms);

/* Bytes in a page of this machine. */
uint32_t io_page_size(void);

/* The caller, in its own pid namespace. */
pid_t io_pid(void);

/* Clock ticks since boot: what stat shows of a process that begins now. */
uint64_t io_boot_ticks(void);

#endif
