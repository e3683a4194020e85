/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_WHY_H
#define OOMCTL_WHY_H

/** @file
 *  @brief Why a setter was refused: the cause, not just the code.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <oomctl/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_ctx;

/**
 * @defgroup why Why a setter was refused
 *
 * Give the code that the setter gave, with the same arguments. The calls look around and
 * write nothing, not even zero bytes: a file is opened to be written to, since only that
 * tells what the kernel allows, and closed again.
 *
 * **Code 0** asks whether the setter would be refused now. #OOMCTL_WHY_NONE: nothing is
 * found that stands in the way. Only a write can tell what a security module says to it.
 *
 * **What is true now** counts. A cause that has gone since is not told: what is left then
 * is #OOMCTL_WHY_SECURITY_MODULE.
 *
 * **Where two stand in the way**, the one that is told is the one that remains when the
 * other is gone: #OOMCTL_WHY_READ_ONLY rather than #OOMCTL_WHY_OTHER_USER or
 * #OOMCTL_WHY_NOT_ROOT, #OOMCTL_WHY_HOST_WIDE rather than #OOMCTL_WHY_READ_ONLY.
 *
 * In a context of plain files the causes are those that the files have; which user and
 * which capabilities the caller has is read below the context, too.
 *
 * @{
 */

/** @brief Causes of a refusal. oomctl_why_sentence() tells what to do about each. */
enum oomctl_why_cause {
	/** Nothing stands in the way. */
	OOMCTL_WHY_NONE = 0,
	/** The value is below the process's floor, and the caller has no CAP_SYS_RESOURCE. */
	OOMCTL_WHY_BELOW_FLOOR = 1,
	/** The same, with CAP_SYS_RESOURCE in a child user namespace: it does not count. */
	OOMCTL_WHY_USER_NAMESPACE = 2,
	/** The process is not dumpable, so that its files belong to root: after setuid(), or
	 *  with set-user-ID or file capabilities; or its main thread has ended. */
	OOMCTL_WHY_NOT_DUMPABLE = 3,
	/** The process belongs to another user. */
	OOMCTL_WHY_OTHER_USER = 4,
	/** /proc or /proc/sys is mounted read-only. */
	OOMCTL_WHY_READ_ONLY = 5,
	/** A knob of the whole machine, and the caller is root of a child user namespace
	 *  only. */
	OOMCTL_WHY_HOST_WIDE = 6,
	/** A knob of the machine, and the caller's effective user ID is not 0. */
	OOMCTL_WHY_NOT_ROOT = 7,
	/** This /proc does not show it: hidepid, subset=pid, or another pid namespace. */
	OOMCTL_WHY_HIDDEN = 8,
	/** This kernel has no such knob. */
	OOMCTL_WHY_NO_KNOB = 9,
	/** The process has ended, or never was. */
	OOMCTL_WHY_GONE = 10,
	/** The value is out of range, or this kernel takes less. */
	OOMCTL_WHY_BAD_VALUE = 11,
	/** Nothing is mounted there, or something that is no /proc. */
	OOMCTL_WHY_NOT_PROC = 12,
	/** `-EACCES` or `-EPERM` that is none of the others: a security module, a seccomp
	 *  filter, a BPF program. */
	OOMCTL_WHY_SECURITY_MODULE = 13,
	/** Another code that is none of the others. */
	OOMCTL_WHY_OTHER = 14
};

/** @brief Bits of oomctl_why::flags. */
enum oomctl_why_flag {
	/** Possible, but not for sure: the floor is known only by trying; or the process may
	 *  be gone instead of hidden. */
	OOMCTL_WHY_MAYBE = 1
};

/** @brief What stands in the way. */
struct oomctl_why {
	/** The cause. */
	enum oomctl_why_cause cause;
	/** Bits of #oomctl_why_flag. */
	uint32_t flags;
	/** The capability that would help, such as "CAP_SYS_RESOURCE"; "" when none would. */
	char capability[24];
	/** The setter's file, such as "/proc/1234/oom_score_adj"; the kernel's own name, also
	 *  in a context. "" when the process of a pidfd has no number in this /proc. */
	char path[40];
};

/**
 * @brief Find out why a knob of the machine was not set.
 *
 * @param ctx   Context, NULL for this machine.
 * @param knob  Whose oomctl_vm_set_ call it was.
 * @param code  What that call gave; 0 to ask beforehand.
 * @param out   Receives the cause.
 * @param size  `sizeof(struct oomctl_why)`
 * @return 0 or a code: @ref base.
 *
 * @range #OOMCTL_WHY_NONE, READ_ONLY, HOST_WIDE, NOT_ROOT, HIDDEN, NO_KNOB, BAD_VALUE,
 *        NOT_PROC, SECURITY_MODULE, OTHER
 * @source The knob's file, opened and not written to; its owner, its mount, the effective
 *         user ID. The kernel's own question is test_perm() of fs/proc/proc_sysctl.c:
 *         whether that is user ID 0 of the initial user namespace. Capabilities are not
 *         asked for.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p knob is none, @p code is positive, @p out is NULL, or @p size is 0.
 * @retval -EMFILE  The machine could not be looked at; likewise `-ENFILE`, `-ENOMEM` and
 *                  `-EIO`.
 * @since 0.1
 *
 * @snippet snippets.c why_vm
 */
int oomctl_why_vm(const struct oomctl_ctx *ctx, enum oomctl_vm_knob knob, int code,
		  struct oomctl_why *out, size_t size);

/**
 * @brief Find out why oomctl_proc_set_oom_score_adj() was refused.
 *
 * @param ctx   Context, NULL for this machine.
 * @param pid   Process, 0 for the caller.
 * @param adj   The adjustment; any is taken, since the setter may have refused it.
 * @param code  What that call gave; 0 to ask beforehand.
 * @param out   Receives the cause.
 * @param size  `sizeof(struct oomctl_why)`
 * @return 0 or a code: @ref base.
 *
 * @range All causes but #OOMCTL_WHY_HOST_WIDE, NOT_ROOT and NO_KNOB.
 * @source /proc/PID/oom_score_adj, opened, read and not written to; its owner, its mount;
 *         /proc/PID/status, /proc/self; the caller's status, user namespace, effective user
 *         ID, and whether it is dumpable. The kernel's own question is __set_oom_adj().
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p pid is negative, @p code is positive, @p out is NULL, or @p size is
 *                  0.
 * @retval -EMFILE  The process could not be looked at; likewise other codes, such as
 *                  `-ESRCH` when it ends meanwhile.
 * @note The floor cannot be read. A value that is not below the present one is not below
 *       the floor either, unless somebody has lowered that by the old oom_adj; one that is,
 *       may be. After a refusal that is certain.
 * @note Where @p ctx is NULL, a process that /proc does not show is told from one that has
 *       ended by kill() with signal 0. A context may be of another pid namespace: there a
 *       process is gone when pid 1 is shown, and hidden, maybe, when it is not.
 * @since 0.1
 *
 * @snippet snippets.c why_proc
 */
int oomctl_why_proc(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj, int code,
		    struct oomctl_why *out, size_t size);

/**
 * @brief Find out why oomctl_pidfd_set_oom_score_adj() was refused.
 *
 * @param ctx    Context, NULL for this machine.
 * @param pidfd  From pidfd_open(), clone3() or their like.
 * @param adj    The adjustment; any is taken, since the setter may have refused it.
 * @param code   What that call gave; 0 to ask beforehand.
 * @param out    Receives the cause.
 * @param size   `sizeof(struct oomctl_why)`
 * @return 0 or a code: @ref base.
 *
 * @range As oomctl_why_proc().
 * @source As oomctl_why_proc(), Linux 5.3 and later. Whether the process has ended is asked
 *         of the pidfd, so that it is certain.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p pidfd is not an open descriptor of the calling thread, or not a
 *                  pidfd; or as oomctl_why_proc().
 * @retval -EMFILE  As oomctl_why_proc().
 * @since 0.1
 *
 * @snippet snippets.c why_pidfd
 */
int oomctl_why_pidfd(const struct oomctl_ctx *ctx, int pidfd, int32_t adj, int code,
		     struct oomctl_why *out, size_t size);

/**
 * @brief Say what a cause is, and what to do about it.
 *
 * @param cause  A cause.
 * @return A static English sentence, never NULL. A number that is no cause has one, too.
 *
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c why_proc
 */
const char *oomctl_why_sentence(enum oomctl_why_cause cause);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
