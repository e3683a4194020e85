/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>
#include <oomctl/proc.h>

#include "test.h"

#define UNTOUCHED_I64 INT64_C(-777777777777)
#define PAGES_MAX (UINT64_C(1) << 50)

enum {
	ROOT = OOMCTL_TASK_PRIVILEGED,
	KTHREAD = OOMCTL_TASK_UNKILLABLE,
};

static const enum oomctl_score_rule all_rules[] = {
	OOMCTL_SCORE_RULE_2_6_36, OOMCTL_SCORE_RULE_3_6, OOMCTL_SCORE_RULE_3_18,
	OOMCTL_SCORE_RULE_4_17,   OOMCTL_SCORE_RULE_5_9,
};

static struct oomctl_task_figures task(uint64_t rss_pages, int32_t adj, uint32_t flags)
{
	return (struct oomctl_task_figures){ .rss_pages = rss_pages,
					     .oom_score_adj = adj,
					     .flags = flags };
}

static int64_t badness(enum oomctl_score_rule rule, struct oomctl_task_figures t,
		       uint64_t total)
{
	int64_t pages = UNTOUCHED_I64;

	assert_int_equal(oomctl_calc_badness(rule, &t, total, &pages), 0);
	return pages;
}

static int32_t score(enum oomctl_score_rule rule, struct oomctl_task_figures t,
		     uint64_t total)
{
	int32_t points = UNTOUCHED;

	assert_int_equal(oomctl_calc_oom_score(rule, &t, total, &points), 0);
	return points;
}

/* A process of 37 MB on a machine of 250555 pages, Linux 6.12. */
static void measured_scores_are_exact(void **state)
{
	static const struct {
		int32_t adj, score;
	} cases[] = {
		{ -1000, 0 }, { -999, 28 },  { -500, 360 }, { -1, 691 },    { 0, 692 },
		{ 1, 692 },   { 500, 1024 }, { 999, 1356 }, { 1000, 1356 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(
		    score(OOMCTL_SCORE_RULE_5_9, task(9548, cases[i].adj, 0), 250555),
		    cases[i].score);
}

static void each_rule_gives_what_was_computed_by_hand(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		uint64_t rss_pages;
		int32_t adj;
		uint32_t flags;
		uint64_t total;
		int64_t badness;
		int32_t score;
	} cases[] = {
		/* Points: truncated, then the bonus, the adjustment, and the bounds. */
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, 0, 0, 1000000, 100, 100 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1999, 0, 0, 1000000, 1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, 50, 0, 1000000, 150, 150 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, 0, ROOT, 1000000, 70, 70 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, -500, 0, 1000000, 1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 0, 0, 0, 1000000, 1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 2000, 0, 0, 1000000, 2, 2 },
		{ OOMCTL_SCORE_RULE_2_6_36, 0, 999, 0, 1000000, 999, 999 },
		{ OOMCTL_SCORE_RULE_2_6_36, 0, 1000, 0, 1000000, 1000, 1000 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, 901, 0, 1000000, 1000, 1000 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100000, 901, ROOT, 1000000, 971, 971 },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 0, 999, 1000, 1000 },
		/* The bonus is an adjustment by -30, so without effect below 1000 pages. */
		{ OOMCTL_SCORE_RULE_3_6, 100000, 0, 0, 1000000, 100000, 100 },
		{ OOMCTL_SCORE_RULE_3_6, 100000, 0, ROOT, 1000000, 70000, 70 },
		{ OOMCTL_SCORE_RULE_3_6, 100000, 50, ROOT, 1000000, 120000, 120 },
		{ OOMCTL_SCORE_RULE_3_6, 500, 0, ROOT, 999, 500, 500 },
		{ OOMCTL_SCORE_RULE_3_6, 30000, 0, ROOT, 1000000, 1, 0 },
		{ OOMCTL_SCORE_RULE_3_6, 30002, 0, ROOT, 1000000, 2, 0 },
		{ OOMCTL_SCORE_RULE_3_6, 10, -500, 0, 1000000, 1, 0 },
		/* Printed by Linux 3.10: "R003" of reports.h. */
		{ OOMCTL_SCORE_RULE_3_6, 6700394, 0, 0, 10283998, 6700394, 651 },
		/* The bonus is 3 % of the footprint, truncated, before the adjustment. */
		{ OOMCTL_SCORE_RULE_3_18, 100000, 0, 0, 1000000, 100000, 100 },
		{ OOMCTL_SCORE_RULE_3_18, 100000, 0, ROOT, 1000000, 97000, 97 },
		{ OOMCTL_SCORE_RULE_3_18, 100000, 10, ROOT, 1000000, 107000, 107 },
		{ OOMCTL_SCORE_RULE_3_18, 133, 0, ROOT, 1000, 130, 130 },
		{ OOMCTL_SCORE_RULE_3_18, 33, 0, ROOT, 1000, 33, 33 },
		{ OOMCTL_SCORE_RULE_3_18, 34, 0, ROOT, 1000, 33, 33 },
		{ OOMCTL_SCORE_RULE_3_18, 10, -500, 0, 1000000, 1, 0 },
		/* No bonus from here on. */
		{ OOMCTL_SCORE_RULE_4_17, 100000, 0, ROOT, 1000000, 100000, 100 },
		{ OOMCTL_SCORE_RULE_4_17, 100000, 10, 0, 1000000, 110000, 110 },
		{ OOMCTL_SCORE_RULE_4_17, 10, -500, 0, 1000000, 1, 0 },
		{ OOMCTL_SCORE_RULE_4_17, 0, 0, 0, 1000, 1, 1 },
		{ OOMCTL_SCORE_RULE_4_17, 1999, 0, 0, 1000000, 1999, 1 },
		{ OOMCTL_SCORE_RULE_5_9, 100000, 0, ROOT, 1000000, 100000, 733 },
		{ OOMCTL_SCORE_RULE_5_9, 0, 0, 0, 1000000, 0, 666 },
		{ OOMCTL_SCORE_RULE_5_9, 0, 1000, 0, 1000000, 1000000, 1333 },
		{ OOMCTL_SCORE_RULE_5_9, 1000000, 1000, 0, 1000000, 2000000, 2000 },
		{ OOMCTL_SCORE_RULE_5_9, 0, -999, 0, 1000000, -999000, 0 },
		{ OOMCTL_SCORE_RULE_5_9, 10, -500, 0, 1000000, -499990, 334 },
		/* Negative points are truncated towards 0: -1.5 is -1. */
		{ OOMCTL_SCORE_RULE_5_9, 0, -3, 0, 1999, -3, 666 },
		{ OOMCTL_SCORE_RULE_5_9, 0, -4, 0, 1999, -4, 665 },
		/* A thousandth of the total is truncated first. */
		{ OOMCTL_SCORE_RULE_3_6, 0, 1000, 0, 1999, 1000, 500 },
		{ OOMCTL_SCORE_RULE_3_18, 0, 1000, 0, 1999, 1000, 500 },
		{ OOMCTL_SCORE_RULE_4_17, 0, 1000, 0, 1999, 1000, 500 },
		{ OOMCTL_SCORE_RULE_5_9, 0, 1000, 0, 1999, 1000, 1000 },
		{ OOMCTL_SCORE_RULE_5_9, 7, 1000, 0, 999, 7, 671 },
		{ OOMCTL_SCORE_RULE_5_9, 1, 0, 0, 1, 1, 1333 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_task_figures t =
		    task(cases[i].rss_pages, cases[i].adj, cases[i].flags);

		if (badness(cases[i].rule, t, cases[i].total) != cases[i].badness ||
		    score(cases[i].rule, t, cases[i].total) != cases[i].score)
			fail_msg("case %zu", i);
	}
}

static void ram_swap_and_page_tables_count_alike(void **state)
{
	const struct oomctl_task_figures t = { .rss_pages = 100000,
					       .swap_pages = 20000,
					       .pgtable_pages = 3000 };

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++)
		assert_int_equal(badness(all_rules[i], t, 1000000),
				 badness(all_rules[i], task(123000, 0, 0), 1000000));
	assert_int_equal(badness(OOMCTL_SCORE_RULE_5_9, t, 1000000), 123000);
}

/* Whatever its figures, which may be beyond what is counted. */
static void what_is_never_chosen_has_the_kernels_mark_and_no_score(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		const struct oomctl_task_figures exempt[] = {
			task(100, OOMCTL_SCORE_ADJ_MIN, 0),
			task(100, OOMCTL_SCORE_ADJ_MIN, ROOT),
			task(100, 0, KTHREAD),
			task(100, OOMCTL_SCORE_ADJ_MAX, KTHREAD | ROOT),
			task(UINT64_MAX, 0, KTHREAD),
			task(UINT64_MAX, OOMCTL_SCORE_ADJ_MIN, 0),
		};
		enum oomctl_score_rule rule = all_rules[i];

		for (size_t j = 0; j < LENGTH(exempt); j++) {
			assert_true(badness(rule, exempt[j], 1000000) ==
				    (rule == OOMCTL_SCORE_RULE_5_9 ? INT64_MIN : 0));
			assert_int_equal(score(rule, exempt[j], 1000000), 0);
		}
	}
}

/* Asks every call that weighs one process, and that nothing was written. */
static void refused_by_each(enum oomctl_score_rule rule,
			    const struct oomctl_task_figures *t, uint64_t total, int code)
{
	int64_t pages = UNTOUCHED_I64;
	int32_t points = UNTOUCHED, adj = UNTOUCHED;
	size_t index = 77;

	assert_int_equal(oomctl_calc_badness(rule, t, total, &pages), code);
	assert_int_equal(oomctl_calc_oom_score(rule, t, total, &points), code);
	assert_int_equal(oomctl_calc_victim(rule, t, 1, total, &index, &pages), code);
	if (!t || t->oom_score_adj == 0) { /* not looked at */
		assert_int_equal(
		    oomctl_calc_oom_score_adj_below(rule, t, total, 500, &adj), code);
		assert_int_equal(
		    oomctl_calc_oom_score_adj_above(rule, t, total, 500, &adj), code);
	}
	assert_true(pages == UNTOUCHED_I64);
	assert_int_equal(points, UNTOUCHED);
	assert_int_equal(adj, UNTOUCHED);
	assert_int_equal(index, 77);
}

static void bad_figures_are_refused(void **state)
{
	const struct oomctl_task_figures good = task(100, 0, 0);
	const struct oomctl_task_figures bad[] = {
		task(100, OOMCTL_SCORE_ADJ_MIN - 1, 0),
		task(100, OOMCTL_SCORE_ADJ_MAX + 1, 0),
		task(100, INT32_MIN, 0),
		task(100, INT32_MAX, 0),
		task(100, 0, 4),
		task(100, 0, UINT32_MAX),
		task(100, OOMCTL_SCORE_ADJ_MIN - 1, KTHREAD),
		task(100, OOMCTL_SCORE_ADJ_MIN, 4),
	};
	const int wrong_rules[] = { 0, 6, -1, INT32_MAX };

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong_rules); i++)
		refused_by_each((enum oomctl_score_rule)wrong_rules[i], &good, 1000,
				-EINVAL);
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		refused_by_each(all_rules[i], NULL, 1000, -EINVAL);
		refused_by_each(all_rules[i], &good, 0, -EINVAL);
		refused_by_each(all_rules[i], &good, PAGES_MAX + 1, -EINVAL);
		refused_by_each(all_rules[i], &good, UINT64_MAX, -EINVAL);
		for (size_t j = 0; j < LENGTH(bad); j++)
			refused_by_each(all_rules[i], &bad[j], 1000, -EINVAL);
	}
}

static void a_missing_output_is_refused_and_the_other_untouched(void **state)
{
	const struct oomctl_task_figures t = task(100, 0, 0);
	enum oomctl_score_rule rule = OOMCTL_SCORE_RULE_5_9;
	int64_t pages = UNTOUCHED_I64;
	uint64_t upages = UNTOUCHED_U64;
	size_t index = 77;

	(void)state;
	assert_int_equal(oomctl_calc_badness(rule, &t, 1000, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_oom_score(rule, &t, 1000, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_victim(rule, &t, 1, 1000, NULL, &pages), -EINVAL);
	assert_int_equal(oomctl_calc_victim(rule, &t, 1, 1000, &index, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_oom_score_adj_below(rule, &t, 1000, 1, NULL),
			 -EINVAL);
	assert_int_equal(oomctl_calc_oom_score_adj_above(rule, &t, 1000, 1, NULL),
			 -EINVAL);
	assert_int_equal(oomctl_calc_badness_of_oom_score(rule, 666, 1000, NULL, &pages),
			 -EINVAL);
	assert_int_equal(oomctl_calc_badness_of_oom_score(rule, 666, 1000, &pages, NULL),
			 -EINVAL);
	assert_int_equal(
	    oomctl_calc_footprint_of_oom_score(rule, 666, 0, 0, 1000, NULL, &upages),
	    -EINVAL);
	assert_int_equal(
	    oomctl_calc_footprint_of_oom_score(rule, 666, 0, 0, 1000, &upages, NULL),
	    -EINVAL);
	assert_true(pages == UNTOUCHED_I64 && upages == UNTOUCHED_U64);
	assert_int_equal(index, 77);
}

static void a_process_of_more_pages_than_can_be_weighed_is_erange(void **state)
{
	const struct oomctl_task_figures huge[] = {
		task(PAGES_MAX + 1, 0, 0),
		task(UINT64_MAX, 0, 0),
		{ .swap_pages = PAGES_MAX + 1 },
		{ .pgtable_pages = PAGES_MAX + 1 },
		{ .rss_pages = PAGES_MAX, .swap_pages = 1 },
		{ .rss_pages = PAGES_MAX, .pgtable_pages = 1 },
		{ .rss_pages = UINT64_MAX, .swap_pages = 1 },
		{ .rss_pages = UINT64_MAX, .pgtable_pages = 1 },
		{ .rss_pages = UINT64_MAX, .swap_pages = UINT64_MAX, .pgtable_pages = 2 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++)
		for (size_t j = 0; j < LENGTH(huge); j++)
			refused_by_each(all_rules[i], &huge[j], 1000, -ERANGE);
}

static void the_largest_figures_do_not_overflow(void **state)
{
	static const int64_t most = (int64_t)PAGES_MAX;
	const struct oomctl_task_figures t = task(PAGES_MAX, 1000, 0);

	(void)state;
	assert_int_equal(badness(OOMCTL_SCORE_RULE_2_6_36, t, PAGES_MAX), 1000);
	for (size_t i = 1; i < LENGTH(all_rules); i++)
		assert_true(badness(all_rules[i], t, PAGES_MAX) ==
			    most + most / 1000 * 1000);
	assert_int_equal(score(OOMCTL_SCORE_RULE_4_17, t, PAGES_MAX), 1999);
	assert_int_equal(score(OOMCTL_SCORE_RULE_5_9, t, PAGES_MAX), 1999);
	assert_true(badness(OOMCTL_SCORE_RULE_5_9, task(0, -999, 0), PAGES_MAX) ==
		    -999 * (most / 1000));
	assert_true(badness(OOMCTL_SCORE_RULE_3_18, task(PAGES_MAX, 0, ROOT),
			    PAGES_MAX) == most - most * 3 / 100);
	assert_int_equal(badness(OOMCTL_SCORE_RULE_3_6, task(0, -999, ROOT), PAGES_MAX),
			 1);
}

static void a_score_beyond_its_type_is_erange(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		uint64_t fits, too_many;
		int32_t score;
	} cases[] = {
		/* On one page: 1000 points each, with 5.9 two thirds of that. */
		{ OOMCTL_SCORE_RULE_4_17, 2147483, 2147484, 2147483000 },
		{ OOMCTL_SCORE_RULE_5_9, 3221224, 3221225, 2147483333 },
		{ OOMCTL_SCORE_RULE_5_9, 3221224, PAGES_MAX - 1, 2147483333 },
		{ OOMCTL_SCORE_RULE_5_9, 3221224, PAGES_MAX, 2147483333 },
		{ OOMCTL_SCORE_RULE_4_17, 2147483, PAGES_MAX, 2147483000 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const struct oomctl_task_figures t = task(cases[i].too_many, 0, 0);
		int32_t points = UNTOUCHED;

		assert_int_equal(score(cases[i].rule, task(cases[i].fits, 0, 0), 1),
				 cases[i].score);
		assert_int_equal(oomctl_calc_oom_score(cases[i].rule, &t, 1, &points),
				 -ERANGE);
		assert_int_equal(points, UNTOUCHED);
	}
}

static void the_largest_score_of_its_type_is_told(void **state)
{
	const struct oomctl_task_figures more = task(UINT64_C(1) << 31, 0, 0);
	int32_t points = UNTOUCHED;

	(void)state;
	assert_int_equal(score(OOMCTL_SCORE_RULE_4_17, task(INT32_MAX, 0, 0), 1000),
			 INT32_MAX);
	assert_int_equal(
	    oomctl_calc_oom_score(OOMCTL_SCORE_RULE_4_17, &more, 1000, &points), -ERANGE);
	assert_int_equal(points, UNTOUCHED);
}

struct choice {
	size_t index;
	int64_t margin;
};

static struct choice victim(enum oomctl_score_rule rule,
			    const struct oomctl_task_figures *tasks, size_t count,
			    uint64_t total)
{
	struct choice c = { 77, UNTOUCHED_I64 };

	assert_int_equal(
	    oomctl_calc_victim(rule, tasks, count, total, &c.index, &c.margin), 0);
	return c;
}

static void the_highest_badness_is_chosen_in_every_order(void **state)
{
	static const size_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const uint64_t rss[] = { 100000, 200000, 700000 };
	struct oomctl_task_figures tasks[3];

	(void)state;
	for (size_t i = 0; i < LENGTH(orders); i++) {
		struct choice c;

		for (size_t j = 0; j < 3; j++)
			tasks[j] = task(rss[orders[i][j]], 0, 0);
		c = victim(OOMCTL_SCORE_RULE_5_9, tasks, 3, 1000000);
		assert_int_equal(orders[i][c.index], 2);
		assert_int_equal(c.margin, 500000);
		c = victim(OOMCTL_SCORE_RULE_2_6_36, tasks, 3, 1000000);
		assert_int_equal(orders[i][c.index], 2);
		assert_int_equal(c.margin, 500); /* points */
	}
}

/* It was so on Linux 5.10, 6.1 and 6.12; before 5.9 it was the first. */
static void of_equals_the_last_is_chosen_and_up_to_5_8_the_first(void **state)
{
	const struct oomctl_task_figures tasks[] = { task(5, 0, 0), task(900, 0, 0),
						     task(900, 0, 0), task(900, 0, 0),
						     task(7, 0, 0) };

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		struct choice c = victim(all_rules[i], tasks, LENGTH(tasks), 1000);

		assert_int_equal(c.index, all_rules[i] == OOMCTL_SCORE_RULE_5_9 ? 3 : 1);
		assert_int_equal(c.margin, 0);
	}
}

static void badness_decides_where_scores_are_equal(void **state)
{
	const struct oomctl_task_figures tasks[] = { task(100001, 0, 0),
						     task(100000, 0, 0) };
	struct choice c = victim(OOMCTL_SCORE_RULE_5_9, tasks, 2, 1000000);

	(void)state;
	assert_int_equal(score(OOMCTL_SCORE_RULE_5_9, tasks[0], 1000000),
			 score(OOMCTL_SCORE_RULE_5_9, tasks[1], 1000000));
	assert_int_equal(c.index, 0);
	assert_int_equal(c.margin, 1);
}

static void a_negative_badness_can_be_the_highest(void **state)
{
	const struct oomctl_task_figures tasks[] = { task(10, -500, 0), task(10, -300, 0),
						     task(10, -400, 0) };
	struct choice c = victim(OOMCTL_SCORE_RULE_5_9, tasks, 3, 1000000);

	(void)state;
	assert_int_equal(c.index, 1);
	assert_int_equal(c.margin, 100000);
	/* Older rules see three processes of one page. */
	c = victim(OOMCTL_SCORE_RULE_4_17, tasks, 3, 1000000);
	assert_int_equal(c.index, 0);
	assert_int_equal(c.margin, 0);
}

static void what_is_never_chosen_does_not_take_part(void **state)
{
	const struct oomctl_task_figures tasks[] = { task(900, 1000, KTHREAD),
						     task(1, -999, 0),
						     task(900, -1000, 0),
						     task(UINT64_MAX, -1000, 0) };

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		struct choice c = victim(all_rules[i], tasks, LENGTH(tasks), 1000000);

		assert_int_equal(c.index, 1);
		assert_true(c.margin == INT64_MAX);
	}
}

static void nobody_to_choose_is_esrch(void **state)
{
	const struct oomctl_task_figures tasks[] = { task(900, 0, KTHREAD),
						     task(900, -1000, 0) };
	int64_t margin = UNTOUCHED_I64;
	size_t index = 77;

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		enum oomctl_score_rule rule = all_rules[i];

		assert_int_equal(
		    oomctl_calc_victim(rule, tasks, 2, 1000, &index, &margin), -ESRCH);
		assert_int_equal(
		    oomctl_calc_victim(rule, tasks, 0, 1000, &index, &margin), -ESRCH);
		assert_int_equal(oomctl_calc_victim(rule, NULL, 0, 1000, &index, &margin),
				 -ESRCH);
	}
	assert_int_equal(index, 77);
	assert_true(margin == UNTOUCHED_I64);
}

static void one_bad_process_refuses_the_whole_list(void **state)
{
	struct oomctl_task_figures tasks[] = { task(5, 0, 0), task(9, 0, 0),
					       task(7, 0, 0) };
	int64_t margin = UNTOUCHED_I64;
	size_t index = 77;

	(void)state;
	for (size_t i = 0; i < LENGTH(tasks); i++) {
		struct oomctl_task_figures good = tasks[i];

		tasks[i].oom_score_adj = 1001;
		assert_int_equal(oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, 3, 1000,
						    &index, &margin),
				 -EINVAL);
		tasks[i] = task(PAGES_MAX + 1, 0, 0);
		assert_int_equal(oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, 3, 1000,
						    &index, &margin),
				 -ERANGE);
		tasks[i] = good;
	}
	/* An empty list does not make bad arguments good. */
	assert_int_equal(oomctl_calc_victim((enum oomctl_score_rule)0, tasks, 0, 1000,
					    &index, &margin),
			 -EINVAL);
	assert_int_equal(
	    oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, 0, 0, &index, &margin),
	    -EINVAL);
	assert_int_equal(index, 77);
	assert_true(margin == UNTOUCHED_I64);
}

struct report_task {
	int32_t pid;
	uint32_t is_root, rss, swap, pgtable;
	int32_t adj;
};

struct report {
	const char *source;
	enum oomctl_score_rule rule;
	uint64_t total_pages;
	int32_t killed;
	const struct report_task *tasks;
	size_t count;
	const char *miss;
};

#include "reports.h"

/* The kernel never chooses the first process; root stands for CAP_SYS_ADMIN. */
static struct oomctl_task_figures figures_of(const struct report_task *t)
{
	uint32_t flags = (t->is_root ? ROOT : 0) | (t->pid == 1 ? KTHREAD : 0);

	return (struct oomctl_task_figures){ t->rss, t->swap, t->pgtable, t->adj, flags };
}

static void reports_of_the_killer_are_explained(void **state)
{
	struct oomctl_task_figures tasks[256];
	size_t processes = 0, misses = 0;

	(void)state;
	for (size_t i = 0; i < LENGTH(reports); i++) {
		const struct report *report = &reports[i];
		struct choice c;
		bool hit;

		assert_true(report->count <= LENGTH(tasks));
		for (size_t j = 0; j < report->count; j++)
			tasks[j] = figures_of(&report->tasks[j]);
		c = victim(report->rule, tasks, report->count, report->total_pages);
		hit = report->tasks[c.index].pid == report->killed;
		if (hit == !!report->miss)
			fail_msg("%s: %s", report->source,
				 hit ? "is explained after all" : "is not explained");
		processes += report->count;
		misses += !hit;
	}
	assert_int_equal(LENGTH(reports), 13);
	assert_int_equal(processes, 662);
	assert_int_equal(misses, 2);
}

static const uint64_t totals[] = { 1, 999, 1000, 1999, 250555, 6171023, PAGES_MAX };
static const uint64_t footprints[] = { 0, 1, 34, 999, 9548, 250555, 6700394, PAGES_MAX };
static const uint32_t flag_sets[] = { 0, ROOT };

static int below(enum oomctl_score_rule rule, struct oomctl_task_figures t,
		 uint64_t total, int64_t pages, int32_t *out)
{
	int r = oomctl_calc_oom_score_adj_below(rule, &t, total, pages, out);

	assert_true(r == 0 || *out == UNTOUCHED);
	return r;
}

static int above(enum oomctl_score_rule rule, struct oomctl_task_figures t,
		 uint64_t total, int64_t pages, int32_t *out)
{
	int r = oomctl_calc_oom_score_adj_above(rule, &t, total, pages, out);

	assert_true(r == 0 || *out == UNTOUCHED);
	return r;
}

static void adjustments_are_those_computed_by_hand(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		uint64_t rss_pages;
		uint32_t flags;
		int64_t pages;
		int32_t below, above; /* UNTOUCHED: none */
	} cases[] = {
		/* Of 1000000 pages: 1000 for each step. */
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 5000, -1, 1 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 5001, 0, 1 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 4999, -1, 0 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, -994000, UNTOUCHED, -998 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, -993999, -999, -998 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, -994001, UNTOUCHED, -999 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 1005000, 999, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 1004999, 999, 1000 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, 1005001, 1000, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, INT64_MAX, 1000, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, INT64_MAX - 1, 1000, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_5_9, 5000, 0, INT64_MIN, UNTOUCHED, -999 },
		{ OOMCTL_SCORE_RULE_5_9, 5000, ROOT, 5000, -1, 1 },
		/* Older rules never go below 1. */
		{ OOMCTL_SCORE_RULE_4_17, 5000, 0, 1, UNTOUCHED, -4 },
		{ OOMCTL_SCORE_RULE_4_17, 5000, 0, 2, -5, -4 },
		{ OOMCTL_SCORE_RULE_4_17, 5000, 0, 0, UNTOUCHED, -999 },
		{ OOMCTL_SCORE_RULE_4_17, 5000, ROOT, 5000, -1, 1 },
		{ OOMCTL_SCORE_RULE_3_18, 5000, ROOT, 5000, 0, 1 },
		{ OOMCTL_SCORE_RULE_3_18, 5000, ROOT, 4850, -1, 1 },
		{ OOMCTL_SCORE_RULE_3_6, 5000, ROOT, 5000, 29, 31 },
		{ OOMCTL_SCORE_RULE_3_6, 5000, 0, 5000, -1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 5, -1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, ROOT, 5, 29, 31 },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 1, UNTOUCHED, -3 },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 1000, 994, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 1001, 1000, UNTOUCHED },
		{ OOMCTL_SCORE_RULE_2_6_36, 5000, 0, 999, 993, 995 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		/* -1000 here: the task's own adjustment is not looked at. */
		struct oomctl_task_figures t =
		    task(cases[i].rss_pages, i % 2 ? -1000 : INT32_MAX, cases[i].flags);
		int32_t lower = UNTOUCHED, upper = UNTOUCHED;
		int down = below(cases[i].rule, t, 1000000, cases[i].pages, &lower);
		int up = above(cases[i].rule, t, 1000000, cases[i].pages, &upper);

		if (lower != cases[i].below || upper != cases[i].above ||
		    down != (lower == UNTOUCHED ? -ERANGE : 0) ||
		    up != (upper == UNTOUCHED ? -ERANGE : 0))
			fail_msg("case %zu: %d %d", i, (int)lower, (int)upper);
	}
}

static struct oomctl_task_figures adjusted(struct oomctl_task_figures t, int32_t adj)
{
	t.oom_score_adj = adj;
	return t;
}

static void check_below(enum oomctl_score_rule rule, struct oomctl_task_figures t,
			uint64_t total, int64_t pages)
{
	int32_t adj = UNTOUCHED;

	if (below(rule, t, total, pages, &adj) == 0) {
		assert_true(badness(rule, adjusted(t, adj), total) < pages);
		assert_true(adj == 1000 ||
			    badness(rule, adjusted(t, adj + 1), total) >= pages);
	} else {
		assert_true(badness(rule, adjusted(t, -999), total) >= pages);
	}
}

static void check_above(enum oomctl_score_rule rule, struct oomctl_task_figures t,
			uint64_t total, int64_t pages)
{
	int32_t adj = UNTOUCHED;

	if (above(rule, t, total, pages, &adj) == 0) {
		assert_true(badness(rule, adjusted(t, adj), total) > pages);
		assert_true(adj == -999 ||
			    badness(rule, adjusted(t, adj - 1), total) <= pages);
	} else {
		assert_true(badness(rule, adjusted(t, 1000), total) <= pages);
	}
}

/* At the badness of some adjustments, one above and one below. */
static void check_adjustments(enum oomctl_score_rule rule, struct oomctl_task_figures t,
			      uint64_t total)
{
	static const int32_t some[] = { -999, -998, -970, -969, -500, -31, -30, -1,
					0,    1,    29,   30,   500,  999, 1000 };

	for (size_t i = 0; i < LENGTH(some); i++) {
		int64_t pages = badness(rule, adjusted(t, some[i]), total);

		for (int64_t near = pages - 1; near <= pages + 1; near++) {
			check_below(rule, t, total, near);
			check_above(rule, t, total, near);
		}
	}
}

static void an_offered_adjustment_does_it_and_the_next_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++)
		for (size_t j = 0; j < LENGTH(totals); j++)
			for (size_t k = 0; k < LENGTH(footprints); k++)
				for (size_t l = 0; l < LENGTH(flag_sets); l++)
					check_adjustments(
					    all_rules[i],
					    task(footprints[k], 0, flag_sets[l]),
					    totals[j]);
}

static void no_adjustment_is_offered_to_what_is_never_chosen(void **state)
{
	int32_t adj = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++) {
		struct oomctl_task_figures t = task(5, 0, KTHREAD);

		assert_int_equal(below(all_rules[i], t, 1000, 10, &adj), -ERANGE);
		assert_int_equal(above(all_rules[i], t, 1000, 10, &adj), -ERANGE);
	}
	assert_int_equal(adj, UNTOUCHED);
}

struct interval {
	int64_t least, most;
};

static int badness_range(enum oomctl_score_rule rule, int32_t points, uint64_t total,
			 struct interval *out)
{
	struct interval in = { UNTOUCHED_I64, UNTOUCHED_I64 };
	int r =
	    oomctl_calc_badness_of_oom_score(rule, points, total, &in.least, &in.most);

	assert_true(r == 0 || (in.least == UNTOUCHED_I64 && in.most == UNTOUCHED_I64));
	*out = in;
	return r;
}

static int footprint_range(enum oomctl_score_rule rule, int32_t points, int32_t adj,
			   uint32_t flags, uint64_t total, struct interval *out)
{
	uint64_t least = UNTOUCHED_U64, most = UNTOUCHED_U64;
	int r = oomctl_calc_footprint_of_oom_score(rule, points, adj, flags, total,
						   &least, &most);

	assert_true(r == 0 || (least == UNTOUCHED_U64 && most == UNTOUCHED_U64));
	*out = (struct interval){ (int64_t)least, (int64_t)most };
	return r;
}

static void intervals_are_those_computed_by_hand(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		int32_t score;
		uint64_t total;
		int64_t least, most; /* of badness */
	} cases[] = {
		{ OOMCTL_SCORE_RULE_2_6_36, 1, 1000000, 1, 1 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1000, 5, 1000, 1000 },
		{ OOMCTL_SCORE_RULE_3_6, 0, 1000000, 1, 999 },
		{ OOMCTL_SCORE_RULE_3_18, 1, 1000000, 1000, 1999 },
		{ OOMCTL_SCORE_RULE_4_17, 2000, 1000000, 2000000, 2000999 },
		{ OOMCTL_SCORE_RULE_4_17, 333, 3, 1, 1 },
		/* Two thirds of 999 and of 1000 are 666, of 1001 667. */
		{ OOMCTL_SCORE_RULE_5_9, 666, 1000000, -1999, 999 },
		{ OOMCTL_SCORE_RULE_5_9, 667, 1000000, 1000, 1999 },
		{ OOMCTL_SCORE_RULE_5_9, 668, 1000000, 2000, 3999 },
		{ OOMCTL_SCORE_RULE_5_9, 0, 1000000, -999000, -999000 },
		{ OOMCTL_SCORE_RULE_5_9, 334, 1999, -999, -996 },
		{ OOMCTL_SCORE_RULE_5_9, 2000, 1000000, 2000000, 2001999 },
		{ OOMCTL_SCORE_RULE_5_9, 1333, 1, 1, 1 },
		/* Up to the most that a process can have. */
		{ OOMCTL_SCORE_RULE_4_17, 1999, PAGES_MAX, INT64_C(2250673913778406),
		  INT64_C(2251799813684624) },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct interval in;

		assert_int_equal(
		    badness_range(cases[i].rule, cases[i].score, cases[i].total, &in), 0);
		if (in.least != cases[i].least || in.most != cases[i].most)
			fail_msg("case %zu: %jd to %jd", i, (intmax_t)in.least,
				 (intmax_t)in.most);
	}
}

static void footprints_are_those_computed_by_hand(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		int32_t score, adj;
		uint32_t flags;
		int64_t least, most;
	} cases[] = {
		/* Of 1000000 pages. */
		{ OOMCTL_SCORE_RULE_2_6_36, 100, 0, 0, 100000, 100999 },
		{ OOMCTL_SCORE_RULE_2_6_36, 100, 0, ROOT, 130000, 130999 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1, 0, 0, 0, 1999 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1, -999, 0, 0, 1000999 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1000, 0, 0, 1000000, (int64_t)PAGES_MAX },
		{ OOMCTL_SCORE_RULE_3_6, 70, 0, ROOT, 100000, 100999 },
		{ OOMCTL_SCORE_RULE_3_6, 0, 0, ROOT, 0, 30999 },
		{ OOMCTL_SCORE_RULE_3_18, 97, 0, ROOT, 99999, 101029 },
		{ OOMCTL_SCORE_RULE_3_18, 0, 0, 0, 0, 999 },
		{ OOMCTL_SCORE_RULE_4_17, 100, 50, ROOT, 50000, 50999 },
		{ OOMCTL_SCORE_RULE_5_9, 733, 0, ROOT, 100000, 100999 },
		{ OOMCTL_SCORE_RULE_5_9, 666, 0, 0, 0, 999 },
		{ OOMCTL_SCORE_RULE_5_9, 666, -5, 0, 3001, 5999 },
		{ OOMCTL_SCORE_RULE_5_9, 0, -999, 0, 0, 0 },
		{ OOMCTL_SCORE_RULE_5_9, 2000, 1000, 0, 1000000, 1001999 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct interval in;

		assert_int_equal(footprint_range(cases[i].rule, cases[i].score,
						 cases[i].adj, cases[i].flags, 1000000,
						 &in),
				 0);
		if (in.least != cases[i].least || in.most != cases[i].most)
			fail_msg("case %zu: %jd to %jd", i, (intmax_t)in.least,
				 (intmax_t)in.most);
	}
}

/* A process of a given badness. */
static struct oomctl_task_figures of_badness(enum oomctl_score_rule rule, int64_t pages,
					     uint64_t total)
{
	if (rule == OOMCTL_SCORE_RULE_2_6_36)
		return task(0, (int32_t)pages, 0);
	if (pages >= 0)
		return task((uint64_t)pages, 0, 0);
	return task((uint64_t)(pages + 999 * (int64_t)(total / 1000)), -999, 0);
}

static int32_t score_of_badness(enum oomctl_score_rule rule, int64_t pages,
				uint64_t total)
{
	return score(rule, of_badness(rule, pages, total), total);
}

/* The intervals of all scores lie side by side, from the least badness on. */
static void badness_intervals_are_tight_and_leave_no_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++)
		for (size_t j = 0; j < LENGTH(totals) - 1; j++) {
			bool is_5_9 = all_rules[i] == OOMCTL_SCORE_RULE_5_9;
			int64_t next = is_5_9 ? -999 * (int64_t)(totals[j] / 1000) : 1;
			struct interval in;

			for (int32_t points = 0; points <= 2000; points++) {
				if (badness_range(all_rules[i], points, totals[j], &in))
					continue;
				assert_true(in.least == next && in.most >= in.least);
				assert_int_equal(
				    score_of_badness(all_rules[i], in.least, totals[j]),
				    points);
				assert_int_equal(
				    score_of_badness(all_rules[i], in.most, totals[j]),
				    points);
				next = in.most + 1;
			}
			assert_true(next > 1);
		}
}

static void check_footprint(enum oomctl_score_rule rule, int32_t adj, uint32_t flags,
			    uint64_t total, uint64_t pages)
{
	int32_t points = score(rule, task(pages, adj, flags), total);
	struct interval in;

	assert_int_equal(footprint_range(rule, points, adj, flags, total, &in), 0);
	assert_true(in.least <= (int64_t)pages && (int64_t)pages <= in.most);
	assert_int_equal(score(rule, task((uint64_t)in.least, adj, flags), total),
			 points);
	assert_int_equal(score(rule, task((uint64_t)in.most, adj, flags), total), points);
	if (in.least > 0)
		assert_true(score(rule, task((uint64_t)in.least - 1, adj, flags), total) <
			    points);
	if (in.most < (int64_t)PAGES_MAX)
		assert_true(score(rule, task((uint64_t)in.most + 1, adj, flags), total) >
			    points);
}

static void a_process_is_within_the_footprint_of_its_score(void **state)
{
	static const int32_t adjs[] = { -999, -500, -1, 0, 1, 29, 500, 1000 };
	static const uint64_t pages[] = { 0, 1, 34, 999, 9548, 250555, 6700394 };

	(void)state;
	for (size_t i = 0; i < LENGTH(all_rules); i++)
		for (size_t j = 1; j < LENGTH(totals); j++)
			for (size_t k = 0; k < LENGTH(adjs); k++)
				for (size_t l = 0; l < LENGTH(pages); l++) {
					check_footprint(all_rules[i], adjs[k], 0,
							totals[j], pages[l]);
					check_footprint(all_rules[i], adjs[k], ROOT,
							totals[j], pages[l]);
				}
}

static void a_score_that_nobody_shows_is_erange(void **state)
{
	static const struct {
		enum oomctl_score_rule rule;
		int32_t score;
		uint64_t total;
	} cases[] = {
		{ OOMCTL_SCORE_RULE_2_6_36, 0, 1000 },
		{ OOMCTL_SCORE_RULE_2_6_36, 1001, 1000 },
		{ OOMCTL_SCORE_RULE_2_6_36, INT32_MAX, 1 },
		{ OOMCTL_SCORE_RULE_3_6, 0, 1000 }, /* a badness of 1 shows 1 */
		{ OOMCTL_SCORE_RULE_4_17, 1, 3 },
		{ OOMCTL_SCORE_RULE_4_17, 999, 1 },
		{ OOMCTL_SCORE_RULE_4_17, INT32_MAX, PAGES_MAX },
		{ OOMCTL_SCORE_RULE_5_9, 0, 999 }, /* an adjustment counts for nothing */
		{ OOMCTL_SCORE_RULE_5_9, 665, 1 },
		{ OOMCTL_SCORE_RULE_5_9, 667, 3 },
		{ OOMCTL_SCORE_RULE_5_9, 2000, PAGES_MAX },
		{ OOMCTL_SCORE_RULE_5_9, INT32_MAX, PAGES_MAX },
	};
	struct interval in;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(
		    badness_range(cases[i].rule, cases[i].score, cases[i].total, &in),
		    -ERANGE);
		assert_int_equal(footprint_range(cases[i].rule, cases[i].score, 0, 0,
						 cases[i].total, &in),
				 -ERANGE);
	}
	/* Some process shows it, but none with this adjustment, or these flags. */
	assert_int_equal(badness_range(OOMCTL_SCORE_RULE_5_9, 600, 1000000, &in), 0);
	assert_int_equal(footprint_range(OOMCTL_SCORE_RULE_5_9, 600, 0, 0, 1000000, &in),
			 -ERANGE);
	assert_int_equal(
	    footprint_range(OOMCTL_SCORE_RULE_4_17, 99, 100, 0, 1000000, &in), -ERANGE);
	assert_int_equal(
	    footprint_range(OOMCTL_SCORE_RULE_5_9, 666, 0, KTHREAD, 1000, &in), -ERANGE);
	assert_int_equal(footprint_range(OOMCTL_SCORE_RULE_5_9, 0, -1000, 0, 1000, &in),
			 -ERANGE);
}

static void bad_scores_are_refused(void **state)
{
	static const struct {
		int rule;
		int32_t score, adj;
		uint32_t flags;
		uint64_t total;
	} cases[] = {
		{ 0, 666, 0, 0, 1000 },
		{ 6, 666, 0, 0, 1000 },
		{ 5, -1, 0, 0, 1000 },
		{ 5, INT32_MIN, 0, 0, 1000 },
		{ 5, 666, 0, 0, 0 },
		{ 5, 666, 0, 0, PAGES_MAX + 1 },
		{ 5, 666, 0, 0, UINT64_MAX },
		{ 5, 666, 1001, 0, 1000 },
		{ 5, 666, -1001, 0, 1000 },
		{ 5, 666, 0, 4, 1000 },
		{ 5, 666, -1001, KTHREAD, 1000 },
	};
	struct interval in;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		enum oomctl_score_rule rule = (enum oomctl_score_rule)cases[i].rule;

		assert_int_equal(footprint_range(rule, cases[i].score, cases[i].adj,
						 cases[i].flags, cases[i].total, &in),
				 -EINVAL);
		if (cases[i].adj == 0 && cases[i].flags == 0)
			assert_int_equal(
			    badness_range(rule, cases[i].score, cases[i].total, &in),
			    -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measured_scores_are_exact),
		cmocka_unit_test(each_rule_gives_what_was_computed_by_hand),
		cmocka_unit_test(ram_swap_and_page_tables_count_alike),
		cmocka_unit_test(what_is_never_chosen_has_the_kernels_mark_and_no_score),
		cmocka_unit_test(bad_figures_are_refused),
		cmocka_unit_test(a_missing_output_is_refused_and_the_other_untouched),
		cmocka_unit_test(a_process_of_more_pages_than_can_be_weighed_is_erange),
		cmocka_unit_test(the_largest_figures_do_not_overflow),
		cmocka_unit_test(a_score_beyond_its_type_is_erange),
		cmocka_unit_test(the_largest_score_of_its_type_is_told),
		cmocka_unit_test(the_highest_badness_is_chosen_in_every_order),
		cmocka_unit_test(of_equals_the_last_is_chosen_and_up_to_5_8_the_first),
		cmocka_unit_test(badness_decides_where_scores_are_equal),
		cmocka_unit_test(a_negative_badness_can_be_the_highest),
		cmocka_unit_test(what_is_never_chosen_does_not_take_part),
		cmocka_unit_test(nobody_to_choose_is_esrch),
		cmocka_unit_test(one_bad_process_refuses_the_whole_list),
		cmocka_unit_test(reports_of_the_killer_are_explained),
		cmocka_unit_test(adjustments_are_those_computed_by_hand),
		cmocka_unit_test(an_offered_adjustment_does_it_and_the_next_does_not),
		cmocka_unit_test(no_adjustment_is_offered_to_what_is_never_chosen),
		cmocka_unit_test(intervals_are_those_computed_by_hand),
		cmocka_unit_test(footprints_are_those_computed_by_hand),
		cmocka_unit_test(badness_intervals_are_tight_and_leave_no_gap),
		cmocka_unit_test(a_process_is_within_the_footprint_of_its_score),
		cmocka_unit_test(a_score_that_nobody_shows_is_erange),
		cmocka_unit_test(bad_scores_are_refused),
	};

	return cmocka_run_group_tests_name("calc_score", tests, NULL, NULL);
}
