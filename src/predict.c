/* SPDX-License-Identifier: MIT */
#include <oomctl/predict.h>

#include <oomctl/proc.h>

#include "figures.h"
#include "internal.h"
#include "knob.h"

OOMCTL_EXPORT int oomctl_predict_read_score_rule(const struct oomctl_ctx *ctx,
						 enum oomctl_score_rule *out)
{
	return out ? figures_read_rule(ctx, out) : -EINVAL;
}

OOMCTL_EXPORT int oomctl_predict_read_total_pages(const struct oomctl_ctx *ctx,
						  uint64_t *out_pages)
{
	return out_pages ? figures_read_total(ctx, out_pages) : -EINVAL;
}

static int read_task(const struct oomctl_ctx *ctx, pid_t pid, struct figures_scale *scale,
		     struct figures_process *out)
{
	int r = figures_read_scale(ctx, scale);

	return r < 0 ? r : figures_read_process(ctx, pid, scale, FIGURES_READ_SCORE, out);
}

OOMCTL_EXPORT int oomctl_predict_read_task_figures(const struct oomctl_ctx *ctx,
						   pid_t pid,
						   struct oomctl_task_figures *out,
						   size_t size)
{
	struct figures_process p;
	struct figures_scale scale;
	int r;

	if (pid < 0 || !out || !is_size(size))
		return -EINVAL;

	r = read_task(ctx, pid, &scale, &p);
	if (r == 0)
		fill(out, size, &p.task, sizeof(p.task));
	return r;
}

OOMCTL_EXPORT int oomctl_predict_read_grant_figures(const struct oomctl_ctx *ctx,
						    struct oomctl_grant_figures *out,
						    size_t size)
{
	struct oomctl_grant_figures g;
	int r;

	if (!out || !is_size(size))
		return -EINVAL;

	r = figures_read_grant(ctx, &g);
	if (r == 0)
		fill(out, size, &g, sizeof(g));
	return r;
}

OOMCTL_EXPORT int oomctl_predict_commit(const struct oomctl_ctx *ctx, uint64_t request_kb,
					enum oomctl_verdict *out, int64_t *out_margin_kb)
{
	struct oomctl_grant_figures g;
	int r;

	if (!out || !out_margin_kb)
		return -EINVAL;

	r = figures_read_grant(ctx, &g);
	return r < 0 ? r : oomctl_calc_grant(&g, request_kb, out, out_margin_kb);
}

/*
 * Each mapping is asked for alone, and what was granted before it is promised already. So
 * with the strict policy the sum decides, but with no request that makes a CPU tell.
 */
static int ask_for_fork(struct oomctl_grant_figures *g, uint64_t sum_kb,
			uint64_t *request_kb)
{
	if (g->overcommit_memory != OOMCTL_OVERCOMMIT_NEVER)
		return 0;

	*request_kb = 0;
	return __builtin_add_overflow(g->committed_as_kb, sum_kb, &g->committed_as_kb)
		   ? -ERANGE
		   : 0;
}

OOMCTL_EXPORT int oomctl_predict_fork(const struct oomctl_ctx *ctx,
				      enum oomctl_verdict *out, int64_t *out_margin_kb)
{
	struct oomctl_grant_figures g = { 0 };
	uint64_t sum_kb = 0, request_kb = 0;
	int r;

	if (!out || !out_margin_kb)
		return -EINVAL;

	r = figures_read_fork(ctx, &sum_kb, &request_kb);
	if (r == 0)
		r = figures_read_grant(ctx, &g);
	if (r == 0)
		r = ask_for_fork(&g, sum_kb, &request_kb);
	return r < 0 ? r : oomctl_calc_grant(&g, request_kb, out, out_margin_kb);
}

OOMCTL_EXPORT int oomctl_predict_oom_score(const struct oomctl_ctx *ctx, pid_t pid,
					   int32_t adj, int32_t *out_score)
{
	struct figures_process p;
	struct figures_scale scale;
	int r;

	if (pid < 0 || !knob_takes(&knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ], adj) ||
	    !out_score)
		return -EINVAL;

	r = read_task(ctx, pid, &scale, &p);
	if (r < 0)
		return r;

	p.task.oom_score_adj = adj;
	return oomctl_calc_oom_score(scale.rule, &p.task, scale.total_pages, out_score);
}
