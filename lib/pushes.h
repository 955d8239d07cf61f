/* SPDX-License-Identifier: MIT */
/*
 * par_push() and par_push_timed(): an item enters from outside.
 */
#ifndef PAR_PUSHES_H
#define PAR_PUSHES_H

#include "pool.h"

/* Returns 0 if the item has entered, or why it has not. in_window: waits for
 * room in the window until the deadline; 0: does not wait. */
int pushes_enter(struct par *p, void *pushed, bool in_window,
		 uint64_t until) WITHOUT_LOCK;

#endif
