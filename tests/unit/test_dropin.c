/* SPDX-License-Identifier: MIT */
#include <oomctl/dropin.h>

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"
#include "io.h"
#include "test.h"

enum { ALL = 0x3fe, RATIO = OOMCTL_POLICY_OVERCOMMIT_RATIO };
enum {
	MEMORY = OOMCTL_POLICY_OVERCOMMIT_MEMORY,
	KBYTES = OOMCTL_POLICY_OVERCOMMIT_KBYTES
};
enum { SYSTEMD = OOMCTL_DROPIN_SYSTEMD, PROCPS = OOMCTL_DROPIN_PROCPS };

#define COMMENT "# How this machine runs out of memory. Written by liboomctl.\n"

/* What lies between the library and the kernel: one call of a name, or all from then on,
 * can be made to fail. */
enum call { OPENAT, WRITE, FCHMOD, FSYNC, RENAMEAT, CALLS };

static struct {
	enum call call;
	int when, times; /* the first of them, from 1 on; 0: none */
	int err;
	bool is_short; /* instead of err, of write */
} fault;

static int seen[CALLS];
static const char *listed; /* the only name in each directory */

static void set_fault(enum call call, int when, int times, int err)
{
	memset(seen, 0, sizeof(seen));
	fault.call = call;
	fault.when = when;
	fault.times = times;
	fault.err = err;
	fault.is_short = false;
}

static bool fails(enum call call)
{
	int n = ++seen[call];

	if (call != fault.call || n < fault.when || n >= fault.when + fault.times)
		return false;
	errno = fault.err;
	return true;
}

int __wrap_openat(int dir, const char *path, int flags, ...);
int __real_openat(int dir, const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
ssize_t __real_write(int fd, const void *buf, size_t size);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list arguments;

	if (flags & O_CREAT) {
		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		va_end(arguments);
		assert_true(flags & O_EXCL && flags & O_NOFOLLOW && flags & O_CLOEXEC);
	}
	return fails(OPENAT) ? -1 : __real_openat(dir, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
	if (!fails(WRITE))
		return __real_write(fd, buf, size);
	return fault.is_short ? __real_write(fd, buf, size - 1) : -1;
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fails(FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_fsync(int fd)
{
	return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(RENAMEAT) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

/* getdents64(2) alone. */
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	int fd;
	char *buf;
	size_t size;
	long n;

	va_start(arguments, number);
	fd = va_arg(arguments, int);
	buf = va_arg(arguments, char *);
	size = va_arg(arguments, size_t);
	va_end(arguments);
	assert_int_equal(number, SYS_getdents64);
	if (!listed)
		return __real_syscall(number, fd, buf, size);

	n = (long)((19 + strlen(listed) + 1 + 7) / 8 * 8);
	memset(buf, 0, (size_t)n);
	memcpy(buf + 16, &(uint16_t){ (uint16_t)n }, 2);
	memcpy(buf + 19, listed, strlen(listed));
	return n;
}

static struct oomctl_policy a_policy(void)
{
	return (struct oomctl_policy){
		.knobs = ALL & ~KBYTES,
		.overcommit_memory = 2,
		.overcommit_ratio = 80,
		.panic_on_oom = 1,
		.oom_kill_allocating_task = 3,
		.oom_dump_tasks = 0,
		.admin_reserve_kbytes = 8192,
		.user_reserve_kbytes = 131072,
		.panic_timeout = -1,
	};
}

/* Of a_policy(). */
#define A_TEXT                                                                           \
	COMMENT "kernel.panic = -1\nvm.user_reserve_kbytes = 131072\n"                   \
		"vm.admin_reserve_kbytes = 8192\nvm.oom_dump_tasks = 0\n"                \
		"vm.oom_kill_allocating_task = 3\nvm.panic_on_oom = 1\n"                 \
		"vm.overcommit_ratio = 80\nvm.overcommit_memory = 2\n"

static void a_policy_becomes_a_line_for_each_of_its_knobs(void **state)
{
	struct oomctl_policy policy = a_policy();
	char text[OOMCTL_DROPIN_MAX];
	size_t len;

	(void)state;
	assert_int_equal(oomctl_dropin_render(&policy, text, sizeof(text), &len), 0);
	assert_string_equal(text, A_TEXT);
	assert_int_equal(len, strlen(A_TEXT));

	policy.knobs = 0;
	assert_int_equal(oomctl_dropin_render(&policy, text, sizeof(text), &len), 0);
	assert_string_equal(text, COMMENT);
}

static void of_ratio_and_kbytes_the_one_that_is_0_gets_no_line(void **state)
{
	static const struct {
		int32_t ratio;
		uint64_t kbytes;
		const char *want;
	} cases[] = {
		{ 80, 0, COMMENT "vm.overcommit_ratio = 80\n" },
		{ -80, 0, COMMENT "vm.overcommit_ratio = -80\n" },
		{ 0, 9, COMMENT "vm.overcommit_kbytes = 9\n" },
		{ 0, 0, COMMENT "vm.overcommit_ratio = 0\n" },
		{ 1, 1, NULL },
		{ -1, UINT64_MAX, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct oomctl_policy policy = { .knobs = RATIO | KBYTES,
						.overcommit_ratio = cases[i].ratio,
						.overcommit_kbytes = cases[i].kbytes };
		char text[OOMCTL_DROPIN_MAX] = "untouched";
		size_t len = 77;
		int r = oomctl_dropin_render(&policy, text, sizeof(text), &len);

		assert_int_equal(r, cases[i].want ? 0 : -EINVAL);
		assert_string_equal(text, cases[i].want ? cases[i].want : "untouched");
		assert_int_equal(len, cases[i].want ? strlen(cases[i].want) : 77);
	}
}

static void what_is_out_of_range_has_no_text(void **state)
{
	static const struct oomctl_policy cases[] = {
		{ .knobs = MEMORY, .overcommit_memory = 3 },
		{ .knobs = MEMORY, .overcommit_memory = -1 },
		{ .knobs = OOMCTL_POLICY_PANIC_ON_OOM, .panic_on_oom = 3 },
		{ .knobs = 1 },
		{ .knobs = 1024 },
		{ .knobs = MEMORY | 0x80000000U },
		{ .knobs = MEMORY, .reserved = 1 },
	};
	char text[OOMCTL_DROPIN_MAX] = "untouched";
	size_t len = 77;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(
		    oomctl_dropin_render(&cases[i], text, sizeof(text), &len), -EINVAL);
	assert_string_equal(text, "untouched");
	assert_int_equal(len, 77);
}

static void what_is_not_meant_may_be_out_of_range(void **state)
{
	struct oomctl_policy policy = { .knobs = RATIO,
					.overcommit_memory = 7,
					.overcommit_ratio = 1,
					.overcommit_kbytes = 1 };
	char text[OOMCTL_DROPIN_MAX];
	size_t len;

	(void)state;
	assert_int_equal(oomctl_dropin_render(&policy, text, sizeof(text), &len), 0);
	assert_string_equal(text, COMMENT "vm.overcommit_ratio = 1\n");
}

static void a_text_that_does_not_fit_is_not_begun(void **state)
{
	struct oomctl_policy policy = a_policy();
	char text[OOMCTL_DROPIN_MAX] = "untouched";
	size_t len = 77;

	(void)state;
	for (size_t size = 0; size <= strlen(A_TEXT); size++) {
		assert_int_equal(oomctl_dropin_render(&policy, text, size, &len),
				 -ERANGE);
		assert_string_equal(text, "untouched");
	}
	assert_int_equal(len, 77);
	assert_int_equal(oomctl_dropin_render(&policy, text, strlen(A_TEXT) + 1, &len),
			 0);
	assert_string_equal(text, A_TEXT);
}

static void a_pointer_that_is_missing_is_refused(void **state)
{
	struct oomctl_policy policy = a_policy();
	char text[OOMCTL_DROPIN_MAX];
	size_t len;

	(void)state;
	assert_int_equal(oomctl_dropin_render(NULL, text, sizeof(text), &len), -EINVAL);
	assert_int_equal(oomctl_dropin_render(&policy, NULL, sizeof(text), &len),
			 -EINVAL);
	assert_int_equal(oomctl_dropin_render(&policy, text, sizeof(text), NULL),
			 -EINVAL);
	assert_int_equal(oomctl_dropin_parse(NULL, 1, &policy, sizeof(policy)), -EINVAL);
	assert_int_equal(oomctl_dropin_parse("", 0, NULL, sizeof(policy)), -EINVAL);
	assert_int_equal(oomctl_dropin_parse("", 0, &policy, 0), -EINVAL);
	assert_int_equal(oomctl_dropin_read(NULL, &policy, sizeof(policy)), -EINVAL);
	assert_int_equal(oomctl_dropin_read("/", NULL, sizeof(policy)), -EINVAL);
	assert_int_equal(oomctl_dropin_read("/", &policy, 0), -EINVAL);
	assert_int_equal(oomctl_dropin_write(NULL, &policy), -EINVAL);
	assert_int_equal(oomctl_dropin_write("x", NULL), -EINVAL);
	assert_int_equal(policy.knobs, a_policy().knobs);
	assert_int_equal(oomctl_dropin_parse(NULL, 0, &policy, sizeof(policy)), 0);
	assert_int_equal(policy.knobs, 0);
}

/* What a policy is after it was text: no line tells of the 0 that another line makes. */
static struct oomctl_policy as_read(struct oomctl_policy p)
{
	struct oomctl_policy want = { .knobs = p.knobs };

	if ((p.knobs & RATIO) && (p.knobs & KBYTES))
		want.knobs &= ~(uint32_t)(p.overcommit_kbytes ? RATIO : KBYTES);
#define KEEP(BIT, MEMBER)                                                                \
	if (want.knobs & OOMCTL_POLICY_##BIT)                                            \
	want.MEMBER = p.MEMBER
	KEEP(OVERCOMMIT_MEMORY, overcommit_memory);
	KEEP(OVERCOMMIT_RATIO, overcommit_ratio);
	KEEP(OVERCOMMIT_KBYTES, overcommit_kbytes);
	KEEP(PANIC_ON_OOM, panic_on_oom);
	KEEP(OOM_KILL_ALLOCATING_TASK, oom_kill_allocating_task);
	KEEP(OOM_DUMP_TASKS, oom_dump_tasks);
	KEEP(ADMIN_RESERVE_KBYTES, admin_reserve_kbytes);
	KEEP(USER_RESERVE_KBYTES, user_reserve_kbytes);
	KEEP(PANIC_TIMEOUT, panic_timeout);
	return want;
}

static void expect_round_trip(struct oomctl_policy policy)
{
	struct oomctl_policy want = as_read(policy), got;
	char text[OOMCTL_DROPIN_MAX];
	size_t len;

	assert_int_equal(oomctl_dropin_render(&policy, text, sizeof(text), &len), 0);
	memset(&got, 0x77, sizeof(got));
	assert_int_equal(oomctl_dropin_parse(text, len, &got, sizeof(got)), 0);
	assert_memory_equal(&got, &want, sizeof(got));
}

static void what_was_written_is_read_as_it_was(void **state)
{
	static const int32_t ints[] = { INT32_MIN, -1, 0, 1, INT32_MAX };
	static const uint64_t wides[] = { 0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1,
					  UINT64_MAX };

	(void)state;
	for (uint32_t knobs = 0; knobs <= ALL; knobs += 2)
		for (size_t i = 0; i < 5; i++)
			for (int other = 0; other < 2; other++)
				expect_round_trip((struct oomctl_policy){
				    .knobs = knobs,
				    .overcommit_memory = (int32_t)i % 3,
				    .overcommit_ratio = other ? 0 : ints[i],
				    .overcommit_kbytes = other ? wides[i] : 0,
				    .panic_on_oom = (int32_t)(i + 1) % 3,
				    .oom_kill_allocating_task = ints[i],
				    .oom_dump_tasks = ints[4 - i],
				    .admin_reserve_kbytes = wides[i],
				    .user_reserve_kbytes = wides[4 - i],
				    .panic_timeout = ints[i],
				});
}

static void expect_parsed(const char *text, uint32_t knobs, int32_t ratio,
			  uint64_t kbytes)
{
	struct oomctl_policy got;
	int r = oomctl_dropin_parse(text, strlen(text), &got, sizeof(got));

	if (r != 0 || got.knobs != knobs || got.overcommit_ratio != ratio ||
	    got.overcommit_kbytes != kbytes)
		fail_msg("\"%s\" gave %d, knobs %x, ratio %d, kbytes %ju", text, r,
			 got.knobs, got.overcommit_ratio,
			 (uintmax_t)got.overcommit_kbytes);
}

static void lines_are_read_as_loaders_read_them(void **state)
{
	static const struct {
		const char *text;
		uint32_t knobs;
		int32_t ratio;
		uint64_t kbytes;
	} cases[] = {
		{ "", 0, 0, 0 },
		{ "\n \n\t\n", 0, 0, 0 },
		{ "vm.overcommit_ratio=50", RATIO, 50, 0 },
		{ "vm.overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ " \t vm.overcommit_ratio \t=\t 50 \r\n", RATIO, 50, 0 },
		{ "#vm.overcommit_ratio = 50\n ; vm.overcommit_ratio = x\n", 0, 0, 0 },
		{ "-vm.overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ "--vm.overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ "---vm.overcommit_ratio = 50\n", 0, 0, 0 },
		{ "- -vm.overcommit_ratio = 50\n-- vm.overcommit_ratio=5", 0, 0, 0 },
		{ "- vm.overcommit_ratio = 50\n", 0, 0, 0 },
		{ "vm.overcommit_ratio = -50\n", RATIO, -50, 0 },
		{ "vm/overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ "/vm//overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ "vm/overcommit_ratio/ = 50\nvm.overcommit_ratio. = 50", 0, 0, 0 },
		{ "vm/overcommit_r*/ = 50\n", 0, 0, 0 },
		{ ".vm..overcommit_ratio = 50\n", RATIO, 50, 0 },
		{ "vm.overcommit_ratio/ = 50\n", 0, 0, 0 },
		{ "vm/overcommit.ratio = 50\n", 0, 0, 0 },
		{ "/proc/sys/vm/overcommit_ratio = 50\n", 0, 0, 0 },
		{ "vm.overcommit_rati = 50\nvm.overcommit_ratios = 50\n", 0, 0, 0 },
		{ "vm .overcommit_ratio = 50\nVM.overcommit_ratio = 50\n", 0, 0, 0 },
		{ "overcommit_ratio = 50\nvm = 50\n = 50\n=\n-\n-=\n", 0, 0, 0 },
		{ "vm.overcommit_ratio\nvm.overcommit_ratio 50\n", 0, 0, 0 },
		{ "net.ipv4.conf.*.rp_filter = x\nnet.[a-z] = y\n", 0, 0, 0 },
		{ "kernel.core_pattern = |/x %p vm.overcommit_ratio=5\n", 0, 0, 0 },
		/* Bytes and parts that do not matter where no knob is named. */
		{ "# \f vm.overcommit_ratio\n\f\n\v\rx\n", 0, 0, 0 },
		{ "\rvm.overcommit_ratio=50\r\r\n", RATIO, 50, 0 },
		{ "net/./x=1\n../a=1\nvm/../overcommit_rati=1\n", 0, 0, 0 },
		/* The last one counts. */
		{ "vm.overcommit_ratio=1\nvm.overcommit_ratio=2\n", RATIO, 2, 0 },
		{ "vm.overcommit_ratio=1\nvm.overcommit_kbytes=2\n", KBYTES, 0, 2 },
		{ "vm.overcommit_kbytes=2\nvm.overcommit_ratio=1\n", RATIO, 1, 0 },
		{ "vm.overcommit_ratio=1\nvm.overcommit_kbytes=0\n", KBYTES, 0, 0 },
		{ "vm.overcommit_kbytes=2\nvm.overcommit_ratio=0\n", RATIO, 0, 0 },
		{ "vm.overcommit_ratio=1\nvm.overcommit_kbytes=2\n"
		  "vm.overcommit_ratio=1\n",
		  RATIO, 1, 0 },
		/* Patterns are for what no line names. */
		{ "vm.overcommit_r*=7\n", RATIO, 7, 0 },
		{ "vm.*_r?tio=7\n", RATIO, 7, 0 },
		{ "*/*_ratio=7\n", RATIO, 7, 0 },
		{ "vm.**rat*io*=7\n", RATIO, 7, 0 },
		{ "vm?overcommit_ratio=7\n*ratio=7\n*=7\nvm.o*ratios=7\n", 0, 0, 0 },
		{ "vm/overcommit_ratio*x=7\n", 0, 0, 0 },
		{ "vm.overcommit_ratio=5\nvm.overcommit_r*=7\n", RATIO, 5, 0 },
		{ "vm.overcommit_r*=7\nvm.overcommit_ratio=5\n", RATIO, 5, 0 },
		{ "vm.overcommit_r*=7\nvm.overcommit_ra*=8\n", RATIO, 8, 0 },
		{ "vm.overcommit_*=1\n", MEMORY | RATIO, 1, 0 },
		{ "vm.overcommit_*=1\n-vm.overcommit_ratio\n", MEMORY | KBYTES, 0, 1 },
		{ "-vm.overcommit_ratio\nvm.overcommit_*=1\n", MEMORY | KBYTES, 0, 1 },
		{ "-vm.overcommit_*\nvm.overcommit_*=1\n", MEMORY | RATIO, 1, 0 },
		{ "vm.overcommit_*=1\n--vm.overcommit_ratio\n", MEMORY | KBYTES, 0, 1 },
		{ "vm.overcommit_*=1\n-vm/overcommit_ratio/\n", MEMORY | RATIO, 1, 0 },
		{ "vm.overcommit_r*=8\n-vm.overcommit_r*\n", RATIO, 8, 0 },
		{ "vm.overcommit_*=1\nvm.overcommit_ratio\n", MEMORY | RATIO, 1, 0 },
		/* As long as a pattern can be. */
		{ "vm.*******************************************"
		  "*overcommit_ratio=1\n",
		  RATIO, 1, 0 },
		{ "vm.*******************************************"
		  "**overcommit_ratio=1\n",
		  0, 0, 0 },
		{ "-vm.overcommit_ratio\nvm.overcommit_ratio=5\n", RATIO, 5, 0 },
		{ "vm.overcommit_ratio=5\n-vm.overcommit_ratio\n", RATIO, 5, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		expect_parsed(cases[i].text, cases[i].knobs, cases[i].ratio,
			      cases[i].kbytes);
}

static void only_what_has_one_meaning_is_a_number(void **state)
{
	static const struct {
		const char *line;
		int want;
	} cases[] = {
		{ "vm.overcommit_ratio = 0", 0 },
		{ "vm.overcommit_ratio = -0", -EBADMSG },
		{ "vm.overcommit_ratio = -2147483648", 0 },
		{ "vm.overcommit_ratio = 2147483647", 0 },
		{ "vm.overcommit_ratio = 2147483648", -ERANGE },
		{ "vm.overcommit_ratio = -2147483649", -ERANGE },
		{ "vm.overcommit_ratio = 99999999999999999999999", -ERANGE },
		{ "vm.overcommit_ratio = 010", -EBADMSG },
		{ "vm.overcommit_ratio = -010", -EBADMSG },
		{ "vm.overcommit_ratio = 00", -EBADMSG },
		{ "vm.overcommit_ratio = 0x32", -EBADMSG },
		{ "vm.overcommit_ratio = 0X32", -EBADMSG },
		{ "vm.overcommit_ratio = +50", -EBADMSG },
		{ "vm.overcommit_ratio = - 50", -EBADMSG },
		{ "vm.overcommit_ratio = -", -EBADMSG },
		{ "vm.overcommit_ratio = 50 60", -EBADMSG },
		{ "vm.overcommit_ratio = 50 # half", -EBADMSG },
		{ "vm.overcommit_ratio = 5\r0", -EBADMSG },
		{ "vm.overcommit_ratio = 50%", -EBADMSG },
		{ "vm.overcommit_ratio = \"50\"", -EBADMSG },
		{ "vm.overcommit_ratio == 50", -EBADMSG },
		{ "vm.overcommit_ratio =", -EBADMSG },
		{ "-vm.overcommit_ratio = x", -EBADMSG },
		{ "vm.overcommit_ratio = x\nvm.overcommit_ratio = 5", -EBADMSG },
		{ "vm.overcommit_[rk]atio = 50", -EBADMSG },
		{ "vm.overcommit_{ratio,memory}* = 50", -EBADMSG },
		{ "vm.{overcommit,x}_rati? = 50", -EBADMSG },
		{ "vm.overcommit_ratio{,x}* = 50", -EBADMSG },
		{ "vm.overcommit_ratio*{,x} = 50", -EBADMSG },
		{ "vm.overcommit_\\ra* = 50", -EBADMSG },
		{ "vm/./overcommit_ratio = 50", -EBADMSG },
		{ "vm/../vm/overcommit_ratio = 50", -EBADMSG },
		{ "/./vm/overcommit_ratio = 50", -EBADMSG },
		{ "vm/./overcommit_r* = 50", -EBADMSG },
		{ "\fvm.overcommit_ratio = 50", -EBADMSG },
		{ "vm.overcommit_ratio\v= 50", -EBADMSG },
		{ "vm.overcommit_ratio = 50\f", -EBADMSG },
		{ "-vm.overcommit_ratio\f", -EBADMSG },
		{ "vm.overcommit_ratio\r= 50", -EBADMSG },
		{ "net.x = 1\rvm.overcommit_ratio = 50\r", -EBADMSG },
		{ "# of old\rvm.overcommit_ratio = 50\r", -EBADMSG },
		{ "vm.overcommit_kbytes = 18446744073709551615", 0 },
		{ "vm.overcommit_kbytes = 18446744073709551616", -ERANGE },
		{ "vm.overcommit_kbytes = -1", -ERANGE },
		{ "vm.overcommit_kbytes = 08", -EBADMSG },
		{ "vm.overcommit_memory = 2", 0 },
		{ "vm.overcommit_memory = 3", -ERANGE },
		{ "vm.overcommit_memory = -1", -ERANGE },
		{ "vm.panic_on_oom = 3", -ERANGE },
		{ "kernel.panic = 1s", -EBADMSG },
		{ "vm.* = 7", -ERANGE },
	};
	struct oomctl_policy got = { .knobs = 77 };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *line = cases[i].line;
		struct oomctl_policy out = got;
		int r = oomctl_dropin_parse(line, strlen(line), &out, sizeof(out));

		if (r != cases[i].want || (r != 0) != (out.knobs == 77))
			fail_msg("\"%s\" gave %d", line, r);
	}
}

/* systemd ends a line there, procps takes the rest of the line for nothing. */
static void a_byte_of_0_is_refused_where_a_line_may_be_of_a_knob(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int want;
	} cases[] = {
#define TEXT(text) (text), sizeof(text) - 1
		{ TEXT("vm.overcommit_ratio\0=5\n"), -EBADMSG },
		{ TEXT("vm.overcommit_ratio=5\0\n"), -EBADMSG },
		{ TEXT("vm.overcommit_memory=1\n\0vm.overcommit_ratio=5"), -EBADMSG },
		{ TEXT("vm.overcommit_memory=1\n\0\0\0\nvm.overcommit_ratio\0\n"), 0 },
#undef TEXT
	};
	struct oomctl_policy got = { .knobs = 77 };

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(
		    oomctl_dropin_parse(cases[i].text, cases[i].len, &got, sizeof(got)),
		    cases[i].want);
		assert_int_equal(got.knobs, cases[i].want ? 77 : MEMORY);
	}
}

static void each_knob_has_its_own_member(void **state)
{
	struct oomctl_policy want = a_policy(), got;

	(void)state;
	assert_int_equal(oomctl_dropin_parse(A_TEXT, strlen(A_TEXT), &got, sizeof(got)),
			 0);
	assert_memory_equal(&got, &want, sizeof(got));
}

static void a_size_that_differs_gets_what_it_knows(void **state)
{
	struct {
		struct oomctl_policy policy;
		uint64_t more;
	} got = { .more = UNTOUCHED_U64 };
	uint64_t small[2] = { UNTOUCHED_U64, UNTOUCHED_U64 };

	(void)state;
	assert_int_equal(oomctl_dropin_parse(A_TEXT, strlen(A_TEXT),
					     (struct oomctl_policy *)&got, sizeof(got)),
			 0);
	assert_int_equal(got.policy.overcommit_ratio, 80);
	assert_int_equal(got.more, 0);
	assert_int_equal(oomctl_dropin_parse("vm.overcommit_kbytes=5", 22,
					     (struct oomctl_policy *)small, 8),
			 0);
	assert_int_equal(small[0], 5);
	assert_true(small[1] == UNTOUCHED_U64);
}

/* Fails the test unless a directory of the fixture has this many entries. */
static void expect_entries(const struct fixture *f, const char *dir, int want)
{
	struct io_names
	    names; /* readdir(3) fails at large inodes where a long has 32 bits */
	const char *name;
	int n = -2; /* . and .. */

	assert_int_equal(io_names_open(NULL, fixture_path(f, dir), &names), 0);
	while (io_names_next(&names, &name) == 0 && name)
		n++;
	io_names_close(&names);
	assert_int_equal(n, want);
}

static void expect_mode(const struct fixture *f, const char *path, mode_t want)
{
	struct stat st;

	assert_int_equal(lstat(fixture_path(f, path), &st), 0);
	assert_int_equal(st.st_mode, want);
}

static void a_file_has_its_mode_whatever_the_umask_is(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();
	mode_t before = umask(0);
	int r;

	fixture_put(f, "etc/old.conf", "old\n");
	for (size_t i = 0; i < LENGTH(masks); i++) {
		chmod(fixture_path(f, "etc/old.conf"), 0600);
		umask(masks[i]);
		r = oomctl_dropin_write(fixture_path(f, "etc/old.conf"), &policy);
		umask(before);
		assert_int_equal(r, 0);
		expect_mode(f, "etc/old.conf", S_IFREG | 0644);
	}
	expect_entries(f, "etc", 1);
}

static void what_was_written_can_be_read(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy(), got;
	int fd;

	fixture_put(f, "etc/a.conf", "an older text, longer than the new one\n" A_TEXT);
	fd = open(fixture_path(f, "etc/a.conf"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "etc/a.conf"), &policy), 0);
	assert_int_equal(
	    oomctl_dropin_read(fixture_path(f, "etc/a.conf"), &got, sizeof(got)), 0);
	assert_memory_equal(&got, &policy, sizeof(got));
	expect_entries(f, "etc", 1);
	/* Who has the old file open goes on with the old one. */
	assert_int_equal(lseek(fd, 0, SEEK_END), 39 + strlen(A_TEXT));
	close(fd);
}

static void a_link_is_replaced_and_its_target_left_alone(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = { .knobs = RATIO, .overcommit_ratio = 1 };

	fixture_put(f, "etc/target", "old\n");
	assert_int_equal(symlink("target", fixture_path(f, "etc/a.conf")), 0);
	assert_int_equal(symlink("/nothing", fixture_path(f, "etc/b.conf")), 0);
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "etc/a.conf"), &policy), 0);
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "etc/b.conf"), &policy), 0);
	fixture_expect(f, "etc/target", "old\n");
	fixture_expect(f, "etc/a.conf", COMMENT "vm.overcommit_ratio = 1\n");
	expect_mode(f, "etc/a.conf", S_IFREG | 0644);
	expect_mode(f, "etc/b.conf", S_IFREG | 0644);
	expect_entries(f, "etc", 3);
}

static void a_directory_is_not_replaced(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();

	assert_int_equal(oomctl_dropin_write(fixture_path(f, "proc"), &policy), -EINVAL);
	expect_mode(f, "proc", S_IFDIR | 0755);
	expect_entries(f, "", 2);
}

static void a_directory_that_is_missing_is_not_made(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();

	fixture_put(f, "file", "old\n");
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "none/a.conf"), &policy),
			 -EOPNOTSUPP);
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "file/a.conf"), &policy),
			 -EOPNOTSUPP);
	fixture_expect(f, "file", "old\n");
	expect_entries(f, "", 3);
}

static void a_path_may_be_relative(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();
	int before = open(".", O_PATH | O_CLOEXEC);

	assert_int_equal(chdir(f->dir), 0);
	assert_int_equal(oomctl_dropin_write("a.conf", &policy), 0);
	assert_int_equal(oomctl_dropin_write("proc/../proc/b.conf", &policy), 0);
	assert_int_equal(fchdir(before), 0);
	close(before);
	expect_mode(f, "a.conf", S_IFREG | 0644);
	expect_mode(f, "proc/b.conf", S_IFREG | 0644);
}

static void a_path_that_names_no_file_is_refused(void **state)
{
	static const char *const paths[] = { "",      "/",      ".",       "..",
					     "/tmp/", "/tmp/.", "/tmp/..", "x/" };
	struct oomctl_policy policy = a_policy();
	char path[1100];

	(void)state;
	set_fault(OPENAT, 0, 0, 0);
	for (size_t i = 0; i < LENGTH(paths); i++)
		assert_int_equal(oomctl_dropin_write(paths[i], &policy), -EINVAL);

	memset(path, '/', sizeof(path));
	strcpy(path + 1000, "x");
	assert_int_equal(oomctl_dropin_write(path, &policy), -EINVAL);
	memset(path, 'x', sizeof(path));
	path[256] = '\0';
	assert_int_equal(oomctl_dropin_write(path, &policy), -EINVAL);
	policy.overcommit_memory = 3;
	assert_int_equal(oomctl_dropin_write("x", &policy), -EINVAL);
	assert_int_equal(seen[OPENAT], 0);
}

static void the_longest_path_and_name_are_taken(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();
	size_t dir = strlen(f->dir);
	char path[1001];

	memset(path, '/', sizeof(path));
	memcpy(path, f->dir, dir);
	memset(path + 1000 - 255, 'x', 255);
	path[1000] = '\0';
	assert_int_equal(oomctl_dropin_write(path, &policy), 0);
	expect_entries(f, "", 3);
}

static void a_write_that_fails_leaves_all_as_it_was(void **state)
{
	static const struct {
		enum call call;
		int when, err, want;
	} cases[] = {
		{ OPENAT, 1, EACCES, -EACCES },   { OPENAT, 1, EMFILE, -EMFILE },
		{ OPENAT, 2, EACCES, -EACCES },   { OPENAT, 2, EROFS, -EROFS },
		{ OPENAT, 2, ENOSPC, -EIO },      { OPENAT, 2, EMFILE, -EMFILE },
		{ WRITE, 1, ENOSPC, -EIO },       { WRITE, 1, EIO, -EIO },
		{ FCHMOD, 1, EPERM, -EPERM },     { FSYNC, 1, EIO, -EIO },
		{ FSYNC, 1, ENOSPC, -EIO },       { RENAMEAT, 1, EACCES, -EACCES },
		{ RENAMEAT, 1, EISDIR, -EINVAL }, { RENAMEAT, 1, EXDEV, -EIO },
	};
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();

	fixture_put(f, "etc/a.conf", "old\n");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		set_fault(cases[i].call, cases[i].when, 1, cases[i].err);
		assert_int_equal(
		    oomctl_dropin_write(fixture_path(f, "etc/a.conf"), &policy),
		    cases[i].want);
		assert_int_equal(seen[cases[i].call], cases[i].when);
		set_fault(OPENAT, 0, 0, 0);
		fixture_expect(f, "etc/a.conf", "old\n");
		expect_entries(f, "etc", 1);
	}
}

static void a_write_that_is_cut_short_leaves_all_as_it_was(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();

	fixture_put(f, "etc/a.conf", "old\n");
	set_fault(WRITE, 1, 1, 0);
	fault.is_short = true;
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "etc/a.conf"), &policy),
			 -EIO);
	set_fault(OPENAT, 0, 0, 0);
	fixture_expect(f, "etc/a.conf", "old\n");
	expect_entries(f, "etc", 1);
}

static void when_the_directory_is_not_synced_the_new_file_is_there(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy(), got;

	fixture_put(f, "etc/a.conf", "old\n");
	set_fault(FSYNC, 2, 1, EROFS);
	assert_int_equal(oomctl_dropin_write(fixture_path(f, "etc/a.conf"), &policy),
			 -EIO);
	assert_int_equal(
	    oomctl_dropin_read(fixture_path(f, "etc/a.conf"), &got, sizeof(got)), 0);
	assert_memory_equal(&got, &policy, sizeof(got));
	expect_entries(f, "etc", 1);
}

static void what_passes_is_tried_again(void **state)
{
	static const struct {
		enum call call;
		int when, err;
	} cases[] = { { OPENAT, 1, EINTR }, { OPENAT, 2, EINTR }, { OPENAT, 2, EEXIST },
		      { WRITE, 1, EINTR },  { FSYNC, 1, EINTR },  { FSYNC, 2, EINTR },
		      { FSYNC, 1, EINVAL }, { FSYNC, 2, EINVAL } };
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy();
	char path[256];

	snprintf(path, sizeof(path), "%s", fixture_path(f, "etc/a.conf"));
	fixture_put(f, "etc/x", "");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool is_for_good = cases[i].err == EINVAL; /* not needed there */
		int r;

		set_fault(cases[i].call, cases[i].when, is_for_good ? 1 : 99,
			  cases[i].err);
		assert_int_equal(oomctl_dropin_write(path, &policy), 0);
		unlink(path);
		if (is_for_good)
			continue;
		set_fault(cases[i].call, cases[i].when, 100, cases[i].err);
		r = oomctl_dropin_write(path, &policy);
		set_fault(OPENAT, 0, 0, 0);
		assert_int_equal(r, -EIO);
		unlink(path); /* the sync of the directory fails too late */
		expect_entries(f, "etc", 1);
	}
}

static void a_file_is_read_as_its_text_is(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy got;
	char text[5000];

	memset(text, 'x', sizeof(text));
	memcpy(text, "# ", 2);
	memcpy(text + 3000, "\nvm.overcommit_ratio=5\n-net.x = ", 32);
	memcpy(text + 4976, "\nvm.overcommit_memory=12", 24);
	fixture_put_bytes(f, "etc/a.conf", text, sizeof(text) - 1);
	assert_int_equal(
	    oomctl_dropin_read(fixture_path(f, "etc/a.conf"), &got, sizeof(got)), 0);
	assert_int_equal(got.knobs, RATIO | MEMORY);
	assert_int_equal(got.overcommit_ratio, 5);
	assert_int_equal(got.overcommit_memory, 1);
}

static void expect_unread(const struct fixture *f, const char *path, int want)
{
	struct oomctl_policy got = { .knobs = 77 };

	assert_int_equal(oomctl_dropin_read(fixture_path(f, path), &got, sizeof(got)),
			 want);
	assert_int_equal(got.knobs, 77);
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
	const struct fixture *f = *state;
	char *text = malloc(70000);

	expect_unread(f, "none.conf", -EOPNOTSUPP);
	expect_unread(f, "proc", -EIO);
	fixture_put(f, "a.conf", "vm.overcommit_ratio = x\n");
	expect_unread(f, "a.conf", -EBADMSG);
	fixture_put(f, "a.conf", "vm.overcommit_memory = 3");
	expect_unread(f, "a.conf", -ERANGE);

	/* The end of the value would be cut. */
	memset(text, ' ', 70000);
	memcpy(text, "vm.overcommit_ratio=5", 21);
	text[3000] = '0';
	fixture_put_bytes(f, "a.conf", text, 3001);
	expect_unread(f, "a.conf", -EBADMSG);

	/* Neither is the name. */
	memset(text, ' ', 70000);
	memcpy(text + 3000, "vm.overcommit_ratio=5", 21);
	fixture_put_bytes(f, "a.conf", text, 3021);
	expect_unread(f, "a.conf", -EBADMSG);
	memcpy(text, "-vm.overcommit_ratio", 20);
	fixture_put_bytes(f, "a.conf", text, 3021);
	expect_unread(f, "a.conf", -EBADMSG);
	memcpy(text, "# a\rb", 5);
	fixture_put_bytes(f, "a.conf", text, 3021);
	expect_unread(f, "a.conf", -EBADMSG);

	for (size_t i = 0; i < 70000; i++)
		text[i] = i % 100 == 99 ? '\n' : '#';
	fixture_put_bytes(f, "a.conf", text, 65537);
	expect_unread(f, "a.conf", -EBADMSG);
	free(text);
}

static void as_much_as_64_kib_is_read(void **state)
{
	const struct fixture *f = *state;
	char *text = malloc(65536);
	struct oomctl_policy got;

	for (size_t i = 0; i < 65536; i++)
		text[i] = i % 64 == 63 ? '\n' : '#';
	memcpy(text + 65536 - 64, "vm.overcommit_ratio=5\n", 22);
	fixture_put_bytes(f, "a.conf", text, 65536);
	free(text);
	assert_int_equal(oomctl_dropin_read(fixture_path(f, "a.conf"), &got, sizeof(got)),
			 0);
	assert_int_equal(got.overcommit_ratio, 5);
}

static void a_fifo_is_empty(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy got;

	fixture_make_fifo(f, "a.conf");
	assert_int_equal(oomctl_dropin_read(fixture_path(f, "a.conf"), &got, sizeof(got)),
			 0);
	assert_int_equal(got.knobs, 0);
}

/* What a loader finds: a text that begins with "->" is that of a link. */
struct file {
	const char *path, *text;
};

struct found {
	struct file files[5];
	const char *path[2]; /* by systemd, by procps; NULL: nowhere */
	int64_t value[2];    /* or a code where the path is "!" */
};

static void put_files(const struct fixture *f, const struct file *files)
{
	for (size_t i = 0; i < 5 && files[i].path; i++) {
		const char *text = files[i].text;

		fixture_put(f, files[i].path, text);
		if (strncmp(text, "->", 2) != 0)
			continue;
		fixture_remove(f, files[i].path);
		assert_int_equal(symlink(text + 2, fixture_path(f, files[i].path)), 0);
	}
}

static void remove_files(const struct fixture *f, const struct file *files)
{
	for (size_t i = 0; i < 5 && files[i].path; i++)
		fixture_remove(f, files[i].path);
}

static int64_t value_of(const struct oomctl_policy *p)
{
	return p->knobs == KBYTES ? (int64_t)p->overcommit_kbytes : p->overcommit_ratio;
}

static void expect_found(const struct fixture *f, const struct found *c,
			 enum oomctl_vm_knob knob, int loader)
{
	const char *want = c->path[loader - 1];
	struct oomctl_policy got = { .knobs = 77 };
	char path[400] = "untouched";
	int r = oomctl_dropin_find(f->dir, (enum oomctl_dropin_loader)loader, knob, &got,
				   sizeof(got), path, sizeof(path));

	if (!want || strcmp(want, "!") == 0) {
		if (r != (want ? (int)c->value[loader - 1] : -EOPNOTSUPP))
			fail_msg("%s: loader %d gave %d, %s", c->files[0].text, loader, r,
				 path);
		assert_string_equal(path, "untouched");
		assert_int_equal(got.knobs, 77);
		return;
	}
	if (r != 0 || strcmp(path + strlen(f->dir) + 1, want) != 0 ||
	    got.knobs != 1U << knob || value_of(&got) != c->value[loader - 1])
		fail_msg("%s: loader %d gave %d, %s, %jd", c->files[0].text, loader, r,
			 path, (intmax_t)value_of(&got));
}

static void expect_each_found(const struct fixture *f, const struct found *cases,
			      size_t count, enum oomctl_vm_knob knob)
{
	for (size_t i = 0; i < count; i++) {
		put_files(f, cases[i].files);
		expect_found(f, &cases[i], knob, SYSTEMD);
		expect_found(f, &cases[i], knob, PROCPS);
		remove_files(f, cases[i].files);
	}
}

#define ETC "etc/sysctl.d/"
#define RUN "run/sysctl.d/"
#define LOCAL "usr/local/lib/sysctl.d/"
#define USR "usr/lib/sysctl.d/"
#define LIB "lib/sysctl.d/"
#define R "vm.overcommit_ratio="
#define K "vm.overcommit_kbytes="
#define TEN_PATTERNS                                                                     \
	"vm.*_r*=1\nvm.*ra*=2\nvm.*at*=3\nvm.*ti*=4\nvm.*io=5\nvm.*rat*=6\n"             \
	"vm.*ati*=7\nvm.*tio=8\nvm.*rati*=9\nvm.*atio=10\n"
#define BOTH(x)                                                                          \
	{                                                                                \
		x, x                                                                     \
	}

static void the_file_that_decides_is_found(void **state)
{
	static const struct found cases[] = {
		{ { { ETC "a.conf", R "1\n" } }, BOTH(ETC "a.conf"), BOTH(1) },
		{ { { RUN "a.conf", R "1\n" } }, BOTH(RUN "a.conf"), BOTH(1) },
		{ { { LOCAL "a.conf", R "1\n" } }, BOTH(LOCAL "a.conf"), BOTH(1) },
		{ { { USR "a.conf", R "1\n" } }, BOTH(USR "a.conf"), BOTH(1) },
		{ { { LIB "a.conf", R "1\n" } }, BOTH(LIB "a.conf"), BOTH(1) },
		/* All names are sorted together. */
		{ { { ETC "a.conf", R "1\n" }, { USR "b.conf", R "2\n" } },
		  BOTH(USR "b.conf"),
		  BOTH(2) },
		{ { { ETC "b.conf", R "1\n" }, { USR "a.conf", R "2\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(1) },
		{ { { ETC "9.conf", R "1\n" }, { ETC "10.conf", R "2\n" } },
		  BOTH(ETC "9.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", R "1\n" }, { ETC "Z.conf", R "2\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "\xff.conf", R "1\n" }, { ETC "z.conf", R "2\n" } },
		  BOTH(ETC "\xff.conf"),
		  BOTH(1) },
		/* Earlier directories hide later ones. */
		{ { { ETC "a.conf", R "1\n" }, { RUN "a.conf", R "2\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { RUN "a.conf", R "1\n" }, { LOCAL "a.conf", R "2\n" } },
		  BOTH(RUN "a.conf"),
		  BOTH(1) },
		{ { { LOCAL "a.conf", R "1\n" }, { USR "a.conf", R "2\n" } },
		  BOTH(LOCAL "a.conf"),
		  BOTH(1) },
		{ { { USR "a.conf", R "1\n" }, { LIB "a.conf", R "2\n" } },
		  BOTH(USR "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "" }, { USR "a.conf", R "2\n" } },
		  BOTH(NULL),
		  BOTH(0) },
		{ { { ETC "a.conf", "->/dev/null" }, { USR "a.conf", R "2\n" } },
		  BOTH(NULL),
		  BOTH(0) },
		{ { { ETC "a.conf", "->nothing" }, { USR "a.conf", R "2\n" } },
		  BOTH(NULL),
		  BOTH(0) },
		{ { { ETC "b.conf", "->/dev/null" },
		    { USR "b.conf", R "2\n" },
		    { USR "a.conf", R "3\n" } },
		  BOTH(USR "a.conf"),
		  BOTH(3) },
		/* What is no file of sysctl.d. */
		{ { { ETC "a", R "1\n" }, { ETC "a.conf~", R "1\n" } },
		  BOTH(NULL),
		  BOTH(0) },
		{ { { ETC "conf", R "1\n" }, { ETC "a.CONF", R "1\n" } },
		  BOTH(NULL),
		  BOTH(0) },
		{ { { ETC ".a.conf", R "1\n" } }, { NULL, ETC ".a.conf" }, { 0, 1 } },
		{ { { ETC ".conf", R "1\n" } }, { NULL, ETC ".conf" }, { 0, 1 } },
		/* The file of old times. */
		{ { { "etc/sysctl.conf", R "1\n" } },
		  { NULL, "etc/sysctl.conf" },
		  { 0, 1 } },
		{ { { "etc/sysctl.conf", R "1\n" }, { ETC "z.conf", R "2\n" } },
		  { ETC "z.conf", "etc/sysctl.conf" },
		  { 2, 1 } },
		{ { { "etc/sysctl.conf", R "1\n" },
		    { ETC "99-sysctl.conf", "->../sysctl.conf" } },
		  { ETC "99-sysctl.conf", "etc/sysctl.conf" },
		  { 1, 1 } },
		/* A line takes back what an earlier one says. */
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", "-vm/overcommit_ratio\n" } },
		  { NULL, ETC "a.conf" },
		  { 0, 1 } },
		{ { { ETC "a.conf", R "1\nvm.overcommit_ratio\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "- " R "1\n" } }, { ETC "a.conf", NULL }, { 1, 0 } },
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", "vm.overcommit_r*=2\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "vm.overcommit_r*=2\n" }, { ETC "b.conf", R "1\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "vm.overcommit_r*=2" },
		    { ETC "b.conf", "-vm.overcommit_ratio" } },
		  BOTH(NULL),
		  BOTH(0) },
		/* systemd keeps each pattern's place, up to some. */
		{ { { ETC "a.conf", "vm.overcommit_r*=8\n" },
		    { ETC "b.conf", "vm.overcommit_ra*=9\n" },
		    { ETC "c.conf", "vm/overcommit_r*=8\n" } },
		  { ETC "b.conf", ETC "c.conf" },
		  { 9, 8 } },
		{ { { ETC "a.conf", "vm.overcommit_r*=8\n" },
		    { ETC "b.conf", "vm.overcommit_ra*=9\n" },
		    { ETC "c.conf", "vm.overcommit_r*=7\n" } },
		  BOTH(ETC "c.conf"),
		  BOTH(7) },
		{ { { ETC "a.conf", TEN_PATTERNS }, { ETC "b.conf", "vm.*ra*=2\n" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 10, 2 } },
		{ { { ETC "a.conf", TEN_PATTERNS }, { ETC "b.conf", "vm.*ra*=11\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(11) },
		{ { { ETC "a.conf", TEN_PATTERNS "-vm.*ratio\n" },
		    { ETC "b.conf", "vm.*ratio=11\n" } },
		  { "!", ETC "b.conf" },
		  { -EBADMSG, 11 } },
		{ { { ETC "a.conf", TEN_PATTERNS },
		    { ETC "b.conf", "vm.*ratio=11\nvm.*ra*=12\nvm.*ratio=11\n" } },
		  { "!", ETC "b.conf" },
		  { -EBADMSG, 11 } },
		{ { { ETC "a.conf", TEN_PATTERNS "vm.*ratio=11\n" },
		    { ETC "b.conf", R "1\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", TEN_PATTERNS "vm.*ratio=11\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "vm.overcommit_r*=8\n" },
		    { ETC "b.conf", "-vm.overcommit_r*\n-vm.overcommit_ra*\n" } },
		  { "!", ETC "a.conf" },
		  { -EBADMSG, 8 } },
		{ { { ETC "a.conf", "-vm.overcommit_r*\nvm.overcommit_ra*=8\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(8) },
		/* Other ways to write a name. */
		{ { { ETC "a.conf", "--" R "1\n" } }, { NULL, ETC "a.conf" }, { 0, 1 } },
		{ { { ETC "a.conf", "vm/overcommit_ratio/=1\n" } },
		  { ETC "a.conf", NULL },
		  { 1, 0 } },
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", "vm/../vm/overcommit_ratio=2\n" } },
		  BOTH("!"),
		  BOTH(-EBADMSG) },
		{ { { ETC "a.conf", "net.x=1\r" R "2\n" }, { ETC "b.conf", R "3\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(3) },
		/* What is not plain does no harm to others. */
		{ { { ETC "a.conf", R "x\n" }, { ETC "b.conf", R "1\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", "vm.overcommit_memory=x\n" R "1\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", R "0x1\n" } },
		  BOTH("!"),
		  BOTH(-EBADMSG) },
		{ { { ETC "a.conf", R "3333333333\n" } }, BOTH("!"), BOTH(-ERANGE) },
	};

	expect_each_found(*state, cases, LENGTH(cases), OOMCTL_VM_OVERCOMMIT_RATIO);
}

static void a_line_of_the_other_undoes_ratio(void **state)
{
	static const struct found cases[] = {
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", K "2\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(0) },
		{ { { ETC "a.conf", K "2\n" }, { ETC "b.conf", R "1\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", K "2\n" } }, BOTH(ETC "a.conf"), BOTH(0) },
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", K "0\n" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 1, 0 } },
		{ { { ETC "a.conf", K "0\n" } }, { NULL, ETC "a.conf" }, { 0, 0 } },
		{ { { ETC "a.conf", K "2\n" R "1\n" }, { ETC "b.conf", K "3\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(0) },
		/* systemd leaves what is repeated in its place. */
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", K "2\n" },
		    { ETC "c.conf", R "1\n" } },
		  { ETC "b.conf", ETC "c.conf" },
		  { 0, 1 } },
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", K "2\n" },
		    { ETC "c.conf", R "3\n" } },
		  BOTH(ETC "c.conf"),
		  BOTH(3) },
		/* What undid it is taken back. */
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", K "2\n" },
		    { ETC "c.conf", "-vm.overcommit_kbytes" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 1, 0 } },
		{ { { ETC "a.conf", R "1\n" },
		    { ETC "b.conf", "vm.overcommit_k*=2\n" },
		    { ETC "c.conf", "-vm.overcommit_kbytes" } },
		  BOTH(ETC "a.conf"),
		  BOTH(1) },
		{ { { ETC "a.conf", K "2\n" }, { ETC "b.conf", R "0\n" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 0, 0 } },
		{ { { ETC "a.conf", R "0\n" }, { ETC "b.conf", K "2\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(0) },
		{ { { ETC "a.conf", "vm.overcommit_*=2\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(2) },
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", K "x\n" } },
		  BOTH("!"),
		  BOTH(-EBADMSG) },
	};

	expect_each_found(*state, cases, LENGTH(cases), OOMCTL_VM_OVERCOMMIT_RATIO);
}

static void a_line_of_the_other_undoes_kbytes(void **state)
{
	static const struct found cases[] = {
		{ { { ETC "a.conf", K "2\n" }, { ETC "b.conf", R "1\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(0) },
		{ { { ETC "a.conf", R "1\n" }, { ETC "b.conf", K "2\n" } },
		  BOTH(ETC "b.conf"),
		  BOTH(2) },
		{ { { ETC "a.conf", K "2\n" }, { ETC "b.conf", R "0\n" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 2, 0 } },
		{ { { ETC "a.conf", R "0\n" } }, BOTH(ETC "a.conf"), BOTH(0) },
		{ { { ETC "a.conf", R "0\n" }, { ETC "b.conf", K "0\n" } },
		  { ETC "a.conf", ETC "b.conf" },
		  { 0, 0 } },
		{ { { ETC "a.conf", "vm.overcommit_*=2\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(0) },
		{ { { ETC "a.conf", K "18446744073709551615\n" } },
		  BOTH(ETC "a.conf"),
		  BOTH(-1) },
	};

	expect_each_found(*state, cases, LENGTH(cases), OOMCTL_VM_OVERCOMMIT_KBYTES);
}

static void every_knob_is_found_by_its_name(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_policy policy = a_policy(), got;
	char path[400];

	fixture_put(f, ETC "a.conf", A_TEXT);
	for (int k = OOMCTL_VM_OVERCOMMIT_MEMORY; k <= OOMCTL_VM_PANIC_TIMEOUT; k++) {
		struct oomctl_policy want = policy;

		want.knobs = 1U << k;
		want = as_read(want);
		assert_int_equal(oomctl_dropin_find(f->dir, OOMCTL_DROPIN_SYSTEMD,
						    (enum oomctl_vm_knob)k, &got,
						    sizeof(got), path, sizeof(path)),
				 0);
		assert_memory_equal(&got, &want, sizeof(got));
	}
}

static int find_ratio(const char *root, int loader, size_t capacity, char *path)
{
	struct oomctl_policy got = { .knobs = 77 };
	int r = oomctl_dropin_find(root, (enum oomctl_dropin_loader)loader,
				   OOMCTL_VM_OVERCOMMIT_RATIO, &got, sizeof(got), path,
				   capacity);

	assert_int_equal(got.knobs, r == 0 ? RATIO : 77);
	return r;
}

static void a_root_may_end_in_slashes(void **state)
{
	const struct fixture *f = *state;
	char root[80], path[400], want[400];

	fixture_put(f, ETC "a.conf", R "1\n");
	snprintf(root, sizeof(root), "%s//", f->dir);
	snprintf(want, sizeof(want), "%s", fixture_path(f, ETC "a.conf"));
	assert_int_equal(find_ratio(root, SYSTEMD, sizeof(path), path), 0);
	assert_string_equal(path, want);

	/* NULL is "/", where anything may be. */
	assert_int_equal(find_ratio(NULL, SYSTEMD, sizeof(path), path),
			 find_ratio("/", SYSTEMD, sizeof(path), path));
}

static void a_path_that_does_not_fit_is_not_begun(void **state)
{
	const struct fixture *f = *state;
	char path[400] = "untouched";
	size_t len;

	fixture_put(f, ETC "a.conf", R "1\n");
	len = strlen(fixture_path(f, ETC "a.conf"));
	for (size_t capacity = 0; capacity <= len; capacity++)
		assert_int_equal(find_ratio(f->dir, SYSTEMD, capacity, path), -ERANGE);
	assert_string_equal(path, "untouched");
	assert_int_equal(find_ratio(f->dir, SYSTEMD, len + 1, path), 0);
	assert_int_equal(strlen(path), len);
}

static void the_longest_root_and_name_are_taken(void **state)
{
	const struct fixture *f = *state;
	char name[300] = LOCAL, root[1002], path[1300];

	memset(name + strlen(LOCAL), 'x', 255);
	strcpy(name + strlen(LOCAL) + 250, ".conf");
	/* fixture_put() has a shorter path. */
	fixture_put(f, LOCAL "a", R "1\n");
	{
		char whole[400];

		snprintf(whole, sizeof(whole), "%s/%s", f->dir, name);
		assert_int_equal(rename(fixture_path(f, LOCAL "a"), whole), 0);
	}
	memset(root, '/', sizeof(root));
	memcpy(root + 1000 - strlen(f->dir), f->dir, strlen(f->dir));
	root[1000] = '\0';
	assert_int_equal(find_ratio(root, PROCPS, sizeof(path), path), 0);
	assert_int_equal(strlen(path), 1000 + 1 + strlen(name));
	memcpy(root + 1001 - strlen(f->dir), f->dir, strlen(f->dir) + 1);
	assert_int_equal(find_ratio(root, PROCPS, sizeof(path), path), -EINVAL);
}

static void what_is_no_question_is_refused_before_any_system_call(void **state)
{
	struct oomctl_policy got = { .knobs = 77 };
	char path[400] = "untouched";

	(void)state;
	set_fault(OPENAT, 0, 0, 0);
	for (int loader = -1; loader < 5; loader++)
		if (loader != SYSTEMD && loader != PROCPS)
			assert_int_equal(find_ratio("/", loader, sizeof(path), path),
					 -EINVAL);
#define FIND(KNOB, OUT, SIZE, PATH)                                                      \
	oomctl_dropin_find("/", OOMCTL_DROPIN_SYSTEMD, (enum oomctl_vm_knob)(KNOB), OUT, \
			   SIZE, PATH, sizeof(path))
	assert_int_equal(find_ratio("", SYSTEMD, sizeof(path), path), -EINVAL);
	assert_int_equal(FIND(0, &got, sizeof(got), path), -EINVAL);
	assert_int_equal(FIND(10, &got, sizeof(got), path), -EINVAL);
	assert_int_equal(FIND(1, NULL, sizeof(got), path), -EINVAL);
	assert_int_equal(FIND(1, &got, 0, path), -EINVAL);
	assert_int_equal(FIND(1, &got, sizeof(got), NULL), -EINVAL);
	assert_int_equal(seen[OPENAT], 0);
	assert_int_equal(got.knobs, 77);
	assert_string_equal(path, "untouched");
}

static void what_cannot_be_looked_at_is_not_passed_over(void **state)
{
	const struct fixture *f = *state;
	char path[400], *text;

	fixture_put(f, ETC "a.conf", R "1\n");
	fixture_put(f, ETC "b.conf", "");
	for (int n = 1; n <= 8; n++) { /* directories, and files at places of their own */
		set_fault(OPENAT, n, 1, EACCES);
		assert_int_equal(find_ratio(f->dir, PROCPS, sizeof(path), path), -EACCES);
	}
	set_fault(OPENAT, 0, 0, 0);

	text = calloc(1, 70000);
	memset(text, '\n', 70000);
	fixture_put_bytes(f, ETC "b.conf", text, 70000);
	free(text);
	assert_int_equal(find_ratio(f->dir, PROCPS, sizeof(path), path), -EBADMSG);
}

static void a_name_longer_than_any_is_refused(void **state)
{
	const struct fixture *f = *state;
	char path[400], name[300];

	fixture_put(f, ETC "a.conf", R "1\n");
	memset(name, 'x', sizeof(name));
	strcpy(name + 256 - 5, ".conf");
	listed = name;
	assert_int_equal(find_ratio(f->dir, PROCPS, sizeof(path), path), -EBADMSG);
	listed = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_becomes_a_line_for_each_of_its_knobs),
		cmocka_unit_test(of_ratio_and_kbytes_the_one_that_is_0_gets_no_line),
		cmocka_unit_test(what_is_out_of_range_has_no_text),
		cmocka_unit_test(what_is_not_meant_may_be_out_of_range),
		cmocka_unit_test(a_text_that_does_not_fit_is_not_begun),
		cmocka_unit_test(a_pointer_that_is_missing_is_refused),
		cmocka_unit_test(what_was_written_is_read_as_it_was),
		cmocka_unit_test(lines_are_read_as_loaders_read_them),
		cmocka_unit_test(only_what_has_one_meaning_is_a_number),
		cmocka_unit_test(a_byte_of_0_is_refused_where_a_line_may_be_of_a_knob),
		cmocka_unit_test(each_knob_has_its_own_member),
		cmocka_unit_test(a_size_that_differs_gets_what_it_knows),
		FIXTURE_TEST(a_file_has_its_mode_whatever_the_umask_is),
		FIXTURE_TEST(what_was_written_can_be_read),
		FIXTURE_TEST(a_link_is_replaced_and_its_target_left_alone),
		FIXTURE_TEST(a_directory_is_not_replaced),
		FIXTURE_TEST(a_directory_that_is_missing_is_not_made),
		FIXTURE_TEST(a_path_may_be_relative),
		cmocka_unit_test(a_path_that_names_no_file_is_refused),
		FIXTURE_TEST(the_longest_path_and_name_are_taken),
		FIXTURE_TEST(a_write_that_fails_leaves_all_as_it_was),
		FIXTURE_TEST(a_write_that_is_cut_short_leaves_all_as_it_was),
		FIXTURE_TEST(when_the_directory_is_not_synced_the_new_file_is_there),
		FIXTURE_TEST(what_passes_is_tried_again),
		FIXTURE_TEST(a_file_is_read_as_its_text_is),
		FIXTURE_TEST(a_file_that_cannot_be_read_is_refused),
		FIXTURE_TEST(as_much_as_64_kib_is_read),
		FIXTURE_TEST(a_fifo_is_empty),
		FIXTURE_TEST(the_file_that_decides_is_found),
		FIXTURE_TEST(a_line_of_the_other_undoes_ratio),
		FIXTURE_TEST(a_line_of_the_other_undoes_kbytes),
		FIXTURE_TEST(every_knob_is_found_by_its_name),
		FIXTURE_TEST(a_root_may_end_in_slashes),
		FIXTURE_TEST(a_path_that_does_not_fit_is_not_begun),
		FIXTURE_TEST(the_longest_root_and_name_are_taken),
		cmocka_unit_test(what_is_no_question_is_refused_before_any_system_call),
		FIXTURE_TEST(what_cannot_be_looked_at_is_not_passed_over),
		FIXTURE_TEST(a_name_longer_than_any_is_refused),
	};

	return cmocka_run_group_tests_name("dropin", tests, NULL, NULL);
}
