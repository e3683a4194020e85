/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_FIXTURE_H
#define OOMCTL_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include <oomctl/base.h>

/* A temporary directory with "proc" and "sys", and a context for them. */
struct fixture {
	char dir[64];
	struct oomctl_ctx *ctx;
	int descriptors; /* open before the test, and after it */
};

/* cmocka's setup and teardown: *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Makes the file, and the directories above it, and gives it the text. */
void fixture_put(const struct fixture *f, const char *path, const char *text);
void fixture_put_bytes(const struct fixture *f, const char *path, const char *bytes,
		       size_t len);
void fixture_make_fifo(const struct fixture *f, const char *path);
void fixture_remove(const struct fixture *f, const char *path);

/* Fails the test unless the file holds just this text. */
void fixture_expect(const struct fixture *f, const char *path, const char *text);

/* The whole path of a file, in a buffer that the next call uses again. */
const char *fixture_path(const struct fixture *f, const char *path);

/* How many descriptors this process has, to be compared with a later count. */
int open_descriptors(void);

#define FIXTURE_TEST(f)                                                                  \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#endif
