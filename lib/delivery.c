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
	/* The array of the program, whose results have the program's size. */
	char *results;
	unsigned most;
	unsigned least;
	/* When the time is over, it takes what there is. */
	uint64_t until;
	int rc; /* what par_next() returns */
};

/* One that finds nothing. Apart, so that nobody else pays for the waiter. */
struct sleeper {
	struct par *pool;
	struct waiter waiter;
};

/* Copies the result out. */
static void hand_out(struct consumer *consumer, struct item *item) NEEDS_LOCK
{
	struct par *p = consumer->pool;

	sizes_copy_out(consumer->results, p->sizes.result, &item->result,
		       sizeof item->result);
	p->ledger.delivered++;
	spares_put(&p->spares, item);
}

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
		hand_out(consumer, item);
		consumer->rc = 1;
	} else if (pool_is_at_end(p)) {
		p->source.state = SOURCE_END_REPORTED;
		consumer->rc = p->source.error;
	} else {
		return false;
	}
	return true;
}

/* The same for several results. */
static bool deliver_many(void *argument) NEEDS_LOCK
{
	struct consumer *consumer = argument;
	struct par *p = consumer->pool;
	struct item *item;
	unsigned taken = 0;

	if (p->source.generating)
		spares_hand_over(&p->spares);
	pool_update(p);
	if (outbox_ready(&p->outbox, consumer->least) < consumer->least &&
	    !pool_is_still(p) && clock_now() < consumer->until)
		return false;
	while (taken < consumer->most && (item = outbox_take(&p->outbox))) {
		hand_out(consumer, item);
		consumer->results += p->sizes.result;
		taken++;
	}
	if (taken == 0)
		return deliver(consumer);
	consumer->rc = (int)taken;
	return true;
}

/* pthread_cancel() has ended the thread while it slept. The thread holds no
 * result, but it may be the one that was woken: the unlock wakes another. */
static void sleeper_canceled(void *argument) DROPS_LOCK
{
	struct sleeper *sleeper = argument;
	struct par *p = sleeper->pool;

	wait_queue_remove(&p->waiters.consumers, &sleeper->waiter);
	waiter_fini(&sleeper->waiter);
	monitor_unlock(p);
}

static void wait_and_deliver(struct consumer *consumer, int cancel_state,
			     bool (*look)(void *)) NEEDS_LOCK
{
	struct par *p = consumer->pool;
	struct sleeper sleeper = { .pool = p };

	if (waiter_init(&sleeper.waiter)) {
		consumer->rc = -EAGAIN;
		return;
	}
	sleeper.waiter.cancel_state = cancel_state;
	sleeper.waiter.least = consumer->least;
	pthread_cleanup_push(sleeper_canceled, &sleeper);
	monitor_wait_again(p, &p->waiters.consumers, &sleeper.waiter,
			   consumer->until, look, consumer);
	pthread_cleanup_pop(false);
	waiter_fini(&sleeper.waiter);
}

/* Takes a result, or several, or waits. */
static int serve(struct consumer *consumer, bool (*look)(void *)) WITHOUT_LOCK
{
	const int cancel_state = thread_disable_cancel();
	struct par *p = consumer->pool;

	monitor_lock(p);
	if (look(consumer)) {
		wait_queue_note_success(&p->waiters.consumers);
		monitor_unlock_delivered(p);
	} else {
		if (consumer->until != 0)
			wait_and_deliver(consumer, cancel_state, look);
		monitor_unlock(p);
	}
	thread_restore_cancel(cancel_state);
	return consumer->rc;
}

int delivery_next(struct par *p, struct par_result *result, uint64_t until)
{
	struct consumer consumer = { .pool = p,
				     .results = (char *)result,
				     .least = 1,
				     .until = until,
				     .rc = -ETIMEDOUT };

	return serve(&consumer, deliver);
}

int delivery_next_many(struct par *p, struct par_result *results, unsigned most,
		       unsigned least, uint64_t until)
{
	struct consumer consumer = { .pool = p,
				     .results = (char *)results,
				     .most = most,
				     .least = least,
				     .until = until,
				     .rc = -ETIMEDOUT };

	return serve(&consumer, deliver_many);
}

struct item *delivery_leftover(struct par *p)
{
	guard_not_needed();
	return outbox_take(&p->outbox);
}
