/* SPDX-License-Identifier: MIT */
/* Shows, checks, applies, restores and keeps the policy of a machine: all knobs, or none. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <oomctl/oomctl.h>

#include "comm.h"
#include "risks.h"
#include "settings.h"

enum { EXIT_USAGE = 2, EXIT_RISKY = 3 };

/* What decides over a knob at boot. */
struct found {
	int code;
	struct oomctl_policy policy; /* of this knob alone */
	char path[1400];
};

struct job {
	struct oomctl_ctx *ctx;
	struct oomctl_policy wanted;
	struct found found[SETTING_LAST + 1]; /* where wanted comes from, if from files */
	const char *save_path, *root;
	enum oomctl_dropin_loader loader;
	bool is_json, accepts_risks;
};

static int print_usage(FILE *to)
{
	fputs(
	    "usage: oom-tune [OPTION]... show\n"
	    "       oom-tune [OPTION]... check|drift|apply KNOB=VALUE...\n"
	    "       oom-tune [OPTION]... drift --boot\n"
	    "       oom-tune [OPTION]... persist FILE [KNOB=VALUE]...\n"
	    "       oom-tune [OPTION]... restore FILE\n\n"
	    "  show     the knobs of this machine, as KNOB=VALUE\n"
	    "  check    what these values would do, and which risks they have\n"
	    "  drift    which knobs are not as they should be, or as a boot would set them\n"
	    "  apply    all of these values, or none\n"
	    "  persist  write these values, or the present ones, to a file of sysctl.d, and\n"
	    "           tell whether another file decides\n"
	    "  restore  what show or --save has written, whatever the risks\n\n"
	    "  --accept-risks  apply or persist although there are some\n"
	    "  --save FILE     before apply, write what is there now to a new file\n"
	    "  --procps        at boot, sysctl reads the files, not systemd-sysctl\n"
	    "  --root DIR      at boot, the files are below DIR\n"
	    "  --json          for programs\n"
	    "  --proc DIR      read and write in the place of /proc\n"
	    "  --sys DIR       read in the place of /sys\n\n"
	    "KNOB is a file of /proc/sys/vm, or panic_timeout for kernel/panic.\n"
	    "Exit status: 0 done, 1 failed, drifted or another file decides, 2 wrong usage,\n"
	    "3 too risky.\n",
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

/* What stands in the way of a knob, where that is known. */
static const char *reason(const struct job *job, uint32_t knob, int r)
{
	struct oomctl_why why;

	if (r < 0 && knob != 0 &&
	    oomctl_why_vm(job->ctx, (enum oomctl_vm_knob)knob, r, &why, sizeof(why)) ==
		0 &&
	    why.cause != OOMCTL_WHY_OTHER)
		return oomctl_why_sentence(why.cause);
	return r < 0 ? oomctl_strerror(r) : "";
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

static int show(struct job *job, char **words)
{
	struct oomctl_policy now;
	int r = oomctl_tune_read(job->ctx, &now, sizeof(now));

	if (*words)
		return print_usage(stderr);
	if (r < 0)
		return fail("show", oomctl_strerror(r));
	settings_put(stdout, &now, job->is_json);
	return finish(EXIT_SUCCESS);
}

static void put_path(const struct job *job, const char *before, const char *path)
{
	fputs(before, stdout);
	if (job->is_json)
		print_json_string(path);
	else
		fputs(path, stdout);
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

/* Each knob that is not as wanted: what it is, what it should be, and which file says so. */
static void put_drift(const struct job *job, const struct oomctl_policy *now,
		      uint32_t drift)
{
	const char *before = job->is_json ? "  \"drift\": {\n    \"" : "";

	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++) {
		const char *path = job->found[knob].path;

		if (!has(drift, knob))
			continue;
		printf("%s%s%s", before, setting_names[knob],
		       job->is_json ? "\": { \"now\": " : ": ");
		settings_put_value(stdout, *now, knob);
		fputs(job->is_json ? ", \"wanted\": " : ", wanted ", stdout);
		settings_put_value(stdout, job->wanted, knob);
		if (*path)
			put_path(job, job->is_json ? ", \"file\": " : " by ", path);
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

	*report = (struct oomctl_tune_report){ 0 };
	if (r == 0 && job->wanted.knobs != 0)
		r = oomctl_tune_check(job->ctx, &job->wanted, report, sizeof(*report));
	return r < 0 ? fail("check", oomctl_strerror(r)) : EXIT_SUCCESS;
}

static int look_for_drift(const struct job *job)
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

static int drift(struct job *job, char **words)
{
	return parse_settings(words, &job->wanted) ? look_for_drift(job)
						   : print_usage(stderr);
}

static void find(const struct job *job, int knob, struct found *out)
{
	out->code = oomctl_dropin_find(job->root, job->loader, (enum oomctl_vm_knob)knob,
				       &out->policy, sizeof(out->policy), out->path,
				       sizeof(out->path));
}

/* What no file sets, the kernel decides itself at boot. */
static int drift_from_boot(struct job *job, char **words)
{
	if (*words)
		return print_usage(stderr);
	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++) {
		struct found *found = &job->found[knob];

		find(job, knob, found);
		if (found->code == 0)
			settings_copy(&job->wanted, found->policy, knob);
		else if (found->code != -EOPNOTSUPP)
			return fail(setting_names[knob], oomctl_strerror(found->code));
	}
	return look_for_drift(job);
}

static int check(struct job *job, char **words)
{
	struct oomctl_policy now;
	struct oomctl_tune_report report;

	if (!parse_settings(words, &job->wanted))
		return print_usage(stderr);
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
		risks_put(stdout, &report);
	}
	return finish(report.risks ? EXIT_RISKY : EXIT_SUCCESS);
}

static void put_steps(const struct job *job, int r, const struct oomctl_tune_steps *steps)
{
	uint32_t failed = steps->failed_knob ? UINT32_C(1) << steps->failed_knob : 0;

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
	printf("  \"error\": \"%s\"\n}\n", reason(job, steps->failed_knob, r));
}

static int set(const struct job *job)
{
	uint32_t flags = job->accepts_risks ? OOMCTL_TUNE_ACCEPT_RISKS : 0;
	struct oomctl_tune_steps steps = { 0 };
	int r = oomctl_tune_apply(job->ctx, &job->wanted, flags, &steps, sizeof(steps));

	put_steps(job, r, &steps);
	if (r == 0)
		return finish(EXIT_SUCCESS);
	fail(steps.failed_knob ? setting_names[steps.failed_knob] : "apply",
	     reason(job, steps.failed_knob, r));
	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++)
		if (has(steps.failed_rollback, knob))
			fail(setting_names[knob], "changed, and could not be put back");
	if (steps.failed_rollback == 0)
		fputs("oom-tune: nothing is changed\n", stderr);
	return finish(r == -EBUSY ? EXIT_RISKY : EXIT_FAILURE);
}

/* Whether a policy is too risky to go on; says so. */
static bool is_too_risky(const struct job *job, const struct oomctl_tune_report *report)
{
	const uint32_t never = OOMCTL_TUNE_RISK_RATIO_AND_KBYTES;

	if ((report->risks & (job->accepts_risks ? never : ~UINT32_C(0))) == 0)
		return false;
	put_steps(job, -EBUSY, &(struct oomctl_tune_steps){ .risks = report->risks });
	risks_put(stderr, report);
	fputs("oom-tune: refused, nothing is changed\n", stderr);
	return true;
}

static int apply(struct job *job, char **words)
{
	struct oomctl_policy now;
	struct oomctl_tune_report report;

	if (!parse_settings(words, &job->wanted))
		return print_usage(stderr);
	if (look(job, &now, &report) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (is_too_risky(job, &report))
		return finish(EXIT_RISKY);
	if (job->save_path && !settings_save(job->save_path, &now))
		return fail(job->save_path, strerror(errno));
	return set(job);
}

static int restore(struct job *job, char **words)
{
	if (!words[0] || words[1])
		return print_usage(stderr);
	if (!settings_read(words[0], &job->wanted))
		return fail(words[0], errno == EINVAL ? "not lines of KNOB=VALUE"
						      : strerror(errno));

	job->accepts_risks = true;
	return set(job);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

/* A knob that was written, and what decides over it at boot. */
static void put_kept(const struct job *job, int knob, const struct found *found,
		     bool is_ours)
{
	printf(job->is_json ? "\"%s\": { \"wanted\": " : "%s=", setting_names[knob]);
	settings_put_value(stdout, job->wanted, knob);
	if (found->code == 0 && (!is_ours || job->is_json)) {
		fputs(job->is_json ? ", \"at_boot\": " : ", but at boot it will be ",
		      stdout);
		settings_put_value(stdout, found->policy, knob);
		put_path(job, job->is_json ? ", \"file\": " : " by ", found->path);
	} else if (found->code < 0) {
		printf(job->is_json ? ", \"error\": \"%s\"" : ", but at boot: %s",
		       found->code == -EOPNOTSUPP ? "no file that is read sets it"
						  : oomctl_strerror(found->code));
	}
	fputs(job->is_json ? " }" : "\n", stdout);
}

static int put_all_kept(const struct job *job, const char *path)
{
	const char *before = job->is_json ? ",\n  \"knobs\": {\n    " : "";
	bool is_ours, all_are = true;
	struct found found;

	if (job->is_json)
		put_path(job, "{\n  \"file\": ", path);
	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++) {
		if (!has(job->wanted.knobs, knob))
			continue;
		find(job, knob, &found);
		is_ours = found.code == 0 && is_same_file(path, found.path);
		all_are = all_are && is_ours;
		fputs(before, stdout);
		put_kept(job, knob, &found, is_ours);
		before = job->is_json ? ",\n    " : "";
	}
	fputs(job->is_json ? "\n  }\n}\n" : "", stdout);
	return finish(all_are ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int persist(struct job *job, char **words)
{
	struct oomctl_policy now;
	struct oomctl_tune_report report;
	int r;

	if (!words[0] || (words[1] && !parse_settings(words + 1, &job->wanted)))
		return print_usage(stderr);
	if (look(job, &now, &report) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (is_too_risky(job, &report))
		return finish(EXIT_RISKY);
	if (!words[1])
		job->wanted = now;
	r = oomctl_dropin_write(words[0], &job->wanted);
	return r < 0 ? fail(words[0], oomctl_strerror(r)) : put_all_kept(job, words[0]);
}

/* Options that not all commands have. */
enum given { ACCEPT = 1, SAVE = 2, BOOT = 4, FILES = 8 };

static int run(struct job *job, char **words, int given)
{
	static const struct {
		const char *name;
		int (*run)(struct job *job, char **words);
		int needed, allowed;
	} commands[] = {
		{ "show", show, 0, 0 },
		{ "check", check, 0, 0 },
		{ "drift", drift, 0, 0 },
		{ "drift", drift_from_boot, BOOT, BOOT | FILES },
		{ "apply", apply, 0, ACCEPT | SAVE },
		{ "persist", persist, 0, ACCEPT | FILES },
		{ "restore", restore, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && words[0]; i++)
		if (strcmp(words[0], commands[i].name) == 0 &&
		    (given & commands[i].needed) == commands[i].needed &&
		    (given & ~commands[i].allowed) == 0)
			return commands[i].run(job, words + 1);
	return print_usage(stderr);
}

static const struct option options[] = {
	{ "accept-risks", no_argument, NULL, 'a' },
	{ "boot", no_argument, NULL, 'b' },
	{ "procps", no_argument, NULL, 'l' },
	{ "root", required_argument, NULL, 'r' },
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
	struct job job = { .loader = OOMCTL_DROPIN_SYSTEMD };
	int c, r, given = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h' || c == '?')
			return print_usage(c == 'h' ? stdout : stderr);
		if (c == 'p')
			proc_root = optarg;
		if (c == 's')
			sys_root = optarg;
		if (c == 'f')
			job.save_path = optarg;
		if (c == 'r')
			job.root = optarg;
		if (c == 'l')
			job.loader = OOMCTL_DROPIN_PROCPS;
		given |= c == 'a' ? ACCEPT : c == 'f' ? SAVE : c == 'b' ? BOOT : 0;
		given |= c == 'r' || c == 'l' ? FILES : 0;
		job.is_json |= c == 'j';
	}

	job.accepts_risks = given & ACCEPT;
	r = oomctl_ctx_new(proc_root, sys_root ? sys_root : proc_root, &job.ctx);
	r = r < 0 ? fail("roots", oomctl_strerror(r)) : run(&job, argv + optind, given);
	oomctl_ctx_free(job.ctx);
	return r;
}
