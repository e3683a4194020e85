/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include <oomctl/meminfo.h>
#include <oomctl/predict.h>
#include <oomctl/tune.h>

#include "guest.h"

/* All files, read apart from the library. */
enum { MODE, RATIO, KBYTES, PANIC, ALLOCATING, DUMP, ADMIN, USER, TIMEOUT, FILES };

struct state {
	int64_t of[FILES];
};

static struct state read_state(void)
{
	static const char *const names[FILES] = {
		"vm/overcommit_memory",
		"vm/overcommit_ratio",
		"vm/overcommit_kbytes",
		"vm/panic_on_oom",
		"vm/oom_kill_allocating_task",
		"vm/oom_dump_tasks",
		"vm/admin_reserve_kbytes",
		"vm/user_reserve_kbytes",
		"kernel/panic",
	};
	struct state s;
	char path[64];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", names[i]);
		s.of[i] = number_in(path);
	}
	return s;
}

static bool is_state(const struct state *want)
{
	struct state now = read_state();

	return memcmp(&now, want, sizeof(now)) == 0;
}

static struct oomctl_meminfo meminfo(void)
{
	struct oomctl_meminfo m;

	EXPECT(oomctl_meminfo_read(NULL, &m, sizeof(m)) == 0);
	return m;
}

static struct oomctl_policy snapshot(void)
{
	struct oomctl_policy p;

	EXPECT(oomctl_tune_read(NULL, &p, sizeof(p)) == 0);
	return p;
}

static struct oomctl_tune_report check(const struct oomctl_policy *p)
{
	struct oomctl_tune_report report;

	EXPECT(oomctl_tune_check(NULL, p, &report, sizeof(report)) == 0);
	return report;
}

static int apply(const struct oomctl_policy *p, uint32_t flags)
{
	struct oomctl_tune_steps steps;
	int r = oomctl_tune_apply(NULL, p, flags, &steps, sizeof(steps));

	EXPECT(steps.failed_knob == 0 && steps.failed_rollback == 0);
	EXPECT((r == 0) == (check(p).drift == 0));
	return r;
}

static void go_back(const struct oomctl_policy *before, const struct state *want)
{
	EXPECT(apply(before, OOMCTL_TUNE_ACCEPT_RISKS) == 0);
	EXPECT(is_state(want));
}

static struct oomctl_policy strict(uint64_t kbytes)
{
	return (struct oomctl_policy){ .knobs = OOMCTL_POLICY_OVERCOMMIT_MEMORY |
						OOMCTL_POLICY_OVERCOMMIT_KBYTES,
				       .overcommit_memory = OOMCTL_OVERCOMMIT_NEVER,
				       .overcommit_kbytes = kbytes };
}

static struct oomctl_policy by_ratio(int32_t ratio)
{
	return (struct oomctl_policy){ .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO,
				       .overcommit_ratio = ratio };
}

static void do_nothing(void)
{
}

static void refuse(const struct oomctl_policy *p, uint32_t risk)
{
	struct state before = read_state();

	EXPECT(check(p).risks & risk);
	EXPECT(apply(p, 0) == -EBUSY);
	EXPECT(is_state(&before));
}

/* To the strict policy, to another limit below it, and back. */
static void tighten(void)
{
	uint64_t generous_kb = 4 * meminfo().mem_total_kb;
	struct oomctl_policy p = strict(generous_kb), before = snapshot();
	struct state start = read_state();

	EXPECT(check(&p).risks == 0 && apply(&p, 0) == 0);
	EXPECT(read_state().of[MODE] == 2);
	EXPECT(read_state().of[KBYTES] == (int64_t)generous_kb);
	EXPECT(meminfo().commit_limit_kb == generous_kb);
	in_child(do_nothing);
	p = by_ratio(200);
	EXPECT(check(&p).risks == 0 && apply(&p, 0) == 0);
	EXPECT(read_state().of[MODE] == 2 && read_state().of[KBYTES] == 0);
	in_child(do_nothing);
	go_back(&before, &start);
}

/* And when it is accepted, it comes as it was foretold. */
static void strangle(void)
{
	struct oomctl_policy p = strict(64), before = snapshot();
	struct state start = read_state();
	struct oomctl_tune_report report = check(&p);
	enum oomctl_verdict verdict;
	int64_t margin_kb;
	pid_t pid;

	refuse(&p, OOMCTL_TUNE_RISK_NO_HEADROOM);
	EXPECT(report.headroom_kb ==
	       (int64_t)report.commit_limit_kb - (int64_t)report.committed_as_kb);
	EXPECT(report.headroom_kb < 0);

	EXPECT(apply(&p, OOMCTL_TUNE_ACCEPT_RISKS) == 0);
	EXPECT(meminfo().commit_limit_kb == report.commit_limit_kb);
	EXPECT(oomctl_predict_fork(NULL, &verdict, &margin_kb) == 0);
	EXPECT(verdict == OOMCTL_VERDICT_REFUSED);
	pid = fork();
	if (pid == 0)
		_exit(0);
	EXPECT(pid < 0 && errno == ENOMEM);
	EXPECT(mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED &&
	       errno == ENOMEM);
	go_back(&before, &start);
	in_child(do_nothing);
}

/* Both zero; a ratio that the setter refuses. */
static void come_back_to(int32_t ratio)
{
	struct oomctl_policy other = by_ratio(70), before;
	char text[16];
	struct state start;

	snprintf(text, sizeof(text), "%" PRId32, ratio);
	put_text("/proc/sys/vm/overcommit_ratio", text);
	start = read_state();
	EXPECT(start.of[RATIO] == ratio && start.of[KBYTES] == 0);
	before = snapshot();
	EXPECT(apply(&other, 0) == 0 && !is_state(&start));
	go_back(&before, &start);
	other = strict(4 * meminfo().mem_total_kb);
	EXPECT(apply(&other, 0) == 0 && !is_state(&start));
	go_back(&before, &start);
	put_text("/proc/sys/vm/overcommit_ratio", "50");
}

static void stay_down(void)
{
	const struct oomctl_policy p = { .knobs = OOMCTL_POLICY_PANIC_ON_OOM,
					 .panic_on_oom = OOMCTL_PANIC_UNCONSTRAINED };
	struct oomctl_policy before = snapshot();
	struct state start = read_state();

	EXPECT(start.of[TIMEOUT] != 0 && check(&p).risks == 0);
	put_text("/proc/sys/kernel/panic", "0");
	refuse(&p, OOMCTL_TUNE_RISK_STAYS_DOWN);
	go_back(&before, &start);
}

SCENARIO(tune)
{
	in_child(tighten);
	strangle();
	come_back_to(0);
	come_back_to(-1);
	stay_down();
	note("mode 2 and back, fork() fails as foretold, both zero, no panic for good");
}

SCENARIO(tune_limits, .disks = "64")
{
	/* kbytes, or, below 0, -1 - ratio */
	static const int64_t limits[] = { 1,  4095, 123457, 1 << 22, -1,
					  -2, -51,  -100,   -101,    -334 };
	struct oomctl_policy before = snapshot();
	struct state start = read_state();
	uint64_t promised;
	int exact = 0;

	swap_on("/dev/vda");
	put_text("/proc/sys/vm/nr_hugepages", "7");
	for (int mode = 0; mode <= 2; mode++)
		for (size_t i = 0; i < LENGTH(limits); i++) {
			int64_t v = limits[i];
			struct oomctl_policy p =
			    v > 0 ? strict((uint64_t)v) : by_ratio((int32_t)(-1 - v));

			p.knobs |= OOMCTL_POLICY_OVERCOMMIT_MEMORY;
			p.overcommit_memory = mode;
			promised = check(&p).commit_limit_kb;
			EXPECT(apply(&p, OOMCTL_TUNE_ACCEPT_RISKS) == 0);
			exact += meminfo().commit_limit_kb == promised;
			go_back(&before, &start);
		}
	EXPECT(exact == 3 * LENGTH(limits));
	note("%d of %zu to the kB", exact, 3 * LENGTH(limits));
}

/* What is in force must never lack what it depends on. */
static void expect_safe(const struct state *s, const struct oomctl_policy *p)
{
	EXPECT(s->of[MODE] != 2 || s->of[KBYTES] == (int64_t)p->overcommit_kbytes);
	EXPECT(s->of[PANIC] == 0 || s->of[TIMEOUT] == p->panic_timeout);
}

#define MODE_FILE "/proc/sys/vm/overcommit_memory"

/* At any moment; or a few looks after it has begun to go back, for else most of the time goes
 * into reading, and into MODE_FILE, which waits for every CPU. */
static void wait_for_a_moment(bool is_going_back)
{
	struct timespec moment = { 0, 1000 * random_below(8000) };

	if (!is_going_back) {
		nanosleep(&moment, NULL);
		return;
	}
	while (number_in(MODE_FILE) != 2)
		;
	while (number_in(MODE_FILE) == 2)
		;
	for (uint32_t looks = random_below(10); looks > 0; looks--)
		number_in(MODE_FILE);
}

static pid_t start_applying(const struct oomctl_policy *p,
			    const struct oomctl_policy *before)
{
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid > 0)
		return pid;
	for (;;) {
		EXPECT(apply(p, 0) == 0);
		EXPECT(apply(before, OOMCTL_TUNE_ACCEPT_RISKS) == 0);
	}
}

SCENARIO(tune_killed, .cpus = 2)
{
	enum { ROUNDS = 40 };
	struct oomctl_policy p = strict(4 * meminfo().mem_total_kb), before;
	struct state start, end, now;
	int between = 0;

	p.knobs = 1022 & ~OOMCTL_POLICY_OVERCOMMIT_RATIO;
	p.panic_on_oom = OOMCTL_PANIC_UNCONSTRAINED;
	p.oom_kill_allocating_task = 1;
	p.admin_reserve_kbytes = 4096;
	p.user_reserve_kbytes = 9999;
	p.panic_timeout = 10;
	put_text("/proc/sys/kernel/panic", "0");
	before = snapshot();
	start = read_state();
	EXPECT(apply(&p, 0) == 0);
	end = read_state();
	go_back(&before, &start);

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = start_applying(&p, &before);

		wait_for_a_moment(i % 4 != 0);
		EXPECT(waitpid(pid, NULL, WNOHANG) == 0);
		end_process(pid);
		now = read_state();
		expect_safe(&now, &p);
		between += !is_state(&start) && !is_state(&end);
		if (i % 8 > 5)
			EXPECT(apply(&p, 0) == 0 && is_state(&end));
		go_back(&before, &start);
	}
	EXPECT(between > 0);
	note("%d ends, %d of them between two policies: all put right", ROUNDS, between);
}
