/* SPDX-License-Identifier: MIT */
#ifndef CMOCKA_H
#define CMOCKA_H

/*
 * As much of cmocka as the unit tests use, in one header, for compilers that have no
 * cmocka: another libc, another word size. The first failure ends the program.
 */

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

#define cmocka_unit_test(f)                                                              \
	{                                                                                \
#f, f, NULL, NULL                                                        \
	}
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                              \
	{                                                                                \
#f, f, setup, teardown                                                   \
	}
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                        \
	run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]))

#define print_message printf
#define fail_msg(...) (printf(__VA_ARGS__), fail_at(__FILE__, __LINE__))
#define assert_true(condition)                                                           \
	((condition) ? (void)0 : fail_msg("not true: %s", #condition))
#define assert_false(condition) assert_true(!(condition))
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b) assert_true((uintmax_t)(a) == (uintmax_t)(b))
#define assert_int_not_equal(a, b) assert_true((uintmax_t)(a) != (uintmax_t)(b))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define skip() longjmp(skipped, 1)

static jmp_buf skipped __attribute__((unused));

static inline _Noreturn void fail_at(const char *file, int line)
{
	printf("\n%s:%d: failed\n", file, line);
	exit(1);
}

static inline int run_tests(const char *name, const struct CMUnitTest *tests,
			    size_t count)
{
	void *state;

	for (size_t i = 0; i < count; i++) {
		state = NULL;
		printf("%s: %s\n", name, tests[i].name);
		if (tests[i].setup && tests[i].setup(&state) != 0)
			fail_msg("setup");
		if (setjmp(skipped) == 0)
			tests[i].test(&state);
		if (tests[i].teardown && tests[i].teardown(&state) != 0)
			fail_msg("teardown");
	}
	return 0;
}

#endif
