/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_FIGURES_H
#define OOMCTL_FIGURES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <oomctl/calc.h>
#include <oomctl/meminfo.h>

struct oomctl_ctx;

/* What calc computes with, read from the running system. */

int figures_read_meminfo(const struct oomctl_ctx *ctx, struct oomctl_meminfo *out);
/* And the meminfo that was read for it. */
int figures_read_commit(const struct oomctl_ctx *ctx, struct oomctl_meminfo *m,
			struct oomctl_commit_figures *out);

/*
 * overcommit_ratio and overcommit_kbytes: each zeroes the other when it is written, so that
 * one which is not 0 speaks for both. At most one is.
 */
int figures_read_share(const struct oomctl_ctx *ctx, int32_t *out_ratio,
		       uint64_t *out_kbytes);

int figures_read_grant(const struct oomctl_ctx *ctx, struct oomctl_grant_figures *out);
int figures_read_fork(const struct oomctl_ctx *ctx, uint64_t *out_sum_kb,
		      uint64_t *out_largest_kb);
int figures_read_rule(const struct oomctl_ctx *ctx, enum oomctl_score_rule *out);
int figures_read_total(const struct oomctl_ctx *ctx, uint64_t *out_pages);

/* The commit limit, computed and as the kernel prints it: 1 when they are the same but for
 * rounding to a page, else 0; or a code. */
int figures_read_limits(const struct oomctl_ctx *ctx, uint64_t *out_computed_kb,
			uint64_t *out_printed_kb);

/* The kernel's release, as RELEASE() has it and as text, and its rule: 0 before the first. */
struct figures_release {
	uint32_t number;
	enum oomctl_score_rule rule;
	char text[72]; /* the kernel holds 64 */
};

int figures_read_release(const struct oomctl_ctx *ctx, struct figures_release *out);

/* What weighs all processes alike. */
struct figures_scale {
	uint64_t total_pages;
	uint64_t swap_pages; /* of them */
	uint64_t read_ticks; /* when it was read */
	enum oomctl_score_rule rule;
	bool rss_is_in_stat; /* the one that badness is made of */
};

int figures_read_scale(const struct oomctl_ctx *ctx, struct figures_scale *out);

struct figures_process {
	struct oomctl_task_figures task;
	uint64_t start_ticks;
	pid_t pid;
	int32_t score; /* as /proc shows it */
	uint32_t uid;
	char comm[16];
};

/* A score that nobody has read: none is negative. */
enum { FIGURES_READ_SCORE = -1 };

/*
 * A process, by its directory, so that all its files are its own; -ESRCH when it has ended.
 * A walk gives the score that it has read, by number and after the scale: where the process
 * is no older than that, the number may have been another's, and its score is read again.
 */
int figures_read_process(const struct oomctl_ctx *ctx, pid_t pid,
			 const struct figures_scale *scale, int32_t score,
			 struct figures_process *out);

/* The same of a directory that is open; p->score is given. */
int figures_read_files(const struct oomctl_ctx *process,
		       const struct figures_scale *scale, struct figures_process *p);

/* The cgroup of the caller, where the memory controller is. */
struct figures_cgroup {
	uint32_t version;     /* 0 without one */
	bool has_limit;       /* which is read */
	bool dies_as_one;     /* memory.oom.group */
	uint64_t limit_bytes; /* UINT64_MAX for none */
};

/* Where it fails, out has what is known by then. */
int figures_read_own_cgroup(const struct oomctl_ctx *ctx, struct figures_cgroup *out);

/* Total of a cgroup and its controller's name; -ERANGE when it has no limit. */
int figures_read_cgroup_total(const struct oomctl_ctx *ctx, const char *cgroup,
			      uint64_t swap_pages, uint64_t *out_pages,
			      const char **out_controller);

#endif
