/* SPDX-License-Identifier: MIT */
/*
 * The body of a worker's thread. It holds no lock: what it does to the pool's
 * state is in handover.c and workers.c.
 */
#include "worker.h"

#include "handover.h"
#include "monitor.h"
#include "signals.h"
#include "workers.h"

#include <errno.h>

static void *worker_body(void *worker);

int worker_start(struct worker *w)
{
	const size_t stack_size = w->self.pool->options.stack_size;
	pthread_t thread;
	int rc = 0;

	if (!w->cond_ready) {
		rc = waiter_init(&w->waiter);
		w->cond_ready = rc == 0;
	}
	if (rc == 0)
		rc = thread_start(&thread, THREAD_WORKER, stack_size,
				  worker_body, w);
	if (rc)
		workers_refused(w, rc);
	return rc;
}

static bool open_state(struct worker *w)
{
	const struct par_options *o = &w->self.pool->options;
	int rc = 0;

	w->user_state = NULL;
	w->open_error = -EINTR; /* if worker_open ends the thread */
	if (o->worker_open)
		rc = o->worker_open(o->context, &w->user_state);
	w->open_error = rc;
	w->close_due = rc == 0;
	if (rc == 0)
		workers_opened(w);
	return rc == 0;
}

static void work(struct worker *w)
{
	const struct par_options *o = &w->self.pool->options;
	void *context = o->worker_open ? w->user_state : o->context;
	struct item *item = handover_exchange(w);

	while (item) {
		/* An item comes only when the handler is installed. A callback
		 * may have left the signal blocked. And one that was sent to
		 * the last action arrives here, and so not in the next. */
		if (o->interrupt)
			signals_unblock(o->interrupt);
		item->result.error = o->action(context, item->result.item,
					       &item->result.value);
		item = handover_exchange(w);
	}
}

/* The three steps of a worker's end. They are clean-up handlers, because an
 * action, worker_open or worker_close may end the thread by pthread_exit(). If
 * a clean-up handler does that, some systems run the earlier handlers again. So
 * each step does nothing the second time. */

/* Here and in the last step cancellation may be enabled, by a callback. */
static void retire(void *worker)
{
	(void)thread_disable_cancel();
	handover_retire(worker);
}

static void close_state(void *worker)
{
	struct worker *w = worker;
	const struct par_options *o = &w->self.pool->options;

	if (!w->close_due)
		return;
	w->close_due = false;
	if (!o->worker_close)
		return;
	/* An interrupt that comes late must not interrupt worker_close. */
	if (o->interrupt)
		signals_block(o->interrupt);
	o->worker_close(w->user_state);
}

static void leave(void *worker)
{
	(void)thread_disable_cancel();
	workers_leave(worker);
	self_end();
}

static void *worker_body(void *worker)
{
	struct worker *w = worker;

	workers_succeed(w);
	w->close_due = false;
	monitor_thread_begins(&w->self,
			      (int)seats_number(&w->self.pool->seats, w));
	if (workers_begin(w))
		signals_unblock(w->self.pool->options.interrupt);

	pthread_cleanup_push(leave, w);
	pthread_cleanup_push(close_state, w);
	pthread_cleanup_push(retire, w);
	if (open_state(w))
		work(w);
	pthread_cleanup_pop(true);
	pthread_cleanup_pop(true);
	pthread_cleanup_pop(true);
	return NULL;
}
