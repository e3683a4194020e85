/* SPDX-License-Identifier: MIT */
#include "children.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <oomctl/proc.h>

#include "guest.h"

struct child children[MOST];
int child_count;

static void obey(int orders, int done, size_t pages)
{
	char *p = reserve(256 * MB);
	uint32_t more = (uint32_t)pages;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do {
		touch(p, more * page_size(), page_size());
		p += more * page_size();
		EXPECT(write(done, "k", 1) == 1);
	} while (read(orders, &more, sizeof(more)) == sizeof(more));
	_exit(0);
}

static void wait_for(const struct child *c)
{
	char k;

	EXPECT(read(c->done, &k, 1) == 1);
}

void add_child(const char *cgroup, size_t pages, int32_t adj)
{
	struct child *c = &children[child_count++];
	int orders[2], done[2];

	EXPECT(child_count <= MOST && pipe2(orders, O_CLOEXEC) == 0 &&
	       pipe2(done, O_CLOEXEC) == 0);
	c->pid = fork();
	EXPECT(c->pid >= 0);
	if (c->pid == 0) {
		close(orders[1]);
		if (cgroup)
			enter_cgroup(cgroup);
		obey(orders[0], done[1], pages);
	}
	close(orders[0]);
	close(done[1]);
	c->orders = orders[1];
	c->done = done[0];
	wait_for(c);
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, c->pid, adj) == 0);
}

void grow(const struct child *c, uint32_t pages)
{
	EXPECT(write(c->orders, &pages, sizeof(pages)) == sizeof(pages));
	wait_for(c);
}

void end_children(void)
{
	while (child_count > 0) {
		struct child *c = &children[--child_count];

		kill(c->pid, SIGKILL);
		close(c->orders);
		close(c->done);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void fill(void)
{
	for (;;) {
		char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			pause();
	}
}

static pid_t start_filler(const char *cgroup, int32_t adj)
{
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid > 0)
		return pid;
	EXPECT(oomctl_proc_set_oom_score_adj(NULL, 0, adj) == 0);
	if (cgroup)
		enter_cgroup(cgroup);
	fill();
	_exit(1);
}

pid_t run_out(const char *cgroup, int32_t adj, pid_t *out_filler)
{
	int log = open_log();
	pid_t killed;
	int status;

	*out_filler = start_filler(cgroup, adj);
	EXPECT(waitpid(-1, &status, 0) > 0);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	kill(*out_filler, SIGKILL);
	killed = next_killed(log);
	close(log);
	return killed;
}
