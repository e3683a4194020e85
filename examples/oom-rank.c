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
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "comm.h"
#include "screen.h"

struct what_if {
	pid_t pid;
	int32_t adj;
	const char *error; /* why it is not in the ranking, or NULL */
};

/* What is asked for, and what is read. */
struct ranking {
	struct oomctl_ctx *ctx;
	const char *proc_root, *sys_root, *cgroup; /* or NULL */
	struct what_if *what_ifs;
	size_t what_if_count;
	int shown;
	bool is_json, is_once, is_incomplete;
	struct oomctl_rank_entry *entries;
	size_t count;
	struct oomctl_rank_report report;
};

enum { MOST_SHOWN = 100000 };

/* One more than is shown, for its margin, and one for each that a what-if takes away. Only
 * the ranking tells what is in a cgroup: for a what-if it has to be whole. */
static size_t capacity_of(const struct ranking *k)
{
	int shown = k->cgroup && k->what_if_count > 0 ? MOST_SHOWN : k->shown;

	return (size_t)shown + 1 + k->what_if_count;
}

static int read_ranking(struct ranking *k)
{
	if (k->cgroup)
		return oomctl_rank_cgroup(k->ctx, k->cgroup, k->entries, capacity_of(k),
					  sizeof(*k->entries), &k->count, &k->report,
					  sizeof(k->report));
	return oomctl_rank_victims(k->ctx, k->entries, capacity_of(k),
				   sizeof(*k->entries), &k->count, &k->report,
				   sizeof(k->report));
}

/* The kernel's list is in the order of start. */
static bool dies_before(const struct ranking *k, const struct oomctl_rank_entry *a,
			const struct oomctl_rank_entry *b)
{
	bool is_later = a->start_ticks != b->start_ticks ? a->start_ticks > b->start_ticks
							 : a->pid > b->pid;
	const struct oomctl_task_figures tasks[] = { is_later ? b->task : a->task,
						     is_later ? a->task : b->task };
	int64_t margin;
	size_t chosen;

	return oomctl_calc_victim(k->report.rule, tasks, 2, k->report.total_pages,
				  &chosen, &margin) == 0 &&
	       chosen == is_later;
}

static void insert(struct ranking *k, const struct oomctl_rank_entry *e)
{
	size_t i = k->count++;

	for (; i > 0 && dies_before(k, e, &k->entries[i - 1]); i--)
		k->entries[i] = k->entries[i - 1];
	k->entries[i] = *e;
}

/* Whether it was there. */
static bool take_out(struct ranking *k, pid_t pid)
{
	size_t count = k->count;

	k->count = 0;
	for (size_t i = 0; i < count; i++)
		if (k->entries[i].pid != pid)
			k->entries[k->count++] = k->entries[i];
	return k->count < count;
}

/* The score is always that of the machine, the badness may be that of a cgroup. */
static int weigh(const struct ranking *k, struct oomctl_rank_entry *e, int32_t adj)
{
	int r = oomctl_predict_oom_score(k->ctx, e->pid, adj, &e->oom_score);

	e->task.oom_score_adj = adj;
	if (r == 0)
		r = oomctl_calc_badness(k->report.rule, &e->task, k->report.total_pages,
					&e->badness_pages);
	return r;
}

/* Why it cannot be done, or NULL. */
static const char *apply(struct ranking *k, const struct what_if *w)
{
	struct oomctl_rank_entry e;
	int r;

	r = oomctl_rank_process(k->ctx, w->pid, &e, sizeof(e));
	if (r == 0)
		r = weigh(k, &e, w->adj);
	if (r < 0)
		return oomctl_strerror(r);
	if (e.task.flags & OOMCTL_TASK_UNKILLABLE)
		return "It is never chosen, whatever its oom_score_adj.";
	if (!take_out(k, w->pid) && k->cgroup)
		return "It is not in this cgroup, or is never chosen there.";
	if (w->adj != OOMCTL_SCORE_ADJ_MIN)
		insert(k, &e);
	return NULL;
}

static int rank(struct ranking *k)
{
	int r = read_ranking(k);

	k->is_incomplete = false;
	for (size_t i = 0; r == 0 && i < k->what_if_count; i++) {
		k->what_ifs[i].error = apply(k, &k->what_ifs[i]);
		k->is_incomplete |= k->what_ifs[i].error != NULL;
	}
	return r;
}

static bool is_what_if(const struct ranking *k, pid_t pid)
{
	for (size_t i = 0; i < k->what_if_count; i++)
		if (k->what_ifs[i].pid == pid && !k->what_ifs[i].error)
			return true;
	return false;
}

static bool has_badness(const struct ranking *k)
{
	return !(k->report.flags & OOMCTL_RANK_NO_TOTAL);
}

/* Negative when it is not known, or nobody is behind. */
static int64_t margin_of(const struct ranking *k, size_t i)
{
	if (!has_badness(k) || i + 1 >= k->count)
		return -1;
	return k->entries[i].badness_pages - k->entries[i + 1].badness_pages;
}

/* What happens instead of killing the first, or NULL. */
static const char *other_fate(const struct ranking *k)
{
	enum oomctl_panic panic = OOMCTL_PANIC_NEVER;
	int32_t allocating = 0;

	oomctl_vm_get_panic_on_oom(k->ctx, &panic);
	if (panic == OOMCTL_PANIC_ALWAYS || (panic != OOMCTL_PANIC_NEVER && !k->cgroup))
		return "panic_on_oom is set: the kernel panics, and kills nobody.";
	oomctl_vm_get_oom_kill_allocating_task(k->ctx, &allocating);
	if (allocating && !k->cgroup)
		return "oom_kill_allocating_task is set: who asks for memory dies first.";
	return NULL;
}

/* Says one by one what the ranking is to be taken with. */
static void each_note(const struct ranking *k, void (*say)(void *to, const char *note),
		      void *to)
{
	const char *fate = other_fate(k);
	char note[512];

	if (fate)
		say(to, fate);
	if (k->report.rule != OOMCTL_SCORE_RULE_5_9 && has_badness(k))
		say(to, "Before Linux 5.1 a child of the first may die instead.");
	if (!has_badness(k))
		say(to, "By score alone: /proc does not tell RAM or release.");
	if (k->report.flags & OOMCTL_RANK_HIDDEN || k->report.unread > 0)
		say(to, "/proc hides processes of others: one of them may be the first.");
	for (size_t i = 0; i < k->what_if_count; i++)
		if (k->what_ifs[i].error) {
			snprintf(note, sizeof(note), "Process %d: %s", k->what_ifs[i].pid,
				 k->what_ifs[i].error);
			say(to, note);
		}
}

static void put_note(void *screen, const char *note)
{
	screen_put(screen, "\033[33m", "Note: %s", note);
}

struct word {
	char text[24];
};

static struct word size_of(double pages)
{
	double n = pages * (double)sysconf(_SC_PAGESIZE) / 1024;
	const char *unit = "KMGTPE";
	struct word out;

	for (; n >= 999.5 || n <= -999.5; n /= 1024)
		unit++;
	snprintf(out.text, sizeof(out.text), "%.*f%c",
		 *unit != 'K' && n < 99.95 && n > -99.95, n, *unit);
	return out;
}

/* The oldest kernels compare points. */
static struct word badness_of(const struct ranking *k, bool is_known, int64_t pages)
{
	struct word out = { "-" };

	if (is_known && k->report.rule != OOMCTL_SCORE_RULE_2_6_36)
		return size_of((double)pages);
	if (is_known)
		snprintf(out.text, sizeof(out.text), "%" PRId64, pages);
	return out;
}

/* A name as it is known here, unless the process is of another machine or it is too long. */
static struct word user_of(const struct ranking *k, uint32_t uid)
{
	const struct passwd *user = k->proc_root ? NULL : getpwuid(uid);
	struct word out;

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
	int64_t margin = margin_of(k, 0);

	if (margin >= 0)
		snprintf(next, sizeof(next), "%d (%s), %s ahead of %d (%s)", e->pid,
			 e->comm, badness_of(k, true, margin).text, e[1].pid, e[1].comm);
	else if (k->count > 0)
		snprintf(next, sizeof(next), "%d (%s)", e->pid, e->comm);
	screen_put(s, "\033[1m", "Next%s%s: %s", k->cgroup ? " in " : "",
		   k->cgroup ? k->cgroup : "", next);
}

static void put_row(const struct ranking *k, size_t i, struct screen *s)
{
	const struct oomctl_rank_entry *e = &k->entries[i];
	bool is_changed = is_what_if(k, e->pid);
	int64_t margin = margin_of(k, i);

	screen_put(s,
		   is_changed ? "\033[36m"
		   : i == 0   ? "\033[31m"
			      : "",
		   "%2zu%c%7d %-8s %5" PRId32 " %5" PRId32 " %7s %5s %5s %5s %6s %s",
		   i + 1, is_changed ? '*' : ' ', e->pid, user_of(k, e->uid).text,
		   e->oom_score, e->task.oom_score_adj,
		   badness_of(k, has_badness(k), e->badness_pages).text,
		   size_of((double)e->task.rss_pages).text,
		   size_of((double)e->task.swap_pages).text,
		   size_of((double)e->task.pgtable_pages).text,
		   badness_of(k, margin >= 0, margin).text, e->comm);
}

static void print_table(const struct ranking *k, struct screen *s)
{
	put_first(k, s);
	each_note(k, put_note, s);
	screen_put(s, "\033[7m", "%2s %7s %-8s %5s %5s %7s %5s %5s %5s %6s %s", "#",
		   "PID", "USER", "SCORE", "ADJ", "BADNESS", "RSS", "SWAP", "PGTAB",
		   "MARGIN", "COMMAND");
	for (size_t i = 0; i < k->count && i < (size_t)k->shown; i++)
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
	int64_t margin = margin_of(k, i);

	printf("%s\n  {\"pid\": %d, \"uid\": %" PRIu32 ", \"oom_score\": %" PRId32
	       ", \"oom_score_adj\": %" PRId32 ", \"what_if\": %s, ",
	       i > 0 ? "," : "", e->pid, e->uid, e->oom_score, e->task.oom_score_adj,
	       is_what_if(k, e->pid) ? "true" : "false");
	print_number("badness_pages", has_badness(k), e->badness_pages);
	print_number("margin_pages", margin >= 0, margin);
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
	for (size_t i = 0; i < k->count && i < (size_t)k->shown; i++)
		print_json_process(k, i);
	puts("]}");
}

static int draw(struct screen *s, void *ranking)
{
	struct ranking *k = ranking;
	int r = rank(k);

	if (r == 0 && k->is_json)
		print_json(k);
	else if (r == 0)
		print_table(k, s);
	return r;
}

/* Another machine is not below this one's /sys. */
static int run(struct ranking *k)
{
	const char *sys_root = k->sys_root ? k->sys_root : k->proc_root;
	int r = oomctl_ctx_new(k->proc_root, sys_root, &k->ctx);

	if (r < 0)
		return r;
	k->entries = calloc(capacity_of(k) + k->what_if_count, sizeof(*k->entries));
	if (!k->entries)
		return -ENOMEM;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* a frame at once */
	if (k->is_once || k->is_json || !screen_is_terminal())
		return screen_print(draw, k);
	return screen_run(draw, k);
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

/* A number that this character ends. */
static bool parse_int(const char *text, char last, int least, int most, int *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	*out = (int)v;
	return errno == 0 && end != text && *end == last && v >= least && v <= most;
}

static bool parse_what_if(const char *text, struct what_if *out)
{
	return parse_int(text, '=', 1, INT_MAX, &out->pid) &&
	       parse_int(strchr(text, '=') + 1, '\0', OOMCTL_SCORE_ADJ_MIN,
			 OOMCTL_SCORE_ADJ_MAX, &out->adj);
}

/* Whether there is such an option, with a fit value. */
static bool take_option(struct ranking *k, int option)
{
	if (option == 'n')
		return parse_int(optarg, '\0', 1, MOST_SHOWN, &k->shown);
	if (option == 'a')
		return parse_what_if(optarg, &k->what_ifs[k->what_if_count++]);
	if (option == 'c')
		k->cgroup = optarg;
	if (option == 'p')
		k->proc_root = optarg;
	if (option == 's')
		k->sys_root = optarg;
	k->is_json |= option == 'j';
	k->is_once |= option == 'o';
	return option != '?';
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

int main(int argc, char **argv)
{
	struct ranking k = { .shown = 10 };
	int c, r;

	k.what_ifs = calloc((size_t)argc, sizeof(*k.what_ifs));
	if (!k.what_ifs)
		return 1;

	do {
		c = getopt_long(argc, argv, "n:", options, NULL);
	} while (c != -1 && c != 'h' && take_option(&k, c));
	if (c != -1 && c != 'h' && optarg)
		fprintf(stderr, "oom-rank: wrong value: %s\n", optarg);

	if (c != -1 || optind < argc) {
		free(k.what_ifs);
		return print_usage(c == 'h' ? stdout : stderr);
	}

	r = run(&k);
	if (r < 0)
		fprintf(stderr, "oom-rank: %s\n",
			k.cgroup && r == -ERANGE ? "This cgroup has no limit of its own."
						 : oomctl_strerror(r));
	oomctl_ctx_free(k.ctx);
	free(k.entries);
	free(k.what_ifs);
	return r < 0 || k.is_incomplete;
}
