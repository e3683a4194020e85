/* SPDX-License-Identifier: MIT */
#include <oomctl/protect.h>

#include <stdbool.h>

#include "adj.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "process.h"

_Static_assert(sizeof(struct oomctl_guard) == 48, "it will not grow");

static const char *own_path(char buf[PROCESS_PATH_SIZE])
{
	return process_path(buf, 0, KNOB_OOM_SCORE_ADJ);
}

/* What was in force before, and what is since. */
static int save_and_set(int fd, int32_t adj, enum oomctl_adjust_policy policy,
			int32_t *out_before, int32_t *out_since)
{
	int32_t now;
	int r;

	r = adj_get(fd, out_before);
	if (r < 0)
		return r;

	r = adj_set(fd, adj, policy, out_since);
	/* It may have been set, and not read back. */
	if (r < 0 && adj_get(fd, &now) == 0 && now != *out_before)
		adj_set(fd, *out_before, OOMCTL_ADJUST_STRICT, &now);
	return r;
}

OOMCTL_EXPORT int oomctl_protect_begin(const struct oomctl_ctx *ctx, int32_t adj,
				       enum oomctl_adjust_policy policy,
				       struct oomctl_guard *out, size_t size)
{
	struct oomctl_guard g = { .state = OOMCTL_GUARD_BEGUN };
	char path[PROCESS_PATH_SIZE];
	int r;

	if (adj_check(adj, policy) < 0 || !out || size < sizeof(g) || !is_size(size))
		return -EINVAL;

	g.pid = io_pid();
	g.fd = adj_open(ctx, own_path(path));
	if (g.fd < 0)
		return g.fd;
	r = io_identify(g.fd, &g.device, &g.inode);
	if (r == 0)
		r = save_and_set(g.fd, adj, policy, &g.saved_adj, &g.adj);
	if (r < 0) {
		io_close(g.fd);
		return r;
	}

	fill(out, size, &g, sizeof(g));
	return 0;
}

/* Whether these calls have made it what it is. */
static bool is_alive(const struct oomctl_guard *g)
{
	return g && (g->state == OOMCTL_GUARD_BEGUN || g->state == OOMCTL_GUARD_PAUSED);
}

OOMCTL_EXPORT int oomctl_protect_reset_child(const struct oomctl_ctx *ctx,
					     const struct oomctl_guard *guard)
{
	char path[PROCESS_PATH_SIZE];

	if (!is_alive(guard))
		return -EINVAL;

	return process_is_gone(knob_set_at(ctx, own_path(path),
					   &knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ],
					   guard->saved_adj));
}

/* Programs close what they do not know, and the number is used for something else. */
static bool is_open(const struct oomctl_guard *g)
{
	uint64_t device, inode;

	return io_identify(g->fd, &device, &inode) == 0 && device == g->device &&
	       inode == g->inode;
}

/* A child has a copy, whose descriptor is that of the parent's file. */
static bool is_own(const struct oomctl_guard *g)
{
	return g->pid == io_pid() && is_open(g);
}

/* Sets a value in the place of another, if that still is in force; gives what is then. */
static int replace(int fd, int32_t expected, int32_t adj, int32_t *out)
{
	int32_t now;
	int r = adj_get(fd, &now);

	if (r < 0)
		return r;
	if (now == expected)
		return adj_set(fd, adj, OOMCTL_ADJUST_STRICT, out);

	*out = now;
	return 0;
}

OOMCTL_EXPORT int oomctl_protect_pause(struct oomctl_guard *guard, int32_t adj)
{
	int32_t before, paused;
	int r;

	if (!is_alive(guard) || adj_check(adj, OOMCTL_ADJUST_STRICT) < 0)
		return -EINVAL;
	if (!is_own(guard))
		return -ESRCH;
	if (guard->state == OOMCTL_GUARD_PAUSED)
		return -EBUSY;

	r = save_and_set(guard->fd, adj, OOMCTL_ADJUST_STRICT, &before, &paused);
	if (r < 0)
		return r;

	guard->resume_adj = before;
	guard->paused_adj = paused;
	guard->state = OOMCTL_GUARD_PAUSED;
	return 0;
}

OOMCTL_EXPORT int oomctl_protect_resume(struct oomctl_guard *guard)
{
	int32_t now;
	int r;

	if (!is_alive(guard) || guard->state != OOMCTL_GUARD_PAUSED)
		return -EINVAL;
	if (!is_own(guard))
		return -ESRCH;

	r = replace(guard->fd, guard->paused_adj, guard->resume_adj, &now);
	if (r == 0)
		guard->state = OOMCTL_GUARD_BEGUN;
	return r;
}

/* What it is to be in the end: where it was paused with another's value, that. */
static int32_t final_adj(const struct oomctl_guard *g)
{
	bool is_anothers = g->state == OOMCTL_GUARD_PAUSED && g->resume_adj != g->adj;

	return is_anothers ? g->resume_adj : g->saved_adj;
}

OOMCTL_EXPORT int oomctl_protect_end(struct oomctl_guard *guard, int32_t *out_adj)
{
	int32_t expected, now;
	int r = -ESRCH;

	if (!is_alive(guard) || !out_adj)
		return -EINVAL;

	expected = guard->state == OOMCTL_GUARD_PAUSED ? guard->paused_adj : guard->adj;
	if (is_own(guard))
		r = replace(guard->fd, expected, final_adj(guard), &now);
	if (is_open(guard))
		io_close(guard->fd);
	guard->state = OOMCTL_GUARD_ENDED;
	if (r == 0)
		*out_adj = now;
	return r;
}
