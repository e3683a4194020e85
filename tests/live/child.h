/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_CHILD_H
#define OOMCTL_TESTS_CHILD_H

#include <sys/types.h>
#include <unistd.h>

#include "test.h"

enum { NOBODY = 65534, CHILD_SKIPPED = 77 };

/* Runs body in a child, which may do to itself what it likes. The test fails unless all
 * that the child expects is so, and is skipped when the child skips. */
void in_child(void (*body)(void));

/* How long it may take; it ends with its parent, too. */
extern unsigned int child_limit_s;

/* The same as pid 1 of a new pid namespace, in a mount namespace of its own, which still
 * has the old /proc. A body that sets anything mounts its own first: a pid that is wrong
 * by mistake must not be one of the machine's. */
void in_namespaces(void (*body)(void));
void mount_proc(const char *options);

/* in_namespaces() for a child's body; ends the child. */
void enter_namespaces(void (*body)(void));

/* For a child's body: as nobody, in a thread that outlives the main one; ends the child. */
void outlive_main_thread(void (*body)(void));

#define SKIP_CHILD(why)                                                                  \
	do {                                                                             \
		dprintf(STDOUT_FILENO, "SKIP: %s: %s\n", __func__, why);                 \
		_exit(CHILD_SKIPPED);                                                    \
	} while (0)

/* A process that waits to be ended; it ends with its parent. -1 when there is none. */
pid_t start_sleeper(void);

/* The same with a number that is free. */
pid_t start_sleeper_with(pid_t number);

/* From then on its memory stands still. False when it is gone. */
bool wait_until_asleep(pid_t pid);

void end_sleeper(pid_t pid);
int pidfd_of(pid_t pid);

/* The number that a file holds, read apart from the library; UNTOUCHED when it cannot be
 * read. */
int32_t number_in(const char *path);
int32_t number_of(pid_t pid, const char *file);

/* Ends the right to go below the floor. */
void drop_resource_capability(void);

/* Goes on as nobody; not dumpable from then on. */
void become_nobody(void);

#endif
