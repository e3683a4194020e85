/* SPDX-License-Identifier: MIT */
#include <oomctl/adjust.h>
#include <oomctl/probe.h>

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <oomctl/proc.h>

#include "fixture.h"
#include "machine.h"
#include "test.h"

enum { ME = 1000, PROC_MAGIC = 0x9fa0 };

/* A path's end, and what opening it or looking at it gives. */
static const char *refused_path, *unseen_path;
static int refused_errno, unseen_errno, mrelease_errno, dumpable, openings;
static int failing_opening, failing_errno; /* counted from 1; 0 for none */
static uid_t euid, owner;
static long magic;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __real_fstatat(int dir, const char *path, struct stat *out, int flags);
int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags);
int __wrap_fstatfs(int fd, struct statfs *out);
int __wrap_prctl(int option, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
uid_t __wrap_geteuid(void);

static int give(int err)
{
	errno = err;
	return -1;
}

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = end ? strlen(end) : 0;

	return end && len >= end_len && strcmp(path + len - end_len, end) == 0;
}

/* Before meminfo is opened for so many times. */
static void (*mend)(void);
static int until_mended;

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	if (mend && ends_in(path, "meminfo") && --until_mended == 0)
		mend();
	if (++openings == failing_opening)
		return give(failing_errno);
	if (ends_in(path, refused_path))
		return give(refused_errno);
	return __real_openat(dir, path, flags);
}

int __wrap_fstatat(int dir, const char *path, struct stat *out, int flags)
{
	int r = ends_in(path, unseen_path) ? give(unseen_errno)
					   : __real_fstatat(dir, path, out, flags);

	out->st_uid = owner;
	return r;
}

int __wrap_fstatfs(int fd, struct statfs *out)
{
	assert_true(fd >= 0);
	memset(out, 0, sizeof(*out));
	out->f_type = (__typeof__(out->f_type))magic;
	return 0;
}

int __wrap_prctl(int option, ...)
{
	(void)option;
	return dumpable;
}

/* The library's only one here is process_mrelease(2), of no process. */
long __wrap_syscall(long number, ...)
{
	va_list arguments;

	va_start(arguments, number);
	assert_int_equal(va_arg(arguments, int), -1);
	va_end(arguments);
	assert_int_equal(number, 448);
	return give(mrelease_errno);
}

uid_t __wrap_geteuid(void)
{
	return euid;
}

static void start_over(void)
{
	refused_path = unseen_path = NULL;
	failing_opening = 0;
	mrelease_errno = ENOSYS;
	dumpable = 0;
	euid = owner = ME;
	magic = 1;
}

static int setup(void **state)
{
	start_over();
	return fixture_setup(state);
}

/* Linked statically, a libc meets the wrapped calls itself. */
static int teardown(void **state)
{
	start_over();
	return fixture_teardown(state);
}
#define PROBE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct oomctl_probe read_probe(const struct fixture *f)
{
	struct oomctl_probe p;

	memset(&p, 0x77, sizeof(p));
	assert_int_equal(oomctl_probe_read(f->ctx, &p, sizeof(p)), 0);
	return p;
}

static bool has(const struct fixture *f, enum oomctl_probe_flag flag)
{
	return read_probe(f).flags & flag;
}

static void of_an_empty_root_nothing_is_known(void **state)
{
	struct oomctl_probe p = read_probe(*state), want = { 0 };

	want.page_size = (uint32_t)getpagesize();
	want.vm_cause = OOMCTL_WHY_NOT_PROC;
	assert_memory_equal(&p, &want, sizeof(p));
}

static void a_proc_is_known_by_its_magic_and_its_files(void **state)
{
	const struct fixture *f = *state;

	magic = PROC_MAGIC;
	assert_true(has(f, OOMCTL_PROBE_PROCFS));
	fixture_put(f, "proc/meminfo", "");
	assert_false(has(f, OOMCTL_PROBE_COMPLETE));
	fixture_put(f, "proc/sys/any", "");
	assert_true(has(f, OOMCTL_PROBE_COMPLETE));
	fixture_remove(f, "proc/meminfo");
	assert_false(has(f, OOMCTL_PROBE_COMPLETE));
}

static void who_does_not_see_pid_1_sees_not_all(void **state)
{
	const struct fixture *f = *state;

	magic = PROC_MAGIC;
	assert_true(has(f, OOMCTL_PROBE_HIDDEN));
	fixture_put(f, "proc/1/oom_score_adj", "0\n");
	assert_false(has(f, OOMCTL_PROBE_HIDDEN));
	unseen_path = "1/oom_score_adj";
	unseen_errno = EPERM;
	assert_true(has(f, OOMCTL_PROBE_HIDDEN));
	unseen_errno = ENOMEM;
	assert_false(has(f, OOMCTL_PROBE_HIDDEN));
	fixture_remove(f, "proc/1/oom_score_adj");
	unseen_path = NULL;
	magic = 1; /* plain files hide nobody */
	assert_false(has(f, OOMCTL_PROBE_HIDDEN));
}

static void put_caller(const struct fixture *f, const char *dir, uint64_t capabilities,
		       const char *namespace)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "proc/%s/status", dir);
	snprintf(text, sizeof(text), "Uid:\t1\t1\t1\t1\nCapEff:\t%016" PRIx64 "\n",
		 capabilities);
	fixture_put(f, path, text);
	fixture_put(f, "proc/self/ns/made", "");
	unlink(fixture_path(f, "proc/self/ns/user"));
	assert_int_equal(symlink(namespace, fixture_path(f, "proc/self/ns/user")), 0);
}
#define INITIAL "user:[4026531837]"
#define CHILD "user:[4026532000]"

static void each_capability_has_its_bit(void **state)
{
	static const struct {
		int number;
		uint64_t flag;
	} cases[] = {
		{ 1, OOMCTL_PROBE_DAC_OVERRIDE },
		{ 19, OOMCTL_PROBE_SYS_PTRACE },
		{ 21, OOMCTL_PROBE_SYS_ADMIN },
		{ 24, OOMCTL_PROBE_SYS_RESOURCE },
	};
	const uint64_t all = OOMCTL_PROBE_DAC_OVERRIDE | OOMCTL_PROBE_SYS_PTRACE |
			     OOMCTL_PROBE_SYS_ADMIN | OOMCTL_PROBE_SYS_RESOURCE;
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t bit = (uint64_t)1 << cases[i].number;

		put_caller(f, "thread-self", bit, INITIAL);
		assert_true((read_probe(f).flags & all) == cases[i].flag);
		put_caller(f, "thread-self", ~bit, INITIAL);
		assert_true((read_probe(f).flags & all) == (all & ~cases[i].flag));
	}
	fixture_remove(f, "proc/thread-self/status"); /* before Linux 3.17 */
	put_caller(f, "self", UINT64_MAX, INITIAL);
	assert_true((read_probe(f).flags & all) == all);
}

static void the_namespace_and_dumpable_are_told(void **state)
{
	const struct fixture *f = *state;

	put_caller(f, "thread-self", 0, INITIAL);
	assert_true(has(f, OOMCTL_PROBE_INITIAL_USER_NAMESPACE));
	put_caller(f, "thread-self", 0, CHILD);
	assert_false(has(f, OOMCTL_PROBE_INITIAL_USER_NAMESPACE));
	assert_false(has(f, OOMCTL_PROBE_DUMPABLE));
	dumpable = 1;
	assert_true(has(f, OOMCTL_PROBE_DUMPABLE));
	dumpable = 2; /* for root only */
	assert_false(has(f, OOMCTL_PROBE_DUMPABLE));
}

static void the_floor_is_exact_for_whom_there_is_none(void **state)
{
	const uint64_t resource = (uint64_t)1 << 24;
	static const struct {
		bool holds;
		const char *namespace, *adj;
		int32_t floor;
		bool is_exact;
	} cases[] = {
		{ true, INITIAL, "300\n", OOMCTL_ADJUST_NO_FLOOR, true },
		{ true, CHILD, "300\n", 300, false },
		{ false, INITIAL, "300\n", 300, false },
		{ false, INITIAL, "-1000\n", -1000, true },
		{ false, INITIAL, "-999\n", -999, false },
	};
	const struct fixture *f = *state;
	struct oomctl_probe p;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_caller(f, "thread-self", cases[i].holds ? resource : ~resource,
			   cases[i].namespace);
		fixture_put(f, "proc/self/oom_score_adj", cases[i].adj);
		p = read_probe(f);
		assert_true(p.flags & OOMCTL_PROBE_FLOOR);
		assert_int_equal(p.floor, cases[i].floor);
		assert_int_equal((p.flags & OOMCTL_PROBE_FLOOR_EXACT) != 0,
				 cases[i].is_exact);
	}
	fixture_put(f, "proc/self/oom_score_adj", "x\n");
	p = read_probe(f);
	assert_false(p.flags & (OOMCTL_PROBE_FLOOR | OOMCTL_PROBE_FLOOR_EXACT));
	assert_int_equal(p.floor, 0);
}

static void the_knobs_can_be_opened_or_there_is_a_cause(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/sys/vm/overcommit_memory", "0\n");
	assert_true(has(f, OOMCTL_PROBE_VM_WRITABLE));
	assert_int_equal(read_probe(f).vm_cause, OOMCTL_WHY_NONE);
	refused_path = "overcommit_memory";
	refused_errno = EACCES;
	assert_false(has(f, OOMCTL_PROBE_VM_WRITABLE));
	assert_int_equal(read_probe(f).vm_cause, OOMCTL_WHY_NOT_ROOT);
	refused_errno = EROFS;
	assert_int_equal(read_probe(f).vm_cause, OOMCTL_WHY_READ_ONLY);
	refused_errno = EBUSY;
	assert_false(has(f, OOMCTL_PROBE_VM_WRITABLE));
	assert_int_equal(read_probe(f).vm_cause, OOMCTL_WHY_OTHER);
	refused_errno = EACCES; /* and the owner is not to be seen */
	unseen_path = refused_path;
	unseen_errno = EIO;
	assert_false(has(f, OOMCTL_PROBE_VM_WRITABLE));
	assert_int_equal(read_probe(f).vm_cause, OOMCTL_WHY_OTHER);
	fixture_expect(f, "proc/sys/vm/overcommit_memory", "0\n");
}

static void the_release_is_a_number_a_text_and_a_rule(void **state)
{
	static const struct {
		const char *text, *want;
		uint32_t number;
		int rule;
	} cases[] = {
		{ "6.1.0-18-amd64\n", "6.1.0-18-amd64", 0x060100, OOMCTL_SCORE_RULE_5_9 },
		{ "5.8.300", "5.8.300", 0x0508ff, OOMCTL_SCORE_RULE_4_17 },
		{ "2.6.35\n", "2.6.35", 0x020623, 0 },
		{ "6.1.0-3456789-123456789-123456789-123456789-123456789-123456789-123\n",
		  "6.1.0-3456789-123456789-123456789-123456789-123456789-123456789-123",
		  0x060100, OOMCTL_SCORE_RULE_5_9 },
	};
	static const char *const bad[] = {
		"",
		"\n",
		"x\n",
		"6\n",
		"6.1.0-3456789-123456789-123456789-123456789-123456789-123456789-12345678\n",
	};
	const struct fixture *f = *state;
	struct oomctl_probe p;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		fixture_put(f, "proc/sys/kernel/osrelease", cases[i].text);
		p = read_probe(f);
		assert_true(p.flags & OOMCTL_PROBE_RELEASE);
		assert_int_equal(p.release, cases[i].number);
		assert_int_equal(p.rule, cases[i].rule);
		assert_string_equal(p.release_text, cases[i].want);
		for (size_t at = strlen(cases[i].want); at < sizeof(p.release_text); at++)
			assert_int_equal(p.release_text[at], 0);
	}
	for (size_t i = 0; i < LENGTH(bad); i++) {
		fixture_put(f, "proc/sys/kernel/osrelease", bad[i]);
		p = read_probe(f);
		assert_false(p.flags & OOMCTL_PROBE_RELEASE);
		assert_int_equal(p.release, 0);
		assert_int_equal(p.rule, 0);
		assert_string_equal(p.release_text, "");
	}
}

static void put_commit(const struct fixture *f, uint64_t printed_pages)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "MemTotal: %" PRIu64 " kB\nSwapTotal: %" PRIu64 " kB\n"
		 "CommitLimit: %" PRIu64 " kB\nHugetlb: 0 kB\n",
		 kb_of(RAM_PAGES), kb_of(SWAP_PAGES), kb_of(printed_pages));
	fixture_put(f, "proc/meminfo", text);
	fixture_put(f, "proc/sys/vm/overcommit_ratio", "50\n");
	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "0\n");
}

static void a_meminfo_that_is_made_up_is_noticed(void **state)
{
	enum { LIMIT = RAM_PAGES / 2 + SWAP_PAGES };
	static const struct {
		uint64_t printed;
		bool is_faked;
	} cases[] = {
		{ LIMIT, false },    { LIMIT + 1, false }, { LIMIT - 1, false },
		{ LIMIT + 2, true }, { LIMIT - 2, true },  { 0, true },
	};
	const struct fixture *f = *state;
	struct oomctl_probe p;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		put_commit(f, cases[i].printed);
		p = read_probe(f);
		assert_true(p.flags & OOMCTL_PROBE_COMMIT_LIMITS);
		assert_int_equal((p.flags & OOMCTL_PROBE_MEMINFO_FAKED) != 0,
				 cases[i].is_faked);
		assert_true(p.computed_limit_kb == kb_of(LIMIT));
		assert_true(p.printed_limit_kb == kb_of(cases[i].printed));
	}
}

static const struct fixture *mended;

static void put_right_limit(void)
{
	put_commit(mended, RAM_PAGES / 2 + SWAP_PAGES);
}

/* The share may be set between the reads: a third look is the last. */
static void a_difference_is_looked_at_again(void **state)
{
	const struct fixture *f = *state;

	mended = f;
	for (int i = 1; i <= 4; i++) {
		put_commit(f, 1);
		until_mended = i;
		mend = put_right_limit;
		assert_int_equal((read_probe(f).flags & OOMCTL_PROBE_MEMINFO_FAKED) != 0,
				 i > 3);
		mend = NULL;
	}
}

static void no_limits(const struct fixture *f)
{
	struct oomctl_probe p = read_probe(f);

	assert_false(p.flags & (OOMCTL_PROBE_COMMIT_LIMITS | OOMCTL_PROBE_MEMINFO_FAKED));
	assert_true(p.computed_limit_kb == 0 && p.printed_limit_kb == 0);
}

static void without_limits_nothing_is_compared(void **state)
{
	const struct fixture *f = *state;

	put_commit(f, 1);
	fixture_put(f, "proc/meminfo", "MemTotal: 8 kB\nHugetlb: 0 kB\n");
	no_limits(f); /* none is printed */
	fixture_put(f, "proc/meminfo",
		    "MemTotal: 8 kB\nHugetlb: 16 kB\nCommitLimit: 8 kB\n");
	no_limits(f); /* none can be computed */
	put_commit(f, 1);
	fixture_remove(f, "proc/sys/vm/overcommit_ratio");
	no_limits(f);
}

static void expect_cgroup(const struct fixture *f, uint32_t version, bool has_limit,
			  uint64_t bytes, bool dies_as_one)
{
	struct oomctl_probe p = read_probe(f);

	assert_int_equal(p.cgroup_version, version);
	assert_int_equal((p.flags & OOMCTL_PROBE_CGROUP_LIMIT) != 0, has_limit);
	assert_true(p.cgroup_limit_bytes == bytes);
	assert_int_equal((p.flags & OOMCTL_PROBE_OOM_GROUP) != 0, dies_as_one);
}

static void the_second_version_has_a_limit_and_a_group(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/self/cgroup", "0::/a/b\n");
	expect_cgroup(f, 2, false, 0, false);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.max", "536870912\n");
	expect_cgroup(f, 2, true, 536870912, false);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.oom.group", "1\n");
	expect_cgroup(f, 2, true, 536870912, true);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.oom.group", "0\n");
	fixture_put(f, "sys/fs/cgroup/a/b/memory.max", "max\n");
	expect_cgroup(f, 2, true, UINT64_MAX, false);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.max", "0\n");
	expect_cgroup(f, 2, true, 0, false);
	fixture_put(f, "sys/fs/cgroup/a/b/memory.max", "x\n");
	expect_cgroup(f, 2, false, 0, false);
}

static void a_root_has_no_limit_but_a_container_s_may(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/self/cgroup", "0::/\n");
	expect_cgroup(f, 2, true, UINT64_MAX, false);
	fixture_put(f, "sys/fs/cgroup/memory.max", "4096\n");
	expect_cgroup(f, 2, true, 4096, false);
	refused_path = "memory.max";
	refused_errno = EACCES;
	expect_cgroup(f, 2, false, 0, false);
}

static void the_first_version_prints_its_largest_number_for_none(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "proc/self/cgroup", "5:cpu:/c\n4:cpuset,memory:/a\n0::/b\n");
	fixture_put(f, "sys/fs/cgroup/b/memory.max", "1\n"); /* where it is not */
	fixture_put(f, "sys/fs/cgroup/memory/a/memory.oom.group", "1\n");
	expect_cgroup(f, 1, false, 0, false);
	fixture_put(f, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "536870912\n");
	expect_cgroup(f, 1, true, 536870912, false);
	fixture_put(f, "sys/fs/cgroup/memory/a/memory.limit_in_bytes",
		    "9223372036854771712\n");
	expect_cgroup(f, 1, true, UINT64_MAX, false);
}

/* The memory controller may be of the first version behind the line of the second. */
static void the_first_version_counts_in_any_order(void **state)
{
	const struct fixture *f = *state;

	fixture_put(f, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "8192\n");
	fixture_put(f, "proc/self/cgroup", "0::/b\n4:memory:/a\n3:pids:/p\n");
	expect_cgroup(f, 1, true, 8192, false);
	fixture_put(f, "proc/thread-self/cgroup", "4:memory:/a\n"); /* of threads */
	fixture_put(f, "proc/self/cgroup", "3:pids:/p\n");
	expect_cgroup(f, 0, false, 0, false);
	fixture_put(f, "proc/self/cgroup", "");
	expect_cgroup(f, 0, false, 0, false);
	fixture_put(f, "proc/self/cgroup", "no line of cgroups\n0::/b\n");
	expect_cgroup(f, 0, false, 0, false);
	fixture_put(f, "proc/self/cgroup", "0::/b\nno line of cgroups\n");
	fixture_put(f, "sys/fs/cgroup/b/memory.max", "1\n");
	expect_cgroup(f, 2, false, 0, false);
}

static void a_cgroup_that_is_not_shown_has_no_limit_here(void **state)
{
	const struct fixture *f = *state;
	char text[1200] = "0::/";
	int tried;

	fixture_put(f, "sys/fs/cgroup/memory.max", "4096\n");
	fixture_put(f, "proc/self/cgroup", "0::/../a\n");
	expect_cgroup(f, 2, false, 0, false);

	memset(text + strlen(text), 'x',
	       999); /* with its slash the longest that is taken */
	fixture_put(f, "proc/self/cgroup", text);
	expect_cgroup(f, 0, false, 0, false); /* cut: a line ends in a newline */
	fixture_put(f, "proc/self/cgroup", strcat(text, "\n"));
	openings = 0;
	expect_cgroup(f, 2, false, 0, false);
	tried = openings;
	strcpy(text + strlen(text) - 1, "x\n");
	fixture_put(f, "proc/self/cgroup", text);
	openings = 0;
	expect_cgroup(f, 2, false, 0, false);
	assert_int_equal(openings, tried - 1); /* it is not looked for */
}

static void pressure_has_to_be_readable(void **state)
{
	const struct fixture *f = *state;

	assert_false(has(f, OOMCTL_PROBE_PRESSURE));
	fixture_put(f, "proc/pressure/memory", "");
	assert_false(has(f, OOMCTL_PROBE_PRESSURE));
	fixture_put(f, "proc/pressure/memory", "some avg10=0.00 total=0\n");
	assert_true(has(f, OOMCTL_PROBE_PRESSURE));
	refused_path = "pressure/memory";
	refused_errno = EOPNOTSUPP; /* psi=0 */
	assert_false(has(f, OOMCTL_PROBE_PRESSURE));
}

static void process_mrelease_is_asked_of_no_process(void **state)
{
	static const int without[] = { ENOSYS, EPERM, EINVAL };
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(without); i++) {
		mrelease_errno = without[i];
		assert_false(has(f, OOMCTL_PROBE_MRELEASE));
	}
	mrelease_errno = EBADF;
	assert_true(has(f, OOMCTL_PROBE_MRELEASE));
}

static void put_all(const struct fixture *f)
{
	put_caller(f, "thread-self", 0, INITIAL);
	put_commit(f, 1);
	fixture_put(f, "proc/self/oom_score_adj", "0\n");
	fixture_put(f, "proc/sys/vm/overcommit_memory", "0\n");
	fixture_put(f, "proc/sys/kernel/osrelease", "6.1.0\n");
	fixture_put(f, "proc/self/cgroup", "0::/a\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.max", "max\n");
	fixture_put(f, "sys/fs/cgroup/a/memory.oom.group", "0\n");
	fixture_put(f, "proc/pressure/memory", "some\n");
}

/* Each opening in turn fails: for want of descriptors so does the call, else it goes on. */
static void only_scarcity_is_an_error(void **state)
{
	static const struct {
		int err, code;
	} cases[] = {
		{ EMFILE, -EMFILE }, { ENFILE, -ENFILE }, { ENOMEM, -ENOMEM },
		{ EACCES, 0 },       { EPERM, 0 },        { EIO, 0 },
		{ ENOENT, 0 },
	};
	const struct fixture *f = *state;
	struct oomctl_probe p, before;
	int count;

	put_all(f);
	openings = 0;
	read_probe(f);
	count = openings;
	assert_true(count >= 12);
	for (size_t i = 0; i < LENGTH(cases); i++)
		for (int n = 1; n <= count; n++) {
			memset(&p, 0x77, sizeof(p));
			before = p;
			openings = 0;
			failing_opening = n;
			failing_errno = cases[i].err;
			assert_int_equal(oomctl_probe_read(f->ctx, &p, sizeof(p)),
					 cases[i].code);
			if (cases[i].code < 0)
				assert_memory_equal(&p, &before, sizeof(p));
		}
}

static void bad_arguments_are_refused_before_anything_is_opened(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_probe p, before;

	memset(&p, 0x77, sizeof(p));
	before = p;
	openings = 0;
	assert_int_equal(oomctl_probe_read(f->ctx, NULL, sizeof(p)), -EINVAL);
	assert_int_equal(oomctl_probe_read(f->ctx, &p, 0), -EINVAL);
	assert_int_equal(openings, 0);
	assert_memory_equal(&p, &before, sizeof(p));
}

static void a_structure_of_another_size_gets_what_it_knows(void **state)
{
	const struct fixture *f = *state;
	struct {
		struct oomctl_probe known;
		uint64_t newer;
	} p;
	uint64_t flags[2] = { UNTOUCHED_U64, UNTOUCHED_U64 };

	memset(&p, 0x77, sizeof(p));
	magic = PROC_MAGIC;
	assert_int_equal(oomctl_probe_read(f->ctx, (void *)&p, sizeof(p)), 0);
	assert_true(p.newer == 0 && p.known.flags != 0);
	assert_int_equal(oomctl_probe_read(f->ctx, (void *)flags, sizeof(flags[0])), 0);
	assert_true(flags[0] == p.known.flags && flags[1] == UNTOUCHED_U64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROBE_TEST(of_an_empty_root_nothing_is_known),
		PROBE_TEST(a_proc_is_known_by_its_magic_and_its_files),
		PROBE_TEST(who_does_not_see_pid_1_sees_not_all),
		PROBE_TEST(each_capability_has_its_bit),
		PROBE_TEST(the_namespace_and_dumpable_are_told),
		PROBE_TEST(the_floor_is_exact_for_whom_there_is_none),
		PROBE_TEST(the_knobs_can_be_opened_or_there_is_a_cause),
		PROBE_TEST(the_release_is_a_number_a_text_and_a_rule),
		PROBE_TEST(a_meminfo_that_is_made_up_is_noticed),
		PROBE_TEST(a_difference_is_looked_at_again),
		PROBE_TEST(without_limits_nothing_is_compared),
		PROBE_TEST(the_second_version_has_a_limit_and_a_group),
		PROBE_TEST(a_root_has_no_limit_but_a_container_s_may),
		PROBE_TEST(the_first_version_prints_its_largest_number_for_none),
		PROBE_TEST(the_first_version_counts_in_any_order),
		PROBE_TEST(a_cgroup_that_is_not_shown_has_no_limit_here),
		PROBE_TEST(pressure_has_to_be_readable),
		PROBE_TEST(process_mrelease_is_asked_of_no_process),
		PROBE_TEST(only_scarcity_is_an_error),
		PROBE_TEST(bad_arguments_are_refused_before_anything_is_opened),
		PROBE_TEST(a_structure_of_another_size_gets_what_it_knows),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
