/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <oomctl/proc.h>

static pid_t pids[PROCESSES_MAX];
static size_t started, apart;

static void end_all(void)
{
	for (size_t i = 0; i < started; i++)
		kill(pids[i], SIGKILL);
	while (started > 0)
		waitpid(pids[--started], NULL, 0);
}

static _Noreturn void come_to_rest(pid_t parent, int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || write(fd, "", 1) != 1)
		_exit(1);
	close(fd);
	for (;;)
		pause();
}

/* Each says that it runs: one that was never scheduled uses less memory. */
static int start_one(int in, int out)
{
	pid_t parent = getpid(), pid = fork();
	char byte;

	if (pid == 0) {
		close(in);
		come_to_rest(parent, out);
	}
	if (pid < 0)
		return -1;

	pids[started++] = pid;
	return read(in, &byte, 1) == 1 ? 0 : -1;
}

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int set_adj(size_t i, int adj)
{
	return oomctl_proc_set_oom_score_adj(NULL, pids[i], adj);
}

int processes_set_apart(size_t count)
{
	int r = 0;

	while (r == 0 && apart > count)
		r = set_adj(--apart, 0);
	for (; r == 0 && apart < count; apart++)
		r = set_adj(apart, OOMCTL_SCORE_ADJ_MAX - 10 * (int)apart);
	return r;
}

int processes_start(size_t count)
{
	int ends[2], r = 0;

	if (processes_set_apart(0) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if (started == 0)
		atexit(end_all);

	while (r == 0 && started < count)
		r = start_one(ends[0], ends[1]);
	close(ends[0]);
	close(ends[1]);
	qsort(pids, started, sizeof(*pids), compare);
	return r;
}

pid_t processes_pid(size_t i)
{
	return pids[i];
}
