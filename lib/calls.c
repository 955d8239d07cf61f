/* SPDX-License-Identifier: MIT */
/*
 * The public calls between par_open() and par_close(). Each checks its
 * arguments, refuses to let a thread of the pool wait for the pool, and leaves
 * the rest to a hand-over.
 */
#include "cancels.h"
#include "delivery.h"
#include "monitor.h"
#include "pushes.h"
#include "sizes.h"
#include "stops.h"
#include "thread.h"
#include "watches.h"
#include "workers.h"

#include <errno.h>
#include <limits.h>

/* 0: the call does not wait, so the clock is not asked. */
static uint64_t deadline(int timeout_ms)
{
	return timeout_ms ? clock_after(timeout_ms) : 0;
}

static int take_next(struct par *p, struct par_result *result, uint64_t until)
{
	if (!p || !result)
		return -EINVAL;
	if (self_is_in(p))
		return -EDEADLK;
	return delivery_next(p, result, until);
}

int par_next(struct par *pool, struct par_result *result)
{
	return take_next(pool, result, CLOCK_NEVER);
}

int par_next_timed(struct par *pool, struct par_result *result, int timeout_ms)
{
	return take_next(pool, result, deadline(timeout_ms));
}

int par_next_many(struct par *pool, struct par_result *results, unsigned most,
		  unsigned least, int timeout_ms)
{
	if (!pool || !results || most == 0 || least > most)
		return -EINVAL;
	if (self_is_in(pool))
		return -EDEADLK;
	if (most > INT_MAX)
		most = INT_MAX;
	if (least == 0)
		least = 1;
	return delivery_next_many(pool, results, most,
				  least < most ? least : most,
				  deadline(timeout_ms));
}

/* A thread may be canceled while it waits, and nowhere else (waiter.h). So the
 * calls that do not wait disable that. */

static int open_descriptor(struct par *p, struct pipe *pipe,
			   int (*open)(struct pipe *))
{
	int fd, before = thread_disable_cancel();

	monitor_lock(p);
	fd = open(pipe);
	if (pool_is_canceled(p))
		pipe_latch(&p->cancel_pipe);
	/* Makes the descriptor of the results readable if it must be. */
	monitor_unlock(p);
	thread_restore_cancel(before);
	return fd;
}

int par_fd(struct par *pool)
{
	return pool ? open_descriptor(pool, &pool->results_pipe, pipe_open)
		    : -EINVAL;
}

int par_cancel_fd(struct par *pool)
{
	return pool ? open_descriptor(pool, &pool->cancel_pipe, pipe_open_latch)
		    : -EINVAL;
}

/* Whether the calling thread is in worker_open. Only that thread changes the
 * state of its seat then. */
static bool is_opening(const struct par *p)
{
	const struct worker *w = self_worker_of(p);

	guard_not_needed();
	return w && w->state == SEAT_OPENING;
}

/* How an item is pushed. */
struct push {
	void *item;
	bool in_window; /* waits for room in the window */
	int timeout_ms;
};

static int push(struct par *p, const struct push *how)
{
	/* errno is saved here and not around malloc(). Compilers assume that
	 * malloc() leaves errno alone, which it does not if it fails. */
	int rc, before, saved = errno;

	if (!p)
		return -EINVAL;
	/* The first worker_open may still fail, and par_open() with it. */
	if (is_opening(p))
		return -EAGAIN;
	before = thread_disable_cancel();
	rc = pushes_enter(p, how->item, how->in_window,
			  deadline(how->timeout_ms));
	thread_restore_cancel(before);
	errno = saved;
	return rc;
}

int par_push(struct par *pool, void *item)
{
	return push(pool, &(struct push){ .item = item });
}

int par_push_timed(struct par *pool, void *item, int timeout_ms)
{
	return push(pool, &(struct push){ .item = item,
					  .in_window = true,
					  .timeout_ms = timeout_ms });
}

int par_withdraw(struct par *pool, void *item)
{
	int rc, before;

	if (!pool)
		return -EINVAL;
	before = thread_disable_cancel();
	rc = cancels_one(pool, item);
	thread_restore_cancel(before);
	return rc;
}

int par_limit(struct par *pool, unsigned workers)
{
	bool raised;
	int before;

	if (!pool || workers > pool->options.workers)
		return -EINVAL;
	before = thread_disable_cancel();
	monitor_lock(pool);
	raised = workers > pool->limit;
	pool->limit = workers;
	if (raised)
		workers_ask_for_all(pool);
	monitor_unlock(pool);
	thread_restore_cancel(before);
	return 0;
}

static void stop_source(struct par *p, void (*stop)(struct par *))
{
	int before;

	if (!p)
		return;
	before = thread_disable_cancel();
	stop(p);
	thread_restore_cancel(before);
}

void par_finish(struct par *pool)
{
	stop_source(pool, cancels_finish);
}

void par_cancel(struct par *pool)
{
	stop_source(pool, cancels_all);
}

int par_stop_fd(void)
{
	struct self *self = self_current();
	int fd, before;

	if (!self)
		return -EINVAL;
	before = thread_disable_cancel();
	monitor_lock(self->pool);
	fd = stops_open(self);
	monitor_unlock(self->pool);
	thread_restore_cancel(before);
	return fd;
}

bool par_canceled(const struct par *pool)
{
	return pool && word_load(&pool->canceled);
}

static void take_snapshot(struct par *p, struct par_stats *stats) NEEDS_LOCK
{
	const struct ledger *l = &p->ledger;

	watches_set_all(p);
	pool_update(p);
	*stats = (struct par_stats){
		.entered = l->entered,
		.started = l->started,
		.finished = l->finished,
		.failed = l->failed,
		.canceled = l->canceled,
		.delivered = l->delivered,
		.queued = (size_t)ledger_queued(l),
		.running = (unsigned)ledger_running(l),
		.ready = (size_t)ledger_ready(l),
		.workers = seats_taken(&p->seats),
		.refused = p->attempts.error,
		.ended = source_has_ended(&p->source),
		.oldest_ns = stopwatch_oldest(&p->stopwatch),
		.held = backlog_held(&p->backlog),
		.limit = p->limit,
	};
}

void par_stats(const struct par *pool, struct par_stats *stats)
{
	struct par *p = (struct par *)pool; /* only the lock changes */
	struct par_stats now;
	int before;

	if (!p || !stats)
		return;
	before = thread_disable_cancel();
	monitor_lock(p);
	take_snapshot(p, &now);
	monitor_unlock(p);
	thread_restore_cancel(before);
	sizes_copy_out(stats, p->sizes.stats, &now, sizeof now);
}
