/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <signal.h>

#include <oomctl/predict.h>
#include <oomctl/proc.h>
#include <oomctl/rank.h>

#include "children.h"
#include "guest.h"

/* The first two in the library's order; the kernel has to kill the first. */
static void rank_two(struct oomctl_rank_entry two[2])
{
	struct oomctl_rank_report report;
	size_t count;

	EXPECT(oomctl_rank_victims(NULL, two, 2, sizeof(two[0]), &count, &report,
				   sizeof(report)) == 0);
	EXPECT(count == 2);
}

static void expect_killed(pid_t want)
{
	pid_t filler;

	EXPECT(run_out(NULL, OOMCTL_SCORE_ADJ_MIN, &filler) == want);
	end_children();
}

static void expect_first(pid_t want)
{
	struct oomctl_rank_entry two[2];

	rank_two(two);
	EXPECT(two[0].pid == want);
	expect_killed(want);
}

/* The largest is exempt, the next is not. */
static void try_exempt(void)
{
	add_child(NULL, 9000, OOMCTL_SCORE_ADJ_MIN);
	add_child(NULL, 6000, 0);
	add_child(NULL, 3000, 0);
	expect_first(children[1].pid);
}

/* -999 is not exempt: where all others are, too, it is chosen. */
static void try_protected(void)
{
	add_child(NULL, 9000, OOMCTL_SCORE_ADJ_MIN + 1);
	add_child(NULL, 3000, OOMCTL_SCORE_ADJ_MIN + 1);
	expect_first(children[0].pid);
}

/* The kernel takes the value of a kernel thread, and ignores it. */
static void try_kernel_thread(void)
{
	enum { KTHREADD = 2 };
	struct oomctl_task_figures figures;
	int32_t score;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, KTHREADD, 1000) == 0);
	EXPECT(number_in("/proc/2/oom_score_adj") == 1000);
	EXPECT(oomctl_predict_read_task_figures(NULL, KTHREADD, &figures,
						sizeof(figures)) == 0);
	EXPECT(figures.flags & OOMCTL_TASK_UNKILLABLE);
	EXPECT(oomctl_proc_get_oom_score(NULL, KTHREADD, &score) == 0 && score == 0);
	add_child(NULL, 3000, 0);
	add_child(NULL, 1000, 0);
	expect_first(children[0].pid);
}

static int ready[2];

static int share(void *memory)
{
	touch(memory, 30 * MB, page_size());
	EXPECT(write(ready[1], "k", 1) == 1);
	for (;;)
		pause();
}

/* Its adjustment is that of the process with which it shares its memory. */
static void share_with_another(void)
{
	static char stack[65536];
	int32_t adj;
	pid_t other;

	other = clone(share, stack + sizeof(stack), CLONE_VM | SIGCHLD, reserve(30 * MB));
	EXPECT(other > 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 300) == 0);
	EXPECT(oomctl_proc_get_oom_score_adj(NULL, other, &adj) == 0 && adj == 300);
	for (;;)
		pause();
}

/* Of two that share their memory one is named, and both end. */
static void try_shared_memory(void)
{
	struct oomctl_rank_entry two[2];
	char k;
	pid_t pid;

	EXPECT(pipe(ready) == 0);
	pid = fork();
	if (pid == 0)
		share_with_another();
	EXPECT(read(ready[0], &k, 1) == 1);
	usleep(100000);
	add_child(NULL, 3000, 0);
	rank_two(two);
	EXPECT(two[0].badness_pages == two[1].badness_pages);
	EXPECT(two[0].pid == pid || two[1].pid == pid);
	expect_killed(two[0].pid);
}

SCENARIO(exempt)
{
	go_first();
	try_exempt();
	try_protected();
	try_kernel_thread();
	try_shared_memory();
	note("exempt, protected, kernel thread, shared memory");
}
