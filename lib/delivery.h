/* SPDX-License-Identifier: MIT */
/*
 * How results leave the pool.
 */
#ifndef PAR_DELIVERY_H
#define PAR_DELIVERY_H

#include "pool.h"

/* par_next(): waits until the deadline at most, which may be 0. Returns what
 * par_next() returns. */
int delivery_next(struct par *p, struct par_result *result,
		  uint64_t until) WITHOUT_LOCK;
/* par_next_many(), with `least` from 1 to `most`, and `most` no more than
 * INT_MAX. */
int delivery_next_many(struct par *p, struct par_result *results, unsigned most,
		       unsigned least, uint64_t until) WITHOUT_LOCK;
/* For the owner, when all threads are gone. Returns a result that was not
 * delivered, or NULL if there is none left. */
struct item *delivery_leftover(struct par *p);

#endif
