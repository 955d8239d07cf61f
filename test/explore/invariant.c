/* SPDX-License-Identifier: MIT */
#include "invariant.h"

#include "model.h"
#include "scheduler.h"

#include "pool.h"

#include <stddef.h>
#include <string.h>

static bool was_ready[SCHED_TASKS];
static bool asking[SCHED_TASKS]; /* in a call of generate */
static bool early; /* something has entered before the first worker was there */

static void holds(bool what, const char *says)
{
	if (!what)
		sched_fail("the invariant is broken: %s", says);
}
#define HOLDS(what) holds(what, #what)

enum { LONGEST = 1000 };

static uint64_t list_length(const struct item *item)
{
	uint64_t n = 0;

	while (item) {
		item = item->next;
		HOLDS(++n < LONGEST);
	}
	return n;
}

static uint64_t count_done(const struct outbox *outbox, uint64_t *all)
{
	uint64_t done = 0;

	*all = 0;
	if (!outbox->ordered)
		return list_length(outbox->done.first);
	for (const struct item *i = outbox->first; i; i = i->later) {
		done += i->done;
		++*all;
	}
	return done;
}

struct hands {
	uint64_t items;
	unsigned inside;
};

static struct hands count_hands(const struct par *p)
{
	struct hands hands = { .inside = p->producer_role.inside };

	for (unsigned i = 0; i < p->seats; i++) {
		hands.items += p->workers[i].item != NULL;
		hands.inside += p->workers[i].role.inside;
	}
	return hands;
}

/* 1: the counts agree with the containers. */
static void check_counts(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	uint64_t queued = p->ring.count + list_length(p->pushed.first);
	uint64_t all, ready = count_done(&p->outbox, &all);
	struct hands hands = count_hands(p);

	HOLDS(l->entered == queued + hands.items + ready + l->delivered);
	HOLDS(l->started == hands.items + l->finished);
	HOLDS(l->finished + l->canceled == ready + l->delivered);
	HOLDS(l->failed <= l->finished);
	HOLDS(!p->outbox.ordered || all == l->entered - l->delivered);
	HOLDS(hands.inside == p->inside);
	HOLDS(p->spare_count == list_length(p->spares));
}

/* 2 and 3: the bounds, and what a state rules out. */
static void check_bounds(const struct par *p)
{
	const struct ledger *l = &p->ledger;

	HOLDS(p->ring.count <= p->ring.capacity);
	HOLDS(p->nworkers <= p->options.workers);
	HOLDS(p->canceled || !atomic_load(&p->cancel_flag.raised));
	HOLDS(p->opening + p->leaving <= p->nworkers);
	HOLDS(p->spare_count <= p->spares_wanted);
	if (p->canceled)
		HOLDS(p->ring.count == 0 && !p->pushed.first);
	if (p->told)
		HOLDS(p->ended && l->entered == l->delivered);
	if ((p->canceled || p->finishing) && !p->producer_role.inside)
		HOLDS(p->ended);
}

/* The generator is asked only while there is room, and never again once it has
 * ended: seen where the producer goes to ask it. */
static void check_asking(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	bool *was = &asking[sched_self()->id];
	bool is = p->producer_role.inside &&
		  pthread_equal(p->producer_role.thread, pthread_self());
	bool begins = is && !*was;

	*was = is;
	if (!begins)
		return;
	HOLDS(!p->ended && !p->finishing);
	HOLDS(!p->canceled);
	HOLDS(p->ring.count < p->ring.capacity);
	HOLDS(p->options.window == 0 ||
	      l->entered - l->delivered < p->options.window);
}

static bool has_result(const struct par *p)
{
	return p->outbox.ordered ? p->outbox.first && p->outbox.first->done
				 : p->outbox.done.first != NULL;
}

static bool at_end(const struct par *p)
{
	return p->ended && p->ledger.entered == p->ledger.delivered;
}

/* Who stands in it sleeps, and was not called. */
static void check_parking(const struct parking *parking)
{
	unsigned n = 0;

	for (const struct sleeper *s = parking->top; s; s = s->below)
		HOLDS(s->asleep && !s->called && ++n < LONGEST);
}

/* One is on its way, or awake still. */
static bool is_called(const struct parking *parking)
{
	return parking->calling || parking->looking > 0;
}

/* 4: nobody sleeps who has cause to be awake. */
static void check_sleepers(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	bool queued = p->ring.count > 0 || p->pushed.first;
	bool room = p->ring.count < p->ring.capacity &&
		    (p->options.window == 0 ||
		     l->entered - l->delivered < p->options.window);
	bool interrupts =
		p->opened && p->canceled && p->inside > 0 && !p->pausing;

	check_parking(&p->idle);
	check_parking(&p->consumers);
	HOLDS(!p->idle.top || !queued || is_called(&p->idle));
	HOLDS(!p->idle.top || !p->closing);
	HOLDS(!p->consumers.top || !has_result(p) || is_called(&p->consumers));
	HOLDS(!p->consumers.top || !at_end(p));
	HOLDS(!p->producer.asleep || !(p->ended || room));
	HOLDS(!p->interrupter.asleep || !(p->dismissed || interrupts));
	HOLDS(!p->owner.asleep || (p->closing ? p->nworkers > 0 : !p->founded));
	HOLDS(!p->stranded || !p->stranded->asleep ||
	      (!p->closing && p->nworkers == p->opening + p->leaving));
	HOLDS(p->results_pipe.ready == (has_result(p) || at_end(p)));
	if (p->results_pipe.made)
		HOLDS(model_readable(p->results_pipe.ends[0]) ==
		      p->results_pipe.ready);
	if (p->cancel_pipe.made)
		HOLDS(model_readable(p->cancel_pipe.ends[0]) == p->canceled);
}

/* 5: somebody is there to work, or will start who does. And no worker has
 * started but the first and those that an item had need of. */
static void check_crew(const struct par *p)
{
	uint64_t entered = p->ledger.entered, needed = entered ? entered : 1;

	/* The first does not count for what enters before it is there. */
	if (!p->founded)
		early = entered > 0;
	HOLDS(!p->opened || p->closing || p->nworkers > 0);
	HOLDS(p->nworkers - p->leaving <= needed + early);
}

static void check(const void *mutex)
{
	const struct par *p =
		(const struct par *)((const char *)mutex -
				     offsetof(struct par, lock.mutex));

	check_counts(p);
	check_bounds(p);
	check_asking(p);
	check_sleepers(p);
	check_crew(p);
	was_ready[sched_self()->id] = has_result(p) || at_end(p);
}

void invariant_begin(void)
{
	memset(asking, 0, sizeof asking);
	memset(was_ready, 0, sizeof was_ready);
	early = false;
	model_unlocks = check;
}

bool invariant_was_ready(void)
{
	return was_ready[sched_self()->id];
}
