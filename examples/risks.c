/* SPDX-License-Identifier: MIT */
#include "risks.h"

#include <inttypes.h>

const char *const risk_names[RISKS] = { "no_headroom",      "swap_only",
					"negative_ratio",   "stays_down",
					"containers",       "address_space",
					"ratio_and_kbytes", "reserved" };

void risks_put(FILE *to, const struct oomctl_tune_report *report)
{
	const uint64_t limit = report->commit_limit_kb;
	/* clang-format off */
	const struct {
		const char *text;
		uint64_t a, b, c;
	} sentences[] = {
		{ "%" PRIu64 " kB are promised, and the limit would be %" PRIu64
		  " kB: no program could start", report->committed_as_kb, limit, 0 },
		{ "swap alone would make the limit of %" PRIu64 " kB", limit, 0, 0 },
		{ "the limit would be %" PRIu64 " kB, which is none", limit, 0, 0 },
		{ "with a panic_timeout of 0, a machine that panics stays down", 0, 0, 0 },
		{ "process %" PRIu64 " runs containers, which count on more memory than there is",
		  (uint64_t)report->container_pid, 0, 0 },
		{ "process %" PRIu64 " has %" PRIu64 " kB of address space, and the limit would be %"
		  PRIu64 " kB: it may not start again",
		  (uint64_t)report->largest_pid, report->largest_kb, limit },
		{ "overcommit_ratio and overcommit_kbytes zero each other: name one", 0, 0, 0 },
		{ "%" PRIu64 " kB would be left, which admin_reserve_kbytes withholds: without "
		  "CAP_SYS_ADMIN no program could start", (uint64_t)report->headroom_kb, 0, 0 },
	};
	/* clang-format on */

	for (int i = 0; i < RISKS; i++)
		if (report->risks >> i & 1) {
			fputs("risk: ", to);
			fprintf(to, sentences[i].text, sentences[i].a, sentences[i].b,
				sentences[i].c);
			putc('\n', to);
		}
}
