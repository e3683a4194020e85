/* SPDX-License-Identifier: MIT */
/* A number is a whole text; a limit may be "max"; the first of several is followed by a space. */
#include "fuzz.h"

#include <inttypes.h>

#include "parse.h"

/* What parse_u64() and parse_i32() are to say, and the magnitude. */
static int read_number(const char *text, size_t len, uint64_t *out)
{
	static struct form number = { .pattern = "^-?[0-9]+\n?$" };

	return is_of(&number, text, len) ? number_at(text + (*text == '-'), 10, out)
					 : -EBADMSG;
}

static void check_i32(const char *text, size_t len, const char *whole)
{
	uint64_t magnitude = 0;
	int want = read_number(whole, len, &magnitude);
	bool negative = *whole == '-';
	int32_t v = UNTOUCHED;

	if (want == 0 && magnitude > (uint64_t)INT32_MAX + negative)
		want = -ERANGE;
	EXPECT(parse_i32(text, len, &v) == want);
	EXPECT(v == (want ? UNTOUCHED : (int32_t)strtoll(whole, NULL, 10)));
}

static void check_u64(const char *text, size_t len, const char *whole)
{
	uint64_t magnitude = 0, v = UNTOUCHED, limit = UNTOUCHED;
	int want = read_number(whole, len, &magnitude);
	bool is_max = strcmp(whole, "max\n") == 0 && len == 4;

	if (want == 0 && *whole == '-')
		want = -ERANGE;
	EXPECT(parse_u64(text, len, &v) == want);
	EXPECT(v == (want ? UNTOUCHED : magnitude));
	EXPECT(parse_limit(text, len, &limit) == (is_max ? 0 : want));
	EXPECT(limit == (is_max ? UINT64_MAX : v));
}

static void check_first(const char *text, size_t len, const char *whole)
{
	static struct form digits = { .pattern = "^[0-9]" };
	static struct form separated = { .pattern = "^[0-9]+([ \n]|$)" };
	uint64_t first = 0, v = UNTOUCHED;
	int want = is_of(&digits, whole, len) ? number_at(whole, 10, &first) : -EBADMSG;

	if (want == 0 && !is_of(&separated, whole, len))
		want = -EBADMSG;
	EXPECT(parse_first_u64(text, len, &v) == want);
	EXPECT(v == (want ? UNTOUCHED : first));
}

/* What is written reads as what it was, and is what printf() writes. */
static void check_written(uint64_t value)
{
	char want[24], text[20], i32[11];
	char *begin = prepend_u64(text + sizeof(text), value);
	size_t len = (size_t)(text + sizeof(text) - begin);
	uint64_t v;
	int32_t w;

	EXPECT(snprintf(want, sizeof(want), "%" PRIu64, value) == (int)len);
	EXPECT(memcmp(begin, want, len) == 0);
	EXPECT(parse_u64(begin, len, &v) == 0 && v == value);

	begin = prepend_i32(i32 + sizeof(i32), (int32_t)(uint32_t)value);
	len = (size_t)(i32 + sizeof(i32) - begin);
	EXPECT(snprintf(want, sizeof(want), "%" PRId32, (int32_t)value) == (int)len);
	EXPECT(memcmp(begin, want, len) == 0);
	EXPECT(parse_i32(begin, len, &w) == 0 && w == (int32_t)value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	char *text = isolate(data, size);
	char *whole = terminate(data, size);

	check_i32(text, size, whole);
	check_u64(text, size, whole);
	check_first(text, size, whole);
	check_written(take_figure(&b));
	free(whole);
	release(text);
	return 0;
}
