/* SPDX-License-Identifier: MIT */
/* Input: a controller, a cgroup and a line of /proc/PID/cgroup, with newlines between. */
#include "fuzz.h"

#include "parse.h"

/* Whether a list with commas before and behind it has the controller with commas, too. */
static bool has_controller(const char *names, size_t len, const char *controller)
{
	char list[1024], name[1024];
	int list_len = snprintf(list, sizeof(list), ",%.*s,", (int)len, names);
	int name_len = snprintf(name, sizeof(name), ",%s,", controller);

	return memmem(list, (size_t)list_len, name, (size_t)name_len) != NULL;
}

static bool is_at_or_below(const char *path, const char *cgroup)
{
	size_t len = strcmp(cgroup, "/") == 0 ? 0 : strlen(cgroup);

	return strncmp(path, cgroup, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static int read_line(const char *line, const char *controller, const char *cgroup)
{
	static struct form form = { .pattern = "^[0-9]+:[^:]*:" };
	const char *names, *path;
	uint64_t id;

	if (!is_of(&form, line, strlen(line)) || number_at(line, 10, &id) < 0)
		return -EBADMSG;

	names = strchr(line, ':') + 1;
	path = strchr(names, ':') + 1;
	if (!has_controller(names, (size_t)(path - 1 - names), controller))
		return PARSE_OTHER_CGROUP;
	return is_at_or_below(path, cgroup) && !is_at_or_below(path, "/..");
}

/* Cuts a line off, without its newline. */
static char *take_string(const uint8_t **data, size_t *size)
{
	size_t len = line_length(*data, *size);
	char *string = terminate(*data, len - (len > 0 && (*data)[len - 1] == '\n'));

	*data += len;
	*size -= len;
	return string;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *controller, *cgroup, *text, *line;

	if (memchr(data, '\0', size) || size > 1000)
		return -1; /* has_controller() could not tell */

	controller = take_string(&data, &size);
	cgroup = take_string(&data, &size);
	text = isolate(data, size);
	line = terminate(data, size - (size > 0 && data[size - 1] == '\n'));
	if (!strchr(controller, ','))
		EXPECT(parse_cgroup_line(text, size, controller, cgroup) ==
		       read_line(line, controller, cgroup));
	free(line);
	release(text);
	free(cgroup);
	free(controller);
	return 0;
}
