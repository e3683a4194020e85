/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <oomctl/meminfo.h>

#include "child.h"
#include "fixture.h"

static int32_t score_of(pid_t pid)
{
	int32_t v = UNTOUCHED;

	assert_int_equal(oomctl_proc_get_oom_score(NULL, pid, &v), 0);
	return v;
}

static int32_t adj_of(pid_t pid)
{
	int32_t v = UNTOUCHED;

	assert_int_equal(oomctl_proc_get_oom_score_adj(NULL, pid, &v), 0);
	return v;
}

/* The score moves with the memory in use: it has to stand still for a moment. */
static void expect_the_score_in_the_file(pid_t pid, int pidfd)
{
	pid_t number = pid ? pid : getpid();
	int32_t before, got, after, by_pidfd = UNTOUCHED;

	do {
		before = number_of(number, "oom_score");
		got = score_of(pid);
		assert_int_equal(oomctl_pidfd_get_oom_score(NULL, pidfd, &by_pidfd), 0);
		after = number_of(number, "oom_score");
	} while (before != after);
	assert_int_equal(got, after);
	assert_int_equal(by_pidfd, after);
}

static void expect_the_adj_in_the_file(pid_t pid, int pidfd)
{
	int32_t want = number_of(pid ? pid : getpid(), "oom_score_adj");
	int32_t by_pidfd = UNTOUCHED;

	assert_int_equal(adj_of(pid), want);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &by_pidfd), 0);
	assert_int_equal(by_pidfd, want);
}

static void getters_say_what_the_files_say(void **state)
{
	pid_t child = start_sleeper();
	pid_t pids[] = { 0, getpid(), child, 1 };

	(void)state;
	for (size_t i = 0; i < LENGTH(pids); i++) {
		int pidfd = pidfd_of(pids[i] ? pids[i] : getpid());

		expect_the_score_in_the_file(pids[i], pidfd);
		expect_the_adj_in_the_file(pids[i], pidfd);
		close(pidfd);
	}
	end_sleeper(child);
}

static void set_own(pid_t pid)
{
	static const int32_t adjs[] = { 1000, 0, 1, 17, 321, 999, 0 };
	int32_t start = number_in("/proc/self/oom_score_adj");
	int32_t v = UNTOUCHED;

	for (size_t i = 0; i < LENGTH(adjs); i++) {
		if (adjs[i] < start)
			continue;
		EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, adjs[i]) == 0);
		EXPECT(number_in("/proc/self/oom_score_adj") == adjs[i]);
		EXPECT(oomctl_proc_get_oom_score_adj(NULL, pid, &v) == 0);
		EXPECT(v == adjs[i]);
	}
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, start) == 0);
	EXPECT(number_in("/proc/self/oom_score_adj") == start);
}

static void set_own_by_both_numbers(void)
{
	set_own(0);
	set_own(getpid());
}

static void what_is_set_is_in_the_file(void **state)
{
	(void)state;
	in_child(set_own_by_both_numbers);
}

static void a_child_is_set_by_pid_and_by_pidfd(void **state)
{
	int32_t own = number_in("/proc/self/oom_score_adj");
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);
	int32_t v = UNTOUCHED;

	(void)state;
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, 901), 0);
	assert_int_equal(number_of(child, "oom_score_adj"), 901);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v), 0);
	assert_int_equal(v, 901);

	assert_int_equal(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 902), 0);
	assert_int_equal(number_of(child, "oom_score_adj"), 902);
	assert_int_equal(number_in("/proc/self/oom_score_adj"), own);
	close(pidfd);
	end_sleeper(child);
}

static void values_out_of_range_change_nothing(void **state)
{
	static const int32_t adjs[] = { 1001, -1001, INT32_MIN, INT32_MAX };
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);

	(void)state;
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, 903), 0);
	for (size_t i = 0; i < LENGTH(adjs); i++) {
		assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, adjs[i]),
				 -EINVAL);
		assert_int_equal(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, adjs[i]),
				 -EINVAL);
	}
	assert_int_equal(number_of(child, "oom_score_adj"), 903);
	close(pidfd);
	end_sleeper(child);
}

static void expect_by_pid(pid_t pid, int code)
{
	int32_t v = UNTOUCHED;

	assert_int_equal(oomctl_proc_get_oom_score(NULL, pid, &v), code);
	assert_int_equal(oomctl_proc_get_oom_score_adj(NULL, pid, &v), code);
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, pid, 1000), code);
	assert_int_equal(v, UNTOUCHED);
}

static void expect_by_pidfd(int pidfd, int code)
{
	int32_t v = UNTOUCHED;

	assert_int_equal(oomctl_pidfd_get_oom_score(NULL, pidfd, &v), code);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v), code);
	assert_int_equal(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 1000), code);
	assert_int_equal(v, UNTOUCHED);
}

static void no_number_and_no_output_are_einval(void **state)
{
	int pidfd = pidfd_of(getpid());

	(void)state;
	expect_by_pid(-1, -EINVAL);
	expect_by_pid(INT32_MIN, -EINVAL);
	assert_int_equal(oomctl_proc_get_oom_score(NULL, 0, NULL), -EINVAL);
	assert_int_equal(oomctl_proc_get_oom_score_adj(NULL, 0, NULL), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score(NULL, pidfd, NULL), -EINVAL);
	assert_int_equal(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, NULL), -EINVAL);
	close(pidfd);
}

/* Its fdinfo is longer than that of any pidfd. */
static int busy_epoll(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };

	for (int i = 0; i < 50; i++) {
		int ends[2];

		EXPECT(pipe2(ends, O_CLOEXEC) == 0);
		EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
	}
	return epoll;
}

static void expect_no_pidfds(void)
{
	int notify = inotify_init1(IN_CLOEXEC);
	int ends[2];
	int32_t v = UNTOUCHED;

	EXPECT(inotify_add_watch(notify, "/", IN_CREATE) > 0);
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	int fds[] = { -1,       INT32_MIN, INT32_MAX, 1000000,
		      AT_FDCWD, ends[0],   notify,    busy_epoll() };
	for (size_t i = 0; i < LENGTH(fds); i++) {
		EXPECT(oomctl_pidfd_get_oom_score(NULL, fds[i], &v) == -EINVAL);
		EXPECT(oomctl_pidfd_get_oom_score_adj(NULL, fds[i], &v) == -EINVAL);
		EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, fds[i], 1000) == -EINVAL);
	}
	EXPECT(v == UNTOUCHED);
	EXPECT(number_in("/proc/self/oom_score_adj") != 1000);
}

static void other_descriptors_are_einval(void **state)
{
	(void)state;
	in_child(expect_no_pidfds);
}

static void who_is_gone_is_esrch(void **state)
{
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);

	(void)state;
	end_sleeper(child);
	expect_by_pid(child, -ESRCH);
	expect_by_pidfd(pidfd, -ESRCH);
	close(pidfd);
}

static void make_zombie(pid_t child)
{
	siginfo_t info;

	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
}

static void a_zombie_is_there_by_pid_only(void **state)
{
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);

	(void)state;
	make_zombie(child);
	assert_int_equal(score_of(child), 0);
	assert_int_equal(adj_of(child), adj_of(0));
	expect_by_pidfd(pidfd, -ESRCH);
	waitpid(child, NULL, 0);
	close(pidfd);
}

/* Ends a process and gives its number to another one. */
static bool replace(pid_t pid)
{
	end_sleeper(pid);
	return start_sleeper_with(pid) == pid;
}

/* Before the library's nth open from now on, the process is replaced. */
static struct {
	pid_t pid;
	int nth;
} to_replace;

int __real_openat(int dir, const char *path, int flags);
int __wrap_openat(int dir, const char *path, int flags);

int __wrap_openat(int dir, const char *path, int flags)
{
	if (to_replace.nth > 0 && --to_replace.nth == 0)
		assert_true(replace(to_replace.pid));
	return __real_openat(dir, path, flags);
}

static int get_score(int pidfd)
{
	int32_t v = UNTOUCHED;
	int r = oomctl_pidfd_get_oom_score(NULL, pidfd, &v);

	assert_int_equal(v, UNTOUCHED);
	return r;
}

static int get_adj(int pidfd)
{
	int32_t v = UNTOUCHED;
	int r = oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v);

	assert_int_equal(v, UNTOUCHED);
	return r;
}

static int set_adj(int pidfd)
{
	return oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 999);
}

static void replace_before(int nth, int (*call)(int pidfd))
{
	pid_t pid = start_sleeper();
	int pidfd = pidfd_of(pid);

	to_replace.pid = pid;
	to_replace.nth = nth;
	assert_int_equal(call(pidfd), -ESRCH);
	assert_int_equal(to_replace.nth, 0);
	assert_int_equal(adj_of(pid), adj_of(0));
	close(pidfd);
	end_sleeper(pid);
}

/* At each moment of a call: it opens the fdinfo, the directory, then the file. */
static void who_got_the_number_since_is_never_touched(void **state)
{
	static int (*const calls[])(int) = { get_score, get_adj, set_adj };
	pid_t pid = start_sleeper();

	(void)state;
	if (!replace(pid))
		SKIP_AVOIDABLE("no right to choose a pid, or a kernel before 5.5");
	end_sleeper(pid);
	assert_int_not_equal(adj_of(0), 999);
	for (int nth = 1; nth <= 3; nth++)
		for (size_t i = 0; i < LENGTH(calls); i++)
			replace_before(nth, calls[i]);
}

/* Opens a pidfd under a number that is free in the rest of the process. */
static void *use_own_descriptors(void *result)
{
	int32_t v;
	int pidfd;

	if (unshare(CLONE_FILES) < 0)
		return NULL;

	pidfd = fcntl(pidfd_of(getpid()), F_DUPFD_CLOEXEC, 500);
	*(int *)result = oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v);
	close(pidfd);
	return NULL;
}

static void a_thread_may_have_descriptors_of_its_own(void **state)
{
	pthread_t thread;
	int result = UNTOUCHED;

	(void)state;
	assert_int_equal(fcntl(500, F_GETFD), -1);
	assert_int_equal(pthread_create(&thread, NULL, use_own_descriptors, &result), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(result, 0);
}

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
enum { HUGE_PAGE = 2 << 20, SHARED_SIZE = 64 << 20 };

static char *reserve(size_t size)
{
	char *p = mmap(NULL, size + HUGE_PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	EXPECT(p != MAP_FAILED);
	return p + (-(uintptr_t)p & (HUGE_PAGE - 1));
}

static void map(char *at, int fd, int prot)
{
	EXPECT(mmap(at, SHARED_SIZE, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
		    0) == at);
}

/* Resident many times, in memory once. In huge pages, where there are any, it is quick.
 */
static void map_more_than_there_is(void)
{
	int fd = memfd_create("shared", MFD_CLOEXEC);
	struct oomctl_meminfo m;
	size_t copies;
	char *p;

	EXPECT(oomctl_meminfo_read(NULL, &m, sizeof(m)) == 0);
	copies = (m.mem_total_kb + m.swap_total_kb) / (SHARED_SIZE / 1024) * 11 / 10 + 2;
	p = reserve(copies * SHARED_SIZE);
	EXPECT(ftruncate(fd, SHARED_SIZE) == 0);
	map(p, fd, PROT_READ | PROT_WRITE);
	if (madvise(p, SHARED_SIZE, MADV_COLLAPSE) < 0 && m.mem_total_kb > 64 << 20)
		SKIP_CHILD("too much RAM to map it page by page");
	for (size_t i = 1; i < copies; i++)
		map(p + i * SHARED_SIZE, fd, PROT_READ);
}

static void exceed_2000(void)
{
	int32_t v = UNTOUCHED;

	map_more_than_there_is();
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 1000) == 0);
	EXPECT(oomctl_proc_get_oom_score(NULL, 0, &v) == 0);
	EXPECT(v == number_in("/proc/self/oom_score"));
	EXPECT(v > 2000);
}

static void a_score_may_exceed_2000(void **state)
{
	struct oomctl_meminfo m;

	(void)state;
	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	if (m.mem_available_kb < SHARED_SIZE / 1024 * 2 + m.mem_total_kb / 256)
		SKIP_UNAVOIDABLE("too little memory is free");
	in_child(exceed_2000);
}

/* With a child that lives, then with one that has ended. */
static void make_round_trips(int trips)
{
	pid_t child = start_sleeper();
	int pidfd = pidfd_of(child);
	int32_t v;

	for (int i = 0; i < trips; i++) {
		assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, child, 500 + i), 0);
		assert_int_equal(oomctl_pidfd_get_oom_score_adj(NULL, pidfd, &v), 0);
		assert_int_equal(v, 500 + i);
		assert_int_equal(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 600 + i), 0);
		assert_int_equal(adj_of(child), 600 + i);
	}
	make_zombie(child);
	expect_by_pidfd(pidfd, -ESRCH);
	end_sleeper(child);
	expect_by_pid(child, -ESRCH);
	expect_by_pidfd(pidfd, -ESRCH);
	close(pidfd);
}

static void no_descriptor_is_left_behind(void **state)
{
	int before = open_descriptors();

	(void)state;
	for (int i = 0; i < 500; i++)
		make_round_trips(20);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(getters_say_what_the_files_say),
		cmocka_unit_test(what_is_set_is_in_the_file),
		cmocka_unit_test(a_child_is_set_by_pid_and_by_pidfd),
		cmocka_unit_test(values_out_of_range_change_nothing),
		cmocka_unit_test(no_number_and_no_output_are_einval),
		cmocka_unit_test(other_descriptors_are_einval),
		cmocka_unit_test(who_is_gone_is_esrch),
		cmocka_unit_test(a_zombie_is_there_by_pid_only),
		cmocka_unit_test(who_got_the_number_since_is_never_touched),
		cmocka_unit_test(a_thread_may_have_descriptors_of_its_own),
		cmocka_unit_test(a_score_may_exceed_2000),
		cmocka_unit_test(no_descriptor_is_left_behind),
	};

	return cmocka_run_group_tests_name("live proc", tests, NULL, NULL);
}
