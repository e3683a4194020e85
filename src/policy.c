/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <string.h>

#include "figures.h"
#include "internal.h"
#include "knob.h"

/* Where a policy has the value of each knob: an uint64_t when it is wide, or an int32_t. */
#define MEMBER(name) offsetof(struct oomctl_policy, name)

static const uint8_t member_of[] = {
	[OOMCTL_VM_OVERCOMMIT_MEMORY] = MEMBER(overcommit_memory),
	[OOMCTL_VM_OVERCOMMIT_RATIO] = MEMBER(overcommit_ratio),
	[OOMCTL_VM_OVERCOMMIT_KBYTES] = MEMBER(overcommit_kbytes),
	[OOMCTL_VM_PANIC_ON_OOM] = MEMBER(panic_on_oom),
	[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = MEMBER(oom_kill_allocating_task),
	[OOMCTL_VM_OOM_DUMP_TASKS] = MEMBER(oom_dump_tasks),
	[OOMCTL_VM_ADMIN_RESERVE_KBYTES] = MEMBER(admin_reserve_kbytes),
	[OOMCTL_VM_USER_RESERVE_KBYTES] = MEMBER(user_reserve_kbytes),
	[OOMCTL_VM_PANIC_TIMEOUT] = MEMBER(panic_timeout),
};

/* The two that zero each other. */
static bool is_share(int knob)
{
	return policy_bit(knob) & POLICY_SHARE;
}

static void *member(struct oomctl_policy *p, int knob)
{
	return (char *)p + member_of[knob];
}

uint64_t policy_value(const struct oomctl_policy *p, int knob)
{
	const void *at = (const char *)p + member_of[knob];
	const int32_t *narrow = at;

	return knob_of_vm[knob].is_wide ? *(const uint64_t *)at : (uint64_t)*narrow;
}

static void copy_value(struct oomctl_policy *to, const struct oomctl_policy *from,
		       int knob)
{
	memcpy(member(to, knob), (const char *)from + member_of[knob],
	       knob_of_vm[knob].is_wide ? sizeof(uint64_t) : sizeof(int32_t));
}

/* Of ratio and kbytes, both. */
static int read_value(const struct oomctl_ctx *ctx, int knob, struct oomctl_policy *out)
{
	const struct knob *k = &knob_of_vm[knob];

	if (is_share(knob))
		return figures_read_share(ctx, &out->overcommit_ratio,
					  &out->overcommit_kbytes);
	return k->is_wide ? knob_get_u64(ctx, k->path, member(out, knob))
			  : knob_get(ctx, k, member(out, knob));
}

static int write_value(const struct oomctl_ctx *ctx, int knob,
		       const struct oomctl_policy *from)
{
	const struct knob *k = &knob_of_vm[knob];
	uint64_t v = policy_value(from, knob);

	return k->is_wide ? knob_set_u64(ctx, k->path, v) : knob_set(ctx, k, (int32_t)v);
}

static bool is_equal(const struct oomctl_policy *now, const struct oomctl_policy *wanted,
		     int knob)
{
	if (knob == OOMCTL_VM_OVERCOMMIT_RATIO && now->overcommit_kbytes != 0)
		return false;
	if (knob == OOMCTL_VM_OVERCOMMIT_KBYTES && now->overcommit_ratio != 0)
		return false;
	return policy_value(now, knob) == policy_value(wanted, knob);
}

int policy_read(const struct oomctl_ctx *ctx, struct oomctl_policy *out)
{
	struct oomctl_policy p = { 0 };
	int r;

	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++) {
		if (knob == OOMCTL_VM_OVERCOMMIT_KBYTES) /* has come with the ratio */
			continue;
		r = read_value(ctx, knob, &p);
		if (r == 0)
			p.knobs |= is_share(knob) ? POLICY_SHARE : policy_bit(knob);
		else if (r != -EOPNOTSUPP)
			return r;
	}
	if (p.knobs == 0)
		return -EOPNOTSUPP;

	*out = p;
	return 0;
}

int policy_share(const struct oomctl_policy *p)
{
	return p->overcommit_kbytes != 0 ? OOMCTL_VM_OVERCOMMIT_KBYTES
					 : OOMCTL_VM_OVERCOMMIT_RATIO;
}

bool policy_is_valid(const struct oomctl_policy *p)
{
	if (!p || p->knobs == 0 || (p->knobs & ~(uint32_t)POLICY_ALL) != 0 ||
	    p->reserved != 0)
		return false;

	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++)
		if ((p->knobs & policy_bit(knob)) && !knob_of_vm[knob].is_wide &&
		    !knob_takes(&knob_of_vm[knob], (int32_t)policy_value(p, knob)))
			return false;
	return true;
}

bool policy_has_both(const struct oomctl_policy *p)
{
	return (p->knobs & POLICY_SHARE) == POLICY_SHARE && p->overcommit_ratio != 0 &&
	       p->overcommit_kbytes != 0;
}

struct oomctl_policy policy_meaning(const struct oomctl_policy *wanted)
{
	struct oomctl_policy p = *wanted;

	if ((p.knobs & POLICY_SHARE) == POLICY_SHARE && !policy_has_both(&p))
		p.knobs =
		    (p.knobs & ~(uint32_t)POLICY_SHARE) | policy_bit(policy_share(&p));
	return p;
}

struct oomctl_policy policy_lay_over(const struct oomctl_policy *now,
				     const struct oomctl_policy *wanted)
{
	struct oomctl_policy p = *now;

	if (wanted->knobs & POLICY_SHARE) {
		p.overcommit_ratio = 0;
		p.overcommit_kbytes = 0;
	}
	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++)
		if (wanted->knobs & policy_bit(knob))
			copy_value(&p, wanted, knob);
	return p;
}

uint32_t policy_drift(const struct oomctl_policy *now, const struct oomctl_policy *wanted)
{
	uint32_t drift = 0;

	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++)
		if ((wanted->knobs & policy_bit(knob)) &&
		    (!(now->knobs & policy_bit(knob)) || !is_equal(now, wanted, knob)))
			drift |= policy_bit(knob);
	return drift;
}

/* Whether a knob is as in a policy: 0, -EIO when it is not, or a code. */
static int verify(const struct oomctl_ctx *ctx, int knob,
		  const struct oomctl_policy *wanted)
{
	struct oomctl_policy now;
	int r = read_value(ctx, knob, &now);

	if (r < 0)
		return r;
	return is_equal(&now, wanted, knob) ? 0 : -EIO;
}

int policy_set(const struct oomctl_ctx *ctx, int knob, const struct oomctl_policy *wanted)
{
	int r = write_value(ctx, knob, wanted);

	return r < 0 ? r : verify(ctx, knob, wanted);
}

int policy_put_back(const struct oomctl_ctx *ctx, int knob,
		    const struct oomctl_policy *before)
{
	if (is_share(knob))
		knob = policy_share(before);
	if (verify(ctx, knob, before) == 0) /* as where the write was refused */
		return 0;
	return policy_set(ctx, knob, before);
}
