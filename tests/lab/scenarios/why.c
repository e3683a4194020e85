/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <oomctl/proc.h>
#include <oomctl/why.h>

#include "guest.h"

#define OWN_ADJ "/proc/self/oom_score_adj"
#define DUMP_TASKS "/proc/sys/vm/oom_dump_tasks"

static uint32_t *told; /* causes, by all children */

static void tell(const struct oomctl_why *w, enum oomctl_why_cause cause,
		 const char *capability)
{
	EXPECT(w->cause == cause);
	EXPECT(strcmp(w->capability, capability) == 0);
	*told |= UINT32_C(1) << cause;
}

/* The setter gives the code; then the cause is certain, and beforehand it is the same. */
static void expect_proc(pid_t pid, int32_t adj, int code, enum oomctl_why_cause cause,
			const char *capability)
{
	int64_t before = number_in(OWN_ADJ);
	struct oomctl_why w;

	EXPECT(oomctl_why_proc(NULL, pid, adj, 0, &w, sizeof(w)) == 0);
	tell(&w, cause, capability);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, adj) == code);
	EXPECT(oomctl_why_proc(NULL, pid, adj, code, &w, sizeof(w)) == 0);
	tell(&w, cause, capability);
	EXPECT(w.flags == 0);
	EXPECT(number_in(OWN_ADJ) == (pid == 0 && code == 0 ? adj : before));
}

static void expect_pidfd(int pidfd, int code, enum oomctl_why_cause cause,
			 const char *capability)
{
	struct oomctl_why w;

	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 7) == code);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, 7, code, &w, sizeof(w)) == 0);
	tell(&w, cause, capability);
	EXPECT(w.flags == 0);
}

static void expect_knob(int code, enum oomctl_why_cause cause)
{
	struct oomctl_why w;

	EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, 0, &w, sizeof(w)) == 0);
	tell(&w, cause, "");
	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, 1) == code);
	EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, code, &w, sizeof(w)) == 0);
	tell(&w, cause, "");
}

static void as_a_holder(void)
{
	expect_proc(0, -1000, 0, OOMCTL_WHY_NONE, "");
	expect_proc(0, 300, 0, OOMCTL_WHY_NONE, "");
	expect_proc(0, -999, 0, OOMCTL_WHY_NONE, "");
	expect_knob(0, OOMCTL_WHY_NONE);
}

static void without_the_capability(void)
{
	struct oomctl_why w;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, -500) == 0);
	drop_capability(CAP_SYS_RESOURCE);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 100) == 0);
	expect_proc(0, -501, -EACCES, OOMCTL_WHY_BELOW_FLOOR, "CAP_SYS_RESOURCE");
	EXPECT(oomctl_why_proc(NULL, 0, -501, 0, &w, sizeof(w)) == 0);
	EXPECT(w.flags == OOMCTL_WHY_MAYBE); /* the floor may be anywhere below 100 */
	expect_proc(0, 100, 0, OOMCTL_WHY_NONE, "");
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, -500) == 0);
	expect_knob(0, OOMCTL_WHY_NONE);
}

/* With all capabilities there: they do not count for the floor, and who is root of the machine
 * may set its knobs. */
static void as_root_in_a_namespace(void)
{
	become_root_of_a_namespace();
	expect_proc(0, -1, -EACCES, OOMCTL_WHY_USER_NAMESPACE, "CAP_SYS_RESOURCE");
	expect_proc(0, 5, 0, OOMCTL_WHY_NONE, "");
	expect_knob(0, OOMCTL_WHY_NONE);
}

static void as_a_user_in_a_namespace(void)
{
	become_user(1000);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	become_root_of_a_namespace();
	expect_knob(-EACCES, OOMCTL_WHY_HOST_WIDE);
}

static void as_a_user(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);

	EXPECT(pidfd >= 0);
	become_user(1000);
	expect_proc(0, 5, -EACCES, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	expect_proc(0, 5, 0, OOMCTL_WHY_NONE, "");
	expect_proc(1, 5, -EACCES, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
	expect_pidfd(pidfd, -EACCES, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
	expect_knob(-EACCES, OOMCTL_WHY_NOT_ROOT);
}

/* On old kernels the numbers of its own pidfds are root's, too: even a getter is refused. */
static void as_a_user_by_pidfd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct oomctl_why w;
	int32_t adj;
	int r;

	EXPECT(pidfd >= 0);
	become_user(1000);
	r = oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &adj);
	EXPECT(r == 0 || r == -EACCES);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 7) == -EACCES);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, 7, -EACCES, &w, sizeof(w)) == 0);
	tell(&w, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	EXPECT(w.flags == 0);
	note("by pidfd, after setuid(): %s", r == 0 ? "read" : "not even read");
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	expect_pidfd(pidfd, 0, OOMCTL_WHY_NONE, "");
}

static void make_read_only(const char *path)
{
	EXPECT(mount(path, path, "none", MS_BIND | MS_REC, NULL) == 0);
	EXPECT(mount("none", path, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
}

static void as_in_a_container(void)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	make_read_only("/proc/sys");
	expect_knob(-EROFS, OOMCTL_WHY_READ_ONLY);
	expect_proc(0, 5, 0, OOMCTL_WHY_NONE, "");
	make_read_only("/proc");
	expect_proc(0, 6, -EROFS, OOMCTL_WHY_READ_ONLY, "");
	become_user(1000);
	expect_knob(-EACCES, OOMCTL_WHY_READ_ONLY);
	expect_proc(1, 6, -EACCES, OOMCTL_WHY_READ_ONLY, "");
}

static void mount_proc(const char *options)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount("proc", "/proc", "proc", 0, options) == 0);
}

static void hide_by(const char *options, int code)
{
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);

	EXPECT(pidfd >= 0);
	mount_proc(options);
	become_user(1000);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	expect_proc(1, 5, code, OOMCTL_WHY_HIDDEN, "CAP_SYS_PTRACE");
	expect_pidfd(pidfd, code, OOMCTL_WHY_HIDDEN, "CAP_SYS_PTRACE");
	expect_proc(4000, 5, -ESRCH, OOMCTL_WHY_GONE, "");
}

static void hidden_by_1(void)
{
	hide_by("hidepid=1", -EPERM);
}

static void hidden_by_2(void)
{
	hide_by("hidepid=2", -ESRCH);
}

/* Numbers before names: Linux 5.8 knows both. */
static void hidden_by_4(void)
{
	hide_by("hidepid=4", -ESRCH);
}

static void hidden_by_invisible(void)
{
	hide_by("hidepid=invisible", -ESRCH);
}

static void with_processes_only(void)
{
	mount_proc("subset=pid");
	expect_knob(-EOPNOTSUPP, OOMCTL_WHY_HIDDEN);
	expect_proc(0, 5, 0, OOMCTL_WHY_NONE, "");
}

static void when_it_has_ended(void)
{
	pid_t pid = fork();
	int pidfd;

	EXPECT(pid >= 0);
	if (pid == 0)
		_exit(0);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	EXPECT(pidfd >= 0 && waitpid(pid, NULL, 0) == pid);
	expect_proc(pid, 5, -ESRCH, OOMCTL_WHY_GONE, "");
	expect_pidfd(pidfd, -ESRCH, OOMCTL_WHY_GONE, "");
}

SCENARIO(why)
{
	static void (*const bodies[])(void) = {
		as_a_holder,
		without_the_capability,
		as_root_in_a_namespace,
		as_a_user,
		as_a_user_by_pidfd,
		as_a_user_in_a_namespace,
		as_in_a_container,
		hidden_by_1,
		hidden_by_2,
		hidden_by_4,
		hidden_by_invisible,
		with_processes_only,
		when_it_has_ended,
	};

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(told != MAP_FAILED);
	for (size_t i = 0; i < LENGTH(bodies); i++)
		in_child(bodies[i]);
	EXPECT(number_in(OWN_ADJ) == 0 && number_in(DUMP_TASKS) == 1);
	note("%zu callers, %d causes", LENGTH(bodies), __builtin_popcount(*told));
}
