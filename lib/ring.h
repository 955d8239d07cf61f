/* SPDX-License-Identifier: MIT */
/*
 * A bounded first-in-first-out queue of items. It has no lock: the caller holds
 * the pool's.
 */
#ifndef PAR_RING_H
#define PAR_RING_H

#include "guard.h"
#include "item.h"

struct ring {
	struct item **slots;
	/* How many slots there are. */
	size_t capacity;
	/* The slot of the oldest item. */
	size_t head;
	/* How many items there are. */
	size_t count;
};

/* capacity is 1 or more. Returns 0, or -ENOMEM, also if the size overflows. */
int ring_init(struct ring *ring, size_t capacity);
/* The ring must be empty, or all its fields zero. */
void ring_fini(struct ring *ring);

/* The ring must not be full. */
void ring_put(struct ring *ring, struct item *item) NEEDS_LOCK;
/* Returns the oldest item, or NULL if the ring is empty. */
struct item *ring_take(struct ring *ring) NEEDS_LOCK;

#endif
