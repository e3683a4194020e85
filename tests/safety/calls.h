/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_CALLS_H
#define OOMCTL_TESTS_CALLS_H

#include <stdbool.h>
#include <stddef.h>

struct fixture;
struct oomctl_ctx;

/*
 * Every call that is async-signal-safe, with a check of its result. ctx is that of a
 * machine made by put_machine(), or NULL; on the real machine the values of its knobs are
 * unknown, and they are not set.
 */
struct call {
	const char *name;
	bool (*is_right)(const struct oomctl_ctx *ctx);
};
extern const struct call calls[];
extern const size_t calls_count;

/* The oom_score_adj that the calling process must have before the calls. */
enum { OWN_ADJ = 741 };

/* Makes a machine in the fixture, and the caller what the calls expect. */
void put_machine(const struct fixture *f);
int remove_machine(void **state);

/* A test that does so. */
#define MACHINE_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, remove_machine)

/* Makes all calls; the name of the first whose result is not right, or NULL. */
const char *first_wrong(const struct oomctl_ctx *ctx);

#endif
