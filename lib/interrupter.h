/* SPDX-License-Identifier: MIT */
/*
 * The thread that sends par_options.interrupt after a cancel. It has to be one
 * of its own, since the canceler may not wait, and every other thread may be
 * blocked in the very call that is to be interrupted. It sleeps until then.
 */
#ifndef PAR_INTERRUPTER_H
#define PAR_INTERRUPTER_H

#include "pool.h"

/* -EAGAIN or the like. */
int interrupter_start(struct par *p) NEEDS_NO_LOCK;
void interrupter_stop(struct par *p) NEEDS_NO_LOCK;

#endif
