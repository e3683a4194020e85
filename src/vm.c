/* SPDX-License-Identifier: MIT */
#include <oomctl/vm.h>

#include "internal.h"
#include "knob.h"

_Static_assert(sizeof(enum oomctl_overcommit) == sizeof(int32_t) &&
		   sizeof(enum oomctl_panic) == sizeof(int32_t),
	       "enums are read as int32_t");

OOMCTL_EXPORT int oomctl_vm_get_overcommit_memory(const struct oomctl_ctx *ctx,
						  enum oomctl_overcommit *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_MEMORY], (int32_t *)out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_memory(const struct oomctl_ctx *ctx,
						  enum oomctl_overcommit value)
{
	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_MEMORY], (int32_t)value);
}

OOMCTL_EXPORT int oomctl_vm_get_overcommit_ratio(const struct oomctl_ctx *ctx,
						 int32_t *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_RATIO], out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_ratio(const struct oomctl_ctx *ctx,
						 int32_t value)
{
	/* The kernel takes a negative ratio, as a limit near 2^64: never what is wanted.
	 */
	if (value < 0)
		return -EINVAL;

	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_RATIO], value);
}

OOMCTL_EXPORT int oomctl_vm_get_overcommit_kbytes(const struct oomctl_ctx *ctx,
						  uint64_t *out)
{
	return knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_OVERCOMMIT_KBYTES].path, out);
}

OOMCTL_EXPORT int oomctl_vm_set_overcommit_kbytes(const struct oomctl_ctx *ctx,
						  uint64_t value)
{
	return knob_set_u64(ctx, knob_of_vm[OOMCTL_VM_OVERCOMMIT_KBYTES].path, value);
}

OOMCTL_EXPORT int oomctl_vm_get_panic_on_oom(const struct oomctl_ctx *ctx,
					     enum oomctl_panic *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_PANIC_ON_OOM], (int32_t *)out);
}

OOMCTL_EXPORT int oomctl_vm_set_panic_on_oom(const struct oomctl_ctx *ctx,
					     enum oomctl_panic value)
{
	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_PANIC_ON_OOM], (int32_t)value);
}

OOMCTL_EXPORT int oomctl_vm_get_oom_kill_allocating_task(const struct oomctl_ctx *ctx,
							 int32_t *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK], out);
}

OOMCTL_EXPORT int oomctl_vm_set_oom_kill_allocating_task(const struct oomctl_ctx *ctx,
							 int32_t value)
{
	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK], value);
}

OOMCTL_EXPORT int oomctl_vm_get_oom_dump_tasks(const struct oomctl_ctx *ctx, int32_t *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_OOM_DUMP_TASKS], out);
}

OOMCTL_EXPORT int oomctl_vm_set_oom_dump_tasks(const struct oomctl_ctx *ctx,
					       int32_t value)
{
	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_OOM_DUMP_TASKS], value);
}

OOMCTL_EXPORT int oomctl_vm_get_admin_reserve_kbytes(const struct oomctl_ctx *ctx,
						     uint64_t *out)
{
	return knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_ADMIN_RESERVE_KBYTES].path, out);
}

OOMCTL_EXPORT int oomctl_vm_set_admin_reserve_kbytes(const struct oomctl_ctx *ctx,
						     uint64_t value)
{
	return knob_set_u64(ctx, knob_of_vm[OOMCTL_VM_ADMIN_RESERVE_KBYTES].path, value);
}

OOMCTL_EXPORT int oomctl_vm_get_user_reserve_kbytes(const struct oomctl_ctx *ctx,
						    uint64_t *out)
{
	return knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_USER_RESERVE_KBYTES].path, out);
}

OOMCTL_EXPORT int oomctl_vm_set_user_reserve_kbytes(const struct oomctl_ctx *ctx,
						    uint64_t value)
{
	return knob_set_u64(ctx, knob_of_vm[OOMCTL_VM_USER_RESERVE_KBYTES].path, value);
}

OOMCTL_EXPORT int oomctl_vm_get_panic_timeout(const struct oomctl_ctx *ctx, int32_t *out)
{
	return knob_get(ctx, &knob_of_vm[OOMCTL_VM_PANIC_TIMEOUT], out);
}

OOMCTL_EXPORT int oomctl_vm_set_panic_timeout(const struct oomctl_ctx *ctx, int32_t value)
{
	return knob_set(ctx, &knob_of_vm[OOMCTL_VM_PANIC_TIMEOUT], value);
}
