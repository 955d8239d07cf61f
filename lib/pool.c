/* SPDX-License-Identifier: MIT */
/*
 * What follows from the state of a pool, and how the state is made and freed.
 */
#include "pool.h"

#include <assert.h>

/* The end comes in several ways: the source ends and nothing is left, or
 * par_next() takes the last result. */
bool pool_is_at_end(const struct par *p)
{
	return source_has_ended(&p->source) && ledger_inside(&p->ledger) == 0;
}

bool pool_may_run(const struct par *p)
{
	return p->handler_stands || !p->options.interrupt;
}

bool pool_is_left(const struct par *p)
{
	return seats_taken(&p->seats) == 0 && !p->source.generating;
}

bool pool_is_deserted(const struct par *p)
{
	return p->closing && (!p->options.interrupt || pool_is_left(p));
}

size_t pool_generated(const struct par *p)
{
	return p->options.key ? p->backlog.all_generated : ring_count(&p->ring);
}

bool pool_window_has_room(const struct par *p)
{
	return p->options.window == 0 ||
	       ledger_inside(&p->ledger) < p->options.window;
}

bool pool_window_has_room_beside_pushers(const struct par *p)
{
	return p->options.window == 0 ||
	       ledger_inside(&p->ledger) + p->pushing < p->options.window;
}

bool pool_has_room(const struct par *p)
{
	return pool_may_run(p) && pool_generated(p) < p->ring.capacity &&
	       pool_window_has_room_beside_pushers(p);
}

uint64_t pool_may_begin(struct par *p)
{
	uint64_t running;

	/* Without a limit a worker hands in and takes without the lock. So the
	 * next lines may count its action twice, and then an idle worker would
	 * sleep on beside an item. */
	if (p->limit == p->options.workers)
		return p->limit;
	pool_update(p);
	running = ledger_running(&p->ledger);
	return running < p->limit ? p->limit - running : 0;
}

uint64_t pool_dismissal(const struct par *p)
{
	const struct wait_queue *idle = &p->waiters.idle;

	if (idle->oldest == idle->newest)
		return CLOCK_NEVER;
	return idle->oldest->since +
	       p->options.idle_ms * (uint64_t)CLOCK_NS_PER_MS;
}

bool pool_is_still(struct par *p)
{
	pool_update(p);
	if (ledger_running(&p->ledger) > 0)
		return false;
	return p->limit == 0 ||
	       (ledger_queued(&p->ledger) == 0 &&
		(source_has_ended(&p->source) || !pool_window_has_room(p)));
}

void pool_finish_item(struct par *p, struct item *item)
{
	p->ledger.finished++;
	p->ledger.failed += item->result.error != 0;
	outbox_put(&p->outbox, item);
}

void pool_empty_tray(struct par *p)
{
	struct item *item, *next;

	for (item = tray_empty(&p->tray); item; item = next) {
		next = item->next;
		pool_finish_item(p, item);
	}
}

/* In this order: no item has finished that had not started, and none has
 * started that had not entered. */
void pool_update(struct par *p)
{
	pool_empty_tray(p);
	p->ledger.started += ring_new_takes(&p->ring);
	p->ledger.entered += ring_new_puts(&p->ring);
}

uint64_t pool_shortage(struct par *p)
{
	const struct ledger *l = &p->ledger;
	uint64_t unfinished, working = seats_working(&p->seats);

	pool_update(p);
	/* queued - (working - running). The started items, which change while
	 * they are counted, are on both sides. */
	unfinished = l->entered - l->canceled - l->finished -
		     backlog_held(&p->backlog);
	if (unfinished > p->limit)
		unfinished = p->limit;
	return unfinished > working ? unfinished - working : 0;
}

uint64_t pool_in_callbacks(const struct par *p)
{
	return p->source.generating + p->seats.in_state[SEAT_OPENING] +
	       ledger_running(&p->ledger);
}

bool pool_must_interrupt(const struct par *p)
{
	if (!p->handler_stands)
		return false;
	if (pool_is_canceled(p))
		return pool_in_callbacks(p) > 0;
	return p->told_alone > 0 ||
	       (source_was_told(&p->source) && p->source.generating);
}

static bool needs_worker(struct par *p) NEEDS_LOCK
{
	struct attempts *attempts = &p->attempts;
	uint64_t shortage;

	if (p->seats.in_state[SEAT_VACANT] == 0 || p->closing ||
	    !pool_may_run(p))
		return false;
	shortage = pool_shortage(p);
	if (attempts->asked > shortage)
		attempts->asked = (unsigned)shortage;
	return attempts->asked > 0 || shortage > seats_coming(&p->seats);
}

uint64_t pool_due_worker(struct par *p)
{
	return needs_worker(p) ? p->attempts.retry_at : CLOCK_NEVER;
}

uint64_t pool_due(struct par *p)
{
	uint64_t due;

	if (pool_is_deserted(p))
		return 0;
	due = pool_due_worker(p);
	if (due > p->interrupts.due && pool_must_interrupt(p))
		due = p->interrupts.due;
	if (due > p->stopwatch.due)
		due = p->stopwatch.due;
	if (due > p->look_at)
		due = p->look_at;
	return due < p->dismiss_at ? due : p->dismiss_at;
}

static int init_waiters(struct waiters *waiters)
{
	struct waiter *all[] = { &waiters->producer, &waiters->supervisor,
				 &waiters->owner };
	size_t made = 0;
	int rc = 0;

	guard_not_needed();
	while (made < sizeof all / sizeof *all) {
		rc = waiter_init(all[made]);
		if (rc)
			break;
		made++;
	}
	if (rc)
		while (made > 0)
			waiter_fini(all[--made]);
	return rc;
}

static void fini_waiters(struct waiters *waiters)
{
	guard_not_needed();
	waiter_fini(&waiters->owner);
	waiter_fini(&waiters->supervisor);
	waiter_fini(&waiters->producer);
}

/* What needs no memory. */
static void init_fields(struct par *p) NEEDS_LOCK
{
	const struct par_options *o = &p->options;

	p->outbox.ordered = o->ordered;
	p->source.self.pool = p;
	p->limit = o->workers;
	p->dismiss_at = CLOCK_NEVER;
	p->look_at = CLOCK_NEVER;
	stopwatch_init(&p->stopwatch, o);
	p->takes_lock = o->key || p->stopwatch.in_use;
	p->source.needs_lock =
		!o->generate || o->ordered || o->window > 0 || p->takes_lock;
	/* No overflow: par_open() has refused sizes that are much smaller. */
	spares_init(&p->spares, o->capacity + o->workers);
}

int pool_init(struct par *p)
{
	const struct par_options *o = &p->options;
	int rc;

	guard_not_needed();
	init_fields(p);
	rc = seats_init(&p->seats, o->workers);
	if (rc)
		return rc;
	rc = ring_init(&p->ring, o->capacity);
	if (rc)
		goto fini_seats;
	rc = o->key ? backlog_init(&p->backlog, o->key_limit) : 0;
	if (rc)
		goto fini_ring;
	rc = lock_init(&p->lock);
	if (rc)
		goto fini_backlog;
	rc = init_waiters(&p->waiters);
	if (rc)
		goto fini_lock;
	return 0;

fini_lock:
	lock_fini(&p->lock);
fini_backlog:
	backlog_fini(&p->backlog);
fini_ring:
	ring_fini(&p->ring);
fini_seats:
	seats_fini(&p->seats);
	return rc;
}

void pool_fini(struct par *p)
{
	guard_not_needed();
	assert(seats_taken(&p->seats) == 0 && pool_in_callbacks(p) == 0);
	assert(ledger_queued(&p->ledger) == 0);
	pipe_close(&p->source.self.stop_pipe);
	pipe_close(&p->results_pipe);
	pipe_close(&p->cancel_pipe);
	spares_free(p->source.fresh);
	spares_fini(&p->spares);
	fini_waiters(&p->waiters);
	lock_fini(&p->lock);
	backlog_fini(&p->backlog);
	ring_fini(&p->ring);
	seats_fini(&p->seats);
}
