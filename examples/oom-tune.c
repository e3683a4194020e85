/* SPDX-License-Identifier: MIT */
/* Shows, checks, applies and restores the policy of a machine: all knobs, or none. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "settings.h"

enum { EXIT_USAGE = 2, EXIT_RISKY = 3 };

struct job {
	struct oomctl_ctx *ctx;
	struct oomctl_policy wanted;
	const char *save_path;
	bool is_json, accepts_risks;
};

/* By the number of the bit of enum oomctl_tune_risk. */
static const char *const risk_names[] = { "no_headroom",     "swap_only",
					  "negative_ratio",  "stays_down",
					  "containers",      "address_space",
					  "ratio_and_kbytes" };
enum { RISKS = sizeof(risk_names) / sizeof(risk_names[0]) };

static int print_usage(FILE *to)
{
	fputs("usage: oom-tune [OPTION]... show\n"
	      "       oom-tune [OPTION]... check|drift|apply KNOB=VALUE...\n"
	      "       oom-tune [OPTION]... restore FILE\n\n"
	      "  show     the knobs of this machine, as KNOB=VALUE\n"
	      "  check    what these values would do, and which risks they have\n"
	      "  drift    which knobs are not as they should be\n"
	      "  apply    all of these values, or none\n"
	      "  restore  what show or --save has written, whatever the risks\n\n"
	      "  --accept-risks  apply although there are some\n"
	      "  --save FILE     before apply, write what is there now to a new file\n"
	      "  --json          for programs\n"
	      "  --proc DIR      read and write in the place of /proc\n"
	      "  --sys DIR       read in the place of /sys\n\n"
	      "KNOB is a file of /proc/sys/vm, or panic_timeout for kernel/panic.\n"
	      "Exit status: 0 done, 1 failed or drifted, 2 wrong usage, 3 too risky.\n",
	      to);
	return to == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static bool has(uint32_t bits, int number)
{
	return bits >> number & 1;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "oom-tune: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static int finish(int status)
{
	return fflush(stdout) == 0 ? status : fail("output", strerror(errno));
}

static int show(const struct job *job)
{
	struct oomctl_policy now;
	int r = oomctl_tune_read(job->ctx, &now, sizeof(now));

	if (r < 0)
		return fail("show", oomctl_strerror(r));
	settings_put(stdout, &now, job->is_json);
	return finish(EXIT_SUCCESS);
}

static void put_list(const char *name, uint32_t bits, const char *const *names, int last,
		     const char *end)
{
	const char *before = "";

	printf("  \"%s\": [", name);
	for (int i = 0; i <= last; i++)
		if (has(bits, i)) {
			printf("%s\"%s\"", before, names[i]);
			before = ", ";
		}
	printf("]%s", end);
}

/* A sentence for each, with the figures that it stands on. */
static void put_risks(FILE *to, const struct oomctl_tune_report *report)
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
	};
	/* clang-format on */

	for (int i = 0; i < RISKS; i++)
		if (has(report->risks, i)) {
			fputs("risk: ", to);
			fprintf(to, sentences[i].text, sentences[i].a, sentences[i].b,
				sentences[i].c);
			putc('\n', to);
		}
}

/* Each knob that is not as wanted: what it is, and what it should be. */
static void put_drift(const struct job *job, const struct oomctl_policy *now,
		      uint32_t drift)
{
	const char *before = job->is_json ? "  \"drift\": {\n    \"" : "";

	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++) {
		if (!has(drift, knob))
			continue;
		printf("%s%s%s", before, setting_names[knob],
		       job->is_json ? "\": { \"now\": " : ": ");
		settings_put_value(stdout, *now, knob);
		fputs(job->is_json ? ", \"wanted\": " : ", wanted ", stdout);
		settings_put_value(stdout, job->wanted, knob);
		fputs(job->is_json ? " }" : "\n", stdout);
		before = job->is_json ? ",\n    \"" : "";
	}
	if (job->is_json)
		fputs(drift ? "\n  }" : "  \"drift\": {}", stdout);
}

static int look(const struct job *job, struct oomctl_policy *now,
		struct oomctl_tune_report *report)
{
	int r = oomctl_tune_read(job->ctx, now, sizeof(*now));

	if (r == 0)
		r = oomctl_tune_check(job->ctx, &job->wanted, report, sizeof(*report));
	return r < 0 ? fail("check", oomctl_strerror(r)) : EXIT_SUCCESS;
}

static int drift(const struct job *job)
{
	struct oomctl_policy now;
	struct oomctl_tune_report report;

	if (look(job, &now, &report) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	fputs(job->is_json ? "{\n" : "", stdout);
	put_drift(job, &now, report.drift);
	fputs(job->is_json ? "\n}\n" : "", stdout);
	return finish(report.drift ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int check(const struct job *job)
{
	struct oomctl_policy now;
	struct oomctl_tune_report report;

	if (look(job, &now, &report) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	printf(job->is_json ? "{\n  \"commit_limit_kb\": %" PRIu64
			      ",\n  \"committed_as_kb\": %" PRIu64
			      ",\n  \"headroom_kb\": %" PRId64 ",\n"
			    : "commit limit %" PRIu64 " kB, promised %" PRIu64
			      " kB, headroom %" PRId64 " kB\n",
	       report.commit_limit_kb, report.committed_as_kb, report.headroom_kb);
	put_drift(job, &now, report.drift);
	if (job->is_json) {
		fputs(",\n", stdout);
		put_list("risks", report.risks, risk_names, RISKS - 1, "\n}\n");
	} else {
		put_risks(stdout, &report);
	}
	return finish(report.risks ? EXIT_RISKY : EXIT_SUCCESS);
}

/* To a new file, so that what was there first is not lost; it has to outlive a crash. */
static bool save(const char *path, const struct oomctl_policy *now)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok = file != NULL;

	if (ok) {
		settings_put(file, now, false);
		ok = fflush(file) == 0 && fsync(fd) == 0;
	}
	if (!ok)
		fail(path, strerror(errno));
	if (file)
		fclose(file);
	return ok;
}

static void put_steps(const struct job *job, int r, const struct oomctl_tune_steps *steps)
{
	uint32_t failed = steps->failed ? UINT32_C(1) << steps->failed : 0;

	for (int knob = SETTING_FIRST; knob <= SETTING_LAST && !job->is_json; knob++)
		if (has(steps->changed, knob))
			printf("%s changed\n", setting_names[knob]);
	if (!job->is_json)
		return;
	fputs("{\n", stdout);
	put_list("changed", steps->changed, setting_names, SETTING_LAST, ",\n");
	put_list("failed", failed, setting_names, SETTING_LAST, ",\n");
	put_list("failed_rollback", steps->failed_rollback, setting_names, SETTING_LAST,
		 ",\n");
	put_list("risks", steps->risks, risk_names, RISKS - 1, ",\n");
	printf("  \"error\": \"%s\"\n}\n", r < 0 ? oomctl_strerror(r) : "");
}

static int set(const struct job *job)
{
	uint32_t flags = job->accepts_risks ? OOMCTL_TUNE_ACCEPT_RISKS : 0;
	struct oomctl_tune_steps steps = { 0 };
	int r = oomctl_tune_apply(job->ctx, &job->wanted, flags, &steps, sizeof(steps));

	put_steps(job, r, &steps);
	if (r == 0)
		return finish(EXIT_SUCCESS);
	fail(steps.failed ? setting_names[steps.failed] : "apply", oomctl_strerror(r));
	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++)
		if (has(steps.failed_rollback, knob))
			fail(setting_names[knob], "changed, and could not be put back");
	if (steps.failed_rollback == 0)
		fputs("oom-tune: nothing is changed\n", stderr);
	return finish(r == -EBUSY ? EXIT_RISKY : EXIT_FAILURE);
}

static int apply(const struct job *job)
{
	const uint32_t never = OOMCTL_TUNE_RISK_RATIO_AND_KBYTES;
	struct oomctl_policy now;
	struct oomctl_tune_report report;

	if (look(job, &now, &report) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (report.risks & (job->accepts_risks ? never : ~UINT32_C(0))) {
		put_steps(job, -EBUSY,
			  &(struct oomctl_tune_steps){ .risks = report.risks });
		put_risks(stderr, &report);
		fputs("oom-tune: refused, nothing is changed\n", stderr);
		return finish(EXIT_RISKY);
	}
	if (job->save_path && !save(job->save_path, &now))
		return EXIT_FAILURE;
	return set(job);
}

static int restore(struct job *job, const char *path)
{
	if (!settings_read(path, &job->wanted))
		return fail(path, errno == EINVAL ? "not lines of KNOB=VALUE"
						  : strerror(errno));

	job->accepts_risks = true;
	return set(job);
}

static bool parse_settings(char **texts, struct oomctl_policy *out)
{
	for (; *texts; texts++)
		if (!settings_parse(*texts, out)) {
			fail(*texts, "not KNOB=VALUE, or given twice");
			return false;
		}
	return out->knobs != 0;
}

static int run(struct job *job, char **words)
{
	static const struct {
		const char *name;
		int (*run)(const struct job *job);
	} commands[] = { { "apply", apply }, { "check", check }, { "drift", drift } };
	const bool has_apply_options = job->save_path || job->accepts_risks;

	if (!words[0] || (has_apply_options && strcmp(words[0], "apply") != 0))
		return print_usage(stderr);
	if (strcmp(words[0], "show") == 0 && !words[1])
		return show(job);
	if (strcmp(words[0], "restore") == 0 && words[1] && !words[2])
		return restore(job, words[1]);
	for (size_t i = 0; i < 3; i++)
		if (strcmp(words[0], commands[i].name) == 0 &&
		    parse_settings(words + 1, &job->wanted))
			return commands[i].run(job);
	return print_usage(stderr);
}

static const struct option options[] = {
	{ "accept-risks", no_argument, NULL, 'a' },
	{ "save", required_argument, NULL, 'f' },
	{ "json", no_argument, NULL, 'j' },
	{ "proc", required_argument, NULL, 'p' },
	{ "sys", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

int main(int argc, char **argv)
{
	const char *proc_root = NULL, *sys_root = NULL;
	struct job job = { 0 };
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h' || c == '?')
			return print_usage(c == 'h' ? stdout : stderr);
		if (c == 'p')
			proc_root = optarg;
		if (c == 's')
			sys_root = optarg;
		if (c == 'f')
			job.save_path = optarg;
		job.accepts_risks |= c == 'a';
		job.is_json |= c == 'j';
	}

	r = oomctl_ctx_new(proc_root, sys_root ? sys_root : proc_root, &job.ctx);
	r = r < 0 ? fail("roots", oomctl_strerror(r)) : run(&job, argv + optind);
	oomctl_ctx_free(job.ctx);
	return r;
}
