/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_RANK_H
#define OOMCTL_RANK_H

/** @file
 *  @brief Who is killed next: processes in the order in which the kernel would choose.
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
 * @defgroup rank Ranking
 *
 * Each call walks /proc, reads one file of each process, and fills the caller's array: the
 * first is the one that is killed first. Processes come and go meanwhile; those that end
 * are left out. All that an entry tells is of one process, also when a number is in use
 * again at once; but for oomctl_rank_scores().
 *
 * | call | order | reads |
 * |---|---|---|
 * | oomctl_rank_victims() | the kernel's, to the page | details of those in the array; of all that share the last score, too, when they do not all fit |
 * | oomctl_rank_scores() | by oom_score, then by pid | oom_score_adj of those in the array |
 * | oomctl_rank_before() | as victims, ahead of one process | as victims; details of all that share its score |
 * | oomctl_rank_cgroup() | as victims, inside one cgroup | details of all in it |
 *
 * An array of any size will do: it receives as many as fit. It is the call's work space,
 * so its content is unspecified behind @p out_count, and altogether when the call fails.
 *
 * What is said here of equals and rules: oomctl_calc_victim(). Of equals the kernel takes
 * the last or the first of its list, which is in the order of fork(); the calls go by
 * start time, then by pid.
 *
 * oomctl_rank_process() tells the same of a single process.
 *
 * Errors of the four: `-EINVAL` for a NULL output, a capacity of 0, or an entry_size that
 * is smaller than the structure was in its first release or no multiple of 8; `-EBADMSG`
 * and `-ERANGE` for files that do not hold what is expected.
 *
 * @{
 */

/** @brief Bits of oomctl_rank_entry::flags. */
enum oomctl_rank_entry_flag {
	OOMCTL_RANK_DETAILED = 1 /**< all members are filled */
};

/** @brief A process. Without #OOMCTL_RANK_DETAILED all but those marked * are 0. */
struct oomctl_rank_entry {
	int64_t badness_pages;           /**< what the kernel compares */
	struct oomctl_task_figures task; /**< what it is made of; its oom_score_adj: * */
	uint64_t start_ticks; /**< when it began, in clock ticks since boot: with the pid
				 it names a process for good */
	pid_t pid;            /**< * in the pid namespace of the context's /proc */
	int32_t oom_score;    /**< * as /proc shows it */
	uint32_t uid;         /**< real user id */
	uint32_t flags;       /**< * bits of #oomctl_rank_entry_flag */
	char comm[16];        /**< name, cut to 15 bytes; it may hold any byte but 0 */
};

/** @brief Bits of oomctl_rank_report::flags. */
enum oomctl_rank_report_flag {
	OOMCTL_RANK_HIDDEN = 1, /**< /proc does not list pid 1: others are hidden, too
				    (hidepid=invisible) */
	OOMCTL_RANK_NO_TOTAL =
	    2 /**< /proc does not tell RAM or release (subset=pid): there
				    is no badness, and the order is that of the scores */
};

/** @brief What a ranking is of. */
struct oomctl_rank_report {
	uint64_t
	    total_pages;    /**< what badness is a share of: RAM and swap, or the limit of
				 the cgroup; 0 when not read */
	uint64_t processes; /**< that were looked at, kernel threads included */
	uint64_t unread; /**< that are listed, but may not be read (hidepid=noaccess) */
	uint64_t ahead;  /**< of oomctl_rank_before(): all that die first, also those that
			   did not fit */
	enum oomctl_score_rule rule; /**< of this kernel; 0 when not read */
	uint32_t flags;              /**< bits of #oomctl_rank_report_flag */
};

/**
 * @brief Rank the processes that the kernel would kill first, with all details.
 *
 * @param ctx          Context, NULL for this machine.
 * @param out          Receives the processes.
 * @param capacity     How many fit.
 * @param entry_size   `sizeof(struct oomctl_rank_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what the ranking is of.
 * @param report_size  `sizeof(struct oomctl_rank_report)`
 * @return 0 or a code: @ref base.
 *
 * @unit Pages and points.
 * @range Processes that are never chosen are left out.
 * @source /proc/PID/oom_score of all; oom_score_adj, stat and status of some; as
 *         oomctl_predict_read_task_figures(), Linux 2.6.36 and later.
 * @privilege None; where hidepid is in force, to see the others.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c rank_victims
 */
int oomctl_rank_victims(const struct oomctl_ctx *ctx, struct oomctl_rank_entry *out,
			size_t capacity, size_t entry_size, size_t *out_count,
			struct oomctl_rank_report *out_report, size_t report_size);

/**
 * @brief Rank all processes by oom_score, with oom_score_adj and no other details.
 *
 * The cheap way: for all processes, or for a look every second. The adjustment is read
 * after all scores, by number: it is another process's when the number is in use again by
 * then.
 *
 * @param ctx          Context, NULL for this machine.
 * @param out          Receives the processes.
 * @param capacity     How many fit.
 * @param entry_size   `sizeof(struct oomctl_rank_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what the ranking is of; without total_pages and rule.
 * @param report_size  `sizeof(struct oomctl_rank_report)`
 * @return 0 or a code: @ref base.
 *
 * @unit Points.
 * @range Processes that are never chosen come last, with a score of 0.
 * @source /proc/PID/oom_score of all, oom_score_adj of those in the array, Linux 2.6.36 and
 *         later.
 * @privilege None; where hidepid is in force, to see the others.
 * @safety Async-signal-safe.
 * @since 0.1
 *
 * @snippet snippets.c rank_scores
 */
int oomctl_rank_scores(const struct oomctl_ctx *ctx, struct oomctl_rank_entry *out,
		       size_t capacity, size_t entry_size, size_t *out_count,
		       struct oomctl_rank_report *out_report, size_t report_size);

/**
 * @brief Read all that a ranking tells of one process.
 *
 * Also of one that is never chosen, which the rankings leave out.
 *
 * @param ctx   Context, NULL for this machine.
 * @param pid   Process, 0 for the caller.
 * @param out   Receives the process.
 * @param size  `sizeof(struct oomctl_rank_entry)`
 * @return 0 or a code: @ref base.
 *
 * @unit Pages and points.
 * @range As oomctl_calc_badness() and oomctl_proc_get_oom_score().
 * @source As oomctl_predict_read_task_figures() and oomctl_predict_read_total_pages(),
 *         Linux 2.6.36 and later.
 * @privilege None.
 * @safety Async-signal-safe.
 * @retval -EINVAL      @p pid is negative, @p out is NULL, or @p size is 0.
 * @retval -ESRCH       No such process, or it is hidden, or it ended meanwhile.
 * @retval -EPERM       Hidden by hidepid=noaccess.
 * @retval -EOPNOTSUPP  /proc does not tell RAM or release (subset=pid).
 * @since 0.1
 *
 * @snippet snippets.c rank_process
 */
int oomctl_rank_process(const struct oomctl_ctx *ctx, pid_t pid,
			struct oomctl_rank_entry *out, size_t size);

/**
 * @brief Rank the processes that the kernel would kill before a given one.
 *
 * oomctl_rank_report::ahead is how many they are: 0 says that it is the next victim, as far
 * as /proc shows all others (oomctl_rank_report::unread, #OOMCTL_RANK_HIDDEN).
 *
 * @param ctx          Context, NULL for this machine.
 * @param pid          Process, 0 for the caller.
 * @param out          Receives the processes.
 * @param capacity     How many fit.
 * @param entry_size   `sizeof(struct oomctl_rank_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what the ranking is of.
 * @param report_size  `sizeof(struct oomctl_rank_report)`
 * @return 0 or a code: @ref base.
 *
 * @unit Pages and points.
 * @range Of a process that is never chosen, all that are chosen are ahead.
 * @source As oomctl_rank_victims(), Linux 2.6.36 and later.
 * @privilege None; where hidepid is in force, to see the others.
 * @safety Async-signal-safe.
 * @retval -ESRCH  No such process, or it is hidden, or it ended meanwhile.
 * @retval -EPERM  Hidden by hidepid=noaccess.
 * @since 0.1
 *
 * @snippet snippets.c rank_before
 */
int oomctl_rank_before(const struct oomctl_ctx *ctx, pid_t pid,
		       struct oomctl_rank_entry *out, size_t capacity, size_t entry_size,
		       size_t *out_count, struct oomctl_rank_report *out_report,
		       size_t report_size);

/**
 * @brief Rank the processes that the kernel would kill first when a cgroup reaches its
 * limit.
 *
 * They are those of the cgroup and of all below it, and their adjustment counts in
 * thousandths of its limit, so that the order may be another than that of the scores, which
 * are always of the machine. With memory.oom.group the first of them takes the others
 * along.
 *
 * @param ctx          Context, NULL for this machine.
 * @param cgroup       Path as in /proc/PID/cgroup: "/system.slice/nginx.service". The first
 *                     version is asked for the memory controller.
 * @param out          Receives the processes.
 * @param capacity     How many fit.
 * @param entry_size   `sizeof(struct oomctl_rank_entry)`
 * @param out_count    Receives how many there are in the array.
 * @param out_report   Receives what the ranking is of.
 * @param report_size  `sizeof(struct oomctl_rank_report)`
 * @return 0 or a code: @ref base.
 *
 * @unit Pages and points.
 * @range Processes that are never chosen are left out.
 * @source As oomctl_rank_victims(), and /proc/PID/cgroup; memory.max, memory.swap.max and
 *         vm.swappiness; of the first version memory.limit_in_bytes,
 *         memory.memsw.limit_in_bytes and memory.swappiness: mem_cgroup_get_max() in
 *         mm/memcontrol.c, Linux 2.6.36 and later. Below fs/cgroup or fs/cgroup/memory of
 *         the context's /sys.
 * @privilege None; where hidepid is in force, to see the others.
 * @safety Async-signal-safe.
 * @retval -EINVAL      The path is NULL, or longer than 1000 bytes, or does not begin with
 *                      "/", or ends with one but for "/" itself.
 * @retval -EOPNOTSUPP  No such cgroup, or it has no memory controller, as a root has none.
 * @retval -ERANGE      It has no limit: it runs out of memory with an ancestor, or with
 *                      the machine.
 * @since 0.1
 *
 * @snippet snippets.c rank_cgroup
 */
int oomctl_rank_cgroup(const struct oomctl_ctx *ctx, const char *cgroup,
		       struct oomctl_rank_entry *out, size_t capacity, size_t entry_size,
		       size_t *out_count, struct oomctl_rank_report *out_report,
		       size_t report_size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
