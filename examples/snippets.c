/* SPDX-License-Identifier: MIT */
/* The pieces of code that the reference shows, each run once on this machine. Knobs are
 * set to what was there; processes are this one and its children. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

static int ctx(void)
{
	//! [ctx]
	struct oomctl_ctx *host;
	int32_t ratio;
	int r;

	/* In a container this would be "/host/proc" and "/host/sys". */
	r = oomctl_ctx_new("/proc", "/sys", &host);
	if (r < 0) {
		fprintf(stderr, "no host here: %s\n", oomctl_strerror(r));
		return r;
	}

	r = oomctl_vm_get_overcommit_ratio(host, &ratio);
	if (r == 0)
		printf("the host's overcommit_ratio is %" PRId32 "\n", ratio);
	oomctl_ctx_free(host);
	return r;
	//! [ctx]
}

static int error_text(void)
{
	//! [strerror]
	int32_t score;
	int r = oomctl_proc_get_oom_score(NULL, 0, &score);

	if (r < 0)
		fprintf(stderr, "oom_score: %s\n", oomctl_strerror(r));
	//! [strerror]
	return r;
}

static int version(void)
{
	//! [version]
	printf("compiled for liboomctl %d.%d, running with %s\n", OOMCTL_VERSION_MAJOR,
	       OOMCTL_VERSION_MINOR, oomctl_version());
	//! [version]
	return 0;
}

static int commit_limit(void)
{
	//! [commit_limit]
	struct oomctl_commit_figures figures;
	uint64_t limit_kb;
	int r;

	r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r < 0)
		return r;

	figures.overcommit_kbytes = 0;
	figures.overcommit_ratio = 80;
	r = oomctl_calc_commit_limit(&figures, &limit_kb);
	if (r == 0)
		printf("with 80 %% the limit would be %" PRIu64 " kB\n", limit_kb);
	return r;
	//! [commit_limit]
}

static int overcommit_ratio(void)
{
	//! [overcommit_ratio]
	struct oomctl_commit_figures figures;
	int32_t ratio;
	int r;

	r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r < 0)
		return r;

	r = oomctl_calc_overcommit_ratio(&figures, 64 * 1024 * 1024, &ratio);
	if (r == 0)
		printf("64 GiB need an overcommit_ratio of %" PRId32 "\n", ratio);
	return r;
	//! [overcommit_ratio]
}

static int meminfo(void)
{
	//! [meminfo]
	struct oomctl_meminfo m;
	int r = oomctl_meminfo_read(NULL, &m, sizeof(m));

	if (r < 0)
		return r;
	if (m.present & OOMCTL_MEMINFO_MEM_AVAILABLE)
		printf("%" PRIu64 " of %" PRIu64 " kB available\n", m.mem_available_kb,
		       m.mem_total_kb);
	//! [meminfo]
	return 0;
}

static int meminfo_parse(void)
{
	//! [meminfo_parse]
	static const char text[] = "MemTotal:        4029312 kB\n"
				   "SwapTotal:             0 kB\n";
	struct oomctl_meminfo m;
	int r = oomctl_meminfo_parse(text, strlen(text), &m, sizeof(m));

	if (r < 0)
		return r;
	printf("the other machine has %" PRIu64 " kB\n", m.mem_total_kb);
	//! [meminfo_parse]
	return 0;
}

static int get_oom_score(void)
{
	//! [get_oom_score]
	int32_t score;
	int r = oomctl_proc_get_oom_score(NULL, 0, &score);

	if (r < 0)
		return r;
	printf("this process has an oom_score of %" PRId32 "\n", score);
	//! [get_oom_score]
	return 0;
}

static int get_oom_score_adj(void)
{
	pid_t pid = getpid();
	//! [get_oom_score_adj]
	int32_t adj;
	int r = oomctl_proc_get_oom_score_adj(NULL, pid, &adj);

	if (r == -ESRCH)
		printf("process %d has ended\n", pid);
	else if (r == 0 && adj == OOMCTL_SCORE_ADJ_MIN)
		printf("process %d is never killed\n", pid);
	//! [get_oom_score_adj]
	return r;
}

static int set_oom_score_adj(void)
{
	//! [set_oom_score_adj]
	int r = oomctl_proc_set_oom_score_adj(NULL, 0, -500);

	if (r == -EACCES)
		fputs("not protected: run with CAP_SYS_RESOURCE\n", stderr);
	else if (r < 0)
		fprintf(stderr, "not protected: %s\n", oomctl_strerror(r));
	//! [set_oom_score_adj]
	return r;
}

static int pidfd(void)
{
	pid_t pid = getpid();
	//! [pidfd]
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int32_t score, adj;
	int r;

	if (fd < 0)
		return -errno;

	/* From here on the number may be used again: it is this process or -ESRCH. */
	r = oomctl_pidfd_get_oom_score(NULL, fd, &score);
	if (r == 0)
		r = oomctl_pidfd_get_oom_score_adj(NULL, fd, &adj);
	if (r == 0 && adj < 500)
		r = oomctl_pidfd_set_oom_score_adj(NULL, fd, 500);
	if (r == 0)
		printf("process %d had %" PRId32 " points and gives way now\n", pid,
		       score);
	close(fd);
	//! [pidfd]
	return r;
}

static int overcommit_memory(void)
{
	//! [overcommit_memory]
	enum oomctl_overcommit before;
	int r = oomctl_vm_get_overcommit_memory(NULL, &before);

	if (r < 0)
		return r;
	printf("requests are %s\n", before == OOMCTL_OVERCOMMIT_NEVER
					? "held to the commit limit"
					: "not held to the commit limit");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_overcommit_memory(NULL, before);
	if (r < 0)
		fprintf(stderr, "overcommit_memory not set: %s\n", oomctl_strerror(r));
	//! [overcommit_memory]
	return r;
}

static int overcommit_ratio_knob(void)
{
	//! [overcommit_ratio_knob]
	uint64_t kbytes;
	int32_t ratio;
	int r;

	r = oomctl_vm_get_overcommit_ratio(NULL, &ratio);
	if (r == 0)
		r = oomctl_vm_get_overcommit_kbytes(NULL, &kbytes);
	if (r < 0)
		return r;
	printf("overcommit_ratio is %s\n", kbytes == 0 ? "in force" : "not in force");

	/* To put both back, write the one in force: each write zeroes the other. */
	if (kbytes == 0)
		r = oomctl_vm_set_overcommit_ratio(NULL, ratio);
	if (r < 0)
		fprintf(stderr, "overcommit_ratio not set: %s\n", oomctl_strerror(r));
	//! [overcommit_ratio_knob]
	return r;
}

static int overcommit_kbytes(void)
{
	//! [overcommit_kbytes]
	uint64_t kbytes;
	int32_t ratio;
	int r;

	r = oomctl_vm_get_overcommit_ratio(NULL, &ratio);
	if (r == 0)
		r = oomctl_vm_get_overcommit_kbytes(NULL, &kbytes);
	if (r < 0)
		return r;
	printf("overcommit_kbytes is %s\n", kbytes != 0 ? "in force" : "not in force");

	/* To put both back, write the one in force: each write zeroes the other. */
	if (kbytes != 0)
		r = oomctl_vm_set_overcommit_kbytes(NULL, kbytes);
	if (r < 0)
		fprintf(stderr, "overcommit_kbytes not set: %s\n", oomctl_strerror(r));
	//! [overcommit_kbytes]
	return r;
}

static int panic_on_oom(void)
{
	//! [panic_on_oom]
	enum oomctl_panic before;
	int r = oomctl_vm_get_panic_on_oom(NULL, &before);

	if (r < 0)
		return r;
	printf("without memory, this machine %s\n",
	       before == OOMCTL_PANIC_NEVER ? "kills a process" : "panics");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_panic_on_oom(NULL, before);
	if (r < 0)
		fprintf(stderr, "panic_on_oom not set: %s\n", oomctl_strerror(r));
	//! [panic_on_oom]
	return r;
}

static int oom_kill_allocating_task(void)
{
	//! [oom_kill_allocating_task]
	int32_t before;
	int r = oomctl_vm_get_oom_kill_allocating_task(NULL, &before);

	if (r < 0)
		return r;
	printf("killed is %s\n",
	       before ? "whoever asks for memory" : "the highest score");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_oom_kill_allocating_task(NULL, before);
	if (r < 0)
		fprintf(stderr, "oom_kill_allocating_task not set: %s\n",
			oomctl_strerror(r));
	//! [oom_kill_allocating_task]
	return r;
}

static int oom_dump_tasks(void)
{
	//! [oom_dump_tasks]
	int32_t before;
	int r = oomctl_vm_get_oom_dump_tasks(NULL, &before);

	if (r < 0)
		return r;
	printf("a kill is logged %s\n", before ? "with all processes" : "alone");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_oom_dump_tasks(NULL, before);
	if (r < 0)
		fprintf(stderr, "oom_dump_tasks not set: %s\n", oomctl_strerror(r));
	//! [oom_dump_tasks]
	return r;
}

static int admin_reserve_kbytes(void)
{
	//! [admin_reserve_kbytes]
	uint64_t before;
	int r = oomctl_vm_get_admin_reserve_kbytes(NULL, &before);

	if (r < 0)
		return r;
	printf("%" PRIu64 " kB are kept for root\n", before);

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_admin_reserve_kbytes(NULL, before);
	if (r < 0)
		fprintf(stderr, "admin_reserve_kbytes not set: %s\n", oomctl_strerror(r));
	//! [admin_reserve_kbytes]
	return r;
}

static int user_reserve_kbytes(void)
{
	//! [user_reserve_kbytes]
	uint64_t before;
	int r = oomctl_vm_get_user_reserve_kbytes(NULL, &before);

	if (r < 0)
		return r;
	printf("%" PRIu64 " kB are kept back from each process\n", before);

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_user_reserve_kbytes(NULL, before);
	if (r < 0)
		fprintf(stderr, "user_reserve_kbytes not set: %s\n", oomctl_strerror(r));
	//! [user_reserve_kbytes]
	return r;
}

static int panic_timeout(void)
{
	//! [panic_timeout]
	int32_t before;
	int r = oomctl_vm_get_panic_timeout(NULL, &before);

	if (r < 0)
		return r;
	printf("after a panic, this machine %s\n", before ? "boots again" : "stays down");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_panic_timeout(NULL, before);
	if (r < 0)
		fprintf(stderr, "panic_timeout not set: %s\n", oomctl_strerror(r));
	//! [panic_timeout]
	return r;
}

static int grant(void)
{
	//! [grant]
	struct oomctl_grant_figures figures;
	enum oomctl_verdict verdict;
	int64_t margin_kb;
	uint64_t bound_kb, most_kb;
	int r;

	r = oomctl_predict_read_grant_figures(NULL, &figures, sizeof(figures));
	if (r < 0)
		return r;

	/* What if this machine were held to its commit limit? */
	figures.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER;
	r = oomctl_calc_grant(&figures, 4 * 1024 * 1024, &verdict, &margin_kb);
	if (r == 0)
		r = oomctl_calc_grant_bound(&figures, 4 * 1024 * 1024, &bound_kb);
	if (r == 0)
		r = oomctl_calc_grant_max(&figures, &most_kb);
	if (r < 0)
		return r;
	if (verdict == OOMCTL_VERDICT_GRANTED)
		printf("4 GiB would be granted, and %" PRId64
		       " kB more, give or take %" PRIu64 "\n",
		       margin_kb, bound_kb);
	else
		printf("no more than %" PRIu64 " kB are sure\n", most_kb);
	//! [grant]
	return 0;
}

static int badness(void)
{
	//! [badness]
	/* Of another machine, with 1 GB of RAM: a process that uses 37 MB. */
	const struct oomctl_task_figures task = { .rss_pages = 9472,
						  .pgtable_pages = 25,
						  .oom_score_adj = 500 };
	const uint64_t total_pages = 250555;
	int64_t pages;
	int32_t score;
	int r;

	r = oomctl_calc_badness(OOMCTL_SCORE_RULE_5_9, &task, total_pages, &pages);
	if (r == 0)
		r = oomctl_calc_oom_score(OOMCTL_SCORE_RULE_5_9, &task, total_pages,
					  &score);
	if (r == 0)
		printf("it counts as %" PRId64 " pages and shows %" PRId32 "\n", pages,
		       score);
	//! [badness]
	return r;
}

static int victim(void)
{
	//! [victim]
	const struct oomctl_task_figures tasks[] = {
		{ .rss_pages = 90000, .oom_score_adj = -500 }, /* a database */
		{ .rss_pages = 2000, .oom_score_adj = 0 },
		{ .rss_pages = 1000, .oom_score_adj = 300 }, /* a worker */
	};
	int64_t margin_pages;
	size_t chosen;
	int r;

	r = oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, 3, 250555, &chosen,
			       &margin_pages);
	if (r == 0)
		printf("number %zu dies first, by %" PRId64 " pages\n", chosen,
		       margin_pages);
	//! [victim]
	return r;
}

static int oom_score_adj_below(void)
{
	//! [oom_score_adj_below]
	const struct oomctl_task_figures database = { .rss_pages = 90000 };
	const struct oomctl_task_figures worker = { .rss_pages = 2000 };
	const uint64_t total_pages = 250555;
	int64_t pages;
	int32_t adj;
	int r;

	r = oomctl_calc_badness(OOMCTL_SCORE_RULE_5_9, &worker, total_pages, &pages);
	if (r < 0)
		return r;

	r = oomctl_calc_oom_score_adj_below(OOMCTL_SCORE_RULE_5_9, &database, total_pages,
					    pages, &adj);
	if (r == 0)
		printf("with %" PRId32 " the database outlives the worker,\n", adj);

	r = oomctl_calc_badness(OOMCTL_SCORE_RULE_5_9, &database, total_pages, &pages);
	if (r < 0)
		return r;

	r = oomctl_calc_oom_score_adj_above(OOMCTL_SCORE_RULE_5_9, &worker, total_pages,
					    pages, &adj);
	if (r == 0)
		printf("as it does when the worker has %" PRId32 "\n", adj);
	//! [oom_score_adj_below]
	return r;
}

static int badness_of_oom_score(void)
{
	//! [badness_of_oom_score]
	/* A log of another machine says: oom_score 1024, oom_score_adj 500. */
	const enum oomctl_score_rule rule = OOMCTL_SCORE_RULE_5_9;
	const uint64_t total_pages = 250555;
	int64_t least, most;
	uint64_t least_used, most_used;
	int r;

	r = oomctl_calc_badness_of_oom_score(rule, 1024, total_pages, &least, &most);
	if (r == 0)
		r = oomctl_calc_footprint_of_oom_score(rule, 1024, 500, 0, total_pages,
						       &least_used, &most_used);
	if (r == 0)
		printf("it counted as %" PRId64 " to %" PRId64 " pages and used %" PRIu64
		       " to %" PRIu64 "\n",
		       least, most, least_used, most_used);
	//! [badness_of_oom_score]
	return r;
}

static int read_task_figures(void)
{
	//! [read_task_figures]
	struct oomctl_task_figures task;
	enum oomctl_score_rule rule;
	uint64_t total_pages;
	int64_t badness;
	int r;

	r = oomctl_predict_read_score_rule(NULL, &rule);
	if (r == 0)
		r = oomctl_predict_read_total_pages(NULL, &total_pages);
	if (r == 0)
		r = oomctl_predict_read_task_figures(NULL, 0, &task, sizeof(task));
	if (r < 0)
		return r;

	task.rss_pages *= 2;
	r = oomctl_calc_badness(rule, &task, total_pages, &badness);
	if (r == 0)
		printf("with twice the RAM, this process counts as %" PRId64 " pages\n",
		       badness);
	//! [read_task_figures]
	return r;
}

static int predict_commit(void)
{
	//! [predict_commit]
	enum oomctl_verdict verdict;
	int64_t margin_kb;
	int r = oomctl_predict_commit(NULL, 4 * 1024 * 1024, &verdict, &margin_kb);

	if (r < 0)
		return r;
	if (verdict == OOMCTL_VERDICT_REFUSED)
		printf("for 4 GiB, %" PRId64 " kB are missing\n", -margin_kb);
	else
		printf("4 GiB are %s\n", verdict == OOMCTL_VERDICT_GRANTED
					     ? "granted"
					     : "granted, or not: it is too close");
	//! [predict_commit]
	return 0;
}

static int predict_fork(void)
{
	//! [predict_fork]
	enum oomctl_verdict verdict;
	int64_t margin_kb;
	int r = oomctl_predict_fork(NULL, &verdict, &margin_kb);

	if (r < 0)
		return r;
	if (verdict == OOMCTL_VERDICT_REFUSED)
		puts("fork() would fail: use vfork() or posix_spawn()");
	//! [predict_fork]
	return 0;
}

static int predict_oom_score(void)
{
	pid_t pid = getpid();
	//! [predict_oom_score]
	int32_t now, then;
	int r;

	r = oomctl_proc_get_oom_score(NULL, pid, &now);
	if (r == 0)
		r = oomctl_predict_oom_score(NULL, pid, 1000, &then);
	if (r == 0)
		printf("from %" PRId32 " points, 1000 would make %" PRId32 "\n", now,
		       then);
	//! [predict_oom_score]
	return r;
}

static int rank_victims(void)
{
	//! [rank_victims]
	struct oomctl_rank_entry first[3];
	struct oomctl_rank_report report;
	size_t count;
	int r;

	r = oomctl_rank_victims(NULL, first, 3, sizeof(first[0]), &count, &report,
				sizeof(report));
	if (r < 0)
		return r;

	for (size_t i = 0; i < count; i++)
		printf("%zu. process %d, %" PRIu64 " pages of RAM\n", i + 1, first[i].pid,
		       first[i].task.rss_pages);
	if (report.unread > 0 || (report.flags & OOMCTL_RANK_HIDDEN))
		puts("and some that may not be seen");
	//! [rank_victims]
	return 0;
}

static int rank_scores(void)
{
	//! [rank_scores]
	struct oomctl_rank_entry first[10];
	struct oomctl_rank_report report;
	size_t count;
	int r;

	r = oomctl_rank_scores(NULL, first, 10, sizeof(first[0]), &count, &report,
			       sizeof(report));
	if (r < 0)
		return r;

	for (size_t i = 0; i < count; i++)
		printf("%7d %5" PRId32 " %6" PRId32 "\n", first[i].pid,
		       first[i].oom_score, first[i].task.oom_score_adj);
	printf("of %" PRIu64 " processes\n", report.processes);
	//! [rank_scores]
	return 0;
}

static int rank_process(void)
{
	//! [rank_process]
	struct oomctl_rank_entry self;
	int r = oomctl_rank_process(NULL, 0, &self, sizeof(self));

	if (r < 0)
		return r;
	if (self.task.oom_score_adj == OOMCTL_SCORE_ADJ_MIN)
		puts("never chosen");
	else
		printf("%s counts as %" PRId64 " pages\n", self.comm, self.badness_pages);
	//! [rank_process]
	return 0;
}

static int rank_before(void)
{
	//! [rank_before]
	struct oomctl_rank_entry first;
	struct oomctl_rank_report report;
	size_t count;
	int r;

	r = oomctl_rank_before(NULL, 0, &first, 1, sizeof(first), &count, &report,
			       sizeof(report));
	if (r < 0)
		return r;

	if (report.ahead == 0)
		puts("this process is killed next");
	else
		printf("%" PRIu64 " die before this process, first %d\n", report.ahead,
		       first.pid);
	//! [rank_before]
	return 0;
}

static int rank_cgroup(void)
{
	//! [rank_cgroup]
	struct oomctl_rank_entry first;
	struct oomctl_rank_report report;
	size_t count;
	int r;

	r = oomctl_rank_cgroup(NULL, "/system.slice/nginx.service", &first, 1,
			       sizeof(first), &count, &report, sizeof(report));
	if (r == -EOPNOTSUPP || r == -ERANGE) {
		puts("no such cgroup, or it has no limit");
		return 0;
	}
	if (r == 0 && count > 0)
		printf("at %" PRIu64 " pages, process %d is killed\n", report.total_pages,
		       first.pid);
	//! [rank_cgroup]
	return r;
}

static int tune_read(void)
{
	//! [tune_read]
	struct oomctl_policy now;
	int r = oomctl_tune_read(NULL, &now, sizeof(now));

	if (r < 0)
		return r;
	if (now.knobs & OOMCTL_POLICY_OVERCOMMIT_KBYTES)
		printf("%" PRIu64 " kB count towards the limit\n", now.overcommit_kbytes);
	if (now.knobs & OOMCTL_POLICY_OVERCOMMIT_RATIO)
		printf("%" PRId32 " %% of RAM count towards the limit\n",
		       now.overcommit_ratio);
	//! [tune_read]
	return 0;
}

static int tune_check(void)
{
	//! [tune_check]
	const struct oomctl_policy wanted = {
		.knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_RATIO,
		.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
		.overcommit_ratio = 80,
	};
	struct oomctl_tune_report report;
	int r = oomctl_tune_check(NULL, &wanted, &report, sizeof(report));

	if (r < 0)
		return r;
	if (report.drift == 0)
		puts("this machine is as it should be");
	if (report.risks & OOMCTL_TUNE_RISK_NO_HEADROOM)
		printf("%" PRId64 " kB more are promised than could be\n",
		       -report.headroom_kb);
	else
		printf("%" PRId64 " kB could still be promised\n", report.headroom_kb);
	//! [tune_check]
	return 0;
}

static int tune_apply(void)
{
	//! [tune_apply]
	struct oomctl_policy before, wanted;
	struct oomctl_tune_steps steps;
	int r = oomctl_tune_read(NULL, &before, sizeof(before));

	if (r < 0)
		return r;

	/* Whoever knows more about a machine would change something here. */
	wanted = before;
	r = oomctl_tune_apply(NULL, &wanted, 0, &steps, sizeof(steps));
	if (r == -EBUSY)
		printf("risky, and not done: %#" PRIx32 "\n", steps.risks);
	else if (r < 0)
		printf("as before, since knob %" PRIu32 " failed: %s\n",
		       steps.failed_knob, oomctl_strerror(r));

	/* Back to what was, whatever that was. */
	r = oomctl_tune_apply(NULL, &before, OOMCTL_TUNE_ACCEPT_RISKS, &steps,
			      sizeof(steps));
	if (r < 0 && steps.failed_rollback != 0)
		printf("some knobs are neither: %#" PRIx32 "\n", steps.failed_rollback);
	//! [tune_apply]
	return r;
}

static int gauge_vm(void)
{
	//! [gauge_vm]
	struct oomctl_gauge *policy;
	int64_t before, now;
	int r;

	r = oomctl_gauge_open_vm(NULL, OOMCTL_VM_OVERCOMMIT_MEMORY, &policy);
	if (r < 0)
		return r;

	r = oomctl_gauge_read(policy, &before);
	for (int looks = 0; r == 0 && looks < 1000; looks++) {
		r = oomctl_gauge_read(policy, &now);
		if (r == 0 && now != before)
			puts("somebody sets overcommit_memory");
	}
	oomctl_gauge_close(policy);
	//! [gauge_vm]
	return r;
}

static int gauge_proc(void)
{
	pid_t pid = getpid();
	//! [gauge_proc]
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct oomctl_gauge *gauge;
	int64_t score;
	int r;

	/* Before Linux 5.3, and where only the number is known: by pid. */
	if (fd < 0)
		r = oomctl_gauge_open_proc(NULL, pid, OOMCTL_PROC_OOM_SCORE, &gauge);
	else
		r = oomctl_gauge_open_pidfd(NULL, fd, OOMCTL_PROC_OOM_SCORE, &gauge);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		return r;

	r = oomctl_gauge_read(gauge, &score);
	if (r == -ESRCH)
		puts("it has ended");
	else if (r == 0)
		printf("it has %" PRId64 " points\n", score);
	oomctl_gauge_close(gauge);
	//! [gauge_proc]
	return r;
}

static int adjust_proc(void)
{
	//! [adjust_proc]
	int32_t adj;
	int r = oomctl_adjust_proc(NULL, 0, OOMCTL_SCORE_ADJ_PROTECTED,
				   OOMCTL_ADJUST_CLAMP, &adj);

	if (r == 0)
		printf("as well protected as is allowed: %" PRId32 "\n", adj);
	//! [adjust_proc]
	return r;
}

static int adjust_proc_by(void)
{
	//! [adjust_proc_by]
	int32_t adj;
	int r = oomctl_adjust_proc_by(NULL, 0, 1, OOMCTL_ADJUST_STRICT, &adj);

	if (r == 0)
		printf("one more than before, if that was not the most: %" PRId32 "\n",
		       adj);
	//! [adjust_proc_by]
	return r;
}

static int adjust_pidfd(void)
{
	pid_t pid = getpid();
	//! [adjust_pidfd]
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int32_t adj;
	int r;

	if (fd < 0)
		return -errno;

	r = oomctl_adjust_pidfd(NULL, fd, 500, OOMCTL_ADJUST_STRICT, &adj);
	if (r == 0) /* above one's own: killed first, not last */
		r = oomctl_adjust_pidfd_by(NULL, fd, 100, OOMCTL_ADJUST_STRICT, &adj);
	if (r == 0)
		printf("in force: %" PRId32 "\n", adj);
	close(fd);
	//! [adjust_pidfd]
	return r;
}

static int find_floor(void)
{
	//! [find_floor]
	int32_t floor;
	int r = oomctl_adjust_find_floor(NULL, &floor);

	if (r == 0 && floor == OOMCTL_ADJUST_NO_FLOOR)
		puts("every value is allowed");
	else if (r == 0)
		printf("from %" PRId32 " on, every value is allowed\n", floor);
	//! [find_floor]
	return r;
}

static int adjust_cgroup(void)
{
	//! [adjust_cgroup]
	struct oomctl_adjust_entry done[64];
	struct oomctl_adjust_report report;
	size_t count;
	int r;

	r = oomctl_adjust_cgroup(NULL, "/system.slice/batch.service", 700,
				 OOMCTL_ADJUST_CLAMP, 0, done, 64, sizeof(done[0]),
				 &count, &report, sizeof(report));
	if (r == -EOPNOTSUPP) {
		puts("no such cgroup");
		return 0;
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		printf("%d: %" PRId32 ", %s\n", done[i].pid, done[i].adj,
		       oomctl_strerror(done[i].code));
	if (r == 0 && report.unlisted > 0)
		puts("there are more: once again, with a larger array");
	//! [adjust_cgroup]
	return r;
}

static int adjust_tree(void)
{
	//! [adjust_tree]
	struct oomctl_adjust_entry done[64];
	struct oomctl_adjust_report report;
	size_t count;
	int r = oomctl_adjust_tree(NULL, 0, 900, OOMCTL_ADJUST_STRICT, done, 64,
				   sizeof(done[0]), &count, &report, sizeof(report));

	if (r == 0 && (report.flags & OOMCTL_ADJUST_STABLE))
		printf("this process and its children, %zu in all, are killed early\n",
		       count);
	//! [adjust_tree]
	return r;
}

static int protect(void)
{
	//! [protect]
	struct oomctl_guard guard;
	int32_t adj;
	pid_t child;
	int r;

	r = oomctl_protect_begin(NULL, OOMCTL_SCORE_ADJ_PROTECTED, OOMCTL_ADJUST_CLAMP,
				 &guard, sizeof(guard));
	if (r < 0)
		return r;

	child = fork();
	if (child == 0) {
		if (oomctl_protect_reset_child(NULL, &guard) < 0)
			_exit(126); /* rather than to run with the parent's protection */
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);

	r = oomctl_protect_end(&guard, &adj);
	//! [protect]
	return r;
}

static int protect_pause(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };
	//! [protect_pause]
	struct oomctl_guard guard;
	int32_t adj;
	pid_t child;
	int r, resumed;

	r = oomctl_protect_begin(NULL, OOMCTL_SCORE_ADJ_PROTECTED, OOMCTL_ADJUST_CLAMP,
				 &guard, sizeof(guard));
	if (r < 0)
		return r;

	r = oomctl_protect_pause(&guard, guard.saved_adj);
	if (r == 0 && posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0)
		waitpid(child, NULL, 0); /* after resuming, in a daemon */
	resumed = r < 0 ? r : oomctl_protect_resume(&guard);
	r = oomctl_protect_end(&guard, &adj);
	//! [protect_pause]
	return r < 0 ? r : resumed;
}

static int why_vm(void)
{
	//! [why_vm]
	struct oomctl_why why;
	int r = oomctl_why_vm(NULL, OOMCTL_VM_OVERCOMMIT_RATIO, 0, &why, sizeof(why));

	if (r < 0)
		return r;
	if (why.cause != OOMCTL_WHY_NONE)
		printf("%s cannot be set: %s\n", why.path,
		       oomctl_why_sentence(why.cause));
	//! [why_vm]
	return 0;
}

static int why_proc(void)
{
	//! [why_proc]
	struct oomctl_why why;
	int refused, r;

	refused = oomctl_proc_set_oom_score_adj(NULL, 0, -500);
	if (refused == 0)
		return 0;

	r = oomctl_why_proc(NULL, 0, -500, refused, &why, sizeof(why));
	if (r < 0)
		return r;
	fprintf(stderr, "not protected: %s\n", oomctl_why_sentence(why.cause));
	if (*why.capability)
		fprintf(stderr, "what would help is %s\n", why.capability);
	//! [why_proc]
	return 0;
}

static int why_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	//! [why_pidfd]
	struct oomctl_why why;
	int refused, r = 0;

	refused = oomctl_pidfd_set_oom_score_adj(NULL, fd, -500);
	if (refused < 0)
		r = oomctl_why_pidfd(NULL, fd, -500, refused, &why, sizeof(why));
	if (refused < 0 && r == 0 && why.cause == OOMCTL_WHY_GONE)
		puts("it has ended: nothing is left to protect");
	//! [why_pidfd]
	close(fd);
	return r;
}

static int probe(void)
{
	//! [probe]
	struct oomctl_probe p;
	int r = oomctl_probe_read(NULL, &p, sizeof(p));

	if (r < 0)
		return r;
	if (!(p.flags & OOMCTL_PROBE_COMPLETE))
		puts("this /proc has processes only");
	if (!(p.flags & OOMCTL_PROBE_VM_WRITABLE))
		printf("knobs: %s\n", oomctl_why_sentence(p.vm_cause));
	if ((p.flags & OOMCTL_PROBE_FLOOR) && !(p.flags & OOMCTL_PROBE_FLOOR_EXACT))
		printf("less than %" PRId32 " may be refused\n", p.floor);
	if ((p.flags & OOMCTL_PROBE_CGROUP_LIMIT) && p.cgroup_limit_bytes != UINT64_MAX)
		printf("this cgroup has %" PRIu64 " bytes\n", p.cgroup_limit_bytes);
	//! [probe]
	return 0;
}

static int dropin_render(void)
{
	//! [dropin_render]
	struct oomctl_policy strict = {
		.knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_RATIO,
		.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
		.overcommit_ratio = 80,
	};
	char text[OOMCTL_DROPIN_MAX];
	size_t length;
	int r;

	r = oomctl_dropin_render(&strict, text, sizeof(text), &length);
	if (r == 0)
		printf("%zu bytes for a file of sysctl.d:\n%s", length, text);
	//! [dropin_render]
	return r;
}

static int dropin_parse(void)
{
	//! [dropin_parse]
	static const char text[] = "# ours\nvm.overcommit_ratio = 80\n";
	struct oomctl_policy policy;
	int r;

	r = oomctl_dropin_parse(text, sizeof(text) - 1, &policy, sizeof(policy));
	if (r == 0 && (policy.knobs & OOMCTL_POLICY_OVERCOMMIT_RATIO))
		printf("the ratio will be %" PRId32 "\n", policy.overcommit_ratio);
	//! [dropin_parse]
	return r;
}

static int dropin_write(void)
{
	//! [dropin_write]
	const char *path = "90-oom.conf"; /* that would be /etc/sysctl.d/90-oom.conf */
	struct oomctl_policy policy = { .knobs = OOMCTL_POLICY_PANIC_ON_OOM,
					.panic_on_oom = OOMCTL_PANIC_NEVER };
	struct oomctl_policy kept;
	int r;

	r = oomctl_dropin_write(path, &policy);
	if (r == 0)
		r = oomctl_dropin_read(path, &kept, sizeof(kept));
	if (r == 0 && kept.panic_on_oom == policy.panic_on_oom)
		printf("%s is there for the next boot\n", path);
	//! [dropin_write]
	unlink(path);
	return r;
}

static int dropin_find(void)
{
	//! [dropin_find]
	struct oomctl_policy at_boot;
	char path[300];
	int r;

	r = oomctl_dropin_find(NULL, OOMCTL_DROPIN_SYSTEMD, OOMCTL_VM_OVERCOMMIT_RATIO,
			       &at_boot, sizeof(at_boot), path, sizeof(path));
	if (r == -EOPNOTSUPP) {
		puts("no file sets the ratio at boot");
		return 0;
	}
	if (r == 0)
		printf("%s sets the ratio to %" PRId32 "\n", path,
		       at_boot.overcommit_ratio);
	//! [dropin_find]
	return r;
}

static int (*const snippets[])(void) = {
	adjust_proc,
	adjust_proc_by,
	adjust_pidfd,
	find_floor,
	adjust_cgroup,
	adjust_tree,
	protect,
	protect_pause,
	ctx,
	error_text,
	version,
	commit_limit,
	overcommit_ratio,
	meminfo,
	meminfo_parse,
	get_oom_score,
	get_oom_score_adj,
	set_oom_score_adj,
	pidfd,
	overcommit_memory,
	overcommit_ratio_knob,
	overcommit_kbytes,
	panic_on_oom,
	oom_kill_allocating_task,
	oom_dump_tasks,
	admin_reserve_kbytes,
	user_reserve_kbytes,
	panic_timeout,
	grant,
	badness,
	victim,
	oom_score_adj_below,
	badness_of_oom_score,
	read_task_figures,
	predict_commit,
	predict_fork,
	predict_oom_score,
	rank_victims,
	rank_scores,
	rank_process,
	rank_before,
	rank_cgroup,
	tune_read,
	tune_check,
	tune_apply,
	gauge_vm,
	gauge_proc,
	why_vm,
	why_proc,
	why_pidfd,
	probe,
	dropin_render,
	dropin_parse,
	dropin_write,
	dropin_find,
};

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

int main(void)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(snippets) / sizeof(snippets[0]); i++) {
		int r = snippets[i]();

		if (r < 0 && !is_refusal(r)) {
			fprintf(stderr, "snippet %zu: %s\n", i, oomctl_strerror(r));
			failed++;
		}
	}
	return failed > 0 ? 1 : 0;
}
