/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

/* A storm of signals must not hold the caller for ever. */
enum { TRIES = 100 };

static bool is_interrupted(int *tries)
{
	return errno == EINTR && --*tries > 0;
}

static int code_of(int err)
{
	switch (err) {
	case EINVAL:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EACCES:
	case EPERM:
	case EROFS:
	case ESRCH:
		return -err;
	case ENOENT:
	case ENOTDIR:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* The directory to look path up below; moves path past the name of the root. */
static int root_of(const struct oomctl_ctx *ctx, const char **path)
{
	bool is_proc;
	int fd;

	if (!ctx)
		return AT_FDCWD;

	is_proc = (*path)[1] == 'p';
	fd = is_proc ? ctx->proc_fd : ctx->sys_fd;
	if (fd != AT_FDCWD)
		*path += is_proc ? strlen("/proc/") : strlen("/sys/");
	return fd;
}

/* A descriptor, or a code. */
static inline int open_below(const struct oomctl_ctx *ctx, const char *path, int flags)
{
	int root = root_of(ctx, &path);
	int tries = TRIES;
	int fd;

	/* Not to block on a FIFO, nor to gain a terminal: a root may hold anything. */
	do {
		fd = openat(root, path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	} while (fd < 0 && is_interrupted(&tries));

	return fd < 0 ? code_of(errno) : fd;
}

static ssize_t read_some(int fd, char *buf, size_t size)
{
	int tries = TRIES;
	ssize_t n;

	do {
		n = read(fd, buf, size);
	} while (n < 0 && is_interrupted(&tries));

	return n < 0 ? code_of(errno) : n;
}

/* Kernel text ends in a newline: a read that does not was cut short, or the end is near. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read_some(fd, buf + len, size - len);
		if (n < 0)
			return n;
		len += (size_t)n;
	} while (n > 0 && len < size && buf[len - 1] != '\n');

	return len < size ? (ssize_t)len : -EBADMSG;
}

ssize_t io_read(const struct oomctl_ctx *ctx, const char *path, char *buf, size_t size)
{
	int fd = open_below(ctx, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;

	n = read_all(fd, buf, size);
	close(fd);
	return n;
}

static int write_once(int fd, const char *text, size_t len)
{
	int tries = TRIES;
	ssize_t n;

	/* An interrupted write(2) has written nothing. */
	do {
		n = write(fd, text, len);
	} while (n < 0 && is_interrupted(&tries));

	if (n < 0)
		return code_of(errno);
	return (size_t)n == len ? 0 : -EIO;
}

int io_write(const struct oomctl_ctx *ctx, const char *path, const char *text, size_t len)
{
	int fd, r;

	fd = open_below(ctx, path, O_WRONLY);
	if (fd < 0)
		return fd;

	r = write_once(fd, text, len);
	close(fd); /* the kernel's files take the value in write(2): nothing is left to
		      fail */
	return r;
}

int io_open_dir(const struct oomctl_ctx *ctx, const char *path, int *out_fd)
{
	int fd = open_below(ctx, path, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return fd;

	*out_fd = fd;
	return 0;
}

void io_close(int fd)
{
	if (fd != AT_FDCWD)
		close(fd);
}

int io_pidfd_running(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int tries = TRIES;
	int n;

	/* Even without a timeout, a signal that is pending interrupts it. */
	do {
		n = poll(&p, 1, 0);
	} while (n < 0 && is_interrupted(&tries));

	if (n < 0)
		return code_of(errno);
	if (p.revents & POLLNVAL)
		return -EINVAL;
	return n == 0 ? 0 : -ESRCH;
}

int io_names_open(const struct oomctl_ctx *ctx, const char *path, struct io_names *out)
{
	out->pos = 0;
	out->len = 0;
	out->fd = open_below(ctx, path, O_RDONLY | O_DIRECTORY);
	return out->fd < 0 ? out->fd : 0;
}

/* What getdents64(2) writes. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

int io_names_next(struct io_names *names, const char **out)
{
	const struct entry *entry;
	int tries = TRIES;
	long n;

	if (names->pos == names->len) {
		do {
			n = syscall(SYS_getdents64, names->fd, names->buf,
				    sizeof(names->buf));
		} while (n < 0 && is_interrupted(&tries));
		if (n < 0)
			return code_of(errno);
		names->pos = 0;
		names->len = (size_t)n;
	}
	if (names->len == 0) {
		*out = NULL;
		return 0;
	}

	entry = (const struct entry *)(const void *)(names->buf + names->pos);
	names->pos += entry->reclen;
	*out = entry->name;
	return 0;
}

void io_names_close(struct io_names *names)
{
	close(names->fd);
}

uint32_t io_page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}
