/* SPDX-License-Identifier: MIT */
#include <oomctl/why.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <oomctl/proc.h>

#include "fixture.h"
#include "test.h"

enum { PIDFD = 7, ME = 1000, ANY = -1, PROC_MAGIC = 0x9fa0, READ_ONLY = 1 };
#define RESOURCE "0000000001000000"

/* What the kernel says: of openings and of looks at a file, by the end of its path. */
struct refusal {
	const char *path;
	int access; /* O_RDONLY, O_WRONLY, O_PATH or ANY */
	int err;
};

static struct refusal refused[4], unseen[4];
static uid_t euid, owner;
static int dumpable, ended, poll_errno, kill_errno, link_errno, fstatfs_errno;
static long magic, mount_flags;
static pid_t asked_for;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __real_fstatat(int dir, const char *path, struct stat *out, int flags);
int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags);
int __wrap_fstatfs(int fd, struct statfs *out);
ssize_t __real_readlinkat(int dir, const char *path, char *buf, size_t size);
ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_kill(pid_t pid, int number);
int __wrap_prctl(int option, ...);
uid_t __wrap_geteuid(void);

static int give(int err)
{
	errno = err;
	return -1;
}

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len >= end_len && strcmp(path + len - end_len, end) == 0;
}

static int find(const struct refusal *all, const char *path, int access)
{
	for (size_t i = 0; i < 4 && all[i].path; i++)
		if (ends_in(path, all[i].path) &&
		    (all[i].access == ANY || all[i].access == access))
			return all[i].err;
	return 0;
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	int err = find(refused, path, flags & (O_ACCMODE | O_PATH));

	return err ? give(err) : __real_openat(dir, path, flags);
}

int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags)
{
	int err = find(unseen, path, ANY);
	int r = err ? give(err) : __real_fstatat(dir, path, out, flags);

	out->st_uid = owner;
	return r;
}

int __wrap_fstatfs(int fd, struct statfs *out)
{
	assert_true(fd >= 0);
	memset(out, 0, sizeof(*out));
	out->f_type = (__typeof__(out->f_type))magic;
	out->f_flags = (__typeof__(out->f_flags))mount_flags;
	return fstatfs_errno ? give(fstatfs_errno) : 0;
}

ssize_t __wrap_readlinkat(int dir, const char *path, char *buf, size_t size)
{
	return link_errno ? give(link_errno) : __real_readlinkat(dir, path, buf, size);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	(void)timeout;
	assert_int_equal(count, 1);
	fds->revents = (short)ended;
	return poll_errno ? give(poll_errno) : ended != 0;
}

int __wrap_kill(pid_t pid, int number)
{
	assert_int_equal(number, 0);
	asked_for = pid;
	return kill_errno ? give(kill_errno) : 0;
}

int __wrap_prctl(int option, ...)
{
	(void)option;
	return dumpable;
}

uid_t __wrap_geteuid(void)
{
	return euid;
}

static void refuse(const char *path, int access, int err)
{
	size_t i = 0;

	while (refused[i].path)
		i++;
	refused[i] = (struct refusal){ path, access, err };
}

static void hide(const char *path, int err)
{
	size_t i = 0;

	while (unseen[i].path)
		i++;
	unseen[i] = (struct refusal){ path, ANY, err };
}

/* A caller to which all is open. */
static void start_over(void)
{
	memset(refused, 0, sizeof(refused));
	memset(unseen, 0, sizeof(unseen));
	euid = owner = ME;
	dumpable = 1;
	ended = poll_errno = kill_errno = link_errno = fstatfs_errno = 0;
	magic = PROC_MAGIC;
	mount_flags = 0;
	asked_for = 0;
}

static int setup(void **state)
{
	start_over();
	return fixture_setup(state);
}

/* Linked statically, a libc meets the wrapped calls itself. */
static int teardown(void **state)
{
	start_over();
	return fixture_teardown(state);
}
#define WHY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Knobs */

#define RATIO "proc/sys/vm/overcommit_ratio"

static struct oomctl_why untouched(void)
{
	struct oomctl_why w;

	memset(&w, 0x77, sizeof(w));
	return w;
}

static enum oomctl_why_cause why_vm(const struct fixture *f, int code)
{
	struct oomctl_why w = untouched();

	assert_int_equal(
	    oomctl_why_vm(f->ctx, OOMCTL_VM_OVERCOMMIT_RATIO, code, &w, sizeof(w)), 0);
	assert_string_equal(w.path, "/proc/sys/vm/overcommit_ratio");
	assert_string_equal(w.capability, "");
	assert_int_equal(w.flags, 0);
	return w.cause;
}

static void vm_fails(const struct fixture *f, int code, int want)
{
	struct oomctl_why w = untouched(), before = w;

	assert_int_equal(
	    oomctl_why_vm(f->ctx, OOMCTL_VM_OVERCOMMIT_RATIO, code, &w, sizeof(w)), want);
	assert_memory_equal(&w, &before, sizeof(w));
}

static void a_knob_that_opens_has_nothing_in_its_way(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, RATIO, "50\n");
	assert_int_equal(why_vm(f, 0), OOMCTL_WHY_NONE);
	fixture_expect(f, RATIO, "50\n");
}

static void each_knob_has_its_path(void **state)
{
	static const char *const paths[] = {
		"/proc/sys/vm/overcommit_memory",
		"/proc/sys/vm/overcommit_ratio",
		"/proc/sys/vm/overcommit_kbytes",
		"/proc/sys/vm/panic_on_oom",
		"/proc/sys/vm/oom_kill_allocating_task",
		"/proc/sys/vm/oom_dump_tasks",
		"/proc/sys/vm/admin_reserve_kbytes",
		"/proc/sys/vm/user_reserve_kbytes",
		"/proc/sys/kernel/panic",
	};
	const struct fixture *f = *state;
	struct oomctl_why w;

	for (size_t i = 0; i < LENGTH(paths); i++) {
		assert_int_equal(oomctl_why_vm(f->ctx, (enum oomctl_vm_knob)(i + 1),
					       -EROFS, &w, sizeof(w)),
				 0);
		assert_string_equal(w.path, paths[i]);
	}
}

/* Nothing is there: a call that looked would say so. */
static void some_codes_tell_the_cause_of_a_knob_alone(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(why_vm(f, -EROFS), OOMCTL_WHY_READ_ONLY);
	assert_int_equal(why_vm(f, -EINVAL), OOMCTL_WHY_BAD_VALUE);
	assert_int_equal(why_vm(f, -EIO), OOMCTL_WHY_OTHER);
	assert_int_equal(why_vm(f, -EMFILE), OOMCTL_WHY_OTHER);
	assert_int_equal(why_vm(f, -ESRCH), OOMCTL_WHY_OTHER);
	assert_int_equal(why_vm(f, INT32_MIN), OOMCTL_WHY_OTHER);
}

static void who_may_not_set_a_knob_is_told_why(void **state)
{
	static const struct {
		uid_t euid, owner;
		int flags;
		enum oomctl_why_cause want;
	} cases[] = {
		{ ME, 0, 0, OOMCTL_WHY_NOT_ROOT },
		{ 65534, 65534, 0, OOMCTL_WHY_NOT_ROOT }, /* neither has a number here */
		{ 0, 65534, 0, OOMCTL_WHY_HOST_WIDE },
		{ 0, 0, 0, OOMCTL_WHY_SECURITY_MODULE },
		{ ME, 0, READ_ONLY, OOMCTL_WHY_READ_ONLY },
		{ 0, 65534, READ_ONLY, OOMCTL_WHY_HOST_WIDE },
		{ 0, 0, READ_ONLY, OOMCTL_WHY_READ_ONLY },
	};
	const struct fixture *f = *state;

	fixture_put(f, RATIO, "50\n");
	refuse("overcommit_ratio", O_WRONLY, EACCES);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		euid = cases[i].euid;
		owner = cases[i].owner;
		mount_flags = cases[i].flags;
		assert_int_equal(why_vm(f, -EACCES), cases[i].want);
		assert_int_equal(why_vm(f, -EPERM), cases[i].want);
		assert_int_equal(why_vm(f, 0), cases[i].want);
	}
	fixture_expect(f, RATIO, "50\n");
}

static void a_write_that_is_refused_to_root_is_a_security_module(void **state)
{
	const struct fixture *f = *state;

	euid = owner = 0;
	fixture_put(f, RATIO, "50\n");
	assert_int_equal(why_vm(f, -EPERM), OOMCTL_WHY_SECURITY_MODULE);
	assert_int_equal(why_vm(f, -EACCES), OOMCTL_WHY_SECURITY_MODULE);
	refuse("overcommit_ratio", ANY, EPERM);
	assert_int_equal(why_vm(f, -EPERM), OOMCTL_WHY_SECURITY_MODULE);
	assert_int_equal(why_vm(f, 0), OOMCTL_WHY_SECURITY_MODULE);
}

/* The second try would not meet what the first one met. */
static void what_is_in_the_way_now_counts(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, RATIO, "50\n");
	refuse("overcommit_ratio", O_WRONLY, EROFS);
	assert_int_equal(why_vm(f, -EACCES), OOMCTL_WHY_READ_ONLY);
	assert_int_equal(why_vm(f, 0), OOMCTL_WHY_READ_ONLY);
}

static void a_knob_that_may_not_even_be_read_is_not_read_only(void **state)
{
	static const int errors[] = { EACCES, EPERM };
	const struct fixture *f = *state;

	euid = owner = 0;
	fixture_put(f, RATIO, "50\n");
	for (size_t i = 0; i < LENGTH(errors); i++) {
		start_over();
		euid = owner = 0;
		refuse("overcommit_ratio", O_WRONLY, EACCES);
		refuse("overcommit_ratio", O_RDONLY, errors[i]);
		assert_int_equal(why_vm(f, -EACCES), OOMCTL_WHY_SECURITY_MODULE);
	}
}

static void a_knob_that_is_missing_is_told_why(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(why_vm(f, -EOPNOTSUPP), OOMCTL_WHY_HIDDEN);
	assert_int_equal(why_vm(f, 0), OOMCTL_WHY_HIDDEN);
	magic = 1;
	assert_int_equal(why_vm(f, -EOPNOTSUPP), OOMCTL_WHY_NOT_PROC);
	refuse(".", O_RDONLY, ENOENT);
	assert_int_equal(why_vm(f, -EOPNOTSUPP), OOMCTL_WHY_NOT_PROC);
	fixture_put(f, "proc/sys/vm/overcommit_memory", "0\n");
	assert_int_equal(why_vm(f, -EOPNOTSUPP), OOMCTL_WHY_NO_KNOB);
	assert_int_equal(why_vm(f, -EACCES), OOMCTL_WHY_NO_KNOB);
}

static void a_knob_that_cannot_be_looked_at_gives_the_code(void **state)
{
	const struct fixture *f = *state;

	hide("sys", EACCES); /* missing, and: */
	vm_fails(f, -EOPNOTSUPP, -EACCES);
	start_over();
	refuse(".", O_RDONLY, ENFILE);
	vm_fails(f, -EOPNOTSUPP, -ENFILE);
	start_over();
	fstatfs_errno = ENOMEM;
	vm_fails(f, -EOPNOTSUPP, -ENOMEM);

	fixture_put(f, RATIO, "50\n");
	start_over();
	refuse("overcommit_ratio", O_WRONLY, EMFILE);
	vm_fails(f, 0, -EMFILE);
	vm_fails(f, -EACCES, -EMFILE);
	start_over();
	refuse("overcommit_ratio", O_WRONLY, EACCES);
	hide("overcommit_ratio", ENOMEM);
	vm_fails(f, -EACCES, -ENOMEM);
	start_over();
	refuse("overcommit_ratio", O_WRONLY, EACCES);
	refuse("overcommit_ratio", O_RDONLY, EMFILE);
	vm_fails(f, -EACCES, -EMFILE);
}

/* Processes */

static void put_process(const struct fixture *f, const char *pid, const char *adj,
			const char *uid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "proc/%s/oom_score_adj", pid);
	fixture_put(f, path, adj);
	snprintf(path, sizeof(path), "proc/%s/status", pid);
	snprintf(text, sizeof(text), "Uid:\t%s\t7\t7\t7\nCapEff:\t0000000000000000\n",
		 uid);
	fixture_put(f, path, text);
}

/* The caller's capabilities, and whether they count. */
static void put_caller(const struct fixture *f, const char *capabilities,
		       const char *namespace)
{
	char text[64];
	const char *path;

	snprintf(text, sizeof(text), "Uid:\t1000\t7\t7\t7\nCapEff:\t%s\n", capabilities);
	fixture_put(f, "proc/thread-self/status", text);
	fixture_put(f, "proc/self/ns/made", "");
	path = fixture_path(f, "proc/self/ns/user");
	unlink(path);
	assert_int_equal(symlink(namespace, path), 0);
}
#define INITIAL "user:[4026531837]"
#define CHILD "user:[4026532000]"

static struct oomctl_why why_proc(const struct fixture *f, pid_t pid, int32_t adj,
				  int code)
{
	struct oomctl_why w = untouched();

	assert_int_equal(oomctl_why_proc(f->ctx, pid, adj, code, &w, sizeof(w)), 0);
	return w;
}

static void expect(struct oomctl_why w, enum oomctl_why_cause cause, uint32_t flags,
		   const char *capability)
{
	assert_int_equal(w.cause, cause);
	assert_int_equal(w.flags, flags);
	assert_string_equal(w.capability, capability);
}

static void proc_fails(const struct fixture *f, pid_t pid, int code, int want)
{
	struct oomctl_why w = untouched(), before = w;

	assert_int_equal(oomctl_why_proc(f->ctx, pid, 99, code, &w, sizeof(w)), want);
	assert_memory_equal(&w, &before, sizeof(w));
}

static void a_value_that_is_not_below_the_present_one_is_not_refused(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_why w;

	put_process(f, "42", "100\n", "1000");
	put_process(f, "self", "100\n", "1000");
	expect(why_proc(f, 42, 100, 0), OOMCTL_WHY_NONE, 0, "");
	expect(why_proc(f, 42, 1000, 0), OOMCTL_WHY_NONE, 0, "");
	w = why_proc(f, 42, 100, 0);
	assert_string_equal(w.path, "/proc/42/oom_score_adj");
	w = why_proc(f, 0, 100, 0);
	assert_string_equal(w.path, "/proc/self/oom_score_adj");
	w = why_proc(f, INT32_MAX, 100, -EROFS);
	assert_string_equal(w.path, "/proc/2147483647/oom_score_adj");
	fixture_expect(f, "proc/42/oom_score_adj", "100\n");
}

static void below_the_floor_it_depends_on_the_capability(void **state)
{
	static const struct {
		const char *capabilities, *namespace;
		enum oomctl_why_cause want, beforehand;
	} cases[] = {
		{ "fffffffffeffffff", INITIAL, OOMCTL_WHY_BELOW_FLOOR,
		  OOMCTL_WHY_BELOW_FLOOR },
		{ "fffffffffeffffff", CHILD, OOMCTL_WHY_BELOW_FLOOR,
		  OOMCTL_WHY_BELOW_FLOOR },
		{ RESOURCE, CHILD, OOMCTL_WHY_USER_NAMESPACE, OOMCTL_WHY_USER_NAMESPACE },
		{ RESOURCE, INITIAL, OOMCTL_WHY_SECURITY_MODULE, OOMCTL_WHY_NONE },
	};
	const struct fixture *f = *state;

	put_process(f, "42", "100\n", "1000");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool is_floor = cases[i].want != OOMCTL_WHY_SECURITY_MODULE;
		const char *capability = is_floor ? "CAP_SYS_RESOURCE" : "";

		put_caller(f, cases[i].capabilities, cases[i].namespace);
		expect(why_proc(f, 42, 99, -EACCES), cases[i].want, 0, capability);
		expect(why_proc(f, 42, 99, 0), cases[i].beforehand,
		       is_floor ? OOMCTL_WHY_MAYBE : 0, capability);
		/* What is not below the present value is not below the floor. */
		expect(why_proc(f, 42, 100, -EACCES), OOMCTL_WHY_SECURITY_MODULE, 0, "");
		/* The floor is never -EPERM. */
		expect(why_proc(f, 42, 99, -EPERM), OOMCTL_WHY_SECURITY_MODULE, 0, "");
	}
	fixture_expect(f, "proc/42/oom_score_adj", "100\n");
}

static void of_a_caller_that_is_not_shown_no_capability_is_known(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "100\n", "1000");
	expect(why_proc(f, 42, 99, -EACCES), OOMCTL_WHY_BELOW_FLOOR, 0,
	       "CAP_SYS_RESOURCE");
}

static void a_plain_file_of_any_text_has_no_floor(void **state)
{
	static const char *const texts[] = { "", "x\n", "1001\n" };
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(texts); i++) {
		put_process(f, "42", texts[i], "1000");
		expect(why_proc(f, 42, -1000, 0), OOMCTL_WHY_NONE, 0, "");
	}
}

/* As a security module may have it. */
static void a_value_that_may_not_be_read_may_be_the_floor(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "100\n", "1000");
	put_caller(f, "0000000000000000", INITIAL);
	refuse("oom_score_adj", O_RDONLY, EACCES);
	expect(why_proc(f, 42, 1000, -EACCES), OOMCTL_WHY_BELOW_FLOOR, OOMCTL_WHY_MAYBE,
	       "CAP_SYS_RESOURCE");
	put_caller(f, RESOURCE, INITIAL);
	expect(why_proc(f, 42, 99, -EACCES), OOMCTL_WHY_SECURITY_MODULE, 0, "");
	expect(why_proc(f, 42, 99, -EPERM), OOMCTL_WHY_SECURITY_MODULE, 0, "");
	expect(why_proc(f, 42, 99, 0), OOMCTL_WHY_NONE, 0, "");
}

/* Looks for the cause of a file that may not be opened to be set, and beforehand. */
static void expect_not_owner(const struct fixture *f, pid_t pid,
			     enum oomctl_why_cause cause, const char *capability)
{
	expect(why_proc(f, pid, 99, -EACCES), cause, 0, capability);
	expect(why_proc(f, pid, 99, 0), cause, 0, capability);
	expect(why_proc(f, pid, 99, -EPERM), cause, 0, capability);
}

static void another_process_is_another_users_or_not_dumpable(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "0\n", "1000");
	put_process(f, "self", "0\n", "1000");
	refuse("oom_score_adj", O_WRONLY, EACCES);
	owner = 0;
	expect_not_owner(f, 42, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	put_process(f, "42", "0\n", "1001");
	expect_not_owner(f, 42, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
	put_process(f, "42", "0\n", "0");
	expect_not_owner(f, 42, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
	owner = 1001;
	expect_not_owner(f, 42, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
	mount_flags = READ_ONLY;
	expect_not_owner(f, 42, OOMCTL_WHY_READ_ONLY, "");
	mount_flags = 0;
	owner = ME;
	expect_not_owner(f, 42, OOMCTL_WHY_SECURITY_MODULE, "");
}

/* By its number, too: of seteuid() only that tells. */
static void the_caller_itself_is_no_other_user(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "0\n", "0");
	assert_int_equal(symlink("42", fixture_path(f, "proc/self")), 0);
	put_process(f, "44", "0\n", "0"); /* a thread of it */
	fixture_put(f, "proc/42/task/42/x", "");
	fixture_put(f, "proc/42/task/44/x", "");
	refuse("oom_score_adj", O_WRONLY, EACCES);
	owner = 0;
	expect_not_owner(f, 0, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	expect_not_owner(f, 42, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	expect_not_owner(f, 44, OOMCTL_WHY_NOT_DUMPABLE, "CAP_DAC_OVERRIDE");
	put_process(f, "43", "0\n", "0"); /* is another */
	expect_not_owner(f, 43, OOMCTL_WHY_OTHER_USER, "CAP_DAC_OVERRIDE");
}

static void noaccess_hides_what_is_listed(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "0\n", "1000");
	refuse("oom_score_adj", ANY, EPERM);
	hide("oom_score_adj", EPERM);
	expect(why_proc(f, 42, 99, -EPERM), OOMCTL_WHY_HIDDEN, 0, "CAP_SYS_PTRACE");
	expect(why_proc(f, 42, 99, 0), OOMCTL_WHY_HIDDEN, 0, "CAP_SYS_PTRACE");
	start_over();
	refuse("oom_score_adj", O_WRONLY, EPERM);
	expect(why_proc(f, 42, 99, -EPERM), OOMCTL_WHY_SECURITY_MODULE, 0, "");
}

static void some_codes_tell_the_cause_of_a_process_alone(void **state)
{
	static const int32_t adjs[] = { -1001, 1001, INT32_MIN, INT32_MAX };
	const struct fixture *f = *state;

	expect(why_proc(f, 42, 0, -EROFS), OOMCTL_WHY_READ_ONLY, 0, "");
	expect(why_proc(f, 42, 0, -EINVAL), OOMCTL_WHY_BAD_VALUE, 0, "");
	expect(why_proc(f, 42, 0, -EIO), OOMCTL_WHY_OTHER, 0, "");
	expect(why_proc(f, 42, 0, -EOPNOTSUPP), OOMCTL_WHY_OTHER, 0, "");
	for (size_t i = 0; i < LENGTH(adjs); i++) {
		expect(why_proc(f, 42, adjs[i], 0), OOMCTL_WHY_BAD_VALUE, 0, "");
		expect(why_proc(f, 42, adjs[i], -EINVAL), OOMCTL_WHY_BAD_VALUE, 0, "");
	}
}

static void a_process_s_file_may_be_read_only_now(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "0\n", "1000");
	refuse("oom_score_adj", O_WRONLY, EROFS);
	expect(why_proc(f, 42, 99, 0), OOMCTL_WHY_READ_ONLY, 0, "");
	expect(why_proc(f, 42, 99, -EACCES), OOMCTL_WHY_READ_ONLY, 0, "");
}

static void expect_missing(const struct fixture *f, pid_t pid,
			   enum oomctl_why_cause cause, uint32_t flags,
			   const char *capability)
{
	expect(why_proc(f, pid, 99, -ESRCH), cause, flags, capability);
	expect(why_proc(f, pid, 99, 0), cause, flags, capability);
}

static void below_a_context_pid_1_tells_who_is_hidden(void **state)
{
	const struct fixture *f = *state;

	expect_missing(f, 42, OOMCTL_WHY_HIDDEN, OOMCTL_WHY_MAYBE, "CAP_SYS_PTRACE");
	put_process(f, "1", "0\n", "0");
	expect_missing(f, 42, OOMCTL_WHY_GONE, 0, "");
	hide("1", EPERM); /* noaccess: who is missing is gone */
	expect_missing(f, 42, OOMCTL_WHY_GONE, 0, "");
	assert_int_equal(asked_for, 0);

	/* invisible: the directory can be opened, without what is in it */
	fixture_put(f, "proc/42/stat", "");
	expect_missing(f, 42, OOMCTL_WHY_HIDDEN, 0, "CAP_SYS_PTRACE");
}

static void a_caller_that_is_not_shown_is_of_another_namespace(void **state)
{
	expect_missing(*state, 0, OOMCTL_WHY_HIDDEN, 0, "");
}

static void plain_files_hide_nobody(void **state)
{
	const struct fixture *f = *state;

	magic = 1;
	expect_missing(f, 42, OOMCTL_WHY_NOT_PROC, 0, "");
	expect_missing(f, 0, OOMCTL_WHY_NOT_PROC, 0, "");
	put_process(f, "self", "0\n", "0");
	expect_missing(f, 42, OOMCTL_WHY_GONE, 0, "");
	refuse(".", O_RDONLY, ENOENT);
	expect_missing(f, 42, OOMCTL_WHY_GONE, 0, "");
}

static void a_number_that_is_in_use_again_is_gone(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "0\n", "1000");
	expect(why_proc(f, 42, 99, -ESRCH), OOMCTL_WHY_GONE, 0, "");
	expect(why_proc(f, 42, 99, 0), OOMCTL_WHY_NONE, 0, "");
}

static void on_this_machine_the_kernel_is_asked_who_is_gone(void **state)
{
	static const struct {
		int err;
		enum oomctl_why_cause want;
	} cases[] = {
		{ ESRCH, OOMCTL_WHY_GONE },
		{ 0, OOMCTL_WHY_HIDDEN },
		{ EPERM, OOMCTL_WHY_HIDDEN },
	};
	struct oomctl_why w;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		kill_errno = cases[i].err;
		asked_for = 0;
		assert_int_equal(
		    oomctl_why_proc(NULL, INT32_MAX, 99, -ESRCH, &w, sizeof(w)), 0);
		assert_int_equal(w.cause, cases[i].want);
		assert_int_equal(w.flags, 0);
		assert_int_equal(asked_for, INT32_MAX);
	}
}

/* Each of its system calls in turn. */
static void a_process_that_cannot_be_looked_at_gives_the_code(void **state)
{
	const struct fixture *f = *state;

	refuse("42", O_PATH, EMFILE); /* is not there, and: */
	proc_fails(f, 42, 0, -EMFILE);
	proc_fails(f, 42, -ESRCH, -EMFILE);
	start_over();
	refuse(".", O_RDONLY, ENFILE);
	proc_fails(f, 42, -ESRCH, -ENFILE);
	start_over();
	fstatfs_errno = ENOMEM;
	proc_fails(f, 42, -ESRCH, -ENOMEM);

	put_process(f, "42", "100\n", "1000");
	start_over();
	refuse("oom_score_adj", O_RDONLY, ENOMEM);
	proc_fails(f, 42, 0, -ENOMEM);
	start_over();
	refuse("oom_score_adj", O_WRONLY, EMFILE);
	proc_fails(f, 42, -EACCES, -EMFILE);
	start_over();
	refuse("thread-self/status", O_RDONLY, EMFILE);
	proc_fails(f, 42, -EACCES, -EMFILE);

	start_over();
	owner = 0;
	refuse("oom_score_adj", O_WRONLY, EACCES);
	refuse("oom_score_adj", O_RDONLY, EMFILE);
	proc_fails(f, 42, -EACCES, -EMFILE);
	start_over();
	refuse("oom_score_adj", O_WRONLY, EACCES);
	hide("oom_score_adj", ENOMEM);
	proc_fails(f, 42, -EACCES, -ENOMEM);
	start_over();
	owner = 0;
	refuse("oom_score_adj", O_WRONLY, EACCES);
	hide("task/42", ENOMEM);
	proc_fails(f, 42, -EACCES, -ENOMEM);
	start_over();
	owner = 0;
	refuse("oom_score_adj", O_WRONLY, EACCES);
	refuse("status", O_RDONLY, EMFILE);
	proc_fails(f, 42, -EACCES, -EMFILE);
}

static void a_process_that_ends_while_it_is_looked_at_is_gone(void **state)
{
	const struct fixture *f = *state;

	put_process(f, "42", "100\n", "1000");
	put_process(f, "1", "0\n", "0");
	refuse("oom_score_adj", O_RDONLY, ESRCH);
	expect(why_proc(f, 42, 99, -EACCES), OOMCTL_WHY_GONE, 0, "");
}

/* By pidfd */

static void put_pidfd(const struct fixture *f, const char *text)
{
	fixture_put(f, "proc/thread-self/fdinfo/7", text);
}

static struct oomctl_why why_pidfd(const struct fixture *f, int32_t adj, int code)
{
	struct oomctl_why w = untouched();

	assert_int_equal(oomctl_why_pidfd(f->ctx, PIDFD, adj, code, &w, sizeof(w)), 0);
	return w;
}

static void pidfd_fails(const struct fixture *f, int code, int want)
{
	struct oomctl_why w = untouched(), before = w;

	assert_int_equal(oomctl_why_pidfd(f->ctx, PIDFD, 99, code, &w, sizeof(w)), want);
	assert_memory_equal(&w, &before, sizeof(w));
}

static void by_pidfd_the_same_is_told(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_why w;

	put_pidfd(f, "Pid:\t42\n");
	put_process(f, "42", "100\n", "1000");
	put_caller(f, "0000000000000000", INITIAL);
	w = why_pidfd(f, 99, -EACCES);
	expect(w, OOMCTL_WHY_BELOW_FLOOR, 0, "CAP_SYS_RESOURCE");
	assert_string_equal(w.path, "/proc/42/oom_score_adj");
	expect(why_pidfd(f, 100, 0), OOMCTL_WHY_NONE, 0, "");
	expect(why_pidfd(f, 1001, -EINVAL), OOMCTL_WHY_BAD_VALUE, 0, "");
	expect(why_pidfd(f, 100, -EROFS), OOMCTL_WHY_READ_ONLY, 0, "");

	owner = 0;
	refuse("oom_score_adj", O_WRONLY, EACCES);
	expect(why_pidfd(f, 99, -EACCES), OOMCTL_WHY_NOT_DUMPABLE, 0, "CAP_DAC_OVERRIDE");
	fixture_expect(f, "proc/42/oom_score_adj", "100\n");
}

static void a_pidfd_tells_who_has_ended(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_why w;

	put_process(f, "42", "100\n", "1000");
	put_pidfd(f, "Pid:\t42\n");
	ended = POLLIN;
	expect(why_pidfd(f, 100, -ESRCH), OOMCTL_WHY_GONE, 0, "");
	expect(why_pidfd(f, 100, 0), OOMCTL_WHY_GONE, 0, "");
	put_pidfd(f, "Pid:\t-1\n");
	w = why_pidfd(f, 100, -ESRCH);
	expect(w, OOMCTL_WHY_GONE, 0, "");
	assert_string_equal(w.path, "");
}

static void a_pidfd_of_who_runs_and_is_not_there_is_hidden(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_why w;

	put_pidfd(f, "Pid:\t42\n");
	w = why_pidfd(f, 100, -ESRCH);
	expect(w, OOMCTL_WHY_HIDDEN, 0, "CAP_SYS_PTRACE");
	assert_string_equal(w.path, "/proc/42/oom_score_adj");
	expect(why_pidfd(f, 100, 0), OOMCTL_WHY_HIDDEN, 0, "CAP_SYS_PTRACE");

	put_pidfd(f, "Pid:\t0\n"); /* of another pid namespace */
	w = why_pidfd(f, 100, -ESRCH);
	expect(w, OOMCTL_WHY_HIDDEN, 0, "");
	assert_string_equal(w.path, "");

	magic = 1;
	fixture_remove(f, "proc/thread-self/fdinfo/7");
	expect(why_pidfd(f, 100, -ESRCH), OOMCTL_WHY_NOT_PROC, 0, "");
	expect(why_pidfd(f, 100, 0), OOMCTL_WHY_NOT_PROC, 0, "");
}

/* Old kernels keep the caller's own fdinfo from one that is not dumpable. */
static void the_file_of_a_pidfd_may_be_refused(void **state)
{
	const struct fixture *f = *state;

	put_pidfd(f, "Pid:\t42\n");
	refuse("fdinfo/7", ANY, EACCES);
	dumpable = 0;
	expect(why_pidfd(f, 100, -EACCES), OOMCTL_WHY_NOT_DUMPABLE, 0,
	       "CAP_DAC_OVERRIDE");
	dumpable = 1;
	expect(why_pidfd(f, 100, -EACCES), OOMCTL_WHY_SECURITY_MODULE, 0, "");
	start_over();
	refuse("fdinfo/7", ANY, EPERM);
	dumpable = 0;
	expect(why_pidfd(f, 100, -EPERM), OOMCTL_WHY_SECURITY_MODULE, 0, "");
}

static void a_pidfd_that_cannot_be_looked_at_gives_the_code(void **state)
{
	const struct fixture *f = *state;

	put_pidfd(f, "Pid:\t42\n");
	poll_errno = ENOMEM;
	pidfd_fails(f, -ESRCH, -ENOMEM);
	start_over();
	refuse("fdinfo/7", ANY, EMFILE);
	pidfd_fails(f, 0, -EMFILE);
	start_over();
	refuse(".", O_RDONLY, ENFILE);
	pidfd_fails(f, -ESRCH, -ENFILE);
	put_pidfd(f, "not of a pidfd\n");
	pidfd_fails(f, 0, -EINVAL);
	pidfd_fails(f, -EROFS, -EINVAL);
	pidfd_fails(f, -EINVAL, -EINVAL);
	fixture_remove(f, "proc/thread-self/fdinfo/7");
	ended = POLLNVAL;
	pidfd_fails(f, -EACCES, -EINVAL);
}

/* Arguments */

static void bad_arguments_are_refused_before_anything_is_looked_at(void **state)
{
	static const int knobs[] = { 0, 10, -1, INT32_MAX, INT32_MIN };
	const struct oomctl_ctx *ctx = ((const struct fixture *)*state)->ctx;
	struct oomctl_why w = untouched(), before = w;

	refuse("", ANY, EMFILE); /* a call that looked would say so */
	hide("", EMFILE);
	for (size_t i = 0; i < LENGTH(knobs); i++)
		assert_int_equal(
		    oomctl_why_vm(ctx, (enum oomctl_vm_knob)knobs[i], 0, &w, sizeof(w)),
		    -EINVAL);
	for (int code = 1; code > 0; code = code == 1 ? INT32_MAX : 0) {
		assert_int_equal(
		    oomctl_why_vm(ctx, OOMCTL_VM_PANIC_TIMEOUT, code, &w, sizeof(w)),
		    -EINVAL);
		assert_int_equal(oomctl_why_proc(ctx, 1, 0, code, &w, sizeof(w)),
				 -EINVAL);
		assert_int_equal(oomctl_why_pidfd(ctx, 1, 0, code, &w, sizeof(w)),
				 -EINVAL);
	}
	assert_int_equal(oomctl_why_proc(ctx, -1, 0, 0, &w, sizeof(w)), -EINVAL);
	assert_int_equal(oomctl_why_proc(ctx, INT32_MIN, 0, 0, &w, sizeof(w)), -EINVAL);
	assert_int_equal(oomctl_why_pidfd(ctx, -1, 0, 0, &w, sizeof(w)), -EINVAL);
	assert_int_equal(oomctl_why_vm(ctx, OOMCTL_VM_PANIC_TIMEOUT, 0, &w, 0), -EINVAL);
	assert_int_equal(oomctl_why_proc(ctx, 1, 0, 0, &w, 0), -EINVAL);
	assert_int_equal(oomctl_why_pidfd(ctx, 1, 0, 0, &w, 0), -EINVAL);
	assert_memory_equal(&w, &before, sizeof(w));
	assert_int_equal(oomctl_why_vm(ctx, OOMCTL_VM_PANIC_TIMEOUT, 0, NULL, sizeof(w)),
			 -EINVAL);
	assert_int_equal(oomctl_why_proc(ctx, 1, 0, 0, NULL, sizeof(w)), -EINVAL);
	assert_int_equal(oomctl_why_pidfd(ctx, 1, 0, 0, NULL, sizeof(w)), -EINVAL);
}

static void a_structure_of_another_size_gets_what_it_knows(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_why known;
		uint64_t newer;
	} w = { untouched(), UNTOUCHED_U64 };
	enum oomctl_why_cause cause[2] = { 99, 99 };

	assert_int_equal(oomctl_why_proc(f->ctx, 1, 0, -EROFS, (void *)&w, sizeof(w)), 0);
	assert_int_equal(w.known.cause, OOMCTL_WHY_READ_ONLY);
	assert_true(w.newer == 0);
	assert_int_equal(oomctl_why_vm(f->ctx, OOMCTL_VM_PANIC_TIMEOUT, -EROFS,
				       (void *)cause, sizeof(cause[0])),
			 0);
	assert_int_equal(cause[0], OOMCTL_WHY_READ_ONLY);
	assert_int_equal(cause[1], 99);
}

static void each_cause_has_a_sentence_of_its_own(void **state)
{
	const char *none = oomctl_why_sentence((enum oomctl_why_cause)(-1));

	(void)state;
	assert_non_null(strstr(none, "Not a cause"));
	assert_ptr_equal(
	    oomctl_why_sentence((enum oomctl_why_cause)(OOMCTL_WHY_OTHER + 1)), none);
	for (int i = OOMCTL_WHY_NONE; i <= OOMCTL_WHY_OTHER; i++) {
		const char *text = oomctl_why_sentence((enum oomctl_why_cause)i);

		assert_true(ends_in(text, ".") && strlen(text) < 300);
		assert_string_not_equal(text, none);
		for (int j = OOMCTL_WHY_NONE; j < i; j++)
			assert_string_not_equal(
			    text, oomctl_why_sentence((enum oomctl_why_cause)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WHY_TEST(a_knob_that_opens_has_nothing_in_its_way),
		WHY_TEST(each_knob_has_its_path),
		WHY_TEST(some_codes_tell_the_cause_of_a_knob_alone),
		WHY_TEST(who_may_not_set_a_knob_is_told_why),
		WHY_TEST(a_write_that_is_refused_to_root_is_a_security_module),
		WHY_TEST(what_is_in_the_way_now_counts),
		WHY_TEST(a_knob_that_may_not_even_be_read_is_not_read_only),
		WHY_TEST(a_knob_that_is_missing_is_told_why),
		WHY_TEST(a_knob_that_cannot_be_looked_at_gives_the_code),
		WHY_TEST(a_value_that_is_not_below_the_present_one_is_not_refused),
		WHY_TEST(below_the_floor_it_depends_on_the_capability),
		WHY_TEST(of_a_caller_that_is_not_shown_no_capability_is_known),
		WHY_TEST(a_plain_file_of_any_text_has_no_floor),
		WHY_TEST(a_value_that_may_not_be_read_may_be_the_floor),
		WHY_TEST(another_process_is_another_users_or_not_dumpable),
		WHY_TEST(the_caller_itself_is_no_other_user),
		WHY_TEST(noaccess_hides_what_is_listed),
		WHY_TEST(some_codes_tell_the_cause_of_a_process_alone),
		WHY_TEST(a_process_s_file_may_be_read_only_now),
		WHY_TEST(below_a_context_pid_1_tells_who_is_hidden),
		WHY_TEST(a_caller_that_is_not_shown_is_of_another_namespace),
		WHY_TEST(plain_files_hide_nobody),
		WHY_TEST(a_number_that_is_in_use_again_is_gone),
		WHY_TEST(on_this_machine_the_kernel_is_asked_who_is_gone),
		WHY_TEST(a_process_that_cannot_be_looked_at_gives_the_code),
		WHY_TEST(a_process_that_ends_while_it_is_looked_at_is_gone),
		WHY_TEST(by_pidfd_the_same_is_told),
		WHY_TEST(a_pidfd_tells_who_has_ended),
		WHY_TEST(a_pidfd_of_who_runs_and_is_not_there_is_hidden),
		WHY_TEST(the_file_of_a_pidfd_may_be_refused),
		WHY_TEST(a_pidfd_that_cannot_be_looked_at_gives_the_code),
		WHY_TEST(bad_arguments_are_refused_before_anything_is_looked_at),
		WHY_TEST(a_structure_of_another_size_gets_what_it_knows),
		WHY_TEST(each_cause_has_a_sentence_of_its_own),
	};

	return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
