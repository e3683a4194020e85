/* SPDX-License-Identifier: MIT */
/* "0-3,8" is as many CPUs as its ranges have, or none of them. */
#include "fuzz.h"

#include "parse.h"

/* Of a list that is well formed. */
static int add_ranges(const char *list, uint32_t *out)
{
	unsigned __int128 sum = 0;
	unsigned long long first, last;
	char *end;

	errno = 0;
	do {
		first = last = strtoull(list, &end, 10);
		if (*end == '-' && errno == 0)
			last = strtoull(end + 1, &end, 10);
		if (errno == ERANGE)
			return -ERANGE;
		if (last < first)
			return -EBADMSG;
		sum += (unsigned __int128)last - first + 1;
		if (sum > UINT32_MAX)
			return -ERANGE;
		list = end + 1;
	} while (*end == ',');

	*out = (uint32_t)sum;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define RANGE "[0-9]+(-[0-9]+)?"
	static struct form list = { .pattern = "^" RANGE "(," RANGE ")*\n?$" };
	char *text = isolate(data, size);
	char *whole = terminate(data, size);
	uint32_t want = UNTOUCHED, sum = UNTOUCHED;
	int r = parse_cpu_list(text, size, &sum);

	if (is_of(&list, whole, size))
		EXPECT(r == add_ranges(whole, &want));
	else /* a number before the place may be too large */
		EXPECT(r == -EBADMSG || r == -ERANGE);
	EXPECT(sum == want);
	free(whole);
	release(text);
	return 0;
}
