/* SPDX-License-Identifier: MIT */
#include <linux/capability.h>
#include <sys/mman.h>

#include <oomctl/calc.h>
#include <oomctl/predict.h>
#include <oomctl/vm.h>

#include "guest.h"

/* What the strict policy is tried with: reserves, and a caller. */
static struct trial {
	uint64_t admin_kb, user_kb;
	int32_t ratio; /* 0: by kbytes */
	bool is_admin, is_large;
} trial;

/* How far the largest mapping was from the predicted one, in pages: of all trials. */
static struct {
	int exact, within;
	int64_t least, most;
} * seen;

static uint64_t pages_of(uint64_t kb)
{
	return kb * 1024 / page_size();
}

static struct oomctl_grant_figures figures_now(void)
{
	struct oomctl_grant_figures in;

	EXPECT(oomctl_predict_read_grant_figures(NULL, &in, sizeof(in)) == 0);
	EXPECT(!!(in.flags & OOMCTL_GRANT_ADMIN) == trial.is_admin);
	return in;
}

/* The largest request that would be granted if the kernel's count were exact, and how far off
 * it may be. */
static uint64_t predict_most(uint64_t *bound)
{
	struct oomctl_grant_figures in = figures_now();
	enum oomctl_verdict verdict;
	uint64_t most_kb, bound_kb;
	int64_t margin_kb;

	EXPECT(oomctl_calc_grant_max(&in, &most_kb) == 0 && most_kb > 0);
	EXPECT(oomctl_calc_grant(&in, most_kb, &verdict, &margin_kb) == 0);
	EXPECT(verdict == OOMCTL_VERDICT_GRANTED && margin_kb >= 0);
	EXPECT(oomctl_calc_grant_bound(&in, most_kb, &bound_kb) == 0);
	*bound = pages_of(bound_kb);
	return pages_of(most_kb + (uint64_t)margin_kb);
}

static void count(int64_t difference, uint64_t bound)
{
	seen->exact += difference == 0;
	seen->within += difference >= -(int64_t)bound && difference <= (int64_t)bound;
	if (difference < seen->least)
		seen->least = difference;
	if (difference > seen->most)
		seen->most = difference;
}

static void find_the_most(void)
{
	uint64_t predicted, bound, most;

	if (!trial.is_admin)
		drop_capability(CAP_SYS_ADMIN);
	if (trial.is_large)
		EXPECT(mmap(NULL, UINT64_C(8) << 30, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	predicted = predict_most(&bound);
	most = find_most(1, 2 * predicted + 1000000);
	count((int64_t)(most - predicted), bound);
}

static void try_strictly(void)
{
	static const struct trial trials[] = {
		{ 0, 0, 80, true, false },         { 0, 0, 80, false, false },
		{ 8192, 131072, 95, true, false }, { 8192, 131072, 95, false, true },
		{ 8195, 7, 90, true, true },       { 8195, 7, 90, false, false },
		{ 30000, 405, 0, true, true },     { 30000, 405, 0, false, true },
		{ 3, 40000, 150, true, true },     { 3, 40000, 150, false, true },
	};

	for (size_t i = 0; i < LENGTH(trials); i++) {
		trial = trials[i];
		EXPECT(oomctl_vm_set_admin_reserve_kbytes(NULL, trial.admin_kb) == 0);
		EXPECT(oomctl_vm_set_user_reserve_kbytes(NULL, trial.user_kb) == 0);
		EXPECT((trial.ratio
			    ? oomctl_vm_set_overcommit_ratio(NULL, trial.ratio)
			    : oomctl_vm_set_overcommit_kbytes(NULL, 203003)) == 0);
		EXPECT(oomctl_vm_set_overcommit_memory(NULL, OOMCTL_OVERCOMMIT_NEVER) ==
		       0);
		in_child(find_the_most);
		EXPECT(oomctl_vm_set_overcommit_memory(NULL, OOMCTL_OVERCOMMIT_GUESS) ==
		       0);
	}
	EXPECT(seen->within == LENGTH(trials));
	note("mode 2: %d of %zu to the page, %d within the bound (%+" PRId64
	     " to %+" PRId64 ")",
	     seen->exact, LENGTH(trials), seen->within, seen->least, seen->most);
}

static void try_by_guess(void)
{
	trial = (struct trial){ .is_admin = true };
	EXPECT(oomctl_vm_set_overcommit_memory(NULL, OOMCTL_OVERCOMMIT_GUESS) == 0);
	in_child(find_the_most);
	EXPECT(seen->exact == 1);
	seen->exact = seen->within = 0;
}

static void try_all(void)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(seen != MAP_FAILED);
	try_by_guess();
	try_strictly();
}

/* With one CPU nothing is counted apart, since Linux 5.9. */
SCENARIO(grant, .disks = "32")
{
	swap_on("/dev/vda");
	try_all();
	EXPECT(seen->exact == seen->within);
}

SCENARIO(grant_2_cpus, .cpus = 2)
{
	try_all();
}
