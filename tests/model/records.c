/* SPDX-License-Identifier: MIT */
/*
 * Usage: records FUNCTION COUNT
 * Prints what a function of calc.h gives for figures that are the same on every machine:
 * in each record the arguments, the result, the outputs, as little-endian numbers.
 * check.py knows the layouts.
 */
#include <oomctl/calc.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX (INT64_C(1) << 50)

enum { TASKS_MAX = 4 };

static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t one_of(uint64_t n)
{
	return (next_random() >> 20) % n;
}

static bool is_rare(void)
{
	return one_of(64) == 0;
}

/* Small and large numbers alike. */
static uint64_t any(void)
{
	uint64_t bits = one_of(64);

	return next_random() >> bits;
}

/* A number, or one of its neighbours. */
static uint64_t near(uint64_t v)
{
	return v + one_of(5) - 2;
}

static void put(uint64_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		putchar_unlocked((int)(v & 0xff));
}

static void put_u64(uint64_t v)
{
	put(v, 8);
}

static void put_i64(int64_t v)
{
	put((uint64_t)v, 8);
}

static void put_u32(uint32_t v)
{
	put(v, 4);
}

static void put_i32(int32_t v)
{
	put((uint32_t)v, 4);
}

/* What an output holds before a call. */
#define UNTOUCHED 0x77777777

static struct oomctl_commit_figures any_commit(void)
{
	struct oomctl_commit_figures in = {
		.mem_total_kb = any(),
		.swap_total_kb = any(),
		.overcommit_kbytes = one_of(4) ? 0 : any(),
		.overcommit_ratio = (int32_t)any(),
		.page_size = 1024U << one_of(7),
	};

	in.hugetlb_kb = one_of(2) ? 0 : any() & in.mem_total_kb;
	if (is_rare())
		in.page_size = (uint32_t)any();
	if (is_rare())
		in.hugetlb_kb = near(in.mem_total_kb);
	return in;
}

static void put_commit(const struct oomctl_commit_figures *in)
{
	put_u64(in->mem_total_kb);
	put_u64(in->hugetlb_kb);
	put_u64(in->swap_total_kb);
	put_u64(in->overcommit_kbytes);
	put_i32(in->overcommit_ratio);
	put_u32(in->page_size);
}

static void record_commit_limit(void)
{
	struct oomctl_commit_figures in = any_commit();
	uint64_t out = UNTOUCHED;
	int r = oomctl_calc_commit_limit(&in, &out);

	put_commit(&in);
	put_i32(r);
	put_u64(out);
}

/* Half of the limits are at the edge of a ratio. */
static void record_overcommit_ratio(void)
{
	struct oomctl_commit_figures in = any_commit();
	uint64_t share = (in.mem_total_kb - in.hugetlb_kb) / 100 * (any() & INT32_MAX);
	uint64_t limit = one_of(2) ? any() : near(share + in.swap_total_kb);
	int32_t out = UNTOUCHED;
	int r = oomctl_calc_overcommit_ratio(&in, limit, &out);

	put_commit(&in);
	put_u64(limit);
	put_i32(r);
	put_i32(out);
}

/* Figures that a machine may have: RAM and swap in whole pages, and below 2^63 kB. */
static struct oomctl_grant_figures any_grant(void)
{
	struct oomctl_grant_figures in = {
		.commit = any_commit(),
		.committed_as_kb = any(),
		.admin_reserve_kbytes = any(),
		.user_reserve_kbytes = any(),
		.total_vm_pages = any(),
		.overcommit_memory = one_of(8) ? OOMCTL_OVERCOMMIT_NEVER
					       : (enum oomctl_overcommit)one_of(3),
		.cpus = (uint32_t)(is_rare() ? any() : 1 + (any() & 0xffff)),
		.flags = (uint32_t)(is_rare() ? any() : one_of(8)),
		.reserved = (uint32_t)any(),
	};
	uint64_t whole = ~(uint64_t)(in.commit.page_size / 1024 - 1);

	in.commit.mem_total_kb = in.commit.mem_total_kb >> 2 & whole;
	in.commit.swap_total_kb = in.commit.swap_total_kb >> 2 & whole;
	in.commit.hugetlb_kb >>= 2;
	if (one_of(2))
		in.commit.overcommit_ratio = (int32_t)one_of(200);
	if (is_rare())
		in.overcommit_memory = (enum oomctl_overcommit)one_of(5);
	return in;
}

/* About as much is promised as may be. */
static void promise_what_there_is(struct oomctl_grant_figures *in)
{
	uint64_t limit = in->commit.mem_total_kb;

	if (oomctl_calc_commit_limit(&in->commit, &limit) == 0 && one_of(4)) {
		in->admin_reserve_kbytes &= limit / 8;
		in->user_reserve_kbytes &= limit / 8;
		in->committed_as_kb &= limit / 2;
	}
}

static void put_grant(const struct oomctl_grant_figures *in)
{
	put_commit(&in->commit);
	put_u64(in->committed_as_kb);
	put_u64(in->admin_reserve_kbytes);
	put_u64(in->user_reserve_kbytes);
	put_u64(in->total_vm_pages);
	put_i32((int32_t)in->overcommit_memory);
	put_u32(in->cpus);
	put_u32(in->flags);
}

/* A request that the largest one, an error of the count, or two batches may decide on. */
static uint64_t request_near(const struct oomctl_grant_figures *in)
{
	uint64_t page_kb = in->commit.page_size / 1024;
	uint64_t largest = any(), cpus = in->cpus ? in->cpus : 1;
	uint64_t batch = in->commit.mem_total_kb / cpus / 256;

	oomctl_calc_grant_max(in, &largest);
	switch (one_of(5)) {
	case 0:
		return any();
	case 1:
		return near(2 * batch);
	case 2:
		return largest + near(0) * page_kb;
	case 3:
		return largest + 2 * (cpus - one_of(2)) * (batch - page_kb) +
		       near(0) * page_kb;
	default:
		return near(largest);
	}
}

static void record_grant(void)
{
	struct oomctl_grant_figures in = any_grant();
	enum oomctl_verdict out = (enum oomctl_verdict)UNTOUCHED;
	int64_t margin = UNTOUCHED;
	uint64_t request;
	int r;

	promise_what_there_is(&in);
	request = request_near(&in);
	r = oomctl_calc_grant(&in, request, &out, &margin);
	put_grant(&in);
	put_u64(request);
	put_i32(r);
	put_i32((int32_t)out);
	put_i64(margin);
}

static void record_grant_bound(void)
{
	struct oomctl_grant_figures in = any_grant();
	uint64_t request, out = UNTOUCHED;
	int r;

	promise_what_there_is(&in);
	request = request_near(&in);
	r = oomctl_calc_grant_bound(&in, request, &out);
	put_grant(&in);
	put_u64(request);
	put_i32(r);
	put_u64(out);
}

static void record_grant_max(void)
{
	struct oomctl_grant_figures in = any_grant();
	uint64_t out = UNTOUCHED;
	int r;

	promise_what_there_is(&in);
	r = oomctl_calc_grant_max(&in, &out);
	put_grant(&in);
	put_i32(r);
	put_u64(out);
}

static enum oomctl_score_rule any_rule(void)
{
	return (enum oomctl_score_rule)(is_rare() ? one_of(8) : 1 + one_of(5));
}

static uint64_t any_total(void)
{
	static const uint64_t edges[] = { 1, 999, 1000, 1999, PAGES_MAX };

	if (one_of(16) == 0)
		return near(edges[one_of(sizeof(edges) / sizeof(edges[0]))]);
	return 1 + (any() >> (one_of(2) ? 12 : 32));
}

static int32_t any_adj(void)
{
	static const int32_t edges[] = {
		-1001, -1000, -999, -30, -1, 0, 1, 30, 1000, 1001
	};

	if (one_of(8) == 0)
		return edges[one_of(sizeof(edges) / sizeof(edges[0]))];
	return is_rare() ? (int32_t)any() : (int32_t)one_of(2001) - 1000;
}

static uint32_t any_flags(void)
{
	return (uint32_t)(is_rare() ? any() : one_of(16) ? 2 * one_of(2) : one_of(4));
}

static struct oomctl_task_figures any_task(uint64_t total)
{
	struct oomctl_task_figures task = {
		.rss_pages = any() % (2 * total + 1),
		.swap_pages = one_of(2) ? 0 : any() >> 12,
		.pgtable_pages = any() >> 32,
		.oom_score_adj = any_adj(),
		.flags = any_flags(),
	};

	if (is_rare())
		task.swap_pages = any();
	if (one_of(16) == 0)
		task.rss_pages = near(PAGES_MAX);
	return task;
}

static void put_task(const struct oomctl_task_figures *task)
{
	put_u64(task->rss_pages);
	put_u64(task->swap_pages);
	put_u64(task->pgtable_pages);
	put_i32(task->oom_score_adj);
	put_u32(task->flags);
}

static void record_badness(void)
{
	enum oomctl_score_rule rule = any_rule();
	uint64_t total = any_total();
	struct oomctl_task_figures task = any_task(total);
	int64_t out = UNTOUCHED;
	int r = oomctl_calc_badness(rule, &task, total, &out);

	put_i32((int32_t)rule);
	put_u64(total);
	put_task(&task);
	put_i32(r);
	put_i64(out);
}

static void record_oom_score(void)
{
	enum oomctl_score_rule rule = any_rule();
	uint64_t total = any_total();
	struct oomctl_task_figures task = any_task(total);
	int32_t out = UNTOUCHED;
	int r = oomctl_calc_oom_score(rule, &task, total, &out);

	put_i32((int32_t)rule);
	put_u64(total);
	put_task(&task);
	put_i32(r);
	put_i32(out);
}

/* Often the same once more, or about: the lists have ties. */
static struct oomctl_task_figures any_rival(struct oomctl_task_figures task,
					    uint64_t total)
{
	if (one_of(2))
		return any_task(total);
	if (one_of(2))
		task.rss_pages = near(task.rss_pages);
	return task;
}

static void record_victim(void)
{
	struct oomctl_task_figures tasks[TASKS_MAX];
	enum oomctl_score_rule rule = any_rule();
	uint64_t total = any_total();
	size_t count = (size_t)one_of(TASKS_MAX + 1), index = UNTOUCHED;
	int64_t margin = UNTOUCHED;
	int r;

	tasks[0] = any_task(total);
	for (size_t i = 1; i < TASKS_MAX; i++)
		tasks[i] = any_rival(tasks[i - 1], total);
	r = oomctl_calc_victim(rule, tasks, count, total, &index, &margin);
	put_i32((int32_t)rule);
	put_u64(total);
	put_u32((uint32_t)count);
	for (size_t i = 0; i < TASKS_MAX; i++)
		put_task(&tasks[i]);
	put_i32(r);
	put_u32((uint32_t)index);
	put_i64(margin);
}

/* Most are within reach of an adjustment. */
static int64_t any_badness(const struct oomctl_task_figures *task, uint64_t total)
{
	uint64_t steps = one_of(2001) - 1000;

	if (one_of(4) == 0)
		return (int64_t)(one_of(2) ? any() : -any());
	return (int64_t)near(task->rss_pages + task->swap_pages + task->pgtable_pages +
			     steps * (total / 1000));
}

static void record_adj(int (*call)(enum oomctl_score_rule rule,
				   const struct oomctl_task_figures *task,
				   uint64_t total_pages, int64_t badness_pages,
				   int32_t *out_adj))
{
	enum oomctl_score_rule rule = any_rule();
	uint64_t total = any_total();
	struct oomctl_task_figures task = any_task(total);
	int64_t badness = any_badness(&task, total);
	int32_t out = UNTOUCHED;
	int r;

	if (rule == OOMCTL_SCORE_RULE_2_6_36 && one_of(2))
		badness = (int64_t)near(one_of(1001));
	r = call(rule, &task, total, badness, &out);
	put_i32((int32_t)rule);
	put_u64(total);
	put_task(&task);
	put_i64(badness);
	put_i32(r);
	put_i32(out);
}

static void record_adj_below(void)
{
	record_adj(oomctl_calc_oom_score_adj_below);
}

static void record_adj_above(void)
{
	record_adj(oomctl_calc_oom_score_adj_above);
}

static int32_t any_score(void)
{
	return is_rare() ? (int32_t)any() : (int32_t)one_of(2002);
}

static void record_badness_of_oom_score(void)
{
	enum oomctl_score_rule rule = any_rule();
	int32_t score = any_score();
	uint64_t total = any_total();
	int64_t least = UNTOUCHED, most = UNTOUCHED;
	int r = oomctl_calc_badness_of_oom_score(rule, score, total, &least, &most);

	put_i32((int32_t)rule);
	put_i32(score);
	put_u64(total);
	put_i32(r);
	put_i64(least);
	put_i64(most);
}

static void record_footprint_of_oom_score(void)
{
	enum oomctl_score_rule rule = any_rule();
	int32_t score = any_score(), adj = any_adj();
	uint32_t flags = any_flags();
	uint64_t total = any_total(), least = UNTOUCHED, most = UNTOUCHED;
	int r = oomctl_calc_footprint_of_oom_score(rule, score, adj, flags, total, &least,
						   &most);

	put_i32((int32_t)rule);
	put_i32(score);
	put_i32(adj);
	put_u32(flags);
	put_u64(total);
	put_i32(r);
	put_u64(least);
	put_u64(most);
}

static const struct {
	const char *name;
	void (*record)(void);
} functions[] = {
	{ "commit_limit", record_commit_limit },
	{ "overcommit_ratio", record_overcommit_ratio },
	{ "grant", record_grant },
	{ "grant_bound", record_grant_bound },
	{ "grant_max", record_grant_max },
	{ "badness", record_badness },
	{ "oom_score", record_oom_score },
	{ "victim", record_victim },
	{ "oom_score_adj_below", record_adj_below },
	{ "oom_score_adj_above", record_adj_above },
	{ "badness_of_oom_score", record_badness_of_oom_score },
	{ "footprint_of_oom_score", record_footprint_of_oom_score },
};

int main(int argc, char **argv)
{
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

	for (size_t i = 0; count > 0 && i < sizeof(functions) / sizeof(functions[0]);
	     i++) {
		if (strcmp(argv[1], functions[i].name) != 0)
			continue;
		for (; count > 0; count--)
			functions[i].record();
		return fflush(stdout) == 0 ? 0 : 1;
	}
	fputs("usage: records FUNCTION COUNT\n", stderr);
	return 2;
}
