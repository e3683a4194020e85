/* SPDX-License-Identifier: MIT */
/* Sets this program's own oom_score_adj, and says what came of it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <oomctl/base.h>
#include <oomctl/proc.h>
#include <oomctl/why.h>

static int print_adj(const char *when)
{
	int32_t adj;
	int r = oomctl_proc_get_oom_score_adj(NULL, 0, &adj);

	if (r < 0)
		printf("%-9s%s\n", when, oomctl_strerror(r));
	else
		printf("%-9s%d\n", when, adj);
	return r;
}

static void print_refusal(int32_t adj, int code)
{
	struct oomctl_why why;

	printf("refused: %s\n", oomctl_strerror(code));
	if (oomctl_why_proc(NULL, 0, adj, code, &why, sizeof(why)) == 0)
		printf("cause:   %s\n", oomctl_why_sentence(why.cause));
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "-500";
	char *end;
	long adj = strtol(text, &end, 10);
	int r;

	if (argc > 2 || end == text || *end != '\0' || adj < INT_MIN || adj > INT_MAX) {
		fputs("usage: protect-self [ADJUSTMENT]\n", stderr);
		return 2;
	}

	if (print_adj("before:") < 0)
		return 1;

	printf("asked:   %ld\n", adj);
	r = oomctl_proc_set_oom_score_adj(NULL, 0, (int32_t)adj);
	if (r < 0)
		print_refusal((int32_t)adj, r);

	return print_adj("now:") < 0 || r < 0 ? 1 : 0;
}
