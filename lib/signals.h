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

/* All signals except the synchronous ones, which an instruction of the thread
 * itself raises. Blocked, a synchronous signal would end the process without
 * calling the program's handler. */
sigset_t signals_asynchronous(void);

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
