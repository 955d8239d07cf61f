/* SPDX-License-Identifier: MIT */
/*
 * The way of an item through the pool, in the order in which it goes:
 *
 *   produce(), producer.c   calls generate, and hands its item in:
 *
 *     handover_supply()       try_admit() or admit(): into the ring
 *
 *   work(), worker.c        calls the action on one item after the other:
 *
 *     handover_exchange()     try_exchange(), or settle() and take: the item
 *                             that has run goes out, the next comes in
 *
 *   par_next(), calls.c     takes a result: delivery.c
 *
 * The first of each pair is the common case: it takes no lock, and it fails if
 * somebody must be told (watch.h). The second is a critical section, between
 * monitor_lock() and monitor_unlock().
 */
#include "handover.h"

#include "entry.h"
#include "monitor.h"
#include "records.h"
#include "stops.h"
#include "workers.h"

#include <errno.h>

/* Entry. */

/* generate has brought an item. */
static void admit(struct par *p, struct item *item) NEEDS_LOCK
{
	entry_enter(p, item);
	if (pool_is_canceled(p))
		entry_cancel(p, item);
	else if (p->options.key)
		backlog_put(&p->backlog, item, true);
	else
		ring_put(&p->ring, item);
	workers_ask(p);
}

/* generate has brought no item, or was not called. */
static void end_source(struct par *p, struct item *item, int rc) NEEDS_LOCK
{
	p->source.generating = false;
	if (item)
		spares_put(&p->spares, item);
	if (rc < 0 && !source_was_told(&p->source))
		p->source.error = rc;
	p->source.state = SOURCE_ENDED;
}

static bool has_room_or_ended(void *pool) NEEDS_LOCK
{
	const struct par *p = pool;

	return source_has_ended(&p->source) || pool_has_room(p);
}

/* The producer has come back. */
static void end_call(struct par *p) NEEDS_LOCK
{
	p->source.generating = false;
	p->source.next_index = p->ledger.entered;
	p->source.index_outdated = false;
	source_stop_if_told(&p->source);
}

/* Waits until generate may be called. Returns false if the source has ended.
 * From here on the call is under way: if the source is told to stop now, it
 * ends when the call has returned. */
static bool begin_call(struct par *p) NEEDS_LOCK
{
	monitor_wait(p, &p->waiters.room, &p->waiters.producer, CLOCK_NEVER,
		     has_room_or_ended, p);
	if (source_has_ended(&p->source))
		return false;
	p->source.generating = true;
	if (!p->source.fresh)
		p->source.fresh = spares_take_all(&p->spares);
	return true;
}

/* The common case: puts the item into the ring without the lock. Returns false
 * if that must not be. */
static bool try_admit(struct par *p, struct item *item)
{
	entry_prepare(item, p->source.next_index);
	if (!ring_try_put(&p->ring, item))
		return false;
	p->source.next_index++;
	return true;
}

/* The other cases. */
static bool supply(struct par *p, struct item *item, int rc) WITHOUT_LOCK
{
	bool more;

	if (item && rc > 0 && p->options.key)
		entry_set_key(item, entry_key(p, item->result.item));
	monitor_lock(p);
	pool_update(p);
	if (item && rc > 0)
		admit(p, item);
	else if (item)
		end_source(p, item, rc);
	end_call(p);
	more = begin_call(p);
	monitor_unlock(p);
	return more;
}

struct item *handover_supply(struct par *p, struct item *item, int rc)
{
	bool more = false;

	if (item && rc > 0 && try_admit(p, item)) {
		item = NULL;
		more = ring_has_room_for_put(&p->ring);
	}
	if (!more && !supply(p, item, rc))
		return NULL;
	item = records_take(p);
	if (!item)
		handover_fail_source(p, NULL, -ENOMEM);
	return item;
}

void handover_fail_source(struct par *p, struct item *item, int error)
{
	monitor_lock(p);
	pool_update(p);
	end_source(p, item, error);
	monitor_unlock(p);
}

/* Work. */

/* The worker has this item now; NULL: none. */
static bool assign(struct worker *w, struct item *item)
{
	seats_set_item(w, item);
	if (item)
		item->result.worker = seats_number(&w->self.pool->seats, w);
	return item != NULL;
}

static bool take_or_closing(void *worker) NEEDS_LOCK
{
	struct worker *w = worker;
	struct par *p = w->self.pool;

	/* It leaves if another is still idle. */
	if (w->waiter.dismissed && p->waiters.idle.newest)
		return true;
	w->waiter.dismissed = false;
	if (!pool_may_run(p) || pool_may_begin(p) == 0 ||
	    !assign(w, entry_dequeue(p)))
		return p->closing;
	p->ledger.started++;
	stopwatch_start(&p->stopwatch, w);
	return true;
}

static void settle(struct worker *w, struct item *item) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	stopwatch_stop(&p->stopwatch, w);
	stops_settle(w, item);
	seats_set_item(w, NULL);
	pool_empty_tray(p); /* what was done earlier leaves earlier */
	if (p->options.key)
		backlog_end(&p->backlog, item);
	pool_finish_item(p, item);
}

/* The common case: hands in and takes without the lock. Returns false if that
 * must not be, or if there is nothing to take. */
static bool try_exchange(struct worker *w, struct item *item)
{
	struct par *p = w->self.pool;

	seats_set_item(w, NULL);
	if (!tray_try_put(&p->tray, item)) {
		seats_set_item(w, item);
		return false;
	}
	return assign(w, ring_try_take(&p->ring));
}

/* The other cases. */
static void exchange(struct worker *w) WITHOUT_LOCK
{
	struct par *p = w->self.pool;
	struct item *item = seats_item(w);

	monitor_lock(p);
	if (item)
		settle(w, item);
	w->waits = true;
	monitor_wait(p, &p->waiters.idle, &w->waiter, CLOCK_NEVER,
		     take_or_closing, w);
	w->waits = !seats_item(w); /* if it leaves, nobody interrupts it */
	monitor_unlock(p);
}

struct item *handover_exchange(struct worker *w)
{
	struct item *item = seats_item(w);

	if (!item || !try_exchange(w, item))
		exchange(w);
	return seats_item(w);
}

void handover_retire(struct worker *w)
{
	struct par *p = w->self.pool;
	struct item *item = seats_item(w);

	monitor_lock(p);
	if (item) {
		item->result.error = -EINTR;
		settle(w, item);
	}
	workers_retire(w);
	monitor_unlock(p);
}
