/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_LAB_CHILDREN_H
#define OOMCTL_LAB_CHILDREN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Children that sit on memory, and take more when they are told to. */
enum { MOST = 8 };

struct child {
	pid_t pid;
	int orders; /* written to: pages to take */
	int done;
};

extern struct child children[MOST];
extern int child_count;

/* Into a cgroup, or NULL. */
void add_child(const char *cgroup, size_t pages, int32_t adj);
void grow(const struct child *c, uint32_t pages);
void end_children(void);

/*
 * Lets memory run out, of a cgroup or, for NULL, of the machine, by a process that is never
 * chosen itself unless its adj says otherwise; and tells whom the kernel has killed first.
 */
pid_t run_out(const char *cgroup, int32_t adj, pid_t *out_filler);

#endif
