/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <stddef.h>

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

uint64_t policy_value(const struct oomctl_policy *p, int knob)
{
	const void *at = (const char *)p + member_of[knob];
	const int32_t *narrow = at;

	return knob_of_vm[knob].is_wide ? *(const uint64_t *)at : (uint64_t)*narrow;
}

void policy_put(struct oomctl_policy *p, int knob, uint64_t value)
{
	void *at = (char *)p + member_of[knob];

	if (knob_of_vm[knob].is_wide)
		*(uint64_t *)at = value;
	else
		*(int32_t *)at = (int32_t)value;
	p->knobs |= policy_bit(knob);
}

bool policy_is_as(const struct oomctl_policy *now, const struct oomctl_policy *wanted,
		  int knob)
{
	if (knob == OOMCTL_VM_OVERCOMMIT_RATIO && now->overcommit_kbytes != 0)
		return false;
	if (knob == OOMCTL_VM_OVERCOMMIT_KBYTES && now->overcommit_ratio != 0)
		return false;
	return policy_value(now, knob) == policy_value(wanted, knob);
}

int policy_share(const struct oomctl_policy *p)
{
	return p->overcommit_kbytes != 0 ? OOMCTL_VM_OVERCOMMIT_KBYTES
					 : OOMCTL_VM_OVERCOMMIT_RATIO;
}

bool policy_is_valid(const struct oomctl_policy *p)
{
	if (!p || (p->knobs & ~(uint32_t)POLICY_ALL) != 0 || p->reserved != 0)
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
			policy_put(&p, knob, policy_value(wanted, knob));
	return p;
}

uint32_t policy_drift(const struct oomctl_policy *now, const struct oomctl_policy *wanted)
{
	uint32_t drift = 0;

	for (int knob = POLICY_FIRST; knob <= POLICY_LAST; knob++)
		if ((wanted->knobs & policy_bit(knob)) &&
		    (!(now->knobs & policy_bit(knob)) ||
		     !policy_is_as(now, wanted, knob)))
			drift |= policy_bit(knob);
	return drift;
}
