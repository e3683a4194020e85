/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_FUZZ_H
#define OOMCTL_TESTS_FUZZ_H

#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

/* What libFuzzer calls with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPECT(condition)                                                                \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* What an output holds before a call, and after one that is refused. */
enum { UNTOUCHED = 0x77 };

static inline bool is_untouched(const void *out, size_t size)
{
	const char *byte = out;

	while (size > 0 && *byte == UNTOUCHED)
		byte++, size--;
	return size == 0;
}

enum { MARGIN = 8 }; /* the grain in which ASan forbids memory */

/* A copy in a block of its own: a read before or behind it is seen, even of an empty one. */
static inline char *isolate(const void *data, size_t size)
{
	char *block = malloc(MARGIN + size);

	EXPECT(block);
	if (size > 0)
		memcpy(block + MARGIN, data, size);
	ASAN_POISON_MEMORY_REGION(block, MARGIN);
	return block + MARGIN;
}

static inline void release(char *isolated)
{
	ASAN_UNPOISON_MEMORY_REGION(isolated - MARGIN, MARGIN);
	free(isolated - MARGIN);
}

/* A copy that ends in a NUL, for strtoull() and its like. */
static inline char *terminate(const void *data, size_t size)
{
	char *text = malloc(size + 1);

	EXPECT(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* An extended regular expression. */
struct form {
	const char *pattern;
	regex_t compiled;
	bool is_compiled;
};

/* Whether the text is of that form; a byte of 0 is one like others. */
static inline bool is_of(struct form *form, const char *text, size_t len)
{
	regmatch_t range = { 0, (regoff_t)len };

	if (!form->is_compiled)
		EXPECT(regcomp(&form->compiled, form->pattern,
			       REG_EXTENDED | REG_NOSUB) == 0);
	form->is_compiled = true;
	return regexec(&form->compiled, text, 1, &range, REG_STARTEND) == 0;
}

/* The digits at text as a number: 0 or -ERANGE, as the parsers say it. */
static inline int number_at(const char *text, int base, uint64_t *out)
{
	errno = 0;
	*out = strtoull(text, NULL, base);
	return -errno;
}

static inline bool begins_with(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

/* How long the first line is, with its newline. */
static inline size_t line_length(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);

	return newline ? (size_t)(newline - data) + 1 : size;
}

/* Input that becomes figures. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take_byte(struct bytes *b)
{
	return b->left > 0 ? (b->left--, *b->at++) : 0;
}

static inline uint64_t take_u64(struct bytes *b)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | take_byte(b);
	return v;
}

/* Of any length in bits, so that small figures are as frequent as large ones. */
static inline uint64_t take_figure(struct bytes *b)
{
	unsigned bits = take_byte(b) % 65;

	return bits == 0 ? 0 : take_u64(b) >> (64 - bits);
}

#endif
