/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_BIRTHS_H
#define OOMCTL_TESTS_BIRTHS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Processes that are born and die all the time, and take each other's numbers at once.
 *
 * Each number has a line of births, 1, 2, 3, ... What can be read of a birth, from the
 * first moment on, tells which one it is: its name tells the birth, its adjustment and its
 * user differ from those of the births before and after it. It inherits them all from its
 * parent, which changes its own before each fork().
 */
enum {
	LINES = 3,
	BIRTHS_PER_SECOND = 200,
	FIRST_PID = 100,
	ADJ_STEP = 40, /* far more points than a process has for its memory */
	ADJS = 20,
	BIRTHS_KEPT = 64
};

struct line {
	atomic_uint begun, born; /* the last birth that may be seen, that must be seen */
	atomic_uint ending, ended; /* the last that may be gone, that must be gone */
	_Atomic uint64_t start_ticks[BIRTHS_KEPT]; /* read apart from the library */
};

/* What is known at a moment: of two, what may be seen between them. */
struct moment {
	unsigned int begun, born, ending, ended;
};

/* Starts the parent of them all, and waits until each line has begun. */
pid_t births_begin(void);
void births_end(pid_t parent);
unsigned long births_so_far(void);

struct moment moment_of(int line);

/* In seconds. */
double now(void);

static inline pid_t pid_of(int line)
{
	return FIRST_PID + line;
}

static inline int32_t adj_of(int line, unsigned int birth)
{
	return ADJ_STEP * (int32_t)((birth + 7 * ((unsigned int)line % 2)) % ADJS);
}

static inline uid_t uid_of(unsigned int birth)
{
	return 1000 + birth % 1000;
}

/* Waits until it is known. */
uint64_t start_ticks_of(int line, unsigned int birth);

/* The birth that a name tells, 0 when it is none of this line. */
unsigned int birth_named(int line, const char *name);

/* Whether a birth shows such a score; 0 when its memory is gone. */
bool shows_score(int line, unsigned int birth, int64_t score);

#endif
