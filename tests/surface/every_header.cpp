/* SPDX-License-Identifier: MIT */
#include <oomctl/oomctl.h>

#include <cstdio>

static int failures;

static void expect_success(const char *header, int r)
{
	if (r == 0)
		return;

	std::printf("%s: %s\n", header, oomctl_strerror(r));
	failures++;
}

int main()
{
	struct oomctl_commit_figures figures;
	struct oomctl_rank_entry first;
	struct oomctl_rank_report report;
	struct oomctl_gauge *gauge = NULL;
	struct oomctl_meminfo meminfo;
	enum oomctl_overcommit policy;
	enum oomctl_verdict verdict;
	uint64_t limit_kb;
	int64_t value;
	size_t count;
	int32_t adj;

	expect_success("vm.h", oomctl_vm_get_overcommit_memory(NULL, &policy));
	expect_success("proc.h", oomctl_proc_get_oom_score_adj(NULL, 0, &adj));
	expect_success("meminfo.h", oomctl_meminfo_read(NULL, &meminfo, sizeof(meminfo)));
	expect_success("meminfo.h", oomctl_meminfo_read_commit_figures(NULL, &figures,
								       sizeof(figures)));
	expect_success("calc.h", oomctl_calc_commit_limit(&figures, &limit_kb));
	expect_success("predict.h", oomctl_predict_commit(NULL, 4, &verdict, &value));
	expect_success("rank.h", oomctl_rank_scores(NULL, &first, 1, sizeof(first),
						    &count, &report, sizeof(report)));
	expect_success("gauge.h",
		       oomctl_gauge_open_vm(NULL, OOMCTL_VM_OVERCOMMIT_MEMORY, &gauge));
	expect_success("gauge.h", oomctl_gauge_read(gauge, &value));
	oomctl_gauge_close(gauge);
	return failures;
}
