/* SPDX-License-Identifier: MIT */
/* The pieces of code that the reference shows, each run once on this machine. What they
 * set is what was there. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

static int ctx(void)
{
	//! [ctx]
	struct oomctl_ctx *host;
	int32_t ratio;
	int r;

	/* In a container this would be "/host/proc" and "/host/sys". */
	r = oomctl_ctx_new("/proc", "/sys", &host);
	if (r < 0) {
		fprintf(stderr, "no host here: %s\n", oomctl_strerror(r));
		return r;
	}

	r = oomctl_vm_get_overcommit_ratio(host, &ratio);
	if (r == 0)
		printf("the host's overcommit_ratio is %" PRId32 "\n", ratio);
	oomctl_ctx_free(host);
	return r;
	//! [ctx]
}

static int error_text(void)
{
	//! [strerror]
	int32_t score;
	int r = oomctl_proc_get_oom_score(NULL, 0, &score);

	if (r < 0)
		fprintf(stderr, "oom_score: %s\n", oomctl_strerror(r));
	//! [strerror]
	return r;
}

static int version(void)
{
	//! [version]
	printf("compiled for liboomctl %d.%d, running with %s\n", OOMCTL_VERSION_MAJOR,
	       OOMCTL_VERSION_MINOR, oomctl_version());
	//! [version]
	return 0;
}

static int commit_limit(void)
{
	//! [commit_limit]
	struct oomctl_commit_figures figures;
	uint64_t limit_kb;
	int r;

	r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r < 0)
		return r;

	figures.overcommit_kbytes = 0;
	figures.overcommit_ratio = 80;
	r = oomctl_calc_commit_limit(&figures, &limit_kb);
	if (r == 0)
		printf("with 80 %% the limit would be %" PRIu64 " kB\n", limit_kb);
	return r;
	//! [commit_limit]
}

static int overcommit_ratio(void)
{
	//! [overcommit_ratio]
	struct oomctl_commit_figures figures;
	int32_t ratio;
	int r;

	r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r < 0)
		return r;

	r = oomctl_calc_overcommit_ratio(&figures, 64 * 1024 * 1024, &ratio);
	if (r == 0)
		printf("64 GiB need an overcommit_ratio of %" PRId32 "\n", ratio);
	return r;
	//! [overcommit_ratio]
}

static int meminfo(void)
{
	//! [meminfo]
	struct oomctl_meminfo m;
	int r = oomctl_meminfo_read(NULL, &m, sizeof(m));

	if (r < 0)
		return r;
	if (m.present & OOMCTL_MEMINFO_MEM_AVAILABLE)
		printf("%" PRIu64 " of %" PRIu64 " kB available\n", m.mem_available_kb,
		       m.mem_total_kb);
	//! [meminfo]
	return 0;
}

static int meminfo_parse(void)
{
	//! [meminfo_parse]
	static const char text[] = "MemTotal:        4029312 kB\n"
				   "SwapTotal:             0 kB\n";
	struct oomctl_meminfo m;
	int r = oomctl_meminfo_parse(text, strlen(text), &m, sizeof(m));

	if (r < 0)
		return r;
	printf("the other machine has %" PRIu64 " kB\n", m.mem_total_kb);
	//! [meminfo_parse]
	return 0;
}

static int get_oom_score(void)
{
	//! [get_oom_score]
	int32_t score;
	int r = oomctl_proc_get_oom_score(NULL, 0, &score);

	if (r < 0)
		return r;
	printf("this process has an oom_score of %" PRId32 "\n", score);
	//! [get_oom_score]
	return 0;
}

static int get_oom_score_adj(void)
{
	pid_t pid = getpid();
	//! [get_oom_score_adj]
	int32_t adj;
	int r = oomctl_proc_get_oom_score_adj(NULL, pid, &adj);

	if (r == -ESRCH)
		printf("process %d has ended\n", pid);
	else if (r == 0 && adj == OOMCTL_SCORE_ADJ_MIN)
		printf("process %d is never killed\n", pid);
	//! [get_oom_score_adj]
	return r;
}

static int set_oom_score_adj(void)
{
	//! [set_oom_score_adj]
	int r = oomctl_proc_set_oom_score_adj(NULL, 0, -500);

	if (r == -EACCES)
		fputs("not protected: run with CAP_SYS_RESOURCE\n", stderr);
	else if (r < 0)
		fprintf(stderr, "not protected: %s\n", oomctl_strerror(r));
	//! [set_oom_score_adj]
	return r;
}

static int pidfd(void)
{
	pid_t pid = getpid();
	//! [pidfd]
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int32_t score, adj;
	int r;

	if (fd < 0)
		return -errno;

	/* From here on the number may be used again: it is this process or -ESRCH. */
	r = oomctl_pidfd_get_oom_score(NULL, fd, &score);
	if (r == 0)
		r = oomctl_pidfd_get_oom_score_adj(NULL, fd, &adj);
	if (r == 0 && adj < 500)
		r = oomctl_pidfd_set_oom_score_adj(NULL, fd, 500);
	if (r == 0)
		printf("process %d had %" PRId32 " points and gives way now\n", pid,
		       score);
	close(fd);
	//! [pidfd]
	return r;
}

static int overcommit_memory(void)
{
	//! [overcommit_memory]
	enum oomctl_overcommit before;
	int r = oomctl_vm_get_overcommit_memory(NULL, &before);

	if (r < 0)
		return r;
	printf("requests are %s\n", before == OOMCTL_OVERCOMMIT_NEVER
					? "held to the commit limit"
					: "not held to the commit limit");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_overcommit_memory(NULL, before);
	if (r < 0)
		fprintf(stderr, "overcommit_memory not set: %s\n", oomctl_strerror(r));
	//! [overcommit_memory]
	return r;
}

static int overcommit_ratio_knob(void)
{
	//! [overcommit_ratio_knob]
	uint64_t kbytes;
	int32_t ratio;
	int r;

	r = oomctl_vm_get_overcommit_ratio(NULL, &ratio);
	if (r == 0)
		r = oomctl_vm_get_overcommit_kbytes(NULL, &kbytes);
	if (r < 0)
		return r;
	printf("overcommit_ratio is %s\n", kbytes == 0 ? "in force" : "not in force");

	/* To put both back, write the one in force: each write zeroes the other. */
	if (kbytes == 0)
		r = oomctl_vm_set_overcommit_ratio(NULL, ratio);
	if (r < 0)
		fprintf(stderr, "overcommit_ratio not set: %s\n", oomctl_strerror(r));
	//! [overcommit_ratio_knob]
	return r;
}

static int overcommit_kbytes(void)
{
	//! [overcommit_kbytes]
	uint64_t kbytes;
	int32_t ratio;
	int r;

	r = oomctl_vm_get_overcommit_ratio(NULL, &ratio);
	if (r == 0)
		r = oomctl_vm_get_overcommit_kbytes(NULL, &kbytes);
	if (r < 0)
		return r;
	printf("overcommit_kbytes is %s\n", kbytes != 0 ? "in force" : "not in force");

	/* To put both back, write the one in force: each write zeroes the other. */
	if (kbytes != 0)
		r = oomctl_vm_set_overcommit_kbytes(NULL, kbytes);
	if (r < 0)
		fprintf(stderr, "overcommit_kbytes not set: %s\n", oomctl_strerror(r));
	//! [overcommit_kbytes]
	return r;
}

static int panic_on_oom(void)
{
	//! [panic_on_oom]
	enum oomctl_panic before;
	int r = oomctl_vm_get_panic_on_oom(NULL, &before);

	if (r < 0)
		return r;
	printf("without memory, this machine %s\n",
	       before == OOMCTL_PANIC_NEVER ? "kills a process" : "panics");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_panic_on_oom(NULL, before);
	if (r < 0)
		fprintf(stderr, "panic_on_oom not set: %s\n", oomctl_strerror(r));
	//! [panic_on_oom]
	return r;
}

static int oom_kill_allocating_task(void)
{
	//! [oom_kill_allocating_task]
	int32_t before;
	int r = oomctl_vm_get_oom_kill_allocating_task(NULL, &before);

	if (r < 0)
		return r;
	printf("killed is %s\n",
	       before ? "whoever asks for memory" : "the highest score");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_oom_kill_allocating_task(NULL, before);
	if (r < 0)
		fprintf(stderr, "oom_kill_allocating_task not set: %s\n",
			oomctl_strerror(r));
	//! [oom_kill_allocating_task]
	return r;
}

static int oom_dump_tasks(void)
{
	//! [oom_dump_tasks]
	int32_t before;
	int r = oomctl_vm_get_oom_dump_tasks(NULL, &before);

	if (r < 0)
		return r;
	printf("a kill is logged %s\n", before ? "with all processes" : "alone");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_oom_dump_tasks(NULL, before);
	if (r < 0)
		fprintf(stderr, "oom_dump_tasks not set: %s\n", oomctl_strerror(r));
	//! [oom_dump_tasks]
	return r;
}

static int admin_reserve_kbytes(void)
{
	//! [admin_reserve_kbytes]
	uint64_t before;
	int r = oomctl_vm_get_admin_reserve_kbytes(NULL, &before);

	if (r < 0)
		return r;
	printf("%" PRIu64 " kB are kept for root\n", before);

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_admin_reserve_kbytes(NULL, before);
	if (r < 0)
		fprintf(stderr, "admin_reserve_kbytes not set: %s\n", oomctl_strerror(r));
	//! [admin_reserve_kbytes]
	return r;
}

static int user_reserve_kbytes(void)
{
	//! [user_reserve_kbytes]
	uint64_t before;
	int r = oomctl_vm_get_user_reserve_kbytes(NULL, &before);

	if (r < 0)
		return r;
	printf("%" PRIu64 " kB are kept back from each process\n", before);

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_user_reserve_kbytes(NULL, before);
	if (r < 0)
		fprintf(stderr, "user_reserve_kbytes not set: %s\n", oomctl_strerror(r));
	//! [user_reserve_kbytes]
	return r;
}

static int panic_timeout(void)
{
	//! [panic_timeout]
	int32_t before;
	int r = oomctl_vm_get_panic_timeout(NULL, &before);

	if (r < 0)
		return r;
	printf("after a panic, this machine %s\n", before ? "boots again" : "stays down");

	/* Whatever was set in between, this puts it back. */
	r = oomctl_vm_set_panic_timeout(NULL, before);
	if (r < 0)
		fprintf(stderr, "panic_timeout not set: %s\n", oomctl_strerror(r));
	//! [panic_timeout]
	return r;
}

static int (*const snippets[])(void) = {
	ctx,
	error_text,
	version,
	commit_limit,
	overcommit_ratio,
	meminfo,
	meminfo_parse,
	get_oom_score,
	get_oom_score_adj,
	set_oom_score_adj,
	pidfd,
	overcommit_memory,
	overcommit_ratio_knob,
	overcommit_kbytes,
	panic_on_oom,
	oom_kill_allocating_task,
	oom_dump_tasks,
	admin_reserve_kbytes,
	user_reserve_kbytes,
	panic_timeout,
};

static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

int main(void)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(snippets) / sizeof(snippets[0]); i++) {
		int r = snippets[i]();

		if (r < 0 && !is_refusal(r)) {
			fprintf(stderr, "snippet %zu: %s\n", i, oomctl_strerror(r));
			failed++;
		}
	}
	return failed > 0 ? 1 : 0;
}
