/* SPDX-License-Identifier: MIT */
/*
 * An unbounded first-in-first-out list of items, strung on their `next`. All
 * zero is empty.
 */
#ifndef PAR_FIFO_H
#define PAR_FIFO_H

#include "guard.h"
#include "item.h"

struct fifo {
	struct item *first;
	struct item *last; /* meaningful where first is set */
};

static inline void fifo_put(struct fifo *fifo, struct item *item) NEEDS_LOCK
{
	item->next = NULL;
	if (fifo->first)
		fifo->last->next = item;
	else
		fifo->first = item;
	fifo->last = item;
}

/* The oldest, NULL where it is empty. */
static inline struct item *fifo_take(struct fifo *fifo) NEEDS_LOCK
{
	struct item *item = fifo->first;

	if (item)
		fifo->first = item->next;
	return item;
}

#endif
