/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_LAB_GUEST_H
#define OOMCTL_LAB_GUEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "expect.h"
#include "memory.h"

/* A machine, and what is tried on it. What is not told is 256 MB and one CPU. */
struct scenario {
	const char *name;
	void (*run)(void);
	unsigned memory_mb, cpus;
	const char *disks;   /* /dev/vda and on: their sizes in MB, "64 64" */
	const char *options; /* of the kernel, at its start */
	bool only_amd64;
};

/*
 * SCENARIO(name, .cpus = 2) { ... } in a file of scenarios/ is all that a new one needs. It
 * runs as the init of a machine of its own, and passes when it returns. What is not as it
 * should be ends it: EXPECT().
 */
#define SCENARIO(NAME, ...)                                                              \
	static void NAME(void);                                                          \
	static const struct scenario scenario_##NAME = { .name = #NAME,                  \
							 .run = NAME,                    \
							 __VA_ARGS__ };                  \
	static const struct scenario *const listed_##NAME                                \
	    __attribute__((section("scenarios"), used)) = &scenario_##NAME;              \
	static void NAME(void)

/* What is told behind the verdict: figures. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From here on the kernel is to panic, for this reason, and then to boot again or to stay
 * down. A scenario that returns nevertheless has failed. */
void expect_panic(const char *reason, bool boots_again);

/* Runs body in a child, which has to say with EXPECT() what is not so. */
void in_child(void (*body)(void));

/* A program for exec() is "/init family": it forks at once; both say "has: " and their own
 * value on standard output, and wait to be ended. */

/* Files, read and written apart from the library. */
int64_t number_in(const char *path);
void put_text(const char *path, const char *text);

/* The kernel's log from now on; the pid of the next "Killed process", 0 when there is none. */
int open_log(void);
pid_t next_killed(int log);

/* 0 to below - 1, always the same ones. */
uint32_t random_below(uint32_t below);

/* From here on the caller runs before all its children: nothing else happens between a kill
 * and what it does about it. */
void go_first(void);

/* Kills and waits for it. */
void end_process(pid_t pid);

/* A cgroup below the root, "/name", with this limit; and into it. */
void make_cgroup(const char *cgroup, size_t limit);
void enter_cgroup(const char *cgroup);

void swap_on(const char *disk);

/* Ends rights of the caller. */
void drop_capability(int capability);
void drop_all_capabilities(void);
void become_user(uid_t uid);

/* Of a user namespace; outside it stays who it was. */
void become_root_of_a_namespace(void);

#endif
