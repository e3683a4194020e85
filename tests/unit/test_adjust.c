/* SPDX-License-Identifier: MIT */
#include <oomctl/adjust.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#include "floor.h"
#include "machine.h"

#define OWN "proc/self/oom_score_adj"
#define HELD UINT64_C(0x1000000) /* CAP_SYS_RESOURCE */

static const enum oomctl_adjust_policy strict = OOMCTL_ADJUST_STRICT,
				       clamp = OOMCTL_ADJUST_CLAMP;

/* Of a pidfd; or what happens while a cgroup is waited for. */
static int polls;
static int interrupted; /* so many, each after a millisecond */
static void (*on_poll)(int n);

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (count > 0) {
		fds->revents = 0;
		return 0;
	}
	assert_true(timeout > 0 && timeout <= 100);
	polls++;
	if (polls <= interrupted) {
		assert_int_equal(__real_poll(NULL, 0, 1), 0);
		errno = EINTR;
		return -1;
	}
	if (on_poll)
		on_poll(polls);
	return 0;
}

/* Since boot; 0: what the clock says. */
static time_t boot_s;

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_BOOTTIME || boot_s == 0)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ .tv_sec = boot_s };
	return 0;
}

/* Before a directory or a file is opened. */
static void (*on_open)(const char *path);

/* Is refused to be opened to be set; or to be read, where it was opened so many times before. */
static const char *not_to_set, *not_to_read;
static int spared, not_to_read_fd;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	int fd;

	if (on_open)
		on_open(path);
	if (not_to_set && (flags & O_ACCMODE) == O_RDWR &&
	    strcmp(path, not_to_set) == 0) {
		errno = EACCES;
		return -1;
	}
	fd = __real_openat(dir, path, flags);
	if (not_to_read && strcmp(path, not_to_read) == 0 && spared-- == 0)
		not_to_read_fd = fd;
	return fd;
}

ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);

/* As of a cgroup that was removed. */
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	if (not_to_read && spared < 0 && fd == not_to_read_fd) {
		not_to_read = NULL;
		errno = ENODEV;
		return -1;
	}
	return __real_read(fd, buf, size);
}

static void put_self(const struct fixture *f, int32_t adj, int32_t floor)
{
	put_kernel(floor);
	put_adj(f, OWN, adj);
}

static void put_capabilities(const struct fixture *f, const char *dir, uint64_t held,
			     const char *ns)
{
	put_status(f, dir, &(struct process){ .pid = 1, .cap_eff = held });
	if (ns) {
		fixture_put(f, "proc/self/ns/x", "");
		unlink(fixture_path(f, "proc/self/ns/user"));
		assert_int_equal(symlink(ns, fixture_path(f, "proc/self/ns/user")), 0);
	}
}

static void the_value_in_force_is_told(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_self(f, 0, -1000);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, -1000, strict, &adj), 0);
	assert_int_equal(adj, -1000);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, 1000, clamp, &adj), 0);
	assert_int_equal(adj, 1000);
	assert_int_equal(kernel.writes, 2);
	expect_adj(f, OWN, 1000);
	put_adj(f, "proc/42/oom_score_adj", 3);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 42, 4, strict, &adj), 0);
	expect_adj(f, "proc/42/oom_score_adj", 4);
}

static void below_the_floor_is_refused_when_strict(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_self(f, 100, 0);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, -1, strict, &adj), -EACCES);
	assert_int_equal(oomctl_adjust_proc_by(f->ctx, 0, -101, strict, &adj), -EACCES);
	assert_int_equal(kernel.writes, 2);
	assert_int_equal(adj, UNTOUCHED);
	expect_adj(f, OWN, 100);
}

/* For each floor, from each value above it. */
static void a_clamped_value_is_the_floor(void **state)
{
	const struct fixture *f = *state;
	static const int values[] = { -1000, -999, -500, -1, 0, 1, 500, 999, 1000 };
	int32_t adj;

	for (size_t i = 0; i < LENGTH(values); i++)
		for (size_t k = i; k < LENGTH(values); k++)
			for (size_t w = 0; w < LENGTH(values); w++) {
				put_self(f, values[k], values[i]);
				assert_int_equal(
				    oomctl_adjust_proc(f->ctx, 0, values[w], clamp, &adj),
				    0);
				assert_int_equal(adj, w < i ? values[i] : values[w]);
				assert_true(kernel.writes <= 13);
				expect_adj(f, OWN, adj);
			}
}

static void a_refusal_that_is_not_the_floors_is_told(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_self(f, 100, 0);
	fail_write(1, EACCES); /* all, and for ever */
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, -5, clamp, &adj), -EACCES);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, 200, clamp, &adj), -EACCES);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, 100, clamp, &adj), -EACCES);
	fail_write(1, EPERM);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, -5, clamp, &adj), -EPERM);
	fail_write(1, EINVAL); /* of a process without memory, before Linux 4.8 */
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, 5, strict, &adj), -ESRCH);
	assert_int_equal(adj, UNTOUCHED);
	expect_adj(f, OWN, 100);
}

/* Whichever write fails, the old value is in force. */
static void a_clamp_that_fails_puts_the_old_value_back(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;
	int n;

	for (n = 1;; n++) {
		put_self(f, 100, -333);
		fail_write(n, EIO);
		kernel.fail_for = 1;
		if (oomctl_adjust_proc(f->ctx, 0, -999, clamp, &adj) == 0)
			break;
		assert_int_equal(adj, UNTOUCHED);
		expect_adj(f, OWN, 100);
	}
	assert_true(n > 5);
	expect_adj(f, OWN, -333);
	assert_int_equal(adj, -333);
}

static void what_cannot_be_read_is_not_clamped(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_kernel(0);
	fixture_put(f, OWN, "x\n");
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, -5, clamp, &adj), -EBADMSG);
	assert_int_equal(kernel.writes, 1);
	put_self(f, 100, 0);
	put_capabilities(f, "thread-self", HELD, NULL);
	fixture_put(f, "proc/self/ns/user", "");
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &adj), -EBADMSG);
	assert_int_equal(kernel.writes, 0);
	assert_int_equal(adj, UNTOUCHED);
}

static void a_move_saturates(void **state)
{
	const struct fixture *f = *state;
	static const struct {
		int32_t from, by, to;
	} cases[] = {
		{ 0, 0, 0 },
		{ 900, 100, 1000 },
		{ 900, 101, 1000 },
		{ -900, -100, -1000 },
		{ -900, -101, -1000 },
		{ 1000, INT32_MAX, 1000 },
		{ 1000, INT32_MIN, -1000 },
		{ -1000, INT32_MAX, 1000 },
		{ -1000, INT32_MIN, -1000 },
		{ -5, 7, 2 },
	};
	int32_t adj;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_self(f, cases[i].from, -1000);
		assert_int_equal(
		    oomctl_adjust_proc_by(f->ctx, 0, cases[i].by, strict, &adj), 0);
		assert_int_equal(adj, cases[i].to);
		expect_adj(f, OWN, cases[i].to);
	}
	put_self(f, 10, 7);
	assert_int_equal(oomctl_adjust_proc_by(f->ctx, 0, -50, clamp, &adj), 0);
	assert_int_equal(adj, 7);
}

static void a_value_that_cannot_be_read_is_not_0(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_kernel(-1000);
	fixture_put(f, OWN, "x\n");
	assert_int_equal(oomctl_adjust_proc_by(f->ctx, 0, 5, strict, &adj), -EBADMSG);
	fixture_put(f, OWN, "1001\n");
	assert_int_equal(oomctl_adjust_proc_by(f->ctx, 0, 5, strict, &adj), -ERANGE);
	assert_int_equal(kernel.writes, 0);
	assert_int_equal(adj, UNTOUCHED);
	fixture_expect(f, OWN, "1001\n");
}

static void by_pidfd_is_the_process_behind_it(void **state)
{
	const struct fixture *f = *state;
	int32_t adj = UNTOUCHED;

	put_kernel(-1000);
	fixture_put(f, "proc/thread-self/fdinfo/7", "Pid:\t42\n");
	put_adj(f, "proc/42/oom_score_adj", 3);
	assert_int_equal(oomctl_adjust_pidfd(f->ctx, 7, -4, strict, &adj), 0);
	assert_int_equal(adj, -4);
	assert_int_equal(oomctl_adjust_pidfd_by(f->ctx, 7, -6, clamp, &adj), 0);
	assert_int_equal(adj, -10);
	expect_adj(f, "proc/42/oom_score_adj", -10);
	put_kernel(0);
	assert_int_equal(oomctl_adjust_pidfd(f->ctx, 7, -11, strict, &adj), -EACCES);
	assert_int_equal(adj, -10);
	fixture_put(f, "proc/thread-self/fdinfo/7", "Pid:\t-1\n");
	assert_int_equal(oomctl_adjust_pidfd(f->ctx, 7, 0, strict, &adj), -ESRCH);
	assert_int_equal(oomctl_adjust_pidfd_by(f->ctx, 7, 0, strict, &adj), -ESRCH);
	assert_int_equal(adj, -10);
}

static void arguments_of_one_are_checked(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_ctx *ctx = f->ctx;
	int32_t adj = UNTOUCHED;

	put_self(f, 100, -1000);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, -1001, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, 1001, clamp, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, 0, 0, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, 0, 3, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc(ctx, -1, 0, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, 0, strict, NULL), -EINVAL);
	assert_int_equal(oomctl_adjust_proc_by(ctx, 0, 0, 3, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc_by(ctx, -1, 0, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_proc_by(ctx, 0, 0, strict, NULL), -EINVAL);
	assert_int_equal(oomctl_adjust_pidfd(ctx, -1, 0, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_pidfd(ctx, 7, 1001, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_pidfd(ctx, 7, 0, strict, NULL), -EINVAL);
	assert_int_equal(oomctl_adjust_pidfd_by(ctx, -1, 0, strict, &adj), -EINVAL);
	assert_int_equal(oomctl_adjust_pidfd_by(ctx, 7, 0, strict, NULL), -EINVAL);
	assert_int_equal(oomctl_adjust_find_floor(ctx, NULL), -EINVAL);
	assert_int_equal(kernel.writes, 0);
	assert_int_equal(adj, UNTOUCHED);
	expect_adj(f, OWN, 100);
	fixture_remove(f, OWN);
	assert_int_equal(oomctl_adjust_proc(ctx, 0, 0, strict, &adj), -ESRCH);
	assert_int_equal(oomctl_adjust_proc_by(ctx, 0, 0, strict, &adj), -ESRCH);
	assert_int_equal(adj, UNTOUCHED);
}

static void the_floor_is_found_and_the_value_put_back(void **state)
{
	const struct fixture *f = *state;
	int32_t floor;

	put_capabilities(f, "thread-self", ~HELD, NULL);
	for (int32_t want = -1000; want <= 1000; want += 1) {
		put_self(f, 1000, want);
		assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
		assert_int_equal(floor, want);
		assert_true(kernel.writes <= 12);
		if (want % 100 == 0)
			expect_adj(f, OWN, 1000);
	}
	put_self(f, -5, -1000);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
	assert_int_equal(floor, -1000);
	assert_true(kernel.writes <= 11);
	expect_adj(f, OWN, -5);
}

static void a_holder_of_the_capability_has_no_floor(void **state)
{
	const struct fixture *f = *state;
	int32_t floor = UNTOUCHED;

	put_self(f, 100, 0);
	put_capabilities(f, "thread-self", HELD, "user:[4026531837]");
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
	assert_int_equal(floor, OOMCTL_ADJUST_NO_FLOOR);
	assert_int_equal(kernel.writes, 0);

	/* In another user namespace it is worth nothing. */
	put_capabilities(f, "thread-self", HELD, "user:[4026532222]");
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
	assert_int_equal(floor, 0);
	assert_true(kernel.writes > 0);
}

static void the_thread_counts_or_else_the_process(void **state)
{
	const struct fixture *f = *state;
	int32_t floor = UNTOUCHED;

	put_self(f, 100, 0);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), -ESRCH);
	put_capabilities(f, "self", HELD, "user:[4026531837]");
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
	assert_int_equal(floor, OOMCTL_ADJUST_NO_FLOOR);
	put_capabilities(f, "thread-self", 0, NULL);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &floor), 0);
	assert_int_equal(floor, 0);
}

/* Whichever write fails. */
static void a_search_that_fails_puts_the_old_value_back(void **state)
{
	const struct fixture *f = *state;
	int32_t floor = UNTOUCHED;
	int n;

	put_capabilities(f, "thread-self", 0, NULL);
	for (n = 1;; n++) {
		put_self(f, 100, -333);
		fail_write(n, EIO);
		kernel.fail_for = 1;
		if (oomctl_adjust_find_floor(f->ctx, &floor) == 0)
			break;
		assert_int_equal(floor, UNTOUCHED);
		if (kernel.writes > n) /* else it was the restoring one */
			expect_adj(f, OWN, 100);
	}
	assert_true(n > 8);
	put_self(f, 100, 0);
	fail_write(1, EACCES);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &(int32_t){ 0 }), -EACCES);
	expect_adj(f, OWN, 100);
	fixture_put(f, OWN, "x\n");
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &(int32_t){ 0 }), -EBADMSG);
	fixture_remove(f, OWN);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &(int32_t){ 0 }), -ESRCH);
}

/* A process with a parent. */
static void put_child(const struct fixture *f, int pid, int ppid, uint64_t start,
		      int32_t adj)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text),
		 "%d (x) S %d 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 %" PRIu64
		 " 999999 7 18446744073709551615 0\n",
		 pid, ppid, start);
	fixture_put(f, path, text);
	snprintf(path, sizeof(path), "proc/%d/oom_score_adj", pid);
	put_adj(f, path, adj);
}

static void expect_child(const struct fixture *f, int pid, int32_t adj)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/oom_score_adj", pid);
	expect_adj(f, path, adj);
}

enum { ROOM = 8 };
static struct oomctl_adjust_entry entries[ROOM], many[16];
static struct oomctl_adjust_report report;
static size_t count;

static int adjust_tree(const struct fixture *f, pid_t pid, int32_t adj,
		       enum oomctl_adjust_policy policy, size_t room)
{
	return oomctl_adjust_tree(f->ctx, pid, adj, policy, entries, room,
				  sizeof(entries[0]), &count, &report, sizeof(report));
}

static int adjust_cgroup(const struct fixture *f, const char *cgroup, int32_t adj,
			 uint32_t flags)
{
	return oomctl_adjust_cgroup(f->ctx, cgroup, adj, strict, flags, entries, ROOM,
				    sizeof(entries[0]), &count, &report, sizeof(report));
}

static void put_cgroup(const struct fixture *f, const char *root, const char *procs)
{
	char path[64];

	snprintf(path, sizeof(path), "sys/fs/cgroup%s/a/cgroup.procs", root);
	fixture_put(f, path, procs);
	if (*root == '\0')
		fixture_put(f, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	fixture_put(f, "proc/self/status", "Name:\tx\nUid:\t0\n");
}

static const struct oomctl_adjust_entry *entry_of(pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].pid == pid)
			return &entries[i];
	fail_msg("no entry of %d", pid);
	return NULL;
}

static void expect_entry(pid_t pid, int32_t code, int32_t before, int32_t adj)
{
	const struct oomctl_adjust_entry *e = entry_of(pid);

	assert_int_equal(e->code, code);
	assert_int_equal(e->adj_before, before);
	assert_int_equal(e->adj, adj);
}

static void a_tree_is_set_with_all_its_descendants(void **state)
{
	const struct fixture *f = *state;

	put_kernel(-1000);
	put_child(f, 1, 0, 1, 0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 2, 10, 9, 2); /* numbers begin anew at some time */
	put_child(f, 30, 2, 10, 3);
	put_child(f, 31, 30, 11, 500); /* as wanted */
	put_child(f, 40, 1, 6, 4);     /* another's */
	assert_int_equal(adjust_tree(f, 10, 500, strict, ROOM), 0);
	assert_int_equal(count, 4);
	assert_int_equal(entries[0].pid, 10);
	expect_entry(10, 0, 1, 500);
	expect_entry(2, 0, 2, 500);
	expect_entry(30, 0, 3, 500);
	expect_entry(31, 0, 500, 500);
	assert_true(entry_of(30)->start_ticks == 10);
	assert_int_equal(kernel.writes, 3);
	expect_child(f, 10, 500);
	expect_child(f, 2, 500);
	expect_child(f, 30, 500);
	expect_child(f, 40, 4);
	expect_child(f, 1, 0);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	assert_true(report.passes >= 2 &&
		    report.passes <= 6); /* as the directory has them */
	assert_true(report.unlisted == 0 && report.foreign == 0 && report.gone == 0);
}

/* As 0, which has the number that its children know. */
static void the_callers_tree_has_its_children(void **state)
{
	const struct fixture *f = *state;

	put_kernel(-1000);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 10, 6, 2);
	assert_int_equal(symlink("10", fixture_path(f, "proc/self")), 0);
	assert_int_equal(adjust_tree(f, 0, 500, strict, ROOM), 0);
	assert_int_equal(count, 2);
	assert_int_equal(entries[0].pid, 10);
	expect_entry(10, 0, 1, 500);
	expect_entry(11, 0, 2, 500);
	expect_child(f, 11, 500);
}

static void what_refuses_is_told_and_does_not_stop_the_others(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 5);
	put_child(f, 11, 10, 6, -7);
	put_child(f, 12, 10, 6, 8);
	assert_int_equal(adjust_tree(f, 10, -7, strict, ROOM), 0);
	assert_int_equal(count, 3);
	expect_entry(10, -EACCES, 5, 5);
	expect_entry(11, 0, -7, -7);
	expect_entry(12, -EACCES, 8, 8);
	assert_int_equal(kernel.writes, 2); /* not tried again by each pass */
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);

	assert_int_equal(adjust_tree(f, 10, -7, clamp, ROOM), 0);
	expect_entry(10, 0, 5, 0);
	expect_entry(12, 0, 8, 0);
}

static void unreadable_text_ends_it_all(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 5);
	put_child(f, 11, 10, 6, 7);
	fixture_put(f, "proc/11/oom_score_adj", "x\n");
	count = 77;
	assert_int_equal(adjust_tree(f, 10, 20, strict, ROOM), -EBADMSG);
	put_adj(f, "proc/11/oom_score_adj", 7);
	fixture_put(f, "proc/12/stat", "nonsense");
	assert_int_equal(adjust_tree(f, 10, 20, strict, ROOM), -EBADMSG);
	assert_int_equal(count, 77);
}

/* A refusal is the process's, its end as well; what else fails ends it all. */
static void a_write_that_fails_is_told_or_ends_it_all(void **state)
{
	const struct fixture *f = *state;
	static const struct {
		int err, code;
	} cases[] = { { EACCES, -EACCES },
		      { EPERM, -EPERM },
		      { EROFS, -EROFS },
		      { ESRCH, -ESRCH },
		      { EINVAL, -ESRCH } };

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_kernel(0);
		put_child(f, 10, 1, 5, 1);
		fail_write(1, cases[i].err);
		assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
		assert_int_equal(count, 1);
		expect_entry(10, cases[i].code, 1, 1);
	}
	put_kernel(0);
	fail_write(1, EIO);
	count = 77;
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), -EIO);
	put_kernel(0);
	fail_write(1, ENOMEM);
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), -ENOMEM);
	assert_int_equal(count, 77);
	expect_child(f, 10, 1);
}

static const struct fixture *reused_by;

static void take_its_number(int n)
{
	if (n == 1)
		put_child(reused_by, 10, 1, 6, 3);
}

static void reuse(const char *path)
{
	if (strcmp(path, "11") == 0) {
		on_open = NULL;
		put_child(reused_by, 11, 10, 99, 2);
	}
}

/* Two that have begun at once, at boot, and a third of their number. */
static void what_was_before_is_of_the_same_process(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 0, 1);
	put_child(f, 11, 10, 0, 2);
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
	expect_entry(10, 0, 1, 9);
	expect_entry(11, 0, 2, 9);

	put_cgroup(f, "", "10\n");
	put_child(f, 10, 1, 5, 1);
	polls = 0;
	reused_by = f;
	on_poll = take_its_number;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	on_poll = NULL;
	expect_entry(10, 0, 3, 9);
	assert_true(entry_of(10)->start_ticks == 6);
}

/* Between what a walk reads by number, and its directory. */
static void a_number_that_changes_hands_is_looked_at_again(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 10, 6, 1);
	reused_by = f;
	on_open = reuse;
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
	assert_null(on_open);
	assert_true(report.gone == 1);
	expect_entry(11, 0, 2, 9);
	assert_true(entry_of(11)->start_ticks == 99);
}

/* It may have been forked before its parent was set, and its children, too. */
static void one_that_has_begun_in_this_tick_is_news(void **state)
{
	const struct fixture *f = *state;
	const uint64_t tick = 7 * (uint64_t)sysconf(_SC_CLK_TCK);

	for (uint64_t i = 0; i < 2; i++) {
		put_kernel(0);
		put_child(f, 10, 1, 5, 9);
		put_child(f, 11, 10, tick + i, 9);
		boot_s = 7;
		assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
		boot_s = 0;
		assert_int_equal(report.passes, 2 - i);
	}
}

static void orphan(int n)
{
	if (n == 1)
		put_child(reused_by, 11, 1, 6, 2);
}

static void one_whose_parent_has_ended_stays_in_the_tree(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 1, 0, 1, 1);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 10, 6, 1);
	polls = 0;
	reused_by = f;
	on_poll = orphan;
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
	on_poll = NULL;
	expect_entry(11, 0, 1, 9);
	expect_child(f, 11, 9);
	expect_child(f, 1, 1);
}

/* Such as those that end meanwhile: they do not end the walk. */
static void what_is_no_process_of_the_tree_is_passed_by(void **state)
{
	const struct fixture *f = *state;
	char path[64], text[128];

	put_kernel(0);
	fixture_put(f, "proc/self/stat", "x\n"); /* which is no number */
	put_child(f, 1, 0, 1, 1);
	for (int i = 0; i < 4; i++) {
		put_child(f, 10 + 2 * i, i ? 10 : 1, 5, 1);
		snprintf(path, sizeof(path), "proc/%d/status", 11 + 2 * i);
		fixture_put(f, path, "x\n");
	}
	put_child(f, 20, 0, 5, 1);
	snprintf(text, sizeof(text),
		 "20 (x) S %" PRIu64 " 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5 0 7\n",
		 (UINT64_C(1) << 32) + 10);
	fixture_put(f, "proc/20/stat", text);
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), 0);
	assert_int_equal(count, 4);
	expect_child(f, 20, 1);

	assert_int_equal(adjust_tree(f, 1, 9, strict, ROOM), 0);
	assert_int_equal(count, 5);
	put_child(f, INT32_MAX, 1, 5, 9);
	put_child(f, 30, INT32_MAX, 5, 9);
	assert_int_equal(adjust_tree(f, INT32_MAX, 9, strict, ROOM), 0);
	assert_int_equal(count, 2);
}

static void a_walk_needs_a_descriptor(void **state)
{
	const struct fixture *f = *state;
	struct rlimit before, none;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	count = 77;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(count, 77);
	expect_child(f, 10, 1);
}

static void without_room_a_process_is_left_alone(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 10, 6, 2);
	put_child(f, 12, 10, 6, 3);
	put_child(f, 13, 10, 6, 4);
	assert_int_equal(adjust_tree(f, 10, 9, strict, 2), 0);
	assert_int_equal(count, 2);
	assert_true(report.unlisted == 2); /* the walk goes on behind the first */
	expect_child(f, 10, 9);
	assert_int_equal(kernel.writes, 2);
}

static void a_tree_needs_its_root(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 11, 10, 6, 2);
	count = 77;
	report.passes = 77;
	assert_int_equal(adjust_tree(f, 10, 9, strict, ROOM), -ESRCH);
	assert_int_equal(adjust_tree(f, 0, 9, strict, ROOM), -ESRCH);
	assert_int_equal(count, 77);
	assert_int_equal(report.passes, 77);
	expect_child(f, 11, 2);
}

static void a_cgroup_of_either_version_is_set(void **state)
{
	const struct fixture *f = *state;
	static const char *const roots[] = { "/memory", "" };

	for (size_t i = 0; i < LENGTH(roots); i++) {
		put_kernel(0);
		put_child(f, 10, 1, 5, 1);
		put_child(f, 11, 1, 6, 2);
		put_child(f, 12, 1, 6, 3);
		put_cgroup(f, roots[i], "10\n0\n12\n77\n");
		polls = 0;
		assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
		assert_int_equal(count, 2);
		expect_entry(10, 0, 1, 9);
		expect_entry(12, 0, 3, 9);
		expect_child(f, 11, 2);
		assert_true(report.foreign == 1 && report.gone == report.passes);
		assert_int_equal(report.passes, 3);
		assert_int_equal(polls, 1);
		assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	}
}

/* Of the first version, the root has other controllers' cgroups. */
static void another_controllers_cgroup_is_none_of_memory(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 1, 6, 2);
	put_cgroup(f, "/memory/a", "10\n");
	put_cgroup(f, "/a", "11\n");
	assert_int_equal(adjust_cgroup(f, "/a/a", 9, 0), 0);
	expect_child(f, 10, 9);
	expect_child(f, 11, 2);
}

/* Of the second version, a cgroup may have the name of the first's directory. */
static void a_cgroup_that_is_none_is_not_looked_for_elsewhere(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "");
	fixture_put(f, "sys/fs/cgroup/memory/b/cgroup.procs", "10\n");
	assert_int_equal(adjust_cgroup(f, "/b", 9, 0), -EOPNOTSUPP);
	expect_child(f, 10, 1);
}

/* Cannot be opened, but is there. */
static void put_loop(const struct fixture *f, const char *path)
{
	unlink(fixture_path(f, path));
	assert_int_equal(symlink(strrchr(path, '/') + 1, fixture_path(f, path)), 0);
}

/* A list has numbers of the caller's pid namespace. */
static void other_numbers_are_not_taken_for_those_of_this_proc(void **state)
{
	static const struct {
		const char *text; /* with the caller's number for %d */
		int want;
	} cases[] = {
		{ "Tgid:\t%d\nNStgid:\t%d\n", 0 },
		{ "Tgid:\t%d\n", 0 }, /* before Linux 4.1 */
		{ "Tgid:\t%d1\n", -EOPNOTSUPP },
		{ "Tgid:\t%d1\nNStgid:\t%d1\n", -EOPNOTSUPP },
		{ "Tgid:\t%d\nNStgid:\t%d\t1\n", -EOPNOTSUPP },
		{ "Tgid:\t%d1\nNStgid:\t%d1\t%d\n", -EOPNOTSUPP },
		{ "Tgid:\t%d", -EBADMSG }, /* cut */
		{ "\nTgid:\t%d1\n", -EOPNOTSUPP },
	};
	const struct fixture *f = *state;
	const int me = getpid();
	char text[128];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_kernel(0);
		put_child(f, 10, 1, 5, 1);
		put_cgroup(f, "", "10\n");
		snprintf(text, sizeof(text), cases[i].text, me, me, me);
		fixture_put(f, "proc/self/status", text);
		assert_int_equal(adjust_cgroup(f, "/a", 9, 0), cases[i].want);
		expect_child(f, 10, cases[i].want == 0 ? 9 : 1);
	}

	fixture_remove(f, "proc/self/status"); /* which does not show the caller */
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), -EOPNOTSUPP);
	put_loop(f, "proc/self/status");
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), -EIO);
	fixture_remove(f, "proc/self/status");
	put_cgroup(f, "", "10\n");
	put_loop(f, "sys/fs/cgroup/cgroup.controllers");
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), -EIO);
	expect_child(f, 10, 1);
}

static void one_that_is_born_with_the_value_is_not_waited_for(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 9);
	put_child(f, 11, 1, 6, 9);
	put_cgroup(f, "", "10\n11\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	assert_int_equal(count, 2);
	assert_int_equal(report.passes, 1);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);

	put_kernel(10); /* and one that refuses may have children */
	assert_int_equal(adjust_cgroup(f, "/a", 8, 0), 0);
	assert_int_equal(report.passes, 2);
}

/* The parent has the value, and is come by after its child. */
static void a_child_is_found_though_its_number_is_lower(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 500);
	put_child(f, 300, 10, 6, 500);
	for (int pid = 20; pid < 28; pid++)
		put_child(f, pid, pid < 27 ? pid + 1 : 300, 7, 3);
	assert_int_equal(oomctl_adjust_tree(f->ctx, 10, 500, strict, many, LENGTH(many),
					    sizeof(many[0]), &count, &report,
					    sizeof(report)),
			 0);
	assert_int_equal(count, 10);
	for (int pid = 20; pid < 28; pid++)
		expect_child(f, pid, 500);

	/* Born since, it has none that are older than the call. */
	put_child(f, 10, 1, 5, 500);
	put_child(f, 300, 10, UINT64_MAX / 2, 500);
	for (int pid = 20; pid < 28; pid++)
		put_child(f, pid, 1, 7, 3);
	assert_int_equal(adjust_tree(f, 10, 500, strict, ROOM), 0);
	assert_int_equal(count, 2);
	assert_int_equal(report.passes, 1);
}

static const struct fixture *shown_by;

static void show_a_child(int n)
{
	put_child(shown_by, 11, 10, 6, n == 1 ? 1 : 9);
	put_cgroup(shown_by, "", "10\n11\n");
}

/* Also where the last one of a pass has the value already. */
static void one_that_was_set_asks_for_another_look(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 1, 6, 9);
	put_cgroup(f, "", "10\n11\n");
	polls = 0;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	assert_int_equal(report.passes, 3);
	assert_int_equal(polls, 1);
}

static void forget_procs(const char *path)
{
	if (strcmp(path, "oom_score_adj") == 0)
		unlink(fixture_path(shown_by, "sys/fs/cgroup/a/cgroup.procs"));
}

static void spoil_procs(const char *path)
{
	if (strcmp(path, "oom_score_adj") == 0)
		fixture_put(shown_by, "sys/fs/cgroup/a/cgroup.procs", "10\n\n");
}

/* After the first pass that is the end of them, and before it there is nothing to do. */
static void a_list_may_go_and_not_be_spoilt(void **state)
{
	static const struct {
		const char *procs, *not_to_read;
		int spared, want;
		void (*on_open)(const char *path);
	} cases[] = {
		{ "10\n", NULL, 0, 0, forget_procs },
		{ "10\n", NULL, 0, -EBADMSG, spoil_procs },
		{ "10\n", "fs/cgroup/a/cgroup.procs", 0, -EOPNOTSUPP, NULL },
		{ "10\n", "fs/cgroup/a/cgroup.procs", 1, 0, NULL },
		{ "\n10\n", NULL, 0, -EBADMSG, NULL },
	};
	const struct fixture *f = *state;

	shown_by = f;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_kernel(0);
		put_child(f, 10, 1, 5, 1);
		put_cgroup(f, "", cases[i].procs);
		not_to_read = cases[i].not_to_read;
		spared = cases[i].spared;
		on_open = cases[i].on_open;
		assert_int_equal(adjust_cgroup(f, "/a", 9, 0), cases[i].want);
		on_open = NULL;
		assert_null(not_to_read);
	}
}

/* A fork() that was at work shows its child with the old value. */
static void one_that_shows_later_is_set(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "10\n");
	polls = 0;
	shown_by = f;
	on_poll = show_a_child;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	on_poll = NULL;
	assert_int_equal(count, 2);
	expect_entry(11, 0, 1, 9);
	assert_int_equal(polls, 2);
	assert_int_equal(report.passes, 5);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
}

/* Each look has another value. */
static void set_back(int n)
{
	put_child(shown_by, 10, 1, 5, 100 + n);
}

static void what_never_comes_to_rest_is_not_stable(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "10\n");
	polls = 0;
	shown_by = f;
	on_poll = set_back;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	on_poll = NULL;
	assert_int_equal(report.passes, 32);
	assert_int_equal(report.flags, 0);
	expect_entry(10, 0, 1, entry_of(10)->adj);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* As those of a profiler. */
static void signals_do_not_cut_the_moment_short(void **state)
{
	const struct fixture *f = *state;
	int64_t begin = now_us();

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "10\n");
	polls = 0;
	interrupted = 1000;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	interrupted = 0;
	assert_true(polls > 1);
	assert_true(now_us() - begin >= 10000);
}

static const struct fixture *removed_by;

static void remove_procs(int n)
{
	if (n == 1)
		fixture_remove(removed_by, "sys/fs/cgroup/a/cgroup.procs");
}

/* Also init may be in it. */
static void a_cgroup_may_be_removed_when_it_is_empty(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_child(f, 1, 0, 5, 1);
	put_cgroup(f, "", "1\n");
	removed_by = f;
	polls = 0;
	on_poll = remove_procs;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	on_poll = NULL;
	assert_int_equal(count, 1);
	expect_entry(1, 0, 1, 9);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
}

static void an_empty_cgroup_is_none(void **state)
{
	const struct fixture *f = *state;

	put_kernel(0);
	put_cgroup(f, "", "");
	count = 77;
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), 0);
	assert_int_equal(count, 0);
	assert_int_equal(report.passes, 1);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	count = 77;
	assert_int_equal(adjust_cgroup(f, "/b", 9, 0), -EOPNOTSUPP);
	put_cgroup(f, "", "x\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), -EBADMSG);
	put_cgroup(f, "", "-4\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, 0), -EBADMSG);
	assert_int_equal(count, 77);
	assert_int_equal(kernel.writes, 0);
}

/* Files of a cgroup that can be frozen, and one of the caller. */
static const struct fixture *frozen_by;

static void list_caller(const struct fixture *f, const char *procs)
{
	char pids[32];

	snprintf(pids, sizeof(pids), "1\n%d\n", getpid());
	fixture_put(f, procs, pids);
}

static void put_freezer(const struct fixture *f, const char *freeze, const char *self)
{
	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "10\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.freeze", freeze);
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "populated 1\nfrozen 0\n");
	fixture_put(f, "proc/self/cgroup", self);
	list_caller(f, "sys/fs/cgroup/b/cgroup.procs");
	frozen_by = f;
	polls = 0;
	on_poll = NULL;
}

static void freeze_at_3(int n)
{
	fixture_expect(frozen_by, "sys/fs/cgroup/a/cgroup.freeze", "1\n");
	expect_child(frozen_by, 10, 1);
	if (n == 3)
		fixture_put(frozen_by, "sys/fs/cgroup/a/cgroup.events",
			    "populated 1\nfrozen 1\n");
}

static void a_frozen_cgroup_is_awaited_and_thawed(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	on_poll = freeze_at_3;
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	assert_int_equal(polls, 3);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN);
	expect_child(f, 10, 9);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
}

static void one_that_does_not_freeze_is_set_all_the_same(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	assert_int_equal(polls, 201); /* and the moment after */
	assert_int_equal(report.passes, 3);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	fixture_remove(f, "sys/fs/cgroup/a/cgroup.events");
	assert_int_equal(adjust_cgroup(f, "/a", 10, OOMCTL_ADJUST_FREEZE), -EOPNOTSUPP);
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "");
	assert_int_equal(adjust_cgroup(f, "/a", 10, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "populated 1\nfrozen 10\n");
	assert_int_equal(adjust_cgroup(f, "/a", 10, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	expect_child(f, 10, 9);
}

enum { THAW = 3 }; /* the third write, after a freeze and one process */

static void one_that_is_removed_needs_no_thaw(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	fail_write(THAW, ENODEV);
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	expect_entry(10, 0, 1, 9);
}

static void a_thaw_that_fails_is_told(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	fail_write(THAW, EIO);
	count = 77;
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EIO);
	assert_int_equal(count, 77);
	expect_child(f, 10, 9);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "1\n");

	put_freezer(f, "0\n", "0::/b\n"); /* also when nothing else went well */
	put_cgroup(f, "", "x\n");
	fail_write(2, EIO);
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EIO);
}

static void lose_descriptors(const char *path)
{
	struct rlimit none;

	if (strcmp(path, "fs/cgroup/a/cgroup.procs") != 0)
		return;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &none), 0);
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void a_thaw_needs_no_descriptor(void **state)
{
	const struct fixture *f = *state;
	struct rlimit before;

	put_freezer(f, "0\n", "0::/b\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	on_open = lose_descriptors;
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EMFILE);
	on_open = NULL;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	expect_child(f, 10, 1);
}

static void one_that_was_frozen_stays_so(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "1\n", "0::/b\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\npopulated 1\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	assert_int_equal(kernel.writes, 1);
	assert_int_equal(polls, 0);
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "1\n");
}

static void put_events(const char *path)
{
	if (strcmp(path, "oom_score_adj") == 0)
		fixture_put(frozen_by, "sys/fs/cgroup/a/cgroup.events", "frozen 0\n");
}

static void remove_events(const char *path)
{
	if (strcmp(path, "oom_score_adj") == 0)
		unlink(fixture_path(frozen_by, "sys/fs/cgroup/a/cgroup.events"));
}

static void break_events(const char *path)
{
	if (strcmp(path, "oom_score_adj") == 0)
		fixture_put(frozen_by, "sys/fs/cgroup/a/cgroup.events", "x\n");
}

/* Others may thaw it, and what it said then was of a moment only. */
static void one_that_is_thawed_meanwhile_is_done_again(void **state)
{
	static const struct {
		void (*on_open)(const char *path);
		int want, polls;
		uint32_t flags;
	} cases[] = {
		{ NULL, 0, 0, OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN },
		{ put_events, 0, 1, OOMCTL_ADJUST_STABLE },
		{ remove_events, 0, 0, OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN },
		{ break_events, -EBADMSG, 0, 0 },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_freezer(f, "0\n", "0::/b\n");
		fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
		memset(&report, 0, sizeof(report));
		on_open = cases[i].on_open;
		assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE),
				 cases[i].want);
		on_open = NULL;
		assert_int_equal(polls, cases[i].polls);
		assert_int_equal(report.flags, cases[i].flags);
		expect_child(f, 10, 9);
		fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	}
}

static void put_events_and_set_back(int n)
{
	fixture_put(frozen_by, "sys/fs/cgroup/a/cgroup.events", "frozen 0\n");
	put_child(frozen_by, 10, 1, 5, 100 + n);
}

static void one_that_is_thawed_and_restless_is_not_stable(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
	on_open = put_events;
	on_poll = put_events_and_set_back;
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	on_open = NULL;
	on_poll = NULL;
	assert_int_equal(report.flags, 0);
	assert_int_equal(report.passes, 32);
}

static void it_is_thawed_after_a_failure(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	put_cgroup(f, "", "x\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
}

static void one_that_may_not_be_frozen_is_left_alone(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	not_to_set = "fs/cgroup/a/cgroup.freeze";
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EACCES);
	not_to_set = NULL;
	assert_int_equal(kernel.writes, 0);
	fixture_put(f, "sys/fs/cgroup/a/cgroup.freeze", "-1\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -ERANGE);
	assert_int_equal(kernel.writes, 0);
}

static void what_is_frozen_is_what_is_set(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "0::/b\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
	fixture_remove(f, "sys/fs/cgroup/a/cgroup.procs");
	put_cgroup(f, "/memory", "10\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EOPNOTSUPP);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	expect_child(f, 10, 1);
}

/* Below a /sys of another cgroup namespace, the caller's own path means another cgroup. */
static void who_cannot_be_found_may_be_in_it(void **state)
{
	const struct fixture *f = *state;
	static const char *const selves[] = { "0::/\n", "0::/c\n", "0::/../x\n",
					      "1:cpu:/b\n" };

	for (size_t i = 0; i < LENGTH(selves); i++) {
		put_freezer(f, "0\n", selves[i]);
		fixture_put(f, "sys/fs/cgroup/c/cgroup.procs", "2147483647\n");
		fixture_put(f, "sys/fs/cgroup/cgroup.procs", "2147483647\n");
		assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
		fixture_remove(f, "sys/fs/cgroup/c/cgroup.procs");
		fixture_remove(f, "sys/fs/cgroup/cgroup.procs");
		assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
		fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "0\n");
	}
	put_freezer(f, "0\n", "0::/b\n");
	fixture_put(f, "sys/fs/cgroup/b/cgroup.procs", "x\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	fixture_put(f, "sys/fs/cgroup/b/cgroup.procs", "\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	put_loop(f, "sys/fs/cgroup/b/cgroup.procs");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EIO);
	fixture_remove(f, "sys/fs/cgroup/b/cgroup.procs");
	put_freezer(f, "0\n", "0:x\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	put_freezer(f, "0\n", "\n0::/b\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBADMSG);
	put_freezer(f, "0\n", "0::/b\n");
	assert_int_equal(adjust_cgroup(f, "/", 9, OOMCTL_ADJUST_FREEZE), -EOPNOTSUPP);
	fixture_put(f, "sys/fs/cgroup/cgroup.freeze", "0\n");
	assert_int_equal(adjust_cgroup(f, "/", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
	expect_child(f, 10, 1);
}

static void nobody_freezes_itself(void **state)
{
	const struct fixture *f = *state;

	put_freezer(f, "0\n", "5:cpu:/c\n"); /* has none, and the root has it */
	list_caller(f, "sys/fs/cgroup/cgroup.procs");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
	assert_int_equal(adjust_cgroup(f, "/a", 2, OOMCTL_ADJUST_FREEZE), 0);
	fixture_remove(f, "sys/fs/cgroup/cgroup.procs");
	put_freezer(f, "0\n", "5:cpu:/c\n0::/ab\n"); /* is another */
	list_caller(f, "sys/fs/cgroup/ab/cgroup.procs");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
	assert_int_equal(adjust_cgroup(f, "/a", 1, OOMCTL_ADJUST_FREEZE), 0);
	put_freezer(f, "0\n", "0::/a/below\n");
	count = 77;
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
	put_freezer(f, "0\n", "0::/a\n");
	list_caller(f, "sys/fs/cgroup/a/cgroup.procs");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
	put_freezer(f, "0\n", "0::/b\n"); /* of the main thread */
	fixture_put(f, "proc/thread-self/cgroup", "0::/a/threads\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EBUSY);
	fixture_remove(f, "proc/thread-self/cgroup");
	fixture_remove(f, "proc/self/cgroup");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EOPNOTSUPP);
	put_freezer(f, "2\n", "0::/ab\n");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -ERANGE);
	fixture_expect(f, "sys/fs/cgroup/a/cgroup.freeze", "2\n");
	fixture_remove(f, "sys/fs/cgroup/a/cgroup.freeze");
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), -EOPNOTSUPP);
	assert_int_equal(count, 77);
	expect_child(f, 10, 1);
}

/* Where standard input is closed. */
static void descriptor_0_is_one(void **state)
{
	const struct fixture *f = *state;
	int kept = dup(0);
	int32_t adj = UNTOUCHED;

	put_freezer(f, "0\n", "0::/b\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.events", "frozen 1\n");
	put_capabilities(f, "self", 0, NULL);
	put_adj(f, OWN, 5);
	close(0);
	assert_int_equal(oomctl_adjust_find_floor(f->ctx, &adj), 0);
	assert_int_equal(adj, 0);
	assert_int_equal(adjust_cgroup(f, "/a", 9, OOMCTL_ADJUST_FREEZE), 0);
	expect_child(f, 10, 9);
	assert_int_equal(adjust_cgroup(f, "/a", 8, 0), 0);
	expect_child(f, 10, 8);
	assert_int_equal(oomctl_adjust_proc(f->ctx, 0, 7, strict, &adj), 0);
	assert_int_equal(adj, 7);
	assert_int_equal(fcntl(0, F_GETFD), -1); /* and is closed again */
	if (kept > 0) {
		assert_int_equal(dup2(kept, 0), 0);
		close(kept);
	}
}

static void arguments_of_many_are_checked(void **state)
{
	const struct fixture *f = *state;
	const size_t size = sizeof(entries[0]), rsize = sizeof(report);
	struct oomctl_ctx *ctx = f->ctx;
	size_t n = 77;

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_cgroup(f, "", "10\n");
#define TREE(...) assert_int_equal(oomctl_adjust_tree(ctx, __VA_ARGS__), -EINVAL)
	TREE(-1, 9, strict, entries, ROOM, size, &n, &report, rsize);
	TREE(10, 1001, strict, entries, ROOM, size, &n, &report, rsize);
	TREE(10, -1001, strict, entries, ROOM, size, &n, &report, rsize);
	TREE(10, 9, 0, entries, ROOM, size, &n, &report, rsize);
	TREE(10, 9, strict, NULL, ROOM, size, &n, &report, rsize);
	TREE(10, 9, strict, entries, 0, size, &n, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, size - 1, &n, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, size + 4, &n, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, 65537, &n, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, 65544, &n, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, size, NULL, &report, rsize);
	TREE(10, 9, strict, entries, ROOM, size, &n, NULL, rsize);
	TREE(10, 9, strict, entries, ROOM, size, &n, &report, 0);
	assert_int_equal(adjust_cgroup(f, NULL, 9, 0), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "", 9, 0), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "a", 9, 0), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "/a/", 9, 0), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "/a/../a", 9, 0), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "/a", 9, 2), -EINVAL);
	assert_int_equal(adjust_cgroup(f, "/a", 1001, 0), -EINVAL);
	assert_int_equal(n, 77);
	assert_int_equal(kernel.writes, 0);
	expect_child(f, 10, 1);
}

static void larger_entries_get_zeros(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_adjust_entry e;
		uint64_t later;
	} large[2];

	memset(large, 0x77, sizeof(large));
	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	put_child(f, 11, 10, 6, 1);
	assert_int_equal(oomctl_adjust_tree(f->ctx, 10, 9, strict, &large[0].e, 2,
					    sizeof(large[0]), &count, &report,
					    sizeof(report)),
			 0);
	assert_int_equal(large[1].e.pid, 11);
	assert_true(large[0].later == 0 && large[1].later == 0);
}

static void entries_of_64_kib_are_the_largest(void **state)
{
	const struct fixture *f = *state;
	static struct oomctl_adjust_entry
	    large[65536 / sizeof(struct oomctl_adjust_entry) + 1];

	put_kernel(0);
	put_child(f, 10, 1, 5, 1);
	assert_int_equal(oomctl_adjust_tree(f->ctx, 10, 9, strict, large, 1, 65536,
					    &count, &report, sizeof(report)),
			 0);
	assert_int_equal(large[0].pid, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(the_value_in_force_is_told),
		FIXTURE_TEST(below_the_floor_is_refused_when_strict),
		FIXTURE_TEST(a_clamped_value_is_the_floor),
		FIXTURE_TEST(a_refusal_that_is_not_the_floors_is_told),
		FIXTURE_TEST(a_clamp_that_fails_puts_the_old_value_back),
		FIXTURE_TEST(what_cannot_be_read_is_not_clamped),
		FIXTURE_TEST(a_move_saturates),
		FIXTURE_TEST(what_was_before_is_of_the_same_process),
		FIXTURE_TEST(a_number_that_changes_hands_is_looked_at_again),
		FIXTURE_TEST(one_that_has_begun_in_this_tick_is_news),
		FIXTURE_TEST(one_whose_parent_has_ended_stays_in_the_tree),
		FIXTURE_TEST(what_is_no_process_of_the_tree_is_passed_by),
		FIXTURE_TEST(a_walk_needs_a_descriptor),
		FIXTURE_TEST(a_value_that_cannot_be_read_is_not_0),
		FIXTURE_TEST(by_pidfd_is_the_process_behind_it),
		FIXTURE_TEST(arguments_of_one_are_checked),
		FIXTURE_TEST(the_floor_is_found_and_the_value_put_back),
		FIXTURE_TEST(a_holder_of_the_capability_has_no_floor),
		FIXTURE_TEST(the_thread_counts_or_else_the_process),
		FIXTURE_TEST(a_search_that_fails_puts_the_old_value_back),
		FIXTURE_TEST(a_tree_is_set_with_all_its_descendants),
		FIXTURE_TEST(the_callers_tree_has_its_children),
		FIXTURE_TEST(a_child_is_found_though_its_number_is_lower),
		FIXTURE_TEST(what_refuses_is_told_and_does_not_stop_the_others),
		FIXTURE_TEST(unreadable_text_ends_it_all),
		FIXTURE_TEST(a_write_that_fails_is_told_or_ends_it_all),
		FIXTURE_TEST(without_room_a_process_is_left_alone),
		FIXTURE_TEST(signals_do_not_cut_the_moment_short),
		FIXTURE_TEST(a_cgroup_may_be_removed_when_it_is_empty),
		FIXTURE_TEST(a_tree_needs_its_root),
		FIXTURE_TEST(a_cgroup_of_either_version_is_set),
		FIXTURE_TEST(another_controllers_cgroup_is_none_of_memory),
		FIXTURE_TEST(a_cgroup_that_is_none_is_not_looked_for_elsewhere),
		FIXTURE_TEST(other_numbers_are_not_taken_for_those_of_this_proc),
		FIXTURE_TEST(one_that_is_born_with_the_value_is_not_waited_for),
		FIXTURE_TEST(one_that_was_set_asks_for_another_look),
		FIXTURE_TEST(a_list_may_go_and_not_be_spoilt),
		FIXTURE_TEST(descriptor_0_is_one),
		FIXTURE_TEST(one_that_shows_later_is_set),
		FIXTURE_TEST(what_never_comes_to_rest_is_not_stable),
		FIXTURE_TEST(an_empty_cgroup_is_none),
		FIXTURE_TEST(a_frozen_cgroup_is_awaited_and_thawed),
		FIXTURE_TEST(one_that_does_not_freeze_is_set_all_the_same),
		FIXTURE_TEST(one_that_is_removed_needs_no_thaw),
		FIXTURE_TEST(a_thaw_that_fails_is_told),
		FIXTURE_TEST(a_thaw_needs_no_descriptor),
		FIXTURE_TEST(one_that_was_frozen_stays_so),
		FIXTURE_TEST(one_that_is_thawed_meanwhile_is_done_again),
		FIXTURE_TEST(one_that_is_thawed_and_restless_is_not_stable),
		FIXTURE_TEST(it_is_thawed_after_a_failure),
		FIXTURE_TEST(one_that_may_not_be_frozen_is_left_alone),
		FIXTURE_TEST(what_is_frozen_is_what_is_set),
		FIXTURE_TEST(who_cannot_be_found_may_be_in_it),
		FIXTURE_TEST(nobody_freezes_itself),
		FIXTURE_TEST(arguments_of_many_are_checked),
		FIXTURE_TEST(larger_entries_get_zeros),
		FIXTURE_TEST(entries_of_64_kib_are_the_largest),
	};

	return cmocka_run_group_tests_name("adjust", tests, NULL, NULL);
}
