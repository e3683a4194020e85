/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_CALC_H
#define OOMCTL_CALC_H

/** @file
 *  @brief The kernel's own arithmetic, as pure functions.
 */

#include <stddef.h>
#include <stdint.h>

#include <oomctl/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup calc Arithmetic
 *
 * These calls read nothing but their arguments, so they work for any machine's figures.
 *
 * @{
 */

/**
 * @brief What the commit limit is made of.
 *
 * oomctl_meminfo_read_commit_figures() fills it from a running system.
 */
struct oomctl_commit_figures {
	uint64_t mem_total_kb;      /**< `MemTotal:` of /proc/meminfo */
	uint64_t hugetlb_kb;        /**< huge pages of all sizes: `Hugetlb:` */
	uint64_t swap_total_kb;     /**< `SwapTotal:` */
	uint64_t overcommit_kbytes; /**< in force when not 0 */
	int32_t overcommit_ratio;   /**< percent; in force when overcommit_kbytes is 0 */
	uint32_t page_size;         /**< bytes: a power of two, 1024 or more */
};

/**
 * @brief Compute the commit limit.
 *
 * The kernel calculates in pages:
 * `limit = overcommit_kbytes ? overcommit_kbytes : (RAM - huge pages) * ratio / 100`,
 * plus swap. In kB the result would differ, by less than a page. The result is the
 * kernel's own to the last digit for every ratio and every overcommit_kbytes that the
 * kernel accepts, a negative ratio and overflow included: a 64-bit kernel calculates
 * modulo 2^64. A 32-bit kernel calculates in pages modulo 2^32 and prints kB modulo 2^32;
 * its result is the same until `pages * ratio` reaches 2^32, which 4 GiB of RAM in 4 KiB
 * pages do at a ratio of 4096.
 *
 * @param in      Figures.
 * @param out_kb  Receives the limit.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes), a multiple of the page size.
 * @range 0 to 2^64 - 1
 * @source vm_commit_limit() in mm/util.c, Linux 3.14 and later; before it the same
 *         formula without overcommit_kbytes.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p in or @p out_kb is NULL, page_size is not a power of two or below
 *                  1024, or hugetlb_kb is larger than mem_total_kb.
 * @note During swapoff the kernel prints a SwapTotal that still counts pages in use on the
 *       device, and has already taken all of it from the limit: the computed limit is then
 *       too high.
 * @since 0.1
 *
 * @snippet snippets.c commit_limit
 */
int oomctl_calc_commit_limit(const struct oomctl_commit_figures *in, uint64_t *out_kb);

/**
 * @brief Compute the smallest overcommit_ratio whose commit limit is at least @p
 * limit_kb.
 *
 * overcommit_ratio and overcommit_kbytes of @p in are ignored: setting the ratio makes it
 * the one in force. A ratio whose limit would exceed 64 bits in the kernel is not
 * offered.
 *
 * @param in           Figures.
 * @param limit_kb     Wanted commit limit in kB.
 * @param out_percent  Receives the ratio.
 * @return 0 or a code: @ref base.
 *
 * @unit Percent of RAM without huge pages.
 * @range 0 to 2^31 - 1
 * @source The inverse of vm_commit_limit(), Linux 3.14 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_commit_limit().
 * @retval -ERANGE  No ratio gives that much.
 * @since 0.1
 *
 * @snippet snippets.c overcommit_ratio
 */
int oomctl_calc_overcommit_ratio(const struct oomctl_commit_figures *in,
				 uint64_t limit_kb, int32_t *out_percent);

/** @brief Bits of oomctl_grant_figures::flags. */
enum oomctl_grant_flag {
	OOMCTL_GRANT_ADMIN = 1,      /**< CAP_SYS_ADMIN in the initial user namespace: the
				       admin reserve is the caller's, too */
	OOMCTL_GRANT_BEFORE_5_2 = 2, /**< the kernel is older than Linux 5.2 */
	OOMCTL_GRANT_BEFORE_5_9 = 4  /**< the kernel is older than Linux 5.9 */
};

/**
 * @brief What decides whether a request for memory is granted.
 *
 * oomctl_predict_read_grant_figures() fills it from a running system.
 */
struct oomctl_grant_figures {
	struct oomctl_commit_figures commit; /**< RAM, swap and the commit limit */
	uint64_t committed_as_kb;            /**< `Committed_AS:` of /proc/meminfo */
	uint64_t admin_reserve_kbytes;       /**< the knob */
	uint64_t user_reserve_kbytes;        /**< the knob */
	uint64_t total_vm_pages; /**< address space of the caller: first of its statm */
	enum oomctl_overcommit overcommit_memory; /**< the knob */
	uint32_t cpus;                            /**< that are present, 1 to 65536 */
	uint32_t flags;                           /**< bits of #oomctl_grant_flag */
	uint32_t reserved;                        /**< not looked at */
};

/** @brief Whether the kernel grants a request for memory. */
enum oomctl_verdict {
	OOMCTL_VERDICT_GRANTED = 0,  /**< it does */
	OOMCTL_VERDICT_REFUSED = 1,  /**< it does not: ENOMEM */
	OOMCTL_VERDICT_UNCERTAIN = 2 /**< too close to tell, or not to be known */
};

/**
 * @brief Compute whether the kernel would grant a request for memory.
 *
 * A request is one mapping that counts: private and writable, or shared and anonymous.
 *
 * | overcommit_memory | granted |
 * |---|---|
 * | 0, since Linux 5.2 | up to all RAM and swap, however much is in use: exact |
 * | 0, before 5.2 | by what is free at that moment, which no file tells: uncertain |
 * | 1 | always |
 * | 2 | while Committed_AS with the request stays below the commit limit less the reserves |
 *
 * With 2, the kernel compares a count to which each CPU still owes less than a batch,
 * `max(2 * cpus, 32, RAM pages / cpus / 256)`: within `cpus * (batch - 1)` pages of the
 * edge the verdict is #OOMCTL_VERDICT_UNCERTAIN. For a request of two batches or more, the
 * CPU that asks owes nothing, so on one CPU such a verdict is exact since Linux 5.9.
 *
 * @param in             Figures.
 * @param request_kb     What is asked for; rounded up to pages.
 * @param out            Receives the verdict.
 * @param out_margin_kb  Receives how much more could be asked for, or, negative, how much
 *                       is missing, if the kernel's count were exact. 0 when nothing is
 *                       known.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes).
 * @range The margin saturates at the ends of its type; it is 2^63 - 1 with
 *        overcommit_memory 1.
 * @source __vm_enough_memory() in mm/util.c and vm_committed_as_batch in mm/mm_init.c,
 *         Linux 3.10 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_commit_limit(), or @p out_margin_kb is NULL, or a figure
 *                  is out of its range.
 * @note The memory is promised, not there. The limit of a cgroup, RLIMIT_AS and
 *       RLIMIT_DATA, and the number of mappings are other reasons to be refused.
 * @since 0.1
 *
 * @snippet snippets.c grant
 */
int oomctl_calc_grant(const struct oomctl_grant_figures *in, uint64_t request_kb,
		      enum oomctl_verdict *out, int64_t *out_margin_kb);

/**
 * @brief Compute how far the margin of oomctl_calc_grant() may be off.
 *
 * The verdict is #OOMCTL_VERDICT_UNCERTAIN while `-bound <= margin < bound`. The bound is
 * `cpus * (batch - 1)` pages with overcommit_memory 2, one CPU less for a request of two
 * batches or more since Linux 5.9, and 0 where nothing is left to promise; with 0 and 1 it
 * is 0.
 *
 * @param in          Figures.
 * @param request_kb  What is asked for; rounded up to pages.
 * @param out_kb      Receives the bound; 0 when the margin is exact.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes).
 * @range 0 to 2^63 - 1, which says that nothing is known.
 * @source As oomctl_calc_grant().
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_grant().
 * @since 0.1
 *
 * @snippet snippets.c grant
 */
int oomctl_calc_grant_bound(const struct oomctl_grant_figures *in, uint64_t request_kb,
			    uint64_t *out_kb);

/**
 * @brief Compute the largest request that the kernel would grant for sure.
 *
 * The inverse of oomctl_calc_grant().
 *
 * @param in      Figures.
 * @param out_kb  Receives the size of the request; 0 when none is granted for sure.
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes).
 * @range 0 to 2^63 - 1; 2^64 - 1 with overcommit_memory 1.
 * @source As oomctl_calc_grant().
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_grant().
 * @note With overcommit_memory 2 a smaller request may be uncertain nevertheless, when it
 *       is below two batches.
 * @since 0.1
 *
 * @snippet snippets.c grant
 */
int oomctl_calc_grant_max(const struct oomctl_grant_figures *in, uint64_t *out_kb);

/**
 * @brief Which kernel's formula a score comes from.
 *
 * oomctl_predict_read_score_rule() tells that of a running system. RAW is what a task
 * uses: RAM, swap and page tables. T is RAM and swap, or the limit of a cgroup. All in
 * pages, every division truncates. The constants are named after releases in which a rule
 * was found; it is in force in those that are said. Before 2.6.39 page tables did not
 * count.
 */
enum oomctl_score_rule {
	/** 2.6.36 to 3.4: badness is the score, RAW * 1000 / T [- 30] + adj, 1 to 1000 */
	OOMCTL_SCORE_RULE_2_6_36 = 1,
	/** 3.5 to 3.13: badness is RAW + (adj [- 30]) * (T / 1000), 1 or more; the score is
	    badness * 1000 / T */
	OOMCTL_SCORE_RULE_3_6 = 2,
	/** 3.14 to 4.16: RAW [- RAW * 3 / 100] + adj * (T / 1000); the rest as before */
	OOMCTL_SCORE_RULE_3_18 = 3,
	/** 4.17 to 5.8: no bonus for privileged tasks any more; the rest as before */
	OOMCTL_SCORE_RULE_4_17 = 4,
	/** 5.9 and later: badness is RAW + adj * (T / 1000), negative, too; the score is (1000 +
	    badness * 1000 / T) * 2 / 3; of equals the last is chosen, no longer the first */
	OOMCTL_SCORE_RULE_5_9 = 5
};

/** @brief Bits of oomctl_task_figures::flags. */
enum oomctl_task_flag {
	OOMCTL_TASK_UNKILLABLE = 1, /**< never chosen: a kernel thread, the init of the
				       machine, a task without memory of its own */
	OOMCTL_TASK_PRIVILEGED = 2  /**< holds CAP_SYS_ADMIN in the initial user
				       namespace: the [bonus] of rules up to
				       #OOMCTL_SCORE_RULE_3_18 */
};

/**
 * @brief What a process is weighed by.
 *
 * oomctl_predict_read_task_figures() fills it from a running system.
 */
struct oomctl_task_figures {
	uint64_t rss_pages;     /**< in RAM: file, anonymous and shared; no huge pages */
	uint64_t swap_pages;    /**< in swap */
	uint64_t pgtable_pages; /**< page tables */
	int32_t oom_score_adj;  /**< #OOMCTL_SCORE_ADJ_MIN to #OOMCTL_SCORE_ADJ_MAX */
	uint32_t flags;         /**< bits of #oomctl_task_flag */
};

/**
 * @brief Compute the badness by which the kernel compares processes.
 *
 * @param rule         The kernel's formula.
 * @param task         Figures of the process.
 * @param total_pages  RAM and swap, or the limit of the cgroup that runs out of memory.
 * @param out_pages    Receives the badness.
 * @return 0 or a code: @ref base.
 *
 * @unit Pages; points with #OOMCTL_SCORE_RULE_2_6_36.
 * @range Of a process that is never chosen (by its flag, or with oom_score_adj -1000)
 *        -2^63 with #OOMCTL_SCORE_RULE_5_9, 0 with older rules. total_pages is 1 to
 *        2^50.
 * @source oom_badness() in mm/oom_kill.c, Linux 2.6.36 and later. In 64 bits: a 32-bit
 *         kernel overflows at 8 GiB.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  @p task or the output is NULL, or the rule, the total, the adjustment
 *                  or a flag is out of range.
 * @retval -ERANGE  The process uses more than 2^50 pages.
 * @since 0.1
 *
 * @snippet snippets.c badness
 */
int oomctl_calc_badness(enum oomctl_score_rule rule,
			const struct oomctl_task_figures *task, uint64_t total_pages,
			int64_t *out_pages);

/**
 * @brief Compute the oom_score that the kernel shows.
 *
 * @param rule         The kernel's formula.
 * @param task         Figures of the process.
 * @param total_pages  RAM and swap: the score knows no cgroup.
 * @param out_score    Receives the score.
 * @return 0 or a code: @ref base.
 *
 * @unit Points, as oomctl_proc_get_oom_score().
 * @range 0 to 2^31 - 1
 * @source proc_oom_score() in fs/proc/base.c and oom_badness(), Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_badness().
 * @retval -ERANGE  As oomctl_calc_badness(), or the score is larger than 2^31 - 1.
 * @since 0.1
 *
 * @snippet snippets.c badness
 */
int oomctl_calc_oom_score(enum oomctl_score_rule rule,
			  const struct oomctl_task_figures *task, uint64_t total_pages,
			  int32_t *out_score);

/**
 * @brief Compute which process the kernel would choose.
 *
 * The one of the highest badness. Of equals the last in the list, up to Linux 5.8 the
 * first.
 *
 * @param rule              The kernel's formula.
 * @param tasks             Figures of the processes, in the order in which the kernel has
 *                          them: that of their start.
 * @param count             How many.
 * @param total_pages       RAM and swap, or the limit of the cgroup that runs out of
 *                          memory.
 * @param out_index         Receives the place of the chosen one, from 0.
 * @param out_margin_pages  Receives by how much its badness exceeds that of the next.
 * @return 0 or a code: @ref base.
 *
 * @unit Pages; points with #OOMCTL_SCORE_RULE_2_6_36.
 * @range The margin is 0 or more, 2^63 - 1 when no other can be chosen.
 * @source oom_evaluate_task() in mm/oom_kill.c, Linux 2.6.36 and later. Before 5.1 the
 *         kernel may kill a child of the chosen one instead.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_badness(); or @p tasks is NULL and @p count is not 0.
 * @retval -ERANGE  As oomctl_calc_badness().
 * @retval -ESRCH   None of them can be chosen.
 * @since 0.1
 *
 * @snippet snippets.c victim
 */
int oomctl_calc_victim(enum oomctl_score_rule rule,
		       const struct oomctl_task_figures *tasks, size_t count,
		       uint64_t total_pages, size_t *out_index,
		       int64_t *out_margin_pages);

/**
 * @brief Compute the highest oom_score_adj with which a process ranks below a badness.
 *
 * For a service that is to outlive another process. -1000 is never offered: it exempts
 * the process altogether.
 *
 * @param rule           The kernel's formula.
 * @param task           Figures of the process; its oom_score_adj is not looked at.
 * @param total_pages    RAM and swap, or the limit of a cgroup.
 * @param badness_pages  What its badness is to be less than.
 * @param out_adj        Receives the adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of @p total_pages.
 * @range -999 to 1000
 * @source The inverse of oom_badness() in mm/oom_kill.c, Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_badness().
 * @retval -ERANGE  As oomctl_calc_badness(); or no adjustment does it; or the process is
 *                  flagged as never chosen.
 * @since 0.1
 *
 * @snippet snippets.c oom_score_adj_below
 */
int oomctl_calc_oom_score_adj_below(enum oomctl_score_rule rule,
				    const struct oomctl_task_figures *task,
				    uint64_t total_pages, int64_t badness_pages,
				    int32_t *out_adj);

/**
 * @brief Compute the lowest oom_score_adj with which a process ranks above a badness.
 *
 * For a worker that is to be killed before another process.
 *
 * @param rule           The kernel's formula.
 * @param task           Figures of the process; its oom_score_adj is not looked at.
 * @param total_pages    RAM and swap, or the limit of a cgroup.
 * @param badness_pages  What its badness is to be more than.
 * @param out_adj        Receives the adjustment.
 * @return 0 or a code: @ref base.
 *
 * @unit Thousandths of @p total_pages.
 * @range -999 to 1000
 * @source As oomctl_calc_oom_score_adj_below(), Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  As oomctl_calc_badness().
 * @retval -ERANGE  As oomctl_calc_oom_score_adj_below().
 * @since 0.1
 *
 * @snippet snippets.c oom_score_adj_below
 */
int oomctl_calc_oom_score_adj_above(enum oomctl_score_rule rule,
				    const struct oomctl_task_figures *task,
				    uint64_t total_pages, int64_t badness_pages,
				    int32_t *out_adj);

/**
 * @brief Compute which badness a shown oom_score stands for.
 *
 * A score is rounded: it stands for a range. A score of 0 may also be that of a process
 * that is never chosen.
 *
 * @param rule             The kernel's formula.
 * @param oom_score        The score, 0 or more.
 * @param total_pages      RAM and swap.
 * @param out_least_pages  Receives the least badness that shows this score.
 * @param out_most_pages   Receives the most.
 * @return 0 or a code: @ref base.
 *
 * @unit Pages; points with #OOMCTL_SCORE_RULE_2_6_36.
 * @range That of a process which can be chosen: from -999 * (total_pages / 1000) on, with
 *        rules before #OOMCTL_SCORE_RULE_5_9 from 1 on.
 * @source The inverse of proc_oom_score() in fs/proc/base.c, Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  An output is NULL, or the rule, the score or the total is out of range.
 * @retval -ERANGE  No process that can be chosen shows this score.
 * @since 0.1
 *
 * @snippet snippets.c badness_of_oom_score
 */
int oomctl_calc_badness_of_oom_score(enum oomctl_score_rule rule, int32_t oom_score,
				     uint64_t total_pages, int64_t *out_least_pages,
				     int64_t *out_most_pages);

/**
 * @brief Compute how much memory a shown oom_score stands for, without the adjustment.
 *
 * @param rule             The kernel's formula.
 * @param oom_score        The score, 0 or more.
 * @param oom_score_adj    The adjustment of the process.
 * @param flags            Bits of #oomctl_task_flag.
 * @param total_pages      RAM and swap.
 * @param out_least_pages  Receives the least RAM, swap and page tables that show this
 *                         score.
 * @param out_most_pages   Receives the most.
 * @return 0 or a code: @ref base.
 *
 * @unit Pages.
 * @range 0 to 2^50, which stands for no upper end, too.
 * @source The inverse of proc_oom_score() in fs/proc/base.c, Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL  An output is NULL, or the rule, the score, the adjustment, a flag or the
 *                  total is out of range.
 * @retval -ERANGE  No such process shows this score, or it is never chosen.
 * @since 0.1
 *
 * @snippet snippets.c badness_of_oom_score
 */
int oomctl_calc_footprint_of_oom_score(enum oomctl_score_rule rule, int32_t oom_score,
				       int32_t oom_score_adj, uint32_t flags,
				       uint64_t total_pages, uint64_t *out_least_pages,
				       uint64_t *out_most_pages);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
