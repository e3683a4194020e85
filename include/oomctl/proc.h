/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PROC_H
#define OOMCTL_PROC_H

/** @file
 *  @brief One process: its oom_score and oom_score_adj.
 */

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup proc One process
 *
 * The same three calls twice: by process id, and by pidfd.
 *
 * **By pid** is open to reuse of the number: between learning a pid and calling, the
 * process may end and another get its number. This is safe for pid 0, for the caller's
 * own children until it has waited for them, and for nothing else.
 *
 * **By pidfd** is not: the number is read from the pidfd, the directory of that number is
 * opened, then the pidfd is asked whether its process still runs, and only then is the
 * file opened, below that directory. A process that has ended is `-ESRCH`, waited for or
 * not, even when its number is in use again. Needs Linux 5.3.
 *
 * pid 0 is the calling process, reached through `self` below the context's /proc. Other
 * numbers are meant in the pid namespace of that /proc.
 *
 * Special errors of all six calls: `-ESRCH` when there is no such process, or it is hidden
 * from the caller (hidepid=invisible or ptraceable; with the latter it may be `-EPERM`),
 * or has no number in the pid namespace of that /proc, and when nothing is mounted there;
 * `-EPERM` when it is hidden by hidepid=noaccess.
 *
 * By pid, a process that has ended but was not waited for still answers: its score is 0,
 * and a write has no effect. The id of a thread stands for its process. When the main
 * thread of a process ends before the others, the files behind its id and `self` belong to
 * root, and only root sets them: pass gettid() for 0 then, below a /proc of its own pid
 * namespace.
 *
 * @{
 */

/** @brief The values of a process. */
enum oomctl_proc_value {
	OOMCTL_PROC_OOM_SCORE = 1,    /**< points */
	OOMCTL_PROC_OOM_SCORE_ADJ = 2 /**< thousandths of RAM plus swap */
};

/**
 * @brief Values of oom_score_adj with a name (include/uapi/linux/oom.h).
 *
 * #OOMCTL_SCORE_ADJ_EXEMPT is dangerous: children inherit it, so that whatever they leak is
 * never killed for it; neither are exempt processes when their cgroup is killed as a group
 * (memory.oom.group); and a cgroup that has none but exempt processes hangs at its limit,
 * as a machine panics. #OOMCTL_SCORE_ADJ_PROTECTED is chosen after all others, which nearly
 * always is what was meant.
 */
enum oomctl_score_adj {
	OOMCTL_SCORE_ADJ_MIN = -1000,      /**< the lowest value */
	OOMCTL_SCORE_ADJ_EXEMPT = -1000,   /**< never chosen */
	OOMCTL_SCORE_ADJ_PROTECTED = -999, /**< chosen when nothing else is left */
	OOMCTL_SCORE_ADJ_MAX = 1000 /**< as if all RAM and swap were its own, too */
};

/**
 * @brief Get how likely a process is to be killed when memory runs out.
 *
 * @param ctx  Context, NULL for this machine.
 * @param pid  Process, 0 for the caller.
 * @param out  Receives the score; 0 for a process that is never chosen.
 * @return 0 or a code: @ref base.
 *
 * @unit Points. Since Linux 5.9 an idle process with oom_score_adj 0 has 666 or 667;
 *       before, the score is the share of RAM plus swap in thousandths, plus oom_score_adj.
 * @range 0 to 2000 in general. Higher when a process maps more pages than RAM and swap
 *        have, as it does with one file mapped many times.
 * @source /proc/PID/oom_score: proc_oom_score() and oom_badness(), Linux 2.6.11 and
 *         later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c get_oom_score
 */
int oomctl_proc_get_oom_score(const struct oomctl_ctx *ctx, pid_t pid, int32_t *out);

/**
 * @brief Get the adjustment of a process's score.
 *
 * It is added to the pages that the process uses, as a share of RAM and swap. Since Linux
 * 5.9 the score grows by two thirds of it.
 *
 * @param ctx  Context, NULL for this machine.
 * @param pid  Process, 0 for the caller.
 * @param out  Receives the adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX
 * @source /proc/PID/oom_score_adj: oom_score_adj_read(), Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c get_oom_score_adj
 */
int oomctl_proc_get_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid, int32_t *out);

/**
 * @brief Set the adjustment of a process and of all its threads.
 *
 * Children inherit the value at fork() and keep it over exec(). Processes that share their
 * memory without being threads of each other (CLONE_VM) get the value together, but for a
 * child of vfork(), which is set alone.
 *
 * @param ctx  Context, NULL for this machine.
 * @param pid  Process, 0 for the caller.
 * @param adj  New adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source /proc/PID/oom_score_adj: __set_oom_adj(), Linux 2.6.36 and later.
 * @privilege The owner of the process. To go below the floor, CAP_SYS_RESOURCE in the
 *            initial user namespace; the floor is the last value set by a holder of that
 *            capability, 0 if none did. The user id does not matter: root without the
 *            capability is refused.
 * @safety Async-signal-safe.
 * @retval -EACCES  The value is below the floor; or the process belongs to another user;
 *                  or it is not dumpable, so that its files belong to root. This happens
 *                  to the caller's own file after setuid(): prctl(PR_SET_DUMPABLE, 1) or
 *                  exec() undoes this.
 * @retval -EROFS   /proc is mounted read-only, as in many containers.
 * @note A holder of CAP_SYS_RESOURCE moves the floor along: after setting 500 it has to
 *       keep the capability to go below 500 again.
 * @since 0.1
 *
 * @snippet snippets.c set_oom_score_adj
 */
int oomctl_proc_set_oom_score_adj(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj);

/**
 * @brief Get the score of the process that a pidfd refers to.
 *
 * @param ctx    Context, NULL for this machine.
 * @param pidfd  From pidfd_open(), clone3() or their like.
 * @param out    Receives the score, as oomctl_proc_get_oom_score() gives it.
 * @return 0 or a code: @ref base.
 *
 * @unit Points.
 * @range As oomctl_proc_get_oom_score().
 * @source /proc/PID/oom_score; PID from `Pid:` of /proc/thread-self/fdinfo/PIDFD,
 *         Linux 5.3 and later.
 * @privilege None. On old kernels (5.10, not 6.1) the fdinfo of a caller that is not dumpable
 *            belongs to root, so that after setuid() all calls by pidfd are -EACCES.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p pidfd is not an open descriptor of the calling thread, or not a
 *                  pidfd.
 * @retval -ESRCH   The process has ended; or the pidfd is of another pid namespace, and
 *                  its process has no number in that of this /proc (`Pid: 0`).
 * @since 0.1
 *
 * @snippet snippets.c pidfd
 */
int oomctl_pidfd_get_oom_score(const struct oomctl_ctx *ctx, int pidfd, int32_t *out);

/**
 * @brief Get the adjustment of the process that a pidfd refers to.
 *
 * @param ctx    Context, NULL for this machine.
 * @param pidfd  From pidfd_open(), clone3() or their like.
 * @param out    Receives the adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX
 * @source /proc/PID/oom_score_adj; PID as for oomctl_pidfd_get_oom_score(), Linux 5.3 and
 *         later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_pidfd_get_oom_score().
 * @retval -ESRCH   As oomctl_pidfd_get_oom_score().
 * @since 0.1
 *
 * @snippet snippets.c pidfd
 */
int oomctl_pidfd_get_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd, int32_t *out);

/**
 * @brief Set the adjustment of the process that a pidfd refers to.
 *
 * @param ctx    Context, NULL for this machine.
 * @param pidfd  From pidfd_open(), clone3() or their like.
 * @param adj    New adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of RAM plus swap.
 * @range #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX; others are -EINVAL.
 * @source /proc/PID/oom_score_adj; PID as for oomctl_pidfd_get_oom_score(), Linux 5.3 and
 *         later.
 * @privilege As oomctl_proc_set_oom_score_adj().
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_pidfd_get_oom_score(), or @p adj is out of range.
 * @retval -ESRCH   As oomctl_pidfd_get_oom_score(). The process that may have got the
 *                  number since is never touched.
 * @retval -EACCES  As oomctl_proc_set_oom_score_adj().
 * @since 0.1
 *
 * @snippet snippets.c pidfd
 */
int oomctl_pidfd_set_oom_score_adj(const struct oomctl_ctx *ctx, int pidfd, int32_t adj);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
