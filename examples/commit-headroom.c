/* SPDX-License-Identifier: MIT */
/* Says what is left of the commit limit, and what a ratio of 80 % would make of it. */
#include <inttypes.h>
#include <stdio.h>

#include <oomctl/oomctl.h>

int main(void)
{
	struct oomctl_commit_figures figures;
	struct oomctl_meminfo meminfo;
	uint64_t now_kb, then_kb;
	int r;

	r = oomctl_meminfo_read(NULL, &meminfo, sizeof(meminfo));
	if (r == 0)
		r = oomctl_meminfo_read_commit_figures(NULL, &figures, sizeof(figures));
	if (r == 0)
		r = oomctl_calc_commit_limit(&figures, &now_kb);

	figures.overcommit_kbytes = 0;
	figures.overcommit_ratio = 80;
	if (r == 0)
		r = oomctl_calc_commit_limit(&figures, &then_kb);
	if (r < 0) {
		fprintf(stderr, "%s\n", oomctl_strerror(r));
		return 1;
	}

	printf("promised %" PRIu64 " of %" PRIu64
	       " kB; with 80 %% it would be of %" PRIu64 " kB\n",
	       meminfo.committed_as_kb, now_kb, then_kb);
	return 0;
}
