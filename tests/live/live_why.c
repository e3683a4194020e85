/* SPDX-License-Identifier: MIT */
#include <oomctl/why.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <oomctl/base.h>
#include <oomctl/proc.h>

#include "child.h"

#define OWN_ADJ "/proc/self/oom_score_adj"
#define DUMP_TASKS "/proc/sys/vm/oom_dump_tasks"

static const struct {
	enum oomctl_why_cause cause;
	const char *name;
} names[] = {
	{ OOMCTL_WHY_NONE, "none" },
	{ OOMCTL_WHY_BELOW_FLOOR, "below the floor" },
	{ OOMCTL_WHY_USER_NAMESPACE, "user namespace" },
	{ OOMCTL_WHY_NOT_DUMPABLE, "not dumpable" },
	{ OOMCTL_WHY_OTHER_USER, "other user" },
	{ OOMCTL_WHY_READ_ONLY, "read-only" },
	{ OOMCTL_WHY_HOST_WIDE, "host-wide" },
	{ OOMCTL_WHY_NOT_ROOT, "not root" },
	{ OOMCTL_WHY_HIDDEN, "hidden" },
	{ OOMCTL_WHY_NO_KNOB, "no knob" },
	{ OOMCTL_WHY_GONE, "gone" },
	{ OOMCTL_WHY_BAD_VALUE, "bad value" },
	{ OOMCTL_WHY_NOT_PROC, "not /proc" },
	{ OOMCTL_WHY_SECURITY_MODULE, "security module" },
	{ OOMCTL_WHY_OTHER, "other" },
};

static const char *name_of(int code)
{
	return code == 0 ? "0" : strerrorname_np(-code);
}

/* cause | how it came about | code, and the capability that would help */
static void say(const struct oomctl_why *w, const char *how, int code)
{
	dprintf(STDOUT_FILENO, "%-15s | %-54s | %s%s%s %s\n", names[w->cause].name, how,
		code == 0 ? "" : "-", name_of(code),
		(w->flags & OOMCTL_WHY_MAYBE) ? " (maybe)" : "", w->capability);
}

static void expect_cause(const struct oomctl_why *w, const char *how, int code,
			 enum oomctl_why_cause cause)
{
	say(w, how, code);
	EXPECT(w->cause == cause);
}

/* The setter is refused, and the cause is told for its code; beforehand, too, where no
 * more than a look is needed. */
static void expect_proc_below(const struct oomctl_ctx *ctx, const char *how, pid_t pid,
			      int32_t adj, int code, enum oomctl_why_cause cause)
{
	struct oomctl_why w, before;
	char path[64];

	EXPECT(oomctl_proc_set_oom_score_adj(ctx, pid, adj) == code);
	EXPECT(oomctl_why_proc(ctx, pid, adj, code, &w, sizeof(w)) == 0);
	expect_cause(&w, how, code, cause);
	if (pid == 0)
		snprintf(path, sizeof(path), OWN_ADJ);
	else
		snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	EXPECT(strcmp(w.path, path) == 0);

	EXPECT(oomctl_why_proc(ctx, pid, adj, 0, &before, sizeof(before)) == 0);
	before.flags = w.flags;
	if (cause != OOMCTL_WHY_OTHER)
		EXPECT(memcmp(&before, &w, sizeof(w)) == 0);
}

static void expect_proc(const char *how, pid_t pid, int32_t adj, int code,
			enum oomctl_why_cause cause)
{
	expect_proc_below(NULL, how, pid, adj, code, cause);
}

static void expect_pidfd(const char *how, int pidfd, int32_t adj, int code,
			 enum oomctl_why_cause cause)
{
	struct oomctl_why w, before;

	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, adj) == code);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, adj, code, &w, sizeof(w)) == 0);
	expect_cause(&w, how, code, cause);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, adj, 0, &before, sizeof(before)) == 0);
	before.flags = w.flags;
	EXPECT(memcmp(&before, &w, sizeof(w)) == 0);
}

/* To what it is: a setter that fails to fail does no harm. */
static void expect_knob(const char *how, int32_t value, int code,
			enum oomctl_why_cause cause)
{
	struct oomctl_why w, before;

	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, value) == code);
	EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, code, &w, sizeof(w)) == 0);
	expect_cause(&w, how, code, cause);
	EXPECT(strcmp(w.path, DUMP_TASKS) == 0 && *w.capability == '\0' && w.flags == 0);
	EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, 0, &before,
			     sizeof(before)) == 0);
	EXPECT(before.cause == cause);
}

static int32_t find_floor(void)
{
	int32_t adj = number_in(OWN_ADJ);

	while (oomctl_proc_set_oom_score_adj(NULL, 0, adj - 1) == 0)
		adj--;
	if (adj == OOMCTL_SCORE_ADJ_MIN)
		SKIP_CHILD("the floor is the lowest value already");
	return adj;
}

static void expect_below_floor(const char *how, enum oomctl_why_cause cause)
{
	int32_t floor = find_floor();
	struct oomctl_why w;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, floor + 5) == 0);
	expect_proc(how, 0, floor - 1, -EACCES, cause);
	EXPECT(number_in(OWN_ADJ) == floor + 5);

	/* Beforehand, it is not known where the floor is; but it is not above the present. */
	EXPECT(oomctl_why_proc(NULL, 0, floor, 0, &w, sizeof(w)) == 0);
	expect_cause(&w, "asked beforehand: between the floor and the present", 0, cause);
	EXPECT(w.flags == OOMCTL_WHY_MAYBE);
	EXPECT(strcmp(w.capability, "CAP_SYS_RESOURCE") == 0);
	EXPECT(oomctl_why_proc(NULL, 0, floor + 5, 0, &w, sizeof(w)) == 0);
	expect_cause(&w, "asked beforehand: the present value", 0, OOMCTL_WHY_NONE);
	EXPECT(w.flags == 0 && *w.capability == '\0');
	EXPECT(number_in(OWN_ADJ) == floor + 5);
}

static void go_below_the_floor(void)
{
	drop_resource_capability();
	expect_below_floor("root without CAP_SYS_RESOURCE, one below its floor",
			   OOMCTL_WHY_BELOW_FLOOR);
}

static void below_the_floor(void **state)
{
	(void)state;
	in_child(go_below_the_floor);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_put = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return is_put;
}

/* As root of a user namespace, which outside is still whoever it was. */
static void become_root_of_a_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", (int)geteuid());
	if (unshare(CLONE_NEWUSER) < 0)
		SKIP_CHILD("no right to make a user namespace");
	EXPECT(put("/proc/self/uid_map", map));
	EXPECT(geteuid() == 0);
}

static void go_below_the_floor_in_a_namespace(void)
{
	drop_resource_capability();
	become_root_of_a_namespace(); /* which has all capabilities in there */
	expect_below_floor("CAP_SYS_RESOURCE of a user namespace, one below the floor",
			   OOMCTL_WHY_USER_NAMESPACE);
}

static void below_the_floor_in_a_user_namespace(void **state)
{
	(void)state;
	in_child(go_below_the_floor_in_a_namespace);
}

static void set_own_after_setuid(void)
{
	become_nobody();
	expect_proc("own file after setuid()", 0, 1000, -EACCES, OOMCTL_WHY_NOT_DUMPABLE);
	expect_proc("own file by number after setuid()", getpid(), 1000, -EACCES,
		    OOMCTL_WHY_NOT_DUMPABLE);
	expect_pidfd("own file by pidfd after setuid()", pidfd_of(getpid()), 1000,
		     -EACCES, OOMCTL_WHY_NOT_DUMPABLE);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 1000) == 0);
}

static void set_own_after_seteuid(void)
{
	if (geteuid() != 0)
		SKIP_CHILD("only root can become another user");
	EXPECT(seteuid(NOBODY) == 0);
	expect_proc("own file after seteuid()", getpid(), 1000, -EACCES,
		    OOMCTL_WHY_NOT_DUMPABLE);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, getpid(), 1000) == 0);
}

/* One more sleeper, which becomes nobody before it sleeps. */
static pid_t start_nobody(bool is_dumpable)
{
	int ends[2];
	pid_t pid;
	char c;

	EXPECT(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		become_nobody();
		prctl(PR_SET_DUMPABLE, is_dumpable);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		EXPECT(write(ends[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	EXPECT(read(ends[0], &c, 1) == 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void set_one_like_me(void)
{
	pid_t alike, dumpable;
	int pidfd;

	if (geteuid() != 0)
		SKIP_CHILD("only root can become another user");
	alike = start_nobody(false);
	dumpable = start_nobody(true);
	pidfd = pidfd_of(alike);
	become_nobody();
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	expect_proc("another process of the same user after setuid()", alike, 1000,
		    -EACCES, OOMCTL_WHY_NOT_DUMPABLE);
	expect_pidfd("the same by pidfd", pidfd, 1000, -EACCES, OOMCTL_WHY_NOT_DUMPABLE);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, dumpable, 1000) == 0);
	end_sleeper(alike);
	end_sleeper(dumpable);
}

static void set_own_without_main_thread(void)
{
	expect_proc("own, when the main thread has ended", 0, 1000, -EACCES,
		    OOMCTL_WHY_NOT_DUMPABLE);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, gettid(), 1000) == 0);
}

static void end_main_thread(void)
{
	outlive_main_thread(set_own_without_main_thread);
}

static void who_is_not_dumpable(void **state)
{
	(void)state;
	in_child(end_main_thread);
	in_child(set_own_after_setuid);
	in_child(set_own_after_seteuid);
	in_child(set_one_like_me);
}

/* A process of root's. */
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

static void set_the_other(void)
{
	become_nobody();
	expect_proc("nobody sets a process of root's", other.pid, 1000, -EACCES,
		    OOMCTL_WHY_OTHER_USER);
	expect_pidfd("the same by pidfd", other.pidfd, 1000, -EACCES,
		     OOMCTL_WHY_OTHER_USER);
}

static void a_process_of_another_user(void **state)
{
	(void)state;
	start_other();
	in_child(set_the_other);
	end_other();
}

static void make_read_only(const char *path)
{
	EXPECT(mount(path, path, "none", MS_BIND | MS_REC, NULL) == 0);
	EXPECT(mount("none", path, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
}

static void set_what_is_read_only(void)
{
	int32_t value = number_in(DUMP_TASKS);

	mount_proc("");
	make_read_only("/proc/sys");
	expect_knob("/proc/sys mounted read-only", value, -EROFS, OOMCTL_WHY_READ_ONLY);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 984) == 0);

	make_read_only("/proc");
	expect_proc("/proc mounted read-only", 0, 983, -EROFS, OOMCTL_WHY_READ_ONLY);
	expect_pidfd("the same by pidfd", pidfd_of(getpid()), 983, -EROFS,
		     OOMCTL_WHY_READ_ONLY);
	start_other();
	become_nobody();
	expect_knob("/proc mounted read-only, and nobody", value, -EACCES,
		    OOMCTL_WHY_READ_ONLY);
	expect_proc("another user's process, read-only", other.pid, 983, -EACCES,
		    OOMCTL_WHY_READ_ONLY);
	EXPECT(number_in(OWN_ADJ) == 984);
}

static void what_is_mounted_read_only(void **state)
{
	(void)state;
	in_namespaces(set_what_is_read_only);
}

static void set_a_knob_as_root_of_a_namespace(void)
{
	int32_t value = number_in(DUMP_TASKS);

	become_nobody();
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	become_root_of_a_namespace();
	expect_knob("root of a user namespace, nobody outside", value, -EACCES,
		    OOMCTL_WHY_HOST_WIDE);
}

static void set_a_knob_as_nobody(void)
{
	int32_t value = number_in(DUMP_TASKS);

	become_nobody();
	expect_knob("nobody sets a knob", value, -EACCES, OOMCTL_WHY_NOT_ROOT);
}

/* Root of the machine is let in by its number, from any namespace. */
static void ask_for_a_knob_as_root_with_no_capability(void)
{
	struct oomctl_why w;

	if (access(DUMP_TASKS, W_OK) < 0)
		SKIP_CHILD("only root can set knobs");
	become_root_of_a_namespace();
	EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, 0, &w, sizeof(w)) == 0);
	expect_cause(&w, "root of the machine in a user namespace asks beforehand", 0,
		     OOMCTL_WHY_NONE);
	EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, number_in(DUMP_TASKS)) == 0);
}

static void a_knob_that_is_not_the_callers(void **state)
{
	(void)state;
	in_child(set_a_knob_as_root_of_a_namespace);
	in_child(set_a_knob_as_nobody);
	in_child(ask_for_a_knob_as_root_with_no_capability);
}

static struct {
	const char *options;
	int code;         /* of who is hidden */
	uint32_t by_pid;  /* what is flagged of them below a context */
	uint32_t missing; /* and of who is not there */
} hiding;

/* Of who is not there: the kernel's answer is the same, but for noaccess. */
static void set_who_is_not_there(const struct oomctl_ctx *ctx)
{
	enum oomctl_why_cause cause =
	    hiding.missing == 0 ? OOMCTL_WHY_GONE : OOMCTL_WHY_HIDDEN;
	struct oomctl_why w;

	EXPECT(kill(4000, 0) < 0);
	expect_proc("no process of this number", 4000, 1000, -ESRCH, OOMCTL_WHY_GONE);
	EXPECT(oomctl_proc_set_oom_score_adj(ctx, 4000, 1000) == -ESRCH);
	EXPECT(oomctl_why_proc(ctx, 4000, 1000, -ESRCH, &w, sizeof(w)) == 0);
	expect_cause(&w, "the same below a context", -ESRCH, cause);
	EXPECT(w.flags == hiding.missing);
}

static void set_who_is_hidden(const struct oomctl_ctx *ctx)
{
	struct oomctl_why w;
	char how[64];

	become_nobody();
	snprintf(how, sizeof(how), "another user's process, %s", hiding.options);
	expect_proc(how, other.pid, 1000, hiding.code, OOMCTL_WHY_HIDDEN);
	expect_proc_below(ctx, "the same below a context", other.pid, 1000, hiding.code,
			  OOMCTL_WHY_HIDDEN);
	expect_pidfd("the same by pidfd", other.pidfd, 1000, hiding.code,
		     OOMCTL_WHY_HIDDEN);
	EXPECT(oomctl_why_proc(NULL, other.pid, 1000, hiding.code, &w, sizeof(w)) == 0);
	EXPECT(w.flags == 0 && strcmp(w.capability, "CAP_SYS_PTRACE") == 0);
	EXPECT(oomctl_why_proc(ctx, other.pid, 1000, hiding.code, &w, sizeof(w)) == 0);
	EXPECT(w.flags == hiding.by_pid);
	set_who_is_not_there(ctx);
}

/* In a child: pid 1 stays root. */
static void be_hidden_from(void)
{
	struct oomctl_ctx *ctx;
	int status;
	pid_t pid;

	mount_proc(hiding.options);
	EXPECT(oomctl_ctx_new("/proc", "/sys", &ctx) == 0);
	start_other();
	pid = fork();
	if (pid == 0) {
		set_who_is_hidden(ctx);
		_exit(0);
	}
	EXPECT(waitpid(pid, &status, 0) == pid);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void hide(const char *options, int code, uint32_t by_pid, uint32_t missing)
{
	hiding.options = options;
	hiding.code = code;
	hiding.by_pid = by_pid;
	hiding.missing = missing;
	in_namespaces(be_hidden_from);
}

static void set_a_knob_that_is_hidden(void)
{
	mount_proc("subset=pid");
	EXPECT(access("/proc/sys", F_OK) < 0);
	expect_knob("subset=pid", 1, -EOPNOTSUPP, OOMCTL_WHY_HIDDEN);
}

/* Ends as the child of a namespace whose /proc does not show it. */
static void set_own_below_another_proc(void)
{
	int ends[2];
	char c;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		SKIP_CHILD("no right to make namespaces");
	EXPECT(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(pipe(ends) == 0);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mount_proc("");
		EXPECT(write(ends[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	EXPECT(read(ends[0], &c, 1) == 1);
	expect_proc("own file, /proc of a child pid namespace", 0, 1000, -ESRCH,
		    OOMCTL_WHY_HIDDEN);
	expect_pidfd("the same by pidfd", pidfd_of(getpid()), 1000, -ESRCH,
		     OOMCTL_WHY_HIDDEN);
}

static void what_this_proc_does_not_show(void **state)
{
	(void)state;
	hide("hidepid=noaccess", -EPERM, 0, 0);
	hide("hidepid=invisible", -ESRCH, 0, OOMCTL_WHY_MAYBE);
	hide("hidepid=ptraceable", -ESRCH, OOMCTL_WHY_MAYBE, OOMCTL_WHY_MAYBE);
	in_namespaces(set_a_knob_that_is_hidden);
	in_child(set_own_below_another_proc);
}

static void set_a_knob_that_is_not_there(void)
{
	mount_proc("");
	EXPECT(mount("none", "/proc/sys/vm", "tmpfs", 0, NULL) == 0);
	expect_knob("/proc/sys/vm without knobs, as of another kernel", 1, -EOPNOTSUPP,
		    OOMCTL_WHY_NO_KNOB);
}

static void a_knob_that_is_not_there(void **state)
{
	(void)state;
	in_namespaces(set_a_knob_that_is_not_there);
}

static void set_who_has_ended(void)
{
	struct oomctl_ctx *ctx;
	struct oomctl_why w;
	int pidfd;
	pid_t pid;

	mount_proc("");
	EXPECT(oomctl_ctx_new("/proc", "/sys", &ctx) == 0);
	pid = start_sleeper();
	pidfd = pidfd_of(pid);
	end_sleeper(pid);
	expect_proc("a child that was waited for", pid, 1000, -ESRCH, OOMCTL_WHY_GONE);
	expect_proc_below(ctx, "the same below a context", pid, 1000, -ESRCH,
			  OOMCTL_WHY_GONE);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 1000) == -ESRCH);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, 1000, -ESRCH, &w, sizeof(w)) == 0);
	expect_cause(&w, "the same by pidfd", -ESRCH, OOMCTL_WHY_GONE);
	EXPECT(*w.path == '\0');

	/* Another has the number. */
	EXPECT(start_sleeper_with(pid) == pid);
	EXPECT(oomctl_why_proc(NULL, pid, 1000, -ESRCH, &w, sizeof(w)) == 0);
	expect_cause(&w, "the same, and the number is in use again", -ESRCH,
		     OOMCTL_WHY_GONE);
	oomctl_ctx_free(ctx);
}

static void who_has_ended(void **state)
{
	(void)state;
	in_namespaces(set_who_has_ended);
}

static void set_bad_values(void)
{
	expect_proc("1001", 0, 1001, -EINVAL, OOMCTL_WHY_BAD_VALUE);
	expect_pidfd("-1001 by pidfd", pidfd_of(getpid()), -1001, -EINVAL,
		     OOMCTL_WHY_BAD_VALUE);
}

static void values_out_of_range(void **state)
{
	(void)state;
	in_child(set_bad_values);
}

static void set_without_proc(void)
{
	int pidfd = pidfd_of(getpid());

	EXPECT(mount("none", "/proc", "tmpfs", 0, NULL) == 0);
	expect_proc("no /proc is mounted", 0, 1000, -ESRCH, OOMCTL_WHY_NOT_PROC);
	expect_pidfd("the same by pidfd", pidfd, 1000, -ESRCH, OOMCTL_WHY_NOT_PROC);
	expect_knob("the same for a knob", 1, -EOPNOTSUPP, OOMCTL_WHY_NOT_PROC);
}

static void no_proc_at_all(void **state)
{
	(void)state;
	in_namespaces(set_without_proc);
}

static void forbid(const struct sock_filter *filter, size_t len)
{
	struct sock_fprog program = { (unsigned short)len, (struct sock_filter *)filter };

	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		SKIP_CHILD("this kernel has no seccomp filters");
}

/* The low half of an argument of a system call. */
#define ARGUMENT(n)                                                                      \
	(offsetof(struct seccomp_data, args[n]) +                                        \
	 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

static void forbid_opening_to_write(int err)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	forbid(filter, LENGTH(filter));
}

/* But for the standard streams. */
static void forbid_writing(uint32_t action)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_writev, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, action),
	};

	forbid(filter, LENGTH(filter));
}

static void expect_forbidden(const char *how, int code)
{
	int pidfd = pidfd_of(getpid());
	int32_t start = number_in(OWN_ADJ);
	struct oomctl_why w;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 1000) == code);
	EXPECT(oomctl_why_proc(NULL, 0, 1000, code, &w, sizeof(w)) == 0);
	expect_cause(&w, how, code, OOMCTL_WHY_SECURITY_MODULE);
	EXPECT(*w.capability == '\0');
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 1000) == code);
	EXPECT(oomctl_why_pidfd(NULL, pidfd, 1000, code, &w, sizeof(w)) == 0);
	expect_cause(&w, "the same by pidfd", code, OOMCTL_WHY_SECURITY_MODULE);
	if (geteuid() == 0) {
		EXPECT(oomctl_vm_set_oom_dump_tasks(NULL, number_in(DUMP_TASKS)) == code);
		EXPECT(oomctl_why_vm(NULL, OOMCTL_VM_OOM_DUMP_TASKS, code, &w,
				     sizeof(w)) == 0);
		expect_cause(&w, "the same for a knob", code, OOMCTL_WHY_SECURITY_MODULE);
	}
	EXPECT(number_in(OWN_ADJ) == start);
}

static void open_against_eperm(void)
{
	forbid_opening_to_write(EPERM);
	expect_forbidden("a seccomp filter on openat() to write", -EPERM);
}

static void open_against_eacces(void)
{
	forbid_opening_to_write(EACCES);
	expect_forbidden("a seccomp filter on openat() to write", -EACCES);
}

static void write_against_eperm(void)
{
	forbid_writing(SECCOMP_RET_ERRNO | EPERM);
	expect_forbidden("a seccomp filter on write()", -EPERM);
}

static void write_against_eacces(void)
{
	forbid_writing(SECCOMP_RET_ERRNO | EACCES);
	expect_forbidden("a seccomp filter on write()", -EACCES);
}

static void what_a_filter_forbids(void **state)
{
	(void)state;
	in_child(open_against_eperm);
	in_child(open_against_eacces);
	in_child(write_against_eperm);
	in_child(write_against_eacces);
}

static void set_without_descriptors(void)
{
	struct rlimit limit, none;
	struct oomctl_why w;
	int r, unknown;

	EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
	r = oomctl_proc_set_oom_score_adj(NULL, 0, 1000);
	unknown = oomctl_why_proc(NULL, 0, 1000, 0, &w, sizeof(w));
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	EXPECT(r == -EMFILE && unknown == -EMFILE);
	EXPECT(oomctl_why_proc(NULL, 0, 1000, r, &w, sizeof(w)) == 0);
	expect_cause(&w, "no descriptor is left", r, OOMCTL_WHY_OTHER);
}

static void what_is_no_refusal(void **state)
{
	(void)state;
	in_child(set_without_descriptors);
}

/* Under a filter that ends whoever writes. */
static void ask_all(void)
{
	static const int codes[] = { 0, -EACCES, -EPERM, -EROFS, -ESRCH, -EINVAL, -EIO };
	int pidfd = pidfd_of(getpid());
	struct oomctl_why w;

	forbid_writing(SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < LENGTH(codes); i++) {
		EXPECT(oomctl_why_proc(NULL, 0, -1000, codes[i], &w, sizeof(w)) == 0);
		EXPECT(oomctl_why_pidfd(NULL, pidfd, -1000, codes[i], &w, sizeof(w)) ==
		       0);
		for (int knob = OOMCTL_VM_OVERCOMMIT_MEMORY;
		     knob <= OOMCTL_VM_PANIC_TIMEOUT; knob++)
			EXPECT(oomctl_why_vm(NULL, (enum oomctl_vm_knob)knob, codes[i],
					     &w, sizeof(w)) == 0);
	}
}

static void asking_writes_nothing(void **state)
{
	(void)state;
	in_child(ask_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_the_floor),
		cmocka_unit_test(below_the_floor_in_a_user_namespace),
		cmocka_unit_test(who_is_not_dumpable),
		cmocka_unit_test(a_process_of_another_user),
		cmocka_unit_test(what_is_mounted_read_only),
		cmocka_unit_test(a_knob_that_is_not_the_callers),
		cmocka_unit_test(what_this_proc_does_not_show),
		cmocka_unit_test(a_knob_that_is_not_there),
		cmocka_unit_test(who_has_ended),
		cmocka_unit_test(values_out_of_range),
		cmocka_unit_test(no_proc_at_all),
		cmocka_unit_test(what_a_filter_forbids),
		cmocka_unit_test(what_is_no_refusal),
		cmocka_unit_test(asking_writes_nothing),
	};

	return cmocka_run_group_tests_name("live why", tests, NULL, NULL);
}
