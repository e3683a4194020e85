/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <oomctl/meminfo.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at text; -EBADMSG when there are none, -ERANGE when they exceed 64 bits. */
static int parse_digits(const char *text, size_t len, uint64_t *out, size_t *out_len)
{
	uint64_t v = 0;
	bool fits = true;
	size_t i;

	for (i = 0; i < len && is_digit(text[i]); i++)
		fits = fits && !__builtin_mul_overflow(v, 10, &v) &&
		       !__builtin_add_overflow(v, (unsigned)(text[i] - '0'), &v);

	if (i == 0)
		return -EBADMSG;

	*out = v;
	*out_len = i;
	return fits ? 0 : -ERANGE;
}

/* [-]digits[\n] */
static int parse_number(const char *text, size_t len, bool *out_negative, uint64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t digits = 0;
	int r;

	text += negative;
	len -= negative;
	if (len > 0 && text[len - 1] == '\n')
		len--;

	r = parse_digits(text, len, out, &digits);
	if (digits != len)
		return -EBADMSG;

	*out_negative = negative;
	return r;
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

/* Length of the line at text, without its newline. */
static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) : len;
}

/* Bytes of prefix at text, 0 when text does not begin with it. */
static size_t skip_prefix(const char *text, size_t len, const char *prefix,
			  size_t prefix_len)
{
	return len >= prefix_len && memcmp(text, prefix, prefix_len) == 0 ? prefix_len
									  : 0;
}

int parse_fdinfo_pid(const char *text, size_t len, int32_t *out)
{
	static const char name[] = "Pid:\t";
	size_t line, value;

	for (; len > 0; text += line, len -= line) {
		line = line_length(text, len);
		value = skip_prefix(text, line, name, sizeof(name) - 1);
		if (value)
			return parse_i32(text + value, line - value, out);
		line += line < len;
	}
	return -EBADMSG;
}

int parse_hugepages_name(const char *name, uint64_t *out_kb)
{
	static const char prefix[] = "hugepages-";
	size_t len = strlen(name);
	size_t digits = 0;
	size_t value;
	int r;

	value = skip_prefix(name, len, prefix, sizeof(prefix) - 1);
	if (!value)
		return -EBADMSG;

	r = parse_digits(name + value, len - value, out_kb, &digits);
	return r == 0 && strcmp(name + value + digits, "kB") != 0 ? -EBADMSG : r;
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

/* LINES when the library does not know it. */
static size_t find_line(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < LINES; i++)
		if (skip_prefix(text, len, lines[i].name, lines[i].name_len))
			break;
	return i;
}

/* spaces digits unit */
static int parse_quantity(const char *text, size_t len, const char *unit, uint64_t *out)
{
	size_t digits = 0;
	int r;

	for (; len > 0 && *text == ' '; text++)
		len--;

	r = parse_digits(text, len, out, &digits);
	text += digits;
	len -= digits;
	return len == strlen(unit) && memcmp(text, unit, len) == 0 ? r : -EBADMSG;
}

static int parse_meminfo_line(const char *text, size_t len, struct oomctl_meminfo *m)
{
	size_t i = find_line(text, len);
	uint64_t bit = (uint64_t)1 << i;
	uint64_t v;
	int r;

	if (i == LINES)
		return 0;
	if (m->present & bit)
		return -EBADMSG;

	r = parse_quantity(text + lines[i].name_len, len - lines[i].name_len,
			   lines[i].in_kb ? " kB" : "", &v);
	if (r < 0)
		return r;

	memcpy((char *)m + (1 + i) * sizeof(v), &v, sizeof(v));
	m->present |= bit;
	return 0;
}

int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out)
{
	struct oomctl_meminfo m = { 0 };
	size_t line;
	int r;

	for (; len > 0; text += line, len -= line) {
		line = line_length(text, len);
		r = parse_meminfo_line(text, line, &m);
		if (r < 0)
			return r;
		line += line < len;
	}
	if (!(m.present & OOMCTL_MEMINFO_MEM_TOTAL))
		return -EBADMSG;

	*out = m;
	return 0;
}

char *format_text(char *end, const char *text)
{
	size_t len = strlen(text);

	memcpy(end, text, len + 1);
	return end + len;
}

char *format_u64(char *end, uint64_t value)
{
	char digits[sizeof("18446744073709551615")];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);

	return format_text(end, first);
}

char *format_i32(char *end, int32_t value)
{
	if (value >= 0)
		return format_u64(end, (uint64_t)value);

	*end = '-';
	return format_u64(end + 1, (uint64_t) - (int64_t)value);
}
