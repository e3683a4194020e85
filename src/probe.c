/* SPDX-License-Identifier: MIT */
#include <oomctl/probe.h>

#include <oomctl/adjust.h>

#include "cause.h"
#include "figures.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "process.h"

/* Each of these adds what it can find out; its code matters only when descriptors or memory
 * are scarce, which says nothing about where the caller stands. */

static void flag_if(struct oomctl_probe *p, bool is_so, enum oomctl_probe_flag flag)
{
	if (is_so)
		p->flags |= flag;
}

/* Pid 1, which every /proc has, is not found or may not be looked at. */
static bool is_hiding(const struct oomctl_ctx *ctx)
{
	uint32_t owner;
	int r = io_owner(ctx, "/proc/1/oom_score_adj", &owner);

	return r == -EOPNOTSUPP || r == -EPERM;
}

static int look_at_proc(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	struct io_mount mount = { false, false };
	uint32_t owner;
	int r = io_mount_of(ctx, "/proc/.", &mount);

	flag_if(p, mount.is_proc, OOMCTL_PROBE_PROCFS);
	flag_if(p,
		io_owner(ctx, "/proc/meminfo", &owner) == 0 &&
		    io_owner(ctx, "/proc/sys", &owner) == 0,
		OOMCTL_PROBE_COMPLETE);
	flag_if(p, mount.is_proc && is_hiding(ctx), OOMCTL_PROBE_HIDDEN);
	return r;
}

static int look_at_caller(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	struct parse_status status = { 0 };
	int r = process_read_own_status(ctx, &status);

	flag_if(p, process_has(&status, PROCESS_SYS_RESOURCE), OOMCTL_PROBE_SYS_RESOURCE);
	flag_if(p, process_has(&status, PROCESS_SYS_ADMIN), OOMCTL_PROBE_SYS_ADMIN);
	flag_if(p, process_has(&status, PROCESS_DAC_OVERRIDE), OOMCTL_PROBE_DAC_OVERRIDE);
	flag_if(p, process_has(&status, PROCESS_SYS_PTRACE), OOMCTL_PROBE_SYS_PTRACE);
	/* Where the caller is not shown, nor is its namespace. */
	flag_if(p, r == 0 && process_is_initial(ctx) == 1,
		OOMCTL_PROBE_INITIAL_USER_NAMESPACE);
	flag_if(p, io_is_dumpable(), OOMCTL_PROBE_DUMPABLE);
	return r;
}

/* After the caller. */
static int look_at_floor(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	const uint64_t no_floor =
	    OOMCTL_PROBE_SYS_RESOURCE | OOMCTL_PROBE_INITIAL_USER_NAMESPACE;
	int r = knob_get_at(ctx, "/proc/self/oom_score_adj",
			    &knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ], &p->floor);

	if (r < 0)
		return r;

	if ((p->flags & no_floor) == no_floor)
		p->floor = OOMCTL_ADJUST_NO_FLOOR;
	p->flags |= OOMCTL_PROBE_FLOOR;
	flag_if(p, p->floor <= OOMCTL_SCORE_ADJ_MIN, OOMCTL_PROBE_FLOOR_EXACT);
	return 0;
}

static int look_at_knobs(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	int r = cause_of_knob(ctx, knob_of_vm[OOMCTL_VM_OVERCOMMIT_MEMORY].path, 0,
			      &p->vm_cause);

	if (r < 0)
		p->vm_cause = OOMCTL_WHY_OTHER;
	flag_if(p, p->vm_cause == OOMCTL_WHY_NONE, OOMCTL_PROBE_VM_WRITABLE);
	return r;
}

static int look_at_kernel(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	struct figures_release release;
	int r = figures_read_release(ctx, &release);

	flag_if(p, io_has_mrelease(), OOMCTL_PROBE_MRELEASE);
	p->page_size = io_page_size();
	if (r < 0)
		return r;

	p->release = release.number;
	p->rule = release.rule;
	memcpy(p->release_text, release.text, sizeof(p->release_text));
	p->flags |= OOMCTL_PROBE_RELEASE;
	return 0;
}

static int look_at_limits(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	uint64_t computed_kb, printed_kb;
	int r = figures_read_limits(ctx, &computed_kb, &printed_kb);

	if (r < 0)
		return r;

	p->computed_limit_kb = computed_kb;
	p->printed_limit_kb = printed_kb;
	p->flags |= OOMCTL_PROBE_COMMIT_LIMITS;
	flag_if(p, r == 0, OOMCTL_PROBE_MEMINFO_FAKED);
	return 0;
}

static int look_at_cgroup(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	struct figures_cgroup cgroup;
	int r = figures_read_own_cgroup(ctx, &cgroup);

	p->cgroup_version = cgroup.version;
	p->cgroup_limit_bytes = cgroup.limit_bytes;
	flag_if(p, cgroup.has_limit, OOMCTL_PROBE_CGROUP_LIMIT);
	flag_if(p, cgroup.dies_as_one, OOMCTL_PROBE_OOM_GROUP);
	return r;
}

static int look_at_pressure(const struct oomctl_ctx *ctx, struct oomctl_probe *p)
{
	char text[1024];
	ssize_t len = io_read(ctx, "/proc/pressure/memory", text, sizeof(text));

	flag_if(p, len > 0, OOMCTL_PROBE_PRESSURE);
	return len < 0 ? (int)len : 0;
}

static bool is_scarce(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

OOMCTL_EXPORT int oomctl_probe_read(const struct oomctl_ctx *ctx,
				    struct oomctl_probe *out, size_t size)
{
	struct oomctl_probe p = { 0 };
	int r;

	if (!out || !is_size(size))
		return -EINVAL;

	r = look_at_proc(ctx, &p);
	if (!is_scarce(r))
		r = look_at_caller(ctx, &p);
	if (!is_scarce(r))
		r = look_at_floor(ctx, &p);
	if (!is_scarce(r))
		r = look_at_knobs(ctx, &p);
	if (!is_scarce(r))
		r = look_at_kernel(ctx, &p);
	if (!is_scarce(r))
		r = look_at_limits(ctx, &p);
	if (!is_scarce(r))
		r = look_at_cgroup(ctx, &p);
	if (!is_scarce(r))
		r = look_at_pressure(ctx, &p);
	if (is_scarce(r))
		return r;

	fill(out, size, &p, sizeof(p));
	return 0;
}
