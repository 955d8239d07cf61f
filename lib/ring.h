/* SPDX-License-Identifier: MIT */
/*
 * A bounded first-in-first-out queue of generated items. One thread puts (the
 * producer); any thread takes. Neither needs the lock, unless tail or head is
 * watched (watch.h).
 *
 * `tail` counts the items that were ever put, `head` those that were ever
 * taken. The producer stores the slot first and then the tail, so a slot before
 * the tail has its item. A taker reads the slot first and then moves the head.
 * If another taker was faster, the head has moved, and what was read does not
 * count. The counts only grow: a head that has not changed was not changed.
 * (On a 32-bit system they wrap after 2^30 items: a taker would have to stand
 * still for exactly as many.)
 */
#ifndef PAR_RING_H
#define PAR_RING_H

#include "clock.h"
#include "guard.h"
#include "item.h"
#include "watch.h"

struct ring {
	/* Constant. */
	struct word *slots;
	size_t mask; /* the number of slots, a power of two, less 1 */
	size_t capacity;
	char apart_0[WORD_APART];

	/* How the lock's owner last set the watches. */
	enum watch tail_watch GUARDED;
	enum watch head_watch GUARDED;
	/* How many puts and takes ring_new_puts() and ring_new_takes() have
	 * told. */
	uintptr_t puts_told GUARDED;
	uintptr_t takes_told GUARDED;

	char apart_1[WORD_APART];
	/* Above the watch: how many items were put. */
	struct word tail;
	/* The clock tick at which the watch of the tail became WATCH_HELD. */
	struct word held_since;
	/* The producer's own: the tail and the head as it saw them last. */
	uintptr_t tail_seen;
	uintptr_t head_seen;

	char apart_2[WORD_APART];
	/* Above the watch: how many items were taken. */
	struct word head;
	char apart_3[WORD_APART];
};

/* capacity is 1 or more. Returns 0, or -ENOMEM, also if the size overflows. */
int ring_init(struct ring *ring, size_t capacity);
/* The ring must be empty, or all its fields zero. */
void ring_fini(struct ring *ring);

/* For the producer, while there is room. The first returns false if the tail is
 * watched: the item was not put. */
bool ring_try_put(struct ring *ring, struct item *item);
void ring_put(struct ring *ring, struct item *item) NEEDS_LOCK;
/* For the producer: whether there is room. It stays until the next put. */
bool ring_has_room_for_put(struct ring *ring);

/* Returns the oldest item, or NULL if the ring is empty. The first returns NULL
 * also if the head is watched. */
struct item *ring_try_take(struct ring *ring);
struct item *ring_take(struct ring *ring) NEEDS_LOCK;

/* Returns the oldest item of the program with this pointer; NULL: none. And
 * takes an item out that is there. Both watches are on. */
struct item *ring_find(const struct ring *ring, const void *pointer) NEEDS_LOCK;
void ring_remove(struct ring *ring, const struct item *item) NEEDS_LOCK;

/* The hold of the tail is in force until the clock tick that follows. */
void ring_hold(struct ring *ring) NEEDS_LOCK;
/* Sets the watches of tail and head. */
static inline void ring_watch(struct ring *ring, enum watch tail,
			      enum watch head) NEEDS_LOCK
{
	if (tail == WATCH_HELD)
		ring_hold(ring);
	watch_set(&ring->tail, &ring->tail_watch, tail);
	watch_set(&ring->head, &ring->head_watch, head);
}
/* How many items there are. If a watch is off, there may be fewer (head) or
 * more (tail) soon. */
size_t ring_count(const struct ring *ring) NEEDS_LOCK;
/* How many items were taken, and put, without the lock since the last call. */
uint64_t ring_new_takes(struct ring *ring) NEEDS_LOCK;
uint64_t ring_new_puts(struct ring *ring) NEEDS_LOCK;

#endif
