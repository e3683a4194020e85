/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_CGROUP_H
#define OOMCTL_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "internal.h"

/* Longer paths of cgroups are not taken. */
enum { CGROUP_MAX = 1000, CGROUP_PATH_SIZE = CGROUP_MAX + 64 };

/* Where both versions have theirs. */
#define CGROUP_V1 "/sys/fs/cgroup/memory"
#define CGROUP_V2 "/sys/fs/cgroup"

/* A path as /proc/PID/cgroup has it. */
bool cgroup_is_path(const char *path);

/* A file of a cgroup below one of these; in buf. */
const char *cgroup_path(char buf[CGROUP_PATH_SIZE], const char *root, const char *cgroup,
			const char *file);

/* Whether a process is in the cgroup or below it: 1 or 0, or a code. */
int cgroup_has(const struct oomctl_ctx *process, const char *path, const char *controller,
	       const char *cgroup);

/* The path that a line of /proc/PID/cgroup has for a controller: 1, and "" for one that is above
 * the reader's root or too long; 0 for a line of others, or a code. */
int cgroup_take_path(const char *line, size_t len, const char *controller,
		     char path[CGROUP_MAX + 1]);

/* The caller's own path; "" where there is none, or it is above the reader's root. */
int cgroup_read_own(const struct oomctl_ctx *ctx, const char *controller,
		    char path[CGROUP_MAX + 1]);

/* Whether a file such as cgroup.procs has a line of just this; or a code. */
int cgroup_lists(const struct oomctl_ctx *ctx, const char *path, pid_t pid);

#endif
