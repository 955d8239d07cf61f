/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The end: the source brings no more, and all it brought was delivered. It is
 * an event, and comes about in several ways: whoever waits for it is woken by
 * rouse() whatever the way was. */
bool pool_at_end(const struct par *p)
{
	return p->ended && ledger_inside(&p->ledger) == 0;
}

void pool_end_source(struct par *p)
{
	if ((p->finishing || p->canceled) && !p->producer_role.inside)
		p->ended = true;
}

bool pool_has_room(const struct par *p)
{
	return p->ring.count < p->ring.capacity &&
	       (p->options.window == 0 ||
		ledger_inside(&p->ledger) < p->options.window);
}

unsigned pool_able(const struct par *p)
{
	return p->nworkers - p->opening - p->leaving;
}

bool pool_is_short(const struct par *p, unsigned coming)
{
	uint64_t idle = pool_able(p) - ledger_running(&p->ledger);

	return ledger_queued(&p->ledger) > idle + coming;
}

/* Whether the stranded worker has to look again (crew.c). */
static bool stranded_is_due(const struct par *p) NEEDS_LOCK
{
	return p->closing || pool_able(p) > 0 ||
	       (p->stranded_until == NEVER && pool_is_short(p, p->opening));
}

/* Part 4 of the invariant. Every wake-up of the library is made here, from the
 * state alone: no critical section has to know who may wait for what it does.
 */
static void rouse(struct par *p) NEEDS_LOCK
{
	bool ready = outbox_ready(&p->outbox), end = pool_at_end(p);

	if (p->closing)
		parking_call_all(&p->idle);
	else if (ledger_queued(&p->ledger) > 0)
		parking_call(&p->idle);
	if (p->stranded && stranded_is_due(p))
		sleeper_wake(p->stranded);

	if (end)
		parking_call_all(&p->consumers);
	else if (ready)
		parking_call(&p->consumers);
	pipe_set(&p->results_pipe, ready || end);

	if (p->ended || pool_has_room(p))
		parking_call(&p->full);

	if (p->interrupter.asleep &&
	    (p->dismissed ||
	     (p->opened && p->canceled && p->inside > 0 && !p->pausing)))
		sleeper_wake(&p->interrupter);

	if (p->owner.asleep && (p->closing ? p->nworkers == 0 : p->founded))
		sleeper_wake(&p->owner);
}

void pool_lock(struct par *p)
{
	lock_take(&p->lock);
}

void pool_unlock(struct par *p)
{
	rouse(p);
	lock_drop(&p->lock);
}

void pool_sleep(struct par *p, struct sleeper *sleeper, uint64_t until)
{
	rouse(p);
	sleeper_sleep(sleeper, &p->lock, until);
}

bool pool_park(struct par *p, struct parking *parking, struct sleeper *sleeper,
	       uint64_t until)
{
	rouse(p);
	return parking_linger(parking, sleeper, &p->lock) ||
	       parking_sleep(parking, sleeper, &p->lock, until);
}

void role_enter(struct role *role)
{
	role->inside = true;
	role->pool->inside++;
}

void role_leave(struct role *role)
{
	role->inside = false;
	role->pool->inside--;
}

void pool_finish(struct par *p)
{
	pool_lock(p);
	p->finishing = true;
	pool_end_source(p);
	pool_unlock(p);
}

/* A structure as large as the program knows it. */
void copy_out(void *to, size_t to_size, const void *from, size_t size)
{
	size_t common = to_size < size ? to_size : size;

	memcpy(to, from, common);
	memset((char *)to + common, 0, to_size - common);
}

void pool_stats(struct par *p, struct par_stats *stats)
{
	struct par_stats now;
	struct ledger l;

	pool_lock(p);
	l = p->ledger;
	now = (struct par_stats){
		.entered = l.entered,
		.started = l.started,
		.finished = l.finished,
		.failed = l.failed,
		.canceled = l.canceled,
		.delivered = l.delivered,
		.queued = (size_t)ledger_queued(&l),
		.running = (unsigned)ledger_running(&l),
		.ready = (size_t)ledger_ready(&l),
		.workers = p->nworkers,
		.refused = p->refused,
		.ended = p->ended,
	};
	copy_out(stats, p->sizes.stats, &now, sizeof now);
	pool_unlock(p);
}

/* Life. */

/* So that a burst of items through a long ring leaves no more behind. */
enum { MOST_SPARES = 1024 };

int pool_init(struct par *p)
{
	struct sleeper *sleepers[] = { &p->producer, &p->interrupter,
				       &p->owner };
	size_t made = 0;
	int rc;

	nobody_else();
	p->outbox.ordered = p->options.ordered;
	p->producer_role.pool = p;
	/* No overflow: par_open() has seen to larger ones of both counts. */
	p->spares_wanted = p->options.capacity + p->options.workers;
	if (p->spares_wanted > MOST_SPARES)
		p->spares_wanted = MOST_SPARES;
	p->workers = calloc(p->options.workers, sizeof *p->workers);
	if (!p->workers)
		return -ENOMEM;
	rc = ring_init(&p->ring, p->options.capacity);
	if (rc)
		goto free_workers;
	rc = lock_init(&p->lock);
	if (rc)
		goto fini_ring;
	while (made < sizeof sleepers / sizeof *sleepers) {
		rc = sleeper_init(sleepers[made]);
		if (rc)
			goto fini_sleepers;
		made++;
	}
	return 0;

fini_sleepers:
	while (made > 0)
		sleeper_fini(sleepers[--made]);
	lock_fini(&p->lock);
fini_ring:
	ring_fini(&p->ring);
free_workers:
	free(p->workers);
	return rc;
}

void pool_fini(struct par *p)
{
	struct item *item;

	nobody_else();
	assert(p->nworkers == 0 && p->inside == 0);
	while ((item = p->spares)) {
		p->spares = item->next;
		free(item);
	}
	for (unsigned i = 0; i < p->seats; i++)
		if (p->workers[i].furnished)
			sleeper_fini(&p->workers[i].sleeper);
	pipe_close(&p->results_pipe);
	pipe_close(&p->cancel_pipe);
	sleeper_fini(&p->owner);
	sleeper_fini(&p->interrupter);
	sleeper_fini(&p->producer);
	lock_fini(&p->lock);
	ring_fini(&p->ring);
	free(p->workers);
}
