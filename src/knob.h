/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_KNOB_H
#define OOMCTL_KNOB_H

#include <stdbool.h>
#include <stdint.h>

struct oomctl_ctx;

/* A kernel file that holds one int. */
struct knob {
	const char *path;
	int32_t min, max; /* inclusive, for reading and for writing */
};

/* The two that the commit limit is made of. */
extern const struct knob knob_overcommit_ratio;
extern const char knob_overcommit_kbytes[];

bool knob_takes(const struct knob *k, int32_t value);

/* -EINVAL when out is NULL; -ERANGE when the kernel's value is out of range. */
int knob_get(const struct oomctl_ctx *ctx, const struct knob *k, int32_t *out);

/* -EINVAL, before any system call, when value is out of range. */
int knob_set(const struct oomctl_ctx *ctx, const struct knob *k, int32_t value);

/* The same for a kernel file that holds one unsigned long, of which every value is in
 * range. */
int knob_get_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t *out);
int knob_set_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t value);

#endif
