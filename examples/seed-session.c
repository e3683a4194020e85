/* SPDX-License-Identifier: MIT */
/* What overcommit_ratio does to the commit limit: on a machine of 4 GB without swap, by
 * arithmetic alone; with --live on this one, which is left as it was. */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <oomctl/oomctl.h>

enum { STEPS = 2 };

static const int32_t ratios[STEPS] = { 50, 100 };

struct step {
	uint64_t computed_kb, kernel_kb;
};

static int replay(struct step *out)
{
	static const uint64_t known_kb[STEPS] = { 2014656, 4029312 };
	struct oomctl_commit_figures figures = { .mem_total_kb = 4029312,
						 .page_size = 4096 };
	int r = 0;

	for (int i = 0; i < STEPS && r == 0; i++) {
		figures.overcommit_ratio = ratios[i];
		out[i].kernel_kb = known_kb[i];
		r = oomctl_calc_commit_limit(&figures, &out[i].computed_kb);
	}
	return r;
}

static int try_ratio(int32_t ratio, struct step *out)
{
	struct oomctl_commit_figures figures;
	struct oomctl_meminfo meminfo;
	int r;

	r = oomctl_vm_set_overcommit_ratio(NULL, ratio);
	if (r == 0)
		r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r == 0)
		r = oomctl_meminfo_read(NULL, &meminfo, sizeof(meminfo));
	if (r == 0)
		r = oomctl_calc_commit_limit(&figures, &out->computed_kb);
	if (r == 0)
		out->kernel_kb = meminfo.commit_limit_kb;
	return r;
}

/* Each of the two zeroes the other when it is written: only the one in force is. */
static int restore(int32_t ratio, uint64_t kbytes)
{
	return kbytes != 0 ? oomctl_vm_set_overcommit_kbytes(NULL, kbytes)
			   : oomctl_vm_set_overcommit_ratio(NULL, ratio);
}

static int change_and_restore(int32_t ratio, uint64_t kbytes, struct step *out)
{
	int r, restored;

	/* Also what asks for the right to write: nothing changes. */
	r = restore(ratio, kbytes);
	if (r < 0)
		return r;

	for (int i = 0; i < STEPS && r == 0; i++)
		r = try_ratio(ratios[i], &out[i]);
	restored = restore(ratio, kbytes);
	if (restored < 0)
		fprintf(stderr,
			"NOT RESTORED: overcommit_ratio %" PRId32
			", overcommit_kbytes %" PRIu64 "\n",
			ratio, kbytes);
	return r < 0 ? r : restored;
}

/* Signals wait until all is restored; printing, which may block, comes later, too. */
static int run_live(struct step *out)
{
	sigset_t all, before;
	uint64_t kbytes;
	int32_t ratio;
	int r;

	r = oomctl_vm_get_overcommit_ratio(NULL, &ratio);
	if (r == 0)
		r = oomctl_vm_get_overcommit_kbytes(NULL, &kbytes);
	if (r < 0)
		return r;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	r = change_and_restore(ratio, kbytes, out);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static bool print_step(int32_t ratio, const struct step *step)
{
	bool same = step->computed_kb == step->kernel_kb;

	printf("# echo %" PRId32 " > /proc/sys/vm/overcommit_ratio\n"
	       "# grep CommitLimit /proc/meminfo\n"
	       "CommitLimit:    %8" PRIu64 " kB\n"
	       "computed:       %8" PRIu64 " kB%s\n",
	       ratio, step->kernel_kb, step->computed_kb, same ? "" : "   DIFFERENT");
	return same;
}

int main(int argc, char **argv)
{
	struct step steps[STEPS];
	bool live = argc == 2 && strcmp(argv[1], "--live") == 0;
	bool same = true;
	int r;

	if (argc > 1 && !live) {
		fputs("usage: seed-session [--live]\n", stderr);
		return 2;
	}

	r = live ? run_live(steps) : replay(steps);
	if (r < 0) {
		fprintf(stderr, "seed-session: %s\n", oomctl_strerror(r));
		return 1;
	}

	for (int i = 0; i < STEPS; i++)
		same = print_step(ratios[i], &steps[i]) && same;
	return same ? 0 : 1;
}
