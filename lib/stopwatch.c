/* SPDX-License-Identifier: MIT */
/*
 * While an item is in the pool, its result keeps the points of the clock at
 * which the times begin.
 */
#include "stopwatch.h"

#include "clock.h"

void stopwatch_init(struct stopwatch *watch, const struct par_options *o)
{
	watch->tells = o->timed != 0;
	watch->limit = o->time_limit_ms * (uint64_t)CLOCK_NS_PER_MS;
	watch->in_use = watch->tells || watch->limit > 0;
	watch->due = CLOCK_NEVER;
}

void stopwatch_enter(const struct stopwatch *watch, struct item *item)
{
	if (watch->tells) {
		item->result.waited_ns = clock_now();
		item->result.ran_ns = 0;
	}
}

void stopwatch_cancel(const struct stopwatch *watch, struct item *item)
{
	if (watch->tells)
		item->result.waited_ns = clock_now() - item->result.waited_ns;
}

void stopwatch_start(struct stopwatch *watch, struct worker *w)
{
	struct par_result *result = &seats_item(w)->result;

	if (!watch->in_use)
		return;
	w->started = clock_now();
	if (watch->tells)
		result->waited_ns = w->started - result->waited_ns;
	w->earlier = watch->last;
	w->later = NULL;
	if (watch->last)
		watch->last->later = w;
	else
		watch->first = w;
	watch->last = w;
	/* All have the same limit: it is over first for what began first. */
	if (watch->limit > 0 && watch->due == CLOCK_NEVER)
		watch->due = w->started + watch->limit;
}

void stopwatch_stop(struct stopwatch *watch, struct worker *w)
{
	if (!watch->in_use)
		return;
	if (watch->tells)
		seats_item(w)->result.ran_ns = clock_now() - w->started;
	if (w->earlier)
		w->earlier->later = w->later;
	else
		watch->first = w->later;
	if (w->later)
		w->later->earlier = w->earlier;
	else
		watch->last = w->earlier;
}

uint64_t stopwatch_oldest(const struct stopwatch *watch)
{
	return watch->first ? clock_now() - watch->first->started : 0;
}
