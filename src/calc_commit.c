/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "internal.h"

static inline bool is_valid(const struct oomctl_commit_figures *in)
{
	return in && in->page_size >= 1024 &&
	       (in->page_size & (in->page_size - 1)) == 0 &&
	       in->hugetlb_kb <= in->mem_total_kb;
}

/* Pages that overcommit_ratio is a share of. */
static uint64_t shared_pages(const struct oomctl_commit_figures *in, uint64_t page_kb)
{
	return in->mem_total_kb / page_kb - in->hugetlb_kb / page_kb;
}

/* Modulo 2^64, and truncated once: as vm_commit_limit() does. */
static inline uint64_t commit_limit_pages(const struct oomctl_commit_figures *in)
{
	uint64_t page_kb = in->page_size / 1024;
	uint64_t pages;

	if (in->overcommit_kbytes != 0)
		pages = in->overcommit_kbytes / page_kb;
	else
		pages = shared_pages(in, page_kb) * (uint64_t)in->overcommit_ratio / 100;

	return pages + in->swap_total_kb / page_kb;
}

static uint64_t commit_limit_kb(const struct oomctl_commit_figures *in)
{
	return commit_limit_pages(in) * (in->page_size / 1024);
}

OOMCTL_EXPORT int oomctl_calc_commit_limit(const struct oomctl_commit_figures *in,
					   uint64_t *out_kb)
{
	if (!is_valid(in) || !out_kb)
		return -EINVAL;

	*out_kb = commit_limit_kb(in);
	return 0;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* The smallest ratio, regardless of what overflows, with which pages gives wanted pages.
 */
static int ratio_for(uint64_t pages, uint64_t wanted, int32_t *out)
{
	uint64_t ratio;

	if (wanted == 0) {
		*out = 0;
		return 0;
	}
	if (pages == 0 || wanted > UINT64_MAX / 100)
		return -ERANGE;

	ratio = divide_up(wanted * 100, pages);
	if (ratio > INT32_MAX)
		return -ERANGE;

	*out = (int32_t)ratio;
	return 0;
}

OOMCTL_EXPORT int oomctl_calc_overcommit_ratio(const struct oomctl_commit_figures *in,
					       uint64_t limit_kb, int32_t *out_percent)
{
	struct oomctl_commit_figures figures;
	uint64_t page_kb, wanted, swap;
	int r;

	if (!is_valid(in) || !out_percent)
		return -EINVAL;

	page_kb = in->page_size / 1024;
	wanted = divide_up(limit_kb, page_kb);
	swap = in->swap_total_kb / page_kb;
	figures = *in;
	figures.overcommit_kbytes = 0;
	r = ratio_for(shared_pages(in, page_kb), wanted > swap ? wanted - swap : 0,
		      &figures.overcommit_ratio);
	if (r < 0)
		return r;

	/* A ratio with which the kernel's arithmetic overflows falls short here. */
	if (commit_limit_kb(&figures) < limit_kb)
		return -ERANGE;

	*out_percent = figures.overcommit_ratio;
	return 0;
}

/* Far more than a kernel takes; far less than needs 64 bits. */
enum { CPUS_MAX = 65536 };

enum {
	GRANT_FLAGS =
	    OOMCTL_GRANT_ADMIN | OOMCTL_GRANT_BEFORE_5_2 | OOMCTL_GRANT_BEFORE_5_9
};

static inline bool is_grant(const struct oomctl_grant_figures *in)
{
	return in && is_valid(&in->commit) && in->cpus > 0 && in->cpus <= CPUS_MAX &&
	       (in->flags & ~(uint32_t)GRANT_FLAGS) == 0 &&
	       in->overcommit_memory >= OOMCTL_OVERCOMMIT_GUESS &&
	       in->overcommit_memory <= OOMCTL_OVERCOMMIT_NEVER;
}

static uint64_t add_up_to_max(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int64_t min_i64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static uint64_t page_kb_of(const struct oomctl_grant_figures *in)
{
	return in->commit.page_size / 1024;
}

/* RAM and swap. */
static int64_t total_pages(const struct oomctl_grant_figures *in)
{
	uint64_t kb = add_up_to_max(in->commit.mem_total_kb, in->commit.swap_total_kb);
	uint64_t pages = kb / page_kb_of(in);

	return pages < INT64_MAX ? (int64_t)pages : INT64_MAX;
}

/* What overcommit_memory 2 lets all programs have. As the kernel's long, which wraps. */
static inline int64_t allowed_pages(const struct oomctl_grant_figures *in)
{
	uint64_t pages = commit_limit_pages(&in->commit);
	uint64_t user = in->user_reserve_kbytes / page_kb_of(in);

	if (!(in->flags & OOMCTL_GRANT_ADMIN))
		pages -= in->admin_reserve_kbytes / page_kb_of(in);
	pages -= (uint64_t)min_i64((int64_t)(in->total_vm_pages / 32), (int64_t)user);
	return (int64_t)pages;
}

/* How many pages a CPU counts on its own before it tells the others. */
static inline uint64_t batch_of(const struct oomctl_grant_figures *in)
{
	uint64_t share = in->commit.mem_total_kb / page_kb_of(in) / in->cpus / 256;
	uint64_t batch = 2 * (uint64_t)in->cpus;

	if (share > INT32_MAX)
		share = INT32_MAX;
	if (batch < 32)
		batch = 32;
	return batch > share ? batch : share;
}

/*
 * How far the count that the kernel checks may be from the one that it prints: what the
 * CPUs have not told. A request of two batches makes its own CPU tell; up to 5.8, what that
 * had to tell was not printed before.
 */
static inline int64_t untold_pages(const struct oomctl_grant_figures *in,
				   uint64_t request)
{
	uint64_t batch = batch_of(in);
	bool is_told = request >= 2 * batch &&
		       !(in->flags & (OOMCTL_GRANT_BEFORE_5_2 | OOMCTL_GRANT_BEFORE_5_9));
	uint64_t cpus = in->cpus - is_told;

	return (int64_t)(cpus * (batch - 1));
}

/* What is left of allowed, or is missing; INT64_MIN when that needs more than 63 bits. */
static int64_t subtract(int64_t allowed, uint64_t taken)
{
	int64_t left;

	return __builtin_sub_overflow(allowed, taken, &left) ? INT64_MIN : left;
}

/* What could still be asked for, in pages, and how wrong that may be. */
struct margin {
	int64_t pages, error;
};

/* What is taken has to stay below what is allowed; it is never seen as less than none. */
static inline struct margin strict_margin(const struct oomctl_grant_figures *in,
					  uint64_t request)
{
	uint64_t taken = add_up_to_max(in->committed_as_kb / page_kb_of(in), request);
	int64_t allowed = allowed_pages(in);

	return (struct margin){ subtract(allowed, add_up_to_max(taken, 1)),
				allowed > 0 ? untold_pages(in, request) : 0 };
}

/* As __vm_enough_memory(), one rule for each overcommit_memory. */
static inline struct margin margin_of(const struct oomctl_grant_figures *in,
				      uint64_t request)
{
	if (in->overcommit_memory == OOMCTL_OVERCOMMIT_ALWAYS)
		return (struct margin){ INT64_MAX, 0 };
	if (in->overcommit_memory == OOMCTL_OVERCOMMIT_NEVER)
		return strict_margin(in, request);
	if (in->flags & OOMCTL_GRANT_BEFORE_5_2)
		return (struct margin){ 0, INT64_MAX };
	return (struct margin){ subtract(total_pages(in), request), 0 };
}

static enum oomctl_verdict verdict_of(struct margin m)
{
	if (m.pages >= m.error)
		return OOMCTL_VERDICT_GRANTED;
	return m.pages < -m.error ? OOMCTL_VERDICT_REFUSED : OOMCTL_VERDICT_UNCERTAIN;
}

static int64_t multiply(int64_t a, uint64_t b)
{
	int64_t product;

	if (__builtin_mul_overflow(a, (int64_t)b, &product))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return product;
}

OOMCTL_EXPORT int oomctl_calc_grant(const struct oomctl_grant_figures *in,
				    uint64_t request_kb, enum oomctl_verdict *out,
				    int64_t *out_margin_kb)
{
	struct margin m;

	if (!is_grant(in) || !out || !out_margin_kb)
		return -EINVAL;

	m = margin_of(in, divide_up(request_kb, page_kb_of(in)));
	*out = verdict_of(m);
	*out_margin_kb = multiply(m.pages, page_kb_of(in));
	return 0;
}

OOMCTL_EXPORT int oomctl_calc_grant_bound(const struct oomctl_grant_figures *in,
					  uint64_t request_kb, uint64_t *out_kb)
{
	struct margin m;

	if (!is_grant(in) || !out_kb)
		return -EINVAL;

	m = margin_of(in, divide_up(request_kb, page_kb_of(in)));
	*out_kb = (uint64_t)multiply(m.error, page_kb_of(in));
	return 0;
}

/* The most that is granted for sure of requests that are not below this one. */
static uint64_t most_from(const struct oomctl_grant_figures *in, uint64_t request)
{
	struct margin m = margin_of(in, request);

	return m.pages >= m.error ? request + (uint64_t)(m.pages - m.error) : 0;
}

OOMCTL_EXPORT int oomctl_calc_grant_max(const struct oomctl_grant_figures *in,
					uint64_t *out_kb)
{
	uint64_t pages;

	if (!is_grant(in) || !out_kb)
		return -EINVAL;

	if (in->overcommit_memory == OOMCTL_OVERCOMMIT_ALWAYS) {
		*out_kb = UINT64_MAX;
		return 0;
	}
	/* Large requests are known more exactly. */
	pages = most_from(in, 2 * batch_of(in));
	if (pages == 0)
		pages = most_from(in, 0);

	*out_kb = (uint64_t)multiply((int64_t)pages, page_kb_of(in));
	return 0;
}
