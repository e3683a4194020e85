/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PROTECT_H
#define OOMCTL_PROTECT_H

/** @file
 *  @brief Protect this process, and not its children.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <oomctl/adjust.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup protect Protecting oneself
 *
 * Children inherit oom_score_adj at fork() and keep it over exec(). A daemon that protects
 * itself protects whatever it starts, unless it takes care. A guard remembers what was in
 * force before:
 *
 * | a child is started by | the way |
 * |-----------------------|---------|
 * | fork() or vfork(), with code of the caller's before exec() | oomctl_protect_reset_child() in the child |
 * | posix_spawn(), system(), popen(), a runtime of another language | oomctl_protect_pause() before, oomctl_protect_resume() after |
 *
 * The first way never exposes the caller. With the second, the caller itself has the child's
 * value while it forks; in return the child never has the caller's, not even for a moment.
 * Either way no grandchild can inherit it. Setting a child's value from outside once it runs
 * is no way: what it has forked by then keeps the caller's.
 *
 * The **floor** is inherited, too, and survives: a child that was reset may lower itself to
 * where its parent was protected by a holder of CAP_SYS_RESOURCE, unless one resets it.
 *
 * **After setuid()** a process is not dumpable until it calls exec(), or
 * prctl(PR_SET_DUMPABLE, 1): its files belong to root and it cannot open its own
 * oom_score_adj. Value and floor stay as they are. A guard that was begun before keeps the
 * file open: oomctl_protect_end(), oomctl_protect_pause() and oomctl_protect_resume() go on
 * working. oomctl_protect_reset_child() does not in a child that fork() has made, which is not
 * dumpable either: pause around the fork instead.
 *
 * A guard is in the caller's memory and belongs to the process that began it, as does its
 * descriptor, which nobody else may close: begin after daemon(). One thread at a time may
 * use it; so threads that pause and start children take turns. In a child it does nothing. But
 * pid 1 of a container and a child that it makes pid 1 of another pid namespace (CLONE_NEWPID)
 * are not told apart, and a child of vfork() that ends it ends its parent's. One whose
 * descriptor was closed touches nothing, unless the number is another guard's by then, whose
 * file is the same.
 *
 * @{
 */

/**
 * @brief What a process was before it protected itself.
 *
 * Filled and changed by these calls alone; to be read by all. It will not grow.
 */
struct oomctl_guard {
	int32_t saved_adj;  /**< in force before: what children are to get */
	int32_t adj;        /**< in force since, as it was read back */
	int32_t paused_adj; /**< in force while it is paused */
	int32_t resume_adj; /**< was in force when it was paused */
	int32_t state;      /**< #oomctl_guard_state */
	int32_t fd;         /**< /proc/self/oom_score_adj, closed by exec() */
	pid_t pid;          /**< the process that began it */
	uint32_t reserved;  /**< 0 */
	uint64_t device; /**< of that file, since a descriptor may be closed, and used */
	uint64_t inode;  /**< for another: then the guard touches nothing */
};

/** @brief States of a guard. */
enum oomctl_guard_state {
	OOMCTL_GUARD_ENDED = 0, /**< it does nothing any more */
	OOMCTL_GUARD_BEGUN = 1, /**< the process is protected */
	OOMCTL_GUARD_PAUSED = 2 /**< the process has the value that a child is to have */
};

/**
 * @brief Save the caller's adjustment and set another.
 *
 * @param ctx     Context, NULL for this machine. It may be freed before the guard is ended.
 * @param adj     Wanted adjustment: #OOMCTL_SCORE_ADJ_PROTECTED, say.
 * @param policy  What to do when it is below the floor.
 * @param out     Receives the guard; oomctl_protect_end() closes its descriptor.
 * @param size    `sizeof(struct oomctl_guard)`
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source /proc/self/oom_score_adj, opened once, read, written and read back: as
 *         oomctl_adjust_proc(), Linux 2.6.36 and later.
 * @privilege As oomctl_adjust_proc().
 * @safety Async-signal-safe.
 * @retval -EINVAL  Also a @p size that is smaller: half a guard is none.
 * @retval -EACCES  Below the floor; or not dumpable, as after setuid(): begin before it; or
 *                  the main thread has ended.
 * @retval -EROFS   /proc is mounted read-only, as in many containers.
 * @since 0.1
 *
 * @snippet snippets.c protect
 */
int oomctl_protect_begin(const struct oomctl_ctx *ctx, int32_t adj,
			 enum oomctl_adjust_policy policy, struct oomctl_guard *out,
			 size_t size);

/**
 * @brief In a child, between fork() and exec(): take the value that the parent had before.
 *
 * A child of vfork(), also one that posix_spawn() makes, has a value of its own, though it
 * shares the parent's memory until exec(): the parent keeps its protection.
 *
 * @param ctx    Context, NULL for this machine.
 * @param guard  The parent's guard.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range That of oomctl_guard::saved_adj.
 * @source /proc/self/oom_score_adj: __set_oom_adj(), Linux 2.6.36 and later. One write.
 * @privilege None, as the floor is not above a value that was in force. A child without it
 *            is where the caller of oomctl_protect_begin() held CAP_SYS_RESOURCE and raised
 *            its value.
 * @safety Async-signal-safe. Does not touch the guard.
 * @retval -EINVAL  @p guard is NULL, or was never begun or is over.
 * @retval -EACCES  The child is not dumpable, as after the parent's setuid().
 * @note Called in the parent, it takes the parent's own protection away.
 * @since 0.1
 *
 * @snippet snippets.c protect
 */
int oomctl_protect_reset_child(const struct oomctl_ctx *ctx,
			       const struct oomctl_guard *guard);

/**
 * @brief Have another value while a child is started, which inherits it.
 *
 * @param guard  The guard.
 * @param adj    The child's adjustment; oomctl_guard::saved_adj, say.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source The guard's descriptor, Linux 2.6.36 and later.
 * @privilege As oomctl_proc_set_oom_score_adj(). A holder of CAP_SYS_RESOURCE moves the
 *            floor along, and needs to hold it until oomctl_protect_resume().
 * @safety Async-signal-safe.
 * @retval -EBUSY   It is paused already.
 * @retval -EINVAL  @p guard is NULL or over, or @p adj is out of range.
 * @retval -ESRCH   The guard is of another process: this is a child of it. Or its descriptor
 *                  was closed by somebody else.
 * @retval -EACCES  @p adj is below the floor.
 * @since 0.1
 *
 * @snippet snippets.c protect_pause
 */
int oomctl_protect_pause(struct oomctl_guard *guard, int32_t adj);

/**
 * @brief Have the value again that was in force before oomctl_protect_pause().
 *
 * Where somebody else has changed it meanwhile, that stays.
 *
 * @param guard  The guard.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range That of oomctl_guard::resume_adj.
 * @source As oomctl_protect_pause().
 * @privilege As oomctl_protect_pause().
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p guard is NULL, or not paused.
 * @retval -ESRCH   The guard is of another process: this is a child of it. Or its descriptor
 *                  was closed by somebody else.
 * @retval -EACCES  The value is below the floor: a holder of CAP_SYS_RESOURCE paused it, and
 *                  is none any more. It stays paused.
 * @since 0.1
 *
 * @snippet snippets.c protect_pause
 */
int oomctl_protect_resume(struct oomctl_guard *guard);

/**
 * @brief Restore what was in force before, unless somebody else has changed it since.
 *
 * The value is compared with what the guard has set, then set: a change between the two is
 * lost. But for `-EINVAL`, the guard is over in any case, and its descriptor closed.
 *
 * @param guard    The guard.
 * @param out_adj  Receives the value in force: oomctl_guard::saved_adj, or another's.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX
 * @source As oomctl_protect_pause().
 * @privilege None, unless the guard has raised the value as a holder of CAP_SYS_RESOURCE.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p guard is NULL or over already, or @p out_adj is NULL.
 * @retval -ESRCH   The guard is of another process: this is a child of it, where nothing
 *                  but the descriptor is closed. Or somebody else has closed that.
 * @retval -EACCES  The saved value is below the floor.
 * @since 0.1
 *
 * @snippet snippets.c protect
 */
int oomctl_protect_end(struct oomctl_guard *guard, int32_t *out_adj);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
