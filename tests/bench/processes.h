/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_PROCESSES_H
#define OOMCTL_TESTS_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

/* Processes that only wait, as many as are asked for; they end with this one. */
enum { PROCESSES_MAX = 10000 };

/* Adds what is missing; they have come to rest when it returns, none set apart. 0 or -1. */
int processes_start(size_t count);

/* In the order of their numbers. */
pid_t processes_pid(size_t i);

/*
 * Gives the first few scores of their own, in the order of their numbers, the first the
 * highest; count 0 takes them back. 0 or a code.
 */
int processes_set_apart(size_t count);

#endif
