/* SPDX-License-Identifier: MIT */
#include <oomctl/proc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

/* Makes a call N times, for somebody who counts meanwhile. */
int main(int argc, char **argv)
{
	const struct call *call = argc == 5 ? find_call(argv[1]) : NULL;

	if (!call || strncmp(call->name, "oomctl_vm_set", 13) == 0) {
		fputs("usage: cost CALL N PID PIDFD; CALL sets no knob of the machine\n",
		      stderr);
		return 2;
	}

	given.pid = atoi(argv[3]);
	given.pidfd = atoi(argv[4]);
	if (oomctl_proc_get_oom_score_adj(NULL, given.pid, &given.adj) < 0)
		return 1;

	for (long n = atol(argv[2]); n > 0; n--)
		if (call->run() != 0)
			return 1;
	return 0;
}
