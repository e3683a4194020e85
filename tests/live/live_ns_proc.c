/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <oomctl/base.h>
#include <oomctl/meminfo.h>
#include <oomctl/vm.h>

#include "child.h"

#define OWN_ADJ "/proc/self/oom_score_adj"
#define DUMP_TASKS "/proc/sys/vm/oom_dump_tasks"

/* The lowest value that the caller may set; leaves it set. */
static int32_t find_floor(void)
{
	int32_t adj = number_in(OWN_ADJ);

	while (oomctl_proc_set_oom_score_adj(NULL, 0, adj - 1) == 0)
		adj--;
	if (adj == OOMCTL_SCORE_ADJ_MIN)
		SKIP_CHILD("the floor is the lowest value already");
	return adj;
}

static void try_the_floor(void)
{
	int32_t floor = find_floor();

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, floor + 5) == 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, floor - 1) == -EACCES);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, OOMCTL_SCORE_ADJ_MIN) == -EACCES);
	EXPECT(number_in(OWN_ADJ) == floor + 5);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, floor) == 0);
	EXPECT(number_in(OWN_ADJ) == floor);
}

static void try_without_capability(void)
{
	drop_resource_capability();
	try_the_floor();
}

static void root_needs_the_capability_below_the_floor(void **state)
{
	(void)state;
	in_child(try_without_capability);
}

static void try_as_nobody(void)
{
	become_nobody();
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	try_the_floor();
}

static void nobody_moves_above_the_floor_only(void **state)
{
	(void)state;
	in_child(try_as_nobody);
}

static void try_without_being_dumpable(void)
{
	int32_t start = number_in(OWN_ADJ);
	int32_t v = UNTOUCHED;

	become_nobody();
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 1000) == -EACCES);
	EXPECT(strstr(oomctl_strerror(-EACCES), "not dumpable"));
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, 0, &v) == 0);
	EXPECT(v == start && number_in(OWN_ADJ) == start);

	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 1000) == 0);
	EXPECT(number_in(OWN_ADJ) == 1000);
}

static void who_is_not_dumpable_cannot_set_itself(void **state)
{
	(void)state;
	in_child(try_without_being_dumpable);
}

/* A process that does not belong to those who try. */
static struct {
	pid_t pid;
	int pidfd;
} other;

static void start_other(void)
{
	other.pid = start_sleeper();
	other.pidfd = pidfd_of(other.pid);
}

static void end_other(void)
{
	close(other.pidfd);
	end_sleeper(other.pid);
}

static void try_to_set_the_other(void)
{
	int32_t v = UNTOUCHED;

	become_nobody();
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, other.pid, 1000) == -EACCES);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, other.pidfd, 1000) == -EACCES);
	EXPECT(oomctl_pidfd_get_oom_score_adj(NULL, other.pidfd, &v) == 0);
	EXPECT(v == number_of(other.pid, "oom_score_adj") && v != 1000);
	EXPECT(oomctl_proc_get_oom_score(NULL, other.pid, &v) == 0);
}

static void nobody_reads_but_cannot_set_another_user(void **state)
{
	(void)state;
	start_other();
	in_child(try_to_set_the_other);
	end_other();
}

static void try_a_knob_as_nobody(void)
{
	int32_t v = UNTOUCHED;

	become_nobody();
	EXPECT(oomctl_vm_get_oom_dump_tasks(NULL, &v) == 0);
	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, v + 1) == -EACCES);
	EXPECT(number_in(DUMP_TASKS) == v);
}

static void nobody_reads_but_cannot_set_a_knob(void **state)
{
	(void)state;
	in_child(try_a_knob_as_nobody);
}

static void be_pid_1_below_the_old_proc(void)
{
	int32_t first = number_of(1, "oom_score_adj");
	int32_t v = UNTOUCHED;

	EXPECT(getpid() == 1);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 987) == 0);
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, 0, &v) == 0 && v == 987);
	EXPECT(number_in(OWN_ADJ) == 987);

	/* Numbers are those of the old namespace, the pidfd's as well. */
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, 1, &v) == 0 && v == first);
	EXPECT(number_of(1, "oom_score_adj") == first && first != 987);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, other.pidfd, 986) == 0);
	EXPECT(number_of(other.pid, "oom_score_adj") == 986);
}

/* The old /proc is not the machine's: its pid 1 is a process of this test. */
static void be_pid_1_twice(void)
{
	mount_proc("");
	start_other();
	enter_namespaces(be_pid_1_below_the_old_proc);
}

static void pid_0_is_the_caller_below_another_namespaces_proc(void **state)
{
	(void)state;
	in_namespaces(be_pid_1_twice);
}

static void expect_all(pid_t pid, int pidfd, int code)
{
	int32_t v = UNTOUCHED;

	EXPECT(oomctl_proc_get_oom_score(NULL, pid, &v) == code);
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, pid, &v) == code);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, 1000) == code);
	EXPECT(oomctl_pidfd_get_oom_score(NULL, pidfd, &v) == code);
	EXPECT(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v) == code);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 1000) == code);
	EXPECT(v == UNTOUCHED);
}

static void expect_no_number(void)
{
	int32_t v = UNTOUCHED;

	mount_proc("");
	expect_all(INT32_MAX, other.pidfd, -ESRCH);
	EXPECT(oomctl_pidfd_get_oom_score_adj(NULL, pidfd_of(1), &v) == 0);
	EXPECT(v == number_in(OWN_ADJ));
}

static void a_pidfd_without_a_number_here_is_esrch(void **state)
{
	(void)state;
	start_other();
	in_namespaces(expect_no_number);
	assert_int_not_equal(number_of(other.pid, "oom_score_adj"), 1000);
	end_other();
}

static int open_adj_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void expect_hidden(const char *options, int code)
{
	char text[8] = "";
	int32_t v = UNTOUCHED;
	int fd;

	mount_proc(options);
	start_other();
	fd = open_adj_of(other.pid);
	become_nobody();
	expect_all(other.pid, other.pidfd, code);
	EXPECT(read(fd, text, sizeof(text)) > 0 && strcmp(text, "1000\n") != 0);
	EXPECT(oomctl_proc_get_oom_score(NULL, 0, &v) == 0);
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, getpid(), &v) == 0);
}

static void be_denied(void)
{
	expect_hidden("hidepid=1", -EPERM);
}

static void be_shown_nothing(void)
{
	expect_hidden("hidepid=2", -ESRCH);
}

static void hidden_processes_are_eperm_or_esrch(void **state)
{
	(void)state;
	in_namespaces(be_denied);
	in_namespaces(be_shown_nothing);
}

#define EXPECT_NO_KNOB(NAME, TYPE)                                                       \
	do {                                                                             \
		TYPE v = (TYPE)99;                                                       \
		EXPECT(oomctl_vm_get_##NAME(ctx, &v) == -EOPNOTSUPP);                    \
		EXPECT(v == (TYPE)99);                                                   \
		EXPECT(oomctl_vm_set_##NAME(ctx, (TYPE)1) == -EOPNOTSUPP);               \
	} while (0)

static void expect_no_knobs(const struct oomctl_ctx *ctx)
{
	struct oomctl_meminfo m;

	EXPECT_NO_KNOB(overcommit_memory, enum oomctl_overcommit);
	EXPECT_NO_KNOB(overcommit_ratio, int32_t);
	EXPECT_NO_KNOB(overcommit_kbytes, uint64_t);
	EXPECT_NO_KNOB(panic_on_oom, enum oomctl_panic);
	EXPECT_NO_KNOB(oom_kill_allocating_task, int32_t);
	EXPECT_NO_KNOB(oom_dump_tasks, int32_t);
	EXPECT_NO_KNOB(admin_reserve_kbytes, uint64_t);
	EXPECT_NO_KNOB(user_reserve_kbytes, uint64_t);
	EXPECT_NO_KNOB(panic_timeout, int32_t);
	EXPECT(oomctl_meminfo_read(ctx, &m, sizeof(m)) == -EOPNOTSUPP);
}

static void see_processes_only(void)
{
	struct oomctl_ctx *ctx;
	int32_t v = UNTOUCHED;

	mount_proc("subset=pid");
	EXPECT(access("/proc/sys", F_OK) < 0); /* setters that fail to fail do no harm */
	EXPECT(oomctl_ctx_new("/proc", NULL, &ctx) == 0);
	expect_no_knobs(ctx);
	expect_no_knobs(NULL);
	EXPECT(oomctl_proc_set_oom_score_adj(ctx, 1, 985) == 0);
	EXPECT(oomctl_pidfd_get_oom_score_adj(ctx, pidfd_of(1), &v) == 0 && v == 985);
	EXPECT(oomctl_proc_get_oom_score(ctx, 0, &v) == 0);
	oomctl_ctx_free(ctx);
}

static void a_proc_of_processes_only_has_no_knobs(void **state)
{
	(void)state;
	in_namespaces(see_processes_only);
}

static void make_read_only(const char *path)
{
	EXPECT(mount(path, path, "none", MS_BIND | MS_REC, NULL) == 0);
	EXPECT(mount("none", path, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
}

static void try_to_write(void)
{
	int32_t dump_tasks = number_in(DUMP_TASKS);
	int32_t adj = number_in(OWN_ADJ);

	mount_proc("");
	make_read_only("/proc/sys");
	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, dump_tasks) == -EROFS);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 984) == 0);

	make_read_only("/proc");
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 983) == -EROFS);
	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, dump_tasks) == -EROFS);
	EXPECT(number_in(OWN_ADJ) == 984 && adj != 984);
	EXPECT(number_in(DUMP_TASKS) == dump_tasks);
}

static void what_is_read_only_is_erofs(void **state)
{
	(void)state;
	in_namespaces(try_to_write);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_needs_the_capability_below_the_floor),
		cmocka_unit_test(nobody_moves_above_the_floor_only),
		cmocka_unit_test(who_is_not_dumpable_cannot_set_itself),
		cmocka_unit_test(nobody_reads_but_cannot_set_another_user),
		cmocka_unit_test(nobody_reads_but_cannot_set_a_knob),
		cmocka_unit_test(pid_0_is_the_caller_below_another_namespaces_proc),
		cmocka_unit_test(a_pidfd_without_a_number_here_is_esrch),
		cmocka_unit_test(hidden_processes_are_eperm_or_esrch),
		cmocka_unit_test(a_proc_of_processes_only_has_no_knobs),
		cmocka_unit_test(what_is_read_only_is_erofs),
	};

	return cmocka_run_group_tests_name("live proc in namespaces", tests, NULL, NULL);
}
