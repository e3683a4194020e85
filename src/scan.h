/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_SCAN_H
#define OOMCTL_SCAN_H

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "internal.h"
#include "io.h"

/* A walk of a directory of processes, or of threads. */
struct scan {
	struct oomctl_ctx proc; /* stands for the directory: paths below it are short */
	struct io_names names;
	char path[40], *end; /* "/proc/PID" of the process at hand */
};

/* "/proc/." has the processes, "/proc/task" below a process its threads. */
int scan_open(const struct oomctl_ctx *ctx, const char *path, struct scan *out);

/* The next number; 0 at the end. */
int scan_next(struct scan *scan, pid_t *out);

/* A file of the process at hand, "/proc/PID/file", until the next call. */
static inline const char *scan_path(struct scan *scan, const char *file)
{
	memcpy(scan->end, file, strlen(file) + 1);
	return scan->path;
}

/* To the first again. */
int scan_rewind(struct scan *scan);

void scan_close(struct scan *scan);

#endif
