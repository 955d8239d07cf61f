/* SPDX-License-Identifier: MIT */
/*
 * par_open() and par_close(): check the options, build, start; stop, undo.
 */
#include "cancels.h"
#include "delivery.h"
#include "monitor.h"
#include "producer.h"
#include "signals.h"
#include "sizes.h"
#include "supervisor.h"
#include "worker.h"
#include "workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST_DEFAULT_CAPACITY = 64 };

/* Copies the options of a program that may be built with an older or a newer
 * header. Fields that only the library knows become zero. Fields that only the
 * program knows must be zero, or -EINVAL is returned. */
static int copy_options(struct par_options *o, const struct par_options *given,
			size_t size)
{
	const unsigned char *byte = (const unsigned char *)given;

	*o = (struct par_options){ 0 };
	memcpy(o, given, size < sizeof *o ? size : sizeof *o);
	for (size_t i = sizeof *o; i < size; i++)
		if (byte[i])
			return -EINVAL;
	return 0;
}

static bool overflows(size_t count, size_t size)
{
	return count > SIZE_MAX / size;
}

static int check_options(struct par_options *o)
{
	bool too_many;

	if (!o->action || o->workers == 0)
		return -EINVAL;
	if (o->key_limit == 0)
		o->key_limit = 1;
	if (o->capacity == 0)
		o->capacity = o->workers > LEAST_DEFAULT_CAPACITY
				      ? o->workers
				      : LEAST_DEFAULT_CAPACITY;
	too_many = overflows(o->capacity, sizeof(struct item *));
	/* Never true if size_t is wider than unsigned. */
	too_many |= overflows(o->workers, sizeof(struct worker));
	if (too_many || thread_stack_size(&o->stack_size))
		return -EINVAL;
	return signals_check(o->interrupt);
}

static void copy_name(struct par *p)
{
	const char *name = p->options.name ? p->options.name : "par";

	strncpy(p->name, name, sizeof p->name - 1);
	p->options.name = p->name;
}

static void unbuild(struct par *p)
{
	free(p->left);
	free(p);
}

static struct par *build(const struct par_options *o,
			 const struct par_sizes *sizes)
{
	struct par *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	if (sizes->result > sizeof *p->left) {
		p->left = malloc(sizes->result);
		if (!p->left) {
			unbuild(p);
			return NULL;
		}
	}
	p->process = getpid();
	p->options = *o;
	p->sizes = *sizes;
	copy_name(p);
	return p;
}

/* Its worker_open may have given the pool to other threads, so that more
 * workers start meanwhile. Only the first is waited for. */
static int wait_for_first_worker(struct par *p)
{
	int rc;

	monitor_lock(p);
	while (!p->attempts.first_open_done)
		monitor_sleep(p, &p->waiters.owner, CLOCK_NEVER);
	rc = p->attempts.first_open_error;
	monitor_unlock(p);
	return rc;
}

/* All threads are told to end before one is joined, so that they end at the
 * same time. */
static void tell_to_end(struct par *p)
{
	cancels_all(p); /* from here on worker_close cannot push */
	monitor_lock(p);
	p->closing = true;
	/* A thread that is being started cannot be joined yet. */
	while (p->seats.in_state[SEAT_STARTING] > 0)
		monitor_sleep(p, &p->waiters.owner, CLOCK_NEVER);
	monitor_unlock(p);
}

/* The same, but does not wait for longer than the deadline. Returns whether all
 * threads have ended, or are about to. */
static bool tell_to_end_until(struct par *p, uint64_t until)
{
	bool in_time = true, left;

	cancels_all(p);
	monitor_lock(p);
	p->closing = true;
	p->waiters.owner_waits_for_all = true;
	while (in_time && !pool_is_left(p))
		in_time = monitor_sleep(p, &p->waiters.owner, until);
	p->waiters.owner_waits_for_all = false;
	left = pool_is_left(p);
	monitor_unlock(p);
	return left;
}

static void join_workers(struct par *p)
{
	guard_not_needed(); /* no other worker will come */
	for (unsigned i = 0; i < p->seats.used; i++)
		workers_join(&p->seats.all[i]);
}

static void stop_threads(struct par *p, bool has_producer, bool has_supervisor)
{
	tell_to_end(p);
	if (has_producer)
		producer_join(p);
	join_workers(p);
	if (has_supervisor)
		supervisor_join(p);
}

/* The producer starts last: when it runs, nothing can fail any more. */
static int start(struct par *p)
{
	const struct par_options *o = &p->options;
	bool has_supervisor = false;
	int rc = worker_start(workers_take_first(p));

	if (rc == 0) {
		rc = supervisor_start(p);
		has_supervisor = rc == 0;
	}
	/* Without a worker_open nothing can fail. */
	if (rc == 0 && o->worker_open)
		rc = wait_for_first_worker(p);
	if (rc == 0 && o->generate)
		rc = producer_start(p);
	if (rc) {
		stop_threads(p, false, has_supervisor);
		return rc;
	}
	if (o->interrupt)
		signals_install(o->interrupt);
	monitor_lock(p);
	p->handler_stands = o->interrupt != 0;
	monitor_unlock(p);
	return 0;
}

/* The program may know a larger result than the library: its discard must not
 * read what follows in our record. */
static void discard(struct par *p, struct item *item)
{
	const struct par_options *o = &p->options;
	struct par_result *left = &item->result;

	if (p->left) {
		left = p->left;
		sizes_copy_out(left, p->sizes.result, &item->result,
			       sizeof item->result);
	}
	o->discard(o->context, left);
}

/* No thread is left. Hands what was not delivered to discard, and frees the
 * pool. If par_open() has failed, there are items only if worker_open gave the
 * pool to another thread. */
static void dissolve(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item;

	while ((item = delivery_leftover(p))) {
		if (o->discard)
			discard(p, item);
		free(item);
	}
	pool_fini(p);
	unbuild(p);
}

static int open_pool(struct par **pool, const struct par_options *o,
		     const struct par_sizes *sizes)
{
	struct par *p = build(o, sizes);
	int rc;

	if (!p)
		return -ENOMEM;
	rc = pool_init(p);
	if (rc) {
		unbuild(p);
		return rc;
	}
	rc = start(p);
	if (rc)
		dissolve(p);
	else
		*pool = p;
	return rc;
}

int par_open_sized(struct par **pool, const struct par_options *options,
		   const struct par_sizes *sizes)
{
	struct par_options o;
	int rc, before, saved = errno;

	if (!pool)
		return -EINVAL;
	*pool = NULL;
	if (!options || !sizes)
		return -EINVAL;
	before = thread_disable_cancel();
	rc = copy_options(&o, options, sizes->options);
	if (rc == 0)
		rc = check_options(&o);
	if (rc == 0)
		rc = open_pool(pool, &o, sizes);
	thread_restore_cancel(before);
	errno = saved;
	return rc;
}

/* The numbers with which the close itself fails say nothing else. */
static int close_error(int error)
{
	return error == -ETIMEDOUT || error == -EDEADLK || error == -ECHILD
		       ? -EIO
		       : error;
}

static int close_pool(struct par *p, int timeout_ms)
{
	int rc;

	if (timeout_ms >= 0 && !tell_to_end_until(p, clock_after(timeout_ms)))
		return -ETIMEDOUT;
	stop_threads(p, p->options.generate, true);
	guard_not_needed();
	rc = close_error(p->source.error);
	dissolve(p);
	return rc;
}

int par_close_timed(struct par *pool, int timeout_ms)
{
	int rc, before, saved = errno;

	if (!pool)
		return 0;
	if (pool->process != getpid())
		return -ECHILD;
	if (self_is_in(pool))
		return -EDEADLK;
	before = thread_disable_cancel();
	rc = close_pool(pool, timeout_ms);
	thread_restore_cancel(before);
	errno = saved;
	return rc;
}

int par_close(struct par *pool)
{
	return par_close_timed(pool, -1);
}
