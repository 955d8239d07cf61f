/* SPDX-License-Identifier: MIT */
/* One line on a terminal that is written over again and again. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

enum { PROGRESS_MS = 100 };

static bool progress_stands;

/* While the program is in the background, the line is that of the shell. (There
 * is no group if the terminal is another session's.) */
static inline bool progress_has_line(void)
{
	const pid_t group = tcgetpgrp(STDERR_FILENO);

	return isatty(STDERR_FILENO) && (group < 0 || group == getpgrp());
}

/* Whether it may be written to now. Ctrl-Z, which would give it to the shell,
 * is held back until the signal mask is as before. (The threads of a pool block
 * it, too.) */
static inline bool progress_hold_line(sigset_t *before)
{
	sigset_t ctrl_z;

	sigemptyset(&ctrl_z);
	sigaddset(&ctrl_z, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &ctrl_z, before);
	return progress_has_line();
}

/* Before anything else is printed to a stream; and to stderr at the end. */
static inline void progress_clear(FILE *out)
{
	sigset_t before;

	if (!progress_stands || !isatty(fileno(out)))
		return;
	if (progress_hold_line(&before))
		fputs("\r\033[K", stderr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	progress_stands = false;
}

/* Whether there is somebody to see it, and the last one is old enough. */
static inline bool progress_due(void)
{
	static int64_t drawn_ms;
	const int64_t now = clock_ms();

	if (now - drawn_ms < PROGRESS_MS || !progress_has_line())
		return false;
	drawn_ms = now;
	return true;
}

static inline void __attribute__((format(printf, 1, 2)))
progress_draw(const char *format, ...)
{
	sigset_t before;
	va_list values;

	progress_clear(stderr);
	va_start(values, format);
	if (progress_hold_line(&before)) {
		vfprintf(stderr, format, values);
		progress_stands = true;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	va_end(values);
}

#endif
