/* SPDX-License-Identifier: MIT */
/*
 * The record of one item. It is allocated before its item enters, goes with it
 * through every room, and carries its result out: after entry nothing can fail
 * for want of memory.
 *
 * Whoever holds the item owns the record: the producer or the pusher, then the
 * pool (under its lock), then one worker, then the pool, then the consumer.
 */
#ifndef PAR_ITEM_H
#define PAR_ITEM_H

#include <par.h>

struct item {
	struct par_result result; /* grows on its way: item, index | the rest */
	bool done;		  /* finished or canceled: may be delivered */
	struct item *next;	  /* in the one list it is in */
	struct item *later;	  /* in an ordered outbox, from entry on */
};

#endif
