/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "crew.h"
#include "handover.h"
#include "self.h"

#include <errno.h>

static void *worker_body(void *worker);

static int launch(struct worker *w)
{
	const size_t stack_size = w->role.pool->options.stack_size;
	pthread_t thread;
	int rc = 0;

	if (!w->furnished) {
		rc = sleeper_init(&w->sleeper);
		w->furnished = rc == 0;
	}
	return rc ? rc : thread_start(&thread, stack_size, worker_body, w);
}

int worker_start(struct worker *w)
{
	int rc = w ? launch(w) : 0;

	if (rc)
		crew_refused(w, rc);
	return rc;
}

static bool open_state(struct worker *w)
{
	const struct par_options *o = &w->role.pool->options;
	int rc = 0;

	w->state = NULL;
	w->failure = -EINTR; /* unless it returns */
	w->role.opening = true;
	if (o->worker_open)
		rc = o->worker_open(o->context, &w->state);
	w->role.opening = false;
	w->failure = rc;
	w->open = rc == 0;
	if (w->open)
		crew_opened(w);
	return w->open;
}

static void close_state(void *worker)
{
	struct worker *w = worker;
	const struct par_options *o = &w->role.pool->options;

	if (!w->open)
		return;
	w->open = false;
	if (!o->worker_close)
		return;
	/* An interrupt that comes late is none of worker_close's business. */
	if (o->interrupt)
		signal_block(o->interrupt);
	o->worker_close(w->state);
}

static void work(struct worker *w)
{
	const struct par_options *o = &w->role.pool->options;
	void *context = o->worker_open ? w->state : o->context;
	struct worker *recruit;
	bool more;

	for (;;) {
		more = pool_exchange(w, &recruit);
		worker_start(recruit);
		if (!more)
			break;
		w->item->result.error = o->action(context, w->item->result.item,
						  &w->item->result.value);
	}
}

/* The three steps of an end. They stand as clean-up handlers, since an action,
 * worker_open or worker_close may end its thread by pthread_exit(). Where that
 * happens in a handler some systems run the earlier ones again, so each step
 * knows whether it was done. */

static void retire(void *worker)
{
	struct worker *w = worker;

	if (w->retired)
		return;
	w->retired = true;
	w->role.opening = false;
	crew_retire(w);
}

static void leave(void *worker)
{
	struct worker *w = worker;
	int rc;

	while (crew_leave(w)) {
		rc = launch(w);
		if (rc == 0)
			break; /* the seat is the successor's */
		crew_stay(w, rc);
	}
	self_end();
}

static void *worker_body(void *worker)
{
	struct worker *w = worker;

	crew_join(w);
	w->retired = false;
	self_begin(&w->role, (int)(w - w->role.pool->workers));
	crew_begin(w);

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
