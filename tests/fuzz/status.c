/* SPDX-License-Identifier: MIT */
/* Each line of a status says one thing, or nothing, and the last that says it counts. */
#include "fuzz.h"

#include "parse.h"

static int read_decimal(const char *line, size_t len, uint64_t *out)
{
	static struct form form = { .pattern = "^[^:]*:[\t ]*[0-9]" };
	static struct form whole = { .pattern = "^[^:]*:[\t ]*[0-9]+([\t ]|\n?$)" };
	uint64_t v;
	int r;

	if (!is_of(&form, line, len))
		return -EBADMSG;
	r = number_at(strchr(line, ':') + 1, 10, &v);
	if (r == 0 && !is_of(&whole, line, len))
		r = -EBADMSG;
	if (r == 0)
		*out = v;
	return r;
}

static int read_hex(const char *line, size_t len, uint64_t *out)
{
	static struct form form = { .pattern = "^[^:]*:\t?[0-9a-f]{1,16}\n?$" };

	return is_of(&form, line, len) ? number_at(strchr(line, ':') + 1, 16, out)
				       : -EBADMSG;
}

static int read_line(const char *line, size_t len, struct parse_status *s)
{
	uint64_t *number = begins_with(line, len, "Uid:")      ? &s->uid
			   : begins_with(line, len, "VmRSS:")  ? &s->rss_kb
			   : begins_with(line, len, "VmSwap:") ? &s->swap_kb
			   : begins_with(line, len, "VmPTE:")  ? &s->pte_kb
			   : begins_with(line, len, "VmPMD:")  ? &s->pmd_kb
							       : NULL;
	int r;

	if (begins_with(line, len, "CapEff:")) {
		r = read_hex(line, len, &s->cap_eff);
		s->has_cap_eff = r == 0;
		return r;
	}
	if (!number)
		return 0;

	r = read_decimal(line, len, number);
	s->has_uid |= r == 0 && number == &s->uid;
	s->has_memory |= r == 0 && number == &s->rss_kb;
	return r;
}

static void check_line(const uint8_t *data, size_t len, struct parse_status *s,
		       struct parse_status *want)
{
	char *text = isolate(data, len);
	char *line = terminate(data, len);

	EXPECT(parse_status_line(text, len, s) == read_line(line, len, want));
	EXPECT(memcmp(s, want, sizeof(*s)) == 0);
	free(line);
	release(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_status s, want;

	memset(&s, 0, sizeof(s)); /* padding, too */
	memset(&want, 0, sizeof(want));
	for (size_t len; size > 0; data += len, size -= len) {
		len = line_length(data, size);
		check_line(data, len, &s, &want);
	}
	return 0;
}
