/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include <stdbool.h>

#include <oomctl/proc.h>

#include "internal.h"

enum {
	TASK_FLAGS = OOMCTL_TASK_UNKILLABLE | OOMCTL_TASK_PRIVILEGED,
	EXEMPT = OOMCTL_SCORE_ADJ_MIN,
};

static bool is_rule(enum oomctl_score_rule rule)
{
	return rule >= OOMCTL_SCORE_RULE_2_6_36 && rule <= OOMCTL_SCORE_RULE_5_9;
}

static bool is_total(uint64_t pages)
{
	return pages > 0 && pages <= (uint64_t)PAGES_MAX;
}

static bool is_task(int32_t adj, uint32_t flags)
{
	return adj >= OOMCTL_SCORE_ADJ_MIN && adj <= OOMCTL_SCORE_ADJ_MAX &&
	       (flags & ~(uint32_t)TASK_FLAGS) == 0;
}

static bool is_exempt(int32_t adj, uint32_t flags)
{
	return adj == EXEMPT || (flags & OOMCTL_TASK_UNKILLABLE);
}

/* What the kernel gives for a task that it never chooses. */
static int64_t exempt_badness(enum oomctl_score_rule rule)
{
	return rule == OOMCTL_SCORE_RULE_5_9 ? INT64_MIN : 0;
}

/* What a task uses: RAM, swap and page tables. */
static int footprint_of(const struct oomctl_task_figures *task, int64_t *out)
{
	uint64_t sum;

	if (__builtin_add_overflow(task->rss_pages, task->swap_pages, &sum) ||
	    __builtin_add_overflow(sum, task->pgtable_pages, &sum) ||
	    sum > (uint64_t)PAGES_MAX)
		return -ERANGE;

	*out = (int64_t)sum;
	return 0;
}

static int64_t at_least_1(int64_t v)
{
	return v > 1 ? v : 1;
}

/* Up to 3.4 it was the score itself, not pages: 1 to 1000. */
static int64_t points_of(int64_t footprint, int32_t adj, bool privileged, int64_t total)
{
	int64_t points = footprint * 1000 / total - (privileged ? 30 : 0) + adj;

	return at_least_1(points < 1000 ? points : 1000);
}

/* Of a task that can be chosen. The order of truncations is the kernel's. */
static inline int64_t badness_of(enum oomctl_score_rule rule, int64_t footprint,
				 int32_t adj, uint32_t flags, int64_t total)
{
	bool privileged = flags & OOMCTL_TASK_PRIVILEGED;

	if (rule == OOMCTL_SCORE_RULE_2_6_36)
		return points_of(footprint, adj, privileged, total);
	if (rule == OOMCTL_SCORE_RULE_3_6 && privileged)
		adj -= 30;
	if (rule == OOMCTL_SCORE_RULE_3_18 && privileged)
		footprint -= footprint * 3 / 100;

	footprint += adj * (total / 1000);
	return rule == OOMCTL_SCORE_RULE_5_9 ? footprint : at_least_1(footprint);
}

static inline int64_t score_of(enum oomctl_score_rule rule, int64_t badness,
			       int64_t total)
{
	if (rule == OOMCTL_SCORE_RULE_2_6_36)
		return badness;
	if (rule == OOMCTL_SCORE_RULE_5_9)
		return (1000 + badness * 1000 / total) * 2 / 3;
	return badness * 1000 / total;
}

/* Weighs a task, by arguments that nobody has looked at. */
static inline int weigh(enum oomctl_score_rule rule,
			const struct oomctl_task_figures *task, uint64_t total_pages,
			int64_t *out)
{
	int64_t footprint;
	int r;

	if (!is_rule(rule) || !task || !is_task(task->oom_score_adj, task->flags) ||
	    !is_total(total_pages))
		return -EINVAL;

	if (is_exempt(task->oom_score_adj, task->flags)) {
		*out = exempt_badness(rule);
		return 0;
	}
	r = footprint_of(task, &footprint);
	if (r < 0)
		return r;

	*out = badness_of(rule, footprint, task->oom_score_adj, task->flags,
			  (int64_t)total_pages);
	return 0;
}

OOMCTL_EXPORT int oomctl_calc_badness(enum oomctl_score_rule rule,
				      const struct oomctl_task_figures *task,
				      uint64_t total_pages, int64_t *out_pages)
{
	return out_pages ? weigh(rule, task, total_pages, out_pages) : -EINVAL;
}

OOMCTL_EXPORT int oomctl_calc_oom_score(enum oomctl_score_rule rule,
					const struct oomctl_task_figures *task,
					uint64_t total_pages, int32_t *out_score)
{
	int64_t badness, score = 0;
	int r;

	if (!out_score)
		return -EINVAL;

	r = weigh(rule, task, total_pages, &badness);
	if (r < 0)
		return r;
	if (badness != exempt_badness(rule))
		score = score_of(rule, badness, (int64_t)total_pages);
	if (score > INT32_MAX)
		return -ERANGE;

	*out_score = (int32_t)score;
	return 0;
}

/* The one chosen so far, and the next best. */
struct choice {
	int64_t best, second;
	size_t index, candidates;
};

static void consider(struct choice *c, enum oomctl_score_rule rule, size_t index,
		     int64_t badness)
{
	/* Of equals the last of the list, up to 5.8 the first. */
	bool wins = c->candidates == 0 || badness > c->best ||
		    (badness == c->best && rule == OOMCTL_SCORE_RULE_5_9);
	int64_t loser = wins ? c->best : badness;

	if (c->candidates > 0 && (c->candidates == 1 || loser > c->second))
		c->second = loser;
	if (wins) {
		c->best = badness;
		c->index = index;
	}
	c->candidates++;
}

OOMCTL_EXPORT int oomctl_calc_victim(enum oomctl_score_rule rule,
				     const struct oomctl_task_figures *tasks,
				     size_t count, uint64_t total_pages,
				     size_t *out_index, int64_t *out_margin_pages)
{
	struct choice c = { 0 };
	int64_t badness;
	int r;

	if (!is_rule(rule) || (!tasks && count > 0) || !is_total(total_pages) ||
	    !out_index || !out_margin_pages)
		return -EINVAL;

	/*@ loop invariant 0 <= i <= count && is_choice(c.best, c.second, c.candidates, i);
	    loop invariant c.candidates > 0 ==> c.index < i;
	    loop assigns i, r, badness, c;
	    loop variant count - i; */
	for (size_t i = 0; i < count; i++) {
		r = weigh(rule, &tasks[i], total_pages, &badness);
		if (r < 0)
			return r;
		if (badness != exempt_badness(rule))
			consider(&c, rule, i, badness);
	}
	if (c.candidates == 0)
		return -ESRCH;

	*out_index = c.index;
	*out_margin_pages = c.candidates > 1 ? c.best - c.second : INT64_MAX;
	return 0;
}

/* What never falls while one of its figures grows; the others stay. */
struct curve {
	enum { BADNESS_BY_ADJ, SCORE_BY_BADNESS, SCORE_BY_FOOTPRINT } is;
	enum oomctl_score_rule rule;
	int64_t footprint, total;
	int32_t adj;
	uint32_t flags;
};

/* By the only figure that grows. */
static int64_t value_at(const struct curve *c, int64_t x)
{
	if (c->is == BADNESS_BY_ADJ)
		return badness_of(c->rule, c->footprint, (int32_t)x, c->flags, c->total);
	if (c->is == SCORE_BY_FOOTPRINT)
		x = badness_of(c->rule, x, c->adj, c->flags, c->total);
	return score_of(c->rule, x, c->total);
}

/* The least x, of first to last, at which the curve reaches y; last + 1 when none does. */
static int64_t reach(const struct curve *c, int64_t first, int64_t last, int64_t y)
{
	int64_t middle;

	/*@ loop invariant \at(first, Pre) <= first <= last + 1 <= \at(last, Pre) + 1;
	    loop assigns first, last, middle;
	    loop variant last - first; */
	while (first <= last) {
		middle = first + (last - first) / 2;
		if (value_at(c, middle) >= y)
			last = middle - 1;
		else
			first = middle + 1;
	}
	return first;
}

/* The least adjustment with which a task's badness reaches `badness`; 1001 when none does. */
static int reaching_adj(enum oomctl_score_rule rule,
			const struct oomctl_task_figures *task, uint64_t total_pages,
			int64_t badness, int32_t *out)
{
	struct curve c = { .is = BADNESS_BY_ADJ, .rule = rule };
	int r;

	if (!is_rule(rule) || !task || !is_task(0, task->flags) || !is_total(total_pages))
		return -EINVAL;
	if (is_exempt(0, task->flags))
		return -ERANGE;

	r = footprint_of(task, &c.footprint);
	if (r < 0)
		return r;

	c.flags = task->flags;
	c.total = (int64_t)total_pages;
	*out = (int32_t)reach(&c, EXEMPT + 1, OOMCTL_SCORE_ADJ_MAX, badness);
	return 0;
}

OOMCTL_EXPORT int oomctl_calc_oom_score_adj_below(enum oomctl_score_rule rule,
						  const struct oomctl_task_figures *task,
						  uint64_t total_pages,
						  int64_t badness_pages, int32_t *out_adj)
{
	int32_t adj;
	int r;

	if (!out_adj)
		return -EINVAL;

	r = reaching_adj(rule, task, total_pages, badness_pages, &adj);
	if (r < 0)
		return r;
	if (adj == EXEMPT + 1)
		return -ERANGE;

	*out_adj = adj - 1;
	return 0;
}

OOMCTL_EXPORT int oomctl_calc_oom_score_adj_above(enum oomctl_score_rule rule,
						  const struct oomctl_task_figures *task,
						  uint64_t total_pages,
						  int64_t badness_pages, int32_t *out_adj)
{
	bool is_last = badness_pages == INT64_MAX; /* which none reaches */
	int32_t adj;
	int r;

	if (!out_adj)
		return -EINVAL;

	r = reaching_adj(rule, task, total_pages, badness_pages + !is_last, &adj);
	if (r < 0)
		return r;
	if (adj > OOMCTL_SCORE_ADJ_MAX)
		return -ERANGE;

	*out_adj = adj;
	return 0;
}

/* The first and the last x, of first to last, at which the curve shows y. */
static int showing(const struct curve *c, int64_t first, int64_t last, int64_t y,
		   int64_t *out_least, int64_t *out_most)
{
	int64_t least = reach(c, first, last, y);

	if (least > last || value_at(c, least) != y)
		return -ERANGE;

	*out_most = reach(c, least, last, y + 1) - 1;
	*out_least = least;
	return 0;
}

/* What the badness of a task that can be chosen is never below. */
static int64_t least_badness(enum oomctl_score_rule rule, int64_t total)
{
	return rule == OOMCTL_SCORE_RULE_5_9 ? (EXEMPT + 1) * (total / 1000) : 1;
}

static int64_t most_badness(enum oomctl_score_rule rule, int64_t total)
{
	return rule == OOMCTL_SCORE_RULE_2_6_36
		   ? 1000
		   : PAGES_MAX + OOMCTL_SCORE_ADJ_MAX * (total / 1000);
}

OOMCTL_EXPORT int oomctl_calc_badness_of_oom_score(enum oomctl_score_rule rule,
						   int32_t oom_score,
						   uint64_t total_pages,
						   int64_t *out_least_pages,
						   int64_t *out_most_pages)
{
	struct curve c = { .is = SCORE_BY_BADNESS, .rule = rule };

	if (!is_rule(rule) || oom_score < 0 || !is_total(total_pages) ||
	    !out_least_pages || !out_most_pages)
		return -EINVAL;

	c.total = (int64_t)total_pages;
	return showing(&c, least_badness(rule, c.total), most_badness(rule, c.total),
		       oom_score, out_least_pages, out_most_pages);
}

OOMCTL_EXPORT int oomctl_calc_footprint_of_oom_score(
    enum oomctl_score_rule rule, int32_t oom_score, int32_t oom_score_adj, uint32_t flags,
    uint64_t total_pages, uint64_t *out_least_pages, uint64_t *out_most_pages)
{
	struct curve c = { .is = SCORE_BY_FOOTPRINT, .rule = rule };
	int64_t least, most;
	int r;

	if (!is_rule(rule) || oom_score < 0 || !is_task(oom_score_adj, flags) ||
	    !is_total(total_pages) || !out_least_pages || !out_most_pages)
		return -EINVAL;
	if (is_exempt(oom_score_adj, flags))
		return -ERANGE;

	c.adj = oom_score_adj;
	c.flags = flags;
	c.total = (int64_t)total_pages;
	r = showing(&c, 0, PAGES_MAX, oom_score, &least, &most);
	if (r < 0)
		return r;

	*out_least_pages = (uint64_t)least;
	*out_most_pages = (uint64_t)most;
	return 0;
}
