/* SPDX-License-Identifier: MIT */
/*
 * The calls of pthread_mutex_*. They fail only by a mistake of our own, except
 * for the initialisation, which the system may refuse.
 */
#include "lock.h"

#include "must.h"

/* A critical section takes less time than it takes to fall asleep. So a thread
 * that finds the lock taken tries again for a moment before it sleeps, if the
 * system has such a mutex. */
int lock_init(struct lock *lock)
{
#ifdef __GLIBC__
	pthread_mutexattr_t attributes;
	int rc;

	must(pthread_mutexattr_init(&attributes)); /* it only writes */
	must(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP));
	rc = pthread_mutex_init(&lock->mutex, &attributes);
	must(pthread_mutexattr_destroy(&attributes));
	return -rc;
#else
	return -pthread_mutex_init(&lock->mutex, NULL);
#endif
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
