/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include <oomctl/calc.h>
#include <oomctl/meminfo.h>

#include "guest.h"

/* The computed limit, and that of the kernel, of one moment. */
struct limits {
	uint64_t computed_kb, shown_kb, swap_total_kb, swap_free_kb;
};

static struct limits look(void)
{
	struct oomctl_commit_figures in;
	struct oomctl_meminfo m;
	struct limits l;

	EXPECT(oomctl_meminfo_read(NULL, &m, sizeof(m)) == 0);
	EXPECT(oomctl_meminfo_read_commit_figures(NULL, &in, sizeof(in)) == 0);
	EXPECT(oomctl_calc_commit_limit(&in, &l.computed_kb) == 0);
	l.shown_kb = m.commit_limit_kb;
	l.swap_total_kb = m.swap_total_kb;
	l.swap_free_kb = m.swap_free_kb;
	return l;
}

static int compared;

static void expect_the_kernels(void)
{
	struct limits l = look();

	EXPECT(l.computed_kb == l.shown_kb);
	compared++;
}

/* Ratios as text, since a negative one is the kernel's to take, not the library's. */
static void try_all_shares(void)
{
	static const char *const ratios[] = { "0",          "1",          "33",  "50",
					      "99",         "100",        "101", "150",
					      "999",        "12345",      "-1",  "-50",
					      "2147483647", "-2147483648" };
	static const char *const kbytes[] = { "0",
					      "1",
					      "3",
					      "4",
					      "4095",
					      "4096",
					      "4097",
					      "1099511627779",
					      "18446744073709551615" };

	for (size_t i = 0; i < LENGTH(ratios); i++) {
		put_text("/proc/sys/vm/overcommit_ratio", ratios[i]);
		expect_the_kernels();
	}
	for (size_t i = 0; i < LENGTH(kbytes); i++) {
		put_text("/proc/sys/vm/overcommit_kbytes", kbytes[i]);
		expect_the_kernels();
	}
}

SCENARIO(commit_limit, .disks = "64 37")
{
	try_all_shares();
	put_text("/proc/sys/vm/nr_hugepages", "5");
	EXPECT(number_in("/proc/sys/vm/nr_hugepages") == 5);
	try_all_shares();
	swap_on("/dev/vda");
	try_all_shares();
	swap_on("/dev/vdb");
	try_all_shares();
	put_text("/proc/sys/vm/nr_hugepages", "0");
	try_all_shares();
	note("%d limits to the kB", compared);
}

#define GIGANTIC "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

/* Where /proc/meminfo shows pages of one size only. */
SCENARIO(commit_limit_1g, .memory_mb = 2560, .options = "hugepagesz=1G hugepages=1",
	 .only_amd64 = true)
{
	EXPECT(number_in(GIGANTIC) == 1);
	try_all_shares();
	put_text("/proc/sys/vm/nr_hugepages", "7");
	try_all_shares();
	put_text(GIGANTIC, "0");
	try_all_shares();
	note("%d limits to the kB", compared);
}

/*
 * While swapoff works, SwapTotal still counts what is in use on the device, the limit no longer
 * does: the computed one is too high, by no more than that. Documented.
 */
SCENARIO(commit_limit_swapoff, .disks = "128")
{
	static const struct hog stays = { take_private, 110 * (size_t)MB };
	static const struct hog pushes = { take_private, 125 * (size_t)MB };
	uint64_t in_use_kb, error_kb, most_kb = 0;
	pid_t hog, off;
	struct limits l;

	swap_on("/dev/vda");
	hog = start_hog(&stays);
	end_process(start_hog(&pushes));
	l = look();
	in_use_kb = l.swap_total_kb - l.swap_free_kb;
	EXPECT(l.computed_kb == l.shown_kb && in_use_kb > 0);

	off = fork();
	if (off == 0)
		_exit(swapoff("/dev/vda") < 0);
	while (l.swap_total_kb > 0) {
		usleep(2000);
		l = look();
		error_kb = l.computed_kb - l.shown_kb;
		EXPECT(error_kb <= in_use_kb);
		if (error_kb > most_kb)
			most_kb = error_kb;
	}
	end_process(off);
	end_process(hog);
	expect_the_kernels();
	EXPECT(most_kb > 0);
	note("%" PRIu64 " kB in use, too high by up to %" PRIu64 " kB", in_use_kb,
	     most_kb);
}
