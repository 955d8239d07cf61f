/* SPDX-License-Identifier: MIT */
/*
 * The bounded queue between the producer and the workers: an array of slots
 * that is used in a circle.
 */
#include "ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int ring_init(struct ring *ring, size_t capacity)
{
	/* calloc() refuses a size that overflows. It takes no memory for slots
	 * that are never used, however long the ring is. */
	*ring = (struct ring){ .slots = calloc(capacity, sizeof *ring->slots),
			       .capacity = capacity };
	return ring->slots ? 0 : -ENOMEM;
}

void ring_fini(struct ring *ring)
{
	assert(ring->count == 0);
	free(ring->slots);
}

void ring_put(struct ring *ring, struct item *item)
{
	size_t until_end = ring->capacity - ring->head;

	assert(ring->count < ring->capacity);
	/* (head + count) % capacity, without an overflow of the sum */
	ring->slots[ring->count < until_end ? ring->head + ring->count
					    : ring->count - until_end] = item;
	ring->count++;
}

struct item *ring_take(struct ring *ring)
{
	struct item *item;

	if (ring->count == 0)
		return NULL;
	item = ring->slots[ring->head];
	if (++ring->head == ring->capacity)
		ring->head = 0;
	ring->count--;
	return item;
}
