/* SPDX-License-Identifier: MIT */
/* One line on a terminal that is written over again and again. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

enum { PROGRESS_MS = 100 };

static bool progress_stands;

/* Before anything else is printed to a stream; and to stderr at the end. */
static inline void progress_clear(FILE *out)
{
	if (!progress_stands || !isatty(fileno(out)))
		return;
	fputs("\r\033[K", stderr);
	progress_stands = false;
}

/* Whether there is somebody to see it, and the last one is old enough. */
static inline bool progress_due(void)
{
	static int64_t drawn_ms;
	const int64_t now = clock_ms();

	if (now - drawn_ms < PROGRESS_MS || !isatty(STDERR_FILENO))
		return false;
	drawn_ms = now;
	progress_clear(stderr);
	progress_stands = true;
	return true;
}

#endif
