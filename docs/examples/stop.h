/* SPDX-License-Identifier: MIT */
/* Ctrl-C, or a SIGTERM, sets `stop`, which the loop looks at between two
 * results; the second one, of either, ends the program at once. */
#ifndef STOP_H
#define STOP_H

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop;

static void ask_to_stop(int number)
{
	(void)number;
	stop = 1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static inline void catch_stop(void)
{
	struct sigaction action = { .sa_handler = ask_to_stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

#endif
