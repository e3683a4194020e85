/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <string.h>

#include "io.h"
#include "parse.h"
#include "process.h"

/* "", "." and "..", which the file system takes and no process shows. */
static bool is_odd(const char *component)
{
	size_t dots = 0;

	while (dots < 2 && component[dots] == '.')
		dots++;
	return component[dots] == '/' || component[dots] == '\0';
}

bool cgroup_is_path(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len == 0 || len > CGROUP_MAX || path[0] != '/')
		return false;
	for (; len > 1 && *path; path++)
		if (*path == '/' && is_odd(path + 1))
			return false;
	return true;
}

const char *cgroup_path(char buf[CGROUP_PATH_SIZE], const char *root, const char *cgroup,
			const char *file)
{
	char *begin = &buf[CGROUP_PATH_SIZE - 1];

	*begin = '\0';
	begin = prepend_text(prepend_text(begin, file), "/");
	return prepend_text(prepend_text(begin, cgroup), root);
}

int cgroup_has(const struct oomctl_ctx *process, const char *path, const char *controller,
	       const char *cgroup)
{
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = io_lines_open(process, path, &lines);
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? parse_cgroup_line(line, (size_t)len, controller, cgroup)
			    : (int)len;
	} while (len > 0 && r == PARSE_OTHER_CGROUP);
	io_lines_close(&lines);
	return r;
}

int cgroup_take_path(const char *line, size_t len, const char *controller,
		     char path[CGROUP_MAX + 1])
{
	const char *at;
	size_t path_len;
	int r = parse_cgroup_path(line, len, controller, &at, &path_len);

	if (r != 1)
		return r;

	if (path_len > CGROUP_MAX)
		path_len = 0;
	memcpy(path, at, path_len);
	path[path_len] = '\0';
	return 1;
}

int cgroup_read_own(const struct oomctl_ctx *ctx, const char *controller,
		    char path[CGROUP_MAX + 1])
{
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	path[0] = '\0';
	r = process_open_own(ctx, "/cgroup", &lines);
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? cgroup_take_path(line, (size_t)len, controller, path)
			    : (int)len;
	} while (len > 0 && r == 0);
	io_lines_close(&lines);
	return r < 0 ? r : 0;
}

int cgroup_lists(const struct oomctl_ctx *ctx, const char *path, pid_t pid)
{
	struct io_lines lines;
	const char *line;
	int32_t listed;
	ssize_t len;
	int r;

	r = io_lines_open(ctx, path, &lines);
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? parse_i32(line, (size_t)len, &listed) : (int)len;
	} while (len > 0 && r == 0 && listed != pid);
	io_lines_close(&lines);
	return r < 0 ? r : len > 0;
}
