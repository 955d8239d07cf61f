/* SPDX-License-Identifier: MIT */
/*
 * The results that wait for par_next(). Unordered, they leave in the order in
 * which they were done. Ordered, each item has its place from its entry on, and
 * only the first may leave, once it is done. The outbox has no lock: the caller
 * holds the pool's.
 */
#ifndef PAR_OUTBOX_H
#define PAR_OUTBOX_H

#include "fifo.h"

/* All fields zero, except `ordered`: empty. */
struct outbox {
	bool ordered;
	/* Unordered: the items that are done, in that order. */
	struct fifo done;
	/* Ordered: all items that entered and were not delivered, in the order
	 * of entry, linked by `later`; `last` is undefined if there is none. */
	struct item *first;
	struct item *last;
	/* Ordered: outbox_ready() has counted those before `edge`, and all of
	 * them are done; NULL: it has counted the last. And how many of them
	 * have not left. */
	struct item *edge;
	size_t counted;
};

/* An item enters the pool. If the outbox is ordered, the item gets its place.
 */
void outbox_enter(struct outbox *outbox, struct item *item) NEEDS_LOCK;
/* An item that was expected is done. */
void outbox_put(struct outbox *outbox, struct item *item) NEEDS_LOCK;
/* Returns the result that may leave next, or NULL if there is none. */
struct item *outbox_take(struct outbox *outbox) NEEDS_LOCK;
/* How many results may leave, if it is less than `most`; if not, `most` or
 * more. Ordered, the call counts those that it has not counted yet: so nobody
 * pays who takes one result at a time, and does not wait. */
size_t outbox_ready(struct outbox *outbox, uint64_t most) NEEDS_LOCK;
/* Whether outbox_take() would return a result. */
bool outbox_is_ready(const struct outbox *outbox) NEEDS_LOCK;

#endif
