/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_ADJ_H
#define OOMCTL_ADJ_H

#include <stdint.h>
#include <sys/types.h>

#include <oomctl/adjust.h>

struct oomctl_ctx;

/*
 * An oom_score_adj that is kept open. It stays that of its process: when that has ended,
 * and its number is another's, all calls are -ESRCH.
 */

/* A descriptor, or a code; io_close() it. Path as for process_path(). */
int adj_open(const struct oomctl_ctx *ctx, const char *path);

int adj_get(int fd, int32_t *out);

/* Gives the value that is in force then, as it is read back. */
int adj_set(int fd, int32_t adj, enum oomctl_adjust_policy policy, int32_t *out);

/* For a writer that does not move the floor by writing. The value is put back. */
int adj_find_floor(int fd, int32_t *out);

/* What the arguments of a call have to be. */
int adj_check(int32_t adj, enum oomctl_adjust_policy policy);

#endif
