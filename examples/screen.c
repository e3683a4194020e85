/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "comm.h"

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	int before = errno;

	if (number == SIGWINCH)
		return;
	is_over = 1;
	/* A terminal that stands still is no reason to wait. */
	tcflush(STDOUT_FILENO, TCOFLUSH);
	errno = before;
}

static void catch_signals(sigset_t *caught)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(caught);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(caught, numbers[i]);
		action.sa_flags = numbers[i] == SIGWINCH ? SA_RESTART : 0;
		sigaction(numbers[i], &action, NULL);
	}
}

/* Until a key, a signal, or the next look. A signal just before it is not lost. */
static void wait_a_second(const sigset_t *caught)
{
	struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec second = { .tv_sec = 1 };
	sigset_t before;
	char key;

	sigprocmask(SIG_BLOCK, caught, &before);
	if (!is_over && ppoll(&keys, 1, &second, &before) > 0)
		is_over = read(STDIN_FILENO, &key, 1) <= 0 || key == 'q';
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static bool has_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no_color || *no_color == '\0');
}

int screen_print(int (*draw)(struct screen *s, void *data), void *data)
{
	struct screen s = { INT_MAX, INT_MAX, false, has_colour() };
	int r = draw(&s, data);

	return fflush(stdout) == 0 ? r : -EIO;
}

static struct screen screen_now(void)
{
	struct screen s = { 23, 80, true, has_colour() };
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0) {
		s.rows = size.ws_row - 1; /* a newline in the last would scroll */
		s.columns = size.ws_col;
	}
	return s;
}

static int draw_frame(int (*draw)(struct screen *s, void *data), void *data)
{
	struct screen s = screen_now();
	int r;

	fputs("\033[H", stdout);
	r = draw(&s, data);
	fputs("\033[J", stdout);
	return fflush(stdout) == 0 || is_over ? r : -EIO;
}

int screen_run(int (*draw)(struct screen *s, void *data), void *data)
{
	struct termios before, raw;
	sigset_t caught;
	int r = 0;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -EIO;
	catch_signals(&caught);
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* the shell would find this page */
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?1049h\033[?25l", stdout); /* another page, no cursor */

	while (r == 0 && !is_over) {
		r = draw_frame(draw, data);
		if (r == 0)
			wait_a_second(&caught);
	}

	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	return r;
}

bool screen_is_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void screen_put(struct screen *s, const char *colour, const char *format, ...)
{
	char line[512];
	va_list arguments;

	if (s->rows-- <= 0)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	make_printable(line);
	printf("%s%.*s%s%s\n", s->has_colour ? colour : "", s->columns, line,
	       s->has_colour ? "\033[m" : "", s->is_live ? "\033[K" : "");
}
