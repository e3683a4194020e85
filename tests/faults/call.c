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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

static const struct oomctl_commit_figures in = {
	.mem_total_kb = 4029312,
	.overcommit_ratio = 50,
	.page_size = 4096,
};
static const char text[] = "MemTotal: 4029312 kB\n";

static struct {
	char proc[128], sys[128];
	struct oomctl_ctx *ctx;
	int pidfd;
} given;

static union {
	enum oomctl_overcommit overcommit;
	enum oomctl_panic on_oom;
	int32_t i32;
	uint64_t u64;
	struct oomctl_commit_figures figures;
	struct oomctl_ctx *ctx;
	struct oomctl_meminfo meminfo;
} out;

/* clang-format off */
#define KNOB(NAME, OUT, VALUE)                                                          \
	CALL(vm_get_##NAME, given.ctx, &out.OUT)                                        \
	CALL(vm_set_##NAME, given.ctx, VALUE)

/* The values differ from those that the files hold before. */
#define CALLS                                                                           \
	CALL(calc_commit_limit, &in, &out.u64)                                          \
	CALL(calc_overcommit_ratio, &in, 2014656, &out.i32)                             \
	VOID(ctx_free, given.ctx)                                                       \
	CALL(ctx_new, given.proc, given.sys, &out.ctx)                                  \
	CALL(meminfo_parse, text, sizeof(text) - 1, &out.meminfo, sizeof(out.meminfo))  \
	CALL(meminfo_read, given.ctx, &out.meminfo, sizeof(out.meminfo))                \
	CALL(meminfo_read_commit_figures, given.ctx, &out.figures, sizeof(out.figures)) \
	CALL(pidfd_get_oom_score, given.ctx, given.pidfd, &out.i32)                     \
	CALL(pidfd_get_oom_score_adj, given.ctx, given.pidfd, &out.i32)                 \
	CALL(pidfd_set_oom_score_adj, given.ctx, given.pidfd, 1000)                     \
	CALL(proc_get_oom_score, given.ctx, 0, &out.i32)                                \
	CALL(proc_get_oom_score_adj, given.ctx, 0, &out.i32)                            \
	CALL(proc_set_oom_score_adj, given.ctx, 0, 1000)                                \
	VOID(strerror, -1)                                                              \
	VOID(version)                                                                   \
	KNOB(admin_reserve_kbytes, u64, 20)                                             \
	KNOB(oom_dump_tasks, i32, 20)                                                   \
	KNOB(oom_kill_allocating_task, i32, 20)                                         \
	KNOB(overcommit_kbytes, u64, 20)                                                \
	KNOB(overcommit_memory, overcommit, OOMCTL_OVERCOMMIT_NEVER)                    \
	KNOB(overcommit_ratio, i32, 20)                                                 \
	KNOB(panic_on_oom, on_oom, OOMCTL_PANIC_ALWAYS)                                 \
	KNOB(panic_timeout, i32, 20)                                                    \
	KNOB(user_reserve_kbytes, u64, 20)

#define CALL(NAME, ...) static int run_##NAME(void) { return oomctl_##NAME(__VA_ARGS__); }
#define VOID(NAME, ...) static int run_##NAME(void) { oomctl_##NAME(__VA_ARGS__); return 0; }
CALLS
#undef CALL
#undef VOID

#define CALL(NAME, ...) { #NAME, run_##NAME },
#define VOID CALL
static const struct {
	const char *name;
	int (*run)(void);
} calls[] = { CALLS };
/* clang-format on */

static int run_between_marks(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		getppid();
		int r = calls[i].run();
		getppid();
		return r;
	}
	abort();
}

static int give(const char *root)
{
	snprintf(given.proc, sizeof(given.proc), "%s/proc", root);
	snprintf(given.sys, sizeof(given.sys), "%s/sys", root);
	given.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	return *root ? oomctl_ctx_new(given.proc, given.sys, &given.ctx) : 0;
}

/* Here and in main(), none of the system calls is of the library's kinds, but for openat(2)
 * before the call. */
static int put_old(const char *path, const char *old)
{
	int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);

	return pwrite(fd, old, strlen(old), 0) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	const struct iovec all = { &out, sizeof(out) };
	int r, file = -1;

	memset(&out, '?', sizeof(out));
	if (argc < 3 || give(argv[2]) < 0)
		abort();
	if (argc > 4 && (file = put_old(argv[3], argv[4])) < 0)
		abort();

	r = run_between_marks(argv[1]);
	if (r == 0 && strcmp(argv[1], "ctx_new") == 0)
		out.u64 = 1; /* the address is never the same */

	if (argc > 4 && pread(file, &out, sizeof(out), 0) < 0)
		abort();
	return writev(STDOUT_FILENO, &all, 1) < 0 ? 255 : -r;
}
