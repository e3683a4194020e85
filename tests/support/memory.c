/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "expect.h"

uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

bool is_granted(uint64_t pages)
{
	size_t size = (size_t)(pages * page_size());
	void *p = MAP_FAILED;

	if (pages <= SIZE_MAX / page_size()) /* what has an address at all */
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (p == MAP_FAILED)
		return false;
	munmap(p, size);
	return true;
}

uint64_t find_most(uint64_t granted, uint64_t refused)
{
	while (refused - granted > 1) {
		uint64_t middle = granted + (refused - granted) / 2;

		if (is_granted(middle))
			granted = middle;
		else
			refused = middle;
	}
	return granted;
}

void touch(char *p, size_t size, size_t step)
{
	for (size_t i = 0; i < size; i += step)
		p[i] = 1;
}

static char *map(size_t size, int flags, int fd)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	EXPECT(p != MAP_FAILED);
	return p;
}

char *reserve(size_t size)
{
	return map(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

void take_private(size_t size)
{
	char *p = reserve(size);

	madvise(p, size, MADV_NOHUGEPAGE);
	touch(p, size, 4096);
}

void take_huge_pages(size_t size)
{
	char *p = reserve(size);

	madvise(p, size, MADV_HUGEPAGE);
	touch(p, size, 4096);
}

void take_shared(size_t size)
{
	touch(map(size, MAP_SHARED | MAP_ANONYMOUS, -1), size, 4096);
}

void take_file(size_t size)
{
	char name[] = "/tmp/oomctl-test-XXXXXX";
	int fd = mkstemp(name);

	EXPECT(fd >= 0 && unlink(name) == 0 && ftruncate(fd, (off_t)size) == 0);
	touch(map(size, MAP_SHARED, fd), size, 4096);
}

/* A page in each 2 MB, so that each has a page table of its own. */
void take_sparsely(size_t size)
{
	char *p = reserve(size * 512);

	madvise(p, size * 512, MADV_NOHUGEPAGE);
	touch(p, size * 512, 2 * MB);
}

/* Half is the parent's still, half a copy. */
void take_from_a_parent(size_t size)
{
	char *p = reserve(size);
	pid_t pid;

	touch(p, size, 4096);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		touch(p, size / 2, 4096);
		for (;;)
			pause();
	}
	touch(p + size / 2, size / 4, 4096);
}

pid_t start_hog(const struct hog *hog)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	EXPECT(pipe2(ready, O_CLOEXEC) == 0);
	fflush(NULL);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hog->take(hog->size);
		EXPECT(write(ready[1], "k", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	EXPECT(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

void move_to_cpu(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}
