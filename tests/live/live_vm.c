/* SPDX-License-Identifier: MIT */
#include <oomctl/vm.h>

#include <fcntl.h>
#include <unistd.h>

#include <oomctl/meminfo.h>

#include "restore.h"
#include "test.h"

/* What the file says, read apart from the library. */
static long long read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	long long v = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lld", &v), 1);
	fclose(file);
	return v;
}

static bool may_write(void)
{
	int fd = open("/proc/sys/vm/panic_on_oom", O_WRONLY | O_CLOEXEC);

	close(fd);
	return fd >= 0;
}

#define NEED_TO_WRITE()                                                                  \
	do {                                                                             \
		if (!may_write())                                                        \
			SKIP_UNAVOIDABLE("no right to set the knobs of this machine");   \
	} while (0)

#define EXPECT_EQUAL(NAME, TYPE, PATH)                                                   \
	do {                                                                             \
		TYPE v = (TYPE)UNTOUCHED;                                                \
		assert_int_equal(oomctl_vm_get_##NAME(NULL, &v), 0);                     \
		assert_true((long long)v == read_file(PATH));                            \
	} while (0)

static void every_getter_says_what_the_file_says(void **state)
{
	(void)state;
	EXPECT_EQUAL(overcommit_memory, enum oomctl_overcommit,
		     "/proc/sys/vm/overcommit_memory");
	EXPECT_EQUAL(overcommit_ratio, int32_t, "/proc/sys/vm/overcommit_ratio");
	EXPECT_EQUAL(overcommit_kbytes, uint64_t, "/proc/sys/vm/overcommit_kbytes");
	EXPECT_EQUAL(panic_on_oom, enum oomctl_panic, "/proc/sys/vm/panic_on_oom");
	EXPECT_EQUAL(oom_kill_allocating_task, int32_t,
		     "/proc/sys/vm/oom_kill_allocating_task");
	EXPECT_EQUAL(oom_dump_tasks, int32_t, "/proc/sys/vm/oom_dump_tasks");
	EXPECT_EQUAL(admin_reserve_kbytes, uint64_t, "/proc/sys/vm/admin_reserve_kbytes");
	EXPECT_EQUAL(user_reserve_kbytes, uint64_t, "/proc/sys/vm/user_reserve_kbytes");
	EXPECT_EQUAL(panic_timeout, int32_t, "/proc/sys/kernel/panic");
}

#define SET_EACH(NAME, TYPE, PATH, ...)                                                  \
	do {                                                                             \
		static const long long values[] = { __VA_ARGS__ };                       \
		for (size_t i = 0; i < LENGTH(values); i++) {                            \
			assert_int_equal(oomctl_vm_set_##NAME(NULL, (TYPE)values[i]),    \
					 0);                                             \
			assert_true(read_file(PATH) == values[i]);                       \
			EXPECT_EQUAL(NAME, TYPE, PATH);                                  \
		}                                                                        \
	} while (0)

static void every_setter_sets_the_file(void **state)
{
	(void)state;
	NEED_TO_WRITE();
	SET_EACH(overcommit_memory, enum oomctl_overcommit,
		 "/proc/sys/vm/overcommit_memory", 1, 0);
	SET_EACH(overcommit_ratio, int32_t, "/proc/sys/vm/overcommit_ratio", 0, 1, 99,
		 100, 101, INT32_MAX, 50);
	SET_EACH(overcommit_kbytes, uint64_t, "/proc/sys/vm/overcommit_kbytes", 1, 4096,
		 1000000007, INT64_MAX);
	SET_EACH(overcommit_ratio, int32_t, "/proc/sys/vm/overcommit_ratio", 50);
	SET_EACH(panic_on_oom, enum oomctl_panic, "/proc/sys/vm/panic_on_oom", 1, 2, 0);
	SET_EACH(oom_kill_allocating_task, int32_t,
		 "/proc/sys/vm/oom_kill_allocating_task", 1, -1, INT32_MAX, INT32_MIN, 0);
	SET_EACH(oom_dump_tasks, int32_t, "/proc/sys/vm/oom_dump_tasks", 0, -1, INT32_MAX,
		 INT32_MIN, 1);
	SET_EACH(admin_reserve_kbytes, uint64_t, "/proc/sys/vm/admin_reserve_kbytes", 0,
		 1, 8191, 16384);
	SET_EACH(user_reserve_kbytes, uint64_t, "/proc/sys/vm/user_reserve_kbytes", 0, 1,
		 131071, 65536);
	SET_EACH(panic_timeout, int32_t, "/proc/sys/kernel/panic", 10, -1, 0, INT32_MAX,
		 INT32_MIN);
}

/* For the moment that it takes, and only where half of the limit would still be free. */
static void the_strict_policy_is_set_where_there_is_room(void **state)
{
	struct oomctl_meminfo m;

	(void)state;
	NEED_TO_WRITE();
	assert_int_equal(oomctl_vm_set_overcommit_ratio(NULL, 80), 0);
	assert_int_equal(oomctl_meminfo_read(NULL, &m, sizeof(m)), 0);
	if (m.committed_as_kb > m.commit_limit_kb / 2)
		SKIP_UNAVOIDABLE("too much is committed on this machine");
	SET_EACH(overcommit_memory, enum oomctl_overcommit,
		 "/proc/sys/vm/overcommit_memory", 2, 0);
}

static void ratio_and_kbytes_zero_each_other(void **state)
{
	uint64_t kbytes;
	int32_t ratio;

	(void)state;
	NEED_TO_WRITE();
	assert_int_equal(oomctl_vm_set_overcommit_kbytes(NULL, 5000000), 0);
	assert_int_equal(oomctl_vm_get_overcommit_ratio(NULL, &ratio), 0);
	assert_int_equal(ratio, 0);
	assert_int_equal(oomctl_vm_set_overcommit_ratio(NULL, 50), 0);
	assert_int_equal(oomctl_vm_get_overcommit_kbytes(NULL, &kbytes), 0);
	assert_int_equal(kbytes, 0);
}

static void what_is_refused_changes_nothing(void **state)
{
	(void)state;
	NEED_TO_WRITE();
	assert_int_equal(oomctl_vm_set_overcommit_ratio(NULL, 61), 0);
	assert_int_equal(oomctl_vm_set_overcommit_ratio(NULL, -1), -EINVAL);
	assert_int_equal(read_file("/proc/sys/vm/overcommit_ratio"), 61);
	assert_int_equal(oomctl_vm_set_overcommit_memory(NULL, (enum oomctl_overcommit)3),
			 -EINVAL);
	assert_int_equal(read_file("/proc/sys/vm/overcommit_memory"), 0);
	assert_int_equal(oomctl_vm_set_panic_on_oom(NULL, (enum oomctl_panic) - 1),
			 -EINVAL);
	assert_int_equal(read_file("/proc/sys/vm/panic_on_oom"), 0);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_getter_says_what_the_file_says),
		cmocka_unit_test(every_setter_sets_the_file),
		cmocka_unit_test(the_strict_policy_is_set_where_there_is_room),
		cmocka_unit_test(ratio_and_kbytes_zero_each_other),
		cmocka_unit_test(what_is_refused_changes_nothing),
	};

	return cmocka_run_group_tests_name("live vm", tests, NULL, NULL);
}

int main(void)
{
	return with_knobs_restored(run, NULL);
}
