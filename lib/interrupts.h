/* SPDX-License-Identifier: MIT */
/*
 * The interrupt: the signal par_options.interrupt, sent to the threads whose
 * callback was told to stop.
 */
#ifndef PAR_INTERRUPTS_H
#define PAR_INTERRUPTS_H

#include "pool.h"

/* A callback was told to stop: the first signals are due at once. */
void interrupts_begin(struct par *p) NEEDS_LOCK;
/* Sends those that are due. */
void interrupts_send(struct par *p) NEEDS_LOCK;

#endif
