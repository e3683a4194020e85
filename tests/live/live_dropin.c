/* SPDX-License-Identifier: MIT */
#include <oomctl/dropin.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "restore.h"
#include "test.h"

static struct oomctl_policy policy_now(void)
{
	struct oomctl_policy p = { .knobs = 0x3fe };
	enum oomctl_overcommit memory;
	enum oomctl_panic panic;

	assert_int_equal(oomctl_vm_get_overcommit_memory(NULL, &memory), 0);
	assert_int_equal(oomctl_vm_get_overcommit_ratio(NULL, &p.overcommit_ratio), 0);
	assert_int_equal(oomctl_vm_get_overcommit_kbytes(NULL, &p.overcommit_kbytes), 0);
	assert_int_equal(oomctl_vm_get_panic_on_oom(NULL, &panic), 0);
	assert_int_equal(
	    oomctl_vm_get_oom_kill_allocating_task(NULL, &p.oom_kill_allocating_task), 0);
	assert_int_equal(oomctl_vm_get_oom_dump_tasks(NULL, &p.oom_dump_tasks), 0);
	assert_int_equal(
	    oomctl_vm_get_admin_reserve_kbytes(NULL, &p.admin_reserve_kbytes), 0);
	assert_int_equal(oomctl_vm_get_user_reserve_kbytes(NULL, &p.user_reserve_kbytes),
			 0);
	assert_int_equal(oomctl_vm_get_panic_timeout(NULL, &p.panic_timeout), 0);
	p.overcommit_memory = (int32_t)memory;
	p.panic_on_oom = (int32_t)panic;
	return p;
}

/* The program sets what the file says, and nothing else. */
static void expect_taken_by_sysctl(const struct fixture *f, struct oomctl_policy policy)
{
	struct oomctl_policy got;
	char command[128];

	assert_int_equal(oomctl_dropin_write(fixture_path(f, "a.conf"), &policy), 0);
	snprintf(command, sizeof(command), "sysctl -q -p %s", fixture_path(f, "a.conf"));
	assert_int_equal(system(command), 0);

	policy.knobs = 0x3fe;
	got = policy_now();
	assert_memory_equal(&got, &policy, sizeof(got));
}

static void sysctl_sets_what_the_file_says(void **state)
{
	struct oomctl_policy policy = policy_now();

	if (oomctl_vm_set_panic_on_oom(NULL, (enum oomctl_panic)policy.panic_on_oom) < 0)
		SKIP_UNAVOIDABLE("no right to set the knobs of this machine");
	if (system("command -v sysctl >/dev/null") != 0)
		SKIP_AVOIDABLE("no sysctl (procps)");

	policy.overcommit_ratio = 51;
	policy.overcommit_kbytes = 0;
	policy.oom_kill_allocating_task = !policy.oom_kill_allocating_task;
	policy.oom_dump_tasks = !policy.oom_dump_tasks;
	policy.admin_reserve_kbytes += 1;
	policy.user_reserve_kbytes += 1;
	policy.panic_timeout -= 1;
	expect_taken_by_sysctl(*state, policy);

	policy.overcommit_ratio = 0;
	policy.overcommit_kbytes = UINT64_MAX;
	policy.panic_timeout = INT32_MIN;
	expect_taken_by_sysctl(*state, policy);

	policy.knobs = OOMCTL_POLICY_USER_RESERVE_KBYTES;
	policy.user_reserve_kbytes += 1;
	expect_taken_by_sysctl(*state, policy);
}

static int run(void)
{
	const struct CMUnitTest tests[] = { FIXTURE_TEST(
	    sysctl_sets_what_the_file_says) };

	return cmocka_run_group_tests_name("live dropin", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
