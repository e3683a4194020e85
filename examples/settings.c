/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const setting_names[] = { "",
				      "overcommit_memory",
				      "overcommit_ratio",
				      "overcommit_kbytes",
				      "panic_on_oom",
				      "oom_kill_allocating_task",
				      "oom_dump_tasks",
				      "admin_reserve_kbytes",
				      "user_reserve_kbytes",
				      "panic_timeout" };

static bool is_named(const struct oomctl_policy *p, int knob)
{
	return p->knobs >> knob & 1;
}

/* Where a policy has a knob: one of the two is NULL. */
struct place {
	int32_t *narrow;
	uint64_t *wide;
};

static struct place place_of(struct oomctl_policy *p, int knob)
{
	const struct place places[] = { { NULL, NULL },
					{ &p->overcommit_memory, NULL },
					{ &p->overcommit_ratio, NULL },
					{ NULL, &p->overcommit_kbytes },
					{ &p->panic_on_oom, NULL },
					{ &p->oom_kill_allocating_task, NULL },
					{ &p->oom_dump_tasks, NULL },
					{ NULL, &p->admin_reserve_kbytes },
					{ NULL, &p->user_reserve_kbytes },
					{ &p->panic_timeout, NULL } };

	return places[knob];
}

void settings_copy(struct oomctl_policy *to, struct oomctl_policy from, int knob)
{
	struct place source = place_of(&from, knob), target = place_of(to, knob);

	if (source.wide)
		*target.wide = *source.wide;
	else
		*target.narrow = *source.narrow;
	to->knobs |= UINT32_C(1) << knob;
}

void settings_put_value(FILE *to, struct oomctl_policy p, int knob)
{
	struct place at = place_of(&p, knob);

	if (at.wide)
		fprintf(to, "%" PRIu64, *at.wide);
	else
		fprintf(to, "%" PRId32, *at.narrow);
}

/* A decimal number, and nothing else. */
static bool parse_value(const char *text, struct place at)
{
	int64_t v = 0;
	char *end;

	if (!isdigit((unsigned char)text[at.narrow && *text == '-']))
		return false;
	errno = 0;
	if (at.wide)
		*at.wide = strtoull(text, &end, 10);
	else
		v = strtoll(text, &end, 10);
	if (at.narrow)
		*at.narrow = (int32_t)v;
	return errno == 0 && *end == '\0' && v == (int32_t)v;
}

bool settings_parse(const char *text, struct oomctl_policy *out)
{
	size_t len = strcspn(text, "=");

	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++)
		if (text[len] == '=' && strlen(setting_names[knob]) == len &&
		    memcmp(text, setting_names[knob], len) == 0 && !is_named(out, knob)) {
			out->knobs |= UINT32_C(1) << knob;
			return parse_value(text + len + 1, place_of(out, knob));
		}
	return false;
}

void settings_put(FILE *to, const struct oomctl_policy *p, bool is_json)
{
	const char *before = is_json ? "{\n  \"" : "";

	for (int knob = SETTING_FIRST; knob <= SETTING_LAST; knob++) {
		if (!is_named(p, knob))
			continue;
		fprintf(to, "%s%s%s", before, setting_names[knob],
			is_json ? "\": " : "=");
		settings_put_value(to, *p, knob);
		before = is_json ? ",\n  \"" : "\n";
	}
	fputs(is_json ? "\n}\n" : "\n", to);
}

bool settings_read(const char *path, struct oomctl_policy *out)
{
	FILE *file = fopen(path, "re");
	char line[128];
	bool ok = true;

	if (!file)
		return false;
	while (ok && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ok = settings_parse(line, out);
	}
	fclose(file);
	if (ok && out->knobs != 0)
		return true;
	errno = EINVAL;
	return false;
}

bool settings_save(const char *path, const struct oomctl_policy *p)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (!file)
		return false;
	settings_put(file, p, false);
	ok = fflush(file) == 0 && fsync(fd) == 0;
	return (fclose(file) == 0) && ok;
}
