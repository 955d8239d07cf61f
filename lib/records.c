/* SPDX-License-Identifier: MIT */
/*
 * Where the record of an item comes from: from the items that were delivered,
 * or from the system.
 */
#include "records.h"

#include "monitor.h"

#include <stdlib.h>

struct item *records_new(const struct par *p)
{
	struct item *item = malloc(p->options.key ? sizeof(struct keyed_item)
						  : sizeof(struct item));

	/* Only a pool that measures them sets them again. */
	if (item)
		item->result.waited_ns = item->result.ran_ns = 0;
	return item;
}

/* There is no memory: all spare records there are. (The lock keeps a consumer
 * from handing them over between the two looks.) */
static struct item *take_last_records(struct par *p) WITHOUT_LOCK
{
	struct item *first;

	monitor_lock(p);
	first = spares_take_handed(&p->spares);
	if (!first)
		first = spares_take_all(&p->spares);
	monitor_unlock(p);
	return first;
}

void records_refill(struct par *p)
{
	struct source *source = &p->source;

	source->fresh = spares_take_handed(&p->spares);
	if (source->fresh)
		return;
	source->fresh = records_new(p);
	if (source->fresh)
		source->fresh->next = NULL;
	else
		source->fresh = take_last_records(p);
}
