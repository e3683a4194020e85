/* SPDX-License-Identifier: MIT */
/* What src/calc_commit.c has to do, in ACSL; proof.py proves it. */
// clang-format off

#include <stdint.h>

#include <__fc_gcc_builtins.h>

/* The one thing that is taken for granted, for Frama-C has no specification of it. */
/*@ requires \valid(out);
    terminates \true;
    assigns \result, *out \from a, b;
    ensures *out == (int64_t)(a - b);
    ensures \result != 0 <==> a - b < INT64_MIN; */
_Bool sub_i64(int64_t a, uint64_t b, int64_t *out);

#define __builtin_sub_overflow sub_i64
#define __builtin_mul_overflow __builtin_smull_overflow

#include "calc_commit.c"

/*@
  predicate is_commit(struct oomctl_commit_figures *in) =
      in->page_size >= 1024 && (in->page_size & (in->page_size - 1)) == 0 &&
      in->hugetlb_kb <= in->mem_total_kb;

  // As vm_commit_limit() of mm/util.c, for pages of so many kB: an unsigned long wraps.
  logic integer share(integer mem, integer huge, integer page) = mem / page - huge / page;
  logic integer pages_by(integer share, integer kbytes, integer ratio, integer page) =
      kbytes != 0 ? kbytes / page : (uint64_t)(share * (uint64_t)ratio) / 100;
  logic integer limit_by(integer share, integer swap, integer kbytes, integer ratio,
                         integer page) =
      (uint64_t)(pages_by(share, kbytes, ratio, page) + swap / page);

  logic integer page_kb(struct oomctl_commit_figures *in) = in->page_size / 1024;
  logic integer share_of(struct oomctl_commit_figures *in) =
      share(in->mem_total_kb, in->hugetlb_kb, page_kb(in));
  logic integer limit_with(struct oomctl_commit_figures *in, integer kbytes, integer ratio) =
      limit_by(share_of(in), in->swap_total_kb, kbytes, ratio, page_kb(in));
  logic integer limit_kb_with(struct oomctl_commit_figures *in, integer kbytes, integer ratio) =
      (uint64_t)(limit_with(in, kbytes, ratio) * page_kb(in));
  logic integer limit(struct oomctl_commit_figures *in) =
      limit_with(in, in->overcommit_kbytes, in->overcommit_ratio);
  logic integer limit_kb(struct oomctl_commit_figures *in) =
      limit_kb_with(in, in->overcommit_kbytes, in->overcommit_ratio);
*/

/*@ requires in == \null || \valid_read(in);
    assigns \nothing;
    ensures \result <==> in != \null && is_commit(in); */
static bool is_valid(const struct oomctl_commit_figures *in);

/*@ requires \valid_read(in) && is_commit(in) && kb == page_kb(in);
    assigns \nothing;
    ensures \result == share_of(in); */
static uint64_t shared_pages(const struct oomctl_commit_figures *in, uint64_t kb);

/*@ requires \valid_read(in) && is_commit(in);
    assigns \nothing;
    ensures \result == limit(in); */
static uint64_t commit_limit_pages(const struct oomctl_commit_figures *in);

/*@ requires \valid_read(in) && is_commit(in);
    assigns \nothing;
    ensures \result == limit_kb(in); */
static uint64_t commit_limit_kb(const struct oomctl_commit_figures *in);

/*@ requires in == \null || \valid_read(in);
    requires out_kb == \null || \valid(out_kb);
    behavior refused:
      assumes in == \null || !is_commit(in) || out_kb == \null;
      assigns \nothing;
      ensures \result == -EINVAL;
    behavior done:
      assumes in != \null && is_commit(in) && out_kb != \null;
      assigns *out_kb;
      ensures \result == 0 && *out_kb == \old(limit_kb(in));
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_commit_limit(const struct oomctl_commit_figures *in, uint64_t *out_kb);

/*@ requires b > 0;
    assigns \nothing;
    ensures \result == (a + b - 1) / b;
    ensures (\result - 1) * b < a <= \result * b; */
static uint64_t divide_up(uint64_t a, uint64_t b);

/*@ requires \valid(out);
    assigns *out;
    ensures \result == 0 || \result == -ERANGE && *out == \old(*out);
    ensures \result == 0 ==> 0 <= *out && wanted * 100 <= pages * *out; */
static int ratio_for(uint64_t pages, uint64_t wanted, int32_t *out);

/*@ requires in == \null || \valid_read(in);
    requires out_percent == \null || \valid(out_percent);
    requires \separated(in, out_percent);
    behavior refused:
      assumes in == \null || !is_commit(in) || out_percent == \null;
      assigns \nothing;
      ensures \result == -EINVAL;
    behavior done:
      assumes in != \null && is_commit(in) && out_percent != \null;
      assigns *out_percent;
      ensures \result == 0 || \result == -ERANGE && *out_percent == \old(*out_percent);
      ensures \result == 0 ==>
          0 <= *out_percent && limit_kb <= limit_kb_with(in, 0, *out_percent);
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_overcommit_ratio(const struct oomctl_commit_figures *in, uint64_t limit_kb,
                                 int32_t *out_percent);

/*@
  predicate is_figures(struct oomctl_grant_figures *in) =
      is_commit(&in->commit) && 0 < in->cpus <= CPUS_MAX && (in->flags & (uint32_t)~GRANT_FLAGS) == 0 &&
      0 <= in->overcommit_memory <= 2;
*/

/*@ requires in == \null || \valid_read(in);
    assigns \nothing;
    ensures \result <==> in != \null && is_figures(in); */
static bool is_grant(const struct oomctl_grant_figures *in);

/*@ assigns \nothing;
    ensures \result == \min(a + b, UINT64_MAX); */
static uint64_t add_up_to_max(uint64_t a, uint64_t b);

/*@ assigns \nothing;
    ensures \result == \min(a, b); */
static int64_t min_i64(int64_t a, int64_t b);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures \result == page_kb(&in->commit) && \result > 0; */
static uint64_t page_kb_of(const struct oomctl_grant_figures *in);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures \result >= 0; */
static int64_t total_pages(const struct oomctl_grant_figures *in);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing; */
static int64_t allowed_pages(const struct oomctl_grant_figures *in);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures 32 <= \result <= INT32_MAX; */
static uint64_t batch_of(const struct oomctl_grant_figures *in);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures \result >= 0; */
static int64_t untold_pages(const struct oomctl_grant_figures *in, uint64_t request);

/*@ assigns \nothing;
    ensures \result == \max(allowed - taken, INT64_MIN); */
static int64_t subtract(int64_t allowed, uint64_t taken);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures \result.error >= 0; */
static struct margin strict_margin(const struct oomctl_grant_figures *in, uint64_t request);

/*@ requires \valid_read(in) && is_figures(in);
    assigns \nothing;
    ensures \result.error >= 0; */
static struct margin margin_of(const struct oomctl_grant_figures *in, uint64_t request);

/*@ requires m.error >= 0;
    assigns \nothing;
    ensures \result == OOMCTL_VERDICT_GRANTED <==> m.pages >= m.error;
    ensures \result == OOMCTL_VERDICT_REFUSED <==> m.pages < -m.error;
    ensures 0 <= \result <= 2; */
static enum oomctl_verdict verdict_of(struct margin m);

/*@ requires 0 < b <= INT64_MAX;
    assigns \nothing;
    ensures \result == \max(INT64_MIN, \min(a * b, INT64_MAX)); */
static int64_t multiply(int64_t a, uint64_t b);

/*@ requires in == \null || \valid_read(in);
    requires out == \null || \valid(out);
    requires out_margin_kb == \null || \valid(out_margin_kb);
    requires \separated(in, out);
    behavior refused:
      assumes in == \null || !is_figures(in) || out == \null || out_margin_kb == \null;
      assigns \nothing;
      ensures \result == -EINVAL;
    behavior done:
      assumes in != \null && is_figures(in) && out != \null && out_margin_kb != \null;
      assigns *out, *out_margin_kb;
      ensures \result == 0;
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_grant(const struct oomctl_grant_figures *in, uint64_t request_kb,
                      enum oomctl_verdict *out, int64_t *out_margin_kb);

/*@ requires in == \null || \valid_read(in);
    requires out_kb == \null || \valid(out_kb);
    behavior refused:
      assumes in == \null || !is_figures(in) || out_kb == \null;
      assigns \nothing;
      ensures \result == -EINVAL;
    behavior done:
      assumes in != \null && is_figures(in) && out_kb != \null;
      assigns *out_kb;
      ensures \result == 0 && *out_kb <= INT64_MAX;
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_grant_bound(const struct oomctl_grant_figures *in, uint64_t request_kb,
                            uint64_t *out_kb);

/*@ requires \valid_read(in) && is_figures(in) && request <= 2 * INT32_MAX;
    assigns \nothing; */
static uint64_t most_from(const struct oomctl_grant_figures *in, uint64_t request);

/*@ requires in == \null || \valid_read(in);
    requires out_kb == \null || \valid(out_kb);
    behavior refused:
      assumes in == \null || !is_figures(in) || out_kb == \null;
      assigns \nothing;
      ensures \result == -EINVAL;
    behavior done:
      assumes in != \null && is_figures(in) && out_kb != \null;
      assigns *out_kb;
      ensures \result == 0;
    complete behaviors;
    disjoint behaviors; */
int oomctl_calc_grant_max(const struct oomctl_grant_figures *in, uint64_t *out_kb);
