/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_MEMINFO_H
#define OOMCTL_MEMINFO_H

/** @file
 *  @brief /proc/meminfo, and the figures of the commit limit.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oomctl_commit_figures;
struct oomctl_ctx;

/**
 * @defgroup meminfo RAM and swap
 * @{
 */

/** @brief Bits of oomctl_meminfo::present, one for each line that the kernel printed. */
enum oomctl_meminfo_line {
	OOMCTL_MEMINFO_MEM_TOTAL = 1,         /**< `MemTotal:`, always present */
	OOMCTL_MEMINFO_MEM_FREE = 2,          /**< `MemFree:` */
	OOMCTL_MEMINFO_MEM_AVAILABLE = 4,     /**< `MemAvailable:`, Linux 3.14 */
	OOMCTL_MEMINFO_SWAP_TOTAL = 8,        /**< `SwapTotal:` */
	OOMCTL_MEMINFO_SWAP_FREE = 16,        /**< `SwapFree:` */
	OOMCTL_MEMINFO_COMMIT_LIMIT = 32,     /**< `CommitLimit:` */
	OOMCTL_MEMINFO_COMMITTED_AS = 64,     /**< `Committed_AS:` */
	OOMCTL_MEMINFO_HUGEPAGES_TOTAL = 128, /**< `HugePages_Total:` */
	OOMCTL_MEMINFO_HUGEPAGESIZE = 256,    /**< `Hugepagesize:` */
	OOMCTL_MEMINFO_HUGETLB = 512          /**< `Hugetlb:`, Linux 4.16 */
};

/** @brief Figures of /proc/meminfo. A line that is absent has the value 0 and no bit. */
struct oomctl_meminfo {
	uint64_t present;      /**< bits of #oomctl_meminfo_line */
	uint64_t mem_total_kb; /**< RAM that the kernel manages, huge pages included */
	uint64_t mem_free_kb;  /**< completely unused RAM */
	uint64_t mem_available_kb; /**< the kernel's estimate of what programs could still
				      get */
	uint64_t swap_total_kb;    /**< swap space */
	uint64_t swap_free_kb;     /**< swap space in no use */
	uint64_t commit_limit_kb;  /**< the kernel's own commit limit */
	uint64_t committed_as_kb;  /**< what has been promised to programs so far */
	uint64_t hugepages_total;  /**< huge pages of the default size, as a count */
	uint64_t hugepagesize_kb;  /**< the default size */
	uint64_t hugetlb_kb;       /**< huge pages of every size */
};

/**
 * @brief Read /proc/meminfo.
 *
 * @param ctx   Context, NULL for this machine.
 * @param out   Receives the figures.
 * @param size  `sizeof(struct oomctl_meminfo)`
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes), as the kernel prints.
 * @range 0 to 2^64 - 1
 * @source /proc/meminfo: meminfo_proc_show(). One read, yet not a snapshot: the kernel
 *         gathers the lines one after another.
 * @privilege None.
 * @safety Async-signal-safe. Uses about 9 KiB of stack.
 * @retval -EOPNOTSUPP  No such file: /proc is not mounted, or mounted with subset=pid.
 * @retval -EBADMSG     As oomctl_meminfo_parse(), or longer than 8 KiB.
 * @note A container layer such as lxcfs may show a container's RAM beside the machine's
 *       commit limit. oomctl_calc_commit_limit() then differs from
 *       oomctl_meminfo::commit_limit_kb, or refuses more huge pages than RAM.
 * @since 0.1
 *
 * @snippet snippets.c meminfo
 */
int oomctl_meminfo_read(const struct oomctl_ctx *ctx, struct oomctl_meminfo *out,
			size_t size);

/**
 * @brief Read the text of a /proc/meminfo from memory.
 *
 * @param text    The text; needs no NUL at its end.
 * @param length  Its length in bytes.
 * @param out     Receives the figures.
 * @param size    `sizeof(struct oomctl_meminfo)`
 * @return 0 or a code: @ref base.
 *
 * @unit kB (1024 bytes)
 * @range 0 to 2^64 - 1
 * @source A pure function: reads nothing but @p text.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EBADMSG  No `MemTotal:`; or a known line is malformed, or is there twice.
 * @retval -ERANGE   A figure does not fit in 64 bits.
 * @since 0.1
 *
 * @snippet snippets.c meminfo_parse
 */
int oomctl_meminfo_parse(const char *text, size_t length, struct oomctl_meminfo *out,
			 size_t size);

/**
 * @brief Read all that oomctl_calc_commit_limit() needs, in one go.
 *
 * RAM, swap and huge pages come from one read of meminfo. Of overcommit_ratio and
 * overcommit_kbytes, only one can be in force, and only one is filled with other than 0:
 * a change from one to the other between the two reads is noticed, unless it happens at
 * each of three looks. Where the kernel prints no `Hugetlb:` (before Linux 4.16), the sizes
 * below /sys/kernel/mm/hugepages are summed.
 *
 * @param ctx   Context, NULL for this machine.
 * @param out   Receives the figures. The page size is the calling machine's own: set it
 *              anew when the context stands for a machine with another one.
 * @param size  `sizeof(struct oomctl_commit_figures)`
 * @return 0 or a code: @ref base.
 *
 * @unit kB, percent and bytes: see struct oomctl_commit_figures.
 * @range As oomctl_meminfo_read(), oomctl_vm_get_overcommit_ratio() and
 *        oomctl_vm_get_overcommit_kbytes().
 * @source /proc/meminfo, /proc/sys/vm/overcommit_ratio, /proc/sys/vm/overcommit_kbytes,
 *         /sys/kernel/mm/hugepages/hugepages-*kB/nr_hugepages.
 * @privilege None.
 * @safety Async-signal-safe. Uses about 10 KiB of stack.
 * @retval -EOPNOTSUPP  No /proc/meminfo, no overcommit_ratio, or a size of huge pages
 *                      without its count.
 * @since 0.1
 *
 * @snippet snippets.c commit_limit
 */
int oomctl_meminfo_read_commit_figures(const struct oomctl_ctx *ctx,
				       struct oomctl_commit_figures *out, size_t size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
