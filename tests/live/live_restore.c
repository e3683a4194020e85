/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <oomctl/vm.h>

#include "restore.h"
#include "test.h"

static int change_and_die(void)
{
	assert_int_equal(oomctl_vm_set_overcommit_ratio(NULL, 71), 0);
	kill(getppid(), SIGKILL);
	raise(SIGKILL);
	return 1;
}

static int32_t ratio_now(void)
{
	int32_t ratio = UNTOUCHED;

	assert_int_equal(oomctl_vm_get_overcommit_ratio(NULL, &ratio), 0);
	return ratio;
}

/* What the other live tests lean on. */
static void a_killed_test_is_restored(void **state)
{
	int32_t before = ratio_now();
	pid_t pid;
	int status;

	(void)state;
	if (oomctl_vm_set_panic_on_oom(NULL, OOMCTL_PANIC_NEVER) < 0)
		SKIP_UNAVOIDABLE("no right to set the knobs of this machine");

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(with_knobs_restored(change_and_die, NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

	for (int i = 0; i < 500 && ratio_now() != before; i++)
		usleep(10000);
	assert_int_equal(ratio_now(), before);
}

static int run(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_killed_test_is_restored) };

	return cmocka_run_group_tests_name("live restore", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
