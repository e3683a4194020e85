/* SPDX-License-Identifier: MIT */
#include <oomctl/oomctl.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "births.h"
#include "child.h"
#include "fixture.h"

/* Rankers look at processes that give way to each other all the time. */

enum {
	ROUNDS = 1000000,
	RANKERS = 2,
	ROOM = 16,
	GAUGES = 2 * LINES,
	MOST_GROWN_KB = 16384 /* the sanitizer keeps what was freed for a while */
};

static struct counts {
	atomic_bool is_over;
	atomic_ulong rounds; /* calls that walk /proc */
	atomic_ulong others; /* that read one process */
	atomic_ulong looks;  /* at gauges */
	atomic_ulong opened, closed;
	atomic_ulong outlived; /* gauges whose number was in use again */
	atomic_ulong changed;  /* calls during which a number changed hands */
	atomic_ulong mixed;    /* scores and adjustments of two processes */
	atomic_ulong wrong;
} counts;

static long seconds = 20;

struct gauge {
	struct oomctl_gauge *gauge;
	unsigned int birth;
};

struct ranker {
	struct oomctl_rank_entry entries[ROOM];
	struct oomctl_rank_report report;
	struct moment before[LINES], after[LINES];
	struct gauge gauges[GAUGES];
	size_t capacity, count;
	int line; /* that a call is about */
};

static void take(struct moment *out)
{
	for (int line = 0; line < LINES; line++)
		out[line] = moment_of(line);
}

static bool may_be_seen(const struct ranker *k, int line, unsigned int birth)
{
	return birth > k->before[line].ended && birth <= k->after[line].begun;
}

/* Whether one birth could be seen all the time. */
static bool is_there(const struct ranker *k, int line)
{
	return k->after[line].ending < k->before[line].born;
}

static void is_wrong(const struct ranker *k, const char *what, int line,
		     const struct oomctl_rank_entry *e)
{
	static const struct oomctl_rank_entry none;

	if (counts.wrong++ >= 10)
		return;
	e = e ? e : &none;
	dprintf(STDERR_FILENO,
		"wrong: %s: %d, births %u to %u: \"%s\" score %d adj %d uid %u "
		"start %" PRIu64 "\n",
		what, pid_of(line), k->before[line].ended + 1, k->after[line].begun,
		e->comm, e->oom_score, e->task.oom_score_adj, e->uid, e->start_ticks);
}

/* All that is told of a process has to be of one birth. */
static void check_details(const struct ranker *k, int line,
			  const struct oomctl_rank_entry *e)
{
	unsigned int birth = birth_named(line, e->comm);

	if (!may_be_seen(k, line, birth))
		is_wrong(k, "name", line, e);
	else if (e->start_ticks != start_ticks_of(line, birth))
		is_wrong(k, "start time", line, e);
	else if (e->task.oom_score_adj != adj_of(line, birth))
		is_wrong(k, "adjustment", line, e);
	else if (e->uid != uid_of(birth))
		is_wrong(k, "user", line, e);
	else if (!shows_score(line, birth, e->oom_score))
		is_wrong(k, "score", line, e);
}

/* Score and adjustment are read one after the other, by number: each is of a birth. */
static void check_scores(const struct ranker *k, int line,
			 const struct oomctl_rank_entry *e)
{
	bool has_score = false, has_adj = false, has_both = false;

	for (unsigned int birth = k->before[line].ended + 1;
	     birth <= k->after[line].begun; birth++) {
		bool shows = shows_score(line, birth, e->oom_score);
		bool has = e->task.oom_score_adj == adj_of(line, birth);

		has_score |= shows;
		has_adj |= has;
		has_both |= shows && has;
	}
	if (!has_score || !has_adj)
		is_wrong(k, "score or adjustment", line, e);
	else if (!has_both)
		counts.mixed++;
}

static void check_entries(const struct ranker *k)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct oomctl_rank_entry *e = &k->entries[i];
		int line = e->pid - FIRST_PID;

		if (line < 0 || line >= LINES)
			continue; /* the rankers, and the parent, who is like all of them */
		if (e->flags & OOMCTL_RANK_DETAILED)
			check_details(k, line, e);
		else
			check_scores(k, line, e);
	}
}

static void count_changes(const struct ranker *k)
{
	for (int line = 0; line < LINES; line++)
		if (k->after[line].begun > k->before[line].ended + 1) {
			counts.changed++;
			return;
		}
}

#define RANK(k)                                                                          \
	(k)->entries, (k)->capacity, sizeof((k)->entries[0]), &(k)->count, &(k)->report, \
	    sizeof((k)->report)

static int rank_victims(struct ranker *k)
{
	return oomctl_rank_victims(NULL, RANK(k));
}

static int rank_scores(struct ranker *k)
{
	return oomctl_rank_scores(NULL, RANK(k));
}

static int rank_before(struct ranker *k)
{
	return oomctl_rank_before(NULL, pid_of(k->line), RANK(k));
}

static int rank_process(struct ranker *k)
{
	k->count = 1;
	return oomctl_rank_process(NULL, pid_of(k->line), k->entries,
				   sizeof(k->entries[0]));
}

static int predict_score(struct ranker *k)
{
	int32_t score;

	k->count = 0;
	return oomctl_predict_oom_score(NULL, pid_of(k->line), 0, &score);
}

static const struct {
	int (*call)(struct ranker *k);
	size_t capacity;
	bool is_round; /* it walks /proc */
	bool may_miss; /* the process that it is asked about */
} calls[] = {
	{ rank_victims, 1, true, false },    { rank_scores, 1, true, false },
	{ rank_scores, ROOM, true, false },  { rank_victims, 2, true, false },
	{ rank_scores, 2, true, false },     { rank_scores, ROOM, true, false },
	{ rank_victims, ROOM, true, false }, { rank_scores, 3, true, false },
	{ rank_scores, ROOM, true, false },  { rank_before, ROOM, true, true },
	{ rank_process, 1, false, true },    { predict_score, 1, false, true },
};

static void look_at_processes(struct ranker *k, unsigned int turn)
{
	unsigned int i = turn % LENGTH(calls);
	int r;

	k->capacity = calls[i].capacity;
	k->line = (int)(turn / LENGTH(calls) % LINES);
	take(k->before);
	r = calls[i].call(k);
	take(k->after);
	*(calls[i].is_round ? &counts.rounds : &counts.others) += 1;
	count_changes(k);
	if (r == 0)
		check_entries(k);
	else if (r != -ESRCH || !calls[i].may_miss || is_there(k, k->line))
		is_wrong(k, oomctl_strerror(r), k->line, NULL);
}

static void close_gauge(struct gauge *g)
{
	if (g->gauge)
		counts.closed++;
	oomctl_gauge_close(g->gauge);
	*g = (struct gauge){ NULL, 0 };
}

/* By number or by pidfd; in after, when it was known whose it is. */
static int open_gauge(struct ranker *k, int line, enum oomctl_proc_value value,
		      struct oomctl_gauge **out)
{
	int fd, r;

	if (value == OOMCTL_PROC_OOM_SCORE) {
		r = oomctl_gauge_open_proc(NULL, pid_of(line), value, out);
		k->after[line] = moment_of(line);
		return r;
	}

	fd = pidfd_of(pid_of(line));
	k->after[line] = moment_of(line);
	if (fd < 0)
		return -ESRCH;
	r = oomctl_gauge_open_pidfd(NULL, fd, value, out);
	close(fd);
	return r;
}

/* Kept when it is of one birth for sure. */
static void begin_gauge(struct ranker *k, struct gauge *g, int line,
			enum oomctl_proc_value value)
{
	int r;

	k->before[line] = moment_of(line);
	r = open_gauge(k, line, value, &g->gauge);
	g->birth = k->after[line].begun;
	k->after[line] = moment_of(line);
	if (r < 0 && (r != -ESRCH || is_there(k, line)))
		is_wrong(k, oomctl_strerror(r), line, NULL);
	counts.opened += r == 0;
	if (g->birth != k->before[line].ended + 1)
		close_gauge(g);
}

static bool shows(int line, unsigned int birth, enum oomctl_proc_value value, int64_t v)
{
	return value == OOMCTL_PROC_OOM_SCORE ? shows_score(line, birth, v)
					      : v == adj_of(line, birth);
}

/* It stays with its birth, also when the number is in use again. */
static void look_at_gauge(struct ranker *k, struct gauge *g, int line,
			  enum oomctl_proc_value value)
{
	int64_t v;
	int r;

	k->before[line] = moment_of(line);
	r = oomctl_gauge_read(g->gauge, &v);
	k->after[line] = moment_of(line);
	counts.looks++;
	if (r == 0 &&
	    (!may_be_seen(k, line, g->birth) || !shows(line, g->birth, value, v)))
		is_wrong(k, "gauge", line, NULL);
	if (r != 0 && (r != -ESRCH || k->after[line].ending < g->birth))
		is_wrong(k, oomctl_strerror(r), line, NULL);
	if (k->before[line].born > g->birth) {
		counts.outlived++;
		close_gauge(g);
	}
}

static void look_at_gauges(struct ranker *k, unsigned int turn)
{
	struct gauge *g = &k->gauges[turn % GAUGES];
	int line = (int)(turn % LINES);
	enum oomctl_proc_value value =
	    turn % GAUGES < LINES ? OOMCTL_PROC_OOM_SCORE : OOMCTL_PROC_OOM_SCORE_ADJ;

	if (!g->gauge)
		begin_gauge(k, g, line, value);
	else
		look_at_gauge(k, g, line, value);
}

static int resident_kb(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	EXPECT(n > 0);
	return (int)(strtol(strchr(text, ' '), NULL, 10) * getpagesize() / 1024);
}

static void *be_a_ranker(void *ranker)
{
	struct ranker *k = ranker;

	nice(5); /* of this thread: births come first */
	for (unsigned int turn = 0; !counts.is_over; turn++) {
		look_at_processes(k, turn);
		look_at_gauges(k, turn);
	}
	for (int i = 0; i < GAUGES; i++)
		close_gauge(&k->gauges[i]);
	return NULL;
}

static void start_rankers(pthread_t *out)
{
	static struct ranker rankers[RANKERS];

	for (int i = 0; i < RANKERS; i++)
		EXPECT(pthread_create(&out[i], NULL, be_a_ranker, &rankers[i]) == 0);
}

static void end_rankers(const pthread_t *rankers)
{
	counts.is_over = true;
	for (int i = 0; i < RANKERS; i++)
		EXPECT(pthread_join(rankers[i], NULL) == 0);
}

static void report(unsigned long births, double took)
{
	printf(
	    "%lu rounds and %lu other calls in %.1f s, %.1f s of CPU\n"
	    "%lu births, %.0f a second\n"
	    "%lu calls during which a number changed hands\n"
	    "%lu looks at gauges, %lu opened, %lu closed, %lu outlived by their number\n"
	    "%lu wrong; %lu scores beside the adjustment of the next process\n",
	    counts.rounds, counts.others, took, (double)clock() / CLOCKS_PER_SEC, births,
	    (double)births / took, counts.changed, counts.looks, counts.opened,
	    counts.closed, counts.outlived, counts.wrong, counts.mixed);
}

/* How many were born meanwhile for each second. */
static double let_rank(void)
{
	double begin = now(), took;
	pthread_t rankers[RANKERS];
	unsigned long births = births_so_far();

	start_rankers(rankers);
	while (now() < begin + (double)seconds && counts.rounds < ROUNDS)
		usleep(1000);
	took = now() - begin;
	births = births_so_far() - births;
	end_rankers(rankers);
	report(births, took);
	return (double)births / took;
}

/* Ends by exit(), where LeakSanitizer looks. */
static void soak(void)
{
	int descriptors, kb;
	double pace;
	pid_t parent;

	mount_proc("");
	parent = births_begin();
	descriptors = open_descriptors();
	kb = resident_kb();
	pace = let_rank();
	kb = resident_kb() - kb;
	descriptors = open_descriptors() - descriptors;
	printf("%d descriptors and %d kB more than at the beginning\n", descriptors, kb);
	fflush(stdout);
	births_end(parent);

	EXPECT(counts.wrong == 0);
	EXPECT(descriptors == 0 && counts.opened == counts.closed);
	EXPECT(kb < MOST_GROWN_KB);
	EXPECT(counts.changed > 0 && counts.outlived > 0);
	EXPECT(pace > BIRTHS_PER_SECOND / 4); /* others may take the processors, too */
	exit(0);
}

static void nothing_is_taken_for_another_and_nothing_is_left(void **state)
{
	(void)state;
	child_limit_s = (unsigned int)seconds + 30;
	in_namespaces(soak);
}

/* For so many seconds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_for_another_and_nothing_is_left),
	};

	if (argc > 1)
		seconds = strtol(argv[1], NULL, 10);
	return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
