/* SPDX-License-Identifier: MIT */
/*
 * The calls of pthread_mutex_*. They fail only by a mistake of our own, except
 * for the initialisation, which the system may refuse.
 */
#include "lock.h"

#include "must.h"
#include "system.h"

/* A critical section takes less time than it takes to fall asleep. So a thread
 * that finds the lock taken tries again for a moment before it sleeps, if the
 * system has such a mutex. */
int lock_init(struct lock *lock)
{
	return system_mutex_init(&lock->mutex);
}

void lock_fini(struct lock *lock)
{
	must(pthread_mutex_destroy(&lock->mutex));
}

void lock_take(struct lock *lock) UNCHECKED
{
	must(pthread_mutex_lock(&lock->mutex));
}

void lock_drop(struct lock *lock) UNCHECKED
{
	must(pthread_mutex_unlock(&lock->mutex));
}
