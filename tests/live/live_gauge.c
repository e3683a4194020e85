/* SPDX-License-Identifier: MIT */
#include <oomctl/gauge.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <oomctl/base.h>

#include "child.h"
#include "fixture.h"
#include "restore.h"

static const struct {
	enum oomctl_vm_knob knob;
	const char *path;
} knobs[] = {
	{ OOMCTL_VM_OVERCOMMIT_MEMORY, "/proc/sys/vm/overcommit_memory" },
	{ OOMCTL_VM_OVERCOMMIT_RATIO, "/proc/sys/vm/overcommit_ratio" },
	{ OOMCTL_VM_OVERCOMMIT_KBYTES, "/proc/sys/vm/overcommit_kbytes" },
	{ OOMCTL_VM_PANIC_ON_OOM, "/proc/sys/vm/panic_on_oom" },
	{ OOMCTL_VM_OOM_KILL_ALLOCATING_TASK, "/proc/sys/vm/oom_kill_allocating_task" },
	{ OOMCTL_VM_OOM_DUMP_TASKS, "/proc/sys/vm/oom_dump_tasks" },
	{ OOMCTL_VM_ADMIN_RESERVE_KBYTES, "/proc/sys/vm/admin_reserve_kbytes" },
	{ OOMCTL_VM_USER_RESERVE_KBYTES, "/proc/sys/vm/user_reserve_kbytes" },
	{ OOMCTL_VM_PANIC_TIMEOUT, "/proc/sys/kernel/panic" },
};

static int64_t value_of(const struct oomctl_gauge *gauge)
{
	int64_t v = UNTOUCHED;

	assert_int_equal(oomctl_gauge_read(gauge, &v), 0);
	return v;
}

static void expect_no_value(const struct oomctl_gauge *gauge, int code)
{
	int64_t v = UNTOUCHED;

	assert_int_equal(oomctl_gauge_read(gauge, &v), code);
	assert_int_equal(v, UNTOUCHED);
}

static struct oomctl_gauge *gauge_of_knob(enum oomctl_vm_knob knob)
{
	struct oomctl_gauge *gauge = NULL;

	assert_int_equal(oomctl_gauge_open_vm(NULL, knob, &gauge), 0);
	return gauge;
}

static struct oomctl_gauge *gauge_of(pid_t pid, enum oomctl_proc_value value)
{
	struct oomctl_gauge *gauge = NULL;

	assert_int_equal(oomctl_gauge_open_proc(NULL, pid, value, &gauge), 0);
	return gauge;
}

static void every_gauge_says_what_the_file_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(knobs); i++) {
		struct oomctl_gauge *gauge = gauge_of_knob(knobs[i].knob);

		for (int n = 0; n < 3; n++)
			assert_int_equal(value_of(gauge), number_in(knobs[i].path));
		oomctl_gauge_close(gauge);
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool may_write(void)
{
	return geteuid() == 0 && access("/proc/sys/vm/overcommit_memory", W_OK) == 0;
}

#define NEED_TO_WRITE()                                                                  \
	do {                                                                             \
		if (!may_write())                                                        \
			SKIP_UNAVOIDABLE("no right to set the knobs of this machine");   \
	} while (0)

static void every_change_of_a_knob_is_seen(void **state)
{
	static const struct {
		size_t knob;
		const char *text;
		int64_t want;
	} changes[] = {
		{ 0, "1", 1 },
		{ 0, "0", 0 },
		{ 1, "77", 77 },
		{ 1, "2147483647", INT32_MAX },
		{ 1, "50", 50 },
		{ 2, "6000000", 6000000 },
		{ 2, "9223372036854775807", INT64_MAX },
		{ 4, "1", 1 },
		{ 4, "-1", -1 },
		{ 4, "0", 0 },
		{ 5, "0", 0 },
		{ 5, "1", 1 },
		{ 6, "0", 0 },
		{ 6, "18446744073709551", 18446744073709551 },
		{ 7, "131071", 131071 },
	};
	struct oomctl_gauge *gauges[LENGTH(knobs)];

	(void)state;
	NEED_TO_WRITE();
	for (size_t i = 0; i < LENGTH(knobs); i++)
		gauges[i] = gauge_of_knob(knobs[i].knob);
	for (size_t i = 0; i < LENGTH(changes); i++) {
		write_text(knobs[changes[i].knob].path, changes[i].text);
		assert_int_equal(value_of(gauges[changes[i].knob]), changes[i].want);
	}
	write_text(knobs[2].path, "9223372036854775808");
	expect_no_value(gauges[2], -ERANGE);
	write_text(knobs[1].path, "50");
	assert_int_equal(value_of(gauges[2]), 0);
	for (size_t i = 0; i < LENGTH(knobs); i++)
		oomctl_gauge_close(gauges[i]);
}

/* The score moves with the memory in use: it has to stand still for a moment. */
static void expect_the_score_in_the_file(const struct oomctl_gauge *gauge, pid_t pid)
{
	int32_t first, last;
	int64_t got;

	do {
		first = number_of(pid, "oom_score");
		got = value_of(gauge);
		last = number_of(pid, "oom_score");
	} while (first != last);
	assert_int_equal(got, last);
}

static void every_change_of_a_process_is_seen(void **state)
{
	int32_t own = number_of(getpid(), "oom_score_adj");
	pid_t child = start_sleeper();
	struct oomctl_gauge *adj = gauge_of(child, OOMCTL_PROC_OOM_SCORE_ADJ);
	struct oomctl_gauge *score = gauge_of(child, OOMCTL_PROC_OOM_SCORE);
	int64_t lowest = value_of(score), last = 0;

	(void)state;
	for (int32_t v = own; v <= OOMCTL_SCORE_ADJ_MAX; v++) {
		assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, v), 0);
		assert_int_equal(value_of(adj), v);
		last = value_of(score);
		expect_the_score_in_the_file(score, child);
	}
	assert_true(own == OOMCTL_SCORE_ADJ_MAX || last > lowest);
	oomctl_gauge_close(score);
	oomctl_gauge_close(adj);
	end_sleeper(child);
}

/* By pid, then by pidfd: the adjustment of each, then the score. */
struct four {
	struct oomctl_gauge *gauges[4];
};

static struct four gauges_of(pid_t pid)
{
	struct four f = { { gauge_of(pid, OOMCTL_PROC_OOM_SCORE_ADJ),
			    gauge_of(pid, OOMCTL_PROC_OOM_SCORE) } };
	int pidfd = pidfd_of(pid);

	assert_int_equal(
	    oomctl_gauge_open_pidfd(NULL, pidfd, OOMCTL_PROC_OOM_SCORE_ADJ, &f.gauges[2]),
	    0);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(NULL, pidfd, OOMCTL_PROC_OOM_SCORE, &f.gauges[3]), 0);
	close(pidfd);
	return f;
}

static void expect_four(const struct four *f, pid_t pid, int32_t adj)
{
	for (int i = 0; i < 4; i += 2) {
		assert_int_equal(value_of(f->gauges[i]), adj);
		expect_the_score_in_the_file(f->gauges[i + 1], pid);
	}
}

static void expect_none_of_four(const struct four *f)
{
	for (int i = 0; i < 4; i++)
		expect_no_value(f->gauges[i], -ESRCH);
}

static void close_four(const struct four *f)
{
	for (int i = 0; i < 4; i++)
		oomctl_gauge_close(f->gauges[i]);
}

static void make_zombie(pid_t child)
{
	siginfo_t info;

	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
}

static void by_pid_and_by_pidfd_are_the_same_until_the_end(void **state)
{
	pid_t child = start_sleeper();
	struct four f = gauges_of(child);

	(void)state;
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, 931), 0);
	expect_four(&f, child, 931);
	assert_true(value_of(f.gauges[1]) > 0);
	make_zombie(child);
	expect_four(&f, child, 931);
	assert_int_equal(value_of(f.gauges[1]), 0);
	waitpid(child, NULL, 0);
	expect_none_of_four(&f);
	close_four(&f);
}

static void who_got_the_number_since_is_never_read(void **state)
{
	pid_t child = start_sleeper();
	struct four f = gauges_of(child), g;

	(void)state;
	end_sleeper(child);
	if (start_sleeper_with(child) != child) {
		close_four(&f);
		SKIP_AVOIDABLE("no right to choose a pid, or a kernel before 5.5");
	}
	expect_none_of_four(&f);
	g = gauges_of(child);
	expect_four(&g, child, number_of(child, "oom_score_adj"));
	expect_none_of_four(&f);
	close_four(&f);
	close_four(&g);
	end_sleeper(child);
}

static struct oomctl_gauge *of_parent;

static void read_the_parents(void)
{
	int32_t parents = number_of(getppid(), "oom_score_adj");
	int64_t v = UNTOUCHED;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 942) == 0);
	EXPECT(oomctl_gauge_read(of_parent, &v) == 0);
	EXPECT(v == parents && v != 942);
}

static void in_a_child_a_gauge_names_the_parent(void **state)
{
	(void)state;
	of_parent = gauge_of(getpid(), OOMCTL_PROC_OOM_SCORE_ADJ);
	in_child(read_the_parents);
	oomctl_gauge_close(of_parent);
}

static void a_gauge_outlives_its_context(void **state)
{
	struct oomctl_gauge *knob, *adj;
	struct oomctl_ctx *ctx;
	pid_t child = start_sleeper();

	(void)state;
	assert_int_equal(oomctl_ctx_new("/proc", "/sys", &ctx), 0);
	assert_int_equal(oomctl_gauge_open_vm(ctx, OOMCTL_VM_OVERCOMMIT_RATIO, &knob), 0);
	assert_int_equal(
	    oomctl_gauge_open_proc(ctx, child, OOMCTL_PROC_OOM_SCORE_ADJ, &adj), 0);
	oomctl_ctx_free(ctx);
	assert_int_equal(value_of(knob), number_in("/proc/sys/vm/overcommit_ratio"));
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, 953), 0);
	assert_int_equal(value_of(adj), 953);
	oomctl_gauge_close(knob);
	oomctl_gauge_close(adj);
	end_sleeper(child);
}

static void what_cannot_be_opened_gives_no_gauge(void **state)
{
	struct oomctl_gauge *const none = (struct oomctl_gauge *)&of_parent;
	struct oomctl_gauge *gauge = none;
	int descriptors = open_descriptors();
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);

	(void)state;
	end_sleeper(child);
	assert_int_equal(oomctl_gauge_open_proc(NULL, 0, OOMCTL_PROC_OOM_SCORE, &gauge),
			 -EINVAL);
	assert_int_equal(oomctl_gauge_open_proc(NULL, -1, OOMCTL_PROC_OOM_SCORE, &gauge),
			 -EINVAL);
	assert_int_equal(
	    oomctl_gauge_open_proc(NULL, child, OOMCTL_PROC_OOM_SCORE, &gauge), -ESRCH);
	assert_int_equal(
	    oomctl_gauge_open_pidfd(NULL, pidfd, OOMCTL_PROC_OOM_SCORE, &gauge), -ESRCH);
	assert_int_equal(oomctl_gauge_open_pidfd(NULL, 0, OOMCTL_PROC_OOM_SCORE, &gauge),
			 -EINVAL);
	assert_ptr_equal(gauge, none);
	close(pidfd);
	assert_int_equal(open_descriptors(), descriptors);
}

static void no_descriptor_is_left_behind(void **state)
{
	int descriptors = open_descriptors();
	pid_t child = start_sleeper();

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct four f = gauges_of(child);

		expect_the_score_in_the_file(f.gauges[1], child);
		assert_int_equal(open_descriptors(), descriptors + 4);
		close_four(&f);
	}
	end_sleeper(child);
	assert_int_equal(open_descriptors(), descriptors);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_gauge_says_what_the_file_says),
		cmocka_unit_test(every_change_of_a_knob_is_seen),
		cmocka_unit_test(every_change_of_a_process_is_seen),
		cmocka_unit_test(by_pid_and_by_pidfd_are_the_same_until_the_end),
		cmocka_unit_test(who_got_the_number_since_is_never_read),
		cmocka_unit_test(in_a_child_a_gauge_names_the_parent),
		cmocka_unit_test(a_gauge_outlives_its_context),
		cmocka_unit_test(what_cannot_be_opened_gives_no_gauge),
		cmocka_unit_test(no_descriptor_is_left_behind),
	};

	return cmocka_run_group_tests_name("live gauge", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
