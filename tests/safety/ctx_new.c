/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <oomctl/base.h>

#include "test.h"

static bool out_of_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return out_of_memory ? NULL : __real_malloc(size);
}

static struct oomctl_ctx *const untouched = (struct oomctl_ctx *)(uintptr_t)UNTOUCHED_U64;

static int next_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void no_memory_is_enomem(void **state)
{
	struct oomctl_ctx *ctx = untouched;
	int before = next_descriptor();
	int r;

	(void)state;
	out_of_memory = true;
	r = oomctl_ctx_new("/proc", "/sys", &ctx);
	out_of_memory = false;
	assert_int_equal(r, -ENOMEM);
	assert_ptr_equal(ctx, untouched);
	assert_int_equal(next_descriptor(), before);
}

static void limit_descriptors(int count)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Of the two that a context needs there is none, one, both. */
static void too_few_descriptors_are_emfile(void **state)
{
	struct oomctl_ctx *ctx = untouched;
	int next = next_descriptor();

	(void)state;
	for (int spare = 0; spare < 2; spare++) {
		limit_descriptors(next + spare);
		assert_int_equal(oomctl_ctx_new("/proc", "/sys", &ctx), -EMFILE);
		assert_ptr_equal(ctx, untouched);
		limit_descriptors(next + 8);
		assert_int_equal(next_descriptor(), next);
	}
	limit_descriptors(next + 2);
	assert_int_equal(oomctl_ctx_new("/proc", "/sys", &ctx), 0);
	limit_descriptors(next + 8);
	oomctl_ctx_free(ctx);
	assert_int_equal(next_descriptor(), next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_memory_is_enomem),
		cmocka_unit_test(too_few_descriptors_are_emfile),
	};

	return cmocka_run_group_tests_name("oomctl_ctx_new", tests, NULL, NULL);
}
