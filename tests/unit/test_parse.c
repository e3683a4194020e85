/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <string.h>

#include "test.h"

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
		size_t len = strlen(cases[i].text);
		int32_t i32 = UNTOUCHED;
		uint64_t u64 = UNTOUCHED_U64;

		assert_int_equal(parse_i32(cases[i].text, len, &i32), cases[i].want_i32);
		assert_int_equal(i32, cases[i].want_i32 ? UNTOUCHED : cases[i].i32);
		assert_int_equal(parse_u64(cases[i].text, len, &u64), cases[i].want_u64);
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

		assert_int_equal(
		    parse_fdinfo_pid(cases[i].text, strlen(cases[i].text), &pid),
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
		{ "Hugepages-2048kB", -EBADMSG, 0 },
		{ "hugepages-18446744073709551616kB", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t kb = 0;

		assert_int_equal(parse_hugepages_name(cases[i].name, &kb), cases[i].want);
		if (cases[i].want == 0)
			assert_true(kb == cases[i].kb);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_whole_text),
		cmocka_unit_test(a_nul_byte_is_no_end),
		cmocka_unit_test(fdinfo_tells_the_pid),
		cmocka_unit_test(huge_page_directories_tell_their_size),
		cmocka_unit_test(what_is_formatted_reads_back),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
