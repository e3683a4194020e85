/* SPDX-License-Identifier: MIT */
/*
 * dropin_call write PATH RATIO        between two calls of getppid(); exit status: the code
 * dropin_call find ROOT LOADER KNOB    prints the code, the value and the path
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oomctl/dropin.h>

static int call_write(const char *path, const char *ratio)
{
	struct oomctl_policy policy = { .knobs = OOMCTL_POLICY_OVERCOMMIT_RATIO,
					.overcommit_ratio = atoi(ratio) };
	int r;

	getppid();
	r = oomctl_dropin_write(path, &policy);
	getppid();
	return -r;
}

static int call_find(const char *root, int loader, int knob)
{
	char path[1400] = "";
	struct oomctl_policy p = { 0 };
	int r = oomctl_dropin_find(root, (enum oomctl_dropin_loader)loader,
				   (enum oomctl_vm_knob)knob, &p, sizeof(p), path,
				   sizeof(path));
	int64_t value = knob == OOMCTL_VM_OVERCOMMIT_KBYTES ? (int64_t)p.overcommit_kbytes
			: knob == OOMCTL_VM_OVERCOMMIT_RATIO  ? p.overcommit_ratio
			: knob == OOMCTL_VM_OVERCOMMIT_MEMORY ? p.overcommit_memory
							      : p.oom_dump_tasks;

	return printf("%d %" PRId64 " %s\n", r, value, path) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return call_write(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "find") == 0)
		return call_find(argv[2], atoi(argv[3]), atoi(argv[4]));
	return 2;
}
