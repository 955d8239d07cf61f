/* SPDX-License-Identifier: MIT */
/*
 * The body of the producer's thread. It holds no lock: what it does to the
 * pool's state is in handover.c.
 */
#include "producer.h"

#include "handover.h"
#include "monitor.h"
#include "signals.h"

#include <errno.h>

/* generate has ended its thread by pthread_exit(), and may have enabled
 * cancellation before. */
static void generate_exited(void *pool)
{
	struct par *p = pool;

	(void)thread_disable_cancel();
	handover_fail_source(p, p->source.item, -EINTR);
	self_end();
}

static void produce(struct par *p)
{
	const struct par_options *o = &p->options;
	struct item *item = handover_supply(p, NULL, 0);
	int rc;

	while (item) {
		/* An item comes only when the handler is installed. The last
		 * call may have left the signal blocked. */
		if (o->interrupt)
			signals_unblock(o->interrupt);
		p->source.item = item;
		item->result.item = NULL;
		rc = o->generate(o->source, &item->result.item);
		item = handover_supply(p, item, rc);
	}
}

static void *producer_body(void *pool)
{
	struct par *p = pool;

	monitor_thread_begins(&p->source.self, -1);
	pthread_cleanup_push(generate_exited, p);
	produce(p);
	pthread_cleanup_pop(false);
	self_end();
	return NULL;
}

int producer_start(struct par *p)
{
	return thread_start(&p->source.thread, THREAD_PRODUCER,
			    p->options.stack_size, producer_body, p);
}

void producer_join(struct par *p)
{
	thread_join(p->source.thread);
}
