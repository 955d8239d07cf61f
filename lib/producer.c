/* SPDX-License-Identifier: MIT */
#include "producer.h"

#include "handover.h"
#include "self.h"
#include "worker.h"

#include <errno.h>

/* generate ended its thread by pthread_exit(). */
static void cut_off(void *pool)
{
	struct par *p = pool;

	pool_end_supply(p, p->producer_item, -EINTR);
	self_end();
}

static void produce(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item = NULL;
	struct worker *recruit;
	int rc = 0;

	for (;;) {
		item = pool_supply(p, item, rc, &recruit);
		worker_start(recruit);
		if (item) {
			p->producer_item = item;
			item->result.item = NULL;
			rc = o->generate(o->source, &item->result.item);
		} else if (!recruit) {
			break;
		}
	}
}

static void *producer_body(void *pool)
{
	struct par *p = pool;

	self_begin(&p->producer_role, -1);
	pthread_cleanup_push(cut_off, p);
	produce(p);
	pthread_cleanup_pop(false);
	self_end();
	return NULL;
}

int producer_start(struct par *p)
{
	return thread_start(&p->producer_thread, 0, producer_body, p);
}

void producer_join(struct par *p)
{
	thread_join(p->producer_thread);
}
