/* SPDX-License-Identifier: MIT */
/*
 * How an item enters the pool, leaves the queue, and is canceled.
 */
#ifndef PAR_ENTRY_H
#define PAR_ENTRY_H

#include "pool.h"

/* The item will have this place in the input. */
void entry_prepare(struct item *item, uint64_t index);
/* Asks the program for the key of an item; 0 if the pool has no keys. */
uint64_t entry_key(const struct par *p, void *item) WITHOUT_LOCK;
/* For the record of an item of a pool with keys, before it enters. */
static inline void entry_set_key(struct item *item, uint64_t key)
{
	((struct keyed_item *)item)->key = key;
}

/* The item is in the pool from here on. The caller queues or cancels it. */
void entry_enter(struct par *p, struct item *item) NEEDS_LOCK;
/* Returns the item that is to start next, or NULL if there is none. */
struct item *entry_dequeue(struct par *p) NEEDS_LOCK;
/* The item is in no queue. It comes back with -ECANCELED. */
void entry_cancel(struct par *p, struct item *item) NEEDS_LOCK;

#endif
