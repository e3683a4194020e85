/* SPDX-License-Identifier: MIT */
#include "restore.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* By plain system calls: what is under test does not restore what it has set. */
struct saved {
	const char *path;
	char text[32];
};

/* The policy last: it may be the strict one, which needs the others to be right. */
static struct saved knobs[] = {
	{ "/proc/sys/vm/overcommit_kbytes", "" },
	{ "/proc/sys/vm/overcommit_ratio", "" },
	{ "/proc/sys/vm/nr_hugepages", "" },
	{ "/proc/sys/vm/admin_reserve_kbytes", "" },
	{ "/proc/sys/vm/user_reserve_kbytes", "" },
	{ "/proc/sys/vm/oom_kill_allocating_task", "" },
	{ "/proc/sys/vm/oom_dump_tasks", "" },
	{ "/proc/sys/kernel/panic", "" },
	{ "/proc/sys/vm/panic_on_oom", "" },
	{ "/proc/sys/vm/overcommit_memory", "" },
};

static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n <= 0) {
		perror(path);
		exit(1);
	}
	text[n] = '\0';
	close(fd);
}

static bool write_text(const struct saved *knob)
{
	int fd = open(knob->path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(knob->text);
	bool ok = fd >= 0 && write(fd, knob->text, len) == (ssize_t)len;

	close(fd);
	return ok;
}

/* Each of ratio and kbytes zeroes the other: the one that was 0 is left to that. */
static bool restore_one(const struct saved *knob)
{
	char now[sizeof(knob->text)];

	read_text(knob->path, now, sizeof(now));
	if (strcmp(now, knob->text) == 0)
		return true;
	if (strncmp(knob->path, "/proc/sys/vm/overcommit_", 24) == 0 &&
	    strcmp(knob->path, "/proc/sys/vm/overcommit_memory") != 0 &&
	    strcmp(knob->text, "0\n") == 0)
		return true;
	return write_text(knob);
}

static bool restore_all(void)
{
	char now[sizeof(knobs[0].text)];
	bool ok = true;

	for (size_t i = 0; i < LENGTH(knobs); i++)
		ok = restore_one(&knobs[i]) && ok;
	for (size_t i = 0; i < LENGTH(knobs); i++) {
		read_text(knobs[i].path, now, sizeof(now));
		ok = strcmp(now, knobs[i].text) == 0 && ok;
	}
	return ok;
}

/* No descendant of the test, so that nobody who ends the test ends this one, too. */
static void supervise(int alive_fd, int done_fd, void (*undo)(void))
{
	char c;

	setsid();
	if (fork() != 0)
		_exit(0);
	while (read(alive_fd, &c, 1) > 0)
		;
	if (undo)
		undo();
	_exit(restore_all() && write(done_fd, "k", 1) == 1 ? 0 : 1);
}

static void start_supervisor(int alive[2], int done[2], void (*undo)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(alive[1]);
		close(done[0]);
		supervise(alive[0], done[1], undo);
	}
	waitpid(pid, NULL, 0);
	close(alive[0]);
	close(done[1]);
}

static int run_in_child(int (*body)(void))
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		alarm(100);
		exit(body());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int with_knobs_restored(int (*body)(void), void (*undo)(void))
{
	int alive[2], done[2];
	char c;
	int r;

	for (size_t i = 0; i < LENGTH(knobs); i++)
		read_text(knobs[i].path, knobs[i].text, sizeof(knobs[i].text));
	if (pipe2(alive, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
		exit(1);

	start_supervisor(alive, done, undo);
	r = run_in_child(body);
	close(alive[1]);
	if (read(done[0], &c, 1) != 1) {
		fprintf(stderr, "the knobs of this machine could not be restored\n");
		exit(1);
	}
	close(done[0]);
	return r;
}
