/* SPDX-License-Identifier: MIT */
/* Any tasks: who is chosen, what scores stand for, and which adjustments change the order. */
#include "fuzz.h"

#include <oomctl/calc.h>
#include <oomctl/proc.h>

enum { TASKS = 6 };

static const int64_t pages_max = INT64_C(1) << 50;

/* A machine, and what is asked about it. */
struct question {
	enum oomctl_score_rule rule;
	uint64_t total;
	struct oomctl_task_figures tasks[TASKS];
	size_t count;
	int64_t badness;
	int32_t score;
};

static bool is_valid(const struct question *q)
{
	return q->rule >= 1 && q->rule <= 5 && q->total > 0 &&
	       q->total <= (uint64_t)pages_max;
}

static bool is_valid_task(const struct oomctl_task_figures *t)
{
	return t->flags < 4 && t->oom_score_adj >= -1000 && t->oom_score_adj <= 1000;
}

static bool is_exempt(const struct oomctl_task_figures *t)
{
	return t->oom_score_adj == -1000 || t->flags & OOMCTL_TASK_UNKILLABLE;
}

static bool is_small(const struct oomctl_task_figures *t)
{
	return (unsigned __int128)t->rss_pages + t->swap_pages + t->pgtable_pages <=
	       (uint64_t)pages_max;
}

/* What weighing the task is to give. */
static int verdict_on(const struct question *q, const struct oomctl_task_figures *t)
{
	if (!is_valid(q) || !is_valid_task(t))
		return -EINVAL;
	return is_exempt(t) || is_small(t) ? 0 : -ERANGE;
}

static int64_t badness_of(const struct question *q, struct oomctl_task_figures t)
{
	int64_t badness;

	EXPECT(oomctl_calc_badness(q->rule, &t, q->total, &badness) == 0);
	return badness;
}

static int64_t badness_by_adj(const struct question *q, struct oomctl_task_figures t,
			      int32_t adj)
{
	t.oom_score_adj = adj;
	return badness_of(q, t);
}

/* The score of a task of as many pages; -1 when there is none. */
static int64_t score_by_pages(const struct question *q, int64_t pages, int32_t adj,
			      uint32_t flags)
{
	struct oomctl_task_figures t = { .oom_score_adj = adj, .flags = flags };
	int32_t score;

	t.rss_pages = (uint64_t)pages;
	return oomctl_calc_oom_score(q->rule, &t, q->total, &score) < 0 ? -1 : score;
}

static void check_weights(const struct question *q, const struct oomctl_task_figures *t)
{
	int64_t badness = UNTOUCHED;
	int32_t score = UNTOUCHED;
	int r = oomctl_calc_badness(q->rule, t, q->total, &badness);

	EXPECT(r == verdict_on(q, t));
	EXPECT(r == 0 || badness == UNTOUCHED);
	r = oomctl_calc_oom_score(q->rule, t, q->total, &score);
	EXPECT(r == verdict_on(q, t) || r == -ERANGE);
	EXPECT(r == 0 ? score >= 0 : score == UNTOUCHED);
	EXPECT(r != 0 || !is_exempt(t) || score == 0);
}

/* Why no adjustment can be told, whatever it is compared with. */
static int refusal(const struct question *q, const struct oomctl_task_figures *t)
{
	if (!is_valid(q) || t->flags > 3)
		return -EINVAL;
	return t->flags & OOMCTL_TASK_UNKILLABLE || !is_small(t) ? -ERANGE : 0;
}

static void check_adj_below(const struct question *q, struct oomctl_task_figures t)
{
	int32_t adj = UNTOUCHED;
	int r = oomctl_calc_oom_score_adj_below(q->rule, &t, q->total, q->badness, &adj);

	EXPECT(r == 0 || adj == UNTOUCHED);
	if (refusal(q, &t))
		EXPECT(r == refusal(q, &t));
	else if (r < 0)
		EXPECT(r == -ERANGE && badness_by_adj(q, t, -999) >= q->badness);
	else
		EXPECT(adj >= -999 && badness_by_adj(q, t, adj) < q->badness &&
		       (adj == 1000 || badness_by_adj(q, t, adj + 1) >= q->badness));
}

static void check_adj_above(const struct question *q, struct oomctl_task_figures t)
{
	int32_t adj = UNTOUCHED;
	int r = oomctl_calc_oom_score_adj_above(q->rule, &t, q->total, q->badness, &adj);

	EXPECT(r == 0 || adj == UNTOUCHED);
	if (refusal(q, &t))
		EXPECT(r == refusal(q, &t));
	else if (r < 0)
		EXPECT(r == -ERANGE && badness_by_adj(q, t, 1000) <= q->badness);
	else
		EXPECT(badness_by_adj(q, t, adj) > q->badness &&
		       (adj == -999 || badness_by_adj(q, t, adj - 1) <= q->badness));
}

/* The ends of a range of pages show the score; what is beyond them does not. */
static void check_range(const struct question *q, int32_t score, int64_t least,
			int64_t most, int32_t adj, uint32_t flags)
{
	EXPECT(least <= most);
	EXPECT(score_by_pages(q, least, adj, flags) == score);
	EXPECT(least == 0 || score_by_pages(q, least - 1, adj, flags) != score);
	EXPECT(score_by_pages(q, most, adj, flags) == score);
	EXPECT(most == pages_max || score_by_pages(q, most + 1, adj, flags) != score);
}

/* Which footprints show a score, whether it is the task's own or any. */
static void check_footprint(const struct question *q, const struct oomctl_task_figures *t,
			    int32_t score, bool is_its_own)
{
	uint64_t pages = t->rss_pages + t->swap_pages + t->pgtable_pages;
	uint64_t least = UNTOUCHED, most = UNTOUCHED;
	int r = oomctl_calc_footprint_of_oom_score(q->rule, score, t->oom_score_adj,
						   t->flags, q->total, &least, &most);
	bool is_refused = !is_valid(q) || !is_valid_task(t) || score < 0;

	EXPECT(is_refused ? r == -EINVAL : r == 0 || r == -ERANGE);
	EXPECT(r == 0 || (least == UNTOUCHED && most == UNTOUCHED));
	if (r == 0)
		check_range(q, score, (int64_t)least, (int64_t)most, t->oom_score_adj,
			    t->flags);
	EXPECT(!is_its_own || (r == 0 && pages >= least && pages <= most));
}

/* Without an adjustment, pages are badness: but before 3.5, and where badness is below 1. */
static void check_badness(const struct question *q, const struct oomctl_task_figures *t,
			  int32_t score, bool is_its_own)
{
	int64_t least = UNTOUCHED, most = UNTOUCHED;
	int r = oomctl_calc_badness_of_oom_score(q->rule, score, q->total, &least, &most);

	EXPECT(is_valid(q) && score >= 0 ? r == 0 || r == -ERANGE : r == -EINVAL);
	EXPECT(r == 0 || (least == UNTOUCHED && most == UNTOUCHED));
	if (r == 0 && q->rule != OOMCTL_SCORE_RULE_2_6_36 && least > 1 &&
	    most < pages_max)
		check_range(q, score, least, most, 0, 0);
	EXPECT(!is_its_own ||
	       (r == 0 && badness_of(q, *t) >= least && badness_of(q, *t) <= most));
}

static void check_scores(const struct question *q, const struct oomctl_task_figures *t)
{
	int32_t score;
	bool has_score = oomctl_calc_oom_score(q->rule, t, q->total, &score) == 0;

	check_footprint(q, t, q->score, false);
	check_badness(q, t, q->score, false);
	if (!has_score || is_exempt(t))
		return;
	check_footprint(q, t, score, true);
	check_badness(q, t, score, true);
}

/* The one that no other beats, and of equals the one that the rule prefers. */
static bool beats(const struct question *q, size_t i, size_t j)
{
	int64_t a = badness_of(q, q->tasks[i]), b = badness_of(q, q->tasks[j]);

	return a > b || (a == b && (i > j) == (q->rule == OOMCTL_SCORE_RULE_5_9));
}

static void check_victim(const struct question *q)
{
	size_t index = UNTOUCHED, others = 0;
	int64_t margin = UNTOUCHED, least = INT64_MAX, lead;
	int r =
	    oomctl_calc_victim(q->rule, q->tasks, q->count, q->total, &index, &margin);
	int want = is_valid(q) ? -ESRCH : -EINVAL;

	for (size_t i = 0; i < q->count && (want == 0 || want == -ESRCH); i++) {
		int verdict = verdict_on(q, &q->tasks[i]);

		want = verdict ? verdict : is_exempt(&q->tasks[i]) ? want : 0;
	}
	EXPECT(r == want);
	EXPECT(r == 0 || (index == UNTOUCHED && margin == UNTOUCHED));
	if (r < 0)
		return;

	EXPECT(index < q->count && !is_exempt(&q->tasks[index]));
	for (size_t i = 0; i < q->count; i++) {
		if (i == index || is_exempt(&q->tasks[i]))
			continue;
		EXPECT(beats(q, index, i));
		lead = badness_of(q, q->tasks[index]) - badness_of(q, q->tasks[i]);
		least = lead < least ? lead : least;
		others++;
	}
	EXPECT(margin == least && (others > 0 || margin == INT64_MAX));
}

static struct oomctl_task_figures take_task(struct bytes *b)
{
	uint8_t flags = take_byte(b);
	struct oomctl_task_figures t = {
		.rss_pages = take_figure(b),
		.swap_pages = take_figure(b),
		.pgtable_pages = take_figure(b),
		.oom_score_adj = (int32_t)(take_u64(b) >> 48) % 1002,
		.flags = flags < 250 ? flags % 4 : flags,
	};

	if (take_byte(b) % 2)
		t.oom_score_adj = -t.oom_score_adj;
	return t;
}

static struct question take_question(struct bytes *b)
{
	struct question q = { .rule = take_byte(b) % 7, .total = take_figure(b) };

	q.badness = (int64_t)(take_figure(b) *
			      (take_byte(b) % 2 ? UINT64_MAX : 1)); /* or minus */
	q.score = (int32_t)(uint32_t)take_figure(b);
	while (b->left > 0 && q.count < TASKS)
		q.tasks[q.count++] = take_task(b);
	return q;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	struct question q = take_question(&b);

	check_victim(&q);
	for (size_t i = 0; i < q.count; i++) {
		const struct oomctl_task_figures *t = &q.tasks[i];

		check_weights(&q, t);
		check_adj_below(&q, *t);
		check_adj_above(&q, *t);
		check_scores(&q, t);
	}
	return 0;
}
