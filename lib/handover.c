/* SPDX-License-Identifier: MIT */
/*
 * The way of an item through the pool, in the order in which it goes:
 *
 *   produce(), producer.c     calls generate, and hands its item in:
 *     handover_supply()         admit(): enter(), then into the ring
 *   work(), worker.c          calls the action on one item after the other:
 *     handover_exchange()       settle(): the item that has run, into the
 * outbox take(): the next, out of `pushed` or the ring par_next(), calls.c
 * takes a result: handover_deliver()        deliver(): out of the outbox, a
 * copy to the program; the record is kept for another item
 *
 * Between pool_lock() and pool_unlock() is one critical section. Whoever waits
 * for what it has changed is woken at its end (pool.c).
 */
#include "handover.h"

#include "sizes.h"
#include "workers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Entry. */

static struct item *new_item(void)
{
	return malloc(sizeof(struct item));
}

/* The item is in the pool from here on. The caller queues or cancels it. */
static void enter(struct par *p, struct item *item) NEEDS_LOCK
{
	item->result.value = NULL;
	item->result.error = 0;
	item->result.worker = UINT_MAX;
	item->result.index = p->ledger.entered++;
	item->done = false;
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
	p->source.generating = false;
	enter(p, item);
	if (flag_is_raised(&p->canceled))
		cancel_item(p, item);
	else
		ring_put(&p->ring, item);
	source_stop_if_told(&p->source);
}

/* generate has brought no item, or was not called. */
static void end_source(struct par *p, struct item *item, int rc) NEEDS_LOCK
{
	p->source.generating = false;
	if (item)
		spares_put(&p->spares, item);
	if (rc < 0 && !flag_is_raised(&p->canceled))
		p->source.error = rc;
	p->source.state = SOURCE_ENDED;
}

static bool has_room_or_ended(void *pool) NEEDS_LOCK
{
	const struct par *p = pool;

	return source_has_ended(&p->source) || pool_has_room(p);
}

/* Waits until generate may be called. Returns false if the source has ended.
 * From here on the call is under way: if the source is told to stop now, it
 * ends when the call has returned. */
static bool begin_call(struct par *p) NEEDS_LOCK
{
	pool_wait(p, &p->waiters.room, &p->waiters.producer, CLOCK_NEVER,
		  has_room_or_ended, p);
	if (source_has_ended(&p->source))
		return false;
	p->source.generating = true;
	return true;
}

struct item *handover_supply(struct par *p, struct item *item, int rc,
			     struct worker **to_start)
{
	struct item *next = NULL;
	bool more = false;

	*to_start = NULL;
	pool_lock(p);
	if (item && rc > 0) {
		admit(p, item);
		*to_start = workers_take_for_entry(p);
	} else if (item) {
		end_source(p, item, rc);
	}
	/* If a worker must be started, the producer does that before it waits
	 * for room, and calls again with item NULL. */
	if (!*to_start && (more = begin_call(p)))
		next = spares_take(&p->spares);
	pool_unlock(p);
	if (more && !next && !(next = new_item()))
		handover_fail_source(p, NULL, -ENOMEM);
	return next;
}

void handover_fail_source(struct par *p, struct item *item, int error)
{
	pool_lock(p);
	end_source(p, item, error);
	pool_unlock(p);
}

static int why_refused(const struct par *p) NEEDS_LOCK
{
	if (flag_is_raised(&p->canceled))
		return -ECANCELED;
	return p->source.state == SOURCE_END_REPORTED ? -EPIPE : 0;
}

int handover_push(struct par *p, void *pushed, struct worker **to_start)
{
	struct item *item = NULL;
	int rc;

	*to_start = NULL;
	pool_lock(p);
	rc = why_refused(p);
	if (rc == 0 && !(item = spares_take(&p->spares))) {
		pool_unlock(p);
		if (!(item = new_item()))
			return -ENOMEM;
		pool_lock(p);
		rc = why_refused(p);
	}
	if (rc == 0) {
		item->result.item = pushed;
		enter(p, item);
		fifo_put(&p->pushed, item);
		*to_start = workers_take_for_entry(p);
	} else if (item) {
		spares_put(&p->spares, item);
	}
	pool_unlock(p);
	return rc;
}

/* Work. */

static struct item *dequeue(struct par *p) NEEDS_LOCK
{
	struct item *item = fifo_take(&p->pushed);

	return item ? item : ring_take(&p->ring);
}

static bool take(struct worker *w) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	w->item = dequeue(p);
	if (!w->item)
		return false;
	w->item->result.worker = seats_number(&p->seats, w);
	p->ledger.started++;
	return true;
}

static bool take_or_closing(void *worker) NEEDS_LOCK
{
	struct worker *w = worker;

	return take(w) || w->self.pool->life == POOL_CLOSING;
}

static void settle(struct worker *w) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	p->ledger.finished++;
	p->ledger.failed += w->item->result.error != 0;
	outbox_put(&p->outbox, w->item);
	w->item = NULL;
}

struct item *handover_exchange(struct worker *w, struct worker **to_start)
{
	struct par *p = w->self.pool;
	struct item *item;

	pool_lock(p);
	if (w->item)
		settle(w);
	pool_wait(p, &p->waiters.idle, &w->waiter, CLOCK_NEVER, take_or_closing,
		  w);
	item = w->item;
	/* An item that enters and finds no idle worker starts one. There can be
	 * too few workers here only if an attempt has failed. */
	*to_start = workers_take_if_short(p, seats_coming(&p->seats));
	pool_unlock(p);
	return item;
}

void handover_retire(struct worker *w)
{
	struct par *p = w->self.pool;

	pool_lock(p);
	if (w->item) {
		w->item->result.error = -EINTR;
		settle(w);
	}
	workers_retire(w);
	pool_unlock(p);
}

/* Delivery. */

struct consumer {
	struct par *pool;
	struct par_result *result;
	struct waiter waiter;
	int rc; /* what par_next() returns */
};

static bool deliver(void *argument) NEEDS_LOCK
{
	struct consumer *consumer = argument;
	struct par *p = consumer->pool;
	struct item *item = outbox_take(&p->outbox);

	if (item) {
		sizes_copy_out(consumer->result, p->sizes.result, &item->result,
			       sizeof item->result);
		p->ledger.delivered++;
		spares_put(&p->spares, item);
		consumer->rc = 1;
	} else if (pool_is_at_end(p)) {
		p->source.state = SOURCE_END_REPORTED;
		consumer->rc = p->source.error;
	} else {
		return false;
	}
	return true;
}

/* pthread_cancel() has ended the thread while it slept. The thread holds no
 * result, but it may be the one that was woken: the unlock wakes another. */
static void consumer_canceled(void *argument) DROPS_LOCK
{
	struct consumer *consumer = argument;
	struct par *p = consumer->pool;

	wait_queue_remove(&p->waiters.consumers, &consumer->waiter);
	waiter_fini(&consumer->waiter);
	pool_unlock(p);
}

static void wait_and_deliver(struct consumer *consumer, uint64_t until)
	NEEDS_LOCK
{
	struct par *p = consumer->pool;

	if (waiter_init(&consumer->waiter)) {
		consumer->rc = -EAGAIN;
		return;
	}
	pthread_cleanup_push(consumer_canceled, consumer);
	pool_wait_again(p, &p->waiters.consumers, &consumer->waiter, until,
			deliver, consumer);
	pthread_cleanup_pop(false);
	waiter_fini(&consumer->waiter);
}

int handover_deliver(struct par *p, struct par_result *result, uint64_t until)
{
	struct consumer consumer;

	consumer.pool = p;
	consumer.result = result;
	consumer.rc = -ETIMEDOUT;
	pool_lock(p);
	if (deliver(&consumer))
		wait_queue_note_success(&p->waiters.consumers);
	else if (until != 0)
		wait_and_deliver(&consumer, until);
	pool_unlock(p);
	return consumer.rc;
}

struct item *handover_leftover(struct par *p)
{
	guard_not_needed();
	return outbox_take(&p->outbox);
}

/* No more input. */

void handover_finish(struct par *p)
{
	pool_lock(p);
	source_finish(&p->source);
	pool_unlock(p);
}

void handover_cancel(struct par *p)
{
	struct item *item;

	pool_lock(p);
	flag_raise(&p->canceled);
	source_finish(&p->source);
	while ((item = dequeue(p)))
		cancel_item(p, item);
	pipe_hang_up(&p->cancel_pipe);
	pool_unlock(p);
}
