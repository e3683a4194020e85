/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <oomctl/adjust.h>
#include <oomctl/proc.h>

#include "guest.h"

#define CGROUP "/many"
#define CGROUP_DIR "/sys/fs/cgroup" CGROUP

enum { ROOM = 4096, STORMS = 3, AT_ONCE = 4, DEPTH = 30, WIDTH = 60 };

static struct oomctl_adjust_entry entries[ROOM];
static struct oomctl_adjust_report report;
static size_t count;

/* Written by all processes. */
static struct {
	volatile uint32_t births;
	volatile int32_t pid;
} * shared;

static void share(void)
{
	shared = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(shared != MAP_FAILED);
}

static int adjust_cgroup_at(const char *path, int32_t adj, uint32_t flags)
{
	return oomctl_adjust_cgroup(NULL, path, adj, OOMCTL_ADJUST_STRICT, flags, entries,
				    ROOM, sizeof(entries[0]), &count, &report,
				    sizeof(report));
}

static int adjust_cgroup(int32_t adj, uint32_t flags)
{
	return adjust_cgroup_at(CGROUP, adj, flags);
}

static int adjust_tree(pid_t root, int32_t adj)
{
	return oomctl_adjust_tree(NULL, root, adj, OOMCTL_ADJUST_STRICT, entries, ROOM,
				  sizeof(entries[0]), &count, &report, sizeof(report));
}

/* The value of a process or of one of its threads; or that it has ended. */
enum { GONE = -77777 };

static int32_t value_in(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? atoi(text) : GONE;
}

static int32_t value_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	return value_in(path);
}

/* Of those in the cgroup: how many have the value, and how many another. */
struct census {
	int with, without;
};

static struct census take_census(int32_t adj)
{
	FILE *procs = fopen(CGROUP_DIR "/cgroup.procs", "re");
	struct census c = { 0 };
	int32_t value;
	int pid;

	EXPECT(procs);
	while (fscanf(procs, "%d", &pid) == 1) {
		value = value_of(pid);
		c.with += value == adj;
		c.without += value != adj && value != GONE;
	}
	fclose(procs);
	return c;
}

static void live_for_a_moment(int n)
{
	if (n % 2 == 0 && fork() == 0) { /* and ends after its parent, mostly */
		usleep((useconds_t)(n % 5) * 1000);
		_exit(0);
	}
	usleep((useconds_t)(n % 3) * 1000);
	_exit(0);
}

/* Forks all the time, and never has many descendants: it waits for those of its children, too. */
static void storm(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int n = 0;; n++) {
		pid_t pid = fork();

		if (pid == 0)
			live_for_a_moment(n);
		if (pid > 0)
			__atomic_fetch_add(&shared->births, 1, __ATOMIC_RELAXED);
		if (n >= AT_ONCE)
			waitpid(-1, NULL, 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static pid_t start(void (*body)(void), const char *cgroup)
{
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup)
			enter_cgroup(cgroup);
		body();
		_exit(0);
	}
	return pid;
}

static void await_births(uint32_t n)
{
	uint32_t begin = shared->births;

	for (int i = 0; i < 3000 && shared->births - begin < n; i++)
		usleep(1000);
	EXPECT(shared->births - begin >= n);
}

static pid_t storms[STORMS];

static void start_storms(void)
{
	for (int i = 0; i < STORMS; i++)
		storms[i] = start(storm, CGROUP);
	await_births(20);
}

static void end_storms(void)
{
	struct census left;

	for (int i = 0; i < STORMS; i++)
		end_process(storms[i]);
	do { /* the last ones */
		usleep(1000);
		left = take_census(0);
	} while (left.with + left.without > 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Nobody has another value, neither now nor some births later. */
static int count_missed(int32_t adj)
{
	int missed = 0;

	for (int i = 0; i < 3; i++) {
		struct census c = take_census(adj);

		EXPECT(c.with >= STORMS);
		missed += c.without;
		await_births(5);
	}
	return missed;
}

/* A process that was being born all the while may be missed, as is documented. */
static void try_storm(uint32_t flags, uint32_t want_flags, int rounds)
{
	uint32_t passes = 0, most = 0;
	int missed = 0;

	for (int i = 0; i < rounds; i++) {
		int32_t adj = (i % 2 ? -300 : 200) + (int32_t)flags;

		EXPECT(adjust_cgroup(adj, flags) == 0);
		EXPECT(report.flags == want_flags);
		EXPECT(report.unlisted == 0 && report.foreign == 0);
		EXPECT(count >= STORMS);
		for (size_t k = 0; k < count; k++)
			EXPECT(entries[k].code == -ESRCH ||
			       (entries[k].code == 0 && entries[k].adj == adj));
		passes += report.passes;
		most = report.passes > most ? report.passes : most;
		missed += count_missed(adj);
	}
	EXPECT(flags & OOMCTL_ADJUST_FREEZE ? missed == 0 : missed <= rounds);
	note("%s: %d rounds, %.1f passes, at most %u, %d missed",
	     flags ? "frozen" : "storm", rounds, (double)passes / rounds, most, missed);
}

/* That it goes on is seen by its births. */
static void try_frozen(void)
{
	EXPECT(number_in(CGROUP_DIR "/cgroup.freeze") == 0);
	try_storm(OOMCTL_ADJUST_FREEZE, OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN, 3);
	EXPECT(number_in(CGROUP_DIR "/cgroup.freeze") == 0);
	await_births(20);
}

static void try_frozen_by_somebody_else(void)
{
	uint32_t births;

	put_text(CGROUP_DIR "/cgroup.freeze", "1");
	EXPECT(adjust_cgroup(77, OOMCTL_ADJUST_FREEZE) == 0);
	EXPECT(report.flags == (OOMCTL_ADJUST_STABLE | OOMCTL_ADJUST_FROZEN));
	EXPECT(number_in(CGROUP_DIR "/cgroup.freeze") == 1);
	births = shared->births;
	usleep(50000);
	EXPECT(shared->births == births);
	EXPECT(take_census(77).without == 0);
	put_text(CGROUP_DIR "/cgroup.freeze", "0");
	EXPECT(count_missed(77) == 0);
}

/* Whose own path says nothing: it is that of another cgroup namespace than /sys is of. */
static void is_not_frozen_from_a_namespace(void)
{
	enter_cgroup(CGROUP);
	EXPECT(unshare(CLONE_NEWCGROUP) == 0);
	EXPECT(adjust_cgroup(5, OOMCTL_ADJUST_FREEZE) == -EBUSY);
	EXPECT(number_in(CGROUP_DIR "/cgroup.freeze") == 0);
}

/* By a caller in it, and in one below it. */
static void is_not_frozen_with_itself(void)
{
	int32_t before = value_of(getpid());

	in_child(is_not_frozen_from_a_namespace);
	count = 77;
	enter_cgroup(CGROUP);
	EXPECT(adjust_cgroup(5, OOMCTL_ADJUST_FREEZE) == -EBUSY);
	EXPECT(mkdir(CGROUP_DIR "/below", 0755) == 0 || errno == EEXIST);
	enter_cgroup(CGROUP "/below");
	EXPECT(adjust_cgroup(5, OOMCTL_ADJUST_FREEZE) == -EBUSY);
	EXPECT(count == 77 && value_of(getpid()) == before);
	EXPECT(number_in(CGROUP_DIR "/cgroup.freeze") == 0);
	enter_cgroup("/");
	EXPECT(rmdir(CGROUP_DIR "/below") == 0);
	enter_cgroup(CGROUP);
	EXPECT(adjust_cgroup(5, 0) == 0 && value_of(getpid()) == 5);
}

static void *is_not_frozen_as_a_thread(void *unused)
{
	(void)unused;
	put_text(CGROUP_DIR "/threads/cgroup.threads", "0");
	EXPECT(adjust_cgroup_at(CGROUP "/threads", 5, OOMCTL_ADJUST_FREEZE) == -EBUSY);
	EXPECT(adjust_cgroup_at(CGROUP "/threads", 5, 0) == -EOPNOTSUPP);
	EXPECT(number_in(CGROUP_DIR "/threads/cgroup.freeze") == 0);
	return NULL;
}

/* Whose main thread is elsewhere; and there is no list of processes. */
static void try_cgroup_of_threads(void)
{
	pthread_t thread;

	enter_cgroup(CGROUP);
	EXPECT(mkdir(CGROUP_DIR "/threads", 0755) == 0);
	put_text(CGROUP_DIR "/threads/cgroup.type", "threaded");
	EXPECT(pthread_create(&thread, NULL, is_not_frozen_as_a_thread, NULL) == 0);
	EXPECT(pthread_join(thread, NULL) == 0);
}

static void try_cgroup(void)
{
	make_cgroup(CGROUP, 128 * MB);
	start_storms();
	try_storm(0, OOMCTL_ADJUST_STABLE, 5);
	try_frozen();
	try_frozen_by_somebody_else();
	in_child(is_not_frozen_with_itself);
	in_child(try_cgroup_of_threads);
	EXPECT(rmdir(CGROUP_DIR "/threads") == 0);
	end_storms();
	EXPECT(adjust_cgroup(1, 0) == 0 && count == 0);
	EXPECT(rmdir(CGROUP_DIR) == 0);
	EXPECT(adjust_cgroup(1, 0) == -EOPNOTSUPP);
}

/* Says that it is there, and waits to be ended, with its parent at the latest. */
static _Noreturn void be_there(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	__atomic_fetch_add(&shared->births, 1, __ATOMIC_RELAXED);
	for (;;)
		pause();
}

static void deep(void)
{
	for (int left = DEPTH - 1; left > 0 && fork() == 0; left--)
		;
	be_there();
}

static void wide(void)
{
	for (int i = 0; i < WIDTH - 1; i++)
		if (fork() == 0)
			be_there();
	be_there();
}

static void expect_tree(void (*body)(void), int size)
{
	pid_t root;

	shared->births = 0;
	root = start(body, NULL);
	while (shared->births < (uint32_t)size)
		usleep(1000);
	for (int32_t adj = -1000; adj <= 1000; adj += 2000) {
		EXPECT(adjust_tree(root, adj) == 0);
		EXPECT(count == (size_t)size && entries[0].pid == root);
		EXPECT(report.flags == OOMCTL_ADJUST_STABLE && report.unlisted == 0);
		for (int i = 0; i < size; i++)
			EXPECT(entries[i].code == 0 && entries[i].adj == adj &&
			       value_of(entries[i].pid) == adj);
	}
	EXPECT(value_of(getpid()) == 0);
	end_process(root);
}

/* As pid 0. */
static void adjusts_its_own_tree(void)
{
	pid_t child;

	shared->births = 0;
	child = start(deep, NULL);
	while (shared->births < DEPTH)
		usleep(1000);
	EXPECT(adjust_tree(0, 42) == 0);
	EXPECT(count == DEPTH + 1 && entries[0].pid == getpid());
	EXPECT(value_of(getpid()) == 42 && value_of(child) == 42 && value_of(1) == 0);
	end_process(child);
}

static void try_trees(void)
{
	expect_tree(deep, DEPTH);
	expect_tree(wide, WIDTH);
	in_child(adjusts_its_own_tree);
	note("trees of %d below each other and %d side by side", DEPTH, WIDTH);
}

static void try_tree_in_a_storm(void)
{
	pid_t root;

	shared->births = 0;
	root = start(storm, NULL);
	await_births(20);
	for (int i = 0; i < 4; i++) {
		EXPECT(adjust_tree(root, 100 + i) == 0);
		EXPECT(report.flags == OOMCTL_ADJUST_STABLE && report.unlisted == 0);
		EXPECT(value_of(root) == 100 + i);
		await_births(5);
	}
	end_process(root);
}

static int sharer(void *unused)
{
	(void)unused;
	be_there();
}

static void *thread(void *unused)
{
	(void)unused;
	be_there();
}

/* Two processes with one memory, of which one has two threads. */
static void sharers(void)
{
	static char stack[65536];
	pthread_t second;

	EXPECT(pthread_create(&second, NULL, thread, NULL) == 0);
	while (shared->births < 1)
		usleep(1000);
	shared->pid = clone(sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	EXPECT(shared->pid > 0);
	for (;;)
		pause();
}

static void expect_threads(pid_t pid, int32_t adj)
{
	char path[64];
	int n = 0;

	for (pid_t tid = pid; tid < pid + 50; tid++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/oom_score_adj", pid, tid);
		n += value_in(path) == adj;
	}
	EXPECT(n == 2);
}

static void expect_sharers(pid_t pid, pid_t other, int32_t adj)
{
	EXPECT(value_of(pid) == adj && value_of(other) == adj);
	expect_threads(pid, adj);
}

static void try_sharers(void)
{
	pid_t pid;
	int32_t got;

	shared->births = 0;
	shared->pid = 0;
	pid = start(sharers, NULL);
	while (shared->births < 2 || shared->pid == 0)
		usleep(1000);
	EXPECT(oomctl_adjust_proc(NULL, pid, 300, OOMCTL_ADJUST_STRICT, &got) == 0);
	expect_sharers(pid, shared->pid, 300);
	EXPECT(oomctl_adjust_proc_by(NULL, shared->pid, 1, OOMCTL_ADJUST_STRICT, &got) ==
	       0);
	expect_sharers(pid, shared->pid, 301);
	EXPECT(adjust_tree(pid, -100) == 0);
	EXPECT(count == 2 && entries[0].adj == -100 && entries[1].adj == -100);
	expect_sharers(pid, shared->pid, -100);
	kill(shared->pid, SIGKILL);
	end_process(pid);
}

/* It has the same memory, too, until it calls exec(). */
static void vforks(void)
{
	if (vfork() == 0) {
		shared->pid = getpid();
		for (;;)
			pause();
	}
}

static void try_vfork(void)
{
	pid_t pid, child;
	int32_t got;

	shared->pid = 0;
	pid = start(vforks, NULL);
	while (shared->pid == 0)
		usleep(1000);
	child = shared->pid;
	EXPECT(oomctl_adjust_proc(NULL, pid, 300, OOMCTL_ADJUST_STRICT, &got) == 0);
	EXPECT(value_of(pid) == 300 && value_of(child) == 0);
	EXPECT(oomctl_adjust_proc(NULL, child, 400, OOMCTL_ADJUST_STRICT, &got) == 0);
	EXPECT(value_of(pid) == 300 && value_of(child) == 400);
	EXPECT(adjust_tree(pid, 500) == 0 && count == 2);
	EXPECT(value_of(pid) == 500 && value_of(child) == 500);
	kill(child, SIGKILL);
	end_process(pid);
}

SCENARIO(many)
{
	share();
	try_trees();
	try_sharers();
	try_vfork();
}

SCENARIO(many_storm, .cpus = 2)
{
	share();
	try_cgroup();
	try_tree_in_a_storm();
}
