/* SPDX-License-Identifier: MIT */
#include "carrier.h"

#include "scheduler.h"

#include <semaphore.h>
#include <stdlib.h>

struct carrier {
	pthread_t thread;
	sem_t begins;
	void *(*body)(void *);
	void *argument;
	struct carrier *next; /* idle */
};

static struct carrier *idle;

/* To ThreadSanitizer two bodies in one thread are one thread, whose steps are
 * in order: under it each has its own. */
extern void __tsan_acquire(void *) __attribute__((weak));

static void *carry(void *argument)
{
	struct carrier *carrier = argument;

	do {
		while (sem_wait(&carrier->begins))
			;
		carrier->body(carrier->argument);
	} while (!__tsan_acquire);
	return NULL;
}

static struct carrier *make(void)
{
	struct carrier *carrier = malloc(sizeof *carrier);

	if (!carrier || sem_init(&carrier->begins, 0, 0) ||
	    pthread_create(&carrier->thread, NULL, carry, carrier))
		sched_fail("the system has no thread left");
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
	sem_post(&carrier->begins);
	return carrier;
}

pthread_t carrier_name(const struct carrier *carrier)
{
	return carrier->thread;
}

void carrier_done(struct carrier *carrier, bool returned)
{
	if (returned && !__tsan_acquire) {
		carrier->next = idle;
		idle = carrier;
		return;
	}
	pthread_join(carrier->thread, NULL);
	sem_destroy(&carrier->begins);
	free(carrier);
}
