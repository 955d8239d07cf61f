/* SPDX-License-Identifier: MIT */
/*
 * The watches of ring and tray (watch.h): they make whoever changes these take
 * the lock.
 */
#ifndef PAR_WATCHES_H
#define PAR_WATCHES_H

#include "pool.h"

/* Sets the watches for those who wait. */
void watches_set(struct par *p) NEEDS_LOCK;
/* All watches are on: from here to the end of the section nothing is changed
 * without the lock. */
void watches_set_all(struct par *p) NEEDS_LOCK;

#endif
