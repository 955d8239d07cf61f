/* SPDX-License-Identifier: MIT */
/*
 * Apache Portable Runtime: apr_thread_pool for the work, an apr_queue of BOUND
 * + WORKERS for the results. It calls no source and bounds nothing: the caller
 * feeds it and keeps so many in flight. All threads start at once.
 */
#include "window.h"

#include <apr_general.h>
#include <apr_queue.h>
#include <apr_thread_pool.h>

static apr_thread_pool_t *pool;
static apr_queue_t *results;

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *item)
{
	(void)thread;
	apr_queue_push(results, (void *)action((uintptr_t)item));
	return NULL;
}

static void submit(uintptr_t item)
{
	apr_thread_pool_push(pool, work, (void *)item,
			     APR_THREAD_TASK_PRIORITY_NORMAL, NULL);
}

static uintptr_t take(void)
{
	void *value;

	while (apr_queue_pop(results, &value) != APR_SUCCESS)
		;
	return (uintptr_t)value;
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	apr_pool_t *memory;

	apr_initialize();
	apr_pool_create(&memory, NULL);
	if (apr_queue_create(&results, (unsigned)(job.bound + job.workers + 1),
			     memory) ||
	    apr_thread_pool_create(&pool, job.workers, job.workers, memory))
		return 1;
	pump(&job, submit, take);
	apr_thread_pool_destroy(pool);
	apr_pool_destroy(memory);
	apr_terminate();
	return measure_end();
}
