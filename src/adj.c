/* SPDX-License-Identifier: MIT */
#include "adj.h"

#include <oomctl/proc.h>

#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"
#include "process.h"

#define OOM_SCORE_ADJ (&knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ])

int adj_open(const struct oomctl_ctx *ctx, const char *path)
{
	return process_is_gone(io_open_to_set(ctx, path));
}

int adj_get(int fd, int32_t *out)
{
	char text[KNOB_TEXT_MAX];
	ssize_t len = io_read_line_again(fd, text, sizeof(text));

	return len < 0 ? (int)len : knob_parse(OOM_SCORE_ADJ, text, (size_t)len, out);
}

static int put(int fd, int32_t adj)
{
	char text[KNOB_TEXT_MAX];
	char *end = text + sizeof(text);
	char *begin = prepend_i32(end, adj);
	int r = io_write_again(fd, begin, (size_t)(end - begin));

	/* The value is in range: before Linux 4.8 this is a process that has ended. */
	return r == -EINVAL ? -ESRCH : r;
}

/*
 * Halves what lies between a value that is refused and one that is allowed, and in force,
 * until they are neighbours. The value only ever sinks.
 */
static int sink(int fd, int32_t refused, int32_t *allowed)
{
	int32_t v;
	int r;

	while (*allowed - refused > 1) {
		v = refused + (*allowed - refused) / 2;
		r = put(fd, v);
		if (r == 0)
			*allowed = v;
		else if (r == -EACCES)
			refused = v;
		else
			return r;
	}
	return 0;
}

/* As low as is allowed, which is above a value that was refused. */
static int clamp(int fd, int32_t refused)
{
	int32_t before = 0, lowest;
	int r;

	r = adj_get(fd, &before);
	if (r < 0)
		return r;
	if (refused >= before) /* it was not the floor that refused it */
		return -EACCES;

	lowest = before;
	r = sink(fd, refused, &lowest);
	/* Where nothing was allowed, the old value has to be, if it was the floor. */
	if (r < 0 || lowest == before) {
		int back = put(fd, before);

		r = r < 0 ? r : back;
	}
	return r;
}

int adj_set(int fd, int32_t adj, enum oomctl_adjust_policy policy, int32_t *out)
{
	int r = put(fd, adj);

	if (r == -EACCES && policy == OOMCTL_ADJUST_CLAMP)
		r = clamp(fd, adj);
	return r < 0 ? r : adj_get(fd, out);
}

int adj_find_floor(int fd, int32_t *out)
{
	int32_t before = 0, floor;
	int r, back;

	r = adj_get(fd, &before);
	if (r < 0)
		return r;

	floor = before;
	r = sink(fd, OOMCTL_SCORE_ADJ_MIN - 1, &floor);
	back = put(fd, before);
	if (r < 0 || back < 0)
		return r < 0 ? r : back;

	*out = floor;
	return 0;
}

int adj_check(int32_t adj, enum oomctl_adjust_policy policy)
{
	return knob_takes(OOM_SCORE_ADJ, adj) &&
		       (policy == OOMCTL_ADJUST_STRICT || policy == OOMCTL_ADJUST_CLAMP)
		   ? 0
		   : -EINVAL;
}
