/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_CALLS_H
#define OOMCTL_TESTS_CALLS_H

#include <stdint.h>
#include <sys/types.h>

#include <oomctl/protect.h>

struct oomctl_gauge;

struct call {
	const char *name;
	int (*run)(void); /* 0 when it succeeds */
};

/* Every call of the library but those that make and free a context or a gauge; the last
 * has no name. */
extern const struct call calls[];

/* NULL when there is no call of that name. */
const struct call *find_call(const char *name);

/* What the calls are given. */
struct given {
	const struct oomctl_ctx *ctx;
	pid_t pid;
	int pidfd;
	int32_t adj;
	const struct oomctl_gauge *gauge;
	const char *cgroup, *root, *dropin;
	struct oomctl_guard guard; /* not begun: what a call makes of it is a copy's */
};
extern struct given given;

#endif
