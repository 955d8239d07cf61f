/* SPDX-License-Identifier: MIT */
/*
 * par_open() and par_close(): build, start, stop, undo.
 */
#include "crew.h"
#include "handover.h"
#include "interrupter.h"
#include "producer.h"
#include "self.h"
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_DEFAULT_CAPACITY = 64 };

/* Takes the options of a program that may be older or newer than the library:
 * what it does not know is zero, what we do not know has to be. */
static int take_options(struct par_options *o, const struct par_options *given,
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
	/* Never where size_t is wider than unsigned. */
	too_many |= overflows(o->workers, sizeof(struct worker));
	if (too_many || thread_stack_size(&o->stack_size))
		return -EINVAL;
	return signal_check(o->interrupt);
}

static void take_name(struct par *p)
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
		take_name(p);
	}
	return p;
}

static int start_first_worker(struct par *p)
{
	int rc = worker_start(crew_first(p));

	if (rc)
		return rc;
	pool_lock(p);
	/* Its worker_open may have told others of the pool: how later ones fare
	 * is not waited for. */
	while (!p->founded)
		pool_sleep(p, &p->owner, NEVER);
	rc = p->first_failure;
	pool_unlock(p);
	return rc;
}

static void stop_workers(struct par *p)
{
	pool_lock(p);
	p->closing = true;
	while (p->nworkers > 0)
		pool_sleep(p, &p->owner, NEVER);
	pool_unlock(p);
	/* Nobody takes a seat any more, and nobody is in one. */
	nobody_else();
	for (unsigned i = 0; i < p->seats; i++)
		crew_join(&p->workers[i]);
}

/* The producer comes last: once it runs nothing can fail. */
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
		signal_install(o->interrupt);
	pool_lock(p);
	p->opened = true;
	pool_unlock(p);
	return 0;

stop_interrupter:
	if (o->interrupt)
		interrupter_stop(p);
stop:
	/* From here on a worker_close may push no more. */
	pool_cancel(p);
	stop_workers(p);
	return rc;
}

/* No thread is left. What is in the pool still is handed to discard; where the
 * pool failed to open there is nothing, unless worker_open gave it away. */
static void dissolve(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item;

	while ((item = pool_leftover(p))) {
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
	before = cancel_disable();
	rc = take_options(&o, options, sizes->options);
	if (rc == 0)
		rc = check_options(&o);
	if (rc == 0)
		rc = open_pool(pool, &o, sizes);
	cancel_restore(before);
	errno = saved;
	return rc;
}

static int close_pool(struct par *p)
{
	int rc;

	pool_cancel(p);
	if (p->options.generate)
		producer_join(p);
	stop_workers(p);
	if (p->options.interrupt)
		interrupter_stop(p);
	nobody_else();
	rc = p->source_error;
	dissolve(p);
	return rc;
}

int par_close(struct par *pool)
{
	int rc, before, saved = errno;

	if (!pool)
		return 0;
	if (self_in(pool))
		return -EDEADLK;
	before = cancel_disable();
	rc = close_pool(pool);
	cancel_restore(before);
	errno = saved;
	return rc;
}
