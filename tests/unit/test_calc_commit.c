/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include "test.h"

#define UNTOUCHED_I64 INT64_C(-777777777777)

/* The seed session: 4 GB of RAM, no swap. */
static const struct oomctl_commit_figures seed = { .mem_total_kb = 4029312,
						   .overcommit_ratio = 50,
						   .page_size = 4096 };

static uint64_t limit_of(struct oomctl_commit_figures in)
{
	uint64_t kb = UNTOUCHED_U64;

	assert_int_equal(oomctl_calc_commit_limit(&in, &kb), 0);
	return kb;
}

static struct oomctl_commit_figures with_ratio(struct oomctl_commit_figures in,
					       int32_t ratio)
{
	in.overcommit_ratio = ratio;
	in.overcommit_kbytes = 0;
	return in;
}

static struct oomctl_commit_figures with_kbytes(struct oomctl_commit_figures in,
						uint64_t kbytes)
{
	in.overcommit_kbytes = kbytes;
	return in;
}

static void the_seed_session_is_exact(void **state)
{
	(void)state;
	assert_true(limit_of(seed) == 2014656);
	assert_true(limit_of(with_ratio(seed, 100)) == 4029312);
}

/* Measured on Linux 6.18 with 24684092 kB of RAM, without and with huge pages. */
static void measured_limits_are_exact(void **state)
{
	static const struct {
		uint64_t hugetlb_kb;
		int32_t ratio;
		uint64_t limit_kb;
	} cases[] = {
		{ 0, 33, 8145748 },
		{ 0, 50, 12342044 },
		{ 0, 99, 24437248 },
		{ 0, 101, 24930932 },
		{ 0, 0, 0 },
		{ 0, -1, UINT64_C(737869762948135220) },
		{ 37 * 2048, 50, 12304156 },
		{ 37 * 2048 + 1048576, 33, 7774712 },
	};
	struct oomctl_commit_figures in = { .mem_total_kb = 24684092, .page_size = 4096 };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		in.hugetlb_kb = cases[i].hugetlb_kb;
		assert_true(limit_of(with_ratio(in, cases[i].ratio)) ==
			    cases[i].limit_kb);
	}
}

static void kbytes_count_in_whole_pages(void **state)
{
	static const struct {
		uint32_t page_size;
		uint64_t kbytes, limit_kb;
	} cases[] = {
		{ 4096, 1, 0 },       { 4096, 3, 0 },
		{ 4096, 4, 4 },       { 4096, 7, 4 },
		{ 4096, 4097, 4096 }, { 4096, UINT64_MAX, UINT64_MAX - 3 },
		{ 1024, 7, 7 },       { 16384, 15, 0 },
		{ 65536, 127, 64 },   { 1048576, 1024, 1024 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_commit_figures in = seed;

		in.page_size = cases[i].page_size;
		assert_true(limit_of(with_kbytes(in, cases[i].kbytes)) ==
			    cases[i].limit_kb);
	}
}

static void swap_is_added_modulo_2_to_the_64(void **state)
{
	struct oomctl_commit_figures in = seed;

	(void)state;
	in.swap_total_kb = 1048572;
	assert_true(limit_of(in) == 2014656 + 1048572);
	in.swap_total_kb = UINT64_MAX;
	assert_true(limit_of(in) == 2014656 - 4);
}

struct capture {
	const char *source;
	uint32_t page_size;
	int32_t ratio;
	uint64_t mem_total_kb, hugetlb_kb, swap_total_kb, commit_limit_kb;
};

#include "captures.h"

static void published_captures_are_exact(void **state)
{
	(void)state;
	assert_int_equal(LENGTH(captures), 60);
	for (size_t i = 0; i < LENGTH(captures); i++) {
		const struct oomctl_commit_figures in = {
			.mem_total_kb = captures[i].mem_total_kb,
			.hugetlb_kb = captures[i].hugetlb_kb,
			.swap_total_kb = captures[i].swap_total_kb,
			.overcommit_ratio = captures[i].ratio,
			.page_size = captures[i].page_size,
		};

		if (limit_of(in) != captures[i].commit_limit_kb)
			fail_msg("%s", captures[i].source);
	}
}

/* At a ratio's own limit, one kB above and one below. */
static void the_inverse_is_right_on_both_sides_of_each_edge(void **state)
{
	(void)state;
	for (int32_t ratio = 1; ratio <= 1000; ratio++) {
		uint64_t edge = limit_of(with_ratio(seed, ratio));
		int32_t below, at, above;

		assert_int_equal(oomctl_calc_overcommit_ratio(&seed, edge - 3, &below),
				 0);
		assert_int_equal(oomctl_calc_overcommit_ratio(&seed, edge, &at), 0);
		assert_int_equal(oomctl_calc_overcommit_ratio(&seed, edge + 1, &above),
				 0);
		assert_int_equal(below, ratio);
		assert_int_equal(at, ratio);
		assert_int_equal(above, ratio + 1);
	}
}

static void the_inverse_counts_swap_first(void **state)
{
	struct oomctl_commit_figures in = seed;
	int32_t ratio;

	(void)state;
	in.swap_total_kb = 1000;
	in.overcommit_kbytes = 1; /* ignored */
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 0, &ratio), 0);
	assert_int_equal(ratio, 0);
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1000, &ratio), 0);
	assert_int_equal(ratio, 0);
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1001, &ratio), 0);
	assert_int_equal(ratio, 1);
	in.swap_total_kb = 1000000;
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1000000 + 2014656, &ratio), 0);
	assert_int_equal(ratio, 50);
}

static void the_inverse_counts_pages_of_any_size(void **state)
{
	static const uint32_t sizes[] = { 1024, 4096, 65536, 1048576 };
	int32_t ratio;

	(void)state;
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		const uint64_t page_kb = sizes[i] / 1024;
		const struct oomctl_commit_figures in = { .mem_total_kb = 100 * page_kb,
							  .page_size = sizes[i] };

		assert_int_equal(oomctl_calc_overcommit_ratio(&in, 2 * page_kb, &ratio),
				 0);
		assert_int_equal(ratio, 2);
	}
}

static void a_limit_out_of_reach_is_erange(void **state)
{
	struct oomctl_commit_figures none = { .page_size = 4096 };
	struct oomctl_commit_figures vast = seed;
	uint64_t most = limit_of(with_ratio(seed, INT32_MAX));
	int32_t ratio = UNTOUCHED;

	(void)state;
	assert_int_equal(oomctl_calc_overcommit_ratio(&none, 1, &ratio), -ERANGE);
	assert_int_equal(oomctl_calc_overcommit_ratio(&seed, most + 1, &ratio), -ERANGE);
	/* The ratio in force does not matter, even if it allows nearly everything. */
	vast.overcommit_ratio = -1;
	assert_int_equal(oomctl_calc_overcommit_ratio(&vast, most + 1, &ratio), -ERANGE);
	assert_int_equal(oomctl_calc_overcommit_ratio(&seed, UINT64_MAX, &ratio),
			 -ERANGE);
	vast.page_size = 1024;
	assert_int_equal(oomctl_calc_overcommit_ratio(&vast, UINT64_MAX, &ratio),
			 -ERANGE);
	/* 200 % of 2^63 pages is 2^64: the kernel would come to 0. */
	vast.mem_total_kb = UINT64_C(1) << 63;
	assert_int_equal(oomctl_calc_overcommit_ratio(&vast, UINT64_C(1) << 57, &ratio),
			 -ERANGE);
	assert_int_equal(ratio, UNTOUCHED);

	assert_int_equal(oomctl_calc_overcommit_ratio(&seed, most, &ratio), 0);
	assert_int_equal(ratio, INT32_MAX);
	assert_int_equal(oomctl_calc_overcommit_ratio(&none, 0, &ratio), 0);
	assert_int_equal(ratio, 0);
}

static void bad_figures_are_refused(void **state)
{
	static const uint32_t sizes[] = { 0,    1,    512,  1023,      1025,
					  3072, 4095, 4097, UINT32_MAX };
	struct oomctl_commit_figures in = seed;
	uint64_t kb = UNTOUCHED_U64;
	int32_t ratio = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		in.page_size = sizes[i];
		assert_int_equal(oomctl_calc_commit_limit(&in, &kb), -EINVAL);
		assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1, &ratio), -EINVAL);
	}
	in = seed;
	in.hugetlb_kb = in.mem_total_kb + 1;
	assert_int_equal(oomctl_calc_commit_limit(&in, &kb), -EINVAL);
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1, &ratio), -EINVAL);
	assert_int_equal(oomctl_calc_commit_limit(NULL, &kb), -EINVAL);
	assert_int_equal(oomctl_calc_commit_limit(&seed, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_overcommit_ratio(NULL, 1, &ratio), -EINVAL);
	assert_int_equal(oomctl_calc_overcommit_ratio(&seed, 1, NULL), -EINVAL);
	assert_true(kb == UNTOUCHED_U64);
	assert_int_equal(ratio, UNTOUCHED);

	in.hugetlb_kb = in.mem_total_kb;
	assert_true(limit_of(in) == 0);
}

/* The seed session with overcommit_memory 2: 503664 pages, less reserves of 2048 and
 * 10000, of which 250000 are promised: 241615 are left, for the sum has to stay below. */
static const struct oomctl_grant_figures strict = {
	.commit = { .mem_total_kb = 4029312, .overcommit_ratio = 50, .page_size = 4096 },
	.committed_as_kb = 1000000,
	.admin_reserve_kbytes = 8192,
	.user_reserve_kbytes = 131072,
	.total_vm_pages = 320000,
	.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
	.cpus = 1,
};
enum { LEFT = 241615, UNTOLD = 4029312 / 4 / 256 - 1 };

static struct oomctl_grant_figures guess(void)
{
	struct oomctl_grant_figures in = strict;

	in.overcommit_memory = OOMCTL_OVERCOMMIT_GUESS;
	in.commit.swap_total_kb = 1048572;
	return in;
}

/* As the margin and its bound tell. */
static enum oomctl_verdict verdict_within(struct oomctl_grant_figures in,
					  uint64_t request_kb, int64_t margin_kb)
{
	uint64_t bound_kb = UNTOUCHED_U64;

	assert_int_equal(oomctl_calc_grant_bound(&in, request_kb, &bound_kb), 0);
	assert_true(bound_kb <= INT64_MAX);
	if (margin_kb >= (int64_t)bound_kb)
		return OOMCTL_VERDICT_GRANTED;
	return margin_kb < -(int64_t)bound_kb ? OOMCTL_VERDICT_REFUSED
					      : OOMCTL_VERDICT_UNCERTAIN;
}

static void expect_kb(struct oomctl_grant_figures in, uint64_t request_kb,
		      enum oomctl_verdict want, int64_t want_margin_kb)
{
	enum oomctl_verdict verdict = (enum oomctl_verdict)77;
	int64_t margin_kb = UNTOUCHED_I64;

	assert_int_equal(oomctl_calc_grant(&in, request_kb, &verdict, &margin_kb), 0);
	assert_int_equal(verdict_within(in, request_kb, margin_kb), want);
	if (verdict != want || margin_kb != want_margin_kb)
		fail_msg("%ju kB: %d, %jd kB", (uintmax_t)request_kb, (int)verdict,
			 (intmax_t)margin_kb);
}

static void expect(struct oomctl_grant_figures in, int64_t pages,
		   enum oomctl_verdict want, int64_t want_margin)
{
	int64_t page_kb = in.commit.page_size / 1024;

	expect_kb(in, (uint64_t)(pages * page_kb), want, want_margin * page_kb);
}

static uint64_t max_kb(struct oomctl_grant_figures in)
{
	uint64_t kb = UNTOUCHED_U64;

	assert_int_equal(oomctl_calc_grant_max(&in, &kb), 0);
	return kb;
}

/* Measured on Linux 5.10, 6.12 and 6.18: RAM and swap, to the page. */
static void guessing_grants_all_ram_and_swap_at_once(void **state)
{
	struct oomctl_grant_figures in = guess();
	const int64_t total_kb = 4029312 + 1048572;

	(void)state;
	in.cpus = 65536;
	expect_kb(in, 0, OOMCTL_VERDICT_GRANTED, total_kb);
	expect_kb(in, (uint64_t)total_kb - 4, OOMCTL_VERDICT_GRANTED, 4);
	expect_kb(in, (uint64_t)total_kb - 3, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(in, (uint64_t)total_kb, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(in, (uint64_t)total_kb + 1, OOMCTL_VERDICT_REFUSED, -4);
	expect_kb(in, (uint64_t)total_kb + 4, OOMCTL_VERDICT_REFUSED, -4);
	expect_kb(in, (uint64_t)total_kb + 5, OOMCTL_VERDICT_REFUSED, -8);
	assert_int_equal(max_kb(in), total_kb);
}

static void guessing_looks_at_nothing_else(void **state)
{
	struct oomctl_grant_figures in = guess();

	(void)state;
	in.committed_as_kb = UINT64_MAX;
	in.admin_reserve_kbytes = UINT64_MAX;
	in.user_reserve_kbytes = UINT64_MAX;
	in.total_vm_pages = UINT64_MAX;
	in.commit.overcommit_ratio = 0;
	in.commit.hugetlb_kb = in.commit.mem_total_kb;
	in.flags = OOMCTL_GRANT_ADMIN;
	in.reserved = UINT32_MAX;
	expect_kb(in, 5077884, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(in, 5077885, OOMCTL_VERDICT_REFUSED, -4);
	assert_int_equal(max_kb(in), 5077884);
}

static void guessing_before_5_2_is_uncertain(void **state)
{
	struct oomctl_grant_figures in = guess();

	(void)state;
	in.flags = OOMCTL_GRANT_BEFORE_5_2;
	expect_kb(in, 0, OOMCTL_VERDICT_UNCERTAIN, 0);
	expect_kb(in, 4, OOMCTL_VERDICT_UNCERTAIN, 0);
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_UNCERTAIN, 0);
	assert_int_equal(max_kb(in), 0);
}

static void overcommitting_always_grants_everything(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.overcommit_memory = OOMCTL_OVERCOMMIT_ALWAYS;
	for (in.flags = 0; in.flags <= 7; in.flags++) {
		uint64_t bound_kb = UNTOUCHED_U64;

		expect_kb(in, 0, OOMCTL_VERDICT_GRANTED, INT64_MAX);
		expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_GRANTED, INT64_MAX);
		assert_true(max_kb(in) == UINT64_MAX);
		assert_int_equal(oomctl_calc_grant_bound(&in, 4, &bound_kb), 0);
		assert_true(bound_kb == 0);
	}
}

/* Measured on Linux 6.18, and with one CPU on 5.10 and 6.12. */
static void strictly_the_sum_stays_below_the_limit(void **state)
{
	(void)state;
	expect(strict, LEFT - 1, OOMCTL_VERDICT_GRANTED, 1);
	expect(strict, LEFT, OOMCTL_VERDICT_GRANTED, 0);
	expect(strict, LEFT + 1, OOMCTL_VERDICT_REFUSED, -1);
	expect_kb(strict, LEFT * 4 - 3, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(strict, LEFT * 4 + 1, OOMCTL_VERDICT_REFUSED, -4);
	assert_int_equal(max_kb(strict), LEFT * 4);
}

/* What the asking CPU has not told was not printed, and comes on top. */
static void strictness_before_5_9_has_a_bound_on_one_cpu(void **state)
{
	static const uint32_t flags[] = { OOMCTL_GRANT_BEFORE_5_2,
					  OOMCTL_GRANT_BEFORE_5_9 };
	struct oomctl_grant_figures in = strict;

	(void)state;
	for (size_t i = 0; i < LENGTH(flags); i++) {
		in.flags = flags[i];
		expect(in, LEFT - UNTOLD, OOMCTL_VERDICT_GRANTED, UNTOLD);
		expect(in, LEFT - UNTOLD + 1, OOMCTL_VERDICT_UNCERTAIN, UNTOLD - 1);
		expect(in, LEFT + UNTOLD, OOMCTL_VERDICT_UNCERTAIN, -UNTOLD);
		expect(in, LEFT + UNTOLD + 1, OOMCTL_VERDICT_REFUSED, -UNTOLD - 1);
		assert_int_equal(max_kb(in), (LEFT - UNTOLD) * 4);
	}
}

static void the_admin_reserve_is_for_admins(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.flags = OOMCTL_GRANT_ADMIN;
	expect(in, LEFT + 2048, OOMCTL_VERDICT_GRANTED, 0);
	expect(in, LEFT + 2049, OOMCTL_VERDICT_REFUSED, -1);
	assert_int_equal(max_kb(in), (LEFT + 2048) * 4);
	in.flags = 0;
	in.admin_reserve_kbytes = 8191; /* a page less */
	assert_int_equal(max_kb(in), (LEFT + 1) * 4);
}

static void the_user_reserve_is_a_part_of_the_callers_size(void **state)
{
	static const struct {
		uint64_t total_vm_pages, user_kb, pages;
	} cases[] = {
		{ 0, 131072, 0 },
		{ 31, 131072, 0 },
		{ 32, 131072, 1 },
		{ 63, 131072, 1 },
		{ 1048575, 131072, 32767 },
		{ 1048576, 131072, 32768 },
		{ 1048608, 131072, 32768 },
		{ UINT64_MAX, 131072, 32768 },
		{ UINT64_MAX, 0, 0 },
		{ UINT64_MAX, 7, 1 },
		{ 320000, UINT64_MAX, 10000 },
	};
	struct oomctl_grant_figures in = strict;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		in.total_vm_pages = cases[i].total_vm_pages;
		in.user_reserve_kbytes = cases[i].user_kb;
		assert_int_equal(max_kb(in), (LEFT + 10000 - cases[i].pages) * 4);
	}
}

/* Nothing is promised below a limit of 0, whatever the CPUs have not told. */
static void a_limit_that_the_reserves_exceed_refuses_everything(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.cpus = 4096;
	in.total_vm_pages = 0;
	in.committed_as_kb = 0;
	in.admin_reserve_kbytes = 503664 * 4;
	expect(in, 0, OOMCTL_VERDICT_REFUSED, -1);
	expect(in, 100000, OOMCTL_VERDICT_REFUSED, -100001);
	assert_int_equal(max_kb(in), 0);
	in.admin_reserve_kbytes = 503663 * 4; /* 1 page is allowed */
	expect(in, 0, OOMCTL_VERDICT_UNCERTAIN, 0);
	assert_int_equal(max_kb(in), 0);
	in.admin_reserve_kbytes = UINT64_C(1) << 62;
	expect_kb(in, 0, OOMCTL_VERDICT_REFUSED, 2014652 - (INT64_C(1) << 62));
	in.admin_reserve_kbytes = UINT64_MAX;
	expect_kb(in, 0, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	assert_int_equal(max_kb(in), 0);
}

/* Of 4 CPUs each may keep 982 pages to itself; that which asks for 2 * 983 none. */
static void near_the_edge_it_is_uncertain(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.cpus = 4;
	expect(in, LEFT - 3 * 982, OOMCTL_VERDICT_GRANTED, 3 * 982);
	expect(in, LEFT - 3 * 982 + 1, OOMCTL_VERDICT_UNCERTAIN, 3 * 982 - 1);
	expect(in, LEFT, OOMCTL_VERDICT_UNCERTAIN, 0);
	expect(in, LEFT + 3 * 982, OOMCTL_VERDICT_UNCERTAIN, -3 * 982);
	expect(in, LEFT + 3 * 982 + 1, OOMCTL_VERDICT_REFUSED, -3 * 982 - 1);
	assert_int_equal(max_kb(in), (LEFT - 3 * 982) * 4);
}

/* Lets the edge move, so that a small request comes near it. */
static struct oomctl_grant_figures with_left(struct oomctl_grant_figures in,
					     int64_t pages)
{
	in.committed_as_kb += (uint64_t)((LEFT - pages) * 4);
	return in;
}

static void a_small_request_is_less_certain(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.cpus = 4;
	expect(with_left(in, 10 + 4 * 982), 10, OOMCTL_VERDICT_GRANTED, 4 * 982);
	expect(with_left(in, 9 + 4 * 982), 10, OOMCTL_VERDICT_UNCERTAIN, 4 * 982 - 1);
	expect(with_left(in, 10 - 4 * 982), 10, OOMCTL_VERDICT_UNCERTAIN, -4 * 982);
	expect(with_left(in, 9 - 4 * 982), 10, OOMCTL_VERDICT_REFUSED, -4 * 982 - 1);
	/* Two batches and one page less, with 3 * 982 left. */
	expect(with_left(in, 1966 + 3 * 982), 1966, OOMCTL_VERDICT_GRANTED, 3 * 982);
	expect(with_left(in, 1965 + 3 * 982), 1965, OOMCTL_VERDICT_UNCERTAIN, 3 * 982);
	/* On one CPU: a batch is 3934. */
	in.cpus = 1;
	expect(with_left(in, 7868), 7868, OOMCTL_VERDICT_GRANTED, 0);
	expect(with_left(in, 7867), 7867, OOMCTL_VERDICT_UNCERTAIN, 0);
	expect(with_left(in, 7867 + 3933), 7867, OOMCTL_VERDICT_GRANTED, 3933);
}

static void the_largest_request_is_large_or_small(void **state)
{
	static const struct {
		int64_t left, pages;
	} cases[] = {
		/* 4 CPUs: 3 * 982 from two batches on, 4 * 982 below. */
		{ 1966 + 3 * 982, 1966 },
		{ 1967 + 3 * 982, 1967 },
		{ 1965 + 3 * 982, 983 },
		{ 4 * 982 + 1, 1 },
		{ 4 * 982, 0 },
		{ 4 * 982 - 1, 0 },
		{ 0, 0 },
		{ -1, 0 },
		{ -100000, 0 },
	};
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.cpus = 4;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(max_kb(with_left(in, cases[i].left)),
				 cases[i].pages * 4);
}

/* With nothing promised and no reserves, a request of 0 shows the error's size. */
static void a_batch_is_a_share_of_ram_or_its_least(void **state)
{
	static const struct {
		uint64_t mem_total_kb;
		uint32_t cpus;
		int64_t error;
	} cases[] = {
		{ 0, 1, 31 },
		{ 65536, 1, 63 },     /* 16384 pages / 256 is 64 */
		{ 65536, 2, 2 * 31 }, /* a share is as much */
		{ 65536, 4, 4 * 31 }, /* 32 is more than 16 */
		{ 65536, 16, 16 * 31 },
		{ 65536, 17, 17 * 33 }, /* 2 for each CPU */
		{ 65536, 65536, INT64_C(65536) * 131071 },
		{ UINT64_C(1) << 41, 1, INT32_MAX - 1 }, /* 2^31 is more than an int */
		{ (UINT64_C(1) << 41) - 1024, 1, INT32_MAX - 1 },
		{ (UINT64_C(1) << 41) - 1025, 1, INT32_MAX - 2 },
		{ UINT64_C(1) << 60, 3, INT64_C(3) * (INT32_MAX - 1) },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_grant_figures in = {
			.commit = { .mem_total_kb = cases[i].mem_total_kb,
				    .page_size = 4096 },
			.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
			.cpus = cases[i].cpus,
		};

		in.commit.overcommit_kbytes = (uint64_t)(cases[i].error + 1) * 4;
		expect(in, 0, OOMCTL_VERDICT_GRANTED, cases[i].error);
		in.commit.overcommit_kbytes -= 4;
		expect(in, 0, OOMCTL_VERDICT_UNCERTAIN, cases[i].error - 1);
	}
}

/* 1 GiB of RAM at 50 %, 64 MiB promised, reserves of 8 MiB and 1 MiB. */
static void pages_of_other_sizes_are_counted_alike(void **state)
{
	static const struct {
		uint32_t page_size;
		int64_t left_kb;
	} cases[] = {
		{ 1024, 524288 - 65536 - 8192 - 1024 - 1 },
		{ 4096, 524288 - 65536 - 8192 - 1024 - 4 },
		{ 16384, 524288 - 65536 - 8192 - 1024 - 16 },
		{ 65536, 524288 - 65536 - 8192 - 1024 - 64 },
		{ 1048576, 524288 - 65536 - 8192 - 1024 - 1024 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const int64_t page_kb = cases[i].page_size / 1024;
		struct oomctl_grant_figures in = strict;

		in.commit.mem_total_kb = 1048576;
		in.commit.page_size = cases[i].page_size;
		in.committed_as_kb = 65536;
		in.user_reserve_kbytes = 1024;
		assert_int_equal(max_kb(in), cases[i].left_kb);
		expect_kb(in, (uint64_t)(cases[i].left_kb - page_kb + 1),
			  OOMCTL_VERDICT_GRANTED, 0);
		expect_kb(in, (uint64_t)cases[i].left_kb + 1, OOMCTL_VERDICT_REFUSED,
			  -page_kb);
		in.overcommit_memory = OOMCTL_OVERCOMMIT_GUESS;
		expect_kb(in, 1048576, OOMCTL_VERDICT_GRANTED, 0);
		expect_kb(in, 1048577, OOMCTL_VERDICT_REFUSED, -page_kb);
		assert_int_equal(max_kb(in), 1048576);
	}
}

static void a_margin_stops_at_the_ends_of_its_type(void **state)
{
	struct oomctl_grant_figures in = guess();

	(void)state;
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	in.commit.page_size = 1024;
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	expect_kb(in, UINT64_C(1) << 63, OOMCTL_VERDICT_REFUSED, INT64_MIN + 5077884);
	in.commit.page_size = 4096;
	in.commit.mem_total_kb = UINT64_C(1) << 62;
	in.commit.swap_total_kb = UINT64_C(1) << 62;
	expect_kb(in, 0, OOMCTL_VERDICT_GRANTED, INT64_MAX);
	expect_kb(in, 4, OOMCTL_VERDICT_GRANTED, INT64_MAX - 3);
	expect_kb(in, UINT64_C(1) << 63, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(in, (UINT64_C(1) << 63) + 1, OOMCTL_VERDICT_REFUSED, -4);
	assert_true(max_kb(in) == INT64_MAX);
	in.commit.page_size = 1024;
	in.commit.mem_total_kb = UINT64_MAX;
	expect_kb(in, 0, OOMCTL_VERDICT_GRANTED, INT64_MAX);

	in = strict;
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	in.committed_as_kb = UINT64_MAX;
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	in.commit.page_size = 1024;
	expect_kb(in, UINT64_MAX, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	expect_kb(in, 0, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	in.committed_as_kb = INT64_MAX;
	in.admin_reserve_kbytes = INT64_MAX;
	expect_kb(in, 0, OOMCTL_VERDICT_REFUSED, INT64_MIN);
	assert_int_equal(max_kb(in), 0);
}

/* The kernel's limit is a long: of 2^64 - 1 pages nothing is left. */
static void a_limit_of_more_than_63_bits_is_negative(void **state)
{
	struct oomctl_grant_figures in = strict;

	(void)state;
	in.commit.page_size = 1024;
	in.commit.overcommit_kbytes = UINT64_MAX;
	in.flags = OOMCTL_GRANT_ADMIN;
	in.total_vm_pages = 0;
	in.committed_as_kb = 0;
	expect_kb(in, 0, OOMCTL_VERDICT_REFUSED, -2);
	in.commit.overcommit_kbytes = INT64_MAX;
	expect_kb(in, INT64_MAX - 1, OOMCTL_VERDICT_GRANTED, 0);
	expect_kb(in, INT64_MAX, OOMCTL_VERDICT_REFUSED, -1);
	assert_true(max_kb(in) == INT64_MAX - 1);
}

static void the_largest_request_is_granted_and_a_page_more_is_not(void **state)
{
	static const uint64_t committed[] = { 0, 4, 1000000, 1966464, 2014656, 5000000 };
	static const uint32_t cpus[] = { 1, 2, 3, 4, 64, 1000, 65536 };
	struct oomctl_grant_figures in = guess();

	(void)state;
	for (size_t i = 0; i < 2 * LENGTH(committed) * LENGTH(cpus); i++) {
		enum oomctl_verdict verdict;
		int64_t margin_kb;
		uint64_t kb;

		in.overcommit_memory =
		    i % 2 ? OOMCTL_OVERCOMMIT_NEVER : OOMCTL_OVERCOMMIT_GUESS;
		in.committed_as_kb = committed[i / 2 % LENGTH(committed)];
		in.cpus = cpus[i / 2 / LENGTH(committed)];
		kb = max_kb(in);
		assert_int_equal(oomctl_calc_grant(&in, kb, &verdict, &margin_kb), 0);
		assert_true(verdict == OOMCTL_VERDICT_GRANTED || kb == 0);
		assert_int_equal(oomctl_calc_grant(&in, kb + 4, &verdict, &margin_kb), 0);
		assert_int_not_equal(verdict, OOMCTL_VERDICT_GRANTED);
	}
}

static void refused(const struct oomctl_grant_figures *in)
{
	enum oomctl_verdict verdict = (enum oomctl_verdict)77;
	int64_t margin_kb = UNTOUCHED_I64;
	uint64_t kb = UNTOUCHED_U64;

	assert_int_equal(oomctl_calc_grant(in, 4, &verdict, &margin_kb), -EINVAL);
	assert_int_equal(oomctl_calc_grant_bound(in, 4, &kb), -EINVAL);
	assert_int_equal(oomctl_calc_grant_max(in, &kb), -EINVAL);
	assert_int_equal(verdict, 77);
	assert_true(margin_kb == UNTOUCHED_I64 && kb == UNTOUCHED_U64);
}

static void bad_figures_of_a_grant_are_refused(void **state)
{
	static const uint32_t bad_cpus[] = { 0, 65537, UINT32_MAX };
	static const uint32_t bad_flags[] = { 8, 15, UINT32_MAX };
	static const int bad_modes[] = { -1, 3, INT32_MAX };
	struct oomctl_grant_figures in;

	(void)state;
	refused(NULL);
	for (size_t i = 0; i < 3; i++) {
		in = strict;
		in.cpus = bad_cpus[i];
		refused(&in);
		in = strict;
		in.flags = bad_flags[i];
		refused(&in);
		in = strict;
		in.overcommit_memory = (enum oomctl_overcommit)bad_modes[i];
		refused(&in);
	}
	in = strict;
	in.commit.page_size = 4095;
	refused(&in);
	in = strict;
	in.commit.hugetlb_kb = in.commit.mem_total_kb + 1;
	refused(&in);
	in.overcommit_memory = OOMCTL_OVERCOMMIT_ALWAYS;
	refused(&in);
}

static void a_grant_without_an_output_is_refused(void **state)
{
	enum oomctl_verdict verdict = (enum oomctl_verdict)77;
	int64_t margin_kb = UNTOUCHED_I64;

	(void)state;
	assert_int_equal(oomctl_calc_grant(&strict, 4, NULL, &margin_kb), -EINVAL);
	assert_int_equal(oomctl_calc_grant(&strict, 4, &verdict, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_grant_bound(&strict, 4, NULL), -EINVAL);
	assert_int_equal(oomctl_calc_grant_max(&strict, NULL), -EINVAL);
	assert_int_equal(verdict, 77);
	assert_true(margin_kb == UNTOUCHED_I64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_session_is_exact),
		cmocka_unit_test(measured_limits_are_exact),
		cmocka_unit_test(kbytes_count_in_whole_pages),
		cmocka_unit_test(swap_is_added_modulo_2_to_the_64),
		cmocka_unit_test(published_captures_are_exact),
		cmocka_unit_test(the_inverse_is_right_on_both_sides_of_each_edge),
		cmocka_unit_test(the_inverse_counts_swap_first),
		cmocka_unit_test(the_inverse_counts_pages_of_any_size),
		cmocka_unit_test(a_limit_out_of_reach_is_erange),
		cmocka_unit_test(bad_figures_are_refused),
		cmocka_unit_test(guessing_grants_all_ram_and_swap_at_once),
		cmocka_unit_test(guessing_looks_at_nothing_else),
		cmocka_unit_test(guessing_before_5_2_is_uncertain),
		cmocka_unit_test(overcommitting_always_grants_everything),
		cmocka_unit_test(strictly_the_sum_stays_below_the_limit),
		cmocka_unit_test(strictness_before_5_9_has_a_bound_on_one_cpu),
		cmocka_unit_test(the_admin_reserve_is_for_admins),
		cmocka_unit_test(the_user_reserve_is_a_part_of_the_callers_size),
		cmocka_unit_test(a_limit_that_the_reserves_exceed_refuses_everything),
		cmocka_unit_test(near_the_edge_it_is_uncertain),
		cmocka_unit_test(a_small_request_is_less_certain),
		cmocka_unit_test(the_largest_request_is_large_or_small),
		cmocka_unit_test(a_batch_is_a_share_of_ram_or_its_least),
		cmocka_unit_test(pages_of_other_sizes_are_counted_alike),
		cmocka_unit_test(a_margin_stops_at_the_ends_of_its_type),
		cmocka_unit_test(a_limit_of_more_than_63_bits_is_negative),
		cmocka_unit_test(the_largest_request_is_granted_and_a_page_more_is_not),
		cmocka_unit_test(bad_figures_of_a_grant_are_refused),
		cmocka_unit_test(a_grant_without_an_output_is_refused),
	};

	return cmocka_run_group_tests_name("calc_commit", tests, NULL, NULL);
}
