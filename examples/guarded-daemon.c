/* SPDX-License-Identifier: MIT */
/* A daemon that is killed last; its workers and its helper are not protected along with it. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

enum { EXIT_USAGE = 2, WORKERS_MAX = 64 };

struct daemon {
	struct oomctl_guard guard;
	long adj, hog_mb, worker_count;
	bool only_once;
	sigset_t signals; /* they wait until they are asked for */
	pid_t workers[WORKERS_MAX], helper;
	char **command; /* of the helper */
};

static int print_usage(FILE *to)
{
	fputs(
	    "usage: guarded-daemon [--workers N] [--adj N] [--hog MB] [--once] [COMMAND...]\n\n"
	    "Protects itself, by an oom_score_adj of -999 or as near as is allowed, but not\n"
	    "its 2 workers, nor the helper: COMMAND, or sleep. A worker that is killed is\n"
	    "replaced; with --once this is the end. --hog lets each take so much memory.\n\n"
	    "Exit status: 0 after SIGTERM, SIGINT or --once, 1 failure, 2 wrong usage.\n",
	    to);
	return to == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static int print_failure(const char *what, const char *why)
{
	fprintf(stderr, "guarded-daemon: %s: %s\n", what, why);
	return -1;
}

static int protect(struct daemon *d)
{
	int r = oomctl_protect_begin(NULL, (int32_t)d->adj, OOMCTL_ADJUST_CLAMP,
				     &d->guard, sizeof(d->guard));

	if (r < 0)
		return print_failure("not protected", oomctl_strerror(r));

	printf("protected: %d, was %d\n", d->guard.adj, d->guard.saved_adj);
	if (d->guard.adj > d->adj)
		printf("the floor: %d; less takes CAP_SYS_RESOURCE\n", d->guard.adj);
	return 0;
}

/* A worker gives back first what it has inherited: nothing that it starts has it then. */
static _Noreturn void work(const struct daemon *d)
{
	int r = oomctl_protect_reset_child(NULL, &d->guard);

	if (r < 0) {
		print_failure("a worker is protected", oomctl_strerror(r));
		_exit(1);
	}

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != d->guard.pid) /* it has ended already */
		_exit(1);
	sigprocmask(SIG_UNBLOCK, &d->signals, NULL);
	if (d->hog_mb > 0 &&
	    mmap(NULL, (size_t)d->hog_mb << 20, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED) {
		perror("guarded-daemon: a worker's memory");
		_exit(1);
	}
	for (;;)
		pause();
}

static int start_worker(struct daemon *d, int i)
{
	d->workers[i] = fork();
	if (d->workers[i] == 0)
		work(d);
	if (d->workers[i] < 0) {
		perror("guarded-daemon: no worker");
		return -1;
	}
	printf("worker: %d\n", d->workers[i]);
	return 0;
}

static int spawn(struct daemon *d)
{
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	err = posix_spawnp(&d->helper, d->command[0], NULL, &attr, d->command, environ);
	posix_spawnattr_destroy(&attr);
	if (err != 0)
		d->helper = 0;
	return err;
}

/* No code of this program runs in it, so it is to inherit what it should have. */
static int start_helper(struct daemon *d)
{
	int err, r = oomctl_protect_pause(&d->guard, d->guard.saved_adj);

	if (r < 0)
		return print_failure("no helper", oomctl_strerror(r));

	err = spawn(d);
	r = oomctl_protect_resume(&d->guard);
	if (r < 0)
		return print_failure("protected no longer", oomctl_strerror(r));
	if (err != 0)
		return print_failure(d->command[0], strerror(err));

	printf("helper: %d\n", d->helper);
	return 0;
}

/* How many workers were replaced, or -1. One that gave up would do so again. */
static int look_after_children(struct daemon *d)
{
	int i, status, replaced = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < d->worker_count && d->workers[i] != pid;)
			i++;
		if (pid == d->helper)
			d->helper = 0;
		if (i == d->worker_count)
			continue;
		d->workers[i] = 0;
		if (!WIFSIGNALED(status))
			return print_failure("a worker gave up", "see above");
		printf("killed: %d, by signal %d\n", pid, WTERMSIG(status));
		if (start_worker(d, i) < 0)
			return -1;
		replaced++;
	}
	return replaced;
}

static int serve(struct daemon *d)
{
	int r = 0;

	while (r == 0 || (r > 0 && !d->only_once)) {
		if (sigwaitinfo(&d->signals, NULL) != SIGCHLD)
			return 0;
		r = look_after_children(d);
	}
	return r < 0 ? -1 : 0;
}

static void end_child(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
}

static int end(struct daemon *d)
{
	int32_t adj;
	int r;

	for (int i = 0; i < d->worker_count; i++)
		end_child(d->workers[i]);
	end_child(d->helper);

	r = oomctl_protect_end(&d->guard, &adj);
	if (r < 0)
		return print_failure("not restored", oomctl_strerror(r));
	printf("restored: %d\n", adj);
	return 0;
}

static bool parse_number(const char *text, long min, long max, long *out)
{
	char *rest;

	*out = strtol(text, &rest, 10);
	return rest != text && *rest == '\0' && *out >= min && *out <= max;
}

static const struct option options[] = {
	{ "workers", required_argument, NULL, 'w' },
	{ "adj", required_argument, NULL, 'a' },
	{ "hog", required_argument, NULL, 'm' },
	{ "once", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool take_option(struct daemon *d, int c)
{
	if (c == 'w')
		return parse_number(optarg, 1, WORKERS_MAX, &d->worker_count);
	if (c == 'a')
		return parse_number(optarg, INT_MIN, INT_MAX, &d->adj);
	if (c == 'm')
		return parse_number(optarg, 0, 1 << 20, &d->hog_mb);
	d->only_once |= c == 'o';
	return c == 'o';
}

int main(int argc, char **argv)
{
	static char sleep[] = "sleep", for_ever[] = "infinity";
	char *asleep[] = { sleep, for_ever, NULL };
	struct daemon d = { .adj = OOMCTL_SCORE_ADJ_PROTECTED, .worker_count = 2 };
	int c, r = 0;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1)
		if (!take_option(&d, c))
			return print_usage(c == 'h' ? stdout : stderr);
	d.command = optind < argc ? argv + optind : asleep;
	setvbuf(stdout, NULL, _IOLBF, 0); /* nothing is left that a child would print */
	sigemptyset(&d.signals);
	sigaddset(&d.signals, SIGCHLD);
	sigaddset(&d.signals, SIGINT);
	sigaddset(&d.signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &d.signals, NULL);

	if (protect(&d) < 0)
		return EXIT_FAILURE;
	for (int i = 0; r == 0 && i < d.worker_count; i++)
		r = start_worker(&d, i);
	if (r == 0)
		r = start_helper(&d);
	if (r == 0)
		r = serve(&d);
	return end(&d) < 0 || r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
