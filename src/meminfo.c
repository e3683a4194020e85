/* SPDX-License-Identifier: MIT */
#include <oomctl/meminfo.h>

#include <string.h>

#include <oomctl/calc.h>

#include "internal.h"
#include "io.h"
#include "knob.h"
#include "parse.h"

/* The kernel prints about 1.5 KiB. */
enum { MEMINFO_SIZE = 8192 };

static int read_meminfo(const struct oomctl_ctx *ctx, struct oomctl_meminfo *out)
{
	char text[MEMINFO_SIZE];
	ssize_t len = io_read(ctx, "/proc/meminfo", text, sizeof(text));

	return len < 0 ? (int)len : parse_meminfo(text, (size_t)len, out);
}

OOMCTL_EXPORT int oomctl_meminfo_read(const struct oomctl_ctx *ctx,
				      struct oomctl_meminfo *out, size_t size)
{
	struct oomctl_meminfo m;
	int r;

	if (!out || size == 0)
		return -EINVAL;

	r = read_meminfo(ctx, &m);
	if (r == 0)
		fill(out, size, &m, sizeof(m));
	return r;
}

OOMCTL_EXPORT int oomctl_meminfo_parse(const char *text, size_t length,
				       struct oomctl_meminfo *out, size_t size)
{
	struct oomctl_meminfo m;
	int r;

	if (!text || !out || size == 0)
		return -EINVAL;

	r = parse_meminfo(text, length, &m);
	if (r == 0)
		fill(out, size, &m, sizeof(m));
	return r;
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

/*
 * Each of the two zeroes the other when it is written, so that one which is not 0 speaks
 * for both. Two zeros may be a change from ratio to kbytes, seen half: look again.
 */
static int read_share(const struct oomctl_ctx *ctx, int32_t *ratio, uint64_t *kbytes)
{
	int tries = 3;
	int r;

	do {
		r = knob_get_u64(ctx, knob_overcommit_kbytes, kbytes);
		if (r == -EOPNOTSUPP) {
			*kbytes = 0; /* before Linux 3.14 */
			r = 0;
		}
		if (r == 0)
			r = knob_get(ctx, &knob_overcommit_ratio, ratio);
	} while (r == 0 && *kbytes == 0 && *ratio == 0 && --tries > 0);

	if (r == 0 && *ratio != 0)
		*kbytes = 0; /* the ratio was read later */
	return r;
}

OOMCTL_EXPORT int oomctl_meminfo_read_commit_figures(const struct oomctl_ctx *ctx,
						     struct oomctl_commit_figures *out,
						     size_t size)
{
	struct oomctl_commit_figures figures = { .page_size = io_page_size() };
	struct oomctl_meminfo m;
	int r;

	if (!out || size == 0)
		return -EINVAL;

	r = read_meminfo(ctx, &m);
	if (r == 0 && !(m.present & OOMCTL_MEMINFO_HUGETLB))
		r = read_hugetlb(ctx, &m);
	if (r == 0)
		r = read_share(ctx, &figures.overcommit_ratio,
			       &figures.overcommit_kbytes);
	if (r < 0)
		return r;

	figures.mem_total_kb = m.mem_total_kb;
	figures.hugetlb_kb = m.hugetlb_kb;
	figures.swap_total_kb = m.swap_total_kb;
	fill(out, size, &figures, sizeof(figures));
	return 0;
}
