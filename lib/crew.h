/* SPDX-License-Identifier: MIT */
/*
 * How workers come and go: the pool's critical sections about its seats.
 *
 * A worker is started when an item enters and nobody is idle. Where that fails
 * (no thread, worker_open) the pool is barred from the next attempt for a
 * second; an attempt begun after the failure that succeeds lifts the bar. There
 * is no timer: the next attempt is made when something happens.
 */
#ifndef PAR_CREW_H
#define PAR_CREW_H

#include "pool.h"

/* The first worker's seat, reserved whatever waits. */
struct worker *crew_first(struct par *p) NEEDS_NO_LOCK;
/* Reserves a seat where more items wait than workers are idle or, of those on
 * their way, count as `coming`; else NULL. */
struct worker *crew_recruit(struct par *p, unsigned coming) NEEDS_LOCK;
/* The thread for a recruit was refused: gives the seat back. */
void crew_refused(struct worker *w, int why) NEEDS_NO_LOCK;

/* Joins the thread that left the seat, if there is one: it is at its very end.
 * For whoever holds the seat, and, all workers gone, for the owner. */
void crew_join(struct worker *w);
/* The worker's thread begins, about to call worker_open. */
void crew_begin(struct worker *w) NEEDS_NO_LOCK;
/* worker_open has succeeded. */
void crew_opened(struct worker *w) NEEDS_NO_LOCK;
/* The worker works no more: hands in what is in its hand, says why worker_open
 * failed. From here on nobody counts on it. */
void crew_retire(struct worker *w) NEEDS_NO_LOCK;
/* The retired worker leaves its seat: false. True: it may not yet, and must
 * start a successor in its seat, or crew_stay(). */
bool crew_leave(struct worker *w) NEEDS_NO_LOCK;
void crew_stay(struct worker *w, int why) NEEDS_NO_LOCK;

#endif
