/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TUNE_H
#define OOMCTL_TUNE_H

/** @file
 *  @brief A machine's policy as one value: look, check, apply, undo.
 */

#include <stddef.h>
#include <stdint.h>

#include <oomctl/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup tune The machine's policy
 * @{
 */

/** @brief Bits of oomctl_policy::knobs: 1 << #oomctl_vm_knob. */
enum oomctl_policy_knob {
	OOMCTL_POLICY_OVERCOMMIT_MEMORY = 2,         /**< overcommit_memory */
	OOMCTL_POLICY_OVERCOMMIT_RATIO = 4,          /**< overcommit_ratio */
	OOMCTL_POLICY_OVERCOMMIT_KBYTES = 8,         /**< overcommit_kbytes */
	OOMCTL_POLICY_PANIC_ON_OOM = 16,             /**< panic_on_oom */
	OOMCTL_POLICY_OOM_KILL_ALLOCATING_TASK = 32, /**< oom_kill_allocating_task */
	OOMCTL_POLICY_OOM_DUMP_TASKS = 64,           /**< oom_dump_tasks */
	OOMCTL_POLICY_ADMIN_RESERVE_KBYTES = 128,    /**< admin_reserve_kbytes */
	OOMCTL_POLICY_USER_RESERVE_KBYTES = 256,     /**< user_reserve_kbytes */
	OOMCTL_POLICY_PANIC_TIMEOUT = 512            /**< panic_timeout */
};

/**
 * @brief Values for some of the machine's knobs, or for all of them.
 *
 * Units and ranges are those of the getters of the same names. What is not named in
 * oomctl_policy::knobs is 0, and means nothing. This structure will not grow.
 */
struct oomctl_policy {
	uint64_t overcommit_kbytes;    /**< kB */
	uint64_t admin_reserve_kbytes; /**< kB */
	uint64_t user_reserve_kbytes;  /**< kB */
	uint32_t knobs;                /**< bits of #oomctl_policy_knob: what is meant */
	int32_t overcommit_memory;     /**< #oomctl_overcommit */
	int32_t overcommit_ratio;      /**< percent */
	int32_t panic_on_oom;          /**< #oomctl_panic */
	int32_t oom_kill_allocating_task; /**< any value but 0 is yes */
	int32_t oom_dump_tasks;           /**< any value but 0 is yes */
	int32_t panic_timeout;            /**< seconds */
	uint32_t reserved;                /**< 0 */
};

/** @} */

#ifdef __cplusplus
}
#endif

#endif
