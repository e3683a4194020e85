/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_FLOOR_H
#define OOMCTL_TESTS_FLOOR_H

#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

/*
 * Writes to an oom_score_adj as the kernel takes them, on plain files: nothing below the
 * floor, and what is written is all there is. Link with --wrap=pwrite.
 */
static struct {
	int32_t floor;
	int writes;    /* so far */
	int fail_at;   /* this one fails, and later ones, too; 0: none */
	int fail_with; /* errno */
	int fail_for;  /* so many of them */
} kernel;

ssize_t __real_pwrite(int fd, const void *buf, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t offset);

ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	char text[16] = "";

	assert_true(len > 0 && len <= 11);
	assert_int_equal(offset, 0);
	memcpy(text, buf, len);
	kernel.writes++;
	if (kernel.fail_at && kernel.writes >= kernel.fail_at &&
	    kernel.writes < kernel.fail_at + kernel.fail_for) {
		errno = kernel.fail_with;
		return -1;
	}
	if (strtol(text, NULL, 10) < kernel.floor) {
		errno = EACCES;
		return -1;
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	text[len] = '\n';
	assert_int_equal(__real_pwrite(fd, text, len + 1, 0), len + 1);
	return (ssize_t)len;
}

static inline void put_kernel(int32_t floor)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.floor = floor;
	kernel.fail_for = 1000;
}

static inline void fail_write(int n, int err)
{
	kernel.writes = 0;
	kernel.fail_at = n;
	kernel.fail_with = err;
}

static inline void expect_adj(const struct fixture *f, const char *path, int32_t adj)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", adj);
	fixture_expect(f, path, text);
}

static inline void put_adj(const struct fixture *f, const char *path, int32_t adj)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", adj);
	fixture_put(f, path, text);
}

#endif
