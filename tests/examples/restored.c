/* SPDX-License-Identifier: MIT */
#include "restore.h"

#include <stdio.h>
#include <unistd.h>

static char **command;

static int run_command(void)
{
	execvp(command[0], command);
	perror(command[0]);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;

	command = argv + 1;
	return with_knobs_restored(run_command, NULL);
}
