/* SPDX-License-Identifier: MIT */
/*
 * The pool that everybody writes: a bounded ring with a mutex and two condition
 * variables, a list of results with another mutex and a third, a malloc for
 * each result. A thread of its own calls the source; all workers start at once.
 */
#include "measure.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct result {
	uintptr_t value;
	struct result *next;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_empty, not_full;
	uintptr_t *slots;
	size_t size, head, count;
	bool ended;
} in = { .lock = PTHREAD_MUTEX_INITIALIZER,
	 .not_empty = PTHREAD_COND_INITIALIZER,
	 .not_full = PTHREAD_COND_INITIALIZER };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_empty;
	struct result *first, *last;
} out = { .lock = PTHREAD_MUTEX_INITIALIZER,
	  .not_empty = PTHREAD_COND_INITIALIZER };

static void put(uintptr_t item)
{
	pthread_mutex_lock(&in.lock);
	while (in.count == in.size)
		pthread_cond_wait(&in.not_full, &in.lock);
	in.slots[(in.head + in.count++) % in.size] = item;
	pthread_cond_signal(&in.not_empty);
	pthread_mutex_unlock(&in.lock);
}

static void end(void)
{
	pthread_mutex_lock(&in.lock);
	in.ended = true;
	pthread_cond_broadcast(&in.not_empty);
	pthread_mutex_unlock(&in.lock);
}

static bool get(uintptr_t *item)
{
	bool got;

	pthread_mutex_lock(&in.lock);
	while (in.count == 0 && !in.ended)
		pthread_cond_wait(&in.not_empty, &in.lock);
	got = in.count > 0;
	if (got) {
		*item = in.slots[in.head];
		in.head = (in.head + 1) % in.size;
		in.count--;
		pthread_cond_signal(&in.not_full);
	}
	pthread_mutex_unlock(&in.lock);
	return got;
}

static void give(uintptr_t value)
{
	struct result *result = malloc(sizeof *result);

	*result = (struct result){ .value = value };
	pthread_mutex_lock(&out.lock);
	if (out.first)
		out.last->next = result;
	else
		out.first = result;
	out.last = result;
	pthread_cond_signal(&out.not_empty);
	pthread_mutex_unlock(&out.lock);
}

static uintptr_t take(void)
{
	struct result *result;
	uintptr_t value;

	pthread_mutex_lock(&out.lock);
	while (!out.first)
		pthread_cond_wait(&out.not_empty, &out.lock);
	result = out.first;
	out.first = result->next;
	pthread_mutex_unlock(&out.lock);
	value = result->value;
	free(result);
	return value;
}

static void *produce(void *nothing)
{
	uintptr_t item;

	(void)nothing;
	while (source_next(&item))
		put(item);
	end();
	return NULL;
}

static void *work(void *nothing)
{
	uintptr_t item;

	(void)nothing;
	while (get(&item))
		give(action(item));
	return NULL;
}

static void ping(void)
{
	uintptr_t item;

	while (source_next(&item)) {
		trip_begins();
		put(item);
		receive(take());
	}
	end();
}

static void wait_timed(int timeout_ms)
{
	struct timespec limit;
	uintptr_t item;

	while (source_next(&item)) {
		trip_begins();
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += timeout_ms * 1000000L;
		limit.tv_sec += limit.tv_nsec / 1000000000;
		limit.tv_nsec %= 1000000000;
		pthread_mutex_lock(&out.lock);
		while (!out.first &&
		       pthread_cond_timedwait(&out.not_empty, &out.lock,
					      &limit) == 0)
			;
		pthread_mutex_unlock(&out.lock);
		receive(item + 1);
	}
	end();
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	pthread_t *threads = calloc(job.workers + 1, sizeof *threads);

	in.size = job.bound;
	in.slots = calloc(in.size, sizeof *in.slots);
	for (unsigned i = 1; i <= job.workers; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	if (job.ping) {
		ping();
	} else if (job.timed_ms) {
		wait_timed(job.timed_ms);
	} else {
		if (pthread_create(&threads[0], NULL, produce, NULL))
			return 1;
		for (uintptr_t i = 0; i < job.items; i++)
			receive(take());
		pthread_join(threads[0], NULL);
	}
	for (unsigned i = 1; i <= job.workers; i++)
		pthread_join(threads[i], NULL);
	free(in.slots);
	free(threads);
	return measure_end();
}
