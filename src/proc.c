/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"

_Static_assert(sizeof(pid_t) == sizeof(int32_t),
	       "a pid is printed and read as an int32_t");

/* Paths as they are when the directory of the process stands for /proc. */
static const struct knob oom_score = { "/proc/oom_score", 0, INT32_MAX };
static const struct knob oom_score_adj = { "/proc/oom_score_adj", OOMCTL_SCORE_ADJ_MIN,
					   OOMCTL_SCORE_ADJ_MAX };

/* Enough for "/proc/thread-self/fdinfo/2147483647" and all others. */
enum { PATH_SIZE = 40 };

/* "/proc/PID"; returns its end. The caller is "self", whatever its number below that
 * root. */
static char *directory_of(char *path, pid_t pid)
{
	char *end = format_text(path, "/proc/");

	return pid == 0 ? format_text(end, "self") : format_i32(end, pid);
}

/* A file that is missing is a process that is missing. */
static int missing_is_gone(int r)
{
	return r == -EOPNOTSUPP ? -ESRCH : r;
}

static int get_by_pid(const struct oomctl_ctx *ctx, pid_t pid, const struct knob *file,
		      int32_t *out)
{
	char path[PATH_SIZE];
	struct knob k = { path, file->min, file->max };

	if (pid < 0)
		return -EINVAL;

	format_text(directory_of(path, pid), file->path + strlen("/proc"));
	return missing_is_gone(knob_get(ctx, &k, out));
}

static int set_by_pid(const struct oomctl_ctx *ctx, pid_t pid, const struct knob *file,
		      int32_t value)
{
	char path[PATH_SIZE];
	struct knob k = { path, file->min, file->max };

	if (pid < 0)
		return -EINVAL;

	format_text(directory_of(path, pid), file->path + strlen("/proc"));
	return missing_is_gone(knob_set(ctx, &k, value));
}

/* The number of the pidfd's process in the pid namespace of the context's /proc. */
static int pid_of(const struct oomctl_ctx *ctx, int pidfd, pid_t *out)
{
	char path[PATH_SIZE];
	char text[1024]; /* NSpid: has a number for each of at most 32 pid namespaces */
	size_t len;
	int r;

	/* Not "self": a thread may have descriptors of its own. */
	format_i32(format_text(path, "/proc/thread-self/fdinfo/"), pidfd);
	r = io_read(ctx, path, text, sizeof(text), &len);
	if (r == -EOPNOTSUPP || r == -EBADMSG)
		return -EINVAL;
	if (r < 0)
		return r;

	if (parse_fdinfo_pid(text, len, out) < 0)
		return -EINVAL;
	return *out > 0 ? 0 : -ESRCH;
}

/* The directory of the pidfd's process. */
static int open_process(const struct oomctl_ctx *ctx, int pidfd, int *out_fd)
{
	char path[PATH_SIZE];
	pid_t pid;
	int fd, r;

	r = pid_of(ctx, pidfd, &pid);
	if (r < 0)
		return r;

	directory_of(path, pid);
	r = io_open_dir(ctx, path, &fd);
	if (r < 0)
		return missing_is_gone(r);

	/* A process that still runs has had its number all the time: the directory is its
	 * own. */
	r = io_pidfd_running(pidfd);
	if (r < 0) {
		io_close(fd);
		return r;
	}

	*out_fd = fd;
	return 0;
}

static int get_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *file,
			int32_t *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (pidfd < 0 || !out)
		return -EINVAL;

	r = open_process(ctx, pidfd, &process.proc_fd);
	if (r < 0)
		return r;

	r = missing_is_gone(knob_get(&process, file, out));
	io_close(process.proc_fd);
	return r;
}

static int set_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *file,
			int32_t value)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (pidfd < 0 || !knob_takes(file, value))
		return -EINVAL;

	r = open_process(ctx, pidfd, &process.proc_fd);
	if (r < 0)
		return r;

	r = missing_is_gone(knob_set(&process, file, value));
	io_close(process.proc_fd);
	return r;
}

OOMCTL_EXPORT int oomctl_proc_get_oom_score(const struct oomctl_ctx *ctx, pid_t pid,
					    int32_t *out)
{
	return get_by_pid(ctx, pid, &oom_score, out);
}

OOMCTL_EXPORT int oomctl_proc_get_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid,
						int32_t *out)
{
	return get_by_pid(ctx, pid, &oom_score_adj, out);
}

OOMCTL_EXPORT int oomctl_proc_set_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid,
						int32_t adj)
{
	return set_by_pid(ctx, pid, &oom_score_adj, adj);
}

OOMCTL_EXPORT int oomctl_pidfd_get_oom_score(const struct oomctl_ctx *ctx, int pidfd,
					     int32_t *out)
{
	return get_by_pidfd(ctx, pidfd, &oom_score, out);
}

OOMCTL_EXPORT int oomctl_pidfd_get_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd,
						 int32_t *out)
{
	return get_by_pidfd(ctx, pidfd, &oom_score_adj, out);
}

OOMCTL_EXPORT int oomctl_pidfd_set_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd,
						 int32_t adj)
{
	return set_by_pidfd(ctx, pidfd, &oom_score_adj, adj);
}
