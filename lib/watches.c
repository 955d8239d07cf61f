/* SPDX-License-Identifier: MIT */
/*
 * When a word is watched: "Watches" in the invariant (pool.h).
 */
#include "watches.h"

/* The supervisor will look whether those workers have come that were woken. */
static bool is_looked_after(const struct par *p) NEEDS_LOCK
{
	const struct waiter *supervisor = &p->waiters.supervisor;

	return !supervisor->asleep ||
	       supervisor->until <= wait_queue_look_at(&p->waiters.idle);
}

/* Whether the producer must take the lock to put an item: because it always
 * does, because its next index is out of date, because it was told to stop, or
 * because an item that enters may need a worker. */
static enum watch watch_of_tail(const struct par *p) NEEDS_LOCK
{
	const struct wait_queue *idle = &p->waiters.idle;

	if (p->source.needs_lock || p->source.index_outdated ||
	    p->source.state != SOURCE_RUNNING ||
	    p->seats.in_state[SEAT_VACANT] > 0)
		return WATCH_ON;
	if (!idle->newest)
		return WATCH_OFF;
	if (wait_queue_expected(idle) > p->pushed.count && is_looked_after(p))
		return WATCH_HELD;
	return WATCH_ON;
}

/* Whether a worker must take the lock to take an item: pushed items go first,
 * the producer waits for room, or nothing may be taken. */
static enum watch watch_of_head(const struct par *p) NEEDS_LOCK
{
	if (p->pushed.count > 0 || p->waiters.room.newest ||
	    !p->options.generate || pool_is_canceled(p) || p->takes_lock ||
	    p->limit < p->options.workers)
		return WATCH_ON;
	return WATCH_OFF;
}

/* Whether a worker must take the lock to hand in a result: because of a
 * consumer, or of the descriptor, or because an action was told to stop. */
static enum watch watch_of_tray(const struct par *p) NEEDS_LOCK
{
	if (p->waiters.consumers.newest || p->takes_lock || p->told_alone > 0 ||
	    pool_is_canceled(p) ||
	    (p->results_pipe.is_open && !outbox_is_ready(&p->outbox)))
		return WATCH_ON;
	return WATCH_OFF;
}

void watches_set(struct par *p)
{
	ring_watch(&p->ring, watch_of_tail(p), watch_of_head(p));
	tray_watch(&p->tray, watch_of_tray(p));
}

void watches_set_all(struct par *p)
{
	ring_watch(&p->ring, WATCH_ON, WATCH_ON);
	tray_watch(&p->tray, WATCH_ON);
}
