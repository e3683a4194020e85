/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include <string.h>

#include "parse.h"

int scan_open(const struct oomctl_ctx *ctx, const char *path, struct scan *out)
{
	int r = io_names_open(ctx, path, &out->names);

	memcpy(out->path, "/proc/", strlen("/proc/"));
	out->proc = (struct oomctl_ctx){ out->names.fd, AT_FDCWD };
	return r;
}

int scan_next(struct scan *scan, pid_t *out)
{
	const char *name;
	size_t len;
	int r;

	do {
		r = io_names_next(&scan->names, &name);
		if (r < 0)
			return r;
		*out = 0;
	} while (name && parse_pid(name, out) < 0);

	if (name) {
		len = strlen(name);
		scan->end =
		    (char *)memcpy(scan->path + strlen("/proc/"), name, len) + len;
	}
	return 0;
}

int scan_rewind(struct scan *scan)
{
	return io_names_rewind(&scan->names);
}

void scan_close(struct scan *scan)
{
	io_names_close(&scan->names);
}
