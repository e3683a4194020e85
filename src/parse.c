/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <oomctl/meminfo.h>

/* Nothing but digits; all of them are looked at before one too many is reported. */
static inline int parse_digits(const char *text, size_t len, uint64_t *out)
{
	const char *end = text + len;
	bool fits = true;
	uint64_t v = 0;

	if (len == 0)
		return -EBADMSG;

	for (; text < end; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit > 9)
			return -EBADMSG;
		if (v < UINT64_MAX / 16) /* far from overflow */
			v = v * 10 + digit;
		else if (__builtin_mul_overflow(v, 10, &v) ||
			 __builtin_add_overflow(v, digit, &v))
			fits = false;
	}

	*out = v;
	return fits ? 0 : -ERANGE;
}

/* [-]digits[\n] */
static inline int parse_number(const char *text, size_t len, bool *out_negative,
			       uint64_t *out)
{
	bool negative = len > 0 && text[0] == '-';

	text += negative;
	len -= negative;
	if (len > 0 && text[len - 1] == '\n')
		len--;

	*out_negative = negative;
	return parse_digits(text, len, out);
}

int parse_i32(const char *text, size_t len, int32_t *out)
{
	uint64_t magnitude;
	bool negative;
	int r;

	r = parse_number(text, len, &negative, &magnitude);
	if (r < 0)
		return r;
	if (magnitude > (uint64_t)INT32_MAX + negative)
		return -ERANGE;

	*out = (int32_t)(negative ? -(int64_t)magnitude : (int64_t)magnitude);
	return 0;
}

int parse_u64(const char *text, size_t len, uint64_t *out)
{
	uint64_t v;
	bool negative;
	int r;

	r = parse_number(text, len, &negative, &v);
	if (r < 0)
		return r;
	if (negative)
		return -ERANGE;

	*out = v;
	return 0;
}

/* Text that is still to be read. */
struct rest {
	const char *at;
	size_t len;
};

static inline void skip(struct rest *t, size_t len)
{
	t->at += len;
	t->len -= len;
}

static bool skip_prefix(struct rest *t, const char *prefix, size_t len)
{
	if (t->len < len || memcmp(t->at, prefix, len) != 0)
		return false;

	skip(t, len);
	return true;
}

static bool cut_suffix(struct rest *t, const char *suffix, size_t len)
{
	if (t->len < len || memcmp(t->at + t->len - len, suffix, len) != 0)
		return false;

	t->len -= len;
	return true;
}

/* The next line, without its newline. */
static inline struct rest take_line(struct rest *t)
{
	const char *newline = memchr(t->at, '\n', t->len);
	struct rest line = *t;

	if (newline)
		line.len = (size_t)(newline - t->at);
	skip(t, line.len + (newline != NULL));
	return line;
}

int parse_fdinfo_pid(const char *text, size_t len, int32_t *out)
{
	struct rest t = { text, len };
	struct rest line;

	while (t.len > 0) {
		line = take_line(&t);
		if (skip_prefix(&line, "Pid:\t", strlen("Pid:\t")))
			return parse_i32(line.at, line.len, out);
	}
	return -EBADMSG;
}

int parse_hugepages_name(const char *name, uint64_t *out_kb)
{
	struct rest t = { name, strlen(name) };

	if (!skip_prefix(&t, "hugepages-", strlen("hugepages-")) ||
	    !cut_suffix(&t, "kB", strlen("kB")))
		return -EBADMSG;

	return parse_digits(t.at, t.len, out_kb);
}

/* A line of /proc/meminfo that the library knows. */
struct line {
	char name[20];
	uint8_t name_len;
	bool in_kb;
};

/* clang-format off */
#define LINE(NAME, IN_KB) { NAME ":", sizeof(NAME), IN_KB }

/* In the order of the members of struct oomctl_meminfo, and of the bits of its first. */
static const struct line lines[] = {
	LINE("MemTotal", true),
	LINE("MemFree", true),
	LINE("MemAvailable", true),
	LINE("SwapTotal", true),
	LINE("SwapFree", true),
	LINE("CommitLimit", true),
	LINE("Committed_AS", true),
	LINE("HugePages_Total", false),
	LINE("Hugepagesize", true),
	LINE("Hugetlb", true),
};
/* clang-format on */

enum { LINES = sizeof(lines) / sizeof(lines[0]) };

_Static_assert(sizeof(struct oomctl_meminfo) == (1 + LINES) * sizeof(uint64_t),
	       "a member for each line, behind `present`");
_Static_assert(OOMCTL_MEMINFO_HUGETLB == 1 << (LINES - 1), "a bit for each line");

/* The first letter tells most other lines at once; this many bytes tell the known apart. */
enum { HEAD = 8 };
#define LETTER(c) (1U << ((unsigned char)(c) % 32))
#define FIRST_LETTERS (LETTER('M') | LETTER('S') | LETTER('C') | LETTER('H'))

/* The line that t begins with, behind whose name t then is; LINES when it is not known. */
static size_t take_name(struct rest *t)
{
	size_t i;

	if (t->len < HEAD || !(LETTER(*t->at) & FIRST_LETTERS))
		return LINES;
#pragma GCC unroll 10
	for (i = 0; i < LINES; i++)
		if (memcmp(t->at, lines[i].name, HEAD) == 0)
			break;
	return i < LINES && skip_prefix(t, lines[i].name, lines[i].name_len) ? i : LINES;
}

/* spaces digits unit */
static int parse_quantity(struct rest t, bool in_kb, uint64_t *out)
{
	if (in_kb && !cut_suffix(&t, " kB", strlen(" kB")))
		return -EBADMSG;
	while (t.len > 0 && *t.at == ' ')
		skip(&t, 1);
	return parse_digits(t.at, t.len, out);
}

static int parse_meminfo_line(struct rest line, struct oomctl_meminfo *m)
{
	size_t i = take_name(&line);
	uint64_t bit = (uint64_t)1 << i;
	uint64_t v;
	int r;

	if (i == LINES)
		return 0;
	if (m->present & bit)
		return -EBADMSG;

	r = parse_quantity(line, lines[i].in_kb, &v);
	if (r < 0)
		return r;

	memcpy((char *)m + (1 + i) * sizeof(v), &v, sizeof(v));
	m->present |= bit;
	return 0;
}

int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out)
{
	struct rest t = { text, len };
	struct oomctl_meminfo m = { 0 };
	int r;

	while (t.len > 0) {
		r = parse_meminfo_line(take_line(&t), &m);
		if (r < 0)
			return r;
	}
	if (!(m.present & OOMCTL_MEMINFO_MEM_TOTAL))
		return -EBADMSG;

	*out = m;
	return 0;
}

char *prepend_u64(char *begin, uint64_t value)
{
	do {
		*--begin = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return begin;
}

char *prepend_i32(char *begin, int32_t value)
{
	if (value >= 0)
		return prepend_u64(begin, (uint64_t)value);

	begin = prepend_u64(begin, 0 - (uint64_t)value);
	*--begin = '-';
	return begin;
}
