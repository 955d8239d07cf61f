/* SPDX-License-Identifier: MIT */
/*
 * The body of the producer's thread. It holds no lock: what it does to the
 * pool's state is in handover.c.
 */
#include "producer.h"

#include "handover.h"
#include "monitor.h"
#include "worker.h"

#include <errno.h>

/* generate has ended its thread by pthread_exit(). */
static void generate_exited(void *pool)
{
	struct par *p = pool;

	handover_fail_source(p, p->source.item, -EINTR);
	self_set(NULL);
}

static void produce(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item = NULL;
	struct worker *to_start;
	int rc = 0;

	do {
		item = handover_supply(p, item, rc, &to_start);
		worker_start(to_start);
		if (item) {
			p->source.item = item;
			item->result.item = NULL;
			rc = o->generate(o->source, &item->result.item);
		}
	} while (item || to_start);
}

static void *producer_body(void *pool)
{
	struct par *p = pool;

	monitor_thread_begins(&p->source.self, -1);
	pthread_cleanup_push(generate_exited, p);
	produce(p);
	pthread_cleanup_pop(false);
	self_set(NULL);
	return NULL;
}

int producer_start(struct par *p)
{
	return thread_start(&p->source.thread, 0, producer_body, p);
}

void producer_join(struct par *p)
{
	thread_join(p->source.thread);
}
