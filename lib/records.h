/* SPDX-License-Identifier: MIT */
/*
 * Records for items to come.
 */
#ifndef PAR_RECORDS_H
#define PAR_RECORDS_H

#include "pool.h"

/* Allocates a record. Returns NULL if there is no memory. */
struct item *records_new(const struct par *p);
/* For the producer: a record for its next item, if possible one that was used
 * before. Returns NULL if there is no memory and no spare record either. */
struct item *records_take(struct par *p) WITHOUT_LOCK;

#endif
