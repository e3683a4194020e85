/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_TEST_H
#define OOMCTL_TESTS_TEST_H

/* cmocka wants these before itself, in this order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "expect.h"

/* Values that no call gives: what must still be there after a refusal. */
enum { UNTOUCHED = -77777 };
#define UNTOUCHED_U64 UINT64_C(0x7777777777777777)

/* Leaves a test that cannot run here. CI sets OOMCTL_NO_SKIP: what it can avoid is a
 * failure. */
#define SKIP_AVOIDABLE(why)                                                              \
	do {                                                                             \
		if (getenv("OOMCTL_NO_SKIP"))                                            \
			fail_msg("would be skipped: %s", why);                           \
		SKIP_UNAVOIDABLE(why);                                                   \
	} while (0)

#define SKIP_UNAVOIDABLE(why)                                                            \
	do {                                                                             \
		print_message("SKIP: %s: %s\n", __func__, why);                          \
		skip();                                                                  \
	} while (0)

#endif
