/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_JOBS_H
#define OOMCTL_TESTS_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { ROUNDS_MAX = 51 };

/* A call of the library, or a peer that the call above it is compared with. */
struct job {
	const char *call, *peer;
	bool (*run)(void); /* false when the result is not what it has to be */
	double goal;       /* the highest share of the peer's time; 0: none */
	long loops;
	int misses;
	double ns[ROUNDS_MAX];
};

/* Jobs that are measured side by side. */
struct table {
	const char *title;
	struct job *jobs;
	size_t count;
	int rounds;
	double parts; /* times are shown for one of so many */
};

/* Measures and prints; once more when a goal is missed. False when one is missed twice. */
bool table_run(struct table *t);

double median(const struct table *t, const struct job *job);
double fastest(const struct table *t, const struct job *job);

_Noreturn void fail(const char *what);

/* Ways to walk all processes, at two sizes. False when a goal is missed. */
bool run_walks(void);

#endif
