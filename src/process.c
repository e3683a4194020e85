/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <string.h>

#include "io.h"

_Static_assert(sizeof(pid_t) == sizeof(int32_t),
	       "a pid is printed and read as an int32_t");

int process_open(const struct oomctl_ctx *ctx, pid_t pid, struct oomctl_ctx *out)
{
	char path[PROCESS_PATH_SIZE];
	int fd, r;

	r = io_open_dir(ctx, process_path(path, pid, "/proc"), &fd);
	if (r < 0)
		return process_is_gone(r);

	*out = (struct oomctl_ctx){ fd, AT_FDCWD };
	return 0;
}

int process_pid_of(const struct oomctl_ctx *ctx, int pidfd, pid_t *out)
{
	char text[1024]; /* NSpid: has a number for each of at most 32 pid namespaces */
	char path[PROCESS_PATH_SIZE];
	const char *begin;
	ssize_t len;
	int r;

	/* Not "self": a thread may have descriptors of its own. */
	begin = prepend_text(prepend_i32(process_path_end(path), pidfd),
			     "/proc/thread-self/fdinfo/");
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

int process_open_pidfd(const struct oomctl_ctx *ctx, int pidfd, struct oomctl_ctx *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	pid_t pid;
	int r;

	if (pidfd < 0)
		return -EINVAL;
	r = process_pid_of(ctx, pidfd, &pid);
	if (r < 0)
		return r;
	r = process_open(ctx, pid, &process);
	if (r < 0)
		return r;

	/* A process that still runs has had its number all the time. */
	r = io_pidfd_running(pidfd);
	if (r < 0) {
		process_close(&process);
		return r;
	}

	*out = process;
	return 0;
}

void process_close(const struct oomctl_ctx *process)
{
	io_close(process->proc_fd);
}

int process_read_stat(const struct oomctl_ctx *process, const char *path,
		      struct parse_stat *out)
{
	char text[2048]; /* 52 numbers and a name */
	ssize_t len = io_read_line(process, path, text, sizeof(text));

	return len < 0 ? (int)len : parse_stat(text, (size_t)len, out);
}

/* Line by line: a process may be in thousands of groups, which it lists. */
static int read_status(struct io_lines *lines, struct parse_status *out)
{
	struct parse_status s = { 0 };
	const char *line;
	ssize_t len;
	int r;

	do { /* not to the end, which would take one more read(2) */
		len = io_lines_next(lines, &line);
		r = len > 0 ? parse_status_line(line, (size_t)len, &s) : (int)len;
	} while (len > 0 && r == 0 && !s.has_cap_eff);
	io_lines_close(lines);
	if (r < 0)
		return r;
	if (!s.has_uid)
		return -EBADMSG;
	if (s.uid > UINT32_MAX)
		return -ERANGE;

	*out = s;
	return 0;
}

int process_read_status(const struct oomctl_ctx *process, const char *path,
			struct parse_status *out)
{
	struct io_lines lines;
	int r = io_lines_open(process, path, &lines);

	return r < 0 ? r : read_status(&lines, out);
}

int process_open_own(const struct oomctl_ctx *ctx, const char *file, struct io_lines *out)
{
	char path[PROCESS_PATH_SIZE];
	char *begin = prepend_text(process_path_end(path), file);
	int r = io_lines_open(ctx, prepend_text(begin, "/proc/thread-self"), out);

	if (r == -EOPNOTSUPP) /* before Linux 3.17 */
		r = io_lines_open(ctx, prepend_text(begin, "/proc/self"), out);
	return r;
}

/* 0 where a process has several. */
static void take_number(const char *line, size_t len, const char *name, pid_t *number)
{
	size_t n = strlen(name);

	if (len > n && memcmp(line, name, n) == 0 &&
	    parse_i32(line + n, len - n, number) < 0)
		*number = 0;
}

int process_has_own_numbers(const struct oomctl_ctx *ctx)
{
	const pid_t own = io_pid();
	pid_t number = own; /* plain files may tell none */
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = process_open_own(ctx, "/status", &lines);
	if (r < 0)
		return r;

	while ((len = io_lines_next(&lines, &line)) > 0) {
		take_number(line, (size_t)len, "Tgid:\t", &number);
		/* Since Linux 4.1: one in each namespace, from that of this /proc on. */
		take_number(line, (size_t)len, "NStgid:\t", &number);
	}
	io_lines_close(&lines);
	return len < 0 ? (int)len : number == own;
}

/* Which has this number. */
int process_is_initial(const struct oomctl_ctx *ctx)
{
	static const char initial[] = "user:[4026531837]";
	char text[64];
	ssize_t len = io_read_link(ctx, "/proc/self/ns/user", text, sizeof(text));

	if (len == -EOPNOTSUPP) /* a kernel without user namespaces */
		return 1;
	if (len < 0)
		return (int)len;
	return (size_t)len == strlen(initial) && memcmp(text, initial, (size_t)len) == 0;
}

int process_read_own_status(const struct oomctl_ctx *ctx, struct parse_status *out)
{
	struct io_lines lines;
	int r = process_open_own(ctx, "/status", &lines);

	return r < 0 ? r : read_status(&lines, out);
}

int process_holds(const struct oomctl_ctx *ctx, int capability)
{
	struct parse_status status;
	int r;

	r = process_read_own_status(ctx, &status);
	if (r < 0)
		return r;
	if (!process_has(&status, capability))
		return PROCESS_LACKS;

	r = process_is_initial(ctx);
	if (r < 0)
		return r;
	return r == 1 ? PROCESS_HOLDS : PROCESS_HOLDS_IN_NAMESPACE;
}
