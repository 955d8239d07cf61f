/* SPDX-License-Identifier: MIT */
/*
 * The record of one item. It is allocated before its item enters the pool. It
 * travels with the item and carries the result out, so nothing can run out of
 * memory after the entry.
 *
 * Whoever has the item owns its record: first the producer or the pusher, then
 * the pool, one worker, the pool again, and the consumer.
 */
#ifndef PAR_ITEM_H
#define PAR_ITEM_H

#include <par.h>

struct item {
	/* What par_next() will deliver. `item` is set before the entry, `index`
	 * at the entry, `worker` when a worker takes it, `value` and `error` by
	 * the action or the cancel. Aligned (as malloc() does): the tray keeps
	 * a watch in the two lowest bits of the record's address. */
	_Alignas(8) struct par_result result;
	/* The action has ended, or the item was canceled. */
	bool done;
	/* The next record in the one list that this one is in. */
	struct item *next;
	/* In an ordered outbox: the item that entered after this one. */
	struct item *later;
};

#endif
