/* SPDX-License-Identifier: MIT */
/*
 * The waiters of one kind, and the policy by which they wait: whether a thread
 * looks again before it sleeps, and how many are woken.
 *
 * The waiter that came last is woken first: its caches are warm, and the others
 * sleep on. While a waiter that was woken is on its way, no other is woken for
 * the same work: when it runs, it wakes the next if there is more to do. So a
 * burst of work does not cost a wake-up per item. But a waiter that does not
 * come, because it gets no processor or a signal handler keeps it, does not
 * hold up the others: whoever looks later wakes another. If nobody else does,
 * the supervisor looks (par.look_at).
 */
#ifndef PAR_WAIT_QUEUE_H
#define PAR_WAIT_QUEUE_H

#include "waiter.h"

/* The most yields before a sleep. */
enum { WAIT_QUEUE_YIELDS = 4 };
/* For so long at most is a waiter relied on, if no section looks. It is longer
 * than a clock tick. */
enum { WAIT_QUEUE_LOOK_NS = 20000000 };

/* All fields zero: nobody waits. */
struct wait_queue {
	/* The waiter that came last, of those that sleep, and the one that came
	 * first; NULL if none does. */
	struct waiter *newest GUARDED;
	struct waiter *oldest GUARDED;
	/* How many waiters were woken one by one; the last has this number. */
	uint64_t wakes GUARDED;
	/* The highest number of a waiter that runs again. Waiters with higher
	 * numbers are on their way. A waiter with a lower number that does not
	 * run yet was overtaken, and nobody counts on it any more. */
	uint64_t arrived GUARDED;
	/* How many threads yield now. They will look again. And of how many of
	 * these this takes so long that nobody counts on them. */
	unsigned yielding GUARDED;
	unsigned overdue GUARDED;
	/* When the last waiter was woken one by one, or began to yield. */
	uint64_t relied_since GUARDED;
	/* How many yields in a row were in vain. One more than the most: the
	 * next wait does not yield. */
	unsigned vain_yields GUARDED;
	/* The next `rest` waits do not yield, because a yield has cost too
	 * much. If the one after them does again, there are `next_rest`. */
	unsigned rest GUARDED;
	unsigned next_rest GUARDED;
};

/* Whether a thread yields before it sleeps. `yields` is how often it has done
 * so since it slept last. */
bool wait_queue_should_yield(struct wait_queue *queue, unsigned yields,
			     uint64_t until) NEEDS_LOCK;
/* The thread is about to yield, and has yielded. The second call is told what
 * the yield has cost, and how many items the pool's threads brought or worked
 * on meanwhile: so a yield to them is told from a yield to other programs. */
void wait_queue_yield_begins(struct wait_queue *queue) NEEDS_LOCK;
void wait_queue_yield_ends(struct wait_queue *queue, uint64_t cost,
			   uint64_t items) NEEDS_LOCK;
/* The waiter is about to sleep: it can be woken from here on. It sleeps no
 * more: for the thread itself, also if pthread_cancel() ends it. */
void wait_queue_add(struct wait_queue *queue, struct waiter *waiter,
		    uint64_t until) NEEDS_LOCK;
void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter)
	NEEDS_LOCK;
/* Wakes the waiter that sleeps for longest: it is to leave. */
void wait_queue_dismiss_oldest(struct wait_queue *queue) NEEDS_LOCK;
/* A wait is over, or was not needed: the thread has what it wanted. So the last
 * yields were not in vain. */
static inline void wait_queue_note_success(struct wait_queue *queue) NEEDS_LOCK
{
	if (queue->vain_yields <= WAIT_QUEUE_YIELDS)
		queue->vain_yields = 0;
}

/* How many are expected to look soon: woken and on their way, or yielding. */
static inline uint64_t wait_queue_expected(const struct wait_queue *queue)
	NEEDS_LOCK
{
	return queue->wakes - queue->arrived + queue->yielding - queue->overdue;
}

/* The waiter sleeps, and there is work for `wanted` waiters, 1 or more. Wakes
 * it, unless as many are expected to look soon; they are relied on for as long
 * as a wake-up takes, or a clock tick longer. Returns whether it did. */
bool wait_queue_wake(struct wait_queue *queue, struct waiter *waiter,
		     uint64_t wanted) NEEDS_LOCK;
/* When to look whether the expected ones have come, if no section has done so.
 * At that time: they are not relied on any more. */
static inline uint64_t wait_queue_look_at(const struct wait_queue *queue)
	NEEDS_LOCK
{
	return queue->relied_since + WAIT_QUEUE_LOOK_NS;
}
void wait_queue_look(struct wait_queue *queue, uint64_t now) NEEDS_LOCK;

/* The part of the next call that is seldom needed. */
void wait_queue_wake_each(struct wait_queue *queue) NEEDS_LOCK;

static inline void wait_queue_wake_all(struct wait_queue *queue) NEEDS_LOCK
{
	if (queue->newest)
		wait_queue_wake_each(queue);
}

#endif
