/* SPDX-License-Identifier: MIT */
/* A policy as lines of KNOB=VALUE. */
#ifndef OOMCTL_EXAMPLES_SETTINGS_H
#define OOMCTL_EXAMPLES_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <oomctl/oomctl.h>

/* By enum oomctl_vm_knob, whose bit in a policy is 1 << that. */
extern const char *const setting_names[];
enum {
	SETTING_FIRST = OOMCTL_VM_OVERCOMMIT_MEMORY,
	SETTING_LAST = OOMCTL_VM_PANIC_TIMEOUT
};

/* Takes KNOB=VALUE, of a knob that has none yet. */
bool settings_parse(const char *text, struct oomctl_policy *out);

/* Takes a file of such lines; errno is EINVAL when one is not, or there are none. */
bool settings_read(const char *path, struct oomctl_policy *out);

/* Writes such a file, which has to be new, so that what was there first is not lost; and which
 * outlives a crash. */
bool settings_save(const char *path, const struct oomctl_policy *p);

void settings_put(FILE *to, const struct oomctl_policy *p, bool is_json);
/* Takes one knob over. */
void settings_copy(struct oomctl_policy *to, struct oomctl_policy from, int knob);

void settings_put_value(FILE *to, struct oomctl_policy p, int knob);

#endif
