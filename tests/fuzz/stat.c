/* SPDX-License-Identifier: MIT */
/* Fields are counted from the last parenthesis on, whatever the name holds. */
#include "fuzz.h"

#include "parse.h"

/* What is behind the n-th space. */
static const char *word_at(const char *text, int n)
{
	while (n-- > 0)
		text = strchr(text, ' ') + 1;
	return text;
}

/* Without the bytes of 0 that would end it for strchr(). */
static char *terminate_words(const char *text, size_t len)
{
	char *words = terminate(text, len);

	for (size_t i = 0; i < len; i++)
		if (words[i] == '\0')
			words[i] = 'x';
	return words;
}

static int read_fields(const char *text, size_t len, struct parse_stat *s)
{
#define WORD "[^ \n]* "
	static struct form form = { .pattern =
					"^" WORD "[0-9]+ " WORD WORD WORD WORD "[0-9]+ "
					"(" WORD "){12}[0-9]+ [0-9]+ [0-9]+([ \n]|$)" };
	char *words;
	int r;

	if (!is_of(&form, text, len))
		return -EBADMSG;

	words = terminate_words(text, len);
	r = number_at(word_at(words, 4 - 3), 10, &s->ppid);
	r = r ? r : number_at(word_at(words, 9 - 3), 10, &s->flags);
	r = r ? r : number_at(word_at(words, 22 - 3), 10, &s->start_ticks);
	r = r ? r : number_at(word_at(words, 23 - 3), 10, &s->vsize_bytes);
	r = r ? r : number_at(word_at(words, 24 - 3), 10, &s->rss_pages);
	free(words);
	return r;
}

static int read_stat(const char *text, size_t len, struct parse_stat *s)
{
	static struct form head = { .pattern = "^[0-9]+ \\(" };
	const char *open = memchr(text, '(', len), *close = memrchr(text, ')', len);
	uint64_t pid;

	if (!is_of(&head, text, len) || number_at(text, 10, &pid) < 0 ||
	    pid > INT32_MAX || !close || close[1] != ' ')
		return -EBADMSG;

	s->pid = (int32_t)pid;
	memcpy(s->comm, open + 1,
	       close - open - 1 < 15 ? (size_t)(close - open - 1) : 15);
	return read_fields(close + 2, len - (size_t)(close + 2 - text), s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parse_stat s, want = { 0 };
	char *text = isolate(data, size);
	char *whole = terminate(data, size);
	int r, must;

	memset(&s, UNTOUCHED, sizeof(s));
	r = parse_stat(text, size, &s);
	must = read_stat(whole, size, &want);
	EXPECT(r == must || (r == -ERANGE && must == -EBADMSG)); /* which is seen first */
	EXPECT(r == 0 ? memcmp(&s, &want, sizeof(s)) == 0 : is_untouched(&s, sizeof(s)));
	free(whole);
	release(text);
	return 0;
}
