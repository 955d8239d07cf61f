/* SPDX-License-Identifier: MIT */
/*
 * How workers come and go: when one is started, and when one may leave.
 *
 * A worker is started when an item enters and no worker is idle. A critical
 * section only takes the seat: it returns "the worker to start", and the caller
 * starts the thread when it has released the lock (worker_start()).
 */
#ifndef PAR_WORKERS_H
#define PAR_WORKERS_H

#include "pool.h"

/* Takes a seat for the first worker. */
struct worker *workers_take_first(struct par *p) WITHOUT_LOCK;
/* Takes a seat if the pool is short of workers; `coming` workers that are on
 * their way count as idle. Otherwise returns NULL. */
struct worker *workers_take_if_short(struct par *p, unsigned coming) NEEDS_LOCK;
/* The same for an item that has just entered. It must not wait for a
 * worker_open while nobody is idle; a worker that has none to call is as good
 * as idle. */
struct worker *workers_take_for_entry(struct par *p) NEEDS_LOCK;
/* The system refused the thread for this seat: gives the seat back. */
void workers_refused(struct worker *w, int error) WITHOUT_LOCK;

/* Joins the thread that was last in the seat, if there was one. It is about to
 * end. For the thread in the seat, and for the owner when all have left. */
void workers_join(struct worker *w);

/* The worker's thread has begun, and calls worker_open next. */
void workers_begin(struct worker *w) WITHOUT_LOCK;
/* worker_open has succeeded. */
void workers_opened(struct worker *w) WITHOUT_LOCK;
/* The worker takes no item any more. It holds none. */
void workers_retire(struct worker *w) NEEDS_LOCK;
/* For a retired worker. Returns false if it has left its seat. Returns true if
 * it must start a successor in its own seat. If the system refuses that thread,
 * it calls workers_stay(), and then this again. */
bool workers_leave(struct worker *w) WITHOUT_LOCK;
void workers_stay(struct worker *w, int error) WITHOUT_LOCK;

#endif
