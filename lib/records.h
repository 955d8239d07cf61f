/* SPDX-License-Identifier: MIT */
/*
 * Records for items to come.
 */
#ifndef PAR_RECORDS_H
#define PAR_RECORDS_H

#include "pool.h"

/* Allocates a record. Returns NULL if there is no memory. */
struct item *records_new(const struct par *p);
/* For the producer, which has no record left: gets some, or one, if it can. */
void records_refill(struct par *p) WITHOUT_LOCK;

/* For the producer: a record for its next item, if possible one that was used
 * before. Returns NULL if there is no memory and no spare record either. */
static inline struct item *records_take(struct par *p) WITHOUT_LOCK
{
	struct item *item;

	if (!p->source.fresh)
		records_refill(p);
	item = p->source.fresh;
	if (item)
		p->source.fresh = item->next;
	return item;
}

#endif
