/* SPDX-License-Identifier: MIT */
/*
 * The first reason stays. Who was told is noted in the thread's `self`, so that
 * one action is told and no other.
 */
#include "stops.h"

#include "interrupts.h"

#include <errno.h>

static void tell(struct par *p, struct self *self, int reason) NEEDS_LOCK
{
	if (word_load_own(&self->told) == 0) {
		word_publish(&self->told, (uintptr_t)reason);
		pipe_set_readable(&self->stop_pipe, true);
	}
	interrupts_begin(p, self);
}

static void forget(struct self *self) NEEDS_LOCK
{
	word_publish(&self->told, 0);
	pipe_set_readable(&self->stop_pipe, false);
}

void stops_tell_source(struct par *p)
{
	tell(p, &p->source.self, ECANCELED);
}

void stops_tell_all(struct par *p)
{
	stops_tell_source(p);
	for (unsigned i = 0; i < p->seats.used; i++) {
		struct worker *w = &p->seats.all[i];

		if (w->state != SEAT_VACANT && w->state != SEAT_LEAVING)
			tell(p, &w->self, ECANCELED);
	}
}

void stops_tell_worker(struct par *p, struct worker *w, int reason)
{
	if (word_load_own(&w->self.told) != 0)
		return;
	tell(p, &w->self, reason);
	w->told_alone = true;
	p->told_alone++;
}

void stops_tell_late(struct par *p)
{
	struct stopwatch *watch = &p->stopwatch;
	struct worker *w;
	uint64_t now;

	if (watch->due == CLOCK_NEVER)
		return;
	now = clock_now();
	if (now < watch->due)
		return;
	for (w = watch->first; w && w->started + watch->limit <= now;
	     w = w->later)
		stops_tell_worker(p, w, ETIMEDOUT);
	watch->due = w ? w->started + watch->limit : CLOCK_NEVER;
}

void stops_end(struct worker *w)
{
	forget(&w->self);
}

void stops_settle(struct worker *w, struct item *item)
{
	struct par *p = w->self.pool;

	item->result.stopped = -(int)word_load_own(&w->self.told);
	if (!w->told_alone)
		return;
	w->told_alone = false;
	p->told_alone--;
	if (!pool_is_canceled(p))
		forget(&w->self);
}

int stops_open(struct self *self)
{
	int fd;

	if (self->worker && self->worker->state == SEAT_LEAVING)
		return -EINVAL;
	fd = pipe_open(&self->stop_pipe);
	pipe_set_readable(&self->stop_pipe, word_load_own(&self->told) != 0);
	return fd;
}
