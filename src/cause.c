/* SPDX-License-Identifier: MIT */
#include "cause.h"

#include "internal.h"
#include "io.h"

bool cause_is_refusal(int code)
{
	return code == -EACCES || code == -EPERM;
}

int cause_is_read_only(const struct oomctl_ctx *ctx, const char *path)
{
	struct io_mount mount;
	int r = io_mount_of(ctx, path, &mount);

	if (cause_is_refusal(r))
		return 0; /* not even to be read */
	return r < 0 ? r : mount.is_read_only;
}

/* Only user ID 0 of the initial user namespace is let in, to which the files belong. */
static int of_owner(const struct oomctl_ctx *ctx, const char *path,
		    enum oomctl_why_cause *out)
{
	bool is_root = io_effective_uid() == 0;
	uint32_t owner;
	int r;

	r = io_owner(ctx, path, &owner);
	if (r == 0)
		r = cause_is_read_only(ctx, path);
	if (r < 0)
		return r;

	if (is_root && owner != 0)
		*out = OOMCTL_WHY_HOST_WIDE;
	else if (r == 1)
		*out = OOMCTL_WHY_READ_ONLY;
	else
		*out = is_root ? OOMCTL_WHY_SECURITY_MODULE : OOMCTL_WHY_NOT_ROOT;
	return 0;
}

/* No such file: of this kernel, of this mount, or because it is none. */
static int of_missing(const struct oomctl_ctx *ctx, enum oomctl_why_cause *out)
{
	struct io_mount mount = { false, false };
	uint32_t owner;
	int r;

	r = io_owner(ctx, "/proc/sys", &owner);
	if (r == 0) {
		*out = OOMCTL_WHY_NO_KNOB;
		return 0;
	}
	if (r == -EOPNOTSUPP)
		r = io_mount_of(ctx, "/proc/.", &mount);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;

	*out = mount.is_proc ? OOMCTL_WHY_HIDDEN : OOMCTL_WHY_NOT_PROC;
	return 0;
}

/* What opening it says now, and else what its write said. */
static int now(const struct oomctl_ctx *ctx, const char *path, int code)
{
	int r = io_try_to_set(ctx, path);

	return r < 0 ? r : code;
}

int cause_of_knob(const struct oomctl_ctx *ctx, const char *path, int code,
		  enum oomctl_why_cause *out)
{
	bool is_told = code != 0 && !cause_is_refusal(code);
	int r = is_told ? code : now(ctx, path, code);

	switch (r) {
	case 0:
		*out = OOMCTL_WHY_NONE;
		return 0;
	case -EACCES:
		return of_owner(ctx, path, out);
	case -EOPNOTSUPP:
		return of_missing(ctx, out);
	case -EROFS:
		*out = OOMCTL_WHY_READ_ONLY;
		return 0;
	case -EPERM:
		*out = OOMCTL_WHY_SECURITY_MODULE;
		return 0;
	case -EINVAL:
		*out = OOMCTL_WHY_BAD_VALUE;
		return 0;
	default:
		*out = OOMCTL_WHY_OTHER;
		return is_told ? 0 : r;
	}
}
