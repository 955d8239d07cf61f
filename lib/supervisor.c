/* SPDX-License-Identifier: MIT */
/*
 * The body of the supervisor's thread.
 */
#include "supervisor.h"

#include "interrupts.h"
#include "monitor.h"
#include "stops.h"
#include "worker.h"
#include "workers.h"

/* Releases the lock while it starts the thread. */
static void launch(struct par *p, struct worker *w) NEEDS_LOCK
{
	monitor_unlock(p);
	worker_start(w); /* if it fails, another attempt is due later */
	monitor_lock(p);
}

static void *supervisor_body(void *pool)
{
	struct par *p = pool;
	struct worker *w;

	(void)thread_disable_cancel();
	thread_name(p->name, -1);
	monitor_lock(p);
	while (!pool_is_deserted(p)) {
		stops_tell_late(p);
		interrupts_send(p);
		workers_dismiss(p);
		monitor_look(p);
		w = workers_take_if_due(p);
		if (w)
			launch(p, w);
		else
			monitor_sleep(p, &p->waiters.supervisor, pool_due(p));
	}
	monitor_unlock(p);
	return NULL;
}

int supervisor_start(struct par *p)
{
	return thread_start(&p->supervisor, THREAD_SUPERVISOR,
			    p->options.stack_size, supervisor_body, p);
}

void supervisor_join(struct par *p)
{
	thread_join(p->supervisor);
}
