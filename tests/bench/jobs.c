/* SPDX-License-Identifier: MIT */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOP_NS = 1000000 };

_Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
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
static void measure(struct table *t)
{
	for (int round = 0; round < t->rounds; round++)
		for (size_t i = 0; i < t->count; i++) {
			struct job *job = &t->jobs[round % 2 ? t->count - 1 - i : i];

			if (job->run)
				job->ns[round] =
				    time_loops(job) / (double)job->loops / t->parts;
		}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sort(const struct table *t, double *values)
{
	qsort(values, (size_t)t->rounds, sizeof(*values), compare);
}

double median(const struct table *t, const struct job *job)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, job->ns, sizeof(sorted));
	sort(t, sorted);
	return sorted[t->rounds / 2];
}

double fastest(const struct table *t, const struct job *job)
{
	double ns = job->ns[0];

	for (int i = 1; i < t->rounds; i++)
		if (job->ns[i] < ns)
			ns = job->ns[i];
	return ns;
}

static void print_peer(const struct table *t, struct job *peer, const struct job *ours)
{
	double ratios[ROUNDS_MAX];
	bool missed;

	if (!peer->run) {
		printf("  %-34s no libproc2-dev when this was built\n", peer->peer);
		return;
	}

	for (int i = 0; i < t->rounds; i++)
		ratios[i] = ours->ns[i] / peer->ns[i];
	sort(t, ratios);
	printf("  %-34s %8.0f   %5.3f [%5.3f-%5.3f]", peer->peer, median(t, peer),
	       ratios[t->rounds / 2], ratios[0], ratios[t->rounds - 1]);

	missed = ratios[t->rounds / 2] > peer->goal;
	if (peer->goal > 0) {
		printf("   <= %.2f  %s", peer->goal, missed ? "MISSED" : "ok");
		peer->misses += missed;
	}
	puts("");
}

static void print_table(const struct table *t)
{
	const struct job *ours = NULL;

	printf("%-36s %8s   %5s %-13s   %s\n", t->title, "ns", "ratio", "[min-max]",
	       "goal");
	for (size_t i = 0; i < t->count; i++) {
		struct job *job = &t->jobs[i];

		if (job->call) {
			ours = job;
			printf("%-36s %8.*f\n", job->call, median(t, job) < 100,
			       median(t, job));
		} else {
			print_peer(t, job, ours);
		}
	}
	fflush(stdout);
}

static bool any_missed(const struct table *t, int times)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->jobs[i].misses >= times)
			return true;
	return false;
}

bool table_run(struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		t->jobs[i].misses = 0;
		calibrate(&t->jobs[i]);
	}

	measure(t);
	print_table(t);
	if (any_missed(t, 1)) {
		puts("\nOnce more: a goal is missed when it is missed twice.\n");
		measure(t);
		print_table(t);
	}
	return !any_missed(t, 2);
}
