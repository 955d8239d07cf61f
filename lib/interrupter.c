/* SPDX-License-Identifier: MIT */
#include "interrupter.h"

/* A signal that comes just before its thread blocks is lost, so it is sent
 * again: soon at first, and seldom to an action that will not be interrupted.
 */
enum { FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 64 };

static void interrupt(const struct par *p, const struct role *role) NEEDS_LOCK
{
	/* Under the lock a thread that is inside cannot have ended. */
	if (role->inside)
		signal_send(role->thread, p->options.interrupt);
}

static void interrupt_all(const struct par *p) NEEDS_LOCK
{
	interrupt(p, &p->producer_role);
	for (unsigned i = 0; i < p->seats; i++)
		interrupt(p, &p->workers[i].role);
}

static void *interrupter_body(void *pool)
{
	struct par *p = pool;
	int pause = FIRST_PAUSE_MS;

	thread_name(p->name, -1);
	pool_lock(p);
	while (!p->dismissed) {
		if (!p->opened || !p->canceled || p->inside == 0) {
			pool_sleep(p, &p->interrupter, NEVER);
			pause = FIRST_PAUSE_MS;
			continue;
		}
		interrupt_all(p);
		p->pausing = true;
		pool_sleep(p, &p->interrupter, time_after(pause));
		p->pausing = false;
		if (pause < LONGEST_PAUSE_MS)
			pause *= 2;
	}
	pool_unlock(p);
	return NULL;
}

int interrupter_start(struct par *p)
{
	return thread_start(&p->interrupter_thread, 0, interrupter_body, p);
}

void interrupter_stop(struct par *p)
{
	pool_lock(p);
	p->dismissed = true;
	pool_unlock(p);
	thread_join(p->interrupter_thread);
}
