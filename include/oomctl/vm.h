/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_VM_H
#define OOMCTL_VM_H

/** @file
 *  @brief The machine's policy: the knobs of /proc/sys.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup vm Knobs of the machine
 *
 * A getter and a setter for each file. They hold for the whole machine: no container or
 * namespace has its own.
 *
 * **Reading** needs no privilege, except where a security module says otherwise.
 *
 * **Writing** needs the effective user ID 0 of the initial user namespace; capabilities
 * are neither needed nor enough. `-EACCES`: another user, also root of a user
 * namespace who is another user outside.
 * `-EROFS`: /proc/sys is mounted read-only, as in most containers. `-EPERM`: a security
 * module or a BPF program of the cgroup. `-EINVAL` for a value in range: this kernel is
 * narrower, as a 32-bit kernel is with 64-bit values.
 *
 * **Both**: `-EOPNOTSUPP` when this kernel has no such file or /proc does not show it
 * (subset=pid), `-EBADMSG` and `-ERANGE` when the file does not hold a number of its
 * range.
 *
 * Some other program may own a knob: kubelet, tuned and systemd-sysctl write them at
 * their own times.
 *
 * @{
 */

/** @brief The knobs, each with a getter and a setter of the same name. */
enum oomctl_vm_knob {
	OOMCTL_VM_OVERCOMMIT_MEMORY = 1,        /**< enum #oomctl_overcommit */
	OOMCTL_VM_OVERCOMMIT_RATIO = 2,         /**< percent */
	OOMCTL_VM_OVERCOMMIT_KBYTES = 3,        /**< kB */
	OOMCTL_VM_PANIC_ON_OOM = 4,             /**< enum #oomctl_panic */
	OOMCTL_VM_OOM_KILL_ALLOCATING_TASK = 5, /**< any value but 0 is yes */
	OOMCTL_VM_OOM_DUMP_TASKS = 6,           /**< any value but 0 is yes */
	OOMCTL_VM_ADMIN_RESERVE_KBYTES = 7,     /**< kB */
	OOMCTL_VM_USER_RESERVE_KBYTES = 8,      /**< kB */
	OOMCTL_VM_PANIC_TIMEOUT = 9             /**< seconds */
};

/** @brief How the kernel answers a request for address space. */
enum oomctl_overcommit {
	OOMCTL_OVERCOMMIT_GUESS = 0,  /**< refuse what could never be met (the default) */
	OOMCTL_OVERCOMMIT_ALWAYS = 1, /**< refuse nothing */
	OOMCTL_OVERCOMMIT_NEVER = 2   /**< refuse what exceeds the commit limit */
};

/** @brief Whether the kernel panics, instead of killing a process, when memory runs out. */
enum oomctl_panic {
	OOMCTL_PANIC_NEVER = 0,         /**< kill a process (the default) */
	OOMCTL_PANIC_UNCONSTRAINED = 1, /**< panic, unless a cgroup or cpuset is full */
	OOMCTL_PANIC_ALWAYS = 2         /**< panic, even if just a cgroup is full */
};

/**
 * @brief Get the overcommit policy.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the policy.
 * @return 0 or a code: @ref base.
 *
 * @unit #oomctl_overcommit
 * @range 0 to 2
 * @source /proc/sys/vm/overcommit_memory: __vm_enough_memory() in mm/util.c, Linux 2.6
 *         and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_memory
 */
int oomctl_vm_get_overcommit_memory(const struct oomctl_ctx *ctx,
				    enum oomctl_overcommit *out);

/**
 * @brief Set the overcommit policy.
 *
 * Before #OOMCTL_OVERCOMMIT_NEVER, compare oomctl_meminfo::committed_as_kb with the
 * commit limit: when it is at or above it, not even fork() succeeds.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New policy.
 * @return 0 or a code: @ref base.
 *
 * @unit #oomctl_overcommit
 * @range 0 to 2; others are -EINVAL.
 * @source /proc/sys/vm/overcommit_memory: overcommit_policy_handler() in mm/util.c.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe. Since Linux 5.9, a change to #OOMCTL_OVERCOMMIT_NEVER waits
 *         for every CPU.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_memory
 */
int oomctl_vm_set_overcommit_memory(const struct oomctl_ctx *ctx,
				    enum oomctl_overcommit value);

/**
 * @brief Get the share of RAM that counts towards the commit limit.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the share.
 * @return 0 or a code: @ref base.
 *
 * @unit Percent of RAM without huge pages; above 100 is legal.
 * @range -2^31 to 2^31 - 1. A negative ratio, which the kernel takes from anybody who
 *        writes it, makes the limit practically infinite.
 * @source /proc/sys/vm/overcommit_ratio: vm_commit_limit() in mm/util.c, Linux 2.6 and
 *         later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @note 0 while overcommit_kbytes is in force: a write to either of the two zeroes the
 *       other, even a write of 0. Then both are 0, and swap alone makes the limit.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_ratio_knob
 */
int oomctl_vm_get_overcommit_ratio(const struct oomctl_ctx *ctx, int32_t *out);

/**
 * @brief Set the share of RAM that counts towards the commit limit, and zero
 * overcommit_kbytes.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New share.
 * @return 0 or a code: @ref base.
 *
 * @unit Percent of RAM without huge pages.
 * @range 0 to 2^31 - 1; negative values are -EINVAL, though the kernel takes them.
 * @source /proc/sys/vm/overcommit_ratio: overcommit_ratio_handler() in mm/util.c.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @note To restore a pair that was read before, write only the one that was not 0.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_ratio_knob
 */
int oomctl_vm_set_overcommit_ratio(const struct oomctl_ctx *ctx, int32_t value);

/**
 * @brief Get the amount of RAM that counts towards the commit limit instead of
 * overcommit_ratio.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the amount, 0 while overcommit_ratio is in force.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source /proc/sys/vm/overcommit_kbytes: vm_commit_limit() in mm/util.c, Linux 3.14 and
 *         later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_kbytes
 */
int oomctl_vm_get_overcommit_kbytes(const struct oomctl_ctx *ctx, uint64_t *out);

/**
 * @brief Set the amount of RAM that counts towards the commit limit, and zero
 * overcommit_ratio.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New amount. The limit counts whole pages of it.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1. Writing 0 does not restore the ratio: swap alone makes the limit
 *        then.
 * @source /proc/sys/vm/overcommit_kbytes: overcommit_kbytes_handler() in mm/util.c,
 *         Linux 3.14 and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_kbytes
 */
int oomctl_vm_set_overcommit_kbytes(const struct oomctl_ctx *ctx, uint64_t value);

/**
 * @brief Get whether the kernel panics when memory runs out.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the policy.
 * @return 0 or a code: @ref base.
 *
 * @unit #oomctl_panic
 * @range 0 to 2
 * @source /proc/sys/vm/panic_on_oom: check_panic_on_oom() in mm/oom_kill.c, Linux 2.6.18
 *         and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c panic_on_oom
 */
int oomctl_vm_get_panic_on_oom(const struct oomctl_ctx *ctx, enum oomctl_panic *out);

/**
 * @brief Set whether the kernel panics when memory runs out.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New policy. Unless panic_timeout is other than 0, a machine that panics
 *               stays down.
 * @return 0 or a code: @ref base.
 *
 * @unit #oomctl_panic
 * @range 0 to 2; others are -EINVAL.
 * @source /proc/sys/vm/panic_on_oom: check_panic_on_oom() in mm/oom_kill.c, Linux 2.6.18
 *         and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c panic_on_oom
 */
int oomctl_vm_set_panic_on_oom(const struct oomctl_ctx *ctx, enum oomctl_panic value);

/**
 * @brief Get whether the process that ran out of memory is killed, whatever the scores.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives 0 for no; anything else is yes.
 * @return 0 or a code: @ref base.
 *
 * @unit None: the kernel tells 0 from other values only.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/vm/oom_kill_allocating_task: out_of_memory() in mm/oom_kill.c,
 *         Linux 2.6.24 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c oom_kill_allocating_task
 */
int oomctl_vm_get_oom_kill_allocating_task(const struct oomctl_ctx *ctx, int32_t *out);

/**
 * @brief Set whether the process that ran out of memory is killed, whatever the scores.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  0 for no; anything else is yes, and is read back as it was written.
 * @return 0 or a code: @ref base.
 *
 * @unit None.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/vm/oom_kill_allocating_task: out_of_memory() in mm/oom_kill.c,
 *         Linux 2.6.24 and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c oom_kill_allocating_task
 */
int oomctl_vm_set_oom_kill_allocating_task(const struct oomctl_ctx *ctx, int32_t value);

/**
 * @brief Get whether a kill is logged with a table of all processes.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives 0 for no; anything else is yes.
 * @return 0 or a code: @ref base.
 *
 * @unit None: the kernel tells 0 from other values only.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/vm/oom_dump_tasks: dump_header() in mm/oom_kill.c, Linux 2.6.25 and
 *         later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c oom_dump_tasks
 */
int oomctl_vm_get_oom_dump_tasks(const struct oomctl_ctx *ctx, int32_t *out);

/**
 * @brief Set whether a kill is logged with a table of all processes.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  0 for no; anything else is yes, and is read back as it was written.
 * @return 0 or a code: @ref base.
 *
 * @unit None.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/vm/oom_dump_tasks: dump_header() in mm/oom_kill.c, Linux 2.6.25 and
 *         later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c oom_dump_tasks
 */
int oomctl_vm_set_oom_dump_tasks(const struct oomctl_ctx *ctx, int32_t value);

/**
 * @brief Get the reserve that #OOMCTL_OVERCOMMIT_NEVER withholds from all without
 * CAP_SYS_ADMIN.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the reserve.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source /proc/sys/vm/admin_reserve_kbytes: __vm_enough_memory() in mm/util.c,
 *         Linux 3.10 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c admin_reserve_kbytes
 */
int oomctl_vm_get_admin_reserve_kbytes(const struct oomctl_ctx *ctx, uint64_t *out);

/**
 * @brief Set the reserve that #OOMCTL_OVERCOMMIT_NEVER withholds from all without
 * CAP_SYS_ADMIN.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New reserve. Above the commit limit, everything is refused to other
 *               processes.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source /proc/sys/vm/admin_reserve_kbytes: __vm_enough_memory() in mm/util.c,
 *         Linux 3.10 and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c admin_reserve_kbytes
 */
int oomctl_vm_set_admin_reserve_kbytes(const struct oomctl_ctx *ctx, uint64_t value);

/**
 * @brief Get the reserve that #OOMCTL_OVERCOMMIT_NEVER withholds from each process.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the reserve. What is withheld is this or 1/32 of the process's size,
 *             whichever is smaller.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source /proc/sys/vm/user_reserve_kbytes: __vm_enough_memory() in mm/util.c, Linux 3.10
 *         and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c user_reserve_kbytes
 */
int oomctl_vm_get_user_reserve_kbytes(const struct oomctl_ctx *ctx, uint64_t *out);

/**
 * @brief Set the reserve that #OOMCTL_OVERCOMMIT_NEVER withholds from each process.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New reserve.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source /proc/sys/vm/user_reserve_kbytes: __vm_enough_memory() in mm/util.c, Linux 3.10
 *         and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c user_reserve_kbytes
 */
int oomctl_vm_set_user_reserve_kbytes(const struct oomctl_ctx *ctx, uint64_t value);

/**
 * @brief Get whether, and when, a machine that panicked boots again.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the time: 0 never, negative at once.
 * @return 0 or a code: @ref base.
 *
 * @unit Seconds.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/kernel/panic: panic() in kernel/panic.c, Linux 2.6 and later;
 *         negative since 3.1.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c panic_timeout
 */
int oomctl_vm_get_panic_timeout(const struct oomctl_ctx *ctx, int32_t *out);

/**
 * @brief Set whether, and when, a machine that panicked boots again.
 *
 * @param ctx    Context, NULL for this machine.
 * @param value  New time: 0 never, negative at once.
 * @return 0 or a code: @ref base.
 *
 * @unit Seconds.
 * @range -2^31 to 2^31 - 1
 * @source /proc/sys/kernel/panic: panic() in kernel/panic.c, Linux 2.6 and later.
 * @privilege Root of the initial user namespace.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c panic_timeout
 */
int oomctl_vm_set_panic_timeout(const struct oomctl_ctx *ctx, int32_t value);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
