/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: the thread that starts the workers but the first, sends
 * par_options.interrupt, tells actions that their time is over, dismisses idle
 * workers, and looks after threads that were woken and do not come. par_open()
 * starts it, so its threads have the scheduling of the thread that opened the
 * pool, whoever pushes. It sleeps until something is due (pool_due()).
 */
#ifndef PAR_SUPERVISOR_H
#define PAR_SUPERVISOR_H

#include "pool.h"

/* Starts the thread. Returns 0, or -EAGAIN or the like. */
int supervisor_start(struct par *p) WITHOUT_LOCK;
/* Waits until the thread has ended. It ends when the pool closes, but not
 * before the callbacks that it must interrupt. */
void supervisor_join(struct par *p) WITHOUT_LOCK;

#endif
