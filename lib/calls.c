/* SPDX-License-Identifier: MIT */
/*
 * The calls between par_open() and par_close(): each checks what it is given,
 * refuses to wait for itself, and leaves the rest to the monitor.
 */
#include "handover.h"
#include "self.h"
#include "worker.h"

#include <errno.h>

static int next(struct par *p, struct par_result *result, uint64_t until)
{
	if (!p || !result)
		return -EINVAL;
	if (self_in(p))
		return -EDEADLK;
	return pool_deliver(p, result, until);
}

int par_next(struct par *pool, struct par_result *result)
{
	return next(pool, result, NEVER);
}

int par_next_timed(struct par *pool, struct par_result *result, int timeout_ms)
{
	/* 0 asks for no sleep, and so for no look at the clock. */
	return next(pool, result, timeout_ms ? time_after(timeout_ms) : 0);
}

static int descriptor(struct par *p, struct pipe *pipe)
{
	int fd;

	pool_lock(p);
	fd = pipe_open(pipe);
	pool_unlock(p);
	return fd;
}

int par_fd(struct par *pool)
{
	return pool ? descriptor(pool, &pool->results_pipe) : -EINVAL;
}

int par_cancel_fd(struct par *pool)
{
	return pool ? descriptor(pool, &pool->cancel_pipe) : -EINVAL;
}

int par_push(struct par *pool, void *item)
{
	struct worker *recruit = NULL;
	/* Here, not beside malloc(): of that, compilers know that it leaves
	 * errno alone, which it does not where it fails. */
	int rc, saved = errno;

	if (!pool)
		return -EINVAL;
	/* The first worker_open may still fail, and par_open() with it. */
	if (self_opening(pool))
		return -EAGAIN;
	rc = pool_push(pool, item, &recruit);
	worker_start(recruit);
	errno = saved;
	return rc;
}

void par_finish(struct par *pool)
{
	if (pool)
		pool_finish(pool);
}

void par_cancel(struct par *pool)
{
	if (pool)
		pool_cancel(pool);
}

bool par_canceled(const struct par *pool)
{
	return pool && flag_is_raised(&pool->cancel_flag);
}

void par_stats(const struct par *pool, struct par_stats *stats)
{
	/* It changes nothing but the lock. */
	if (pool && stats)
		pool_stats((struct par *)pool, stats);
}
