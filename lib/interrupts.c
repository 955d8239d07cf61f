/* SPDX-License-Identifier: MIT */
/*
 * A signal that comes just before its thread blocks is lost, so it is sent
 * again: soon at first, and more and more seldom to a callback that ignores it.
 * A round goes through all seats, but a section sends only some signals: nobody
 * waits for the lock while thousands are sent.
 */
#include "interrupts.h"

#include "clock.h"
#include "signals.h"

enum {
	FIRST_PAUSE_MS = 1,
	LONGEST_PAUSE_MS = 1000,
	/* So many signals are sent in a section, and so many seats looked at.
	 * The next follows after the shortest pause. */
	SIGNALS_AT_ONCE = 64,
	SEATS_AT_ONCE = 4096
};

void interrupts_begin(struct par *p)
{
	p->interrupts = (struct interrupts){ .pause_ms = FIRST_PAUSE_MS };
}

/* Under the lock a thread in a callback cannot have ended. */
static void interrupt(const struct par *p, const struct self *self) NEEDS_LOCK
{
	signals_send(self->thread, p->options.interrupt);
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
static bool interrupt_workers(struct par *p) NEEDS_LOCK
{
	unsigned *seat = &p->interrupts.next_seat, sent = 0, looks = 0;

	while (*seat < p->seats.used && sent < SIGNALS_AT_ONCE &&
	       looks++ < SEATS_AT_ONCE) {
		const struct worker *w = &p->seats.all[(*seat)++];

		if (!must_interrupt(w))
			continue;
		interrupt(p, &w->self);
		sent++;
	}
	return *seat == p->seats.used;
}

static void plan_next_round(struct interrupts *interrupts) NEEDS_LOCK
{
	interrupts->next_seat = 0;
	interrupts->due = clock_after(interrupts->pause_ms);
	interrupts->pause_ms *= 2;
	if (interrupts->pause_ms > LONGEST_PAUSE_MS)
		interrupts->pause_ms = LONGEST_PAUSE_MS;
}

void interrupts_send(struct par *p)
{
	struct interrupts *interrupts = &p->interrupts;

	if (!pool_must_interrupt(p) || clock_now() < interrupts->due)
		return;
	if (interrupts->next_seat == 0 && p->source.generating &&
	    source_was_told(&p->source))
		interrupt(p, &p->source.self);
	if (interrupt_workers(p))
		plan_next_round(interrupts);
	else
		interrupts->due = clock_after(FIRST_PAUSE_MS);
}
