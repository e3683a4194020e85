/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_POLICY_H
#define OOMCTL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <oomctl/tune.h>

/* The knobs of the machine as one value; pure. A knob is an enum oomctl_vm_knob. */

enum {
	POLICY_FIRST = OOMCTL_VM_OVERCOMMIT_MEMORY,
	POLICY_LAST = OOMCTL_VM_PANIC_TIMEOUT,
	POLICY_KNOBS = POLICY_LAST - POLICY_FIRST + 1,
	POLICY_ALL = (1 << (POLICY_LAST + 1)) - (1 << POLICY_FIRST),
	/* The two that zero each other. */
	POLICY_SHARE = OOMCTL_POLICY_OVERCOMMIT_RATIO | OOMCTL_POLICY_OVERCOMMIT_KBYTES
};

static inline uint32_t policy_bit(int knob)
{
	return (uint32_t)1 << knob;
}

/* Whether a caller's policy has no unknown bit, and no value out of range; it may name none. */
bool policy_is_valid(const struct oomctl_policy *p);

/* Whether ratio and kbytes are named and neither is 0. */
bool policy_has_both(const struct oomctl_policy *p);

/* A number of its own for each value: an int as its two's complement. */
uint64_t policy_value(const struct oomctl_policy *p, int knob);

/* The other way around; names the knob, too. */
void policy_put(struct oomctl_policy *p, int knob, uint64_t value);

/* Which of ratio and kbytes is in force. */
int policy_share(const struct oomctl_policy *p);

/* Without the one of ratio and kbytes that says nothing beside the other. */
struct oomctl_policy policy_meaning(const struct oomctl_policy *wanted);

struct oomctl_policy policy_lay_over(const struct oomctl_policy *now,
				     const struct oomctl_policy *wanted);

/* Whether a knob is in force as it is wanted: of ratio and kbytes, the other has to be 0. */
bool policy_is_as(const struct oomctl_policy *now, const struct oomctl_policy *wanted,
		  int knob);

/* The bits of what is wanted, and either not so or not there. */
uint32_t policy_drift(const struct oomctl_policy *now,
		      const struct oomctl_policy *wanted);

#endif
