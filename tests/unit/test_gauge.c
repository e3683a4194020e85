/* SPDX-License-Identifier: MIT */
#include <oomctl/gauge.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

static bool out_of_memory;
static int failing_errno, preads;
static int emfile_at; /* the opening that fails, counted from 1; 0 for none */
static int polled;    /* whether the process of a pidfd has ended */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

void *__wrap_malloc(size_t size)
{
	return out_of_memory ? NULL : __real_malloc(size);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	if (emfile_at > 0 && --emfile_at == 0) {
		errno = EMFILE;
		return -1;
	}
	if (failing_errno) {
		errno = failing_errno;
		return -1;
	}
	return __real_openat(dir, path, flags);
}

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	preads++;
	if (failing_errno) {
		errno = failing_errno;
		return -1;
	}
	return __real_pread(fd, buf, size, offset);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	(void)timeout;
	assert_int_equal(count, 1);
	fds->revents = (short)polled;
	return polled != 0;
}

enum { PIDFD = 7 };

static struct oomctl_gauge *no_gauge(void)
{
	return (struct oomctl_gauge *)(uintptr_t)UNTOUCHED_U64;
}

static void reads(const struct oomctl_gauge *gauge, int64_t want)
{
	int64_t v = UNTOUCHED;

	preads = 0;
	assert_int_equal(oomctl_gauge_read(gauge, &v), 0);
	assert_true(v == want);
	assert_int_equal(preads, 1);
}

static void is_refused(const struct oomctl_gauge *gauge, int want)
{
	int64_t v = UNTOUCHED;

	assert_int_equal(oomctl_gauge_read(gauge, &v), want);
	assert_true(v == UNTOUCHED);
}

static struct oomctl_gauge *open_vm(const struct fixture *f, enum oomctl_vm_knob knob)
{
	struct oomctl_gauge *gauge = NULL;

	assert_int_equal(oomctl_gauge_open_vm(f->ctx, knob, &gauge), 0);
	return gauge;
}

static struct oomctl_gauge *open_proc(const struct fixture *f,
				      enum oomctl_proc_value value)
{
	struct oomctl_gauge *gauge = NULL;

	assert_int_equal(oomctl_gauge_open_proc(f->ctx, 42, value, &gauge), 0);
	return gauge;
}

/* The least and the most of each, and what is too small or too large. */
static const struct {
	enum oomctl_vm_knob knob;
	const char *path;
	const char *good[2], *bad[2];
} knobs[] = {
#define INT_ENDS                                                                         \
	{ "-2147483648\n", "2147483647\n" },                                             \
	{                                                                                \
		"-2147483649\n", "2147483648\n"                                          \
	}
#define WIDE_ENDS                                                                        \
	{ "0\n", "9223372036854775807\n" },                                              \
	{                                                                                \
		"-1\n", "9223372036854775808\n"                                          \
	}
#define TO_2                                                                             \
	{ "0\n", "2\n" },                                                                \
	{                                                                                \
		"-1\n", "3\n"                                                            \
	}
	{ OOMCTL_VM_OVERCOMMIT_MEMORY, "vm/overcommit_memory", TO_2 },
	{ OOMCTL_VM_OVERCOMMIT_RATIO, "vm/overcommit_ratio", INT_ENDS },
	{ OOMCTL_VM_OVERCOMMIT_KBYTES, "vm/overcommit_kbytes", WIDE_ENDS },
	{ OOMCTL_VM_PANIC_ON_OOM, "vm/panic_on_oom", TO_2 },
	{ OOMCTL_VM_OOM_KILL_ALLOCATING_TASK, "vm/oom_kill_allocating_task", INT_ENDS },
	{ OOMCTL_VM_OOM_DUMP_TASKS, "vm/oom_dump_tasks", INT_ENDS },
	{ OOMCTL_VM_ADMIN_RESERVE_KBYTES, "vm/admin_reserve_kbytes", WIDE_ENDS },
	{ OOMCTL_VM_USER_RESERVE_KBYTES, "vm/user_reserve_kbytes", WIDE_ENDS },
	{ OOMCTL_VM_PANIC_TIMEOUT, "kernel/panic", INT_ENDS },
};

static void every_knob_has_a_gauge(void **state)
{
	const struct fixture *f = *state;
	char path[64];

	for (size_t i = 0; i < LENGTH(knobs); i++) {
		struct oomctl_gauge *gauge;

		snprintf(path, sizeof(path), "proc/sys/%s", knobs[i].path);
		fixture_put(f, path, "1\n");
		gauge = open_vm(f, knobs[i].knob);
		reads(gauge, 1);
		for (size_t j = 0; j < 2; j++) {
			fixture_put(f, path, knobs[i].good[j]);
			reads(gauge, strtoll(knobs[i].good[j], NULL, 10));
			fixture_put(f, path, knobs[i].bad[j]);
			is_refused(gauge, -ERANGE);
		}
		fixture_put(f, path, "18446744073709551616\n");
		is_refused(gauge, -ERANGE);
		fixture_put(f, path, "x\n");
		is_refused(gauge, -EBADMSG);
		oomctl_gauge_close(gauge);
	}
}

static void a_process_has_two_gauges(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *score, *adj;

	fixture_put(f, "proc/42/oom_score", "667\n");
	fixture_put(f, "proc/42/oom_score_adj", "-999\n");
	score = open_proc(f, OOMCTL_PROC_OOM_SCORE);
	adj = open_proc(f, OOMCTL_PROC_OOM_SCORE_ADJ);
	reads(score, 667);
	reads(adj, -999);
	fixture_put(f, "proc/42/oom_score", "-1\n");
	fixture_put(f, "proc/42/oom_score_adj", "-1001\n");
	is_refused(score, -ERANGE);
	is_refused(adj, -ERANGE);
	oomctl_gauge_close(score);
	oomctl_gauge_close(adj);
}

static void a_change_is_seen_and_a_missing_text_refused(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge;

	fixture_put(f, "proc/42/oom_score", "100000\n");
	gauge = open_proc(f, OOMCTL_PROC_OOM_SCORE);
	reads(gauge, 100000);
	fixture_put(f, "proc/42/oom_score", "7\n");
	reads(gauge, 7);
	reads(gauge, 7);
	fixture_put(f, "proc/42/oom_score", "");
	is_refused(gauge, -EBADMSG);
	fixture_put(f, "proc/42/oom_score", "0000000000000000000000000000000001\n");
	is_refused(gauge, -EBADMSG);
	fixture_put(f, "proc/42/oom_score", "8\n");
	reads(gauge, 8);
	failing_errno = ESRCH;
	is_refused(gauge, -ESRCH);
	failing_errno = 0;
	oomctl_gauge_close(gauge);
}

static void a_gauge_outlives_its_context_and_its_file(void **state)
{
	struct fixture *f = *state;
	struct oomctl_gauge *gauge;
	int before = open_descriptors();

	fixture_put(f, "proc/42/oom_score", "667\n");
	gauge = open_proc(f, OOMCTL_PROC_OOM_SCORE);
	assert_int_equal(open_descriptors(), before + 1);
	fixture_remove(f, "proc/42/oom_score");
	fixture_put(f, "proc/42/oom_score", "1\n"); /* the number is used again */
	oomctl_ctx_free(f->ctx);
	f->ctx = NULL;
	reads(gauge, 667);
	oomctl_gauge_close(gauge);
	assert_int_equal(open_descriptors(), before - 2);
}

static void a_gauge_is_not_inherited_by_exec(void **state)
{
	const struct fixture *f = *state;
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct oomctl_gauge *gauge;

	close(lowest);
	fixture_put(f, "proc/42/oom_score", "667\n");
	gauge = open_proc(f, OOMCTL_PROC_OOM_SCORE);
	assert_true(fcntl(lowest, F_GETFD) & FD_CLOEXEC);
	oomctl_gauge_close(gauge);
	assert_int_equal(fcntl(lowest, F_GETFD), -1);
}

static void put_pidfd(const struct fixture *f, int state)
{
	fixture_put(f, "proc/thread-self/fdinfo/7", "Pid:\t42\n");
	polled = state;
}

static void a_pidfd_s_process_has_the_same_gauges(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge = NULL;
	int before = open_descriptors();

	put_pidfd(f, 0);
	fixture_put(f, "proc/42/oom_score", "667\n");
	fixture_put(f, "proc/42/oom_score_adj", "5\n");
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, &gauge), 0);
	assert_int_equal(open_descriptors(), before + 1);
	reads(gauge, 667);
	oomctl_gauge_close(gauge);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE_ADJ, &gauge), 0);
	reads(gauge, 5);
	oomctl_gauge_close(gauge);
	assert_int_equal(open_descriptors(), before);
}

static void expect_nothing_opened(const struct fixture *f, int want_vm, int want_proc)
{
	struct oomctl_gauge *gauge = no_gauge();
	int before = open_descriptors();

	assert_int_equal(oomctl_gauge_open_vm(f->ctx, OOMCTL_VM_PANIC_ON_OOM, &gauge),
			 want_vm);
	assert_int_equal(
	    oomctl_gauge_open_proc(f->ctx, 42, OOMCTL_PROC_OOM_SCORE, &gauge), want_proc);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, &gauge),
	    want_proc);
	assert_ptr_equal(gauge, no_gauge());
	assert_int_equal(open_descriptors(), before);
}

static void what_is_not_there_is_refused(void **state)
{
	const struct fixture *f = *state;

	put_pidfd(f, 0);
	expect_nothing_opened(f, -EOPNOTSUPP, -ESRCH);
	fixture_put(f, "proc/42/other", "");
	expect_nothing_opened(f, -EOPNOTSUPP, -ESRCH);
}

static void a_process_that_has_ended_is_esrch(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge = no_gauge();

	put_pidfd(f, POLLIN);
	fixture_put(f, "proc/42/oom_score", "667\n");
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, &gauge),
	    -ESRCH);
	assert_ptr_equal(gauge, no_gauge());
}

static void the_directory_of_a_process_may_fail_to_open(void **state)
{
	struct oomctl_gauge *gauge = no_gauge();
	const struct fixture *f = *state;

	put_pidfd(f, 0);
	fixture_put(f, "proc/42/oom_score", "667\n");
	emfile_at = 2; /* behind the pidfd's fdinfo */
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, &gauge),
	    -EMFILE);
	assert_int_equal(emfile_at, 0);
	assert_ptr_equal(gauge, no_gauge());
}

static void what_the_kernel_refuses_is_passed_on(void **state)
{
	static const int errnos[] = { EMFILE, EACCES, EPERM, EIO };
	const struct fixture *f = *state;

	put_pidfd(f, 0);
	fixture_put(f, "proc/sys/vm/panic_on_oom", "0\n");
	fixture_put(f, "proc/42/oom_score", "667\n");
	for (size_t i = 0; i < LENGTH(errnos); i++) {
		failing_errno = errnos[i];
		preads = 0;
		/* open_descriptors() is of the C library, which is not wrapped. */
		expect_nothing_opened(f, -errnos[i], -errnos[i]);
		assert_int_equal(preads, 0);
		failing_errno = 0;
	}
}

static void a_gauge_may_be_of_pid_1_and_descriptor_0(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge;
	int standard_input = dup(0);

	fixture_put(f, "proc/1/oom_score", "667\n");
	close(0);
	assert_int_equal(oomctl_gauge_open_proc(f->ctx, 1, OOMCTL_PROC_OOM_SCORE, &gauge),
			 0);
	assert_int_equal(fcntl(0, F_GETFD), FD_CLOEXEC); /* it is there */
	reads(gauge, 667);
	oomctl_gauge_close(gauge);
	dup2(standard_input, 0);
	close(standard_input);
}

static void without_memory_nothing_is_opened(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge = no_gauge();
	struct oomctl_ctx *ctx = NULL;
	int before = open_descriptors(), vm, proc, pidfd, new;

	put_pidfd(f, 0);
	fixture_put(f, "proc/sys/vm/panic_on_oom", "0\n");
	fixture_put(f, "proc/42/oom_score", "667\n");
	out_of_memory = true;
	vm = oomctl_gauge_open_vm(f->ctx, OOMCTL_VM_PANIC_ON_OOM, &gauge);
	proc = oomctl_gauge_open_proc(f->ctx, 42, OOMCTL_PROC_OOM_SCORE, &gauge);
	pidfd = oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, &gauge);
	new = oomctl_ctx_new(NULL, NULL, &ctx);
	out_of_memory = false;
	assert_int_equal(new, -ENOMEM);
	assert_null(ctx);
	assert_int_equal(vm, -ENOMEM);
	assert_int_equal(proc, -ENOMEM);
	assert_int_equal(pidfd, -ENOMEM);
	assert_ptr_equal(gauge, no_gauge());
	assert_int_equal(open_descriptors(), before);
}

static void bad_arguments_are_refused_before_anything_is_opened(void **state)
{
	static const int bad_knobs[] = { 0, 10, -1, INT32_MAX, INT32_MIN };
	static const int bad_values[] = { 0, 3, -1, INT32_MAX, INT32_MIN };
	static const pid_t bad_pids[] = { 0, -1, INT32_MIN };
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge = no_gauge();

	/* Nothing exists here: a call that looked would give another code. */
	for (size_t i = 0; i < LENGTH(bad_knobs); i++)
		assert_int_equal(oomctl_gauge_open_vm(
				     f->ctx, (enum oomctl_vm_knob)bad_knobs[i], &gauge),
				 -EINVAL);
	for (size_t i = 0; i < LENGTH(bad_values); i++) {
		enum oomctl_proc_value value = (enum oomctl_proc_value)bad_values[i];

		assert_int_equal(oomctl_gauge_open_proc(f->ctx, 42, value, &gauge),
				 -EINVAL);
		assert_int_equal(oomctl_gauge_open_pidfd(f->ctx, PIDFD, value, &gauge),
				 -EINVAL);
	}
	for (size_t i = 0; i < LENGTH(bad_pids); i++)
		assert_int_equal(oomctl_gauge_open_proc(f->ctx, bad_pids[i],
							OOMCTL_PROC_OOM_SCORE, &gauge),
				 -EINVAL);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, -1, OOMCTL_PROC_OOM_SCORE, &gauge), -EINVAL);
	assert_ptr_equal(gauge, no_gauge());

	assert_int_equal(oomctl_gauge_open_vm(f->ctx, OOMCTL_VM_PANIC_ON_OOM, NULL),
			 -EINVAL);
	assert_int_equal(oomctl_gauge_open_proc(f->ctx, 42, OOMCTL_PROC_OOM_SCORE, NULL),
			 -EINVAL);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(f->ctx, PIDFD, OOMCTL_PROC_OOM_SCORE, NULL), -EINVAL);
	is_refused(NULL, -EINVAL);
}

static void without_an_output_a_gauge_is_not_read(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge;

	fixture_put(f, "proc/sys/vm/panic_on_oom", "0\n");
	gauge = open_vm(f, OOMCTL_VM_PANIC_ON_OOM);
	preads = 0;
	assert_int_equal(oomctl_gauge_read(gauge, NULL), -EINVAL);
	assert_int_equal(preads, 0);
	oomctl_gauge_close(gauge);
}

static void no_gauge_is_closed_freely(void **state)
{
	(void)state;
	oomctl_gauge_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(every_knob_has_a_gauge),
		FIXTURE_TEST(a_process_has_two_gauges),
		FIXTURE_TEST(a_change_is_seen_and_a_missing_text_refused),
		FIXTURE_TEST(a_gauge_outlives_its_context_and_its_file),
		FIXTURE_TEST(a_gauge_is_not_inherited_by_exec),
		FIXTURE_TEST(a_pidfd_s_process_has_the_same_gauges),
		FIXTURE_TEST(what_is_not_there_is_refused),
		FIXTURE_TEST(a_process_that_has_ended_is_esrch),
		FIXTURE_TEST(the_directory_of_a_process_may_fail_to_open),
		FIXTURE_TEST(what_the_kernel_refuses_is_passed_on),
		FIXTURE_TEST(a_gauge_may_be_of_pid_1_and_descriptor_0),
		FIXTURE_TEST(without_memory_nothing_is_opened),
		FIXTURE_TEST(bad_arguments_are_refused_before_anything_is_opened),
		FIXTURE_TEST(without_an_output_a_gauge_is_not_read),
		FIXTURE_TEST(no_gauge_is_closed_freely),
	};

	return cmocka_run_group_tests_name("gauge", tests, NULL, NULL);
}
