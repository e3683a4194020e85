/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PROCESS_H
#define OOMCTL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "internal.h"
#include "io.h"
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

/* The number of a pidfd's process in the pid namespace of the context's /proc; it may have
 * ended. */
int process_pid_of(const struct oomctl_ctx *ctx, int pidfd, pid_t *out);

void process_close(const struct oomctl_ctx *process);

/* A stat and a status, wherever they are. */
int process_read_stat(const struct oomctl_ctx *process, const char *path,
		      struct parse_stat *out);
int process_read_status(const struct oomctl_ctx *process, const char *path,
			struct parse_status *out);

/* Whether the caller is in the initial user namespace, where alone capabilities count: 1
 * or 0, or a code. */
int process_is_initial(const struct oomctl_ctx *ctx);

/* Capabilities, by the kernel's numbers. */
enum {
	PROCESS_DAC_OVERRIDE = 1,
	PROCESS_SYS_PTRACE = 19,
	PROCESS_SYS_ADMIN = 21,
	PROCESS_SYS_RESOURCE = 24
};

/* A file of the calling thread: the main one may have ended, and show nothing any more. */
int process_open_own(const struct oomctl_ctx *ctx, const char *file,
		     struct io_lines *out);

/* Whether this /proc has the numbers of the caller's own pid namespace, as the lists of
 * cgroups have: 1 or 0, or a code. */
int process_has_own_numbers(const struct oomctl_ctx *ctx);

/* What the calling thread is and holds. */
int process_read_own_status(const struct oomctl_ctx *ctx, struct parse_status *out);

/* Whether a status has a capability as effective. */
static inline bool process_has(const struct parse_status *s, int capability)
{
	return s->cap_eff >> capability & 1;
}

/* How the calling thread holds a capability; or a code. */
enum { PROCESS_LACKS, PROCESS_HOLDS_IN_NAMESPACE, PROCESS_HOLDS };

int process_holds(const struct oomctl_ctx *ctx, int capability);

#endif
