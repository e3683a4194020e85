/* SPDX-License-Identifier: MIT */
#include <oomctl/vm.h>

#include <string.h>

#include "fixture.h"
#include "test.h"

/* Every knob, through calls of one shape. */
struct row {
	const char *path;
	int (*get)(const struct oomctl_ctx *ctx, int64_t *out);
	int (*set)(const struct oomctl_ctx *ctx, int64_t value);
	int (*get_null)(const struct oomctl_ctx *ctx);
	int64_t get_min, set_min, max;
};

#define ROW_CALLS(NAME, TYPE)                                                            \
	static int get_##NAME(const struct oomctl_ctx *ctx, int64_t *out)                \
	{                                                                                \
		TYPE v = (TYPE)UNTOUCHED;                                                \
		int r = oomctl_vm_get_##NAME(ctx, &v);                                   \
		if (r < 0)                                                               \
			assert_true(v == (TYPE)UNTOUCHED);                               \
		else                                                                     \
			*out = (int64_t)v;                                               \
		return r;                                                                \
	}                                                                                \
	static int set_##NAME(const struct oomctl_ctx *ctx, int64_t value)               \
	{                                                                                \
		return oomctl_vm_set_##NAME(ctx, (TYPE)value);                           \
	}                                                                                \
	static int get_null_##NAME(const struct oomctl_ctx *ctx)                         \
	{                                                                                \
		return oomctl_vm_get_##NAME(ctx, NULL);                                  \
	}

ROW_CALLS(overcommit_memory, enum oomctl_overcommit)
ROW_CALLS(overcommit_ratio, int32_t)
ROW_CALLS(overcommit_kbytes, uint64_t)
ROW_CALLS(panic_on_oom, enum oomctl_panic)
ROW_CALLS(oom_kill_allocating_task, int32_t)
ROW_CALLS(oom_dump_tasks, int32_t)
ROW_CALLS(admin_reserve_kbytes, uint64_t)
ROW_CALLS(user_reserve_kbytes, uint64_t)
ROW_CALLS(panic_timeout, int32_t)

#define ROW(PATH, NAME, GET_MIN, SET_MIN, MAX)                                           \
	{                                                                                \
		"proc/sys/" PATH, get_##NAME, set_##NAME, get_null_##NAME, GET_MIN,      \
		    SET_MIN, MAX                                                         \
	}

static const struct row rows[] = {
	ROW("vm/overcommit_memory", overcommit_memory, 0, 0, 2),
	ROW("vm/overcommit_ratio", overcommit_ratio, INT32_MIN, 0, INT32_MAX),
	ROW("vm/overcommit_kbytes", overcommit_kbytes, 0, 0, INT64_MAX),
	ROW("vm/panic_on_oom", panic_on_oom, 0, 0, 2),
	ROW("vm/oom_kill_allocating_task", oom_kill_allocating_task, INT32_MIN, INT32_MIN,
	    INT32_MAX),
	ROW("vm/oom_dump_tasks", oom_dump_tasks, INT32_MIN, INT32_MIN, INT32_MAX),
	ROW("vm/admin_reserve_kbytes", admin_reserve_kbytes, 0, 0, INT64_MAX),
	ROW("vm/user_reserve_kbytes", user_reserve_kbytes, 0, 0, INT64_MAX),
	ROW("kernel/panic", panic_timeout, INT32_MIN, INT32_MIN, INT32_MAX),
};

static void put_number(const struct fixture *f, const char *path, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", (long long)value);
	fixture_put(f, path, text);
}

static void expect_number(const struct fixture *f, const char *path, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	fixture_expect(f, path, text);
}

static void getters_read_every_value_of_the_range(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const int64_t values[] = { rows[i].get_min, rows[i].get_min + 1, 0, 1,
					   rows[i].max - 1, rows[i].max };

		for (size_t j = 0; j < LENGTH(values); j++) {
			int64_t v = UNTOUCHED;

			put_number(f, rows[i].path, values[j]);
			assert_int_equal(rows[i].get(f->ctx, &v), 0);
			assert_true(v == values[j]);
		}
	}
}

static void getters_refuse_what_is_out_of_range(void **state)
{
	const struct fixture *f = *state;
	int64_t v = UNTOUCHED;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		put_number(f, rows[i].path, rows[i].get_min - 1);
		assert_int_equal(rows[i].get(f->ctx, &v), -ERANGE);
		if (rows[i].max == INT64_MAX)
			fixture_put(f, rows[i].path, "18446744073709551616\n");
		else
			put_number(f, rows[i].path, rows[i].max + 1);
		assert_int_equal(rows[i].get(f->ctx, &v), -ERANGE);
	}
	assert_int_equal(v, UNTOUCHED);
}

static void getters_refuse_unreadable_text(void **state)
{
	static const char *const texts[] = {
		"",       "\n",
		"x\n",    "1 2\n",
		"1\n2\n", "1x\n",
		" 1\n",   "0x1\n",
		"-\n",    "00000000000000000000000000000000000000000000001\n",
	};
	const struct fixture *f = *state;
	int64_t v = UNTOUCHED;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		for (size_t j = 0; j < LENGTH(texts); j++) {
			fixture_put(f, rows[i].path, texts[j]);
			assert_int_equal(rows[i].get(f->ctx, &v), -EBADMSG);
		}
		fixture_put_bytes(f, rows[i].path, "1\0\n", 3);
		assert_int_equal(rows[i].get(f->ctx, &v), -EBADMSG);
	}
	assert_int_equal(v, UNTOUCHED);
}

static void a_knob_that_is_absent_is_not_supported(void **state)
{
	const struct fixture *f = *state;
	int64_t v = UNTOUCHED;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(rows[i].get(f->ctx, &v), -EOPNOTSUPP);
		assert_int_equal(rows[i].set(f->ctx, 1), -EOPNOTSUPP);
	}
	assert_int_equal(v, UNTOUCHED);
}

static void a_null_output_is_refused_before_anything_is_read(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_int_equal(rows[i].get_null(f->ctx),
				 -EINVAL); /* and not -EOPNOTSUPP */
}

static void setters_write_the_shortest_text(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const int64_t values[] = { rows[i].set_min, 0, 1, rows[i].max };

		for (size_t j = 0; j < LENGTH(values); j++) {
			fixture_put(f, rows[i].path, "");
			assert_int_equal(rows[i].set(f->ctx, values[j]), 0);
			expect_number(f, rows[i].path, values[j]);
		}
	}
}

static void setters_refuse_before_anything_is_written(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(rows); i++) {
		fixture_put(f, rows[i].path, "1\n");
		if (rows[i].set_min > INT32_MIN && rows[i].max < INT64_MAX)
			assert_int_equal(rows[i].set(f->ctx, rows[i].set_min - 1),
					 -EINVAL);
		if (rows[i].max < INT32_MAX)
			assert_int_equal(rows[i].set(f->ctx, rows[i].max + 1), -EINVAL);
		fixture_expect(f, rows[i].path, "1\n");
	}
}

static void the_largest_unsigned_long_goes_both_ways(void **state)
{
	const struct fixture *f = *state;
	uint64_t v = 0;

	fixture_put(f, "proc/sys/vm/overcommit_kbytes", "");
	assert_int_equal(oomctl_vm_set_overcommit_kbytes(f->ctx, UINT64_MAX), 0);
	fixture_expect(f, "proc/sys/vm/overcommit_kbytes", "18446744073709551615");
	assert_int_equal(oomctl_vm_get_overcommit_kbytes(f->ctx, &v), 0);
	assert_true(v == UINT64_MAX);
}

/* A root may hold anything: nothing of it hangs, and nothing of it is followed by harm.
 */
static void a_strange_root_is_refused(void **state)
{
	const struct fixture *f = *state;
	enum oomctl_overcommit v = OOMCTL_OVERCOMMIT_ALWAYS;

	fixture_put(f, "proc/sys/vm/overcommit_memory/inside", "1\n");
	assert_int_equal(oomctl_vm_get_overcommit_memory(f->ctx, &v), -EIO);
	assert_int_equal(oomctl_vm_set_overcommit_memory(f->ctx, v), -EIO);
	fixture_remove(f, "proc/sys/vm/overcommit_memory/inside");
	fixture_remove(f, "proc/sys/vm/overcommit_memory");

	fixture_make_fifo(f, "proc/sys/vm/overcommit_memory");
	assert_int_equal(oomctl_vm_get_overcommit_memory(f->ctx, &v), -EBADMSG);
	assert_int_equal(oomctl_vm_set_overcommit_memory(f->ctx, v), -EIO);
	assert_int_equal(v, OOMCTL_OVERCOMMIT_ALWAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(getters_read_every_value_of_the_range),
		FIXTURE_TEST(getters_refuse_what_is_out_of_range),
		FIXTURE_TEST(getters_refuse_unreadable_text),
		FIXTURE_TEST(a_knob_that_is_absent_is_not_supported),
		FIXTURE_TEST(a_null_output_is_refused_before_anything_is_read),
		FIXTURE_TEST(setters_write_the_shortest_text),
		FIXTURE_TEST(setters_refuse_before_anything_is_written),
		FIXTURE_TEST(the_largest_unsigned_long_goes_both_ways),
		FIXTURE_TEST(a_strange_root_is_refused),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
