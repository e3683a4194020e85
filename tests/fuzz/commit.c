/* SPDX-License-Identifier: MIT */
/* Any figures: the limit, its inverse, and what is granted below it. */
#include "fuzz.h"

#include <oomctl/calc.h>

typedef unsigned __int128 u128;

static u128 smaller(u128 a, u128 b)
{
	return a < b ? a : b;
}

/* The limit without an end to numbers; UINT64_MAX + 1 when the kernel's arithmetic has one. */
static u128 limit_of(const struct oomctl_commit_figures *in, int32_t ratio)
{
	uint64_t page_kb = in->page_size / 1024;
	u128 product = (u128)(in->mem_total_kb / page_kb - in->hugetlb_kb / page_kb) *
		       (uint32_t)ratio;
	u128 kb = (product / 100 + in->swap_total_kb / page_kb) * page_kb;
	u128 end = (u128)UINT64_MAX + 1;

	return product < end ? smaller(kb, end) : end;
}

/* The smallest ratio that reaches the limit, by trying one after another in halves. */
static int64_t find_ratio(const struct oomctl_commit_figures *in, uint64_t limit_kb)
{
	int64_t first = 0, last = (int64_t)INT32_MAX + 1, middle;

	while (first < last) {
		middle = (first + last) / 2;
		if (limit_of(in, (int32_t)middle) >= limit_kb)
			last = middle;
		else
			first = middle + 1;
	}
	return first;
}

static bool is_valid(const struct oomctl_commit_figures *in)
{
	return in->page_size >= 1024 && __builtin_popcount(in->page_size) == 1 &&
	       in->hugetlb_kb <= in->mem_total_kb;
}

static void check_limit(const struct oomctl_commit_figures *in)
{
	struct oomctl_commit_figures by_ratio = *in;
	uint64_t kb = UNTOUCHED;
	int r;

	by_ratio.overcommit_kbytes = 0;
	r = oomctl_calc_commit_limit(&by_ratio, &kb);
	EXPECT(r == (is_valid(in) ? 0 : -EINVAL));
	if (r < 0)
		EXPECT(kb == UNTOUCHED);
	else if (in->overcommit_ratio >= 0 &&
		 limit_of(in, in->overcommit_ratio) <= UINT64_MAX)
		EXPECT(kb == limit_of(in, in->overcommit_ratio));
}

static void check_ratio(const struct oomctl_commit_figures *in, uint64_t limit_kb)
{
	int32_t ratio = UNTOUCHED;
	int r = oomctl_calc_overcommit_ratio(in, limit_kb, &ratio);
	int64_t want;

	EXPECT(r == 0 || ratio == UNTOUCHED);
	EXPECT((r == -EINVAL) == !is_valid(in));
	if (r == -EINVAL)
		return;

	want = find_ratio(in, limit_kb);
	if (want > INT32_MAX || limit_of(in, (int32_t)want) > UINT64_MAX)
		EXPECT(r == -ERANGE);
	else
		EXPECT(r == 0 && ratio == want);
}

static bool is_granted(const struct oomctl_grant_figures *in, uint64_t request_kb)
{
	enum oomctl_verdict verdict;
	int64_t margin;

	EXPECT(oomctl_calc_grant(in, request_kb, &verdict, &margin) == 0);
	return verdict == OOMCTL_VERDICT_GRANTED;
}

/* What is documented of the verdict, the margin and the bound, where they do not saturate. */
static void check_verdict(const struct oomctl_grant_figures *in, uint64_t request_kb)
{
	enum oomctl_verdict verdict, want;
	int64_t margin, more, bound;
	uint64_t unsigned_bound;

	EXPECT(oomctl_calc_grant(in, request_kb, &verdict, &margin) == 0);
	EXPECT(oomctl_calc_grant_bound(in, request_kb, &unsigned_bound) == 0);
	EXPECT(unsigned_bound <= INT64_MAX);
	bound = (int64_t)unsigned_bound;
	want = margin >= bound   ? OOMCTL_VERDICT_GRANTED
	       : margin < -bound ? OOMCTL_VERDICT_REFUSED
				 : OOMCTL_VERDICT_UNCERTAIN;
	EXPECT(verdict == want || bound == INT64_MAX);

	if (request_kb < UINT64_MAX)
		EXPECT(oomctl_calc_grant(in, request_kb + 1, &want, &more) == 0 &&
		       more <= margin);
}

/* The largest that is granted is; what is asked for beyond it is not. */
static void check_max(const struct oomctl_grant_figures *in, uint64_t request_kb)
{
	uint64_t max;

	EXPECT(oomctl_calc_grant_max(in, &max) == 0);
	EXPECT(max == 0 || is_granted(in, max));
	if (max < INT64_MAX)
		EXPECT(!is_granted(in, max + 1) &&
		       (request_kb <= max || !is_granted(in, request_kb)));
}

static void check_grant(const struct oomctl_grant_figures *in, uint64_t request_kb)
{
	bool valid = is_valid(&in->commit) && in->cpus >= 1 && in->cpus <= 65536 &&
		     in->flags < 8 && in->overcommit_memory <= 2;
	enum oomctl_verdict verdict = UNTOUCHED;
	int64_t margin = UNTOUCHED;
	uint64_t kb = UNTOUCHED;

	if (valid) {
		check_verdict(in, request_kb);
		check_max(in, request_kb);
		return;
	}
	EXPECT(oomctl_calc_grant(in, request_kb, &verdict, &margin) == -EINVAL);
	EXPECT(oomctl_calc_grant_bound(in, request_kb, &kb) == -EINVAL);
	EXPECT(oomctl_calc_grant_max(in, &kb) == -EINVAL);
	EXPECT(verdict == UNTOUCHED && margin == UNTOUCHED && kb == UNTOUCHED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	unsigned page = take_byte(&b), mode = take_byte(&b), flags = take_byte(&b);
	uint64_t request_kb = take_figure(&b);
	struct oomctl_grant_figures in = {
		.commit.mem_total_kb = take_figure(&b),
		.commit.hugetlb_kb = take_figure(&b),
		.commit.swap_total_kb = take_figure(&b),
		.commit.overcommit_kbytes = take_figure(&b),
		.commit.overcommit_ratio = (int32_t)(uint32_t)take_figure(&b),
		.commit.page_size = page < 250 ? 1U << (10 + page % 22) : page,
		.committed_as_kb = take_figure(&b),
		.admin_reserve_kbytes = take_figure(&b),
		.user_reserve_kbytes = take_figure(&b),
		.total_vm_pages = take_figure(&b),
		.overcommit_memory = mode < 250 ? mode % 3 : mode,
		.cpus = (uint32_t)take_figure(&b),
		.flags = flags < 250 ? flags % 8 : flags,
	};

	check_limit(&in.commit);
	check_ratio(&in.commit, request_kb);
	check_grant(&in, request_kb);
	return 0;
}
