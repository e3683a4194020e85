/* SPDX-License-Identifier: MIT */
#include <oomctl/tune.h>

#include <stdbool.h>
#include <string.h>

#include <oomctl/calc.h>

#include "figures.h"
#include "internal.h"
#include "knob.h"
#include "parse.h"
#include "policy.h"
#include "process.h"
#include "scan.h"

_Static_assert(sizeof(struct oomctl_policy) == 56 &&
		   sizeof(struct oomctl_tune_report) == 48,
	       "no holes: all that is given was written");

/* The two that zero each other. */
static bool is_share(int knob)
{
	return policy_bit(knob) & POLICY_SHARE;
}

static int read_share(const struct oomctl_ctx *ctx, struct oomctl_policy *out)
{
	int r = figures_read_share(ctx, &out->overcommit_ratio, &out->overcommit_kbytes);

	if (r == 0)
		out->knobs |= POLICY_SHARE;
	return r;
}

/* Of ratio and kbytes, both. */
static int read_knob(const struct oomctl_ctx *ctx, int knob, struct oomctl_policy *out)
{
	const struct knob *k = &knob_of_vm[knob];
	uint64_t wide = 0;
	int32_t v = 0;
	int r;

	if (is_share(knob))
		return read_share(ctx, out);

	r = k->is_wide ? knob_get_u64(ctx, k->path, &wide) : knob_get(ctx, k, &v);
	if (r == 0)
		policy_put(out, knob, k->is_wide ? wide : (uint64_t)v);
	return r;
}

/* Every knob that there is. */
static int read_all(const struct oomctl_ctx *ctx, struct oomctl_policy *out)
{
	int r;

	*out = (struct oomctl_policy){ 0 };
	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++) {
		if (knob == OOMCTL_VM_OVERCOMMIT_KBYTES) /* has come with the ratio */
			continue;
		r = read_knob(ctx, knob, out);
		if (r < 0 && r != -EOPNOTSUPP)
			return r;
	}
	return out->knobs == 0 ? -EOPNOTSUPP : 0;
}

static int write_knob(const struct oomctl_ctx *ctx, int knob,
		      const struct oomctl_policy *from)
{
	const struct knob *k = &knob_of_vm[knob];
	uint64_t v = policy_value(from, knob);

	return k->is_wide ? knob_set_u64(ctx, k->path, v) : knob_set(ctx, k, (int32_t)v);
}

/* Whether a knob is as in a policy: 0, -EIO when it is not, or a code. */
static int verify(const struct oomctl_ctx *ctx, int knob,
		  const struct oomctl_policy *wanted)
{
	struct oomctl_policy now = { 0 };
	int r = read_knob(ctx, knob, &now);

	if (r < 0)
		return r;
	return policy_is_as(&now, wanted, knob) ? 0 : -EIO;
}

static int set(const struct oomctl_ctx *ctx, int knob, const struct oomctl_policy *wanted)
{
	int r = write_knob(ctx, knob, wanted);

	return r < 0 ? r : verify(ctx, knob, wanted);
}

/* A knob that set() may have changed; of ratio and kbytes, both. */
static int put_back(const struct oomctl_ctx *ctx, int knob,
		    const struct oomctl_policy *before)
{
	if (is_share(knob))
		knob = policy_share(before);
	if (verify(ctx, knob, before) == 0) /* as where the write was refused */
		return 0;
	return set(ctx, knob, before);
}

OOMCTL_EXPORT int oomctl_tune_read(const struct oomctl_ctx *ctx,
				   struct oomctl_policy *out, size_t size)
{
	struct oomctl_policy p;
	int r;

	if (!out || !is_size(size))
		return -EINVAL;

	r = read_all(ctx, &p);
	if (r < 0)
		return r;

	p = policy_meaning(&p);
	fill(out, size, &p, sizeof(p));
	return 0;
}

/* The machine, and what is to become of it. */
struct plan {
	const struct oomctl_ctx *ctx;
	struct oomctl_policy now, wanted, then;
	uint64_t limit_now_kb;
	struct oomctl_tune_report report;
};

static int calc_limit(struct oomctl_commit_figures figures, const struct oomctl_policy *p,
		      uint64_t *out_kb)
{
	figures.overcommit_ratio = p->overcommit_ratio;
	figures.overcommit_kbytes = p->overcommit_kbytes;
	/* What calc refuses to weigh, no machine has. */
	if (oomctl_calc_commit_limit(&figures, out_kb) < 0)
		return -ERANGE;

	/* The kernel compares pages; only in kB it wraps. */
	if (p->overcommit_kbytes > *out_kb &&
	    p->overcommit_kbytes - *out_kb >= figures.page_size / 1024)
		*out_kb = UINT64_MAX;
	return 0;
}

static int64_t difference(uint64_t a, uint64_t b)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d))
		return a > b ? INT64_MAX : INT64_MIN;
	return d;
}

static int foresee_limit(struct plan *p)
{
	struct oomctl_commit_figures figures;
	struct oomctl_meminfo m;
	int r;

	r = figures_read_commit(p->ctx, &m, &figures);
	if (r == 0 && !(m.present & OOMCTL_MEMINFO_COMMITTED_AS))
		r = -EBADMSG;
	if (r == 0)
		r = calc_limit(figures, &p->now, &p->limit_now_kb);
	if (r == 0)
		r = calc_limit(figures, &p->then, &p->report.commit_limit_kb);
	if (r < 0)
		return r;

	p->report.committed_as_kb = m.committed_as_kb;
	p->report.headroom_kb = difference(p->report.commit_limit_kb, m.committed_as_kb);
	return 0;
}

/* By its name, which the kernel cuts to 15 bytes. */
static bool is_container_runtime(const char comm[16])
{
	static const char names[][16] = {
		"containerd",     "containerd-shim", "dockerd",
		"podman",         "conmon",          "crio",
		"kubelet",        "k3s-server",      "k3s-agent",
		"systemd-nspawn", "lxc-start",       "lxd",
		"incusd",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (memcmp(comm, names[i], sizeof(names[0])) == 0)
			return true;
	return false;
}

static int visit(struct scan *scan, pid_t pid, struct oomctl_tune_report *out)
{
	struct parse_stat stat;
	int r = process_is_gone(
	    process_read_stat(&scan->proc, scan_path(scan, "/stat"), &stat));

	if (r < 0) /* it has ended, or may not be seen */
		return r == -ESRCH || r == -EACCES || r == -EPERM ? 0 : r;

	if (stat.vsize_bytes / 1024 > out->largest_kb) {
		out->largest_kb = stat.vsize_bytes / 1024;
		out->largest_pid = pid;
	}
	if (out->container_pid == 0 && is_container_runtime(stat.comm))
		out->container_pid = pid;
	return 0;
}

static int look_at_processes(struct plan *p)
{
	struct scan scan;
	pid_t pid;
	int r;

	r = scan_open(p->ctx, "/proc/.", &scan);
	if (r < 0)
		return r;

	do {
		r = scan_next(&scan, &pid);
		if (r == 0 && pid != 0)
			r = visit(&scan, pid, &p->report);
	} while (r == 0 && pid != 0);
	scan_close(&scan);
	return r;
}

static bool becomes_never(const struct plan *p)
{
	return (p->report.drift & OOMCTL_POLICY_OVERCOMMIT_MEMORY) &&
	       p->wanted.overcommit_memory == OOMCTL_OVERCOMMIT_NEVER;
}

static uint32_t risks_of_never(const struct plan *p)
{
	const struct oomctl_tune_report *report = &p->report;
	uint32_t risks = 0;

	if (report->committed_as_kb >= report->commit_limit_kb)
		risks |= OOMCTL_TUNE_RISK_NO_HEADROOM;
	if (p->then.overcommit_ratio == 0 && p->then.overcommit_kbytes == 0)
		risks |= OOMCTL_TUNE_RISK_SWAP_ONLY;
	if (report->container_pid != 0)
		risks |= OOMCTL_TUNE_RISK_CONTAINERS;
	if (report->largest_kb > report->commit_limit_kb)
		risks |= OOMCTL_TUNE_RISK_ADDRESS_SPACE;
	return risks;
}

/* Whether something is left, but for privileged programs only. */
static bool is_reserved(const struct plan *p)
{
	return p->report.headroom_kb > 0 &&
	       (uint64_t)p->report.headroom_kb <= p->then.admin_reserve_kbytes;
}

/* Without OOMCTL_OVERCOMMIT_NEVER the limit holds nobody back, but a negative ratio is never
 * what somebody wants. */
static uint32_t risks_of(const struct plan *p)
{
	bool is_never = p->then.overcommit_memory == OOMCTL_OVERCOMMIT_NEVER;
	uint32_t drift = p->report.drift, risks = 0;
	bool changes_mode = drift & OOMCTL_POLICY_OVERCOMMIT_MEMORY;
	bool changes_share = drift & POLICY_SHARE;

	if (is_never && (changes_mode || changes_share))
		risks |= risks_of_never(p);
	if (is_never && is_reserved(p) &&
	    (changes_mode || changes_share ||
	     (drift & OOMCTL_POLICY_ADMIN_RESERVE_KBYTES)))
		risks |= OOMCTL_TUNE_RISK_RESERVED;
	if (policy_share(&p->then) == OOMCTL_VM_OVERCOMMIT_RATIO &&
	    p->then.overcommit_ratio < 0 && (changes_share || (is_never && changes_mode)))
		risks |= OOMCTL_TUNE_RISK_NEGATIVE_RATIO;
	if (p->then.panic_on_oom != OOMCTL_PANIC_NEVER && p->then.panic_timeout == 0 &&
	    (drift & (OOMCTL_POLICY_PANIC_ON_OOM | OOMCTL_POLICY_PANIC_TIMEOUT)))
		risks |= OOMCTL_TUNE_RISK_STAYS_DOWN;
	if (policy_has_both(&p->wanted))
		risks |= OOMCTL_TUNE_RISK_RATIO_AND_KBYTES;
	return risks;
}

static int make_plan(const struct oomctl_ctx *ctx, const struct oomctl_policy *wanted,
		     struct plan *out)
{
	int r;

	*out = (struct plan){ .ctx = ctx, .wanted = policy_meaning(wanted) };
	r = read_all(ctx, &out->now);
	if (r < 0)
		return r;

	out->then = policy_lay_over(&out->now, &out->wanted);
	out->report.drift = policy_drift(&out->now, &out->wanted);
	r = foresee_limit(out);
	if (r == 0 && becomes_never(out))
		r = look_at_processes(out);
	if (r == 0)
		out->report.risks = risks_of(out);
	return r;
}

static bool is_valid(const struct oomctl_policy *wanted)
{
	return policy_is_valid(wanted) && wanted->knobs != 0;
}

OOMCTL_EXPORT int oomctl_tune_check(const struct oomctl_ctx *ctx,
				    const struct oomctl_policy *wanted,
				    struct oomctl_tune_report *out, size_t size)
{
	struct plan p;
	int r;

	if (!is_valid(wanted) || !out || !is_size(size))
		return -EINVAL;

	r = make_plan(ctx, wanted, &p);
	if (r == 0)
		fill(out, size, &p.report, sizeof(p.report));
	return r;
}

/* Whether a step gives programs more, or sets no bound: from ALWAYS to GUESS there is none
 * that another knob moves. */
static bool loosens(const struct plan *p, int knob)
{
	switch (knob) {
	case OOMCTL_VM_OVERCOMMIT_MEMORY:
		return p->wanted.overcommit_memory != OOMCTL_OVERCOMMIT_NEVER;
	case OOMCTL_VM_OVERCOMMIT_RATIO:
	case OOMCTL_VM_OVERCOMMIT_KBYTES:
		return p->report.commit_limit_kb >= p->limit_now_kb;
	case OOMCTL_VM_PANIC_TIMEOUT:
		return p->wanted.panic_timeout != 0;
	case OOMCTL_VM_PANIC_ON_OOM:
	case OOMCTL_VM_ADMIN_RESERVE_KBYTES:
	case OOMCTL_VM_USER_RESERVE_KBYTES:
		return policy_value(&p->wanted, knob) < policy_value(&p->now, knob);
	default: /* what concerns the choice and the log only */
		return true;
	}
}

/*
 * What loosens goes down this list, then what tightens goes up it: a switch is loosened
 * before, and tightened after, all that it depends on.
 */
static size_t put_in_order(const struct plan *p, uint8_t steps[POLICY_KNOBS])
{
	static const uint8_t order[POLICY_KNOBS] = {
		OOMCTL_VM_OVERCOMMIT_MEMORY,    OOMCTL_VM_PANIC_ON_OOM,
		OOMCTL_VM_OVERCOMMIT_RATIO,     OOMCTL_VM_OVERCOMMIT_KBYTES,
		OOMCTL_VM_ADMIN_RESERVE_KBYTES, OOMCTL_VM_USER_RESERVE_KBYTES,
		OOMCTL_VM_PANIC_TIMEOUT,        OOMCTL_VM_OOM_KILL_ALLOCATING_TASK,
		OOMCTL_VM_OOM_DUMP_TASKS,
	};
	size_t n = 0;

	for (size_t i = 0; i < POLICY_KNOBS; i++)
		if ((p->report.drift & policy_bit(order[i])) && loosens(p, order[i]))
			steps[n++] = order[i];
	for (size_t i = POLICY_KNOBS; i-- > 0;)
		if ((p->report.drift & policy_bit(order[i])) && !loosens(p, order[i]))
			steps[n++] = order[i];
	return n;
}

static void roll_back(const struct plan *p, const uint8_t *steps, size_t n,
		      struct oomctl_tune_steps *out)
{
	out->changed = 0;
	while (n-- > 0)
		if (put_back(p->ctx, steps[n], &p->now) < 0)
			out->failed_rollback |= policy_bit(steps[n]);
}

static int carry_out(const struct plan *p, struct oomctl_tune_steps *out)
{
	uint8_t steps[POLICY_KNOBS];
	size_t n = put_in_order(p, steps);
	int r;

	for (size_t i = 0; i < n; i++) {
		r = set(p->ctx, steps[i], &p->wanted);
		if (r < 0) {
			out->failed_knob = steps[i];
			roll_back(p, steps, i + 1, out);
			return r;
		}
		out->changed |= policy_bit(steps[i]);
	}
	return 0;
}

/* The first that is wanted and not there; 0 for none. */
static uint32_t missing_knob(const struct plan *p)
{
	uint32_t missing = p->report.drift & ~p->now.knobs;

	return missing ? (uint32_t)__builtin_ctz(missing) : 0;
}

static int apply(const struct oomctl_ctx *ctx, const struct oomctl_policy *wanted,
		 uint32_t flags, struct oomctl_tune_steps *out)
{
	struct plan p;
	int r;

	r = make_plan(ctx, wanted, &p);
	if (r < 0)
		return r;

	out->risks = p.report.risks;
	out->failed_knob = missing_knob(&p);
	if (out->failed_knob != 0)
		return -EOPNOTSUPP;
	if (out->risks != 0 && !(flags & OOMCTL_TUNE_ACCEPT_RISKS))
		return -EBUSY;
	return carry_out(&p, out);
}

OOMCTL_EXPORT int oomctl_tune_apply(const struct oomctl_ctx *ctx,
				    const struct oomctl_policy *wanted, uint32_t flags,
				    struct oomctl_tune_steps *out, size_t size)
{
	struct oomctl_tune_steps steps = { 0 };
	int r;

	if (!is_valid(wanted) || policy_has_both(wanted) ||
	    (flags & ~(uint32_t)OOMCTL_TUNE_ACCEPT_RISKS) != 0 || !out || !is_size(size))
		return -EINVAL;

	r = apply(ctx, wanted, flags, &steps);
	fill(out, size, &steps, sizeof(steps));
	return r;
}
