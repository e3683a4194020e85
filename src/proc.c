/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include "internal.h"
#include "knob.h"
#include "process.h"

#define OOM_SCORE (&knob_of_process[OOMCTL_PROC_OOM_SCORE])
#define OOM_SCORE_ADJ (&knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ])

static inline int get_by_pid(const struct oomctl_ctx *ctx, pid_t pid, const char *file,
			     const struct knob *k, int32_t *out)
{
	char path[PROCESS_PATH_SIZE];

	if (pid < 0)
		return -EINVAL;

	return process_is_gone(knob_get_at(ctx, process_path(path, pid, file), k, out));
}

static inline int set_by_pid(const struct oomctl_ctx *ctx, pid_t pid, const char *file,
			     const struct knob *k, int32_t value)
{
	char path[PROCESS_PATH_SIZE];

	if (pid < 0)
		return -EINVAL;

	return process_is_gone(knob_set_at(ctx, process_path(path, pid, file), k, value));
}

static int get_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *k,
			int32_t *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (!out)
		return -EINVAL;

	r = process_open_pidfd(ctx, pidfd, &process);
	if (r < 0)
		return r;

	r = process_is_gone(knob_get(&process, k, out));
	process_close(&process);
	return r;
}

static int set_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *k,
			int32_t value)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (!knob_takes(k, value))
		return -EINVAL;

	r = process_open_pidfd(ctx, pidfd, &process);
	if (r < 0)
		return r;

	r = process_is_gone(knob_set(&process, k, value));
	process_close(&process);
	return r;
}

OOMCTL_EXPORT int oomctl_proc_get_oom_score(const struct oomctl_ctx *ctx, pid_t pid,
					    int32_t *out)
{
	return get_by_pid(ctx, pid, KNOB_OOM_SCORE, OOM_SCORE, out);
}

OOMCTL_EXPORT int oomctl_proc_get_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid,
						int32_t *out)
{
	return get_by_pid(ctx, pid, KNOB_OOM_SCORE_ADJ, OOM_SCORE_ADJ, out);
}

OOMCTL_EXPORT int oomctl_proc_set_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid,
						int32_t adj)
{
	return set_by_pid(ctx, pid, KNOB_OOM_SCORE_ADJ, OOM_SCORE_ADJ, adj);
}

OOMCTL_EXPORT int oomctl_pidfd_get_oom_score(const struct oomctl_ctx *ctx, int pidfd,
					     int32_t *out)
{
	return get_by_pidfd(ctx, pidfd, OOM_SCORE, out);
}

OOMCTL_EXPORT int oomctl_pidfd_get_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd,
						 int32_t *out)
{
	return get_by_pidfd(ctx, pidfd, OOM_SCORE_ADJ, out);
}

OOMCTL_EXPORT int oomctl_pidfd_set_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd,
						 int32_t adj)
{
	return set_by_pidfd(ctx, pidfd, OOM_SCORE_ADJ, adj);
}
