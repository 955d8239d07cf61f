/* SPDX-License-Identifier: MIT */
/*
 * This library. A thread of its own calls the source; its ring has BOUND slots;
 * results come as they are done; workers start as work comes. ping: by
 * par_push().
 */
#include "measure.h"

#include <errno.h>

#include <par.h>

static int generate(void *nothing, void **item)
{
	uintptr_t number;

	(void)nothing;
	if (!source_next(&number))
		return 0;
	*item = (void *)number;
	return 1;
}

static int act(void *nothing, void *item, void **value)
{
	(void)nothing;
	*value = (void *)action((uintptr_t)item);
	return 0;
}

static void ping(struct par *pool)
{
	struct par_result r;
	uintptr_t item;

	while (source_next(&item)) {
		trip_begins();
		if (par_push(pool, (void *)item) || par_next(pool, &r) != 1)
			return;
		receive((uintptr_t)r.value);
	}
}

static void wait_timed(struct par *pool, int timeout_ms)
{
	struct par_result r;
	uintptr_t item;

	while (source_next(&item)) {
		trip_begins();
		if (par_next_timed(pool, &r, timeout_ms) != -ETIMEDOUT)
			return;
		receive(item + 1);
	}
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	struct par_options options = { .action = act,
				       .workers = job.workers,
				       .capacity = job.bound };
	struct par_result r;
	struct par *pool;

	if (!job.ping && !job.timed_ms)
		options.generate = generate;
	if (par_open(&pool, &options))
		return 1;
	if (job.ping)
		ping(pool);
	else if (job.timed_ms)
		wait_timed(pool, job.timed_ms);
	else
		while (par_next(pool, &r) > 0)
			receive((uintptr_t)r.value);
	par_close(pool);
	return measure_end();
}
