/* SPDX-License-Identifier: MIT */
/* Says whether this process would be granted so much memory now, or could fork(). */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <oomctl/oomctl.h>

enum { EXIT_WRONG = 2, EXIT_UNCERTAIN = 3 };

static int print_usage(FILE *to)
{
	fputs(
	    "usage: can-commit [--proc DIR] [--sys DIR] SIZE[K|M|G] | --fork\n\n"
	    "Says whether this process would be granted so many bytes now, or could fork(),\n"
	    "and how much more it could have; negative: how much is missing. DIR is read\n"
	    "in the place of /proc or /sys.\n\n"
	    "Exit status: 0 granted, 1 refused, 3 uncertain, 2 for wrong usage or failure.\n",
	    to);
	return to == stdout ? EXIT_SUCCESS : EXIT_WRONG;
}

/* In kB, rounded up. */
static bool parse_size(const char *text, uint64_t *out_kb)
{
	char *end;
	uint64_t v;
	int shift;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno != 0)
		return false;
	if (*end == '\0') {
		*out_kb = v / 1024 + (v % 1024 != 0);
		return true;
	}

	shift = *end == 'K' ? 0 : *end == 'M' ? 10 : *end == 'G' ? 20 : -1;
	*out_kb = shift < 0 ? 0 : v << shift;
	return shift >= 0 && end[1] == '\0' && *out_kb >> shift == v;
}

static void print_verdict(enum oomctl_verdict v, int64_t margin_kb, uint64_t bound_kb)
{
	static const char *const words[] = { "granted", "refused", "uncertain" };

	if (margin_kb == INT64_MAX)
		printf("%s, whatever the size\n", words[v]);
	else if (bound_kb == INT64_MAX)
		puts("uncertain, by what is free at that moment");
	else if (v == OOMCTL_VERDICT_UNCERTAIN)
		printf("uncertain, margin %.1f MiB, give or take %.1f MiB\n",
		       (double)margin_kb / 1024, (double)bound_kb / 1024);
	else
		printf("%s, margin %.1f MiB\n", words[v], (double)margin_kb / 1024);
}

/* An exit status, or a code. The steps of a fork() may be small: 0 has their bound. */
static int answer(const struct oomctl_ctx *ctx, bool forks, uint64_t kb)
{
	struct oomctl_grant_figures figures;
	enum oomctl_verdict verdict = OOMCTL_VERDICT_UNCERTAIN;
	int64_t margin_kb = 0;
	uint64_t bound_kb = 0;
	int r = oomctl_predict_read_grant_figures(ctx, &figures, sizeof(figures));

	if (r == 0)
		r = oomctl_calc_grant_bound(&figures, kb, &bound_kb);
	if (r == 0)
		r = forks ? oomctl_predict_fork(ctx, &verdict, &margin_kb)
			  : oomctl_calc_grant(&figures, kb, &verdict, &margin_kb);
	if (r < 0)
		return r;
	print_verdict(verdict, margin_kb, bound_kb);
	if (fflush(stdout) != 0)
		return -EIO;
	return verdict == OOMCTL_VERDICT_UNCERTAIN ? EXIT_UNCERTAIN : (int)verdict;
}

static const struct option options[] = {
	{ "fork", no_argument, NULL, 'f' },
	{ "proc", required_argument, NULL, 'p' },
	{ "sys", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

int main(int argc, char **argv)
{
	const char *proc_root = NULL, *sys_root = NULL;
	struct oomctl_ctx *ctx = NULL;
	bool forks = false;
	uint64_t kb = 0;
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h' || c == '?')
			return print_usage(c == 'h' ? stdout : stderr);
		if (c == 'p')
			proc_root = optarg;
		if (c == 's')
			sys_root = optarg;
		forks |= c == 'f';
	}
	if (argc - optind != !forks || (!forks && !parse_size(argv[optind], &kb)))
		return print_usage(stderr);

	r = oomctl_ctx_new(proc_root, sys_root ? sys_root : proc_root, &ctx);
	if (r == 0)
		r = answer(ctx, forks, kb);
	if (r < 0)
		fprintf(stderr, "can-commit: %s\n", oomctl_strerror(r));
	oomctl_ctx_free(ctx);
	return r < 0 ? EXIT_WRONG : r;
}
