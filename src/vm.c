/* SPDX-License-Identifier: MIT */
#include <oomctl/vm.h>

#include "internal.h"
#include "knob.h"

_Static_assert(sizeof(enum oomctl_overcommit) == sizeof(int32_t) &&
		   sizeof(enum oomctl_panic) == sizeof(int32_t),
	       "enums are read as int32_t");

/* clang-format off */
static const struct knob overcommit_memory        = { "/proc/sys/vm/overcommit_memory", 0, 2 };
static const struct knob panic_on_oom             = { "/proc/sys/vm/panic_on_oom", 0, 2 };
static const struct knob oom_kill_allocating_task = { "/proc/sys/vm/oom_kill_allocating_task", INT32_MIN, INT32_MAX };
static const struct knob oom_dump_tasks           = { "/proc/sys/vm/oom_dump_tasks", INT32_MIN, INT32_MAX };
static const struct knob panic_timeout            = { "/proc/sys/kernel/panic", INT32_MIN, INT32_MAX };
static const char admin_reserve_kbytes[]          =   "/proc/sys/vm/admin_reserve_kbytes";
static const char user_reserve_kbytes[]           =   "/proc/sys/vm/user_reserve_kbytes";
/* clang-format on */

OOMCTL_EXPORT int oomctl_vm_get_overcommit_memory(const struct oomctl_ctx *ctx,
						  enum oomctl_overcommit *out)
{
	return knob_get(ctx, &overcommit_memory, (int32_t *)out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_memory(const struct oomctl_ctx *ctx,
						  enum oomctl_overcommit value)
{
	return knob_set(ctx, &overcommit_memory, (int32_t)value);
}

OOMCTL_EXPORT int oomctl_vm_get_overcommit_ratio(const struct oomctl_ctx *ctx,
						 int32_t *out)
{
	return knob_get(ctx, &knob_overcommit_ratio, out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_ratio(const struct oomctl_ctx *ctx,
						 int32_t value)
{
	/* The kernel takes a negative ratio, as a limit near 2^64: never what is wanted.
	 */
	if (value < 0)
		return -EINVAL;

	return knob_set(ctx, &knob_overcommit_ratio, value);
}

OOMCTL_EXPORT int oomctl_vm_get_overcommit_kbytes(const struct oomctl_ctx *ctx,
						  uint64_t *out)
{
	return knob_get_u64(ctx, knob_overcommit_kbytes, out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_kbytes(const struct oomctl_ctx *ctx,
						  uint64_t value)
{
	return knob_set_u64(ctx, knob_overcommit_kbytes, value);
}

OOMCTL_EXPORT int oomctl_vm_get_panic_on_oom(const struct oomctl_ctx *ctx,
					     enum oomctl_panic *out)
{
	return knob_get(ctx, &panic_on_oom, (int32_t *)out);
}

OOMCTL_EXPORT int oomctl_vm_set_panic_on_oom(const struct oomctl_ctx *ctx,
					     enum oomctl_panic value)
{
	return knob_set(ctx, &panic_on_oom, (int32_t)value);
}

OOMCTL_EXPORT int oomctl_vm_get_oom_kill_allocating_task(const struct oomctl_ctx *ctx,
							 int32_t *out)
{
	return knob_get(ctx, &oom_kill_allocating_task, out);
}

OOMCTL_EXPORT int oomctl_vm_set_oom_kill_allocating_task(const struct oomctl_ctx *ctx,
							 int32_t value)
{
	return knob_set(ctx, &oom_kill_allocating_task, value);
}

OOMCTL_EXPORT int oomctl_vm_get_oom_dump_tasks(const struct oomctl_ctx *ctx, int32_t *out)
{
	return knob_get(ctx, &oom_dump_tasks, out);
}

OOMCTL_EXPORT int oomctl_vm_set_oom_dump_tasks(const struct oomctl_ctx *ctx,
					       int32_t value)
{
	return knob_set(ctx, &oom_dump_tasks, value);
}

OOMCTL_EXPORT int oomctl_vm_get_admin_reserve_kbytes(const struct oomctl_ctx *ctx,
						     uint64_t *out)
{
	return knob_get_u64(ctx, admin_reserve_kbytes, out);
}

OOMCTL_EXPORT int oomctl_vm_set_admin_reserve_kbytes(const struct oomctl_ctx *ctx,
						     uint64_t value)
{
	return knob_set_u64(ctx, admin_reserve_kbytes, value);
}

OOMCTL_EXPORT int oomctl_vm_get_user_reserve_kbytes(const struct oomctl_ctx *ctx,
						    uint64_t *out)
{
	return knob_get_u64(ctx, user_reserve_kbytes, out);
}

OOMCTL_EXPORT int oomctl_vm_set_user_reserve_kbytes(const struct oomctl_ctx *ctx,
						    uint64_t value)
{
	return knob_set_u64(ctx, user_reserve_kbytes, value);
}

OOMCTL_EXPORT int oomctl_vm_get_panic_timeout(const struct oomctl_ctx *ctx, int32_t *out)
{
	return knob_get(ctx, &panic_timeout, out);
}

OOMCTL_EXPORT int oomctl_vm_set_panic_timeout(const struct oomctl_ctx *ctx, int32_t value)
{
	return knob_set(ctx, &panic_timeout, value);
}
