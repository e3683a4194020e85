/* SPDX-License-Identifier: MIT */
#include <oomctl/meminfo.h>

#include <string.h>
#include <unistd.h>

#include <oomctl/calc.h>

#include "fixture.h"
#include "test.h"

/* Invented figures, no two alike. */
#define LINES_BEFORE_HUGETLB                                                             \
	"MemTotal:        8000000 kB\n"                                                  \
	"MemFree:          700000 kB\n"                                                  \
	"MemAvailable:    6000000 kB\n"                                                  \
	"Buffers:             123 kB\n"                                                  \
	"SwapCached:            5 kB\n"                                                  \
	"SwapTotal:       2000000 kB\n"                                                  \
	"SwapFree:        1900000 kB\n"                                                  \
	"CommitLimit:     5994880 kB\n"                                                  \
	"Committed_AS:    3000000 kB\n"                                                  \
	"HugePages_Total:       5\n"                                                     \
	"HugePages_Free:        1\n"                                                     \
	"Hugepagesize:       2048 kB\n"
#define MEMINFO                                                                          \
	LINES_BEFORE_HUGETLB "Hugetlb:           10240 kB\nDirectMap4k:     99 kB\n"

static const struct oomctl_meminfo figures = {
	.present = 0x3ff,
	.mem_total_kb = 8000000,
	.mem_free_kb = 700000,
	.mem_available_kb = 6000000,
	.swap_total_kb = 2000000,
	.swap_free_kb = 1900000,
	.commit_limit_kb = 5994880,
	.committed_as_kb = 3000000,
	.hugepages_total = 5,
	.hugepagesize_kb = 2048,
	.hugetlb_kb = 10240,
};

static int parse(const char *text, struct oomctl_meminfo *out)
{
	return oomctl_meminfo_parse(text, strlen(text), out, sizeof(*out));
}

static void every_known_line_has_its_member(void **state)
{
	struct oomctl_meminfo m;

	(void)state;
	assert_int_equal(parse(MEMINFO, &m), 0);
	assert_memory_equal(&m, &figures, sizeof(m));
}

static void every_bit_is_that_of_its_line(void **state)
{
	static const struct {
		const char *line;
		uint64_t bit;
	} cases[] = {
		{ "MemFree: 7 kB\n", OOMCTL_MEMINFO_MEM_FREE },
		{ "MemAvailable: 7 kB\n", OOMCTL_MEMINFO_MEM_AVAILABLE },
		{ "SwapTotal: 7 kB\n", OOMCTL_MEMINFO_SWAP_TOTAL },
		{ "SwapFree: 7 kB\n", OOMCTL_MEMINFO_SWAP_FREE },
		{ "CommitLimit: 7 kB\n", OOMCTL_MEMINFO_COMMIT_LIMIT },
		{ "Committed_AS: 7 kB\n", OOMCTL_MEMINFO_COMMITTED_AS },
		{ "HugePages_Total: 7\n", OOMCTL_MEMINFO_HUGEPAGES_TOTAL },
		{ "Hugepagesize: 7 kB\n", OOMCTL_MEMINFO_HUGEPAGESIZE },
		{ "Hugetlb: 7 kB\n", OOMCTL_MEMINFO_HUGETLB },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_meminfo m;
		uint64_t sum = 0;

		snprintf(text, sizeof(text), "%sMemTotal: 1 kB\n", cases[i].line);
		assert_int_equal(parse(text, &m), 0);
		assert_true(m.present == (OOMCTL_MEMINFO_MEM_TOTAL | cases[i].bit));
		for (size_t j = 1; j < sizeof(m) / sizeof(uint64_t); j++)
			sum += ((const uint64_t *)&m)[j];
		assert_true(m.mem_total_kb == 1 && sum == 8);
	}
}

static void malformed_lines_are_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "", -EBADMSG },
		{ "\n", -EBADMSG },
		{ "garbage", -EBADMSG },
		{ "SwapTotal: 1 kB\n", -EBADMSG },
		{ "MemTotal: kB\n", -EBADMSG },
		{ "MemTotal:\n", -EBADMSG },
		{ "MemTotal: 1 kB\nMemFree:\n", -EBADMSG },
		{ "MemTotal: 1\n", -EBADMSG },
		{ "MemTotal: 1 k\n", -EBADMSG },
		{ "MemTotal: 1 MB\n", -EBADMSG },
		{ "MemTotal: 1 kB \n", -EBADMSG },
		{ "MemTotal: 1 kBMemFree: 1 kB\n", -EBADMSG },
		{ "MemTotal: -1 kB\n", -EBADMSG },
		{ "MemTotal: 0x1 kB\n", -EBADMSG },
		{ "MemTotal: 1 2 kB\n", -EBADMSG },
		{ "MemTotal: 1 kB\nHugePages_Total: 1 kB\n", -EBADMSG },
		{ "MemTotal: 1 kB\nMemTotal: 1 kB\n", -EBADMSG },
		{ "xMemTotal: 1 kB\n", -EBADMSG },
		{ "MemTotal : 1 kB\n", -EBADMSG },
		{ "MemTotal: 1 k", -EBADMSG },
		{ "MemTotal: 18446744073709551616 kB\n", -ERANGE },
		{ "MemTotal: 18446744073709551615 kB\n", 0 },
		{ "MemTotal:1 kB", 0 },
		{ "MemTotal: 1 kB\nMem", 0 },
		{ "MemTotal: 1 kB\nUnknown: whatever\n\n\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_meminfo m = figures;

		assert_int_equal(parse(cases[i].text, &m), cases[i].want);
		if (cases[i].want)
			assert_memory_equal(&m, &figures, sizeof(m));
		else
			assert_true(m.present == OOMCTL_MEMINFO_MEM_TOTAL);
	}
}

/* Every prefix of a text is a whole answer or a refusal, never a wrong figure. */
static void a_text_cut_anywhere_gives_no_wrong_figure(void **state)
{
	(void)state;
	for (size_t len = 0; len <= strlen(MEMINFO); len++) {
		struct oomctl_meminfo m = figures;
		char *copy = malloc(len ? len : 1); /* of this size, for the sanitizers */
		int r;

		memcpy(copy, MEMINFO, len);
		r = oomctl_meminfo_parse(copy, len, &m, sizeof(m));
		free(copy);
		assert_true(r == 0 || r == -EBADMSG);
		for (size_t i = 1; i < sizeof(m) / sizeof(uint64_t); i++) {
			uint64_t v = ((const uint64_t *)&m)[i];

			assert_true(v == ((const uint64_t *)&figures)[i] ||
				    (r == 0 && v == 0));
		}
	}
}

static void a_smaller_structure_gets_its_members_a_larger_one_zeros(void **state)
{
	const struct fixture *f = *state;
	unsigned char bytes[sizeof(figures) + 16];

	fixture_put(f, "proc/meminfo", MEMINFO);
	for (size_t size = 1; size <= sizeof(bytes); size++) {
		memset(bytes, 0xaa, sizeof(bytes));
		assert_int_equal(oomctl_meminfo_read(f->ctx, (void *)bytes, size), 0);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			unsigned char want = i >= size ? 0xaa
					     : i < sizeof(figures)
						 ? ((const unsigned char *)&figures)[i]
						 : 0;

			assert_int_equal(bytes[i], want);
		}
	}
}

static void the_file_is_read_whole_or_refused(void **state)
{
	const struct fixture *f = *state;
	char text[9000];
	struct oomctl_meminfo m = figures;

	assert_int_equal(oomctl_meminfo_read(f->ctx, &m, sizeof(m)), -EOPNOTSUPP);
	fixture_put(f, "proc/meminfo", "");
	assert_int_equal(oomctl_meminfo_read(f->ctx, &m, sizeof(m)), -EBADMSG);

	memset(text, '\n', sizeof(text));
	memcpy(text, MEMINFO, strlen(MEMINFO));
	fixture_put_bytes(f, "proc/meminfo", text, 8192);
	assert_int_equal(oomctl_meminfo_read(f->ctx, &m, sizeof(m)), -EBADMSG);
	assert_memory_equal(&m, &figures, sizeof(m));
	memset(&m, 0, sizeof(m));
	fixture_put_bytes(f, "proc/meminfo", text, 8191);
	assert_int_equal(oomctl_meminfo_read(f->ctx, &m, sizeof(m)), 0);
	assert_memory_equal(&m, &figures, sizeof(m));
}

static void null_and_size_0_are_refused(void **state)
{
	struct oomctl_meminfo m = figures;
	struct oomctl_commit_figures c = { .page_size = 77 };
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", MEMINFO);
	assert_int_equal(oomctl_meminfo_read(f->ctx, NULL, sizeof(m)), -EINVAL);
	assert_int_equal(oomctl_meminfo_read(f->ctx, &m, 0), -EINVAL);
	assert_int_equal(oomctl_meminfo_parse(NULL, 0, &m, sizeof(m)), -EINVAL);
	assert_int_equal(oomctl_meminfo_parse("", 0, NULL, sizeof(m)), -EINVAL);
	assert_int_equal(oomctl_meminfo_parse(MEMINFO, strlen(MEMINFO), &m, 0), -EINVAL);
	assert_int_equal(oomctl_meminfo_read_commit_figures(f->ctx, NULL, sizeof(c)),
			 -EINVAL);
	assert_int_equal(oomctl_meminfo_read_commit_figures(f->ctx, &c, 0), -EINVAL);
	assert_memory_equal(&m, &figures, sizeof(m));
	assert_int_equal(c.page_size, 77);
}

/* An FFI may leave the upper half of a size to chance. */
static void no_structure_is_larger_than_64_kib(void **state)
{
	static union {
		struct oomctl_meminfo m;
		char bytes[65536];
	} large;
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", MEMINFO);
	large.m = figures;
	assert_int_equal(oomctl_meminfo_read(f->ctx, &large.m, 65537), -EINVAL);
	assert_int_equal(oomctl_meminfo_read(f->ctx, &large.m, SIZE_MAX), -EINVAL);
	assert_memory_equal(&large.m, &figures, sizeof(figures));
	large.bytes[65535] = 7;
	assert_int_equal(oomctl_meminfo_read(f->ctx, &large.m, 65536), 0);
	assert_int_equal(large.bytes[65535], 0);
}

static void put_share(const struct fixture *f, const char *ratio, const char *kbytes)
{
	fixture_put(f, "proc/sys/vm/overcommit_ratio", ratio);
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", kbytes);
}

static struct oomctl_commit_figures read_figures(const struct fixture *f, int want)
{
	struct oomctl_commit_figures in, untouched;

	memset(&in, 0x77, sizeof(in));
	untouched = in;
	assert_int_equal(oomctl_meminfo_read_commit_figures(f->ctx, &in, sizeof(in)),
			 want);
	if (want < 0)
		assert_memory_equal(&in, &untouched, sizeof(in));
	return in;
}

static void commit_figures_come_from_their_files(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_commit_figures in;

	fixture_put(f, "proc/meminfo", MEMINFO);
	put_share(f, "60\n", "0\n");
	in = read_figures(f, 0);
	assert_true(in.mem_total_kb == 8000000 && in.hugetlb_kb == 10240);
	assert_true(in.swap_total_kb == 2000000 && in.overcommit_kbytes == 0);
	assert_int_equal(in.overcommit_ratio, 60);
	assert_int_equal(in.page_size, getpagesize());

	put_share(f, "0\n", "5000\n");
	in = read_figures(f, 0);
	assert_true(in.overcommit_kbytes == 5000 && in.overcommit_ratio == 0);

	put_share(f, "0\n", "0\n");
	in = read_figures(f, 0);
	assert_true(in.overcommit_kbytes == 0 && in.overcommit_ratio == 0);

	put_share(f, "-1\n", "0\n");
	in = read_figures(f, 0);
	assert_int_equal(in.overcommit_ratio, -1);
}

static void before_3_14_there_are_no_kbytes(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", MEMINFO);
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "60\n");
	assert_int_equal(read_figures(f, 0).overcommit_ratio, 60);
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "0\n");
	assert_true(read_figures(f, 0).overcommit_kbytes == 0);
}

static void a_file_that_fails_fails_the_figures(void **state)
{
	const struct fixture *f = *state;

	put_share(f, "60\n", "0\n");
	read_figures(f, -EOPNOTSUPP);
	fixture_put(f, "proc/meminfo", "nothing");
	read_figures(f, -EBADMSG);
	fixture_put(f, "proc/meminfo", MEMINFO);
	put_share(f, "x\n", "0\n");
	read_figures(f, -EBADMSG);
	put_share(f, "60\n", "-1\n");
	read_figures(f, -ERANGE);
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "0\n");
	fixture_remove(f, "proc/sys/vm/overcommit_ratio");
	read_figures(f, -EOPNOTSUPP);
}

#define HUGE "sys/kernel/mm/hugepages/"

static void without_hugetlb_every_size_is_summed(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", LINES_BEFORE_HUGETLB);
	put_share(f, "60\n", "0\n");
	fixture_put(f, HUGE "hugepages-2048kB/nr_hugepages", "5\n");
	fixture_put(f, HUGE "hugepages-1048576kB/nr_hugepages", "2\n");
	fixture_put(f, HUGE "hugepages-64kB/nr_hugepages", "0\n");
	fixture_put(f, HUGE "demote/nr_hugepages", "1000\n");
	assert_true(read_figures(f, 0).hugetlb_kb == 5 * 2048 + 2 * 1048576);

	/* More names than one system call returns. */
	for (int i = 1; i <= 100; i++) {
		char path[96];

		snprintf(path, sizeof(path), HUGE "hugepages-%dkB/nr_hugepages", i);
		fixture_put(f, path, "1\n");
	}
	/* 64 is among them. */
	assert_true(read_figures(f, 0).hugetlb_kb == 5 * 2048 + 2 * 1048576 + 5050);
}

static void without_hugetlb_and_sysfs_the_default_size_counts(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", LINES_BEFORE_HUGETLB);
	put_share(f, "60\n", "0\n");
	assert_true(read_figures(f, 0).hugetlb_kb == 10240);
	fixture_put(f, "proc/meminfo", "MemTotal: 100 kB\n");
	assert_true(read_figures(f, 0).hugetlb_kb == 0);
}

static void huge_pages_that_cannot_be_counted_fail_the_figures(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", LINES_BEFORE_HUGETLB);
	put_share(f, "60\n", "0\n");
	fixture_put(f, HUGE "hugepages-2048kB/nr_hugepages", "x\n");
	read_figures(f, -EBADMSG);
	fixture_put(f, HUGE "hugepages-2048kB/nr_hugepages", "18446744073709551615\n");
	read_figures(f, -ERANGE);
	fixture_put(f, HUGE "hugepages-2048kB/nr_hugepages", "9007199254740991\n");
	fixture_put(f, HUGE "hugepages-4096kB/nr_hugepages", "4503599627370495\n");
	read_figures(f, -ERANGE);
	fixture_put(f, HUGE "hugepages-4096kB/nr_hugepages", "0\n");
	fixture_remove(f, HUGE "hugepages-2048kB/nr_hugepages");
	read_figures(f, -EOPNOTSUPP);
}

/* What cannot be opened for lack of descriptors. */
static const char *unopenable = "";

/* Another program writes one of the two between the library's reads. */
static const struct fixture *racing;
static const char *const *race; /* ratio, kbytes; in force from one open to the next */

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	if (racing && race[0] && strncmp(path, "sys/vm/overcommit_", 18) == 0) {
		put_share(racing, race[0], race[1]);
		race += 2;
	}
	if (strcmp(path, unopenable) == 0) {
		errno = EMFILE;
		return -1;
	}
	return __real_openat(dir, path, flags);
}

static struct oomctl_commit_figures read_during(const struct fixture *f,
						const char *const *states)
{
	struct oomctl_commit_figures in;

	racing = f;
	race = states;
	in = read_figures(f, 0);
	racing = NULL;
	return in;
}

static void a_change_between_the_reads_is_never_seen_half(void **state)
{
	static const char *const to_kbytes[] = { "50\n", "0\n", "0\n", "9\n", NULL };
	static const char *const to_ratio[] = { "0\n", "9\n", "50\n", "0\n", NULL };
	static const char *const there_and_back[] = { "50\n", "0\n", "0\n", "9\n",
						      "50\n", "0\n", NULL };
	static const char *const half_twice[] = { "50\n", "0\n", "0\n", "9\n",
						  "50\n", "0\n", "0\n", "9\n",
						  "0\n",  "9\n", NULL };
	static const char *const both_zero[] = { "0\n", "0\n", "0\n", "0\n", "0\n", "0\n",
						 "0\n", "0\n", "0\n", "0\n", "0\n", "0\n",
						 "0\n", "0\n", "0\n", "0\n", NULL };
	const struct fixture *f = *state;
	struct oomctl_commit_figures in;

	fixture_put(f, "proc/meminfo", MEMINFO);
	in = read_during(f, to_kbytes);
	assert_true(in.overcommit_ratio == 0 && in.overcommit_kbytes == 9);
	in = read_during(f, to_ratio);
	assert_true(in.overcommit_ratio == 50 && in.overcommit_kbytes == 0);
	in = read_during(f, there_and_back);
	assert_true(in.overcommit_ratio == 50 && in.overcommit_kbytes == 0);
	in = read_during(f, half_twice);
	assert_true(in.overcommit_ratio == 0 && in.overcommit_kbytes == 9);
	in = read_during(f, both_zero);
	assert_true(in.overcommit_ratio == 0 && in.overcommit_kbytes == 0);
	assert_int_equal(race - both_zero, 2 * 6); /* both, three times */
}

static void sizes_that_cannot_be_listed_fail_the_figures(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/meminfo", LINES_BEFORE_HUGETLB);
	put_share(f, "60\n", "0\n");
	fixture_put(f, HUGE "hugepages-2048kB/nr_hugepages", "5\n");
	unopenable = "kernel/mm/hugepages";
	read_figures(f, -EMFILE);
	unopenable = "";
	read_figures(f, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_line_has_its_member),
		cmocka_unit_test(every_bit_is_that_of_its_line),
		cmocka_unit_test(malformed_lines_are_refused),
		cmocka_unit_test(a_text_cut_anywhere_gives_no_wrong_figure),
		FIXTURE_TEST(a_smaller_structure_gets_its_members_a_larger_one_zeros),
		FIXTURE_TEST(the_file_is_read_whole_or_refused),
		FIXTURE_TEST(null_and_size_0_are_refused),
		FIXTURE_TEST(no_structure_is_larger_than_64_kib),
		FIXTURE_TEST(commit_figures_come_from_their_files),
		FIXTURE_TEST(before_3_14_there_are_no_kbytes),
		FIXTURE_TEST(a_file_that_fails_fails_the_figures),
		FIXTURE_TEST(without_hugetlb_every_size_is_summed),
		FIXTURE_TEST(without_hugetlb_and_sysfs_the_default_size_counts),
		FIXTURE_TEST(huge_pages_that_cannot_be_counted_fail_the_figures),
		FIXTURE_TEST(sizes_that_cannot_be_listed_fail_the_figures),
		FIXTURE_TEST(a_change_between_the_reads_is_never_seen_half),
	};

	return cmocka_run_group_tests_name("meminfo", tests, NULL, NULL);
}
