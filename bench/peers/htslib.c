/* SPDX-License-Identifier: MIT */
/*
 * htslib: hts_tpool with a process queue of BOUND. Its results come in the
 * order in which they went in, always. A thread of its own calls the source
 * here, and blocks in hts_tpool_dispatch() where the queue is full.
 */
#include "measure.h"

#include <htslib/thread_pool.h>
#include <pthread.h>
#include <stdlib.h>

static hts_tpool *pool;
static hts_tpool_process *queue;

/* A result of NULL is none. */
static void *work(void *item)
{
	return (void *)action((uintptr_t)item);
}

static void *produce(void *nothing)
{
	uintptr_t item;

	(void)nothing;
	while (source_next(&item))
		if (hts_tpool_dispatch(pool, queue, work, (void *)item))
			abort();
	return NULL;
}

static uintptr_t take(void)
{
	hts_tpool_result *result = hts_tpool_next_result_wait(queue);
	uintptr_t value = (uintptr_t)hts_tpool_result_data(result);

	hts_tpool_delete_result(result, 0);
	return value;
}

static void ping(void)
{
	uintptr_t item;

	while (source_next(&item)) {
		trip_begins();
		hts_tpool_dispatch(pool, queue, work, (void *)item);
		receive(take());
	}
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	pthread_t producer;

	pool = hts_tpool_init((int)job.workers);
	queue = pool ? hts_tpool_process_init(pool, (int)job.bound, 0) : NULL;
	if (!queue)
		return 1;
	if (job.ping) {
		ping();
	} else {
		if (pthread_create(&producer, NULL, produce, NULL))
			return 1;
		for (uintptr_t i = 0; i < job.items; i++)
			receive(take());
		pthread_join(producer, NULL);
	}
	hts_tpool_process_destroy(queue);
	hts_tpool_destroy(pool);
	return measure_end();
}
