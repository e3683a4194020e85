/* SPDX-License-Identifier: MIT */
#include "knob.h"

#include "internal.h"
#include "io.h"
#include "parse.h"

const struct knob knob_overcommit_ratio = { "/proc/sys/vm/overcommit_ratio", INT32_MIN,
					    INT32_MAX };
const char knob_overcommit_kbytes[] = "/proc/sys/vm/overcommit_kbytes";

/* Room for a number of any length that a kernel prints, its sign and newline. */
enum { TEXT_MAX = 32 };

bool knob_takes(const struct knob *k, int32_t value)
{
	return value >= k->min && value <= k->max;
}

int knob_get(const struct oomctl_ctx *ctx, const struct knob *k, int32_t *out)
{
	char text[TEXT_MAX];
	ssize_t len;
	int32_t v;
	int r;

	if (!out)
		return -EINVAL;

	len = io_read(ctx, k->path, text, sizeof(text));
	if (len < 0)
		return (int)len;

	r = parse_i32(text, (size_t)len, &v);
	if (r < 0)
		return r;
	if (!knob_takes(k, v))
		return -ERANGE;

	*out = v;
	return 0;
}

int knob_set(const struct oomctl_ctx *ctx, const struct knob *k, int32_t value)
{
	char text[TEXT_MAX];
	char *end = text + sizeof(text);
	char *begin = prepend_i32(end, value);

	if (!knob_takes(k, value))
		return -EINVAL;

	return io_write(ctx, k->path, begin, (size_t)(end - begin));
}

int knob_get_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t *out)
{
	char text[TEXT_MAX];
	ssize_t len;

	if (!out)
		return -EINVAL;

	len = io_read(ctx, path, text, sizeof(text));
	return len < 0 ? (int)len : parse_u64(text, (size_t)len, out);
}

int knob_set_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t value)
{
	char text[TEXT_MAX];
	char *end = text + sizeof(text);
	char *begin = prepend_u64(end, value);

	return io_write(ctx, path, begin, (size_t)(end - begin));
}
