/* SPDX-License-Identifier: MIT */
#include "knob.h"

#include <oomctl/proc.h>
#include <oomctl/vm.h>

#include "internal.h"
#include "io.h"
#include "parse.h"

/* clang-format off */
#define INT(PATH, MIN, MAX) { PATH, MIN, MAX, false }
#define WIDE(PATH) { PATH, 0, 0, true }

const struct knob knob_of_vm[] = {
	[OOMCTL_VM_OVERCOMMIT_MEMORY]        = INT("/proc/sys/vm/overcommit_memory", 0, 2),
	[OOMCTL_VM_OVERCOMMIT_RATIO]         = INT("/proc/sys/vm/overcommit_ratio", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_OVERCOMMIT_KBYTES]        = WIDE("/proc/sys/vm/overcommit_kbytes"),
	[OOMCTL_VM_PANIC_ON_OOM]             = INT("/proc/sys/vm/panic_on_oom", 0, 2),
	[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = INT("/proc/sys/vm/oom_kill_allocating_task", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_OOM_DUMP_TASKS]           = INT("/proc/sys/vm/oom_dump_tasks", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_ADMIN_RESERVE_KBYTES]     = WIDE("/proc/sys/vm/admin_reserve_kbytes"),
	[OOMCTL_VM_USER_RESERVE_KBYTES]      = WIDE("/proc/sys/vm/user_reserve_kbytes"),
	[OOMCTL_VM_PANIC_TIMEOUT]            = INT("/proc/sys/kernel/panic", INT32_MIN, INT32_MAX),
};

const struct knob knob_of_process[] = {
	[OOMCTL_PROC_OOM_SCORE]     = INT(KNOB_OOM_SCORE, 0, INT32_MAX),
	[OOMCTL_PROC_OOM_SCORE_ADJ] = INT(KNOB_OOM_SCORE_ADJ, OOMCTL_SCORE_ADJ_MIN, OOMCTL_SCORE_ADJ_MAX),
};
/* clang-format on */

bool knob_takes(const struct knob *k, int32_t value)
{
	return value >= k->min && value <= k->max;
}

int knob_parse(const struct knob *k, const char *text, size_t len, int32_t *out)
{
	int32_t v;
	int r;

	r = parse_i32(text, len, &v);
	if (r < 0)
		return r;
	if (!knob_takes(k, v))
		return -ERANGE;

	*out = v;
	return 0;
}

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
