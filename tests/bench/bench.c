/* SPDX-License-Identifier: MIT */
/* What calls cost beside hand-written code and other libraries that do the same job. */
#include <oomctl/oomctl.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jobs.h"
#include "processes.h"

#ifdef WITH_LIBPROC2
#include <libproc2/meminfo.h>
#include <libproc2/pids.h>
#endif

#define OVERCOMMIT_MEMORY "/proc/sys/vm/overcommit_memory"
#define OWN_ADJ "/proc/self/oom_score_adj"

enum { TEXT_MAX = 32, MEMINFO_MAX = 8192, TASKS = 1000 };

/* What each job has to find. */
static int overcommit, own_adj, other_adj;
static unsigned long mem_total_kb;

static pid_t other;
static int other_pidfd;
static char other_path[64], own_text[TEXT_MAX];
static int overcommit_fd, other_fd;
static struct oomctl_gauge *overcommit_gauge, *other_gauge;
static struct oomctl_commit_figures figures;
static struct oomctl_grant_figures grant_figures;
static struct oomctl_task_figures tasks[TASKS];
static const uint64_t total_pages = 6 << 20;

/* By hand, with the care that the job needs: the whole text is one number. */
static bool parse_by_hand(const char *text, ssize_t n, int *out)
{
	bool negative = n > 0 && text[0] == '-';
	ssize_t i = negative;
	long v = 0;

	if (n < 2 || n > 12 || text[n - 1] != '\n')
		return false;
	for (; i < n - 1; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (text[i] - '0');
	}

	*out = (int)(negative ? -v : v);
	return i > negative;
}

static bool get_by_hand(const char *path, int expected)
{
	char text[TEXT_MAX];
	ssize_t n;
	int fd, v;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return parse_by_hand(text, n, &v) && v == expected;
}

static bool get_by_stdio(const char *path, int expected)
{
	FILE *file = fopen(path, "re");
	int v, n;

	if (!file)
		return false;
	n = fscanf(file, "%d", &v);
	fclose(file);
	return n == 1 && v == expected;
}

static bool get_adj_by_stdio(pid_t pid, int expected)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	return get_by_stdio(path, expected);
}

static bool knob(void)
{
	enum oomctl_overcommit v;

	return oomctl_vm_get_overcommit_memory(NULL, &v) == 0 && (int)v == overcommit;
}

static bool knob_by_hand(void)
{
	return get_by_hand(OVERCOMMIT_MEMORY, overcommit);
}

static bool knob_by_stdio(void)
{
	return get_by_stdio(OVERCOMMIT_MEMORY, overcommit);
}

static bool get_own(void)
{
	int32_t v;

	return oomctl_proc_get_oom_score_adj(NULL, 0, &v) == 0 && v == own_adj;
}

static bool get_own_by_hand(void)
{
	return get_by_hand(OWN_ADJ, own_adj);
}

static bool get_own_by_stdio(void)
{
	return get_by_stdio(OWN_ADJ, own_adj);
}

static bool get_other(void)
{
	int32_t v;

	return oomctl_proc_get_oom_score_adj(NULL, other, &v) == 0 && v == other_adj;
}

static bool get_other_by_hand(void)
{
	return get_by_hand(other_path, other_adj);
}

static bool get_other_by_stdio(void)
{
	return get_adj_by_stdio(other, other_adj);
}

static bool get_by_pidfd(void)
{
	int32_t v;

	return oomctl_pidfd_get_oom_score_adj(NULL, other_pidfd, &v) == 0 &&
	       v == other_adj;
}

static bool set_own(void)
{
	return oomctl_proc_set_oom_score_adj(NULL, 0, own_adj) == 0;
}

static bool set_own_by_hand(void)
{
	size_t len = strlen(own_text);
	ssize_t n;
	int fd;

	fd = open(OWN_ADJ, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, own_text, len);
	close(fd);
	return n == (ssize_t)len;
}

static bool set_own_by_stdio(void)
{
	FILE *file = fopen(OWN_ADJ, "we");

	if (!file)
		return false;
	fprintf(file, "%d", own_adj);
	return fclose(file) == 0;
}

static bool read_gauge(const struct oomctl_gauge *gauge, int expected)
{
	int64_t v;

	return oomctl_gauge_read(gauge, &v) == 0 && v == expected;
}

static bool gauge_knob(void)
{
	return read_gauge(overcommit_gauge, overcommit);
}

static bool gauge_other(void)
{
	return read_gauge(other_gauge, other_adj);
}

static bool read_kept(int fd, int expected)
{
	char text[TEXT_MAX];
	int v;

	return parse_by_hand(text, pread(fd, text, sizeof(text), 0), &v) && v == expected;
}

static bool kept_knob(void)
{
	return read_kept(overcommit_fd, overcommit);
}

static bool kept_other(void)
{
	return read_kept(other_fd, other_adj);
}

static bool meminfo(void)
{
	struct oomctl_meminfo m;

	return oomctl_meminfo_read(NULL, &m, sizeof(m)) == 0 &&
	       m.mem_total_kb == mem_total_kb;
}

static bool meminfo_unparsed(void)
{
	char text[MEMINFO_MAX];
	ssize_t n;
	int fd;

	fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0;
}

static bool meminfo_by_stdio(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long v, total = 0;
	char line[128], name[64];

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^:]: %lu", name, &v) == 2 &&
		    strcmp(name, "MemTotal") == 0)
			total = v;
	fclose(file);
	return total == mem_total_kb;
}

static bool commit_figures(void)
{
	struct oomctl_commit_figures in;

	return oomctl_meminfo_read_commit_figures(NULL, &in, sizeof(in)) == 0;
}

static bool commit_limit(void)
{
	uint64_t kb;

	return oomctl_calc_commit_limit(&figures, &kb) == 0;
}

static bool overcommit_ratio(void)
{
	int32_t percent;

	return oomctl_calc_overcommit_ratio(&figures, figures.mem_total_kb, &percent) ==
	       0;
}

static bool badness(void)
{
	int64_t pages;

	return oomctl_calc_badness(OOMCTL_SCORE_RULE_5_9, tasks, total_pages, &pages) ==
	       0;
}

static bool oom_score(void)
{
	int32_t score;

	return oomctl_calc_oom_score(OOMCTL_SCORE_RULE_5_9, tasks, total_pages, &score) ==
	       0;
}

static bool oom_score_adj_below(void)
{
	int32_t adj;

	return oomctl_calc_oom_score_adj_below(OOMCTL_SCORE_RULE_5_9, tasks, total_pages,
					       500, &adj) == 0;
}

static bool badness_of_oom_score(void)
{
	int64_t least, most;

	return oomctl_calc_badness_of_oom_score(OOMCTL_SCORE_RULE_5_9, 700, total_pages,
						&least, &most) == 0;
}

static bool footprint_of_oom_score(void)
{
	uint64_t least, most;

	return oomctl_calc_footprint_of_oom_score(OOMCTL_SCORE_RULE_5_9, 700, 0, 0,
						  total_pages, &least, &most) == 0;
}

static bool victim(void)
{
	int64_t margin;
	size_t i;

	return oomctl_calc_victim(OOMCTL_SCORE_RULE_5_9, tasks, TASKS, total_pages, &i,
				  &margin) == 0 &&
	       i == TASKS - 1;
}

static bool grant(void)
{
	enum oomctl_verdict verdict;
	int64_t margin;

	return oomctl_calc_grant(&grant_figures, 1024, &verdict, &margin) == 0;
}

static bool grant_max(void)
{
	uint64_t kb;

	return oomctl_calc_grant_max(&grant_figures, &kb) == 0;
}

static bool predict_commit(void)
{
	enum oomctl_verdict verdict;
	int64_t margin;

	return oomctl_predict_commit(NULL, 1024, &verdict, &margin) == 0;
}

static bool predict_fork(void)
{
	enum oomctl_verdict verdict;
	int64_t margin;

	return oomctl_predict_fork(NULL, &verdict, &margin) == 0;
}

static bool predict_oom_score(void)
{
	int32_t score;

	return oomctl_predict_oom_score(NULL, other, 1000, &score) == 0 && score >= 1333;
}

#ifdef WITH_LIBPROC2
static struct pids_info *pids;
static struct meminfo_info *kept;
static enum meminfo_item items[] = {
	MEMINFO_MEM_TOTAL,        MEMINFO_MEM_FREE,       MEMINFO_MEM_AVAILABLE,
	MEMINFO_SWAP_TOTAL,       MEMINFO_SWAP_FREE,      MEMINFO_MEM_COMMIT_LIMIT,
	MEMINFO_MEM_COMMITTED_AS, MEMINFO_MEM_HUGE_TOTAL, MEMINFO_MEM_HUGE_SIZE,
	MEMINFO_MEM_HUGETBL,
};

static bool start_libproc2(void)
{
	enum pids_item item = PIDS_OOM_ADJ;

	return procps_pids_new(&pids, &item, 1) == 0 && procps_meminfo_new(&kept) == 0;
}

static bool get_by_libproc2(pid_t pid, int expected)
{
	unsigned these = (unsigned)pid;
	struct pids_fetch *fetch = procps_pids_select(pids, &these, 1, PIDS_SELECT_PID);

	return fetch && fetch->counts->total == 1 &&
	       PIDS_VAL(0, s_int, fetch->stacks[0], pids) == expected;
}

static bool get_own_by_libproc2(void)
{
	return get_by_libproc2(getpid(), own_adj);
}

static bool get_other_by_libproc2(void)
{
	return get_by_libproc2(other, other_adj);
}

static bool select_meminfo(struct meminfo_info *info)
{
	struct meminfo_stack *stack = procps_meminfo_select(info, items, LENGTH(items));

	return stack && MEMINFO_VAL(0, ul_int, stack, info) == mem_total_kb;
}

static bool meminfo_by_kept_libproc2(void)
{
	return select_meminfo(kept);
}

static bool meminfo_by_new_libproc2(void)
{
	struct meminfo_info *info = NULL;
	bool ok = procps_meminfo_new(&info) == 0 && select_meminfo(info);

	procps_meminfo_unref(&info);
	return ok;
}
#else
#define start_libproc2() true
#define get_own_by_libproc2 NULL
#define get_other_by_libproc2 NULL
#define meminfo_by_kept_libproc2 NULL
#define meminfo_by_new_libproc2 NULL
#endif

/* clang-format off */
static struct job jobs[] = {
	{ .call = "get overcommit_memory", .run = knob },
	{ .peer = "open+read+close", .run = knob_by_hand, .goal = 1.05 },
	{ .peer = "fopen+fscanf+fclose", .run = knob_by_stdio, .goal = 0.85 },
	{ .call = "get oom_score_adj of pid 0", .run = get_own },
	{ .peer = "open+read+close", .run = get_own_by_hand, .goal = 1.05 },
	{ .peer = "fopen+fscanf+fclose", .run = get_own_by_stdio, .goal = 0.85 },
	{ .peer = "libproc2, kept info", .run = get_own_by_libproc2, .goal = 0.15 },
	{ .call = "get oom_score_adj of a pid", .run = get_other },
	{ .peer = "open+read+close of a ready path", .run = get_other_by_hand, .goal = 1.05 },
	{ .peer = "snprintf+fopen+fscanf+fclose", .run = get_other_by_stdio, .goal = 0.85 },
	{ .peer = "libproc2, kept info", .run = get_other_by_libproc2, .goal = 0.15 },
	{ .call = "get oom_score_adj of a pidfd", .run = get_by_pidfd },
	{ .call = "read a gauge of overcommit_memory", .run = gauge_knob },
	{ .peer = "pread of a kept descriptor", .run = kept_knob, .goal = 1.10 },
	{ .peer = "get overcommit_memory", .run = knob, .goal = 0.25 },
	{ .call = "read a gauge of oom_score_adj", .run = gauge_other },
	{ .peer = "pread of a kept descriptor", .run = kept_other, .goal = 1.10 },
	{ .peer = "get oom_score_adj of a pid", .run = get_other, .goal = 0.25 },
	{ .call = "set oom_score_adj of pid 0", .run = set_own },
	{ .peer = "open+write+close of a ready text", .run = set_own_by_hand, .goal = 1.05 },
	{ .peer = "fopen+fprintf+fclose", .run = set_own_by_stdio, .goal = 0.85 },
	{ .call = "read meminfo", .run = meminfo },
	{ .peer = "open+read+close, not parsed", .run = meminfo_unparsed },
	{ .peer = "fopen+fgets+sscanf+fclose", .run = meminfo_by_stdio, .goal = 0.85 },
	{ .peer = "libproc2, kept info", .run = meminfo_by_kept_libproc2 },
	{ .peer = "libproc2, new info", .run = meminfo_by_new_libproc2, .goal = 0.55 },
	{ .call = "read the commit figures", .run = commit_figures },
	{ .call = "compute the commit limit", .run = commit_limit },
	{ .call = "compute the overcommit ratio", .run = overcommit_ratio },
	{ .call = "compute a badness", .run = badness },
	{ .call = "compute an oom_score", .run = oom_score },
	{ .call = "compute the oom_score_adj below", .run = oom_score_adj_below },
	{ .call = "compute the badness of a score", .run = badness_of_oom_score },
	{ .call = "compute the footprint of a score", .run = footprint_of_oom_score },
	{ .call = "compute the victim of 1000", .run = victim },
	{ .call = "compute whether memory is granted", .run = grant },
	{ .call = "compute what is granted at most", .run = grant_max },
	{ .call = "predict whether memory is granted", .run = predict_commit },
	{ .call = "predict whether fork() works", .run = predict_fork },
	{ .call = "predict the oom_score of a pid", .run = predict_oom_score },
};
/* clang-format on */

static void start_other(void)
{
	if (processes_start(1) < 0)
		fail("fork");
	other = processes_pid(0);
	other_pidfd = (int)syscall(SYS_pidfd_open, other, 0);
	if (other_pidfd < 0)
		fail("pidfd_open");
	snprintf(other_path, sizeof(other_path), "/proc/%d/oom_score_adj", (int)other);
}

static int read_int(const char *path)
{
	FILE *file = fopen(path, "re");
	int v;

	if (!file || fscanf(file, "%d", &v) != 1)
		fail(path);
	fclose(file);
	return v;
}

static void open_gauges(void)
{
	overcommit_fd = open(OVERCOMMIT_MEMORY, O_RDONLY | O_CLOEXEC);
	other_fd = open(other_path, O_RDONLY | O_CLOEXEC);
	if (overcommit_fd < 0 || other_fd < 0 ||
	    oomctl_gauge_open_vm(NULL, OOMCTL_VM_OVERCOMMIT_MEMORY, &overcommit_gauge) <
		0 ||
	    oomctl_gauge_open_proc(NULL, other, OOMCTL_PROC_OOM_SCORE_ADJ, &other_gauge) <
		0)
		fail("gauges");
}

static void fill_tasks(void)
{
	for (size_t i = 0; i < TASKS; i++)
		tasks[i].rss_pages = 1000 + i;
}

static void set_up(void)
{
	struct oomctl_meminfo m;

	start_other();
	open_gauges();
	fill_tasks();
	overcommit = read_int(OVERCOMMIT_MEMORY);
	own_adj = read_int(OWN_ADJ);
	other_adj = read_int(other_path);
	snprintf(own_text, sizeof(own_text), "%d", own_adj);

	if (oomctl_meminfo_read(NULL, &m, sizeof(m)) < 0 ||
	    oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures)) < 0 ||
	    oomctl_predict_read_grant_figures(NULL, &grant_figures,
					      sizeof(grant_figures)) < 0)
		fail("meminfo");
	mem_total_kb = m.mem_total_kb;
	if (!start_libproc2())
		fail("libproc2");
}

int main(void)
{
	struct table calls = { "calls", jobs, LENGTH(jobs), ROUNDS_MAX, 1 };
	bool ok;

	set_up();
	ok = table_run(&calls);
	return !(run_walks() && ok);
}
