/* SPDX-License-Identifier: MIT */
/*
 * A signal that comes just before its thread blocks is lost, so it is sent
 * again: soon at first, and more and more seldom to a callback that ignores it.
 * Each thread has pauses of its own. A round goes through all seats, but a
 * section sends only some signals: nobody waits for the lock while thousands
 * are sent.
 */
#include "interrupts.h"

#include "clock.h"
#include "signals.h"

enum {
	FIRST_PAUSE = CLOCK_NS_PER_MS,
	LONGEST_PAUSE = CLOCK_NS_PER_S,
	/* So many signals are sent in a section, and so many seats looked at.
	 * The rest follows after the shortest pause. */
	SIGNALS_AT_ONCE = 64,
	SEATS_AT_ONCE = 4096
};

void interrupts_begin(struct par *p, struct self *self)
{
	self->interrupt_at = 0;
	self->pause = FIRST_PAUSE;
	/* If a round is under way, it may be past this thread. */
	p->interrupts.due = 0;
	p->interrupts.next_round = 0;
}

/* The thread is in a callback that was told to stop: under the lock it cannot
 * end. Sends it the signal, if that is due. Returns true if it was sent. */
static bool interrupt(struct par *p, struct self *self, uint64_t now) NEEDS_LOCK
{
	const bool due = self->interrupt_at <= now;

	if (due) {
		signals_send(self->thread, p->options.interrupt);
		self->interrupt_at = now + self->pause;
		self->pause *= 2;
		if (self->pause > LONGEST_PAUSE)
			self->pause = LONGEST_PAUSE;
	}
	if (self->interrupt_at < p->interrupts.next_round)
		p->interrupts.next_round = self->interrupt_at;
	return due;
}

static bool is_in_callback(const struct worker *w) NEEDS_LOCK
{
	return (w->state == SEAT_WORKING && !w->waits) ||
	       w->state == SEAT_OPENING;
}

static bool must_interrupt(const struct worker *w) NEEDS_LOCK
{
	return word_load_own(&w->self.told) != 0 && is_in_callback(w);
}

/* Returns true if these were the last. */
static bool interrupt_workers(struct par *p, uint64_t now) NEEDS_LOCK
{
	unsigned *seat = &p->interrupts.next_seat, sent = 0, looks = 0;

	while (*seat < p->seats.used && sent < SIGNALS_AT_ONCE &&
	       looks++ < SEATS_AT_ONCE) {
		struct worker *w = &p->seats.all[(*seat)++];

		if (must_interrupt(w))
			sent += interrupt(p, &w->self, now);
	}
	return *seat == p->seats.used;
}

/* When the next round begins: if nobody was told during this one, not before
 * the shortest pause has passed. So a round serves many threads. */
static uint64_t next_due(const struct interrupts *interrupts, uint64_t now)
	NEEDS_LOCK
{
	const uint64_t least = now + FIRST_PAUSE;

	return interrupts->next_round == 0 || interrupts->next_round > least
		       ? interrupts->next_round
		       : least;
}

void interrupts_send(struct par *p)
{
	struct interrupts *interrupts = &p->interrupts;
	uint64_t now;

	if (!pool_must_interrupt(p))
		return;
	now = clock_now();
	if (now < interrupts->due)
		return;
	if (interrupts->next_seat == 0) {
		interrupts->next_round = CLOCK_NEVER;
		if (p->source.generating && source_was_told(&p->source))
			interrupt(p, &p->source.self, now);
	}
	if (interrupt_workers(p, now)) {
		interrupts->next_seat = 0;
		interrupts->due = next_due(interrupts, now);
	} else {
		interrupts->due = now + FIRST_PAUSE;
	}
}
