/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>
#include <oomctl/vm.h>

#include "children.h"
#include "guest.h"

static void prepare(enum oomctl_panic panic, int32_t timeout)
{
	go_first();
	EXPECT(oomctl_vm_set_panic_timeout(NULL, timeout) == 0);
	EXPECT(oomctl_vm_set_panic_on_oom(NULL, panic) == 0);
	make_cgroup("/lab", 32 * MB);
}

/* There are some who could be killed instead: with nobody the kernel always panics. */
static void run_out_of(const char *cgroup)
{
	pid_t filler, killed;

	add_child(cgroup, 2000, 0);
	add_child(cgroup, 500, 0);
	add_child(cgroup, 500, 0);
	killed = run_out(cgroup, OOMCTL_SCORE_ADJ_MIN, &filler);
	EXPECT(killed == children[0].pid);
	end_children();
}

SCENARIO(panic_never, .only_amd64 = true)
{
	prepare(OOMCTL_PANIC_NEVER, -1);
	run_out_of(NULL);
	run_out_of("/lab");
	note("a process is killed instead, of the machine and of a cgroup");
}

/* A cgroup that is full is a constraint. */
SCENARIO(panic_unconstrained, .only_amd64 = true)
{
	prepare(OOMCTL_PANIC_UNCONSTRAINED, 1);
	run_out_of("/lab");
	expect_panic("system-wide panic_on_oom is enabled", true);
	run_out_of(NULL);
}

SCENARIO(panic_always, .only_amd64 = true)
{
	prepare(OOMCTL_PANIC_ALWAYS, 0);
	expect_panic("compulsory panic_on_oom is enabled", false);
	run_out_of(NULL);
}

SCENARIO(panic_always_cgroup, .only_amd64 = true)
{
	prepare(OOMCTL_PANIC_ALWAYS, -1);
	expect_panic("compulsory panic_on_oom is enabled", true);
	run_out_of("/lab");
}
