/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <oomctl/meminfo.h>

/* Nothing but digits; all of them are looked at before one too many is reported. */
static inline int parse_digits(const char *text, size_t len, uint64_t *out)
{
	bool fits = true;
	uint64_t v = 0;

	if (len == 0)
		return -EBADMSG;

	/*@ loop invariant 0 <= i <= len;
	    loop assigns i, v, fits;
	    loop variant len - i; */
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned char)text[i] - (unsigned)'0';

		if (digit > 9)
			return -EBADMSG;
		if (i < 19) /* any 19 digits fit */
			v = v * 10 + digit;
		else if (__builtin_mul_overflow(v, 10, &v) ||
			 __builtin_add_overflow(v, digit, &v))
			fits = false;
	}

	if (!fits)
		return -ERANGE;

	*out = v;
	return 0;
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
	if (t->len < len || (len > 0 && *t->at != *prefix) ||
	    memcmp(t->at, prefix, len) != 0)
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

	//@ SHRINKS(t, line);
	while (t.len > 0) {
		line = take_line(&t);
		if (skip_prefix(&line, "Pid:\t", strlen("Pid:\t")))
			return parse_i32(line.at, line.len, out);
	}
	return -EBADMSG;
}

int parse_pid(const char *name, int32_t *out)
{
	uint64_t v = 0;
	int i;

	/*@ loop invariant 0 <= i <= 10 && starts_with_digits(name, i);
	    loop assigns i, v;
	    loop variant 10 - i; */
	for (i = 0; i < 10 && name[i] >= '0' && name[i] <= '9'; i++) /* of 2147483647 */
		v = v * 10 + (uint64_t)(name[i] - '0');
	if (name[i] != '\0' || name[0] == '0' || v == 0 || v > INT32_MAX)
		return -EBADMSG;

	*out = (int32_t)v;
	return 0;
}

int parse_hugepages_name(const char *name, uint64_t *out_kb)
{
	struct rest t = { name, strlen(name) };

	if (!skip_prefix(&t, "hugepages-", strlen("hugepages-")) ||
	    !cut_suffix(&t, "kB", strlen("kB")) || (t.len > 0 && *t.at == '0'))
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
	/*@ loop invariant IS_UP_TO_10(i);
	    loop assigns i;
	    loop variant LINES - i; */
	for (i = 0; i < LINES; i++)
		if (memcmp(t->at, lines[i].name, HEAD) == 0)
			return skip_prefix(t, lines[i].name, lines[i].name_len) ? i
										: LINES;
	return LINES;
}

/* spaces digits unit */
static int parse_quantity(struct rest t, bool in_kb, uint64_t *out)
{
	if (in_kb && !cut_suffix(&t, " kB", strlen(" kB")))
		return -EBADMSG;
	//@ SHRINKS(t);
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

	((uint64_t *)m)[1 + i] = v;
	m->present |= bit;
	return 0;
}

int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out)
{
	struct rest t = { text, len };
	struct oomctl_meminfo m = { 0 };
	int r;

	//@ SHRINKS(t, m, r);
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

/* The digits that t begins with, behind which t then is. */
static int take_digits(struct rest *t, uint64_t *out)
{
	struct rest digits = *t;

	//@ SHRINKS(*t);
	while (t->len > 0 && *t->at >= '0' && *t->at <= '9')
		skip(t, 1);
	return parse_digits(digits.at, digits.len - t->len, out);
}

static bool take_char(struct rest *t, char c)
{
	return skip_prefix(t, &c, 1);
}

static uint32_t up_to_255(uint64_t v)
{
	return v < 255 ? (uint32_t)v : 255;
}

/* What follows the numbers of a release: "-rc1", "+", a newline, or nothing. */
static bool is_release_end(struct rest t)
{
	static const char ends[] = "\n-+_~.";

	return t.len == 0 || memchr(ends, *t.at, strlen(ends));
}

int parse_release(const char *text, size_t len, uint32_t *out)
{
	struct rest t = { text, len };
	uint64_t major, minor, patch = 0;

	if (take_digits(&t, &major) < 0 || !take_char(&t, '.') ||
	    take_digits(&t, &minor) < 0)
		return -EBADMSG;
	if (t.len > 1 && *t.at == '.' && t.at[1] >= '0' && t.at[1] <= '9') {
		skip(&t, 1);
		if (take_digits(&t, &patch) < 0)
			return -EBADMSG;
	}
	if (!is_release_end(t))
		return -EBADMSG;

	*out = RELEASE(up_to_255(major), up_to_255(minor), up_to_255(patch));
	return 0;
}

/* "3" or "0-3" */
static int take_range(struct rest *t, uint64_t *first, uint64_t *last)
{
	int r = take_digits(t, first);

	*last = *first;
	if (r == 0 && take_char(t, '-'))
		r = take_digits(t, last);
	return r == 0 && *last < *first ? -EBADMSG : r;
}

int parse_cpu_list(const char *text, size_t len, uint32_t *out)
{
	struct rest t = { text, len };
	uint64_t first, last, sum = 0;
	int r;

	//@ loop invariant sum <= UINT32_MAX; SHRINKS(t, first, last, sum, r);
	do {
		r = take_range(&t, &first, &last);
		if (r < 0)
			return r;
		if (last - first >= UINT32_MAX - sum)
			return -ERANGE;
		sum += last - first + 1;
	} while (take_char(&t, ','));
	take_char(&t, '\n');
	if (t.len > 0)
		return -EBADMSG;

	*out = (uint32_t)sum;
	return 0;
}

int parse_first_u64(const char *text, size_t len, uint64_t *out)
{
	struct rest t = { text, len };
	uint64_t v;
	int r;

	r = take_digits(&t, &v);
	if (r < 0)
		return r;
	if (t.len > 0 && *t.at != ' ' && *t.at != '\n')
		return -EBADMSG;

	*out = v;
	return 0;
}

/* The next word, behind which t then is. */
static struct rest take_word(struct rest *t)
{
	struct rest word = *t;

	//@ SHRINKS(*t);
	while (t->len > 0 && *t->at != ' ' && *t->at != '\n')
		skip(t, 1);
	word.len -= t->len;
	take_char(t, ' ');
	return word;
}

/* Into zeros, of which at least one is left. */
static void copy_comm(struct rest from, char out[16])
{
	memcpy(out, from.at, from.len < 15 ? from.len : 15);
}

/* "PID (COMM) ": a comm may hold spaces and parentheses, the rest does not. */
static int take_pid_and_comm(struct rest *t, struct parse_stat *out)
{
	struct rest comm;
	uint64_t pid;
	size_t len;

	if (take_digits(t, &pid) < 0 || pid > INT32_MAX || !take_char(t, ' ') ||
	    !take_char(t, '('))
		return -EBADMSG;

	/*@ loop invariant len <= t->len;
	    loop assigns len;
	    loop variant len; */
	for (len = t->len; len > 0 && t->at[len - 1] != ')'; len--)
		;
	if (len == 0)
		return -EBADMSG;
	comm = (struct rest){ t->at, len - 1 };
	skip(t, len);
	if (!take_char(t, ' '))
		return -EBADMSG;

	out->pid = (int32_t)pid;
	copy_comm(comm, out->comm);
	return 0;
}

int parse_stat(const char *text, size_t len, struct parse_stat *out)
{
	/* As proc(5) counts. */
	enum { STATE = 3, PPID = 4, FLAGS = 9, START = 22, VSIZE = 23, RSS = 24 };
	struct rest t = { text, len };
	struct parse_stat s = { 0 };
	struct rest word;
	int field, r;

	r = take_pid_and_comm(&t, &s);
	/*@ loop invariant r == 0 ==> is_text(t.at, t.len);
	    loop invariant r == 0 || is_refusal(r);
	    loop assigns t, s, word, field, r;
	    loop variant RSS + 1 - field; */
	for (field = STATE; r == 0 && field <= RSS; field++) {
		word = take_word(&t);
		if (field == PPID)
			r = parse_digits(word.at, word.len, &s.ppid);
		else if (field == FLAGS)
			r = parse_digits(word.at, word.len, &s.flags);
		else if (field == START)
			r = parse_digits(word.at, word.len, &s.start_ticks);
		else if (field == VSIZE)
			r = parse_digits(word.at, word.len, &s.vsize_bytes);
		else if (field == RSS)
			r = parse_digits(word.at, word.len, &s.rss_pages);
	}
	if (r == 0)
		*out = s;
	return r;
}

static bool skip_blank(struct rest *t)
{
	return take_char(t, '\t') || take_char(t, ' ');
}

/* Digits that tabs or spaces precede and follow. */
static int parse_status_number(struct rest t, uint64_t *out)
{
	uint64_t v;
	int r;

	//@ SHRINKS(t);
	while (skip_blank(&t))
		;
	r = take_digits(&t, &v);
	if (r < 0)
		return r;
	if (t.len > 0 && !skip_blank(&t))
		return -EBADMSG;

	*out = v;
	return 0;
}

static int parse_hex(struct rest t, uint64_t *out)
{
	uint64_t v = 0;

	take_char(&t, '\t');
	if (t.len == 0 || t.len > 16)
		return -EBADMSG;
	//@ SHRINKS(t, v);
	for (; t.len > 0; skip(&t, 1)) {
		if (*t.at >= '0' && *t.at <= '9')
			v = v * 16 + (uint64_t)(*t.at - '0');
		else if (*t.at >= 'a' && *t.at <= 'f')
			v = v * 16 + (uint64_t)(*t.at - 'a' + 10);
		else
			return -EBADMSG;
	}

	*out = v;
	return 0;
}

/* What a line is about, behind whose name it then is; NULL when that is not known. */
static uint64_t *number_of(struct rest *line, struct parse_status *s)
{
	if (skip_prefix(line, "Uid:", strlen("Uid:")))
		return &s->uid;
	if (skip_prefix(line, "VmRSS:", strlen("VmRSS:")))
		return &s->rss_kb;
	if (skip_prefix(line, "VmSwap:", strlen("VmSwap:")))
		return &s->swap_kb;
	if (skip_prefix(line, "VmPTE:", strlen("VmPTE:")))
		return &s->pte_kb;
	if (skip_prefix(line, "VmPMD:", strlen("VmPMD:")))
		return &s->pmd_kb;
	return NULL;
}

int parse_status_line(const char *text, size_t len, struct parse_status *s)
{
	struct rest line = { text, len };
	uint64_t *number;
	int r;

	cut_suffix(&line, "\n", 1);
	if (skip_prefix(&line, "CapEff:", strlen("CapEff:"))) {
		r = parse_hex(line, &s->cap_eff);
		s->has_cap_eff = r == 0;
		return r;
	}
	number = number_of(&line, s);
	if (!number)
		return 0;
	r = parse_status_number(line, number);
	if (r < 0)
		return r;

	s->has_uid |= number == &s->uid;
	s->has_memory |= number == &s->rss_kb;
	return 0;
}

/* Of "VmFlags: rd wr ac", two letters each. */
static bool has_flag(struct rest flags, const char *name)
{
	struct rest flag;

	//@ SHRINKS(flags, flag);
	do {
		flag = take_word(&flags);
		if (flag.len == 2 && memcmp(flag.at, name, 2) == 0)
			return true;
	} while (flag.len > 0);
	return false;
}

int parse_smaps_line(const char *text, size_t len, struct parse_smaps *sum)
{
	struct rest line = { text, len };

	if (skip_prefix(&line, "Size:", strlen("Size:")))
		return parse_status_number(line, &sum->size_kb);
	if (!skip_prefix(&line, "VmFlags: ", strlen("VmFlags: ")))
		return 0;

	sum->has_flags = true;
	if (!has_flag(line, "ac") || has_flag(line, "dc"))
		return 0;
	if (__builtin_add_overflow(sum->sum_kb, sum->size_kb, &sum->sum_kb))
		return -ERANGE;
	if (sum->size_kb > sum->largest_kb)
		sum->largest_kb = sum->size_kb;
	return 0;
}

/* What t has before a stop, behind which it then is not yet; all of it without one. */
static struct rest take_until(struct rest *t, char stop)
{
	struct rest taken = *t;

	//@ SHRINKS(*t);
	while (t->len > 0 && *t->at != stop)
		skip(t, 1);
	taken.len -= t->len;
	return taken;
}

/* Whether "cpu,memory" has this controller; "" has the second version's. */
static bool has_controller(struct rest names, const char *controller)
{
	size_t len = strlen(controller);
	struct rest name;

	//@ SHRINKS(names, name);
	do {
		name = take_until(&names, ',');
		if (name.len == len && memcmp(name.at, controller, len) == 0)
			return true;
	} while (take_char(&names, ','));
	return false;
}

static bool is_at_slash_or_end(struct rest t)
{
	return t.len == 0 || *t.at == '/';
}

/* Of the reader's own root, that is. */
static bool is_above(struct rest path)
{
	return skip_prefix(&path, "/..", strlen("/..")) && is_at_slash_or_end(path);
}

/* "/a" has "/a" and "/a/b", not "/ab". */
static bool is_at_or_below(struct rest path, const char *cgroup)
{
	if (is_above(path))
		return false;
	return skip_prefix(&path, cgroup,
			   strcmp(cgroup, "/") == 0 ? 0 : strlen(cgroup)) &&
	       is_at_slash_or_end(path);
}

/* "4:cpu,memory:/a": whether it is of the controller; behind that, t is the path. */
static int take_controller(struct rest *t, const char *controller)
{
	struct rest names;
	uint64_t id;

	cut_suffix(t, "\n", 1);
	if (take_digits(t, &id) < 0 || !take_char(t, ':'))
		return -EBADMSG;
	names = take_until(t, ':');
	if (!take_char(t, ':'))
		return -EBADMSG;

	return has_controller(names, controller);
}

int parse_cgroup_line(const char *text, size_t len, const char *controller,
		      const char *cgroup)
{
	struct rest path = { text, len };
	int r = take_controller(&path, controller);

	if (r <= 0)
		return r < 0 ? r : PARSE_OTHER_CGROUP;
	return is_at_or_below(path, cgroup);
}

int parse_cgroup_path(const char *text, size_t len, const char *controller,
		      const char **out, size_t *out_len)
{
	struct rest path = { text, len };
	int r = take_controller(&path, controller);

	if (r == 1) {
		*out = path.at;
		*out_len = is_above(path) ? 0 : path.len;
	}
	return r;
}

int parse_limit(const char *text, size_t len, uint64_t *out_bytes)
{
	if (len == strlen("max\n") && memcmp(text, "max\n", len) == 0) {
		*out_bytes = UINT64_MAX;
		return 0;
	}
	return parse_u64(text, len, out_bytes);
}

bool parse_has_line(const char *text, size_t len, const char *line)
{
	struct rest t = { text, len };
	size_t want = strlen(line);
	struct rest at_hand;

	//@ SHRINKS(t, at_hand);
	while (t.len > 0) {
		at_hand = take_line(&t);
		if (at_hand.len == want && memcmp(at_hand.at, line, want) == 0)
			return true;
	}
	return false;
}

char *prepend_u64(char *begin, uint64_t value)
{
	/*@ loop invariant begin - digits(value) == \at(begin - digits(value), Pre);
	    loop invariant begin <= \at(begin, Pre);
	    loop assigns begin, value, *(\at(begin, Pre) - (1 .. digits(\at(value, Pre))));
	    loop variant value; */
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

	begin = prepend_u64(begin, (uint64_t) - (int64_t)value);
	*--begin = '-';
	return begin;
}
