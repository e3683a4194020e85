/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>

#include <oomctl/vm.h>

#include "guest.h"

static int set;

#define TRY(NAME, TYPE, PATH, ...)                                                       \
	do {                                                                             \
		static const int64_t values[] = { __VA_ARGS__ };                         \
		for (size_t i = 0; i < LENGTH(values); i++) {                            \
			TYPE v;                                                          \
			EXPECT(oomctl_vm_set_##NAME(NULL, (TYPE)values[i]) == 0);        \
			EXPECT(number_in("/proc/sys/" PATH) == values[i]);               \
			EXPECT(oomctl_vm_get_##NAME(NULL, &v) == 0);                     \
			EXPECT((int64_t)v == values[i]);                                 \
			set++;                                                           \
		}                                                                        \
	} while (0)

#define REFUSE(NAME, TYPE, PATH, VALUE)                                                  \
	do {                                                                             \
		int64_t before = number_in("/proc/sys/" PATH);                           \
		EXPECT(oomctl_vm_set_##NAME(NULL, (TYPE)(VALUE)) == -EINVAL);            \
		EXPECT(number_in("/proc/sys/" PATH) == before);                          \
		set++;                                                                   \
	} while (0)

static void be_refused(void)
{
	int64_t before = number_in("/proc/sys/vm/overcommit_ratio");

	become_user(1000);
	EXPECT(oomctl_vm_set_overcommit_ratio(NULL, 77) == -EACCES);
	EXPECT(number_in("/proc/sys/vm/overcommit_ratio") == before);
}

/* The capabilities make no difference to these files, the user does. */
static void set_without_capabilities(void)
{
	drop_all_capabilities();
	EXPECT(oomctl_vm_set_overcommit_ratio(NULL, 55) == 0);
	EXPECT(number_in("/proc/sys/vm/overcommit_ratio") == 55);
}

SCENARIO(knobs)
{
	TRY(overcommit_memory, enum oomctl_overcommit, "vm/overcommit_memory", 1, 2, 0);
	TRY(overcommit_ratio, int32_t, "vm/overcommit_ratio", 0, 1, 100, 101, INT_MAX,
	    50);
	TRY(overcommit_kbytes, uint64_t, "vm/overcommit_kbytes", 0, 1, 4097, INT64_MAX);
	EXPECT(number_in("/proc/sys/vm/overcommit_ratio") == 0);
	TRY(overcommit_ratio, int32_t, "vm/overcommit_ratio", 50);
	EXPECT(number_in("/proc/sys/vm/overcommit_kbytes") == 0);
	TRY(panic_on_oom, enum oomctl_panic, "vm/panic_on_oom", 1, 2, 0);
	TRY(oom_kill_allocating_task, int32_t, "vm/oom_kill_allocating_task", 1, -1,
	    INT_MAX, INT_MIN, 0);
	TRY(oom_dump_tasks, int32_t, "vm/oom_dump_tasks", 0, -1, INT_MAX, INT_MIN, 1);
	TRY(admin_reserve_kbytes, uint64_t, "vm/admin_reserve_kbytes", 0, 1, INT64_MAX,
	    8192);
	TRY(user_reserve_kbytes, uint64_t, "vm/user_reserve_kbytes", 0, 1, INT64_MAX,
	    131072);
	TRY(panic_timeout, int32_t, "kernel/panic", 10, 0, INT_MAX, INT_MIN, -1);

	REFUSE(overcommit_memory, enum oomctl_overcommit, "vm/overcommit_memory", 3);
	REFUSE(overcommit_ratio, int32_t, "vm/overcommit_ratio", -1);
	REFUSE(panic_on_oom, enum oomctl_panic, "vm/panic_on_oom", 3);
	in_child(be_refused);
	in_child(set_without_capabilities);
	note("%d values", set + 2);
}
