/* SPDX-License-Identifier: MIT */
/* Says how a machine runs out of memory: as text for people, or as JSON. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "comm.h"

struct fact {
	const char *name, *unit, *meaning;
	const char *error; /* why there is no value, or NULL */
	uint64_t magnitude;
	bool negative;
	bool is_absent;   /* there is no value, and that is no error */
	const char *text; /* the value when it is no number */
};

struct section {
	size_t count;
	struct fact facts[5];
	pid_t pid; /* of a process; 0: this program */
};

/* Each process has a section, behind these. */
enum { POLICY, MEMORY, COMMIT, OOM, VICTIM, PROCESSES };

static const struct {
	const char *key, *heading;
} titles[PROCESSES] = {
	[POLICY] = { "policy", "Overcommit policy" },
	[MEMORY] = { "memory", "RAM and swap" },
	[COMMIT] = { "commit", "Commit limit" },
	[OOM] = { "oom", "When memory runs out" },
	[VICTIM] = { "victim", "Next victim" },
};

struct report {
	struct section *sections;
	size_t count;
	struct oomctl_rank_entry victims[2];
};

static const char *error_of(int r)
{
	return r < 0 ? oomctl_strerror(r) : NULL;
}

static const struct fact *add(struct section *s, struct fact fact)
{
	s->facts[s->count] = fact;
	return &s->facts[s->count++];
}

static void add_int(struct section *s, const char *name, const char *unit, int r,
		    int32_t v, const char *meaning)
{
	add(s, (struct fact){ name, unit, meaning, error_of(r),
			      .magnitude = (uint64_t)llabs(v), .negative = v < 0 });
}

static const struct fact *add_kb(struct section *s, const char *name, const char *error,
				 uint64_t kb, const char *meaning)
{
	return add(s, (struct fact){ name, "kB", meaning, error, .magnitude = kb });
}

static void add_difference(struct section *s, const char *name, const struct fact *a,
			   const struct fact *b, const char *meaning)
{
	bool negative = a->magnitude < b->magnitude;
	uint64_t kb =
	    negative ? b->magnitude - a->magnitude : a->magnitude - b->magnitude;
	const char *error = a->error ? a->error : b->error;

	add(s, (struct fact){ name, "kB", meaning, error, .magnitude = kb,
			      .negative = negative });
}

static const char *ratio_meaning(int32_t ratio, int kbytes_r, uint64_t kbytes)
{
	if (kbytes_r < 0 && kbytes_r != -EOPNOTSUPP) /* absent before Linux 3.14 */
		return "in force if overcommit_kbytes is 0";
	if (kbytes != 0)
		return "not in force: overcommit_kbytes is";
	if (ratio < 0)
		return "in force, and negative: no limit at all";
	return "in force: the commit limit is this share of RAM, plus swap";
}

static void gather_policy(const struct oomctl_ctx *ctx, struct section *s)
{
	static const char *const meanings[] = {
		[OOMCTL_OVERCOMMIT_GUESS] = "guess: refuse what could never be met",
		[OOMCTL_OVERCOMMIT_ALWAYS] = "always: refuse nothing",
		[OOMCTL_OVERCOMMIT_NEVER] = "never: refuse beyond the commit limit",
	};
	enum oomctl_overcommit mode = OOMCTL_OVERCOMMIT_GUESS;
	uint64_t kbytes = 0, admin = 0, user = 0;
	int32_t ratio = 0;
	int r, kbytes_r;

	r = oomctl_vm_get_overcommit_memory(ctx, &mode);
	add_int(s, "overcommit_memory", "", r, (int32_t)mode, meanings[mode]);

	r = oomctl_vm_get_overcommit_ratio(ctx, &ratio);
	kbytes_r = oomctl_vm_get_overcommit_kbytes(ctx, &kbytes);
	add_int(s, "overcommit_ratio", "%", r, ratio,
		ratio_meaning(ratio, kbytes_r, kbytes));
	add_kb(s, "overcommit_kbytes", error_of(kbytes_r), kbytes,
	       kbytes != 0 ? "in force: the commit limit is this, plus swap"
			   : "not in force: overcommit_ratio is");

	r = oomctl_vm_get_admin_reserve_kbytes(ctx, &admin);
	add_kb(s, "admin_reserve_kbytes", error_of(r), admin,
	       mode == OOMCTL_OVERCOMMIT_NEVER ? "kept back for root"
					       : "only for overcommit_memory 2");
	r = oomctl_vm_get_user_reserve_kbytes(ctx, &user);
	add_kb(s, "user_reserve_kbytes", error_of(r), user,
	       mode == OOMCTL_OVERCOMMIT_NEVER ? "kept back from a process"
					       : "only for overcommit_memory 2");
}

/* What the sections on memory and on the commit limit are made of. */
struct figures {
	struct oomctl_meminfo meminfo;
	struct oomctl_commit_figures commit;
	int meminfo_r, commit_r;
};

static const struct fact *add_line(struct section *s, const char *name,
				   const struct figures *f, uint64_t line, uint64_t kb,
				   const char *meaning)
{
	const char *error = error_of(f->meminfo_r);

	if (!error && !(f->meminfo.present & line))
		error = "This kernel does not print it.";
	return add_kb(s, name, error, kb, meaning);
}

static void gather_memory(const struct figures *f, struct section *s)
{
	const struct oomctl_meminfo *m = &f->meminfo;
	bool has_hugetlb = m->present & OOMCTL_MEMINFO_HUGETLB;

	add_line(s, "MemTotal", f, OOMCTL_MEMINFO_MEM_TOTAL, m->mem_total_kb, "RAM");
	add_line(s, "MemAvailable", f, OOMCTL_MEMINFO_MEM_AVAILABLE, m->mem_available_kb,
		 "RAM that can still be used");
	add_line(s, "SwapTotal", f, OOMCTL_MEMINFO_SWAP_TOTAL, m->swap_total_kb, "swap");
	add_line(s, "SwapFree", f, OOMCTL_MEMINFO_SWAP_FREE, m->swap_free_kb,
		 "free swap");
	add_kb(s, "Hugetlb", has_hugetlb ? NULL : error_of(f->commit_r),
	       has_hugetlb ? m->hugetlb_kb : f->commit.hugetlb_kb,
	       "RAM kept for huge pages");
}

static const char *left_meaning(const struct fact *limit, const struct fact *committed)
{
	return committed->magnitude >= limit->magnitude ? "nothing: no program can start"
							: "still to be promised";
}

static void gather_commit(const struct figures *f, bool is_enforced, struct section *s)
{
	const struct oomctl_meminfo *m = &f->meminfo;
	const struct fact *computed, *kernel, *committed;
	uint64_t kb = 0;
	int r = f->commit_r;

	if (r == 0)
		r = oomctl_calc_commit_limit(&f->commit, &kb);
	computed = add_kb(s, "computed", error_of(r), kb, "from the figures above");
	kernel = add_line(s, "CommitLimit", f, OOMCTL_MEMINFO_COMMIT_LIMIT,
			  m->commit_limit_kb, "the kernel's own");
	add_difference(s, "difference", computed, kernel,
		       kb == m->commit_limit_kb ? "both are the same"
						: "swapoff is at work, or this is a "
						  "container that shows other RAM");
	committed = add_line(s, "Committed_AS", f, OOMCTL_MEMINFO_COMMITTED_AS,
			     m->committed_as_kb, "promised to programs");
	add_difference(s, "left", kernel, committed,
		       is_enforced ? left_meaning(kernel, committed)
				   : "enforced only with overcommit_memory 2");
}

static void gather_oom(const struct oomctl_ctx *ctx, struct section *s)
{
	static const char *const meanings[] = {
		[OOMCTL_PANIC_NEVER] = "no panic: kill a process",
		[OOMCTL_PANIC_UNCONSTRAINED] = "panic, unless just a cgroup is full",
		[OOMCTL_PANIC_ALWAYS] = "panic, even if just a cgroup is full",
	};
	enum oomctl_panic panic = OOMCTL_PANIC_NEVER;
	int32_t timeout = 0, allocating = 0, dump = 0;
	int r;

	r = oomctl_vm_get_panic_on_oom(ctx, &panic);
	add_int(s, "panic_on_oom", "", r, (int32_t)panic, meanings[panic]);
	r = oomctl_vm_get_panic_timeout(ctx, &timeout);
	add_int(s, "panic_timeout", "s", r, timeout,
		timeout > 0    ? "after a panic, boot again in this time"
		: timeout == 0 ? "after a panic, stay down until reset"
			       : "after a panic, boot again at once");
	r = oomctl_vm_get_oom_kill_allocating_task(ctx, &allocating);
	add_int(s, "oom_kill_allocating_task", "", r, allocating,
		allocating ? "kill whoever asks for memory"
			   : "kill the highest oom_score");
	r = oomctl_vm_get_oom_dump_tasks(ctx, &dump);
	add_int(s, "oom_dump_tasks", "", r, dump,
		dump ? "log all processes with each kill" : "log only who is killed");
}

/* Pages, or points: that is what the oldest kernels compare. */
static void add_badness(struct section *s, const char *name, enum oomctl_score_rule rule,
			const char *error, int64_t badness, const char *meaning)
{
	bool is_points = rule == OOMCTL_SCORE_RULE_2_6_36;
	uint64_t page_kb = is_points ? 1 : (uint64_t)sysconf(_SC_PAGESIZE) / 1024;

	add(s, (struct fact){ name, is_points ? "" : "kB", meaning, error,
			      .magnitude = (uint64_t)llabs(badness) * page_kb,
			      .negative = badness < 0 });
}

static void add_absent(struct section *s, const char *name, const char *unit,
		       const char *error, const char *why)
{
	add(s, (struct fact){ name, unit, why, error, .is_absent = true });
}

static const char *victim_meaning(const struct section *oom, enum oomctl_score_rule rule)
{
	if (oom->facts[0].magnitude != OOMCTL_PANIC_NEVER)
		return "chosen first, if the kernel does not panic";
	if (oom->facts[2].magnitude != 0)
		return "chosen first, but for whoever asks for memory";
	if (rule != OOMCTL_SCORE_RULE_5_9)
		return "killed first; before Linux 5.1 maybe a child of it";
	return "killed first";
}

static const char *unread_meaning(const struct oomctl_rank_report *report)
{
	if (report->flags & OOMCTL_RANK_HIDDEN)
		return "and /proc hides others: one of them may be first";
	return report->unread > 0 ? "may not be read: one of them may be first"
				  : "all processes were looked at";
}

static void add_victim(struct section *s, const struct oomctl_rank_entry *e,
		       const char *meaning)
{
	add(s, (struct fact){ "pid", "", meaning, .magnitude = (uint64_t)e->pid });
	add(s, (struct fact){ "comm", "", "its name", .text = e->comm });
}

/* How certain it is, in numbers. Scores alone tell nothing of it. */
static void add_margin(struct section *s, const struct oomctl_rank_entry *e, size_t count,
		       const struct oomctl_rank_report *report)
{
	const char *error =
	    report->flags & OOMCTL_RANK_NO_TOTAL
		? "By oom_score alone: /proc does not tell RAM or release."
		: NULL;

	add_badness(s, "badness", report->rule, error, e[0].badness_pages,
		    "what it uses, and its adjustment");
	if (count > 1)
		add_badness(s, "margin", report->rule, error,
			    e[0].badness_pages - e[1].badness_pages,
			    "ahead of the second");
	else
		add_absent(s, "margin", "kB", error, "no other can be killed");
}

static void add_no_victim(struct section *s, const char *error)
{
	static const char why[] = "no process can be killed";

	add_absent(s, "pid", "", error, why);
	add_absent(s, "comm", "", error, why);
	add_absent(s, "badness", "kB", error, why);
	add_absent(s, "margin", "kB", error, why);
}

static void gather_victim(const struct oomctl_ctx *ctx, const struct section *oom,
			  struct oomctl_rank_entry *e, struct section *s)
{
	struct oomctl_rank_report report = { 0 };
	size_t count = 0;
	int r;

	r = oomctl_rank_victims(ctx, e, 2, sizeof(*e), &count, &report, sizeof(report));
	if (count > 0) {
		add_victim(s, e, victim_meaning(oom, report.rule));
		add_margin(s, e, count, &report);
	} else {
		add_no_victim(s, error_of(r));
	}
	add(s, (struct fact){ "unread", "", unread_meaning(&report), error_of(r),
			      .magnitude = report.unread });
}

static const char *adj_meaning(int32_t adj)
{
	if (adj == OOMCTL_SCORE_ADJ_MIN)
		return "exempt: never killed";
	if (adj == 0)
		return "no adjustment";
	return adj < 0 ? "protected: killed later" : "preferred: killed sooner";
}

static void gather_process(const struct oomctl_ctx *ctx, struct section *s)
{
	int32_t score = 0, adj = 0;
	int r;

	r = oomctl_proc_get_oom_score(ctx, s->pid, &score);
	add_int(s, "oom_score", "", r, score,
		score == 0 ? "never killed, or last"
			   : "the highest of all is killed first");
	r = oomctl_proc_get_oom_score_adj(ctx, s->pid, &adj);
	add_int(s, "oom_score_adj", "", r, adj, adj_meaning(adj));
}

static void gather(const struct oomctl_ctx *ctx, struct report *report)
{
	struct section *s = report->sections;
	struct figures f = { 0 };

	f.commit_r = oomctl_meminfo_read_commit_figures(ctx, &f.commit, sizeof(f.commit));
	f.meminfo_r = oomctl_meminfo_read(ctx, &f.meminfo, sizeof(f.meminfo));
	gather_policy(ctx, &s[POLICY]);
	gather_memory(&f, &s[MEMORY]);
	gather_commit(&f, s[POLICY].facts[0].magnitude == OOMCTL_OVERCOMMIT_NEVER,
		      &s[COMMIT]);
	gather_oom(ctx, &s[OOM]);
	gather_victim(ctx, &s[OOM], report->victims, &s[VICTIM]);
	for (size_t i = PROCESSES; i < report->count; i++)
		gather_process(ctx, &s[i]);
}

static bool is_complete(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		for (size_t k = 0; k < report->sections[i].count; k++)
			if (report->sections[i].facts[k].error)
				return false;
	return true;
}

static const char *format_number(char *out, size_t size, const struct fact *f)
{
	if (f->is_absent)
		return "-";
	if (f->text) {
		snprintf(out, size, "%s", f->text);
		make_printable(out);
		return out;
	}
	snprintf(out, size, "%s%" PRIu64, f->negative ? "-" : "", f->magnitude);
	return out;
}

/* A size as people say it, and the meaning. */
static void format_words(char *out, size_t size, const struct fact *f)
{
	double n = (double)f->magnitude;
	const char *prefix = "KMGTPEZ";

	if (strcmp(f->unit, "kB") != 0 || n < 1024) {
		snprintf(out, size, "%s", f->meaning);
		return;
	}
	for (; n >= 1024; n /= 1024)
		prefix++;
	snprintf(out, size, "%s%.1f %ciB: %s", f->negative ? "-" : "", n, *prefix,
		 f->meaning);
}

/* From a column on, in lines that fit a console. */
static void print_words(const char *text, int column)
{
	int room = 80 - column;
	int len;

	for (; strlen(text) > (size_t)room; text += len + 1) {
		for (len = room; len > 0 && text[len] != ' '; len--)
			;
		printf("%.*s\n%*s", len, text, column, "");
	}
	puts(text);
}

static void print_fact(const struct fact *f)
{
	char number[24], words[128];

	printf("  %-24s ", f->name);
	if (f->error) {
		print_words(f->error, 27);
		return;
	}
	format_words(words, sizeof(words), f);
	printf("%10s %-2s  ", format_number(number, sizeof(number), f), f->unit);
	print_words(words, 42);
}

static void print_text(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct section *s = &report->sections[i];

		if (i < PROCESSES)
			puts(titles[i].heading);
		else if (s->pid != 0)
			printf("Process %d\n", s->pid);
		else
			puts("This program");
		for (size_t k = 0; k < s->count; k++)
			print_fact(&s->facts[k]);
		if (i + 1 < report->count)
			putchar('\n');
	}
}

static void print_json_value(const struct fact *f)
{
	char number[24];

	if (f->error || f->is_absent)
		fputs("null", stdout);
	else if (f->text)
		print_json_string(f->text);
	else
		fputs(format_number(number, sizeof(number), f), stdout);
}

/* No other text than a value holds a character that JSON wants escaped. */
static void print_json_fact(const struct fact *f)
{
	printf("\"%s\": {\"value\": ", f->name);
	print_json_value(f);
	printf(", \"unit\": \"%s\", \"%s\": \"%s\"}", f->unit,
	       f->error ? "error" : "meaning", f->error ? f->error : f->meaning);
}

static void print_json(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct section *s = &report->sections[i];

		if (i < PROCESSES)
			printf("%s \"%s\": {", i == 0 ? "{" : "},\n", titles[i].key);
		else
			printf("},\n %s{\"pid\": %d,",
			       i == PROCESSES ? "\"processes\": [" : "", s->pid);
		for (size_t k = 0; k < s->count; k++) {
			fputs(k == 0 ? "\n  " : ",\n  ", stdout);
			print_json_fact(&s->facts[k]);
		}
	}
	puts("}]}");
}

static int print_usage(FILE *to)
{
	fputs(
	    "usage: oom-report [OPTION...] [PID...]\n\n"
	    "Says how this machine runs out of memory: policy, figures, limits, the\n"
	    "process that is killed first, and the scores of processes, or of itself.\n\n"
	    "  --json      print JSON\n"
	    "  --proc DIR  read DIR in the place of /proc, such as a host's\n"
	    "  --sys DIR   read DIR in the place of /sys\n"
	    "  --help      print this\n\n"
	    "Exit status: 0 when all could be read, 1 when not, 2 for wrong usage.\n",
	    to);
	return to == stdout ? 0 : 2;
}

/* 0 when it is none. */
static pid_t parse_pid(const char *text)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' && v > 0 && v <= INT_MAX ? (pid_t)v : 0;
}

/* Without process ids, one section for this program. */
static bool prepare(int pids, char **pid, struct report *out)
{
	out->count = PROCESSES + (pids > 0 ? (size_t)pids : 1);
	out->sections = calloc(out->count, sizeof(*out->sections));
	for (int i = 0; out->sections && i < pids; i++) {
		out->sections[PROCESSES + i].pid = parse_pid(pid[i]);
		if (out->sections[PROCESSES + i].pid == 0) {
			fprintf(stderr, "oom-report: not a process id: %s\n", pid[i]);
			free(out->sections);
			return false;
		}
	}
	return out->sections;
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "proc", required_argument, NULL, 'p' },
	{ "sys", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

int main(int argc, char **argv)
{
	void (*print)(const struct report *) = print_text;
	const char *proc_root = NULL, *sys_root = NULL;
	struct report report = { 0 };
	struct oomctl_ctx *ctx;
	int c, r;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j')
			print = print_json;
		else if (c == 'p')
			proc_root = optarg;
		else if (c == 's')
			sys_root = optarg;
		else
			return print_usage(c == 'h' ? stdout : stderr);
	}

	/* Another machine's huge pages are not counted below this one's /sys. */
	if (proc_root && !sys_root)
		sys_root = proc_root;
	r = oomctl_ctx_new(proc_root, sys_root, &ctx);
	if (r < 0) {
		fprintf(stderr, "oom-report: %s\n", oomctl_strerror(r));
		return 1;
	}
	if (!prepare(argc - optind, argv + optind, &report)) {
		oomctl_ctx_free(ctx);
		return print_usage(stderr);
	}

	gather(ctx, &report);
	print(&report);
	r = is_complete(&report) && fflush(stdout) == 0 ? 0 : 1;
	free(report.sections);
	oomctl_ctx_free(ctx);
	return r;
}
