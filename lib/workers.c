/* SPDX-License-Identifier: MIT */
/*
 * The critical sections in which workers come and go. There is always one left
 * that can work, or that will try to start another.
 */
#include "workers.h"

#include "monitor.h"

static struct worker *take_seat(struct par *p) NEEDS_LOCK
{
	struct worker *w = seats_take(&p->seats, p);

	w->attempt = attempts_begin(&p->attempts);
	return w;
}

struct worker *workers_take_first(struct par *p)
{
	struct worker *w;

	monitor_lock(p);
	w = take_seat(p);
	monitor_unlock(p);
	return w;
}

struct worker *workers_take_if_short(struct par *p, unsigned coming)
{
	if (p->seats.in_state[SEAT_VACANT] == 0 || !pool_is_short(p, coming) ||
	    !attempts_may_begin(&p->attempts))
		return NULL;
	return take_seat(p);
}

struct worker *workers_take_for_entry(struct par *p)
{
	return workers_take_if_short(
		p, p->options.worker_open ? 0 : seats_coming(&p->seats));
}

void workers_refused(struct worker *w, int error)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	attempts_fail(&p->attempts, w->attempt, error);
	seats_change(&p->seats, w, SEAT_VACANT);
	monitor_unlock(p);
}

void workers_join(struct worker *w)
{
	guard_not_needed();
	if (w->joinable)
		thread_join(w->self.thread);
}

void workers_begin(struct worker *w)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	w->joinable = true;
	seats_change(&p->seats, w, SEAT_OPENING);
	monitor_unlock(p);
}

void workers_opened(struct worker *w)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	attempts_succeed(&p->attempts, w->attempt);
	seats_change(&p->seats, w, SEAT_WORKING);
	monitor_unlock(p);
}

void workers_retire(struct worker *w)
{
	struct par *p = w->self.pool;

	if (w->state == SEAT_OPENING)
		attempts_fail(&p->attempts, w->attempt, w->open_error);
	seats_change(&p->seats, w, SEAT_LEAVING);
}

/* Attempts begin when something happens: an item enters, an action ends. If no
 * worker were left, nothing could happen any more. So a worker that leaves no
 * working one behind stays as the last worker. It waits until another works, or
 * until there is work and time to start a successor. One last worker is enough.
 */
static bool may_leave(const struct par *p) NEEDS_LOCK
{
	return p->life == POOL_CLOSING || p->waiters.last_worker ||
	       seats_working(&p->seats) > 0;
}

static void wait_as_last(struct worker *w, uint64_t until) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	p->waiters.last_worker = &w->waiter;
	monitor_sleep(p, &w->waiter, until);
	p->waiters.last_worker = NULL;
}

bool workers_leave(struct worker *w)
{
	struct par *p = w->self.pool;
	bool needed, succeeded;

	monitor_lock(p);
	for (;;) {
		/* An item that enters now and finds no vacant seat could start
		 * no worker. From here on none enters without the lock. */
		ring_watch(&p->ring, WATCH_ON, p->ring.head_watch);
		needed = p->life != POOL_CLOSING &&
			 pool_is_short(p, seats_coming(&p->seats));
		succeeded = needed && attempts_may_begin(&p->attempts);
		if (succeeded || may_leave(p))
			break;
		wait_as_last(w, needed ? p->attempts.retry_at : CLOCK_NEVER);
	}
	if (succeeded)
		w->attempt = attempts_begin(&p->attempts);
	seats_change(&p->seats, w, succeeded ? SEAT_STARTING : SEAT_VACANT);
	monitor_unlock(p);
	return succeeded;
}

void workers_stay(struct worker *w, int error)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	attempts_fail(&p->attempts, w->attempt, error);
	seats_change(&p->seats, w, SEAT_LEAVING);
	monitor_unlock(p);
}
