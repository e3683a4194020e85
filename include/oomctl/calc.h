/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_CALC_H
#define OOMCTL_CALC_H

/** @file
 *  @brief The kernel's own arithmetic, as pure functions.
 */

#include <stdint.h>

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
 * @note During swapoff the kernel prints a SwapTotal that still counts pages in use on
 *       the device, and has already taken all of it from the limit: the computed limit is then
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

/** @} */

#ifdef __cplusplus
}
#endif

#endif
