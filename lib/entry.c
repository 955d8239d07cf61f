/* SPDX-License-Identifier: MIT */
/*
 * The steps that the producer, those who push and those who cancel have in
 * common.
 */
#include "entry.h"

#include <errno.h>
#include <limits.h>

void entry_prepare(struct item *item, uint64_t index)
{
	item->result.value = NULL;
	item->result.worker = UINT_MAX;
	item->result.index = index;
	item->result.stopped = 0;
	item->done = false;
}

uint64_t entry_key(const struct par *p, void *item)
{
	const struct par_options *o = &p->options;

	return o->key ? o->key(o->context, item) : 0;
}

void entry_enter(struct par *p, struct item *item)
{
	entry_prepare(item, p->ledger.entered++);
	stopwatch_enter(&p->stopwatch, item);
	outbox_enter(&p->outbox, item);
}

struct item *entry_dequeue(struct par *p)
{
	struct item *item;

	if (p->options.key)
		return backlog_take(&p->backlog);
	item = fifo_take(&p->pushed);
	return item ? item : ring_take(&p->ring);
}

void entry_cancel(struct par *p, struct item *item)
{
	stopwatch_cancel(&p->stopwatch, item);
	item->result.error = -ECANCELED;
	p->ledger.canceled++;
	outbox_put(&p->outbox, item);
}
