/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

unsigned int child_limit_s = 60;

static int status_of(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(child_limit_s);
		body();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void in_child(void (*body)(void))
{
	int status = status_of(body);

	if (status == CHILD_SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

void enter_namespaces(void (*body)(void))
{
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		SKIP_CHILD("no right to make namespaces");
	EXPECT(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
	_exit(status_of(body));
}

static void (*body_in_namespaces)(void);

static void enter(void)
{
	enter_namespaces(body_in_namespaces);
}

void in_namespaces(void (*body)(void))
{
	body_in_namespaces = body;
	in_child(enter);
}

void mount_proc(const char *options)
{
	if (mount("proc", "/proc", "proc", 0, options) < 0)
		SKIP_CHILD("this kernel does not mount /proc like that");
}

static void sleep_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

pid_t start_sleeper(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		sleep_for_ever();
	return pid;
}

pid_t start_sleeper_with(pid_t number)
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (uintptr_t)&number,
				   .set_tid_size = 1 };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		sleep_for_ever();
	return pid;
}

bool wait_until_asleep(pid_t pid)
{
	char path[64], state = 0;
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (state != 'S') {
		f = fopen(path, "re");
		if (!f)
			return false;
		n = fscanf(f, "%*d (%*[^)]) %c", &state);
		fclose(f);
		if (n != 1)
			return false;
	}
	return true;
}

void end_sleeper(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void *await_end_of_main_thread(void *body)
{
	struct stat file = { .st_uid = NOBODY };

	while (file.st_uid == NOBODY) { /* then its files are root's */
		usleep(1000);
		EXPECT(stat("/proc/self/oom_score_adj", &file) == 0);
	}
	(*(void (**)(void))body)();
	_exit(0);
}

void outlive_main_thread(void (*body)(void))
{
	static void (*kept)(void);
	pthread_t thread;

	kept = body;
	become_nobody();
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	EXPECT(pthread_create(&thread, NULL, await_end_of_main_thread, &kept) == 0);
	pthread_exit(NULL);
}

int32_t number_in(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? (int32_t)strtol(text, NULL, 10) : UNTOUCHED;
}

int32_t number_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return number_in(path);
}

void drop_resource_capability(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];
	uint32_t bit = UINT32_C(1) << CAP_SYS_RESOURCE;

	EXPECT(syscall(SYS_capget, &header, sets) == 0);
	sets[0].effective &= ~bit;
	sets[0].permitted &= ~bit;
	EXPECT(syscall(SYS_capset, &header, sets) == 0);
}

void become_nobody(void)
{
	if (geteuid() != 0)
		SKIP_CHILD("only root can become another user");
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	EXPECT(setresuid(NOBODY, NOBODY, NOBODY) == 0);
}
