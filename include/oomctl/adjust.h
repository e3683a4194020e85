/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_ADJUST_H
#define OOMCTL_ADJUST_H

/** @file
 *  @brief Set oom_score_adj as far as is allowed, and of many processes at once.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <oomctl/proc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup adjust Adjusting
 *
 * oomctl_proc_set_oom_score_adj() is one write, that is done or refused. These calls say what
 * is in force afterwards, as it is read back; and where the wanted value is below the
 * **floor** of a process, the lowest that the kernel lets it have, they can settle for that.
 *
 * The floor is 0 until a holder of CAP_SYS_RESOURCE sets an oom_score_adj: what such a writer
 * sets, up or down, is the floor of the process from then on. Children inherit it. No file
 * shows it.
 *
 * All calls are by pid or by pidfd, as those of @ref proc, with the same special errors. A
 * process that has ended is `-ESRCH` also where old kernels say `EINVAL` (before Linux 4.8).
 *
 * @{
 */

/** @brief What to do about a value below the floor. */
enum oomctl_adjust_policy {
	OOMCTL_ADJUST_STRICT = 1, /**< fail with -EACCES; the old value stays */
	OOMCTL_ADJUST_CLAMP = 2   /**< take the lowest value that is allowed */
};

/** @brief An answer of oomctl_adjust_find_floor(). */
enum oomctl_adjust_floor {
	/** Lower than every value: the caller holds CAP_SYS_RESOURCE, so all are allowed,
	 *  and each that it sets becomes the floor. */
	OOMCTL_ADJUST_NO_FLOOR = -1001
};

/**
 * @brief Set the adjustment of a process, and tell what is in force.
 *
 * @param ctx      Context, NULL for this machine.
 * @param pid      Process, 0 for the caller.
 * @param adj      Wanted adjustment.
 * @param policy   What to do when it is below the floor.
 * @param out_adj  Receives the value in force.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source /proc/PID/oom_score_adj: __set_oom_adj() and oom_score_adj_read(), Linux 2.6.36
 *         and later. #OOMCTL_ADJUST_CLAMP finds the floor with at most 11 further writes,
 *         each lower than the value that is in force; the last one that is taken stays. If
 *         none is, the old value is written, which a security module would refuse, too.
 * @privilege As oomctl_proc_set_oom_score_adj(), but with #OOMCTL_ADJUST_CLAMP none to go
 *            below the floor.
 * @safety Async-signal-safe.
 * @retval -EACCES  As oomctl_proc_set_oom_score_adj(). With #OOMCTL_ADJUST_CLAMP it is for
 *                  a process of another user, or one that is not dumpable, or a security
 *                  module; for the floor only where the value in force is below it
 *                  itself, which a holder of CAP_SYS_RESOURCE can do by the old oom_adj.
 * @retval -EROFS   /proc is mounted read-only, as in many containers.
 * @note Where reading back or a later write fails, the old value is put back, as far as
 *       that can be done, for #OOMCTL_ADJUST_CLAMP; or the new one is in force already.
 * @since 0.1
 *
 * @snippet snippets.c adjust_proc
 */
int oomctl_adjust_proc(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
		       enum oomctl_adjust_policy policy, int32_t *out_adj);

/**
 * @brief Move the adjustment of a process up or down, and tell what is in force.
 *
 * The sum saturates: from 900, a move by 200 is to 1000. A value that cannot be read is
 * never taken for 0.
 *
 * @param ctx      Context, NULL for this machine.
 * @param pid      Process, 0 for the caller.
 * @param delta    What to add to the value in force; below 0 to protect.
 * @param policy   What to do when the sum is below the floor.
 * @param out_adj  Receives the value in force.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range Any; the sum is cut to #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX.
 * @source As oomctl_adjust_proc(). The value is read first, and another writer may come
 *         between.
 * @privilege As oomctl_adjust_proc().
 * @safety Async-signal-safe.
 * @retval -EACCES  As oomctl_adjust_proc().
 * @retval -EROFS   /proc is mounted read-only, as in many containers.
 * @since 0.1
 *
 * @snippet snippets.c adjust_proc_by
 */
int oomctl_adjust_proc_by(const struct oomctl_ctx *ctx, pid_t pid, int32_t delta,
			  enum oomctl_adjust_policy policy, int32_t *out_adj);

/**
 * @brief Set the adjustment of the process that a pidfd refers to, and tell what is in
 * force.
 *
 * @param ctx      Context, NULL for this machine.
 * @param pidfd    From pidfd_open(), clone3() or their like.
 * @param adj      Wanted adjustment.
 * @param policy   What to do when it is below the floor.
 * @param out_adj  Receives the value in force.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source As oomctl_adjust_proc(); PID as for oomctl_pidfd_get_oom_score(), Linux 5.3 and
 *         later.
 * @privilege As oomctl_adjust_proc().
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_pidfd_get_oom_score(), or @p adj is out of range.
 * @retval -ESRCH   As oomctl_pidfd_get_oom_score().
 * @retval -EACCES  As oomctl_adjust_proc().
 * @since 0.1
 *
 * @snippet snippets.c adjust_pidfd
 */
int oomctl_adjust_pidfd(const struct oomctl_ctx *ctx, int pidfd, int32_t adj,
			enum oomctl_adjust_policy policy, int32_t *out_adj);

/**
 * @brief Move the adjustment of the process that a pidfd refers to, and tell what is in
 * force.
 *
 * @param ctx      Context, NULL for this machine.
 * @param pidfd    From pidfd_open(), clone3() or their like.
 * @param delta    What to add to the value in force.
 * @param policy   What to do when the sum is below the floor.
 * @param out_adj  Receives the value in force.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range As oomctl_adjust_proc_by().
 * @source As oomctl_adjust_pidfd().
 * @privilege As oomctl_adjust_proc().
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_pidfd_get_oom_score().
 * @retval -ESRCH   As oomctl_pidfd_get_oom_score().
 * @retval -EACCES  As oomctl_adjust_proc().
 * @since 0.1
 *
 * @snippet snippets.c adjust_pidfd
 */
int oomctl_adjust_pidfd_by(const struct oomctl_ctx *ctx, int pidfd, int32_t delta,
			   enum oomctl_adjust_policy policy, int32_t *out_adj);

/**
 * @brief Find the lowest adjustment that the kernel lets the calling process have.
 *
 * It is found by trying: the value sinks while the call lasts, and is then put back. A child
 * that is forked by another thread meanwhile inherits what it meets, and what somebody else
 * sets meanwhile is lost: call it before there are others who do.
 *
 * @param ctx      Context, NULL for this machine.
 * @param out_adj  Receives the floor, or #OOMCTL_ADJUST_NO_FLOOR: lower than every value,
 *                 so that `adj >= floor` says what is allowed. Nothing is tried then, for
 *                 it would move the floor.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_ADJUST_NO_FLOOR to the value in force.
 * @source /proc/self/oom_score_adj, at most 11 writes and one that puts the old value back;
 *         CapEff of /proc/thread-self/status and /proc/self/ns/user. Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe. A process that is killed amid the call keeps a lower value, if
 *         anybody still asks.
 * @retval -EACCES  No write is allowed, not even of the value in force: the process is not
 *                  dumpable, as after setuid(), or its main thread has ended, or a
 *                  security module forbids it, or that value is below the floor
 *                  itself, as for oomctl_adjust_proc().
 * @retval -EROFS   /proc is mounted read-only, as in many containers.
 * @since 0.1
 *
 * @snippet snippets.c find_floor
 */
int oomctl_adjust_find_floor(const struct oomctl_ctx *ctx, int32_t *out_adj);

/** @brief What became of one of many processes. */
struct oomctl_adjust_entry {
	uint64_t start_ticks; /**< start time, in clock ticks since boot */
	pid_t pid;            /**< process */
	int32_t code;         /**< 0, -EACCES, -EPERM or -EROFS; -ESRCH: it ended */
	int32_t adj_before;   /**< when it was first seen; 0 where it could not be read */
	int32_t adj;          /**< in force when it was last seen; likewise */
};

/** @brief Bits of oomctl_adjust_report::flags. */
enum oomctl_adjust_report_flag {
	OOMCTL_ADJUST_STABLE = 1, /**< nothing was left to set, as far as was seen */
	OOMCTL_ADJUST_FROZEN = 2  /**< all stood still when it began, and when it ended */
};

/** @brief What was done about many processes. */
struct oomctl_adjust_report {
	/** Without room in the array, and left as they were, in the last pass. */
	uint64_t unlisted;
	/** Of another pid namespace, and left as they were, likewise; the first version of
	 *  cgroups does not even list them. */
	uint64_t foreign;
	/** Ended before they could be looked at, in all passes; or, of a cgroup, hidden. */
	uint64_t gone;
	uint32_t passes; /**< how often the processes were listed */
	uint32_t flags;  /**< bits of #oomctl_adjust_report_flag */
};

/** @brief Bits of the flags of oomctl_adjust_cgroup(). */
enum oomctl_adjust_flag {
	OOMCTL_ADJUST_FREEZE = 1 /**< let nothing run, and so nothing fork, meanwhile */
};

/**
 * @brief Set the adjustment of every process of a cgroup.
 *
 * Processes may fork and inherit the old value while others are set. So the cgroup is listed
 * again until a pass finds nothing left to set, and 10 milliseconds later neither; at most 33
 * times. A child of a fork() that began before its process was set and takes longer than all
 * that is missed, unless the cgroup is frozen.
 *
 * A process is one entry with all its threads. One that has the value already is not written
 * to, and keeps the floor that it has. Those that share memory without being threads
 * of each other (CLONE_VM) get the value together; nothing special is needed for them.
 *
 * @param ctx          Context, NULL for this machine.
 * @param cgroup       Path as in /proc/PID/cgroup; of the first version, of the memory
 *                     controller. Processes of cgroups below it are not its own; but
 *                     they are frozen with it.
 * @param adj          Wanted adjustment.
 * @param policy       What to do about a process whose floor is higher.
 * @param flags        0 or #OOMCTL_ADJUST_FREEZE.
 * @param out          Receives what became of each process.
 * @param capacity     How many fit; others are left as they were, and counted.
 * @param entry_size   `sizeof(struct oomctl_adjust_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what was done.
 * @param report_size  `sizeof(struct oomctl_adjust_report)`
 * @return 0, also where single processes were refused; or a code: @ref base. Then some
 *         may have been set, and nothing tells which.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source cgroup.procs below fs/cgroup of the context's /sys, which has cgroup.controllers,
 *         or below fs/cgroup/memory; /proc/thread-self/status; then as oomctl_adjust_proc(),
 *         by the directory of each process. To freeze, cgroup.freeze and cgroup.events of the
 *         second version, and /proc/thread-self/cgroup, Linux 5.2 and later.
 * @privilege As oomctl_adjust_proc() for each process; to freeze, to write cgroup.freeze.
 * @safety Async-signal-safe. Waits for up to two seconds for the cgroup to stand still; if
 *         it does not, it goes on without #OOMCTL_ADJUST_FROZEN. A caller that is killed
 *         amid the call leaves the cgroup frozen, as does a thaw that fails, whose code
 *         is returned: write 0 to its cgroup.freeze. Callers that freeze the same cgroup
 *         take turns: the first to end thaws it for both. A caller that is moved into it
 *         amid the call never wakes.
 * @retval -EINVAL      The path is not of its form, as for oomctl_rank_cgroup(), or another
 *                      argument is out of range.
 * @retval -EOPNOTSUPP  No such cgroup, or one of threads; or it cannot be frozen, as those of
 *                      the first version; or the context's /proc is of another pid
 *                      namespace, which has other numbers than the list.
 * @retval -EBUSY       The caller is to be frozen with it, or cannot be seen not to be: in a
 *                      cgroup of threads, or with a /sys of another cgroup namespace.
 * @note The list has numbers. One that ends before it is come to, and whose number is used
 *       again at once, leaves another's process to be set: oomctl_adjust_entry::start_ticks
 *       tells which it was. Nothing that is frozen ends by itself.
 * @since 0.1
 *
 * @snippet snippets.c adjust_cgroup
 */
int oomctl_adjust_cgroup(const struct oomctl_ctx *ctx, const char *cgroup, int32_t adj,
			 enum oomctl_adjust_policy policy, uint32_t flags,
			 struct oomctl_adjust_entry *out, size_t capacity,
			 size_t entry_size, size_t *out_count,
			 struct oomctl_adjust_report *out_report, size_t report_size);

/**
 * @brief Set the adjustment of a process and of all that descend from it.
 *
 * Repeated until nothing is left to set, as oomctl_adjust_cgroup() is. A process whose
 * parent has ended belongs to init, or to a subreaper, and no longer to the tree, unless an
 * earlier pass has met it: a cgroup is the surer bound.
 *
 * @param ctx          Context, NULL for this machine.
 * @param pid          Root of the tree, 0 for the caller; not one of its further threads.
 * @param adj          Wanted adjustment.
 * @param policy       What to do about a process whose floor is higher.
 * @param out          Receives what became of each process, the root first.
 * @param capacity     How many fit; others are left as they were, and counted where their
 *                     parent fits.
 * @param entry_size   `sizeof(struct oomctl_adjust_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what was done.
 * @param report_size  `sizeof(struct oomctl_adjust_report)`
 * @return 0, also where single processes were refused; or a code: @ref base. Then some
 *         may have been set, and nothing tells which.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source The ppid of each /proc/PID/stat; then as oomctl_adjust_proc(), by the directory
 *         of each process. Linux 2.6.36 and later.
 * @privilege As oomctl_adjust_proc() for each process.
 * @safety Async-signal-safe.
 * @retval -ESRCH  No such process as the root, or it is hidden.
 * @note Numbers are used again, as for oomctl_adjust_cgroup().
 * @since 0.1
 *
 * @snippet snippets.c adjust_tree
 */
int oomctl_adjust_tree(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
		       enum oomctl_adjust_policy policy, struct oomctl_adjust_entry *out,
		       size_t capacity, size_t entry_size, size_t *out_count,
		       struct oomctl_adjust_report *out_report, size_t report_size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
