/* SPDX-License-Identifier: MIT */
/*
 * GLib: GThreadPool (exclusive: its threads start at once) and a GAsyncQueue
 * for the results. It calls no source and bounds nothing: the caller feeds it,
 * and keeps BOUND + WORKERS in flight. Results come as they are done.
 */
#include "window.h"

#include <glib.h>

static GThreadPool *pool;
static GAsyncQueue *results;

/* Neither knows NULL as data. */
static void work(gpointer item, gpointer nothing)
{
	(void)nothing;
	g_async_queue_push(results, (void *)(action((uintptr_t)item - 1)));
}

static void submit(uintptr_t item)
{
	g_thread_pool_push(pool, (void *)(item + 1), NULL);
}

static uintptr_t take(void)
{
	return (uintptr_t)g_async_queue_pop(results);
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);

	results = g_async_queue_new();
	pool = g_thread_pool_new(work, NULL, (int)job.workers, TRUE, NULL);
	if (!pool)
		return 1;
	pump(&job, submit, take);
	g_thread_pool_free(pool, FALSE, TRUE);
	g_async_queue_unref(results);
	return measure_end();
}
