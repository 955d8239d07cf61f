/* SPDX-License-Identifier: MIT */
/*
 * An unbounded first-in-first-out list of items, linked by their `next`. It has
 * no lock: the caller holds the pool's.
 */
#ifndef PAR_FIFO_H
#define PAR_FIFO_H

#include "guard.h"
#include "item.h"

/* All fields zero: empty. */
struct fifo {
	struct item *first;
	struct item *last; /* undefined if the list is empty */
	size_t count;
};

static inline void fifo_put(struct fifo *fifo, struct item *item) NEEDS_LOCK
{
	item->next = NULL;
	if (fifo->first)
		fifo->last->next = item;
	else
		fifo->first = item;
	fifo->last = item;
	fifo->count++;
}

/* Returns the oldest item, or NULL if the list is empty. */
static inline struct item *fifo_take(struct fifo *fifo) NEEDS_LOCK
{
	struct item *item = fifo->first;

	if (item) {
		fifo->first = item->next;
		fifo->count--;
	}
	return item;
}

/* Returns the oldest item of the program with this pointer; NULL: none. */
static inline struct item *fifo_find(const struct fifo *fifo,
				     const void *pointer) NEEDS_LOCK
{
	struct item *item = fifo->first;

	while (item && item->result.item != pointer)
		item = item->next;
	return item;
}

/* Returns false if the item is not in the list. */
static inline bool fifo_remove(struct fifo *fifo, const struct item *item)
	NEEDS_LOCK
{
	struct item *before = NULL, *i = fifo->first;

	for (; i && i != item; i = i->next)
		before = i;
	if (!i)
		return false;
	if (before)
		before->next = i->next;
	else
		fifo->first = i->next;
	if (fifo->last == i)
		fifo->last = before;
	fifo->count--;
	return true;
}

#endif
