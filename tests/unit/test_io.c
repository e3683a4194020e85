/* SPDX-License-Identifier: MIT */
#include "io.h"

#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "test.h"

/* Each wrapped call does what the script says next: an errno, text of this length, or a
 * count. */
struct step {
	int err;
	const char *text;
	ssize_t count;
};

static const struct step *script;
static size_t steps, flags_seen;

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

int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
int __wrap_poll(void *fds, unsigned long count, int timeout);
long __wrap_syscall(long number, ...);

static long answer(const struct step *s)
{
	errno = s->err;
	return s->err ? -1 : s->count;
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	(void)dir;
	(void)path;
	flags_seen = (size_t)flags;
	return (int)answer(next_step());
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	const struct step *s = next_step();
	size_t len = s->text ? strlen(s->text) : 0;

	(void)fd;
	assert_true(len <= size);
	memcpy(buf, s->text ? s->text : "", len);
	errno = s->err;
	return s->err ? -1 : (ssize_t)len;
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

/* Close is not wrapped: this number is of no descriptor. */
enum { FD = 9999 };
static const struct step open_ok = { .count = FD };

static void every_errno_has_its_code(void **state)
{
	static const struct {
		int err, want;
	} cases[] = {
		{ EINVAL, -EINVAL },      { ENOMEM, -ENOMEM },    { EMFILE, -EMFILE },
		{ ENFILE, -ENFILE },      { EACCES, -EACCES },    { EPERM, -EPERM },
		{ EROFS, -EROFS },        { ESRCH, -ESRCH },      { ENOENT, -EOPNOTSUPP },
		{ ENOTDIR, -EOPNOTSUPP }, { EIO, -EIO },          { ELOOP, -EIO },
		{ ENXIO, -EIO },          { ENODEV, -EIO },       { EISDIR, -EIO },
		{ ETXTBSY, -EIO },        { ENAMETOOLONG, -EIO }, { 9999, -EIO },
	};
	char buf[8];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		PLAY({ .err = cases[i].err });
		assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)),
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
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "12\n", 3);
	assert_int_equal(steps, 0);
}

static void a_read_cut_short_goes_on(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "1" }, { .err = EINTR }, { .text = "2" },
	     { .text = "\n" });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), 3);
	assert_memory_equal(buf, "12\n", 3);
	assert_int_equal(steps, 0);
}

static void text_without_a_newline_is_read_to_its_end(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "12" }, { .text = "" });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), 2);
	assert_int_equal(steps, 0);
}

static void an_empty_file_is_empty_text(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "" });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), 0);
}

static void text_that_fills_the_buffer_is_too_long(void **state)
{
	char buf[4];

	(void)state;
	PLAY(open_ok, { .text = "12" }, { .text = "34" });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -EBADMSG);
	{
		PLAY(open_ok, { .text = "123\n" });
		assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -EBADMSG);
	}
}

static void a_read_that_fails_late_gives_nothing(void **state)
{
	char buf[8];

	(void)state;
	PLAY(open_ok, { .text = "1" }, { .err = ESRCH });
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -ESRCH);
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
	assert_int_equal(io_read(NULL, "/proc/x", buf, sizeof(buf)), -EIO);
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

	storm[0] = open_ok;
	storm[100] = (struct step){ .count = 1 };
	play(storm, LENGTH(storm));
	assert_int_equal(io_write(NULL, "/proc/x", "1", 1), 0);
}

static void a_write_is_whole_or_failed(void **state)
{
	(void)state;
	PLAY(open_ok, { .count = 4 });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), 0);
	PLAY(open_ok, { .count = 3 });
	assert_int_equal(io_write(NULL, "/proc/x", "1000", 4), -EIO);
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
	PLAY(open_ok, { .err = EIO }, { .count = 0 }, { .err = ENOENT });
	assert_int_equal(io_names_open(NULL, "/sys/x", &names), 0);
	assert_true(flags_seen & O_DIRECTORY);
	assert_int_equal(io_names_next(&names, &name), -EIO);
	assert_string_equal(name, "untouched");
	assert_int_equal(io_names_next(&names, &name), 0);
	assert_null(name);
	assert_int_equal(io_names_open(NULL, "/sys/x", &names), -EOPNOTSUPP);
}

static void the_page_size_is_the_machine_s(void **state)
{
	(void)state;
	assert_int_equal(io_page_size(), getpagesize());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_errno_has_its_code),
		cmocka_unit_test(opens_neither_block_nor_leak),
		cmocka_unit_test(a_line_takes_one_read),
		cmocka_unit_test(a_read_cut_short_goes_on),
		cmocka_unit_test(text_without_a_newline_is_read_to_its_end),
		cmocka_unit_test(an_empty_file_is_empty_text),
		cmocka_unit_test(text_that_fills_the_buffer_is_too_long),
		cmocka_unit_test(a_read_that_fails_late_gives_nothing),
		cmocka_unit_test(a_storm_of_signals_ends),
		cmocka_unit_test(a_write_is_whole_or_failed),
		cmocka_unit_test(a_pidfd_is_ready_when_its_process_has_ended),
		cmocka_unit_test(a_directory_may_fail_to_list),
		cmocka_unit_test(the_page_size_is_the_machine_s),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
