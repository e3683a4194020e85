/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h> /* renameat() */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "parse.h"

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
	case ENODEV:     /* of a cgroup that was removed after its file was opened */
	case EOPNOTSUPP: /* of a cgroup of threads, which has no list of processes */
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

/* Where the descriptor stands, which its next reader moves along. */
enum { CURRENT = -1 };

static inline ssize_t read_some(int fd, char *buf, size_t size, off_t offset)
{
	int tries = TRIES;
	ssize_t n;

	do {
		n = offset == CURRENT ? read(fd, buf, size)
				      : pread(fd, buf, size, offset);
	} while (n < 0 && is_interrupted(&tries));

	return n < 0 ? code_of(errno) : n;
}

/* How a file is read: a line has its end in its newline, other text where the file has it;
 * from the beginning, wherever a descriptor that is kept stands. */
enum way { TEXT, LINE, KEPT_LINE };

static inline bool is_cut(const char *buf, size_t len, size_t size, enum way way)
{
	return len < size && (way == TEXT || buf[len - 1] != '\n');
}

static inline ssize_t read_all(int fd, char *buf, size_t size, enum way way)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read_some(fd, buf + len, size - len,
			      way == KEPT_LINE ? (off_t)len : CURRENT);
		if (n < 0)
			return n;
		len += (size_t)n;
	} while (n > 0 && is_cut(buf, len, size, way));

	return len < size ? (ssize_t)len : -EBADMSG;
}

static inline ssize_t read_file(const struct oomctl_ctx *ctx, const char *path, char *buf,
				size_t size, enum way way)
{
	int fd = open_below(ctx, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;

	n = read_all(fd, buf, size, way);
	close(fd);
	return n;
}

ssize_t io_read(const struct oomctl_ctx *ctx, const char *path, char *buf, size_t size)
{
	return read_file(ctx, path, buf, size, TEXT);
}

ssize_t io_read_line(const struct oomctl_ctx *ctx, const char *path, char *buf,
		     size_t size)
{
	return read_file(ctx, path, buf, size, LINE);
}

int io_open(const struct oomctl_ctx *ctx, const char *path)
{
	return open_below(ctx, path, O_RDONLY);
}

int io_open_to_set(const struct oomctl_ctx *ctx, const char *path)
{
	return open_below(ctx, path, O_RDWR);
}

ssize_t io_read_line_again(int fd, char *buf, size_t size)
{
	return read_all(fd, buf, size, KEPT_LINE);
}

ssize_t io_read_link(const struct oomctl_ctx *ctx, const char *path, char *buf,
		     size_t size)
{
	int root = root_of(ctx, &path);
	ssize_t n = readlinkat(root, path, buf, size);

	if (n < 0)
		return errno == EINVAL ? -EBADMSG : code_of(errno); /* it is no link */
	return (size_t)n < size ? n : -EBADMSG;
}

static int write_once(int fd, const char *text, size_t len, off_t offset)
{
	int tries = TRIES;
	ssize_t n;

	/* An interrupted write(2) has written nothing. */
	do {
		n = offset == CURRENT ? write(fd, text, len)
				      : pwrite(fd, text, len, offset);
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

	r = write_once(fd, text, len, CURRENT);
	close(fd); /* the kernel's files take the value in write(2): nothing is left to
		      fail */
	return r;
}

int io_write_again(int fd, const char *text, size_t len)
{
	return write_once(fd, text, len, 0);
}

static int sync_file(int fd)
{
	int tries = TRIES;
	int r;

	do {
		r = fsync(fd);
	} while (r < 0 && is_interrupted(&tries));

	/* EINVAL: this file system, or its directories, need none. */
	return r < 0 && errno != EINVAL ? code_of(errno) : 0;
}

/* Hidden, and without ".conf" at its end: no loader reads it. */
#define TEMPORARY ".oomctl-"
enum { TEMPORARY_SIZE = sizeof(TEMPORARY) + 20 };

/* A new file, with a name that nobody has: the clock only helps to find one soon. */
static int create_temporary(int dir, char buf[TEMPORARY_SIZE], const char **out_name)
{
	char *end = buf + (TEMPORARY_SIZE - 1);
	struct timespec t = { 0 };
	int tries = TRIES;
	uint64_t number;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &t);
	number = (uint64_t)t.tv_nsec;
	*end = '\0';
	do {
		*out_name = prepend_text(prepend_u64(end, number++), TEMPORARY);
		fd = openat(dir, *out_name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && (errno == EEXIST || errno == EINTR) && --tries > 0);

	return fd < 0 ? code_of(errno) : fd;
}

static int fill_file(int fd, const char *text, size_t len, mode_t mode)
{
	int r = write_once(fd, text, len, CURRENT);

	if (r == 0 && fchmod(fd, mode) < 0) /* what umask takes away from open(2) */
		r = code_of(errno);
	return r == 0 ? sync_file(fd) : r;
}

static int rename_below(int dir, const char *from, const char *to)
{
	if (renameat(dir, from, dir, to) == 0)
		return 0;
	return errno == EISDIR ? -EINVAL : code_of(errno);
}

static int replace_below(int dir, const char *name, const char *text, size_t len,
			 mode_t mode)
{
	char buf[TEMPORARY_SIZE];
	const char *temporary;
	int fd, r;

	fd = create_temporary(dir, buf, &temporary);
	if (fd < 0)
		return fd;

	r = fill_file(fd, text, len, mode);
	close(fd); /* after fsync(2), nothing is left to fail */
	if (r == 0)
		r = rename_below(dir, temporary, name);
	if (r < 0) {
		unlinkat(dir, temporary, 0);
		return r;
	}
	return sync_file(dir) == 0 ? 0 : -EIO;
}

int io_replace(const char *dir, const char *name, const char *text, size_t len,
	       uint32_t mode)
{
	int fd, r;

	fd = open_below(NULL, dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;

	r = replace_below(fd, name, text, len, (mode_t)mode);
	close(fd);
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

int io_identify(int fd, uint64_t *out_device, uint64_t *out_inode)
{
	struct stat st;

	if (fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
		return code_of(errno);

	*out_device = st.st_dev;
	*out_inode = st.st_ino;
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

/* As a setter does: what may be written need not be open to be read. */
int io_try_to_set(const struct oomctl_ctx *ctx, const char *path)
{
	int fd = open_below(ctx, path, O_WRONLY);

	if (fd < 0)
		return fd;

	close(fd);
	return 0;
}

int io_owner(const struct oomctl_ctx *ctx, const char *path, uint32_t *out_uid)
{
	int root = root_of(ctx, &path);
	struct stat s;

	if (fstatat(root, path, &s, 0) < 0)
		return code_of(errno);

	*out_uid = s.st_uid;
	return 0;
}

/* PROC_SUPER_MAGIC of linux/magic.h, which not every libc comes with. */
enum { PROC_MAGIC = 0x9fa0 };

int io_mount_of(const struct oomctl_ctx *ctx, const char *path, struct io_mount *out)
{
	int fd = open_below(ctx, path, O_RDONLY);
	struct statfs s;
	int r;

	if (fd < 0)
		return fd;

	r = fstatfs(fd, &s) < 0 ? code_of(errno) : 0;
	close(fd);
	if (r == 0)
		*out = (struct io_mount){ s.f_type == PROC_MAGIC, s.f_flags & ST_RDONLY };
	return r;
}

/* EPERM is of a process that exists. */
int io_pid_exists(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : 0;
}

uint32_t io_effective_uid(void)
{
	return geteuid();
}

bool io_is_dumpable(void)
{
	return prctl(PR_GET_DUMPABLE) == 1;
}

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

/* Of no process. */
bool io_has_mrelease(void)
{
	return syscall(SYS_process_mrelease, -1, 0) < 0 && errno == EBADF;
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

int io_names_rewind(struct io_names *names)
{
	names->pos = 0;
	names->len = 0;
	return lseek(names->fd, 0, SEEK_SET) < 0 ? code_of(errno) : 0;
}

void io_names_close(struct io_names *names)
{
	close(names->fd);
}

int io_lines_open(const struct oomctl_ctx *ctx, const char *path, struct io_lines *out)
{
	out->is_cut = false;
	out->is_by_hand = false;
	out->pos = 0;
	out->len = 0;
	out->fd = open_below(ctx, path, O_RDONLY);
	return out->fd < 0 ? out->fd : 0;
}

int io_lines_open_by_hand(const char *path, struct io_lines *out)
{
	int r = io_lines_open(NULL, path, out);

	out->is_by_hand = true;
	return r;
}

/* Moves what is left to the front and reads on; the number of bytes that came. */
static ssize_t read_on(struct io_lines *lines)
{
	ssize_t n;

	lines->len -= lines->pos;
	memmove(lines->buf, lines->buf + lines->pos, lines->len);
	lines->pos = 0;
	n = read_some(lines->fd, lines->buf + lines->len, sizeof(lines->buf) - lines->len,
		      CURRENT);
	if (n > 0)
		lines->len += (size_t)n;
	return n;
}

/* The length of the line that is next in the buffer, 0 when its end is not there. */
static size_t buffered_line(const struct io_lines *lines)
{
	const char *begin = lines->buf + lines->pos;
	size_t len = lines->len - lines->pos;
	const char *newline = memchr(begin, '\n', len);

	if (newline)
		return (size_t)(newline + 1 - begin);
	return len == sizeof(lines->buf) ? len : 0;
}

static ssize_t next_piece(struct io_lines *lines, const char **out)
{
	size_t len = buffered_line(lines);
	ssize_t n;

	while (len == 0) {
		n = read_on(lines);
		if (n < 0)
			return n;
		if (n == 0 && lines->pos == lines->len)
			return 0;
		if (n == 0 && !lines->is_by_hand) /* without a newline, it was cut */
			return -EBADMSG;
		len = n == 0 ? lines->len - lines->pos : buffered_line(lines);
	}

	*out = lines->buf + lines->pos;
	lines->pos += len;
	return (ssize_t)len;
}

ssize_t io_lines_next(struct io_lines *lines, const char **out)
{
	int pieces = 512; /* a line without end must not hold the caller for ever */
	bool is_rest;
	ssize_t n;

	do {
		if (--pieces < 0)
			return -EBADMSG;
		is_rest = lines->is_cut;
		n = next_piece(lines, out);
		lines->is_cut = n == sizeof(lines->buf) && (*out)[n - 1] != '\n';
	} while (n > 0 && is_rest);
	return n;
}

void io_lines_close(struct io_lines *lines)
{
	close(lines->fd);
}

static int64_t monotonic_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void io_sleep(int ms)
{
	int64_t end = monotonic_ms() + ms + 1; /* of which a part is over */

	while (ms > 0 && poll(NULL, 0, ms) < 0 && errno == EINTR)
		ms = (int)(end - monotonic_ms());
}

uint32_t io_page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

pid_t io_pid(void)
{
	return getpid();
}

uint64_t io_boot_ticks(void)
{
	const uint64_t second = 1000000000;
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec t = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &t); /* 0 before Linux 2.6.39 */
	return (uint64_t)t.tv_sec * hz + (uint64_t)t.tv_nsec * hz / second;
}
