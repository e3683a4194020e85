/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_CALLS_H
#define OOMCTL_TESTS_CALLS_H

#include <stddef.h>

#include <oomctl/oomctl.h>

/* Every call of the library; the last has no name. */
struct call {
	const char *name;
	int (*run)(void);
};
extern const struct call calls[];

/* What the calls are given. */
struct given {
	char root[128], proc[128], sys[128], dropin[128];
	struct oomctl_ctx *ctx;
	struct oomctl_gauge *gauge;
	struct oomctl_guard guard,
	    paused; /* of a file of their own, but on this machine */
	int pidfd;
};
extern struct given given;

/* What the machine has whose "proc" and "sys" are below root; empty: this machine. */
int give(const char *root);
void take_back(void);

/* The cgroup of the caller, which is not to be frozen. */
void put_own_cgroup(const char *root);

enum { FIT = 2 }; /* in the array of a ranking */

/* Where the output of a call goes. */
union out {
	enum oomctl_overcommit overcommit;
	enum oomctl_panic on_oom;
	int32_t i32;
	uint64_t u64;
	struct oomctl_commit_figures figures;
	struct oomctl_ctx *ctx;
	struct oomctl_meminfo meminfo;
	enum oomctl_score_rule rule;
	struct oomctl_rank_entry entry;
	struct oomctl_task_figures task;
	struct oomctl_grant_figures request;
	int64_t i64[2];
	uint64_t range[2];
	struct {
		int64_t margin_kb;
		enum oomctl_verdict verdict;
	} grant;
	struct {
		int64_t margin_pages;
		size_t index;
	} victim;
	struct {
		size_t count;
		struct oomctl_rank_report report;
		struct oomctl_rank_entry entries[FIT];
	} rank;
	struct oomctl_gauge *gauge;
	struct oomctl_guard guard;
	struct oomctl_why why;
	struct oomctl_probe probe;
	struct oomctl_tune_report report;
	struct oomctl_tune_steps steps;
	struct {
		struct oomctl_policy policy;
		char path[400];
	} dropin;
	struct {
		size_t length;
		char text[OOMCTL_DROPIN_MAX];
	} text;
	struct {
		size_t count;
		struct oomctl_adjust_report report;
		struct oomctl_adjust_entry entries[FIT];
	} many;
};
extern union out out;

/* Makes the output of a call that went well one that can be compared; it is of no other use. */
void tidy(const char *name);

#endif
