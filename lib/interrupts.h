/* SPDX-License-Identifier: MIT */
/*
 * The interrupt: the signal par_options.interrupt, sent to the threads whose
 * callback was told to stop.
 */
#ifndef PAR_INTERRUPTS_H
#define PAR_INTERRUPTS_H

#include "pool.h"

/* The thread's callback was told to stop, or one that was told to stop begins:
 * the first signal is due at once. */
void interrupts_begin(struct par *p, struct self *self) NEEDS_LOCK;
/* Sends those that are due. */
void interrupts_send(struct par *p) NEEDS_LOCK;

#endif
