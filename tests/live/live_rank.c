/* SPDX-License-Identifier: MIT */
#include <oomctl/rank.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "fixture.h"
#include "memory.h"

enum { MANY = 32768 };

static struct oomctl_rank_entry entries[MANY];
static struct oomctl_rank_report report;
static size_t found;

/* A process as this test sees it, by files that it reads itself. */
struct seen {
	pid_t pid;
	int32_t score, adj;
	long long badness;
	unsigned long long start;
};

static void read_text(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* The number after a word, in pages of what is printed in kB. */
static long long pages_in(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoll(at + strlen(word), NULL, 10) * 1024 / sysconf(_SC_PAGESIZE)
		  : 0;
}

static bool read_stat(pid_t pid, char *comm, unsigned long long *start, long long *rss)
{
	char text[4096], *end;

	read_text(pid, "stat", text, sizeof(text));
	end = strrchr(text, ')');
	if (!end)
		return false;
	*end = '\0';
	if (comm)
		snprintf(comm, 16, "%.15s", strchr(text, '(') + 1);
	return sscanf(end + 1,
		      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		      "%*d %*d %*d %llu %*u %lld",
		      start, rss) == 2;
}

static long long ram_and_swap(void)
{
	struct sysinfo info;

	assert_int_equal(sysinfo(&info), 0);
	return (long long)((info.totalram + info.totalswap) * info.mem_unit /
			   (unsigned long)sysconf(_SC_PAGESIZE));
}

/* As the kernel does it since 5.9; false when the process has ended. */
static bool look_at(pid_t pid, long long total, struct seen *out)
{
	char text[8192];
	long long rss;

	out->pid = pid;
	out->score = number_of(pid, "oom_score");
	out->adj = number_of(pid, "oom_score_adj");
	if (!read_stat(pid, NULL, &out->start, &rss))
		return false;
	read_text(pid, "status", text, sizeof(text));
	out->badness = rss + pages_in(text, "VmSwap:") + pages_in(text, "VmPTE:") +
		       out->adj * (total / 1000);
	return out->score != UNTOUCHED && out->adj != UNTOUCHED;
}

static int by_badness(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->badness != y->badness)
		return x->badness < y->badness ? 1 : -1;
	if (x->start != y->start)
		return x->start < y->start ? 1 : -1;
	return y->pid - x->pid;
}

static bool is_before_5_9(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	return major < 5 || (major == 5 && minor < 9);
}

/* The test's own arithmetic is that of one formula. */
#define NEED_5_9()                                                                       \
	do {                                                                             \
		if (is_before_5_9())                                                     \
			SKIP_UNAVOIDABLE("a kernel before 5.9 has another formula");     \
	} while (0)

/* Children that sit on their memory. They end with the test. */
static struct seen children[512];
static int child_count;

static void sit_on(size_t size, int32_t adj, int ready)
{
	char *p = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "%d", adj);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	EXPECT(p != MAP_FAILED && write(fd, text, (size_t)len) == len);
	EXPECT(write(ready, "k", 1) == 1);
	for (;;)
		pause();
}

static void add_child(size_t size, int32_t adj)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		sit_on(size, adj, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_true(wait_until_asleep(pid));
	children[child_count++].pid = pid;
}

static void look_at_children(long long total)
{
	for (int i = 0; i < child_count; i++)
		assert_true(look_at(children[i].pid, total, &children[i]));
	qsort(children, (size_t)child_count, sizeof(children[0]), by_badness);
}

static int end_children(void **state)
{
	(void)state;
	while (child_count > 0)
		end_sleeper(children[--child_count].pid);
	return 0;
}

static int place_of(pid_t pid)
{
	for (int i = 0; i < child_count; i++)
		if (children[i].pid == pid)
			return i;
	return -1;
}

/* 60 of them: more adjustments than sizes, and less. */
static void add_various_children(void)
{
	for (int i = 0; i < 60; i++)
		add_child((size_t)(i * 7 % 20) * MB, 940 + i * 13 % 30 * 2);
}

static void rank(int (*call)(const struct oomctl_ctx *, struct oomctl_rank_entry *,
			     size_t, size_t, size_t *, struct oomctl_rank_report *,
			     size_t),
		 size_t capacity)
{
	assert_int_equal(call(NULL, entries, capacity, sizeof(entries[0]), &found,
			      &report, sizeof(report)),
			 0);
	assert_true(found <= capacity && found <= report.processes);
}

/* The test's children are the first of themselves; others may be between them. */
static int expect_children_in_order(void)
{
	int next = 0;

	for (size_t i = 0; i < found; i++) {
		const struct seen *want = &children[next];

		if (place_of(entries[i].pid) < 0)
			continue;
		assert_int_equal(entries[i].pid, want->pid);
		assert_int_equal(entries[i].oom_score, want->score);
		assert_int_equal(entries[i].task.oom_score_adj, want->adj);
		assert_int_equal(entries[i].flags, OOMCTL_RANK_DETAILED);
		assert_int_equal(entries[i].badness_pages, want->badness);
		assert_int_equal(entries[i].start_ticks, want->start);
		assert_int_equal(entries[i].uid, getuid());
		next++;
	}
	return next;
}

static size_t count_others(void)
{
	size_t n = 0;

	for (size_t i = 0; i < found; i++)
		n += place_of(entries[i].pid) < 0;
	return n;
}

static void expect_descending_badness(void)
{
	for (size_t i = 1; i < found; i++)
		assert_true(entries[i - 1].badness_pages >= entries[i].badness_pages);
}

static void victims_come_in_the_kernels_order(void **state)
{
	static const size_t capacities[] = { 1, 5, 10, 59, 60, MANY };

	(void)state;
	NEED_5_9();
	add_various_children();
	look_at_children(ram_and_swap());
	for (size_t i = 0; i < LENGTH(capacities); i++) {
		rank(oomctl_rank_victims, capacities[i]);
		assert_int_equal(report.total_pages, ram_and_swap());
		assert_int_equal(report.rule, OOMCTL_SCORE_RULE_5_9);
		assert_int_equal(report.flags, 0);
		expect_descending_badness();
		assert_int_equal(expect_children_in_order(),
				 capacities[i] == MANY ? 60 : found - count_others());
		assert_true(found == capacities[i] || capacities[i] == MANY);
	}
	for (size_t i = 0; i < found; i++)
		assert_int_equal(entries[i].task.flags & OOMCTL_TASK_UNKILLABLE, 0);
}

static void expect_winners_of_a_tie(size_t capacity)
{
	rank(oomctl_rank_victims, capacity);
	assert_int_equal(found, capacity);
	expect_descending_badness();
	assert_int_equal(expect_children_in_order(), found - count_others());
}

/* Of the highest, so that few others are before them; and not astride of an edge. */
static void add_equal_children(int n)
{
	for (int32_t adj = 1000; adj > 900; adj -= 3) {
		int equal = 0;

		for (int i = 0; i < n; i++)
			add_child(0, adj);
		look_at_children(ram_and_swap());
		for (int i = 0; i < n; i++)
			equal += children[i].score == children[0].score;
		if (equal == n)
			return;
		end_children(NULL);
	}
	fail_msg("no adjustment gives equal scores");
}

static void of_300_with_one_score_the_right_ones_win(void **state)
{
	static const size_t capacities[] = { 1, 2, 7, 100, 299, 300 };
	int same = 0;

	(void)state;
	NEED_5_9();
	add_equal_children(300);
	for (size_t i = 0; i < LENGTH(capacities); i++)
		expect_winners_of_a_tie(capacities[i]);
	for (int i = 1; i < child_count; i++)
		same += children[i].badness == children[i - 1].badness;
	print_message("300 with score %d, %d of them equal to the page\n",
		      children[0].score, same + 1);
}

struct snapshot {
	struct seen list[MANY];
	int count;
};

static void take_snapshot(struct snapshot *s)
{
	long long total = ram_and_swap();
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	s->count = 0;
	while ((entry = readdir(dir)) && s->count < MANY)
		if (entry->d_name[0] > '0' && entry->d_name[0] <= '9')
			s->count += look_at((pid_t)atoi(entry->d_name), total,
					    &s->list[s->count]);
	closedir(dir);
}

static const struct seen *find(const struct snapshot *s, pid_t pid)
{
	for (int i = 0; i < s->count; i++)
		if (s->list[i].pid == pid)
			return &s->list[i];
	return NULL;
}

static const struct oomctl_rank_entry *find_entry(pid_t pid)
{
	for (size_t i = 0; i < found; i++)
		if (entries[i].pid == pid)
			return &entries[i];
	return NULL;
}

static void expect_sorted_by_score_and_pid(void)
{
	for (size_t i = 1; i < found; i++) {
		assert_true(entries[i - 1].oom_score >= entries[i].oom_score);
		if (entries[i - 1].oom_score == entries[i].oom_score)
			assert_true(entries[i - 1].pid < entries[i].pid);
	}
}

static struct snapshot before, after;

/* All that were the same before and after. */
static int expect_those_that_stood_still(void)
{
	int n = 0;

	for (int i = 0; i < before.count; i++) {
		const struct seen *was = &before.list[i];
		const struct seen *is = find(&after, was->pid);
		const struct oomctl_rank_entry *e = find_entry(was->pid);

		if (!is || is->start != was->start || is->score != was->score ||
		    is->adj != was->adj)
			continue;
		if (!e)
			fail_msg("%d with score %d is not among %d, %d unread", was->pid,
				 was->score, (int)found, (int)report.unread);
		assert_int_equal(e->oom_score, was->score);
		assert_int_equal(e->task.oom_score_adj, was->adj);
		n++;
	}
	return n;
}

static void scores_are_those_of_the_files_in_order(void **state)
{
	time_t end = time(NULL) + 10; /* soon over where there are thousands */
	int still = 0, rounds = 0;

	(void)state;
	add_various_children();
	for (; rounds < 20 && time(NULL) < end; rounds++) {
		take_snapshot(&before);
		rank(oomctl_rank_scores, MANY);
		take_snapshot(&after);
		assert_int_equal(report.flags, 0);
		expect_sorted_by_score_and_pid();
		still += expect_those_that_stood_still();
		for (int c = 0; c < child_count; c++)
			assert_non_null(find_entry(children[c].pid));
	}
	print_message("%d of %d processes stood still and were right\n", still / rounds,
		      before.count);
	assert_true(still >= rounds * child_count);
}

/* Says in its name what adjustment it has; the name first. */
static void live_for_a_moment(int n)
{
	char name[16], text[8];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "%d", 900 + n % 100);

	snprintf(name, sizeof(name), "storm) %d", 900 + n % 100);
	prctl(PR_SET_NAME, name);
	EXPECT(write(fd, text, (size_t)len) == len);
	usleep((useconds_t)(n % 7) * 1000);
	_exit(0);
}

static pid_t start_storm(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int n = 0;; n++) {
		if (fork() == 0)
			live_for_a_moment(n);
		if (n >= 24)
			waitpid(-1, NULL, 0);
	}
}

/* What an entry says is of one process: its name was set before its adjustment. */
static bool expect_nothing_mixed(const struct oomctl_rank_entry *e)
{
	unsigned long long start;
	long long rss;
	char comm[16], want[16];

	assert_int_equal(e->flags, OOMCTL_RANK_DETAILED);
	snprintf(want, sizeof(want), "storm) %d", e->task.oom_score_adj);
	if (strncmp(e->comm, "storm", 5) == 0 && e->task.oom_score_adj >= 900)
		assert_string_equal(e->comm, want);
	if (!read_stat(e->pid, comm, &start, &rss))
		return false;
	assert_int_equal(e->start_ticks, start);
	return true;
}

static void a_storm_of_processes_is_ranked_without_error(void **state)
{
	int descriptors = open_descriptors(), ended = 0, storm = 0;
	pid_t pid = start_storm();
	time_t end = time(NULL) + 15;

	(void)state;
	for (int i = 0; i < 200 && time(NULL) < end; i++) {
		rank(oomctl_rank_victims, i % 3 == 0 ? 8 : MANY);
		for (size_t n = 0; n < found; n++) {
			storm += strncmp(entries[n].comm, "storm", 5) == 0;
			ended += !expect_nothing_mixed(&entries[n]);
		}
		rank(oomctl_rank_scores, i % 2 == 0 ? 8 : MANY);
	}
	end_sleeper(pid);
	assert_int_equal(open_descriptors(), descriptors);
	print_message("%d of the storm seen, %d ended since\n", storm, ended);
	assert_true(storm > 0);
}

static void rank_before(pid_t pid, size_t capacity)
{
	assert_int_equal(oomctl_rank_before(NULL, pid, entries, capacity,
					    sizeof(entries[0]), &found, &report,
					    sizeof(report)),
			 0);
	assert_int_equal(found, report.ahead < capacity ? report.ahead : capacity);
}

static void those_ahead_are_counted_and_listed(void **state)
{
	(void)state;
	NEED_5_9();
	add_various_children();
	add_child(40 * MB, 1000);
	look_at_children(ram_and_swap());
	for (int i = 0; i < child_count; i += 7) {
		rank_before(children[i].pid, MANY);
		assert_int_equal(expect_children_in_order(), i);
		assert_int_equal(report.ahead, (size_t)i + count_others());
		rank_before(children[i].pid, 3);
		expect_children_in_order();
	}
	rank(oomctl_rank_victims, 1);
	rank_before(entries[0].pid, MANY);
	assert_int_equal(report.ahead, 0);
}

/* Those that the kernel never chooses have a score of 0. */
static int count_ahead_of_caller(const struct snapshot *s)
{
	const struct seen *own = find(s, getpid());
	int n = 0;

	assert_non_null(own);
	for (int i = 0; i < s->count; i++)
		n += s->list[i].score > 0 && by_badness(&s->list[i], own) < 0;
	return n;
}

/* On a machine in use others change meanwhile: some look has to agree. */
static void those_ahead_of_the_caller_are_as_many_as_by_own_sort(void **state)
{
	int tries = 0, first, last;

	(void)state;
	NEED_5_9();
	add_various_children();
	do {
		assert_true(tries++ < 50);
		take_snapshot(&before);
		rank_before(0, 4);
		take_snapshot(&after);
		first = count_ahead_of_caller(&before);
		last = count_ahead_of_caller(&after);
	} while (first != last || report.ahead != (uint64_t)first);
	print_message("%d of %d processes are ahead of the caller, after %d looks\n",
		      first, before.count, tries);
	assert_true(first >= child_count);
}

/* A memory controller of either version. */
static struct {
	const char *limit; /* name of the file */
	char dir[128], below[160];
	char path[64]; /* as /proc/PID/cgroup has it */
} cgroup;

static bool write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static bool make_cgroup_at(const char *root, const char *limit)
{
	char path[256];

	snprintf(cgroup.path, sizeof(cgroup.path), "/oomctl-test-%d", getpid());
	snprintf(cgroup.dir, sizeof(cgroup.dir), "%s%s", root, cgroup.path);
	snprintf(cgroup.below, sizeof(cgroup.below), "%s/below", cgroup.dir);
	snprintf(path, sizeof(path), "%s/%s", cgroup.dir, limit);
	cgroup.limit = limit;
	if (mkdir(cgroup.dir, 0755) < 0)
		return false;
	if (access(path, W_OK) == 0 && mkdir(cgroup.below, 0755) == 0)
		return true;
	rmdir(cgroup.dir);
	return false;
}

static int remove_cgroup(void **state)
{
	end_children(state);
	rmdir(cgroup.below);
	rmdir(cgroup.dir);
	return 0;
}

static void move_into(const char *dir, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	assert_true(write_file(dir, "cgroup.procs", text));
}

static int rank_cgroup(const char *path, size_t capacity)
{
	return oomctl_rank_cgroup(NULL, path, entries, capacity, sizeof(entries[0]),
				  &found, &report, sizeof(report));
}

static void expect_refused(const char *path, int code)
{
	found = 77;
	report.processes = UNTOUCHED_U64;
	assert_int_equal(rank_cgroup(path, MANY), code);
	assert_int_equal(found, 77);
	assert_int_equal(report.processes, UNTOUCHED_U64);
}

/* Large with a small adjustment, and the other way round. */
static void add_members(void)
{
	for (int i = 0; i < 10; i++) {
		add_child((size_t)(40 - 4 * i) * MB, 20 + (i % 2 ? 6 : 3) * i);
		move_into(i % 3 == 0 ? cgroup.below : cgroup.dir, children[i].pid);
	}
}

static void in_a_cgroup_its_limit_is_the_total(void **state)
{
	long long total = 512LL * MB / sysconf(_SC_PAGESIZE);
	pid_t first_of_machine;

	(void)state;
	NEED_5_9();
	if (!make_cgroup_at("/sys/fs/cgroup", "memory.max") &&
	    !make_cgroup_at("/sys/fs/cgroup/memory", "memory.limit_in_bytes"))
		SKIP_UNAVOIDABLE("no right to make a cgroup with a memory controller");
	add_members();
	expect_refused(cgroup.path, -ERANGE);
	assert_true(write_file(cgroup.dir, cgroup.limit, "536870912"));

	look_at_children(ram_and_swap());
	first_of_machine = children[0].pid;
	look_at_children(total);
	assert_int_not_equal(children[0].pid, first_of_machine);
	for (size_t capacity = 1; capacity <= 11; capacity += 5) {
		size_t want = capacity < 10 ? capacity : 10;

		assert_int_equal(rank_cgroup(cgroup.path, capacity), 0);
		assert_int_equal(report.total_pages, total);
		assert_int_equal(report.processes, 10);
		assert_int_equal(found, want);
		assert_int_equal(expect_children_in_order(), want);
	}
	expect_refused("/oomctl-test-none", -EOPNOTSUPP);
	expect_refused("/", -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(scores_are_those_of_the_files_in_order,
					  end_children),
		cmocka_unit_test_teardown(victims_come_in_the_kernels_order,
					  end_children),
		cmocka_unit_test_teardown(of_300_with_one_score_the_right_ones_win,
					  end_children),
		cmocka_unit_test(a_storm_of_processes_is_ranked_without_error),
		cmocka_unit_test_teardown(those_ahead_are_counted_and_listed,
					  end_children),
		cmocka_unit_test_teardown(
		    those_ahead_of_the_caller_are_as_many_as_by_own_sort, end_children),
		cmocka_unit_test_teardown(in_a_cgroup_its_limit_is_the_total,
					  remove_cgroup),
	};

	return cmocka_run_group_tests_name("live rank", tests, NULL, NULL);
}
