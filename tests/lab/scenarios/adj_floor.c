/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <oomctl/proc.h>

#include "guest.h"

/* What a caller may set, step by step; what is refused changes nothing. */
struct step {
	int32_t adj;
	int want;
};

static void take_steps(pid_t pid, const struct step *steps, size_t count)
{
	int32_t before, after;

	for (size_t i = 0; i < count; i++) {
		EXPECT(oomctl_proc_get_oom_score_adj(NULL, pid, &before) == 0);
		EXPECT(oomctl_proc_set_oom_score_adj(NULL, pid, steps[i].adj) ==
		       steps[i].want);
		EXPECT(oomctl_proc_get_oom_score_adj(NULL, pid, &after) == 0);
		EXPECT(after == (steps[i].want == 0 ? steps[i].adj : before));
	}
}

#define STEPS(...)                                                                       \
	take_steps(0, (const struct step[]){ __VA_ARGS__ },                              \
		   LENGTH(((const struct step[]){ __VA_ARGS__ })))

static void without_the_capability(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	STEPS({ -1, -EACCES }, { 300, 0 }, { 0, 0 }, { -1, -EACCES }, { -1000, -EACCES });
}

static void with_the_capability(void)
{
	STEPS({ -1, 0 }, { -1000, 0 }, { 1000, 0 }, { -999, 0 }, { 0, 0 });
	STEPS({ 1001, -EINVAL }, { -1001, -EINVAL });
}

/* Who has the capability moves the floor, up as well as down. */
static void below_a_floor_that_was_raised(void)
{
	STEPS({ 200, 0 });
	drop_capability(CAP_SYS_RESOURCE);
	STEPS({ 199, -EACCES }, { 500, 0 }, { 200, 0 }, { 0, -EACCES });
}

static void with_the_floor_of_its_parent(void)
{
	STEPS({ -501, -EACCES }, { 0, 0 }, { -500, 0 });
}

static void above_a_floor_that_was_lowered(void)
{
	STEPS({ -500, 0 });
	drop_capability(CAP_SYS_RESOURCE);
	STEPS({ -501, -EACCES }, { -400, 0 }, { -500, 0 }, { 1000, 0 }, { -500, 0 });
	in_child(with_the_floor_of_its_parent);
}

static void as_a_user(void)
{
	STEPS({ -300, 0 });
	become_user(1000);
	STEPS({ -200, -EACCES }); /* its file is root's, as long as it is not dumpable */
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	STEPS({ -200, 0 }, { -300, 0 }, { -301, -EACCES }, { 1001, -EINVAL });
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 1, 5) == -EACCES);
	EXPECT(number_in("/proc/1/oom_score_adj") == 0);
}

static void as_root_of_others(void)
{
	static const struct hog small = { take_private, MB };
	pid_t pid = start_hog(&small);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	take_steps(pid, (const struct step[]){ { -700, 0 }, { -1000, 0 }, { 5, 0 } }, 3);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, -600) == 0);
	drop_capability(CAP_SYS_RESOURCE);
	take_steps(pid, (const struct step[]){ { -601, -EACCES }, { -600, 0 } }, 2);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, -601) == -EACCES);
	end_process(pid);
	EXPECT(oomctl_pidfd_set_oom_score_adj(NULL, pidfd, 0) == -ESRCH);
}

SCENARIO(adj_floor)
{
	static void (*const bodies[])(void) = {
		without_the_capability,
		with_the_capability,
		below_a_floor_that_was_raised,
		above_a_floor_that_was_lowered,
		as_a_user,
		as_root_of_others,
	};

	for (size_t i = 0; i < LENGTH(bodies); i++)
		in_child(bodies[i]);
	note("%zu callers", LENGTH(bodies));
}
