/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "fixture.h"
#include "test.h"

/* Without "Hugetlb:", so that the directory of huge pages is walked. */
#define MEMINFO                                                                          \
	"MemTotal:        4029312 kB\nMemFree:         3000000 kB\n"                     \
	"SwapTotal:             0 kB\nCommitLimit:     2012608 kB\n"                     \
	"Committed_AS:       1000 kB\n"

#define STAT(PID, RSS)                                                                   \
	PID " (a b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 " RSS " 0 0 0\n"
#define STATUS                                                                           \
	"Name:\ta b\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t 4000 kB\nVmPTE:\t 40 kB\n"   \
	"VmSwap:\t 0 kB\nCapEff:\t0000000000000000\n"

#define RULE OOMCTL_SCORE_RULE_5_9

/* NEXT is the one that dies first. */
enum { FIXTURE_PID = 42, NEXT = 43, SCORE = 667, T = 250555 };

static int pidfd; /* of the calling process, and of FIXTURE_PID in the fixture */
static struct oomctl_gauge *own_gauge, *fixture_gauge;

#define KNOB(NAME, TYPE, VALUE)                                                          \
	static bool get_##NAME(const struct oomctl_ctx *ctx)                             \
	{                                                                                \
		TYPE v;                                                                  \
		return oomctl_vm_get_##NAME(ctx, &v) == 0 && (!ctx || v == VALUE);       \
	}                                                                                \
	static bool set_##NAME(const struct oomctl_ctx *ctx)                             \
	{                                                                                \
		return !ctx || oomctl_vm_set_##NAME(ctx, VALUE) == 0;                    \
	}
KNOB(overcommit_memory, enum oomctl_overcommit, OOMCTL_OVERCOMMIT_NEVER)
KNOB(overcommit_ratio, int32_t, 50)
KNOB(overcommit_kbytes, uint64_t, 0)
KNOB(panic_on_oom, enum oomctl_panic, OOMCTL_PANIC_ALWAYS)
KNOB(oom_kill_allocating_task, int32_t, -1)
KNOB(oom_dump_tasks, int32_t, INT32_MAX)
KNOB(admin_reserve_kbytes, uint64_t, 8192)
KNOB(user_reserve_kbytes, uint64_t, UINT64_MAX)
KNOB(panic_timeout, int32_t, INT32_MIN)

static pid_t pid_on(const struct oomctl_ctx *ctx)
{
	return ctx ? FIXTURE_PID : 0;
}

static bool proc_get_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_proc_get_oom_score(ctx, pid_on(ctx), &v) == 0 &&
	       (!ctx || v == SCORE);
}

static bool proc_get_oom_score_adj(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_proc_get_oom_score_adj(ctx, pid_on(ctx), &v) == 0 && v == OWN_ADJ;
}

static bool proc_set_oom_score_adj(const struct oomctl_ctx *ctx)
{
	return oomctl_proc_set_oom_score_adj(ctx, pid_on(ctx), OWN_ADJ) == 0;
}

static bool pidfd_get_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_pidfd_get_oom_score(ctx, pidfd, &v) == 0 && (!ctx || v == SCORE);
}

static bool pidfd_get_oom_score_adj(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_pidfd_get_oom_score_adj(ctx, pidfd, &v) == 0 && v == OWN_ADJ;
}

static bool pidfd_set_oom_score_adj(const struct oomctl_ctx *ctx)
{
	return oomctl_pidfd_set_oom_score_adj(ctx, pidfd, OWN_ADJ) == 0;
}

static bool meminfo_read(const struct oomctl_ctx *ctx)
{
	struct oomctl_meminfo m;
	return oomctl_meminfo_read(ctx, &m, sizeof(m)) == 0 &&
	       (!ctx || m.commit_limit_kb == 2012608);
}

static bool meminfo_parse(const struct oomctl_ctx *ctx)
{
	struct oomctl_meminfo m;
	(void)ctx;
	return oomctl_meminfo_parse(MEMINFO, strlen(MEMINFO), &m, sizeof(m)) == 0 &&
	       m.mem_total_kb == 4029312;
}

static bool meminfo_read_commit_figures(const struct oomctl_ctx *ctx)
{
	struct oomctl_commit_figures in;
	return oomctl_meminfo_read_commit_figures(ctx, &in, sizeof(in)) == 0 &&
	       (!ctx || (in.hugetlb_kb == 4096 && in.overcommit_ratio == 50));
}

static const struct oomctl_commit_figures figures = { .mem_total_kb = 4029312,
						      .hugetlb_kb = 4096,
						      .overcommit_ratio = 50,
						      .page_size = 4096 };

static bool calc_commit_limit(const struct oomctl_ctx *ctx)
{
	uint64_t kb;
	(void)ctx;
	return oomctl_calc_commit_limit(&figures, &kb) == 0 && kb == 2012608;
}

static bool calc_overcommit_ratio(const struct oomctl_ctx *ctx)
{
	int32_t ratio;
	(void)ctx;
	return oomctl_calc_overcommit_ratio(&figures, 2012608, &ratio) == 0 &&
	       ratio == 50;
}

static const struct oomctl_task_figures hog = { .rss_pages = 9472, .oom_score_adj = 500 };
static const struct oomctl_task_figures task = { .rss_pages = 9472 };
static const struct oomctl_grant_figures request = {
	.commit = { .mem_total_kb = 4029312, .page_size = 4096 },
	.cpus = 1,
};

static bool calc_badness(const struct oomctl_ctx *ctx)
{
	int64_t pages;
	(void)ctx;
	return oomctl_calc_badness(RULE, &hog, T, &pages) == 0 && pages == 134472;
}

static bool calc_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t score;
	(void)ctx;
	return oomctl_calc_oom_score(RULE, &hog, T, &score) == 0 && score == 1024;
}

static bool calc_victim(const struct oomctl_ctx *ctx)
{
	const struct oomctl_task_figures tasks[] = { hog, task };
	int64_t margin;
	size_t i;
	(void)ctx;
	return oomctl_calc_victim(RULE, tasks, 2, T, &i, &margin) == 0 && i == 0 &&
	       margin == 125000;
}

static bool calc_oom_score_adj_below(const struct oomctl_ctx *ctx)
{
	int32_t adj;
	(void)ctx;
	return oomctl_calc_oom_score_adj_below(RULE, &task, T, 9472, &adj) == 0 &&
	       adj == -1;
}

static bool calc_oom_score_adj_above(const struct oomctl_ctx *ctx)
{
	int32_t adj;
	(void)ctx;
	return oomctl_calc_oom_score_adj_above(RULE, &task, T, 9472, &adj) == 0 &&
	       adj == 1;
}

static bool calc_badness_of_oom_score(const struct oomctl_ctx *ctx)
{
	int64_t least, most;
	(void)ctx;
	return oomctl_calc_badness_of_oom_score(RULE, 1024, T, &least, &most) == 0 &&
	       least <= 134472 && most >= 134472;
}

static bool calc_footprint_of_oom_score(const struct oomctl_ctx *ctx)
{
	uint64_t least, most;
	(void)ctx;
	return oomctl_calc_footprint_of_oom_score(RULE, 1024, 500, 0, T, &least, &most) ==
		   0 &&
	       least <= 9472 && most >= 9472;
}

static bool calc_grant(const struct oomctl_ctx *ctx)
{
	enum oomctl_verdict verdict;
	int64_t margin;
	(void)ctx;
	return oomctl_calc_grant(&request, 4029312, &verdict, &margin) == 0 &&
	       verdict == OOMCTL_VERDICT_GRANTED && margin == 0;
}

static bool calc_grant_bound(const struct oomctl_ctx *ctx)
{
	uint64_t kb;
	(void)ctx;
	return oomctl_calc_grant_bound(&request, 4029312, &kb) == 0 && kb == 0;
}

static bool calc_grant_max(const struct oomctl_ctx *ctx)
{
	uint64_t kb;
	(void)ctx;
	return oomctl_calc_grant_max(&request, &kb) == 0 && kb == 4029312;
}

static bool predict_read_score_rule(const struct oomctl_ctx *ctx)
{
	enum oomctl_score_rule rule;
	return oomctl_predict_read_score_rule(ctx, &rule) == 0 && (!ctx || rule == RULE);
}

static bool predict_read_total_pages(const struct oomctl_ctx *ctx)
{
	uint64_t pages;
	return oomctl_predict_read_total_pages(ctx, &pages) == 0 &&
	       (!ctx || pages == 1007328);
}

static bool predict_read_task_figures(const struct oomctl_ctx *ctx)
{
	struct oomctl_task_figures t;
	return oomctl_predict_read_task_figures(ctx, pid_on(ctx), &t, sizeof(t)) == 0 &&
	       t.oom_score_adj == OWN_ADJ && (!ctx || t.rss_pages == 1000);
}

static bool predict_read_grant_figures(const struct oomctl_ctx *ctx)
{
	struct oomctl_grant_figures g;
	return oomctl_predict_read_grant_figures(ctx, &g, sizeof(g)) == 0 &&
	       (!ctx || (g.cpus == 2 && g.commit.hugetlb_kb == 4096));
}

static bool predict_commit(const struct oomctl_ctx *ctx)
{
	enum oomctl_verdict verdict;
	int64_t margin;
	return oomctl_predict_commit(ctx, 4, &verdict, &margin) == 0 &&
	       (!ctx || verdict == OOMCTL_VERDICT_GRANTED);
}

static bool predict_fork(const struct oomctl_ctx *ctx)
{
	enum oomctl_verdict verdict;
	int64_t margin;
	return oomctl_predict_fork(ctx, &verdict, &margin) == 0 &&
	       (!ctx || verdict == OOMCTL_VERDICT_GRANTED);
}

static bool predict_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t score;
	return oomctl_predict_oom_score(ctx, pid_on(ctx), 500, &score) == 0 &&
	       (!ctx || score == 1000);
}

/* Where processes are ranked. On this machine all but the caller may end meanwhile. */
struct rank {
	struct oomctl_rank_entry entries[2];
	struct oomctl_rank_report report;
	size_t count;
};
#define RANK(r)                                                                          \
	(r).entries, LENGTH((r).entries), sizeof((r).entries[0]), &(r).count,            \
	    &(r).report, sizeof((r).report)

static bool rank_victims(const struct oomctl_ctx *ctx)
{
	struct rank r;
	return oomctl_rank_victims(ctx, RANK(r)) == 0 &&
	       (!ctx || (r.count == 2 && r.entries[0].pid == NEXT));
}

static bool rank_process(const struct oomctl_ctx *ctx)
{
	struct oomctl_rank_entry e;
	return oomctl_rank_process(ctx, pid_on(ctx), &e, sizeof(e)) == 0 &&
	       e.task.oom_score_adj == OWN_ADJ && (!ctx || e.pid == FIXTURE_PID);
}

static bool rank_scores(const struct oomctl_ctx *ctx)
{
	struct rank r;
	return oomctl_rank_scores(ctx, RANK(r)) == 0 &&
	       (!ctx || (r.count == 2 && r.entries[1].pid == FIXTURE_PID));
}

static bool rank_before(const struct oomctl_ctx *ctx)
{
	struct rank r;
	return oomctl_rank_before(ctx, pid_on(ctx), RANK(r)) == 0 &&
	       (!ctx || (r.report.ahead == 1 && r.entries[0].pid == NEXT));
}

static bool rank_cgroup(const struct oomctl_ctx *ctx)
{
	struct rank r;
	if (!ctx)
		return oomctl_rank_cgroup(NULL, "/no such cgroup", RANK(r)) ==
		       -EOPNOTSUPP;
	return oomctl_rank_cgroup(ctx, "/a", RANK(r)) == 0 && r.count == 2 &&
	       r.report.total_pages == 25600;
}

/* Values stay as they are: other threads look at them meanwhile. */
#define ADJ OWN_ADJ, OOMCTL_ADJUST_STRICT

static bool adjust_proc(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_adjust_proc(ctx, pid_on(ctx), ADJ, &v) == 0 && v == OWN_ADJ;
}

static bool adjust_proc_by(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_adjust_proc_by(ctx, pid_on(ctx), 0, OOMCTL_ADJUST_CLAMP, &v) == 0 &&
	       v == OWN_ADJ;
}

static bool adjust_pidfd(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_adjust_pidfd(ctx, pidfd, ADJ, &v) == 0 && v == OWN_ADJ;
}

static bool adjust_pidfd_by(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_adjust_pidfd_by(ctx, pidfd, 0, OOMCTL_ADJUST_CLAMP, &v) == 0 &&
	       v == OWN_ADJ;
}

/* To search, it would lower the value. */
static bool adjust_find_floor(const struct oomctl_ctx *ctx)
{
	int32_t v;
	if (!ctx)
		return oomctl_adjust_find_floor(NULL, NULL) == -EINVAL;
	return oomctl_adjust_find_floor(ctx, &v) == 0 && v == OOMCTL_ADJUST_NO_FLOOR;
}

struct many {
	struct oomctl_adjust_entry entries[2];
	struct oomctl_adjust_report report;
	size_t count;
};

static bool adjust_tree(const struct oomctl_ctx *ctx)
{
	struct many m;
	return oomctl_adjust_tree(ctx, pid_on(ctx), ADJ, RANK(m)) == 0 &&
	       m.entries[0].adj == OWN_ADJ && (!ctx || m.count == 1);
}

static bool adjust_cgroup(const struct oomctl_ctx *ctx)
{
	struct many m;
	if (!ctx)
		return oomctl_adjust_cgroup(NULL, "/no such cgroup", ADJ, 0, RANK(m)) ==
		       -EOPNOTSUPP;
	return oomctl_adjust_cgroup(ctx, "/a", ADJ, 0, RANK(m)) == 0 && m.count == 2;
}

static bool is_guarded(const struct oomctl_ctx *ctx, struct oomctl_guard *g)
{
	return oomctl_protect_begin(ctx, ADJ, g, sizeof(*g)) == 0 &&
	       g->saved_adj == OWN_ADJ;
}

static bool protect_begin(const struct oomctl_ctx *ctx)
{
	struct oomctl_guard g;
	int32_t v;
	return is_guarded(ctx, &g) && oomctl_protect_end(&g, &v) == 0 && v == OWN_ADJ;
}

static bool protect_reset_child(const struct oomctl_ctx *ctx)
{
	const struct oomctl_guard g = { .saved_adj = OWN_ADJ,
					.state = OOMCTL_GUARD_BEGUN };
	return oomctl_protect_reset_child(ctx, &g) == 0;
}

static bool protect_pause(const struct oomctl_ctx *ctx)
{
	struct oomctl_guard g;
	int32_t v;
	return is_guarded(ctx, &g) && oomctl_protect_pause(&g, OWN_ADJ) == 0 &&
	       oomctl_protect_resume(&g) == 0 && oomctl_protect_end(&g, &v) == 0;
}

static const struct oomctl_policy policy = {
	.knobs = OOMCTL_POLICY_OOM_DUMP_TASKS,
	.oom_dump_tasks = INT32_MAX,
};

static bool tune_read(const struct oomctl_ctx *ctx)
{
	struct oomctl_policy p;
	return oomctl_tune_read(ctx, &p, sizeof(p)) == 0 &&
	       (!ctx || (p.overcommit_ratio == 50 && p.oom_dump_tasks == INT32_MAX));
}

static bool tune_check(const struct oomctl_ctx *ctx)
{
	struct oomctl_tune_report r;
	return oomctl_tune_check(ctx, &policy, &r, sizeof(r)) == 0 &&
	       (!ctx || (r.drift == 0 && r.commit_limit_kb == 2012608));
}

/* Of this machine, nothing is set. */
static bool tune_apply(const struct oomctl_ctx *ctx)
{
	struct oomctl_tune_steps s;
	if (!ctx)
		return oomctl_tune_apply(NULL, NULL, 0, &s, sizeof(s)) == -EINVAL;
	return oomctl_tune_apply(ctx, &policy, 0, &s, sizeof(s)) == 0 && s.changed == 0;
}

static bool dropin_render(const struct oomctl_ctx *ctx)
{
	char text[OOMCTL_DROPIN_MAX];
	size_t len;
	(void)ctx;
	return oomctl_dropin_render(&policy, text, sizeof(text), &len) == 0 &&
	       strlen(text) == len;
}

static bool dropin_parse(const struct oomctl_ctx *ctx)
{
	static const char text[] = "vm.oom_dump_tasks = 2147483647\n";
	struct oomctl_policy p;
	(void)ctx;
	return oomctl_dropin_parse(text, strlen(text), &p, sizeof(p)) == 0 &&
	       memcmp(&p, &policy, sizeof(p)) == 0;
}

static char dropin_root[64], dropin_path[96];

/* By other threads, too: each time it is there as a whole. */
static bool dropin_write(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return oomctl_dropin_write(dropin_path, &policy) == 0;
}

static bool dropin_read(const struct oomctl_ctx *ctx)
{
	struct oomctl_policy p;
	(void)ctx;
	return oomctl_dropin_read(dropin_path, &p, sizeof(p)) == 0 &&
	       memcmp(&p, &policy, sizeof(p)) == 0;
}

static bool dropin_find(const struct oomctl_ctx *ctx)
{
	struct oomctl_policy p;
	char path[400];
	(void)ctx;
	return oomctl_dropin_find(dropin_root, OOMCTL_DROPIN_SYSTEMD,
				  OOMCTL_VM_OOM_DUMP_TASKS, &p, sizeof(p), path,
				  sizeof(path)) == 0 &&
	       strcmp(path, dropin_path) == 0;
}

static bool why_vm(const struct oomctl_ctx *ctx)
{
	struct oomctl_why w;
	return oomctl_why_vm(ctx, OOMCTL_VM_OVERCOMMIT_MEMORY, -EINVAL, &w, sizeof(w)) ==
		   0 &&
	       w.cause == OOMCTL_WHY_BAD_VALUE;
}

static bool why_proc(const struct oomctl_ctx *ctx)
{
	struct oomctl_why w;
	return oomctl_why_proc(ctx, pid_on(ctx), OWN_ADJ, 0, &w, sizeof(w)) == 0 &&
	       w.cause == OOMCTL_WHY_NONE;
}

static bool why_pidfd(const struct oomctl_ctx *ctx)
{
	struct oomctl_why w;
	return oomctl_why_pidfd(ctx, pidfd, OWN_ADJ, 0, &w, sizeof(w)) == 0 &&
	       w.cause == OOMCTL_WHY_NONE;
}

static bool why_sentence(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return strstr(oomctl_why_sentence(OOMCTL_WHY_GONE), "ended");
}

static bool probe_read(const struct oomctl_ctx *ctx)
{
	struct oomctl_probe p;
	return oomctl_probe_read(ctx, &p, sizeof(p)) == 0 &&
	       (p.flags & OOMCTL_PROBE_FLOOR) &&
	       (!ctx || p.floor == OOMCTL_ADJUST_NO_FLOOR);
}

static bool gauge_read(const struct oomctl_ctx *ctx)
{
	int64_t v;
	return oomctl_gauge_read(ctx ? fixture_gauge : own_gauge, &v) == 0 &&
	       v == (ctx ? SCORE : OWN_ADJ);
}

static bool say_error(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return strstr(oomctl_strerror(-ESRCH), "No such process");
}

static bool say_version(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return oomctl_version()[0] == '0' + OOMCTL_VERSION_MAJOR;
}

/* clang-format off */
#define BOTH(NAME) { "oomctl_vm_get_" #NAME, get_##NAME }, { "oomctl_vm_set_" #NAME, set_##NAME }
#define ONE(NAME) { "oomctl_" #NAME, NAME }
const struct call calls[] = {
	ONE(adjust_cgroup),
	ONE(adjust_find_floor),
	ONE(adjust_pidfd),
	ONE(adjust_pidfd_by),
	ONE(adjust_proc),
	ONE(adjust_proc_by),
	ONE(adjust_tree),
	ONE(dropin_find),
	ONE(dropin_parse),
	ONE(dropin_read),
	ONE(dropin_render),
	ONE(dropin_write),
	ONE(probe_read),
	ONE(protect_begin),
	ONE(protect_pause),
	ONE(protect_reset_child),
	ONE(tune_apply),
	ONE(tune_check),
	ONE(tune_read),
	ONE(why_pidfd),
	ONE(why_proc),
	ONE(why_sentence),
	ONE(why_vm),
	{ "oomctl_protect_end", protect_begin },
	{ "oomctl_protect_resume", protect_pause },
	BOTH(overcommit_memory),
	BOTH(overcommit_ratio),
	BOTH(overcommit_kbytes),
	BOTH(panic_on_oom),
	BOTH(oom_kill_allocating_task),
	BOTH(oom_dump_tasks),
	BOTH(admin_reserve_kbytes),
	BOTH(user_reserve_kbytes),
	BOTH(panic_timeout),
	ONE(proc_get_oom_score),
	ONE(proc_get_oom_score_adj),
	ONE(proc_set_oom_score_adj),
	ONE(pidfd_get_oom_score),
	ONE(pidfd_get_oom_score_adj),
	ONE(pidfd_set_oom_score_adj),
	ONE(meminfo_read),
	ONE(meminfo_parse),
	ONE(meminfo_read_commit_figures),
	ONE(calc_commit_limit),
	ONE(calc_overcommit_ratio),
	ONE(calc_badness),
	ONE(calc_oom_score),
	ONE(calc_victim),
	ONE(calc_oom_score_adj_below),
	ONE(calc_oom_score_adj_above),
	ONE(calc_badness_of_oom_score),
	ONE(calc_footprint_of_oom_score),
	ONE(calc_grant),
	ONE(calc_grant_bound),
	ONE(calc_grant_max),
	ONE(predict_read_score_rule),
	ONE(predict_read_total_pages),
	ONE(predict_read_task_figures),
	ONE(predict_read_grant_figures),
	ONE(predict_commit),
	ONE(predict_fork),
	ONE(predict_oom_score),
	ONE(rank_victims),
	ONE(rank_process),
	ONE(rank_scores),
	ONE(rank_before),
	ONE(rank_cgroup),
	ONE(gauge_read),
	{ "oomctl_strerror", say_error },
	{ "oomctl_version", say_version },
};
/* clang-format on */
const size_t calls_count = LENGTH(calls);

static void put_knobs(const struct fixture *f)
{
	fixture_put(f, "proc/sys/vm/overcommit_memory", "2\n");
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "50\n");
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "0\n");
	fixture_put(f, "proc/sys/vm/panic_on_oom", "2\n");
	fixture_put(f, "proc/sys/vm/oom_kill_allocating_task", "-1\n");
	fixture_put(f, "proc/sys/vm/oom_dump_tasks", "2147483647\n");
	fixture_put(f, "proc/sys/vm/admin_reserve_kbytes", "8192\n");
	fixture_put(f, "proc/sys/vm/user_reserve_kbytes", "18446744073709551615\n");
	fixture_put(f, "proc/sys/kernel/panic", "-2147483648\n");
	fixture_put(f, "proc/sys/kernel/osrelease", "6.1.0\n");
	fixture_put(f, "proc/meminfo", MEMINFO);
	fixture_put(f, "sys/devices/system/cpu/present", "0-1\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "104857600\n");
	fixture_put(f, "proc/sys/vm/swappiness", "60\n");
	fixture_put(f, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "2\n");
}

static void put_process(const struct fixture *f, const char *pid, const char *score,
			const char *stat)
{
	const char *const texts[][2] = {
		{ "oom_score", score }, { "oom_score_adj", "741\n" }, { "stat", stat },
		{ "status", STATUS },   { "cgroup", "0::/a\n" },
	};
	char path[64];

	for (size_t i = 0; i < LENGTH(texts); i++) {
		snprintf(path, sizeof(path), "proc/%s/%s", pid, texts[i][0]);
		fixture_put(f, path, texts[i][1]);
	}
}

static void put_processes(const struct fixture *f)
{
	put_process(f, "self", "667\n", STAT("42", "1000"));
	fixture_put(f, "proc/thread-self/status", "Uid:\t0\nCapEff:\t0000000001000000\n");
	fixture_put(f, "proc/self/ns/x", "");
	assert_int_equal(
	    symlink("user:[4026531837]", fixture_path(f, "proc/self/ns/user")), 0);
	fixture_put(f, "sys/fs/cgroup/a/cgroup.procs", "42\n43\n");
	fixture_put(f, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	put_process(f, "42", "667\n", STAT("42", "1000"));
	put_process(f, "43", "900\n", STAT("43", "2000"));
	fixture_put(f, "proc/self/statm", "1000 100 10 1 0 100 0\n");
	fixture_put(f, "proc/self/smaps",
		    "00400000-00452000 rw-p 00000000 00:00 0\n"
		    "Size:                328 kB\nVmFlags: rd wr ac\n");
}

static void open_gauges(const struct fixture *f)
{
	assert_int_equal(
	    oomctl_gauge_open_pidfd(NULL, pidfd, OOMCTL_PROC_OOM_SCORE_ADJ, &own_gauge),
	    0);
	assert_int_equal(oomctl_gauge_open_proc(f->ctx, FIXTURE_PID,
						OOMCTL_PROC_OOM_SCORE, &fixture_gauge),
			 0);
}

void put_machine(const struct fixture *f)
{
	char path[64];

	put_knobs(f);
	put_processes(f);
	snprintf(dropin_root, sizeof(dropin_root), "%s", f->dir);
	snprintf(dropin_path, sizeof(dropin_path), "%s/etc/sysctl.d/50-oom.conf", f->dir);
	fixture_put(f, "etc/sysctl.d/50-oom.conf", "vm.oom_dump_tasks = 2147483647\n");
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	snprintf(path, sizeof(path), "proc/thread-self/fdinfo/%d", pidfd);
	fixture_put(f, path, "Pid:\t42\n");
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, 0, OWN_ADJ), 0);
	open_gauges(f);
}

int remove_machine(void **state)
{
	oomctl_gauge_close(own_gauge);
	oomctl_gauge_close(fixture_gauge);
	own_gauge = fixture_gauge = NULL; /* a test that is skipped makes none */
	close(pidfd);
	pidfd = -1;
	return fixture_teardown(state);
}

const char *first_wrong(const struct oomctl_ctx *ctx)
{
	for (size_t i = 0; i < calls_count; i++)
		if (!calls[i].is_right(ctx))
			return calls[i].name;
	return NULL;
}
