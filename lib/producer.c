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

	pool_admit(p, p->producer_item, -EINTR);
	self_end();
}

static void produce(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item;
	int rc;

	while ((item = pool_reserve(p))) {
		p->producer_item = item;
		item->result.item = NULL;
		rc = o->generate(o->source, &item->result.item);
		worker_start(pool_admit(p, item, rc));
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
