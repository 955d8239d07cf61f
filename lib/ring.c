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
	size_t slots = 1;

	while (slots < capacity) {
		if (slots > SIZE_MAX / 2)
			return -ENOMEM;
		slots *= 2;
	}
	/* calloc() refuses a size that overflows. It takes no memory for slots
	 * that are never used, however long the ring is. */
	*ring = (struct ring){ .slots = calloc(slots, sizeof *ring->slots),
			       .mask = slots - 1,
			       .capacity = capacity };
	return ring->slots ? 0 : -ENOMEM;
}

void ring_fini(struct ring *ring)
{
	free(ring->slots);
}

/* The count, or the watch's bits, of a tail or head. */
static uintptr_t count_of(uintptr_t end)
{
	return end / WATCH_ONE;
}

static enum watch watch_of(uintptr_t end)
{
	return (enum watch)(end & WATCH_BITS);
}

/* Counts wrap. */
static uintptr_t distance(uintptr_t from, uintptr_t to)
{
	return (to - from) & (UINTPTR_MAX / WATCH_ONE);
}

static struct word *slot_of(const struct ring *ring, uintptr_t end)
{
	return &ring->slots[count_of(end) & ring->mask];
}

/* The producer. */

/* Whether the producer must take the lock to move a tail with this watch. */
static bool needs_lock(const struct ring *ring, enum watch watch)
{
	if (watch == WATCH_HELD)
		return word_load(&ring->held_since) != (uintptr_t)clock_tick();
	return watch == WATCH_ON;
}

bool ring_try_put(struct ring *ring, struct item *item)
{
	/* The watch may be off again. */
	if (watch_of(ring->tail_seen) != WATCH_OFF)
		ring->tail_seen = word_load(&ring->tail);
	do {
		if (needs_lock(ring, watch_of(ring->tail_seen)))
			return false;
		word_store(slot_of(ring, ring->tail_seen), (uintptr_t)item);
	} while (!word_cas(&ring->tail, &ring->tail_seen,
			   ring->tail_seen + WATCH_ONE));
	ring->tail_seen += WATCH_ONE;
	return true;
}

void ring_put(struct ring *ring, struct item *item)
{
	ring->tail_seen = word_load_own(&ring->tail);
	word_store(slot_of(ring, ring->tail_seen), (uintptr_t)item);
	ring->tail_seen += WATCH_ONE;
	/* Only this thread and the lock's owner change the tail. */
	word_store(&ring->tail, ring->tail_seen);
	/* Before so many items are put that their count wraps. */
	ring->head_seen = word_load(&ring->head);
	ring->puts_told++;
}

bool ring_has_room_for_put(struct ring *ring)
{
	uintptr_t puts = count_of(ring->tail_seen);

	if (distance(count_of(ring->head_seen), puts) < ring->capacity)
		return true;
	ring->head_seen = word_load(&ring->head);
	return distance(count_of(ring->head_seen), puts) < ring->capacity;
}

/* Workers. */

static struct item *take(struct ring *ring, bool locked)
{
	uintptr_t head = word_load(&ring->head), item;

	do {
		if (!locked && watch_of(head) != WATCH_OFF)
			return NULL;
		if (count_of(word_load(&ring->tail)) == count_of(head))
			return NULL;
		item = word_load(slot_of(ring, head));
	} while (!word_cas(&ring->head, &head, head + WATCH_ONE));
	return (struct item *)item;
}

struct item *ring_try_take(struct ring *ring)
{
	return take(ring, false);
}

struct item *ring_take(struct ring *ring)
{
	struct item *item = take(ring, true);

	ring->takes_told += item != NULL;
	return item;
}

/* The lock's owner. */

void ring_hold(struct ring *ring)
{
	uintptr_t now = (uintptr_t)clock_tick();

	if (word_load_own(&ring->held_since) != now)
		word_store(&ring->held_since, now);
}

size_t ring_count(const struct ring *ring)
{
	uintptr_t takes = count_of(word_load(&ring->head));

	return distance(takes, count_of(word_load(&ring->tail)));
}

struct item *ring_find(const struct ring *ring, const void *pointer)
{
	uintptr_t end = word_load(&ring->head);
	struct item *item;

	for (size_t left = ring_count(ring); left > 0; left--) {
		item = (struct item *)word_load(slot_of(ring, end));
		if (item->result.item == pointer)
			return item;
		end += WATCH_ONE;
	}
	return NULL;
}

/* The items before it move up. For the counts it was taken, and told. */
void ring_remove(struct ring *ring, const struct item *item)
{
	uintptr_t head = word_load(&ring->head);
	uintptr_t up = 0, here, end = head;

	for (;;) {
		here = word_load(slot_of(ring, end));
		if (end != head)
			word_store(slot_of(ring, end), up);
		if (here == (uintptr_t)item)
			break;
		up = here;
		end += WATCH_ONE;
	}
	word_store(&ring->head, head + WATCH_ONE);
	ring->takes_told++;
}

static uint64_t count_new(uintptr_t *told, uintptr_t now)
{
	uintptr_t count = distance(*told, now);

	*told = now;
	return count;
}

uint64_t ring_new_takes(struct ring *ring)
{
	return count_new(&ring->takes_told, count_of(word_load(&ring->head)));
}

uint64_t ring_new_puts(struct ring *ring)
{
	return count_new(&ring->puts_told, count_of(word_load(&ring->tail)));
}
