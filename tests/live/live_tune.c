/* SPDX-License-Identifier: MIT */
#include <oomctl/tune.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <oomctl/meminfo.h>

#include "child.h"
#include "restore.h"
#include "test.h"

/* What the files say, read apart from the library. */
struct texts {
	char of[9][32];
};

static struct texts read_texts(void)
{
	static const char *const paths[] = {
		"/proc/sys/vm/overcommit_memory",
		"/proc/sys/vm/overcommit_ratio",
		"/proc/sys/vm/overcommit_kbytes",
		"/proc/sys/vm/panic_on_oom",
		"/proc/sys/vm/oom_dump_tasks",
		"/proc/sys/vm/oom_kill_allocating_task",
		"/proc/sys/vm/admin_reserve_kbytes",
		"/proc/sys/vm/user_reserve_kbytes",
		"/proc/sys/kernel/panic",
	};
	struct texts t = { 0 };

	for (size_t i = 0; i < LENGTH(paths); i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_true(read(fd, t.of[i], sizeof(t.of[i]) - 1) > 0);
		close(fd);
	}
	return t;
}

static void expect_texts(const struct texts *want)
{
	struct texts now = read_texts();

	for (size_t i = 0; i < LENGTH(now.of); i++)
		assert_string_equal(now.of[i], want->of[i]);
}

static struct oomctl_policy read_policy(void)
{
	struct oomctl_policy p;

	assert_int_equal(oomctl_tune_read(NULL, &p, sizeof(p)), 0);
	return p;
}

static struct oomctl_tune_report check(const struct oomctl_policy *wanted)
{
	struct oomctl_tune_report report;

	assert_int_equal(oomctl_tune_check(NULL, wanted, &report, sizeof(report)), 0);
	return report;
}

static int apply(const struct oomctl_policy *wanted, uint32_t flags,
		 struct oomctl_tune_steps *out)
{
	return oomctl_tune_apply(NULL, wanted, flags, out, sizeof(*out));
}

static void restore(const struct oomctl_policy *before)
{
	struct oomctl_tune_steps steps;

	assert_int_equal(apply(before, OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
	assert_int_equal(check(before).drift, 0);
}

static uint64_t limit_of_the_kernel(void)
{
	struct oomctl_meminfo m;

	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	return m.commit_limit_kb;
}

static uint64_t ram_kb(void)
{
	struct oomctl_meminfo m;

	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	return m.mem_total_kb;
}

/* Whatever this machine is set to, all tests begin here. */
static int begin(void **state)
{
	const struct oomctl_policy usual = {
		.knobs = 1022 & ~OOMCTL_POLICY_OVERCOMMIT_KBYTES,
		.overcommit_ratio = 50,
		.oom_dump_tasks = 1,
		.admin_reserve_kbytes = 8192,
		.user_reserve_kbytes = 65536,
		.panic_timeout = 1,
	};

	(void)state;
	restore(&usual);
	return 0;
}

static void a_snapshot_is_as_wanted(void **state)
{
	struct oomctl_policy now = read_policy();
	struct oomctl_tune_report report = check(&now);

	(void)state;
	assert_int_equal(report.drift, 0);
	assert_true(report.commit_limit_kb == limit_of_the_kernel());
	assert_true(report.committed_as_kb > 0);
}

/* And the limit is the one that was foretold. */
static void every_policy_comes_into_force_and_goes_again(void **state)
{
	/* clang-format off */
	static const struct oomctl_policy cases[] = {
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_KBYTES, .overcommit_kbytes = 12345678 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_KBYTES },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO, .overcommit_ratio = 77 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO, .overcommit_ratio = -1 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY, .overcommit_memory = 1 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_KBYTES | OOMCTL_POLICY_OOM_DUMP_TASKS |
			   OOMCTL_POLICY_OOM_KILL_ALLOCATING_TASK | OOMCTL_POLICY_PANIC_TIMEOUT |
			   OOMCTL_POLICY_ADMIN_RESERVE_KBYTES | OOMCTL_POLICY_USER_RESERVE_KBYTES,
		  .overcommit_kbytes = UINT64_MAX, .oom_dump_tasks = -3,
		  .oom_kill_allocating_task = 7, .panic_timeout = -5,
		  .admin_reserve_kbytes = 8193, .user_reserve_kbytes = 131073 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_policy before = read_policy();
		struct texts texts = read_texts();
		struct oomctl_tune_report report = check(&cases[i]);
		struct oomctl_tune_steps steps;

		expect_texts(&texts);
		assert_int_equal(report.drift, cases[i].knobs);
		assert_int_equal(apply(&cases[i], OOMCTL_TUNE_ACCEPT_RISKS, &steps), 0);
		assert_int_equal(steps.changed, cases[i].knobs);
		assert_int_equal(steps.failed_knob | steps.failed_rollback, 0);
		assert_int_equal(check(&cases[i]).drift, 0);
		assert_true(limit_of_the_kernel() == report.commit_limit_kb);
		restore(&before);
		expect_texts(&texts);
	}
}

/* From each state of the two to each. */
static void ratio_and_kbytes_come_back_exactly(void **state)
{
	/* clang-format off */
	static const struct oomctl_policy states[] = {
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO, .overcommit_ratio = 50 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO, .overcommit_ratio = -7 },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO },
		{ .knobs = OOMCTL_POLICY_OVERCOMMIT_KBYTES, .overcommit_kbytes = 9000000 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < LENGTH(states); i++)
		for (size_t j = 0; j < LENGTH(states); j++) {
			struct oomctl_policy before;
			struct texts texts;

			restore(&states[i]);
			before = read_policy();
			texts = read_texts();
			restore(&states[j]);
			restore(&before);
			expect_texts(&texts);
		}
}

/* For the moment that it takes, with a limit that nobody comes near. */
static void the_strict_policy_comes_last_and_goes_first(void **state)
{
	struct oomctl_policy before = read_policy();
	const struct oomctl_policy wanted = {
		.knobs =
		    OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_KBYTES,
		.overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
		.overcommit_kbytes = 4 * ram_kb(),
	};
	struct oomctl_tune_steps there, back;
	struct texts texts = read_texts();
	int r, r_back;

	(void)state;
	if (check(&wanted).headroom_kb < (int64_t)(2 * ram_kb()))
		SKIP_UNAVOIDABLE("too much is committed on this machine");

	r = apply(&wanted, OOMCTL_TUNE_ACCEPT_RISKS, &there);
	r_back = apply(&before, OOMCTL_TUNE_ACCEPT_RISKS, &back);
	assert_int_equal(r, 0);
	assert_int_equal(there.changed, wanted.knobs);
	assert_int_equal(r_back, 0);
	assert_true(back.changed & OOMCTL_POLICY_OVERCOMMIT_MEMORY);
	expect_texts(&texts);
}

static void what_is_risky_changes_nothing(void **state)
{
	/* clang-format off */
	static const struct {
		struct oomctl_policy wanted;
		uint32_t risk;
	} cases[] = {
		{ { .knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_KBYTES,
		    .overcommit_memory = OOMCTL_OVERCOMMIT_NEVER, .overcommit_kbytes = 4096 },
		  OOMCTL_TUNE_RISK_NO_HEADROOM },
		{ { .knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_RATIO,
		    .overcommit_memory = OOMCTL_OVERCOMMIT_NEVER },
		  OOMCTL_TUNE_RISK_SWAP_ONLY },
		{ { .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO, .overcommit_ratio = -1 },
		  OOMCTL_TUNE_RISK_NEGATIVE_RATIO },
		{ { .knobs = OOMCTL_POLICY_PANIC_ON_OOM | OOMCTL_POLICY_PANIC_TIMEOUT,
		    .panic_on_oom = OOMCTL_PANIC_ALWAYS },
		  OOMCTL_TUNE_RISK_STAYS_DOWN },
		{ { .knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY | OOMCTL_POLICY_OVERCOMMIT_KBYTES,
		    .overcommit_memory = OOMCTL_OVERCOMMIT_NEVER, .overcommit_kbytes = 4096 },
		  OOMCTL_TUNE_RISK_ADDRESS_SPACE },
	};
	/* clang-format on */
	struct texts texts = read_texts();

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_tune_steps steps;

		assert_true(check(&cases[i].wanted).risks & cases[i].risk);
		assert_int_equal(apply(&cases[i].wanted, 0, &steps), -EBUSY);
		assert_true(steps.risks & cases[i].risk);
		assert_int_equal(
		    steps.changed | steps.failed_knob | steps.failed_rollback, 0);
		expect_texts(&texts);
	}
}

static void try_as_nobody(void)
{
	const struct oomctl_policy wanted = {
		.knobs = OOMCTL_POLICY_OOM_DUMP_TASKS | OOMCTL_POLICY_PANIC_TIMEOUT,
		.oom_dump_tasks = 5,
		.panic_timeout = 5,
	};
	struct oomctl_policy now;
	struct oomctl_tune_steps steps;

	become_nobody();
	EXPECT(oomctl_tune_read(NULL, &now, sizeof(now)) == 0);
	EXPECT(apply(&now, 0, &steps) == 0); /* nothing differs: no right is needed */
	EXPECT(apply(&wanted, 0, &steps) == -EACCES);
	EXPECT(steps.failed_knob == OOMCTL_VM_PANIC_TIMEOUT);
	EXPECT(steps.changed == 0 && steps.failed_rollback == 0);
	_exit(0);
}

static void another_user_is_refused_at_the_first_step(void **state)
{
	struct texts texts = read_texts();

	(void)state;
	in_child(try_as_nobody);
	expect_texts(&texts);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_snapshot_is_as_wanted, begin),
		cmocka_unit_test_setup(every_policy_comes_into_force_and_goes_again,
				       begin),
		cmocka_unit_test_setup(ratio_and_kbytes_come_back_exactly, begin),
		cmocka_unit_test_setup(the_strict_policy_comes_last_and_goes_first,
				       begin),
		cmocka_unit_test_setup(what_is_risky_changes_nothing, begin),
		cmocka_unit_test_setup(another_user_is_refused_at_the_first_step, begin),
	};

	if (access("/proc/sys/vm/overcommit_ratio", W_OK) < 0 || geteuid() != 0) {
		printf("SKIP: no right to set the knobs of this machine\n");
		return 77;
	}
	return cmocka_run_group_tests_name("live tune", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
