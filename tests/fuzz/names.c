/* SPDX-License-Identifier: MIT */
/* Directories of processes and of sizes of huge pages; releases of the kernel. */
#include "fuzz.h"

#include "parse.h"

static void check_pid(const char *name)
{
	static struct form digits = { .pattern = "^[1-9][0-9]{0,9}$" };
	uint64_t v = 0;
	int32_t pid = UNTOUCHED;
	bool is_pid = is_of(&digits, name, strlen(name)) &&
		      number_at(name, 10, &v) == 0 && v > 0 && v <= INT32_MAX;

	EXPECT(parse_pid(name, &pid) == (is_pid ? 0 : -EBADMSG));
	EXPECT(pid == (is_pid ? (int32_t)v : UNTOUCHED));
}

static void check_hugepages(const char *name)
{
	static struct form size = { .pattern = "^hugepages-[1-9][0-9]*kB$" };
	uint64_t want = 0, kb = UNTOUCHED;
	int r = is_of(&size, name, strlen(name))
		    ? number_at(name + strlen("hugepages-"), 10, &want)
		    : -EBADMSG;

	EXPECT(parse_hugepages_name(name, &kb) == r);
	EXPECT(kb == (r ? UNTOUCHED : want));
}

/* The release that a well formed text tells; -EBADMSG when a number needs over 64 bits. */
static int read_release(const char *text, uint32_t *out)
{
	unsigned long long part[3];
	char *end = (char *)text;

	errno = 0;
	for (int i = 0; i < 3; i++) {
		part[i] = *end >= '0' && *end <= '9' ? strtoull(end, &end, 10) : 0;
		part[i] = part[i] > 255 ? 255 : part[i];
		end += *end == '.';
	}
	*out = (uint32_t)(part[0] * 65536 + part[1] * 256 + part[2]);
	return errno ? -EBADMSG : 0;
}

static void check_release(const char *text, size_t len, const char *whole)
{
	static struct form release = {
		.pattern = "^[0-9]+\\.[0-9]+"
			   "(\\.[0-9]+([-\n+_~.]|$)|\\.([^0-9]|$)|[-\n+_~]|$)"
	};
	uint32_t want = 0, v = UNTOUCHED;
	int r = is_of(&release, whole, len) ? read_release(whole, &want) : -EBADMSG;

	EXPECT(parse_release(text, len, &v) == r);
	EXPECT(v == (r ? UNTOUCHED : want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = isolate(data, size);
	char *whole = terminate(data, size);
	char *name = isolate(whole, strlen(whole) + 1);

	check_pid(name);
	check_hugepages(name);
	check_release(text, size, whole);
	release(name);
	free(whole);
	release(text);
	return 0;
}
