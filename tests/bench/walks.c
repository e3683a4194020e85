/* SPDX-License-Identifier: MIT */
/* Ways to walk all processes. */
#include <oomctl/oomctl.h>

#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jobs.h"
#include "processes.h"

#ifdef WITH_LIBPROC2
#include <libproc2/pids.h>
#endif

enum { FIRST = 10, RAISED = 2 * FIRST, ALL_MAX = 1 << 16, TEXT_MAX = 4096 };

/* What a walk by hand finds. */
struct found {
	pid_t pid;
	int score, adj;
	long badness;
	unsigned long start_ticks, rss_pages, swap_kb, pgtable_kb;
};

static struct oomctl_rank_entry all[ALL_MAX];
static struct found found[ALL_MAX];
static size_t processes, found_count;
static uint64_t total_pages;
static pid_t expected[FIRST];

/* Other processes of the machine may pass by and come first: two of the ten. */
static bool are_expected(const pid_t *first)
{
	size_t missing = FIRST;

	if (expected[0] == 0)
		return true;
	for (size_t i = 0; i < FIRST; i++)
		for (size_t j = 0; j < FIRST; j++)
			missing -= first[i] == expected[j];
	return missing <= 2;
}

static bool rank(int (*call)(const struct oomctl_ctx *, struct oomctl_rank_entry *,
			     size_t, size_t, size_t *, struct oomctl_rank_report *,
			     size_t),
		 size_t capacity)
{
	struct oomctl_rank_report report;
	pid_t first[FIRST];
	size_t count;

	if (call(NULL, all, capacity, sizeof(*all), &count, &report, sizeof(report)) < 0)
		return false;
	for (size_t i = 0; i < FIRST; i++)
		first[i] = i < count ? all[i].pid : 0;
	processes = report.processes;
	return are_expected(first);
}

static bool victims(void)
{
	return rank(oomctl_rank_victims, FIRST) && all[0].comm[0];
}

static bool scores(void)
{
	return rank(oomctl_rank_scores, ALL_MAX);
}

/* By hand, with the care that the job needs: what has ended meanwhile is left out. */

static ssize_t read_below(int proc, const char *pid, const char *name, char *text)
{
	char path[64];
	size_t len = strlen(pid);
	ssize_t n;
	int fd;

	memcpy(path, pid, len);
	memcpy(path + len, name, strlen(name) + 1);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;

	n = read(fd, text, TEXT_MAX - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static bool read_number(int proc, const char *pid, const char *name, int *out)
{
	char text[TEXT_MAX];
	char *at = text;
	int v = 0;

	if (read_below(proc, pid, name, text) <= 0)
		return false;
	at += *at == '-';
	while (*at >= '0' && *at <= '9')
		v = v * 10 + (*at++ - '0');
	*out = *text == '-' ? -v : v;
	return *at == '\n';
}

static const char *skip_words(const char *at, int count)
{
	for (; at && count > 0; count--) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at;
}

static void read_stat(const char *text, struct found *f)
{
	const char *name_end = strrchr(text, ')');
	const char *at = name_end ? skip_words(name_end, 20) : NULL;
	char *end;

	if (!at)
		return;
	f->start_ticks = strtoul(at, &end, 10);
	strtoul(end, &end, 10); /* vsize */
	f->rss_pages = strtoul(end, NULL, 10);
}

static unsigned long kb_in(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoul(line + strlen(name), NULL, 10) : 0;
}

static bool read_details(int proc, struct found *f)
{
	char pid[16], text[TEXT_MAX];

	snprintf(pid, sizeof(pid), "%d", (int)f->pid);
	if (!read_number(proc, pid, "/oom_score_adj", &f->adj) ||
	    read_below(proc, pid, "/stat", text) <= 0)
		return false;
	read_stat(text, f);
	if (read_below(proc, pid, "/status", text) <= 0)
		return false;

	f->swap_kb = kb_in(text, "\nVmSwap:");
	f->pgtable_kb = kb_in(text, "\nVmPTE:");
	f->badness = (long)(f->rss_pages + (f->swap_kb + f->pgtable_kb) / 4) +
		     f->adj * (long)(total_pages / 1000);
	return true;
}

static int by_score(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->pid < y->pid ? 1 : -1;
}

static int by_badness(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->badness != y->badness)
		return x->badness < y->badness ? 1 : -1;
	if (x->start_ticks != y->start_ticks)
		return x->start_ticks < y->start_ticks ? 1 : -1;
	return x->pid < y->pid ? 1 : -1;
}

/* Into a sorted array, from which the last falls out. */
static void insert(struct found *first, size_t *count, const struct found *f,
		   int (*compare)(const void *, const void *))
{
	size_t i = *count < FIRST ? (*count)++ : FIRST;

	for (; i > 0 && compare(f, &first[i - 1]) < 0; i--)
		if (i < FIRST)
			first[i] = first[i - 1];
	if (i < FIRST)
		first[i] = *f;
}

struct dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Calls visit with the name of each process. */
static bool walk_by_hand(int proc, void (*visit)(int proc, const char *pid))
{
	_Alignas(uint64_t) char names[32768];
	const struct dirent64 *entry;
	long n;

	while ((n = syscall(SYS_getdents64, proc, names, sizeof(names))) > 0)
		for (long at = 0; at < n; at += entry->reclen) {
			entry = (const void *)(names + at);
			if (entry->name[0] >= '1' && entry->name[0] <= '9')
				visit(proc, entry->name);
		}
	return n == 0;
}

static bool found_as_expected(void)
{
	pid_t first[FIRST];

	for (size_t i = 0; i < FIRST; i++)
		first[i] = i < found_count ? found[i].pid : 0;
	return are_expected(first);
}

/* What is done with the scores in the end, by hand. */
static bool by_hand(void (*visit)(int proc, const char *pid), void (*end)(int proc))
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (proc < 0)
		return false;
	found_count = 0;
	ok = walk_by_hand(proc, visit);
	end(proc);
	close(proc);
	return ok && found_as_expected();
}

static bool read_score(int proc, const char *pid, struct found *f)
{
	f->pid = atoi(pid);
	return read_number(proc, pid, "/oom_score", &f->score);
}

static void keep_first(int proc, const char *pid)
{
	struct found f;

	if (read_score(proc, pid, &f))
		insert(found, &found_count, &f, by_score);
}

static void detail_first(int proc)
{
	for (size_t i = 0; i < found_count; i++)
		if (!read_details(proc, &found[i]))
			found[i].pid = -1;
}

static bool victims_by_hand(void)
{
	return by_hand(keep_first, detail_first);
}

static void keep_all(int proc, const char *pid)
{
	if (found_count < ALL_MAX && read_score(proc, pid, &found[found_count]))
		found_count++;
}

/* The ten first by badness, of those with the ten highest scores. */
static void detail_tied(int proc)
{
	struct found first[FIRST];
	size_t count = 0, chosen = 0;
	int least;

	for (size_t i = 0; i < found_count; i++)
		insert(first, &count, &found[i], by_score);
	least = first[count - 1].score;
	for (size_t i = 0; i < found_count; i++)
		if (found[i].score >= least && read_details(proc, &found[i]))
			insert(first, &chosen, &found[i], by_badness);

	memcpy(found, first, chosen * sizeof(*first));
	found_count = chosen;
}

static bool exact_by_hand(void)
{
	return by_hand(keep_all, detail_tied);
}

static void keep_all_with_adj(int proc, const char *pid)
{
	struct found *f = &found[found_count];

	if (found_count < ALL_MAX && read_score(proc, pid, f) &&
	    read_number(proc, pid, "/oom_score_adj", &f->adj))
		found_count++;
}

static void sort_found(int proc)
{
	(void)proc;
	qsort(found, found_count, sizeof(*found), by_score);
}

static bool scores_by_hand(void)
{
	return by_hand(keep_all_with_adj, sort_found);
}

#ifdef WITH_LIBPROC2
static struct pids_info *pids;
static enum pids_item items[] = { PIDS_ID_PID, PIDS_OOM_SCORE, PIDS_OOM_ADJ };

static bool start_libproc2(void)
{
	return pids || procps_pids_new(&pids, items, LENGTH(items)) == 0;
}

static bool scores_by_libproc2(void)
{
	struct pids_fetch *fetch = procps_pids_reap(pids, PIDS_FETCH_TASKS_ONLY);
	pid_t first[FIRST];

	if (!fetch || !procps_pids_sort(pids, fetch->stacks, fetch->counts->total,
					PIDS_OOM_SCORE, PIDS_SORT_DESCEND))
		return false;
	for (size_t i = 0; i < FIRST; i++)
		first[i] = PIDS_VAL(0, s_int, fetch->stacks[i], pids);
	return are_expected(first);
}
#else
#define start_libproc2() true
#define scores_by_libproc2 NULL
#endif

/* clang-format off */
static struct job tied[] = {
	{ .call = "rank_victims of 10, all tied", .run = victims },
	{ .peer = "by hand, as exact", .run = exact_by_hand },
};

static struct job distinct[] = {
	{ .call = "rank_victims of 10", .run = victims },
	{ .peer = "getdents64+open+read+close", .run = victims_by_hand, .goal = 1.05 },
	{ .peer = "libproc2, kept info: reap+sort", .run = scores_by_libproc2, .goal = 0.65 },
	{ .call = "rank_scores of all", .run = scores },
	{ .peer = "getdents64+open+read+close, qsort", .run = scores_by_hand },
	{ .peer = "libproc2, kept info: reap+sort", .run = scores_by_libproc2, .goal = 0.90 },
};
/* clang-format on */

/* So that the last of the ten is not tied. */
static void set_apart(bool apart)
{
	if (processes_set_apart(apart ? RAISED : 0) < 0)
		fail("needs an oom_score_adj of 0");
	for (size_t i = 0; i < FIRST; i++)
		expected[i] = apart ? processes_pid(i) : 0;
}

/* A number of processes, and the time that walks take for each of them. */
struct size {
	size_t count;
	int rounds;
	double processes, median_ns;
	double ours_ns,
	    by_hand_ns; /* of the fastest rounds, which other load leaves alone */
};

static bool run_table(struct size *size, struct job *jobs, size_t count)
{
	struct table t = { .jobs = jobs, .count = count, .rounds = size->rounds };
	char title[64];
	bool ok;

	if (!victims())
		fail("other processes of the machine come first; try again");
	snprintf(title, sizeof(title), "each of %zu processes", processes);
	t.title = title;
	t.parts = (double)processes;
	puts("");
	ok = table_run(&t);

	size->processes = t.parts;
	size->median_ns = median(&t, &jobs[0]);
	size->ours_ns = fastest(&t, &jobs[0]);
	size->by_hand_ns = fastest(&t, &jobs[1]);
	return ok;
}

static bool run_size(struct size *size)
{
	if (processes_start(size->count) < 0)
		fail("fork");
	set_apart(false);
	run_table(size, tied, LENGTH(tied));
	set_apart(true);
	return run_table(size, distinct, LENGTH(distinct));
}

static void run_python(const struct size *size)
{
	FILE *lines = popen(PYTHON_WALK, "re");
	char name[64];
	double ns;

	printf("%-36s %8.0f\n", "rank_victims of 10", size->median_ns);
	while (lines && fscanf(lines, "%63[^\t]\t%lf\n", name, &ns) == 2)
		printf("  %-34s %8.0f   %5.3f run after\n", name, ns,
		       size->median_ns / ns);
	if (lines)
		pclose(lines);
}

/* The power of the number of processes with which the time of a walk grows. */
static double exponent(const struct size *small, const struct size *large,
		       double small_ns, double large_ns)
{
	double growth = large->processes / small->processes;

	return 1 + log(large_ns / small_ns) / log(growth);
}

/* On a machine that is busy meanwhile, the walk by hand tells what is to be had. */
static bool print_exponents(const struct size *small, const struct size *large)
{
	double ours = exponent(small, large, small->ours_ns, large->ours_ns);
	double by_hand = exponent(small, large, small->by_hand_ns, large->by_hand_ns);
	bool ok = ours <= 1.10 || ours <= by_hand;

	printf("\nThe time grows with a power of the number of processes:\n");
	printf("%-36s %8.3f   %20s<= 1.10  %s\n", "rank_victims of 10", ours, "",
	       ok ? "ok" : "MISSED");
	printf("  %-34s %8.3f\n", "getdents64+open+read+close", by_hand);
	return ok;
}

bool run_walks(void)
{
	struct size small = { .count = 1000, .rounds = ROUNDS_MAX };
	struct size large = { .count = PROCESSES_MAX, .rounds = 15 };
	bool ok;

	if (!start_libproc2())
		fail("libproc2");
	total_pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	ok = run_size(&small);
	run_python(&small);
	ok &= run_size(&large);
	return print_exponents(&small, &large) && ok;
}
