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
	struct oomctl_meminfo meminfo;
	enum oomctl_overcommit policy;
	uint64_t limit_kb;
	int32_t adj;

	expect_success("vm.h", oomctl_vm_get_overcommit_memory(NULL, &policy));
	expect_success("proc.h", oomctl_proc_get_oom_score_adj(NULL, 0, &adj));
	expect_success("meminfo.h", oomctl_meminfo_read(NULL, &meminfo, sizeof(meminfo)));
	expect_success("meminfo.h", oomctl_meminfo_read_commit_figures(NULL, &figures,
								       sizeof(figures)));
	expect_success("calc.h", oomctl_calc_commit_limit(&figures, &limit_kb));
	return failures;
}
