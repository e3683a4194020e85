/* SPDX-License-Identifier: MIT */
/* Shows whom the kernel would kill when memory runs out, in that order: live, as top does,
 * or once, or as JSON. Also what another oom_score_adj would make of it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "comm.h"
#include "screen.h"

struct what_if {
	pid_t pid;
	int32_t adj;
	const char *error; /* why it is not in the ranking, or NULL */
};

struct request {
	struct oomctl_ctx *ctx;
	const char *proc_root, *sys_root, *cgroup;
	struct what_if *what_ifs;
	size_t what_if_count, shown;
	bool is_json, is_once;
};

struct ranking {
	const struct request *q;
	struct oomctl_rank_entry *entries;
	size_t count;
	struct oomctl_rank_report report;
};

/* Those that end meanwhile leave their places empty: read a few more. */
enum { SPARE = 8 };

/* One more than is shown, for its margin; with what-ifs all, since each may come to the top,
 * and only the ranking tells what is in a cgroup. */
static int read_ranking(struct ranking *k)
{
	size_t capacity = k->q->shown + 1 + SPARE;
	struct oomctl_rank_entry *larger;
	int r;

	for (;; capacity *= 2) {
		larger = reallocarray(k->entries, capacity + k->q->what_if_count,
				      sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		k->entries = larger;
		r = k->q->cgroup
			? oomctl_rank_cgroup(k->q->ctx, k->q->cgroup, k->entries,
					     capacity, sizeof(*k->entries), &k->count,
					     &k->report, sizeof(k->report))
			: oomctl_rank_victims(k->q->ctx, k->entries, capacity,
					      sizeof(*k->entries), &k->count, &k->report,
					      sizeof(k->report));
		if (r < 0 || k->count < capacity || k->q->what_if_count == 0)
			return r;
	}
}

/* As the library orders them: of equals the youngest first, with older kernels the oldest. */
static bool dies_before(const struct ranking *k, size_t i, size_t j)
{
	const struct oomctl_rank_entry *a = &k->entries[i], *b = &k->entries[j];
	bool is_younger = a->start_ticks != b->start_ticks
			      ? a->start_ticks > b->start_ticks
			      : a->pid > b->pid;

	if (a->badness_pages != b->badness_pages)
		return a->badness_pages > b->badness_pages;
	return is_younger == (k->report.rule == OOMCTL_SCORE_RULE_5_9);
}

static void swap(struct ranking *k, size_t i, size_t j)
{
	struct oomctl_rank_entry e = k->entries[i];

	k->entries[i] = k->entries[j];
	k->entries[j] = e;
}

/* Moves one process to its place among the others. */
static void move(struct ranking *k, size_t i)
{
	for (; i > 0 && dies_before(k, i, i - 1); i--)
		swap(k, i, i - 1);
	for (; i + 1 < k->count && dies_before(k, i + 1, i); i++)
		swap(k, i, i + 1);
}

/* What the library tells of ranked processes only. */
static void read_name(const struct request *q, struct oomctl_rank_entry *e)
{
	char path[PATH_MAX];
	struct stat owner;
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d/comm", q->proc_root, e->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fstat(fileno(file), &owner) == 0)
		e->uid = owner.st_uid;
	len = fread(e->comm, 1, sizeof(e->comm), file);
	fclose(file);
	e->comm[len > 0 ? len - 1 : 0] = '\0'; /* the newline */
}

/* An exempt process is not in the ranking. */
static const char *add_exempt(struct ranking *k, pid_t pid)
{
	struct oomctl_rank_entry e = { .pid = pid, .flags = OOMCTL_RANK_DETAILED };
	int r;

	if (k->q->cgroup)
		return "It is not in this cgroup, or is never chosen there.";
	r = oomctl_predict_read_task_figures(k->q->ctx, pid, &e.task, sizeof(e.task));
	if (r < 0)
		return oomctl_strerror(r);
	if (e.task.flags & OOMCTL_TASK_UNKILLABLE)
		return "It is never chosen, whatever its oom_score_adj.";
	read_name(k->q, &e);
	k->entries[k->count++] = e;
	return NULL;
}

static int weigh(const struct ranking *k, struct oomctl_rank_entry *e)
{
	uint64_t machine_pages; /* the score knows no cgroup */
	int r;

	r = oomctl_predict_read_total_pages(k->q->ctx, &machine_pages);
	if (r == 0)
		r = oomctl_calc_oom_score(k->report.rule, &e->task, machine_pages,
					  &e->oom_score);
	if (r == 0)
		r = oomctl_calc_badness(k->report.rule, &e->task, k->report.total_pages,
					&e->badness_pages);
	return r;
}

/* Why it cannot be done, or NULL. */
static const char *apply(struct ranking *k, const struct what_if *w)
{
	const char *error = NULL;
	size_t i = 0;
	int r;

	if (k->report.flags & OOMCTL_RANK_NO_TOTAL)
		return "/proc does not tell RAM or release.";
	while (i < k->count && k->entries[i].pid != w->pid)
		i++;
	if (i == k->count)
		error = add_exempt(k, w->pid);
	if (error)
		return error;

	k->entries[i].task.oom_score_adj = w->adj;
	r = weigh(k, &k->entries[i]);
	if (r < 0)
		return oomctl_strerror(r);
	move(k, i);
	k->count -= w->adj == OOMCTL_SCORE_ADJ_MIN; /* it is the last now: exempt */
	return NULL;
}

static int rank(struct ranking *k)
{
	int r = read_ranking(k);

	for (size_t i = 0; r == 0 && i < k->q->what_if_count; i++)
		k->q->what_ifs[i].error = apply(k, &k->q->what_ifs[i]);
	return r;
}

static bool is_what_if(const struct request *q, pid_t pid)
{
	for (size_t i = 0; i < q->what_if_count; i++)
		if (q->what_ifs[i].pid == pid)
			return true;
	return false;
}

static bool has_badness(const struct ranking *k)
{
	return !(k->report.flags & OOMCTL_RANK_NO_TOTAL);
}

static bool has_margin(const struct ranking *k, size_t i)
{
	return has_badness(k) && i + 1 < k->count;
}

static int64_t margin_of(const struct ranking *k, size_t i)
{
	if (!has_margin(k, i))
		return 0;
	return k->entries[i].badness_pages - k->entries[i + 1].badness_pages;
}

/* What happens instead of killing the first, or NULL. */
static const char *other_fate(const struct request *q)
{
	enum oomctl_panic panic = OOMCTL_PANIC_NEVER;
	int32_t allocating = 0;

	oomctl_vm_get_panic_on_oom(q->ctx, &panic);
	if (panic == OOMCTL_PANIC_ALWAYS ||
	    (panic == OOMCTL_PANIC_UNCONSTRAINED && !q->cgroup))
		return "panic_on_oom is set: the kernel panics, and kills nobody.";
	oomctl_vm_get_oom_kill_allocating_task(q->ctx, &allocating);
	if (allocating && !q->cgroup)
		return "oom_kill_allocating_task is set: who asks for memory dies first.";
	return NULL;
}

/* Says one by one what the ranking is to be taken with. */
static void each_note(const struct ranking *k, void (*say)(void *to, const char *note),
		      void *to)
{
	const char *fate = other_fate(k->q);
	char note[512];

	if (fate)
		say(to, fate);
	if (k->report.rule != OOMCTL_SCORE_RULE_5_9 && has_badness(k))
		say(to, "Before Linux 5.1 a child of the first may die instead.");
	if (!has_badness(k))
		say(to, "By score alone: /proc does not tell RAM or release.");
	if (k->report.flags & OOMCTL_RANK_HIDDEN)
		say(to, "/proc hides processes of others: one of them may be the first.");
	if (k->report.unread > 0) {
		snprintf(note, sizeof(note), "%" PRIu64 " processes may not be read.",
			 k->report.unread);
		say(to, note);
	}
	for (size_t i = 0; i < k->q->what_if_count; i++)
		if (k->q->what_ifs[i].error) {
			snprintf(note, sizeof(note), "Process %d: %s",
				 k->q->what_ifs[i].pid, k->q->what_ifs[i].error);
			say(to, note);
		}
}

static void put_note(void *screen, const char *note)
{
	screen_put(screen, "\033[33m", "Note: %s", note);
}

struct number {
	char text[16];
};

static struct number size_of(double pages)
{
	double n = pages * (double)sysconf(_SC_PAGESIZE) / 1024;
	const char *unit = "KMGTPE";
	struct number out;

	for (; n >= 999.5 || n <= -999.5; n /= 1024)
		unit++;
	snprintf(out.text, sizeof(out.text), "%.*f%c",
		 *unit != 'K' && n < 99.95 && n > -99.95, n, *unit);
	return out;
}

/* The oldest kernels compare points. */
static struct number badness_of(const struct ranking *k, bool is_known, int64_t pages)
{
	struct number out = { "-" };

	if (is_known && k->report.rule != OOMCTL_SCORE_RULE_2_6_36)
		return size_of((double)pages);
	if (is_known)
		snprintf(out.text, sizeof(out.text), "%" PRId64, pages);
	return out;
}

/* A name as it is known here, unless the process is of another machine or it is too long. */
static struct number user_of(const struct request *q, uint32_t uid)
{
	const struct passwd *user =
	    strcmp(q->proc_root, "/proc") == 0 ? getpwuid(uid) : NULL;
	struct number out;

	if (user && strlen(user->pw_name) <= 8)
		snprintf(out.text, sizeof(out.text), "%s", user->pw_name);
	else
		snprintf(out.text, sizeof(out.text), "%" PRIu32, uid);
	return out;
}

static void put_first(const struct ranking *k, struct screen *s)
{
	const struct oomctl_rank_entry *e = k->entries;
	char next[128] = "nobody: none can be killed";

	if (has_margin(k, 0))
		snprintf(next, sizeof(next), "%d (%s), %s ahead of %d (%s)", e->pid,
			 e->comm, badness_of(k, true, margin_of(k, 0)).text, e[1].pid,
			 e[1].comm);
	else if (k->count > 0)
		snprintf(next, sizeof(next), "%d (%s)%s", e->pid, e->comm,
			 k->count == 1 ? ", the only one" : "");
	screen_put(s, "\033[1m", "Next%s%s: %s", k->q->cgroup ? " in " : "",
		   k->q->cgroup ? k->q->cgroup : "", next);
}

static void put_row(const struct ranking *k, size_t i, struct screen *s)
{
	const struct oomctl_rank_entry *e = &k->entries[i];
	static const char *const colours[] = { "", "\033[31m", "\033[36m" };
	bool is_changed = is_what_if(k->q, e->pid);

	screen_put(s, colours[is_changed ? 2 : i == 0],
		   "%2zu%c%7d %-8s %5" PRId32 " %5" PRId32 " %7s %5s %5s %5s %6s %s",
		   i + 1, is_changed ? '*' : ' ', e->pid, user_of(k->q, e->uid).text,
		   e->oom_score, e->task.oom_score_adj,
		   badness_of(k, has_badness(k), e->badness_pages).text,
		   size_of((double)e->task.rss_pages).text,
		   size_of((double)e->task.swap_pages).text,
		   size_of((double)e->task.pgtable_pages).text,
		   badness_of(k, has_margin(k, i), margin_of(k, i)).text, e->comm);
}

static void print_table(const struct ranking *k, struct screen *s)
{
	put_first(k, s);
	each_note(k, put_note, s);
	screen_put(s, "\033[7m", "%2s %7s %-8s %5s %5s %7s %5s %5s %5s %6s %s", "#",
		   "PID", "USER", "SCORE", "ADJ", "BADNESS", "RSS", "SWAP", "PGTAB",
		   "MARGIN", "COMMAND");
	for (size_t i = 0; i < k->count && i < k->q->shown; i++)
		put_row(k, i, s);
}

static void print_number(const char *key, bool is_known, int64_t v)
{
	if (is_known)
		printf("\"%s\": %" PRId64 ", ", key, v);
	else
		printf("\"%s\": null, ", key);
}

static void print_json_process(const struct ranking *k, size_t i)
{
	const struct oomctl_rank_entry *e = &k->entries[i];

	printf("%s\n  {\"pid\": %d, \"uid\": %" PRIu32 ", \"oom_score\": %" PRId32
	       ", \"oom_score_adj\": %" PRId32 ", \"what_if\": %s, ",
	       i > 0 ? "," : "", e->pid, e->uid, e->oom_score, e->task.oom_score_adj,
	       is_what_if(k->q, e->pid) ? "true" : "false");
	print_number("badness_pages", has_badness(k), e->badness_pages);
	print_number("margin_pages", has_margin(k, i), margin_of(k, i));
	printf("\"rss_pages\": %" PRIu64 ", \"swap_pages\": %" PRIu64
	       ", \"pgtable_pages\": %" PRIu64 ", \"comm\": ",
	       e->task.rss_pages, e->task.swap_pages, e->task.pgtable_pages);
	print_json_string(e->comm);
	putchar('}');
}

static void print_json_note(void *is_first, const char *note)
{
	fputs(*(bool *)is_first ? "" : ", ", stdout);
	print_json_string(note);
	*(bool *)is_first = false;
}

static void print_json(const struct ranking *k)
{
	bool is_first = true;

	printf("{\"page_size\": %ld, \"processes\": %" PRIu64 ", \"unread\": %" PRIu64
	       ", \"hidden\": %s, ",
	       sysconf(_SC_PAGESIZE), k->report.processes, k->report.unread,
	       k->report.flags & OOMCTL_RANK_HIDDEN ? "true" : "false");
	print_number("total_pages", has_badness(k), (int64_t)k->report.total_pages);
	fputs("\n \"notes\": [", stdout);
	each_note(k, print_json_note, &is_first);
	fputs("],\n \"ranking\": [", stdout);
	for (size_t i = 0; i < k->count && i < k->q->shown; i++)
		print_json_process(k, i);
	puts("]}");
}

static int draw(struct screen *s, void *ranking)
{
	int r = rank(ranking);

	if (r == 0)
		print_table(ranking, s);
	return r;
}

static int print_once(struct ranking *k)
{
	struct screen s = screen_plain();
	int r = rank(k);

	if (r == 0 && k->q->is_json)
		print_json(k);
	else if (r == 0)
		print_table(k, &s);
	return fflush(stdout) == 0 ? r : -EIO;
}

static int print_usage(FILE *to)
{
	fputs(
	    "usage: oom-rank [OPTION...]\n\n"
	    "Shows whom the kernel would kill when memory runs out, in that order, each\n"
	    "second anew, until q or Ctrl-C. MARGIN is how far the next one is behind.\n\n"
	    "  -n COUNT         how many to show: 10\n"
	    "  --adj PID=VALUE  as if PID had this oom_score_adj; repeatable\n"
	    "  --cgroup PATH    when this cgroup reaches its limit: /system.slice/x.service\n"
	    "  --once           print one table, as always when this is no terminal\n"
	    "  --json           print one JSON object\n"
	    "  --proc DIR       read DIR in the place of /proc, such as a host's\n"
	    "  --sys DIR        read DIR in the place of /sys\n"
	    "  --help           print this\n\n"
	    "Exit status: 0; 1 when something could not be told, 2 for wrong usage.\n",
	    to);
	return to == stdout ? 0 : 2;
}

/* A number up to the end, which is left in rest when that is not NULL. */
static bool parse_int(const char *text, int least, int most, char **rest, int *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno != 0 || end == text || v < least || v > most || (!rest && *end != '\0'))
		return false;
	if (rest)
		*rest = end;
	*out = (int)v;
	return true;
}

static bool parse_what_if(const char *text, struct what_if *out)
{
	char *rest;

	return parse_int(text, 1, INT_MAX, &rest, &out->pid) && *rest == '=' &&
	       parse_int(rest + 1, OOMCTL_SCORE_ADJ_MIN, OOMCTL_SCORE_ADJ_MAX, NULL,
			 &out->adj);
}

static const char *error_of(const struct request *q, int r)
{
	if (q->cgroup && r == -ERANGE)
		return "This cgroup has no limit of its own.";
	if (q->cgroup && r == -EOPNOTSUPP)
		return "No such cgroup, or it has no memory controller.";
	return oomctl_strerror(r);
}

static bool is_complete(const struct request *q)
{
	for (size_t i = 0; i < q->what_if_count; i++)
		if (q->what_ifs[i].error)
			return false;
	return true;
}

static int run(const struct request *q)
{
	bool is_live = !q->is_once && !q->is_json && screen_is_terminal();
	struct ranking k = { .q = q };
	int r;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* a frame at once */
	r = is_live ? screen_run(draw, &k) : print_once(&k);
	if (r < 0)
		fprintf(stderr, "oom-rank: %s\n", error_of(q, r));
	free(k.entries);
	return r == 0 && (is_live || is_complete(q)) ? 0 : 1;
}

static const struct option options[] = {
	{ "adj", required_argument, NULL, 'a' },
	{ "cgroup", required_argument, NULL, 'c' },
	{ "once", no_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "proc", required_argument, NULL, 'p' },
	{ "sys", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* An exit status, or -1 to go on. */
static int parse_arguments(int argc, char **argv, struct request *q)
{
	int c, shown = 10;

	while ((c = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		if (c == 'n' && !parse_int(optarg, 1, 100000, NULL, &shown))
			break;
		if (c == 'a' && !parse_what_if(optarg, &q->what_ifs[q->what_if_count++]))
			break;
		if (c == 'h' || c == '?')
			return print_usage(c == 'h' ? stdout : stderr);
		if (c == 'c')
			q->cgroup = optarg;
		if (c == 'p')
			q->proc_root = optarg;
		if (c == 's')
			q->sys_root = optarg;
		q->is_json |= c == 'j';
		q->is_once |= c == 'o';
	}
	q->shown = (size_t)shown;
	if (c != -1)
		fprintf(stderr, "oom-rank: wrong value: %s\n", optarg);
	return c != -1 || optind < argc ? print_usage(stderr) : -1;
}

/* Another machine is not below this one's /sys. */
static int open_roots(struct request *q)
{
	const char *sys_root = q->sys_root ? q->sys_root : q->proc_root;
	int r = oomctl_ctx_new(q->proc_root, sys_root, &q->ctx);

	if (!q->proc_root)
		q->proc_root = "/proc";
	if (r < 0)
		fprintf(stderr, "oom-rank: %s\n", oomctl_strerror(r));
	return r;
}

int main(int argc, char **argv)
{
	struct request q = { 0 };
	int status;

	q.what_ifs = calloc((size_t)argc, sizeof(*q.what_ifs));
	if (!q.what_ifs)
		return 1;

	status = parse_arguments(argc, argv, &q);
	if (status < 0)
		status = open_roots(&q) < 0 ? 1 : run(&q);
	oomctl_ctx_free(q.ctx);
	free(q.what_ifs);
	return status;
}
