/* SPDX-License-Identifier: MIT */
/* Lines of sysctl.d against regular expressions and fnmatch(3), and what was read against
 * what it becomes when it is written and read again. */
#include "fuzz.h"

#include <fnmatch.h>

#include <oomctl/dropin.h>

enum { KNOBS = OOMCTL_VM_PANIC_TIMEOUT + 1 };

static const struct {
	const char *name;
	bool is_wide;
	int64_t min, max;
} knobs[KNOBS] = {
	[OOMCTL_VM_OVERCOMMIT_MEMORY] = { "vm/overcommit_memory", false, 0, 2 },
	[OOMCTL_VM_OVERCOMMIT_RATIO] = { "vm/overcommit_ratio", false, INT32_MIN,
					 INT32_MAX },
	[OOMCTL_VM_OVERCOMMIT_KBYTES] = { "vm/overcommit_kbytes", true, 0, 0 },
	[OOMCTL_VM_PANIC_ON_OOM] = { "vm/panic_on_oom", false, 0, 2 },
	[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = { "vm/oom_kill_allocating_task", false,
						 INT32_MIN, INT32_MAX },
	[OOMCTL_VM_OOM_DUMP_TASKS] = { "vm/oom_dump_tasks", false, INT32_MIN, INT32_MAX },
	[OOMCTL_VM_ADMIN_RESERVE_KBYTES] = { "vm/admin_reserve_kbytes", true, 0, 0 },
	[OOMCTL_VM_USER_RESERVE_KBYTES] = { "vm/user_reserve_kbytes", true, 0, 0 },
	[OOMCTL_VM_PANIC_TIMEOUT] = { "kernel/panic", false, INT32_MIN, INT32_MAX },
};

/* What a knob holds, and since which line; 0: not set. */
struct model {
	uint64_t value[KNOBS], pattern_value[KNOBS];
	int since[KNOBS], pattern_since[KNOBS];
	bool is_named[KNOBS];
};

/* "a.b" and "a/b" to "a/b", by pieces between separators; in place. */
static void to_path(char *key)
{
	char first = key[strcspn(key, "./")];
	char *to = key;

	for (char *c = key; first == '.' && *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	for (char *rest = key, *piece; (piece = strsep(&rest, "/"));) {
		if (*piece == '\0')
			continue;
		if (to != key)
			*to++ = '/';
		to = memmove(to, piece, strlen(piece)) + strlen(piece);
	}
	*to = '\0';
}

static int read_value(int knob, const char *text, uint64_t *out)
{
	static struct form plain = { .pattern = "^(0|-?[1-9][0-9]*)$" };
	uint64_t magnitude;
	bool negative = *text == '-';

	if (!is_of(&plain, text, strlen(text)))
		return -EBADMSG;
	if (number_at(text + negative, 10, &magnitude) != 0)
		return -ERANGE;
	*out = magnitude;
	if (knobs[knob].is_wide)
		return negative ? -ERANGE : 0;
	if (magnitude > (uint64_t)INT32_MAX + negative)
		return -ERANGE;
	*out = (uint64_t)(negative ? -(int64_t)magnitude : (int64_t)magnitude);
	return (int64_t)*out < knobs[knob].min || (int64_t)*out > knobs[knob].max
		   ? -ERANGE
		   : 0;
}

/* Whether what precedes a bracket or a backslash is of a beginning of the name. */
static bool is_unsure(const char *key, const char *name)
{
	char *head = terminate(key, strcspn(key, "[\\"));
	char *begin = terminate(name, strlen(name));
	bool fits = false;

	for (size_t len = strlen(name); len > 0 && !fits; len--) {
		begin[len - 1] = '\0';
		fits = fnmatch(head, begin, FNM_PATHNAME) == 0;
	}
	free(begin);
	free(head);
	return fits;
}

static int assign(struct model *m, const char *key, const char *value, int line)
{
	bool is_pattern = key[strcspn(key, "*?[")] != '\0';
	int r = 0;

	for (int i = 1; i < KNOBS; i++) {
		bool is_meant = is_pattern
				    ? fnmatch(key, knobs[i].name, FNM_PATHNAME) == 0
				    : strcmp(key, knobs[i].name) == 0;
		uint64_t v;
		int code;

		if (is_pattern && key[strcspn(key, "[\\")]) {
			is_meant = is_unsure(key, knobs[i].name);
			code = -EBADMSG;
		} else {
			code = is_meant ? read_value(i, value, &v) : 0;
		}
		if (!is_meant)
			continue;
		if (r == 0)
			r = code;
		if (code == 0 && is_pattern) {
			m->pattern_value[i] = v;
			m->pattern_since[i] = line;
		} else if (code == 0) {
			m->value[i] = v;
			m->since[i] = line;
			m->is_named[i] = true;
		}
	}
	return r;
}

/* Whether parts like ".." may lead to a knob. */
static bool is_detour(const char *key)
{
	static struct form dots = { .pattern = "^(.*/)?\\..*/[^/]*$" };
	const char *last = strrchr(key, '/');
	bool may_be = false;

	if (!is_of(&dots, key, strlen(key)))
		return false;
	for (int i = 1; i < KNOBS; i++) {
		const char *name = strchr(knobs[i].name, '/') + 1;

		may_be |= last[strcspn(last, "[\\")] ? is_unsure(last + 1, name)
						     : fnmatch(last + 1, name, 0) == 0;
	}
	return may_be;
}

static char *strip(char *text)
{
	char *end = text + strlen(text);

	while (end > text && strchr(" \t\n\r", end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\n\r");
}

static int read_line(struct model *m, char *line, int number)
{
	char *key = strip(line);
	char *value;
	size_t minuses;
	char separator;

	if (key[strcspn(key, "\v\f\r")] && (*key == '-' || strchr(key, '=')))
		return -EBADMSG;
	if (*key == '\0' || *key == '#' || *key == ';')
		return 0;
	value = strchr(key, '=');
	minuses = strncmp(key, "--", 2) == 0 ? 2 : *key == '-';
	key += minuses;
	if (*key == ' ' || *key == '\t')
		return 0;
	if (value)
		*value++ = '\0';
	key = strip(key);
	separator = key[strcspn(key, "./")];
	if (separator && key[strlen(key) - 1] == separator)
		return 0;
	to_path(key);
	if (strlen(key) > 63) /* what no name of a knob is */
		return 0;
	if (is_detour(key) && (value || minuses))
		return -EBADMSG;
	if (value)
		return assign(m, key, strip(value), number);
	for (int i = 1; minuses && i < KNOBS; i++)
		m->is_named[i] |= strcmp(key, knobs[i].name) == 0;
	return 0;
}

/* Of ratio and kbytes the later one, of a pattern's the ratio. */
static void settle(struct model *m)
{
	enum { R = OOMCTL_VM_OVERCOMMIT_RATIO, K = OOMCTL_VM_OVERCOMMIT_KBYTES };

	for (int i = 1; i < KNOBS; i++)
		if (!m->is_named[i]) {
			m->value[i] = m->pattern_value[i];
			m->since[i] = m->pattern_since[i];
		}
	if (m->since[R] && m->since[K])
		m->since[m->since[K] > m->since[R] ? R : K] = 0;
}

static struct oomctl_policy policy_of(const struct model *m)
{
	struct oomctl_policy p = { 0 };

#define TAKE(KNOB, MEMBER, TYPE)                                                         \
	if (m->since[OOMCTL_VM_##KNOB]) {                                                \
		p.MEMBER = (TYPE)m->value[OOMCTL_VM_##KNOB];                             \
		p.knobs |= OOMCTL_POLICY_##KNOB;                                         \
	}
	TAKE(OVERCOMMIT_MEMORY, overcommit_memory, int32_t)
	TAKE(OVERCOMMIT_RATIO, overcommit_ratio, int32_t)
	TAKE(OVERCOMMIT_KBYTES, overcommit_kbytes, uint64_t)
	TAKE(PANIC_ON_OOM, panic_on_oom, int32_t)
	TAKE(OOM_KILL_ALLOCATING_TASK, oom_kill_allocating_task, int32_t)
	TAKE(OOM_DUMP_TASKS, oom_dump_tasks, int32_t)
	TAKE(ADMIN_RESERVE_KBYTES, admin_reserve_kbytes, uint64_t)
	TAKE(USER_RESERVE_KBYTES, user_reserve_kbytes, uint64_t)
	TAKE(PANIC_TIMEOUT, panic_timeout, int32_t)
	return p;
}

static int read_text(const uint8_t *data, size_t size, struct oomctl_policy *out)
{
	struct model m;
	int r = 0, number = 1;

	memset(&m, 0, sizeof(m));
	for (size_t len; r == 0 && size > 0; data += len, size -= len, number++) {
		char *line;

		len = line_length(data, size);
		line = terminate(data, len);
		r = read_line(&m, line, number);
		free(line);
	}
	settle(&m);
	*out = policy_of(&m);
	return r;
}

static void check_round_trip(const struct oomctl_policy *policy)
{
	char text[OOMCTL_DROPIN_MAX];
	struct oomctl_policy again;
	size_t len;

	EXPECT(oomctl_dropin_render(policy, text, sizeof(text), &len) == 0);
	EXPECT(len < sizeof(text) && text[len] == '\0');
	EXPECT(oomctl_dropin_parse(text, len, &again, sizeof(again)) == 0);
	EXPECT(memcmp(&again, policy, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	struct oomctl_policy got, want;
	int r;

	/* In C, a text ends there; the library takes it for a byte like others. */
	if (size > 0 && memchr(data, '\0', size))
		size = (size_t)((const uint8_t *)memchr(data, '\0', size) - data);
	text = isolate(data, size);
	memset(&got, UNTOUCHED, sizeof(got));
	r = oomctl_dropin_parse(text, size, &got, sizeof(got));
	release(text);

	EXPECT(r == read_text(data, size, &want));
	if (r < 0) {
		EXPECT(is_untouched(&got, sizeof(got)));
		return 0;
	}
	EXPECT(memcmp(&got, &want, sizeof(got)) == 0);
	check_round_trip(&got);
	return 0;
}
