/* SPDX-License-Identifier: MIT */
/*
 * par_open() and par_close(): check the options, build, start; stop, undo.
 */
#include "delivery.h"
#include "handover.h"
#include "interrupter.h"
#include "monitor.h"
#include "producer.h"
#include "signals.h"
#include "worker.h"
#include "workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static struct par *build(const struct par_options *o,
			 const struct par_sizes *sizes)
{
	struct par *p = calloc(1, sizeof *p);

	if (p) {
		p->options = *o;
		p->sizes = *sizes;
		copy_name(p);
	}
	return p;
}

static int start_first_worker(struct par *p)
{
	int rc = worker_start(workers_take_first(p));

	/* Without a worker_open nothing can fail any more. */
	if (rc || !p->options.worker_open)
		return rc;
	monitor_lock(p);
	/* Its worker_open may have given the pool to other threads, so that
	 * more workers start meanwhile. Only the first is waited for. */
	while (!p->attempts.first_open_done)
		monitor_sleep(p, &p->waiters.owner, CLOCK_NEVER);
	rc = p->attempts.first_open_error;
	monitor_unlock(p);
	return rc;
}

static void stop_workers(struct par *p)
{
	monitor_lock(p);
	p->life = POOL_CLOSING;
	while (seats_taken(&p->seats) > 0)
		monitor_sleep(p, &p->waiters.owner, CLOCK_NEVER);
	monitor_unlock(p);
	guard_not_needed(); /* all have left, and no other will come */
	for (unsigned i = 0; i < p->seats.used; i++)
		workers_join(&p->seats.all[i]);
}

/* The producer starts last: when it runs, nothing can fail any more. */
static int start(struct par *p)
{
	const struct par_options *o = &p->options;
	int rc = start_first_worker(p);

	if (rc == 0 && o->interrupt)
		rc = interrupter_start(p);
	if (rc)
		goto stop;
	if (o->generate)
		rc = producer_start(p);
	if (rc)
		goto stop_interrupter;

	if (o->interrupt)
		signals_install(o->interrupt);
	monitor_lock(p);
	p->life = POOL_OPEN;
	monitor_unlock(p);
	return 0;

stop_interrupter:
	if (o->interrupt)
		interrupter_stop(p);
stop:
	/* From here on worker_close cannot push. */
	handover_cancel(p);
	stop_workers(p);
	return rc;
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
			o->discard(o->context, &item->result);
		free(item);
	}
	pool_fini(p);
	free(p);
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
		free(p);
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

static int close_pool(struct par *p)
{
	int rc;

	handover_cancel(p);
	if (p->options.generate)
		producer_join(p);
	stop_workers(p);
	if (p->options.interrupt)
		interrupter_stop(p);
	guard_not_needed();
	rc = p->source.error;
	dissolve(p);
	return rc;
}

int par_close(struct par *pool)
{
	int rc, before, saved = errno;

	if (!pool)
		return 0;
	if (self_is_in(pool))
		return -EDEADLK;
	before = thread_disable_cancel();
	rc = close_pool(pool);
	thread_restore_cancel(before);
	errno = saved;
	return rc;
}
