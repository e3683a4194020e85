/* SPDX-License-Identifier: MIT */
#include <oomctl/predict.h>

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <oomctl/vm.h>

#include "fixture.h"
#include "machine.h"
#include "test.h"

#define UNTOUCHED_RULE ((enum oomctl_score_rule)77)
#define UNTOUCHED_VERDICT ((enum oomctl_verdict)77)

/* What a path ends in fails with this errno, when it is not 0. */
static const char *failing_end;
static int failing_errno;
static int listing_errno;
static bool reads_whole_lines; /* as the kernel gives a file of records */

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	size_t len = strlen(path), end = failing_errno ? strlen(failing_end) : 0;

	if (failing_errno && len >= end && strcmp(path + len - end, failing_end) == 0) {
		errno = failing_errno;
		return -1;
	}
	return __real_openat(dir, path, flags);
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	ssize_t n = __real_read(fd, buf, size);

	while (reads_whole_lines && n > 0 && ((char *)buf)[n - 1] != '\n') {
		n--;
		lseek(fd, -1, SEEK_CUR);
	}
	return n;
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
	if (listing_errno) {
		errno = listing_errno;
		return -1;
	}
	return __real_syscall(number, fd, buf, size);
}

static void fail_opening(const char *end, int err)
{
	failing_end = end;
	failing_errno = err;
}

static void the_rule_follows_the_release(void **state)
{
	static const struct {
		const char *release;
		int want;
		enum oomctl_score_rule rule;
	} cases[] = {
		{ "2.4.37\n", -EOPNOTSUPP, 0 },
		{ "2.6.35.14\n", -EOPNOTSUPP, 0 },
		{ "2.6.36\n", 0, OOMCTL_SCORE_RULE_2_6_36 },
		{ "3.4.113\n", 0, OOMCTL_SCORE_RULE_2_6_36 },
		{ "3.5.0\n", 0, OOMCTL_SCORE_RULE_3_6 },
		{ "3.13.11\n", 0, OOMCTL_SCORE_RULE_3_6 },
		{ "3.14.0\n", 0, OOMCTL_SCORE_RULE_3_18 },
		{ "4.4.302-cip97\n", 0, OOMCTL_SCORE_RULE_3_18 },
		{ "4.16.18\n", 0, OOMCTL_SCORE_RULE_3_18 },
		{ "4.17.0-rc1\n", 0, OOMCTL_SCORE_RULE_4_17 },
		{ "5.8.18\n", 0, OOMCTL_SCORE_RULE_4_17 },
		{ "5.9.0\n", 0, OOMCTL_SCORE_RULE_5_9 },
		{ "5.10\n", 0, OOMCTL_SCORE_RULE_5_9 },
		{ "6.19.1\n", 0, OOMCTL_SCORE_RULE_5_9 },
		{ "7.0.0+\n", 0, OOMCTL_SCORE_RULE_5_9 },
		{ "1000.1\n", 0, OOMCTL_SCORE_RULE_5_9 },
		{ "\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
		{ "Plan 9\n", -EBADMSG, 0 },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		enum oomctl_score_rule rule = UNTOUCHED_RULE;

		put_machine(f, cases[i].release);
		assert_int_equal(oomctl_predict_read_score_rule(f->ctx, &rule),
				 cases[i].want);
		assert_int_equal(rule, cases[i].want ? UNTOUCHED_RULE : cases[i].rule);
	}
}

static void a_machine_without_a_release_has_no_rule(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_score_rule rule = UNTOUCHED_RULE;
	char text[200];

	assert_int_equal(oomctl_predict_read_score_rule(f->ctx, &rule), -EOPNOTSUPP);
	memset(text, '1', sizeof(text));
	memcpy(text, "6.1-", 4);
	fixture_put_bytes(f, "proc/sys/kernel/osrelease", text, sizeof(text));
	assert_int_equal(oomctl_predict_read_score_rule(f->ctx, &rule), -EBADMSG);
	assert_int_equal(rule, UNTOUCHED_RULE);
}

static void the_total_is_ram_and_swap(void **state)
{
	const struct fixture *f = *state;
	uint64_t pages;
	char text[96];

	put_machine(f, "");
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), 0);
	assert_true(pages == TOTAL_PAGES);

	/* Two halves of a page are one. */
	snprintf(text, sizeof(text),
		 "MemTotal: %" PRIu64 " kB\nSwapTotal: %" PRIu64 " kB\n",
		 kb_of(5) + kb_of(1) / 2, kb_of(3) + kb_of(1) / 2);
	fixture_put(f, "proc/meminfo", text);
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), 0);
	assert_true(pages == 9);

	snprintf(text, sizeof(text), "MemTotal: %" PRIu64 " kB\n", kb_of(1));
	fixture_put(f, "proc/meminfo", text);
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), 0);
	assert_true(pages == 1);
	snprintf(text, sizeof(text), "MemTotal: %" PRIu64 " kB\n", kb_of(2) - 1);
	fixture_put(f, "proc/meminfo", text);
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), 0);
	assert_true(pages == 1);

	snprintf(text, sizeof(text), "MemTotal: %" PRIu64 " kB\n",
		 kb_of(UINT64_C(1) << 50));
	fixture_put(f, "proc/meminfo", text);
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), 0);
	assert_true(pages == UINT64_C(1) << 50);
}

static void expect_no_total(const struct fixture *f, int want)
{
	struct oomctl_task_figures task, untouched;
	uint64_t pages = UNTOUCHED_U64;
	int32_t score = UNTOUCHED;

	memset(&task, 0x77, sizeof(task));
	untouched = task;
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, &pages), want);
	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, 42, &task, sizeof(task)), want);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 42, 0, &score), want);
	assert_true(pages == UNTOUCHED_U64);
	assert_int_equal(score, UNTOUCHED);
	assert_memory_equal(&task, &untouched, sizeof(task));
}

static void a_total_out_of_range_is_refused(void **state)
{
	const struct fixture *f = *state;
	char text[96];

	put_machine(f, "6.1\n");
	put_process(f, &(struct process){ .pid = 42, .score = 667 });
	fixture_put(f, "proc/meminfo", "SwapTotal: 1000 kB\n");
	expect_no_total(f, -EBADMSG);
	fixture_put(f, "proc/meminfo", "MemTotal: 0 kB\nSwapTotal: 0 kB\n");
	expect_no_total(f, -EBADMSG);
	snprintf(text, sizeof(text), "MemTotal: %" PRIu64 " kB\n", kb_of(1) - 1);
	fixture_put(f, "proc/meminfo", text);
	expect_no_total(f, -EBADMSG);
	fixture_put(f, "proc/meminfo",
		    "MemTotal: 18446744073709551615 kB\nSwapTotal: 1 kB\n");
	expect_no_total(f, -ERANGE);
	fixture_put(f, "proc/meminfo", "MemTotal: 18446744073709551616 kB\n");
	expect_no_total(f, -ERANGE);
	snprintf(text, sizeof(text), "MemTotal: %" PRIu64 " kB\n",
		 kb_of((UINT64_C(1) << 50) + 1));
	fixture_put(f, "proc/meminfo", text);
	expect_no_total(f, -ERANGE);
	fixture_remove(f, "proc/meminfo");
	expect_no_total(f, -EOPNOTSUPP);
}

/* The process that most tests look at. */
static const struct process some = {
	.pid = 42,
	.score = 669,
	.adj = 3,
	.rss_pages = 1000,
	.status_rss_pages = 2000,
	.swap_pages = 300,
	.pte_kb = 66,
	.pmd_kb = 62,
	.cap_eff = 0xffdfffff,
};

static struct oomctl_task_figures read_task(const struct fixture *f, pid_t pid)
{
	struct oomctl_task_figures task;

	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, pid, &task, sizeof(task)), 0);
	return task;
}

static void a_process_is_weighed_by_ram_swap_and_page_tables(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_task_figures task;

	put_machine(f, "6.1\n");
	put_process(f, &some);
	task = read_task(f, 42);
	assert_true(task.rss_pages == 1000);
	assert_true(task.swap_pages == 300);
	assert_true(task.pgtable_pages == 128 / kb_of(1)); /* of both, then divided */
	assert_int_equal(task.oom_score_adj, 3);
	assert_int_equal(task.flags, 0);
}

static void the_ram_is_the_figure_of_the_kernels_choice(void **state)
{
	static const struct {
		const char *release;
		uint64_t rss_pages;
	} cases[] = {
		{ "2.6.36\n", 1000 },    { "6.15.0\n", 1000 }, { "6.19.255\n", 1000 },
		{ "6.255.255\n", 1000 }, { "7.0.0\n", 2000 },  { "7.0.0-rc1\n", 2000 },
		{ "7.1\n", 2000 },       { "8.0\n", 2000 },
	};
	const struct fixture *f = *state;

	put_process(f, &some);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_machine(f, cases[i].release);
		assert_true(read_task(f, 42).rss_pages == cases[i].rss_pages);
	}
}

static void pid_0_is_the_caller(void **state)
{
	const struct fixture *f = *state;
	int32_t score = UNTOUCHED;

	put_machine(f, "6.1\n");
	put_process_as(f, "self", &some);
	assert_true(read_task(f, 0).rss_pages == 1000);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 0, 1000, &score), 0);
	assert_true(score >= 1333);
}

static uint32_t flags_of(const struct fixture *f, const char *release, struct process p)
{
	char dir[16];

	put_machine(f, release);
	snprintf(dir, sizeof(dir), "%d", p.pid);
	put_process_as(f, dir, &p);
	return read_task(f, p.pid).flags;
}

static void what_is_never_chosen_is_flagged(void **state)
{
	enum { CHOSEN = 0, NEVER = OOMCTL_TASK_UNKILLABLE };
	static const struct {
		const char *release;
		struct process p;
		uint32_t want;
	} cases[] = {
		/* Kernel threads, by their flag. */
		{ "6.1\n", { .pid = 2, .stat_flags = KERNEL_THREAD }, NEVER },
		{ "6.1\n", { .pid = 2, .score = 9, .stat_flags = KERNEL_THREAD }, NEVER },
		{ "4.4\n", { .pid = 2, .score = 9, .stat_flags = ~0U }, NEVER },
		{ "4.4\n", { .pid = 3, .stat_flags = ~(uint32_t)KERNEL_THREAD }, CHOSEN },
		/* Zombies. */
		{ "6.1\n", { .pid = 3, .has_no_memory = true }, NEVER },
		{ "4.4\n", { .pid = 3, .has_no_memory = true }, NEVER },
		/* The init of the machine, and that of a container. */
		{ "6.1\n", { .pid = 1 }, NEVER },
		{ "6.1\n", { .pid = 1, .adj = -999 }, NEVER },
		{ "4.4\n", { .pid = 1 }, NEVER },
		{ "2.6.36\n", { .pid = 1 }, NEVER },
		{ "6.1\n", { .pid = 1, .score = 667 }, CHOSEN },
		{ "4.4\n", { .pid = 1, .score = 1 }, CHOSEN },
		/* Others that the kernel shows with a score of 0. */
		{ "6.1\n", { .pid = 3 }, NEVER },
		{ "5.9\n", { .pid = 3, .adj = -998 }, NEVER },
		{ "5.9\n", { .pid = 3, .adj = -999 }, CHOSEN },
		{ "5.9\n", { .pid = 3, .adj = -1000 }, CHOSEN }, /* as that tells */
		{ "5.9\n", { .pid = 3, .adj = -998, .score = 1 }, CHOSEN },
		{ "5.8\n", { .pid = 3 }, CHOSEN },
		{ "2.6.36\n", { .pid = 3, .adj = 1000 }, CHOSEN },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(flags_of(f, cases[i].release, cases[i].p),
				 cases[i].want);
}

static void sys_admin_is_flagged(void **state)
{
	const struct fixture *f = *state;
	struct process p = some;

	assert_int_equal(flags_of(f, "6.1\n", p), 0);
	p.cap_eff = UINT64_C(1) << 21;
	assert_int_equal(flags_of(f, "6.1\n", p), OOMCTL_TASK_PRIVILEGED);
	p.cap_eff = UINT64_MAX;
	p.has_no_memory = true;
	p.score = 0;
	assert_int_equal(flags_of(f, "6.1\n", p),
			 OOMCTL_TASK_PRIVILEGED | OOMCTL_TASK_UNKILLABLE);
}

/* Its main thread has ended, and others keep the memory. */
static const struct process headless = { .pid = 42, .score = 700, .has_no_memory = true };

static void without_its_main_thread_another_tells(void **state)
{
	const struct fixture *f = *state;
	struct process thread = some;
	struct oomctl_task_figures task;

	put_machine(f, "6.1\n");
	put_process(f, &headless);
	for (int tid = 42; tid < 62; tid++) { /* before and behind it, in any order */
		char dir[32];

		snprintf(dir, sizeof(dir), "42/task/%d", tid);
		put_stat(f, dir, &headless);
		put_status(f, dir, &headless);
	}
	fixture_remove(f, "proc/42/task/43/stat");
	fixture_remove(f, "proc/42/task/44/status");
	fixture_remove(f, "proc/42/task/60/stat");
	fixture_remove(f, "proc/42/task/61/status");
	thread.pid = 45;
	put_stat(f, "42/task/45", &thread);
	put_status(f, "42/task/45", &thread);
	task = read_task(f, 42);
	assert_true(task.rss_pages == 1000);
	assert_true(task.swap_pages == 300);
	assert_int_equal(task.flags, 0);
	put_machine(f, "7.0\n");
	assert_true(read_task(f, 42).rss_pages == 2000);
}

static void without_any_thread_a_process_has_no_memory(void **state)
{
	const struct fixture *f = *state;

	put_machine(f, "6.1\n");
	put_process(f, &headless);
	put_stat(f, "42/task/42", &headless);
	put_status(f, "42/task/42", &headless);
	assert_int_equal(read_task(f, 42).flags, OOMCTL_TASK_UNKILLABLE);
}

/* -999 makes a score of 0, which is no mark then. */
static void without_its_main_thread_a_score_of_0_may_be_low(void **state)
{
	const struct fixture *f = *state;
	struct process p = headless;

	put_machine(f, "6.1\n");
	p.score = 0;
	p.adj = -999;
	put_process(f, &p);
	put_stat(f, "42/task/43", &some);
	put_status(f, "42/task/43", &some);
	assert_int_equal(read_task(f, 42).flags, 0);
	assert_true(read_task(f, 42).rss_pages == 1000);
}

static void expect_no_task(const struct fixture *f, int want)
{
	struct oomctl_task_figures task, untouched;
	int before = open_descriptors();
	int32_t score = UNTOUCHED;

	memset(&task, 0x77, sizeof(task));
	untouched = task;
	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, 42, &task, sizeof(task)), want);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 42, 0, &score), want);
	assert_int_equal(score, UNTOUCHED);
	assert_memory_equal(&task, &untouched, sizeof(task));
	assert_int_equal(open_descriptors(), before);
}

static void a_thread_that_cannot_be_read_is_refused(void **state)
{
	const struct fixture *f = *state;

	put_machine(f, "6.1\n");
	put_process(f, &headless);
	expect_no_task(f, -ESRCH); /* there is no list of threads */
	put_stat(f, "42/task/43", &some);
	put_process_file(f, "42/task/43", "status", "VmRSS: x\n");
	expect_no_task(f, -EBADMSG);
	put_status(f, "42/task/43", &some);
	fail_opening("43/stat", EMFILE);
	expect_no_task(f, -EMFILE);
	fail_opening("task", EACCES);
	expect_no_task(f, -EACCES);
	fail_opening("", 0);
	listing_errno = ENOMEM;
	expect_no_task(f, -ENOMEM);
	listing_errno = 0;
}

static void nobody_there_is_esrch(void **state)
{
	static const char *const files[] = { "proc/42/oom_score", "proc/42/oom_score_adj",
					     "proc/42/stat", "proc/42/status" };
	const struct fixture *f = *state;

	put_machine(f, "6.1\n");
	expect_no_task(f, -ESRCH);
	for (size_t i = 0; i < LENGTH(files); i++) {
		put_process(f, &some);
		fixture_remove(f, files[i]);
		expect_no_task(f, -ESRCH);
	}
}

static void broken_files_are_refused(void **state)
{
	static const struct {
		const char *name, *text;
		int want;
	} cases[] = {
		{ "oom_score", "x\n", -EBADMSG },
		{ "oom_score", "-1\n", -ERANGE },
		{ "oom_score_adj", "\n", -EBADMSG },
		{ "oom_score_adj", "1001\n", -ERANGE },
		{ "stat", "42 (x) S\n", -EBADMSG },
		{ "stat", "", -EBADMSG },
		{ "status", "VmRSS: x\n", -EBADMSG },
		{ "status", "VmRSS: 1", -EBADMSG },
		{ "status", "VmSwap: 18446744073709551616 kB\n", -ERANGE },
		{ "status", "Uid:\t4294967296\n", -ERANGE },
	};
	const struct fixture *f = *state;

	put_machine(f, "6.1\n");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_process(f, &some);
		put_process_file(f, "42", cases[i].name, cases[i].text);
		expect_no_task(f, cases[i].want);
	}
}

static void what_the_kernel_refuses_is_passed_on(void **state)
{
	static const char *const files[] = { "42", "oom_score", "oom_score_adj", "stat",
					     "status" };
	static const int errnos[] = { EMFILE, EACCES, EPERM };
	const struct fixture *f = *state;

	put_machine(f, "6.1\n");
	put_process(f, &some);
	for (size_t i = 0; i < LENGTH(files); i++)
		for (size_t j = 0; j < LENGTH(errnos); j++) {
			fail_opening(files[i], errnos[j]);
			expect_no_task(f, -errnos[j]);
		}
	fail_opening("osrelease", EIO);
	expect_no_task(f, -EIO);
	fail_opening("", 0);
}

/* The list of groups moves what follows to any place. */
static void an_empty_line_of_a_status_is_passed_over(void **state)
{
	const struct fixture *f = *state;

	put_machine(f, "7.0\n");
	put_process(f, &some);
	put_process_file(f, "42", "status", "\nUid:\t7\nVmRSS:\t64 kB\n");
	assert_true(read_task(f, 42).rss_pages == 64 / kb_of(1));
}

static void a_status_of_any_length_is_read(void **state)
{
	const struct fixture *f = *state;
	char text[5600];

	put_machine(f, "7.0\n");
	put_process(f, &some);
	for (size_t groups = 1900; groups < 2100; groups++) {
		char *end = text + snprintf(text, sizeof(text), "Uid:\t7\nGroups:\t");

		memset(end, '7', groups);
		snprintf(end + groups, 100, "\nVmRSS:\t%" PRIu64 " kB\n", kb_of(5));
		put_process_file(f, "42", "status", text);
		assert_true(read_task(f, 42).rss_pages == 5);
	}
}

static void a_status_without_end_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_task_figures task, untouched;

	memset(&task, 0x77, sizeof(task));
	untouched = task;
	put_machine(f, "6.1\n");
	put_process(f, &some);
	fixture_remove(f, "proc/42/status");
	assert_int_equal(symlink("/dev/zero", fixture_path(f, "proc/42/status")), 0);
	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, 42, &task, sizeof(task)), -EBADMSG);
	assert_memory_equal(&task, &untouched, sizeof(task));
}

static void a_status_without_its_user_was_cut(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_task_figures task, untouched;

	memset(&task, 0x77, sizeof(task));
	untouched = task;
	put_machine(f, "6.1\n");
	put_process(f, &some);
	put_process_file(f, "42", "status", "");
	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, 42, &task, sizeof(task)), -EBADMSG);
	assert_memory_equal(&task, &untouched, sizeof(task));
}

static void a_structure_of_another_size_is_filled(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_task_figures known;
		unsigned char later[16], behind;
	} larger;
	unsigned char smaller[9];
	uint64_t rss_pages;

	put_machine(f, "6.1\n");
	put_process(f, &some);
	memset(&larger, 0x77, sizeof(larger));
	assert_int_equal(oomctl_predict_read_task_figures(f->ctx, 42, &larger.known,
							  sizeof(larger.known) + 16),
			 0);
	assert_true(larger.known.swap_pages == 300);
	for (size_t i = 0; i < sizeof(larger.later); i++)
		assert_int_equal(larger.later[i], 0);
	assert_int_equal(larger.behind, 0x77);

	memset(smaller, 0x77, sizeof(smaller));
	assert_int_equal(
	    oomctl_predict_read_task_figures(
		f->ctx, 42, (struct oomctl_task_figures *)(void *)smaller, 8),
	    0);
	memcpy(&rss_pages, smaller, 8);
	assert_true(rss_pages == 1000);
	assert_int_equal(smaller[8], 0x77);
}

static void another_adjustment_shows_another_score(void **state)
{
	static const struct {
		const char *release;
		int32_t adj, score;
	} cases[] = {
		/* Of a million pages: 100000, with the page tables a bit more. */
		{ "6.1\n", 0, (1000 + 100) * 2 / 3 },
		{ "6.1\n", 500, (1000 + 600) * 2 / 3 },
		{ "6.1\n", 1000, (1000 + 1100) * 2 / 3 },
		{ "6.1\n", -999, (1000 - 898) * 2 / 3 },
		{ "6.1\n", -1000, 0 },
		{ "4.17\n", 0, 100 },
		{ "4.17\n", -50, 50 },
		{ "4.17\n", -1000, 0 },
		{ "3.18\n", 0, 97 }, /* 3 % off: it is privileged */
		{ "3.6\n", 0, 70 },
		{ "2.6.36\n", 0, 70 },
		{ "2.6.36\n", 1000, 1000 },
	};
	const struct fixture *f = *state;
	struct process p = some;

	p.rss_pages = 90000;
	p.swap_pages = 10000;
	p.cap_eff = UINT64_MAX;
	put_process(f, &p);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		int32_t score = UNTOUCHED;

		put_machine(f, cases[i].release);
		assert_int_equal(
		    oomctl_predict_oom_score(f->ctx, 42, cases[i].adj, &score), 0);
		assert_int_equal(score, cases[i].score);
	}
}

static void what_is_never_chosen_shows_0(void **state)
{
	const struct fixture *f = *state;
	int32_t score = UNTOUCHED;

	put_machine(f, "6.1\n");
	put_process(
	    f, &(struct process){ .pid = 2, .has_no_memory = true, .stat_flags = ~0U });
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 2, 1000, &score), 0);
	assert_int_equal(score, 0);
}

static void a_process_of_more_than_2_to_the_50_pages_is_erange(void **state)
{
	const struct fixture *f = *state;
	struct process p = some;
	int32_t score = UNTOUCHED;

	put_machine(f, "6.1\n");
	p.rss_pages = (UINT64_C(1) << 50) + 1;
	put_process(f, &p);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 42, 0, &score), -ERANGE);
	assert_int_equal(score, UNTOUCHED);
}

/* Invented, no two alike. */
static void put_grant(const struct fixture *f)
{
	put_machine(f, "6.1\n");
	fixture_put(f, "proc/sys/vm/overcommit_memory", "2\n");
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "50\n");
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "0\n");
	fixture_put(f, "proc/sys/vm/admin_reserve_kbytes", "8192\n");
	fixture_put(f, "proc/sys/vm/user_reserve_kbytes", "131072\n");
	fixture_put(f, "proc/self/statm", "4321 99 98 97 0 96 0\n");
	fixture_put(f, "proc/self/status",
		    "Uid:\t7\nVmRSS: 5 kB\nCapEff:\t0000000000000000\n");
	fixture_put(f, "sys/devices/system/cpu/present", "0-3,8\n");
}

/* CAP_SYS_ADMIN alone. */
static void put_capability(const struct fixture *f, const char *whose)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/status", whose);
	fixture_put(f, path, "Uid:\t7\nCapEff:\t0000000000200000\n");
}

static void put_user_namespace(const struct fixture *f, const char *text)
{
	fixture_put(f, "proc/self/ns/user", "");
	fixture_remove(f, "proc/self/ns/user");
	assert_int_equal(symlink(text, fixture_path(f, "proc/self/ns/user")), 0);
}

static struct oomctl_grant_figures read_grant(const struct fixture *f)
{
	struct oomctl_grant_figures g;

	assert_int_equal(oomctl_predict_read_grant_figures(f->ctx, &g, sizeof(g)), 0);
	return g;
}

static void a_grant_is_decided_by_these_figures(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_grant_figures g, want = {
		.commit = { .mem_total_kb = kb_of(RAM_PAGES),
			    .hugetlb_kb = 10240,
			    .swap_total_kb = kb_of(SWAP_PAGES),
			    .overcommit_ratio = 50,
			    .page_size = (uint32_t)getpagesize() },
		.committed_as_kb = 3000000,
		.admin_reserve_kbytes = 8192,
		.user_reserve_kbytes = 131072,
		.total_vm_pages = 4321,
		.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
		.cpus = 5,
	};

	put_grant(f);
	g = read_grant(f);
	assert_memory_equal(&g, &want, sizeof(g));

	/* Before 3.14 there is no such file. */
	fixture_remove(f, "proc/sys/vm/overcommit_kbytes");
	g = read_grant(f);
	assert_memory_equal(&g, &want, sizeof(g));
}

static void the_release_tells_of_old_kernels(void **state)
{
	static const struct {
		const char *release;
		uint32_t flags;
	} cases[] = {
		{ "3.10\n", OOMCTL_GRANT_BEFORE_5_2 | OOMCTL_GRANT_BEFORE_5_9 },
		{ "5.1.21\n", OOMCTL_GRANT_BEFORE_5_2 | OOMCTL_GRANT_BEFORE_5_9 },
		{ "5.2.0\n", OOMCTL_GRANT_BEFORE_5_9 },
		{ "5.8.18\n", OOMCTL_GRANT_BEFORE_5_9 },
		{ "5.9.0\n", 0 },
		{ "7.1\n", 0 },
	};
	const struct fixture *f = *state;

	put_grant(f);
	put_capability(f, "self");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_machine(f, cases[i].release);
		put_user_namespace(f, "user:[7]");
		assert_int_equal(read_grant(f).flags, cases[i].flags);
		put_user_namespace(f, "user:[4026531837]");
		assert_int_equal(read_grant(f).flags,
				 cases[i].flags | OOMCTL_GRANT_ADMIN);
	}
}

static void an_admin_is_one_of_the_initial_user_namespace(void **state)
{
	static const struct {
		const char *link;
		uint32_t flags;
	} cases[] = {
		{ "user:[4026531837]", OOMCTL_GRANT_ADMIN },
		{ "user:[4026531838]", 0 },
		{ "user:[40265318370]", 0 },
		{ "user:[402653183]", 0 },
		{ "user:[4026531837", 0 },
	};
	const struct fixture *f = *state;

	put_grant(f);
	put_user_namespace(f, "user:[4026531837]");
	assert_int_equal(read_grant(f).flags, 0);
	put_capability(f, "self");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_user_namespace(f, cases[i].link);
		assert_int_equal(read_grant(f).flags, cases[i].flags);
	}

	/* A kernel without user namespaces. */
	fixture_remove(f, "proc/self/ns/user");
	assert_int_equal(read_grant(f).flags, OOMCTL_GRANT_ADMIN);
	fixture_put(f, "proc/self/status", "Uid:\t7\nCapEff:\tffffffffffdfffff\n");
	assert_int_equal(read_grant(f).flags, 0);
}

/* A thread may have given it up for itself; before Linux 3.17 that is not seen. */
static void an_admin_is_the_calling_thread(void **state)
{
	const struct fixture *f = *state;

	put_grant(f);
	put_user_namespace(f, "user:[4026531837]");
	put_capability(f, "self");
	assert_int_equal(read_grant(f).flags, OOMCTL_GRANT_ADMIN);
	fixture_put(f, "proc/thread-self/status", "Uid:\t7\nCapEff:\t0000000000000000\n");
	assert_int_equal(read_grant(f).flags, 0);
	fixture_put(f, "proc/thread-self/status",
		    "Uid:\t4294967295\nCapEff:\t0000000000200000\n");
	assert_int_equal(read_grant(f).flags, OOMCTL_GRANT_ADMIN);
	put_capability(f, "thread-self");
	fixture_put(f, "proc/self/status", "Uid:\t7\nCapEff:\t0000000000000000\n");
	assert_int_equal(read_grant(f).flags, OOMCTL_GRANT_ADMIN);
}

static void put_smaps(const struct fixture *f)
{
	fixture_put(f, "proc/self/smaps",
		    "00400000-00500000 r-xp 00000000 08:01 77   /bin/x\n"
		    "Size:             999992 kB\nRss: 4 kB\n"
		    "VmFlags: rd ex mr mw me \n"
		    "00600000-00700000 rw-p 00000000 00:00 0    [heap]\n"
		    "Size:                400 kB\nRss: 4 kB\n"
		    "VmFlags: rd wr mr mw me ac sd \n"
		    "00800000-00900000 rw-p 00000000 00:00 0\n"
		    "Size:             800000 kB\nRss: 4 kB\n"
		    "VmFlags: rd wr mr mw me ac wf \n"
		    "00a00000-00b00000 rw-p 00000000 00:00 0\n"
		    "Size:             999996 kB\nRss: 4 kB\n"
		    "VmFlags: rd wr mr mw me dc ac \n"
		    "00c00000-00d00000 rw-p 00000000 00:00 0\n"
		    "Size:             999988 kB\nRss: 4 kB\n"
		    "VmFlags: rd wr mr mw me nr \n");
}

static void expect_no_fork(const struct fixture *f, int want)
{
	enum oomctl_verdict verdict = UNTOUCHED_VERDICT;
	int64_t margin_kb = UNTOUCHED;
	int before = open_descriptors();

	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &margin_kb), want);
	assert_int_equal(verdict, UNTOUCHED_VERDICT);
	assert_true(margin_kb == UNTOUCHED);
	assert_int_equal(open_descriptors(), before);
}

static void expect_no_grant(const struct fixture *f, int want)
{
	enum oomctl_verdict verdict = UNTOUCHED_VERDICT;
	struct oomctl_grant_figures g, untouched;
	int64_t margin_kb = UNTOUCHED;
	int before = open_descriptors();

	memset(&g, 0x77, sizeof(g));
	untouched = g;
	assert_int_equal(oomctl_predict_read_grant_figures(f->ctx, &g, sizeof(g)), want);
	assert_int_equal(oomctl_predict_commit(f->ctx, 4, &verdict, &margin_kb), want);
	assert_memory_equal(&g, &untouched, sizeof(g));
	assert_int_equal(verdict, UNTOUCHED_VERDICT);
	assert_true(margin_kb == UNTOUCHED);
	assert_int_equal(open_descriptors(), before);
	expect_no_fork(f, want);
}

/* The main thread may have ended, and shows nothing any more. */
static void a_grant_is_of_the_calling_thread(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_verdict verdict;
	int64_t margin_kb;

	put_grant(f);
	fixture_put(f, "proc/thread-self/statm", "4321 99 98 97 0 96 0\n");
	fixture_put(f, "proc/self/statm", "0 0 0 0 0 0 0\n");
	assert_true(read_grant(f).total_vm_pages == 4321);
	fixture_put(f, "proc/thread-self/smaps", "Size: 4 kB\nVmFlags: wr ac \n");
	fixture_put(f, "proc/self/smaps", "");
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &margin_kb), 0);
	fixture_put(f, "proc/thread-self/statm", "");
	expect_no_grant(f, -EBADMSG);
	fixture_put(f, "proc/thread-self/statm", "4321"); /* cut */
	expect_no_grant(f, -EBADMSG);
}

static const char *const grant_files[] = {
	"proc/meminfo",
	"proc/sys/kernel/osrelease",
	"proc/sys/vm/overcommit_memory",
	"proc/sys/vm/overcommit_ratio",
	"proc/sys/vm/admin_reserve_kbytes",
	"proc/sys/vm/user_reserve_kbytes",
	"proc/self/statm",
	"proc/self/status",
	"sys/devices/system/cpu/present",
};

static void without_one_of_its_files_a_grant_is_not_predicted(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(grant_files); i++) {
		put_grant(f);
		put_smaps(f);
		fixture_remove(f, grant_files[i]);
		expect_no_grant(f, -EOPNOTSUPP);
		put_grant(f);
		fail_opening(strrchr(grant_files[i], '/') + 1, EMFILE);
		expect_no_grant(f, -EMFILE);
		fail_opening("", 0);
	}
}

static void with_a_broken_file_a_grant_is_not_predicted(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(grant_files); i++) {
		put_grant(f);
		put_smaps(f);
		fixture_put(f, grant_files[i], "CapEff: of this no file begins\n");
		expect_no_grant(f, -EBADMSG);
		fixture_put(f, grant_files[i], "");
		expect_no_grant(f, -EBADMSG);
	}
	put_grant(f);
	fixture_put(f, "proc/sys/vm/overcommit_memory", "3\n");
	expect_no_grant(f, -ERANGE);
}

static void a_user_namespace_of_another_form_is_refused(void **state)
{
	const struct fixture *f = *state;
	char text[65];

	put_grant(f);
	put_smaps(f);
	put_capability(f, "self");
	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	put_user_namespace(f, text);
	expect_no_grant(f, -EBADMSG);
}

/* No argument is wrong: it must not be -EINVAL. */
static void a_user_namespace_that_is_no_link_is_refused(void **state)
{
	const struct fixture *f = *state;

	put_grant(f);
	put_smaps(f);
	put_capability(f, "self");
	fixture_put(f, "proc/self/ns/user", "user:[4026531837]");
	expect_no_grant(f, -EBADMSG);
}

static void more_cpus_than_65536_are_refused(void **state)
{
	const struct fixture *f = *state;

	put_grant(f);
	put_smaps(f);
	fixture_put(f, "sys/devices/system/cpu/present", "0-65535\n");
	assert_int_equal(read_grant(f).cpus, 65536);
	fixture_put(f, "sys/devices/system/cpu/present", "0-65536\n");
	expect_no_grant(f, -ERANGE);
}

static void without_what_is_promised_a_grant_is_not_predicted(void **state)
{
	const struct fixture *f = *state;

	put_grant(f);
	put_smaps(f);
	fixture_put(f, "proc/meminfo", "MemTotal: 4029312 kB\nHugetlb: 0 kB\n");
	expect_no_grant(f, -EBADMSG);
	fixture_put(f, "proc/meminfo",
		    "MemTotal: 4029312 kB\nCommitted_AS: 4 kB\nHugetlb: 4029316 kB\n");
	expect_no_grant(f, -ERANGE);
}

static void grant_figures_of_another_size_are_filled(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_grant_figures known;
		unsigned char later[8], behind;
	} larger;
	unsigned char smaller[9];
	uint64_t ram_kb;

	put_grant(f);
	memset(&larger, 0x77, sizeof(larger));
	assert_int_equal(oomctl_predict_read_grant_figures(f->ctx, &larger.known,
							   sizeof(larger.known) + 8),
			 0);
	assert_int_equal(larger.known.cpus, 5);
	for (size_t i = 0; i < sizeof(larger.later); i++)
		assert_int_equal(larger.later[i], 0);
	assert_int_equal(larger.behind, 0x77);

	memset(smaller, 0x77, sizeof(smaller));
	assert_int_equal(oomctl_predict_read_grant_figures(
			     f->ctx, (struct oomctl_grant_figures *)(void *)smaller, 8),
			 0);
	memcpy(&ram_kb, smaller, 8);
	assert_true(ram_kb == kb_of(RAM_PAGES));
	assert_int_equal(smaller[8], 0x77);
}

static void a_commit_is_predicted_from_the_figures(void **state)
{
	static const char *const modes[] = { "0\n", "1\n", "2\n" };
	const struct fixture *f = *state;

	put_grant(f);
	for (size_t i = 0; i < LENGTH(modes); i++) {
		fixture_put(f, "proc/sys/vm/overcommit_memory", modes[i]);
		for (uint64_t kb = 0; kb < 4 * kb_of(TOTAL_PAGES);
		     kb += kb_of(TOTAL_PAGES) / 8) {
			const struct oomctl_grant_figures g = read_grant(f);
			enum oomctl_verdict got, want;
			int64_t got_kb, want_kb;

			assert_int_equal(oomctl_calc_grant(&g, kb, &want, &want_kb), 0);
			assert_int_equal(oomctl_predict_commit(f->ctx, kb, &got, &got_kb),
					 0);
			assert_int_equal(got, want);
			assert_true(got_kb == want_kb);
		}
	}
}

static void guessing_refuses_more_than_ram_and_swap(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_verdict verdict;
	int64_t margin_kb;

	put_grant(f);
	fixture_put(f, "proc/sys/vm/overcommit_memory", "0\n");
	assert_int_equal(
	    oomctl_predict_commit(f->ctx, kb_of(TOTAL_PAGES - 1), &verdict, &margin_kb),
	    0);
	assert_int_equal(verdict, OOMCTL_VERDICT_GRANTED);
	assert_true(margin_kb == (int64_t)kb_of(1));
	assert_int_equal(
	    oomctl_predict_commit(f->ctx, kb_of(TOTAL_PAGES + 1), &verdict, &margin_kb),
	    0);
	assert_int_equal(verdict, OOMCTL_VERDICT_REFUSED);
	assert_true(margin_kb == -(int64_t)kb_of(1));
}

/* The strict policy asks for 800400 kB in all, guessing for 800000 kB at once. */
static void a_fork_asks_for_all_private_writable_memory(void **state)
{
	static const struct {
		const char *mode;
		uint64_t kb;
	} cases[] = { { "0\n", 800000 }, { "1\n", 800000 }, { "2\n", 800400 } };
	const struct fixture *f = *state;

	put_grant(f);
	put_smaps(f);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		enum oomctl_verdict fork, commit;
		int64_t fork_kb, commit_kb;

		fixture_put(f, "proc/sys/vm/overcommit_memory", cases[i].mode);
		assert_int_equal(oomctl_predict_fork(f->ctx, &fork, &fork_kb), 0);
		assert_int_equal(
		    oomctl_predict_commit(f->ctx, cases[i].kb, &commit, &commit_kb), 0);
		assert_int_equal(fork, commit);
		assert_true(fork_kb == commit_kb);
	}
}

/* Of one large request the asking CPU owes nothing; of many small ones it may. */
static void a_fork_is_less_sure_than_one_request(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_verdict verdict;
	int64_t left_kb, margin_kb;
	char text[64];

	put_grant(f);
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "1000\n");
	fixture_put(f, "sys/devices/system/cpu/present", "0\n");
	assert_int_equal(oomctl_predict_commit(f->ctx, 0, &verdict, &left_kb), 0);
	snprintf(text, sizeof(text), "Size: %jd kB\nVmFlags: wr ac \n",
		 (intmax_t)left_kb + (intmax_t)kb_of(1));
	fixture_put(f, "proc/self/smaps", text);
	assert_int_equal(oomctl_predict_commit(f->ctx, (uint64_t)left_kb + kb_of(1),
					       &verdict, &margin_kb),
			 0);
	assert_int_equal(verdict, OOMCTL_VERDICT_REFUSED);
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &margin_kb), 0);
	assert_int_equal(verdict, OOMCTL_VERDICT_UNCERTAIN);
	assert_int_equal(margin_kb, -(int64_t)kb_of(1));
}

static void a_fork_of_many_mappings_is_one_of_their_sum(void **state)
{
	static const char mapping[] =
	    "Size:              10 kB\nRss: 4 kB\nVmFlags: ac \n";
	const struct fixture *f = *state;
	enum oomctl_verdict verdict;
	int64_t one_kb, many_kb;
	char text[100 * sizeof(mapping) + 1] = "\n"; /* an empty line is passed over */

	put_grant(f);
	fixture_put(f, "proc/self/smaps", "Size: 1000 kB\nVmFlags: ac \n");
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &one_kb), 0);
	for (size_t i = 0; i < 100; i++)
		strcat(text, mapping);
	fixture_put(f, "proc/self/smaps", text);
	reads_whole_lines = true;
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &many_kb), 0);
	reads_whole_lines = false;
	assert_int_equal(many_kb, one_kb);
}

static void a_fork_of_more_than_64_bits_is_erange(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_verdict verdict = UNTOUCHED_VERDICT;
	int64_t margin_kb = UNTOUCHED;

	put_grant(f);
	fixture_put(f, "proc/meminfo",
		    "MemTotal: 4029312 kB\nCommitted_AS: 18446744073709551615 kB\n"
		    "Hugetlb: 0 kB\n");
	fixture_put(f, "proc/self/smaps", "Size: 4 kB\nVmFlags: wr ac \n");
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &margin_kb), -ERANGE);
	assert_int_equal(verdict, UNTOUCHED_VERDICT);
	assert_int_equal(margin_kb, UNTOUCHED);
}

static void a_fork_of_nothing_private_is_granted(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_verdict verdict;
	int64_t margin_kb;

	put_grant(f);
	fixture_put(f, "proc/sys/vm/overcommit_memory", "0\n");
	fixture_put(f, "proc/self/smaps", "Size: 8 kB\nVmFlags: rd \n");
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, &margin_kb), 0);
	assert_int_equal(verdict, OOMCTL_VERDICT_GRANTED);
	assert_true(margin_kb == (int64_t)kb_of(TOTAL_PAGES));
}

static void without_smaps_a_fork_is_not_predicted(void **state)
{
	static const struct {
		const char *smaps;
		int want;
	} cases[] = {
		{ "", -EOPNOTSUPP },
		{ "Size: 8 kB\nRss: 4 kB\n", -EOPNOTSUPP }, /* before 3.8 */
		{ "Size: x kB\nVmFlags: ac\n", -EBADMSG },
		{ "Size: 8 kB\nVmFlags: ac", -EBADMSG },
		{ "Size: 18446744073709551615 kB\nVmFlags: ac\nVmFlags: ac\n", -ERANGE },
	};
	const struct fixture *f = *state;

	put_grant(f);
	expect_no_fork(f, -EOPNOTSUPP);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		fixture_put(f, "proc/self/smaps", cases[i].smaps);
		expect_no_fork(f, cases[i].want);
	}
	put_smaps(f);
	fail_opening("smaps", EACCES);
	expect_no_fork(f, -EACCES);
	fail_opening("", 0);
}

static void bad_arguments_are_refused_before_anything_is_read(void **state)
{
	static const int32_t adjs[] = { -1001, 1001, INT32_MIN, INT32_MAX };
	const struct fixture *f = *state;
	enum oomctl_verdict verdict = UNTOUCHED_VERDICT;
	struct oomctl_grant_figures g;
	struct oomctl_task_figures task;
	int64_t margin_kb = UNTOUCHED;
	int32_t score = UNTOUCHED;

	/* Nothing exists here: a call that looked would say -EOPNOTSUPP. */
	memset(&task, 0x77, sizeof(task));
	assert_int_equal(oomctl_predict_read_score_rule(f->ctx, NULL), -EINVAL);
	assert_int_equal(oomctl_predict_read_total_pages(f->ctx, NULL), -EINVAL);
	assert_int_equal(oomctl_predict_read_task_figures(f->ctx, 1, NULL, sizeof(task)),
			 -EINVAL);
	assert_int_equal(oomctl_predict_read_task_figures(f->ctx, 1, &task, 0), -EINVAL);
	assert_int_equal(
	    oomctl_predict_read_task_figures(f->ctx, -1, &task, sizeof(task)), -EINVAL);
	assert_int_equal(oomctl_predict_read_grant_figures(f->ctx, NULL, sizeof(g)),
			 -EINVAL);
	assert_int_equal(oomctl_predict_read_grant_figures(f->ctx, &g, 0), -EINVAL);
	assert_int_equal(oomctl_predict_commit(f->ctx, 4, NULL, &margin_kb), -EINVAL);
	assert_int_equal(oomctl_predict_commit(f->ctx, 4, &verdict, NULL), -EINVAL);
	assert_int_equal(oomctl_predict_fork(f->ctx, NULL, &margin_kb), -EINVAL);
	assert_int_equal(oomctl_predict_fork(f->ctx, &verdict, NULL), -EINVAL);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, 1, 0, NULL), -EINVAL);
	assert_int_equal(oomctl_predict_oom_score(f->ctx, -1, 0, &score), -EINVAL);
	for (size_t i = 0; i < LENGTH(adjs); i++)
		assert_int_equal(oomctl_predict_oom_score(f->ctx, 1, adjs[i], &score),
				 -EINVAL);
	assert_int_equal(verdict, UNTOUCHED_VERDICT);
	assert_true(margin_kb == UNTOUCHED);
	assert_int_equal(score, UNTOUCHED);
	assert_int_equal(task.oom_score_adj, 0x77777777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(the_rule_follows_the_release),
		FIXTURE_TEST(a_machine_without_a_release_has_no_rule),
		FIXTURE_TEST(the_total_is_ram_and_swap),
		FIXTURE_TEST(a_total_out_of_range_is_refused),
		FIXTURE_TEST(a_process_is_weighed_by_ram_swap_and_page_tables),
		FIXTURE_TEST(the_ram_is_the_figure_of_the_kernels_choice),
		FIXTURE_TEST(pid_0_is_the_caller),
		FIXTURE_TEST(what_is_never_chosen_is_flagged),
		FIXTURE_TEST(sys_admin_is_flagged),
		FIXTURE_TEST(without_its_main_thread_another_tells),
		FIXTURE_TEST(without_its_main_thread_a_score_of_0_may_be_low),
		FIXTURE_TEST(without_any_thread_a_process_has_no_memory),
		FIXTURE_TEST(a_thread_that_cannot_be_read_is_refused),
		FIXTURE_TEST(nobody_there_is_esrch),
		FIXTURE_TEST(broken_files_are_refused),
		FIXTURE_TEST(what_the_kernel_refuses_is_passed_on),
		FIXTURE_TEST(an_empty_line_of_a_status_is_passed_over),
		FIXTURE_TEST(a_status_of_any_length_is_read),
		FIXTURE_TEST(a_status_without_end_is_refused),
		FIXTURE_TEST(a_status_without_its_user_was_cut),
		FIXTURE_TEST(a_structure_of_another_size_is_filled),
		FIXTURE_TEST(another_adjustment_shows_another_score),
		FIXTURE_TEST(what_is_never_chosen_shows_0),
		FIXTURE_TEST(a_process_of_more_than_2_to_the_50_pages_is_erange),
		FIXTURE_TEST(a_grant_is_decided_by_these_figures),
		FIXTURE_TEST(the_release_tells_of_old_kernels),
		FIXTURE_TEST(an_admin_is_one_of_the_initial_user_namespace),
		FIXTURE_TEST(an_admin_is_the_calling_thread),
		FIXTURE_TEST(a_grant_is_of_the_calling_thread),
		FIXTURE_TEST(without_one_of_its_files_a_grant_is_not_predicted),
		FIXTURE_TEST(with_a_broken_file_a_grant_is_not_predicted),
		FIXTURE_TEST(a_user_namespace_of_another_form_is_refused),
		FIXTURE_TEST(a_user_namespace_that_is_no_link_is_refused),
		FIXTURE_TEST(more_cpus_than_65536_are_refused),
		FIXTURE_TEST(without_what_is_promised_a_grant_is_not_predicted),
		FIXTURE_TEST(grant_figures_of_another_size_are_filled),
		FIXTURE_TEST(a_commit_is_predicted_from_the_figures),
		FIXTURE_TEST(guessing_refuses_more_than_ram_and_swap),
		FIXTURE_TEST(a_fork_asks_for_all_private_writable_memory),
		FIXTURE_TEST(a_fork_of_nothing_private_is_granted),
		FIXTURE_TEST(a_fork_is_less_sure_than_one_request),
		FIXTURE_TEST(a_fork_of_many_mappings_is_one_of_their_sum),
		FIXTURE_TEST(a_fork_of_more_than_64_bits_is_erange),
		FIXTURE_TEST(without_smaps_a_fork_is_not_predicted),
		FIXTURE_TEST(bad_arguments_are_refused_before_anything_is_read),
	};

	return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
