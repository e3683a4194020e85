/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include <string.h>

#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"

_Static_assert(sizeof(pid_t) == sizeof(int32_t),
	       "a pid is printed and read as an int32_t");

/* The caller's own files, by "self": whatever its number below that root. */
static const struct knob oom_score = { "/proc/self/oom_score", 0, INT32_MAX };
static const struct knob oom_score_adj = { "/proc/self/oom_score_adj",
					   OOMCTL_SCORE_ADJ_MIN, OOMCTL_SCORE_ADJ_MAX };

/* Room for "/proc/thread-self/fdinfo/2147483647" and all others. */
enum { PATH_SIZE = 40 };

/* A path is written from its end, which this is. */
static char *end_of(char *path)
{
	path[PATH_SIZE - 1] = '\0';
	return path + PATH_SIZE - 1;
}

/* A file of another process. */
struct file {
	struct knob knob;
	char path[PATH_SIZE];
};

/* The file that is `self` of the caller. */
static inline const struct knob *file_of(struct file *f, pid_t pid,
					 const struct knob *self)
{
	char *begin;

	if (pid == 0)
		return self;

	begin = prepend_text(end_of(f->path), self->path + strlen("/proc/self"));
	begin = prepend_text(prepend_i32(begin, pid), "/proc/");
	f->knob = (struct knob){ begin, self->min, self->max };
	return &f->knob;
}

/* A file that is missing is a process that is missing. */
static int missing_is_gone(int r)
{
	return r == -EOPNOTSUPP ? -ESRCH : r;
}

static inline int get_by_pid(const struct oomctl_ctx *ctx, pid_t pid,
			     const struct knob *self, int32_t *out)
{
	struct file f;

	if (pid < 0)
		return -EINVAL;

	return missing_is_gone(knob_get(ctx, file_of(&f, pid, self), out));
}

static inline int set_by_pid(const struct oomctl_ctx *ctx, pid_t pid,
			     const struct knob *self, int32_t value)
{
	struct file f;

	if (pid < 0)
		return -EINVAL;

	return missing_is_gone(knob_set(ctx, file_of(&f, pid, self), value));
}

/* The number of the pidfd's process in the pid namespace of the context's /proc. */
static int pid_of(const struct oomctl_ctx *ctx, int pidfd, pid_t *out)
{
	char text[1024]; /* NSpid: has a number for each of at most 32 pid namespaces */
	char path[PATH_SIZE];
	const char *begin;
	ssize_t len;
	int r;

	/* Not "self": a thread may have descriptors of its own. */
	begin =
	    prepend_text(prepend_i32(end_of(path), pidfd), "/proc/thread-self/fdinfo/");
	len = io_read(ctx, begin, text, sizeof(text));
	if (len == -EOPNOTSUPP) { /* not open, or this /proc does not show the caller */
		r = io_pidfd_running(pidfd);
		return r < 0 ? r : -ESRCH;
	}
	if (len < 0)
		return len == -EBADMSG ? -EINVAL : (int)len;

	if (parse_fdinfo_pid(text, (size_t)len, out) < 0)
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

	r = io_open_dir(ctx, prepend_text(prepend_i32(end_of(path), pid), "/proc/"), &fd);
	if (r < 0)
		return missing_is_gone(r);

	/* A process that still runs has had its number all the time. */
	r = io_pidfd_running(pidfd);
	if (r < 0) {
		io_close(fd);
		return r;
	}

	*out_fd = fd;
	return 0;
}

/* The same where the directory of the process takes the place of /proc. */
static const struct knob *file_in_root(struct file *f, const struct knob *self)
{
	char *begin = prepend_text(end_of(f->path), self->path + strlen("/proc/self"));

	f->knob = (struct knob){ prepend_text(begin, "/proc"), self->min, self->max };
	return &f->knob;
}

static int get_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *self,
			int32_t *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	struct file f;
	int r;

	if (pidfd < 0 || !out)
		return -EINVAL;

	r = open_process(ctx, pidfd, &process.proc_fd);
	if (r < 0)
		return r;

	r = missing_is_gone(knob_get(&process, file_in_root(&f, self), out));
	io_close(process.proc_fd);
	return r;
}

static int set_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct knob *self,
			int32_t value)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	struct file f;
	int r;

	if (pidfd < 0 || !knob_takes(self, value))
		return -EINVAL;

	r = open_process(ctx, pidfd, &process.proc_fd);
	if (r < 0)
		return r;

	r = missing_is_gone(knob_set(&process, file_in_root(&f, self), value));
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
