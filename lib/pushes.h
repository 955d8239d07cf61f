/* SPDX-License-Identifier: MIT */
/*
 * par_push() and par_push_timed(): an item enters from outside.
 */
#ifndef PAR_PUSHES_H
#define PAR_PUSHES_H

#include "pool.h"

/* Both return 0 if the item has entered, or why it has not. The first does not
 * wait. The second waits for room in the window until the deadline; 0: it does
 * not wait. */
int pushes_enter(struct par *p, void *pushed) WITHOUT_LOCK;
int pushes_enter_in_window(struct par *p, void *pushed,
			   uint64_t until) WITHOUT_LOCK;

#endif
