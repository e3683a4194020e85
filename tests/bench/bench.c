/* SPDX-License-Identifier: MIT */
/* What calls cost beside hand-written code and other libraries that do the same job. */
#include <oomctl/oomctl.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef WITH_LIBPROC2
#include <libproc2/meminfo.h>
#include <libproc2/pids.h>
#endif

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define OVERCOMMIT_MEMORY "/proc/sys/vm/overcommit_memory"
#define OWN_ADJ "/proc/self/oom_score_adj"

enum { ROUNDS = 51, LOOP_NS = 1000000, TEXT_MAX = 32, MEMINFO_MAX = 8192 };

/* What each job has to find. */
static int overcommit, own_adj, other_adj;
static unsigned long mem_total_kb;

static pid_t other;
static int other_pidfd;
static char other_path[64], own_text[TEXT_MAX];
static struct oomctl_commit_figures figures;

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

/* A call of the library, or a peer that the call above it is compared with. */
struct job {
	const char *call, *peer;
	bool (*run)(void); /* false when the result is not what it has to be */
	double goal;       /* the highest share of the peer's time; 0: none */
	long loops;
	int misses;
	double ns[ROUNDS];
};

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
};
/* clang-format on */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static double time_loops(const struct job *job)
{
	double start = now_ns();
	bool ok = true;

	for (long i = 0; i < job->loops; i++)
		ok &= job->run();
	if (!ok)
		fail(job->call ? job->call : job->peer);
	return now_ns() - start;
}

static void calibrate(struct job *job)
{
	if (!job->run)
		return;
	for (job->loops = 1; time_loops(job) < LOOP_NS; job->loops *= 2)
		;
}

/* Forwards and backwards in turn, so that no job is always behind the same one. */
static void measure(void)
{
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < LENGTH(jobs); i++) {
			struct job *job = &jobs[round % 2 ? LENGTH(jobs) - 1 - i : i];

			if (job->run)
				job->ns[round] = time_loops(job) / (double)job->loops;
		}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sort(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
}

static double median(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	sort(sorted);
	return sorted[ROUNDS / 2];
}

static void print_peer(struct job *peer, const struct job *ours)
{
	double ratios[ROUNDS];
	bool missed;

	if (!peer->run) {
		printf("  %-34s no libproc2-dev when this was built\n", peer->peer);
		return;
	}

	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = ours->ns[i] / peer->ns[i];
	sort(ratios);
	printf("  %-34s %8.0f   %5.3f [%5.3f-%5.3f]", peer->peer, median(peer->ns),
	       ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);

	missed = ratios[ROUNDS / 2] > peer->goal;
	if (peer->goal > 0) {
		printf("   <= %.2f  %s", peer->goal, missed ? "MISSED" : "ok");
		peer->misses += missed;
	}
	puts("");
}

static void print_table(void)
{
	const struct job *ours = NULL;

	printf("%-36s %8s   %5s %-13s   %s\n", "", "ns", "ratio", "[min-max]", "goal");
	for (size_t i = 0; i < LENGTH(jobs); i++) {
		if (jobs[i].call) {
			ours = &jobs[i];
			printf("%-36s %8.*f\n", ours->call, median(ours->ns) < 100,
			       median(ours->ns));
		} else {
			print_peer(&jobs[i], ours);
		}
	}
}

static bool any_missed(int times)
{
	for (size_t i = 0; i < LENGTH(jobs); i++)
		if (jobs[i].misses >= times)
			return true;
	return false;
}

/* A process that only waits, and ends with this one. */
static void start_other(void)
{
	other = fork();
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	other_pidfd = (int)syscall(SYS_pidfd_open, other, 0);
	if (other < 0 || other_pidfd < 0)
		fail("fork and pidfd_open");
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

static void set_up(void)
{
	struct oomctl_meminfo m;

	start_other();
	overcommit = read_int(OVERCOMMIT_MEMORY);
	own_adj = read_int(OWN_ADJ);
	other_adj = read_int(other_path);
	snprintf(own_text, sizeof(own_text), "%d", own_adj);

	if (oomctl_meminfo_read(NULL, &m, sizeof(m)) < 0 ||
	    oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures)) < 0)
		fail("meminfo");
	mem_total_kb = m.mem_total_kb;
	if (!start_libproc2())
		fail("libproc2");
}

int main(void)
{
	set_up();
	for (size_t i = 0; i < LENGTH(jobs); i++)
		calibrate(&jobs[i]);

	measure();
	print_table();
	if (any_missed(1)) {
		puts("\nOnce more: a goal is missed when it is missed twice.\n");
		measure();
		print_table();
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	return any_missed(2);
}
