/* SPDX-License-Identifier: MIT */
/*
 * An item that has not started is taken out of its queue and comes back at
 * once. One that runs is told to stop (stops.c).
 */
#include "cancels.h"

#include "entry.h"
#include "monitor.h"
#include "stops.h"
#include "watches.h"

#include <errno.h>

void cancels_finish(struct par *p)
{
	/* A generator that finishes its own pool knows what it does. */
	const bool told = !self_generates_for(p);

	monitor_lock(p);
	if (told && !source_was_told(&p->source) && p->source.generating)
		stops_tell_source(p);
	source_finish(&p->source);
	monitor_unlock(p);
}

static void cancel_keyed(struct par *p) NEEDS_LOCK
{
	struct item *item;

	while ((item = backlog_drop(&p->backlog)))
		entry_cancel(p, item);
}

static void cancel_queued(struct par *p) NEEDS_LOCK
{
	struct item *item;

	if (p->options.key)
		cancel_keyed(p);
	else
		while ((item = entry_dequeue(p)))
			entry_cancel(p, item);
}

void cancels_all(struct par *p)
{
	monitor_lock(p);
	/* What was taken before this was started before the cancel. And what
	 * ends after it says that it was told to stop. */
	watches_set_all(p);
	if (!pool_is_canceled(p)) {
		word_store(&p->canceled, 1);
		stops_tell_all(p);
	}
	source_finish(&p->source);
	pool_update(p);
	cancel_queued(p);
	pipe_latch(&p->cancel_pipe);
	monitor_unlock(p);
}

/* One item. */

/* The oldest item with this pointer, of those that run or are queued. */
struct search {
	const void *pointer;
	struct item *item;     /* NULL: none that was not told to stop */
	struct worker *worker; /* NULL: the item is queued */
	bool found_told;
	unsigned running; /* items that are seen to run */
};

static void consider(struct search *s, struct item *item, struct worker *w)
{
	if (!item || (s->item && s->item->result.index < item->result.index))
		return;
	s->item = item;
	s->worker = w;
}

static void search_running(struct par *p, struct search *s) NEEDS_LOCK
{
	for (unsigned i = 0; i < p->seats.used; i++) {
		struct worker *w = &p->seats.all[i];
		struct item *item = (struct item *)word_load(&w->item);

		if (!item)
			continue;
		s->running++;
		if (item->result.item != s->pointer)
			continue;
		if (word_load_own(&w->self.told) != 0)
			s->found_told = true;
		else
			consider(s, item, w);
	}
}

static void search_queued(struct par *p, struct search *s) NEEDS_LOCK
{
	if (p->options.key) {
		consider(s, backlog_find(&p->backlog, s->pointer), NULL);
		return;
	}
	consider(s, fifo_find(&p->pushed, s->pointer), NULL);
	consider(s, ring_find(&p->ring, s->pointer), NULL);
}

static void remove_queued(struct par *p, struct item *item) NEEDS_LOCK
{
	if (p->options.key)
		backlog_remove(&p->backlog, item);
	else if (!fifo_remove(&p->pushed, item))
		ring_remove(&p->ring, item);
}

/* Returns -EAGAIN if a worker has taken an item, and it is not to be seen which
 * (struct worker, `item`). */
static int withdraw(struct par *p, const void *pointer) NEEDS_LOCK
{
	struct search s = { .pointer = pointer };

	watches_set_all(p);
	pool_update(p);
	search_running(p, &s);
	if (s.running < ledger_running(&p->ledger))
		return -EAGAIN;
	search_queued(p, &s);
	if (!s.item)
		return s.found_told ? 1 : -ENOENT;
	if (s.worker) {
		stops_tell_worker(p, s.worker, ECANCELED);
		return 1;
	}
	remove_queued(p, s.item);
	entry_cancel(p, s.item);
	return 0;
}

/* Lets the worker run that is between two steps. It needs nanoseconds, unless
 * another program has the processor. */
static void wait_for_worker(struct par *p) NEEDS_LOCK
{
	struct waiter waiter;

	if (waiter_init(&waiter)) {
		monitor_unlock(p);
		thread_yield();
		monitor_lock(p);
		return;
	}
	monitor_sleep(p, &waiter, clock_after(1));
	waiter_fini(&waiter);
}

int cancels_one(struct par *p, const void *pointer)
{
	int rc;

	monitor_lock(p);
	while ((rc = withdraw(p, pointer)) == -EAGAIN)
		wait_for_worker(p);
	monitor_unlock(p);
	return rc;
}
