/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_EXPECT_H
#define OOMCTL_TESTS_EXPECT_H

#include <stdio.h>
#include <unistd.h>

/* For a child, where cmocka's own assertions mean nothing: ends it. */
#define EXPECT(what)                                                                     \
	do {                                                                             \
		if (!(what)) {                                                           \
			dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", __FILE__,          \
				__LINE__, #what);                                        \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
