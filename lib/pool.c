/* SPDX-License-Identifier: MIT */
/*
 * Critical sections begin and end here. Every section ends in wake_waiters(),
 * so no other code has to know which threads may wait for what it changes.
 */
#include "pool.h"

#include "signals.h"

#include <assert.h>

/* The end comes in several ways: the source ends and nothing is left, or
 * par_next() takes the last result. */
bool pool_is_at_end(const struct par *p)
{
	return source_has_ended(&p->source) && ledger_inside(&p->ledger) == 0;
}

bool pool_has_room(const struct par *p)
{
	return p->ring.count < p->ring.capacity &&
	       (p->options.window == 0 ||
		ledger_inside(&p->ledger) < p->options.window);
}

bool pool_is_short(const struct par *p, unsigned coming)
{
	uint64_t idle = seats_working(&p->seats) - ledger_running(&p->ledger);

	return ledger_queued(&p->ledger) > idle + coming;
}

uint64_t pool_in_callbacks(const struct par *p)
{
	return p->source.generating + p->seats.in_state[SEAT_OPENING] +
	       ledger_running(&p->ledger);
}

/* Whether the last worker must look again (workers_leave()). */
static bool last_worker_must_run(const struct par *p) NEEDS_LOCK
{
	return p->life == POOL_CLOSING || seats_working(&p->seats) > 0 ||
	       (p->waiters.last_worker->until == CLOCK_NEVER &&
		pool_is_short(p, seats_coming(&p->seats)));
}

/* A finite deadline means a pause between two signals. Only a stop ends it
 * early. */
static bool interrupter_must_run(const struct par *p) NEEDS_LOCK
{
	return p->interrupter_stops ||
	       (p->waiters.interrupter.until == CLOCK_NEVER &&
		p->life != POOL_OPENING && flag_is_raised(&p->canceled) &&
		pool_in_callbacks(p) > 0);
}

static bool owner_must_run(const struct par *p) NEEDS_LOCK
{
	return p->life == POOL_CLOSING ? seats_taken(&p->seats) == 0
				       : p->attempts.first_open_done;
}

/* How many idle workers are wanted for the queued items. One for each pushed
 * item: nobody may come back to the pool for a while. But only one for all
 * generated items. They come in a stream, and the worker that was woken wakes
 * the next, if it is needed. */
static uint64_t workers_wanted(const struct par *p) NEEDS_LOCK
{
	return p->pushed.count + (p->ring.count > 0);
}

/* Wakes the threads that have a reason to run. Every wake-up of the library is
 * made here, from the state alone ("Waiters" in the invariant). */
static void wake_waiters(struct par *p) NEEDS_LOCK
{
	struct waiters *waiters = &p->waiters;
	bool ready = outbox_is_ready(&p->outbox), end = pool_is_at_end(p);

	if (p->life == POOL_CLOSING)
		wait_queue_wake_all(&waiters->idle);
	else if (ledger_queued(&p->ledger) > 0)
		wait_queue_wake(&waiters->idle, workers_wanted(p),
				p->ledger.started);
	if (waiters->last_worker && last_worker_must_run(p))
		waiter_wake(waiters->last_worker);

	if (end)
		wait_queue_wake_all(&waiters->consumers);
	else if (ready)
		wait_queue_wake(&waiters->consumers, ledger_ready(&p->ledger),
				p->ledger.delivered);
	pipe_set_readable(&p->results_pipe, ready || end);

	if (source_has_ended(&p->source) || pool_has_room(p))
		/* Only the producer waits here, so no progress is counted. */
		wait_queue_wake(&waiters->room, 1, 0);

	if (waiters->interrupter.asleep && interrupter_must_run(p))
		waiter_wake(&waiters->interrupter);
	if (waiters->owner.asleep && owner_must_run(p))
		waiter_wake(&waiters->owner);
}

void pool_lock(struct par *p)
{
	lock_take(&p->lock);
}

void pool_unlock(struct par *p)
{
	wake_waiters(p);
	lock_drop(&p->lock);
}

void pool_sleep(struct par *p, struct waiter *waiter, uint64_t until)
{
	wake_waiters(p);
	waiter_sleep(waiter, &p->lock, until);
}

bool pool_wait_again(struct par *p, struct wait_queue *queue,
		     struct waiter *waiter, uint64_t until,
		     bool (*condition)(void *), void *argument)
{
	const uint64_t *items = queue == &p->waiters.idle ? &p->ledger.entered
							  : &p->ledger.finished;
	enum wait_pause pause;
	unsigned yields = 0;
	bool succeeded;

	do {
		wake_waiters(p);
		pause = wait_queue_pause(queue, waiter, yields, &p->lock, until,
					 items);
		yields = pause == PAUSE_YIELDED ? yields + 1 : 0;
		succeeded = condition(argument);
	} while (!succeeded && pause != PAUSE_TIMED_OUT);
	if (succeeded)
		wait_queue_note_success(queue);
	return succeeded;
}

void pool_thread_begins(struct self *self, int number)
{
	struct par *p = self->pool;

	thread_disable_cancel();
	self_set(self);
	pool_lock(p);
	self->thread = pthread_self();
	pool_unlock(p);
	if (p->options.interrupt)
		signals_unblock(p->options.interrupt);
	thread_name(p->name, number);
}

static int init_waiters(struct waiters *waiters)
{
	struct waiter *all[] = { &waiters->producer, &waiters->interrupter,
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
	waiter_fini(&waiters->interrupter);
	waiter_fini(&waiters->producer);
}

int pool_init(struct par *p)
{
	const struct par_options *o = &p->options;
	int rc;

	guard_not_needed();
	p->outbox.ordered = o->ordered;
	p->source.self.pool = p;
	/* No overflow: par_open() has refused sizes that are much smaller. */
	spares_init(&p->spares, o->capacity + o->workers);
	rc = seats_init(&p->seats, o->workers);
	if (rc)
		return rc;
	rc = ring_init(&p->ring, o->capacity);
	if (rc)
		goto fini_seats;
	rc = lock_init(&p->lock);
	if (rc)
		goto fini_ring;
	rc = init_waiters(&p->waiters);
	if (rc)
		goto fini_lock;
	return 0;

fini_lock:
	lock_fini(&p->lock);
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
	pipe_close(&p->results_pipe);
	pipe_close(&p->cancel_pipe);
	spares_fini(&p->spares);
	fini_waiters(&p->waiters);
	lock_fini(&p->lock);
	ring_fini(&p->ring);
	seats_fini(&p->seats);
}
