/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <oomctl/gauge.h>

#include "calls.h"
#include "fixture.h"
#include "test.h"

static int allocations;

/* These come between libc, this program, and the allocator. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

void free(void *p)
{
	allocations++;
	__libc_free(p);
}

static void put_process(const struct fixture *f, const char *pid)
{
	static const char *const texts[][2] = {
		{ "oom_score", "1\n" },
		{ "oom_score_adj", "1\n" },
		{ "stat", "7 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 1000 0\n" },
		{ "status", "Uid:\t1\t1\t1\t1\nVmRSS:\t 4000 kB\n" },
		{ "cgroup", "0::/a\n" },
	};
	char path[64];

	for (size_t i = 0; i < LENGTH(texts); i++) {
		snprintf(path, sizeof(path), "proc/%s/%s", pid, texts[i][0]);
		fixture_put(f, path, texts[i][1]);
	}
}

/* No "Hugetlb:": the directory of the sizes is read, too. */
static void fill_fixture(const struct fixture *f)
{
	static const char *const knobs[] = {
		"vm/admin_reserve_kbytes",
		"vm/oom_dump_tasks",
		"vm/oom_kill_allocating_task",
		"vm/overcommit_kbytes",
		"vm/overcommit_memory",
		"vm/overcommit_ratio",
		"vm/panic_on_oom",
		"vm/swappiness",
		"vm/user_reserve_kbytes",
		"kernel/panic",
	};
	char path[64];

	for (size_t i = 0; i < LENGTH(knobs); i++) {
		snprintf(path, sizeof(path), "proc/sys/%s", knobs[i]);
		fixture_put(f, path, "1\n");
	}
	snprintf(path, sizeof(path), "proc/thread-self/fdinfo/%d", given.pidfd);
	fixture_put(f, path, "Pid:\t7\n");
	put_process(f, "7");
	put_process(f, "8");
	put_process(f, "self");
	/* A holder of CAP_SYS_RESOURCE has no floor that is to be searched. */
	fixture_put(f, "proc/thread-self/status", "Uid:\t0\nCapEff:\t0000000001000000\n");
	fixture_put(f, "proc/self/ns/x", "");
	assert_int_equal(
	    symlink("user:[4026531837]", fixture_path(f, "proc/self/ns/user")), 0);
	fixture_put(f, "proc/self/statm", "1000 100 10 1 0 100 0\n");
	fixture_put(f, "proc/self/smaps", "Size: 328 kB\nVmFlags: rd wr ac\n");
	fixture_put(f, "proc/sys/kernel/osrelease", "6.1.0\n");
	fixture_put(f, "proc/meminfo", "MemTotal: 4029312 kB\nCommitted_AS: 1000 kB\n");
	fixture_put(f, "sys/devices/system/cpu/present", "0-1\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "104857600\n");
	fixture_put(f, "sys/fs/cgroup/a/cgroup.procs", "7\n8\n");
	fixture_put(f, "sys/fs/cgroup/cgroup.controllers", "memory\n");
	fixture_put(f, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
}

static void give_guard(const struct fixture *f)
{
	struct stat st = { 0 };

	given.guard.fd =
	    open(fixture_path(f, "proc/7/oom_score_adj"), O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(given.guard.fd, &st), 0);
	given.guard.device = st.st_dev;
	given.guard.inode = st.st_ino;
}

static void no_call_allocates_or_frees(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge;
	char dropin[96];
	int before, after;

	given.ctx = f->ctx;
	given.pid = 7;
	given.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	given.cgroup = "/a";
	given.root = f->dir;
	given.dropin = dropin;
	snprintf(dropin, sizeof(dropin), "%s/etc/sysctl.d/50-oom.conf", f->dir);
	fill_fixture(f);
	fixture_put(f, "etc/sysctl.d/50-oom.conf", "vm.oom_dump_tasks = 1\n");
	give_guard(f);
	assert_int_equal(oomctl_gauge_open_proc(f->ctx, 7, OOMCTL_PROC_OOM_SCORE, &gauge),
			 0);
	given.gauge = gauge;

	for (const struct call *c = calls; c->name; c++) {
		before = allocations;
		if (c->run() != 0)
			fail_msg("%s fails", c->name);
		after = allocations;
		if (after != before)
			fail_msg("%s: %d times", c->name, after - before);
	}
	oomctl_gauge_close(gauge);
	close(given.guard.fd);
	close(given.pidfd);
}

/* How often it allocates, and then how often closing the gauge does anything of the kind. */
static void expect_one_allocation(int opened, struct oomctl_gauge *gauge, int before)
{
	int between = allocations;

	oomctl_gauge_close(gauge);
	assert_int_equal(allocations - between, 1);
	assert_int_equal(between - before, 1);
	assert_int_equal(opened, 0);
}

static void a_gauge_takes_one_allocation(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_gauge *gauge = NULL;
	int before, r;

	given.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	fill_fixture(f);
	before = allocations;
	r = oomctl_gauge_open_vm(f->ctx, OOMCTL_VM_OVERCOMMIT_RATIO, &gauge);
	expect_one_allocation(r, gauge, before);
	before = allocations;
	r = oomctl_gauge_open_proc(f->ctx, 7, OOMCTL_PROC_OOM_SCORE, &gauge);
	expect_one_allocation(r, gauge, before);
	before = allocations;
	r = oomctl_gauge_open_pidfd(NULL, given.pidfd, OOMCTL_PROC_OOM_SCORE, &gauge);
	expect_one_allocation(r, gauge, before);
	close(given.pidfd);
}

static void what_libc_allocates_is_seen(void **state)
{
	int before = allocations;

	(void)state;
	fclose(fopen("/dev/null", "re"));
	assert_true(allocations >= before + 2);
}

/* The name in a line of the map; NULL when there is none. */
static const char *exported_name(char *line)
{
	char *name = line + strspn(line, "\t");

	name[strcspn(name, ";")] = '\0';
	return strncmp(name, "oomctl_", 7) == 0 ? name : NULL;
}

static bool allocates(const char *name)
{
	return strncmp(name, "oomctl_ctx_", 11) == 0 ||
	       strncmp(name, "oomctl_gauge_open_", 18) == 0 ||
	       strcmp(name, "oomctl_gauge_close") == 0;
}

static void every_exported_call_is_among_them(void **state)
{
	FILE *map = fopen(MAP, "re");
	const char *name;
	char line[128];
	int found = 0;

	(void)state;
	assert_non_null(map);
	while (fgets(line, sizeof(line), map)) {
		name = exported_name(line);
		if (!name || allocates(name))
			continue;
		if (!find_call(name))
			fail_msg("calls.c lacks %s", name);
		found++;
	}
	fclose(map);
	assert_true(found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(no_call_allocates_or_frees),
		FIXTURE_TEST(a_gauge_takes_one_allocation),
		cmocka_unit_test(what_libc_allocates_is_seen),
		cmocka_unit_test(every_exported_call_is_among_them),
	};

	return cmocka_run_group_tests_name("mallocs", tests, NULL, NULL);
}
