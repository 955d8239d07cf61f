/* SPDX-License-Identifier: MIT */
/*
 * The interrupter: the thread that sends par_options.interrupt after a cancel.
 * It is a thread of its own, because par_cancel() may not wait, and every other
 * thread may be blocked in the call that must be interrupted. Until
 * a cancel it sleeps.
 */
#ifndef PAR_INTERRUPTER_H
#define PAR_INTERRUPTER_H

#include "pool.h"

/* Starts the thread. Returns 0, or -EAGAIN or the like. */
int interrupter_start(struct par *p) WITHOUT_LOCK;
/* Tells the thread to stop, and waits until it has ended. */
void interrupter_stop(struct par *p) WITHOUT_LOCK;

#endif
