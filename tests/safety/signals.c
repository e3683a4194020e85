/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "calls.h"
#include "fixture.h"
#include "test.h"

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Sanitizers need more. */
enum { STACK_SIZE = SANITIZED ? 1 << 20 : 24 << 10, SIGNALS = 500, PAINT = 0xA5 };

static unsigned char *stack;
static const struct oomctl_ctx *context;
static volatile sig_atomic_t signals;
static const char *volatile wrong;

/* Below the stack is a page that nothing may touch. */
static void use_small_stack(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p = mmap(NULL, page + STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t alt = { .ss_sp = p + page, .ss_size = STACK_SIZE };

	assert_int_equal(mprotect(p, page, PROT_NONE), 0);
	assert_int_equal(sigaltstack(&alt, NULL), 0);
	stack = p + page;
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	assert_int_equal(sigaction(signal, &action, NULL), 0);
}

/* 0 ends it. */
static int tick_each(suseconds_t usec)
{
	struct itimerval timer = { { 0, usec }, { 0, usec } };

	return setitimer(ITIMER_REAL, &timer, NULL);
}

/* Ends the ticks from here: on a slow machine nothing else may get its turn. */
static void count(int signal)
{
	(void)signal;
	if (++signals == SIGNALS)
		tick_each(0);
}

static void make_calls(int signal)
{
	int before = errno;
	const char *name = first_wrong(signals % 2 ? context : NULL);

	if (name)
		wrong = name;
	count(signal);
	errno = before; /* as documented */
}

/* Work that keeps the heap and stdio busy; tells whether it was left alone. */
static bool work(unsigned int seed)
{
	char text[64], again[64];
	size_t size = 16 + seed % 5000;
	unsigned char *p = malloc(size);
	bool intact;

	memset(p, (int)(seed & 0xFF), size);
	p = realloc(p, size * 2);
	snprintf(text, sizeof(text), "%u %.9f", seed, seed / 7.0);
	snprintf(again, sizeof(again), "%u %.9f", seed, seed / 7.0);
	intact = strcmp(text, again) == 0 && p[0] == (seed & 0xFF) &&
		 p[size - 1] == (seed & 0xFF);
	free(p);
	return intact;
}

static void handlers_may_make_every_call(void **state)
{
	const struct fixture *f = *state;

	put_machine(f);
	context = f->ctx;
	signals = 0;
	wrong = NULL;
	handle(SIGALRM, make_calls);
	assert_int_equal(tick_each(300), 0);
	for (unsigned int i = 0; signals < SIGNALS && !wrong; i++)
		assert_true(work(i));
	tick_each(0);
	if (wrong)
		fail_msg("%s", wrong);
}

static void interrupted_calls_go_on(void **state)
{
	const struct fixture *f = *state;

	put_machine(f);
	signals = 0;
	wrong = NULL;
	handle(SIGALRM, count);
	assert_int_equal(tick_each(20), 0);
	while (signals < SIGNALS && !wrong) {
		wrong = first_wrong(f->ctx);
		if (!wrong)
			wrong = first_wrong(NULL);
	}
	tick_each(0);
	if (wrong)
		fail_msg("%s", wrong);
}

static const struct call *measured;
static size_t used;

/* Paints the stack below itself, and looks how far down the paint is gone. */
static void measure(int signal)
{
	unsigned char here = (unsigned char)signal;
	unsigned char *low = stack;

	memset(stack, PAINT, (size_t)(&here - stack) - 256);
	if (!measured->is_right(context))
		wrong = measured->name;
	while (*low == PAINT)
		low++;
	used = (size_t)(&here - low);
}

static size_t stack_used_by(const struct call *call, const struct oomctl_ctx *ctx)
{
	measured = call;
	context = ctx;
	raise(SIGUSR1); /* once for the dynamic linker */
	raise(SIGUSR1);
	return used;
}

/* As documented: 16 KiB at most. Getters and setters, and what reads nothing, need far less. */
static size_t most_stack_of(const char *name)
{
	static const struct {
		const char *part;
		size_t most;
	} rules[] = {
		{ "_predict_", 16 << 10 },     { "_rank_", 16 << 10 },
		{ "_probe_", 16 << 10 },       { "_tune_", 16 << 10 },
		{ "_meminfo_read", 11 << 10 }, { "_adjust_cgroup", 12 << 10 },
		{ "_adjust_tree", 12 << 10 },  { "_dropin_find", 12 << 10 },
		{ "_dropin_", 6 << 10 },       { "_why_", 6 << 10 },
		{ "_find_floor", 4 << 10 }, /* a status */
	};

	for (size_t i = 0; i < LENGTH(rules); i++)
		if (strstr(name, rules[i].part))
			return rules[i].most;
	return 2 << 10;
}

static void expect_little_stack(const struct call *call, const struct oomctl_ctx *ctx)
{
	size_t bytes = stack_used_by(call, ctx);

	print_message("%5zu bytes of stack: %s%s\n", bytes, call->name,
		      ctx ? "" : " on this machine");
	assert_true(bytes < most_stack_of(call->name));
}

static void calls_need_little_stack(void **state)
{
	const struct fixture *f = *state;

	if (SANITIZED)
		SKIP_UNAVOIDABLE("a sanitizer uses stack of its own");
	put_machine(f);
	handle(SIGUSR1, measure);
	wrong = NULL;
	for (size_t i = 0; i < calls_count; i++) {
		expect_little_stack(&calls[i], f->ctx);
		expect_little_stack(&calls[i], NULL);
	}
	assert_null(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE_TEST(handlers_may_make_every_call),
		MACHINE_TEST(interrupted_calls_go_on),
		MACHINE_TEST(calls_need_little_stack),
	};

	use_small_stack();
	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
