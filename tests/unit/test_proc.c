/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include <poll.h>
#include <string.h>

#include "fixture.h"
#include "process.h"
#include "test.h"

/* A pidfd is a number below thread-self/fdinfo here; whether its process runs is told by
 * these. */
enum { PIDFD = 7, RUNS = 0, ENDED = 1, NOT_OPEN = POLLNVAL };
static int polled, poll_errno;

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	(void)timeout;
	assert_int_equal(count, 1);
	if (poll_errno) {
		errno = poll_errno;
		return -1;
	}
	fds->revents = (short)polled;
	return polled != 0;
}

static void put_process(const struct fixture *f, const char *pid, const char *score,
			const char *adj)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/oom_score", pid);
	fixture_put(f, path, score);
	snprintf(path, sizeof(path), "proc/%s/oom_score_adj", pid);
	fixture_put(f, path, adj);
}

static void put_pidfd(const struct fixture *f, const char *text, int state)
{
	fixture_put(f, "proc/thread-self/fdinfo/7", text);
	polled = state;
}

static void by_pid_reads_the_process(void **state)
{
	const struct fixture *f = *state;
	int32_t score, adj;

	put_process(f, "42", "667\n", "-999\n");
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, &score), 0);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 42, &adj), 0);
	assert_int_equal(score, 667);
	assert_int_equal(adj, -999);

	put_process(f, "2147483647", "0\n", "1000\n");
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, INT32_MAX, &adj), 0);
	assert_int_equal(adj, 1000);
}

static void pid_0_is_self(void **state)
{
	const struct fixture *f = *state;
	int32_t v;

	put_process(f, "self", "1\n", "");
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 0, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(oomctl_proc_set_oom_score_adj(f->ctx, 0, -1000), 0);
	fixture_expect(f, "proc/self/oom_score_adj", "-1000");
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 0, &v), 0);
	assert_int_equal(v, -1000);
}

/* A process that maps more pages than RAM and swap have exceeds 2000. */
static void scores_above_2000_are_read(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	put_process(f, "42", "2241\n", "0\n");
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, &v), 0);
	assert_int_equal(v, 2241);
}

static void numbers_out_of_range_are_erange(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	put_process(f, "42", "-1\n", "1001\n");
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, &v), -ERANGE);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 42, &v), -ERANGE);
	put_process(f, "42", "2147483648\n", "-1001\n");
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, &v), -ERANGE);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 42, &v), -ERANGE);
	assert_int_equal(v, UNTOUCHED);
}

static void unreadable_text_is_ebadmsg(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	put_process(f, "42", "", "x\n");
	put_pidfd(f, "Pid:\t42\n", RUNS);
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, &v), -EBADMSG);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 42, &v), -EBADMSG);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -EBADMSG);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
}

static void nobody_there_is_esrch(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	put_pidfd(f, "Pid:\t42\n", RUNS);
	for (pid_t pid = 0; pid <= 42; pid += 42) {
		assert_int_equal(oomctl_proc_get_oom_score(f->ctx, pid, &v), -ESRCH);
		assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, pid, &v), -ESRCH);
		assert_int_equal(oomctl_proc_set_oom_score_adj(f->ctx, pid, 0), -ESRCH);
	}
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, 0), -ESRCH);
	assert_int_equal(v, UNTOUCHED);
}

static void by_pidfd_reaches_the_process(void **state)
{
	const struct fixture *f = *state;
	int32_t score, adj;

	put_process(f, "42", "667\n", "");
	put_pidfd(f, "pos:\t0\nflags:\t02000002\nPid:\t42\nNSpid:\t42\n", RUNS);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &score), 0);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, -17), 0);
	fixture_expect(f, "proc/42/oom_score_adj", "-17");
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &adj), 0);
	assert_int_equal(score, 667);
	assert_int_equal(adj, -17);
}

static void a_file_that_is_gone_below_a_pidfd_is_esrch(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	fixture_put(f, "proc/42/stat", "");
	put_pidfd(f, "Pid:\t42\n", RUNS);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, 0), -ESRCH);
	assert_int_equal(v, UNTOUCHED);
}

/* The deepest nesting of pid namespaces that the kernel allows. */
static void a_pidfd_may_have_32_numbers(void **state)
{
	const struct fixture *f = *state;
	char text[1024] = "Pid:\t42\nNSpid:";
	int32_t v;

	for (int i = 0; i < 32; i++)
		strcat(text, "\t2147483647");
	put_process(f, "42", "667\n", "5\n");
	put_pidfd(f, strcat(text, "\n"), RUNS);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), 0);
}

static void expect_untouched_esrch(const struct fixture *f)
{
	int32_t v = UNTOUCHED;

	put_process(f, "42", "667\n", "5\n");
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &v), -ESRCH);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, 99), -ESRCH);
	assert_int_equal(v, UNTOUCHED);
	fixture_expect(f, "proc/42/oom_score_adj", "5\n");
}

/* The number is in use, but no longer by the process of the pidfd. */
static void a_number_that_is_used_again_is_never_touched(void **state)
{
	const struct fixture *f = *state;

	put_pidfd(f, "Pid:\t42\n", ENDED);
	expect_untouched_esrch(f);
	put_pidfd(f, "Pid:\t-1\n", ENDED);
	expect_untouched_esrch(f);
}

static void a_pidfd_that_cannot_be_polled_is_not_used(void **state)
{
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	put_process(f, "42", "667\n", "5\n");
	put_pidfd(f, "Pid:\t42\n", RUNS);
	poll_errno = ENOMEM;
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -ENOMEM);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, 99), -ENOMEM);
	poll_errno = 0;
	assert_int_equal(v, UNTOUCHED);
	fixture_expect(f, "proc/42/oom_score_adj", "5\n");
}

static void a_pidfd_may_be_0_and_a_pid_1(void **state)
{
	const struct fixture *f = *state;
	int32_t v;

	put_process(f, "1", "667\n", "5\n");
	fixture_put(f, "proc/thread-self/fdinfo/0", "Pid:\t1\n");
	polled = RUNS;
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, 0, &v), 0);
	assert_int_equal(v, 667);
}

static void a_pidfd_of_another_namespace_is_esrch(void **state)
{
	const struct fixture *f = *state;

	put_pidfd(f, "Pid:\t0\nNSpid:\t0\n", RUNS);
	put_process(f, "self", "1\n", "6\n");
	put_process(f, "0", "1\n", "6\n");
	expect_untouched_esrch(f);
	fixture_expect(f, "proc/self/oom_score_adj", "6\n");
}

static void a_root_that_does_not_show_the_caller_is_esrch(void **state)
{
	const struct fixture *f = *state;
	pid_t pid = UNTOUCHED;

	polled = RUNS; /* it is open, but there is no thread-self */
	expect_untouched_esrch(f);
	assert_int_equal(process_pid_of(f->ctx, PIDFD, &pid), -ESRCH);
	assert_int_equal(pid, UNTOUCHED);
}

static void what_is_no_pidfd_is_einval(void **state)
{
	static const char *const texts[] = { "", "pos:\t0\nflags:\t02\n", "Pid:\tx\n" };
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;
	char text[2000];

	polled = NOT_OPEN;
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -EINVAL);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		put_pidfd(f, texts[i], RUNS);
		assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, &v), -EINVAL);
		assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, 0),
				 -EINVAL);
	}
	memset(text, '\n', sizeof(text));
	fixture_put_bytes(f, "proc/thread-self/fdinfo/7", text, sizeof(text));
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, &v), -EINVAL);
	assert_int_equal(v, UNTOUCHED);
}

static void bad_arguments_are_refused_before_anything_is_touched(void **state)
{
	static const int32_t adjs[] = { -1001, 1001, INT32_MIN, INT32_MAX };
	const struct fixture *f = *state;
	int32_t v = UNTOUCHED;

	/* Nothing exists here: a call that looked would say -ESRCH. */
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, 42, NULL), -EINVAL);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, 42, NULL), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, PIDFD, NULL), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, PIDFD, NULL), -EINVAL);
	assert_int_equal(oomctl_proc_get_oom_score(f->ctx, -1, &v), -EINVAL);
	assert_int_equal(oomctl_proc_get_oom_score_adj(f->ctx, INT32_MIN, &v), -EINVAL);
	assert_int_equal(oomctl_proc_set_oom_score_adj(f->ctx, -1, 0), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score(f->ctx, -1, &v), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(f->ctx, -1, &v), -EINVAL);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, -1, 0), -EINVAL);
	assert_int_equal(v, UNTOUCHED);

	for (size_t i = 0; i < LENGTH(adjs); i++) {
		polled = RUNS;
		assert_int_equal(oomctl_proc_set_oom_score_adj(f->ctx, 42, adjs[i]),
				 -EINVAL);
		assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, adjs[i]),
				 -EINVAL);
	}

	put_process(f, "42", "667\n", "5\n");
	put_pidfd(f, "Pid:\t42\n", RUNS);
	for (size_t i = 0; i < LENGTH(adjs); i++) {
		assert_int_equal(oomctl_proc_set_oom_score_adj(f->ctx, 42, adjs[i]),
				 -EINVAL);
		assert_int_equal(oomctl_pidfd_set_oom_score_adj(f->ctx, PIDFD, adjs[i]),
				 -EINVAL);
	}
	fixture_expect(f, "proc/42/oom_score_adj", "5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(by_pid_reads_the_process),
		FIXTURE_TEST(pid_0_is_self),
		FIXTURE_TEST(scores_above_2000_are_read),
		FIXTURE_TEST(numbers_out_of_range_are_erange),
		FIXTURE_TEST(unreadable_text_is_ebadmsg),
		FIXTURE_TEST(nobody_there_is_esrch),
		FIXTURE_TEST(by_pidfd_reaches_the_process),
		FIXTURE_TEST(a_file_that_is_gone_below_a_pidfd_is_esrch),
		FIXTURE_TEST(a_pidfd_may_have_32_numbers),
		FIXTURE_TEST(a_number_that_is_used_again_is_never_touched),
		FIXTURE_TEST(a_pidfd_that_cannot_be_polled_is_not_used),
		FIXTURE_TEST(a_pidfd_may_be_0_and_a_pid_1),
		FIXTURE_TEST(a_pidfd_of_another_namespace_is_esrch),
		FIXTURE_TEST(a_root_that_does_not_show_the_caller_is_esrch),
		FIXTURE_TEST(what_is_no_pidfd_is_einval),
		FIXTURE_TEST(bad_arguments_are_refused_before_anything_is_touched),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
