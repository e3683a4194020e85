/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_CAUSE_H
#define OOMCTL_CAUSE_H

#include <stdbool.h>

#include <oomctl/why.h>

struct oomctl_ctx;

/* Whether a code is a refusal for who the caller is. */
bool cause_is_refusal(int code);

/* Whether the mount of a file is: 1 or 0, or a code. */
int cause_is_read_only(const struct oomctl_ctx *ctx, const char *path);

/* Why a file of /proc/sys was not set, or cannot be opened to be set when code is 0. */
int cause_of_knob(const struct oomctl_ctx *ctx, const char *path, int code,
		  enum oomctl_why_cause *out);

#endif
