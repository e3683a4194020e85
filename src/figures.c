/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <stdbool.h>
#include <string.h>

#include <oomctl/proc.h>
#include <oomctl/vm.h>

#include "cgroup.h"
#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"
#include "process.h"
#include "scan.h"

/* The kernel prints about 1.5 KiB. */
enum { MEMINFO_SIZE = 8192 };

int figures_read_meminfo(const struct oomctl_ctx *ctx, struct oomctl_meminfo *out)
{
	char text[MEMINFO_SIZE];
	ssize_t len = io_read(ctx, "/proc/meminfo", text, sizeof(text));

	return len < 0 ? (int)len : parse_meminfo(text, (size_t)len, out);
}

#define HUGEPAGES "/sys/kernel/mm/hugepages"

/* Adds size_kb times count to a sum. */
static int add_pages(uint64_t size_kb, uint64_t count, uint64_t *sum_kb)
{
	uint64_t kb;

	if (__builtin_mul_overflow(size_kb, count, &kb) ||
	    __builtin_add_overflow(*sum_kb, kb, sum_kb))
		return -ERANGE;
	return 0;
}

/* Adds the huge pages of the size that a name below HUGEPAGES tells. */
static int add_size(const struct oomctl_ctx *ctx, const char *name, uint64_t *sum_kb)
{
	char path[sizeof(HUGEPAGES "/hugepages-18446744073709551615kB/nr_hugepages")];
	char *begin = path + sizeof(path) - sizeof("kB/nr_hugepages");
	uint64_t size_kb, count;
	int r;

	if (parse_hugepages_name(name, &size_kb) < 0)
		return 0;

	memcpy(begin, "kB/nr_hugepages", sizeof("kB/nr_hugepages"));
	begin = prepend_text(prepend_u64(begin, size_kb), HUGEPAGES "/hugepages-");
	r = knob_get_u64(ctx, begin, &count);
	return r < 0 ? r : add_pages(size_kb, count, sum_kb);
}

static int sum_sizes(const struct oomctl_ctx *ctx, struct io_names *names,
		     uint64_t *sum_kb)
{
	const char *name;
	int r;

	do {
		r = io_names_next(names, &name);
		if (r == 0 && name)
			r = add_size(ctx, name, sum_kb);
	} while (r == 0 && name);
	return r;
}

/* Where no "Hugetlb:" is printed. Without the directory there is one size at most. */
static int read_hugetlb(const struct oomctl_ctx *ctx, struct oomctl_meminfo *m)
{
	struct io_names names;
	int r;

	r = io_names_open(ctx, HUGEPAGES, &names);
	if (r == -EOPNOTSUPP)
		return add_pages(m->hugepagesize_kb, m->hugepages_total, &m->hugetlb_kb);
	if (r < 0)
		return r;

	r = sum_sizes(ctx, &names, &m->hugetlb_kb);
	io_names_close(&names);
	return r;
}

/* Two zeros may be a change from ratio to kbytes, seen half: look again. */
int figures_read_share(const struct oomctl_ctx *ctx, int32_t *out_ratio,
		       uint64_t *out_kbytes)
{
	uint64_t kbytes = 0;
	int32_t ratio = 0;
	int tries = 3;
	int r;

	do {
		r = knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_OVERCOMMIT_KBYTES].path,
				 &kbytes);
		if (r == -EOPNOTSUPP) /* before Linux 3.14 */
			r = 0;
		if (r == 0)
			r = knob_get(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_RATIO],
				     &ratio);
	} while (r == 0 && kbytes == 0 && ratio == 0 && --tries > 0);
	if (r < 0)
		return r;

	*out_ratio = ratio;
	*out_kbytes = ratio == 0 ? kbytes : 0; /* the ratio was read later */
	return 0;
}

int figures_read_commit(const struct oomctl_ctx *ctx, struct oomctl_meminfo *m,
			struct oomctl_commit_figures *out)
{
	int r = figures_read_meminfo(ctx, m);

	if (r == 0 && !(m->present & OOMCTL_MEMINFO_HUGETLB))
		r = read_hugetlb(ctx, m);
	if (r == 0)
		r = figures_read_share(ctx, &out->overcommit_ratio,
				       &out->overcommit_kbytes);
	if (r < 0)
		return r;

	out->mem_total_kb = m->mem_total_kb;
	out->hugetlb_kb = m->hugetlb_kb;
	out->swap_total_kb = m->swap_total_kb;
	out->page_size = io_page_size();
	return 0;
}

static uint64_t page_kb(void)
{
	return io_page_size() / 1024;
}

static bool is_within_a_page(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= page_kb();
}

static int read_limits(const struct oomctl_ctx *ctx, uint64_t *out_computed_kb,
		       uint64_t *out_printed_kb)
{
	struct oomctl_commit_figures figures;
	struct oomctl_meminfo m;
	int r = figures_read_commit(ctx, &m, &figures);

	if (r < 0)
		return r;
	if (!(m.present & OOMCTL_MEMINFO_COMMIT_LIMIT))
		return -EBADMSG;

	*out_printed_kb = m.commit_limit_kb;
	r = oomctl_calc_commit_limit(&figures, out_computed_kb);
	return r < 0 ? -ERANGE : 0; /* what calc does not take, no machine has */
}

/* The share may be set between the reads, and a difference is looked at again. */
int figures_read_limits(const struct oomctl_ctx *ctx, uint64_t *out_computed_kb,
			uint64_t *out_printed_kb)
{
	int tries = 3;
	int r;

	do {
		r = read_limits(ctx, out_computed_kb, out_printed_kb);
		if (r == 0)
			r = is_within_a_page(*out_computed_kb, *out_printed_kb);
	} while (r == 0 && --tries > 0);
	return r;
}

static int rule_of(uint32_t release, enum oomctl_score_rule *out)
{
	static const struct {
		uint32_t since;
		enum oomctl_score_rule rule;
	} rules[] = {
		{ RELEASE(5, 9, 0), OOMCTL_SCORE_RULE_5_9 },
		{ RELEASE(4, 17, 0), OOMCTL_SCORE_RULE_4_17 },
		{ RELEASE(3, 14, 0), OOMCTL_SCORE_RULE_3_18 },
		{ RELEASE(3, 5, 0), OOMCTL_SCORE_RULE_3_6 },
		{ RELEASE(2, 6, 36), OOMCTL_SCORE_RULE_2_6_36 },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (release >= rules[i].since) {
			*out = rules[i].rule;
			return 0;
		}
	return -EOPNOTSUPP;
}

int figures_read_release(const struct oomctl_ctx *ctx, struct figures_release *out)
{
	struct figures_release v = { 0 };
	ssize_t len =
	    io_read_line(ctx, "/proc/sys/kernel/osrelease", v.text, sizeof(v.text));
	int r;

	if (len < 0)
		return (int)len;
	r = parse_release(v.text, (size_t)len, &v.number);
	if (r < 0)
		return r;

	if (len > 0 && v.text[len - 1] == '\n')
		v.text[len - 1] = '\0';
	rule_of(v.number, &v.rule); /* 0 before the first */
	*out = v;
	return 0;
}

int figures_read_rule(const struct oomctl_ctx *ctx, enum oomctl_score_rule *out)
{
	struct figures_release release = { 0 };
	int r = figures_read_release(ctx, &release);

	return r < 0 ? r : rule_of(release.number, out);
}

static int read_totals(const struct oomctl_ctx *ctx, uint64_t *out_pages,
		       uint64_t *out_swap_pages)
{
	struct oomctl_meminfo m;
	uint64_t kb;
	int r = figures_read_meminfo(ctx, &m);

	if (r < 0)
		return r;
	if (__builtin_add_overflow(m.mem_total_kb, m.swap_total_kb, &kb) ||
	    kb / page_kb() > PAGES_MAX)
		return -ERANGE;
	if (kb < page_kb())
		return -EBADMSG;

	*out_pages = kb / page_kb();
	*out_swap_pages = m.swap_total_kb / page_kb();
	return 0;
}

int figures_read_total(const struct oomctl_ctx *ctx, uint64_t *out_pages)
{
	uint64_t swap_pages;

	return read_totals(ctx, out_pages, &swap_pages);
}

int figures_read_scale(const struct oomctl_ctx *ctx, struct figures_scale *out)
{
	struct figures_release release = { 0 };
	int r = figures_read_release(ctx, &release);

	out->read_ticks = io_boot_ticks();
	if (r == 0)
		r = rule_of(release.number, &out->rule);
	if (r < 0)
		return r;

	out->rss_is_in_stat = release.number < RELEASE(7, 0, 0);
	return read_totals(ctx, &out->total_pages, &out->swap_pages);
}

/* What a process uses, as one of its threads tells. */
static int read_thread(const struct oomctl_ctx *threads, pid_t tid,
		       struct parse_stat *stat, struct parse_status *status)
{
	char path[PROCESS_PATH_SIZE];
	int r;

	r = process_read_stat(threads, process_path(path, tid, "/proc/stat"), stat);
	if (r == 0)
		r = process_read_status(threads, process_path(path, tid, "/proc/status"),
					status);
	return process_is_gone(r) == -ESRCH ? 0 : r;
}

/* The main thread may end before others, which keep the memory: the first of them tells. */
static int read_threads(const struct oomctl_ctx *process, struct parse_stat *stat,
			struct parse_status *status)
{
	struct scan threads;
	pid_t tid;
	int r;

	r = scan_open(process, "/proc/task", &threads);
	if (r < 0)
		return r;

	do {
		r = scan_next(&threads, &tid);
		if (r == 0 && tid != 0)
			r = read_thread(&threads.proc, tid, stat, status);
	} while (r == 0 && tid != 0 && !status->has_memory);
	scan_close(&threads);
	return r;
}

enum { PF_KTHREAD = 0x00200000 }; /* a flag of stat: a kernel thread */

/*
 * Since 5.9 the kernel shows 0 for none but those that it never chooses, and for those with
 * an adjustment of -999. Before, 0 is common; of the machine's init it is all that tells it
 * from a container's.
 */
static bool is_unkillable(enum oomctl_score_rule rule, int32_t score, int32_t adj,
			  const struct parse_stat *stat,
			  const struct parse_status *status)
{
	if ((stat->flags & PF_KTHREAD) || !status->has_memory)
		return true;
	return score == 0 && (stat->pid == 1 || (rule == OOMCTL_SCORE_RULE_5_9 &&
						 adj > OOMCTL_SCORE_ADJ_MIN + 1));
}

/* What its main thread says of the process, and a thread of its memory. */
static void fill_process(const struct figures_scale *scale, const struct parse_stat *main,
			 const struct parse_stat *stat, const struct parse_status *status,
			 struct figures_process *p)
{
	p->task.rss_pages =
	    scale->rss_is_in_stat ? stat->rss_pages : status->rss_kb / page_kb();
	p->task.swap_pages = status->swap_kb / page_kb();
	p->task.pgtable_pages = (status->pte_kb + status->pmd_kb) / page_kb();
	if (is_unkillable(scale->rule, p->score, p->task.oom_score_adj, main, status))
		p->task.flags |= OOMCTL_TASK_UNKILLABLE;
	if (process_has(status, PROCESS_SYS_ADMIN)) /* what the old scores ask for */
		p->task.flags |= OOMCTL_TASK_PRIVILEGED;
	p->start_ticks = main->start_ticks;
	p->pid = main->pid;
	p->uid = (uint32_t)status->uid;
	memcpy(p->comm, main->comm, sizeof(p->comm));
}

/* The files of a process; of its threads, where it shows no memory itself. */
int figures_read_files(const struct oomctl_ctx *process,
		       const struct figures_scale *scale, struct figures_process *p)
{
	struct parse_stat main = { 0 }, stat;
	struct parse_status status = { 0 };
	int r = knob_get(process, &knob_of_process[OOMCTL_PROC_OOM_SCORE_ADJ],
			 &p->task.oom_score_adj);

	if (r == 0)
		r = process_read_stat(process, "/proc/stat", &main);
	if (r == 0 &&
	    (p->score == FIGURES_READ_SCORE || main.start_ticks >= scale->read_ticks))
		r = knob_get(process, &knob_of_process[OOMCTL_PROC_OOM_SCORE], &p->score);
	if (r == 0)
		r = process_read_status(process, "/proc/status", &status);
	stat = main;
	if (r == 0 && !status.has_memory && !(main.flags & PF_KTHREAD))
		r = read_threads(process, &stat, &status);
	if (r == 0)
		fill_process(scale, &main, &stat, &status, p);
	return process_is_gone(r);
}

int figures_read_process(const struct oomctl_ctx *ctx, pid_t pid,
			 const struct figures_scale *scale, int32_t score,
			 struct figures_process *out)
{
	struct oomctl_ctx process = { AT_FDCWD, AT_FDCWD };
	struct figures_process p = { .score = score };
	int r;

	r = process_open(ctx, pid, &process);
	if (r < 0)
		return r;

	r = figures_read_files(&process, scale, &p);
	process_close(&process);
	if (r == 0)
		*out = p;
	return r;
}

/* What fork() asks for: all private writable mappings at once, and the largest. */
int figures_read_fork(const struct oomctl_ctx *ctx, uint64_t *out_sum_kb,
		      uint64_t *out_largest_kb)
{
	struct parse_smaps sum = { 0 };
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = process_open_own(ctx, "/smaps", &lines);
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? parse_smaps_line(line, (size_t)len, &sum) : (int)len;
	} while (len > 0 && r == 0);
	io_lines_close(&lines);
	if (r < 0)
		return r;
	if (!sum.has_flags)
		return -EOPNOTSUPP;

	*out_sum_kb = sum.sum_kb;
	*out_largest_kb = sum.largest_kb;
	return 0;
}

static int read_cpus(const struct oomctl_ctx *ctx, uint32_t *out)
{
	char text[1024];
	ssize_t len =
	    io_read_line(ctx, "/sys/devices/system/cpu/present", text, sizeof(text));

	return len < 0 ? (int)len : parse_cpu_list(text, (size_t)len, out);
}

static int read_total_vm(const struct oomctl_ctx *ctx, uint64_t *out_pages)
{
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = process_open_own(ctx, "/statm", &lines);
	if (r < 0)
		return r;

	len = io_lines_next(&lines, &line);
	io_lines_close(&lines);
	if (len <= 0)
		return len < 0 ? (int)len : -EBADMSG;
	return parse_first_u64(line, (size_t)len, out_pages);
}

static int read_grant_flags(const struct oomctl_ctx *ctx, uint32_t *out)
{
	struct figures_release release = { 0 };
	int r;

	r = figures_read_release(ctx, &release);
	if (r == 0)
		r = process_holds(ctx, PROCESS_SYS_ADMIN);
	if (r < 0)
		return r;

	*out = 0;
	if (release.number < RELEASE(5, 2, 0))
		*out |= OOMCTL_GRANT_BEFORE_5_2;
	if (release.number < RELEASE(5, 9, 0))
		*out |= OOMCTL_GRANT_BEFORE_5_9;
	if (r == PROCESS_HOLDS)
		*out |= OOMCTL_GRANT_ADMIN;
	return 0;
}

int figures_read_grant(const struct oomctl_ctx *ctx, struct oomctl_grant_figures *out)
{
	struct oomctl_grant_figures g = { 0 };
	struct oomctl_meminfo m = { 0 };
	uint64_t most_kb;
	int32_t mode = 0;
	int r;

	r = knob_get(ctx, &knob_of_vm[OOMCTL_VM_OVERCOMMIT_MEMORY], &mode);
	if (r == 0)
		r = knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_ADMIN_RESERVE_KBYTES].path,
				 &g.admin_reserve_kbytes);
	if (r == 0)
		r = knob_get_u64(ctx, knob_of_vm[OOMCTL_VM_USER_RESERVE_KBYTES].path,
				 &g.user_reserve_kbytes);
	if (r == 0)
		r = read_grant_flags(ctx, &g.flags);
	if (r == 0)
		r = read_cpus(ctx, &g.cpus);
	if (r == 0)
		r = read_total_vm(ctx, &g.total_vm_pages);
	if (r == 0) /* last, since it changes most */
		r = figures_read_commit(ctx, &m, &g.commit);
	if (r < 0)
		return r;

	g.overcommit_memory = (enum oomctl_overcommit)mode;
	g.committed_as_kb = m.committed_as_kb;
	if (!(m.present & OOMCTL_MEMINFO_COMMITTED_AS))
		return -EBADMSG;
	/* What calc refuses to weigh, no machine has. */
	if (oomctl_calc_grant_max(&g, &most_kb) < 0)
		return -ERANGE;

	*out = g;
	return 0;
}

/* Where a version of cgroups has its limits. */
struct hierarchy {
	char controller[8], root[24], limit[24], swap_limit[32];
	bool swap_has_ram; /* the limit of swap is one of RAM and swap */
};

/* The second version, then the first. */
static const struct hierarchy hierarchies[] = {
	{ "", "/sys/fs/cgroup", "memory.max", "memory.swap.max", false },
	{ "memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes",
	  "memory.memsw.limit_in_bytes", true },
};

static int read_limit(const struct oomctl_ctx *ctx, const struct hierarchy *h,
		      const char *cgroup, const char *name, uint64_t *out)
{
	char path[CGROUP_PATH_SIZE], text[KNOB_TEXT_MAX];
	ssize_t len = io_read_line(ctx, cgroup_path(path, h->root, cgroup, name), text,
				   sizeof(text));

	return len < 0 ? (int)len : parse_limit(text, (size_t)len, out);
}

static int read_swappiness(const struct oomctl_ctx *ctx, const struct hierarchy *h,
			   const char *cgroup, uint64_t *out)
{
	if (h->swap_has_ram)
		return read_limit(ctx, h, cgroup, "memory.swappiness", out);
	return knob_get_u64(ctx, "/proc/sys/vm/swappiness", out);
}

/* How many pages of swap the cgroup may have besides its RAM. */
static int read_swap_share(const struct oomctl_ctx *ctx, const struct hierarchy *h,
			   const char *cgroup, uint64_t ram_bytes, uint64_t swap_pages,
			   uint64_t *out)
{
	uint64_t swappiness, bytes;
	int r;

	r = read_swappiness(ctx, h, cgroup, &swappiness);
	if (r < 0)
		return r;
	r = read_limit(ctx, h, cgroup, h->swap_limit, &bytes);
	if (r == -EOPNOTSUPP) { /* swap is not accounted: it has no limit */
		bytes = UINT64_MAX;
		r = 0;
	}
	if (r < 0)
		return r;

	if (h->swap_has_ram)
		bytes -= ram_bytes < bytes ? ram_bytes : bytes;
	*out = bytes / io_page_size() < swap_pages ? bytes / io_page_size() : swap_pages;
	if (swappiness == 0)
		*out = 0;
	return 0;
}

/* As mem_cgroup_get_max(). */
static int read_cgroup_total(const struct oomctl_ctx *ctx, const struct hierarchy *h,
			     const char *cgroup, uint64_t swap_pages, uint64_t *out)
{
	uint64_t bytes, pages, swap = 0;
	int r;

	r = read_limit(ctx, h, cgroup, h->limit, &bytes);
	if (r == 0)
		r = read_swap_share(ctx, h, cgroup, bytes, swap_pages, &swap);
	if (r < 0)
		return r;

	/* Where there is no limit, the first version prints its largest number of pages. */
	pages = bytes / io_page_size();
	if (pages >= INT64_MAX / io_page_size() || pages + swap > PAGES_MAX)
		return -ERANGE;

	pages += swap;

	*out = pages > 0 ? pages : 1;
	return 0;
}

int figures_read_cgroup_total(const struct oomctl_ctx *ctx, const char *cgroup,
			      uint64_t swap_pages, uint64_t *out_pages,
			      const char **out_controller)
{
	int r = -EOPNOTSUPP;

	for (size_t i = 0; r == -EOPNOTSUPP && i < 2; i++) {
		r = read_cgroup_total(ctx, &hierarchies[i], cgroup, swap_pages,
				      out_pages);
		*out_controller = hierarchies[i].controller;
	}
	return r;
}

static int take_cgroup(const char *line, size_t len, char path[CGROUP_MAX + 1],
		       uint32_t *version)
{
	for (uint32_t i = 0; i < 2; i++) {
		int r = cgroup_take_path(line, len, hierarchies[i].controller, path);

		if (r < 0)
			return r;
		if (r == 1)
			*version = 2 - i;
	}
	return 0;
}

/* The memory controller is of the first version where a line says so, else of the second. */
static int find_cgroup(const struct oomctl_ctx *ctx, char path[CGROUP_MAX + 1],
		       uint32_t *version)
{
	struct io_lines lines;
	const char *line;
	ssize_t len;
	int r;

	r = io_lines_open(ctx, "/proc/self/cgroup", &lines);
	if (r < 0)
		return r;

	do {
		len = io_lines_next(&lines, &line);
		r = len > 0 ? take_cgroup(line, (size_t)len, path, version) : (int)len;
	} while (len > 0 && r == 0 && *version != 1);
	io_lines_close(&lines);
	return r;
}

/* A root has no file for a limit, which it cannot have. */
static int read_own_limit(const struct oomctl_ctx *ctx, const struct hierarchy *h,
			  const char *path, uint64_t *out)
{
	int r = read_limit(ctx, h, path, h->limit, out);

	if (r == -EOPNOTSUPP && strcmp(path, "/") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	if (r == 0 && *out / io_page_size() >= INT64_MAX / io_page_size())
		*out = UINT64_MAX; /* what the first version prints for none */
	return r;
}

int figures_read_own_cgroup(const struct oomctl_ctx *ctx, struct figures_cgroup *out)
{
	const struct hierarchy *h;
	char path[CGROUP_MAX + 1] = "";
	uint64_t group = 0;
	int r;

	*out = (struct figures_cgroup){ 0 };
	r = find_cgroup(ctx, path, &out->version);
	if (r < 0 || !*path)
		return r;

	h = &hierarchies[2 - out->version];
	r = read_own_limit(ctx, h, path, &out->limit_bytes);
	out->has_limit = r == 0;
	if (r == 0 && out->version == 2)
		r = read_limit(ctx, h, path, "memory.oom.group", &group);
	out->dies_as_one = r == 0 && group == 1;
	return r;
}
