/* SPDX-License-Identifier: MIT */
#include <oomctl/adjust.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"

#ifdef __has_feature
#define THREAD_SANITIZED __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZED 1
#else
#define THREAD_SANITIZED 0
#endif

enum { ROOM = 4096 };

static struct oomctl_adjust_entry entries[ROOM];
static struct oomctl_adjust_report report;
static size_t count;

static int32_t own(void)
{
	return number_in("/proc/self/oom_score_adj");
}

static bool try_write(int32_t adj)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "%d", adj);
	bool ok = fd >= 0 && write(fd, text, (size_t)len) == len;

	close(fd);
	return ok;
}

/* As the kernel answers without the library: from above, one after the other. */
static int32_t floor_by_plain_writes(void)
{
	int32_t adj = own(), before = adj;

	while (adj > OOMCTL_SCORE_ADJ_MIN && try_write(adj - 1))
		adj--;
	EXPECT(try_write(before));
	return adj;
}

static void expect_floor_to_be_found(void)
{
	int32_t want, floor = UNTOUCHED, before;

	drop_resource_capability();
	want = floor_by_plain_writes();
	for (int32_t adj = want; adj <= 1000; adj += adj < 990 ? 111 : 10) {
		EXPECT(try_write(adj));
		before = own();
		EXPECT(oomctl_adjust_find_floor(NULL, &floor) == 0 && floor == want);
		EXPECT(own() == before);
	}
}

static void the_floor_is_what_plain_writes_find(void **state)
{
	(void)state;
	in_child(expect_floor_to_be_found);
}

/* One that this test may not be allowed to go below: it stays with the parent's. */
static void expect_clamped_value(void)
{
	int32_t floor, adj = UNTOUCHED;

	drop_resource_capability();
	floor = floor_by_plain_writes();
	EXPECT(oomctl_adjust_proc(NULL, 0, 1000, OOMCTL_ADJUST_STRICT, &adj) == 0);
	EXPECT(adj == 1000 && own() == 1000);
	if (floor > OOMCTL_SCORE_ADJ_MIN) {
		adj = UNTOUCHED;
		EXPECT(oomctl_adjust_proc(NULL, 0, floor - 1, OOMCTL_ADJUST_STRICT,
					  &adj) == -EACCES);
		EXPECT(oomctl_adjust_proc_by(NULL, 0, floor - 1001, OOMCTL_ADJUST_STRICT,
					     &adj) == -EACCES);
		EXPECT(adj == UNTOUCHED && own() == 1000);
	}
	EXPECT(oomctl_adjust_proc(NULL, getpid(), -1000, OOMCTL_ADJUST_CLAMP, &adj) == 0);
	EXPECT(adj == floor && own() == floor);
	EXPECT(oomctl_adjust_proc_by(NULL, 0, INT32_MAX, OOMCTL_ADJUST_STRICT, &adj) ==
	       0);
	EXPECT(adj == 1000 && own() == 1000);
	EXPECT(oomctl_adjust_proc_by(NULL, 0, INT32_MIN, OOMCTL_ADJUST_CLAMP, &adj) == 0);
	EXPECT(adj == floor && own() == floor);
}

static void a_clamped_value_is_the_floor(void **state)
{
	(void)state;
	in_child(expect_clamped_value);
}

static void expect_another_to_be_set_by_pidfd(void)
{
	pid_t pid = start_sleeper();
	int pidfd = pidfd_of(pid);
	int32_t floor, adj = UNTOUCHED;

	if (pidfd < 0)
		SKIP_CHILD("a kernel before 5.3 has no pidfd_open()");
	drop_resource_capability();
	floor = floor_by_plain_writes();
	EXPECT(oomctl_adjust_pidfd(NULL, pidfd, 900, OOMCTL_ADJUST_STRICT, &adj) == 0);
	EXPECT(adj == 900 && number_of(pid, "oom_score_adj") == 900);
	EXPECT(oomctl_adjust_pidfd_by(NULL, pidfd, 50, OOMCTL_ADJUST_STRICT, &adj) == 0);
	EXPECT(adj == 950 && number_of(pid, "oom_score_adj") == 950);
	EXPECT(oomctl_adjust_pidfd_by(NULL, pidfd, -5000, OOMCTL_ADJUST_CLAMP, &adj) ==
	       0);
	EXPECT(adj == floor && number_of(pid, "oom_score_adj") == floor);

	end_sleeper(pid);
	adj = UNTOUCHED;
	EXPECT(oomctl_adjust_pidfd(NULL, pidfd, 1, OOMCTL_ADJUST_STRICT, &adj) == -ESRCH);
	EXPECT(oomctl_adjust_pidfd_by(NULL, pidfd, 1, OOMCTL_ADJUST_CLAMP, &adj) ==
	       -ESRCH);
	EXPECT(oomctl_adjust_proc(NULL, pid, 1, OOMCTL_ADJUST_STRICT, &adj) == -ESRCH);
	EXPECT(oomctl_adjust_pidfd(NULL, STDIN_FILENO, 1, OOMCTL_ADJUST_STRICT, &adj) ==
	       -EINVAL);
	EXPECT(adj == UNTOUCHED);
}

static void a_process_behind_a_pidfd_is_set_until_it_ends(void **state)
{
	(void)state;
	in_child(expect_another_to_be_set_by_pidfd);
}

/* A user may set his own processes, and nobody else's. */
static void expect_anothers_process_to_be_refused(void)
{
	int32_t adj = UNTOUCHED, parents = number_of(getppid(), "oom_score_adj");

	become_nobody();
	EXPECT(oomctl_adjust_proc(NULL, getppid(), 1000, OOMCTL_ADJUST_CLAMP, &adj) ==
	       -EACCES);
	EXPECT(oomctl_adjust_find_floor(NULL, &adj) == -EACCES); /* not dumpable */
	EXPECT(adj == UNTOUCHED);
	EXPECT(number_of(getppid(), "oom_score_adj") == parents);
}

static void a_process_of_another_user_is_refused(void **state)
{
	(void)state;
	in_child(expect_anothers_process_to_be_refused);
}

static int adjust_tree(pid_t root, int32_t adj)
{
	return oomctl_adjust_tree(NULL, root, adj, OOMCTL_ADJUST_STRICT, entries, ROOM,
				  sizeof(entries[0]), &count, &report, sizeof(report));
}

static bool is_listed(pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].pid == pid)
			return true;
	return false;
}

/* Below the caller: 3 side by side, each with 4 below one another. Written by all. */
static struct family {
	int next, count;
	pid_t pids[64];
} * family;

static void be_one_of_family(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	family->pids[__atomic_fetch_add(&family->next, 1, __ATOMIC_SEQ_CST)] = getpid();
	__atomic_fetch_add(&family->count, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void make_shared(void)
{
	family = mmap(NULL, sizeof(*family), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(family != MAP_FAILED);
}

static void await_family(int n)
{
	while (__atomic_load_n(&family->count, __ATOMIC_SEQ_CST) < n)
		usleep(1000);
}

static void start_family(void)
{
	make_shared();
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			for (int left = 3; left > 0 && fork() == 0; left--)
				;
			be_one_of_family();
		}
	}
	await_family(12);
}

static void expect_tree_of_caller(void)
{
	pid_t stranger = getppid();
	int32_t strangers = number_of(stranger, "oom_score_adj");

	start_family();
	EXPECT(adjust_tree(0, 1000) == 0);
	EXPECT(count == 13 && entries[0].pid == getpid() && own() == 1000);
	EXPECT(report.flags == OOMCTL_ADJUST_STABLE && report.unlisted == 0);
	for (int i = 0; i < 12; i++) {
		EXPECT(is_listed(family->pids[i]));
		EXPECT(number_of(family->pids[i], "oom_score_adj") == 1000);
	}
	for (size_t i = 0; i < count; i++)
		EXPECT(entries[i].code == 0 && entries[i].adj == 1000);
	EXPECT(number_of(stranger, "oom_score_adj") == strangers);

	EXPECT(adjust_tree(family->pids[0], 999) == 0);
	EXPECT(count >= 1 && count <= 4 && entries[0].pid == family->pids[0]);
	EXPECT(own() == 1000);
}

static void a_tree_is_set_and_nobody_else(void **state)
{
	(void)state;
	in_child(expect_tree_of_caller);
}

/* Forks, and waits, all the time. */
static void fork_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	family->count = 1;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
		__atomic_fetch_add(&family->count, 1, __ATOMIC_SEQ_CST);
	}
}

static void expect_tree_with_a_forker(void)
{
	pid_t pid;
	int from;

	make_shared();
	pid = fork();
	if (pid == 0)
		fork_for_ever();
	await_family(5);
	for (int32_t adj = 980; adj <= 1000; adj++) {
		EXPECT(adjust_tree(0, adj) == 0);
		EXPECT(report.flags == OOMCTL_ADJUST_STABLE && report.unlisted == 0);
		EXPECT(report.passes < 32);
		EXPECT(own() == adj && number_of(pid, "oom_score_adj") == adj);
		EXPECT(is_listed(pid));
	}
	from = family->count;
	await_family(from + 5);
	end_sleeper(pid);
}

static void one_that_forks_all_the_time_is_no_obstacle(void **state)
{
	(void)state;
	in_child(expect_tree_with_a_forker);
}

static void *wait_in_thread(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static int wait_as_process(void *unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
	return 0;
}

static void expect_threads_to_be_one_process(void)
{
	static char stack[65536];
	pthread_t thread;
	pid_t other;
	int32_t adj;
	int n = 0;
	char path[64];

	for (int i = 0; i < 5; i++)
		EXPECT(pthread_create(&thread, NULL, wait_in_thread, NULL) == 0);
	other = clone(wait_as_process, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	EXPECT(other > 0);
	EXPECT(adjust_tree(0, 990) == 0);
	EXPECT(count == 2 && entries[0].adj == 990 && entries[1].adj == 990);
	EXPECT(own() == 990 && number_of(other, "oom_score_adj") == 990);
	EXPECT(oomctl_adjust_proc(NULL, other, 991, OOMCTL_ADJUST_STRICT, &adj) == 0);
	for (pid_t tid = getpid(); tid < getpid() + 1000; tid++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/oom_score_adj", tid);
		n += number_in(path) == 991;
	}
	EXPECT(n == 6);
	end_sleeper(other);
}

static void threads_and_sharers_of_memory_have_it_together(void **state)
{
	(void)state;
	if (THREAD_SANITIZED)
		SKIP_UNAVOIDABLE("the sanitizer knows no process that shares its memory");
	in_child(expect_threads_to_be_one_process);
}

/* A cgroup of either version. */
static struct {
	char dir[128], path[64];
} cgroup;

static bool make_cgroup_at(const char *root)
{
	char procs[256];

	snprintf(cgroup.path, sizeof(cgroup.path), "/oomctl-adjust-%d", getpid());
	snprintf(cgroup.dir, sizeof(cgroup.dir), "%s%s", root, cgroup.path);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup.dir);
	if (mkdir(cgroup.dir, 0755) < 0)
		return false;
	if (access(procs, W_OK) == 0)
		return true;
	rmdir(cgroup.dir);
	return false;
}

static void move_into(const char *dir, pid_t pid)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && dprintf(fd, "%d", pid) > 0);
	close(fd);
}

static pid_t members[20];

static int remove_cgroup(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(members); i++)
		if (members[i] > 0) {
			end_sleeper(members[i]);
			members[i] = 0;
		}
	rmdir(cgroup.dir);
	return 0;
}

static int adjust_cgroup(const char *path, int32_t adj, uint32_t flags, size_t room)
{
	return oomctl_adjust_cgroup(NULL, path, adj, OOMCTL_ADJUST_STRICT, flags, entries,
				    room, sizeof(entries[0]), &count, &report,
				    sizeof(report));
}

static void a_cgroup_is_set_and_nobody_else(void **state)
{
	int32_t outside;

	(void)state;
	if (!make_cgroup_at("/sys/fs/cgroup") && !make_cgroup_at("/sys/fs/cgroup/memory"))
		SKIP_UNAVOIDABLE("no right to make a cgroup with its processes");
	outside = own();
	for (size_t i = 0; i < LENGTH(members); i++) {
		members[i] = start_sleeper();
		move_into(cgroup.dir, members[i]);
	}
	assert_int_equal(adjust_cgroup(cgroup.path, 1000, 0, ROOM), 0);
	assert_int_equal(count, LENGTH(members));
	assert_int_equal(report.flags, OOMCTL_ADJUST_STABLE);
	for (size_t i = 0; i < LENGTH(members); i++) {
		assert_true(is_listed(members[i]));
		assert_int_equal(number_of(members[i], "oom_score_adj"), 1000);
		assert_int_equal(entries[i].adj_before, outside);
	}
	assert_int_equal(own(), outside);

	assert_int_equal(adjust_cgroup(cgroup.path, 999, 0, 3), 0);
	assert_int_equal(count, 3);
	assert_true(report.unlisted == LENGTH(members) - 3);
	count = 77;
	assert_int_equal(adjust_cgroup("/oomctl-none", 999, 0, ROOM), -EOPNOTSUPP);
	assert_int_equal(count, 77);
}

/* A number of its list is another process's in this /proc, which is of the outer namespace. */
enum { SHARED_NUMBER = 77 };

static void expect_list_to_be_of_others(void)
{
	int32_t before = number_of(SHARED_NUMBER, "oom_score_adj");

	EXPECT(start_sleeper_with(SHARED_NUMBER) == SHARED_NUMBER);
	move_into(cgroup.dir, SHARED_NUMBER);
	EXPECT(adjust_cgroup(cgroup.path, 1000, 0, ROOM) == -EOPNOTSUPP);
	EXPECT(before != 1000 && number_of(SHARED_NUMBER, "oom_score_adj") == before);
	end_sleeper(SHARED_NUMBER);
}

static void enter_inner_namespace(void)
{
	mount_proc("");
	EXPECT(adjust_cgroup(cgroup.path, 1000, 0, ROOM) == 0); /* here it is listed */
	EXPECT(start_sleeper_with(SHARED_NUMBER) == SHARED_NUMBER);
	enter_namespaces(expect_list_to_be_of_others);
}

static void a_list_of_another_pid_namespace_is_refused(void **state)
{
	(void)state;
	if (!make_cgroup_at("/sys/fs/cgroup") && !make_cgroup_at("/sys/fs/cgroup/memory"))
		SKIP_UNAVOIDABLE("no right to make a cgroup with its processes");
	in_namespaces(enter_inner_namespace);
}

/* What freezing does is seen in the lab. */
static void a_cgroup_of_the_first_version_is_not_frozen(void **state)
{
	(void)state;
	if (!make_cgroup_at("/sys/fs/cgroup/memory"))
		SKIP_UNAVOIDABLE("no memory controller of the first version");
	members[0] = start_sleeper();
	move_into(cgroup.dir, members[0]);
	count = 77;
	assert_int_equal(adjust_cgroup(cgroup.path, 1000, OOMCTL_ADJUST_FREEZE, ROOM),
			 -EOPNOTSUPP);
	assert_int_equal(count, 77);
	assert_int_equal(number_of(members[0], "oom_score_adj"), own());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_floor_is_what_plain_writes_find),
		cmocka_unit_test(a_clamped_value_is_the_floor),
		cmocka_unit_test(a_process_behind_a_pidfd_is_set_until_it_ends),
		cmocka_unit_test(a_process_of_another_user_is_refused),
		cmocka_unit_test(a_tree_is_set_and_nobody_else),
		cmocka_unit_test(one_that_forks_all_the_time_is_no_obstacle),
		cmocka_unit_test(threads_and_sharers_of_memory_have_it_together),
		cmocka_unit_test_teardown(a_cgroup_is_set_and_nobody_else, remove_cgroup),
		cmocka_unit_test_teardown(a_list_of_another_pid_namespace_is_refused,
					  remove_cgroup),
		cmocka_unit_test_teardown(a_cgroup_of_the_first_version_is_not_frozen,
					  remove_cgroup),
	};

	return cmocka_run_group_tests_name("live adjust", tests, NULL, NULL);
}
