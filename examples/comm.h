/* SPDX-License-Identifier: MIT */
/* The name of a process may hold any byte but 0: here for a terminal, and for JSON. */
#ifndef OOMCTL_EXAMPLES_COMM_H
#define OOMCTL_EXAMPLES_COMM_H

#include <stdint.h>
#include <stdio.h>

/* In place: a question mark for all that a terminal might take for more than a letter. */
static inline void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static inline int utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first >= 0xf8)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Takes one character of UTF-8; the replacement character for a byte that is none. */
static inline uint32_t take_character(const uint8_t **text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = *text;
	int len = utf8_length(*at);
	uint32_t c = len > 1 ? *at & (0x7fu >> len) : *at;

	for (int i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			len = 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (len == 0 || c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		*text += 1;
		return 0xfffd;
	}
	*text += len;
	return c;
}

/* As a string of JSON in ASCII alone, so that a terminal may show it, too. */
static inline void print_json_string(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	uint32_t c;

	putchar('"');
	while (*at != 0) {
		c = take_character(&at);
		if (c > 0xffff)
			printf("\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
			       0xdc00 | (c & 0x3ff));
		else if (c < ' ' || c > '~' || c == '"' || c == '\\')
			printf("\\u%04x", c);
		else
			putchar((int)c);
	}
	putchar('"');
}

#endif
