/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TUNE_H
#define OOMCTL_TUNE_H

/** @file
 *  @brief A machine's policy as one value: look, check, apply, undo.
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
 * @defgroup tune The machine's policy
 *
 * The knobs of @ref vm together: look at all of them, see beforehand what others would
 * do, and set them in an order that is safe at each step, or not at all. When to use it,
 * and what a crash in between leaves: @ref tuning.
 *
 * **Naming.** oomctl_policy::knobs says which knobs a policy is about; the others are left
 * alone.
 *
 * **Ratio and kbytes.** One of the two is in force, and the other is 0: a write to one
 * zeroes the other. So overcommit_ratio is as wanted when it has the value and
 * overcommit_kbytes is 0, and the other way round; both are 0 where swap alone makes the
 * limit. A policy names the one that is to be in force. When it names both, one that is 0
 * means nothing beside the other, and both other than 0 are a state that no kernel has.
 *
 * **Undoing.** What oomctl_tune_read() gives is a policy like any other: to go back to it is
 * oomctl_tune_apply() with #OOMCTL_TUNE_ACCEPT_RISKS. It comes back exactly, with
 * a negative ratio and with two zeros as well.
 *
 * **Others.** Nothing locks the knobs: kubelet, tuned and systemd-sysctl may write them at
 * any time, also in the middle of a call. oomctl_tune_report::drift is how to notice.
 *
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

/**
 * @brief Bits of oomctl_tune_report::risks.
 *
 * A risk counts when it would be there with the policy in force and the policy changes a
 * knob that it hangs on: overcommit_memory, overcommit_ratio and overcommit_kbytes, and
 * admin_reserve_kbytes for #OOMCTL_TUNE_RISK_RESERVED; or panic_on_oom and panic_timeout. What is in force already, and is left alone, does not.
 */
enum oomctl_tune_risk {
	/** #OOMCTL_OVERCOMMIT_NEVER, and as much is promised as the limit will be, or more:
	    not even fork() succeeds. */
	OOMCTL_TUNE_RISK_NO_HEADROOM = 1,
	/** #OOMCTL_OVERCOMMIT_NEVER, and swap alone makes the limit: ratio and kbytes are
	    both 0. */
	OOMCTL_TUNE_RISK_SWAP_ONLY = 2,
	/** overcommit_ratio is below 0: the limit is practically infinite. */
	OOMCTL_TUNE_RISK_NEGATIVE_RATIO = 4,
	/** panic_on_oom without panic_timeout: after a panic the machine stays down. */
	OOMCTL_TUNE_RISK_STAYS_DOWN = 8,
	/** overcommit_memory becomes #OOMCTL_OVERCOMMIT_NEVER while a container runtime
	    runs: containers count on more memory than there is, and kubelet sets the knob
	    back. */
	OOMCTL_TUNE_RISK_CONTAINERS = 16,
	/** overcommit_memory becomes #OOMCTL_OVERCOMMIT_NEVER while a process has more
	    address space than the limit will be, as those of Go, Java and sanitizers
	    have: it may not start again. */
	OOMCTL_TUNE_RISK_ADDRESS_SPACE = 32,
	/** #OOMCTL_OVERCOMMIT_NEVER, and all that is left is withheld by admin_reserve_kbytes:
	    only with CAP_SYS_ADMIN, fork() succeeds. */
	OOMCTL_TUNE_RISK_RESERVED = 128,
	/** Both are asked for, and neither is 0: a state that does not exist. */
	OOMCTL_TUNE_RISK_RATIO_AND_KBYTES = 64
};

/**
 * @brief What a policy would do to the machine as it is now.
 *
 * Processes are looked at only where overcommit_memory becomes #OOMCTL_OVERCOMMIT_NEVER.
 */
struct oomctl_tune_report {
	/** What the commit limit would be; UINT64_MAX for any from 2^64 on, which
	    /proc/meminfo shows modulo 2^64. */
	uint64_t commit_limit_kb;
	uint64_t committed_as_kb; /**< what is promised to programs now */
	/** The limit less what is promised, up to 2^63 - 1. Ordinary programs cannot have
	    all of it: #OOMCTL_OVERCOMMIT_NEVER withholds admin_reserve_kbytes and a part
	    of user_reserve_kbytes, which oomctl_calc_grant() takes off to the page. */
	int64_t headroom_kb;
	uint64_t largest_kb; /**< address space of the process that has most, or 0 */
	pid_t largest_pid;   /**< that process, or 0 */
	pid_t container_pid; /**< a container runtime, or 0 */
	/** Bits of #oomctl_policy_knob: named in the policy, and not so on the machine, or
	    not there at all. */
	uint32_t drift;
	uint32_t risks; /**< bits of #oomctl_tune_risk */
};

/** @brief Flags of oomctl_tune_apply(). */
enum oomctl_tune_flag {
	OOMCTL_TUNE_ACCEPT_RISKS = 1 /**< whatever risks there are */
};

/** @brief What oomctl_tune_apply() did. */
struct oomctl_tune_steps {
	/** Bits of #oomctl_policy_knob: written, and in force; 0 when the call failed. */
	uint32_t changed;
	/** The knob that failed, as an #oomctl_vm_knob; 0 for none. */
	uint32_t failed_knob;
	/** Bits of #oomctl_policy_knob: written, and then not put back. */
	uint32_t failed_rollback;
	uint32_t risks; /**< bits of #oomctl_tune_risk */
};

/**
 * @brief Read all knobs that this kernel has.
 *
 * Of overcommit_ratio and overcommit_kbytes only the one in force is named:
 * overcommit_kbytes when it is not 0, and overcommit_ratio otherwise. A change from one to
 * the other between the two reads is noticed, as oomctl_meminfo_read_commit_figures() does.
 *
 * @param ctx   Context, NULL for this machine.
 * @param out   Receives the knobs.
 * @param size  `sizeof(struct oomctl_policy)`
 * @return 0 or a code: @ref base.
 *
 * @unit Those of the getters: @ref vm.
 * @range Those of the getters.
 * @source The files of @ref vm, Linux 2.6 and later. A knob that this kernel does not have is
 *         not named.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EOPNOTSUPP  There is none of them: /proc is not mounted, or mounted with
 *                      subset=pid.
 * @note Each file is read for itself: what somebody else writes meanwhile is seen in part.
 * @since 0.1
 *
 * @snippet snippets.c tune_read
 */
int oomctl_tune_read(const struct oomctl_ctx *ctx, struct oomctl_policy *out,
		     size_t size);

/**
 * @brief See what a policy would do, and how the machine differs from it.
 *
 * Nothing is written. oomctl_tune_report::drift is 0 when the machine is as wanted.
 *
 * @param ctx     Context, NULL for this machine.
 * @param wanted  The policy.
 * @param out     Receives the report.
 * @param size    `sizeof(struct oomctl_tune_report)`
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range A negative ratio is taken, since a policy that was read may have one; but it is a
 *        risk.
 * @source oomctl_calc_commit_limit() of what oomctl_meminfo_read_commit_figures() reads, and of
 *         the policy; `Committed_AS:` of /proc/meminfo; stat of all processes, only where
 *         the policy becomes #OOMCTL_OVERCOMMIT_NEVER. Linux 2.6 and later.
 * @privilege None; where hidepid is in force, to see the others.
 * @safety Async-signal-safe.
 * @retval -EINVAL      @p wanted or @p out is NULL, or @p size is 0; the policy names nothing,
 *                      or an unknown knob; a value is out of its range; reserved is not 0.
 * @retval -EOPNOTSUPP  No meminfo, or no overcommit_ratio.
 * @retval -EBADMSG     No `Committed_AS:`, or a file is not of its form.
 * @note A process that starts after the look is not seen.
 * @since 0.1
 *
 * @snippet snippets.c tune_check
 */
int oomctl_tune_check(const struct oomctl_ctx *ctx, const struct oomctl_policy *wanted,
		      struct oomctl_tune_report *out, size_t size);

/**
 * @brief Bring a policy into force, or leave all as it was.
 *
 * Looks as oomctl_tune_check() does. Then only what differs is written: first what
 * gives programs more, and last what gives them less, so that no step is more dangerous than
 * the states before and after. Each value is read back. When a step fails, what was
 * written before is put back, the last first.
 *
 * @param ctx     Context, NULL for this machine.
 * @param wanted  The policy.
 * @param flags   0, or #OOMCTL_TUNE_ACCEPT_RISKS.
 * @param out     Receives what was done. Unlike other outputs it is filled on failure, too, but
 *                for -EINVAL of what was passed.
 * @param size    `sizeof(struct oomctl_tune_steps)`
 * @return 0 or a code: @ref base. When a step failed, the code of the first that did.
 *
 * @unit Those of the setters: @ref vm.
 * @range As oomctl_tune_check().
 * @source The files of @ref vm, Linux 2.6 and later.
 * @privilege Root of the initial user namespace. Where nothing differs, nothing is
 *            written, and none is needed.
 * @safety Async-signal-safe. Since Linux 5.9, a change to #OOMCTL_OVERCOMMIT_NEVER waits for
 *         every CPU.
 * @retval -EINVAL      As oomctl_tune_check(); an unknown flag; or
 *                      #OOMCTL_TUNE_RISK_RATIO_AND_KBYTES, accepted or not. Of a step
 *                      (oomctl_tune_steps::failed_knob): the kernel refused the value.
 * @retval -EBUSY       oomctl_tune_steps::risks were not accepted; nothing was written.
 * @retval -EOPNOTSUPP  As oomctl_tune_check(); or this kernel has no such knob as
 *                      oomctl_tune_steps::failed_knob. Nothing was written; or, where
 *                      that is overcommit_kbytes (before Linux 3.14), it was put back.
 * @retval -EIO         As @ref base; or a knob does not read back as it was written.
 * @note After SIGKILL or a crash in the middle, apply the policy again, or the one that was
 *       read before: whatever is right already is not written.
 * @since 0.1
 *
 * @snippet snippets.c tune_apply
 */
int oomctl_tune_apply(const struct oomctl_ctx *ctx, const struct oomctl_policy *wanted,
		      uint32_t flags, struct oomctl_tune_steps *out, size_t size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
