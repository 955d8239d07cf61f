/* SPDX-License-Identifier: MIT */
/*
 * The source: the generator, the producer thread that calls it, and the end of
 * the input. A pool without a generator has a source that only par_finish() or
 * par_cancel() ends. It has no lock: the caller holds the pool's.
 */
#ifndef PAR_SOURCE_H
#define PAR_SOURCE_H

#include "guard.h"
#include "item.h"
#include "self.h"

/* The source goes through these states in this order. It may skip some. */
enum source_state {
	SOURCE_RUNNING,
	/* It was told to stop (par_finish(), par_cancel()). A call of generate
	 * is under way, which may still bring an item. */
	SOURCE_FINISHING,
	/* It brings no more items. */
	SOURCE_ENDED,
	/* par_next() has reported the end. Nothing may be pushed any more. */
	SOURCE_END_REPORTED
};

struct source {
	enum source_state state GUARDED;
	/* A call of generate is under way, or about to begin. (While the
	 * producer needs no lock, this stays true from call to call.) */
	bool generating GUARDED;
	/* An item was pushed since the producer last held the lock: its
	 * next_index is out of date. */
	bool index_outdated GUARDED;
	/* What par_next() returns at the end. */
	int error GUARDED;
	/* The producer's own: the record that the call of generate fills; spare
	 * records, linked by `next`; the index of the next item. */
	struct item *item;
	struct item *fresh;
	uint64_t next_index;
	/* Constant: every item enters under the lock. */
	bool needs_lock;
	/* Who the producer is. If generate was told to stop, what it fails with
	 * is no error of the source. */
	struct self self;
	/* The owner's, to join the producer. */
	pthread_t thread;
};

/* If the source was told to stop and no call of generate is under way, it ends
 * now. */
static inline void source_stop_if_told(struct source *source) NEEDS_LOCK
{
	if (source->state == SOURCE_FINISHING && !source->generating)
		source->state = SOURCE_ENDED;
}

/* The source is told to stop. */
static inline void source_finish(struct source *source) NEEDS_LOCK
{
	if (source->state == SOURCE_RUNNING)
		source->state = SOURCE_FINISHING;
	source_stop_if_told(source);
}

static inline bool source_was_told(const struct source *source) NEEDS_LOCK
{
	return word_load_own(&source->self.told) != 0;
}

static inline bool source_has_ended(const struct source *source) NEEDS_LOCK
{
	return source->state >= SOURCE_ENDED;
}

#endif
