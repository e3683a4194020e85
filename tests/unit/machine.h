/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_MACHINE_H
#define OOMCTL_TESTS_MACHINE_H

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

/* A machine of plain files: RAM and swap of a million pages, and some processes. */
enum { RAM_PAGES = 900000, SWAP_PAGES = 100000, TOTAL_PAGES = 1000000 };

static inline uint64_t kb_of(uint64_t pages)
{
	return pages * ((uint64_t)getpagesize() / 1024);
}

static inline void put_machine(const struct fixture *f, const char *release)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "MemTotal: %" PRIu64 " kB\nSwapTotal: %" PRIu64 " kB\n"
		 "Committed_AS: 3000000 kB\nHugetlb: 10240 kB\n",
		 kb_of(RAM_PAGES), kb_of(SWAP_PAGES));
	fixture_put(f, "proc/meminfo", text);
	fixture_put(f, "proc/sys/kernel/osrelease", release);
}

/* What its files say. */
struct process {
	int pid, score, adj;
	uint64_t rss_pages, swap_pages, pte_kb, pmd_kb;
	uint64_t start_ticks;
	uint32_t stat_flags;
	uint32_t uid;
	uint64_t cap_eff;
	bool has_no_memory;
	uint64_t status_rss_pages; /* when it is not that of stat */
	const char *comm, *cgroup;
};

enum { KERNEL_THREAD = 0x00200000 };

static inline void put_process_file(const struct fixture *f, const char *dir,
				    const char *name, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "proc/%s/%s", dir, name);
	fixture_put(f, path, text);
}

static inline void put_stat(const struct fixture *f, const char *dir,
			    const struct process *p)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "%d (%s) S 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 1 0 %" PRIu64
		 " 999999 %" PRIu64 " 18446744073709551615 0\n",
		 p->pid, p->comm ? p->comm : "comm", p->stat_flags, p->start_ticks,
		 p->rss_pages);
	put_process_file(f, dir, "stat", text);
}

static inline void put_status(const struct fixture *f, const char *dir,
			      const struct process *p)
{
	uint64_t rss_pages = p->status_rss_pages ? p->status_rss_pages : p->rss_pages;
	char memory[256] = "", text[512];

	if (!p->has_no_memory)
		snprintf(memory, sizeof(memory),
			 "VmPeak:\t77777777 kB\nVmRSS:\t%8" PRIu64 " kB\n"
			 "VmPTE:\t%8" PRIu64 " kB\nVmPMD:\t%8" PRIu64 " kB\n"
			 "VmSwap:\t%8" PRIu64 " kB\n",
			 kb_of(rss_pages), p->pte_kb, p->pmd_kb, kb_of(p->swap_pages));
	snprintf(text, sizeof(text),
		 "Name:\tcomm\nUid:\t%u\t7\t7\t7\nGroups:\t1 2 \n%sCapEff:\t%016" PRIx64
		 "\n",
		 p->uid, memory, p->cap_eff);
	put_process_file(f, dir, "status", text);
}

static inline void put_process_as(const struct fixture *f, const char *dir,
				  const struct process *p)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", p->score);
	put_process_file(f, dir, "oom_score", text);
	snprintf(text, sizeof(text), "%d\n", p->adj);
	put_process_file(f, dir, "oom_score_adj", text);
	put_stat(f, dir, p);
	put_status(f, dir, p);
	if (p->has_no_memory && p->score == 0) /* no thread has any */
		put_process_file(f, dir, "task/none", "");
	if (p->cgroup)
		put_process_file(f, dir, "cgroup", p->cgroup);
}

static inline void put_process(const struct fixture *f, const struct process *p)
{
	char dir[16];

	snprintf(dir, sizeof(dir), "%d", p->pid);
	put_process_as(f, dir, p);
}

#endif
