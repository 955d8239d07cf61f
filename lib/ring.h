/* SPDX-License-Identifier: MIT */
/*
 * A bounded first-in-first-out queue of items.
 */
#ifndef PAR_RING_H
#define PAR_RING_H

#include "guard.h"
#include "item.h"

struct ring {
	struct item **slots;
	size_t capacity; /* of slots */
	size_t head;	 /* the oldest item's slot */
	size_t count;
};

/* capacity is 1 or more. -ENOMEM, also where the size overflows. */
int ring_init(struct ring *ring, size_t capacity);
/* The ring is empty by now, or was never initialised but zeroed. */
void ring_fini(struct ring *ring);

/* There is room. */
void ring_put(struct ring *ring, struct item *item) NEEDS_LOCK;
/* The oldest, NULL where it is empty. */
struct item *ring_take(struct ring *ring) NEEDS_LOCK;

#endif
