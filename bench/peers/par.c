/* SPDX-License-Identifier: MIT */
/*
 * This library. A thread of its own calls the source; its ring has BOUND slots;
 * results come as they are done; workers start as work comes. ping: by
 * par_push(). Built with one of these macros, it uses one more thing:
 *
 *     KEYS=N       the items have N different keys
 *     TIMED=1      the results say how long they waited and ran
 *     INTERRUPT=N  the pool's interrupt is this signal
 *     LEAST=N      par_next_many() takes N results or more
 *     IDLE_MS=N    workers leave that are idle for so long
 *     BURST=N      the source rests for 5 ms after N items each
 */
#include "measure.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <par.h>

#ifndef KEYS
#define KEYS 0
#endif
#ifndef TIMED
#define TIMED 0
#endif
#ifndef INTERRUPT
#define INTERRUPT 0
#endif
#ifndef LEAST
#define LEAST 0
#endif
#ifndef IDLE_MS
#define IDLE_MS 0
#endif
#ifndef BURST
#define BURST 0
#endif

enum { MOST = 256 };

static void rest(void)
{
	const struct timespec pause = { 0, 5000000 };

	nanosleep(&pause, NULL);
}

static int generate(void *nothing, void **item)
{
	uintptr_t number;

	(void)nothing;
	if (!source_next(&number))
		return 0;
	if (BURST && number % (BURST + !BURST) == 0)
		rest();
	*item = (void *)number;
	return 1;
}

/* 0 would be no key. */
static uint64_t key_of(void *nothing, void *item)
{
	(void)nothing;
	return (uintptr_t)item % (KEYS + !KEYS) + 1;
}

static int act(void *nothing, void *item, void **value)
{
	(void)nothing;
	*value = (void *)action((uintptr_t)item);
	return 0;
}

static void take_each(struct par *pool)
{
	struct par_result r;

	while (par_next(pool, &r) > 0)
		receive((uintptr_t)r.value);
}

static void take_many(struct par *pool)
{
	struct par_result r[MOST];
	int n;

	while ((n = par_next_many(pool, r, MOST, LEAST, -1)) > 0)
		for (int i = 0; i < n; i++)
			receive((uintptr_t)r[i].value);
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
				       .capacity = job.bound,
				       .interrupt = INTERRUPT,
				       .idle_ms = IDLE_MS,
				       .key = KEYS ? key_of : NULL,
				       .timed = TIMED };
	struct par *pool;

	if (!job.ping && !job.timed_ms)
		options.generate = generate;
	if (par_open(&pool, &options))
		return 1;
	if (job.ping)
		ping(pool);
	else if (job.timed_ms)
		wait_timed(pool, job.timed_ms);
	else if (LEAST)
		take_many(pool);
	else
		take_each(pool);
	par_close(pool);
	return measure_end();
}
