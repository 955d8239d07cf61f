/* SPDX-License-Identifier: MIT */
/*
 * Six counts of what has happened to the items, up to the last pool_update().
 * How many items are where follows from these counts and is stored nowhere
 * else.
 *
 *     entered = queued + running + ready + delivered
 *     started = running + finished
 */
#ifndef PAR_LEDGER_H
#define PAR_LEDGER_H

#include "guard.h"

#include <stdint.h>

struct ledger {
	/* Items that the generator or par_push() brought. */
	uint64_t entered;
	/* Items that a worker took. */
	uint64_t started;
	/* Items whose action has ended. */
	uint64_t finished;
	/* Of those, the items whose error is not 0. */
	uint64_t failed;
	/* Items that were canceled before a worker took them. */
	uint64_t canceled;
	/* Items that par_next() returned. */
	uint64_t delivered;
};

static inline uint64_t ledger_queued(const struct ledger *l) NEEDS_LOCK
{
	return l->entered - l->started - l->canceled;
}

static inline uint64_t ledger_running(const struct ledger *l) NEEDS_LOCK
{
	return l->started - l->finished;
}

static inline uint64_t ledger_ready(const struct ledger *l) NEEDS_LOCK
{
	return l->finished + l->canceled - l->delivered;
}

/* Entered and not delivered. The window bounds this count. */
static inline uint64_t ledger_inside(const struct ledger *l) NEEDS_LOCK
{
	return l->entered - l->delivered;
}

#endif
