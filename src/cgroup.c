/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <string.h>

#include "io.h"
#include "parse.h"

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
