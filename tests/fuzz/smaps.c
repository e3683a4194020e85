/* SPDX-License-Identifier: MIT */
/* The sizes of the mappings that have the flag "ac" and not "dc" are added up. */
#include "fuzz.h"

#include "parse.h"

struct sum {
	unsigned __int128 kb;
	uint64_t size_kb, largest_kb;
	bool has_flags;
};

static bool has(const char *flags, const char *flag)
{
	return strstr(flags, flag) != NULL;
}

/* " rd ac ": up to where two spaces are, or a byte of 0, or the end. */
static bool is_counted(const char *line)
{
	char flags[1024] = "";
	char *end;

	snprintf(flags, sizeof(flags), "%s", line + strlen("VmFlags:"));
	flags[strcspn(flags, "\n")] = '\0';
	strcat(flags, " ");
	end = strstr(flags, "  ");
	if (end)
		end[1] = '\0';
	return has(flags, " ac ") && !has(flags, " dc ");
}

static int read_size(const char *line, size_t len, uint64_t *out)
{
	static struct form size = { .pattern = "^Size:[\t ]*[0-9]" };
	static struct form whole = { .pattern = "^Size:[\t ]*[0-9]+([\t ]|$)" };
	uint64_t v;
	int r = is_of(&size, line, len) ? number_at(line + 5, 10, &v) : -EBADMSG;

	if (r == 0 && !is_of(&whole, line, len))
		r = -EBADMSG;
	if (r == 0)
		*out = v;
	return r;
}

static int read_line(const char *line, size_t len, struct sum *sum)
{
	if (begins_with(line, len, "Size:"))
		return read_size(line, len, &sum->size_kb);
	if (!begins_with(line, len, "VmFlags: "))
		return 0;

	sum->has_flags = true;
	if (!is_counted(line))
		return 0;
	sum->kb += sum->size_kb;
	if (sum->size_kb > sum->largest_kb)
		sum->largest_kb = sum->size_kb;
	return sum->kb > UINT64_MAX ? -ERANGE : 0;
}

/* Nobody looks at a sum behind a line that is refused. */
static int check_line(const uint8_t *data, size_t len, struct parse_smaps *s,
		      struct sum *want)
{
	char *text = isolate(data, len);
	char *line = terminate(data, len);
	int r = parse_smaps_line(text, len, s);

	EXPECT(r == read_line(line, len, want));
	EXPECT(r < 0 ||
	       (s->sum_kb == want->kb && s->size_kb == want->size_kb &&
		s->largest_kb == want->largest_kb && s->has_flags == want->has_flags));
	free(line);
	release(text);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_smaps s = { 0 };
	struct sum want = { 0 };
	int r = 0;

	if (memchr(data, '\0', size) || size > 1000)
		return -1; /* what is_counted() could not tell */
	for (size_t len; r == 0 && size > 0; data += len, size -= len) {
		len = line_length(data, size);
		r = check_line(data, len, &s, &want);
	}
	return 0;
}
