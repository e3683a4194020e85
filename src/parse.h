/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_PARSE_H
#define OOMCTL_PARSE_H

#include <stdbool.h>
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

/* The name of a process's directory, without zeros in front; -EBADMSG for other names. */
int parse_pid(const char *name, int32_t *out);

/* The `Pid:` of a pidfd's fdinfo; -EBADMSG when there is none. */
int parse_fdinfo_pid(const char *text, size_t len, int32_t *out);

/* The size in kB of which "hugepages-2048kB" is the directory; -EBADMSG for other names.
 */
int parse_hugepages_name(const char *name, uint64_t *out_kb);

int parse_meminfo(const char *text, size_t len, struct oomctl_meminfo *out);

/* A kernel release as one number that can be compared. */
#define RELEASE(major, minor, patch)                                                     \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

/* "6.18.44-rc1+anything"; what exceeds 255 is taken as 255. */
int parse_release(const char *text, size_t len, uint32_t *out);

/* How many CPUs "0-3,8" names. */
int parse_cpu_list(const char *text, size_t len, uint32_t *out);

/* The first number of several that spaces separate. */
int parse_first_u64(const char *text, size_t len, uint64_t *out);

/* What /proc/PID/stat has and is looked for. */
struct parse_stat {
	int32_t pid;
	uint64_t ppid;
	uint64_t flags; /* PF_... */
	uint64_t start_ticks;
	uint64_t vsize_bytes;
	uint64_t rss_pages;
	char comm[16]; /* cut to 15 bytes */
};

int parse_stat(const char *text, size_t len, struct parse_stat *out);

/* The same of /proc/PID/status, line by line; 0 for a line that is not there. */
struct parse_status {
	uint64_t uid;
	uint64_t rss_kb, swap_kb, pte_kb, pmd_kb;
	uint64_t cap_eff;
	bool has_uid;     /* as every status has */
	bool has_memory;  /* of its own: neither a kernel thread nor a zombie */
	bool has_cap_eff; /* the last line that is looked for */
};

int parse_status_line(const char *text, size_t len, struct parse_status *s);

/* Adds up a mapping's lines of /proc/PID/smaps. */
struct parse_smaps {
	uint64_t size_kb;            /* of the mapping at hand */
	uint64_t sum_kb, largest_kb; /* of those that fork() has to be granted */
	bool has_flags;
};

int parse_smaps_line(const char *text, size_t len, struct parse_smaps *sum);

/*
 * Whether a line of /proc/PID/cgroup says that a process is in a cgroup or below it: 1 or
 * 0; or that the line is of other controllers. "" stands for the second version.
 */
enum { PARSE_OTHER_CGROUP = 2 };

int parse_cgroup_line(const char *text, size_t len, const char *controller,
		      const char *cgroup);

/*
 * Whether a line of /proc/PID/cgroup is of a controller: 1 or 0; then also the path of the
 * cgroup, which is of no length where it is above the reader's own root.
 */
int parse_cgroup_path(const char *text, size_t len, const char *controller,
		      const char **out, size_t *out_len);

/* A limit in bytes, or "max", which is UINT64_MAX. */
int parse_limit(const char *text, size_t len, uint64_t *out_bytes);

/* Whether one of several lines is just this. */
bool parse_has_line(const char *text, size_t len, const char *line);

/* Put a text, or decimal digits, before what begins at begin; return the new beginning. */
static inline char *prepend_text(char *begin, const char *text)
{
	size_t len = strlen(text);

	return memcpy(begin - len, text, len);
}

char *prepend_u64(char *begin, uint64_t value);
char *prepend_i32(char *begin, int32_t value);

#endif
