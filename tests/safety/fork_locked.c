/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <oomctl/base.h>

#include "calls.h"
#include "fixture.h"
#include "test.h"

/*
 * A heap whose lock fork() does not reset, unlike glibc's own: a thread holds it while
 * another forks, so that nobody can ever release it in the child.
 */
static pthread_mutex_t heap = PTHREAD_MUTEX_INITIALIZER;
static bool in_child;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static void lock_heap(void)
{
	if (pthread_mutex_trylock(&heap) == 0)
		return;
	if (in_child)
		abort(); /* would wait for ever */
	pthread_mutex_lock(&heap);
}

void *malloc(size_t size)
{
	void *p;

	lock_heap();
	p = __libc_malloc(size);
	pthread_mutex_unlock(&heap);
	return p;
}

void *calloc(size_t count, size_t size)
{
	void *p;

	lock_heap();
	p = __libc_calloc(count, size);
	pthread_mutex_unlock(&heap);
	return p;
}

void *realloc(void *old, size_t size)
{
	void *p;

	lock_heap();
	p = __libc_realloc(old, size);
	pthread_mutex_unlock(&heap);
	return p;
}

void free(void *p)
{
	lock_heap();
	__libc_free(p);
	pthread_mutex_unlock(&heap);
}

static sem_t held, release;

static void *hold_the_heap(void *unused)
{
	pthread_mutex_lock(&heap);
	sem_post(&held);
	sem_wait(&release);
	pthread_mutex_unlock(&heap);
	return unused;
}

static pid_t fork_child(int (*body)(const struct fixture *), const struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0) {
		in_child = true;
		signal(SIGABRT, SIG_DFL); /* cmocka handles it */
		alarm(5);
		_exit(body(f));
	}
	return pid;
}

/* Nothing between the two semaphores may use the heap. */
static int status_with_the_heap_held(int (*body)(const struct fixture *),
				     const struct fixture *f)
{
	pthread_t holder;
	int status = -1;

	assert_int_equal(pthread_create(&holder, NULL, hold_the_heap, NULL), 0);
	sem_wait(&held);
	waitpid(fork_child(body, f), &status, 0);
	sem_post(&release);
	assert_int_equal(pthread_join(holder, NULL), 0);
	return status;
}

static int make_calls(const struct fixture *f)
{
	const char *wrong = first_wrong(f->ctx);

	if (!wrong)
		wrong = first_wrong(NULL);
	if (wrong)
		dprintf(STDERR_FILENO, "%s\n", wrong);
	return wrong ? 1 : 0;
}

static void calls_need_no_heap_between_fork_and_exec(void **state)
{
	int status;

	put_machine(*state);
	status = status_with_the_heap_held(make_calls, *state);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int make_context(const struct fixture *f)
{
	struct oomctl_ctx *ctx;

	(void)f;
	return oomctl_ctx_new(NULL, NULL, &ctx);
}

static int free_context(const struct fixture *f)
{
	oomctl_ctx_free(f->ctx);
	return 0;
}

static int print(const struct fixture *f)
{
	return fopen(fixture_path(f, "proc/meminfo"), "r") ? 0 : 1;
}

/* What the test above would see of a call that allocates, or that uses stdio. */
static void a_call_that_needs_the_heap_is_caught(void **state)
{
	static int (*const bodies[])(const struct fixture *) = { make_context,
								 free_context, print };

	put_machine(*state);
	for (size_t i = 0; i < LENGTH(bodies); i++) {
		int status = status_with_the_heap_held(bodies[i], *state);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE_TEST(calls_need_no_heap_between_fork_and_exec),
		MACHINE_TEST(a_call_that_needs_the_heap_is_caught),
	};

	sem_init(&held, 0, 0);
	sem_init(&release, 0, 0);
	return cmocka_run_group_tests_name("fork with the heap locked", tests, NULL,
					   NULL);
}
