/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <oomctl/adjust.h>
#include <oomctl/probe.h>
#include <oomctl/proc.h>

#include "guest.h"

static struct oomctl_probe look(void)
{
	struct oomctl_probe p;

	EXPECT(oomctl_probe_read(NULL, &p, sizeof(p)) == 0);
	return p;
}

static bool can_read(const char *path)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text));

	close(fd);
	return n > 0;
}

static void expect_the_kernel(const struct oomctl_probe *p)
{
	bool has_mrelease = p->release >= (5 << 16 | 15 << 8);
	struct utsname name;

	EXPECT(uname(&name) == 0 && strcmp(name.release, p->release_text) == 0);
	EXPECT(p->rule == OOMCTL_SCORE_RULE_5_9 && p->page_size == page_size());
	EXPECT(!!(p->flags & OOMCTL_PROBE_MRELEASE) == has_mrelease);
	EXPECT(!!(p->flags & OOMCTL_PROBE_PRESSURE) == can_read("/proc/pressure/memory"));
}

static void look_as_a_holder(void)
{
	static const uint64_t all =
	    OOMCTL_PROBE_PROCFS | OOMCTL_PROBE_COMPLETE |
	    OOMCTL_PROBE_INITIAL_USER_NAMESPACE | OOMCTL_PROBE_SYS_RESOURCE |
	    OOMCTL_PROBE_SYS_ADMIN | OOMCTL_PROBE_DAC_OVERRIDE | OOMCTL_PROBE_SYS_PTRACE |
	    OOMCTL_PROBE_DUMPABLE | OOMCTL_PROBE_VM_WRITABLE | OOMCTL_PROBE_FLOOR |
	    OOMCTL_PROBE_FLOOR_EXACT | OOMCTL_PROBE_RELEASE | OOMCTL_PROBE_COMMIT_LIMITS |
	    OOMCTL_PROBE_CGROUP_LIMIT;
	struct oomctl_probe p = look();

	EXPECT((p.flags & ~(uint64_t)(OOMCTL_PROBE_MRELEASE | OOMCTL_PROBE_PRESSURE)) ==
	       all);
	EXPECT(p.floor == OOMCTL_ADJUST_NO_FLOOR && p.vm_cause == OOMCTL_WHY_NONE);
	EXPECT(p.cgroup_version == 2 && p.cgroup_limit_bytes == UINT64_MAX);
	EXPECT(p.computed_limit_kb == p.printed_limit_kb && p.printed_limit_kb > 0);
	expect_the_kernel(&p);
}

static void look_in_a_cgroup(void)
{
	struct oomctl_probe p;

	make_cgroup("/lab", 32 * MB);
	enter_cgroup("/lab");
	p = look();
	EXPECT(p.cgroup_version == 2 && p.cgroup_limit_bytes == 32 * MB);
	EXPECT(!(p.flags & OOMCTL_PROBE_OOM_GROUP));
	put_text("/sys/fs/cgroup/lab/memory.oom.group", "1");
	EXPECT(look().flags & OOMCTL_PROBE_OOM_GROUP);
}

static void look_without_the_capability(void)
{
	struct oomctl_probe p;

	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, 200) == 0);
	drop_capability(CAP_SYS_RESOURCE);
	p = look();
	EXPECT(!(p.flags & (OOMCTL_PROBE_SYS_RESOURCE | OOMCTL_PROBE_FLOOR_EXACT)));
	EXPECT((p.flags & OOMCTL_PROBE_FLOOR) && p.floor == 200);
}

static void look_in_a_namespace(void)
{
	struct oomctl_probe p;

	become_root_of_a_namespace();
	p = look();
	EXPECT(p.flags & OOMCTL_PROBE_SYS_RESOURCE);
	EXPECT(!(p.flags &
		 (OOMCTL_PROBE_INITIAL_USER_NAMESPACE | OOMCTL_PROBE_FLOOR_EXACT)));
	EXPECT(p.floor == 0);
}

static void look_at_processes_only(void)
{
	struct oomctl_probe p;

	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount("proc", "/proc", "proc", 0, "subset=pid") == 0);
	p = look();
	EXPECT(p.flags & OOMCTL_PROBE_PROCFS && p.flags & OOMCTL_PROBE_FLOOR_EXACT);
	EXPECT(!(p.flags & (OOMCTL_PROBE_COMPLETE | OOMCTL_PROBE_RELEASE |
			    OOMCTL_PROBE_COMMIT_LIMITS)));
	EXPECT(p.vm_cause == OOMCTL_WHY_HIDDEN);
}

SCENARIO(probe)
{
	uint64_t flags = look().flags;

	in_child(look_as_a_holder);
	in_child(look_in_a_cgroup);
	in_child(look_without_the_capability);
	in_child(look_in_a_namespace);
	in_child(look_at_processes_only);
	note("%s mrelease, %s pressure", flags & OOMCTL_PROBE_MRELEASE ? "has" : "no",
	     flags & OOMCTL_PROBE_PRESSURE ? "has" : "no");
}
