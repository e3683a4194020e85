/* SPDX-License-Identifier: MIT */
#include <oomctl/meminfo.h>

#include "figures.h"
#include "internal.h"
#include "parse.h"

OOMCTL_EXPORT int oomctl_meminfo_read(const struct oomctl_ctx *ctx,
				      struct oomctl_meminfo *out, size_t size)
{
	struct oomctl_meminfo m;
	int r;

	if (!out || !is_size(size))
		return -EINVAL;

	r = figures_read_meminfo(ctx, &m);
	if (r == 0)
		fill(out, size, &m, sizeof(m));
	return r;
}

OOMCTL_EXPORT int oomctl_meminfo_parse(const char *text, size_t length,
				       struct oomctl_meminfo *out, size_t size)
{
	struct oomctl_meminfo m;
	int r;

	if (!text || !out || !is_size(size))
		return -EINVAL;

	r = parse_meminfo(text, length, &m);
	if (r == 0)
		fill(out, size, &m, sizeof(m));
	return r;
}

OOMCTL_EXPORT int oomctl_meminfo_read_commit_figures(const struct oomctl_ctx *ctx,
						     struct oomctl_commit_figures *out,
						     size_t size)
{
	struct oomctl_commit_figures figures;
	struct oomctl_meminfo m;
	int r;

	if (!out || !is_size(size))
		return -EINVAL;

	r = figures_read_commit(ctx, &m, &figures);
	if (r == 0)
		fill(out, size, &figures, sizeof(figures));
	return r;
}
