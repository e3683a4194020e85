/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>

#include <oomctl/oomctl.h>

struct given given;

static const struct oomctl_commit_figures in = {
	.mem_total_kb = 4029312,
	.overcommit_ratio = 50,
	.page_size = 4096,
};
static const char text[] = "MemTotal: 4029312 kB\n";

static struct oomctl_commit_figures figures;
static struct oomctl_meminfo meminfo;
static enum oomctl_overcommit overcommit;
static enum oomctl_panic on_oom;
static int32_t i32;
static uint64_t u64;

/* clang-format off */
#define KNOB(NAME, OUT, VALUE)                                                          \
	CALL(vm_get_##NAME, given.ctx, &OUT)                                            \
	CALL(vm_set_##NAME, given.ctx, VALUE)

#define CALLS                                                                           \
	CALL(calc_commit_limit, &in, &u64)                                              \
	CALL(calc_overcommit_ratio, &in, 2014656, &i32)                                 \
	CALL(meminfo_parse, text, sizeof(text) - 1, &meminfo, sizeof(meminfo))          \
	CALL(meminfo_read, given.ctx, &meminfo, sizeof(meminfo))                        \
	CALL(meminfo_read_commit_figures, given.ctx, &figures, sizeof(figures))         \
	CALL(pidfd_get_oom_score, given.ctx, given.pidfd, &i32)                         \
	CALL(pidfd_get_oom_score_adj, given.ctx, given.pidfd, &i32)                     \
	CALL(pidfd_set_oom_score_adj, given.ctx, given.pidfd, given.adj)                \
	CALL(proc_get_oom_score, given.ctx, given.pid, &i32)                            \
	CALL(proc_get_oom_score_adj, given.ctx, given.pid, &i32)                        \
	CALL(proc_set_oom_score_adj, given.ctx, given.pid, given.adj)                   \
	TEXT(strerror, -1)                                                              \
	TEXT(version)                                                                   \
	KNOB(admin_reserve_kbytes, u64, 8192)                                           \
	KNOB(oom_dump_tasks, i32, 1)                                                    \
	KNOB(oom_kill_allocating_task, i32, 0)                                          \
	KNOB(overcommit_kbytes, u64, 0)                                                 \
	KNOB(overcommit_memory, overcommit, OOMCTL_OVERCOMMIT_GUESS)                    \
	KNOB(overcommit_ratio, i32, 50)                                                 \
	KNOB(panic_on_oom, on_oom, OOMCTL_PANIC_NEVER)                                  \
	KNOB(panic_timeout, i32, 0)                                                     \
	KNOB(user_reserve_kbytes, u64, 8192)

#define CALL(NAME, ...) static int run_##NAME(void) { return oomctl_##NAME(__VA_ARGS__); }
#define TEXT(NAME, ...) static int run_##NAME(void) { return !oomctl_##NAME(__VA_ARGS__); }
CALLS
#undef CALL
#undef TEXT

#define CALL(NAME, ...) { "oomctl_" #NAME, run_##NAME },
#define TEXT CALL
const struct call calls[] = { CALLS { NULL, NULL } };
/* clang-format on */

const struct call *find_call(const char *name)
{
	for (const struct call *c = calls; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
