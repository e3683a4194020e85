/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PROCESS_H
#define OOMCTL_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "internal.h"
#include "parse.h"

/*
 * The directory of a process takes the place of /proc in a context of its own: below it,
 * "/proc/oom_score" is that of this process, also when its number is in use again.
 */

/* Room for "/proc/thread-self/fdinfo/2147483647" and all others. */
enum { PROCESS_PATH_SIZE = 40 };

/* A path is written from its end, which this is. */
static inline char *process_path_end(char buf[PROCESS_PATH_SIZE])
{
	buf[PROCESS_PATH_SIZE - 1] = '\0';
	return buf + PROCESS_PATH_SIZE - 1;
}

/* "/proc/oom_score" to "/proc/PID/oom_score", with "self" for pid 0; in buf. */
static inline const char *process_path(char buf[PROCESS_PATH_SIZE], pid_t pid,
				       const char *path)
{
	char *begin = prepend_text(process_path_end(buf), path + strlen("/proc"));

	begin = pid == 0 ? prepend_text(begin, "self") : prepend_i32(begin, pid);
	return prepend_text(begin, "/proc/");
}

/* A file that is missing is a process that is missing. */
static inline int process_is_gone(int r)
{
	return r == -EOPNOTSUPP ? -ESRCH : r;
}

/* oomctl_ctx of a process; process_close() it. */
int process_open(const struct oomctl_ctx *ctx, pid_t pid, struct oomctl_ctx *out);
int process_open_pidfd(const struct oomctl_ctx *ctx, int pidfd, struct oomctl_ctx *out);
void process_close(const struct oomctl_ctx *process);

/* A stat and a status, wherever they are. */
int process_read_stat(const struct oomctl_ctx *process, const char *path,
		      struct parse_stat *out);
int process_read_status(const struct oomctl_ctx *process, const char *path,
			struct parse_status *out);

/* Whether the caller is in the initial user namespace, where alone capabilities count: 1
 * or 0, or a code. */
int process_is_initial(const struct oomctl_ctx *ctx);

/* How the calling thread holds a capability; or a code. */
enum { PROCESS_LACKS, PROCESS_HOLDS_IN_NAMESPACE, PROCESS_HOLDS };

int process_holds(const struct oomctl_ctx *ctx, int capability);

#endif
