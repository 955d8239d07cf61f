/* SPDX-License-Identifier: MIT */
#include "handover.h"

#include "crew.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Records. They are made before their item enters, and used again. */

static struct item *item_new(void)
{
	return malloc(sizeof(struct item));
}

static struct item *spare_take(struct par *p) NEEDS_LOCK
{
	struct item *item = p->spares;

	if (item) {
		p->spares = item->next;
		p->spare_count--;
	}
	return item;
}

static void spare_put(struct par *p, struct item *item) NEEDS_LOCK
{
	if (p->spare_count == p->spares_wanted) {
		free(item);
		return;
	}
	item->next = p->spares;
	p->spares = item;
	p->spare_count++;
}

/* Entry. */

static void cancel_item(struct par *p, struct item *item) NEEDS_LOCK
{
	item->result.error = -ECANCELED;
	p->ledger.canceled++;
	outbox_put(&p->outbox, item);
}

/* The item is in the pool from here on. Where it waits is the caller's. */
static void enter(struct par *p, struct item *item) NEEDS_LOCK
{
	item->result.value = NULL;
	item->result.error = 0;
	item->result.worker = UINT_MAX;
	item->result.index = p->ledger.entered++;
	item->done = false;
	outbox_expect(&p->outbox, item);
}

/* The call of generate has brought an item. */
static void admit(struct par *p, struct item *item) NEEDS_LOCK
{
	role_leave(&p->producer_role);
	enter(p, item);
	if (p->canceled)
		cancel_item(p, item);
	else
		ring_put(&p->ring, item);
	pool_end_source(p);
}

/* It has brought none, and the record is left, if there is one. */
static void end_supply(struct par *p, struct item *item, int rc) NEEDS_LOCK
{
	role_leave(&p->producer_role);
	if (item)
		spare_put(p, item);
	if (rc < 0 && !p->canceled)
		p->source_error = rc;
	p->ended = true;
}

/* Waits until generate may be asked: the call begins here, so whoever ends the
 * source from now on ends it when that returns. False: it has ended. */
static bool reserve(struct par *p) NEEDS_LOCK
{
	parking_begin(&p->producer);
	while (!p->ended && !pool_has_room(p))
		pool_park(p, &p->full, &p->producer, NEVER);
	if (p->ended)
		return false;
	parking_found(&p->full);
	role_enter(&p->producer_role);
	return true;
}

struct item *pool_supply(struct par *p, struct item *item, int rc,
			 struct worker **recruit)
{
	struct item *next = NULL;
	bool more = false;

	*recruit = NULL;
	pool_lock(p);
	if (item && rc > 0) {
		admit(p, item);
		*recruit = crew_recruit(p, 0);
	} else if (item) {
		end_supply(p, item, rc);
	}
	/* A worker that is needed is not kept waiting for room. */
	if (!*recruit && (more = reserve(p)))
		next = spare_take(p);
	pool_unlock(p);
	if (more && !next && !(next = item_new()))
		pool_end_supply(p, NULL, -ENOMEM);
	return next;
}

void pool_end_supply(struct par *p, struct item *item, int error)
{
	pool_lock(p);
	end_supply(p, item, error);
	pool_unlock(p);
}

static int push_refusal(const struct par *p) NEEDS_LOCK
{
	return p->canceled ? -ECANCELED : p->told ? -EPIPE : 0;
}

int pool_push(struct par *p, void *thing, struct worker **recruit)
{
	struct item *item = NULL;
	int rc;

	pool_lock(p);
	rc = push_refusal(p);
	if (rc == 0 && !(item = spare_take(p))) {
		pool_unlock(p);
		if (!(item = item_new()))
			return -ENOMEM;
		pool_lock(p);
		rc = push_refusal(p);
	}
	if (rc == 0) {
		item->result.item = thing;
		enter(p, item);
		fifo_put(&p->pushed, item);
		*recruit = crew_recruit(p, 0);
	} else if (item) {
		spare_put(p, item);
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
	struct par *p = w->role.pool;

	w->item = dequeue(p);
	if (!w->item)
		return false;
	w->item->result.worker = (unsigned)(w - p->workers);
	p->ledger.started++;
	role_enter(&w->role);
	parking_found(&p->idle);
	return true;
}

void pool_settle(struct worker *w)
{
	struct par *p = w->role.pool;

	role_leave(&w->role);
	p->ledger.finished++;
	p->ledger.failed += w->item->result.error != 0;
	outbox_put(&p->outbox, w->item);
	w->item = NULL;
}

bool pool_exchange(struct worker *w, struct worker **recruit)
{
	struct par *p = w->role.pool;
	bool taken;

	pool_lock(p);
	if (w->item)
		pool_settle(w);
	parking_begin(&w->sleeper);
	while (!(taken = take(w)) && !p->closing)
		pool_park(p, &p->idle, &w->sleeper, NEVER);
	/* Each item that entered has started a worker if it found none; they
	 * are short only where the system refused some. */
	*recruit = crew_recruit(p, p->opening);
	pool_unlock(p);
	return taken;
}

/* Delivery. */

/* Whether par_next() has its answer, in *rc. */
static bool deliver(struct par *p, struct par_result *result, int *rc)
	NEEDS_LOCK
{
	struct item *item = outbox_take(&p->outbox);

	if (item) {
		copy_out(result, p->sizes.result, &item->result,
			 sizeof item->result);
		p->ledger.delivered++;
		parking_found(&p->consumers);
		spare_put(p, item);
		*rc = 1;
	} else if (pool_at_end(p)) {
		p->told = true;
		*rc = p->source_error;
	} else {
		return false;
	}
	return true;
}

struct consumer {
	struct par *pool;
	struct sleeper sleeper;
};

/* The program canceled the thread in its sleep: it holds no result, but the
 * call that another could have had. */
static void consumer_canceled(void *argument) DROPS_LOCK
{
	struct consumer *consumer = argument;
	struct par *p = consumer->pool;

	parking_withdraw(&p->consumers, &consumer->sleeper);
	sleeper_fini(&consumer->sleeper);
	pool_unlock(p);
}

static int wait_and_deliver(struct par *p, struct par_result *result,
			    uint64_t until) NEEDS_LOCK
{
	struct consumer consumer = { .pool = p };
	int rc = sleeper_init(&consumer.sleeper);
	bool woken;

	if (rc)
		return -EAGAIN;
	rc = -ETIMEDOUT;
	pthread_cleanup_push(consumer_canceled, &consumer);
	do
		woken = pool_park(p, &p->consumers, &consumer.sleeper, until);
	while (!deliver(p, result, &rc) && woken);
	pthread_cleanup_pop(false);
	sleeper_fini(&consumer.sleeper);
	return rc;
}

int pool_deliver(struct par *p, struct par_result *result, uint64_t until)
{
	int rc = -ETIMEDOUT;

	pool_lock(p);
	if (!deliver(p, result, &rc) && until != 0)
		rc = wait_and_deliver(p, result, until);
	pool_unlock(p);
	return rc;
}

struct item *pool_leftover(struct par *p)
{
	nobody_else();
	return outbox_take(&p->outbox);
}

void pool_cancel(struct par *p)
{
	struct item *item;

	pool_lock(p);
	p->canceled = true;
	flag_raise(&p->cancel_flag);
	pool_end_source(p);
	while ((item = dequeue(p)))
		cancel_item(p, item);
	pipe_hang_up(&p->cancel_pipe);
	pool_unlock(p);
}
