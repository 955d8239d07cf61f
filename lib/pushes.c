/* SPDX-License-Identifier: MIT */
/*
 * A pushed item is queued before what the generator makes. Its record is made
 * before the item enters, and its key asked for, without the lock.
 */
#include "pushes.h"

#include "entry.h"
#include "monitor.h"
#include "records.h"
#include "workers.h"

#include <errno.h>

static int why_refused(const struct par *p) NEEDS_LOCK
{
	if (pool_is_canceled(p))
		return -ECANCELED;
	return p->source.state == SOURCE_END_REPORTED ? -EPIPE : 0;
}

/* The producer must not give its next item the index of a pushed one. */
static void outdate_index(struct par *p) NEEDS_LOCK
{
	ring_watch(&p->ring, WATCH_ON, p->ring.head_watch);
	pool_update(p);
	p->source.index_outdated = true;
}

static void enter(struct par *p, struct item *item, uint64_t key) NEEDS_LOCK
{
	if (p->options.generate)
		outdate_index(p);
	entry_enter(p, item);
	if (p->options.key) {
		entry_set_key(item, key);
		backlog_put(&p->backlog, item, false);
	} else {
		fifo_put(&p->pushed, item);
	}
	workers_ask(p);
}

static bool has_room_or_refused(void *pool) NEEDS_LOCK
{
	const struct par *p = pool;

	return pool_window_has_room(p) || why_refused(p);
}

/* Returns 0 if there is room in the window beside those who wait, or why the
 * item may not enter. */
static int wait_for_room(struct par *p, uint64_t until) NEEDS_LOCK
{
	struct waiter waiter;
	bool found;

	if (why_refused(p) || pool_window_has_room_beside_pushers(p))
		return why_refused(p);
	if (until == 0)
		return -ETIMEDOUT;
	if (self_is_in(p))
		return -EDEADLK;
	if (waiter_init(&waiter))
		return -ENOMEM;
	p->pushing++;
	found = monitor_wait_again(p, &p->waiters.pushers, &waiter, until,
				   has_room_or_refused, p);
	p->pushing--;
	waiter_fini(&waiter);
	return found ? why_refused(p) : -ETIMEDOUT;
}

/* Takes a record, outside of the section if it must be allocated: so who has
 * waited enters at once. Returns NULL if there is no memory. */
static struct item *take_record(struct par *p) NEEDS_LOCK
{
	struct item *item = spares_take(&p->spares);

	if (!item) {
		monitor_unlock(p);
		item = records_new(p);
		monitor_lock(p);
	}
	return item;
}

int pushes_enter(struct par *p, void *pushed, bool in_window, uint64_t until)
{
	const uint64_t key = entry_key(p, pushed);
	struct item *item = NULL;
	int rc;

	monitor_lock(p);
	rc = why_refused(p);
	if (rc == 0) {
		item = take_record(p);
		rc = !item	 ? -ENOMEM
		     : in_window ? wait_for_room(p, until)
				 : why_refused(p);
	}
	if (rc == 0) {
		item->result.item = pushed;
		enter(p, item, key);
	} else if (item) {
		spares_put(&p->spares, item);
	}
	monitor_unlock(p);
	return rc;
}
