/* SPDX-License-Identifier: MIT */
/* A text is taken when MemTotal is there and no line that counts is odd or there twice. */
#include "fuzz.h"

#include <inttypes.h>

#include <oomctl/meminfo.h>

#include "parse.h"

static const char *const names[] = {
	"MemTotal",    "MemFree",      "MemAvailable",    "SwapTotal",    "SwapFree",
	"CommitLimit", "Committed_AS", "HugePages_Total", "Hugepagesize", "Hugetlb",
};

enum { NAMES = sizeof(names) / sizeof(names[0]), COUNT = 7 }; /* that has no unit */

/* Keeps what one line says: 0, or what is wrong with it. */
static int keep(uint64_t v[1 + NAMES], const char *line, size_t len)
{
	static struct form kb = { .pattern = "^[^:]*: *[0-9]+ kB\n?$" };
	static struct form count = { .pattern = "^[^:]*: *[0-9]+\n?$" };

	for (int i = 0; i < NAMES; i++) {
		if (!begins_with(line, len, names[i]) || line[strlen(names[i])] != ':')
			continue;
		if (v[0] >> i & 1 || !is_of(i == COUNT ? &count : &kb, line, len))
			return -EBADMSG;
		v[0] |= UINT64_C(1) << i;
		return number_at(strchr(line, ':') + 1, 10, &v[1 + i]);
	}
	return 0;
}

static int read_meminfo(const uint8_t *data, size_t size, uint64_t v[1 + NAMES])
{
	int r = 0;

	for (size_t len; r == 0 && size > 0; data += len, size -= len) {
		len = line_length(data, size);
		char *line = terminate(data, len);
		r = keep(v, line, len);
		free(line);
	}
	return r == 0 && !(v[0] & 1) ? -EBADMSG : r;
}

/* The public call gives as many bytes as the caller has room for. */
static void check_sized(const char *text, size_t len, const uint64_t want[1 + NAMES])
{
	char full[sizeof(struct oomctl_meminfo) + 9] = { 0 };
	size_t size = 1 + len % sizeof(full);
	char *out = isolate(full, size);

	memcpy(full, want, sizeof(struct oomctl_meminfo));
	EXPECT(oomctl_meminfo_parse(text, len, (struct oomctl_meminfo *)out, size) == 0);
	EXPECT(memcmp(out, full, size) == 0);
	release(out);
}

/* What was read, written again, reads the same. */
static void check_written(const uint64_t v[1 + NAMES])
{
	struct oomctl_meminfo again;
	char text[1024];
	size_t len = 0;

	for (int i = 0; i < NAMES; i++)
		if (v[0] >> i & 1)
			len +=
			    (size_t)sprintf(text + len, "%s: %8" PRIu64 "%s\n", names[i],
					    v[1 + i], i == COUNT ? "" : " kB");
	EXPECT(parse_meminfo(text, len, &again) == 0);
	EXPECT(memcmp(&again, v, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t want[1 + NAMES] = { 0 };
	int r = read_meminfo(data, size, want);
	char *text = isolate(data, size);
	struct oomctl_meminfo m;

	memset(&m, UNTOUCHED, sizeof(m));
	EXPECT(parse_meminfo(text, size, &m) == r);
	EXPECT(r == 0 ? memcmp(&m, want, sizeof(m)) == 0 : is_untouched(&m, sizeof(m)));
	if (r == 0) {
		check_sized(text, size, want);
		check_written(want);
	}
	release(text);
	return 0;
}
