/* SPDX-License-Identifier: MIT */
/*
 * The results that wait for par_next(), unordered or ordered. The field
 * `ordered` is read here and nowhere else.
 */
#include "outbox.h"

void outbox_enter(struct outbox *outbox, struct item *item)
{
	if (!outbox->ordered)
		return;
	item->later = NULL;
	if (outbox->first)
		outbox->last->later = item;
	else
		outbox->first = item;
	outbox->last = item;
	if (!outbox->edge)
		outbox->edge = item;
}

void outbox_put(struct outbox *outbox, struct item *item)
{
	item->done = true;
	if (!outbox->ordered)
		fifo_put(&outbox->done, item);
}

size_t outbox_ready(struct outbox *outbox, uint64_t most)
{
	if (!outbox->ordered)
		return outbox->done.count;
	while (outbox->counted < most && outbox->edge && outbox->edge->done) {
		outbox->edge = outbox->edge->later;
		outbox->counted++;
	}
	return outbox->counted;
}

bool outbox_is_ready(const struct outbox *outbox)
{
	if (outbox->ordered)
		return outbox->first && outbox->first->done;
	return outbox->done.first != NULL;
}

struct item *outbox_take(struct outbox *outbox)
{
	struct item *item = outbox->first;

	if (!outbox->ordered)
		return fifo_take(&outbox->done);
	if (!item || !item->done)
		return NULL;
	outbox->first = item->later;
	if (outbox->edge == item)
		outbox->edge = item->later;
	else
		outbox->counted--;
	return item;
}
