/* SPDX-License-Identifier: MIT */
#include <oomctl/calc.h>

#include "test.h"

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
		{ 65536, 127, 64 },
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

#ifdef __SIZEOF_INT128__
static uint64_t next_random(uint64_t *seed_state)
{
	*seed_state ^= *seed_state << 13;
	*seed_state ^= *seed_state >> 7;
	*seed_state ^= *seed_state << 17;
	return *seed_state;
}

/* Small and large numbers alike. */
static uint64_t any(uint64_t *seed_state)
{
	uint64_t bits = next_random(seed_state) % 64;

	return next_random(seed_state) >> bits;
}

static struct oomctl_commit_figures any_figures(uint64_t *seed_state)
{
	struct oomctl_commit_figures in = {
		.mem_total_kb = any(seed_state),
		.swap_total_kb = any(seed_state),
		.overcommit_kbytes = next_random(seed_state) % 4 ? 0 : any(seed_state),
		.overcommit_ratio = (int32_t)any(seed_state),
		.page_size = 1024U << next_random(seed_state) % 7,
	};

	in.hugetlb_kb = in.mem_total_kb ? any(seed_state) % in.mem_total_kb : 0;
	return in;
}

__extension__ typedef unsigned __int128 wide;

/* The kernel's formula over wide numbers, reduced only where the kernel stores a long. */
static uint64_t model(const struct oomctl_commit_figures *in)
{
	wide page_kb = in->page_size / 1024;
	uint64_t ratio = (uint64_t)in->overcommit_ratio;
	wide pages = in->mem_total_kb / page_kb - in->hugetlb_kb / page_kb;

	if (in->overcommit_kbytes)
		pages = in->overcommit_kbytes / page_kb;
	else
		pages = (uint64_t)(pages * ratio) / 100;
	return (uint64_t)((uint64_t)(pages + in->swap_total_kb / page_kb) * page_kb);
}

static void every_input_agrees_with_a_wide_model(void **state)
{
	uint64_t seed_state = 1;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		struct oomctl_commit_figures in = any_figures(&seed_state);

		assert_true(limit_of(in) == model(&in));
	}
}

/* Without overflow, as the documentation of the inverse has it. */
static wide unbounded(const struct oomctl_commit_figures *in, wide ratio)
{
	wide page_kb = in->page_size / 1024;
	wide pages = in->mem_total_kb / page_kb - in->hugetlb_kb / page_kb;

	return (pages * ratio / 100 + in->swap_total_kb / page_kb) * page_kb;
}

static bool fits_the_kernel(const struct oomctl_commit_figures *in, wide ratio)
{
	wide page_kb = in->page_size / 1024;
	wide pages = in->mem_total_kb / page_kb - in->hugetlb_kb / page_kb;

	return pages * ratio <= UINT64_MAX && unbounded(in, ratio) <= UINT64_MAX;
}

/* The smallest by halving: an independent way to the answer. */
static int searched_ratio(const struct oomctl_commit_figures *in, uint64_t limit_kb,
			  int32_t *out)
{
	int64_t low = 0, high = INT32_MAX;

	if (unbounded(in, INT32_MAX) < limit_kb)
		return -ERANGE;
	while (low < high) {
		int64_t middle = (low + high) / 2;

		if (unbounded(in, (wide)middle) >= limit_kb)
			high = middle;
		else
			low = middle + 1;
	}
	*out = (int32_t)low;
	return fits_the_kernel(in, (wide)low) ? 0 : -ERANGE;
}

static void every_inverse_agrees_with_a_search(void **state)
{
	uint64_t seed_state = 2;
	int found = 0, refused = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct oomctl_commit_figures in = any_figures(&seed_state);
		uint64_t limit_kb = any(&seed_state);
		int32_t want = UNTOUCHED, got = UNTOUCHED;
		int r = searched_ratio(&in, limit_kb, &want);

		assert_int_equal(oomctl_calc_overcommit_ratio(&in, limit_kb, &got), r);
		assert_int_equal(got, r == 0 ? want : UNTOUCHED);
		found += r == 0 && want > 0;
		refused += r < 0;
	}
	assert_true(found > 20000 && refused > 20000); /* enough of both */
}
#else
static void every_input_agrees_with_a_wide_model(void **state)
{
	(void)state;
	SKIP_UNAVOIDABLE("no 128-bit integers on this target");
}

static void every_inverse_agrees_with_a_search(void **state)
{
	(void)state;
	SKIP_UNAVOIDABLE("no 128-bit integers on this target");
}
#endif

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
	in.overcommit_kbytes = 4096; /* ignored */
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 0, &ratio), 0);
	assert_int_equal(ratio, 0);
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1000, &ratio), 0);
	assert_int_equal(ratio, 0);
	assert_int_equal(oomctl_calc_overcommit_ratio(&in, 1001, &ratio), 0);
	assert_int_equal(ratio, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_session_is_exact),
		cmocka_unit_test(measured_limits_are_exact),
		cmocka_unit_test(kbytes_count_in_whole_pages),
		cmocka_unit_test(swap_is_added_modulo_2_to_the_64),
		cmocka_unit_test(published_captures_are_exact),
		cmocka_unit_test(every_input_agrees_with_a_wide_model),
		cmocka_unit_test(every_inverse_agrees_with_a_search),
		cmocka_unit_test(the_inverse_is_right_on_both_sides_of_each_edge),
		cmocka_unit_test(the_inverse_counts_swap_first),
		cmocka_unit_test(a_limit_out_of_reach_is_erange),
		cmocka_unit_test(bad_figures_are_refused),
	};

	return cmocka_run_group_tests_name("calc", tests, NULL, NULL);
}
