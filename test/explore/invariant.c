/* SPDX-License-Identifier: MIT */
/*
 * The invariant of lib/pool.h, coded a second time and in other ways: by
 * walking the lists and counting, where the library keeps counts.
 */
#include "invariant.h"

#include "model.h"
#include "scheduler.h"

#include "pool.h"

#include <stddef.h>
#include <string.h>

static bool was_ready[SCHED_TASKS];
static bool asking[SCHED_TASKS]; /* in a call of generate */
static bool early; /* an item has entered before the first worker worked */

static void holds(bool what, const char *says)
{
	if (!what)
		sched_fail("the invariant is broken: %s", says);
}
#define HOLDS(what) holds(what, #what)

static bool is_canceled(const struct par *p)
{
	return atomic_load(&p->canceled.raised);
}

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

/* What the seats say, one by one. */
struct census {
	uint64_t items; /* that workers hold */
	unsigned in_state[SEAT_STATES];
};

static struct census count_seats(const struct par *p)
{
	struct census census = { .items = 0 };

	for (unsigned i = 0; i < p->seats.used; i++) {
		census.items += p->seats.all[i].item != NULL;
		census.in_state[p->seats.all[i].state]++;
	}
	census.in_state[SEAT_VACANT] += p->options.workers - p->seats.used;
	return census;
}

/* Items: the ledger agrees with the containers, and the bounds hold. */
static void check_items(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	uint64_t queued = p->ring.count + list_length(p->pushed.first);
	uint64_t all, ready = count_done(&p->outbox, &all);
	uint64_t held = count_seats(p).items;

	HOLDS(l->entered == queued + held + ready + l->delivered);
	HOLDS(l->started == held + l->finished);
	HOLDS(l->finished + l->canceled == ready + l->delivered);
	HOLDS(l->failed <= l->finished);
	HOLDS(!p->outbox.ordered || all == l->entered - l->delivered);
	HOLDS(p->ring.count <= p->ring.capacity);
	HOLDS(p->spares.count == list_length(p->spares.first));
	HOLDS(p->spares.count <= p->spares.most);
	if (is_canceled(p))
		HOLDS(p->ring.count == 0 && !p->pushed.first);
}

/* Source: it ends when it was told to, and the end is reported last. */
static void check_source(const struct par *p)
{
	static const struct par *pool;
	static enum source_state before;
	const struct source *source = &p->source;

	if (p == pool && p->ledger.entered > 0)
		HOLDS(source->state >= before);
	pool = p;
	before = source->state;
	if (source->state == SOURCE_END_REPORTED)
		HOLDS(p->ledger.entered == p->ledger.delivered);
	if (is_canceled(p))
		HOLDS(source->state != SOURCE_RUNNING);
	if (!source->generating)
		HOLDS(source->state != SOURCE_FINISHING);
}

/* generate is called only while there is room, and never after the source was
 * told to stop: seen where the producer goes to call it. */
static void check_asking(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	bool *was = &asking[sched_self()->id];
	bool is = p->source.generating &&
		  pthread_equal(p->source.self.thread, pthread_self());
	bool begins = is && !*was;

	*was = is;
	if (!begins)
		return;
	HOLDS(p->source.state == SOURCE_RUNNING);
	HOLDS(!is_canceled(p));
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
	return (p->source.state == SOURCE_ENDED ||
		p->source.state == SOURCE_END_REPORTED) &&
	       p->ledger.entered == p->ledger.delivered;
}

/* A waiter in the queue is asleep, and was not woken. */
static void check_queue(const struct wait_queue *queue)
{
	unsigned n = 0;

	for (const struct waiter *w = queue->newest; w; w = w->next)
		HOLDS(w->asleep && w->wake == 0 && ++n < LONGEST);
}

/* One of them was woken, or has not slept yet. */
static bool one_will_look(const struct wait_queue *queue)
{
	return queue->wakes > queue->arrived || queue->yielding > 0;
}

static unsigned in_callbacks(const struct par *p)
{
	struct census census = count_seats(p);

	return p->source.generating + census.in_state[SEAT_OPENING] +
	       (unsigned)census.items;
}

/* How long an item, or a result, has waited beside a thread that sleeps. */
struct held {
	uint64_t wakes, progress;
	unsigned sections;
};
static struct held held_workers, held_consumers;

/* If a thread that was woken does not run, and none comes and takes the work,
 * the third section wakes another: the first sees that there was progress, the
 * second that there is none any more. A spurious wake-up unlocks too, and is no
 * section; a run has no more than 3 of them. */
enum { HELD_MOST = 2 + 3 };

static void check_held(struct held *held, const struct wait_queue *queue,
		       bool wanted, uint64_t progress)
{
	if (queue->newest && wanted && queue->wakes == held->wakes &&
	    progress == held->progress)
		held->sections++;
	else
		held->sections = 0;
	held->wakes = queue->wakes;
	held->progress = progress;
	HOLDS(held->sections <= HELD_MOST);
}

static void check_starvation(const struct par *p)
{
	bool queued = p->ring.count > 0 || p->pushed.first;

	check_held(&held_workers, &p->waiters.idle, queued, p->ledger.started);
	check_held(&held_consumers, &p->waiters.consumers, has_result(p),
		   p->ledger.delivered);
}

/* A push wakes a worker, even if another was woken for an earlier push and does
 * not run yet. */
static void check_push(const struct par *p)
{
	static const struct par *pool;
	static uint64_t pushed, wakes;
	const struct wait_queue *idle = &p->waiters.idle;
	uint64_t now = list_length(p->pushed.first);

	if (p == pool && now > pushed && idle->newest)
		HOLDS(idle->wakes > wakes ||
		      idle->wakes - idle->arrived + idle->yielding >= now);
	pool = p;
	pushed = now;
	wakes = idle->wakes;
}

/* Waiters: no thread sleeps that has a reason to run. */
static void check_waiters(const struct par *p)
{
	const struct waiters *w = &p->waiters;
	const struct ledger *l = &p->ledger;
	bool queued = p->ring.count > 0 || p->pushed.first;
	bool room = p->ring.count < p->ring.capacity &&
		    (p->options.window == 0 ||
		     l->entered - l->delivered < p->options.window);
	bool pauses = w->interrupter.until != CLOCK_NEVER;
	bool interrupts = p->life != POOL_OPENING && is_canceled(p) &&
			  in_callbacks(p) > 0 && !pauses;
	bool closing = p->life == POOL_CLOSING;
	struct census census = count_seats(p);
	bool vacant = census.in_state[SEAT_VACANT] == p->options.workers;

	check_queue(&w->idle);
	check_queue(&w->consumers);
	HOLDS(!w->idle.newest || !queued || one_will_look(&w->idle));
	HOLDS(!w->idle.newest || !closing);
	HOLDS(!w->consumers.newest || !has_result(p) ||
	      one_will_look(&w->consumers));
	HOLDS(!w->consumers.newest || !at_end(p));
	HOLDS(!w->producer.asleep ||
	      !(p->source.state >= SOURCE_ENDED || room));
	HOLDS(!w->interrupter.asleep || !(p->interrupter_stops || interrupts));
	HOLDS(!w->owner.asleep ||
	      (closing ? !vacant : !p->attempts.first_open_done));
	HOLDS(!w->last_worker || !w->last_worker->asleep ||
	      (!closing && census.in_state[SEAT_WORKING] == 0));
}

/* Descriptors: they are readable exactly if their condition holds. */
static void check_descriptors(const struct par *p)
{
	if (p->results_pipe.is_open)
		HOLDS(model_readable(p->results_pipe.ends[0]) ==
		      (has_result(p) || at_end(p)));
	if (p->cancel_pipe.is_open)
		HOLDS(model_readable(p->cancel_pipe.ends[0]) == is_canceled(p));
}

/* Seats: a worker works, or will. And no worker has started except the first
 * and those that an item needed. */
static void check_seats(const struct par *p)
{
	uint64_t entered = p->ledger.entered, needed = entered ? entered : 1;
	struct census census = count_seats(p);
	unsigned taken = p->options.workers - census.in_state[SEAT_VACANT];

	HOLDS(p->seats.used <= p->options.workers);
	for (unsigned s = 0; s < SEAT_STATES; s++)
		HOLDS(census.in_state[s] == p->seats.in_state[s]);
	/* A worker_open that takes its time: the first worker does not count
	 * for an item that enters before it works. */
	if (!p->attempts.first_open_done)
		early = entered > 0 && p->options.worker_open;
	HOLDS(p->life != POOL_OPEN || taken > 0);
	HOLDS(!p->waiters.last_worker || census.in_state[SEAT_LEAVING] > 0);
	HOLDS(taken - census.in_state[SEAT_LEAVING] <= needed + early);
}

static void check(const void *mutex)
{
	const struct par *p =
		(const struct par *)((const char *)mutex -
				     offsetof(struct par, lock.mutex));

	check_items(p);
	check_source(p);
	check_asking(p);
	check_seats(p);
	check_waiters(p);
	check_push(p);
	if (model_time_flies)
		check_starvation(p);
	check_descriptors(p);
	was_ready[sched_self()->id] = has_result(p) || at_end(p);
}

void invariant_begin(void)
{
	memset(asking, 0, sizeof asking);
	memset(was_ready, 0, sizeof was_ready);
	memset(&held_workers, 0, sizeof held_workers);
	memset(&held_consumers, 0, sizeof held_consumers);
	early = false;
	model_unlocks = check;
}

bool invariant_was_ready(void)
{
	return was_ready[sched_self()->id];
}
