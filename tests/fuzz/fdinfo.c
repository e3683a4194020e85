/* SPDX-License-Identifier: MIT */
/* Of a pidfd's fdinfo, the first line that begins with "Pid:" and a tab counts. */
#include "fuzz.h"

#include "parse.h"

/* What follows the name of that line; NULL when there is none. */
static const char *find_pid(const char *text, size_t len)
{
	const char *at;

	if (begins_with(text, len, "Pid:\t"))
		return text + strlen("Pid:\t");
	at = memmem(text, len, "\nPid:\t", strlen("\nPid:\t"));
	return at ? at + strlen("\nPid:\t") : NULL;
}

/* As parse_i32() reads it, which has an entry of its own. */
static int read_pid(const uint8_t *data, size_t size, int32_t *out)
{
	const char *pid = find_pid((const char *)data, size);
	size_t left = pid ? (size_t)((const char *)data + size - pid) : 0;

	return pid ? parse_i32(pid, line_length((const uint8_t *)pid, left), out)
		   : -EBADMSG;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = isolate(data, size);
	int32_t pid = UNTOUCHED, want = UNTOUCHED;

	EXPECT(parse_fdinfo_pid(text, size, &pid) == read_pid(data, size, &want));
	EXPECT(pid == want);
	release(text);
	return 0;
}
