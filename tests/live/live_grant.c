/* SPDX-License-Identifier: MIT */
#include <oomctl/predict.h>

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <oomctl/meminfo.h>
#include <oomctl/vm.h>

#include "child.h"
#include "memory.h"
#include "restore.h"

#define GiB (UINT64_C(1) << 30)

#define GUESS OOMCTL_OVERCOMMIT_GUESS
#define ALWAYS OOMCTL_OVERCOMMIT_ALWAYS
#define NEVER OOMCTL_OVERCOMMIT_NEVER
#define GRANTED OOMCTL_VERDICT_GRANTED
#define REFUSED OOMCTL_VERDICT_REFUSED

static void *map_pages(uint64_t pages, int prot, int flags)
{
	return mmap(NULL, pages * page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS | flags,
		    -1, 0);
}

static struct oomctl_grant_figures figures_now(void)
{
	struct oomctl_grant_figures in;

	EXPECT(oomctl_predict_read_grant_figures(NULL, &in, sizeof(in)) == 0);
	return in;
}

static enum oomctl_verdict verdict_on(const struct oomctl_grant_figures *in,
				      uint64_t pages, int64_t *margin_pages)
{
	enum oomctl_verdict v;
	int64_t kb;

	EXPECT(oomctl_calc_grant(in, pages * page_size() / 1024, &v, &kb) == 0);
	if (margin_pages)
		*margin_pages = kb / (int64_t)(page_size() / 1024);
	return v;
}

static void expect_predicted(uint64_t pages, enum oomctl_verdict want,
			     int64_t want_margin)
{
	enum oomctl_verdict v;
	int64_t kb;

	EXPECT(oomctl_predict_commit(NULL, pages * page_size() / 1024, &v, &kb) == 0);
	EXPECT(v == want);
	EXPECT(kb == want_margin * (int64_t)page_size() / 1024);
}

static void drop_admin(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];

	EXPECT(syscall(SYS_capget, &header, sets) == 0);
	sets[0].effective &= ~(UINT32_C(1) << CAP_SYS_ADMIN);
	EXPECT(syscall(SYS_capset, &header, sets) == 0);
}

static void set_mode(enum oomctl_overcommit mode)
{
	EXPECT(oomctl_vm_set_overcommit_memory(NULL, mode) == 0);
}

static void find_the_most_by_guess(void)
{
	struct oomctl_grant_figures in;
	uint64_t most, kb;

	set_mode(GUESS);
	in = figures_now();
	if (in.flags & OOMCTL_GRANT_BEFORE_5_2)
		SKIP_CHILD("this kernel guesses by what is free");
	most = find_most(1, 4 * (in.commit.mem_total_kb + in.commit.swap_total_kb) *
				1024 / page_size());
	EXPECT(oomctl_calc_grant_max(&in, &kb) == 0);
	EXPECT(most == kb * 1024 / page_size());
	expect_predicted(most, GRANTED, 0);
	expect_predicted(most + 1, REFUSED, -1);
	dprintf(STDOUT_FILENO, "overcommit_memory 0: the most is %llu pages\n",
		(unsigned long long)most);
}

static void by_guess_the_most_is_exact_to_the_page(void **state)
{
	(void)state;
	in_child(find_the_most_by_guess);
}

static void ask_for_more_than_there_is(void)
{
	struct oomctl_grant_figures in = figures_now();
	uint64_t pages = 8 * in.commit.mem_total_kb * 1024 / page_size();
	enum oomctl_verdict v;
	int64_t kb;

	set_mode(ALWAYS);
	EXPECT(is_granted(pages));
	EXPECT(oomctl_predict_commit(NULL, pages * page_size() / 1024, &v, &kb) == 0);
	EXPECT(v == GRANTED && kb == INT64_MAX);
	set_mode(GUESS);
	EXPECT(!is_granted(pages));
}

static void where_all_is_granted_so_is_more_than_there_is(void **state)
{
	(void)state;
	in_child(ask_for_more_than_there_is);
}

/* What the strict policy is tried with. */
static struct trial {
	uint64_t room_kb; /* above what is committed and reserved, and a share of RAM */
	uint64_t admin_kb, user_kb;
	bool is_admin, by_ratio, is_large;
	bool has_debts; /* another CPU has counted pages on its own */
} trial;

/* Whether others committed or released memory between two looks. */
static bool has_moved(const struct oomctl_grant_figures *a,
		      const struct oomctl_grant_figures *b)
{
	return a->committed_as_kb != b->committed_as_kb ||
	       a->total_vm_pages != b->total_vm_pages;
}

/* Several times what all CPUs may count on their own. */
static uint64_t share_for_debts(const struct oomctl_grant_figures *in)
{
	return in->commit.mem_total_kb / 64;
}

/* Limits that leave room, while they are not in force. */
static void prepare(const struct trial *t)
{
	struct oomctl_grant_figures in;
	int32_t ratio;
	uint64_t kb;

	EXPECT(oomctl_vm_set_admin_reserve_kbytes(NULL, t->admin_kb) == 0);
	EXPECT(oomctl_vm_set_user_reserve_kbytes(NULL, t->user_kb) == 0);
	in = figures_now();
	kb = in.committed_as_kb + t->room_kb + share_for_debts(&in) + t->admin_kb +
	     t->user_kb;
	if (!t->by_ratio) {
		EXPECT(oomctl_vm_set_overcommit_kbytes(NULL, kb) == 0);
		return;
	}
	EXPECT(oomctl_calc_overcommit_ratio(&in.commit, kb, &ratio) == 0);
	EXPECT(oomctl_vm_set_overcommit_ratio(NULL, ratio) == 0);
}

static struct {
	void *at;
	uint64_t pages;
} debts;

/* Commits nearly a batch of pages on a CPU that has told of all others. */
static void make_debts(void)
{
	struct oomctl_grant_figures in = figures_now();
	uint64_t batch = in.commit.mem_total_kb * 1024 / page_size() / in.cpus / 256;

	if (batch < 32)
		batch = 32;
	move_to_cpu(1);
	debts.pages = batch * 9 / 10;
	debts.at = map_pages(debts.pages, PROT_READ | PROT_WRITE, 0);
	EXPECT(debts.at != MAP_FAILED);
	move_to_cpu(0);
}

struct boundary {
	uint64_t granted, most, refused, expected; /* requests in pages */
};

/* The policy is in force for some ten requests; false when others moved meanwhile. */
static bool measure(struct boundary *b)
{
	struct oomctl_grant_figures before, after;
	bool low, high;
	uint64_t kb;
	int64_t margin;

	set_mode(NEVER);
	if (trial.has_debts)
		make_debts();
	before = figures_now();
	EXPECT(oomctl_calc_grant_max(&before, &kb) == 0);
	b->granted = kb * 1024 / page_size();
	verdict_on(&before, b->granted, &margin);
	b->expected = b->granted + (uint64_t)margin;
	b->refused = b->expected + (uint64_t)margin + 1;
	low = is_granted(b->granted);
	high = is_granted(b->refused);
	b->most = low && !high ? find_most(b->granted, b->refused) : 0;
	after = figures_now();
	set_mode(GUESS);
	if (trial.has_debts)
		munmap(debts.at, debts.pages * page_size());

	if (has_moved(&before, &after))
		return false;
	EXPECT(before.overcommit_memory == NEVER);
	EXPECT(!!(before.flags & OOMCTL_GRANT_ADMIN) == trial.is_admin);
	EXPECT(verdict_on(&before, b->granted, NULL) == GRANTED);
	EXPECT(verdict_on(&before, b->granted + 1, NULL) != GRANTED);
	EXPECT(verdict_on(&before, b->refused, NULL) == REFUSED);
	EXPECT(verdict_on(&before, b->refused - 1, NULL) != REFUSED);
	EXPECT(low && !high);
	return true;
}

static void report(const struct trial *t, const struct boundary *b, int tries)
{
	dprintf(
	    STDOUT_FILENO,
	    "room %llu MB by %s, reserves %llu and %llu kB, %s, %s: the most is %+lld "
	    "pages from the predicted %llu (+-%llu)%s\n",
	    (unsigned long long)(t->room_kb / 1024), t->by_ratio ? "ratio" : "kbytes",
	    (unsigned long long)t->admin_kb, (unsigned long long)t->user_kb,
	    t->is_admin ? "admin" : "not admin", t->is_large ? "large" : "small",
	    (long long)(b->most - b->expected), (unsigned long long)b->expected,
	    (unsigned long long)(b->refused - b->expected - 1),
	    tries > 0 ? ", measured again" : "");
}

/* Shared with the children: how many boundaries were as predicted to the page. */
static int *exact;

static void find_the_most_by_limit(void)
{
	struct boundary b = { 0 };
	int tries = 0;

	if (trial.is_large)
		EXPECT(map_pages(64 * GiB / page_size(), PROT_NONE, 0) != MAP_FAILED);
	if (!trial.is_admin)
		drop_admin();
	prepare(&trial);
	while (!measure(&b)) {
		usleep(1000);
		if (++tries == 300)
			SKIP_CHILD("this machine is too busy");
	}
	report(&trial, &b, tries);
	*exact += b.most == b.expected;
}

static void the_most_by_limit_is_within_the_stated_bound(void **state)
{
	static const struct {
		uint64_t room_mb, admin_kb, user_kb;
	} rows[] = {
		{ 4096, 8192, 131072 }, { 3000, 0, 0 },           { 2048, 8195, 7 },
		{ 4096, 100000, 0 },    { 2500, 100000, 100405 }, { 3333, 3, 4000000 },
	};

	(void)state;
	exact = mmap(NULL, sizeof(*exact), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(exact, MAP_FAILED);
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (int n = 0; n < 4; n++) {
			trial = (struct trial){
				.room_kb = rows[i].room_mb * 1024 + i,
				.admin_kb = rows[i].admin_kb,
				.user_kb = rows[i].user_kb,
				.is_admin = n & 1,
				.by_ratio = n & 2,
				.is_large = i % 2,
				.has_debts = i == 2 || i == 4,
			};
			in_child(find_the_most_by_limit);
		}
	/* What is off by one would be within every bound. */
	print_message("%d boundaries are exact\n", *exact);
	assert_true(*exact > 0);
	munmap(exact, sizeof(*exact));
}

static bool can_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	EXPECT(pid > 0 || errno == ENOMEM);
	return pid > 0;
}

/* Mappings whose share of fork() is told from their kind; false when there is no memory. */
static bool map_writable(uint64_t pages)
{
	return map_pages(pages, PROT_READ | PROT_WRITE, 0) != MAP_FAILED;
}

static bool map_noreserve(uint64_t pages)
{
	return map_pages(pages, PROT_READ | PROT_WRITE, MAP_NORESERVE) != MAP_FAILED;
}

static bool map_dontfork(uint64_t pages)
{
	void *p = map_pages(pages, PROT_READ | PROT_WRITE, 0);

	return p != MAP_FAILED && madvise(p, pages * page_size(), MADV_DONTFORK) == 0;
}

static bool map_made_writable(uint64_t pages)
{
	void *p = map_pages(pages, PROT_READ, 0);

	return p != MAP_FAILED &&
	       mprotect(p, pages * page_size(), PROT_READ | PROT_WRITE) == 0;
}

static bool map_read_only(uint64_t pages)
{
	return map_pages(pages, PROT_READ, 0) != MAP_FAILED;
}

static bool map_shared(uint64_t pages)
{
	return mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

/* Two that the kernel merges to one: it may be larger than any request. */
static bool map_two_in_one(uint64_t pages)
{
	uint64_t half = pages / 2 * page_size();
	char *p = map_pages(pages, PROT_NONE, MAP_NORESERVE);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	return p != MAP_FAILED &&
	       mmap(p, half, PROT_READ | PROT_WRITE, flags, -1, 0) == p &&
	       mmap(p + half, half, PROT_READ | PROT_WRITE, flags, -1, 0) == p + half;
}

static struct fork_trial {
	bool (*map)(uint64_t pages);
	enum oomctl_overcommit mode_before, mode; /* when mapping, when forking */
	unsigned sixteenths; /* of the room, or of RAM and swap with the others */
	enum oomctl_verdict want;
} fork_trial;

static uint64_t pages_to_map(void)
{
	struct oomctl_grant_figures in = figures_now();
	uint64_t total = (in.commit.mem_total_kb + in.commit.swap_total_kb) * 1024;

	return (fork_trial.mode == NEVER ? 4 * GiB : total) / page_size() / 16 *
	       fork_trial.sixteenths;
}

static void fork_as_predicted(void)
{
	const struct trial t = { .room_kb = 4 * GiB / 1024 };
	enum oomctl_verdict v = OOMCTL_VERDICT_UNCERTAIN;
	int64_t margin = 0;
	uint64_t pages;
	bool forked, mapped;
	int r;

	prepare(&t);
	pages = pages_to_map();
	set_mode(fork_trial.mode_before);
	mapped = fork_trial.map(pages);
	set_mode(fork_trial.mode);
	r = oomctl_predict_fork(NULL, &v, &margin);
	forked = can_fork();
	set_mode(GUESS);
	EXPECT(mapped && r == 0);
	EXPECT(v == fork_trial.want);
	EXPECT((margin >= 0) == (v == GRANTED));
	EXPECT(forked == (v == GRANTED));
}

static void fork_succeeds_as_predicted(void **state)
{
	static const struct fork_trial trials[] = {
		{ map_writable, NEVER, NEVER, 12, REFUSED },
		{ map_writable, NEVER, NEVER, 5, GRANTED },
		{ map_made_writable, NEVER, NEVER, 12, REFUSED },
		{ map_read_only, NEVER, NEVER, 12, GRANTED },
		{ map_shared, NEVER, NEVER, 12, GRANTED },
		{ map_dontfork, NEVER, NEVER, 12, GRANTED },
		/* The strict policy does not know MAP_NORESERVE. */
		{ map_noreserve, NEVER, NEVER, 12, REFUSED },
		{ map_noreserve, GUESS, NEVER, 40, GRANTED },
		{ map_two_in_one, GUESS, GUESS, 24, REFUSED },
		{ map_two_in_one, GUESS, GUESS, 15, GRANTED },
		{ map_two_in_one, ALWAYS, ALWAYS, 24, GRANTED },
		{ map_noreserve, GUESS, GUESS, 40, GRANTED },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(trials); i++) {
		fork_trial = trials[i];
		in_child(fork_as_predicted);
	}
	print_message("%d forks as predicted\n", (int)LENGTH(trials));
}

static int be_strict_and_die(void)
{
	static const struct trial t = { .room_kb = 4 * GiB / 1024, .admin_kb = 5 };

	prepare(&t);
	set_mode(NEVER);
	raise(SIGKILL);
	return 1;
}

static void who_dies_under_the_strict_policy_leaves_it_to_nobody(void **state)
{
	struct oomctl_grant_figures before = figures_now(), after;

	(void)state;
	assert_int_not_equal(before.overcommit_memory, NEVER);
	assert_int_equal(with_knobs_restored(be_strict_and_die, NULL), 128 + SIGKILL);
	after = figures_now();
	assert_int_equal(after.overcommit_memory, before.overcommit_memory);
	assert_int_equal(after.admin_reserve_kbytes, before.admin_reserve_kbytes);
	assert_int_equal(after.user_reserve_kbytes, before.user_reserve_kbytes);
	assert_int_equal(after.commit.overcommit_ratio, before.commit.overcommit_ratio);
	assert_int_equal(after.commit.overcommit_kbytes, before.commit.overcommit_kbytes);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_dies_under_the_strict_policy_leaves_it_to_nobody),
		cmocka_unit_test(by_guess_the_most_is_exact_to_the_page),
		cmocka_unit_test(where_all_is_granted_so_is_more_than_there_is),
		cmocka_unit_test(the_most_by_limit_is_within_the_stated_bound),
		cmocka_unit_test(fork_succeeds_as_predicted),
	};

	if (access("/proc/sys/vm/overcommit_memory", W_OK) < 0 || geteuid() != 0) {
		printf("SKIP: no right to set the knobs of this machine\n");
		return 77;
	}
	return cmocka_run_group_tests_name("live grant", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
