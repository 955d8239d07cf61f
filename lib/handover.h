/* SPDX-License-Identifier: MIT */
/*
 * The hand-overs: how an item goes from one place to the next (pool.h has the
 * picture). Each is one critical section. A worker that comes back from one
 * (not NULL) has had its seat reserved, and the caller must worker_start() it.
 */
#ifndef PAR_HANDOVER_H
#define PAR_HANDOVER_H

#include "pool.h"

/* Producer: hands in the item in its hand, if any, with what generate returned,
 * waits for room, and gives a record for the next: the caller asks generate.
 * NULL: the source has ended, or there is a worker to be started first. */
struct item *pool_supply(struct par *p, struct item *item, int rc,
			 struct worker **recruit) NEEDS_NO_LOCK;
/* The source ends with this error, in a call of generate. */
void pool_end_supply(struct par *p, struct item *item, int error) NEEDS_NO_LOCK;
/* par_push(): the item enters, or its error says why not. */
int pool_push(struct par *p, void *thing, struct worker **recruit)
	NEEDS_NO_LOCK;

/* Worker: hands in the item in its hand, if any, and waits for the next. False:
 * the pool is closing, and its hand is empty. */
bool pool_exchange(struct worker *w, struct worker **recruit) NEEDS_NO_LOCK;
/* Hands in the item in the worker's hand. */
void pool_settle(struct worker *w) NEEDS_LOCK;

/* Consumer: waits for a result; what par_next() returns. */
int pool_deliver(struct par *p, struct par_result *result, uint64_t until)
	NEEDS_NO_LOCK;
/* The owner, all threads gone: what was not delivered; NULL: nothing is left.
 */
struct item *pool_leftover(struct par *p);

/* Anybody: what is queued goes to the outbox, and nothing more is taken in. */
void pool_cancel(struct par *p) NEEDS_NO_LOCK;

#endif
