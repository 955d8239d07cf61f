/* SPDX-License-Identifier: MIT */
/*
 * The hand-overs: how an item goes from one place to the next (pool.h has the
 * picture), each in one step: a compare-and-swap, or a critical section. So an
 * item is never in two places and never in none.
 */
#ifndef PAR_HANDOVER_H
#define PAR_HANDOVER_H

#include "pool.h"

/* For the producer. Hands in its item (NULL at first) and what generate has
 * returned, waits for room, and returns a record for the next item: the caller
 * calls generate. Returns NULL if the source has ended. */
struct item *handover_supply(struct par *p, struct item *item,
			     int rc) WITHOUT_LOCK;
/* For the producer. The source ends with this error; generate has not returned,
 * or was not called. item may be NULL. */
void handover_fail_source(struct par *p, struct item *item,
			  int error) WITHOUT_LOCK;

/* For a worker. Hands in the item whose action has ended, if there is one,
 * waits for the next and returns it. Returns NULL if the pool is closing. */
struct item *handover_exchange(struct worker *w) WITHOUT_LOCK;
/* For a worker that takes no item any more. If it holds an item, its action has
 * ended the thread: hands the item in with -EINTR. */
void handover_retire(struct worker *w) WITHOUT_LOCK;

#endif
