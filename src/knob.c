/* SPDX-License-Identifier: MIT */
#include "knob.h"

#include "internal.h"
#include "io.h"
#include "parse.h"

int knob_get_at(const struct oomctl_ctx *ctx, const char *path, const struct knob *k,
		int32_t *out)
{
	char text[KNOB_TEXT_MAX];
	ssize_t len;

	if (!out)
		return -EINVAL;

	len = io_read_line(ctx, path, text, sizeof(text));
	return len < 0 ? (int)len : knob_parse(k, text, (size_t)len, out);
}

int knob_set_at(const struct oomctl_ctx *ctx, const char *path, const struct knob *k,
		int32_t value)
{
	char text[KNOB_TEXT_MAX];
	char *end = text + sizeof(text);
	char *begin = prepend_i32(end, value);

	if (!knob_takes(k, value))
		return -EINVAL;

	return io_write(ctx, path, begin, (size_t)(end - begin));
}

int knob_get_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t *out)
{
	char text[KNOB_TEXT_MAX];
	ssize_t len;

	if (!out)
		return -EINVAL;

	len = io_read_line(ctx, path, text, sizeof(text));
	return len < 0 ? (int)len : parse_u64(text, (size_t)len, out);
}

int knob_set_u64(const struct oomctl_ctx *ctx, const char *path, uint64_t value)
{
	char text[KNOB_TEXT_MAX];
	char *end = text + sizeof(text);
	char *begin = prepend_u64(end, value);

	return io_write(ctx, path, begin, (size_t)(end - begin));
}
