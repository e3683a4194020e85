/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <string.h>

#include "test.h"

/* A copy with nothing before or behind it: a sanitizer sees who reads on. */
static const char *bare(const char *text, size_t len)
{
	static char *copy;

	free(copy);
	copy = malloc(len + 1);
	return memcpy(copy + 1, text, len);
}
#define BARE(text) bare(text, strlen(text)), strlen(text)

static void numbers_are_the_whole_text(void **state)
{
	static const struct {
		const char *text;
		int want_i32;
		int32_t i32;
		int want_u64;
		uint64_t u64;
	} cases[] = {
		{ "0\n", 0, 0, 0, 0 },
		{ "0", 0, 0, 0, 0 },
		{ "50\n", 0, 50, 0, 50 },
		{ "-0\n", 0, 0, -ERANGE, 0 },
		{ "-1000\n", 0, -1000, -ERANGE, 0 },
		{ "007\n", 0, 7, 0, 7 },
		{ "2147483647\n", 0, INT32_MAX, 0, INT32_MAX },
		{ "2147483648\n", -ERANGE, 0, 0, 2147483648 },
		{ "-2147483648\n", 0, INT32_MIN, -ERANGE, 0 },
		{ "-2147483649\n", -ERANGE, 0, -ERANGE, 0 },
		{ "18446744073709551615\n", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616\n", -ERANGE, 0, -ERANGE, 0 },
		{ "-18446744073709551615\n", -ERANGE, 0, -ERANGE, 0 },
		{ "99999999999999999999999999\n", -ERANGE, 0, -ERANGE, 0 },
		{ "99999999999999999999999999x\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "", -EBADMSG, 0, -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "-", -EBADMSG, 0, -EBADMSG, 0 },
		{ "-\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "--1\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "+1\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ " 1\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1 \n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1\n\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1\n2\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1 2\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1\t2\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "x\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1x\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "0x10\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "1.5\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "\xff\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ "/\n", -EBADMSG, 0, -EBADMSG, 0 },
		{ ":\n", -EBADMSG, 0, -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		int32_t i32 = UNTOUCHED;
		uint64_t u64 = UNTOUCHED_U64;

		assert_int_equal(parse_i32(BARE(cases[i].text), &i32), cases[i].want_i32);
		assert_int_equal(i32, cases[i].want_i32 ? UNTOUCHED : cases[i].i32);
		assert_int_equal(parse_u64(BARE(cases[i].text), &u64), cases[i].want_u64);
		assert_true(u64 == (cases[i].want_u64 ? UNTOUCHED_U64 : cases[i].u64));
	}
}

static void a_nul_byte_is_no_end(void **state)
{
	int32_t v = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_i32("1\0\n", 3, &v), -EBADMSG);
	assert_int_equal(parse_i32("1\0", 2, &v), -EBADMSG);
	assert_int_equal(v, UNTOUCHED);
}

static void fdinfo_tells_the_pid(void **state)
{
	static const struct {
		const char *text;
		int want;
		int32_t pid;
	} cases[] = {
		{ "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t77\nPid:\t42\nNSpid:"
		  "\t42\t7\n",
		  0, 42 },
		{ "Pid:\t42\n", 0, 42 },
		{ "Pid:\t42", 0, 42 },
		{ "Pid:\t-1\n", 0, -1 },
		{ "Pid:\t0\nNSpid:\t0\n", 0, 0 },
		{ "NSpid:\t42\n", -EBADMSG, 0 },
		{ "pos:\t0\nflags:\t02\n", -EBADMSG, 0 },
		{ "xPid:\t42\n", -EBADMSG, 0 },
		{ "Pid: 42\n", -EBADMSG, 0 },
		{ "Pid:\t\n", -EBADMSG, 0 },
		{ "Pid:\t42 43\n", -EBADMSG, 0 },
		{ "Pid:\t4294967338\n", -ERANGE, 0 },
		{ "\n\n\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		int32_t pid = UNTOUCHED;

		assert_int_equal(parse_fdinfo_pid(BARE(cases[i].text), &pid),
				 cases[i].want);
		assert_int_equal(pid, cases[i].want ? UNTOUCHED : cases[i].pid);
	}
}

static void huge_page_directories_tell_their_size(void **state)
{
	static const struct {
		const char *name;
		int want;
		uint64_t kb;
	} cases[] = {
		{ "hugepages-2048kB", 0, 2048 },
		{ "hugepages-1048576kB", 0, 1048576 },
		{ ".", -EBADMSG, 0 },
		{ "..", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
		{ "hugepages-", -EBADMSG, 0 },
		{ "hugepages-kB", -EBADMSG, 0 },
		{ "hugepages-2048", -EBADMSG, 0 },
		{ "hugepages-2048MB", -EBADMSG, 0 },
		{ "hugepages-2048kBx", -EBADMSG, 0 },
		{ "hugepages--1kB", -EBADMSG, 0 },
		{ "hugepages-02048kB", -EBADMSG, 0 },
		{ "hugepages-0kB", -EBADMSG, 0 },
		{ "Hugepages-2048kB", -EBADMSG, 0 },
		{ "hugepages-18446744073709551616kB", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t kb = UNTOUCHED_U64;

		assert_int_equal(parse_hugepages_name(cases[i].name, &kb), cases[i].want);
		assert_true(kb == (cases[i].want ? UNTOUCHED_U64 : cases[i].kb));
	}
}

static void releases_are_read_from_their_beginning(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint32_t release;
	} cases[] = {
		{ "6.18.44-rc1+anything\n", 0, RELEASE(6, 18, 44) },
		{ "6.18.44-x\n", 0, RELEASE(6, 18, 44) },
		{ "5.9\n", 0, RELEASE(5, 9, 0) },
		{ "5.9", 0, RELEASE(5, 9, 0) },
		{ "2.6.36\n", 0, RELEASE(2, 6, 36) },
		{ "2.6.32.61-grsec\n", 0, RELEASE(2, 6, 32) },
		{ "6.1+\n", 0, RELEASE(6, 1, 0) },
		{ "6.1.+\n", 0, RELEASE(6, 1, 0) },
		{ "6.1.", 0, RELEASE(6, 1, 0) },
		{ "6.1.x\n", 0, RELEASE(6, 1, 0) },
		{ "6.1./\n", 0, RELEASE(6, 1, 0) },
		{ "6.1.:\n", 0, RELEASE(6, 1, 0) },
		{ "6.1.2", 0, RELEASE(6, 1, 2) },
		{ "6.1.05\n", 0, RELEASE(6, 1, 5) },
		{ "6.1.2_x\n", 0, RELEASE(6, 1, 2) },
		{ "6.1~rc\n", 0, RELEASE(6, 1, 0) },
		{ "4.4.302\n", 0, RELEASE(4, 4, 255) },
		{ "254.255.256\n", 0, RELEASE(254, 255, 255) },
		{ "4096.1.1\n", 0, RELEASE(255, 1, 1) },
		{ "", -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0 },
		{ "6\n", -EBADMSG, 0 },
		{ "6.\n", -EBADMSG, 0 },
		{ "6-1\n", -EBADMSG, 0 },
		{ ".1\n", -EBADMSG, 0 },
		{ " 6.1\n", -EBADMSG, 0 },
		{ "v6.1\n", -EBADMSG, 0 },
		{ "6.x\n", -EBADMSG, 0 },
		{ "6.1 \n", -EBADMSG, 0 },
		{ "6.1:2\n", -EBADMSG, 0 },
		{ "-6.1\n", -EBADMSG, 0 },
		{ "FreeBSD 14\n", -EBADMSG, 0 },
		{ "99999999999999999999.1\n", -EBADMSG, 0 },
		{ "1.99999999999999999999\n", -EBADMSG, 0 },
		{ "1.1.99999999999999999999\n", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint32_t release = 777;

		assert_int_equal(parse_release(BARE(cases[i].text), &release),
				 cases[i].want);
		assert_int_equal(release, cases[i].want ? 777 : cases[i].release);
	}
}

static void cpu_lists_are_counted(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint32_t cpus;
	} cases[] = {
		{ "0\n", 0, 1 },
		{ "0", 0, 1 },
		{ "0-3\n", 0, 4 },
		{ "0-3,8\n", 0, 5 },
		{ "1,3,5-6\n", 0, 4 },
		{ "7-7\n", 0, 1 },
		{ "0-4294967294\n", 0, UINT32_MAX },
		{ "4294967290-4294967295\n", 0, 6 },
		{ "0-4294967295\n", -ERANGE, 0 },
		{ "0-18446744073709551615\n", -ERANGE, 0 },
		{ "0-4294967293,4294967294-4294967295\n", -ERANGE, 0 },
		{ "18446744073709551616\n", -ERANGE, 0 },
		{ "0-18446744073709551616\n", -ERANGE, 0 },
		{ "", -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0 },
		{ "3-0\n", -EBADMSG, 0 },
		{ "0-\n", -EBADMSG, 0 },
		{ "0,\n", -EBADMSG, 0 },
		{ ",0\n", -EBADMSG, 0 },
		{ "0,,1\n", -EBADMSG, 0 },
		{ "0-1-2\n", -EBADMSG, 0 },
		{ "0 1\n", -EBADMSG, 0 },
		{ "0x\n", -EBADMSG, 0 },
		{ "0\n\n", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint32_t cpus = 777;

		assert_int_equal(parse_cpu_list(BARE(cases[i].text), &cpus),
				 cases[i].want);
		assert_int_equal(cpus, cases[i].want ? 777 : cases[i].cpus);
	}
}

static void the_first_number_of_several_is_read(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint64_t v;
	} cases[] = {
		{ "12345 678 9 0\n", 0, 12345 },
		{ "12345\n", 0, 12345 },
		{ "0", 0, 0 },
		{ "18446744073709551615 1\n", 0, UINT64_MAX },
		{ "18446744073709551616 1\n", -ERANGE, 0 },
		{ "", -EBADMSG, 0 },
		{ "\n", -EBADMSG, 0 },
		{ " 1 2\n", -EBADMSG, 0 },
		{ "-1 2\n", -EBADMSG, 0 },
		{ "1x 2\n", -EBADMSG, 0 },
		{ "1x", -EBADMSG, 0 },
		{ "x\n", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t v = UNTOUCHED_U64;

		assert_int_equal(parse_first_u64(BARE(cases[i].text), &v), cases[i].want);
		assert_true(v == (cases[i].want ? UNTOUCHED_U64 : cases[i].v));
	}
}

static void the_name_of_a_process_is_its_pid(void **state)
{
	static const char *const others[] = {
		"",    "0",  "self", "1x", "-1",         "+1",
		"1.2", " 1", "sys",  "/",  "2147483648", "99999999999999999999",
		"01",  "00", "1 ",   "1/", "1:",         "00000000001",
	};
	int32_t pid = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < LENGTH(others); i++)
		assert_int_equal(parse_pid(others[i], &pid), -EBADMSG);
	assert_int_equal(pid, UNTOUCHED);

	assert_int_equal(parse_pid("1", &pid), 0);
	assert_int_equal(pid, 1);
	assert_int_equal(parse_pid("2147483647", &pid), 0);
	assert_int_equal(pid, INT32_MAX);
}

/* What stands between the flags and the start, and between that and the RAM. */
#define STAT_FROM_10 " 1 2 3 4 5 6 7 8 20 0 1 0 "
#define STAT(COMM)                                                                       \
	"42 (" COMM ") S 1 2 3 4 5 4194560" STAT_FROM_10                                 \
	"9876543210 1000000 321 18446744073709551615 1 2 3 0\n"

static void stat_has_its_fields_behind_any_name(void **state)
{
	static const struct {
		const char *text, *comm;
	} cases[] = {
		{ STAT("oomd"), "oomd" },
		{ STAT(""), "" },
		{ STAT(")"), ")" },
		{ STAT("a b"), "a b" },
		{ STAT("a) R 1 2 (b"), "a) R 1 2 (b" },
		{ STAT(") ("), ") (" },
		{ STAT("a\nb"), "a\nb" },
		{ STAT("\xff\x01"), "\xff\x01" },
		{ STAT("just 14 bytes."), "just 14 bytes." },
		{ STAT("exactly15bytes."), "exactly15bytes." },
		{ STAT("sixteen bytes..."), "sixteen bytes.." },
		{ STAT(
		      "kworker/u16:3-events_unbound_and_a_name_of_64_characters_in_all."),
		  "kworker/u16:3-e" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char comm[16] = "";
		struct parse_stat s;

		memset(&s, 0x77, sizeof(s));
		memcpy(comm, cases[i].comm, strlen(cases[i].comm));
		assert_int_equal(parse_stat(BARE(cases[i].text), &s), 0);
		assert_int_equal(s.pid, 42);
		assert_true(s.flags == 4194560);
		assert_true(s.start_ticks == 9876543210);
		assert_true(s.rss_pages == 321);
		assert_memory_equal(s.comm, comm, sizeof(comm));
	}
}

static void stat_may_end_behind_its_last_field(void **state)
{
	static const char text[] = "2147483647 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9";
	struct parse_stat s;

	(void)state;
	assert_int_equal(parse_stat(BARE(text), &s), 0);
	assert_int_equal(s.pid, INT32_MAX);
	assert_true(s.ppid == 1 && s.start_ticks == 7);
	assert_true(s.vsize_bytes == 8 && s.rss_pages == 9);
}

static void stat_of_another_form_is_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "", -EBADMSG },
		{ "\n", -EBADMSG },
		{ "42", -EBADMSG },
		{ "42 ", -EBADMSG },
		{ "42 (", -EBADMSG },
		{ "42 (a", -EBADMSG },
		{ "42 (a)", -EBADMSG },
		{ "42 (a)S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 ( S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 (a S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 a) S 1", -EBADMSG },
		{ "42(a) S 1", -EBADMSG },
		{ "x (a) S 1", -EBADMSG },
		{ "-1 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "2147483648 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10, -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 \n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 -1" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 x" STAT_FROM_10 "7 8 9\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "x 8 9\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 -9\n", -EBADMSG },
		{ "42 (a) S 1 2 3 4 5 18446744073709551616" STAT_FROM_10 "7 8 9\n",
		  -ERANGE },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "18446744073709551616 8 9\n",
		  -ERANGE },
		{ "42 (a) S 1 2 3 4 5 0" STAT_FROM_10 "7 8 18446744073709551616\n",
		  -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct parse_stat s, untouched;

		memset(&s, 0x77, sizeof(s));
		memset(&untouched, 0x77, sizeof(untouched));
		assert_int_equal(parse_stat(BARE(cases[i].text), &s), cases[i].want);
		assert_memory_equal(&s, &untouched, sizeof(s));
	}
}

static int read_status(const char *text, struct parse_status *s)
{
	return parse_status_line(BARE(text), s);
}

static void status_is_read_line_by_line(void **state)
{
	static const char *const lines[] = {
		"Name:\tUid:\t5\n",
		"Uid:\t1000\t1001\t1002\t1003\n",
		"Groups:\t4 24 27 \n",
		"VmPeak:\t  999999 kB\n",
		"VmHWM:\t  999999 kB\n",
		"VmRSS:\t     123 kB\n",
		"VmRSSx:\t     5 kB\n",
		"RssAnon:\t     7 kB\n",
		"VmPTE:\t      44 kB\n",
		"VmPMD:\t      12 kB\n",
		"VmSwap:\t   5678 kB",
		"CapInh:\t0000000000000001\n",
		"CapEff:\t000001ffffffffff\n",
		"",
		"\n",
	};
	struct parse_status s = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(lines); i++)
		assert_int_equal(read_status(lines[i], &s), 0);
	assert_true(s.uid == 1000);
	assert_true(s.rss_kb == 123);
	assert_true(s.swap_kb == 5678);
	assert_true(s.pte_kb == 44);
	assert_true(s.pmd_kb == 12);
	assert_true(s.cap_eff == 0x1ffffffffff);
	assert_true(s.has_memory);
}

static void a_number_of_a_status_ends_in_a_blank_or_the_line(void **state)
{
	static const char *const lines[] = { "VmRSS:\t12", "VmRSS: 12\n", "VmRSS:12 kB\n",
					     "VmRSS:\t12\tkB\n", "VmRSS:\t12 \n" };

	(void)state;
	for (size_t i = 0; i < LENGTH(lines); i++) {
		struct parse_status s = { 0 };

		assert_int_equal(read_status(lines[i], &s), 0);
		assert_true(s.rss_kb == 12);
	}
}

static void capabilities_are_hexadecimal(void **state)
{
	struct parse_status s = { 0 };

	(void)state;
	assert_int_equal(read_status("CapEff:\t19af\n", &s), 0);
	assert_true(s.cap_eff == 0x19af);
}

static void only_vmrss_tells_of_memory(void **state)
{
	struct parse_status s = { 0 };

	(void)state;
	assert_int_equal(read_status("VmSwap:\t1 kB\n", &s), 0);
	assert_int_equal(read_status("Uid:\t1\n", &s), 0);
	assert_false(s.has_memory);
	assert_int_equal(read_status("VmRSS:\t0 kB\n", &s), 0);
	assert_true(s.has_memory);
}

static void status_lines_of_another_form_are_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "Uid:\n", -EBADMSG },
		{ "Uid:\tx\n", -EBADMSG },
		{ "VmRSS:\t kB\n", -EBADMSG },
		{ "VmRSS:\t-1 kB\n", -EBADMSG },
		{ "VmRSS:\t0x1 kB\n", -EBADMSG },
		{ "Uid:\t1.0\n", -EBADMSG },
		{ "Uid:\t12x\n", -EBADMSG },
		{ "VmSwap:\t18446744073709551616 kB\n", -ERANGE },
		{ "CapEff:\n", -EBADMSG },
		{ "CapEff:\t\n", -EBADMSG },
		{ "CapEff:\t00000000000000000\n", -EBADMSG },
		{ "CapEff:\t000001FF\n", -EBADMSG },
		{ "CapEff:\t00g0\n", -EBADMSG },
		{ "CapEff:\t0/\n", -EBADMSG },
		{ "CapEff:\t0:\n", -EBADMSG },
		{ "CapEff:\t0`\n", -EBADMSG },
		{ "CapEff:\t00 0\n", -EBADMSG },
		{ "CapEff:\t0\xff\n", -EBADMSG },
	};
	const struct parse_status none = { 0 };
	struct parse_status s = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(read_status(cases[i].text, &s), cases[i].want);
	assert_memory_equal(&s, &none, sizeof(s));
}

static int read_smaps(const char *text, struct parse_smaps *s)
{
	return parse_smaps_line(BARE(text), s);
}

static void smaps_adds_up_what_fork_has_to_be_granted(void **state)
{
	static const char *const lines[] = {
		"00400000-00500000 r-xp 00000000 08:01 77   /bin/x\n",
		"Size:                100 kB\n",
		"KernelPageSize:        4 kB\n",
		"VmFlags: rd ex mr mw me \n", /* not accounted */
		"00600000-00700000 rw-p 00000000 00:00 0    [heap]\n",
		"Size:                 20 kB\n",
		"VmFlags: rd wr mr mw me ac \n",
		"Size:                  3 kB\n",
		"VmFlags: r w mr mw me ac dd wf\n", /* wiped in the child, yet granted */
		"Size:               5000 kB\n",
		"VmFlags: rd wr mr mw me dc ac \n", /* not in the child */
		"Size:               6000 kB\n",
		"VmFlags: rd wr mr mw me nr \n", /* MAP_NORESERVE */
		"Size:               7000 kB\n",
		"VmFlags: \n",
		"Size:               8000 kB\n",
		"VmFlags: acx xac a c ar\n",
	};
	struct parse_smaps s = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(lines); i++)
		assert_int_equal(read_smaps(lines[i], &s), 0);
	assert_true(s.has_flags);
	assert_true(s.sum_kb == 23);
	assert_true(s.largest_kb == 20);
}

static void smaps_without_flags_has_none(void **state)
{
	struct parse_smaps s = { 0 };

	(void)state;
	assert_int_equal(read_smaps("Size:                100 kB\n", &s), 0);
	assert_int_equal(read_smaps("VmFlagsx: ac\n", &s), 0);
	assert_int_equal(read_smaps("Locked:                0 kB\n", &s), 0);
	assert_false(s.has_flags);
	assert_true(s.sum_kb == 0 && s.largest_kb == 0);
}

static void smaps_of_another_form_is_refused(void **state)
{
	struct parse_smaps s = { 0 };

	(void)state;
	assert_int_equal(read_smaps("Size:\n", &s), -EBADMSG);
	assert_int_equal(read_smaps("Size: x kB\n", &s), -EBADMSG);
	assert_int_equal(read_smaps("Size: 18446744073709551616 kB\n", &s), -ERANGE);
	assert_true(s.size_kb == 0);

	assert_int_equal(read_smaps("Size: 18446744073709551615 kB\n", &s), 0);
	assert_int_equal(read_smaps("VmFlags: ac\n", &s), 0);
	assert_int_equal(read_smaps("Size: 1 kB\n", &s), 0);
	assert_int_equal(read_smaps("VmFlags: ac\n", &s), -ERANGE);
}

static void a_cgroup_has_what_is_at_it_and_below(void **state)
{
	enum { OTHER = PARSE_OTHER_CGROUP };
	static const struct {
		const char *line, *controller, *cgroup;
		int want;
	} cases[] = {
		{ "0::/a\n", "", "/a", 1 },
		{ "0::/a", "", "/a", 1 },
		{ "0::/a/b\n", "", "/a", 1 },
		{ "0::/a/b\n", "", "/a/b", 1 },
		{ "0::/ab\n", "", "/a", 0 },
		{ "0::/a\n", "", "/ab", 0 },
		{ "0::/a\n", "", "/a/b", 0 },
		{ "0::/\n", "", "/a", 0 },
		{ "0::/b/a\n", "", "/a", 0 },
		{ "0::/a (deleted)\n", "", "/a", 0 },
		{ "0::/a:b,c\n", "", "/a:b,c", 1 },
		{ "0::/\n", "", "/", 1 },
		{ "0::/a\n", "", "/", 1 },
		{ "0::\n", "", "/", 1 },
		/* The first version. */
		{ "7:memory:/a\n", "memory", "/a", 1 },
		{ "7:cpu,memory:/a/b\n", "memory", "/a", 1 },
		{ "7:memory,cpu:/b\n", "memory", "/a", 0 },
		{ "7:cpu,memory,pids:/a\n", "memory", "/a", 1 },
		{ "7:memory:/a\n", "", "/a", OTHER },
		{ "0::/a\n", "memory", "/a", OTHER },
		{ "7:cpu,cpuacct:/a\n", "memory", "/a", OTHER },
		{ "7:memoryx:/a\n", "memory", "/a", OTHER },
		{ "7:cpuset:/a\n", "memory", "/a", OTHER },
		{ "1:name=memory:/a\n", "memory", "/a", OTHER },
		{ "1:name=systemd:/a\n", "", "/a", OTHER },
		/* No line of this file. */
		{ "", "", "/a", -EBADMSG },
		{ "\n", "", "/a", -EBADMSG },
		{ "0\n", "", "/a", -EBADMSG },
		{ "0:\n", "", "/a", -EBADMSG },
		{ "7:memory\n", "memory", "/a", -EBADMSG },
		{ "::/a\n", "", "/a", -EBADMSG },
		{ "x::/a\n", "", "/a", -EBADMSG },
		{ "-1::/a\n", "", "/a", -EBADMSG },
		{ "0 ::/a\n", "", "/a", -EBADMSG },
		{ "18446744073709551616::/a\n", "", "/a", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(parse_cgroup_line(BARE(cases[i].line),
						   cases[i].controller, cases[i].cgroup),
				 cases[i].want);
}

static void a_cgroup_line_tells_its_path(void **state)
{
	static const struct {
		const char *line, *controller, *want; /* NULL: of other controllers */
	} cases[] = {
		{ "0::/\n", "", "/" },
		{ "0::/a/b c\n", "", "/a/b c" },
		{ "0::/a:b", "", "/a:b" },
		{ "0::/..\n", "", "" },
		{ "0::/../a\n", "", "" },
		{ "0::/..a\n", "", "/..a" },
		{ "0::\n", "", "" },
		{ "0::/a\n", "memory", NULL },
		{ "4:memory:/a\n", "memory", "/a" },
		{ "4:memory:/a\n", "", NULL },
		{ "4:cpu,memory,pids:/a\n", "memory", "/a" },
		{ "4:memory2:/a\n", "memory", NULL },
		{ "1:name=systemd:/a\n", "", NULL },
	};
	static const char *const refused[] = { "",       "\n",
					       "x::/\n", "0",
					       "0:",     "0:x",
					       "0:/a\n", "18446744073709551616::/a\n" };
	const char *untouched = "untouched", *path;
	size_t len;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		path = untouched;
		len = 99;
		assert_int_equal(parse_cgroup_path(BARE(cases[i].line),
						   cases[i].controller, &path, &len),
				 cases[i].want != NULL);
		assert_int_equal(len, cases[i].want ? strlen(cases[i].want) : 99);
		if (cases[i].want)
			assert_memory_equal(path, cases[i].want, len);
		else
			assert_ptr_equal(path, untouched);
	}
	path = untouched;
	len = 99;
	for (size_t i = 0; i < LENGTH(refused); i++)
		assert_int_equal(parse_cgroup_path(BARE(refused[i]), "", &path, &len),
				 -EBADMSG);
	assert_ptr_equal(path, untouched);
	assert_int_equal(len, 99);
}

static void a_limit_is_a_number_or_none(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint64_t bytes;
	} cases[] = {
		{ "max\n", 0, UINT64_MAX },
		{ "0\n", 0, 0 },
		{ "1073741824\n", 0, 1073741824 },
		{ "9223372036854771712\n", 0, 9223372036854771712U },
		{ "18446744073709551616\n", -ERANGE, 0 },
		{ "-1\n", -ERANGE, 0 },
		{ "", -EBADMSG, 0 },
		{ "max", -EBADMSG, 0 },
		{ "max \n", -EBADMSG, 0 },
		{ "maxx", -EBADMSG, 0 },
		{ "min\n", -EBADMSG, 0 },
		{ "1G\n", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t bytes = UNTOUCHED_U64;

		assert_int_equal(parse_limit(BARE(cases[i].text), &bytes), cases[i].want);
		assert_true(bytes == (cases[i].want ? UNTOUCHED_U64 : cases[i].bytes));
	}
}

static void what_is_formatted_reads_back(void **state)
{
	static const int32_t i32[] = { 0,    1,    -1,    9,         10,
				       -999, 1000, -1000, INT32_MAX, INT32_MIN };
	static const uint64_t u64[] = { 0, 9, 10, 99, 100, UINT32_MAX, UINT64_MAX };
	char text[32] = "", want[32];
	char *end = text + sizeof(text) - 1;

	(void)state;
	for (size_t i = 0; i < LENGTH(i32); i++) {
		snprintf(want, sizeof(want), "%d", i32[i]);
		assert_string_equal(prepend_i32(end, i32[i]), want);
	}
	for (size_t i = 0; i < LENGTH(u64); i++) {
		snprintf(want, sizeof(want), "%llu", (unsigned long long)u64[i]);
		assert_string_equal(prepend_u64(end, u64[i]), want);
	}
	assert_string_equal(
	    prepend_text(prepend_i32(prepend_text(end, "/x"), 42), "/proc/"),
	    "/proc/42/x");
}

static void a_line_is_found_as_a_whole(void **state)
{
	static const struct {
		const char *text;
		bool has;
	} cases[] = {
		{ "frozen 1", true },
		{ "frozen 1\n", true },
		{ "a\nfrozen 1\nb\n", true },
		{ "\n\nfrozen 1", true },
		{ "", false },
		{ "\n", false },
		{ "frozen 0\n", false },
		{ "frozen 10\n", false },
		{ "frozen 1 \n", false },
		{ " frozen 1\n", false },
		{ "frozen \n1\n", false },
		{ "frozen", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(parse_has_line(BARE(cases[i].text), "frozen 1"),
				 cases[i].has);
	assert_true(parse_has_line("a\n\n", 3, ""));
	assert_false(parse_has_line("a\n", 2, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_whole_text),
		cmocka_unit_test(a_nul_byte_is_no_end),
		cmocka_unit_test(fdinfo_tells_the_pid),
		cmocka_unit_test(huge_page_directories_tell_their_size),
		cmocka_unit_test(releases_are_read_from_their_beginning),
		cmocka_unit_test(cpu_lists_are_counted),
		cmocka_unit_test(the_first_number_of_several_is_read),
		cmocka_unit_test(the_name_of_a_process_is_its_pid),
		cmocka_unit_test(stat_has_its_fields_behind_any_name),
		cmocka_unit_test(a_line_is_found_as_a_whole),
		cmocka_unit_test(stat_may_end_behind_its_last_field),
		cmocka_unit_test(stat_of_another_form_is_refused),
		cmocka_unit_test(status_is_read_line_by_line),
		cmocka_unit_test(a_number_of_a_status_ends_in_a_blank_or_the_line),
		cmocka_unit_test(capabilities_are_hexadecimal),
		cmocka_unit_test(only_vmrss_tells_of_memory),
		cmocka_unit_test(status_lines_of_another_form_are_refused),
		cmocka_unit_test(smaps_adds_up_what_fork_has_to_be_granted),
		cmocka_unit_test(smaps_without_flags_has_none),
		cmocka_unit_test(smaps_of_another_form_is_refused),
		cmocka_unit_test(a_cgroup_has_what_is_at_it_and_below),
		cmocka_unit_test(a_cgroup_line_tells_its_path),
		cmocka_unit_test(a_limit_is_a_number_or_none),
		cmocka_unit_test(what_is_formatted_reads_back),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
