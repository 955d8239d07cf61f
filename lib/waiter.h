/* SPDX-License-Identifier: MIT */
/*
 * One thread that waits, with a condition variable of its own.
 *
 * At most one thread ever waits on a condition variable of the library. Those
 * of glibc 2.25 to 2.40 can lose a wake-up if two threads wait on one
 * (sourceware bug 25847).
 */
#ifndef PAR_WAITER_H
#define PAR_WAITER_H

#include "clock.h"
#include "guard.h"
#include "lock.h"

#include <stdbool.h>

struct waiter {
	pthread_cond_t cond GUARDED;
	/* The thread sleeps, and has not been woken yet. */
	bool asleep GUARDED;
	/* The deadline of the sleep. */
	uint64_t until GUARDED;
	/* The cancel state of the thread while it sleeps. The library disables
	 * cancellation everywhere else: a signal handler that the program calls
	 * write() in would be a cancellation point with the lock held. */
	int cancel_state;
	/* If it sleeps in a wait queue, these are the queue's: the number of
	 * the wake-up that it got, 0 for none; whether it is in the list; and
	 * its neighbours there. */
	uint64_t wake GUARDED;
	bool listed GUARDED;
	struct waiter *older GUARDED;
	struct waiter *newer GUARDED;
	/* An idle worker: since when, if par_options.idle_ms is set; and
	 * whether it is to leave. */
	uint64_t since GUARDED;
	bool dismissed GUARDED;
	/* A consumer waits for so many results. */
	unsigned least GUARDED;
};

/* Returns 0, -ENOMEM, -EAGAIN or -ENOSYS (system_cond_init()). */
int waiter_init(struct waiter *waiter);
void waiter_fini(struct waiter *waiter);

/* Marks the thread as asleep. It can be woken from here on. */
static inline void waiter_prepare(struct waiter *waiter, uint64_t until)
	NEEDS_LOCK
{
	waiter->asleep = true;
	waiter->until = until;
}
/* For a thread that is marked: unlocks, sleeps, and locks again. Returns true
 * if the thread was woken, false if the deadline came first. A cancellation
 * point, if cancel_state says so: if the thread is canceled there, it holds the
 * lock and is still marked as asleep. */
bool waiter_sleep(struct waiter *waiter, struct lock *lock) NEEDS_LOCK;
/* Wakes the thread, which is asleep. */
void waiter_wake(struct waiter *waiter) NEEDS_LOCK;

#endif
