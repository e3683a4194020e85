/* SPDX-License-Identifier: MIT */
/* What src/calc_score.c has to do, in ACSL; proof.py proves it. */
// clang-format off

#include <stdint.h>

#include <__fc_gcc_builtins.h>

#define __builtin_add_overflow __builtin_uaddl_overflow

/*@
  lemma least_share: \forall integer adj, t; 0 <= t && -1000 <= adj ==> -1000 * t <= adj * t;
  lemma most_share: \forall integer adj, t; 0 <= t && adj <= 1000 ==> adj * t <= 1000 * t;

  predicate is_badness(integer b) = -(1 << 50) <= b <= 1 << 51;
  predicate is_choice(integer best, integer second, integer candidates, integer seen) =
      0 <= candidates <= seen && (candidates > 0 ==> is_badness(best)) &&
      (candidates > 1 ==> is_badness(second) && second <= best);
*/

#include "calc_score.c"

/*@
  predicate is_known(integer rule) = 1 <= rule <= 5;
  predicate is_adj(integer adj) = -1000 <= adj <= 1000;
  predicate is_flags(uint32_t flags) = (flags & (uint32_t)~TASK_FLAGS) == 0;
  predicate is_pages(integer total) = 0 < total <= PAGES_MAX;
  predicate is_never(integer adj, uint32_t flags) =
      adj == -1000 || (flags & OOMCTL_TASK_UNKILLABLE) != 0;
  logic integer bonus(uint32_t flags, integer of) =
      (flags & OOMCTL_TASK_PRIVILEGED) != 0 ? of : 0;

  predicate is_weighable(integer rule, struct oomctl_task_figures *task, integer total) =
      is_known(rule) && task != \null && is_adj(task->oom_score_adj) &&
      is_flags(task->flags) && is_pages(total);
  predicate is_exempted(struct oomctl_task_figures *task) =
      is_never(task->oom_score_adj, task->flags);

  logic integer footprint(struct oomctl_task_figures *task) =
      task->rss_pages + task->swap_pages + task->pgtable_pages;

  // As oom_badness() of mm/oom_kill.c, by releases; in whole numbers.
  logic integer badness(integer rule, integer raw, integer adj, uint32_t flags,
                        integer total) =
      rule == OOMCTL_SCORE_RULE_2_6_36
          ? \max(1, \min(raw * 1000 / total - bonus(flags, 30) + adj, 1000))
      : rule == OOMCTL_SCORE_RULE_3_6
          ? \max(1, raw + (adj - bonus(flags, 30)) * (total / 1000))
      : rule == OOMCTL_SCORE_RULE_3_18
          ? \max(1, raw - bonus(flags, raw * 3 / 100) + adj * (total / 1000))
      : rule == OOMCTL_SCORE_RULE_4_17
          ? \max(1, raw + adj * (total / 1000))
          : raw + adj * (total / 1000);

  predicate is_badness_by(integer rule, integer b, integer total) =
      (rule == 5 ? -1000 * (total / 1000) : 1) <= b <= 2 * PAGES_MAX;
  logic integer never(integer rule) = rule == OOMCTL_SCORE_RULE_5_9 ? INT64_MIN : 0;

  logic integer badness_in(integer rule, struct oomctl_task_figures *task, integer total) =
      task->oom_score_adj == -1000 || (task->flags & OOMCTL_TASK_UNKILLABLE) != 0
          ? never(rule)
          : badness(rule, footprint(task), task->oom_score_adj, task->flags, total);

  // As proc_oom_score() of fs/proc/base.c.
  logic integer score(integer rule, integer badness, integer total) =
      rule == OOMCTL_SCORE_RULE_2_6_36 ? badness
      : rule == OOMCTL_SCORE_RULE_5_9  ? (1000 + badness * 1000 / total) * 2 / 3
                                       : badness * 1000 / total;
  logic integer score_in(integer rule, struct oomctl_task_figures *task, integer total) =
      task->oom_score_adj == -1000 || (task->flags & OOMCTL_TASK_UNKILLABLE) != 0
          ? 0
          : score(rule, badness_in(rule, task, total), total);
*/

/*@ assigns \nothing;
    ensures \result <==> is_known(rule); */
static bool is_rule(enum oomctl_score_rule rule);

/*@ assigns \nothing;
    ensures \result <==> is_pages(pages); */
static bool is_total(uint64_t pages);

/*@ assigns \nothing;
    ensures \result <==> is_adj(adj) && is_flags(flags); */
static bool is_task(int32_t adj, uint32_t flags);

/*@ assigns \nothing;
    ensures \result <==> is_never(adj, flags); */
static bool is_exempt(int32_t adj, uint32_t flags);

/*@ assigns \nothing;
    ensures \result == never(rule); */
static int64_t exempt_badness(enum oomctl_score_rule rule);

/*@ requires \valid_read(task) && \valid(out);
    assigns *out;
    behavior fits:
      assumes footprint(task) <= PAGES_MAX;
      ensures \result == 0 && *out == \old(footprint(task));
    behavior does_not:
      assumes footprint(task) > PAGES_MAX;
      ensures \result == -ERANGE && *out == \old(*out); */
static int footprint_of(const struct oomctl_task_figures *task, int64_t *out);

/*@ assigns \nothing;
    ensures \result == \max(1, v); */
static int64_t at_least_1(int64_t v);

/*@ requires 0 <= footprint <= PAGES_MAX && is_adj(adj) && is_pages(total);
    assigns \nothing;
    ensures \result ==
        \max(1, \min(footprint * 1000 / total - (privileged ? 30 : 0) + adj, 1000)); */
static int64_t points_of(int64_t footprint, int32_t adj, bool privileged, int64_t total);

/*@ requires is_known(rule) && 0 <= footprint <= PAGES_MAX && is_adj(adj) && is_pages(total);
    assigns \nothing;
    ensures rule == 1 ==> \result == badness(1, footprint, adj, flags, total);
    ensures rule == 2 ==> \result == badness(2, footprint, adj, flags, total);
    ensures rule == 3 ==> \result == badness(3, footprint, adj, flags, total);
    ensures rule == 4 ==> \result == badness(4, footprint, adj, flags, total);
    ensures rule == 5 ==> \result == badness(5, footprint, adj, flags, total);
    ensures rule == 1 ==> \result <= 1000;
    ensures \result >= (rule == 5 ? -1000 * (total / 1000) : 1);
    ensures \result <= 2 * PAGES_MAX; */
static int64_t badness_of(enum oomctl_score_rule rule, int64_t footprint, int32_t adj,
                          uint32_t flags, int64_t total);

/*@ requires is_known(rule) && is_pages(total) && is_badness_by(rule, badness, total);
    assigns \nothing;
    ensures \result == score(rule, badness, total) && \result >= 0; */
static int64_t score_of(enum oomctl_score_rule rule, int64_t badness, int64_t total);

/*@ requires task == \null || \valid_read(task);
    requires \valid(out);
    assigns *out;
    behavior refused:
      assumes !is_weighable(rule, task, total_pages);
      ensures \result == -EINVAL && *out == \old(*out);
    behavior too_large:
      assumes is_weighable(rule, task, total_pages);
      assumes !is_exempted(task) && footprint(task) > PAGES_MAX;
      ensures \result == -ERANGE && *out == \old(*out);
    behavior done:
      assumes is_weighable(rule, task, total_pages);
      assumes is_exempted(task) || footprint(task) <= PAGES_MAX;
      ensures \result == 0 && *out == \old(badness_in(rule, task, total_pages));
      ensures \old(is_exempted(task)) || is_badness_by(rule, *out, total_pages);
    complete behaviors;
    disjoint behaviors; */
static int weigh(enum oomctl_score_rule rule, const struct oomctl_task_figures *task,
                 uint64_t total_pages, int64_t *out);

/*@ requires task == \null || \valid_read(task);
    requires out_pages == \null || \valid(out_pages);
    assigns *out_pages;
    behavior refused:
      assumes !is_weighable(rule, task, total_pages) || out_pages == \null;
      ensures \result == -EINVAL && (out_pages == \null || *out_pages == \old(*out_pages));
    behavior too_large:
      assumes is_weighable(rule, task, total_pages) && out_pages != \null;
      assumes !is_exempted(task) && footprint(task) > PAGES_MAX;
      ensures \result == -ERANGE && *out_pages == \old(*out_pages);
    behavior done:
      assumes is_weighable(rule, task, total_pages) && out_pages != \null;
      assumes is_exempted(task) || footprint(task) <= PAGES_MAX;
      ensures \result == 0 && *out_pages == \old(badness_in(rule, task, total_pages));
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_badness(enum oomctl_score_rule rule, const struct oomctl_task_figures *task,
                        uint64_t total_pages, int64_t *out_pages);

/*@ requires task == \null || \valid_read(task);
    requires out_score == \null || \valid(out_score);
    assigns *out_score;
    behavior refused:
      assumes !is_weighable(rule, task, total_pages) || out_score == \null;
      ensures \result == -EINVAL && (out_score == \null || *out_score == \old(*out_score));
    behavior too_large:
      assumes is_weighable(rule, task, total_pages) && out_score != \null;
      assumes !is_exempted(task) && (footprint(task) > PAGES_MAX ||
              score_in(rule, task, total_pages) > INT32_MAX);
      ensures \result == -ERANGE && *out_score == \old(*out_score);
    behavior done:
      assumes is_weighable(rule, task, total_pages) && out_score != \null;
      assumes is_exempted(task) || (footprint(task) <= PAGES_MAX &&
              score_in(rule, task, total_pages) <= INT32_MAX);
      ensures \result == 0 && *out_score == \old(score_in(rule, task, total_pages));
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_oom_score(enum oomctl_score_rule rule, const struct oomctl_task_figures *task,
                          uint64_t total_pages, int32_t *out_score);

/*@ requires \valid(c) && is_known(rule) && c->candidates < SIZE_MAX;
    requires is_choice(c->best, c->second, c->candidates, c->candidates);
    requires is_badness(badness);
    assigns *c;
    ensures is_choice(c->best, c->second, c->candidates, c->candidates);
    ensures c->candidates == \old(c->candidates) + 1;
    ensures c->index == index || c->index == \old(c->index) && \old(c->candidates) > 0;
    ensures c->best >= badness && (c->best == badness || c->best == \old(c->best)); */
static void consider(struct choice *c, enum oomctl_score_rule rule, size_t index,
                     int64_t badness);

/*@ requires count == 0 || tasks == \null || \valid_read(tasks + (0 .. count - 1));
    requires out_index == \null || \valid(out_index);
    requires out_margin_pages == \null || \valid(out_margin_pages);
    requires \separated(out_index, out_margin_pages);
    assigns *out_index, *out_margin_pages;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE || \result == -ESRCH;
    ensures \result == 0 ==> *out_index < count && *out_margin_pages >= 0;
    ensures \result != 0 ==>
        (out_index == \null || *out_index == \old(*out_index)) &&
        (out_margin_pages == \null || *out_margin_pages == \old(*out_margin_pages)); */
int oomctl_calc_victim(enum oomctl_score_rule rule, const struct oomctl_task_figures *tasks,
                       size_t count, uint64_t total_pages, size_t *out_index,
                       int64_t *out_margin_pages);

/*@
  predicate is_curve(struct curve *c, integer first, integer last) =
      is_known(c->rule) && is_pages(c->total) &&
      (c->is == BADNESS_BY_ADJ
           ? 0 <= c->footprint <= PAGES_MAX && is_adj(first) && is_adj(last)
           : c->is == SCORE_BY_FOOTPRINT
                 ? is_adj(c->adj) && 0 <= first && last <= PAGES_MAX
                 : is_badness_by(c->rule, first, c->total) && last <= 2 * PAGES_MAX);
*/

/*@ requires \valid_read(c) && is_curve(c, x, x);
    assigns \nothing; */
static int64_t value_at(const struct curve *c, int64_t x);

/*@ requires \valid_read(c) && is_curve(c, first, last) && first <= last + 1;
    assigns \nothing;
    ensures first <= \result <= last + 1; */
static int64_t reach(const struct curve *c, int64_t first, int64_t last, int64_t y);

/*@ requires task == \null || \valid_read(task);
    requires \valid(out);
    assigns *out;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE;
    ensures \result == 0 ? -999 <= *out <= 1001 : *out == \old(*out); */
static int reaching_adj(enum oomctl_score_rule rule, const struct oomctl_task_figures *task,
                        uint64_t total_pages, int64_t badness, int32_t *out);

/*@ requires task == \null || \valid_read(task);
    requires out_adj == \null || \valid(out_adj);
    assigns *out_adj;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE;
    ensures \result == 0 ? -999 <= *out_adj <= 1000
                         : out_adj == \null || *out_adj == \old(*out_adj); */
int oomctl_calc_oom_score_adj_below(enum oomctl_score_rule rule,
                                    const struct oomctl_task_figures *task,
                                    uint64_t total_pages, int64_t badness_pages,
                                    int32_t *out_adj);

/*@ requires task == \null || \valid_read(task);
    requires out_adj == \null || \valid(out_adj);
    assigns *out_adj;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE;
    ensures \result == 0 ? -999 <= *out_adj <= 1000
                         : out_adj == \null || *out_adj == \old(*out_adj); */
int oomctl_calc_oom_score_adj_above(enum oomctl_score_rule rule,
                                    const struct oomctl_task_figures *task,
                                    uint64_t total_pages, int64_t badness_pages,
                                    int32_t *out_adj);

/*@ requires \valid_read(c) && is_curve(c, first, last) && first <= last;
    requires 0 <= y <= INT32_MAX;
    requires \valid(out_least) && \valid(out_most) && \separated(out_least, out_most, c);
    assigns *out_least, *out_most;
    ensures \result == 0 ==> first <= *out_least <= last && *out_most <= last;
    ensures \result == 0 || \result == -ERANGE &&
            *out_least == \old(*out_least) && *out_most == \old(*out_most); */
static int showing(const struct curve *c, int64_t first, int64_t last, int64_t y,
                   int64_t *out_least, int64_t *out_most);

/*@ requires is_known(rule) && is_pages(total);
    assigns \nothing;
    ensures is_badness_by(rule, \result, total) && \result <= 1; */
static int64_t least_badness(enum oomctl_score_rule rule, int64_t total);

/*@ requires is_known(rule) && is_pages(total);
    assigns \nothing;
    ensures 1000 <= \result <= 2 * PAGES_MAX; */
static int64_t most_badness(enum oomctl_score_rule rule, int64_t total);

/*@ requires out_least_pages == \null || \valid(out_least_pages);
    requires out_most_pages == \null || \valid(out_most_pages);
    requires \separated(out_least_pages, out_most_pages);
    assigns *out_least_pages, *out_most_pages;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE;
    ensures \result != 0 ==>
        (out_least_pages == \null || *out_least_pages == \old(*out_least_pages)) &&
        (out_most_pages == \null || *out_most_pages == \old(*out_most_pages)); */
int oomctl_calc_badness_of_oom_score(enum oomctl_score_rule rule, int32_t oom_score,
                                     uint64_t total_pages, int64_t *out_least_pages,
                                     int64_t *out_most_pages);

/*@ requires out_least_pages == \null || \valid(out_least_pages);
    requires out_most_pages == \null || \valid(out_most_pages);
    requires \separated(out_least_pages, out_most_pages);
    assigns *out_least_pages, *out_most_pages;
    ensures \result == 0 || \result == -EINVAL || \result == -ERANGE;
    ensures \result != 0 ==>
        (out_least_pages == \null || *out_least_pages == \old(*out_least_pages)) &&
        (out_most_pages == \null || *out_most_pages == \old(*out_most_pages)); */
int oomctl_calc_footprint_of_oom_score(enum oomctl_score_rule rule, int32_t oom_score,
                                       int32_t oom_score_adj, uint32_t flags,
                                       uint64_t total_pages, uint64_t *out_least_pages,
                                       uint64_t *out_most_pages);
