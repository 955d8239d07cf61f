/* SPDX-License-Identifier: MIT */
/*
 * A mutual exclusion lock. A pool has one (struct par).
 */
#ifndef PAR_LOCK_H
#define PAR_LOCK_H

#include "guard.h"

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
};

/* Returns 0, or -ENOMEM or -EAGAIN. */
int lock_init(struct lock *lock);
void lock_fini(struct lock *lock);
void lock_take(struct lock *lock) TAKES_LOCK;
void lock_drop(struct lock *lock) DROPS_LOCK;

#endif
