/* SPDX-License-Identifier: MIT */
#include <oomctl/adjust.h>

#include <stdbool.h>
#include <string.h>

#include "adj.h"
#include "cgroup.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"
#include "process.h"
#include "scan.h"

static int32_t saturate(int64_t adj)
{
	if (adj < OOMCTL_SCORE_ADJ_MIN)
		return OOMCTL_SCORE_ADJ_MIN;
	return adj > OOMCTL_SCORE_ADJ_MAX ? OOMCTL_SCORE_ADJ_MAX : (int32_t)adj;
}

/* What is wanted of one process. */
struct wish {
	int32_t value;
	bool is_relative;
	enum oomctl_adjust_policy policy;
};

static int adjust(const struct oomctl_ctx *ctx, const char *path, const struct wish *w,
		  int32_t *out)
{
	int32_t adj = w->value, now;
	int fd = adj_open(ctx, path), r = 0;

	if (fd < 0)
		return fd;

	if (w->is_relative) {
		r = adj_get(fd, &now);
		if (r == 0)
			adj = saturate((int64_t)now + w->value);
	}
	if (r == 0)
		r = adj_set(fd, adj, w->policy, out);
	io_close(fd);
	return r;
}

static int check(const struct wish *w, const int32_t *out)
{
	return out ? adj_check(w->is_relative ? 0 : w->value, w->policy) : -EINVAL;
}

static int adjust_by_pid(const struct oomctl_ctx *ctx, pid_t pid, const struct wish *w,
			 int32_t *out)
{
	char path[PROCESS_PATH_SIZE];

	if (pid < 0 || check(w, out) < 0)
		return -EINVAL;

	return adjust(ctx, process_path(path, pid, KNOB_OOM_SCORE_ADJ), w, out);
}

static int adjust_by_pidfd(const struct oomctl_ctx *ctx, int pidfd, const struct wish *w,
			   int32_t *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r;

	if (check(w, out) < 0)
		return -EINVAL;

	r = process_open_pidfd(ctx, pidfd, &process);
	if (r < 0)
		return r;

	r = adjust(&process, KNOB_OOM_SCORE_ADJ, w, out);
	process_close(&process);
	return r;
}

OOMCTL_EXPORT int oomctl_adjust_proc(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
				     enum oomctl_adjust_policy policy, int32_t *out_adj)
{
	const struct wish w = { adj, false, policy };

	return adjust_by_pid(ctx, pid, &w, out_adj);
}

OOMCTL_EXPORT int oomctl_adjust_proc_by(const struct oomctl_ctx *ctx, pid_t pid,
					int32_t delta, enum oomctl_adjust_policy policy,
					int32_t *out_adj)
{
	const struct wish w = { delta, true, policy };

	return adjust_by_pid(ctx, pid, &w, out_adj);
}

OOMCTL_EXPORT int oomctl_adjust_pidfd(const struct oomctl_ctx *ctx, int pidfd,
				      int32_t adj, enum oomctl_adjust_policy policy,
				      int32_t *out_adj)
{
	const struct wish w = { adj, false, policy };

	return adjust_by_pidfd(ctx, pidfd, &w, out_adj);
}

OOMCTL_EXPORT int oomctl_adjust_pidfd_by(const struct oomctl_ctx *ctx, int pidfd,
					 int32_t delta, enum oomctl_adjust_policy policy,
					 int32_t *out_adj)
{
	const struct wish w = { delta, true, policy };

	return adjust_by_pidfd(ctx, pidfd, &w, out_adj);
}

OOMCTL_EXPORT int oomctl_adjust_find_floor(const struct oomctl_ctx *ctx, int32_t *out_adj)
{
	char path[PROCESS_PATH_SIZE];
	int fd, r;

	if (!out_adj)
		return -EINVAL;

	r = process_is_gone(process_holds(ctx, PROCESS_SYS_RESOURCE));
	if (r < 0)
		return r;
	if (r == PROCESS_HOLDS) { /* each try would move it */
		*out_adj = OOMCTL_ADJUST_NO_FLOOR;
		return 0;
	}

	fd = adj_open(ctx, process_path(path, 0, KNOB_OOM_SCORE_ADJ));
	if (fd < 0)
		return fd;
	r = adj_find_floor(fd, out_adj);
	io_close(fd);
	return r;
}

/* Many processes, of which the caller's array keeps those that were met. */
struct job {
	const struct oomctl_ctx *ctx;
	char *out;
	size_t stride, capacity, count;
	size_t next; /* passes meet the processes in the same order, mostly */
	int32_t adj;
	enum oomctl_adjust_policy policy;
	bool has_news;        /* another pass has to look */
	bool has_set;         /* and a last one after a moment */
	uint64_t begun_ticks; /* of a tree: when it was first looked at */
	struct oomctl_adjust_report report;
	struct scan scan;
	const char *cgroup, *root; /* of one */
	pid_t pid;                 /* or of a tree */
};

static struct oomctl_adjust_entry *entry_at(const struct job *j, size_t i)
{
	return (struct oomctl_adjust_entry *)(void *)(j->out + i * j->stride);
}

static struct oomctl_adjust_entry *find(struct job *j, pid_t pid)
{
	for (size_t i = 0; i < j->count; i++) {
		size_t at = (j->next + i) % j->count;

		if (entry_at(j, at)->pid == pid) {
			j->next = at + 1;
			return entry_at(j, at);
		}
	}
	return NULL;
}

/* Its place, or a new one; NULL when there is no room. */
static struct oomctl_adjust_entry *place_of(struct job *j, pid_t pid)
{
	struct oomctl_adjust_entry *place = find(j, pid);

	if (place)
		return place;
	if (j->count == j->capacity) {
		j->report.unlisted++;
		return NULL;
	}
	return memset(entry_at(j, j->count++), 0, j->stride);
}

/* What is told of a process that is left as it was; other codes end it all. */
static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* How a process is, which has begun then, unless that is 0: not known. */
static int look(const struct oomctl_ctx *process, uint64_t begun,
		struct oomctl_adjust_entry *e)
{
	struct parse_stat stat;
	int r = process_read_stat(process, "/proc/stat", &stat);

	if (r == 0 && begun != 0 && stat.start_ticks != begun)
		return -ESRCH; /* its number is another's by now */
	if (r == 0)
		r = knob_get(process, &knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ],
			     &e->adj_before);
	if (r < 0)
		return process_is_gone(r);

	if (e->pid == 0) /* the caller: children know it by its number */
		e->pid = stat.pid;
	e->start_ticks = stat.start_ticks;
	e->adj = e->adj_before;
	return 0;
}

/* Whether a pass before has left it just so, as far as can be seen. */
static bool is_settled(struct job *j, int r, const struct oomctl_adjust_entry *e)
{
	const struct oomctl_adjust_entry *known = find(j, e->pid);

	return known &&
	       (r < 0 || (known->start_ticks == e->start_ticks && known->adj == e->adj));
}

/* The value that it had at first outlives later looks. */
static void record(struct oomctl_adjust_entry *place, struct oomctl_adjust_entry *e)
{
	if (place->pid == e->pid && place->start_ticks == e->start_ticks)
		e->adj_before = place->adj_before;
	*place = *e;
}

/*
 * Whether another pass has to look: for those that have inherited the old value meanwhile, or,
 * in a tree, for children that this pass came by before their parent. One that has been born
 * with the wanted value is none, or processes that fork all the time would never be done.
 */
static bool is_news(const struct job *j, const struct oomctl_adjust_entry *e,
		    int32_t adj_seen)
{
	return e->code < 0 || e->adj != adj_seen || e->start_ticks <= j->begun_ticks;
}

static int set(const struct job *j, const struct oomctl_ctx *process,
	       struct oomctl_adjust_entry *e)
{
	const struct wish w = { j->adj, false, j->policy };

	return e->adj == j->adj ? 0 : adjust(process, KNOB_OOM_SCORE_ADJ, &w, &e->adj);
}

/* Of a process by its directory; or why there is none. */
static int settle(struct job *j, const struct oomctl_ctx *process, int r, pid_t pid,
		  uint64_t begun)
{
	struct oomctl_adjust_entry e = { .pid = pid }, *place;
	int32_t adj_seen;

	if (r == 0)
		r = look(process, begun, &e);
	if (r == -ESRCH)
		j->report.gone++;
	if (r < 0 && !is_refusal(r))
		return r == -ESRCH ? 0 : r;
	if (is_settled(j, r, &e))
		return 0;

	place = place_of(j, e.pid);
	if (!place)
		return 0;
	adj_seen = e.adj;
	e.code = r < 0 ? r : set(j, process, &e);
	j->has_set |= e.adj != adj_seen;
	j->has_news |= is_news(j, &e, adj_seen);
	record(place, &e);
	return e.code == -ESRCH || is_refusal(e.code) ? 0 : e.code;
}

static int visit(struct job *j, const struct oomctl_ctx *dir, pid_t pid, uint64_t begun)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	int r = process_open(dir, pid, &process);

	r = settle(j, &process, r, pid, begun);
	process_close(&process);
	return r;
}

static int visit_line(struct job *j, const char *line, size_t len)
{
	int32_t pid;
	int r = parse_i32(line, len, &pid);

	if (r < 0 || pid < 0)
		return -EBADMSG;
	if (pid > 0)
		return visit(j, j->ctx, pid, 0);

	j->report.foreign++;
	return 0;
}

static int visit_cgroup(struct job *j)
{
	char path[CGROUP_PATH_SIZE];
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = io_lines_open(j->ctx, cgroup_path(path, j->root, j->cgroup, "cgroup.procs"),
			  &lines);
	if (r == -EOPNOTSUPP && j->report.passes > 0) /* removed, since it is empty */
		return 0;
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? visit_line(j, line, (size_t)len) : (int)len;
	} while (len > 0 && r == 0);
	io_lines_close(&lines);
	return len == -EOPNOTSUPP && j->report.passes > 0 ? 0 : r;
}

static int read_stat(struct job *j, pid_t pid, struct parse_stat *out)
{
	char path[PROCESS_PATH_SIZE];

	return process_is_gone(
	    process_read_stat(&j->scan.proc, process_path(path, pid, "/proc/stat"), out));
}

/* Whether it is one that was met, or a child of one: 1 or 0, or a code. */
static int is_in_tree(struct job *j, const struct parse_stat *stat)
{
	const struct oomctl_adjust_entry *place = find(j, stat->pid);
	struct parse_stat parent;
	int r;

	if (place && place->start_ticks == stat->start_ticks)
		return 1;

	place = stat->ppid <= INT32_MAX ? find(j, (pid_t)stat->ppid) : NULL;
	if (!place)
		return 0;
	r = read_stat(j, place->pid, &parent); /* its number may be another's now */
	return r < 0 ? r : parent.start_ticks == place->start_ticks;
}

/* A process that has ended, or is hidden, is in no tree. */
static int visit_if_in_tree(struct job *j, pid_t pid)
{
	struct parse_stat stat;
	int r = read_stat(j, pid, &stat);

	if (r == 0)
		r = is_in_tree(j, &stat);
	if (r == 1)
		return visit(j, &j->scan.proc, pid, stat.start_ticks);
	return r == -ESRCH || is_refusal(r) ? 0 : r;
}

static int visit_tree(struct job *j)
{
	pid_t pid;
	int r;

	do {
		r = scan_next(&j->scan, &pid);
		if (r == 0 && pid != 0)
			r = visit_if_in_tree(j, pid);
	} while (r == 0 && pid != 0);
	return r < 0 ? r : scan_rewind(&j->scan);
}

/* By then a fork() that was at work has come to its end, mostly, and shows its child. */
static bool waits_a_moment(struct job *j)
{
	enum { MOMENT_MS = 10 };

	if (!j->has_set || (j->report.flags & OOMCTL_ADJUST_FROZEN))
		return false;
	j->has_set = false;
	io_sleep(MOMENT_MS);
	return true;
}

/* Until there is nothing left to do, and a moment later neither. */
static int repeat(struct job *j, int (*pass)(struct job *j))
{
	enum { PASSES_MAX = 32 };
	bool is_done;
	int r;

	do {
		j->has_news = false;
		j->report.unlisted = 0;
		j->report.foreign = 0;
		r = pass(j);
		if (r < 0)
			return r;
		j->report.passes++;
		is_done = !j->has_news && !waits_a_moment(j);
	} while (!is_done && j->report.passes < PASSES_MAX);

	if (is_done)
		j->report.flags |= OOMCTL_ADJUST_STABLE;
	return 0;
}

/* Numbers of another pid namespace would be taken for processes of this /proc. */
static int check_numbers(const struct job *j)
{
	int r = process_has_own_numbers(j->ctx);

	if (r < 0)
		return r;
	return r == 1 ? 0 : -EOPNOTSUPP;
}

/* Of the second version, whose root has such a file, or else of the first. */
static int find_root(struct job *j)
{
	int fd = io_open(j->ctx, CGROUP_V2 "/cgroup.controllers");

	j->root = fd < 0 ? CGROUP_V1 : CGROUP_V2;
	if (fd < 0)
		return fd == -EOPNOTSUPP ? 0 : fd;
	io_close(fd);
	return 0;
}

static int adjust_cgroup(struct job *j)
{
	int r = check_numbers(j);

	if (r == 0)
		r = find_root(j);
	return r < 0 ? r : repeat(j, visit_cgroup);
}

/* Whether all stand still: 1 or 0, or a code. */
static int is_frozen(const struct job *j)
{
	char path[CGROUP_PATH_SIZE], text[256]; /* two lines */
	ssize_t len =
	    io_read(j->ctx, cgroup_path(path, CGROUP_V2, j->cgroup, "cgroup.events"),
		    text, sizeof(text));

	if (len < 0)
		return (int)len;
	if (parse_has_line(text, (size_t)len, "frozen 1"))
		return 1;
	return parse_has_line(text, (size_t)len, "frozen 0") ? 0 : -EBADMSG;
}

/* It may take its time, or never come to pass: not for ever. */
static int await_frost(struct job *j)
{
	enum { TIMES = 200, EACH_MS = 10 };
	int r = is_frozen(j);

	for (int i = 0; r == 0 && i < TIMES; i++) {
		io_sleep(EACH_MS);
		r = is_frozen(j);
	}
	if (r == 1)
		j->report.flags |= OOMCTL_ADJUST_FROZEN;
	return r < 0 ? r : 0;
}

/*
 * Whether the caller is in it, or cannot be known not to be: 1 or 0, or a code. Its own path is
 * told as its cgroup namespace has it, which means something else below a /sys of another one:
 * there its own cgroup is not found, or does not list it.
 */
static int may_have_caller(const struct job *j)
{
	size_t len = strcmp(j->cgroup, "/") == 0 ? 0 : strlen(j->cgroup);
	char own[CGROUP_MAX + 1], path[CGROUP_PATH_SIZE];
	int r = cgroup_read_own(j->ctx, "", own);

	if (r < 0)
		return r;
	if (strncmp(own, j->cgroup, len) == 0 && (own[len] == '/' || own[len] == '\0'))
		return 1;

	r = cgroup_lists(j->ctx, cgroup_path(path, CGROUP_V2, own, "cgroup.procs"),
			 io_pid());
	if (r == -EOPNOTSUPP)
		return 1;
	return r < 0 ? r : r == 0;
}

/* Somebody else may have thawed it meanwhile: then it is done again, as one that runs. */
static int adjust_standing(struct job *j)
{
	int r = await_frost(j);

	if (r == 0)
		r = repeat(j, visit_cgroup);
	if (r < 0 || !(j->report.flags & OOMCTL_ADJUST_FROZEN))
		return r;

	r = is_frozen(j);
	if (r == 1 || r == -EOPNOTSUPP) /* or it is removed, since it is empty */
		return 0;
	if (r < 0)
		return r;
	j->report.flags = 0;
	return repeat(j, visit_cgroup);
}

static int thaw(int fd)
{
	int r = io_write_again(fd, "0", 1);

	return r == -EOPNOTSUPP ? 0 : r; /* removed, since it is empty */
}

/* The file stays open, so that the thaw is a single write. */
static int freeze_and_adjust(struct job *j, const char *file)
{
	int fd = io_open_to_set(j->ctx, file);
	int r, thawed;

	if (fd < 0)
		return fd;

	r = io_write_again(fd, "1", 1);
	if (r == 0) {
		r = adjust_standing(j);
		thawed = thaw(fd);
		r = thawed < 0 ? thawed : r;
	}
	io_close(fd);
	return r;
}

static int adjust_frozen(struct job *j)
{
	static const struct knob freeze = { "cgroup.freeze", 0, 1, false };
	char path[CGROUP_PATH_SIZE];
	const char *file = cgroup_path(path, CGROUP_V2, j->cgroup, freeze.path);
	int32_t is_on = 0;
	int r;

	/* A cgroup of this path in the first version is another one. */
	j->root = CGROUP_V2;
	r = check_numbers(j);
	if (r == 0)
		r = knob_get_at(j->ctx, file, &freeze, &is_on);
	if (r == 0)
		r = may_have_caller(j);
	if (r != 0)
		return r < 0 ? r : -EBUSY; /* it would never wake */

	/* Who has frozen it before thaws it. */
	return is_on ? adjust_standing(j) : freeze_and_adjust(j, file);
}

static int adjust_tree(struct job *j)
{
	int r = scan_open(j->ctx, "/proc/.", &j->scan);

	if (r < 0)
		return r;

	j->begun_ticks = io_boot_ticks();
	r = visit(j, &j->scan.proc, j->pid, 0);
	if (r == 0 && j->count == 0)
		r = -ESRCH;
	if (r == 0)
		r = repeat(j, visit_tree);
	scan_close(&j->scan);
	return r;
}

static int run(struct job *j, int (*all)(struct job *j), struct oomctl_adjust_entry *out,
	       size_t capacity, size_t entry_size, size_t *out_count,
	       struct oomctl_adjust_report *out_report, size_t report_size)
{
	int r;

	if (adj_check(j->adj, j->policy) < 0 || !out || capacity == 0 ||
	    entry_size < sizeof(*out) || entry_size > STRUCT_SIZE_MAX ||
	    entry_size % 8 != 0 || !out_count || !out_report || !is_size(report_size))
		return -EINVAL;

	j->out = (char *)out;
	j->stride = entry_size;
	j->capacity = capacity;
	r = all(j);
	if (r < 0)
		return r;

	*out_count = j->count;
	fill(out_report, report_size, &j->report, sizeof(j->report));
	return 0;
}

OOMCTL_EXPORT int oomctl_adjust_cgroup(const struct oomctl_ctx *ctx, const char *cgroup,
				       int32_t adj, enum oomctl_adjust_policy policy,
				       uint32_t flags, struct oomctl_adjust_entry *out,
				       size_t capacity, size_t entry_size,
				       size_t *out_count,
				       struct oomctl_adjust_report *out_report,
				       size_t report_size)
{
	struct job j = { .ctx = ctx, .adj = adj, .policy = policy, .cgroup = cgroup };

	if (!cgroup_is_path(cgroup) || (flags & ~(uint32_t)OOMCTL_ADJUST_FREEZE))
		return -EINVAL;

	return run(&j, flags & OOMCTL_ADJUST_FREEZE ? adjust_frozen : adjust_cgroup, out,
		   capacity, entry_size, out_count, out_report, report_size);
}

OOMCTL_EXPORT int oomctl_adjust_tree(const struct oomctl_ctx *ctx, pid_t pid, int32_t adj,
				     enum oomctl_adjust_policy policy,
				     struct oomctl_adjust_entry *out, size_t capacity,
				     size_t entry_size, size_t *out_count,
				     struct oomctl_adjust_report *out_report,
				     size_t report_size)
{
	struct job j = { .ctx = ctx, .adj = adj, .policy = policy, .pid = pid };

	if (pid < 0)
		return -EINVAL;

	return run(&j, adjust_tree, out, capacity, entry_size, out_count, out_report,
		   report_size);
}
