/* SPDX-License-Identifier: MIT */
#include <oomctl/base.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

#include "fixture.h"
#include "test.h"

static void the_version_is_that_of_the_header(void **state)
{
	char want[32];

	(void)state;
	snprintf(want, sizeof(want), "%d.%d.%d", OOMCTL_VERSION_MAJOR,
		 OOMCTL_VERSION_MINOR, OOMCTL_VERSION_PATCH);
	assert_string_equal(oomctl_version(), want);
}

static void every_code_has_words_of_its_own(void **state)
{
	static const int codes[] = { 0,        -EINVAL, -ENOMEM, -EMFILE, -ENFILE,
				     -EACCES,  -EPERM,  -EROFS,  -ESRCH,  -EOPNOTSUPP,
				     -EBADMSG, -ERANGE, -EBUSY,  -EIO };

	(void)state;
	for (size_t i = 0; i < LENGTH(codes); i++) {
		assert_string_not_equal(oomctl_strerror(codes[i]),
					oomctl_strerror(-EDOM));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(oomctl_strerror(codes[i]),
						oomctl_strerror(codes[j]));
	}
}

static void no_code_is_without_words(void **state)
{
	(void)state;
	for (int code = -5000; code <= 5000; code++)
		assert_non_null(oomctl_strerror(code));
	assert_non_null(oomctl_strerror(INT32_MIN));
	assert_string_equal(oomctl_strerror(EINVAL), oomctl_strerror(-EDOM));
}

static void a_context_may_be_of_this_machine(void **state)
{
	int before = open_descriptors();
	struct oomctl_ctx *ctx = NULL;
	struct oomctl_meminfo m;

	(void)state;
	assert_int_equal(oomctl_ctx_new(NULL, NULL, &ctx), 0);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(oomctl_meminfo_read(ctx, &m, sizeof(m)), 0);
	oomctl_ctx_free(ctx);
}

static void each_root_may_be_given_alone(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_ctx *ctx = NULL;
	int32_t ratio;

	fixture_put(f, "proc/sys/vm/overcommit_ratio", "4321\n");
	assert_int_equal(oomctl_ctx_new(fixture_path(f, "proc"), NULL, &ctx), 0);
	assert_int_equal(oomctl_vm_get_overcommit_ratio(ctx, &ratio), 0);
	assert_int_equal(ratio, 4321);
	oomctl_ctx_free(ctx);

	assert_int_equal(oomctl_ctx_new(NULL, fixture_path(f, "sys"), &ctx), 0);
	assert_int_equal(oomctl_vm_get_overcommit_ratio(ctx, &ratio), 0);
	assert_int_not_equal(ratio, 4321);
	oomctl_ctx_free(ctx);
}

static void a_context_keeps_its_directory(void **state)
{
	const struct fixture *f = *state;
	char moved[128];
	int32_t ratio;

	fixture_put(f, "proc/sys/vm/overcommit_ratio", "4321\n");
	snprintf(moved, sizeof(moved), "%s/moved", f->dir);
	assert_int_equal(rename(fixture_path(f, "proc"), moved), 0);
	assert_int_equal(oomctl_vm_get_overcommit_ratio(f->ctx, &ratio), 0);
	assert_int_equal(ratio, 4321);
}

static void a_root_that_is_no_directory_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct oomctl_ctx *const untouched =
	    (struct oomctl_ctx *)(uintptr_t)UNTOUCHED_U64;
	struct oomctl_ctx *ctx = untouched;
	char proc[128], file[128];
	int before = open_descriptors();

	fixture_put(f, "file", "");
	snprintf(proc, sizeof(proc), "%s/proc", f->dir);
	snprintf(file, sizeof(file), "%s/file", f->dir);
	assert_int_equal(oomctl_ctx_new("/nowhere", NULL, &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new("", NULL, &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new(proc, "/nowhere", &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new(NULL, "/nowhere", &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new(file, NULL, &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new(proc, file, &ctx), -EOPNOTSUPP);
	assert_int_equal(oomctl_ctx_new(proc, NULL, NULL), -EINVAL);
	assert_ptr_equal(ctx, untouched);
	assert_int_equal(open_descriptors(), before);
}

static void no_context_is_freed_freely(void **state)
{
	(void)state;
	oomctl_ctx_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_that_of_the_header),
		cmocka_unit_test(every_code_has_words_of_its_own),
		cmocka_unit_test(no_code_is_without_words),
		cmocka_unit_test(a_context_may_be_of_this_machine),
		FIXTURE_TEST(each_root_may_be_given_alone),
		FIXTURE_TEST(a_context_keeps_its_directory),
		FIXTURE_TEST(a_root_that_is_no_directory_is_refused),
		cmocka_unit_test(no_context_is_freed_freely),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
