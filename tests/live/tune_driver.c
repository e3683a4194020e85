/* SPDX-License-Identifier: MIT */
/* Applies a policy, for tune_crash.py, which ends it in the middle.
 * Usage: tune_driver ROOT|- NUMBER=VALUE..., the numbers those of enum oomctl_vm_knob. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <oomctl/oomctl.h>

static int set_member(struct oomctl_policy *p, int knob, int64_t value)
{
	int32_t *const narrow[] = {
		[OOMCTL_VM_OVERCOMMIT_MEMORY] = &p->overcommit_memory,
		[OOMCTL_VM_OVERCOMMIT_RATIO] = &p->overcommit_ratio,
		[OOMCTL_VM_PANIC_ON_OOM] = &p->panic_on_oom,
		[OOMCTL_VM_OOM_KILL_ALLOCATING_TASK] = &p->oom_kill_allocating_task,
		[OOMCTL_VM_OOM_DUMP_TASKS] = &p->oom_dump_tasks,
		[OOMCTL_VM_PANIC_TIMEOUT] = &p->panic_timeout,
	};
	uint64_t *const wide[] = {
		[OOMCTL_VM_OVERCOMMIT_KBYTES] = &p->overcommit_kbytes,
		[OOMCTL_VM_ADMIN_RESERVE_KBYTES] = &p->admin_reserve_kbytes,
		[OOMCTL_VM_USER_RESERVE_KBYTES] = &p->user_reserve_kbytes,
		[OOMCTL_VM_PANIC_TIMEOUT] = NULL,
	};

	if (knob < OOMCTL_VM_OVERCOMMIT_MEMORY || knob > OOMCTL_VM_PANIC_TIMEOUT)
		return -1;
	if (wide[knob])
		*wide[knob] = (uint64_t)value;
	else
		*narrow[knob] = (int32_t)value;
	p->knobs |= UINT32_C(1) << knob;
	return 0;
}

/* Between two system calls that nothing else makes. */
static int apply(const struct oomctl_ctx *ctx, const struct oomctl_policy *p)
{
	struct oomctl_tune_steps steps = { 0 };
	int r;

	syscall(SYS_getppid);
	r = oomctl_tune_apply(ctx, p, OOMCTL_TUNE_ACCEPT_RISKS, &steps, sizeof(steps));
	syscall(SYS_getppid);
	if (r < 0)
		fprintf(stderr, "knob %" PRIu32 ": %s\n", steps.failed_knob,
			oomctl_strerror(r));
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct oomctl_ctx *ctx = NULL;
	struct oomctl_policy p = { 0 };
	int64_t value;
	int knob, r;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++)
		if (sscanf(argv[i], "%d=%" SCNd64, &knob, &value) != 2 ||
		    set_member(&p, knob, value) < 0)
			return 2;
	if (strcmp(argv[1], "-") != 0 && oomctl_ctx_new(argv[1], argv[1], &ctx) < 0)
		return 2;

	r = apply(ctx, &p);
	oomctl_ctx_free(ctx);
	return r;
}
