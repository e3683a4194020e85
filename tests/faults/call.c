/* SPDX-License-Identifier: MIT */

/*
 * Makes one call, between two system calls that nothing else makes: getppid(2).
 *
 * Usage: call NAME ROOT [FILE OLD]
 * ROOT has "proc" and "sys" of the machine; empty: this machine's own. FILE is what the
 * call sets; it is given the text OLD before. What the call gave out is printed, as bytes,
 * or what FILE holds afterwards. The exit status is the result, without its sign.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "calls.h"

static int run_between_marks(const char *name)
{
	for (const struct call *c = calls; c->name; c++) {
		if (strcmp(c->name, name) != 0)
			continue;
		getppid();
		int r = c->run();
		getppid();
		return r;
	}
	abort();
}

/* Here and in main(), none of the system calls is of the library's kinds, but for openat(2)
 * before the call, and what takes back what it made after it. */
static bool put_old(const char *path, const char *old)
{
	const struct iovec text = { (void *)old, strlen(old) };
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return pwritev(fd, &text, 1, 0) >= 0;
}

/* It may be another file by now. */
static bool get_new(const char *path)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
	const struct iovec all = { &out, sizeof(out) };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	memset(&out, '?', sizeof(out));
	return preadv(fd, &all, 1, 0) >= 0;
}

int main(int argc, char **argv)
{
	const struct iovec all = { &out, sizeof(out) };
	int r;

	memset(&out, '?', sizeof(out));
	given.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (argc < 3 || give(argv[2]) < 0)
		abort();
	if (*argv[2])
		put_own_cgroup(argv[2]);
	if (argc > 4 && !put_old(argv[3], argv[4]))
		abort();

	r = run_between_marks(argv[1]);
	if (r == 0)
		tidy(argv[1]);

	if (argc > 4 && !get_new(argv[3]))
		abort();
	return writev(STDOUT_FILENO, &all, 1) < 0 ? 255 : -r;
}
