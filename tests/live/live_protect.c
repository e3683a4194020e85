/* SPDX-License-Identifier: MIT */
#include <oomctl/protect.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"

#define OWN "/proc/self/oom_score_adj"

extern char **environ;

static struct oomctl_guard own_guard;

/* Raised: for that nobody needs a right, so that it can be tried on every machine. */
static int32_t saved, raised;

static void begin(void)
{
	drop_resource_capability();
	EXPECT(oomctl_adjust_proc(NULL, 0, 400, OOMCTL_ADJUST_CLAMP, &saved) == 0);
	raised = saved + 500;
	EXPECT(raised <= 1000);
	EXPECT(oomctl_protect_begin(NULL, raised, OOMCTL_ADJUST_STRICT, &own_guard,
				    sizeof(own_guard)) == 0);
	EXPECT(own_guard.saved_adj == saved && own_guard.adj == raised);
	EXPECT(number_in(OWN) == raised);
}

static void end(int32_t want)
{
	int32_t adj = UNTOUCHED;

	EXPECT(number_in(OWN) == (want == saved ? raised : want));
	EXPECT(oomctl_protect_end(&own_guard, &adj) == 0);
	EXPECT(adj == want && number_in(OWN) == want);
}

/* A child of a child: its status has to be 0. */
static void expect_success(pid_t pid)
{
	int status = -1;

	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void clamps_to_the_floor(void)
{
	int32_t floor, adj;

	drop_resource_capability();
	EXPECT(oomctl_adjust_find_floor(NULL, &floor) == 0);
	EXPECT(oomctl_adjust_proc(NULL, 0, 1000, OOMCTL_ADJUST_STRICT, &adj) == 0);
	if (floor > OOMCTL_SCORE_ADJ_PROTECTED)
		EXPECT(oomctl_protect_begin(NULL, OOMCTL_SCORE_ADJ_PROTECTED,
					    OOMCTL_ADJUST_STRICT, &own_guard,
					    sizeof(own_guard)) == -EACCES);
	EXPECT(own_guard.state == 0 && number_in(OWN) == 1000);
	EXPECT(oomctl_protect_begin(NULL, OOMCTL_SCORE_ADJ_MIN, OOMCTL_ADJUST_CLAMP,
				    &own_guard, sizeof(own_guard)) == 0);
	EXPECT(own_guard.adj == floor && own_guard.saved_adj == 1000);
	EXPECT(number_in(OWN) == floor);
	EXPECT(oomctl_protect_end(&own_guard, &adj) == 0 && adj == 1000);
}

static void a_guard_settles_for_the_floor(void **state)
{
	(void)state;
	in_child(clamps_to_the_floor);
}

static void forks(void)
{
	pid_t pid;

	begin();
	pid = fork();
	if (pid == 0) {
		EXPECT(number_in(OWN) == raised);
		EXPECT(oomctl_protect_pause(&own_guard, saved) == -ESRCH);
		EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
		EXPECT(number_in(OWN) == saved);
		EXPECT(number_of(getppid(), "oom_score_adj") == raised);
		EXPECT(oomctl_protect_end(&own_guard, &saved) == -ESRCH);
		EXPECT(number_of(getppid(), "oom_score_adj") == raised);
		_exit(0);
	}
	expect_success(pid);
	end(saved);
}

static void a_forked_child_resets_itself_alone(void **state)
{
	(void)state;
	in_child(forks);
}

static void vforks(void)
{
	pid_t pid;

	begin();
	pid = vfork();
	if (pid == 0) {
		EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
		EXPECT(number_in(OWN) == saved);
		EXPECT(number_of(getppid(), "oom_score_adj") == raised);
		_exit(0);
	}
	expect_success(pid);
	EXPECT(own_guard.state == OOMCTL_GUARD_BEGUN);
	end(saved);
}

static void a_vforked_child_resets_itself_alone(void **state)
{
	(void)state;
	in_child(vforks);
}

/* A program that starts another at once: what the two have. */
static void expect_spawned(int32_t want)
{
	static char *const command[] = {
		(char *)"sh", (char *)"-c",
		(char *)"cat /proc/self/oom_score_adj & cat /proc/$$/oom_score_adj; wait",
		NULL
	};
	char text[64] = "", wanted[64];
	posix_spawn_file_actions_t actions;
	size_t len = 0;
	ssize_t n;
	int ends[2];
	pid_t pid;

	snprintf(wanted, sizeof(wanted), "%d\n%d\n", want, want);
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	EXPECT(posix_spawn_file_actions_init(&actions) == 0);
	EXPECT(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0);
	EXPECT(posix_spawnp(&pid, command[0], &actions, NULL, command, environ) == 0);
	close(ends[1]);
	while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	posix_spawn_file_actions_destroy(&actions);
	expect_success(pid);
	EXPECT(strcmp(text, wanted) == 0);
}

static void spawns(void)
{
	begin();
	expect_spawned(raised);
	EXPECT(oomctl_protect_pause(&own_guard, saved) == 0);
	EXPECT(oomctl_protect_pause(&own_guard, saved) == -EBUSY);
	expect_spawned(saved);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	EXPECT(oomctl_protect_pause(&own_guard, saved + 7) == 0);
	expect_spawned(saved + 7);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	expect_spawned(raised);
	end(saved);
}

static void a_spawned_program_inherits_the_pauses_value(void **state)
{
	(void)state;
	in_child(spawns);
}

/* A program that replaces this one has no descriptor of the guard. */
static void executes(void)
{
	char path[64];

	begin();
	snprintf(path, sizeof(path), "test ! -e /proc/self/fd/%d", own_guard.fd);
	execl("/bin/sh", "sh", "-c", path, NULL);
	EXPECT(false);
}

static void exec_closes_the_guard(void **state)
{
	(void)state;
	in_child(executes);
}

static void resets_after_setuid(void)
{
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == -EACCES);
	EXPECT(number_in(OWN) == raised);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
	EXPECT(number_in(OWN) == saved);
	_exit(0);
}

static void becomes_another_user(void)
{
	int32_t adj = UNTOUCHED;
	struct oomctl_guard other = { .state = UNTOUCHED };
	pid_t pid;

	begin();
	become_nobody();
	EXPECT(number_in(OWN) == raised);
	EXPECT(open(OWN, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	EXPECT(oomctl_protect_begin(NULL, 1000, OOMCTL_ADJUST_STRICT, &other,
				    sizeof(other)) == -EACCES);
	EXPECT(other.state == UNTOUCHED);
	pid = fork();
	if (pid == 0)
		resets_after_setuid();
	expect_success(pid);

	EXPECT(oomctl_protect_pause(&own_guard, saved) == 0);
	EXPECT(number_in(OWN) == saved);
	expect_spawned(saved);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	end(saved);
	EXPECT(oomctl_adjust_proc(NULL, 0, 1000, OOMCTL_ADJUST_STRICT, &adj) == -EACCES);
}

static void a_guard_outlives_setuid(void **state)
{
	(void)state;
	in_child(becomes_another_user);
}

static void set_parents(int32_t adj)
{
	int32_t got;
	pid_t pid = fork();

	if (pid == 0) {
		EXPECT(oomctl_adjust_proc(NULL, getppid(), adj, OOMCTL_ADJUST_STRICT,
					  &got) == 0);
		_exit(0);
	}
	expect_success(pid);
	EXPECT(number_in(OWN) == adj);
}

static void is_changed_by_another(void)
{
	int32_t adj;

	begin();
	EXPECT(oomctl_protect_pause(&own_guard, saved) == 0);
	set_parents(saved + 1);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	end(saved + 1);
	begin();
	set_parents(saved + 2);
	EXPECT(oomctl_protect_pause(&own_guard, saved) == 0);
	EXPECT(oomctl_protect_end(&own_guard, &adj) == 0);
	EXPECT(adj == saved + 2 && number_in(OWN) == saved + 2);
}

static void what_another_process_sets_stays(void **state)
{
	(void)state;
	in_child(is_changed_by_another);
}

/* Each way by turns: no value is lost, no descriptor either. */
static void starts_many(void)
{
	time_t late = time(NULL) + 10;
	int fd;

	begin();
	fd = own_guard.fd;
	for (int i = 0; i < 200 && time(NULL) < late; i++) {
		pid_t pid;

		if (i % 2)
			EXPECT(oomctl_protect_pause(&own_guard, saved) == 0);
		pid = fork();
		if (pid == 0) {
			if (!(i % 2))
				EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
			EXPECT(number_in(OWN) == saved);
			_exit(0);
		}
		if (i % 2)
			EXPECT(oomctl_protect_resume(&own_guard) == 0);
		EXPECT(number_in(OWN) == raised);
		expect_success(pid);
	}
	end(saved);
	begin();
	EXPECT(own_guard.fd == fd);
	end(saved);
}

static void hundreds_of_children_take_nothing_away(void **state)
{
	(void)state;
	in_child(starts_many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guard_settles_for_the_floor),
		cmocka_unit_test(a_forked_child_resets_itself_alone),
		cmocka_unit_test(a_vforked_child_resets_itself_alone),
		cmocka_unit_test(a_spawned_program_inherits_the_pauses_value),
		cmocka_unit_test(exec_closes_the_guard),
		cmocka_unit_test(a_guard_outlives_setuid),
		cmocka_unit_test(what_another_process_sets_stays),
		cmocka_unit_test(hundreds_of_children_take_nothing_away),
	};

	return cmocka_run_group_tests_name("live protect", tests, NULL, NULL);
}
