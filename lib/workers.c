/* SPDX-License-Identifier: MIT */
/*
 * The critical sections in which workers come and go.
 */
#include "workers.h"

#include "interrupts.h"
#include "monitor.h"
#include "stops.h"
#include "system.h"

/* A worker that leaves looks at so many seats, and joins so many threads. */
enum { LOOKS = 32, JOINS = 2 };

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

struct worker *workers_take_if_due(struct par *p)
{
	const uint64_t due = pool_due_worker(p);

	return due <= clock_now() ? take_seat(p) : NULL;
}

static bool lacks_asks(struct par *p) NEEDS_LOCK
{
	const unsigned asked = p->attempts.asked;

	return p->options.worker_open &&
	       asked < p->seats.in_state[SEAT_VACANT] &&
	       pool_shortage(p) > asked;
}

void workers_ask(struct par *p)
{
	if (lacks_asks(p))
		p->attempts.asked++;
}

void workers_ask_for_all(struct par *p)
{
	while (lacks_asks(p))
		p->attempts.asked++;
}

static void vacate(struct worker *w) NEEDS_LOCK
{
	struct par *p = w->self.pool;

	seats_change(&p->seats, w, SEAT_VACANT);
	workers_ask(p);
}

void workers_refused(struct worker *w, int error)
{
	struct par *p = w->self.pool;

	monitor_lock(p);
	stops_end(w);
	attempts_fail(&p->attempts, w->attempt, error);
	vacate(w);
	monitor_unlock(p);
}

void workers_join(struct worker *w)
{
	guard_not_needed();
	if (w->joinable)
		thread_join(w->self.thread);
}

void workers_succeed(struct worker *w)
{
	guard_not_needed();
	w->has_predecessor = w->joinable && !system_thread_has_ended(w->number);
	if (w->has_predecessor)
		w->predecessor = w->self.thread;
	else
		workers_join(w);
}

bool workers_begin(struct worker *w)
{
	struct par *p = w->self.pool;
	bool handler_stands;

	monitor_lock(p);
	w->joinable = true;
	w->number = system_thread_number();
	seats_change(&p->seats, w, SEAT_OPENING);
	if (word_load_own(&w->self.told) != 0)
		interrupts_begin(p, &w->self);
	handler_stands = p->handler_stands;
	monitor_unlock(p);
	return handler_stands;
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
	w->waiter.dismissed = false;
	stops_end(w);
}

void workers_dismiss(struct par *p)
{
	struct wait_queue *idle = &p->waiters.idle;
	uint64_t now;

	if (p->dismiss_at == CLOCK_NEVER)
		return;
	now = clock_now();
	if (now < p->dismiss_at)
		return;
	/* The others follow in the next section. */
	if (pool_dismissal(p) <= now)
		wait_queue_dismiss_oldest(idle);
	p->dismiss_at = pool_dismissal(p);
}

/* Finds a thread that has left its seat, has ended, and was not joined. Looks
 * at a few seats; the next call goes on behind them. */
static bool find_ended(struct par *p, pthread_t *thread) NEEDS_LOCK
{
	struct seats *seats = &p->seats;

	for (unsigned looks = 0; looks < LOOKS && looks < seats->used;
	     looks++) {
		struct worker *w =
			&seats->all[seats->next_look++ % seats->used];

		if (w->state != SEAT_VACANT || !w->joinable ||
		    !system_thread_has_ended(w->number))
			continue;
		w->joinable = false;
		*thread = w->self.thread;
		return true;
	}
	return false;
}

/* Joins threads that left before this one, so that their stacks are given back.
 * Only its predecessor is waited for, when the seat is free. At the close the
 * owner joins all that are left. */
void workers_leave(struct worker *w)
{
	struct par *p = w->self.pool;
	pthread_t left[JOINS];
	unsigned count = 0;

	monitor_lock(p);
	if (w->has_predecessor)
		left[count++] = w->predecessor;
	if (!p->closing)
		while (count < JOINS && find_ended(p, &left[count]))
			count++;
	vacate(w);
	monitor_unlock(p);
	while (count > 0)
		thread_join(left[--count]);
}
