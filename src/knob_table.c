/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>
#include <oomctl/vm.h>

#include "knob.h"

/* clang-format off */
#define INT(PATH, MIN, MAX) { PATH, MIN, MAX, false }
#define WIDE(PATH) { PATH, 0, 0, true }

const struct knob knob_of_vm[] = {
	[OOMCTL_VM_OVERCOMMIT_MEMORY]        = INT("/proc/sys/vm/overcommit_memory", 0, 2),
	[OOMCTL_VM_OVERCOMMIT_RATIO]         = INT("/proc/sys/vm/overcommit_ratio", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_OVERCOMMIT_KBYTES]        = WIDE("/proc/sys/vm/overcommit_kbytes"),
	[OOMCTL_VM_PANIC_ON_OOM]             = INT("/proc/sys/vm/panic_on_oom", 0, 2),
	[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = INT("/proc/sys/vm/oom_kill_allocating_task", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_OOM_DUMP_TASKS]           = INT("/proc/sys/vm/oom_dump_tasks", INT32_MIN, INT32_MAX),
	[OOMCTL_VM_ADMIN_RESERVE_KBYTES]     = WIDE("/proc/sys/vm/admin_reserve_kbytes"),
	[OOMCTL_VM_USER_RESERVE_KBYTES]      = WIDE("/proc/sys/vm/user_reserve_kbytes"),
	[OOMCTL_VM_PANIC_TIMEOUT]            = INT("/proc/sys/kernel/panic", INT32_MIN, INT32_MAX),
};

const struct knob knob_of_process[] = {
	[OOMCTL_PROC_OOM_SCORE]     = INT(KNOB_OOM_SCORE, 0, INT32_MAX),
	[OOMCTL_PROC_OOM_SCORE_ADJ] = INT(KNOB_OOM_SCORE_ADJ, OOMCTL_SCORE_ADJ_MIN, OOMCTL_SCORE_ADJ_MAX),
};
/* clang-format on */
