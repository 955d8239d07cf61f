/* SPDX-License-Identifier: MIT */
/*
 * The last hand-over of an item: deliver() takes its result out of the outbox
 * and copies it to the program. The record is kept for another item.
 */
#include "delivery.h"

#include "monitor.h"
#include "sizes.h"

#include <errno.h>

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

	if (!item) {
		if (p->source.generating)
			spares_hand_over(&p->spares);
		pool_update(p);
		item = outbox_take(&p->outbox);
	}
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
	monitor_unlock(p);
}

static void wait_and_deliver(struct consumer *consumer, uint64_t until,
			     int cancel_state) NEEDS_LOCK
{
	struct par *p = consumer->pool;

	if (waiter_init(&consumer->waiter)) {
		consumer->rc = -EAGAIN;
		return;
	}
	consumer->waiter.cancel_state = cancel_state;
	pthread_cleanup_push(consumer_canceled, consumer);
	monitor_wait_again(p, &p->waiters.consumers, &consumer->waiter, until,
			   deliver, consumer);
	pthread_cleanup_pop(false);
	waiter_fini(&consumer->waiter);
}

int delivery_next(struct par *p, struct par_result *result, uint64_t until)
{
	const int cancel_state = thread_disable_cancel();
	struct consumer consumer;

	consumer.pool = p;
	consumer.result = result;
	consumer.rc = -ETIMEDOUT;
	monitor_lock(p);
	if (deliver(&consumer)) {
		wait_queue_note_success(&p->waiters.consumers);
		monitor_unlock_delivered(p);
	} else {
		if (until != 0)
			wait_and_deliver(&consumer, until, cancel_state);
		monitor_unlock(p);
	}
	thread_restore_cancel(cancel_state);
	return consumer.rc;
}

struct item *delivery_leftover(struct par *p)
{
	guard_not_needed();
	pool_empty_tray(p);
	return outbox_take(&p->outbox);
}
