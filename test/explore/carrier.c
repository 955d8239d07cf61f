/* SPDX-License-Identifier: MIT */
#include "carrier.h"

#include "scheduler.h"

#include <semaphore.h>
#include <stdlib.h>

struct carrier {
	pthread_t thread;
	sem_t start; /* posted when body and argument are set */
	void *(*body)(void *);
	void *argument;
	struct carrier *next; /* in the list of idle carriers */
};

static struct carrier *idle;

/* ThreadSanitizer takes two bodies in one thread for one thread, whose steps
 * are in order, and would miss races between them. With it every body has a
 * thread of its own. */
extern void __tsan_acquire(void *) __attribute__((weak));

static void *carry(void *argument)
{
	struct carrier *carrier = argument;

	do {
		while (sem_wait(&carrier->start))
			;
		carrier->body(carrier->argument);
	} while (!__tsan_acquire);
	return NULL;
}

static struct carrier *make(void)
{
	struct carrier *carrier = malloc(sizeof *carrier);

	if (!carrier || sem_init(&carrier->start, 0, 0) ||
	    pthread_create(&carrier->thread, NULL, carry, carrier))
		sched_fail("the system refused the explorer a thread");
	return carrier;
}

struct carrier *carrier_start(void *(*body)(void *), void *argument)
{
	struct carrier *carrier = idle;

	if (carrier)
		idle = carrier->next;
	else
		carrier = make();
	carrier->body = body;
	carrier->argument = argument;
	sem_post(&carrier->start);
	return carrier;
}

pthread_t carrier_thread(const struct carrier *carrier)
{
	return carrier->thread;
}

void carrier_release(struct carrier *carrier, bool returned)
{
	if (returned && !__tsan_acquire) {
		carrier->next = idle;
		idle = carrier;
		return;
	}
	pthread_join(carrier->thread, NULL);
	sem_destroy(&carrier->start);
	free(carrier);
}
