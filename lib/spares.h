/* SPDX-License-Identifier: MIT */
/*
 * Records of delivered items, kept for items to come. In a steady flow of items
 * nothing is allocated. It has no lock: the caller holds the pool's. Only
 * spares_take_handed() does without.
 */
#ifndef PAR_SPARES_H
#define PAR_SPARES_H

#include "guard.h"
#include "item.h"
#include "word.h"

#include <stdlib.h>

struct spares {
	struct item *first;
	size_t count;
	/* The most records that are kept. More are freed. */
	size_t most;
	/* Records for the producer, linked by `next`; 0: none. */
	struct word handed;
};

/* In a steady flow so many times the items of the ring and of the workers are
 * on their way: also on the tray, in the outbox, and handed to the producer.
 * But a burst of items through a long ring leaves no more than SPARES_MOST
 * records. */
enum { SPARES_TIMES = 4, SPARES_MOST = 1024 };

static inline void spares_init(struct spares *spares, size_t items)
{
	*spares = (struct spares){
		.most = items < SPARES_MOST / SPARES_TIMES
				? items * SPARES_TIMES
				: SPARES_MOST,
	};
}

/* Returns a record, or NULL if there is none. */
static inline struct item *spares_take(struct spares *spares) NEEDS_LOCK
{
	struct item *item = spares->first;

	if (item) {
		spares->first = item->next;
		spares->count--;
	}
	return item;
}

/* Keeps the record, or frees it. */
static inline void spares_put(struct spares *spares, struct item *item)
	NEEDS_LOCK
{
	if (spares->count == spares->most) {
		free(item);
		return;
	}
	item->next = spares->first;
	spares->first = item;
	spares->count++;
}

/* Returns all records, linked by `next`, or NULL if there is none. */
static inline struct item *spares_take_all(struct spares *spares) NEEDS_LOCK
{
	struct item *first = spares->first;

	spares->first = NULL;
	spares->count = 0;
	return first;
}

/* Hands all records to the producer, unless it still has some to take. */
static inline void spares_hand_over(struct spares *spares) NEEDS_LOCK
{
	if (spares->first && word_load(&spares->handed) == 0)
		word_store(&spares->handed, (uintptr_t)spares_take_all(spares));
}

/* For the producer. Returns what was handed over, linked by `next`. */
static inline struct item *spares_take_handed(struct spares *spares)
{
	return (struct item *)word_exchange(&spares->handed, 0);
}

static inline void spares_free(struct item *first)
{
	struct item *next;

	for (; first; first = next) {
		next = first->next;
		free(first);
	}
}

static inline void spares_fini(struct spares *spares) NEEDS_LOCK
{
	spares_free(spares_take_all(spares));
	spares_free(spares_take_handed(spares));
}

#endif
