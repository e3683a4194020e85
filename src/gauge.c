/* SPDX-License-Identifier: MIT */
#include <oomctl/gauge.h>

#include <stdlib.h>

#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"
#include "process.h"

struct oomctl_gauge {
	const struct knob *knob;
	int fd;
};

/* Keeps the file of a knob open, which path names. */
static int open_gauge(const struct oomctl_ctx *ctx, const struct knob *k,
		      const char *path, struct oomctl_gauge **out)
{
	struct oomctl_gauge *gauge = malloc(sizeof(*gauge));

	if (!gauge)
		return -ENOMEM;

	gauge->knob = k;
	gauge->fd = io_open(ctx, path);
	if (gauge->fd < 0) {
		int r = gauge->fd;

		free(gauge);
		return r;
	}

	*out = gauge;
	return 0;
}

static bool is_value(enum oomctl_proc_value value)
{
	return value == OOMCTL_PROC_OOM_SCORE || value == OOMCTL_PROC_OOM_SCORE_ADJ;
}

OOMCTL_EXPORT int oomctl_gauge_open_vm(const struct oomctl_ctx *ctx,
				       enum oomctl_vm_knob knob,
				       struct oomctl_gauge **out)
{
	if (knob < OOMCTL_VM_OVERCOMMIT_MEMORY || knob > OOMCTL_VM_PANIC_TIMEOUT || !out)
		return -EINVAL;

	return open_gauge(ctx, &knob_of_vm[knob], knob_of_vm[knob].path, out);
}

OOMCTL_EXPORT int oomctl_gauge_open_proc(const struct oomctl_ctx *ctx, pid_t pid,
					 enum oomctl_proc_value value,
					 struct oomctl_gauge **out)
{
	char path[PROCESS_PATH_SIZE];

	if (pid <= 0 || !is_value(value) || !out)
		return -EINVAL;

	return process_is_gone(
	    open_gauge(ctx, &knob_of_process[value],
		       process_path(path, pid, knob_of_process[value].path), out));
}

OOMCTL_EXPORT int oomctl_gauge_open_pidfd(const struct oomctl_ctx *ctx, int pidfd,
					  enum oomctl_proc_value value,
					  struct oomctl_gauge **out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (!is_value(value) || !out)
		return -EINVAL;

	r = process_open_pidfd(ctx, pidfd, &process);
	if (r < 0)
		return r;

	r = process_is_gone(open_gauge(&process, &knob_of_process[value],
				       knob_of_process[value].path, out));
	process_close(&process);
	return r;
}

static int parse_value(const struct knob *k, const char *text, size_t len, int64_t *out)
{
	uint64_t wide;
	int32_t v;
	int r;

	if (!k->is_wide) {
		r = knob_parse(k, text, len, &v);
		if (r == 0)
			*out = v;
		return r;
	}

	r = parse_u64(text, len, &wide);
	if (r < 0)
		return r;
	if (wide > INT64_MAX)
		return -ERANGE;

	*out = (int64_t)wide;
	return 0;
}

OOMCTL_EXPORT int oomctl_gauge_read(const struct oomctl_gauge *gauge, int64_t *out)
{
	char text[KNOB_TEXT_MAX];
	ssize_t len;

	if (!gauge || !out)
		return -EINVAL;

	len = io_read_line_again(gauge->fd, text, sizeof(text));
	return len < 0 ? (int)len : parse_value(gauge->knob, text, (size_t)len, out);
}

OOMCTL_EXPORT void oomctl_gauge_close(struct oomctl_gauge *gauge)
{
	if (!gauge)
		return;

	io_close(gauge->fd);
	free(gauge);
}
