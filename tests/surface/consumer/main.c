/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <oomctl/oomctl.h>

int main(void)
{
	enum oomctl_overcommit policy;
	int r;

	r = oomctl_vm_get_overcommit_memory(NULL, &policy);
	puts(r == 0 ? oomctl_version() : oomctl_strerror(r));
	return r != 0;
}
