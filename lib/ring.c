/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int ring_init(struct ring *ring, size_t capacity)
{
	/* calloc() refuses a size that overflows, and a large ring costs no
	 * memory before it is used. */
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
	size_t room = ring->capacity - ring->head;

	assert(ring->count < ring->capacity);
	/* head + count, wrapped without an overflow on the way */
	ring->slots[ring->count < room ? ring->head + ring->count
				       : ring->count - room] = item;
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
