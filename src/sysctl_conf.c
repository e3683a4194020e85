/* SPDX-License-Identifier: MIT */
#include "sysctl_conf.h"

#include <errno.h>
#include <string.h>

#include "knob.h"
#include "parse.h"

/* The longest name of a knob has 27, a pattern may have more. */
enum { KEY_MAX = sizeof(((struct sysctl_pattern *)0)->key) };

#define RATIO OOMCTL_VM_OVERCOMMIT_RATIO
#define KBYTES OOMCTL_VM_OVERCOMMIT_KBYTES

static const char *name_of(int knob)
{
	return knob_of_vm[knob].path + strlen("/proc/sys/");
}

static char *prepend_line(char *begin, int knob, uint64_t value)
{
	const char *name = name_of(knob);

	begin = prepend_text(begin, "\n");
	begin = knob_of_vm[knob].is_wide ? prepend_u64(begin, value)
					 : prepend_i32(begin, (int32_t)value);
	begin = prepend_text(begin, " = ");
	begin = prepend_text(begin, name);
	*(char *)memchr(begin, '/', strlen(name)) = '.';
	return begin;
}

int sysctl_conf_render(const struct oomctl_policy *policy, char *end,
		       const char **out_begin)
{
	struct oomctl_policy p;
	char *begin = end;

	/* A line for each of ratio and kbytes would be undone by the other's. */
	if (!policy_is_valid(policy) || policy_has_both(policy))
		return -EINVAL;

	/* overcommit_memory comes last: the strict one needs the others to be right. */
	p = policy_meaning(policy);
	for (int i = POLICY_FIRST; i <= POLICY_LAST; i++)
		if (p.knobs & policy_bit(i))
			begin = prepend_line(begin, i, policy_value(&p, i));
	*out_begin = prepend_text(begin, "# How this machine runs out of memory. Written "
					 "by liboomctl.\n");
	return 0;
}

/* Text that is still to be read. */
struct rest {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct rest trim(struct rest t)
{
	for (; t.len > 0 && is_blank(*t.at); t.len--)
		t.at++;
	while (t.len > 0 && is_blank(t.at[t.len - 1]))
		t.len--;
	return t;
}

/* The first separator tells what the others are: of "vm.x" or of "vm/x". */
static bool has_dots(struct rest key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] == '.' || key.at[i] == '/')
			return key.at[i] == '.';
	return false;
}

static char separator_of(char c, bool dots)
{
	if (dots && c == '.')
		return '/';
	if (dots && c == '/')
		return '.';
	return c;
}

/* A path below /proc/sys, without needless separators; false when it is of no knob: procps
 * takes a knob with a separator at its end for a directory. */
static bool normalize(const struct sysctl_conf *conf, struct rest key, char out[KEY_MAX])
{
	bool dots = has_dots(key);
	bool is_due = false; /* a separator */
	size_t n = 0;

	for (size_t i = 0; i < key.len; i++) {
		char c = separator_of(key.at[i], dots);

		if (c == '/') {
			is_due = n > 0;
			continue;
		}
		if (n + is_due >= KEY_MAX - 1)
			return false;
		if (is_due)
			out[n++] = '/';
		is_due = false;
		out[n++] = c;
	}
	out[n] = '\0';
	return !is_due || conf->loader != OOMCTL_DROPIN_PROCPS;
}

enum match { NO, YES, UNSURE };

/* As glob(3) does; but what brackets, braces and backslashes mean is left open. */
static enum match match_pattern(const char *p, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (*p == '[' || *p == '{' || *p == '\\')
			return UNSURE;
		if (*p == '*') {
			star = ++p;
			from = name;
		} else if (*p == *name || (*p == '?' && *name != '/')) {
			p++;
			name++;
		} else if (star && *from != '/') {
			p = star;
			name = ++from;
		} else {
			return NO;
		}
	}
	while (*p == '*')
		p++;
	if (*p == '{')
		return UNSURE;
	return *p == '\0' ? YES : NO;
}

static bool is_pattern(const char *key)
{
	while (*key && *key != '*' && *key != '?' && *key != '[')
		key++;
	return *key != '\0';
}

/* Whether a path with parts like ".." may lead to a knob. */
static bool is_detour(const char *key, const char *name)
{
	bool is_dotted = *key == '.';
	const char *last = key;

	for (; *key; key++)
		if (*key == '/') {
			last = key + 1;
			is_dotted = is_dotted || *last == '.';
		}
	name = (const char *)memchr(name, '/', strlen(name)) + 1;
	return is_dotted && match_pattern(last, name) != NO;
}

/* The kernel takes "010" for 8, and "0x10" for 16: only what has one meaning is read. */
static bool is_plain(struct rest v)
{
	size_t sign = v.len > 0 && *v.at == '-';

	return v.len < 2 || v.at[sign] != '0';
}

static int read_value(const struct knob *k, struct rest v, uint64_t *out)
{
	int32_t number;
	int r;

	if (!is_plain(v))
		return -EBADMSG;
	if (k->is_wide)
		return parse_u64(v.at, v.len, out);

	r = knob_parse(k, v.at, v.len, &number);
	if (r == 0)
		*out = (uint64_t)number;
	return r;
}

/* A line, in pieces. */
struct assignment {
	char key[KEY_MAX];
	struct rest value;
	bool has_value, is_cut;
	bool is_obscure; /* nothing else is known */
};

static bool is_comment(struct rest line)
{
	return line.len > 0 && (*line.at == '#' || *line.at == ';');
}

/* Bytes that end a line, or are blank, for one loader and not for the other. */
static bool has_odd_bytes(struct rest line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '\0' || (line.at[i] >= '\v' && line.at[i] <= '\r'))
			return true;
	return false;
}

/* Whether a line may be of any knob, for all that can be seen of it. */
static bool is_obscure(struct rest line, bool is_cut)
{
	bool has_equals = memchr(line.at, '=', line.len) != NULL;

	bool has_minus = line.len > 0 && *line.at == '-';

	if (is_cut && !has_equals && !is_comment(line))
		return true;
	return (has_equals || has_minus || is_cut) && has_odd_bytes(line);
}

/* How many belong to the loader, not to the name. */
static size_t count_minuses(const struct sysctl_conf *conf, struct rest line)
{
	size_t most = conf->loader == OOMCTL_DROPIN_PROCPS ? 2 : 1;
	size_t n = 0;

	while (n < most && n < line.len && line.at[n] == '-')
		n++;
	return n;
}

/* False for a line that is of no knob. */
static bool split(const struct sysctl_conf *conf, struct rest line, struct assignment *a)
{
	size_t minuses = count_minuses(conf, line);
	const char *equals;

	if (is_comment(line))
		return false;
	line.at += minuses;
	line.len -= minuses;
	if (line.len == 0)
		return false;

	/* A name that begins with a blank is another name for procps. */
	if (is_blank(*line.at) && conf->loader == OOMCTL_DROPIN_PROCPS)
		return false;

	equals = memchr(line.at, '=', line.len);
	a->has_value = equals != NULL;
	a->value = (struct rest){ line.at + line.len, 0 };
	if (equals) {
		size_t len = (size_t)(equals - line.at);

		a->value = trim((struct rest){ equals + 1, line.len - len - 1 });
		line.len = len;
	}
	return (equals || minuses) && normalize(conf, trim(line), a->key);
}

/* What a "-vm.x" without a value does: for procps, against patterns only. */
static void exclude(const struct sysctl_conf *conf, struct sysctl_setting *s)
{
	if (conf->loader == OOMCTL_DROPIN_SYSTEMD || s->state == SYSCTL_UNSAID)
		*s = (struct sysctl_setting){ .state = SYSCTL_EXCLUDED };
}

static int assign(const struct sysctl_conf *conf, int knob, const struct assignment *a,
		  bool is_unsure, struct sysctl_setting *s)
{
	struct sysctl_setting new = { .line = conf->line,
				      .file = conf->file,
				      .state = SYSCTL_ASSIGNED };

	new.code = a->is_cut || is_unsure
		       ? -EBADMSG
		       : read_value(&knob_of_vm[knob], a->value, &new.value);

	/* systemd leaves a value that it has where it was. */
	if (conf->loader != OOMCTL_DROPIN_SYSTEMD || s->state != SYSCTL_ASSIGNED ||
	    s->code != 0 || new.code != 0 || s->value != new.value)
		*s = new;
	return new.code;
}

/* Where a pattern is kept: systemd has a place for each, for procps the last one counts. NULL
 * when there are too many. */
static struct sysctl_pattern *find_pattern(struct sysctl_conf *conf, int knob,
					   const char *key)
{
	struct sysctl_pattern *p = conf->patterns;

	if (conf->loader == OOMCTL_DROPIN_PROCPS)
		return p + knob;
	for (int i = 0; i < SYSCTL_PATTERNS; i++, p++)
		if (p->setting.state == SYSCTL_UNSAID ||
		    (p->knob == knob && strcmp(p->key, key) == 0))
			return p;
	return NULL;
}

static int add_pattern(struct sysctl_conf *conf, int knob, const struct assignment *a,
		       bool is_unsure)
{
	struct sysctl_pattern *p = find_pattern(conf, knob, a->key);
	bool is_known = p && p->setting.state != SYSCTL_UNSAID;

	/* For systemd it takes back what the same pattern says; what counts then is open. */
	if (!a->has_value && (!is_known || conf->loader == OOMCTL_DROPIN_PROCPS))
		return 0;
	if (!p) /* only a line by name is certain from now on */
		return conf->of_key[knob].state == SYSCTL_UNSAID
			   ? assign(conf, knob, a, true, &conf->of_key[knob])
			   : 0;

	p->knob = knob;
	memcpy(p->key, a->key, sizeof(p->key));
	return assign(conf, knob, a, is_unsure || !a->has_value, &p->setting);
}

static int add_to(struct sysctl_conf *conf, int knob, const struct assignment *a)
{
	const char *name = name_of(knob);
	struct sysctl_setting *own = &conf->of_key[knob];
	enum match m;

	if (a->is_obscure || is_detour(a->key, name))
		return assign(conf, knob, a, true, own);
	if (is_pattern(a->key)) {
		m = match_pattern(a->key, name);
		return m == NO ? 0 : add_pattern(conf, knob, a, m == UNSURE);
	}
	if (strcmp(a->key, name) != 0)
		return 0;
	if (a->has_value)
		return assign(conf, knob, a, false, own);

	exclude(conf, own);
	return 0;
}

int sysctl_conf_add(struct sysctl_conf *conf, const char *text, size_t len, bool is_cut)
{
	struct rest line = trim((struct rest){ text, len });
	struct assignment a = { .is_cut = is_cut };
	int r = 0, code;

	conf->line++;
	a.is_obscure = is_obscure(line, is_cut);
	if (!a.is_obscure && !split(conf, line, &a))
		return 0;

	for (int i = POLICY_FIRST; i <= POLICY_LAST; i++) {
		code = (conf->wanted & policy_bit(i)) ? add_to(conf, i, &a) : 0;
		if (r == 0)
			r = code;
	}
	return r;
}

int sysctl_conf_add_text(struct sysctl_conf *conf, const char *text, size_t len)
{
	const char *newline;
	size_t line;
	int r = 0;

	for (; r == 0 && len > 0; text += line, len -= line) {
		newline = memchr(text, '\n', len);
		line = newline ? (size_t)(newline + 1 - text) : len;
		r = sysctl_conf_add(conf, text, line, false);
	}
	return r;
}

static const struct sysctl_setting *last_of_patterns(const struct sysctl_conf *conf,
						     int knob)
{
	const struct sysctl_setting *last = NULL, *s;

	for (int i = 0; i < SYSCTL_PATTERNS; i++) {
		s = &conf->patterns[i].setting;
		if (conf->patterns[i].knob == knob && s->state == SYSCTL_ASSIGNED &&
		    (!last || s->line > last->line))
			last = s;
	}
	return last;
}

/* What is said of a knob by its name counts before what patterns say. */
const struct sysctl_setting *sysctl_conf_own(const struct sysctl_conf *conf, int knob)
{
	const struct sysctl_setting *s = &conf->of_key[knob];

	if (s->state == SYSCTL_UNSAID)
		return last_of_patterns(conf, knob);
	return s->state == SYSCTL_ASSIGNED ? s : NULL;
}

static bool is_zero(const struct sysctl_setting *s)
{
	return s->code == 0 && s->value == 0;
}

/* Whether the setting of the other of ratio and kbytes makes this one 0. */
static bool undoes(const struct sysctl_conf *conf, const struct sysctl_setting *other,
		   const struct sysctl_setting *own, int knob)
{
	if (!other)
		return false;

	/* systemd does not write what a knob holds: 0 when the other is set, and, of kbytes,
	 * when the kernel has booted. */
	if (conf->loader == OOMCTL_DROPIN_SYSTEMD && is_zero(other))
		return knob == KBYTES && (!own || is_zero(own));
	if (conf->loader == OOMCTL_DROPIN_SYSTEMD && own && is_zero(own))
		return true;

	/* A pattern that is of both sets them in the order of their names. */
	return !own || other->line > own->line ||
	       (other->line == own->line && knob == KBYTES);
}

const struct sysctl_setting *sysctl_conf_of(const struct sysctl_conf *conf, int knob,
					    bool *out_is_undone)
{
	const struct sysctl_setting *own = sysctl_conf_own(conf, knob);
	const struct sysctl_setting *other = NULL;

	if (knob == RATIO || knob == KBYTES)
		other = sysctl_conf_own(conf, knob == RATIO ? KBYTES : RATIO);
	*out_is_undone = undoes(conf, other, own, knob);
	return *out_is_undone ? other : own;
}

void sysctl_conf_policy(const struct sysctl_conf *conf, struct oomctl_policy *out)
{
	const struct sysctl_setting *s;
	bool is_undone;

	*out = (struct oomctl_policy){ 0 };
	for (int i = POLICY_FIRST; i <= POLICY_LAST; i++) {
		s = sysctl_conf_of(conf, i, &is_undone);
		if (s && !is_undone)
			policy_put(out, i, s->value);
	}
}
