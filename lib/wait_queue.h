/* SPDX-License-Identifier: MIT */
/*
 * The waiters of one kind, and the policy by which they wait: how often a
 * thread looks again before it sleeps, and how many are woken at a time.
 *
 * The waiter that came last is woken first: its caches are warm, and the others
 * sleep on. At most one is woken at a time; if there is more to do, it wakes
 * the next. So a burst of work does not cost a wake-up per item.
 */
#ifndef PAR_WAIT_QUEUE_H
#define PAR_WAIT_QUEUE_H

#include "waiter.h"

/* The most yields before a sleep. */
enum { WAIT_QUEUE_YIELDS = 4 };

/* All fields zero: nobody waits. */
struct wait_queue {
	/* The waiter that came last, of those that sleep; NULL if none does. */
	struct waiter *newest GUARDED;
	/* A waiter was woken and does not run yet. */
	bool wake_pending GUARDED;
	/* How many threads yield now. They will look again before they sleep,
	 * so nobody is woken in the meantime. */
	unsigned yielding GUARDED;
	/* How many yields in a row were in vain (see wait_queue_pause()). */
	unsigned vain_yields GUARDED;
};

/*
 * One step of a wait: the thread yields the processor, or it sleeps until it is
 * woken. Unlocks in between. The caller looks again when it returns; it returns
 * false if the deadline has come. *yields is a variable of the caller's wait
 * loop, 0 at its beginning.
 *
 * A cancellation point. If the thread is canceled there, it must call
 * wait_queue_remove().
 */
bool wait_queue_pause(struct wait_queue *queue, struct waiter *waiter,
		      unsigned *yields, struct lock *lock, uint64_t until)
	NEEDS_LOCK;
void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter)
	NEEDS_LOCK;
/* A wait is over, or was not needed: the thread has what it wanted. So the last
 * yields were not in vain. */
static inline void wait_queue_satisfied(struct wait_queue *queue) NEEDS_LOCK
{
	if (queue->vain_yields <= WAIT_QUEUE_YIELDS)
		queue->vain_yields = 0;
}

/* The parts of the two calls below that are seldom needed. */
void wait_queue_wake_newest(struct wait_queue *queue) NEEDS_LOCK;
void wait_queue_wake_each(struct wait_queue *queue) NEEDS_LOCK;

/* Wakes the newest waiter, unless one was woken already and does not run yet,
 * or a thread yields. */
static inline void wait_queue_wake_one(struct wait_queue *queue) NEEDS_LOCK
{
	if (queue->newest && !queue->wake_pending && !queue->yielding)
		wait_queue_wake_newest(queue);
}

static inline void wait_queue_wake_all(struct wait_queue *queue) NEEDS_LOCK
{
	if (queue->newest)
		wait_queue_wake_each(queue);
}

#endif
