/* SPDX-License-Identifier: MIT */
#include <oomctl/predict.h>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <oomctl/meminfo.h>
#include <oomctl/proc.h>

#include "child.h"
#include "memory.h"

enum { TRIES = 200 };

static int compared, read_again, wrong;

static bool figures_of(pid_t pid, struct oomctl_task_figures *out)
{
	int r = oomctl_predict_read_task_figures(NULL, pid, out, sizeof(*out));

	if (r != -ESRCH && r != 0)
		fail_msg("figures of %d: %d", pid, r);
	return r == 0;
}

static int32_t score_from(const struct oomctl_task_figures *task)
{
	enum oomctl_score_rule rule;
	int32_t score = UNTOUCHED;
	uint64_t total;

	assert_int_equal(oomctl_predict_read_score_rule(NULL, &rule), 0);
	assert_int_equal(oomctl_predict_read_total_pages(NULL, &total), 0);
	assert_int_equal(oomctl_calc_oom_score(rule, task, total, &score), 0);
	return score;
}

static bool has_moved(const struct oomctl_task_figures *a,
		      const struct oomctl_task_figures *b)
{
	return a->rss_pages != b->rss_pages || a->swap_pages != b->swap_pages ||
	       a->pgtable_pages != b->pgtable_pages;
}

static void count(pid_t pid, const struct oomctl_task_figures *task, int32_t predicted,
		  int32_t shown, int tries)
{
	compared++;
	read_again += tries > 0;
	if (predicted == shown)
		return;
	wrong++;
	print_message("%d: predicted %d, shown %d: rss %llu, page tables %llu, adj %d\n",
		      pid, predicted, shown, (unsigned long long)task->rss_pages,
		      (unsigned long long)task->pgtable_pages, task->oom_score_adj);
}

/* A process has to stand still between two looks at its figures; false when it ends. */
static bool compare_as_it_is(pid_t pid)
{
	struct oomctl_task_figures before, after;
	int32_t shown;
	int tries = -1;

	do {
		if (++tries == TRIES)
			fail_msg("%d never stands still", pid);
		if (!figures_of(pid, &before))
			return false;
		shown = number_of(pid, "oom_score");
		if (!figures_of(pid, &after))
			return false;
	} while (has_moved(&before, &after) ||
		 before.oom_score_adj != after.oom_score_adj ||
		 before.flags != after.flags);
	count(pid, &before, score_from(&before), shown, tries);
	return true;
}

/* First predicted, then set. */
static void compare_with(pid_t pid, int32_t adj)
{
	struct oomctl_task_figures before, after;
	int32_t predicted, shown;
	int tries = -1;

	do {
		assert_true(++tries < TRIES);
		assert_true(figures_of(pid, &before));
		assert_int_equal(oomctl_predict_oom_score(NULL, pid, adj, &predicted), 0);
		assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, pid, adj), 0);
		shown = number_of(pid, "oom_score");
		assert_true(figures_of(pid, &after));
	} while (has_moved(&before, &after));
	count(pid, &after, predicted, shown, tries);
	count(pid, &after, score_from(&after), shown, 0);
}

static void the_score_of_every_process_is_the_kernels(void **state)
{
	static const struct hog parent = { take_from_a_parent, 100 * MB };
	pid_t hog = start_hog(&parent);
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int ended = 0;

	(void)state;
	compared = read_again = wrong = 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] > '0' && entry->d_name[0] <= '9')
			ended += !compare_as_it_is((pid_t)atoi(entry->d_name));
	closedir(dir);
	end_sleeper(hog);
	print_message("%d processes compared, %d read again, %d ended, %d wrong\n",
		      compared, read_again, ended, wrong);
	assert_int_equal(wrong, 0);
	assert_true(compared >= 4);
}

/* The adjustments that this caller may set: all, or from its own on. */
static int32_t lowest_adj(pid_t pid)
{
	if (oomctl_proc_set_oom_score_adj(NULL, pid, OOMCTL_SCORE_ADJ_MIN) == 0)
		return OOMCTL_SCORE_ADJ_MIN;
	return number_of(pid, "oom_score_adj");
}

static void sweep(const struct hog *hog)
{
	pid_t pid = start_hog(hog);

	for (int32_t adj = lowest_adj(pid); adj <= OOMCTL_SCORE_ADJ_MAX; adj += 7)
		compare_with(pid, adj);
	compare_with(pid, OOMCTL_SCORE_ADJ_MAX);
	end_sleeper(pid);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool has_room_for(size_t mb)
{
	struct oomctl_meminfo m;

	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	return m.mem_available_kb / 1024 > 2 * mb + 512;
}

static void predictions_come_true_for_every_adjustment(void **state)
{
	static const struct hog hogs[] = {
		{ take_private, 10 * MB },        { take_private, 23 * MB },
		{ take_private, 37 * MB },        { take_private, 71 * MB },
		{ take_private, 100 * MB },       { take_private, 149 * MB },
		{ take_private, 200 * MB },       { take_private, 333 * MB },
		{ take_private, 400 * MB },       { take_private, 555 * MB },
		{ take_private, 800 * MB },       { take_private, 1000 * MB },
		{ take_private, 2000 * MB },      { take_huge_pages, 64 * MB },
		{ take_huge_pages, 512 * MB },    { take_shared, 50 * MB },
		{ take_shared, 250 * MB },        { take_file, 20 * MB },
		{ take_file, 120 * MB },          { take_sparsely, 8 * MB },
		{ take_sparsely, 64 * MB },       { take_from_a_parent, 60 * MB },
		{ take_from_a_parent, 300 * MB },
	};
	int left_out = 0;
	double start = now();

	(void)state;
	compared = read_again = wrong = 0;
	for (size_t i = 0; i < LENGTH(hogs); i++)
		if (has_room_for(hogs[i].size / MB))
			sweep(&hogs[i]);
		else
			left_out++;
	print_message("%d scores compared in %.1f s, %d read again, %d wrong; "
		      "no room for %d of %d processes\n",
		      compared, now() - start, read_again, wrong, left_out,
		      (int)LENGTH(hogs));
	assert_int_equal(wrong, 0);
	assert_true(compared >= 4000 || left_out > 0);
}

/* How many pages the caller may take until its score is another. */
static uint64_t pages_to_the_edge(void)
{
	struct oomctl_task_figures task;
	enum oomctl_score_rule rule;
	uint64_t total, least, most;

	EXPECT(oomctl_predict_read_task_figures(NULL, 0, &task, sizeof(task)) == 0);
	EXPECT(oomctl_predict_read_score_rule(NULL, &rule) == 0);
	EXPECT(oomctl_predict_read_total_pages(NULL, &total) == 0);
	EXPECT(oomctl_calc_footprint_of_oom_score(rule, number_of(getpid(), "oom_score"),
						  task.oom_score_adj, task.flags, total,
						  &least, &most) == 0);
	return most - task.rss_pages - task.swap_pages - task.pgtable_pages;
}

enum { EDGES = 8, STEPS = 400 };

/* Enough to go from edge to edge; two thirds of a thousandth are one point. */
static size_t size_for_all_edges(void)
{
	struct oomctl_meminfo m;

	EXPECT(oomctl_meminfo_read(NULL, &m, sizeof(m)) == 0);
	return (m.mem_total_kb + m.swap_total_kb) / 1000 * 1024 * 2 * EDGES + 64 * MB;
}

/* Where the tables grow as well, the edge comes a little sooner. */
static char *approach_the_edge(char *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t left;

	while ((left = pages_to_the_edge()) > STEPS / 2) {
		size_t size = (left - STEPS / 2 + 7) / 8 * page;

		touch(p, size, page);
		p += size;
	}
	return p;
}

static char *step_over_the_edge(char *p, int *mistaken, int *seen_after)
{
	int32_t first = number_of(getpid(), "oom_score");
	int32_t adj = number_of(getpid(), "oom_score_adj");

	for (size_t i = 0; i < STEPS; i++, p += sysconf(_SC_PAGESIZE)) {
		int32_t predicted = UNTOUCHED, shown;

		move_to_cpu(i / 3 % 2);
		*p = 1;
		EXPECT(oomctl_predict_oom_score(NULL, getpid(), adj, &predicted) == 0);
		shown = number_of(getpid(), "oom_score");
		*mistaken += predicted != shown;
		*seen_after += shown > first;
	}
	return p;
}

static void step_over_all_edges(void)
{
	size_t size = size_for_all_edges();
	char *p = reserve(size);
	int mistaken = 0, seen_after = 0, crossed = 0;

	madvise(p, size, MADV_NOHUGEPAGE);
	for (int i = 0; i < EDGES; i++) {
		int before = seen_after;

		if (i == EDGES / 2)
			EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 731) == 0);
		p = approach_the_edge(p);
		p = step_over_the_edge(p, &mistaken, &seen_after);
		crossed += seen_after > before && seen_after - before < STEPS;
	}
	dprintf(STDOUT_FILENO, "%d steps over %d edges, %d beyond one, %d wrong\n",
		EDGES * STEPS, crossed, seen_after, mistaken);
	EXPECT(crossed == EDGES);
	EXPECT(mistaken == 0);
}

static void predictions_come_true_at_each_page_around_an_edge(void **state)
{
	size_t mb = size_for_all_edges() / MB;

	(void)state;
	if (mb > 4096 || !has_room_for(mb))
		SKIP_UNAVOIDABLE("it takes more memory than is free, or than is quick");
	in_child(step_over_all_edges);
}

static void look_without_main_thread(void)
{
	struct oomctl_grant_figures g;
	enum oomctl_verdict verdict;
	int64_t margin_kb;

	EXPECT(number_in("/proc/self/statm") == 0);
	EXPECT(oomctl_predict_read_grant_figures(NULL, &g, sizeof(g)) == 0);
	EXPECT(g.total_vm_pages > 0);
	EXPECT(oomctl_predict_fork(NULL, &verdict, &margin_kb) == 0);
}

static void end_main_thread(void)
{
	outlive_main_thread(look_without_main_thread);
}

static void a_thread_that_outlives_the_main_one_has_figures(void **state)
{
	(void)state;
	in_child(end_main_thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_outlives_the_main_one_has_figures),
		cmocka_unit_test(the_score_of_every_process_is_the_kernels),
		cmocka_unit_test(predictions_come_true_for_every_adjustment),
		cmocka_unit_test(predictions_come_true_at_each_page_around_an_edge),
	};

	return cmocka_run_group_tests_name("live predict", tests, NULL, NULL);
}
