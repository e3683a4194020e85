/* SPDX-License-Identifier: MIT */
#include <oomctl/tune.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <oomctl/base.h>

#include "fixture.h"
#include "test.h"

/* By enum oomctl_vm_knob. */
static const char *const paths[] = {
	[OOMCTL_VM_OVERCOMMIT_MEMORY] = "sys/vm/overcommit_memory",
	[OOMCTL_VM_OVERCOMMIT_RATIO] = "sys/vm/overcommit_ratio",
	[OOMCTL_VM_OVERCOMMIT_KBYTES] = "sys/vm/overcommit_kbytes",
	[OOMCTL_VM_PANIC_ON_OOM] = "sys/vm/panic_on_oom",
	[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = "sys/vm/oom_kill_allocating_task",
	[OOMCTL_VM_OOM_DUMP_TASKS] = "sys/vm/oom_dump_tasks",
	[OOMCTL_VM_ADMIN_RESERVE_KBYTES] = "sys/vm/admin_reserve_kbytes",
	[OOMCTL_VM_USER_RESERVE_KBYTES] = "sys/vm/user_reserve_kbytes",
	[OOMCTL_VM_PANIC_TIMEOUT] = "sys/kernel/panic",
};

enum {
	MODE = OOMCTL_POLICY_OVERCOMMIT_MEMORY,
	RATIO = OOMCTL_POLICY_OVERCOMMIT_RATIO,
	KBYTES = OOMCTL_POLICY_OVERCOMMIT_KBYTES,
	PANIC = OOMCTL_POLICY_PANIC_ON_OOM,
	KILL = OOMCTL_POLICY_OOM_KILL_ALLOCATING_TASK,
	DUMP = OOMCTL_POLICY_OOM_DUMP_TASKS,
	ADMIN = OOMCTL_POLICY_ADMIN_RESERVE_KBYTES,
	USER = OOMCTL_POLICY_USER_RESERVE_KBYTES,
	TIMEOUT = OOMCTL_POLICY_PANIC_TIMEOUT,
	ALL = 1022,
	BOTH = RATIO | KBYTES
};

/* What stands for the kernel: it takes writes to the fixture's knobs, or fails. */
static const struct fixture *machine;
static int opens, writes;
static int written_fd;
static char written_path[64], last_path[64];
static char history[1024];               /* "name=value ..." */
static int failing_write, failing_errno; /* this write fails; 0: none */
static bool all_fail_after, is_short, is_ignored, is_changed, zeroes_nothing;
static const char *failing_open; /* after it was opened so many times */
static int failing_open_errno, spared, listing_errno;
static void (*before_opening)(const char *path);
static void (*after_writing)(void);

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* The only one is that which lists a directory. */
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

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	int fd;

	opens++;
	snprintf(last_path, sizeof(last_path), "%s", path);
	if (before_opening)
		before_opening(path);
	if (failing_open && strcmp(path, failing_open) == 0 && spared-- <= 0) {
		errno = failing_open_errno;
		return -1;
	}
	fd = __real_openat(dir, path, flags);
	if ((flags & O_ACCMODE) == O_WRONLY) {
		written_fd = fd;
		snprintf(written_path, sizeof(written_path), "%s", path);
	}
	return fd;
}

static bool is_of(int knob)
{
	return strcmp(written_path, paths[knob]) == 0;
}

static void put_knob(int knob, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "proc/%s", paths[knob]);
	/* A new file: what is truncated to nothing, some file systems write to disk. */
	unlink(fixture_path(machine, path));
	fixture_put(machine, path, text);
}

static void take_write(int fd, const char *text, size_t len)
{
	assert_int_equal(__real_write(fd, text, len), len);
	assert_int_equal(__real_write(fd, "\n", 1), 1);
	assert_int_equal(ftruncate(fd, (off_t)len + 1), 0);
	if (is_of(OOMCTL_VM_OVERCOMMIT_RATIO) && !zeroes_nothing)
		put_knob(OOMCTL_VM_OVERCOMMIT_KBYTES, "0\n");
	if (is_of(OOMCTL_VM_OVERCOMMIT_KBYTES) && !zeroes_nothing)
		put_knob(OOMCTL_VM_OVERCOMMIT_RATIO, "0\n");
}

static void remember(const char *text, size_t len)
{
	size_t used = strlen(history);

	snprintf(history + used, sizeof(history) - used, "%s%s=%.*s", used ? " " : "",
		 strrchr(written_path, '/') + 1, (int)len, text);
}

static ssize_t knob_write(int fd, const char *text, size_t len)
{
	bool fails = ++writes == failing_write ||
		     (all_fail_after && failing_write && writes > failing_write);

	remember(text, len);
	if (!fails) {
		take_write(fd, text, len);
		if (after_writing)
			after_writing();
		return (ssize_t)len;
	}
	if (failing_errno) {
		errno = failing_errno;
		return -1;
	}
	if (is_changed)
		take_write(fd, "1234567", 7);
	else if (!is_ignored)
		take_write(fd, text, is_short ? 1 : len);
	return (ssize_t)len - is_short;
}

ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
	if (fd != written_fd)
		return __real_write(fd, buf, size);

	written_fd = -1;
	return knob_write(fd, buf, size);
}

static void let_all_succeed(void)
{
	opens = writes = failing_write = failing_errno = spared = listing_errno = 0;
	all_fail_after = is_short = is_ignored = is_changed = zeroes_nothing = false;
	failing_open = NULL;
	before_opening = NULL;
	after_writing = NULL;
	history[0] = '\0';
}

/* RAM of 8000000 kB, swap of 1000000: a ratio of 50 makes a limit of 5000000. */
enum { RAM_KB = 8000000, SWAP_KB = 1000000, PROMISED_KB = 3000000 };

static void put_meminfo(uint64_t committed_kb)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "MemTotal: %d kB\nSwapTotal: %d kB\nHugetlb: 0 kB\n"
		 "Committed_AS: %" PRIu64 " kB\n",
		 RAM_KB, SWAP_KB, committed_kb);
	fixture_put(machine, "proc/meminfo", text);
}

static void put_number(int knob, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64 "\n", value);
	put_knob(knob, text);
}

static void put_policy(const struct oomctl_policy *p)
{
	char text[32];

	put_number(OOMCTL_VM_OVERCOMMIT_MEMORY, p->overcommit_memory);
	put_number(OOMCTL_VM_OVERCOMMIT_RATIO, p->overcommit_ratio);
	snprintf(text, sizeof(text), "%" PRIu64 "\n", p->overcommit_kbytes);
	put_knob(OOMCTL_VM_OVERCOMMIT_KBYTES, text);
	put_number(OOMCTL_VM_PANIC_ON_OOM, p->panic_on_oom);
	put_number(OOMCTL_VM_OOM_KILL_ALLOCATING_TASK, p->oom_kill_allocating_task);
	put_number(OOMCTL_VM_OOM_DUMP_TASKS, p->oom_dump_tasks);
	put_number(OOMCTL_VM_ADMIN_RESERVE_KBYTES, (int64_t)p->admin_reserve_kbytes);
	put_number(OOMCTL_VM_USER_RESERVE_KBYTES, (int64_t)p->user_reserve_kbytes);
	put_number(OOMCTL_VM_PANIC_TIMEOUT, p->panic_timeout);
}

/* What the files say, read apart from the library. */
static uint64_t number_of(int knob)
{
	char path[96];
	FILE *file;
	uint64_t v = 0;

	snprintf(path, sizeof(path), "proc/%s", paths[knob]);
	file = fopen(fixture_path(machine, path), "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%" SCNu64, &v), 1); /* takes a sign, too */
	fclose(file);
	return v;
}

static struct oomctl_policy policy_now(void)
{
	return (struct oomctl_policy){
		.overcommit_memory = (int32_t)number_of(OOMCTL_VM_OVERCOMMIT_MEMORY),
		.overcommit_ratio = (int32_t)number_of(OOMCTL_VM_OVERCOMMIT_RATIO),
		.overcommit_kbytes = number_of(OOMCTL_VM_OVERCOMMIT_KBYTES),
		.panic_on_oom = (int32_t)number_of(OOMCTL_VM_PANIC_ON_OOM),
		.oom_kill_allocating_task =
		    (int32_t)number_of(OOMCTL_VM_OOM_KILL_ALLOCATING_TASK),
		.oom_dump_tasks = (int32_t)number_of(OOMCTL_VM_OOM_DUMP_TASKS),
		.admin_reserve_kbytes = number_of(OOMCTL_VM_ADMIN_RESERVE_KBYTES),
		.user_reserve_kbytes = number_of(OOMCTL_VM_USER_RESERVE_KBYTES),
		.panic_timeout = (int32_t)number_of(OOMCTL_VM_PANIC_TIMEOUT),
	};
}

static void expect_policy(struct oomctl_policy want)
{
	struct oomctl_policy now = policy_now();

	want.knobs = 0;
	assert_memory_equal(&now, &want, sizeof(now));
}

/* A machine as it comes from the kernel. */
static const struct oomctl_policy usual = {
	.overcommit_ratio = 50,
	.oom_dump_tasks = 1,
	.admin_reserve_kbytes = 8192,
	.user_reserve_kbytes = 131072,
};

static int machine_setup(void **state)
{
	int r = fixture_setup(state);

	machine = *state;
	written_fd = -1;
	let_all_succeed();
	put_policy(&usual);
	put_meminfo(PROMISED_KB);
	return r;
}

static int machine_teardown(void **state)
{
	let_all_succeed();
	return fixture_teardown(state);
}

#define TUNE_TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

static struct oomctl_policy read_policy(void)
{
	struct oomctl_policy p;

	memset(&p, 0x77, sizeof(p));
	assert_int_equal(oomctl_tune_read(machine->ctx, &p, sizeof(p)), 0);
	return p;
}

static struct oomctl_tune_report check(const struct oomctl_policy *wanted)
{
	struct oomctl_tune_report report;

	memset(&report, 0x77, sizeof(report));
	assert_int_equal(oomctl_tune_check(machine->ctx, wanted, &report, sizeof(report)),
			 0);
	assert_int_equal(writes, 0);
	return report;
}

static int apply(const struct oomctl_policy *wanted, uint32_t flags,
		 struct oomctl_tune_steps *out)
{
	memset(out, 0x77, sizeof(*out));
	return oomctl_tune_apply(machine->ctx, wanted, flags, out, sizeof(*out));
}

static struct oomctl_policy with(struct oomctl_policy p, uint32_t knobs)
{
	p.knobs = knobs;
	return p;
}

/* Reading */

static void a_snapshot_has_every_knob_and_of_two_the_one_in_force(void **state)
{
	/* clang-format off */
	static const struct oomctl_policy cases[] = {
		{ .knobs = ALL & ~KBYTES, .overcommit_ratio = 50 },
		{ .knobs = ALL & ~KBYTES, .overcommit_ratio = -1 },
		{ .knobs = ALL & ~KBYTES, .overcommit_ratio = INT32_MIN },
		{ .knobs = ALL & ~KBYTES },
		/* swap only */
		{ .knobs = ALL & ~RATIO, .overcommit_kbytes = 1 },
		{ .knobs = ALL & ~RATIO, .overcommit_kbytes = UINT64_MAX },
		{ .knobs = ALL & ~KBYTES, .overcommit_ratio = 80, .overcommit_memory = 2, .panic_on_oom = 1,
		  .oom_kill_allocating_task = -3, .oom_dump_tasks = 4, .admin_reserve_kbytes = 5,
		  .user_reserve_kbytes = 6, .panic_timeout = -7 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_policy p;

		put_policy(&cases[i]);
		p = read_policy();
		assert_memory_equal(&p, &cases[i], sizeof(p));
	}
}

static uint64_t value_of(const struct oomctl_policy *p, int knob)
{
	const uint64_t values[] = {
		[OOMCTL_VM_OVERCOMMIT_MEMORY] = (uint64_t)p->overcommit_memory,
		[OOMCTL_VM_OVERCOMMIT_RATIO] = (uint64_t)p->overcommit_ratio,
		[OOMCTL_VM_OVERCOMMIT_KBYTES] = p->overcommit_kbytes,
		[OOMCTL_VM_PANIC_ON_OOM] = (uint64_t)p->panic_on_oom,
		[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] =
		    (uint64_t)p->oom_kill_allocating_task,
		[OOMCTL_VM_OOM_DUMP_TASKS] = (uint64_t)p->oom_dump_tasks,
		[OOMCTL_VM_ADMIN_RESERVE_KBYTES] = p->admin_reserve_kbytes,
		[OOMCTL_VM_USER_RESERVE_KBYTES] = p->user_reserve_kbytes,
		[OOMCTL_VM_PANIC_TIMEOUT] = (uint64_t)p->panic_timeout,
	};

	return values[knob];
}

static void a_knob_that_is_not_there_is_not_named(void **state)
{
	(void)state;
	for (int knob = 1; knob <= 9; knob++) {
		struct oomctl_policy p, want = with(usual, ALL & ~KBYTES);
		char path[96];

		want.panic_on_oom = want.overcommit_memory = 1;
		want.oom_kill_allocating_task = want.panic_timeout = 1;
		put_policy(&want);
		snprintf(path, sizeof(path), "proc/%s", paths[knob]);
		fixture_remove(machine, path);
		want.knobs &= ~(1U << knob);
		p = read_policy();
		assert_int_equal(p.knobs, want.knobs);
		assert_true(value_of(&p, knob) == 0);
		for (int other = 1; other <= 9; other++)
			if (other != knob)
				assert_true(value_of(&p, other) ==
					    value_of(&want, other));
	}
}

/* No kernel is like that, but a root may be. */
static void kbytes_without_a_ratio_are_not_named(void **state)
{
	struct oomctl_policy p;

	(void)state;
	put_number(OOMCTL_VM_OVERCOMMIT_KBYTES, 5);
	fixture_remove(machine, "proc/sys/vm/overcommit_ratio");
	p = read_policy();
	assert_int_equal(p.knobs, ALL & ~BOTH);
	assert_true(p.overcommit_kbytes == 0);
}

static void before_kbytes_a_ratio_of_0_is_in_force(void **state)
{
	const struct oomctl_policy wanted = { .knobs = DUMP };
	struct oomctl_policy p;

	(void)state;
	put_number(OOMCTL_VM_OVERCOMMIT_RATIO, 0);
	fixture_remove(machine, "proc/sys/vm/overcommit_kbytes");
	p = read_policy();
	assert_int_equal(p.knobs, ALL & ~KBYTES);
	assert_int_equal(p.overcommit_ratio, 0);
	assert_true(p.overcommit_kbytes == 0);
	assert_true(check(&wanted).commit_limit_kb == SWAP_KB);
}

static void expect_no_snapshot(int want)
{
	struct oomctl_policy p, untouched;

	memset(&p, 0x77, sizeof(p));
	untouched = p;
	assert_int_equal(oomctl_tune_read(machine->ctx, &p, sizeof(p)), want);
	assert_memory_equal(&p, &untouched, sizeof(p));
}

static void without_any_knob_there_is_no_snapshot(void **state)
{
	(void)state;
	for (int knob = 1; knob <= 9; knob++) {
		char path[96];

		snprintf(path, sizeof(path), "proc/%s", paths[knob]);
		fixture_remove(machine, path);
	}
	expect_no_snapshot(-EOPNOTSUPP);
	put_number(OOMCTL_VM_PANIC_TIMEOUT, 3);
	assert_int_equal(read_policy().knobs, TIMEOUT);
}

static void a_snapshot_of_broken_files_is_refused(void **state)
{
	(void)state;
	for (int knob = 1; knob <= 9; knob++) {
		put_policy(&usual);
		put_knob(knob, "x\n");
		expect_no_snapshot(-EBADMSG);
		put_policy(&usual);
		failing_open = paths[knob];
		failing_open_errno = EMFILE;
		spared = 0;
		expect_no_snapshot(-EMFILE);
		failing_open = NULL;
	}
	put_policy(&usual);
	put_knob(OOMCTL_VM_OVERCOMMIT_MEMORY, "3\n");
	expect_no_snapshot(-ERANGE);
}

static void change_to_kbytes(const char *path)
{
	if (strcmp(path, paths[OOMCTL_VM_OVERCOMMIT_RATIO]) != 0)
		return;
	put_number(OOMCTL_VM_OVERCOMMIT_KBYTES, 4321);
	put_number(OOMCTL_VM_OVERCOMMIT_RATIO, 0);
	before_opening = NULL;
}

static void a_change_between_two_reads_is_noticed(void **state)
{
	struct oomctl_policy p;

	(void)state;
	before_opening = change_to_kbytes;
	p = read_policy();
	assert_null(before_opening);
	assert_int_equal(p.knobs, ALL & ~RATIO);
	assert_int_equal(p.overcommit_ratio, 0);
	assert_true(p.overcommit_kbytes == 4321);
}

static void structures_of_other_sizes_are_filled(void **state)
{
	struct {
		struct oomctl_tune_report known;
		unsigned char later[16], behind;
	} report;
	struct {
		struct oomctl_tune_steps known;
		unsigned char later[16], behind;
	} steps;
	struct oomctl_policy p, wanted = { .knobs = DUMP, .oom_dump_tasks = 7 };

	(void)state;
	memset(&report, 0x77, sizeof(report));
	memset(&steps, 0x77, sizeof(steps));
	memset(&p, 0x77, sizeof(p));
	assert_int_equal(oomctl_tune_check(machine->ctx, &wanted, &report.known,
					   sizeof(report.known) + 16),
			 0);
	assert_int_equal(oomctl_tune_apply(machine->ctx, &wanted, 0, &steps.known,
					   sizeof(steps.known) + 16),
			 0);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(report.later[i] | steps.later[i], 0);
	assert_int_equal(report.behind, 0x77);
	assert_int_equal(steps.behind, 0x77);

	memset(&steps, 0x77, sizeof(steps));
	assert_int_equal(oomctl_tune_apply(machine->ctx, &wanted, 0, &steps.known, 4), 0);
	assert_int_equal(steps.known.changed, 0);
	assert_int_equal(steps.known.failed_knob, 0x77777777);
	assert_int_equal(oomctl_tune_read(machine->ctx, &p, 8), 0);
	assert_true(p.overcommit_kbytes == 0);
	assert_true(p.admin_reserve_kbytes == UNTOUCHED_U64);
}

/* What is refused before any system call */

static void expect_invalid(const struct oomctl_policy *wanted, uint32_t flags)
{
	struct oomctl_tune_report report, report_before;
	struct oomctl_tune_steps steps, steps_before;

	memset(&report, 0x77, sizeof(report));
	memset(&steps, 0x77, sizeof(steps));
	report_before = report;
	steps_before = steps;
	if (flags == 0 || !wanted)
		assert_int_equal(
		    oomctl_tune_check(machine->ctx, wanted, &report, sizeof(report)),
		    -EINVAL);
	assert_int_equal(
	    oomctl_tune_apply(machine->ctx, wanted, flags, &steps, sizeof(steps)),
	    -EINVAL);
	assert_memory_equal(&report, &report_before, sizeof(report));
	assert_memory_equal(&steps, &steps_before, sizeof(steps));
	assert_int_equal(opens, 0);
}

static void an_invalid_policy_is_refused_at_once(void **state)
{
	static const struct oomctl_policy cases[] = {
		{ 0 },
		{ .oom_dump_tasks = 1 },
		{ .knobs = DUMP | 1 },
		{ .knobs = DUMP | 1024 },
		{ .knobs = UINT32_C(1) << 31 },
		{ .knobs = DUMP, .reserved = 1 },
		{ .knobs = MODE, .overcommit_memory = 3 },
		{ .knobs = MODE, .overcommit_memory = -1 },
		{ .knobs = PANIC, .panic_on_oom = 3 },
		{ .knobs = PANIC, .panic_on_oom = -1 },
		{ .knobs = ALL, .panic_on_oom = INT32_MAX },
	};
	const struct oomctl_policy fine = { .knobs = DUMP, .oom_dump_tasks = 7 };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		expect_invalid(&cases[i], 0);
	expect_invalid(NULL, 0);
	expect_invalid(NULL, OOMCTL_TUNE_ACCEPT_RISKS);
	expect_invalid(&fine, 2);
	expect_invalid(&fine, ~0U);
	expect_policy(usual);
}

static void an_output_that_is_missing_is_refused_at_once(void **state)
{
	const struct oomctl_policy wanted = { .knobs = DUMP, .oom_dump_tasks = 7 };
	struct oomctl_tune_report report;
	struct oomctl_tune_steps steps;
	struct oomctl_policy p;

	(void)state;
	assert_int_equal(oomctl_tune_read(machine->ctx, NULL, sizeof(p)), -EINVAL);
	assert_int_equal(oomctl_tune_read(machine->ctx, &p, 0), -EINVAL);
	assert_int_equal(oomctl_tune_check(machine->ctx, &wanted, NULL, sizeof(report)),
			 -EINVAL);
	assert_int_equal(oomctl_tune_check(machine->ctx, &wanted, &report, 0), -EINVAL);
	assert_int_equal(oomctl_tune_apply(machine->ctx, &wanted, 0, NULL, sizeof(steps)),
			 -EINVAL);
	assert_int_equal(oomctl_tune_apply(machine->ctx, &wanted, 0, &steps, 0), -EINVAL);
	assert_int_equal(opens, 0);
	expect_policy(usual);
}

/* What is not named may hold anything. */
static void members_that_are_not_named_mean_nothing(void **state)
{
	struct oomctl_policy wanted;
	struct oomctl_tune_steps steps;

	(void)state;
	memset(&wanted, 0x77, sizeof(wanted));
	wanted.reserved = 0;
	wanted.knobs = DUMP;
	wanted.oom_dump_tasks = 1;
	assert_int_equal(check(&wanted).drift, 0);
	assert_int_equal(check(&wanted).risks, 0);
	assert_true(check(&wanted).commit_limit_kb == 5000000);
	wanted.knobs = RATIO;
	wanted.overcommit_ratio = 60;
	assert_int_equal(check(&wanted).risks, 0);
	assert_int_equal(apply(&wanted, 0, &steps), 0);
	assert_string_equal(history, "overcommit_ratio=60");
}

/* Looking */

static void drift_is_what_is_named_and_not_so(void **state)
{
	static const struct oomctl_policy others = {
		.overcommit_memory = 1,
		.overcommit_ratio = 51,
		.panic_on_oom = 2,
		.oom_kill_allocating_task = 1,
		.oom_dump_tasks = 0,
		.admin_reserve_kbytes = 8193,
		.user_reserve_kbytes = 131071,
		.panic_timeout = -1,
	};
	struct oomctl_policy wanted;

	(void)state;
	wanted = with(usual, ALL);
	assert_int_equal(check(&wanted).drift, 0);
	wanted = with(others, ALL);
	assert_int_equal(check(&wanted).drift, ALL & ~KBYTES);
	for (uint32_t bit = 2; bit < 1024; bit *= 2) {
		if (bit == KBYTES)
			continue;
		wanted = with(others, bit);
		assert_int_equal(check(&wanted).drift, bit);
		wanted = with(usual, bit);
		assert_int_equal(check(&wanted).drift, 0);
	}
	expect_policy(usual);
}

static void a_knob_that_is_not_there_is_drift(void **state)
{
	const struct oomctl_policy wanted = { .knobs = TIMEOUT | DUMP,
					      .oom_dump_tasks = 1 };

	(void)state;
	fixture_remove(machine, "proc/sys/kernel/panic");
	assert_int_equal(check(&wanted).drift, TIMEOUT);
}

static void ratio_and_kbytes_are_so_alone(void **state)
{
	static const struct {
		int32_t ratio_now;
		uint64_t kbytes_now;
		uint32_t knobs;
		int32_t ratio;
		uint64_t kbytes;
		uint32_t drift;
	} cases[] = {
		{ 50, 0, RATIO, 50, 0, 0 },
		{ 50, 0, RATIO, 0, 0, RATIO },
		{ 50, 0, KBYTES, 0, 0, KBYTES }, /* writing it would zero the ratio */
		{ 50, 0, KBYTES, 0, 7, KBYTES },
		{ 0, 7, KBYTES, 0, 7, 0 },
		{ 0, 7, KBYTES, 0, 8, KBYTES },
		{ 0, 7, RATIO, 0, 0, RATIO },
		{ 0, 7, RATIO, 50, 0, RATIO },
		{ 0, 0, RATIO, 0, 0, 0 },
		{ 0, 0, KBYTES, 0, 0, 0 },
		{ 0, 0, RATIO, 50, 0, RATIO },
		{ 0, 0, KBYTES, 0, 7, KBYTES },
		{ -1, 0, RATIO, -1, 0, 0 },
		{ -1, 0, RATIO, -2, 0, RATIO },
		/* Of both, one that is 0 means nothing beside the other. */
		{ 50, 0, BOTH, 50, 0, 0 },
		{ 0, 7, BOTH, 50, 0, RATIO },
		{ 0, 7, BOTH, 0, 7, 0 },
		{ 50, 0, BOTH, 0, 7, KBYTES },
		{ 0, 0, BOTH, 0, 0, 0 },
		{ 50, 0, BOTH, 0, 0, RATIO },
		{ 0, 7, BOTH, 0, 0, RATIO },
		{ 50, 0, BOTH, 50, 7, KBYTES },
		{ 0, 7, BOTH, 50, 7, RATIO },
		{ 0, 0, BOTH, 50, 7, BOTH },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const struct oomctl_policy wanted = {
			.knobs = cases[i].knobs,
			.overcommit_ratio = cases[i].ratio,
			.overcommit_kbytes = cases[i].kbytes,
		};

		put_number(OOMCTL_VM_OVERCOMMIT_RATIO, cases[i].ratio_now);
		put_number(OOMCTL_VM_OVERCOMMIT_KBYTES, (int64_t)cases[i].kbytes_now);
		assert_int_equal(check(&wanted).drift, cases[i].drift);
	}
}

static void the_limit_is_what_it_would_be(void **state)
{
	/* clang-format off */
	static const struct {
		struct oomctl_policy wanted;
		uint64_t committed_kb, limit_kb;
		int64_t headroom_kb;
	} cases[] = {
		{ { .knobs = DUMP }, 3000000, 5000000, 2000000 },
		{ { .knobs = RATIO, .overcommit_ratio = 80 }, 3000000, 7400000, 4400000 },
		{ { .knobs = RATIO }, 3000000, 1000000, -2000000 },
		{ { .knobs = KBYTES, .overcommit_kbytes = 6000000 }, 0, 7000000, 7000000 },
		{ { .knobs = KBYTES }, 1000000, 1000000, 0 },
		{ { .knobs = BOTH, .overcommit_ratio = 80 }, 0, 7400000, 7400000 },
		{ { .knobs = MODE, .overcommit_memory = 1 }, 0, 5000000, 5000000 },
		{ { .knobs = KBYTES, .overcommit_kbytes = UINT64_C(1) << 63 }, 0, (UINT64_C(1) << 63) +
		  1000000, INT64_MAX },
		{ { .knobs = KBYTES, .overcommit_kbytes = UINT64_MAX - 1000003 }, 0, UINT64_MAX - 3,
		  INT64_MAX },
		{ { .knobs = KBYTES, .overcommit_kbytes = UINT64_MAX - 999999 }, 0, UINT64_MAX, INT64_MAX },
		{ { .knobs = KBYTES, .overcommit_kbytes = UINT64_MAX }, UINT64_MAX - 4, UINT64_MAX, 4 },
		{ { .knobs = RATIO }, UINT64_MAX, 1000000, INT64_MIN },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_tune_report report;

		put_meminfo(cases[i].committed_kb);
		report = check(&cases[i].wanted);
		assert_true(report.commit_limit_kb == cases[i].limit_kb);
		assert_true(report.committed_as_kb == cases[i].committed_kb);
		assert_true(report.headroom_kb == cases[i].headroom_kb);
	}
	expect_policy(usual);

	/* Less than what is asked for, in whole pages. */
	fixture_put(machine, "proc/meminfo",
		    "MemTotal: 8000000 kB\nHugetlb: 0 kB\nCommitted_AS: 0 kB\n");
	assert_true(check(&(struct oomctl_policy){ .knobs = KBYTES,
						   .overcommit_kbytes = 6000003 })
			.commit_limit_kb == 6000000);
}

#define NOW(...)                                                                         \
	{                                                                                \
		.overcommit_ratio = 50, __VA_ARGS__                                      \
	}
#define WANTED(KNOBS, ...)                                                               \
	{                                                                                \
		.knobs = (KNOBS), __VA_ARGS__                                            \
	}

/* The edges lie where as much is promised as the limit will be. */
static void each_risk_is_there_or_just_not(void **state)
{
	enum {
		NO_HEADROOM = OOMCTL_TUNE_RISK_NO_HEADROOM,
		SWAP_ONLY = OOMCTL_TUNE_RISK_SWAP_ONLY,
		NEGATIVE = OOMCTL_TUNE_RISK_NEGATIVE_RATIO,
		STAYS_DOWN = OOMCTL_TUNE_RISK_STAYS_DOWN,
		RESERVED = OOMCTL_TUNE_RISK_RESERVED,
		LIMIT = 5000000
	};
	/* clang-format off */
	static const struct {
		struct oomctl_policy now, wanted;
		uint64_t committed_kb;
		uint32_t risks;
	} cases[] = {
		/* Mode 2, at the limit and just below. */
		{ NOW(), WANTED(MODE, .overcommit_memory = 2), LIMIT,
		  NO_HEADROOM },
		{ NOW(), WANTED(MODE, .overcommit_memory = 2), LIMIT + 1, NO_HEADROOM },
		{ NOW(), WANTED(MODE, .overcommit_memory = 2), LIMIT - 1, 0 },
		{ NOW(), WANTED(MODE, .overcommit_memory = 1), LIMIT, 0 },
		{ NOW(.overcommit_memory = 2), WANTED(MODE), LIMIT, 0 },
		/* Mode 2 is in force, and the limit moves, or does not. */
		{ NOW(.overcommit_memory = 2), WANTED(RATIO, .overcommit_ratio = 40), LIMIT - 800000,
		  NO_HEADROOM },
		{ NOW(.overcommit_memory = 2), WANTED(RATIO, .overcommit_ratio = 40), LIMIT - 800001, 0 },
		{ NOW(.overcommit_memory = 2), WANTED(KBYTES, .overcommit_kbytes = 3000000), 4000000,
		  NO_HEADROOM },
		{ NOW(.overcommit_memory = 2), WANTED(KBYTES, .overcommit_kbytes = 3000000), 3999999, 0 },
		{ NOW(.overcommit_memory = 2), WANTED(RATIO | MODE, .overcommit_ratio = 50,
		  .overcommit_memory = 2), LIMIT, 0 },
		{ NOW(.overcommit_memory = 2), WANTED(DUMP), LIMIT, 0 },
		{ NOW(), WANTED(RATIO, .overcommit_ratio = 40), LIMIT, 0 },
		{ NOW(), WANTED(RATIO | MODE, .overcommit_ratio = 60, .overcommit_memory = 2), LIMIT, 0 },
		/* What is left is for the privileged, up to the reserve. */
		{ NOW(.admin_reserve_kbytes = 8192), WANTED(MODE, .overcommit_memory = 2), LIMIT, NO_HEADROOM },
		{ NOW(.admin_reserve_kbytes = 8192), WANTED(MODE, .overcommit_memory = 2), LIMIT - 1, RESERVED },
		{ NOW(.admin_reserve_kbytes = 8192), WANTED(MODE, .overcommit_memory = 2), LIMIT - 8192, RESERVED },
		{ NOW(.admin_reserve_kbytes = 8192), WANTED(MODE, .overcommit_memory = 2), LIMIT - 8193, 0 },
		{ NOW(.admin_reserve_kbytes = 8192), WANTED(MODE, .overcommit_memory = 1), LIMIT - 1, 0 },
		{ NOW(), WANTED(MODE | ADMIN, .overcommit_memory = 2, .admin_reserve_kbytes = UINT64_MAX), 0, RESERVED },
		{ NOW(.overcommit_memory = 2), WANTED(ADMIN, .admin_reserve_kbytes = LIMIT), 0, RESERVED },
		{ NOW(.overcommit_memory = 2), WANTED(ADMIN, .admin_reserve_kbytes = LIMIT - 1), 0, 0 },
		{ NOW(.overcommit_memory = 2, .admin_reserve_kbytes = LIMIT), WANTED(DUMP, .oom_dump_tasks = 1), 0, 0 },
		{ NOW(.overcommit_memory = 2, .admin_reserve_kbytes = 4200000), WANTED(RATIO, .overcommit_ratio = 40), 0, RESERVED },
		{ NOW(), WANTED(ADMIN, .admin_reserve_kbytes = UINT64_MAX), 0, 0 },
		/* Nothing but swap, which is more than is promised. */
		{ NOW(), WANTED(RATIO | MODE, .overcommit_memory = 2), 0, SWAP_ONLY },
		{ NOW(), WANTED(KBYTES | MODE, .overcommit_memory = 2), 0, SWAP_ONLY },
		{ NOW(), WANTED(RATIO | MODE, .overcommit_memory = 2, .overcommit_ratio = 1), 0, 0 },
		{ NOW(), WANTED(KBYTES | MODE, .overcommit_memory = 2, .overcommit_kbytes = 1), 0, 0 },
		{ NOW(), WANTED(RATIO | MODE, .overcommit_memory = 1), 0, 0 },
		{ NOW(), WANTED(RATIO | MODE, .overcommit_memory = 2), 1000000, SWAP_ONLY | NO_HEADROOM },
		{ NOW(.overcommit_memory = 2), WANTED(RATIO), 0, SWAP_ONLY },
		{ { .overcommit_memory = 2 }, WANTED(DUMP), 0, 0 },
		{ { .overcommit_memory = 2 }, WANTED(RATIO), 0, 0 },
		{ { 0 }, WANTED(MODE, .overcommit_memory = 2), 0, SWAP_ONLY },
		/* A negative ratio. */
		{ NOW(), WANTED(RATIO, .overcommit_ratio = -1), 0, NEGATIVE },
		{ NOW(), WANTED(RATIO, .overcommit_ratio = INT32_MIN), 0, NEGATIVE },
		{ NOW(), WANTED(RATIO), 0, 0 },
		{ { .overcommit_ratio = -1 }, WANTED(RATIO, .overcommit_ratio = -1), 0, 0 },
		{ { .overcommit_ratio = -1 }, WANTED(RATIO, .overcommit_ratio = 1), 0, 0 },
		{ { .overcommit_ratio = -1 }, WANTED(KBYTES, .overcommit_kbytes = 1), 0, 0 },
		{ { .overcommit_ratio = -1 }, WANTED(MODE, .overcommit_memory = 1), 0, 0 },
		{ { .overcommit_ratio = -1 }, WANTED(MODE, .overcommit_memory = 2), 0, NEGATIVE },
		{ { .overcommit_ratio = -1 }, WANTED(DUMP, .oom_dump_tasks = 1), 0, 0 },
		/* A panic, and nobody there. */
		{ NOW(), WANTED(PANIC, .panic_on_oom = 1), 0, STAYS_DOWN },
		{ NOW(), WANTED(PANIC, .panic_on_oom = 2), 0, STAYS_DOWN },
		{ NOW(), WANTED(PANIC | TIMEOUT, .panic_on_oom = 1, .panic_timeout = 1), 0, 0 },
		{ NOW(), WANTED(PANIC | TIMEOUT, .panic_on_oom = 1, .panic_timeout = -1), 0, 0 },
		{ NOW(.panic_timeout = 1), WANTED(PANIC, .panic_on_oom = 1), 0, 0 },
		{ NOW(.panic_timeout = 1, .panic_on_oom = 1), WANTED(TIMEOUT), 0, STAYS_DOWN },
		{ NOW(.panic_timeout = 1), WANTED(TIMEOUT), 0, 0 },
		{ NOW(.panic_on_oom = 1), WANTED(PANIC, .panic_on_oom = 2), 0, STAYS_DOWN },
		{ NOW(.panic_on_oom = 1), WANTED(PANIC, .panic_on_oom = 1), 0, 0 },
		{ NOW(.panic_on_oom = 1), WANTED(PANIC), 0, 0 },
		{ NOW(.panic_on_oom = 1), WANTED(DUMP, .oom_dump_tasks = 1), 0, 0 },
		/* Two at once. */
		{ NOW(), WANTED(BOTH, .overcommit_ratio = 1, .overcommit_kbytes = 1), 0,
		  OOMCTL_TUNE_RISK_RATIO_AND_KBYTES },
		{ NOW(), WANTED(BOTH, .overcommit_ratio = 1), 0, 0 },
		{ NOW(), WANTED(BOTH, .overcommit_kbytes = 1), 0, 0 },
		{ NOW(), WANTED(MODE | PANIC, .overcommit_memory = 2, .panic_on_oom = 1), LIMIT, NO_HEADROOM
		  | STAYS_DOWN },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_tune_steps steps;
		uint32_t risks;

		put_policy(&cases[i].now);
		put_meminfo(cases[i].committed_kb);
		risks = check(&cases[i].wanted).risks;
		if (risks != cases[i].risks)
			fail_msg("case %zu: risks %u, not %u", i, risks, cases[i].risks);
		expect_policy(cases[i].now);
		if (risks == OOMCTL_TUNE_RISK_RATIO_AND_KBYTES)
			continue;

		/* And what is risky is not done. */
		assert_int_equal(apply(&cases[i].wanted, 0, &steps), risks ? -EBUSY : 0);
		assert_int_equal(steps.risks, risks);
		assert_int_equal(steps.failed_knob, 0);
		assert_int_equal(steps.failed_rollback, 0);
		if (risks) {
			assert_int_equal(writes, 0);
			assert_int_equal(steps.changed, 0);
			expect_policy(cases[i].now);
			assert_int_equal(
			    apply(&cases[i].wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
			assert_int_equal(steps.risks, risks);
			assert_true(steps.changed != 0);
		}
		let_all_succeed();
	}
}

static void put_stat(int pid, const char *comm, uint64_t vsize_bytes)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text),
		 "%d (%s) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 99 %" PRIu64
		 " 77 18446744073709551615 0\n",
		 pid, comm, vsize_bytes);
	fixture_put(machine, path, text);
}

static const struct oomctl_policy strict = { .knobs = MODE, .overcommit_memory = 2 };

static void container_runtimes_are_known_by_their_names(void **state)
{
	/* clang-format off */
	static const struct {
		const char *comm;
		bool is_one;
	} cases[] = {
		{ "dockerd", true },
		{ "containerd", true },
		{ "containerd-shim", true },
		{ "crio", true },
		{ "kubelet", true },
		{ "podman", true },
		{ "conmon", true },
		{ "k3s-server", true },
		{ "k3s-agent", true },
		{ "lxc-start", true },
		{ "lxd", true },
		{ "incusd", true },
		{ "systemd-nspawn", true },
		{ "docker", false },
		{ "dockerd2", false },
		{ "kubelet ", false },
		{ "Kubelet", false },
		{ "systemd", false },
		{ "containerd-shi", false },
		{ "", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_tune_report report;

		put_stat(1, "init", 1024);
		put_stat(77, cases[i].comm, 1024);
		report = check(&strict);
		assert_int_equal(report.risks,
				 cases[i].is_one ? OOMCTL_TUNE_RISK_CONTAINERS : 0);
		assert_int_equal(report.container_pid, cases[i].is_one ? 77 : 0);
	}
}

static void address_space_is_a_risk_beyond_the_limit(void **state)
{
	struct oomctl_tune_report report;

	(void)state;
	put_stat(1, "init", 4096);
	put_stat(77, "java", UINT64_C(5000000) * 1024);
	put_stat(78, "sh", 8192);
	report = check(&strict);
	assert_int_equal(report.risks, 0);
	assert_int_equal(report.largest_pid, 77);
	assert_true(report.largest_kb == 5000000);

	put_stat(77, "java", UINT64_C(5000000) * 1024 + 1023);
	assert_int_equal(check(&strict).risks, 0);
	put_stat(77, "java", UINT64_C(5000001) * 1024);
	assert_int_equal(check(&strict).risks, OOMCTL_TUNE_RISK_ADDRESS_SPACE);
	put_number(OOMCTL_VM_OVERCOMMIT_RATIO, 51); /* it is the new limit that counts */
	assert_int_equal(check(&strict).risks, 0);
}

/* In whichever order the directory has them. */
static void of_all_processes_the_largest_is_told(void **state)
{
	static const int pids[] = { 1, 77, 78, 4194304 };

	(void)state;
	for (size_t i = 0; i < LENGTH(pids); i++) {
		struct oomctl_tune_report report;

		for (size_t j = 0; j < LENGTH(pids); j++)
			put_stat(pids[j], i == j ? "dockerd" : "sh",
				 UINT64_C(1024) * (i == j ? 4000001 : 4000000));
		report = check(&strict);
		assert_true(report.largest_kb == 4000001);
		assert_int_equal(report.largest_pid, pids[i]);
		assert_int_equal(report.container_pid, pids[i]);
	}
}

static void one_risk_does_not_hide_another(void **state)
{
	struct oomctl_policy now = { .panic_on_oom = 1 }, wanted = strict;

	(void)state;
	now.panic_timeout = 1;
	put_policy(&now);
	put_meminfo(SWAP_KB);
	put_stat(77, "dockerd", UINT64_C(9000000) * 1024);
	wanted.knobs |= TIMEOUT;
	assert_int_equal(check(&wanted).risks,
			 OOMCTL_TUNE_RISK_NO_HEADROOM | OOMCTL_TUNE_RISK_SWAP_ONLY |
			     OOMCTL_TUNE_RISK_STAYS_DOWN | OOMCTL_TUNE_RISK_CONTAINERS |
			     OOMCTL_TUNE_RISK_ADDRESS_SPACE);
	wanted = strict;
	wanted.knobs |= BOTH | TIMEOUT;
	wanted.overcommit_ratio = -1;
	wanted.overcommit_kbytes = 1;
	assert_int_equal(check(&wanted).risks, OOMCTL_TUNE_RISK_NO_HEADROOM |
						   OOMCTL_TUNE_RISK_STAYS_DOWN |
						   OOMCTL_TUNE_RISK_CONTAINERS |
						   OOMCTL_TUNE_RISK_ADDRESS_SPACE |
						   OOMCTL_TUNE_RISK_RATIO_AND_KBYTES);
	wanted.overcommit_kbytes = 0;
	assert_int_equal(check(&wanted).risks, OOMCTL_TUNE_RISK_NEGATIVE_RATIO |
						   OOMCTL_TUNE_RISK_STAYS_DOWN |
						   OOMCTL_TUNE_RISK_CONTAINERS);
}

/* Only where the policy changes to it: the others have been there before. */
static void processes_are_looked_at_where_the_strict_policy_begins(void **state)
{
	static const struct oomctl_policy cases[] = {
		{ .knobs = MODE, .overcommit_memory = 1 },
		{ .knobs = RATIO, .overcommit_ratio = 40, .overcommit_memory = 2 },
		{ .knobs = DUMP },
	};
	struct oomctl_policy now = usual, wanted;
	struct oomctl_tune_report report;

	(void)state;
	put_stat(77, "dockerd", UINT64_C(9000000) * 1024);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		report = check(&cases[i]);
		assert_int_equal(report.risks, 0);
		assert_int_equal(report.container_pid, 0);
		assert_int_equal(report.largest_pid, 0);
		assert_true(report.largest_kb == 0);
		assert_string_not_equal(last_path, "77/stat");
	}
	now.overcommit_memory = 2;
	put_policy(&now);
	wanted = strict;
	wanted.knobs |= RATIO;
	wanted.overcommit_ratio = 40;
	report = check(&wanted);
	assert_int_equal(report.risks, 0);
	assert_int_equal(report.container_pid, 0);

	put_policy(&usual);
	report = check(&strict);
	assert_int_equal(report.risks,
			 OOMCTL_TUNE_RISK_CONTAINERS | OOMCTL_TUNE_RISK_ADDRESS_SPACE);
	assert_int_equal(report.container_pid, 77);
}

static void expect_no_report(const struct oomctl_policy *wanted, int want)
{
	struct oomctl_tune_report report, untouched;
	struct oomctl_tune_steps steps;
	int descriptors = open_descriptors();

	memset(&report, 0x77, sizeof(report));
	untouched = report;
	assert_int_equal(oomctl_tune_check(machine->ctx, wanted, &report, sizeof(report)),
			 want);
	assert_memory_equal(&report, &untouched, sizeof(report));
	assert_int_equal(apply(wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps), want);
	assert_int_equal(
	    steps.changed | steps.failed_knob | steps.failed_rollback | steps.risks, 0);
	assert_int_equal(writes, 0);
	assert_int_equal(open_descriptors(), descriptors);
}

static void a_process_that_ends_or_hides_is_passed_over(void **state)
{
	static const int errnos[] = { ENOENT, ESRCH, EACCES, EPERM };

	(void)state;
	put_stat(77, "dockerd", UINT64_C(9000000) * 1024);
	put_stat(78, "sh", 8192);
	for (size_t i = 0; i < LENGTH(errnos); i++) {
		struct oomctl_tune_report report;

		failing_open = "77/stat";
		failing_open_errno = errnos[i];
		spared = 0;
		report = check(&strict);
		assert_int_equal(report.risks, 0);
		assert_int_equal(report.largest_pid, 78);
	}
	failing_open_errno = EMFILE;
	expect_no_report(&strict, -EMFILE);
	failing_open = ".";
	expect_no_report(&strict, -EMFILE);
	failing_open = NULL;
	listing_errno = ENOMEM;
	expect_no_report(&strict, -ENOMEM);
	listing_errno = 0;
	fixture_put(machine, "proc/77/stat", "77 (x) S\n");
	expect_no_report(&strict, -EBADMSG);
	expect_policy(usual);
}

static void a_machine_without_figures_is_not_touched(void **state)
{
	const struct oomctl_policy wanted = { .knobs = DUMP };

	(void)state;
	fixture_put(machine, "proc/meminfo", "MemTotal: 8000000 kB\nHugetlb: 0 kB\n");
	expect_no_report(&wanted, -EBADMSG);
	fixture_put(machine, "proc/meminfo",
		    "MemTotal: 8 kB\nHugetlb: 16 kB\nCommitted_AS: 1 kB\n");
	expect_no_report(&wanted, -ERANGE);
	fixture_remove(machine, "proc/meminfo");
	expect_no_report(&wanted, -EOPNOTSUPP);
	put_meminfo(PROMISED_KB);
	put_knob(OOMCTL_VM_PANIC_TIMEOUT, "x\n");
	expect_no_report(&wanted, -EBADMSG);
	put_policy(&usual);
	fixture_remove(machine, "proc/sys/vm/overcommit_ratio");
	expect_no_report(&wanted, -EOPNOTSUPP);
}

/* Applying */

static void what_is_right_already_is_not_written(void **state)
{
	struct oomctl_policy wanted = with(usual, ALL);
	struct oomctl_tune_steps steps;

	(void)state;
	assert_int_equal(apply(&wanted, 0, &steps), 0);
	assert_int_equal(steps.changed, 0);
	assert_int_equal(writes, 0);
	assert_int_equal(written_fd, -1); /* nor opened to be written */
	wanted.oom_dump_tasks = 0;
	assert_int_equal(apply(&wanted, 0, &steps), 0);
	assert_int_equal(steps.changed, DUMP);
	assert_string_equal(history, "oom_dump_tasks=0");
	wanted.knobs = 0;
	expect_policy(wanted);
}

static void a_knob_that_is_not_there_stops_all(void **state)
{
	struct oomctl_policy wanted = { .knobs = DUMP | USER | TIMEOUT };
	struct oomctl_tune_steps steps;

	(void)state;
	fixture_remove(machine, "proc/sys/vm/user_reserve_kbytes");
	fixture_remove(machine, "proc/sys/kernel/panic");
	assert_int_equal(apply(&wanted, 0, &steps), -EOPNOTSUPP);
	assert_int_equal(steps.failed_knob, OOMCTL_VM_USER_RESERVE_KBYTES);
	assert_int_equal(steps.changed | steps.failed_rollback, 0);
	assert_int_equal(writes, 0);
}

static void ratio_and_kbytes_together_are_refused(void **state)
{
	const struct oomctl_policy wanted = { .knobs = BOTH,
					      .overcommit_ratio = 50,
					      .overcommit_kbytes = 1 };

	(void)state;
	for (uint32_t flags = 0; flags <= OOMCTL_TUNE_ACCEPT_RISKS; flags++) {
		struct oomctl_tune_steps steps, untouched;

		memset(&untouched, 0x77, sizeof(untouched));
		assert_int_equal(apply(&wanted, flags, &steps), -EINVAL);
		assert_memory_equal(&steps, &untouched, sizeof(steps));
	}
	assert_int_equal(opens, 0);
	expect_policy(usual);
}

/* clang-format off */
#define LOOSE { .overcommit_ratio = 50, .admin_reserve_kbytes = 1000, .user_reserve_kbytes = 1000 }
#define TIGHT { .overcommit_memory = 2, .overcommit_kbytes = 3000000, .panic_on_oom = 1, \
		.oom_kill_allocating_task = 1, .oom_dump_tasks = 1, .panic_timeout = 10, \
		.admin_reserve_kbytes = 2000, .user_reserve_kbytes = 2000 }
/* clang-format on */

static const struct oomctl_policy loose = LOOSE, tight = TIGHT;

static void what_loosens_comes_first_and_what_tightens_last(void **state)
{
	/* clang-format off */
	static const struct {
		const char *what;
		struct oomctl_policy now, wanted;
		const char *order;
	} cases[] = {
		{ "all that tightens", LOOSE, TIGHT,
		  "panic=10 oom_kill_allocating_task=1 oom_dump_tasks=1 "
		  "user_reserve_kbytes=2000 admin_reserve_kbytes=2000 "
		  "overcommit_kbytes=3000000 panic_on_oom=1 overcommit_memory=2" },
		{ "all that loosens", TIGHT, LOOSE,
		  "overcommit_memory=0 panic_on_oom=0 overcommit_ratio=50 "
		  "admin_reserve_kbytes=1000 user_reserve_kbytes=1000 "
		  "oom_kill_allocating_task=0 oom_dump_tasks=0 panic=0" },
		{ "more, and then the strict policy",
		  NOW(), { .overcommit_memory = 2, .overcommit_ratio = 80 },
		  "overcommit_ratio=80 overcommit_memory=2" },
		{ "less, before the strict policy",
		  NOW(), { .overcommit_memory = 2, .overcommit_ratio = 40 },
		  "overcommit_ratio=40 overcommit_memory=2" },
		{ "no strict policy, and then less",
		  NOW(.overcommit_memory = 2), { .overcommit_ratio = 40 },
		  "overcommit_memory=0 overcommit_ratio=40" },
		{ "no strict policy, and then more",
		  NOW(.overcommit_memory = 2),
		  { .overcommit_memory = 1, .overcommit_kbytes = 9000000 },
		  "overcommit_memory=1 overcommit_kbytes=9000000" },
		{ "strict, more of both: the limit before the reserves",
		  NOW(.overcommit_memory = 2),
		  { .overcommit_memory = 2, .overcommit_ratio = 60, .admin_reserve_kbytes = 1000,
		    .user_reserve_kbytes = 1000 },
		  "overcommit_ratio=60 user_reserve_kbytes=1000 admin_reserve_kbytes=1000" },
		{ "strict, less of both: the reserves before the limit",
		  NOW(.overcommit_memory = 2, .admin_reserve_kbytes = 1000, .user_reserve_kbytes = 1000),
		  { .overcommit_memory = 2, .overcommit_kbytes = 3999999 },
		  "admin_reserve_kbytes=0 user_reserve_kbytes=0 overcommit_kbytes=3999999" },
		{ "strict, the same limit by other means: before the reserve",
		  NOW(.overcommit_memory = 2),
		  { .overcommit_memory = 2, .overcommit_kbytes = 4000000, .admin_reserve_kbytes = 1000 },
		  "overcommit_kbytes=4000000 admin_reserve_kbytes=1000" },
		{ "a timeout before the panic",
		  NOW(), NOW(.panic_on_oom = 2, .panic_timeout = -1), "panic=-1 panic_on_oom=2" },
		{ "no panic before no timeout",
		  NOW(.panic_on_oom = 2, .panic_timeout = 5), NOW(), "panic_on_oom=0 panic=0" },
		{ "less panic before another timeout",
		  NOW(.panic_on_oom = 2, .panic_timeout = 5), NOW(.panic_on_oom = 1, .panic_timeout = 6),
		  "panic_on_oom=1 panic=6" },
		{ "more panic after no timeout",
		  NOW(.panic_on_oom = 1, .panic_timeout = 5), NOW(.panic_on_oom = 2),
		  "panic=0 panic_on_oom=2" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_policy wanted = with(cases[i].wanted, ALL);
		struct oomctl_tune_steps steps;
		uint32_t drift;

		put_policy(&cases[i].now);
		put_meminfo(1000);
		let_all_succeed();
		drift = check(&wanted).drift;
		assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
		assert_int_equal(steps.changed, drift);
		if (strcmp(history, cases[i].order) != 0)
			fail_msg("%s: %s", cases[i].what, history);
		expect_policy(cases[i].wanted);
	}
}

/* A few values of the knobs that hang together, in all combinations. */
static struct oomctl_policy limit_of(int i)
{
	/* clang-format off */
	static const struct oomctl_policy shares[] = {
		{ .overcommit_ratio = 20 }, { .overcommit_ratio = 80 },
		{ .overcommit_kbytes = 3000000 }, { 0 },
	};
	/* clang-format on */
	struct oomctl_policy p = shares[i % 4];

	p.overcommit_memory = i / 4 % 2 * 2;
	p.admin_reserve_kbytes = (uint64_t)(i / 8 % 2) * 900000;
	return p;
}

static struct oomctl_policy panic_of(int i)
{
	return (struct oomctl_policy){ .panic_on_oom = i % 3,
				       .panic_timeout = i / 3 * 10 };
}

/* What programs may have. */
static int64_t allowance_of(const struct oomctl_policy *p)
{
	int64_t share = p->overcommit_kbytes ? (int64_t)p->overcommit_kbytes
					     : RAM_KB / 100 * p->overcommit_ratio;

	if (p->overcommit_memory != 2)
		return INT64_MAX;
	return share + SWAP_KB - (int64_t)p->admin_reserve_kbytes;
}

static bool stays_down(const struct oomctl_policy *p)
{
	return p->panic_on_oom && p->panic_timeout == 0;
}

static struct oomctl_policy from, to;
static int between;

static void expect_no_more_danger_than_at_the_ends(void)
{
	struct oomctl_policy now = policy_now();
	int64_t a = allowance_of(&from), b = allowance_of(&to);

	assert_true(allowance_of(&now) >= (a < b ? a : b));
	assert_true(!stays_down(&now) || stays_down(&from) || stays_down(&to));
	assert_true(now.panic_on_oom <= from.panic_on_oom ||
		    now.panic_on_oom <= to.panic_on_oom);
	between++;
}

/* From each to each. */
static int try_all(struct oomctl_policy (*state_of)(int i), int states)
{
	between = 0;
	for (int i = 0; i < states * states; i++) {
		struct oomctl_tune_steps steps;
		struct oomctl_policy wanted;

		from = state_of(i / states);
		to = state_of(i % states);
		put_policy(&from);
		let_all_succeed();
		after_writing = expect_no_more_danger_than_at_the_ends;
		wanted = with(to, ALL);
		assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
		expect_policy(to);
	}
	return between;
}

static void no_step_is_more_dangerous_than_the_ends(void **state)
{
	(void)state;
	put_meminfo(1000);
	assert_true(try_all(limit_of, 16) > 256);
	assert_true(try_all(panic_of, 6) > 36);
}

/* What all scenarios below change, and back; each in so many writes. */
static const struct {
	const struct oomctl_policy *now, *wanted;
} changes[] = { { &loose, &tight }, { &tight, &loose } };
enum { WRITES = 8 };

static int knob_named(const char *name)
{
	for (int knob = 1; knob <= 9; knob++)
		if (strcmp(strrchr(paths[knob], '/') + 1, name) == 0)
			return knob;
	fail_msg("no such knob: %s", name);
	return 0;
}

/* The n-th word's name in the order in which the change is made. */
static int nth_knob(const struct oomctl_policy *now, const struct oomctl_policy *wanted,
		    int n)
{
	struct oomctl_policy all = with(*wanted, ALL);
	struct oomctl_tune_steps steps;
	char *word, *rest = history;

	put_policy(now);
	let_all_succeed();
	assert_int_equal(apply(&all, OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
	assert_int_equal(writes, WRITES);
	do {
		word = strsep(&rest, " ");
	} while (--n > 0);
	*strchr(word, '=') = '\0';
	return knob_named(word);
}

static void for_each_step(void (*break_step)(int step), int want)
{
	for (size_t i = 0; i < LENGTH(changes); i++) {
		struct oomctl_policy wanted = with(*changes[i].wanted, ALL);

		for (int n = 1; n <= WRITES; n++) {
			int knob = nth_knob(changes[i].now, changes[i].wanted, n);
			struct oomctl_tune_steps steps;

			put_policy(changes[i].now);
			let_all_succeed();
			break_step(n);
			assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps),
					 want);
			assert_int_equal(steps.failed_knob, knob);
			assert_int_equal(steps.changed, 0);
			assert_int_equal(steps.failed_rollback, 0);
			expect_policy(*changes[i].now);
			let_all_succeed();
		}
	}
}

static int the_errno;

static void fail_with_errno(int step)
{
	failing_write = step;
	failing_errno = the_errno;
}

static void whichever_write_fails_all_is_as_before(void **state)
{
	static const struct {
		int err, want;
	} cases[] = { { EACCES, -EACCES },
		      { EPERM, -EPERM },
		      { EINVAL, -EINVAL },
		      { ENOSPC, -EIO } };

	(void)state;
	put_meminfo(1000);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		the_errno = cases[i].err;
		for_each_step(fail_with_errno, cases[i].want);
	}
}

static void fail_by_half(int step)
{
	failing_write = step;
	is_short = true;
}

static void fail_by_nothing(int step)
{
	failing_write = step;
	is_ignored = true;
}

static void fail_by_another_value(int step)
{
	failing_write = step;
	is_changed = true;
}

static void a_value_that_does_not_read_back_is_put_back(void **state)
{
	(void)state;
	put_meminfo(1000);
	for_each_step(fail_by_nothing, -EIO);
	for_each_step(fail_by_half, -EIO);
}

/* Of a narrow range, another value cannot be read at all. */
static void another_value_than_was_written_is_put_back(void **state)
{
	(void)state;
	put_meminfo(1000);
	for (size_t i = 0; i < LENGTH(changes); i++) {
		struct oomctl_policy wanted = with(*changes[i].wanted, ALL);

		for (int n = 1; n <= WRITES; n++) {
			int knob = nth_knob(changes[i].now, changes[i].wanted, n);
			bool is_narrow = knob == OOMCTL_VM_OVERCOMMIT_MEMORY ||
					 knob == OOMCTL_VM_PANIC_ON_OOM;
			struct oomctl_tune_steps steps;

			put_policy(changes[i].now);
			let_all_succeed();
			fail_by_another_value(n);
			assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps),
					 is_narrow ? -ERANGE : -EIO);
			assert_int_equal(steps.failed_knob, knob);
			assert_int_equal(steps.changed | steps.failed_rollback, 0);
			expect_policy(*changes[i].now);
		}
	}
}

static void a_value_that_cannot_be_read_back_is_put_back(void **state)
{
	(void)state;
	put_meminfo(1000);
	for (size_t i = 0; i < LENGTH(changes); i++) {
		struct oomctl_policy wanted = with(*changes[i].wanted, ALL);

		for (int n = 1; n <= WRITES; n++) {
			int knob = nth_knob(changes[i].now, changes[i].wanted, n);
			bool is_share = (1 << knob) & BOTH;
			struct oomctl_tune_steps steps;

			put_policy(changes[i].now);
			let_all_succeed();
			failing_open = paths[knob];
			failing_open_errno = ENFILE;
			/* Looked at, also for the limit, and written. */
			spared = is_share ? 3 : 2;
			(void)apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps);
			/* All later opens fail, so that it cannot be put back, either. */
			assert_int_equal(steps.failed_knob, knob);
			assert_int_equal(steps.changed, 0);
			assert_int_equal(steps.failed_rollback, 1U << knob);
		}
	}
}

static void what_cannot_be_put_back_is_named(void **state)
{
	(void)state;
	put_meminfo(1000);
	for (size_t i = 0; i < LENGTH(changes); i++) {
		struct oomctl_policy wanted = with(*changes[i].wanted, ALL);

		for (int n = 1; n <= WRITES; n++) {
			struct oomctl_tune_steps steps;
			uint32_t before = 0;
			int knob = 0;

			for (int step = 1; step <= n; step++) {
				before |= step > 1 ? 1U << knob : 0;
				knob = nth_knob(changes[i].now, changes[i].wanted, step);
			}
			put_policy(changes[i].now);
			let_all_succeed();
			failing_write = n;
			failing_errno = EROFS;
			all_fail_after = true;
			assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps),
					 -EROFS);
			assert_int_equal(steps.failed_knob, knob);
			assert_int_equal(steps.changed, 0);
			assert_int_equal(steps.failed_rollback, before);
		}
	}
}

/* As in a directory of plain files. */
static void kbytes_that_leave_the_ratio_are_refused(void **state)
{
	const struct oomctl_policy wanted = { .knobs = KBYTES | DUMP,
					      .overcommit_kbytes = 3000000 };
	struct oomctl_tune_steps steps;

	(void)state;
	zeroes_nothing = true;
	assert_int_equal(apply(&wanted, 0, &steps), -EIO);
	assert_int_equal(steps.failed_knob, OOMCTL_VM_OVERCOMMIT_KBYTES);
	assert_int_equal(steps.changed, 0);
	assert_int_equal(number_of(OOMCTL_VM_OVERCOMMIT_RATIO), 50);
	assert_int_equal(number_of(OOMCTL_VM_OOM_DUMP_TASKS), 1);
}

static void the_rollback_goes_backwards(void **state)
{
	struct oomctl_policy wanted = with(tight, ALL);
	struct oomctl_tune_steps steps;

	(void)state;
	put_policy(&loose);
	put_meminfo(1000);
	failing_write = 8;
	failing_errno = EPERM;
	assert_int_equal(apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &steps), -EPERM);
	assert_string_equal(
	    history, "panic=10 oom_kill_allocating_task=1 oom_dump_tasks=1 "
		     "user_reserve_kbytes=2000 admin_reserve_kbytes=2000 "
		     "overcommit_kbytes=3000000 panic_on_oom=1 overcommit_memory=2 "
		     "panic_on_oom=0 overcommit_ratio=50 admin_reserve_kbytes=1000 "
		     "user_reserve_kbytes=1000 oom_dump_tasks=0 "
		     "oom_kill_allocating_task=0 panic=0");
}

static void a_snapshot_comes_back_exactly(void **state)
{
	static const struct oomctl_policy states[] = {
		{ .overcommit_ratio = 50, .oom_dump_tasks = 1 },
		{ .overcommit_kbytes = 3000000, .overcommit_memory = 1 },
		{ .panic_timeout = 10 }, /* swap only */
		{ .overcommit_ratio = -1, .oom_kill_allocating_task = -5 },
		{ .overcommit_ratio = INT32_MIN, .panic_on_oom = 1 },
		{ .overcommit_memory = 2, .admin_reserve_kbytes = UINT64_C(1) << 40 },
		{ .overcommit_memory = 2, .overcommit_kbytes = INT64_MAX },
		{ .overcommit_memory = 2,
		  .overcommit_ratio = INT32_MAX,
		  .panic_on_oom = 2,
		  .panic_timeout = INT32_MIN },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(states); i++)
		for (size_t j = 0; j < LENGTH(states); j++) {
			struct oomctl_tune_steps steps;
			struct oomctl_policy before;

			put_policy(&states[i]);
			before = read_policy();
			put_policy(&states[j]);
			assert_int_equal(apply(&before, OOMCTL_TUNE_ACCEPT_RISKS, &steps),
					 0);
			expect_policy(states[i]);
			assert_int_equal(steps.changed == 0, i == j);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TUNE_TEST(a_snapshot_has_every_knob_and_of_two_the_one_in_force),
		TUNE_TEST(a_knob_that_is_not_there_is_not_named),
		TUNE_TEST(kbytes_without_a_ratio_are_not_named),
		TUNE_TEST(before_kbytes_a_ratio_of_0_is_in_force),
		TUNE_TEST(without_any_knob_there_is_no_snapshot),
		TUNE_TEST(a_snapshot_of_broken_files_is_refused),
		TUNE_TEST(a_change_between_two_reads_is_noticed),
		TUNE_TEST(structures_of_other_sizes_are_filled),
		TUNE_TEST(an_invalid_policy_is_refused_at_once),
		TUNE_TEST(an_output_that_is_missing_is_refused_at_once),
		TUNE_TEST(members_that_are_not_named_mean_nothing),
		TUNE_TEST(drift_is_what_is_named_and_not_so),
		TUNE_TEST(a_knob_that_is_not_there_is_drift),
		TUNE_TEST(ratio_and_kbytes_are_so_alone),
		TUNE_TEST(the_limit_is_what_it_would_be),
		TUNE_TEST(each_risk_is_there_or_just_not),
		TUNE_TEST(container_runtimes_are_known_by_their_names),
		TUNE_TEST(address_space_is_a_risk_beyond_the_limit),
		TUNE_TEST(of_all_processes_the_largest_is_told),
		TUNE_TEST(one_risk_does_not_hide_another),
		TUNE_TEST(processes_are_looked_at_where_the_strict_policy_begins),
		TUNE_TEST(a_process_that_ends_or_hides_is_passed_over),
		TUNE_TEST(a_machine_without_figures_is_not_touched),
		TUNE_TEST(what_is_right_already_is_not_written),
		TUNE_TEST(a_knob_that_is_not_there_stops_all),
		TUNE_TEST(ratio_and_kbytes_together_are_refused),
		TUNE_TEST(what_loosens_comes_first_and_what_tightens_last),
		TUNE_TEST(no_step_is_more_dangerous_than_the_ends),
		TUNE_TEST(whichever_write_fails_all_is_as_before),
		TUNE_TEST(a_value_that_does_not_read_back_is_put_back),
		TUNE_TEST(another_value_than_was_written_is_put_back),
		TUNE_TEST(a_value_that_cannot_be_read_back_is_put_back),
		TUNE_TEST(what_cannot_be_put_back_is_named),
		TUNE_TEST(kbytes_that_leave_the_ratio_are_refused),
		TUNE_TEST(the_rollback_goes_backwards),
		TUNE_TEST(a_snapshot_comes_back_exactly),
	};

	return cmocka_run_group_tests_name("tune", tests, NULL, NULL);
}
