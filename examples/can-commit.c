/* SPDX-License-Identifier: MIT */
/* Says whether this process would be granted so much memory now, or could fork(). */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno != 0)
		return false;
	if (*end == '\0') {
		*out_kb = v / 1024 + (v % 1024 != 0);
		return true;
	}

	unit = strchr(units, *end);
	*out_kb = unit ? v << 10 * (unit - units) : 0;
	return unit && end[1] == '\0' && *out_kb >> 10 * (unit - units) == v;
}

static void print_verdict(enum oomctl_verdict verdict, int64_t margin_kb)
{
	static const char *const words[] = {
		[OOMCTL_VERDICT_GRANTED] = "granted",
		[OOMCTL_VERDICT_REFUSED] = "refused",
		[OOMCTL_VERDICT_UNCERTAIN] = "uncertain",
	};

	if (margin_kb == INT64_MAX)
		printf("%s, whatever the size\n", words[verdict]);
	else
		printf("%s, margin %.1f MiB\n", words[verdict], (double)margin_kb / 1024);
}

static int answer(const struct oomctl_ctx *ctx, bool forks, uint64_t kb)
{
	enum oomctl_verdict verdict;
	int64_t margin_kb;
	int r;

	r = forks ? oomctl_predict_fork(ctx, &verdict, &margin_kb)
		  : oomctl_predict_commit(ctx, kb, &verdict, &margin_kb);
	if (r < 0) {
		fprintf(stderr, "can-commit: %s\n", oomctl_strerror(r));
		return EXIT_WRONG;
	}

	print_verdict(verdict, margin_kb);
	if (fflush(stdout) != 0)
		return EXIT_WRONG;
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
	struct oomctl_ctx *ctx;
	bool forks = false;
	uint64_t kb = 0;
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			forks = true;
		else if (c == 'p')
			proc_root = optarg;
		else if (c == 's')
			sys_root = optarg;
		else
			return print_usage(c == 'h' ? stdout : stderr);
	}
	if (argc - optind != !forks || (!forks && !parse_size(argv[optind], &kb)))
		return print_usage(stderr);

	r = oomctl_ctx_new(proc_root, sys_root ? sys_root : proc_root, &ctx);
	if (r < 0) {
		fprintf(stderr, "can-commit: %s\n", oomctl_strerror(r));
		return EXIT_WRONG;
	}
	r = answer(ctx, forks, kb);
	oomctl_ctx_free(ctx);
	return r;
}
