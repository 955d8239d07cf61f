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

#include "interrupts.h"
#include "monitor.h"
#include "records.h"
#include "workers.h"

#include <errno.h>
#include <limits.h>

/* Entry. */

static void prepare(struct item *item, uint64_t index)
{
	item->result.value = NULL;
	item->result.error = 0;
	item->result.worker = UINT_MAX;
	item->result.index = index;
	item->done = false;
}

/* The item is in the pool from here on. The caller queues or cancels it. */
static void enter(struct par *p, struct item *item) NEEDS_LOCK
{
	prepare(item, p->ledger.entered++);
	outbox_enter(&p->outbox, item);
}

static void cancel_item(struct par *p, struct item *item) NEEDS_LOCK
{
	item->result.error = -ECANCELED;
	p->ledger.canceled++;
	outbox_put(&p->outbox, item);
}

/* generate has brought an item. */
static void admit(struct par *p, struct item *item) NEEDS_LOCK
{
	enter(p, item);
	if (pool_is_canceled(p))
		cancel_item(p, item);
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
	if (rc < 0 && !p->source.told && !pool_is_canceled(p))
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
	prepare(item, p->source.next_index);
	if (!ring_try_put(&p->ring, item))
		return false;
	p->source.next_index++;
	return true;
}

/* The other cases. */
static bool supply(struct par *p, struct item *item, int rc) WITHOUT_LOCK
{
	bool more;

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

static int why_refused(const struct par *p) NEEDS_LOCK
{
	if (pool_is_canceled(p))
		return -ECANCELED;
	return p->source.state == SOURCE_END_REPORTED ? -EPIPE : 0;
}

/* The producer must not give its next item the index of a pushed one. */
static void outdate_index(struct par *p) NEEDS_LOCK
{
	ring_watch(&p->ring, WATCH_ON, p->ring.head_watch);
	pool_update(p);
	p->source.index_outdated = true;
}

int handover_push(struct par *p, void *pushed)
{
	struct item *item = NULL;
	int rc;

	monitor_lock(p);
	rc = why_refused(p);
	if (rc == 0 && !(item = spares_take(&p->spares))) {
		monitor_unlock(p);
		if (!(item = records_new()))
			return -ENOMEM;
		monitor_lock(p);
		rc = why_refused(p);
	}
	if (rc == 0) {
		item->result.item = pushed;
		if (p->options.generate)
			outdate_index(p);
		enter(p, item);
		fifo_put(&p->pushed, item);
		workers_ask(p);
	} else if (item) {
		spares_put(&p->spares, item);
	}
	monitor_unlock(p);
	return rc;
}

/* Work. */

static struct item *dequeue(struct par *p) NEEDS_LOCK
{
	struct item *item = fifo_take(&p->pushed);

	return item ? item : ring_take(&p->ring);
}

/* The worker has this item now; NULL: none. */
static bool assign(struct worker *w, struct item *item)
{
	w->item = item;
	if (item)
		item->result.worker = seats_number(&w->self.pool->seats, w);
	return item != NULL;
}

static bool take_or_closing(void *worker) NEEDS_LOCK
{
	struct worker *w = worker;
	struct par *p = w->self.pool;

	if (!pool_may_run(p) || !assign(w, dequeue(p)))
		return p->life == POOL_CLOSING;
	p->ledger.started++;
	return true;
}

static void settle(struct worker *w) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	pool_empty_tray(p); /* what was done earlier leaves earlier */
	pool_finish_item(p, w->item);
	w->item = NULL;
}

/* The common case: hands in and takes without the lock. Returns false if that
 * must not be, or if there is nothing to take. */
static bool try_exchange(struct worker *w)
{
	struct par *p = w->self.pool;

	if (!tray_try_put(&p->tray, w->item))
		return false;
	w->item = NULL;
	return assign(w, ring_try_take(&p->ring));
}

struct item *handover_exchange(struct worker *w)
{
	struct par *p = w->self.pool;

	if (w->item && try_exchange(w))
		return w->item;
	monitor_lock(p);
	if (w->item)
		settle(w);
	w->waits = true;
	monitor_wait(p, &p->waiters.idle, &w->waiter, CLOCK_NEVER,
		     take_or_closing, w);
	w->waits = !w->item; /* if it leaves, nobody interrupts it */
	monitor_unlock(p);
	return w->item;
}

void handover_retire(struct worker *w)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	if (w->item) {
		w->item->result.error = -EINTR;
		settle(w);
	}
	workers_retire(w);
	monitor_unlock(p);
}

/* No more input. */

void handover_finish(struct par *p)
{
	/* A generator that finishes its own pool knows what it does. */
	const bool told = !self_generates_for(p);

	monitor_lock(p);
	if (told && !p->source.told && p->source.generating) {
		p->source.told = true;
		interrupts_begin(p);
	}
	source_finish(&p->source);
	monitor_unlock(p);
}

void handover_cancel(struct par *p)
{
	struct item *item;

	monitor_lock(p);
	if (!pool_is_canceled(p))
		interrupts_begin(p);
	word_store(&p->canceled, 1);
	source_finish(&p->source);
	/* What was taken before this was started before the cancel. */
	monitor_stop_others(p);
	pool_update(p);
	while ((item = dequeue(p)))
		cancel_item(p, item);
	pipe_hang_up(&p->cancel_pipe);
	monitor_unlock(p);
}
