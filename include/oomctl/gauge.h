/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_GAUGE_H
#define OOMCTL_GAUGE_H

/** @file
 *  @brief A value that is read again and again, at one system call each.
 */

#include <stdint.h>
#include <sys/types.h>

#include <oomctl/proc.h>
#include <oomctl/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup gauge Gauges
 *
 * A gauge keeps one file open. Reading it costs a sixth of what a getter costs.
 *
 * A gauge of a process stays with that process: when the process has ended and was waited
 * for, reading gives `-ESRCH`, even when its number is in use again. For the same reason a
 * gauge of the caller itself would go on naming the parent in a child after fork(): pid 0
 * is refused.
 *
 * @{
 */

/**
 * @struct oomctl_gauge
 * @brief One open file.
 *
 * Immutable once made, so that threads may share it. It is not inherited by exec().
 */
struct oomctl_gauge;

/**
 * @brief Open a gauge for a knob of the machine.
 *
 * @param ctx   Context, NULL for this machine. It may be freed before the gauge.
 * @param knob  The knob.
 * @param out   Receives the gauge; oomctl_gauge_close() releases it.
 * @return 0 or a code: @ref base.
 *
 * @source The file of the knob, opened once; Linux as for its getter.
 * @privilege None.
 * @safety Not async-signal-safe: it allocates memory.
 * @retval -EINVAL      @p knob is not one of #oomctl_vm_knob, or @p out is NULL.
 * @retval -EOPNOTSUPP  This kernel has no such file, or /proc does not show it.
 * @since 0.1
 *
 * @snippet snippets.c gauge_vm
 */
int oomctl_gauge_open_vm(const struct oomctl_ctx *ctx, enum oomctl_vm_knob knob,
			 struct oomctl_gauge **out);

/**
 * @brief Open a gauge for a value of a process.
 *
 * Whether the number still meant the right process is to be known by the caller, as with
 * oomctl_proc_get_oom_score(). From then on the gauge is bound to that process.
 *
 * @param ctx    Context, NULL for this machine. It may be freed before the gauge.
 * @param pid    Process; 0 is refused.
 * @param value  The value.
 * @param out    Receives the gauge; oomctl_gauge_close() releases it.
 * @return 0 or a code: @ref base.
 *
 * @source /proc/PID/oom_score or oom_score_adj, opened once; Linux 2.6.36 and later.
 * @privilege None.
 * @safety Not async-signal-safe: it allocates memory.
 * @retval -EINVAL  @p pid is 0 or negative, or @p value not one of #oomctl_proc_value, or
 *                  @p out is NULL.
 * @retval -ESRCH   No such process, or it is hidden.
 * @retval -EPERM   Hidden by hidepid=noaccess.
 * @note The caller's own number is taken: in a child the gauge then names the parent.
 * @since 0.1
 *
 * @snippet snippets.c gauge_proc
 */
int oomctl_gauge_open_proc(const struct oomctl_ctx *ctx, pid_t pid,
			   enum oomctl_proc_value value, struct oomctl_gauge **out);

/**
 * @brief Open a gauge for a value of the process that a pidfd refers to.
 *
 * @param ctx    Context, NULL for this machine. It may be freed before the gauge.
 * @param pidfd  From pidfd_open(), clone3() or their like. It may be closed before the
 *               gauge.
 * @param value  The value.
 * @param out    Receives the gauge; oomctl_gauge_close() releases it.
 * @return 0 or a code: @ref base.
 *
 * @source As oomctl_gauge_open_proc(); PID as for oomctl_pidfd_get_oom_score(), Linux 5.3
 *         and later.
 * @privilege None.
 * @safety Not async-signal-safe: it allocates memory.
 * @retval -EINVAL  @p pidfd is not an open descriptor of the calling thread, or not a
 *                  pidfd, or @p value not one of #oomctl_proc_value, or @p out is NULL.
 * @retval -ESRCH   As oomctl_pidfd_get_oom_score().
 * @since 0.1
 *
 * @snippet snippets.c gauge_proc
 */
int oomctl_gauge_open_pidfd(const struct oomctl_ctx *ctx, int pidfd,
			    enum oomctl_proc_value value, struct oomctl_gauge **out);

/**
 * @brief Read a gauge.
 *
 * One pread(2), no memory.
 *
 * @param gauge  The gauge.
 * @param out    Receives the value of this moment.
 * @return 0 or a code: @ref base.
 *
 * @unit That of the getter for the same value.
 * @range That of the getter for the same value, up to 2^63 - 1.
 * @source The file that was opened.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p gauge or @p out is NULL.
 * @retval -ESRCH   The process has ended and was waited for. Until then its score is 0.
 * @retval -ERANGE  A size in kB is larger than 2^63 - 1, or a value is out of its range.
 * @since 0.1
 *
 * @snippet snippets.c gauge_vm
 */
int oomctl_gauge_read(const struct oomctl_gauge *gauge, int64_t *out);

/**
 * @brief Close a gauge.
 *
 * @param gauge  The gauge; NULL is fine.
 *
 * @source None.
 * @privilege None.
 * @safety Not async-signal-safe: it frees memory.
 * @since 0.1
 *
 * @snippet snippets.c gauge_vm
 */
void oomctl_gauge_close(struct oomctl_gauge *gauge);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
