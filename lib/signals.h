/* SPDX-License-Identifier: MIT */
/*
 * Signals: which ones a thread of a pool hears, and the one that interrupts a
 * blocked call (par_options.interrupt).
 */
#ifndef PAR_SIGNALS_H
#define PAR_SIGNALS_H

#include "names.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* The signals that a thread of a pool blocks: all but these. The synchronous
 * ones, which an instruction of the thread itself raises: blocked, they would
 * end the process without calling the program's handler. And if the calling
 * thread does not block them: SIGPROF, for profilers; in a thread that may read
 * the terminal SIGTTIN and SIGTTOU: blocked, a read in the background would
 * fail and not wait for the foreground. */
sigset_t signals_blocked(bool reads_terminal);

/* Returns 0 if the signal can interrupt a blocked call, or is 0 (none).
 * Otherwise returns -EINVAL. */
int signals_check(int signal);
/* Installs an empty handler if the signal has no handler. */
void signals_install(int signal);
void signals_send(pthread_t thread, int signal);

/* For the calling thread. */
void signals_unblock(int signal);
void signals_block(int signal);

#endif
