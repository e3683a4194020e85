/* SPDX-License-Identifier: MIT */
/* The risks of a policy, in words. */
#ifndef OOMCTL_EXAMPLES_RISKS_H
#define OOMCTL_EXAMPLES_RISKS_H

#include <stdio.h>

#include <oomctl/oomctl.h>

/* By the number of the bit of enum oomctl_tune_risk. */
enum { RISKS = 8 };
extern const char *const risk_names[RISKS];

/* A sentence for each, with the figures that it stands on. */
void risks_put(FILE *to, const struct oomctl_tune_report *report);

#endif
