/* SPDX-License-Identifier: MIT */
/*
 * How workers come and go: when one is started, and what it does to its seat.
 *
 * A worker is started if an item waits and no worker is idle. The supervisor
 * takes the seat, and starts the thread when it has released the lock.
 */
#ifndef PAR_WORKERS_H
#define PAR_WORKERS_H

#include "pool.h"

/* Takes a seat for the first worker. */
struct worker *workers_take_first(struct par *p) WITHOUT_LOCK;
/* For the supervisor. Takes a seat if a worker must be started now. Otherwise
 * returns NULL. */
struct worker *workers_take_if_due(struct par *p) NEEDS_LOCK;
/* An item has just entered, or a seat has become vacant. If an item waits and
 * nobody is idle, it must not wait for a worker_open that is under way: asks
 * for one more worker. (A worker that has none to call is as good as idle.) */
void workers_ask(struct par *p) NEEDS_LOCK;
/* The same for all items that wait: the limit was raised. */
void workers_ask_for_all(struct par *p) NEEDS_LOCK;
/* The system refused the thread for this seat: gives the seat back. */
void workers_refused(struct worker *w, int error) WITHOUT_LOCK;

/* Joins the thread that was last in the seat, if nobody has. Waits until it has
 * ended: it may be in a destructor of thread-specific data. For the owner when
 * all have left. */
void workers_join(struct worker *w);
/* The worker's thread has begun. The thread that was in the seat before need
 * not have ended: it is joined now, or when this worker leaves. */
void workers_succeed(struct worker *w);

/* The worker calls worker_open next. Returns whether
 * the handler of the interrupt stands. */
bool workers_begin(struct worker *w) WITHOUT_LOCK;
/* worker_open has succeeded. */
void workers_opened(struct worker *w) WITHOUT_LOCK;
/* The worker takes no item any more. It holds none. */
void workers_retire(struct worker *w) NEEDS_LOCK;
/* For the supervisor: tells a worker to leave that has been idle for too long,
 * if another is idle too. */
void workers_dismiss(struct par *p) NEEDS_LOCK;
/* The worker has retired, and calls nothing any more. Its seat is vacant. */
void workers_leave(struct worker *w) WITHOUT_LOCK;

#endif
