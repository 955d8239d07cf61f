/* SPDX-License-Identifier: MIT */
/*
 * What has happened to the items, as six counts; where they are now follows
 * from them and is written down nowhere else.
 *
 *     entered = queued + running + ready + delivered
 *     started = running + finished
 */
#ifndef PAR_LEDGER_H
#define PAR_LEDGER_H

#include "guard.h"

#include <stdint.h>

struct ledger {
	uint64_t entered;
	uint64_t started;
	uint64_t finished;
	uint64_t failed; /* of those that finished */
	uint64_t canceled;
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

/* Entered, not delivered: what the window bounds. */
static inline uint64_t ledger_inside(const struct ledger *l) NEEDS_LOCK
{
	return l->entered - l->delivered;
}

#endif
