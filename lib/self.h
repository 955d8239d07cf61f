/* SPDX-License-Identifier: MIT */
/*
 * Which pool the calling thread belongs to: one thread-local pointer. The
 * library keeps nothing else outside its pools.
 */
#ifndef PAR_SELF_H
#define PAR_SELF_H

#include "guard.h"

#include <par.h>

#include <pthread.h>

/* The identity of a thread of a pool. */
struct self {
	/* Constant. */
	struct par *pool;
	/* Constant; NULL: the thread is the producer. */
	struct worker *worker;
	/* For the interrupter. The thread sets it when it begins. */
	pthread_t thread GUARDED;
};

/* The calling thread belongs to a pool from here on, or, if self is NULL, to
 * none any more. */
void self_set(const struct self *self);
/* Whether the calling thread belongs to this pool. If so, it must not wait for
 * the pool: it would wait for itself. */
bool self_is_in(const struct par *pool);
/* The worker of this pool that the calling thread is; NULL: it is none. */
const struct worker *self_worker_of(const struct par *pool);

#endif
