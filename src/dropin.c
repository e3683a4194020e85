/* SPDX-License-Identifier: MIT */
#include <oomctl/dropin.h>

#include "internal.h"
#include "io.h"
#include "policy.h"
#include "sysctl_conf.h"

enum {
	PATH_LIMIT = 1000,
	NAME_LIMIT = 255, /* NAME_MAX */
	FILE_LIMIT = 64 * 1024
};

OOMCTL_EXPORT int oomctl_dropin_render(const struct oomctl_policy *policy, char *out_text,
				       size_t capacity, size_t *out_length)
{
	char buf[OOMCTL_DROPIN_MAX];
	const char *begin;
	size_t len;
	int r;

	if (!out_text || !out_length)
		return -EINVAL;

	r = sysctl_conf_render(policy, buf + sizeof(buf), &begin);
	if (r < 0)
		return r;
	len = (size_t)(buf + sizeof(buf) - begin);
	if (capacity <= len)
		return -ERANGE;

	memcpy(out_text, begin, len);
	out_text[len] = '\0';
	*out_length = len;
	return 0;
}

/* A single file counts as `sysctl -p` takes it, line by line. */
#define AS_SYSCTL_P                                                                      \
	{                                                                                \
		.loader = OOMCTL_DROPIN_PROCPS, .wanted = POLICY_ALL                     \
	}

static void give_policy(const struct sysctl_conf *conf, void *out, size_t size)
{
	struct oomctl_policy policy;

	sysctl_conf_policy(conf, &policy);
	fill(out, size, &policy, sizeof(policy));
}

OOMCTL_EXPORT int oomctl_dropin_parse(const char *text, size_t length,
				      struct oomctl_policy *out, size_t size)
{
	struct sysctl_conf conf = AS_SYSCTL_P;
	int r;

	if ((!text && length > 0) || !out || !is_size(size))
		return -EINVAL;

	r = sysctl_conf_add_text(&conf, text, length);
	if (r < 0)
		return r;

	give_policy(&conf, out, size);
	return 0;
}

/* Copies the directory of a path, and returns its last part; NULL when it cannot be one. */
static const char *split_path(const char *path, char dir[PATH_LIMIT + 1])
{
	size_t len = strlen(path);
	const char *name;

	if (len > PATH_LIMIT)
		return NULL;
	while (len > 0 && path[len - 1] != '/')
		len--;
	name = path + len;
	if (strlen(name) > NAME_LIMIT || *name == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return NULL;

	memcpy(dir, path, len);
	if (len == 0)
		dir[len++] = '.';
	dir[len] = '\0';
	return name;
}

OOMCTL_EXPORT int oomctl_dropin_write(const char *path,
				      const struct oomctl_policy *policy)
{
	char dir[PATH_LIMIT + 1], buf[OOMCTL_DROPIN_MAX];
	const char *name, *begin;
	int r;

	name = path ? split_path(path, dir) : NULL;
	if (!name)
		return -EINVAL;
	r = sysctl_conf_render(policy, buf + sizeof(buf), &begin);
	if (r < 0)
		return r;

	return io_replace(dir, name, begin, (size_t)(buf + sizeof(buf) - begin), 0644);
}

/* All lines; when some may be malformed, they are kept as such. */
static int add_lines(struct sysctl_conf *conf, struct io_lines *lines, bool is_strict)
{
	size_t sum = 0;
	const char *line;
	ssize_t len;
	int r;

	for (;;) {
		len = io_lines_next(lines, &line);
		if (len <= 0)
			return (int)len;
		sum += (size_t)len;
		if (sum > FILE_LIMIT)
			return -EBADMSG;
		r = sysctl_conf_add(conf, line, (size_t)len, lines->is_cut);
		if (r < 0 && is_strict)
			return r;
	}
}

static int add_file(struct sysctl_conf *conf, const char *path, bool is_strict)
{
	struct io_lines lines;
	int r;

	r = io_lines_open_by_hand(path, &lines);
	if (r < 0)
		return r;

	r = add_lines(conf, &lines, is_strict);
	io_lines_close(&lines);
	return r;
}

OOMCTL_EXPORT int oomctl_dropin_read(const char *path, struct oomctl_policy *out,
				     size_t size)
{
	struct sysctl_conf conf = AS_SYSCTL_P;
	int r;

	if (!path || !out || !is_size(size))
		return -EINVAL;

	r = add_file(&conf, path, true);
	if (r < 0)
		return r;

	give_policy(&conf, out, size);
	return 0;
}

/* A file hides those of its name in later directories; in the last is just sysctl.conf. */
static const char directories[][sizeof("/usr/local/lib/sysctl.d/")] = {
	"/etc/sysctl.d/",     "/run/sysctl.d/", "/usr/local/lib/sysctl.d/",
	"/usr/lib/sysctl.d/", "/lib/sysctl.d/", "/etc/",
};

enum { DIRECTORIES = 5, OF_SYSCTL_CONF = DIRECTORIES, NOWHERE };

/* Which file: its name is "" before the first. */
struct place {
	int dir;
	char name[NAME_LIMIT + 1];
};

struct search {
	const char *root;
	size_t root_len;
	enum oomctl_dropin_loader loader;
	char path[PATH_LIMIT + sizeof(directories[0]) + NAME_LIMIT];
};

/* In the buffer that the next call uses again. */
static const char *path_of(struct search *s, int place, const char *name)
{
	const char *dir = directories[place];
	char *end = s->path + s->root_len;

	memcpy(s->path, s->root, s->root_len);
	memcpy(end, dir, strlen(dir));
	end += strlen(dir);
	memcpy(end, name, strlen(name) + 1);
	return s->path;
}

static bool is_read(enum oomctl_dropin_loader loader, const char *name)
{
	size_t len = strlen(name);

	return len >= strlen(".conf") &&
	       strcmp(name + len - strlen(".conf"), ".conf") == 0 &&
	       !(loader == OOMCTL_DROPIN_SYSTEMD && *name == '.');
}

/* The first name behind `after`, if it comes before what next has already. */
static int look_at_names(struct search *s, struct io_names *names, int dir,
			 const char *after, struct place *next)
{
	const char *name;
	int r;

	for (;;) {
		r = io_names_next(names, &name);
		if (r < 0 || !name)
			return r;
		if (!is_read(s->loader, name) || strcmp(name, after) <= 0 ||
		    (next->dir != NOWHERE && strcmp(name, next->name) >= 0))
			continue;
		if (strlen(name) > NAME_LIMIT)
			return -EBADMSG;
		memcpy(next->name, name, strlen(name) + 1);
		next->dir = dir;
	}
}

static int look_into(struct search *s, int dir, const char *after, struct place *next)
{
	struct io_names names;
	int r;

	r = io_names_open(NULL, path_of(s, dir, ""), &names);
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;

	r = look_at_names(s, &names, dir, after, next);
	io_names_close(&names);
	return r;
}

/* Moves on; the place is nowhere at the end. */
static int move_on(struct search *s, struct place *place)
{
	struct place next = { .dir = NOWHERE };
	int r;

	for (int i = 0; i < DIRECTORIES; i++) {
		r = look_into(s, i, place->name, &next);
		if (r < 0)
			return r;
	}
	*place = next;
	return 0;
}

/* A knob and the one that may undo it, each with the place of its setting. */
struct decision {
	int knobs[2];
	struct place places[2];
};

static int other_of(int knob)
{
	switch (knob) {
	case OOMCTL_VM_OVERCOMMIT_RATIO:
		return OOMCTL_VM_OVERCOMMIT_KBYTES;
	case OOMCTL_VM_OVERCOMMIT_KBYTES:
		return OOMCTL_VM_OVERCOMMIT_RATIO;
	default:
		return knob;
	}
}

static int add_place(struct search *s, struct sysctl_conf *conf,
		     const struct place *place, struct decision *d)
{
	const struct sysctl_setting *own;
	int r;

	conf->file++;
	r = add_file(conf, path_of(s, place->dir, place->name), false);
	if (r < 0) /* a link to nothing hides others, and says nothing */
		return r == -EOPNOTSUPP ? 0 : r;

	for (size_t i = 0; i < 2; i++) {
		own = sysctl_conf_own(conf, d->knobs[i]);
		if (own && own->file == conf->file)
			d->places[i] = *place;
	}
	return 0;
}

static int add_all(struct search *s, struct sysctl_conf *conf, struct decision *d)
{
	struct place place = { .dir = NOWHERE };
	int r;

	for (;;) {
		r = move_on(s, &place);
		if (r < 0)
			return r;
		if (place.dir == NOWHERE)
			break;
		r = add_place(s, conf, &place, d);
		if (r < 0)
			return r;
	}
	if (s->loader != OOMCTL_DROPIN_PROCPS)
		return 0;

	place.dir = OF_SYSCTL_CONF;
	memcpy(place.name, "sysctl.conf", sizeof("sysctl.conf"));
	return add_place(s, conf, &place, d);
}

/* The path of the file that decides, and the value in a policy. */
static int decide(struct search *s, const struct sysctl_conf *conf,
		  const struct decision *d, struct oomctl_policy *out,
		  const char **out_path)
{
	const struct sysctl_setting *setting;
	const struct place *place;
	bool is_undone;

	setting = sysctl_conf_of(conf, d->knobs[0], &is_undone);
	if (!setting)
		return -EOPNOTSUPP;
	if (setting->code < 0)
		return setting->code;

	*out = (struct oomctl_policy){ 0 };
	policy_put(out, d->knobs[0], is_undone ? 0 : setting->value);
	place = &d->places[is_undone];
	*out_path = path_of(s, place->dir, place->name);
	return 0;
}

static int find(struct search *s, int knob, struct oomctl_policy *out,
		const char **out_path)
{
	struct decision d = { .knobs = { knob, other_of(knob) } };
	struct sysctl_conf conf = {
		.loader = s->loader,
		.wanted = policy_bit(d.knobs[0]) | policy_bit(d.knobs[1]),
	};
	int r = add_all(s, &conf, &d);

	return r < 0 ? r : decide(s, &conf, &d, out, out_path);
}

/* Without slashes at its end, so that "/" is "". */
static size_t length_of_root(const char *root)
{
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	return len;
}

OOMCTL_EXPORT int oomctl_dropin_find(const char *root, enum oomctl_dropin_loader loader,
				     enum oomctl_vm_knob knob, struct oomctl_policy *out,
				     size_t size, char *out_path, size_t capacity)
{
	struct search s = { .root = root ? root : "/", .loader = loader };
	struct oomctl_policy policy;
	const char *path;
	size_t len;
	int r;

	if (loader < OOMCTL_DROPIN_SYSTEMD || loader > OOMCTL_DROPIN_PROCPS ||
	    (int)knob < POLICY_FIRST || (int)knob > POLICY_LAST || *s.root == '\0' ||
	    strlen(s.root) > PATH_LIMIT || !out || !is_size(size) || !out_path)
		return -EINVAL;

	s.root_len = length_of_root(s.root);
	r = find(&s, (int)knob, &policy, &path);
	if (r < 0)
		return r;
	len = strlen(path);
	if (capacity <= len)
		return -ERANGE;

	fill(out, size, &policy, sizeof(policy));
	memcpy(out_path, path, len + 1);
	return 0;
}
