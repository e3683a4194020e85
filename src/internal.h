/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_INTERNAL_H
#define OOMCTL_INTERNAL_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Pages that calc takes for a total or a footprint: 4 EiB in the smallest that Linux has,
 * of which a thousandfold still fits in 63 bits. */
#define PAGES_MAX ((int64_t)1 << 50)

#define OOMCTL_EXPORT __attribute__((visibility("default")))

/* Directories that stand for /proc and /sys; AT_FDCWD: the machine's own, by absolute
 * path. */
struct oomctl_ctx {
	int proc_fd;
	int sys_fd;
};

/* No structure grows as large. A negative size that was converted is larger, and one of which
 * an FFI leaves half of the bits to chance. */
enum { STRUCT_SIZE_MAX = 65536 };

static inline bool is_size(size_t size)
{
	return size > 0 && size <= STRUCT_SIZE_MAX;
}

/* Gives the caller the members that its structure has, and zeros behind ours. */
static inline void fill(void *out, size_t size, const void *from, size_t known)
{
	size_t common = size < known ? size : known;

	memcpy(out, from, common);
	memset((char *)out + common, 0, size - common);
}

#endif
