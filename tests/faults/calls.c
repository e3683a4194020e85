/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct oomctl_commit_figures in = {
	.mem_total_kb = 4029312,
	.overcommit_ratio = 50,
	.page_size = 4096,
};
static const char conf[] = "vm.oom_dump_tasks = 20\nkernel.panic = 20\n";
static const char text[] = "MemTotal: 4029312 kB\n";
static const struct oomctl_grant_figures request = {
	.commit = { .mem_total_kb = 4029312, .page_size = 4096 },
	.cpus = 2,
};
static const struct oomctl_task_figures task = { .rss_pages = 9472 };

static const struct oomctl_policy policy = {
	.knobs = OOMCTL_POLICY_PANIC_TIMEOUT,
	.panic_timeout = 20,
};

#define RULE OOMCTL_SCORE_RULE_5_9

enum { T = 250555, PID = 8 };

struct given given;

/* Where processes are ranked: what it holds after a failure is not told. */
static struct oomctl_rank_entry entries[FIT];
static struct oomctl_adjust_entry adjusted[FIT];

union out out;

/* clang-format off */
#define KNOB(NAME, OUT, VALUE)                                                          \
	CALL(vm_get_##NAME, given.ctx, &out.OUT)                                        \
	CALL(vm_set_##NAME, given.ctx, VALUE)

#define GRANT &out.grant.verdict, &out.grant.margin_kb
#define RANK entries, FIT, sizeof(entries[0]), &out.rank.count, &out.rank.report,       \
	     sizeof(out.rank.report)

#define STRICT OOMCTL_ADJUST_STRICT
#define MANY adjusted, FIT, sizeof(adjusted[0]), &out.many.count, &out.many.report,     \
	     sizeof(out.many.report)

/* The values differ from those that the files hold before. */
#define CALLS                                                                           \
	CALL(adjust_cgroup, given.ctx, "/a", 1000, STRICT, OOMCTL_ADJUST_FREEZE, MANY)  \
	CALL(adjust_find_floor, given.ctx, &out.i32)                                    \
	CALL(adjust_pidfd, given.ctx, given.pidfd, 1000, STRICT, &out.i32)              \
	CALL(adjust_pidfd_by, given.ctx, given.pidfd, 1, STRICT, &out.i32)              \
	CALL(adjust_proc, given.ctx, 0, 1000, STRICT, &out.i32)                         \
	CALL(adjust_proc_by, given.ctx, 0, 1, STRICT, &out.i32)                         \
	CALL(adjust_tree, given.ctx, PID, 1000, STRICT, MANY)                           \
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
	CALL(dropin_find, given.root, OOMCTL_DROPIN_SYSTEMD, OOMCTL_VM_PANIC_TIMEOUT, &out.dropin.policy, sizeof(out.dropin.policy), out.dropin.path, sizeof(out.dropin.path)) \
	CALL(dropin_parse, conf, sizeof(conf) - 1, &out.dropin.policy, sizeof(out.dropin.policy)) \
	CALL(dropin_read, given.dropin, &out.dropin.policy, sizeof(out.dropin.policy))  \
	CALL(dropin_render, &policy, out.text.text, sizeof(out.text.text), &out.text.length) \
	CALL(dropin_write, given.dropin, &policy)                                       \
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
	CALL(probe_read, given.ctx, &out.probe, sizeof(out.probe))                      \
	CALL(proc_get_oom_score, given.ctx, 0, &out.i32)                                \
	CALL(proc_get_oom_score_adj, given.ctx, 0, &out.i32)                            \
	CALL(proc_set_oom_score_adj, given.ctx, 0, 1000)                                \
	CALL(protect_begin, given.ctx, 1000, STRICT, &out.guard, sizeof(out.guard))     \
	CALL(protect_end, &given.guard, &out.i32)                                       \
	CALL(protect_pause, &given.guard, 1000)                                         \
	CALL(protect_reset_child, given.ctx, &given.guard)                              \
	CALL(protect_resume, &given.paused)                                             \
	CALL(rank_before, given.ctx, 0, RANK)                                           \
	CALL(rank_cgroup, given.ctx, "/a", RANK)                                        \
	CALL(rank_process, given.ctx, PID, &out.entry, sizeof(out.entry))               \
	CALL(rank_scores, given.ctx, RANK)                                              \
	CALL(rank_victims, given.ctx, RANK)                                             \
	VOID(strerror, -1)                                                              \
	CALL(tune_apply, given.ctx, &policy, 0, &out.steps, sizeof(out.steps))          \
	CALL(tune_check, given.ctx, &policy, &out.report, sizeof(out.report))           \
	CALL(tune_read, given.ctx, &out.dropin.policy, sizeof(out.dropin.policy))       \
	VOID(version)                                                                   \
	CALL(why_pidfd, given.ctx, given.pidfd, 1000, 0, &out.why, sizeof(out.why))     \
	CALL(why_proc, given.ctx, PID, 1000, 0, &out.why, sizeof(out.why))              \
	VOID(why_sentence, OOMCTL_WHY_GONE)                                             \
	CALL(why_vm, given.ctx, OOMCTL_VM_PANIC_TIMEOUT, 0, &out.why, sizeof(out.why))  \
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
const struct call calls[] = { CALLS { NULL, NULL } };
/* clang-format on */

/* Of this machine, the file that is set; of another, one that no fault is about. */
static int open_guarded(const char *root)
{
	char adj[] = "1000\n";
	int fd = *root ? memfd_create("guarded", MFD_CLOEXEC)
		       : open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	return *root && pwritev(fd, &(struct iovec){ adj, 5 }, 1, 0) != 5 ? -1 : fd;
}

/* As it is in force; as if it had been 1000 before. */
static void give_guards(const char *root)
{
	struct stat st = { 0 };

	given.guard = (struct oomctl_guard){
		.saved_adj = 1000,
		.adj = *root ? 1000 : 999,
		.state = OOMCTL_GUARD_BEGUN,
		.fd = open_guarded(root),
		.pid = getpid(),
	};
	fstat(given.guard.fd, &st);
	given.guard.device = st.st_dev;
	given.guard.inode = st.st_ino;
	given.paused = given.guard;
	given.paused.state = OOMCTL_GUARD_PAUSED;
	given.paused.paused_adj = given.guard.adj;
	given.paused.resume_adj = 1000;
}

int give(const char *root)
{
	int r = 0;

	given.ctx = NULL;
	given.gauge = NULL;
	give_guards(root);
	snprintf(given.root, sizeof(given.root), "%s", root);
	snprintf(given.dropin, sizeof(given.dropin), "%s/etc/sysctl.d/50-oom.conf", root);
	snprintf(given.proc, sizeof(given.proc), "%s/proc", root);
	snprintf(given.sys, sizeof(given.sys), "%s/sys", root);
	if (*root)
		r = oomctl_ctx_new(given.proc, given.sys, &given.ctx);
	if (r == 0)
		r = oomctl_gauge_open_vm(given.ctx, OOMCTL_VM_PANIC_TIMEOUT,
					 &given.gauge);
	return r;
}

void put_own_cgroup(const char *root)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/b/cgroup.procs", root);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file) != 0)
		abort();
}

void take_back(void)
{
	oomctl_gauge_close(given.gauge);
	oomctl_ctx_free(given.ctx);
	if (given.guard.state != OOMCTL_GUARD_ENDED)
		close(given.guard.fd);
}

static void tidy_handles(const char *name)
{
	if (strcmp(name, "ctx_free") == 0)
		given.ctx = NULL;
	if (strcmp(name, "gauge_close") == 0)
		given.gauge = NULL;
	if (strcmp(name, "ctx_new") == 0)
		oomctl_ctx_free(out.ctx);
	if (strncmp(name, "gauge_open", 10) == 0)
		oomctl_gauge_close(out.gauge);
	if (strcmp(name, "protect_begin") == 0)
		close(out.guard.fd);
}

/* Numbers that are others each time. */
static void tidy_numbers(const char *name)
{
	if (strcmp(name, "ctx_new") == 0 || strncmp(name, "gauge_open", 10) == 0)
		out.u64 = 1;
	if (strcmp(name, "protect_begin") == 0)
		out.guard.fd = 0, out.guard.device = 0, out.guard.inode = 0;
	if (strcmp(name, "why_pidfd") == 0)
		memset(out.why.path, 0, sizeof(out.why.path));
}

void tidy(const char *name)
{
	tidy_handles(name);
	tidy_numbers(name);
	if (strcmp(name, "adjust_tree") == 0 || strcmp(name, "adjust_cgroup") == 0)
		memcpy(out.many.entries, adjusted, out.many.count * sizeof(adjusted[0]));
	if (strncmp(name, "rank_", 5) == 0 && strcmp(name, "rank_process") != 0)
		memcpy(out.rank.entries, entries, out.rank.count * sizeof(entries[0]));
}
