/* SPDX-License-Identifier: MIT */
#include <oomctl/rank.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "machine.h"
#include "test.h"

/* Opening this path fails, after it was opened so many times. */
static const char *failing_path;
static int failing_errno, spared;
static int listing_errno, rewinding_errno, rewinds;
static const struct fixture *changing; /* by one of these */
static void (*change_before_walk)(const struct fixture *f);
static void (*change_between_walks)(const struct fixture *f);
static void (*change_before_opening)(const struct fixture *f);
static const char *opened_path;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	if (change_before_opening && strcmp(path, opened_path) == 0) {
		change_before_opening(changing);
		change_before_opening = NULL;
	}
	if (failing_errno && strcmp(path, failing_path) == 0 && spared-- <= 0) {
		errno = failing_errno;
		return -1;
	}
	return __real_openat(dir, path, flags);
}

long __wrap_syscall(long number, ...)
{
	void *buf;
	size_t size;
	va_list args;
	int fd;

	va_start(args, number);
	fd = va_arg(args, int);
	buf = va_arg(args, void *);
	size = va_arg(args, size_t);
	va_end(args);
	if (change_before_walk)
		change_before_walk(changing);
	change_before_walk = NULL;
	if (listing_errno) {
		errno = listing_errno;
		return -1;
	}
	return __real_syscall(number, fd, buf, size);
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	if (change_between_walks)
		change_between_walks(changing);
	change_between_walks = NULL;
	rewinds++;
	if (rewinding_errno) {
		errno = rewinding_errno;
		return -1;
	}
	return __real_lseek(fd, offset, whence);
}

static void fail_opening(const char *path, int err, int after)
{
	failing_path = path;
	failing_errno = err;
	spared = after;
}

static int nothing_fails(void **state)
{
	failing_errno = listing_errno = rewinding_errno = rewinds = 0;
	change_before_walk = change_between_walks = change_before_opening = NULL;
	return fixture_teardown(state);
}

#define RANK_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, nothing_fails)

enum { ROOM = 64 };

struct ranking {
	struct oomctl_rank_entry entries[ROOM];
	struct oomctl_rank_report report;
	size_t count;
};

static int victims(const struct fixture *f, size_t capacity, struct ranking *out)
{
	return oomctl_rank_victims(f->ctx, out->entries, capacity,
				   sizeof(out->entries[0]), &out->count, &out->report,
				   sizeof(out->report));
}

static int scores(const struct fixture *f, size_t capacity, struct ranking *out)
{
	return oomctl_rank_scores(f->ctx, out->entries, capacity, sizeof(out->entries[0]),
				  &out->count, &out->report, sizeof(out->report));
}

static int before(const struct fixture *f, pid_t pid, size_t capacity,
		  struct ranking *out)
{
	return oomctl_rank_before(f->ctx, pid, out->entries, capacity,
				  sizeof(out->entries[0]), &out->count, &out->report,
				  sizeof(out->report));
}

static int cgroup(const struct fixture *f, const char *path, size_t capacity,
		  struct ranking *out)
{
	return oomctl_rank_cgroup(f->ctx, path, out->entries, capacity,
				  sizeof(out->entries[0]), &out->count, &out->report,
				  sizeof(out->report));
}

static void are(const struct ranking *k, const int *pids, size_t count)
{
	assert_int_equal(k->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(k->entries[i].pid, pids[i]);
}
#define ARE(k, ...)                                                                      \
	are(k, (const int[]){ __VA_ARGS__ },                                             \
	    sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

/* The score that a kernel shows, of a million pages. */
static int score_of(enum oomctl_score_rule rule, const struct process *p)
{
	const struct oomctl_task_figures task = {
		.rss_pages = p->rss_pages,
		.swap_pages = p->swap_pages,
		.oom_score_adj = p->adj,
		.flags = (p->stat_flags & KERNEL_THREAD || p->has_no_memory || p->pid == 1
			      ? OOMCTL_TASK_UNKILLABLE
			      : 0) |
			 (p->cap_eff ? OOMCTL_TASK_PRIVILEGED : 0),
	};
	int32_t score;

	assert_int_equal(oomctl_calc_oom_score(rule, &task, TOTAL_PAGES, &score), 0);
	return score;
}

static void put(const struct fixture *f, struct process p)
{
	p.score = score_of(OOMCTL_SCORE_RULE_5_9, &p);
	put_process(f, &p);
}

/* As before 5.9. */
static void put_old(const struct fixture *f, struct process p)
{
	p.score = score_of(OOMCTL_SCORE_RULE_4_17, &p);
	put_process(f, &p);
}

static void put_init(const struct fixture *f)
{
	put_machine(f, "6.1\n");
	put(f, (struct process){ .pid = 1, .rss_pages = 5000 });
}

/* Of 7, 30, 50 and 200 the last has most; 30 has an adjustment. */
static void put_some(const struct fixture *f)
{
	put_init(f);
	put(f, (struct process){ .pid = 7, .rss_pages = 90000 });
	put(f, (struct process){ .pid = 30, .rss_pages = 1000, .adj = 50 });
	put(f, (struct process){ .pid = 50, .rss_pages = 2000 });
	put(f, (struct process){ .pid = 200, .rss_pages = 100000, .swap_pages = 7000 });
}

static void victims_come_in_the_kernel_s_order(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50);
	assert_true(k.report.total_pages == TOTAL_PAGES);
	assert_true(k.report.processes == 5);
	assert_true(k.report.unread == 0);
	assert_true(k.report.ahead == 0);
	assert_int_equal(k.report.rule, OOMCTL_SCORE_RULE_5_9);
	assert_int_equal(k.report.flags, 0);
}

static void a_victim_has_all_its_details(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_rank_entry e;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 42,
				 .rss_pages = 1000,
				 .swap_pages = 20,
				 .pte_kb = kb_of(3),
				 .pmd_kb = kb_of(1),
				 .adj = 5,
				 .start_ticks = 987654321,
				 .uid = 4294967294,
				 .cap_eff = UINT64_MAX,
				 .comm = "a name of 21 letters." });
	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 42);
	e = k.entries[0];
	assert_true(e.badness_pages == 1000 + 20 + 4 + 5 * (TOTAL_PAGES / 1000));
	assert_true(e.task.rss_pages == 1000 && e.task.swap_pages == 20);
	assert_true(e.task.pgtable_pages == 4);
	assert_int_equal(e.task.oom_score_adj, 5);
	assert_int_equal(e.task.flags, OOMCTL_TASK_PRIVILEGED);
	assert_true(e.start_ticks == 987654321);
	assert_int_equal(e.oom_score, (1000 + 6) * 2 / 3);
	assert_int_equal(e.uid, 4294967294);
	assert_int_equal(e.flags, OOMCTL_RANK_DETAILED);
	assert_memory_equal(e.comm, "a name of 21 le", 16);
}

static void an_array_of_any_size_has_the_first(void **state)
{
	static const int pids[] = { 200, 7, 30, 50 };
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	for (size_t capacity = 1; capacity < 7; capacity++) {
		assert_int_equal(victims(f, capacity, &k), 0);
		are(&k, pids, capacity < 4 ? capacity : 4);
		assert_true(k.report.processes == 5);
	}
}

/* All have the same score: only their pages tell who is first. */
static void pages_tell_those_of_one_score_apart(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 9999, .rss_pages = 50000 });
	for (int i = 0; i < 50; i++)
		put(f, (struct process){ .pid = 100 + i,
					 .rss_pages = 100 + (uint64_t)i * 37 % 50 });
	for (size_t capacity = 1; capacity < ROOM; capacity++) {
		assert_int_equal(victims(f, capacity, &k), 0);
		assert_int_equal(k.count, capacity < 51 ? capacity : 51);
		assert_int_equal(k.entries[0].pid, 9999);
		for (size_t i = 1; i < k.count; i++)
			assert_true(k.entries[i].task.rss_pages == 150 - i);
		assert_true(k.report.processes == 52);
	}
}

static void put_equals(const struct fixture *f,
		       void (*put_one)(const struct fixture *f, struct process p))
{
	put_one(f, (struct process){ .pid = 10, .rss_pages = 500, .start_ticks = 100 });
	put_one(f, (struct process){ .pid = 11, .rss_pages = 500, .start_ticks = 300 });
	put_one(f, (struct process){ .pid = 12, .rss_pages = 500, .start_ticks = 200 });
	put_one(f, (struct process){ .pid = 13, .rss_pages = 500, .start_ticks = 200 });
	put_one(f, (struct process){ .pid = 9, .rss_pages = 500, .start_ticks = 200 });
}

static void of_equals_the_last_to_start_is_first(void **state)
{
	static const int pids[] = { 11, 13, 12, 9, 10 };
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put_equals(f, put);
	for (size_t capacity = 1; capacity < 7; capacity++) {
		assert_int_equal(victims(f, capacity, &k), 0);
		are(&k, pids, capacity < 5 ? capacity : 5);
	}
}

static void of_equals_before_5_9_the_first_to_start_is_first(void **state)
{
	static const int pids[] = { 10, 9, 12, 13, 11 };
	const struct fixture *f = *state;
	struct ranking k;

	put_machine(f, "5.8\n");
	put_equals(f, put_old);
	for (size_t capacity = 1; capacity < 7; capacity++) {
		assert_int_equal(victims(f, capacity, &k), 0);
		are(&k, pids, capacity < 5 ? capacity : 5);
		assert_int_equal(k.report.rule, OOMCTL_SCORE_RULE_4_17);
	}
}

/* On an old kernel they have the score of small processes, too. */
static void what_is_never_chosen_takes_no_place(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_machine(f, "5.8\n");
	put_old(f, (struct process){ .pid = 1, .rss_pages = 900 });
	for (int i = 0; i < 20; i++) {
		int pid = 10 * (i + 1);

		put_old(f, (struct process){ .pid = pid, .stat_flags = KERNEL_THREAD });
		put_old(f, (struct process){ .pid = pid + 1, .has_no_memory = true });
		put_old(f,
			(struct process){ .pid = pid + 2, .rss_pages = 9, .adj = -1000 });
	}
	put_old(f, (struct process){ .pid = 333, .rss_pages = 7 });
	put_old(f, (struct process){ .pid = 334, .rss_pages = 8 });
	for (size_t capacity = 1; capacity < ROOM; capacity++) {
		assert_int_equal(victims(f, capacity, &k), 0);
		assert_int_equal(k.count, capacity < 2 ? capacity : 2);
		assert_int_equal(k.entries[0].pid, 334);
	}
	ARE(&k, 334, 333);
	assert_true(k.report.processes == 63);
}

static void a_machine_without_victims_has_none(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 2, .stat_flags = KERNEL_THREAD });
	assert_int_equal(victims(f, ROOM, &k), 0);
	assert_int_equal(k.count, 0);
	assert_true(k.report.processes == 2);
	assert_int_equal(victims(f, 1, &k), 0);
	assert_int_equal(k.count, 0);
}

static void without_any_process_there_are_none(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_machine(f, "6.1\n");
	assert_int_equal(victims(f, ROOM, &k), 0);
	assert_int_equal(k.count, 0);
	assert_true(k.report.processes == 0);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
}

static void those_that_have_ended_are_left_out(void **state)
{
	static const char *const missing[] = { "proc/7/oom_score", "proc/7/oom_score_adj",
					       "proc/7/stat", "proc/7/status" };
	const struct fixture *f = *state;
	struct ranking k;

	fixture_put(f, "proc/300/other", "");
	for (size_t i = 0; i < LENGTH(missing); i++) {
		put_some(f);
		fixture_remove(f, missing[i]);
		assert_int_equal(victims(f, ROOM, &k), 0);
		ARE(&k, 200, 30, 50);
		assert_int_equal(victims(f, 1, &k), 0);
		ARE(&k, 200);
		assert_true(k.report.processes == (i == 0 ? 4 : 5));
		assert_true(k.report.unread == 0);
		assert_int_equal(before(f, 50, ROOM, &k), 0);
		ARE(&k, 200, 30);
	}
}

static void names_that_are_no_numbers_are_passed_over(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%dx-a-name-for-a-file", i);
		put_process_file(f, name, "oom_score", "1000\n");
	}
	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50);
	assert_true(k.report.processes == 5);
}

static void those_that_may_not_be_read_are_counted(void **state)
{
	/* Below the list, or below the process. */
	static const char *const paths[] = { "7/oom_score", "7" };
	static const int errnos[] = { EACCES, EPERM };
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++) {
			fail_opening(paths[i], errnos[j], 0);
			assert_int_equal(victims(f, ROOM, &k), 0);
			ARE(&k, 200, 30, 50);
			assert_true(k.report.unread == 1);
			assert_int_equal(victims(f, 2, &k), 0);
			assert_int_equal(k.entries[0].pid, 200);
			assert_true(k.report.unread == 1);
			assert_true(k.report.processes == (i == 0 ? 4 : 5));
		}
	fail_opening("7/oom_score_adj", EPERM, 0);
	assert_int_equal(scores(f, ROOM, &k), 0);
	ARE(&k, 200, 30, 50, 1);
	assert_true(k.report.unread == 1);
}

/* They are asked for twice when not all of one score fit. */
static void those_that_may_not_be_read_are_counted_once(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	for (int i = 0; i < 9; i++)
		put(f, (struct process){ .pid = 10 + i, .rss_pages = 10 + (uint64_t)i });
	fail_opening("15/oom_score", EPERM, 0);
	assert_int_equal(victims(f, 4, &k), 0);
	ARE(&k, 18, 17, 16, 14);
	assert_true(k.report.unread == 1);
	assert_true(k.report.processes == 9);
}

static void without_pid_1_others_are_hidden(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_machine(f, "6.1\n");
	put(f, (struct process){ .pid = 42, .rss_pages = 1, .cgroup = "0::/a\n" });
	fixture_put(f, "proc/sys/vm/swappiness", "60\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "1000000\n");
	assert_int_equal(victims(f, 1, &k), 0);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
	assert_int_equal(scores(f, 1, &k), 0);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
	assert_int_equal(before(f, 42, 1, &k), 0);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
	assert_int_equal(cgroup(f, "/a", 1, &k), 0);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
	put_init(f);
	assert_int_equal(cgroup(f, "/a", 1, &k), 0);
	assert_int_equal(k.report.flags, 0);
}

static void expect_order_of_scores(const struct fixture *f)
{
	struct ranking k;

	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50);
	assert_int_equal(k.report.flags, OOMCTL_RANK_NO_TOTAL);
	assert_true(k.report.total_pages == 0);
	assert_int_equal(k.report.rule, 0);
	assert_true(k.report.processes == 5);
	for (size_t i = 0; i < k.count; i++) {
		assert_true(k.entries[i].badness_pages == 0);
		assert_true(k.entries[i].task.rss_pages >= 1000);
		assert_int_equal(k.entries[i].flags, OOMCTL_RANK_DETAILED);
	}
	assert_int_equal(victims(f, 2, &k), 0);
	ARE(&k, 200, 7);
	assert_int_equal(before(f, 30, ROOM, &k), 0);
	ARE(&k, 200, 7);
	assert_true(k.report.ahead == 2);
	assert_int_equal(k.report.flags, OOMCTL_RANK_NO_TOTAL);
}

static void without_a_total_or_a_rule_the_scores_decide(void **state)
{
	const struct fixture *f = *state;

	put_some(f);
	fixture_remove(f, "proc/meminfo");
	expect_order_of_scores(f);
	put_machine(f, "2.6.35\n");
	expect_order_of_scores(f);
	fixture_remove(f, "proc/sys/kernel/osrelease");
	expect_order_of_scores(f);
}

static void without_a_total_ram_is_that_of_stat(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_machine(f, "2.6.35\n");
	put(f, (struct process){ .pid = 42, .rss_pages = 5, .status_rss_pages = 9 });
	assert_int_equal(victims(f, 1, &k), 0);
	assert_true(k.entries[0].task.rss_pages == 5);
	assert_int_equal(k.report.flags, OOMCTL_RANK_NO_TOTAL | OOMCTL_RANK_HIDDEN);
}

static void without_a_total_many_of_one_score_fit_as_they_come(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	for (int i = 0; i < 9; i++)
		put(f, (struct process){ .pid = 10 + i, .rss_pages = 10 + (uint64_t)i });
	fixture_remove(f, "proc/meminfo");
	assert_int_equal(victims(f, 3, &k), 0);
	ARE(&k, 10, 11, 12);
}

static void an_entry_may_be_larger(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_rank_entry known;
		unsigned char later[24];
	} e[6];
	struct oomctl_rank_report report;
	size_t count;

	put_some(f);
	for (size_t capacity = 4; capacity <= 5; capacity++) {
		memset(e, 0x77, sizeof(e));
		assert_int_equal(oomctl_rank_victims(f->ctx, &e[0].known, capacity,
						     sizeof(e[0]), &count, &report,
						     sizeof(report)),
				 0);
		assert_int_equal(count, 4);
		for (size_t i = 0; i < count; i++) {
			static const int pids[] = { 200, 7, 30, 50 };

			assert_int_equal(e[i].known.pid, pids[i]);
			for (size_t j = 0; j < sizeof(e[i].later); j++)
				assert_int_equal(e[i].later[j], 0);
		}
		for (size_t j = 0; j < sizeof(e[capacity]); j++)
			assert_int_equal(((unsigned char *)&e[capacity])[j], 0x77);
	}
}

static void an_entry_of_64_kib_is_taken(void **state)
{
	static _Alignas(uint64_t) unsigned char e[65536];
	const struct fixture *f = *state;
	struct oomctl_rank_report report;
	size_t count;

	put_some(f);
	assert_int_equal(oomctl_rank_victims(f->ctx, (void *)e, 1, sizeof(e), &count,
					     &report, sizeof(report)),
			 0);
	assert_int_equal(((struct oomctl_rank_entry *)(void *)e)->pid, 200);
}

static void a_report_of_another_size_is_filled(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_rank_entry e;
	struct {
		struct oomctl_rank_report known;
		unsigned char later[8], behind;
	} larger;
	unsigned char smaller[9];
	uint64_t total_pages;
	size_t count;

	put_some(f);
	memset(&larger, 0x77, sizeof(larger));
	assert_int_equal(oomctl_rank_victims(f->ctx, &e, 1, sizeof(e), &count,
					     &larger.known, sizeof(larger.known) + 8),
			 0);
	assert_true(larger.known.processes == 5);
	for (size_t i = 0; i < sizeof(larger.later); i++)
		assert_int_equal(larger.later[i], 0);
	assert_int_equal(larger.behind, 0x77);

	memset(smaller, 0x77, sizeof(smaller));
	assert_int_equal(oomctl_rank_victims(f->ctx, &e, 1, sizeof(e), &count,
					     (struct oomctl_rank_report *)(void *)smaller,
					     8),
			 0);
	memcpy(&total_pages, smaller, 8);
	assert_true(total_pages == TOTAL_PAGES);
	assert_int_equal(smaller[8], 0x77);
}

static void scores_are_of_all_with_no_details(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_rank_entry e;
	struct ranking k;

	put_some(f);
	put(f, (struct process){ .pid = 20, .rss_pages = 2100 });
	put(f, (struct process){ .pid = 60, .rss_pages = 2050, .start_ticks = 99 });
	put(f, (struct process){ .pid = 2, .stat_flags = KERNEL_THREAD });
	put(f, (struct process){ .pid = 70, .rss_pages = 9, .adj = -1000 });
	assert_int_equal(scores(f, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 20, 50, 60, 1, 2, 70);
	assert_true(k.report.processes == 9);
	assert_true(k.report.total_pages == 0 && k.report.rule == 0);
	assert_int_equal(k.report.flags, 0);
	for (size_t i = 0; i < k.count; i++) {
		memset(&e, 0, sizeof(e));
		e.pid = k.entries[i].pid;
		e.oom_score = k.entries[i].oom_score;
		e.task.oom_score_adj = k.entries[i].task.oom_score_adj;
		assert_memory_equal(&e, &k.entries[i], sizeof(e));
	}
	assert_int_equal(k.entries[0].oom_score, (1000 + 107) * 2 / 3);
	assert_int_equal(k.entries[2].task.oom_score_adj, 50);
	assert_int_equal(k.entries[8].task.oom_score_adj, -1000);
	for (size_t capacity = 1; capacity < 9; capacity++) {
		assert_int_equal(scores(f, capacity, &k), 0);
		are(&k, (const int[]){ 200, 7, 30, 20, 50, 60, 1, 2, 70 }, capacity);
	}
}

static void scores_need_neither_total_nor_details(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_process_file(f, "42", "oom_score", "7\n");
	put_process_file(f, "42", "oom_score_adj", "8\n");
	put_process_file(f, "43", "oom_score", "9\n"); /* it ends now */
	assert_int_equal(scores(f, ROOM, &k), 0);
	ARE(&k, 42);
	assert_int_equal(k.report.flags, OOMCTL_RANK_HIDDEN);
}

static void those_before_a_process_are_ahead(void **state)
{
	static const int pids[] = { 200, 7, 30, 50 };
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	for (size_t i = 0; i < LENGTH(pids); i++) {
		assert_int_equal(before(f, pids[i], ROOM, &k), 0);
		are(&k, pids, i);
		assert_true(k.report.ahead == i);
		assert_true(k.report.processes == 5);
		assert_true(k.report.unread == 0);
	}
	assert_int_equal(before(f, 50, 1, &k), 0);
	ARE(&k, 200);
	assert_true(k.report.ahead == 3); /* also those that do not fit */
}

static void of_those_that_share_its_score_the_pages_tell_who_is_ahead(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	put_equals(f, put);
	for (uint64_t i = 0; i < 20; i++)
		put(f, (struct process){ .pid = 100 + (int)i, .rss_pages = 490 + i });
	put(f, (struct process){ .pid = 2, .stat_flags = KERNEL_THREAD });
	assert_int_equal(before(f, 12, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50, 119, 118, 117, 116, 115, 114, 113, 112, 111, 11, 13);
	assert_true(k.report.ahead == 15);
	for (size_t capacity = 1; capacity < 15; capacity++) {
		assert_int_equal(before(f, 12, capacity, &k), 0);
		are(&k,
		    (const int[]){ 200, 7, 30, 50, 119, 118, 117, 116, 115, 114, 113, 112,
				   111, 11 },
		    capacity);
		assert_true(k.report.ahead == 15);
	}
}

/* Those with a higher score than its own do not all fit, either. */
static void of_those_that_share_a_score_ahead_of_it_the_pages_tell(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 500, .rss_pages = 5 });
	for (uint64_t i = 0; i < 20; i++)
		put(f, (struct process){ .pid = 100 + (int)i, .rss_pages = 2019 - i });
	assert_int_equal(before(f, 500, 3, &k), 0);
	ARE(&k, 100, 101, 102);
	assert_true(k.report.ahead == 20);
}

static void all_are_ahead_of_what_is_never_chosen(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	put(f, (struct process){ .pid = 2, .stat_flags = KERNEL_THREAD });
	put(f, (struct process){ .pid = 70, .rss_pages = 9, .adj = -1000 });
	put(f, (struct process){ .pid = 80, .rss_pages = 9, .adj = -999 });
	for (int pid = 1; pid <= 2; pid++) {
		assert_int_equal(before(f, pid, ROOM, &k), 0);
		ARE(&k, 200, 7, 30, 50, 80);
		assert_true(k.report.ahead == 5);
	}
	assert_int_equal(before(f, 70, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50, 80);
	assert_int_equal(before(f, 80, ROOM, &k), 0);
	ARE(&k, 200, 7, 30, 50);
}

static void pid_0_asks_about_the_caller(void **state)
{
	const struct fixture *f = *state;
	struct process p = { .pid = 30, .rss_pages = 1000, .adj = 50 };
	struct ranking k;

	put_some(f);
	p.score = score_of(OOMCTL_SCORE_RULE_5_9, &p);
	put_process_as(f, "self", &p);
	assert_int_equal(before(f, 0, ROOM, &k), 0);
	ARE(&k, 200, 7);
}

static void a_single_process_is_told_also_when_it_is_never_chosen(void **state)
{
	const struct fixture *f = *state;
	struct process exempt = { .pid = 30, .rss_pages = 1000, .adj = -1000 };
	struct oomctl_rank_entry e[2];

	put_some(f);
	put_process(f, &exempt);
	put_process_as(f, "self", &exempt);
	memset(e, 0x77, sizeof(e));
	assert_int_equal(oomctl_rank_process(f->ctx, 0, e, sizeof(e)), 0);
	assert_int_equal(e[0].pid, 30);
	assert_true(e[0].badness_pages == INT64_MIN && e[0].task.rss_pages == 1000);
	assert_int_equal(e[0].oom_score, 0);
	assert_int_equal(e[0].flags, OOMCTL_RANK_DETAILED);
	assert_int_equal(e[1].badness_pages, 0); /* zeros behind what is known */
	assert_int_equal(oomctl_rank_process(f->ctx, 7, e, 8), 0);
	assert_true(e[0].badness_pages > 0);
	assert_int_equal(e[0].pid, 30);
}

static void a_process_that_is_not_there_is_not_told(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_rank_entry e, untouched;

	put_some(f);
	memset(&e, 0x77, sizeof(e));
	untouched = e;
	assert_int_equal(oomctl_rank_process(f->ctx, 4, &e, sizeof(e)), -ESRCH);
	assert_int_equal(oomctl_rank_process(f->ctx, -1, &e, sizeof(e)), -EINVAL);
	assert_int_equal(oomctl_rank_process(f->ctx, 7, NULL, sizeof(e)), -EINVAL);
	assert_int_equal(oomctl_rank_process(f->ctx, 7, &e, 0), -EINVAL);
	fixture_remove(f, "proc/meminfo");
	assert_int_equal(oomctl_rank_process(f->ctx, 7, &e, sizeof(e)), -EOPNOTSUPP);
	assert_memory_equal(&e, &untouched, sizeof(e));
}

/* What must not have changed after a refusal. */
struct refusal {
	struct oomctl_rank_report report;
	size_t count;
	int descriptors;
};

static struct refusal expect_refusal(struct ranking *k)
{
	struct refusal r = { .count = 777, .descriptors = open_descriptors() };

	memset(&r.report, 0x77, sizeof(r.report));
	k->report = r.report;
	k->count = 777;
	return r;
}

static void is_refused(const struct refusal *r, const struct ranking *k)
{
	assert_int_equal(k->count, r->count);
	assert_memory_equal(&k->report, &r->report, sizeof(k->report));
	assert_int_equal(open_descriptors(), r->descriptors);
}

static void all_refuse(const struct fixture *f, size_t capacity, int want)
{
	struct ranking k;
	struct refusal r = expect_refusal(&k);
	int spared_at_first = spared;

	assert_int_equal(victims(f, capacity, &k), want);
	spared = spared_at_first;
	assert_int_equal(scores(f, capacity, &k), want);
	is_refused(&r, &k);
}

static void before_refuses(const struct fixture *f, pid_t pid, int want)
{
	struct ranking k;
	struct refusal r = expect_refusal(&k);

	assert_int_equal(before(f, pid, ROOM, &k), want);
	is_refused(&r, &k);
}

static void cgroup_refuses(const struct fixture *f, const char *path, int want)
{
	struct ranking k;
	struct refusal r = expect_refusal(&k);

	assert_int_equal(cgroup(f, path, ROOM, &k), want);
	is_refused(&r, &k);
}

static void without_the_process_nothing_is_before_it(void **state)
{
	static const char *const missing[] = { "proc/7/oom_score", "proc/7/oom_score_adj",
					       "proc/7/stat", "proc/7/status" };
	const struct fixture *f = *state;

	put_some(f);
	before_refuses(f, 8, -ESRCH);
	before_refuses(f, 0, -ESRCH);
	for (size_t i = 0; i < LENGTH(missing); i++) {
		put_some(f);
		fixture_remove(f, missing[i]);
		before_refuses(f, 7, -ESRCH);
	}
	put_some(f);
	fail_opening("7", EPERM, 0);
	before_refuses(f, 7, -EPERM);
	fail_opening("oom_score", EACCES, 0);
	before_refuses(f, 7, -EACCES);
	failing_errno = 0;
	put_process_file(f, "7", "oom_score", "x\n");
	before_refuses(f, 7, -EBADMSG);
}

static void broken_files_are_refused(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;
	struct refusal r;

	put_some(f);
	put_process_file(f, "7", "oom_score", "x\n");
	all_refuse(f, ROOM, -EBADMSG);
	before_refuses(f, 50, -EBADMSG);
	put_process_file(f, "7", "oom_score", "-1\n");
	all_refuse(f, ROOM, -ERANGE);
	put_some(f);
	put_process_file(f, "7", "oom_score_adj", "1001\n");
	all_refuse(f, ROOM, -ERANGE);
	put_some(f);
	put_process_file(f, "7", "stat", "x\n");
	r = expect_refusal(&k);
	assert_int_equal(victims(f, 3, &k), -EBADMSG);
	is_refused(&r, &k);
	put_some(f);
	fixture_put(f, "proc/meminfo", "x\n");
	r = expect_refusal(&k);
	assert_int_equal(victims(f, ROOM, &k), -EBADMSG);
	is_refused(&r, &k);
	before_refuses(f, 7, -EBADMSG);
	cgroup_refuses(f, "/a", -EBADMSG);
}

/* No page of it counts, but the sum does. */
static void a_process_of_too_many_pages_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;
	struct refusal r;

	put_some(f);
	put_process(f, &(struct process){ .pid = 9,
					  .score = 9000,
					  .rss_pages = (UINT64_C(1) << 50) + 1 });
	r = expect_refusal(&k);
	assert_int_equal(victims(f, ROOM, &k), -ERANGE);
	is_refused(&r, &k);
	before_refuses(f, 9, -ERANGE);
}

static void other_failures_end_the_walk(void **state)
{
	const struct fixture *f = *state;

	put_some(f);
	fail_opening(".", EMFILE, 0);
	all_refuse(f, ROOM, -EMFILE);
	before_refuses(f, 7, -EMFILE);
	fail_opening(".", ENOENT, 0); /* the root itself is gone */
	all_refuse(f, ROOM, -EOPNOTSUPP);
	fail_opening("7/oom_score", EMFILE, 0);
	all_refuse(f, ROOM, -EMFILE);
	before_refuses(f, 50, -EMFILE);
	failing_errno = 0;
	listing_errno = EIO;
	all_refuse(f, ROOM, -EIO);
}

static void details_that_fail_end_the_call(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;
	struct refusal r;

	put_some(f);
	r = expect_refusal(&k);
	fail_opening("7", ENFILE, 0);
	assert_int_equal(victims(f, ROOM, &k), -ENFILE);
	fail_opening("status", ENOMEM, 1);
	assert_int_equal(victims(f, ROOM, &k), -ENOMEM);
	fail_opening("7/oom_score_adj", ENFILE, 0);
	assert_int_equal(scores(f, ROOM, &k), -ENFILE);
	fail_opening("meminfo", EMFILE, 0);
	assert_int_equal(victims(f, ROOM, &k), -EMFILE);
	failing_errno = 0;
	is_refused(&r, &k);
	put(f, (struct process){ .pid = 51, .rss_pages = 2001 });
	fail_opening("51", EMFILE, 0);
	before_refuses(f, 50, -EMFILE);
}

static void the_second_walk_may_fail(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;
	struct refusal r;

	put_some(f);
	for (int i = 0; i < 9; i++)
		put(f, (struct process){ .pid = 10 + i, .rss_pages = 10 + (uint64_t)i });
	r = expect_refusal(&k);
	rewinding_errno = EIO;
	assert_int_equal(victims(f, 6, &k), -EIO);
	rewinding_errno = 0;
	fail_opening("15/oom_score", EMFILE, 1);
	assert_int_equal(victims(f, 6, &k), -EMFILE);
	fail_opening("15", ENFILE, 0);
	assert_int_equal(victims(f, 6, &k), -ENFILE);
	fail_opening("200", EMFILE, 0);
	assert_int_equal(victims(f, 6, &k), -EMFILE);
	failing_errno = 0;
	is_refused(&r, &k);
}

/* Many of one score, and 200 above them. */
static void put_tie(const struct fixture *f)
{
	put_init(f);
	put(f, (struct process){ .pid = 200, .rss_pages = 1001 });
	for (int i = 0; i < 9; i++)
		put(f, (struct process){ .pid = 10 + i, .rss_pages = 10 + (uint64_t)i });
}

static void shrink_200_and_300(const struct fixture *f)
{
	put(f, (struct process){ .pid = 200, .rss_pages = 999 });
	put(f, (struct process){ .pid = 300, .rss_pages = 999 });
}

/* Its score becomes that of the others while they are looked at again. */
static void a_process_is_listed_once_though_its_score_falls(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_tie(f);
	put(f, (struct process){ .pid = 300, .rss_pages = 1002 });
	changing = f;
	change_between_walks = shrink_200_and_300;
	assert_int_equal(victims(f, 5, &k), 0);
	assert_null(change_between_walks);
	ARE(&k, 300, 200, 18, 17, 16);
}

static void those_below_the_last_score_are_not_read_in_full(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_tie(f);
	put(f, (struct process){ .pid = 51, .rss_pages = 1, .adj = -500 });
	fail_opening("51", EMFILE, 0);
	assert_int_equal(victims(f, 3, &k), 0);
	ARE(&k, 200, 18, 17);
}

static void end_18(const struct fixture *f)
{
	fixture_remove(f, "proc/18/oom_score");
}

static void a_place_that_gets_free_is_given_to_the_next(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_tie(f);
	changing = f;
	change_between_walks = end_18;
	assert_int_equal(victims(f, 3, &k), 0);
	assert_null(change_between_walks);
	ARE(&k, 200, 17, 16);
}

static void end_7(const struct fixture *f)
{
	fixture_remove(f, "proc/7/oom_score");
}

static void end_7_and_30(const struct fixture *f)
{
	end_7(f);
	fixture_remove(f, "proc/30/oom_score");
}

/* 7 ends when its score was read: the walk is done again. */
static void a_process_that_ends_meanwhile_leaves_its_place(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	changing = f;
	fail_opening("7", ESRCH, 0);
	change_between_walks = end_7;
	assert_int_equal(victims(f, 2, &k), 0);
	ARE(&k, 200, 30);
	assert_true(k.report.processes == 4);

	put_some(f);
	change_between_walks = end_7_and_30;
	assert_int_equal(victims(f, 2, &k), 0);
	ARE(&k, 200, 50);

	put_some(f);
	change_between_walks = end_7;
	assert_int_equal(before(f, 50, 2, &k), 0);
	ARE(&k, 200, 30);
	assert_true(k.report.ahead == 2);
}

static void a_place_goes_to_the_least_that_can_be_chosen(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	assert_int_equal(victims(f, ROOM, &k), 0);
	put(f, (struct process){ .pid = 7, .rss_pages = 100 });
	fail_opening("7", ESRCH, 0);
	assert_int_equal(victims(f, 1, &k), 0);
	assert_int_equal(k.count, 0);
	assert_int_equal(rewinds, 0); /* 1 is never chosen */

	put(f, (struct process){ .pid = 30, .adj = -998 });
	changing = f;
	change_between_walks = end_7;
	assert_int_equal(victims(f, 1, &k), 0);
	ARE(&k, 30);
	assert_int_equal(k.entries[0].oom_score, 1);
}

static void a_place_is_offered_three_times(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_some(f);
	assert_int_equal(victims(f, ROOM, &k), 0);
	assert_int_equal(victims(f, 2, &k), 0);
	ARE(&k, 200, 7);
	assert_int_equal(rewinds, 0);
	fail_opening("7", ESRCH, 0);
	assert_int_equal(victims(f, 2, &k), 0);
	ARE(&k, 200);
	assert_int_equal(rewinds, 2);
}

static void grow_10(const struct fixture *f)
{
	put(f, (struct process){ .pid = 10, .rss_pages = 5000 });
}

static void a_score_that_rises_meanwhile_is_seen(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_tie(f);
	changing = f;
	change_between_walks = grow_10;
	assert_int_equal(victims(f, 3, &k), 0);
	ARE(&k, 10, 200, 18);
}

/* Its score was read before. */
static void a_process_is_never_before_itself(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_tie(f);
	changing = f;
	change_before_walk = grow_10;
	assert_int_equal(before(f, 10, ROOM, &k), 0);
	ARE(&k, 200, 18, 17, 16, 15, 14, 13, 12, 11);
	assert_true(k.report.ahead == 9);
}

/* When its directory is opened, the number is that of a process which began later. */
static void let_another_take(const struct fixture *f, const char *number,
			     void (*take)(const struct fixture *f))
{
	changing = f;
	opened_path = number;
	change_before_opening = take;
}

static void take_42(const struct fixture *f)
{
	put(f, (struct process){ .pid = 42,
				 .adj = -400,
				 .rss_pages = 7,
				 .start_ticks = INT64_MAX,
				 .uid = 1000,
				 .comm = "next" });
}

static void a_number_in_use_again_has_nothing_of_the_process_before(void **state)
{
	const struct fixture *f = *state;
	const struct oomctl_rank_entry *e;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 41, .adj = 100, .rss_pages = 9 });
	put(f, (struct process){ .pid = 42, .adj = 900, .rss_pages = 9 });
	let_another_take(f, "42", take_42);
	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 41, 42);
	e = &k.entries[1];
	assert_int_equal(e->oom_score, 400);
	assert_int_equal(e->task.oom_score_adj, -400);
	assert_true(e->task.rss_pages == 7);
	assert_true(e->start_ticks == INT64_MAX);
	assert_int_equal(e->uid, 1000);
	assert_string_equal(e->comm, "next");
}

static void a_number_in_use_again_leaves_its_place_to_the_next(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 41, .adj = 100, .rss_pages = 9 });
	put(f, (struct process){ .pid = 42, .adj = 900, .rss_pages = 9 });
	let_another_take(f, "42", take_42);
	assert_int_equal(victims(f, 1, &k), 0);
	ARE(&k, 41);
	assert_true(k.report.processes == 3);
}

static void end_17(const struct fixture *f)
{
	fixture_remove(f, "proc/17/oom_score");
}

static void take_18(const struct fixture *f)
{
	put(f, (struct process){
		   .pid = 18, .adj = -400, .rss_pages = 9, .start_ticks = INT64_MAX });
}

/* A place is free there since 17 ended. */
static void a_number_in_use_again_has_no_place_among_equals(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put(f, (struct process){ .pid = 5, .adj = -100, .rss_pages = 9 });
	for (int i = 16; i <= 18; i++)
		put(f, (struct process){ .pid = i, .rss_pages = (uint64_t)i });
	changing = f;
	change_between_walks = end_17;
	let_another_take(f, "18", take_18);
	assert_int_equal(victims(f, 2, &k), 0);
	assert_null(change_before_opening);
	ARE(&k, 16, 5);
}

static void without_its_main_thread_a_process_is_still_itself(void **state)
{
	const struct process thread = { .pid = 43,
					.rss_pages = 900,
					.swap_pages = 50,
					.start_ticks = 99,
					.comm = "thread" };
	const struct fixture *f = *state;
	struct ranking k;

	put_init(f);
	put_process(f, &(struct process){ .pid = 42,
					  .score = 667,
					  .start_ticks = 5,
					  .has_no_memory = true,
					  .comm = "process" });
	put_stat(f, "42/task/43", &thread);
	put_status(f, "42/task/43", &thread);
	assert_int_equal(victims(f, ROOM, &k), 0);
	ARE(&k, 42);
	assert_true(k.entries[0].badness_pages == 950);
	assert_true(k.entries[0].start_ticks == 5);
	assert_string_equal(k.entries[0].comm, "process");
}

static void put_limit(const struct fixture *f, const char *path, uint64_t pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "\n", pages * (uint64_t)getpagesize());
	fixture_put(f, path, text);
}

/* 40 is in /a, 41 and 42 below it; 43 and 44 are not. */
static void put_members(const struct fixture *f, const char *form)
{
	static const char *const paths[] = { "/a", "/a/b", "/a/b/c", "/ab", "/" };
	static const int adjs[] = { 0, 100, -100, 1000, 1000 };
	char line[64];

	put_init(f);
	put(f, (struct process){ .pid = 1, .rss_pages = 5, .cgroup = "0::/\n" });
	for (int i = 0; i < 5; i++) {
		snprintf(line, sizeof(line), form, paths[i]);
		put(f, (struct process){ .pid = 40 + i,
					 .rss_pages = 1000 + 500 * (uint64_t)(i == 2),
					 .adj = adjs[i],
					 .cgroup = line });
	}
	fixture_put(f, "proc/sys/vm/swappiness", "60\n");
}

static void a_cgroup_s_limit_is_the_total(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	put_limit(f, "sys/fs/cgroup/a/memory.swap.max", 1000);
	assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
	/* Of 5000 pages, a hundred thousandths are 500. */
	ARE(&k, 41, 42, 40);
	assert_true(k.entries[0].badness_pages == 1500);
	assert_true(k.entries[1].badness_pages == 1000);
	assert_true(k.entries[2].badness_pages == 1000);
	assert_true(k.report.total_pages == 5000);
	assert_true(k.report.processes == 3);
	assert_int_equal(k.report.rule, OOMCTL_SCORE_RULE_5_9);
	assert_int_equal(k.report.flags, 0);
	for (size_t i = 0; i < k.count; i++)
		assert_int_equal(k.entries[i].flags, OOMCTL_RANK_DETAILED);
	assert_int_equal(cgroup(f, "/a", 1, &k), 0);
	ARE(&k, 41);
	assert_true(k.report.processes == 3);

	put_limit(f, "sys/fs/cgroup/a/b/memory.max", 1);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.swap.max", "0\n");
	assert_int_equal(cgroup(f, "/a/b", ROOM, &k), 0);
	ARE(&k, 42, 41);
	assert_true(k.report.total_pages == 1);
	assert_int_equal(cgroup(f, "/a/b/c", ROOM, &k), -EOPNOTSUPP);
}

static uint64_t total_of(const struct fixture *f, const char *path)
{
	struct ranking k;

	assert_int_equal(cgroup(f, path, ROOM, &k), 0);
	return k.report.total_pages;
}

static void swap_counts_up_to_what_there_is(void **state)
{
	const struct fixture *f = *state;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	assert_true(total_of(f, "/a") == 4000 + SWAP_PAGES); /* not accounted */
	fixture_put(f, "sys/fs/cgroup/a/memory.swap.max", "max\n");
	assert_true(total_of(f, "/a") == 4000 + SWAP_PAGES);
	put_limit(f, "sys/fs/cgroup/a/memory.swap.max", SWAP_PAGES + 1);
	assert_true(total_of(f, "/a") == 4000 + SWAP_PAGES);
	put_limit(f, "sys/fs/cgroup/a/memory.swap.max", SWAP_PAGES - 1);
	assert_true(total_of(f, "/a") == 4000 + SWAP_PAGES - 1);
	fixture_put(f, "proc/sys/vm/swappiness", "0\n");
	assert_true(total_of(f, "/a") == 4000);
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "0\n");
	assert_true(total_of(f, "/a") == 1); /* as the kernel divides by it */
}

static void the_first_version_limits_ram_and_swap_together(void **state)
{
	static const char ram[] = "sys/fs/cgroup/memory/a/memory.limit_in_bytes";
	static const char both[] = "sys/fs/cgroup/memory/a/memory.memsw.limit_in_bytes";
	static const char swappiness[] = "sys/fs/cgroup/memory/a/memory.swappiness";
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "12:cpu,cpuacct:/x\n7:memory:%s\n1:name=systemd:/a\n0::/a\n");
	put_limit(f, ram, 4000);
	fixture_put(f, swappiness, "60\n");
	fixture_remove(f, "proc/sys/vm/swappiness"); /* it has its own */
	assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
	assert_int_equal(k.count, 3);
	assert_true(k.report.total_pages == 4000 + SWAP_PAGES);
	put_limit(f, both, 4500);
	assert_true(total_of(f, "/a") == 4500);
	put_limit(f, both, 4000 + SWAP_PAGES + 1);
	assert_true(total_of(f, "/a") == 4000 + SWAP_PAGES);
	put_limit(f, both, 4000);
	assert_true(total_of(f, "/a") == 4000);
	put_limit(f, both, 3999); /* while both are being changed */
	assert_true(total_of(f, "/a") == 4000);
	put_limit(f, both, 4500);
	fixture_put(f, swappiness, "0\n");
	assert_true(total_of(f, "/a") == 4000);
	fixture_remove(f, swappiness);
	cgroup_refuses(f, "/a", -EOPNOTSUPP);
}

static void without_a_limit_a_cgroup_is_erange(void **state)
{
	const struct fixture *f = *state;

	put_members(f, "0::%s\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "max\n");
	cgroup_refuses(f, "/a", -ERANGE);
	fixture_remove(f, "sys/fs/cgroup/a/memory.max");
	fixture_put(f, "sys/fs/cgroup/memory/a/memory.swappiness", "60\n");
	put_limit(f, "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
		  INT64_MAX / (uint64_t)getpagesize());
	cgroup_refuses(f, "/a", -ERANGE);
	fixture_put(f, "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
		    "9223372036854775807\n");
	cgroup_refuses(f, "/a", -ERANGE);
}

/* No argument is wrong: it must not be -EINVAL. */
static void a_limit_beyond_2_to_the_50_pages_is_erange(void **state)
{
	const struct fixture *f = *state;

	put_members(f, "0::%s\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.swap.max", "0\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", UINT64_C(1) << 50);
	assert_true(total_of(f, "/a") == UINT64_C(1) << 50);
	put_limit(f, "sys/fs/cgroup/a/memory.max", (UINT64_C(1) << 50) + 1);
	cgroup_refuses(f, "/a", -ERANGE);
}

static void without_a_controller_there_is_no_cgroup(void **state)
{
	const struct fixture *f = *state;

	put_members(f, "0::%s\n");
	cgroup_refuses(f, "/a", -EOPNOTSUPP);
	cgroup_refuses(f, "/", -EOPNOTSUPP);
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	cgroup_refuses(f, "/a/b", -EOPNOTSUPP);
	fixture_remove(f, "proc/meminfo"); /* here it is not only the scale */
	cgroup_refuses(f, "/a", -EOPNOTSUPP);
	put_init(f);
	fixture_remove(f, "proc/sys/kernel/osrelease");
	cgroup_refuses(f, "/a", -EOPNOTSUPP);
}

static void a_container_s_root_may_have_a_limit(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/memory.max", 4000);
	assert_int_equal(cgroup(f, "/", ROOM, &k), 0);
	ARE(&k, 44, 43, 41, 40, 42); /* by 104 pages for each adjustment */
}

/* As /proc shows those outside of the caller's cgroup namespace. */
static void what_is_above_a_container_s_root_is_not_in_it(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/memory.max", 4000);
	put(f, (struct process){ .pid = 45, .rss_pages = 9, .cgroup = "0::/../x\n" });
	put(f, (struct process){ .pid = 46, .rss_pages = 9, .cgroup = "0::/..\n" });
	put(f, (struct process){ .pid = 47, .rss_pages = 9, .cgroup = "0::/..x\n" });
	assert_int_equal(cgroup(f, "/", ROOM, &k), 0);
	assert_int_equal(k.count, 6);
	for (size_t i = 0; i < k.count; i++)
		assert_true(k.entries[i].pid != 45 && k.entries[i].pid != 46);
}

static void members_that_are_gone_or_hidden_are_left_out(void **state)
{
	static const char *const missing[] = { "proc/41/cgroup", "proc/41/oom_score",
					       "proc/41/oom_score_adj", "proc/41/stat",
					       "proc/41/status" };
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	put(f, (struct process){ .pid = 60, .adj = -1000, .cgroup = "0::/a\n" });
	put(f, (struct process){
		   .pid = 61, .stat_flags = KERNEL_THREAD, .cgroup = "7:memory:/a\n" });
	for (size_t i = 0; i < LENGTH(missing); i++) {
		put_members(f, "0::%s\n");
		fixture_remove(f, missing[i]);
		assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
		assert_int_equal(k.count, 2);
		assert_true(k.report.processes == 3);
		assert_true(k.report.unread == 0);
	}
	put_members(f, "0::%s\n");
	fail_opening("cgroup", EPERM, 0);
	assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
	assert_int_equal(k.count, 0);
	assert_true(k.report.unread == 8);
	fail_opening("41", EACCES, 0);
	assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
	assert_int_equal(k.count, 2);
	assert_true(k.report.unread == 1);
}

static void take_41(const struct fixture *f)
{
	put(f, (struct process){ .pid = 41, .rss_pages = 9, .cgroup = "0::/b\n" });
}

static void a_member_s_number_in_use_again_is_no_member(void **state)
{
	const struct fixture *f = *state;
	struct ranking k;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	let_another_take(f, "41", take_41);
	assert_int_equal(cgroup(f, "/a", ROOM, &k), 0);
	ARE(&k, 40, 42);
}

static void broken_files_of_cgroups_are_refused(void **state)
{
	const struct fixture *f = *state;

	put_members(f, "0::%s\n");
	put_limit(f, "sys/fs/cgroup/a/memory.max", 4000);
	put_process_file(f, "41", "cgroup", "x\n");
	cgroup_refuses(f, "/a", -EBADMSG);
	put_process_file(f, "41", "cgroup", "\n");
	cgroup_refuses(f, "/a", -EBADMSG);
	put_process_file(f, "41", "cgroup", "0::/a");
	cgroup_refuses(f, "/a", -EBADMSG);
	fail_opening("cgroup", EMFILE, 0);
	cgroup_refuses(f, "/a", -EMFILE);
	failing_errno = 0;
	put_members(f, "0::%s\n");
	fixture_put(f, "proc/sys/vm/swappiness", "x\n");
	cgroup_refuses(f, "/a", -EBADMSG);
	put_members(f, "0::%s\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.swap.max", "none\n");
	cgroup_refuses(f, "/a", -EBADMSG);
	fixture_put(f, "sys/fs/cgroup/a/memory.swap.max", "0\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "18446744073709551616\n");
	cgroup_refuses(f, "/a", -ERANGE);
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "\n");
	cgroup_refuses(f, "/a", -EBADMSG);
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "");
	cgroup_refuses(f, "/a", -EBADMSG);
	fail_opening("fs/cgroup/a/memory.max", EACCES, 0);
	cgroup_refuses(f, "/a", -EACCES);
}

static void a_path_of_another_form_is_refused(void **state)
{
	static const char *const paths[] = { NULL,     "",      "a",     "a/b",  "/a/",
					     "//",     "./a",   "/a/b/", "/.",   "/..",
					     "/a/..",  "/./a",  "/../a", "/a//", "//a",
					     "/a/./b", "/a//b", "/a/." };
	static const char *const taken[] = { "/...", "/.a", "/..a", "/a/.../.b" };
	const struct fixture *f = *state;
	char path[1002];

	/* Nothing exists here: a call that looked would say -EOPNOTSUPP. */
	for (size_t i = 0; i < LENGTH(paths); i++)
		cgroup_refuses(f, paths[i], -EINVAL);
	for (size_t i = 0; i < LENGTH(taken); i++)
		cgroup_refuses(f, taken[i], -EOPNOTSUPP);
	memset(path, '/', sizeof(path));
	for (size_t i = 1; i < sizeof(path); i += 2)
		path[i] = 'a';
	path[1001] = '\0';
	cgroup_refuses(f, path, -EINVAL);
	path[1000] = '\0';
	cgroup_refuses(f, path, -EOPNOTSUPP);
	put_init(f);
	cgroup_refuses(f, path, -EOPNOTSUPP);
}

/* The longest path, below the longest file name. */
static void the_longest_path_is_looked_up(void **state)
{
	const struct fixture *f = *state;
	char path[1001] = "/x", wanted[1100];

	put_init(f);
	memset(path + 1, 'x', 999);
	fixture_put(f, "sys/fs/cgroup/memory/memory.limit_in_bytes", "4096\n");
	snprintf(wanted, sizeof(wanted), "fs/cgroup/memory%s/memory.limit_in_bytes",
		 path);
	fail_opening(wanted, EMFILE, 0);
	cgroup_refuses(f, path, -EIO); /* a name of 999 letters */
	for (size_t i = 0; i < 1000; i += 100)
		path[i] = '/';
	snprintf(wanted, sizeof(wanted), "fs/cgroup/memory%s/memory.limit_in_bytes",
		 path);
	cgroup_refuses(f, path, -EMFILE);
}

/* Makes each argument bad in its turn. */
static void bad_arguments_are_refused_before_anything_is_read(void **state)
{
	static const struct {
		int entries, count, report;
		size_t capacity, entry_size, report_size;
	} cases[] = {
		{ 0, 1, 1, 1, sizeof(struct oomctl_rank_entry), 8 },
		{ 1, 0, 1, 1, sizeof(struct oomctl_rank_entry), 8 },
		{ 1, 1, 0, 1, sizeof(struct oomctl_rank_entry), 8 },
		{ 1, 1, 1, 0, sizeof(struct oomctl_rank_entry), 8 },
		{ 1, 1, 1, 1, sizeof(struct oomctl_rank_entry) - 8, 8 },
		{ 1, 1, 1, 1, sizeof(struct oomctl_rank_entry) + 4, 8 },
		{ 1, 1, 1, 1, sizeof(struct oomctl_rank_entry) + 1, 8 },
		{ 1, 1, 1, 1, 0, 8 },
		{ 1, 1, 1, 1, 65544, 8 },
		{ 1, 1, 1, 4, (size_t)-8, 8 },
		{ 1, 1, 1, 1, sizeof(struct oomctl_rank_entry), 0 },
	};
	const struct fixture *f = *state;
	struct ranking k;
	struct refusal r = expect_refusal(&k);

	/* There is no total here, so that a call that looked would give another code. */
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_rank_entry *e = cases[i].entries ? k.entries : NULL;
		struct oomctl_rank_report *report = cases[i].report ? &k.report : NULL;
		size_t *count = cases[i].count ? &k.count : NULL;
		size_t capacity = cases[i].capacity, size = cases[i].entry_size,
		       report_size = cases[i].report_size;

		assert_int_equal(oomctl_rank_victims(f->ctx, e, capacity, size, count,
						     report, report_size),
				 -EINVAL);
		assert_int_equal(oomctl_rank_scores(f->ctx, e, capacity, size, count,
						    report, report_size),
				 -EINVAL);
		assert_int_equal(oomctl_rank_before(f->ctx, 1, e, capacity, size, count,
						    report, report_size),
				 -EINVAL);
		assert_int_equal(oomctl_rank_cgroup(f->ctx, "/a", e, capacity, size,
						    count, report, report_size),
				 -EINVAL);
	}
	assert_int_equal(before(f, -1, ROOM, &k), -EINVAL);
	assert_int_equal(before(f, INT32_MIN, ROOM, &k), -EINVAL);
	is_refused(&r, &k);
}

/* What follows compares with a plain sort. */
static uint32_t seed;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

enum { MANY = 20 };

struct model {
	enum oomctl_score_rule rule;
	uint64_t total_pages; /* of the cgroup, where that is ranked */
	struct process processes[MANY];
	bool has_ended[MANY];
	int order[MANY]; /* of those that can be chosen */
	size_t count;
};

static const struct model *sorting;

static bool is_unkillable(const struct process *p)
{
	return p->pid == 1 || p->stat_flags & KERNEL_THREAD || p->has_no_memory ||
	       p->adj == -1000;
}

static int64_t badness_of(const struct model *m, const struct process *p)
{
	const struct oomctl_task_figures task = {
		.rss_pages = p->rss_pages,
		.swap_pages = p->swap_pages,
		.oom_score_adj = p->adj,
		.flags = p->cap_eff ? OOMCTL_TASK_PRIVILEGED : 0,
	};
	int64_t badness;

	assert_int_equal(oomctl_calc_badness(m->rule, &task, m->total_pages, &badness),
			 0);
	return badness;
}

static int by_death(const void *a, const void *b)
{
	const struct process *p = &sorting->processes[*(const int *)a],
			     *q = &sorting->processes[*(const int *)b];
	int64_t p_badness = badness_of(sorting, p), q_badness = badness_of(sorting, q);
	int later = p->start_ticks != q->start_ticks
			? (p->start_ticks > q->start_ticks ? 1 : -1)
			: (p->pid > q->pid ? 1 : -1);

	if (p_badness != q_badness)
		return p_badness > q_badness ? -1 : 1;
	return sorting->rule == OOMCTL_SCORE_RULE_5_9 ? -later : later;
}

static void sort_model(struct model *m, const char *cgroup_line)
{
	m->count = 0;
	for (int i = 0; i < MANY; i++)
		if (!m->has_ended[i] && !is_unkillable(&m->processes[i]) &&
		    (!cgroup_line || strcmp(m->processes[i].cgroup, cgroup_line) == 0))
			m->order[m->count++] = i;
	sorting = m;
	qsort(m->order, m->count, sizeof(m->order[0]), by_death);
}

static struct process invent(int i)
{
	static const int adjs[] = { 0, 0, 0, 0, -1000, -999, -998, -500, 1, 300, 1000 };
	static const uint32_t pages[] = { 3, 100, 3000, 100000 };
	struct process p = {
		.pid = i == 0 ? 1 : 10 * i * i + 3,
		.adj = adjs[chance(LENGTH(adjs))],
		.start_ticks = chance(4),
		.cap_eff = chance(3) ? 0 : UINT64_MAX,
		.cgroup = chance(2) ? "0::/a\n" : "0::/b\n",
	};

	p.rss_pages = chance(pages[chance(4)]);
	p.swap_pages = chance(2) * chance(50);
	p.stat_flags = chance(8) ? 0 : KERNEL_THREAD;
	p.has_no_memory = chance(8) == 0;
	return p;
}

static void put_model(const struct fixture *f, struct model *m)
{
	static const struct {
		const char *release;
		enum oomctl_score_rule rule;
	} kernels[] = {
		{ "2.6.36\n", OOMCTL_SCORE_RULE_2_6_36 },
		{ "3.6\n", OOMCTL_SCORE_RULE_3_6 },
		{ "4.4\n", OOMCTL_SCORE_RULE_3_18 },
		{ "4.19\n", OOMCTL_SCORE_RULE_4_17 },
		{ "6.1\n", OOMCTL_SCORE_RULE_5_9 },
		{ "7.0\n", OOMCTL_SCORE_RULE_5_9 },
	};
	size_t kernel = chance(LENGTH(kernels));
	char path[64];

	put_machine(f, kernels[kernel].release);
	m->rule = kernels[kernel].rule;
	m->total_pages = TOTAL_PAGES;
	for (int i = 0; i < MANY; i++) {
		struct process *p = &m->processes[i];

		*p = invent(i);
		p->score = score_of(m->rule, p);
		put_process(f, p);
		m->has_ended[i] = i > 0 && chance(6) == 0;
		snprintf(path, sizeof(path), "proc/%d/oom_score", p->pid);
		if (m->has_ended[i])
			fixture_remove(f, path);
	}
}

static void agree(const struct ranking *k, const struct model *m, size_t count)
{
	assert_int_equal(k->count, count);
	for (size_t i = 0; i < count; i++) {
		const struct process *p = &m->processes[m->order[i]];

		assert_int_equal(k->entries[i].pid, p->pid);
		assert_true(k->entries[i].badness_pages == badness_of(m, p));
		assert_true(k->entries[i].start_ticks == p->start_ticks);
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many of the model die before one of its processes. */
static size_t ahead_of(const struct model *m, int asked)
{
	size_t i = 0;

	while (i < m->count && m->order[i] != asked)
		i++;
	return i;
}

static void any_ranking_agrees_with_a_plain_sort(void **state)
{
	const struct fixture *f = *state;
	static struct model m;
	struct ranking k;

	seed = 20101;
	fixture_put(f, "proc/sys/vm/swappiness", "0\n");
	for (int round = 0; round < 200; round++) {
		size_t capacity = 1 + chance(MANY + 2), ahead;
		int asked;

		put_model(f, &m);
		sort_model(&m, NULL);
		assert_int_equal(victims(f, capacity, &k), 0);
		agree(&k, &m, smaller(m.count, capacity));
		assert_int_equal(k.report.flags, 0);

		do {
			asked = (int)chance(MANY);
		} while (m.has_ended[asked]);
		ahead = ahead_of(&m, asked);
		assert_int_equal(before(f, m.processes[asked].pid, capacity, &k), 0);
		assert_true(k.report.ahead == ahead);
		agree(&k, &m, smaller(ahead, capacity));

		m.total_pages = 1 + chance(5000);
		put_limit(f, "sys/fs/cgroup/a/memory.max", m.total_pages);
		sort_model(&m, "0::/a\n");
		assert_int_equal(cgroup(f, "/a", capacity, &k), 0);
		agree(&k, &m, smaller(m.count, capacity));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RANK_TEST(victims_come_in_the_kernel_s_order),
		RANK_TEST(a_victim_has_all_its_details),
		RANK_TEST(an_array_of_any_size_has_the_first),
		RANK_TEST(pages_tell_those_of_one_score_apart),
		RANK_TEST(of_equals_the_last_to_start_is_first),
		RANK_TEST(of_equals_before_5_9_the_first_to_start_is_first),
		RANK_TEST(what_is_never_chosen_takes_no_place),
		RANK_TEST(a_machine_without_victims_has_none),
		RANK_TEST(without_any_process_there_are_none),
		RANK_TEST(those_that_have_ended_are_left_out),
		RANK_TEST(names_that_are_no_numbers_are_passed_over),
		RANK_TEST(those_that_may_not_be_read_are_counted),
		RANK_TEST(those_that_may_not_be_read_are_counted_once),
		RANK_TEST(without_pid_1_others_are_hidden),
		RANK_TEST(without_a_total_or_a_rule_the_scores_decide),
		RANK_TEST(without_a_total_ram_is_that_of_stat),
		RANK_TEST(without_a_total_many_of_one_score_fit_as_they_come),
		RANK_TEST(an_entry_may_be_larger),
		RANK_TEST(an_entry_of_64_kib_is_taken),
		RANK_TEST(a_report_of_another_size_is_filled),
		RANK_TEST(scores_are_of_all_with_no_details),
		RANK_TEST(scores_need_neither_total_nor_details),
		RANK_TEST(those_before_a_process_are_ahead),
		RANK_TEST(of_those_that_share_its_score_the_pages_tell_who_is_ahead),
		RANK_TEST(of_those_that_share_a_score_ahead_of_it_the_pages_tell),
		RANK_TEST(all_are_ahead_of_what_is_never_chosen),
		RANK_TEST(pid_0_asks_about_the_caller),
		RANK_TEST(a_single_process_is_told_also_when_it_is_never_chosen),
		RANK_TEST(a_process_that_is_not_there_is_not_told),
		RANK_TEST(without_the_process_nothing_is_before_it),
		RANK_TEST(broken_files_are_refused),
		RANK_TEST(a_process_of_too_many_pages_is_refused),
		RANK_TEST(other_failures_end_the_walk),
		RANK_TEST(details_that_fail_end_the_call),
		RANK_TEST(the_second_walk_may_fail),
		RANK_TEST(those_below_the_last_score_are_not_read_in_full),
		RANK_TEST(a_process_is_listed_once_though_its_score_falls),
		RANK_TEST(a_place_that_gets_free_is_given_to_the_next),
		RANK_TEST(a_process_that_ends_meanwhile_leaves_its_place),
		RANK_TEST(a_place_goes_to_the_least_that_can_be_chosen),
		RANK_TEST(a_place_is_offered_three_times),
		RANK_TEST(a_score_that_rises_meanwhile_is_seen),
		RANK_TEST(a_process_is_never_before_itself),
		RANK_TEST(a_number_in_use_again_has_nothing_of_the_process_before),
		RANK_TEST(a_number_in_use_again_leaves_its_place_to_the_next),
		RANK_TEST(a_number_in_use_again_has_no_place_among_equals),
		RANK_TEST(without_its_main_thread_a_process_is_still_itself),
		RANK_TEST(a_cgroup_s_limit_is_the_total),
		RANK_TEST(swap_counts_up_to_what_there_is),
		RANK_TEST(the_first_version_limits_ram_and_swap_together),
		RANK_TEST(without_a_limit_a_cgroup_is_erange),
		RANK_TEST(a_limit_beyond_2_to_the_50_pages_is_erange),
		RANK_TEST(without_a_controller_there_is_no_cgroup),
		RANK_TEST(a_container_s_root_may_have_a_limit),
		RANK_TEST(what_is_above_a_container_s_root_is_not_in_it),
		RANK_TEST(members_that_are_gone_or_hidden_are_left_out),
		RANK_TEST(a_member_s_number_in_use_again_is_no_member),
		RANK_TEST(broken_files_of_cgroups_are_refused),
		RANK_TEST(a_path_of_another_form_is_refused),
		RANK_TEST(the_longest_path_is_looked_up),
		RANK_TEST(bad_arguments_are_refused_before_anything_is_read),
		RANK_TEST(any_ranking_agrees_with_a_plain_sort),
	};

	return cmocka_run_group_tests_name("rank", tests, NULL, NULL);
}
