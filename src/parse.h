/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PARSE_H
#define OOMCTL_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct oomctl_meminfo;

/*
 * Kernel text to values and back; pure. A number is the whole text but for one newline at
 * its end: -EBADMSG for any other text, -ERANGE for a number that does not fit.
 */
int parse_i32(const char *text, size_t len, int32_t *out);
int parse_u64(const char *text, size_t len, uint64_t *out);

/* The `Pid:` of a pidfd's fdinfo; -EBADMSG when there is none. */
int parse_fdinfo_pid(const char *text, size_t len, int32_t *out);

/* The size in kB of which "hugepages-2048kB" is the directory; -EBADMSG for other names.
 */
int parse_hugepages_name(const char *name, uint64_t *out_kb);

int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out);

/* Put a text, or decimal digits, before what begins at begin; return the new beginning. */
static inline char *prepend_text(char *begin, const char *text)
{
	size_t len = strlen(text);

	return memcpy(begin - len, text, len);
}

char *prepend_u64(char *begin, uint64_t value);
char *prepend_i32(char *begin, int32_t value);

#endif
