/* SPDX-License-Identifier: MIT */
/*
 * The results that wait for par_next(). Unordered, they leave in the order in
 * which they were done. Ordered, each item has its place from its entry on, and
 * only the head of the line may leave, once it is done.
 */
#ifndef PAR_OUTBOX_H
#define PAR_OUTBOX_H

#include "fifo.h"

struct outbox {
	bool ordered;
	struct fifo done;   /* unordered: done, in that order */
	struct item *first; /* ordered: all that entered, by `later` */
	struct item *last;
};

/* An item enters the pool: keeps its place where order matters. */
void outbox_expect(struct outbox *outbox, struct item *item) NEEDS_LOCK;
/* An expected item is done. */
void outbox_put(struct outbox *outbox, struct item *item) NEEDS_LOCK;
/* The result that may leave, NULL where there is none. */
struct item *outbox_take(struct outbox *outbox) NEEDS_LOCK;
/* Whether outbox_take() would find one. */
bool outbox_ready(const struct outbox *outbox) NEEDS_LOCK;

#endif
