/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "internal.h"

static bool is_valid(const struct oomctl_commit_figures *in)
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

/* In pages, modulo 2^64, and truncated once: as vm_commit_limit() does. */
static uint64_t commit_limit_kb(const struct oomctl_commit_figures *in)
{
	uint64_t page_kb = in->page_size / 1024;
	uint64_t pages;

	if (in->overcommit_kbytes != 0)
		pages = in->overcommit_kbytes / page_kb;
	else
		pages = shared_pages(in, page_kb) * (uint64_t)in->overcommit_ratio / 100;

	return (pages + in->swap_total_kb / page_kb) * page_kb;
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
	uint64_t hundredfold, ratio;

	if (wanted == 0) {
		*out = 0;
		return 0;
	}
	if (pages == 0 || __builtin_mul_overflow(wanted, 100, &hundredfold))
		return -ERANGE;

	ratio = divide_up(hundredfold, pages);
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
