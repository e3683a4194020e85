/* SPDX-License-Identifier: MIT */
/* Holds N processes that only wait, until its input ends; says so with a line when they are there. */
#include <oomctl/proc.h>

#include <stdio.h>
#include <stdlib.h>

#include "processes.h"

enum { APART = 20 };

int main(int argc, char **argv)
{
	size_t count = argc == 2 ? (size_t)atoi(argv[1]) : 0;

	if (count < APART || count > PROCESSES_MAX || processes_start(count) < 0 ||
	    processes_set_apart(APART) < 0) {
		fputs("usage: paused N, 20 to 10000\n", stderr);
		return 2;
	}
	puts("");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
