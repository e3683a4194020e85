/* SPDX-License-Identifier: MIT */

/*
 * Makes one call, between two system calls that nothing else makes: getppid(2).
 *
 * Usage: call NAME ROOT [FILE OLD]
 * ROOT has "proc" and "sys" of the machine; empty: this machine's own. FILE is what the
 * call sets; it is given the text OLD before. What the call gave out is printed, as bytes,
 * or what FILE holds afterwards. The exit status is the result, without its sign.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

static const struct oomctl_commit_figures in = {
	.mem_total_kb = 4029312,
	.overcommit_ratio = 50,
	.page_size = 4096,
};
static const char text[] = "MemTotal: 4029312 kB\n";
static const struct oomctl_grant_figures request = {
	.commit = { .mem_total_kb = 4029312, .page_size = 4096 },
	.cpus = 2,
};
static const struct oomctl_task_figures task = { .rss_pages = 9472 };

#define RULE OOMCTL_SCORE_RULE_5_9

enum { T = 250555, PID = 8, FIT = 2 };

static struct {
	char proc[128], sys[128];
	struct oomctl_ctx *ctx;
	struct oomctl_gauge *gauge;
	int pidfd;
} given;

/* Where processes are ranked: what it holds after a failure is not told. */
static struct oomctl_rank_entry entries[FIT];

static union {
	enum oomctl_overcommit overcommit;
	enum oomctl_panic on_oom;
	int32_t i32;
	uint64_t u64;
	struct oomctl_commit_figures figures;
	struct oomctl_ctx *ctx;
	struct oomctl_meminfo meminfo;
	enum oomctl_score_rule rule;
	struct oomctl_rank_entry entry;
	struct oomctl_task_figures task;
	struct oomctl_grant_figures request;
	int64_t i64[2];
	uint64_t range[2];
	struct {
		int64_t margin_kb;
		enum oomctl_verdict verdict;
	} grant;
	struct {
		int64_t margin_pages;
		size_t index;
	} victim;
	struct {
		size_t count;
		struct oomctl_rank_report report;
		struct oomctl_rank_entry entries[FIT];
	} rank;
	struct oomctl_gauge *gauge;
} out;

/* clang-format off */
#define KNOB(NAME, OUT, VALUE)                                                          \
	CALL(vm_get_##NAME, given.ctx, &out.OUT)                                        \
	CALL(vm_set_##NAME, given.ctx, VALUE)

#define GRANT &out.grant.verdict, &out.grant.margin_kb
#define RANK entries, FIT, sizeof(entries[0]), &out.rank.count, &out.rank.report,       \
	     sizeof(out.rank.report)

/* The values differ from those that the files hold before. */
#define CALLS                                                                           \
	CALL(calc_badness, RULE, &task, T, &out.i64[0])                                 \
	CALL(calc_badness_of_oom_score, RULE, 691, T, &out.i64[0], &out.i64[1])         \
	CALL(calc_commit_limit, &in, &out.u64)                                          \
	CALL(calc_footprint_of_oom_score, RULE, 691, 0, 0, T, &out.range[0], &out.range[1]) \
	CALL(calc_grant, &request, 4, GRANT)                                            \
	CALL(calc_grant_bound, &request, 4, &out.u64)                                   \
	CALL(calc_grant_max, &request, &out.u64)                                        \
	CALL(calc_oom_score, RULE, &task, T, &out.i32)                                  \
	CALL(calc_oom_score_adj_above, RULE, &task, T, 0, &out.i32)                     \
	CALL(calc_oom_score_adj_below, RULE, &task, T, 0, &out.i32)                     \
	CALL(calc_overcommit_ratio, &in, 2014656, &out.i32)                             \
	CALL(calc_victim, RULE, &task, 1, T, &out.victim.index, &out.victim.margin_pages) \
	VOID(ctx_free, given.ctx)                                                       \
	CALL(ctx_new, given.proc, given.sys, &out.ctx)                                  \
	VOID(gauge_close, given.gauge)                                                  \
	CALL(gauge_open_pidfd, given.ctx, given.pidfd, OOMCTL_PROC_OOM_SCORE, &out.gauge) \
	CALL(gauge_open_proc, given.ctx, PID, OOMCTL_PROC_OOM_SCORE, &out.gauge)        \
	CALL(gauge_open_vm, given.ctx, OOMCTL_VM_PANIC_TIMEOUT, &out.gauge)             \
	CALL(gauge_read, given.gauge, &out.i64[0])                                      \
	CALL(meminfo_parse, text, sizeof(text) - 1, &out.meminfo, sizeof(out.meminfo))  \
	CALL(meminfo_read, given.ctx, &out.meminfo, sizeof(out.meminfo))                \
	CALL(meminfo_read_commit_figures, given.ctx, &out.figures, sizeof(out.figures)) \
	CALL(pidfd_get_oom_score, given.ctx, given.pidfd, &out.i32)                     \
	CALL(pidfd_get_oom_score_adj, given.ctx, given.pidfd, &out.i32)                 \
	CALL(pidfd_set_oom_score_adj, given.ctx, given.pidfd, 1000)                     \
	CALL(predict_commit, given.ctx, 4, GRANT)                                       \
	CALL(predict_fork, given.ctx, GRANT)                                            \
	CALL(predict_oom_score, given.ctx, PID, 500, &out.i32)                          \
	CALL(predict_read_grant_figures, given.ctx, &out.request, sizeof(out.request))  \
	CALL(predict_read_score_rule, given.ctx, &out.rule)                             \
	CALL(predict_read_task_figures, given.ctx, PID, &out.task, sizeof(out.task))    \
	CALL(predict_read_total_pages, given.ctx, &out.u64)                             \
	CALL(proc_get_oom_score, given.ctx, 0, &out.i32)                                \
	CALL(proc_get_oom_score_adj, given.ctx, 0, &out.i32)                            \
	CALL(proc_set_oom_score_adj, given.ctx, 0, 1000)                                \
	CALL(rank_before, given.ctx, 0, RANK)                                           \
	CALL(rank_cgroup, given.ctx, "/a", RANK)                                        \
	CALL(rank_process, given.ctx, PID, &out.entry, sizeof(out.entry))               \
	CALL(rank_scores, given.ctx, RANK)                                              \
	CALL(rank_victims, given.ctx, RANK)                                             \
	VOID(strerror, -1)                                                              \
	VOID(version)                                                                   \
	KNOB(admin_reserve_kbytes, u64, 20)                                             \
	KNOB(oom_dump_tasks, i32, 20)                                                   \
	KNOB(oom_kill_allocating_task, i32, 20)                                         \
	KNOB(overcommit_kbytes, u64, 20)                                                \
	KNOB(overcommit_memory, overcommit, OOMCTL_OVERCOMMIT_NEVER)                    \
	KNOB(overcommit_ratio, i32, 20)                                                 \
	KNOB(panic_on_oom, on_oom, OOMCTL_PANIC_ALWAYS)                                 \
	KNOB(panic_timeout, i32, 20)                                                    \
	KNOB(user_reserve_kbytes, u64, 20)

#define CALL(NAME, ...) static int run_##NAME(void) { return oomctl_##NAME(__VA_ARGS__); }
#define VOID(NAME, ...) static int run_##NAME(void) { oomctl_##NAME(__VA_ARGS__); return 0; }
CALLS
#undef CALL
#undef VOID

#define CALL(NAME, ...) { #NAME, run_##NAME },
#define VOID CALL
static const struct {
	const char *name;
	int (*run)(void);
} calls[] = { CALLS };
/* clang-format on */

static int run_between_marks(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		getppid();
		int r = calls[i].run();
		getppid();
		return r;
	}
	abort();
}

static int give(const char *root)
{
	snprintf(given.proc, sizeof(given.proc), "%s/proc", root);
	snprintf(given.sys, sizeof(given.sys), "%s/sys", root);
	given.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (*root && oomctl_ctx_new(given.proc, given.sys, &given.ctx) < 0)
		return -1;
	return oomctl_gauge_open_vm(given.ctx, OOMCTL_VM_PANIC_TIMEOUT, &given.gauge);
}

/* Here and in main(), none of the system calls is of the library's kinds, but for openat(2)
 * before the call. */
static int put_old(const char *path, const char *old)
{
	int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);

	return pwrite(fd, old, strlen(old), 0) < 0 ? -1 : fd;
}

/* Makes the output one that can be compared. */
static void tidy(const char *name)
{
	if (strcmp(name, "ctx_new") == 0 || strncmp(name, "gauge_open", 10) == 0)
		out.u64 = 1; /* the address is never the same */
	if (strncmp(name, "rank_", 5) == 0 && strcmp(name, "rank_process") != 0)
		memcpy(out.rank.entries, entries, out.rank.count * sizeof(entries[0]));
}

int main(int argc, char **argv)
{
	const struct iovec all = { &out, sizeof(out) };
	int r, file = -1;

	memset(&out, '?', sizeof(out));
	if (argc < 3 || give(argv[2]) < 0)
		abort();
	if (argc > 4 && (file = put_old(argv[3], argv[4])) < 0)
		abort();

	r = run_between_marks(argv[1]);
	if (r == 0)
		tidy(argv[1]);

	if (argc > 4 && pread(file, &out, sizeof(out), 0) < 0)
		abort();
	return writev(STDOUT_FILENO, &all, 1) < 0 ? 255 : -r;
}
