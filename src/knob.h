/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_KNOB_H
#define OOMCTL_KNOB_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

struct oomctl_ctx;

/* A kernel file that holds one int; or, when it is wide, one unsigned long of any value. */
struct knob {
	const char *path;
	int32_t min, max; /* inclusive, for reading and for writing */
	bool is_wide;
};

/* Room for a number of any length that a kernel prints, its sign and newline. */
enum { KNOB_TEXT_MAX = 32 };

/* Constants, so that no length is counted when a path is made of them. */
#define KNOB_OOM_SCORE "/proc/oom_score"
#define KNOB_OOM_SCORE_ADJ "/proc/oom_score_adj"

/* By enum oomctl_vm_knob, and by enum oomctl_proc_value. A process's files are below its
 * directory, which stands for /proc. */
extern const struct knob knob_of_vm[];
extern const struct knob knob_of_process[];

static inline bool knob_takes(const struct knob *k, int32_t value)
{
	return value >= k->min && value <= k->max;
}

/* What the text of its file says. */
static inline int knob_parse(const struct knob *k, const char *text, size_t len,
			     int32_t *out)
{
	int32_t v;
	int r = parse_i32(text, len, &v);

	if (r < 0)
		return r;
	if (!knob_takes(k, v))
		return -ERANGE;

	*out = v;
	return 0;
}

/* -EINVAL when out is NULL; -ERANGE when the kernel's value is out of range. */
int knob_get_at(const struct oomctl_ctx *ctx, const char *path, const struct knob *k,
		int32_t *out);

/* -EINVAL, before any system call, when value is out of range. */
int knob_set_at(const struct oomctl_ctx *ctx, const char *path, const struct knob *k,
		int32_t value);

/* The same of its own file. */
static inline int knob_get(const struct oomctl_ctx *ctx, const struct knob *k,
			   int32_t *out)
{
	return knob_get_at(ctx, k->path, k, out);
}

static inline int knob_set(const struct oomctl_ctx *ctx, const struct knob *k,
			   int32_t value)
{
	return knob_set_at(ctx, k->path, k, value);
}

/* The same for a file of one unsigned long. */
int knob_get_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t *out);
int knob_set_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t value);

#endif
