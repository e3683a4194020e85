/* SPDX-License-Identifier: MIT */
#include <oomctl/rank.h>

#include <stdbool.h>
#include <string.h>

#include <oomctl/proc.h>

#include "cgroup.h"
#include "figures.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"
#include "process.h"
#include "scan.h"

_Static_assert(sizeof(struct oomctl_rank_entry) == 80,
	       "grown: smaller entries of older callers have to be taken, too");

/* A part of the caller's array, as a heap: its first entry is the one that dies last. */
struct heap {
	char *base;
	size_t stride, capacity, count;
	bool is_by_score; /* there is no badness */
	bool last_wins;   /* of equals */
};

static struct oomctl_rank_entry *entry_at(const struct heap *h, size_t i)
{
	return (struct oomctl_rank_entry *)(void *)(h->base + i * h->stride);
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Whether the kernel would choose a before b. */
static bool precedes(const struct heap *h, const struct oomctl_rank_entry *a,
		     const struct oomctl_rank_entry *b)
{
	bool has_badness =
	    !h->is_by_score && (a->flags & b->flags & OOMCTL_RANK_DETAILED);
	int order = has_badness ? compare(a->badness_pages, b->badness_pages)
				: compare(a->oom_score, b->oom_score);

	if (order != 0)
		return order > 0;

	order = compare((int64_t)a->start_ticks, (int64_t)b->start_ticks);
	if (order == 0)
		order = compare(a->pid, b->pid);
	return h->last_wins ? order > 0 : order < 0;
}

static void swap(const struct heap *h, size_t i, size_t j)
{
	struct oomctl_rank_entry e = *entry_at(h, i);

	*entry_at(h, i) = *entry_at(h, j);
	*entry_at(h, j) = e;
}

static void sift_down(const struct heap *h, size_t i, size_t count)
{
	const struct oomctl_rank_entry e = *entry_at(h, i);
	size_t child;

	for (; 2 * i + 1 < count; i = child) {
		child = 2 * i + 1;
		if (child + 1 < count &&
		    precedes(h, entry_at(h, child), entry_at(h, child + 1)))
			child++;
		if (precedes(h, entry_at(h, child), &e))
			break;
		*entry_at(h, i) = *entry_at(h, child);
	}
	*entry_at(h, i) = e;
}

static void make_heap(const struct heap *h)
{
	for (size_t i = h->count / 2; i-- > 0;)
		sift_down(h, i, h->count);
}

/* Takes an entry in if it is among the first; the score of one that is left out, or -1. */
static int32_t offer(struct heap *h, const struct oomctl_rank_entry *e)
{
	int32_t last;

	if (h->count < h->capacity) {
		*entry_at(h, h->count++) = *e;
		if (h->count == h->capacity)
			make_heap(h);
		return -1;
	}
	last = entry_at(h, 0)->oom_score;
	if (!precedes(h, e, entry_at(h, 0)))
		return e->oom_score;

	*entry_at(h, 0) = *e;
	sift_down(h, 0, h->count);
	return last;
}

/* The first to die to the front. */
static void sort(struct heap *h)
{
	make_heap(h);
	for (size_t last = h->count; last-- > 1;) {
		swap(h, 0, last);
		sift_down(h, 0, last);
	}
}

struct ranking {
	const struct oomctl_ctx *ctx;
	struct heap heap;
	struct scan scan;
	struct figures_scale scale;
	struct oomctl_rank_report report;
	struct oomctl_rank_entry limit; /* only what dies before it, if there is one */
	bool has_limit;
	const char *cgroup, *controller; /* only what is in it */
	int32_t left_out;                /* the highest score that did not fit */
};

/* A process that has ended is left out, one that may not be read is counted. */
static int tolerate(struct ranking *k, int r)
{
	if (r == -EACCES || r == -EPERM)
		k->report.unread++;
	return r == -ESRCH || r == -EACCES || r == -EPERM ? 0 : r;
}

/* Below what is walked, paths are shortest. */
static int read_score(struct ranking *k, int32_t *out)
{
	const struct knob *score = &knob_of_process[OOMCTL_PROC_OOM_SCORE];

	return process_is_gone(
	    knob_get_at(&k->scan.proc, scan_path(&k->scan, "/oom_score"), score, out));
}

static int read_adj(const struct ranking *k, pid_t pid, int32_t *out)
{
	const struct knob *adj = &knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ];
	char path[PROCESS_PATH_SIZE];

	return process_is_gone(
	    knob_get_at(&k->scan.proc, process_path(path, pid, adj->path), adj, out));
}

static int take_figures(const struct ranking *k, const struct figures_process *p,
			struct oomctl_rank_entry *e)
{
	e->task = p->task;
	e->start_ticks = p->start_ticks;
	if (e->pid == 0)
		e->pid = p->pid; /* the caller's is not known before */
	e->oom_score = p->score;
	e->uid = p->uid;
	e->flags = OOMCTL_RANK_DETAILED;
	memcpy(e->comm, p->comm, sizeof(e->comm));
	if (k->heap.is_by_score)
		return 0;
	return oomctl_calc_badness(k->scale.rule, &e->task, k->scale.total_pages,
				   &e->badness_pages);
}

/* All that is known of a process; its score too, where a walk has not read it. */
static int fill_entry(const struct ranking *k, const struct oomctl_ctx *ctx,
		      struct oomctl_rank_entry *e)
{
	struct figures_process p = { 0 };
	int r = figures_read_process(ctx, e->pid, &k->scale, e->oom_score, &p);

	return r < 0 ? r : take_figures(k, &p, e);
}

static int read_details(const struct ranking *k, struct oomctl_rank_entry *e)
{
	return fill_entry(k, &k->scan.proc, e);
}

static bool is_killable(const struct oomctl_rank_entry *e)
{
	return !(e->task.flags & OOMCTL_TASK_UNKILLABLE) &&
	       e->task.oom_score_adj != OOMCTL_SCORE_ADJ_MIN;
}

/* Not behind one that was left out, as one may be that took over a number in between. */
static bool may_have_a_place(const struct ranking *k, const struct oomctl_rank_entry *e)
{
	return is_killable(e) && e->oom_score >= k->left_out;
}

/* Whether a process dies before the one that is asked about; or a code. */
static int is_ahead(const struct ranking *k, struct oomctl_rank_entry *e)
{
	int r;

	if (e->pid == k->limit.pid)
		return 0;
	if (e->oom_score != k->limit.oom_score)
		return e->oom_score > k->limit.oom_score;

	r = read_details(k, e);
	return r < 0 ? r : is_killable(e) && precedes(&k->heap, e, &k->limit);
}

static int visit_all(struct ranking *k, struct oomctl_rank_entry *e)
{
	int32_t score;
	int r;

	r = read_score(k, &e->oom_score);
	if (r < 0)
		return r;
	k->report.processes++;

	r = k->has_limit ? is_ahead(k, e) : 1;
	if (r <= 0)
		return r;
	k->report.ahead += k->has_limit;

	score = offer(&k->heap, e);
	if (score > k->left_out)
		k->left_out = score;
	return 0;
}

/* One of the last score, or of more: the pages tell which of them fit. */
static int visit_tied(struct ranking *k, struct oomctl_rank_entry *e)
{
	int r = read_score(k, &e->oom_score);

	if (r < 0 || e->oom_score < k->left_out ||
	    (k->has_limit && e->pid == k->limit.pid))
		return r;

	r = read_details(k, e);
	if (r == 0 && may_have_a_place(k, e))
		offer(&k->heap, e);
	return r;
}

static int take_member(struct ranking *k, const struct oomctl_ctx *process,
		       struct oomctl_rank_entry *e)
{
	struct figures_process p = { .score = FIGURES_READ_SCORE };
	int r;

	r = figures_read_files(process, &k->scale, &p);
	if (r == 0)
		r = take_figures(k, &p, e);
	if (r < 0)
		return r;

	k->report.processes++;
	if (is_killable(e))
		offer(&k->heap, e);
	return 0;
}

/* By its directory, so that it is the member itself whose details are read. */
static int visit_member(struct ranking *k, struct oomctl_rank_entry *e)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	r = process_open(&k->scan.proc, e->pid, &process);
	if (r < 0)
		return r;

	r = process_is_gone(
	    cgroup_has(&process, "/proc/cgroup", k->controller, k->cgroup));
	if (r == 1)
		r = take_member(k, &process, e);
	process_close(&process);
	return r;
}

static int walk(struct ranking *k,
		int (*visit)(struct ranking *k, struct oomctl_rank_entry *e))
{
	struct oomctl_rank_entry e;
	int r;

	do {
		e = (struct oomctl_rank_entry){ 0 };
		r = scan_next(&k->scan, &e.pid);
		if (e.pid == 1)
			k->report.flags &= ~(uint32_t)OOMCTL_RANK_HIDDEN;
		if (r == 0 && e.pid != 0)
			r = tolerate(k, visit(k, &e));
	} while (r == 0 && e.pid != 0);
	return r;
}

/* Keeps what may_stay() gives 1 for; it gives 0 or a code for others. */
static int keep(struct ranking *k,
		int (*may_stay)(const struct ranking *k, struct oomctl_rank_entry *e))
{
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < k->heap.count; i++) {
		r = may_stay(k, entry_at(&k->heap, i));
		if (r == 1)
			*entry_at(&k->heap, kept++) = *entry_at(&k->heap, i);
		else if (tolerate(k, r) < 0)
			return r;
	}
	k->heap.count = kept;
	return 0;
}

static int stays_with_details(const struct ranking *k, struct oomctl_rank_entry *e)
{
	int r = e->flags & OOMCTL_RANK_DETAILED ? 0 : read_details(k, e);

	return r < 0 ? r : may_have_a_place(k, e);
}

static int stays_with_adj(const struct ranking *k, struct oomctl_rank_entry *e)
{
	int r = read_adj(k, e->pid, &e->task.oom_score_adj);

	return r < 0 ? r : 1;
}

/* Whether some with the last score fit and others do not, and pages may tell them apart. */
static bool is_tied(const struct ranking *k)
{
	if (k->heap.is_by_score || k->left_out < entry_at(&k->heap, 0)->oom_score)
		return false;
	return !k->has_limit ||
	       k->left_out != k->limit.oom_score; /* those are detailed */
}

/* Chooses again, by pages, among those whose scores fit. */
static int settle_tie(struct ranking *k)
{
	int r = scan_rewind(&k->scan);

	k->heap.count = 0;
	k->report.unread = 0; /* they are met again */
	return r < 0 ? r : walk(k, visit_tied);
}

static int rank_by_badness(struct ranking *k)
{
	int r = walk(k, visit_all);

	if (r < 0)
		return r;
	if (k->heap.count > 0 && is_tied(k))
		return settle_tie(k);
	return keep(k, stays_with_details);
}

static int start_again(struct ranking *k)
{
	k->heap.count = 0;
	k->left_out = -1;
	k->report.processes = 0;
	k->report.unread = 0;
	k->report.ahead = 0;
	return scan_rewind(&k->scan);
}

/* A place of one that has ended belongs to another that was left out. */
static int rank_until_full(struct ranking *k, int (*rank_once)(struct ranking *k))
{
	int tries = 3;
	int r = rank_once(k);

	while (r == 0 && k->heap.count < k->heap.capacity && k->left_out > 0 &&
	       --tries > 0) {
		r = start_again(k);
		if (r == 0)
			r = rank_once(k);
	}
	return r;
}

static void take_scale(struct ranking *k)
{
	k->report.rule = k->scale.rule;
	k->report.total_pages = k->scale.total_pages;
	k->heap.last_wins = k->scale.rule == OOMCTL_SCORE_RULE_5_9;
}

/* Without a total and a rule, scores are all there is. */
static int read_scale(struct ranking *k)
{
	int r = figures_read_scale(k->ctx, &k->scale);

	if (r == -EOPNOTSUPP) {
		k->scale = (struct figures_scale){ .rss_is_in_stat = true };
		k->report.flags |= OOMCTL_RANK_NO_TOTAL;
		k->heap.is_by_score = true;
		return 0;
	}
	if (r == 0)
		take_scale(k);
	return r;
}

static int rank_victims(struct ranking *k)
{
	int r = read_scale(k);

	return r < 0 ? r : rank_until_full(k, rank_by_badness);
}

static int rank_by_score(struct ranking *k)
{
	int r = walk(k, visit_all);

	return r < 0 ? r : keep(k, stays_with_adj);
}

static int rank_scores(struct ranking *k)
{
	return rank_until_full(k, rank_by_score);
}

/* The process that is asked about. */
static int read_limit(struct ranking *k)
{
	k->limit.oom_score = FIGURES_READ_SCORE;
	return fill_entry(k, k->ctx, &k->limit);
}

static int rank_before(struct ranking *k)
{
	int r = read_scale(k);

	k->has_limit = true;
	if (r == 0)
		r = read_limit(k);
	return r < 0 ? r : rank_until_full(k, rank_by_badness);
}

static int rank_cgroup(struct ranking *k)
{
	int r = figures_read_scale(k->ctx, &k->scale);

	if (r == 0)
		r = figures_read_cgroup_total(k->ctx, k->cgroup, k->scale.swap_pages,
					      &k->scale.total_pages, &k->controller);
	if (r < 0)
		return r;

	take_scale(k);
	return walk(k, visit_member);
}

/* The first to the front, and zeros behind what we know of an entry. */
static void finish(struct heap *h)
{
	const size_t known = sizeof(struct oomctl_rank_entry);

	sort(h);
	for (size_t i = 0; i < h->count; i++)
		memset((char *)entry_at(h, i) + known, 0, h->stride - known);
}

static int run(struct ranking *k, int (*rank)(struct ranking *k),
	       struct oomctl_rank_entry *out, size_t capacity, size_t entry_size,
	       size_t *out_count, struct oomctl_rank_report *out_report,
	       size_t report_size)
{
	int r;

	if (!out || capacity == 0 || entry_size < sizeof(*out) ||
	    entry_size > STRUCT_SIZE_MAX || entry_size % 8 != 0 || !out_count ||
	    !out_report || !is_size(report_size))
		return -EINVAL;

	k->heap.base = (char *)out;
	k->heap.stride = entry_size;
	k->heap.capacity = capacity;
	k->left_out = -1;
	k->report.flags = OOMCTL_RANK_HIDDEN; /* until pid 1 is seen */
	r = scan_open(k->ctx, "/proc/.", &k->scan);
	if (r < 0)
		return r;

	r = rank(k);
	scan_close(&k->scan);
	if (r < 0)
		return r;

	finish(&k->heap);
	*out_count = k->heap.count;
	fill(out_report, report_size, &k->report, sizeof(k->report));
	return 0;
}

OOMCTL_EXPORT int oomctl_rank_victims(const struct oomctl_ctx *ctx,
				      struct oomctl_rank_entry *out, size_t capacity,
				      size_t entry_size, size_t *out_count,
				      struct oomctl_rank_report *out_report,
				      size_t report_size)
{
	struct ranking k = { .ctx = ctx };

	return run(&k, rank_victims, out, capacity, entry_size, out_count, out_report,
		   report_size);
}

OOMCTL_EXPORT int oomctl_rank_scores(const struct oomctl_ctx *ctx,
				     struct oomctl_rank_entry *out, size_t capacity,
				     size_t entry_size, size_t *out_count,
				     struct oomctl_rank_report *out_report,
				     size_t report_size)
{
	struct ranking k = { .ctx = ctx };

	return run(&k, rank_scores, out, capacity, entry_size, out_count, out_report,
		   report_size);
}

OOMCTL_EXPORT int oomctl_rank_process(const struct oomctl_ctx *ctx, pid_t pid,
				      struct oomctl_rank_entry *out, size_t size)
{
	struct ranking k = { .ctx = ctx, .limit.pid = pid };
	int r;

	if (pid < 0 || !out || !is_size(size))
		return -EINVAL;

	r = figures_read_scale(ctx, &k.scale);
	if (r == 0)
		r = read_limit(&k);
	if (r == 0)
		fill(out, size, &k.limit, sizeof(k.limit));
	return r;
}

OOMCTL_EXPORT int oomctl_rank_before(const struct oomctl_ctx *ctx, pid_t pid,
				     struct oomctl_rank_entry *out, size_t capacity,
				     size_t entry_size, size_t *out_count,
				     struct oomctl_rank_report *out_report,
				     size_t report_size)
{
	struct ranking k = { .ctx = ctx, .limit.pid = pid };

	if (pid < 0)
		return -EINVAL;

	return run(&k, rank_before, out, capacity, entry_size, out_count, out_report,
		   report_size);
}

OOMCTL_EXPORT int oomctl_rank_cgroup(const struct oomctl_ctx *ctx, const char *cgroup,
				     struct oomctl_rank_entry *out, size_t capacity,
				     size_t entry_size, size_t *out_count,
				     struct oomctl_rank_report *out_report,
				     size_t report_size)
{
	struct ranking k = { .ctx = ctx, .cgroup = cgroup };

	if (!cgroup_is_path(cgroup))
		return -EINVAL;

	return run(&k, rank_cgroup, out, capacity, entry_size, out_count, out_report,
		   report_size);
}
