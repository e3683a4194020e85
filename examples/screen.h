/* SPDX-License-Identifier: MIT */
/* Lines on a terminal, drawn again and again, or just printed. */
#ifndef OOMCTL_EXAMPLES_SCREEN_H
#define OOMCTL_EXAMPLES_SCREEN_H

#include <stdbool.h>

struct screen {
	int rows, columns; /* rows that are left */
	bool is_live, has_colour;
};

/* Whether there is a terminal to draw on, and keys to end it. */
bool screen_is_terminal(void);

/* Draws once, anywhere. Gives what draw gives: 0, or a negative number. */
int screen_print(int (*draw)(struct screen *s, void *data), void *data);

/* Draws each second and when the size has changed, until 'q' is pressed, a signal comes, or
 * draw gives a negative number. The terminal is then as before. */
int screen_run(int (*draw)(struct screen *s, void *data), void *data);

/* One line, cut to the width; control characters of it become question marks. */
__attribute__((format(printf, 3, 4))) void
screen_put(struct screen *s, const char *colour, const char *format, ...);

#endif
