/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/wait.h>

#include <oomctl/proc.h>
#include <oomctl/rank.h>
#include <oomctl/vm.h>

#include "children.h"
#include "guest.h"

/* The one that asks for memory, in the place of the worst; unless it is exempt. */
static void expect_allocating(int32_t value, int32_t adj, bool is_filler)
{
	pid_t filler, killed;

	EXPECT(oomctl_vm_set_oom_kill_allocating_task(NULL, value) == 0);
	add_child(NULL, 10000, 800);
	killed = run_out(NULL, adj, &filler);
	EXPECT(killed == (is_filler ? filler : children[0].pid));
	end_children();
}

SCENARIO(allocating_task, .only_amd64 = true)
{
	go_first();
	expect_allocating(0, -500, false);
	expect_allocating(1, -500, true);
	expect_allocating(-1, -999, true);
	expect_allocating(1, OOMCTL_SCORE_ADJ_MIN, false);
	note("4 of 4");
}

/*
 * A cgroup that dies as one; but for who is exempt, which here takes a little too much. The first
 * in the order is logged first. Without the group, newer kernels do not always wait to see what
 * that has freed: others may follow one by one.
 */
static void expect_group(const char *group, int least)
{
	struct oomctl_rank_entry first;
	struct oomctl_rank_report report;
	size_t count;
	int log = open_log();

	make_cgroup("/lab", 32 * MB);
	put_text("/sys/fs/cgroup/lab/memory.oom.group", group);
	add_child("/lab", 1000, 0);
	add_child("/lab", 3000, 0);
	add_child("/lab", 2000, 0);
	add_child("/lab", 100, OOMCTL_SCORE_ADJ_MIN);
	EXPECT(oomctl_rank_cgroup(NULL, "/lab", &first, 1, sizeof(first), &count, &report,
				  sizeof(report)) == 0);
	grow(&children[3], 2500);
	EXPECT(next_killed(log) == first.pid && first.pid == children[1].pid);
	while (least-- > 0)
		EXPECT(waitpid(-1, NULL, 0) > 0);
	EXPECT(kill(children[3].pid, 0) == 0);
	end_children();
	close(log);
}

SCENARIO(oom_group, .only_amd64 = true)
{
	expect_group("0", 1);
	expect_group("1", 3);
	note("one by one, or all 3; the exempt one never");
}
