/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "calls.h"
#include "fixture.h"
#include "test.h"

enum { THREADS = 4, ROUNDS = 200 };

static pthread_barrier_t start;

/* Returns the name of a call whose result was wrong. */
static void *make_calls(void *ctx)
{
	const char *wrong = NULL;

	pthread_barrier_wait(&start);
	for (int i = 0; i < ROUNDS && !wrong; i++) {
		wrong = first_wrong(ctx);
		if (!wrong)
			wrong = first_wrong(NULL);
	}
	return (void *)(uintptr_t)wrong;
}

static void threads_may_share_a_context(void **state)
{
	const struct fixture *f = *state;
	pthread_t threads[THREADS];
	void *wrong[THREADS];

	put_machine(f);
	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_calls, f->ctx),
				 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], &wrong[i]), 0);
	for (int i = 0; i < THREADS; i++)
		if (wrong[i])
			fail_msg("%s", (const char *)wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MACHINE_TEST(threads_may_share_a_context) };

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
