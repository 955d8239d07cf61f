/* SPDX-License-Identifier: MIT */
/*
 * Records of delivered items, kept for items to come. In a steady flow of items
 * nothing is allocated. It has no lock: the caller holds the pool's.
 */
#ifndef PAR_SPARES_H
#define PAR_SPARES_H

#include "guard.h"
#include "item.h"

#include <stdlib.h>

struct spares {
	struct item *first;
	size_t count;
	/* The most records that are kept. More are freed. */
	size_t most;
};

/* A burst of items through a long ring leaves no more records than this. */
enum { SPARES_MOST = 1024 };

static inline void spares_init(struct spares *spares, size_t wanted)
{
	*spares = (struct spares){
		.most = wanted < SPARES_MOST ? wanted : SPARES_MOST,
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

static inline void spares_fini(struct spares *spares) NEEDS_LOCK
{
	struct item *item;

	while ((item = spares_take(spares)))
		free(item);
}

#endif
