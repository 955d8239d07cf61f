/* SPDX-License-Identifier: MIT */
/*
 * Sends the signal to each thread that runs generate, action or worker_open. A
 * signal that comes just before its thread blocks is lost, so it is sent again:
 * soon at first, and more and more seldom to a callback that ignores it.
 */
#include "interrupter.h"

#include "monitor.h"
#include "signals.h"

enum { FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 64 };

/* Under the lock a thread in a callback cannot have ended. */
static void interrupt(const struct par *p, const struct self *self) NEEDS_LOCK
{
	signals_send(self->thread, p->options.interrupt);
}

static void interrupt_all(const struct par *p) NEEDS_LOCK
{
	if (p->source.generating)
		interrupt(p, &p->source.self);
	for (unsigned i = 0; i < p->seats.used; i++) {
		const struct worker *w = &p->seats.all[i];

		if ((w->state == SEAT_WORKING && !w->waits) ||
		    w->state == SEAT_OPENING)
			interrupt(p, &w->self);
	}
}

static void *interrupter_body(void *pool)
{
	struct par *p = pool;
	struct waiter *waiter = &p->waiters.interrupter;
	int pause = FIRST_PAUSE_MS;

	thread_name(p->name, -1);
	monitor_lock(p);
	while (!p->interrupter_stops) {
		if (p->life == POOL_OPENING || !pool_is_canceled(p) ||
		    pool_in_callbacks(p) == 0) {
			monitor_sleep(p, waiter, CLOCK_NEVER);
			pause = FIRST_PAUSE_MS;
			continue;
		}
		interrupt_all(p);
		monitor_sleep(p, waiter, clock_after(pause));
		if (pause < LONGEST_PAUSE_MS)
			pause *= 2;
	}
	monitor_unlock(p);
	return NULL;
}

int interrupter_start(struct par *p)
{
	return thread_start(&p->interrupter, 0, interrupter_body, p);
}

void interrupter_stop(struct par *p)
{
	monitor_lock(p);
	p->interrupter_stops = true;
	monitor_unlock(p);
	thread_join(p->interrupter);
}
