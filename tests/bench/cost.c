/* SPDX-License-Identifier: MIT */
#include <oomctl/oomctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

/* Calls whose cost depends on how much they are given. */

enum { ALL = 1 << 16, TASKS = 1000 };

static struct oomctl_rank_entry entries[ALL];
static struct oomctl_task_figures tasks[TASKS];
static struct oomctl_grant_figures request = {
	.commit = { .mem_total_kb = 4029312, .overcommit_ratio = 50, .page_size = 4096 },
	.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
	.cpus = 2,
};

static int rank_scores_of_all(void)
{
	struct oomctl_rank_report report;
	size_t count;

	return oomctl_rank_scores(given.ctx, entries, ALL, sizeof(*entries), &count,
				  &report, sizeof(report));
}

static int calc_victim_of_1000(void)
{
	int64_t margin;
	size_t i;

	return oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, TASKS, 1 << 20, &i,
				  &margin);
}

static int calc_grant_never(void)
{
	enum oomctl_verdict verdict;
	int64_t margin;

	return oomctl_calc_grant(&request, 4, &verdict, &margin);
}

static const struct call sized_calls[] = {
	{ "oomctl_calc_grant_never", calc_grant_never },
	{ "oomctl_calc_victim_of_1000", calc_victim_of_1000 },
	{ "oomctl_rank_scores_of_all", rank_scores_of_all },
	{ NULL, NULL },
};

static const struct call *find_any_call(const char *name)
{
	for (const struct call *c = sized_calls; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return find_call(name);
}

/* Makes a call N times, for somebody who counts meanwhile. */
int main(int argc, char **argv)
{
	const struct call *call = argc == 5 ? find_any_call(argv[1]) : NULL;
	struct oomctl_gauge *gauge;

	if (!call || strncmp(call->name, "oomctl_vm_set", 13) == 0) {
		fputs("usage: cost CALL N PID PIDFD; CALL sets no knob of the machine\n",
		      stderr);
		return 2;
	}

	given.pid = atoi(argv[3]);
	given.pidfd = atoi(argv[4]);
	if (oomctl_proc_get_oom_score_adj(NULL, given.pid, &given.adj) < 0 ||
	    oomctl_gauge_open_vm(NULL, OOMCTL_VM_OVERCOMMIT_MEMORY, &gauge) < 0)
		return 1;
	given.gauge = gauge;
	given.guard.saved_adj = given.adj;

	for (long n = atol(argv[2]); n > 0; n--)
		if (call->run() != 0)
			return 1;
	return 0;
}
