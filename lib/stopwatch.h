/* SPDX-License-Identifier: MIT */
/*
 * The actions under way, in the order in which they began, and when the time
 * limit of the next one is over. Only for pools that time their actions
 * (par_options.timed, time_limit_ms): their items are taken and handed in under
 * the lock. It has no lock: the caller holds the pool's.
 */
#ifndef PAR_STOPWATCH_H
#define PAR_STOPWATCH_H

#include "seats.h"

struct stopwatch {
	/* Constant. */
	bool in_use;
	bool tells;	/* the results tell the times */
	uint64_t limit; /* nanoseconds; 0: none */
	/* The workers in an action. */
	struct worker *first GUARDED;
	struct worker *last GUARDED;
	/* When to look whether an action takes too long. */
	uint64_t due GUARDED;
};

void stopwatch_init(struct stopwatch *watch, const struct par_options *o)
	NEEDS_LOCK;
/* The item enters, or is canceled before its start. */
void stopwatch_enter(const struct stopwatch *watch, struct item *item);
void stopwatch_cancel(const struct stopwatch *watch, struct item *item);
/* The action of the worker's item begins, and has ended. */
void stopwatch_start(struct stopwatch *watch, struct worker *w) NEEDS_LOCK;
void stopwatch_stop(struct stopwatch *watch, struct worker *w) NEEDS_LOCK;
/* How long the first action has been under way; 0: none is. */
uint64_t stopwatch_oldest(const struct stopwatch *watch) NEEDS_LOCK;

#endif
