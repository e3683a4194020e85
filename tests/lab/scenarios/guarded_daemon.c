/* SPDX-License-Identifier: MIT */

/* The example itself, as one more program. */
int guarded_daemon_main(int argc, char **argv);
#define main guarded_daemon_main
#include "../../../examples/guarded-daemon.c"
#undef main

#include <fcntl.h>

#include "children.h"
#include "guest.h"

static FILE *said; /* by the daemon, and by its helper */

static pid_t start_daemon(const char *cgroup, char **argv)
{
	int ends[2], argc = 0;
	pid_t pid;

	/* While workers end, memory is neither theirs nor free. There always has to be one
	 * more that the kernel would take before the daemon. */
	add_child(cgroup, 100, 0);
	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		if (cgroup)
			enter_cgroup(cgroup);
		EXPECT(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
		while (argv[argc])
			argc++;
		_exit(guarded_daemon_main(argc, argv));
	}
	close(ends[1]);
	said = fdopen(ends[0], "r");
	EXPECT(said);
	return pid;
}

/* The number in the next line with this word. What the helper says comes at any time, and is
 * that neither it nor its child is protected. */
static int number_after(const char *word)
{
	char line[128];
	size_t len = strlen(word);

	do {
		EXPECT(fgets(line, sizeof(line), said));
		if (strncmp(line, "has: ", 5) == 0)
			EXPECT(strcmp(line, "has: 0\n") == 0);
	} while (strncmp(line, word, len) != 0);
	return atoi(line + len);
}

static void expect_end(pid_t daemon, int signal)
{
	int status;

	EXPECT(waitpid(daemon, &status, 0) == daemon);
	EXPECT(signal == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
			   : WIFSIGNALED(status) && WTERMSIG(status) == signal);
	fclose(said);
	end_children();
}

#define COMMAND(...) ((char *[]){ (char[]){ "guarded-daemon" }, __VA_ARGS__, NULL })
#define WORD(text) ((char[]){ text })

/* Two workers want more than there is: the kernel takes one, and another takes its place. */
static void expect_to_live(const char *cgroup, char *hog_mb)
{
	int log = open_log();
	pid_t daemon = start_daemon(cgroup, COMMAND(WORD("--once"), WORD("--hog"), hog_mb,
						    WORD("/init"), WORD("family")));
	int first, second, killed, logged;

	EXPECT(number_after("protected: ") == OOMCTL_SCORE_ADJ_PROTECTED);
	first = number_after("worker: ");
	second = number_after("worker: ");
	killed = number_after("killed: ");
	EXPECT(killed == first || killed == second);
	EXPECT(number_after("worker: ") > 0);
	EXPECT(number_after("restored: ") == 0);
	expect_end(daemon, 0);
	do { /* more may have been killed until the daemon saw the first */
		logged = next_killed(log);
		EXPECT(logged != 0 && logged != daemon);
	} while (logged != killed);
	close(log);
}

/* And this is why: with a high value the daemon itself is taken. */
static void expect_to_be_killed(void)
{
	int log = open_log();
	pid_t daemon =
	    start_daemon(NULL, COMMAND(WORD("--adj"), WORD("1000"), WORD("--hog"),
				       WORD("150"), WORD("/init"), WORD("family")));

	EXPECT(number_after("protected: ") == 1000);
	EXPECT(number_after("worker: ") > 0);
	expect_end(daemon, SIGKILL);
	EXPECT(next_killed(log) == daemon);
	close(log);
}

SCENARIO(guarded_daemon)
{
	expect_to_live(NULL, WORD("150"));
	make_cgroup("/lab", 64 * MB);
	expect_to_live("/lab", WORD("50"));
	expect_to_be_killed();
	note("lives, of the machine and of a cgroup; with 1000 it is killed first");
}
