/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <oomctl/proc.h>
#include <oomctl/protect.h>

#include "guest.h"

enum { USER = 1000 };
#define OWN "/proc/self/oom_score_adj"

static struct oomctl_guard own_guard;
static pid_t protected_pid;

static void begin(int32_t adj)
{
	protected_pid = getpid();
	EXPECT(oomctl_protect_begin(NULL, adj, OOMCTL_ADJUST_STRICT, &own_guard,
				    sizeof(own_guard)) == 0);
	EXPECT(own_guard.saved_adj == 0 && own_guard.adj == adj && number_in(OWN) == adj);
}

static void end(int32_t want)
{
	int32_t adj;

	EXPECT(oomctl_protect_end(&own_guard, &adj) == 0);
	EXPECT(adj == want && number_in(OWN) == want);
}

static int64_t number_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	return number_in(path);
}

static int set_own(int32_t adj)
{
	return oomctl_proc_set_oom_score_adj(NULL, 0, adj);
}

/* Children of a guarded process that was protected with -999. */

static void reset(void)
{
	EXPECT(number_in(OWN) == -999);
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
	EXPECT(number_in(OWN) == 0);
	EXPECT(number_of(protected_pid) == -999);
}

static void who_holds_it_resets_the_floor_too(void)
{
	reset();
	drop_capability(CAP_SYS_RESOURCE);
	EXPECT(set_own(-1) == -EACCES && set_own(0) == 0);
}

static void who_does_not_can_go_back_to_the_parents(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	reset();
	EXPECT(set_own(-999) == 0 && set_own(-1000) == -EACCES);
	EXPECT(number_of(protected_pid) == -999);
}

/* Before exec() it has the parent's memory, guard included, and a value of its own. */
static void expect_reset_by_vfork(void)
{
	static volatile int code;
	static volatile int64_t before, after, parents;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		before = number_in(OWN);
		code = oomctl_protect_reset_child(NULL, &own_guard);
		after = number_in(OWN);
		parents = number_of(protected_pid);
		_exit(0);
	}
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	EXPECT(code == 0 && before == -999 && after == 0 && parents == -999);
	EXPECT(number_in(OWN) == -999 && own_guard.state == OOMCTL_GUARD_BEGUN);
}

/* A program that forks at once: what it and its child have. */
static void expect_family(int64_t want)
{
	static char *const family[] = { (char *)"/init", (char *)"family", NULL };
	char text[96] = "", line[64];
	posix_spawn_file_actions_t actions;
	int ends[2], len = 0;
	pid_t pid;

	snprintf(line, sizeof(line), "has: %" PRId64 "\nhas: %" PRId64 "\n", want, want);
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	EXPECT(posix_spawn_file_actions_init(&actions) == 0);
	EXPECT(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0);
	EXPECT(posix_spawn(&pid, family[0], &actions, NULL, family, NULL) == 0);
	while (len < (int)strlen(line)) {
		ssize_t n = read(ends[0], text + len, sizeof(text) - 1 - (size_t)len);

		EXPECT(n > 0);
		len += (int)n;
	}
	EXPECT(strcmp(text, line) == 0);
	end_process(pid);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[0]);
	close(ends[1]);
}

/* A family has what it is started with, and later is too late. */
static void pause_for_family(void)
{
	int64_t before = number_in(OWN);

	expect_family(before);
	EXPECT(oomctl_protect_pause(&own_guard, 0) == 0);
	EXPECT(number_in(OWN) == 0);
	expect_family(0);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	EXPECT(number_in(OWN) == before);
}

static void starts_children(void)
{
	begin(-999);
	in_child(who_holds_it_resets_the_floor_too);
	in_child(who_does_not_can_go_back_to_the_parents);
	expect_reset_by_vfork();
	pause_for_family();
	drop_capability(CAP_SYS_RESOURCE);
	pause_for_family();
	expect_reset_by_vfork();
	end(0);
}

/* Without the capability, after a start with it. */

static void cannot_be_reset_until_dumpable(void)
{
	EXPECT(number_in(OWN) == -500);
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == -EACCES);
	EXPECT(number_in(OWN) == -500);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == 0);
	EXPECT(number_in(OWN) == 0);
	EXPECT(set_own(-501) == -EACCES && set_own(-500) == 0);
}

static void has_the_pauses_value(void)
{
	EXPECT(number_in(OWN) == 0);
}

static void expect_own_file_to_be_roots(void)
{
	struct oomctl_guard other = { .state = 77 };
	int32_t adj = 77;
	struct stat st;

	EXPECT(stat(OWN, &st) == 0 && st.st_uid == 0);
	EXPECT(open(OWN, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	EXPECT(oomctl_protect_begin(NULL, 0, OOMCTL_ADJUST_CLAMP, &other,
				    sizeof(other)) == -EACCES);
	EXPECT(oomctl_adjust_find_floor(NULL, &adj) == -EACCES);
	EXPECT(oomctl_adjust_proc(NULL, 0, 0, OOMCTL_ADJUST_CLAMP, &adj) == -EACCES);
	EXPECT(other.state == 77 && adj == 77 && number_in(OWN) == -500);
}

static void becomes_a_user(void)
{
	int32_t floor;

	begin(-500);
	become_user(USER);
	EXPECT(number_in(OWN) == -500);
	expect_own_file_to_be_roots();
	in_child(cannot_be_reset_until_dumpable);

	pause_for_family();
	EXPECT(oomctl_protect_pause(&own_guard, 0) == 0);
	in_child(has_the_pauses_value);
	EXPECT(oomctl_protect_resume(&own_guard) == 0);
	EXPECT(number_in(OWN) == -500);

	end(0);
	EXPECT(oomctl_adjust_find_floor(NULL, &floor) == -EACCES);
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(oomctl_adjust_find_floor(NULL, &floor) == 0 && floor == -500);
}

/* What a holder of the capability has moved, who then gives it up. */

static void cannot_go_below_what_a_holder_has_raised(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	EXPECT(oomctl_protect_reset_child(NULL, &own_guard) == -EACCES);
	EXPECT(number_in(OWN) == 500);
}

static void raises_and_drops(void)
{
	int32_t adj = 77;

	begin(500);
	in_child(cannot_go_below_what_a_holder_has_raised);
	drop_capability(CAP_SYS_RESOURCE);
	EXPECT(oomctl_protect_end(&own_guard, &adj) == -EACCES);
	EXPECT(adj == 77 && number_in(OWN) == 500);
	EXPECT(own_guard.state == OOMCTL_GUARD_ENDED);
}

static void pauses_and_drops(void)
{
	begin(-999);
	EXPECT(oomctl_protect_pause(&own_guard, 100) == 0);
	drop_capability(CAP_SYS_RESOURCE);
	EXPECT(oomctl_protect_resume(&own_guard) == -EACCES);
	EXPECT(own_guard.state == OOMCTL_GUARD_PAUSED && number_in(OWN) == 100);
}

/* Another process's change stays, of which there is a parent at hand. */

static int32_t others_value;

static void set_it_from_outside(void)
{
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, protected_pid, others_value) == 0);
}

static void change(int32_t adj)
{
	others_value = adj;
	in_child(set_it_from_outside);
	EXPECT(number_in(OWN) == adj);
}

static void leaves_anothers_change(void)
{
	begin(-999);
	EXPECT(oomctl_protect_pause(&own_guard, 0) == 0);
	change(-300);
	EXPECT(oomctl_protect_resume(&own_guard) == 0 && number_in(OWN) == -300);
	pause_for_family();
	end(-300);

	EXPECT(set_own(0) == 0);
	begin(-999);
	change(-400);
	EXPECT(oomctl_protect_pause(&own_guard, 7) == 0);
	end(-400);
}

SCENARIO(guard)
{
	in_child(starts_children);
	in_child(becomes_a_user);
	in_child(raises_and_drops);
	in_child(pauses_and_drops);
	in_child(leaves_anothers_change);
	note("fork, vfork, posix_spawn; setuid; floors; another's change");
}
