/* SPDX-License-Identifier: MIT */
#ifndef OOMCTL_TESTS_MEMORY_H
#define OOMCTL_TESTS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MB = 1 << 20 };

uint64_t page_size(void);

/* Whether the kernel grants a request for so many pages; the largest that it grants, between
 * one that is granted and one that is refused. */
bool is_granted(uint64_t pages);
uint64_t find_most(uint64_t granted, uint64_t refused);

/* One byte each step. */
void touch(char *p, size_t size, size_t step);

/* Memory that is not promised yet. */
char *reserve(size_t size);

/* Ways in which a process has memory. */
void take_private(size_t size);
void take_huge_pages(size_t size);
void take_shared(size_t size);
void take_file(size_t size);
void take_sparsely(size_t size);
void take_from_a_parent(size_t size);

struct hog {
	void (*take)(size_t size);
	size_t size;
};

/* A process that has all its memory, and waits to be ended; it ends with its parent. */
pid_t start_hog(const struct hog *hog);

/* To the CPU of that number; where there is one, nowhere. */
void move_to_cpu(size_t cpu);

#endif
