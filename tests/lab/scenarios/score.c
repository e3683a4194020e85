/* SPDX-License-Identifier: MIT */
#include <oomctl/predict.h>
#include <oomctl/proc.h>

#include "guest.h"

static int compared, wrong;

static void compare(pid_t pid, int32_t adj)
{
	int32_t predicted, shown;

	EXPECT(oomctl_predict_oom_score(NULL, pid, adj, &predicted) == 0);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, adj) == 0);
	EXPECT(oomctl_proc_get_oom_score(NULL, pid, &shown) == 0);
	compared++;
	if (predicted != shown && ++wrong < 10)
		note("adj %d: predicted %d, shown %d", adj, predicted, shown);
}

static void try_all_hogs(void)
{
	static const struct hog hogs[] = {
		{ take_private, 3 * MB },   { take_private, 37 * MB },
		{ take_private, 150 * MB }, { take_shared, 41 * MB },
		{ take_file, 20 * MB },     { take_huge_pages, 64 * MB },
		{ take_sparsely, 1 * MB },  { take_from_a_parent, 40 * MB },
	};

	for (size_t i = 0; i < LENGTH(hogs); i++) {
		pid_t pid = start_hog(&hogs[i]);

		for (int32_t adj = -1000; adj <= 1000; adj += 7)
			compare(pid, adj);
		compare(pid, 1000);
		end_process(pid);
	}
	EXPECT(wrong == 0);
	note("%d of %d scores", compared - wrong, compared);
}

SCENARIO(score)
{
	try_all_hogs();
}

/* What each CPU counts on its own is the harder part. */
SCENARIO(score_2_cpus, .cpus = 2)
{
	try_all_hogs();
}

enum { STEPS = 2000 };

/* A page at a time over the places where the score changes, from CPU to CPU. */
static void grow(void)
{
	char *p = reserve(16 * MB);
	int32_t predicted, shown, last = -1, edges = 0, missed = 0;

	for (int i = 0; i < STEPS; i++) {
		move_to_cpu((size_t)(i / 3 % 2));
		p[(size_t)i * page_size()] = 1;
		EXPECT(oomctl_predict_oom_score(NULL, 0, 0, &predicted) == 0);
		EXPECT(oomctl_proc_get_oom_score(NULL, 0, &shown) == 0);
		missed += predicted != shown;
		edges += shown != last;
		last = shown;
	}
	note("%d of %d steps over %d edges", STEPS - missed, STEPS, edges - 1);
	EXPECT(missed == 0 && edges > 5);
}

SCENARIO(score_edges, .cpus = 2)
{
	in_child(grow);
}
