/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <oomctl/base.h>

#include "internal.h"
#include "io.h"

static int open_root(const char *path, int *out_fd)
{
	if (path)
		return io_open_dir(NULL, path, out_fd);

	*out_fd = AT_FDCWD;
	return 0;
}

static int open_roots(struct oomctl_ctx *ctx, const char *proc_root, const char *sys_root)
{
	int r;

	r = open_root(proc_root, &ctx->proc_fd);
	if (r < 0)
		return r;

	r = open_root(sys_root, &ctx->sys_fd);
	if (r < 0)
		io_close(ctx->proc_fd);
	return r;
}

OOMCTL_EXPORT int oomctl_ctx_new(const char *proc_root, const char *sys_root,
				 struct oomctl_ctx **out)
{
	struct oomctl_ctx *ctx;
	int r;

	if (!out)
		return -EINVAL;

	ctx = malloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;

	r = open_roots(ctx, proc_root, sys_root);
	if (r < 0) {
		free(ctx);
		return r;
	}

	*out = ctx;
	return 0;
}

OOMCTL_EXPORT void oomctl_ctx_free(struct oomctl_ctx *ctx)
{
	if (!ctx)
		return;

	io_close(ctx->proc_fd);
	io_close(ctx->sys_fd);
	free(ctx);
}
