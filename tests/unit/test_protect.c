/* SPDX-License-Identifier: MIT */
#include <oomctl/protect.h>

#include <fcntl.h>

#include "floor.h"

#define OWN "proc/self/oom_score_adj"

/* Of the caller, which a guard remembers. */
static pid_t own_pid = 100;

pid_t __wrap_getpid(void);

pid_t __wrap_getpid(void)
{
	return own_pid;
}

static int read_errno; /* of the n-th pread from now on */
static int reads_left = -1;

ssize_t __real_pread(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset);

ssize_t __wrap_pread(int fd, void *buf, size_t size, off_t offset)
{
	if (reads_left == 0) {
		reads_left = -1;
		errno = read_errno;
		return -1;
	}
	if (reads_left > 0)
		reads_left--;
	return __real_pread(fd, buf, size, offset);
}

static void fail_read(int after, int err)
{
	reads_left = after;
	read_errno = err;
}

static void put_self(const struct fixture *f, int32_t adj, int32_t floor)
{
	own_pid = 100;
	reads_left = -1;
	put_kernel(floor);
	put_adj(f, OWN, adj);
}

static struct oomctl_guard begin(const struct fixture *f, int32_t adj)
{
	struct oomctl_guard g;

	assert_int_equal(
	    oomctl_protect_begin(f->ctx, adj, OOMCTL_ADJUST_STRICT, &g, sizeof(g)), 0);
	return g;
}

static void end(struct oomctl_guard *g, int32_t want)
{
	int32_t adj = UNTOUCHED;

	assert_int_equal(oomctl_protect_end(g, &adj), 0);
	assert_int_equal(adj, want);
	assert_int_equal(g->state, OOMCTL_GUARD_ENDED);
}

static void a_guard_sets_and_restores(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 100, -1000);
	g = begin(f, -500);
	assert_int_equal(g.saved_adj, 100);
	assert_int_equal(g.adj, -500);
	assert_int_equal(g.pid, own_pid);
	assert_int_equal(g.state, OOMCTL_GUARD_BEGUN);
	assert_true(fcntl(g.fd, F_GETFD) & FD_CLOEXEC);
	expect_adj(f, OWN, -500);
	end(&g, 100);
	expect_adj(f, OWN, 100);
}

static void a_clamped_guard_has_what_it_could_get(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 100, -300);
	assert_int_equal(
	    oomctl_protect_begin(f->ctx, -999, OOMCTL_ADJUST_CLAMP, &g, sizeof(g)), 0);
	assert_int_equal(g.adj, -300);
	expect_adj(f, OWN, -300);
	end(&g, 100);
}

static void a_refused_guard_changes_nothing(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g = { .fd = UNTOUCHED };

	put_self(f, 100, 0);
	assert_int_equal(
	    oomctl_protect_begin(f->ctx, -1, OOMCTL_ADJUST_STRICT, &g, sizeof(g)),
	    -EACCES);
	assert_int_equal(kernel.writes, 1);
	fixture_remove(f, OWN);
	assert_int_equal(
	    oomctl_protect_begin(f->ctx, 1, OOMCTL_ADJUST_STRICT, &g, sizeof(g)), -ESRCH);
	put_adj(f, OWN, 100);
	fail_read(0, EIO);
	assert_int_equal(
	    oomctl_protect_begin(f->ctx, 1, OOMCTL_ADJUST_STRICT, &g, sizeof(g)), -EIO);
	assert_int_equal(g.fd, UNTOUCHED);
	expect_adj(f, OWN, 100);
}

static void a_value_that_is_not_read_back_is_undone(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g = { .fd = UNTOUCHED };

	put_self(f, 100, 0);
	fail_read(1, EPERM);
	assert_int_equal(
	    oomctl_protect_begin(f->ctx, 7, OOMCTL_ADJUST_STRICT, &g, sizeof(g)), -EPERM);
	assert_int_equal(kernel.writes, 2);
	expect_adj(f, OWN, 100);
	assert_int_equal(g.fd, UNTOUCHED);
}

static void a_change_by_somebody_else_stays(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	put_adj(f, OWN, 900);
	end(&g, 900);
	expect_adj(f, OWN, 900);
	assert_int_equal(kernel.writes, 1);
}

static void a_child_gets_the_old_value(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 42, -1000);
	g = begin(f, -500);
	fixture_put(f, OWN, ""); /* the child's own */
	assert_int_equal(oomctl_protect_reset_child(f->ctx, &g), 0);
	fixture_expect(f, OWN, "42");
	fixture_remove(f, OWN);
	assert_int_equal(oomctl_protect_reset_child(f->ctx, &g), -ESRCH);
	put_adj(f, OWN, -500);
	own_pid = 101; /* what is closed is the child's descriptor only */
	assert_int_equal(oomctl_protect_end(&g, &(int32_t){ 0 }), -ESRCH);
	expect_adj(f, OWN, -500);
	assert_int_equal(g.state, OOMCTL_GUARD_ENDED);
}

static void a_child_does_not_touch_its_parent(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g, before;
	int32_t adj = UNTOUCHED;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	before = g;
	own_pid = 101;
	assert_int_equal(oomctl_protect_pause(&g, 0), -ESRCH);
	assert_memory_equal(&g, &before, sizeof(g));
	own_pid = 100;
	assert_int_equal(oomctl_protect_pause(&g, 10), 0);
	own_pid = 101;
	assert_int_equal(oomctl_protect_resume(&g), -ESRCH);
	assert_int_equal(g.state, OOMCTL_GUARD_PAUSED);
	expect_adj(f, OWN, 10);
	assert_int_equal(oomctl_protect_end(&g, &adj), -ESRCH);
	expect_adj(f, OWN, 10);
	assert_int_equal(adj, UNTOUCHED);
}

/* As by a program that closes all that it does not know. */
static void a_number_that_is_anothers_is_left_alone(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;
	int32_t adj = UNTOUCHED;
	int other;

	put_self(f, 0, -1000);
	put_adj(f, "other", -500);
	g = begin(f, -500);
	close(g.fd);
	assert_int_equal(oomctl_protect_pause(&g, 0), -ESRCH);
	other = open(fixture_path(f, "other"), O_RDWR | O_CLOEXEC);
	assert_int_equal(other, g.fd);
	assert_int_equal(oomctl_protect_pause(&g, 0), -ESRCH);
	assert_int_equal(oomctl_protect_end(&g, &adj), -ESRCH);
	assert_int_equal(adj, UNTOUCHED);
	assert_true(fcntl(other, F_GETFD) >= 0);
	close(other);
	expect_adj(f, "other", -500);
	expect_adj(f, OWN, -500);
}

static void a_pause_lends_another_value(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	assert_int_equal(oomctl_protect_pause(&g, 300), 0);
	expect_adj(f, OWN, 300);
	assert_int_equal(g.resume_adj, -500);
	assert_int_equal(g.paused_adj, 300);
	assert_int_equal(oomctl_protect_pause(&g, 1), -EBUSY);
	expect_adj(f, OWN, 300);
	assert_int_equal(oomctl_protect_resume(&g), 0);
	expect_adj(f, OWN, -500);
	assert_int_equal(oomctl_protect_resume(&g), -EINVAL);
	end(&g, 0);
	expect_adj(f, OWN, 0);
}

static void an_operators_change_outlives_a_pause(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	put_adj(f, OWN, -700); /* before it */
	assert_int_equal(oomctl_protect_pause(&g, 0), 0);
	assert_int_equal(oomctl_protect_resume(&g), 0);
	expect_adj(f, OWN, -700);
	assert_int_equal(oomctl_protect_pause(&g, 0), 0);
	put_adj(f, OWN, 555); /* amid it */
	assert_int_equal(oomctl_protect_resume(&g), 0);
	expect_adj(f, OWN, 555);
	end(&g, 555);
}

static void an_operators_change_outlives_a_guard_that_ends_from_a_pause(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	put_adj(f, OWN, -700);
	assert_int_equal(oomctl_protect_pause(&g, 20), 0);
	end(&g, -700);
	expect_adj(f, OWN, -700);
}

static void a_guard_ends_from_a_pause(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 20, -1000);
	g = begin(f, -500);
	assert_int_equal(oomctl_protect_pause(&g, 300), 0);
	end(&g, 20);
	expect_adj(f, OWN, 20);
}

static void a_refused_pause_changes_nothing(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g, before;

	put_self(f, 0, -500);
	g = begin(f, -500);
	before = g;
	assert_int_equal(oomctl_protect_pause(&g, -501), -EACCES);
	fail_read(0, EIO);
	assert_int_equal(oomctl_protect_pause(&g, 0), -EIO);
	fail_read(1, EIO); /* it was set, and is not read back */
	assert_int_equal(oomctl_protect_pause(&g, 0), -EIO);
	assert_memory_equal(&g, &before, sizeof(g));
	expect_adj(f, OWN, -500);
	end(&g, 0);
}

static void a_resume_that_fails_can_be_tried_again(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;

	put_self(f, 0, -1000);
	g = begin(f, -500);
	assert_int_equal(oomctl_protect_pause(&g, 0), 0);
	kernel.floor = 0; /* as a holder of the capability moves it */
	assert_int_equal(oomctl_protect_resume(&g), -EACCES);
	assert_int_equal(g.state, OOMCTL_GUARD_PAUSED);
	fail_read(0, EIO);
	assert_int_equal(oomctl_protect_resume(&g), -EIO);
	kernel.floor = -1000;
	assert_int_equal(oomctl_protect_resume(&g), 0);
	expect_adj(f, OWN, -500);
	end(&g, 0);
}

static void an_end_that_fails_is_the_end(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g;
	int32_t adj = UNTOUCHED;

	put_self(f, 0, -1000);
	g = begin(f, 500);
	kernel.floor = 500;
	assert_int_equal(oomctl_protect_end(&g, &adj), -EACCES);
	assert_int_equal(adj, UNTOUCHED);
	expect_adj(f, OWN, 500);
	assert_int_equal(oomctl_protect_end(&g, &adj), -EINVAL);
	assert_int_equal(fcntl(g.fd, F_GETFD), -1);
}

static void arguments_are_checked(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_guard g = { 0 }, none = { 0 };
	const enum oomctl_adjust_policy strict = OOMCTL_ADJUST_STRICT;
	struct oomctl_ctx *ctx = f->ctx;
	int32_t adj = UNTOUCHED;

	put_self(f, 0, -1000);
	assert_int_equal(oomctl_protect_begin(ctx, -1001, strict, &g, sizeof(g)),
			 -EINVAL);
	assert_int_equal(oomctl_protect_begin(ctx, 1001, strict, &g, sizeof(g)), -EINVAL);
	assert_int_equal(oomctl_protect_begin(ctx, 0, 0, &g, sizeof(g)), -EINVAL);
	assert_int_equal(oomctl_protect_begin(ctx, 0, 3, &g, sizeof(g)), -EINVAL);
	assert_int_equal(oomctl_protect_begin(ctx, 0, strict, NULL, sizeof(g)), -EINVAL);
	assert_int_equal(oomctl_protect_begin(ctx, 0, strict, &g, sizeof(g) - 1),
			 -EINVAL);
	assert_memory_equal(&g, &none, sizeof(g));
	assert_int_equal(oomctl_protect_reset_child(ctx, NULL), -EINVAL);
	assert_int_equal(oomctl_protect_reset_child(ctx, &none), -EINVAL);
	assert_int_equal(oomctl_protect_pause(NULL, 0), -EINVAL);
	assert_int_equal(oomctl_protect_pause(&none, 0), -EINVAL);
	assert_int_equal(oomctl_protect_resume(NULL), -EINVAL);
	assert_int_equal(oomctl_protect_resume(&none), -EINVAL);
	assert_int_equal(oomctl_protect_end(NULL, &adj), -EINVAL);
	assert_int_equal(oomctl_protect_end(&none, &adj), -EINVAL);
	none.state = 3;
	assert_int_equal(oomctl_protect_end(&none, &adj), -EINVAL);
	g = begin(f, -500);
	assert_int_equal(oomctl_protect_pause(&g, 1001), -EINVAL);
	assert_int_equal(oomctl_protect_end(&g, NULL), -EINVAL);
	assert_int_equal(kernel.writes, 1);
	assert_int_equal(adj, UNTOUCHED);
	expect_adj(f, OWN, -500);
	end(&g, 0);
}

static void a_larger_guard_gets_zeros(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_guard g;
		uint64_t later;
	} large = { .later = 7 };

	put_self(f, 0, 0);
	assert_int_equal(oomctl_protect_begin(f->ctx, 5, OOMCTL_ADJUST_STRICT, &large.g,
					      sizeof(large)),
			 0);
	assert_true(large.later == 0);
	end(&large.g, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_guard_sets_and_restores),
		FIXTURE_TEST(a_clamped_guard_has_what_it_could_get),
		FIXTURE_TEST(a_refused_guard_changes_nothing),
		FIXTURE_TEST(a_value_that_is_not_read_back_is_undone),
		FIXTURE_TEST(a_change_by_somebody_else_stays),
		FIXTURE_TEST(a_child_gets_the_old_value),
		FIXTURE_TEST(a_child_does_not_touch_its_parent),
		FIXTURE_TEST(a_number_that_is_anothers_is_left_alone),
		FIXTURE_TEST(a_pause_lends_another_value),
		FIXTURE_TEST(an_operators_change_outlives_a_pause),
		FIXTURE_TEST(an_operators_change_outlives_a_guard_that_ends_from_a_pause),
		FIXTURE_TEST(a_guard_ends_from_a_pause),
		FIXTURE_TEST(a_refused_pause_changes_nothing),
		FIXTURE_TEST(a_resume_that_fails_can_be_tried_again),
		FIXTURE_TEST(an_end_that_fails_is_the_end),
		FIXTURE_TEST(arguments_are_checked),
		FIXTURE_TEST(a_larger_guard_gets_zeros),
	};

	return cmocka_run_group_tests_name("protect", tests, NULL, NULL);
}
