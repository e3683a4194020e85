/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "internal.h"
#include "test.h"

/* Each wrapped call does what the script says next: an errno, text of this length, or a
 * count. */
struct step {
	int err;
	const char *text;
	ssize_t count;
};

enum { FD = 9999 };

static const struct step *script;
static size_t steps, flags_seen, size_seen;
static int dir_seen, closed;
static char path_seen[32];
static off_t offset_seen;

static const struct step *next_step(void)
{
	assert_true(steps > 0);
	steps--;
	return script++;
}

static void play(const struct step *first, size_t count)
{
	script = first;
	steps = count;
}
#define STEPS(...) ((const struct step[]){ __VA_ARGS__ })
#define PLAY(...) play(STEPS(__VA_ARGS__), LENGTH(STEPS(__VA_ARGS__)))

int __wrap_close(int fd);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size);
off_t __wrap_lseek(int fd, off_t offset, int whence);
int __wrap_poll(void *fds, unsigned long count, int timeout);
long __wrap_syscall(long number, ...);
int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags);
int __wrap_fstatfs(int fd, struct statfs *out);
int __wrap_kill(pid_t pid, int number);
int __wrap_prctl(int option, ...);
uid_t __wrap_geteuid(void);

/* A call that succeeds leaves errno as it was. */
static long answer(const struct step *s)
{
	if (s->err)
		errno = s->err;
	return s->err ? -1 : s->count;
}

static void see(int dir, const char *path)
{
	dir_seen = dir;
	snprintf(path_seen, sizeof(path_seen), "%s", path);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	see(dir, path);
	flags_seen = (size_t)flags;
	return (int)answer(next_step());
}

int __wrap_close(int fd)
{
	closed = fd;
	return 0;
}

static ssize_t answer_text(void *buf, size_t size)
{
	const struct step *s = next_step();
	size_t len = s->text ? strlen(s->text) : 0;

	assert_true(len <= size);
	size_seen = size;
	memcpy(buf, s->text ? s->text : "", len);
	if (s->err)
		errno = s->err;
	return s->err ? -1 : (ssize_t)len;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	(void)fd;
	return answer_text(buf, size);
}

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	assert_int_equal(fd, FD);
	offset_seen = offset;
	return answer_text(buf, size);
}

ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size)
{
	see(dir, path);
	return answer_text(buf, size);
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	assert_int_equal(fd, FD);
	assert_true(offset == 0 && whence == SEEK_SET);
	return answer(next_step());
}

ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
	(void)fd;
	(void)buf;
	(void)size;
	return answer(next_step());
}

int __wrap_poll(void *fds, unsigned long count, int timeout)
{
	(void)fds;
	(void)count;
	assert_int_equal(timeout, 0);
	return (int)answer(next_step());
}

long __wrap_syscall(long number, ...)
{
	(void)number;
	return answer(next_step());
}

/* The count is the owner. */
int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags)
{
	const struct step *s = next_step();

	assert_int_equal(flags, 0);
	see(dir, path);
	out->st_uid = (uid_t)s->count;
	return answer(s) < 0 ? -1 : 0;
}

/* The count is the flags; a text makes it a /proc. */
int __wrap_fstatfs(int fd, struct statfs *out)
{
	const struct step *s = next_step();

	assert_int_equal(fd, FD);
	out->f_type = s->text ? 0x9fa0 : 1;
	out->f_flags = (__typeof__(out->f_flags))s->count;
	return answer(s) < 0 ? -1 : 0;
}

int __wrap_kill(pid_t pid, int number)
{
	assert_int_equal(pid, FD);
	assert_int_equal(number, 0);
	return (int)answer(next_step());
}

int __wrap_prctl(int option, ...)
{
	assert_int_equal(option, PR_GET_DUMPABLE);
	return (int)answer(next_step());
}

uid_t __wrap_geteuid(void)
{
	return (uid_t)answer(next_step());
}

static const struct step open_ok = { .count = FD };

static void every_errno_has_its_code(void **state)
{
	static const struct {
		int err, want;
	} cases[] = {
		{ EINVAL, -EINVAL },     { ENOMEM, -ENOMEM },
		{ EMFILE, -EMFILE },     { ENFILE, -ENFILE },
		{ EACCES, -EACCES },     { EPERM, -EPERM },
		{ EROFS, -EROFS },       { ESRCH, -ESRCH },
		{ ENOENT, -EOPNOTSUPP }, { ENOTDIR, -EOPNOTSUPP },
		{ EIO, -EIO },           { ELOOP, -EIO },
		{ ENXIO, -EIO },         { ENODEV, -EOPNOTSUPP },
		{ EISDIR, -EIO },        { ETXTBSY, -EIO },
		{ ENAMETOOLONG, -EIO },  { EOPNOTSUPP, -EOPNOTSUPP },
		{ 9999, -EIO },
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		PLAY({ .err = cases[i].err });
		assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)),
				 cases[i].want);
	}
}

static void opens_neither_block_nor_leak(void **state)
{
	int fd;

	(void)state;
	PLAY({ .count = FD });
	assert_int_equal(io_open_dir(NULL, "/proc/x", &fd), 0);
	assert_int_equal(fd, FD);
	assert_int_equal(flags_seen,
			 O_PATH | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static void a_line_takes_one_read(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "12\n" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "12\n", 3);
	assert_int_equal(steps, 0);
	assert_int_equal(closed, FD);
}

static void descriptor_0_is_as_good_as_any(void **state)
{
	char buf[8];
	int fd;

	(void)state;
	errno = EACCES;
	PLAY({ .count = 0 }, { .text = "12\n" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), 3);
	assert_int_equal(closed, 0);
	PLAY({ .count = 0 }, { .count = 1 });
	closed = FD;
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), 0);
	assert_int_equal(closed, 0);
	PLAY({ .count = 0 });
	assert_int_equal(io_open_dir(NULL, "/proc/x", &fd), 0);
	assert_int_equal(fd, 0);
	assert_int_equal(steps, 0);
}

static void a_read_cut_short_goes_on(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "1" }, { .err = EINTR }, { .text = "2" },
	     { .text = "\n" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "12\n", 3);
	assert_int_equal(steps, 0);
	assert_int_equal(size_seen, sizeof(buf) - 2);
}

static void text_of_several_lines_is_read_to_its_end(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "1\n" }, { .err = EINTR }, { .text = "2\n" },
	     { .text = "" });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "1\n2\n", 4);
	assert_int_equal(steps, 0);
	{
		PLAY(open_ok, { .text = "1\n" }, { .text = "34567\n" });
		assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -EBADMSG);
	}
	{
		PLAY(open_ok, { .text = "1\n" }, { .err = ESRCH });
		assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -ESRCH);
	}
}

static void text_without_a_newline_is_read_to_its_end(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "12" }, { .text = "" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), 2);
	assert_int_equal(steps, 0);
}

static void an_empty_file_is_empty_text(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), 0);
}

static void text_that_fills_the_buffer_is_too_long(void **state)
{
	char buf[4];

	(void)state;
	PLAY(open_ok, { .text = "12" }, { .text = "34" });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), -EBADMSG);
	{
		PLAY(open_ok, { .text = "123\n" });
		assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)),
				 -EBADMSG);
	}
}

static void a_read_that_fails_late_gives_nothing(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "1" }, { .err = ESRCH });
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), -ESRCH);
}

static void a_storm_of_signals_ends(void **state)
{
	static struct step storm[101];
	char buf[8];

	(void)state;
	storm[0] = open_ok;
	for (size_t i = 1; i < LENGTH(storm); i++)
		storm[i].err = EINTR;

	play(storm, LENGTH(storm));
	assert_int_equal(io_read_line(NULL, "/proc/x", buf, sizeof(buf)), -EIO);
	assert_int_equal(steps, 0);

	play(storm, LENGTH(storm));
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), -EIO);
	assert_int_equal(steps, 0);

	/* Opening is interrupted, too. */
	storm[0].err = EINTR;
	play(storm, LENGTH(storm) - 1);
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), -EIO);
	assert_int_equal(steps, 0);
	play(storm, LENGTH(storm) - 1);
	assert_int_equal(io_pidfd_running(FD), -EIO);
	assert_int_equal(steps, 0);
	play(storm, LENGTH(storm) - 1);
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), -EIO);
	assert_int_equal(steps, 0);

	storm[0] = open_ok;
	storm[100] = (struct step){ .count = 1 };
	play(storm, LENGTH(storm));
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), 0);
}

/* Each of these may give 0, and is not called once more. */
static void an_interruption_that_is_over_is_over(void **state)
{
	const char *name = "untouched";
	struct io_names names;
	char buf[8];
	int fd;

	(void)state;
	PLAY({ .err = EINTR }, { .count = 0 });
	assert_int_equal(io_open_dir(NULL, "/proc/x", &fd), 0);
	assert_int_equal(fd, 0);
	PLAY({ .err = EINTR }, { .text = "" });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), 0);
	PLAY(open_ok, { .err = EINTR }, { .count = 0 });
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), -EIO);
	PLAY({ .err = EINTR }, { .count = 0 });
	assert_int_equal(io_pidfd_running(FD), 0);
	PLAY(open_ok, { .err = EINTR }, { .count = 0 });
	assert_int_equal(io_names_open(NULL, "/proc/.", &names), 0);
	assert_int_equal(io_names_next(&names, &name), 0);
	assert_null(name);
	assert_int_equal(steps, 0);
}

static void a_write_is_whole_or_failed(void **state)
{
	(void)state;
	PLAY(open_ok, { .count = 4 });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), 0);
	PLAY(open_ok, { .count = 3 });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), -EIO);
	errno = EACCES; /* of a call before */
	PLAY(open_ok, { .count = 0 });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), -EIO);
	PLAY(open_ok, { .err = EINVAL });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), -EINVAL);
	PLAY({ .err = EROFS });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), -EROFS);
	assert_int_equal(steps, 0);
}

static void a_pidfd_is_ready_when_its_process_has_ended(void **state)
{
	(void)state;
	PLAY({ .count = 0 });
	assert_int_equal(io_pidfd_running(FD), 0);
	PLAY({ .count = 1 });
	assert_int_equal(io_pidfd_running(FD), -ESRCH);
	PLAY({ .err = ENOMEM });
	assert_int_equal(io_pidfd_running(FD), -ENOMEM);
}

static void a_directory_may_fail_to_list(void **state)
{
	const char *name = "untouched";
	struct io_names names;

	(void)state;
	PLAY(open_ok, { .err = EIO }, { .err = EINTR }, { .count = 0 },
	     { .err = ENOENT });
	assert_int_equal(io_names_open(NULL, "/sys/x", &names), 0);
	assert_true(flags_seen & O_DIRECTORY);
	assert_int_equal(io_names_next(&names, &name), -EIO);
	assert_string_equal(name, "untouched");
	assert_int_equal(io_names_next(&names, &name), 0);
	assert_null(name);
	assert_int_equal(io_names_open(NULL, "/sys/x", &names), -EOPNOTSUPP);
}

static void a_gauge_is_read_from_its_beginning(void **state)
{
	char buf[8];

	(void)state;
	PLAY({ .text = "12\n" });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "12\n", 3);
	assert_int_equal(steps, 0);
	assert_int_equal(offset_seen, 0);
	{
		PLAY({ .text = "1" }, { .err = EINTR }, { .text = "2\n" });
		assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), 3);
		assert_memory_equal(buf, "12\n", 3);
		assert_int_equal(steps, 0);
		assert_int_equal(offset_seen, 1);
	}
	{
		PLAY({ .text = "12" }, { .text = "" });
		assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), 2);
		assert_int_equal(steps, 0);
	}
	{
		PLAY({ .text = "" });
		assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), 0);
	}
}

static void a_gauge_that_cannot_be_read_gives_nothing(void **state)
{
	char buf[4];

	(void)state;
	PLAY({ .err = ESRCH });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), -ESRCH);
	PLAY({ .text = "1" }, { .err = ENODEV });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), -EOPNOTSUPP);
	PLAY({ .text = "12" }, { .text = "34" });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), -EBADMSG);
	PLAY({ .text = "123\n" });
	assert_int_equal(io_read_line_again(FD, buf, sizeof(buf)), -EBADMSG);
	assert_int_equal(steps, 0);
}

static void a_gauge_is_opened_as_any_file(void **state)
{
	(void)state;
	PLAY({ .count = FD });
	assert_int_equal(io_open(NULL, "/proc/x"), FD);
	assert_int_equal(flags_seen, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	PLAY({ .err = ENFILE });
	assert_int_equal(io_open(NULL, "/proc/x"), -ENFILE);
}

static void a_link_is_read_whole(void **state)
{
	char buf[8];

	(void)state;
	PLAY({ .text = "user:[1" });
	assert_int_equal(io_read_link(NULL, "/proc/x", buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "user:[1", 7);
	errno = EACCES; /* of a call before */
	PLAY({ .text = "" });
	assert_int_equal(io_read_link(NULL, "/proc/x", buf, sizeof(buf)), 0);
	PLAY({ .text = "user:[12" });
	assert_int_equal(io_read_link(NULL, "/proc/x", buf, sizeof(buf)), -EBADMSG);
	PLAY({ .err = ENOENT });
	assert_int_equal(io_read_link(NULL, "/proc/x", buf, sizeof(buf)), -EOPNOTSUPP);
	PLAY({ .err = EACCES });
	assert_int_equal(io_read_link(NULL, "/proc/x", buf, sizeof(buf)), -EACCES);
	assert_int_equal(steps, 0);
}

static void paths_are_looked_up_below_their_root(void **state)
{
	const struct oomctl_ctx ctx = { 11, 22 }, proc_only = { 11, AT_FDCWD };
	char buf[8];

	(void)state;
	PLAY({ .err = EIO }, { .err = EIO }, { .err = EIO }, { .err = EIO },
	     { .err = EIO });
	io_open(&ctx, "/proc/x/y");
	assert_int_equal(dir_seen, 11);
	assert_string_equal(path_seen, "x/y");
	io_open(&ctx, "/sys/x");
	assert_int_equal(dir_seen, 22);
	assert_string_equal(path_seen, "x");
	io_read_link(&ctx, "/proc/self/ns/user", buf, sizeof(buf));
	assert_int_equal(dir_seen, 11);
	assert_string_equal(path_seen, "self/ns/user");
	io_open(&proc_only, "/sys/x");
	assert_int_equal(dir_seen, AT_FDCWD);
	assert_string_equal(path_seen, "/sys/x");
	io_read_link(NULL, "/proc/x", buf, sizeof(buf));
	assert_int_equal(dir_seen, AT_FDCWD);
	assert_string_equal(path_seen, "/proc/x");
}

static void a_directory_is_read_again_from_its_first(void **state)
{
	const char *name = "untouched";
	struct io_names names;

	(void)state;
	PLAY(open_ok, { .count = 0 }, { .count = 0 }, { .count = 0 }, { .err = ESPIPE },
	     { .err = EBADF });
	assert_int_equal(io_names_open(NULL, "/proc/.", &names), 0);
	assert_int_equal(io_names_next(&names, &name), 0);
	names.pos = names.len = 24; /* as in the middle of it */
	assert_int_equal(io_names_rewind(&names), 0);
	assert_int_equal(io_names_next(&names, &name), 0);
	assert_int_equal(steps, 2); /* the kernel was asked */
	assert_int_equal(io_names_rewind(&names), -EIO);
	assert_int_equal(io_names_rewind(&names), -EIO);
}

static void a_setter_is_tried_without_writing(void **state)
{
	(void)state;
	closed = 0;
	PLAY(open_ok, { .err = EROFS });
	assert_int_equal(io_try_to_set(NULL, "/proc/x"), 0);
	assert_int_equal(flags_seen, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	assert_int_equal(closed, FD);
	assert_int_equal(io_try_to_set(NULL, "/proc/x"), -EROFS);
	assert_int_equal(steps, 0);
}

static void a_file_tells_its_owner(void **state)
{
	const struct oomctl_ctx ctx = { 11, 22 };
	uint32_t uid = 77;

	(void)state;
	errno = EACCES; /* of a call before */
	PLAY({ .count = 0 }, { .count = 65534 }, { .err = ENOENT }, { .err = EPERM });
	assert_int_equal(io_owner(&ctx, "/proc/1/x", &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(dir_seen, 11);
	assert_string_equal(path_seen, "1/x");
	assert_int_equal(io_owner(NULL, "/proc/1/x", &uid), 0);
	assert_int_equal(uid, 65534);
	assert_string_equal(path_seen, "/proc/1/x");
	assert_int_equal(io_owner(NULL, "/proc/1/x", &uid), -EOPNOTSUPP);
	assert_int_equal(io_owner(NULL, "/proc/1/x", &uid), -EPERM);
	assert_int_equal(uid, 65534);
	assert_int_equal(steps, 0);
}

static void a_file_tells_its_mount(void **state)
{
	struct io_mount mount = { false, false };

	(void)state;
	PLAY(open_ok, { .text = "proc", .count = 0x1020 }, open_ok, { .count = 0x1021 },
	     open_ok, { .text = "proc", .err = ENOMEM }, { .err = EMFILE });
	closed = 0;
	assert_int_equal(io_mount_of(NULL, "/proc/.", &mount), 0);
	assert_int_equal(flags_seen, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	assert_true(mount.is_proc && !mount.is_read_only);
	assert_int_equal(closed, FD);
	assert_int_equal(io_mount_of(NULL, "/proc/.", &mount), 0);
	assert_true(!mount.is_proc && mount.is_read_only);
	closed = 0;
	assert_int_equal(io_mount_of(NULL, "/proc/.", &mount), -ENOMEM);
	assert_int_equal(closed, FD);
	assert_int_equal(io_mount_of(NULL, "/proc/.", &mount), -EMFILE);
	assert_true(!mount.is_proc && mount.is_read_only);
	assert_int_equal(steps, 0);
}

static void a_number_is_of_no_process_by_esrch_only(void **state)
{
	(void)state;
	errno = ESRCH; /* of a call before */
	PLAY({ .count = 0 }, { .err = EPERM }, { .err = ESRCH });
	assert_int_equal(io_pid_exists(FD), 0);
	assert_int_equal(io_pid_exists(FD), 0);
	assert_int_equal(io_pid_exists(FD), -ESRCH);
	assert_int_equal(steps, 0);
}

static void the_caller_is_asked_about(void **state)
{
	(void)state;
	PLAY({ .count = 1000 }, { .count = 1 }, { .count = 0 }, { .count = 2 },
	     { .err = EINVAL });
	assert_int_equal(io_effective_uid(), 1000);
	assert_true(io_is_dumpable());
	assert_false(io_is_dumpable());
	assert_false(io_is_dumpable());
	assert_false(io_is_dumpable());
	assert_int_equal(steps, 0);
}

static void mrelease_of_no_process_is_ebadf(void **state)
{
	(void)state;
	errno = EBADF; /* of a call before */
	PLAY({ .err = EBADF }, { .err = ENOSYS }, { .err = EPERM }, { .count = 0 });
	assert_true(io_has_mrelease());
	assert_false(io_has_mrelease());
	assert_false(io_has_mrelease());
	errno = EBADF;
	assert_false(io_has_mrelease());
	assert_int_equal(steps, 0);
}

static struct io_lines open_lines(void)
{
	struct io_lines lines;

	assert_int_equal(io_lines_open(NULL, "/proc/x", &lines), 0);
	return lines;
}

static void expect_line(struct io_lines *lines, const char *want)
{
	const char *line = NULL;

	assert_int_equal(io_lines_next(lines, &line), strlen(want));
	if (*want)
		assert_memory_equal(line, want, strlen(want));
}

static void lines_end_in_newlines_only(void **state)
{
	struct io_lines lines;

	(void)state;
	PLAY(open_ok, { .text = "ab\ncd\n\ne" }, { .err = EINTR }, { .text = "f" },
	     { .text = "\n" }, { .text = "g\n" }, { .text = "" });
	lines = open_lines();
	assert_int_equal(flags_seen, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	expect_line(&lines, "ab\n");
	expect_line(&lines, "cd\n");
	expect_line(&lines, "\n");
	expect_line(&lines, "ef\n");
	expect_line(&lines, "g\n");
	expect_line(&lines, "");
	assert_int_equal(steps, 0);
}

static void a_file_ends_where_nothing_follows(void **state)
{
	struct io_lines lines;

	(void)state;
	PLAY(open_ok, { .text = "ab\n" }, { .text = "cd\n" }, { .text = "" });
	lines = open_lines();
	expect_line(&lines, "ab\n");
	expect_line(&lines, "cd\n");
	expect_line(&lines, "");
	assert_int_equal(steps, 0);
	{
		PLAY(open_ok, { .text = "" });
		lines = open_lines();
		expect_line(&lines, "");
		assert_int_equal(steps, 0);
	}
}

enum { BUF = sizeof(((struct io_lines *)0)->buf) };

/* len bytes of it, of which the last may be a newline. */
static const char *long_text(char text[BUF + 1], size_t len, char last)
{
	memset(text, 'x', len);
	text[len - 1] = last;
	text[len] = '\0';
	return text;
}

static void a_line_may_fill_the_buffer(void **state)
{
	char first[BUF + 1], line[BUF + 1];
	struct io_lines lines;

	(void)state;
	long_text(first, BUF, 'x');
	first[1] = '\n';
	long_text(line, BUF, '\n');
	PLAY(open_ok, { .text = first }, { .text = "x" }, { .text = "\n" },
	     { .text = "y\n" }, { .text = "" });
	lines = open_lines();
	expect_line(&lines, "x\n");
	expect_line(&lines, line);
	expect_line(&lines, "y\n");
	expect_line(&lines, "");
	assert_int_equal(steps, 0);
}

static void of_a_longer_line_the_rest_is_left_out(void **state)
{
	char text[BUF + 1];
	struct io_lines lines;

	(void)state;
	long_text(text, BUF, 'x');
	PLAY(open_ok, { .text = text }, { .text = text }, { .text = "x" },
	     { .text = "x\nab\n" }, { .text = text }, { .text = "\n" }, { .text = "" });
	lines = open_lines();
	expect_line(&lines, text);
	expect_line(&lines, "ab\n");
	expect_line(&lines, text);
	expect_line(&lines, "");
	assert_int_equal(steps, 0);
}

static void of_a_longer_line_the_rest_may_be_all(void **state)
{
	char text[BUF + 1];
	struct io_lines lines;

	(void)state;
	long_text(text, BUF, 'x');
	PLAY(open_ok, { .text = text }, { .text = "" });
	lines = open_lines();
	expect_line(&lines, text);
	expect_line(&lines, "");
	assert_int_equal(steps, 0);
}

static void a_line_without_end_is_refused(void **state)
{
	static struct step endless[2 + 512];
	const char *line = "untouched";
	char text[BUF + 1];
	struct io_lines lines;

	(void)state;
	endless[0] = open_ok;
	for (size_t i = 1; i < LENGTH(endless); i++)
		endless[i].text = long_text(text, BUF, 'x');
	play(endless, LENGTH(endless));
	lines = open_lines();
	expect_line(&lines, text);
	assert_int_equal(io_lines_next(&lines, &line), -EBADMSG);
	assert_int_equal(steps, 0);

	endless[512].text = "x\n";
	endless[513].text = "y\n";
	play(endless, LENGTH(endless));
	lines = open_lines();
	expect_line(&lines, text);
	expect_line(&lines, "y\n");
	assert_int_equal(steps, 0);
}

static void lines_that_end_without_a_newline_are_refused(void **state)
{
	const char *line = "untouched";
	struct io_lines lines;

	(void)state;
	PLAY(open_ok, { .text = "ab\ncd" }, { .text = "" });
	lines = open_lines();
	expect_line(&lines, "ab\n");
	assert_int_equal(io_lines_next(&lines, &line), -EBADMSG);
	assert_int_equal(steps, 0);
}

static void lines_that_cannot_be_read_are_refused(void **state)
{
	const char *line = "untouched";
	struct io_lines lines;

	(void)state;
	PLAY({ .err = ENOENT });
	assert_int_equal(io_lines_open(NULL, "/proc/x", &lines), -EOPNOTSUPP);
	PLAY(open_ok, { .err = ESRCH });
	lines = open_lines();
	assert_int_equal(io_lines_next(&lines, &line), -ESRCH);
	assert_string_equal(line, "untouched");
	PLAY(open_ok, { .text = "ab\nc" }, { .err = EISDIR });
	lines = open_lines();
	expect_line(&lines, "ab\n");
	assert_int_equal(io_lines_next(&lines, &line), -EIO);
	assert_int_equal(steps, 0);
	io_lines_close(&lines);
}

static void the_page_size_is_the_machine_s(void **state)
{
	(void)state;
	assert_int_equal(io_page_size(), getpagesize());
}

static void expect_ticks_of_uptime(void)
{
	const double before = (double)io_boot_ticks();
	FILE *f = fopen("/proc/uptime", "re");
	double uptime = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lf", &uptime), 1);
	fclose(f);
	uptime *= (double)sysconf(_SC_CLK_TCK);
	assert_true(before < uptime + 1 && uptime < (double)io_boot_ticks() + 1);
}

/* At three moments of a second, so that its parts count. */
static void boot_ticks_are_those_of_uptime(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		expect_ticks_of_uptime();
		usleep(300000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_errno_has_its_code),
		cmocka_unit_test(opens_neither_block_nor_leak),
		cmocka_unit_test(a_line_takes_one_read),
		cmocka_unit_test(descriptor_0_is_as_good_as_any),
		cmocka_unit_test(a_read_cut_short_goes_on),
		cmocka_unit_test(text_of_several_lines_is_read_to_its_end),
		cmocka_unit_test(text_without_a_newline_is_read_to_its_end),
		cmocka_unit_test(an_empty_file_is_empty_text),
		cmocka_unit_test(text_that_fills_the_buffer_is_too_long),
		cmocka_unit_test(a_read_that_fails_late_gives_nothing),
		cmocka_unit_test(a_storm_of_signals_ends),
		cmocka_unit_test(an_interruption_that_is_over_is_over),
		cmocka_unit_test(a_write_is_whole_or_failed),
		cmocka_unit_test(a_pidfd_is_ready_when_its_process_has_ended),
		cmocka_unit_test(a_directory_may_fail_to_list),
		cmocka_unit_test(a_gauge_is_read_from_its_beginning),
		cmocka_unit_test(a_gauge_that_cannot_be_read_gives_nothing),
		cmocka_unit_test(a_gauge_is_opened_as_any_file),
		cmocka_unit_test(a_link_is_read_whole),
		cmocka_unit_test(paths_are_looked_up_below_their_root),
		cmocka_unit_test(a_directory_is_read_again_from_its_first),
		cmocka_unit_test(a_setter_is_tried_without_writing),
		cmocka_unit_test(a_file_tells_its_owner),
		cmocka_unit_test(a_file_tells_its_mount),
		cmocka_unit_test(a_number_is_of_no_process_by_esrch_only),
		cmocka_unit_test(the_caller_is_asked_about),
		cmocka_unit_test(mrelease_of_no_process_is_ebadf),
		cmocka_unit_test(lines_end_in_newlines_only),
		cmocka_unit_test(a_file_ends_where_nothing_follows),
		cmocka_unit_test(a_line_may_fill_the_buffer),
		cmocka_unit_test(of_a_longer_line_the_rest_is_left_out),
		cmocka_unit_test(of_a_longer_line_the_rest_may_be_all),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(lines_that_end_without_a_newline_are_refused),
		cmocka_unit_test(lines_that_cannot_be_read_are_refused),
		cmocka_unit_test(the_page_size_is_the_machine_s),
		cmocka_unit_test(boot_ticks_are_those_of_uptime),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
