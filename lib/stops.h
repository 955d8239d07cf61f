/* SPDX-License-Identifier: MIT */
/*
 * How a callback is told to stop: par_stopping() becomes true in it, the
 * descriptor of par_stop_fd() ready, and the interrupt is sent to it
 * (interrupts.c).
 */
#ifndef PAR_STOPS_H
#define PAR_STOPS_H

#include "pool.h"

/* The generator, because of a par_finish(). */
void stops_tell_source(struct par *p) NEEDS_LOCK;
/* Whoever is in a callback, because of a cancel. No item is taken any more. */
void stops_tell_all(struct par *p) NEEDS_LOCK;
/* The action of one worker, for this reason. */
void stops_tell_worker(struct par *p, struct worker *w, int reason) NEEDS_LOCK;
/* For the supervisor: the actions whose time limit is over. */
void stops_tell_late(struct par *p) NEEDS_LOCK;

/* The worker calls no action any more; the next one in its seat was not told.
 */
void stops_end(struct worker *w) NEEDS_LOCK;
/* The worker's action has ended: its result says why it was told. The next one
 * was not told. */
void stops_settle(struct worker *w, struct item *item) NEEDS_LOCK;

/* par_stop_fd() */
int stops_open(struct self *self) NEEDS_LOCK;

#endif
