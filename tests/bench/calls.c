/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

struct given given;

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
static const struct oomctl_task_figures tasks[] = {
	{ .rss_pages = 9472, .oom_score_adj = 500 },
	{ .rss_pages = 9472 },
	{ .rss_pages = 90000, .oom_score_adj = -500 },
};

#define RULE OOMCTL_SCORE_RULE_5_9

enum { T = 250555, FIT = 10 };

static struct oomctl_commit_figures figures;
static struct oomctl_grant_figures grant;
static struct oomctl_task_figures task;
static struct oomctl_rank_entry entries[FIT];
static struct oomctl_rank_report report;
static struct oomctl_adjust_entry adjusted[FIT];
static struct oomctl_adjust_report adjusted_report;
static enum oomctl_score_rule rule;
static enum oomctl_verdict verdict;
static int64_t i64, most;
static uint64_t u64_most;
static size_t count;
static struct oomctl_meminfo meminfo;
static enum oomctl_overcommit overcommit;
static enum oomctl_panic on_oom;
static int32_t i32;
static uint64_t u64;

/* Of a machine whose knobs are 1. */
static const struct oomctl_policy policy = {
	.knobs = OOMCTL_POLICY_OOM_DUMP_TASKS,
	.oom_dump_tasks = 1,
};
static const char conf[] = "vm.oom_dump_tasks = 1\n";
static char rendered[OOMCTL_DROPIN_MAX], path[400];
static struct oomctl_policy snapshot;
static struct oomctl_tune_report risks;
static struct oomctl_tune_steps steps;
static struct oomctl_why why;
static struct oomctl_probe probe;

/* A guard in another state, and whatever becomes of it. */
static struct oomctl_guard *copy(int state)
{
	static struct oomctl_guard guard;

	guard = given.guard;
	guard.state = state;
	guard.pid = getpid();
	return &guard;
}

static int begin_and_end(void)
{
	struct oomctl_guard guard;
	int r = oomctl_protect_begin(given.ctx, given.adj, OOMCTL_ADJUST_STRICT, &guard,
				     sizeof(guard));

	return r < 0 ? r : oomctl_protect_end(&guard, &i32);
}

/* clang-format off */
#define KNOB(NAME, OUT, VALUE)                                                          \
	CALL(vm_get_##NAME, given.ctx, &OUT)                                            \
	CALL(vm_set_##NAME, given.ctx, VALUE)

#define RANK entries, FIT, sizeof(entries[0]), &count, &report, sizeof(report)

#define STRICT OOMCTL_ADJUST_STRICT
#define MANY adjusted, FIT, sizeof(adjusted[0]), &count, &adjusted_report,              \
	     sizeof(adjusted_report)

#define CALLS                                                                           \
	CALL(adjust_cgroup, given.ctx, given.cgroup, given.adj, STRICT, 0, MANY)        \
	CALL(adjust_find_floor, given.ctx, &i32)                                        \
	CALL(adjust_pidfd, given.ctx, given.pidfd, given.adj, STRICT, &i32)             \
	CALL(adjust_pidfd_by, given.ctx, given.pidfd, 0, STRICT, &i32)                  \
	CALL(adjust_proc, given.ctx, given.pid, given.adj, STRICT, &i32)                \
	CALL(adjust_proc_by, given.ctx, given.pid, 0, STRICT, &i32)                     \
	CALL(adjust_tree, given.ctx, given.pid, given.adj, STRICT, MANY)                \
	CALL(calc_badness, RULE, tasks, T, &i64)                                        \
	CALL(calc_badness_of_oom_score, RULE, 691, T, &i64, &most)                      \
	CALL(calc_commit_limit, &in, &u64)                                              \
	CALL(calc_footprint_of_oom_score, RULE, 691, 0, 0, T, &u64, &u64_most)          \
	CALL(calc_grant, &request, 4, &verdict, &i64)                                   \
	CALL(calc_grant_bound, &request, 4, &u64)                                       \
	CALL(calc_grant_max, &request, &u64)                                            \
	CALL(calc_oom_score, RULE, tasks, T, &i32)                                      \
	CALL(calc_oom_score_adj_above, RULE, tasks, T, 0, &i32)                         \
	CALL(calc_oom_score_adj_below, RULE, tasks, T, 0, &i32)                         \
	CALL(calc_overcommit_ratio, &in, 2014656, &i32)                                 \
	CALL(calc_victim, RULE, tasks, 3, T, &count, &i64)                              \
	CALL(dropin_find, given.root, OOMCTL_DROPIN_SYSTEMD, OOMCTL_VM_OOM_DUMP_TASKS, &snapshot, sizeof(snapshot), path, sizeof(path)) \
	CALL(dropin_parse, conf, sizeof(conf) - 1, &snapshot, sizeof(snapshot))         \
	CALL(dropin_read, given.dropin, &snapshot, sizeof(snapshot))                    \
	CALL(dropin_render, &policy, rendered, sizeof(rendered), &count)                \
	CALL(dropin_write, given.dropin, &policy)                                       \
	CALL(gauge_read, given.gauge, &i64)                                             \
	CALL(meminfo_parse, text, sizeof(text) - 1, &meminfo, sizeof(meminfo))          \
	CALL(meminfo_read, given.ctx, &meminfo, sizeof(meminfo))                        \
	CALL(meminfo_read_commit_figures, given.ctx, &figures, sizeof(figures))         \
	CALL(pidfd_get_oom_score, given.ctx, given.pidfd, &i32)                         \
	CALL(pidfd_get_oom_score_adj, given.ctx, given.pidfd, &i32)                     \
	CALL(pidfd_set_oom_score_adj, given.ctx, given.pidfd, given.adj)                \
	CALL(predict_commit, given.ctx, 4, &verdict, &i64)                              \
	CALL(predict_fork, given.ctx, &verdict, &i64)                                   \
	CALL(predict_oom_score, given.ctx, given.pid, 500, &i32)                        \
	CALL(predict_read_grant_figures, given.ctx, &grant, sizeof(grant))              \
	CALL(predict_read_score_rule, given.ctx, &rule)                                 \
	CALL(predict_read_task_figures, given.ctx, given.pid, &task, sizeof(task))      \
	CALL(predict_read_total_pages, given.ctx, &u64)                                 \
	CALL(probe_read, given.ctx, &probe, sizeof(probe))                              \
	CALL(proc_get_oom_score, given.ctx, given.pid, &i32)                            \
	CALL(proc_get_oom_score_adj, given.ctx, given.pid, &i32)                        \
	CALL(proc_set_oom_score_adj, given.ctx, given.pid, given.adj)                   \
	CALL(protect_pause, copy(OOMCTL_GUARD_BEGUN), given.adj)                        \
	CALL(protect_reset_child, given.ctx, copy(OOMCTL_GUARD_BEGUN))                  \
	CALL(protect_resume, copy(OOMCTL_GUARD_PAUSED))                                 \
	CALL(rank_before, given.ctx, given.pid, RANK)                                   \
	CALL(rank_cgroup, given.ctx, given.cgroup, RANK)                                \
	CALL(rank_process, given.ctx, given.pid, entries, sizeof(entries[0]))           \
	CALL(rank_scores, given.ctx, RANK)                                              \
	CALL(rank_victims, given.ctx, RANK)                                             \
	TEXT(strerror, -1)                                                              \
	CALL(tune_apply, given.ctx, &policy, 0, &steps, sizeof(steps))                  \
	CALL(tune_check, given.ctx, &policy, &risks, sizeof(risks))                     \
	CALL(tune_read, given.ctx, &snapshot, sizeof(snapshot))                         \
	CALL(why_pidfd, given.ctx, given.pidfd, 1000, 0, &why, sizeof(why))             \
	CALL(why_proc, given.ctx, given.pid, 1000, 0, &why, sizeof(why))                \
	TEXT(why_sentence, OOMCTL_WHY_GONE)                                             \
	CALL(why_vm, given.ctx, OOMCTL_VM_OOM_DUMP_TASKS, 0, &why, sizeof(why))         \
	TEXT(version)                                                                   \
	KNOB(admin_reserve_kbytes, u64, 8192)                                           \
	KNOB(oom_dump_tasks, i32, 1)                                                    \
	KNOB(oom_kill_allocating_task, i32, 0)                                          \
	KNOB(overcommit_kbytes, u64, 0)                                                 \
	KNOB(overcommit_memory, overcommit, OOMCTL_OVERCOMMIT_GUESS)                    \
	KNOB(overcommit_ratio, i32, 50)                                                 \
	KNOB(panic_on_oom, on_oom, OOMCTL_PANIC_NEVER)                                  \
	KNOB(panic_timeout, i32, 0)                                                     \
	KNOB(user_reserve_kbytes, u64, 8192)

#define CALL(NAME, ...) static int run_##NAME(void) { return oomctl_##NAME(__VA_ARGS__); }
#define TEXT(NAME, ...) static int run_##NAME(void) { return !oomctl_##NAME(__VA_ARGS__); }
CALLS
#undef CALL
#undef TEXT

#define CALL(NAME, ...) { "oomctl_" #NAME, run_##NAME },
#define TEXT CALL
const struct call calls[] = {
	CALLS
	{ "oomctl_protect_begin", begin_and_end },
	{ "oomctl_protect_end", begin_and_end },
	{ NULL, NULL },
};
/* clang-format on */

const struct call *find_call(const char *name)
{
	for (const struct call *c = calls; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
