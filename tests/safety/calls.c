/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "fixture.h"
#include "test.h"

/* Without "Hugetlb:", so that the directory of huge pages is walked. */
#define MEMINFO                                                                          \
	"MemTotal:        4029312 kB\nMemFree:         3000000 kB\n"                     \
	"SwapTotal:             0 kB\nCommitLimit:     2012608 kB\n"

enum { FIXTURE_PID = 42, SCORE = 667 };

static int pidfd; /* of the calling process, and of FIXTURE_PID in the fixture */

#define KNOB(NAME, TYPE, VALUE)                                                          \
	static bool get_##NAME(const struct oomctl_ctx *ctx)                             \
	{                                                                                \
		TYPE v;                                                                  \
		return oomctl_vm_get_##NAME(ctx, &v) == 0 && (!ctx || v == VALUE);       \
	}                                                                                \
	static bool set_##NAME(const struct oomctl_ctx *ctx)                             \
	{                                                                                \
		return !ctx || oomctl_vm_set_##NAME(ctx, VALUE) == 0;                    \
	}
KNOB(overcommit_memory, enum oomctl_overcommit, OOMCTL_OVERCOMMIT_NEVER)
KNOB(overcommit_ratio, int32_t, 50)
KNOB(overcommit_kbytes, uint64_t, 0)
KNOB(panic_on_oom, enum oomctl_panic, OOMCTL_PANIC_ALWAYS)
KNOB(oom_kill_allocating_task, int32_t, -1)
KNOB(oom_dump_tasks, int32_t, INT32_MAX)
KNOB(admin_reserve_kbytes, uint64_t, 8192)
KNOB(user_reserve_kbytes, uint64_t, UINT64_MAX)
KNOB(panic_timeout, int32_t, INT32_MIN)

static pid_t pid_on(const struct oomctl_ctx *ctx)
{
	return ctx ? FIXTURE_PID : 0;
}

static bool proc_get_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_proc_get_oom_score(ctx, pid_on(ctx), &v) == 0 &&
	       (!ctx || v == SCORE);
}

static bool proc_get_oom_score_adj(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_proc_get_oom_score_adj(ctx, pid_on(ctx), &v) == 0 && v == OWN_ADJ;
}

static bool proc_set_oom_score_adj(const struct oomctl_ctx *ctx)
{
	return oomctl_proc_set_oom_score_adj(ctx, pid_on(ctx), OWN_ADJ) == 0;
}

static bool pidfd_get_oom_score(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_pidfd_get_oom_score(ctx, pidfd, &v) == 0 && (!ctx || v == SCORE);
}

static bool pidfd_get_oom_score_adj(const struct oomctl_ctx *ctx)
{
	int32_t v;
	return oomctl_pidfd_get_oom_score_adj(ctx, pidfd, &v) == 0 && v == OWN_ADJ;
}

static bool pidfd_set_oom_score_adj(const struct oomctl_ctx *ctx)
{
	return oomctl_pidfd_set_oom_score_adj(ctx, pidfd, OWN_ADJ) == 0;
}

static bool meminfo_read(const struct oomctl_ctx *ctx)
{
	struct oomctl_meminfo m;
	return oomctl_meminfo_read(ctx, &m, sizeof(m)) == 0 &&
	       (!ctx || m.commit_limit_kb == 2012608);
}

static bool meminfo_parse(const struct oomctl_ctx *ctx)
{
	struct oomctl_meminfo m;
	(void)ctx;
	return oomctl_meminfo_parse(MEMINFO, strlen(MEMINFO), &m, sizeof(m)) == 0 &&
	       m.mem_total_kb == 4029312;
}

static bool meminfo_read_commit_figures(const struct oomctl_ctx *ctx)
{
	struct oomctl_commit_figures in;
	return oomctl_meminfo_read_commit_figures(ctx, &in, sizeof(in)) == 0 &&
	       (!ctx || (in.hugetlb_kb == 4096 && in.overcommit_ratio == 50));
}

static const struct oomctl_commit_figures figures = { .mem_total_kb = 4029312,
						      .hugetlb_kb = 4096,
						      .overcommit_ratio = 50,
						      .page_size = 4096 };

static bool calc_commit_limit(const struct oomctl_ctx *ctx)
{
	uint64_t kb;
	(void)ctx;
	return oomctl_calc_commit_limit(&figures, &kb) == 0 && kb == 2012608;
}

static bool calc_overcommit_ratio(const struct oomctl_ctx *ctx)
{
	int32_t ratio;
	(void)ctx;
	return oomctl_calc_overcommit_ratio(&figures, 2012608, &ratio) == 0 &&
	       ratio == 50;
}

static bool say_error(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return strstr(oomctl_strerror(-ESRCH), "No such process");
}

static bool say_version(const struct oomctl_ctx *ctx)
{
	(void)ctx;
	return oomctl_version()[0] == '0' + OOMCTL_VERSION_MAJOR;
}

/* clang-format off */
#define BOTH(NAME) { "oomctl_vm_get_" #NAME, get_##NAME }, { "oomctl_vm_set_" #NAME, set_##NAME }
#define ONE(NAME) { "oomctl_" #NAME, NAME }
const struct call calls[] = {
	BOTH(overcommit_memory),
	BOTH(overcommit_ratio),
	BOTH(overcommit_kbytes),
	BOTH(panic_on_oom),
	BOTH(oom_kill_allocating_task),
	BOTH(oom_dump_tasks),
	BOTH(admin_reserve_kbytes),
	BOTH(user_reserve_kbytes),
	BOTH(panic_timeout),
	ONE(proc_get_oom_score),
	ONE(proc_get_oom_score_adj),
	ONE(proc_set_oom_score_adj),
	ONE(pidfd_get_oom_score),
	ONE(pidfd_get_oom_score_adj),
	ONE(pidfd_set_oom_score_adj),
	ONE(meminfo_read),
	ONE(meminfo_parse),
	ONE(meminfo_read_commit_figures),
	ONE(calc_commit_limit),
	ONE(calc_overcommit_ratio),
	{ "oomctl_strerror", say_error },
	{ "oomctl_version", say_version },
};
/* clang-format on */
const size_t calls_count = LENGTH(calls);

static void put_knobs(const struct fixture *f)
{
	fixture_put(f, "proc/sys/vm/overcommit_memory", "2\n");
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "50\n");
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "0\n");
	fixture_put(f, "proc/sys/vm/panic_on_oom", "2\n");
	fixture_put(f, "proc/sys/vm/oom_kill_allocating_task", "-1\n");
	fixture_put(f, "proc/sys/vm/oom_dump_tasks", "2147483647\n");
	fixture_put(f, "proc/sys/vm/admin_reserve_kbytes", "8192\n");
	fixture_put(f, "proc/sys/vm/user_reserve_kbytes", "18446744073709551615\n");
	fixture_put(f, "proc/sys/kernel/panic", "-2147483648\n");
	fixture_put(f, "proc/meminfo", MEMINFO);
	fixture_put(f, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "2\n");
}

void put_machine(const struct fixture *f)
{
	char path[64];

	put_knobs(f);
	fixture_put(f, "proc/42/oom_score", "667\n");
	fixture_put(f, "proc/42/oom_score_adj", "741\n");
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	snprintf(path, sizeof(path), "proc/thread-self/fdinfo/%d", pidfd);
	fixture_put(f, path, "Pid:\t42\n");
	assert_int_equal(oomctl_proc_set_oom_score_adj(NULL, 0, OWN_ADJ), 0);
}

const char *first_wrong(const struct oomctl_ctx *ctx)
{
	for (size_t i = 0; i < calls_count; i++)
		if (!calls[i].is_right(ctx))
			return calls[i].name;
	return NULL;
}
