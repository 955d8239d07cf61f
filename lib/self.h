/* SPDX-License-Identifier: MIT */
/*
 * Which pool the calling thread belongs to: one thread-local pointer. The
 * library keeps nothing else outside its pools.
 */
#ifndef PAR_SELF_H
#define PAR_SELF_H

#include "guard.h"
#include "pipe.h"
#include "word.h"

#include <par.h>

#include <pthread.h>

/* The identity of a thread of a pool. */
struct self {
	/* Constant. */
	struct par *pool;
	/* Constant; NULL: the thread is the producer. */
	struct worker *worker;
	/* For the interrupt. The thread sets it when it begins. If the thread
	 * was told to stop: when the next signal is due, and the pause after
	 * it (interrupts.c). */
	pthread_t thread GUARDED;
	uint64_t interrupt_at GUARDED;
	uint64_t pause GUARDED;
	/* Why the thread's callback was told to stop: ETIMEDOUT or ECANCELED;
	 * 0: it was not. Changed under the lock (stops.c); par_stopping() reads
	 * it without. */
	struct word told;
	/* The pipe of par_stop_fd(): readable exactly if told is not 0. */
	struct pipe stop_pipe GUARDED;
};

/* The calling thread belongs to a pool from here on (self NULL: to none). It
 * runs no callback any more: what the program still runs there are destructors
 * of thread-specific data. */
void self_begin(struct self *self);
void self_end(void);
/* Whether the calling thread belongs to this pool, until it has really ended.
 * If so, it must not wait for the pool: it would wait for itself. */
bool self_is_in(const struct par *pool);
/* The calling thread of a pool; NULL: it is none, or has ended. */
struct self *self_current(void);
/* Whether the calling thread is in generate for this pool. */
bool self_generates_for(const struct par *pool);
/* The worker of this pool that the calling thread is; NULL: it is none. */
const struct worker *self_worker_of(const struct par *pool);

#endif
