/* SPDX-License-Identifier: MIT */
/*
 * Which pool the calling thread belongs to: the one thing the library keeps
 * outside its pools, one pointer a thread.
 */
#ifndef PAR_SELF_H
#define PAR_SELF_H

#include "pool.h"

/* The calling thread, new and the pool's own, takes the role: what the program
 * asks of it (its name, the interrupt) and what others ask (who it is). */
void self_begin(struct role *role, int number) NEEDS_NO_LOCK;
/* It has none any more. */
void self_end(void);
/* Whether it is one of the pool's own threads: what waits for the pool would
 * wait for itself. */
bool self_in(const struct par *p);
/* Whether it is in a worker_open of the pool. */
bool self_opening(const struct par *p);

#endif
