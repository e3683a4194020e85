/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PREDICT_H
#define OOMCTL_PREDICT_H

/** @file
 *  @brief What the kernel will say: figures of the running system, and answers from them.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <oomctl/calc.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup predict Prediction
 *
 * The calls named `read` give figures, for the arithmetic of @ref calc. The others read
 * and calculate in one call. All answer for the moment of the call: what other programs
 * do afterwards is not known. How exact they are: @ref prediction.
 *
 * Files other than those of a process: `-EOPNOTSUPP` when this kernel has no such file or
 * /proc does not show it (subset=pid), `-EBADMSG` and `-ERANGE` when it does not hold
 * what is expected.
 *
 * @{
 */

/**
 * @brief Read which formula this kernel uses for scores.
 *
 * Kernels that are patched without changing their release, as some distributions' are,
 * may differ.
 *
 * @param ctx  Context, NULL for this machine.
 * @param out  Receives the rule.
 * @return 0 or a code: @ref base.
 *
 * @unit None.
 * @range One of #oomctl_score_rule.
 * @source /proc/sys/kernel/osrelease, Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EBADMSG     The release does not begin as "6.1" or "6.1.2" does.
 * @retval -EOPNOTSUPP  The release is before 2.6.36, or there is none.
 * @since 0.1
 *
 * @snippet snippets.c read_task_figures
 */
int oomctl_predict_read_score_rule(const struct oomctl_ctx *ctx,
				   enum oomctl_score_rule *out);

/**
 * @brief Read what scores are a share of: RAM and swap.
 *
 * @param ctx        Context, NULL for this machine.
 * @param out_pages  Receives the total.
 * @return 0 or a code: @ref base.
 *
 * @unit Pages.
 * @range 1 to 2^50
 * @source `MemTotal:` and `SwapTotal:` of /proc/meminfo, Linux 2.6 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @note During swapoff SwapTotal still counts what the kernel has already taken away.
 * @since 0.1
 *
 * @snippet snippets.c read_task_figures
 */
int oomctl_predict_read_total_pages(const struct oomctl_ctx *ctx, uint64_t *out_pages);

/**
 * @brief Read what a process is weighed by.
 *
 * The RAM is the figure that the kernel's own choice uses: before Linux 7.0 that of
 * /proc/PID/stat, from then on that of /proc/PID/status. Both are the same up to 6.15.
 *
 * @param ctx   Context, NULL for this machine.
 * @param pid   Process, 0 for the caller.
 * @param out   Receives the figures.
 * @param size  `sizeof(struct oomctl_task_figures)`
 * @return 0 or a code: @ref base.
 *
 * @unit Pages; thousandths of the total for oom_score_adj.
 * @range As #oomctl_task_figures. #OOMCTL_TASK_UNKILLABLE is set for kernel threads, for
 *        the init of the machine, for a process without memory of its own, and since 5.9
 *        for every other that the kernel shows as never chosen (score 0 with an adjustment
 *        above -999).
 * @source /proc/PID/stat, status, oom_score_adj and oom_score, Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -ESRCH  No such process, or it is hidden, or it ended meanwhile.
 * @retval -EPERM  Hidden by hidepid=noaccess.
 * @note pid 1 of a container's /proc is taken for the init of the machine when it shows a
 *       score of 0: before 5.9, and with an adjustment below -998.
 * @since 0.1
 *
 * @snippet snippets.c read_task_figures
 */
int oomctl_predict_read_task_figures(const struct oomctl_ctx *ctx, pid_t pid,
				     struct oomctl_task_figures *out, size_t size);

/**
 * @brief Read what decides whether the calling process is granted memory.
 *
 * @param ctx   Context, NULL for this machine. Its /proc has to show the caller.
 * @param out   Receives the figures.
 * @param size  `sizeof(struct oomctl_grant_figures)`
 * @return 0 or a code: @ref base.
 *
 * @unit kB and pages, as #oomctl_grant_figures.
 * @range As #oomctl_grant_figures.
 * @source Those of oomctl_meminfo_read_commit_figures(); /proc/sys/vm/overcommit_memory,
 *         admin_reserve_kbytes, user_reserve_kbytes; /proc/sys/kernel/osrelease;
 *         /proc/thread-self/statm and status; /proc/self/ns/user;
 *         /sys/devices/system/cpu/present. Linux 3.10 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c grant
 */
int oomctl_predict_read_grant_figures(const struct oomctl_ctx *ctx,
				      struct oomctl_grant_figures *out, size_t size);

/**
 * @brief Tell whether the calling process would be granted memory now.
 *
 * oomctl_predict_read_grant_figures() and oomctl_calc_grant() in one.
 *
 * @param ctx            Context, NULL for this machine.
 * @param request_kb     What one mapping asks for.
 * @param out            Receives the verdict.
 * @param out_margin_kb  Receives how much more could be asked for, or, negative, how much
 *                       is missing.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes).
 * @range As oomctl_calc_grant().
 * @source As both calls, Linux 3.10 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c predict_commit
 */
int oomctl_predict_commit(const struct oomctl_ctx *ctx, uint64_t request_kb,
			  enum oomctl_verdict *out, int64_t *out_margin_kb);

/**
 * @brief Tell whether the calling process could fork() now.
 *
 * fork() promises all private writable memory of the process a second time; with
 * overcommit_memory 2 that has to fit, with 0 the largest single mapping has to. Other
 * reasons why fork() fails, such as pids.max or RLIMIT_NPROC, are not looked at.
 *
 * @param ctx            Context, NULL for this machine.
 * @param out            Receives the verdict.
 * @param out_margin_kb  Receives how much more the process could have, or, negative, how
 *                       much is missing.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes).
 * @range As oomctl_calc_grant().
 * @source As oomctl_predict_commit(), and `Size:` of the mappings of /proc/thread-self/smaps
 *         whose `VmFlags:` have "ac" without "dc": dup_mmap() in kernel/fork.c; Linux 3.10
 *         and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EOPNOTSUPP  This kernel prints no smaps, or one without `VmFlags:`.
 * @note The kernel walks the page tables to print smaps: some ms for each GiB in use.
 * @since 0.1
 *
 * @snippet snippets.c predict_fork
 */
int oomctl_predict_fork(const struct oomctl_ctx *ctx, enum oomctl_verdict *out,
			int64_t *out_margin_kb);

/**
 * @brief Tell which oom_score a process would show with another oom_score_adj.
 *
 * @param ctx        Context, NULL for this machine.
 * @param pid        Process, 0 for the caller.
 * @param adj        The adjustment to try.
 * @param out_score  Receives the score.
 * @return 0 or a code: @ref base.
 *
 * @unit Points, as oomctl_proc_get_oom_score().
 * @range 0 to 2^31 - 1
 * @source oomctl_predict_read_task_figures(), oomctl_predict_read_total_pages() and
 *         oomctl_calc_oom_score(), Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p adj is not within -1000 to 1000.
 * @retval -ESRCH   No such process, or it is hidden, or it ended meanwhile.
 * @retval -EPERM   Hidden by hidepid=noaccess.
 * @since 0.1
 *
 * @snippet snippets.c predict_oom_score
 */
int oomctl_predict_oom_score(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
			     int32_t *out_score);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
