/* SPDX-License-Identifier: MIT */
/*
 * The invariant of lib/pool.h, coded a second time and in other ways: by
 * walking the lists and counting, where the library keeps counts.
 */
#include "invariant.h"

#include "access.h"
#include "model.h"
#include "scheduler.h"

#include "pool.h"

#include <stddef.h>
#include <string.h>

static bool was_ready[SCHED_TASKS];
static bool asking[SCHED_TASKS]; /* in a call of generate */
static struct {
	unsigned least;
	uint64_t until;
} expected[SCHED_TASKS]; /* of par_next_many() */
static bool early; /* an item has entered before the first worker worked */

static void holds(bool what, const char *says)
{
	if (!what)
		sched_fail("the invariant is broken: %s", says);
}
#define HOLDS(what) holds(what, #what)

static bool is_canceled(const struct par *p)
{
	return word_load_own(&p->canceled) != 0;
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

/* What the ledger will say when it is up to date. */
static uint64_t entered(const struct par *p)
{
	return p->ledger.entered + word_load_own(&p->ring.tail) / WATCH_ONE -
	       p->ring.puts_told;
}

static uint64_t started(const struct par *p)
{
	return p->ledger.started + word_load_own(&p->ring.head) / WATCH_ONE -
	       p->ring.takes_told;
}

static uint64_t inside(const struct par *p)
{
	return entered(p) - p->ledger.delivered;
}

static uint64_t in_ring(const struct par *p)
{
	return word_load_own(&p->ring.tail) / WATCH_ONE -
	       word_load_own(&p->ring.head) / WATCH_ONE;
}

/* The queued items of a pool with keys: those that are held or not, or were
 * generated or pushed. */
static uint64_t keyed(const struct par *p, bool held, bool generated)
{
	const struct keyed_item *k = p->backlog.queued.first, *before = NULL;
	uint64_t all = 0, n = 0;

	for (; k; before = k, k = k->behind) {
		HOLDS(k->before == before && ++all < LONGEST);
		HOLDS(!before ||
		      before->item.result.index < k->item.result.index);
		n += k->held == held && k->generated == generated;
	}
	HOLDS(p->backlog.queued.last == before);
	return n;
}

/* How many items are in a heap, none of which is older than one above it. */
static uint64_t heap_size(const struct heap_node *node, uint64_t above)
{
	uint64_t n = 0;

	for (; node; node = node->next) {
		HOLDS(*node->link == node && node->index >= above);
		n += 1 + heap_size(node->child, node->index);
		HOLDS(n < LONGEST);
	}
	return n;
}

/* It is in the heap: what points to it does. */
static void check_last(const struct heap *heap)
{
	const struct heap_node *node = heap->last;

	if (node)
		HOLDS(heap->count > 0 && *node->link == node);
}

/* Its items are in their order, as many may start as the limit allows, and one
 * of them keeps the group. Returns how many are queued. */
static uint64_t check_group(const struct backlog *b, const struct group *g)
{
	const struct keyed_item *k, *before = NULL;
	uint64_t queued = 0;
	unsigned startable = 0, running = 0;
	bool held = false, kept = false;

	for (k = g->first; k; before = k, k = k->same_key) {
		held |= k == g->first_held;
		HOLDS(k->key == g->key && k->held == held);
		HOLDS(!before ||
		      before->item.result.index < k->item.result.index);
		startable += !held;
		kept |= k == g->home;
		HOLDS(++queued < LONGEST);
	}
	HOLDS(!g->first || g->last == before);
	for (k = g->runs.first; k; k = k->behind) {
		HOLDS(k->key == g->key && ++running < LONGEST);
		kept |= k == g->home;
	}
	HOLDS(kept && &g->home->own == g);
	HOLDS(running == g->running && startable == g->startable);
	HOLDS(running + startable == b->key_limit ||
	      (running + startable < b->key_limit && !held));
	return queued;
}

enum { BUCKETS = 4096 };
static uint64_t grouped_at;

/* Each item with a key is in the only group of that key. */
static void check_groups(const struct backlog *b)
{
	const struct keyed_item *k;
	const struct group *g, *other;
	uint64_t queued = 0;

	for (int i = 0; i < BUCKETS; i++)
		for (g = b->buckets[i]; g; g = g->next) {
			for (other = g->next; other; other = other->next)
				HOLDS(other->key != g->key);
			queued += check_group(b, g);
		}
	for (k = b->queued.first; k; k = k->behind)
		queued -= k->key != 0;
	HOLDS(queued == 0);
}

static void check_backlog(const struct par *p)
{
	const struct backlog *b = &p->backlog;
	const struct ledger *l = &p->ledger;
	const uint64_t steps =
		l->entered + l->started + l->finished + l->canceled;

	/* The table is long, and changes only with the ledger. */
	if (p->options.key && !b->dropped && steps != grouped_at) {
		grouped_at = steps;
		check_groups(b);
	}
	HOLDS(b->held == keyed(p, true, false) + keyed(p, true, true));
	HOLDS(b->pushed.count == keyed(p, false, false) &&
	      b->pushed.count == heap_size(b->pushed.first, 0));
	HOLDS(b->generated.count == keyed(p, false, true) &&
	      b->generated.count == heap_size(b->generated.first, 0));
	HOLDS(b->all_generated == b->generated.count + keyed(p, true, true));
	check_last(&b->pushed);
	check_last(&b->generated);
}

static uint64_t startable(const struct par *p)
{
	return in_ring(p) + list_length(p->pushed.first) +
	       keyed(p, false, false) + keyed(p, false, true);
}

static uint64_t queued(const struct par *p)
{
	return startable(p) + keyed(p, true, false) + keyed(p, true, true);
}

static uint64_t generated(const struct par *p)
{
	return p->options.key ? keyed(p, true, true) + keyed(p, false, true)
			      : in_ring(p);
}

/* Before that, no callback may be interrupted. */
static bool may_run(const struct par *p)
{
	return p->handler_stands || !p->options.interrupt;
}

static bool has_room(const struct par *p)
{
	return may_run(p) && generated(p) < p->ring.capacity &&
	       (p->options.window == 0 ||
		inside(p) + p->pushing < p->options.window);
}

static const struct item *tray(const struct par *p)
{
	return (const struct item *)(word_load_own(&p->tray.top) &
				     ~(uintptr_t)WATCH_BITS);
}

static uint64_t on_tray(const struct par *p)
{
	return list_length(tray(p));
}

/* What the seats say, one by one. */
struct census {
	uint64_t items; /* that workers hold */
	unsigned in_state[SEAT_STATES];
};

static struct census count_seats(const struct par *p)
{
	struct census census = { .items = model_in_hand(
					 p->seats.all,
					 p->seats.all + p->options.workers) };

	for (unsigned i = 0; i < p->seats.used; i++) {
		census.items += seats_item(&p->seats.all[i]) != NULL;
		census.in_state[p->seats.all[i].state]++;
	}
	census.in_state[SEAT_VACANT] += p->options.workers - p->seats.used;
	return census;
}

/* How many more actions may begin. If there is a limit, whoever has put an item
 * on the tray comes for the lock. If not, it may have taken the next item
 * already. */
static uint64_t may_begin(const struct par *p)
{
	uint64_t running = count_seats(p).items;

	if (p->limit < p->options.workers)
		running += on_tray(p);
	return running < p->limit ? p->limit - running : 0;
}

/* Who was told to stop: the count is right, and the descriptor shows it. */
static void check_told(const struct par *p)
{
	unsigned alone = 0;

	for (unsigned i = 0; i < p->seats.used; i++) {
		const struct worker *w = &p->seats.all[i];
		bool told = word_load_own(&w->self.told) != 0;

		alone += w->told_alone;
		HOLDS(told || !w->told_alone);
		HOLDS(told == (is_canceled(p) ? w->state != SEAT_VACANT &&
							w->state != SEAT_LEAVING
					      : w->told_alone));
		if (w->self.stop_pipe.is_open)
			HOLDS(model_readable(w->self.stop_pipe.ends[0]) ==
			      told);
	}
	HOLDS(alone == p->told_alone);
}

/* Items: the ledger agrees with the containers, and the bounds hold. */
static void check_items(const struct par *p)
{
	const struct ledger *l = &p->ledger;
	uint64_t all, ready = count_done(&p->outbox, &all);
	uint64_t held = count_seats(p).items, settled = on_tray(p);

	HOLDS(entered(p) == queued(p) + held + settled + ready + l->delivered);
	HOLDS(started(p) == held + settled + l->finished);
	HOLDS(l->finished + l->canceled == ready + l->delivered);
	HOLDS(l->failed <= l->finished && l->finished <= started(p));
	HOLDS(!p->outbox.ordered || all == inside(p));
	HOLDS(generated(p) <= p->ring.capacity);
	HOLDS(p->spares.count == list_length(p->spares.first));
	HOLDS(p->spares.count <= p->spares.most);
	if (is_canceled(p))
		HOLDS(queued(p) == 0);
}

/* Source: it ends when it was told to, and the end is reported last. */
static void check_source(const struct par *p)
{
	static const struct par *pool;
	static enum source_state before;
	const struct source *source = &p->source;

	if (p == pool && entered(p) > 0)
		HOLDS(source->state >= before);
	pool = p;
	before = source->state;
	if (source->state == SOURCE_END_REPORTED)
		HOLDS(inside(p) == 0);
	if (is_canceled(p))
		HOLDS(source->state != SOURCE_RUNNING);
	if (!source->generating)
		HOLDS(source->state != SOURCE_FINISHING);
}

/* generate is called only while there is room, and never after the source was
 * told to stop: seen where the producer goes to call it. */
static void check_asking(const struct par *p)
{
	bool *was = &asking[sched_self()->id];
	bool is = p->source.generating &&
		  pthread_equal(p->source.self.thread, pthread_self());
	bool begins = is && !*was;

	*was = is;
	if (!begins)
		return;
	HOLDS(p->source.state == SOURCE_RUNNING);
	HOLDS(!is_canceled(p));
	HOLDS(has_room(p));
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
	       inside(p) == 0;
}

/* A waiter in the queue is asleep, and was not woken. */
static void check_queue(const struct wait_queue *queue)
{
	unsigned n = 0;

	for (const struct waiter *w = queue->newest; w; w = w->older)
		HOLDS(w->asleep && w->wake == 0 && ++n < LONGEST);
	HOLDS(queue->overdue <= queue->yielding &&
	      queue->yielding <= SCHED_TASKS);
}

/* How many were woken, or have not slept yet. */
static uint64_t will_look(const struct wait_queue *queue)
{
	return queue->wakes - queue->arrived + queue->yielding - queue->overdue;
}

/* A worker that waits no more has arrived. Only one that waits is dismissed. */
static void check_arrivals(const struct par *p)
{
	for (unsigned i = 0; i < p->seats.used; i++) {
		const struct worker *w = &p->seats.all[i];

		HOLDS(w->waits || w->waiter.wake <= p->waiters.idle.arrived);
		HOLDS(!w->waiter.dismissed ||
		      (w->waits && w->state == SEAT_WORKING));
	}
}

static unsigned in_callbacks(const struct par *p)
{
	struct census census = count_seats(p);

	return p->source.generating + census.in_state[SEAT_OPENING] +
	       (unsigned)census.items;
}

/* For how many sections work has waited beside a thread that sleeps. */
struct held {
	uint64_t wakes;
	unsigned yielding, sections;
};
static struct held held_workers, held_consumers, held_pushers;
static uint64_t delivered;

/* Time flies: if a thread that was woken does not run, the second section wakes
 * another, whoever takes the work meanwhile. A spurious wake-up unlocks too,
 * and is no section; a run has no more than 3 of them. Neither is a delivery
 * that leaves another result ready: it looks at no worker. */
enum { HELD_MOST = 1 + 3 };

static void check_held(struct held *held, const struct wait_queue *queue,
		       bool wanted)
{
	if (queue->newest && wanted && queue->wakes == held->wakes &&
	    queue->yielding <= held->yielding)
		held->sections++;
	else
		held->sections = 0;
	held->wakes = queue->wakes;
	held->yielding = queue->yielding;
	HOLDS(held->sections <= HELD_MOST);
}

/* How many results there are for a consumer. */
static uint64_t results(const struct par *p)
{
	const struct item *i = p->outbox.first;
	uint64_t n = 0;

	if (!p->outbox.ordered)
		return list_length(p->outbox.done.first);
	for (; i && i->done && i != p->outbox.edge; i = i->later)
		n++;
	HOLDS(p->outbox.counted == n && p->outbox.edge == i);
	for (; i && i->done; i = i->later)
		n++;
	return n;
}

/* Whether no more can come; the section has taken so many. */
static bool is_still(const struct par *p, uint64_t taken)
{
	if (count_seats(p).items + on_tray(p) > 0)
		return false;
	return p->limit == 0 ||
	       (queued(p) == 0 && (p->source.state >= SOURCE_ENDED ||
				   (p->options.window &&
				    inside(p) + taken >= p->options.window)));
}

/* For how many threads of a kind there is work, if one that sleeps can do it.
 * The first counts all generated items for one: see workers_wanted(). */
static uint64_t wanted_workers(const struct par *p)
{
	uint64_t wanted = p->options.key ? startable(p)
					 : list_length(p->pushed.first) +
						   (in_ring(p) > 0);

	if (!p->waiters.idle.newest || !may_run(p))
		return 0;
	return wanted < may_begin(p) ? wanted : may_begin(p);
}

static uint64_t wanted_consumers(const struct par *p)
{
	const struct waiter *w = p->waiters.consumers.newest;
	uint64_t ready = results(p);

	while (w && ready < w->least && !(ready > 0 && is_still(p, 0)))
		w = w->older;
	return w ? (ready + w->least - 1) / w->least : 0;
}

static uint64_t wanted_pushers(const struct par *p)
{
	if (!p->waiters.pushers.newest || inside(p) >= p->options.window)
		return 0;
	return p->options.window - inside(p);
}

static void check_starvation(const struct par *p)
{
	bool delivers = p->ledger.delivered != delivered;

	delivered = p->ledger.delivered;
	if (delivers && has_result(p) && !p->waiters.consumers.newest)
		return;
	check_held(&held_workers, &p->waiters.idle, wanted_workers(p) > 0);
	check_held(&held_consumers, &p->waiters.consumers,
		   wanted_consumers(p) > 0);
	check_held(&held_pushers, &p->waiters.pushers, wanted_pushers(p) > 0);
}

/* If threads sleep though there is work, enough of their kind were woken, or
 * yield. And the supervisor looks in time whether they come. */
enum { LOOK_NS = 20000000 };

static bool is_looked_after(const struct par *p, const struct wait_queue *queue)
{
	const struct waiter *supervisor = &p->waiters.supervisor;

	return !supervisor->asleep ||
	       supervisor->until <= queue->relied_since + LOOK_NS;
}

static void check_relied_on(const struct par *p, const struct wait_queue *queue,
			    uint64_t wanted)
{
	HOLDS(will_look(queue) >= wanted);
	HOLDS(wanted == 0 || is_looked_after(p, queue));
}

/* How many workers wait for an item. */
static unsigned count_waiting(const struct par *p)
{
	unsigned waiting = 0;

	for (unsigned i = 0; i < p->seats.used; i++)
		waiting += p->seats.all[i].waits &&
			   p->seats.all[i].state == SEAT_WORKING;
	return waiting;
}

/* Whether a worker must be started, now or when the back-off is over. */
static bool lacks_worker(const struct par *p, const struct census *census)
{
	unsigned coming = census->in_state[SEAT_STARTING] +
			  census->in_state[SEAT_OPENING];
	/* Those that work and hold no item will look. */
	uint64_t idle = census->in_state[SEAT_WORKING] - census->items;

	uint64_t wanted = startable(p), most = may_begin(p);

	if (wanted > most)
		wanted = most;
	return !p->closing && may_run(p) && census->in_state[SEAT_VACANT] > 0 &&
	       (wanted > idle + coming ||
		(p->attempts.asked > 0 && wanted > idle));
}

/* A round of signals goes on, or the next comes in time for each that is due.
 */
static void check_signals(const struct par *p)
{
	const struct interrupts *i = &p->interrupts;

	if (!p->handler_stands || i->next_seat > 0)
		return;
	HOLDS(!p->source.generating || !source_was_told(&p->source) ||
	      i->due <= p->source.self.interrupt_at);
	for (unsigned n = 0; n < p->seats.used; n++) {
		const struct worker *w = &p->seats.all[n];

		HOLDS(word_load_own(&w->self.told) == 0 || w->waits ||
		      (w->state != SEAT_OPENING && w->state != SEAT_WORKING) ||
		      i->due <= w->self.interrupt_at);
	}
}

/* The actions under way, if they are timed, in the order in which they began.
 */
static void check_stopwatch(const struct par *p)
{
	const struct worker *w = p->stopwatch.first, *before = NULL;
	uint64_t n = 0;

	for (; w; before = w, w = w->later) {
		HOLDS(w->earlier == before);
		HOLDS(!before || before->started <= w->started);
		HOLDS(++n < LONGEST);
	}
	HOLDS(p->stopwatch.last == before);
	HOLDS(n == (p->stopwatch.in_use ? count_seats(p).items : 0));
}

/* What the supervisor sleeps for is no later than the first of these. */
static void check_deadlines(const struct par *p)
{
	const struct waiter *supervisor = &p->waiters.supervisor;
	const struct wait_queue *idle = &p->waiters.idle;
	const struct worker *w = p->stopwatch.first;

	HOLDS(supervisor->until <= p->stopwatch.due);
	HOLDS(supervisor->until <= p->dismiss_at);
	HOLDS(supervisor->until <= p->look_at);
	while (w && word_load_own(&w->self.told) != 0)
		w = w->later;
	if (w && p->stopwatch.limit)
		HOLDS(p->stopwatch.due <= w->started + p->stopwatch.limit);
	if (p->options.idle_ms && idle->oldest != idle->newest)
		HOLDS(p->dismiss_at <=
		      idle->oldest->since +
			      (uint64_t)p->options.idle_ms * CLOCK_NS_PER_MS);
}

static bool must_interrupt(const struct par *p)
{
	if (!p->handler_stands)
		return false;
	if (is_canceled(p))
		return in_callbacks(p) > 0;
	return p->told_alone > 0 ||
	       (source_was_told(&p->source) && p->source.generating);
}

/* Waiters: no thread sleeps that has a reason to run. */
static void check_waiters(const struct par *p)
{
	const struct waiters *w = &p->waiters;
	const struct waiter *supervisor = &w->supervisor;
	bool closing = p->closing;
	struct census census = count_seats(p);
	bool vacant = census.in_state[SEAT_VACANT] == p->options.workers;

	check_queue(&w->idle);
	check_queue(&w->consumers);
	check_queue(&w->pushers);
	check_arrivals(p);
	check_relied_on(p, &w->idle, wanted_workers(p));
	check_relied_on(p, &w->consumers, wanted_consumers(p));
	check_relied_on(p, &w->pushers, wanted_pushers(p));
	HOLDS(!w->idle.newest || !closing);
	HOLDS(!w->pushers.newest ||
	      (!is_canceled(p) && p->source.state != SOURCE_END_REPORTED));
	HOLDS(!w->consumers.newest || !at_end(p));
	HOLDS(!w->producer.asleep ||
	      !(p->source.state >= SOURCE_ENDED || has_room(p)));
	if (supervisor->asleep) {
		HOLDS(!closing || (p->options.interrupt &&
				   (!vacant || p->source.generating)));
		HOLDS(!lacks_worker(p, &census) ||
		      supervisor->until <= p->attempts.retry_at);
		HOLDS(!must_interrupt(p) ||
		      supervisor->until <= p->interrupts.due);
		check_signals(p);
		check_deadlines(p);
	}
	if (w->owner.asleep && w->owner_waits_for_all)
		HOLDS(!vacant || p->source.generating);
	else
		HOLDS(!w->owner.asleep ||
		      (closing ? census.in_state[SEAT_STARTING] > 0
			       : !p->attempts.first_open_done));
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

/* A worker_open that takes its time: the first worker does not count for an
 * item that enters before it works. */
static void note_early(const struct par *p)
{
	if (!p->attempts.first_open_done)
		early = entered(p) > 0 && p->options.worker_open;
}

/* Seats: the counts are right. And no worker has started except the first and
 * those that an item needed, which a cancel can interrupt. */
static void check_seats(const struct par *p)
{
	uint64_t came = entered(p), needed = came ? came : 1;
	struct census census = count_seats(p);
	unsigned taken = p->options.workers - census.in_state[SEAT_VACANT];

	HOLDS(p->seats.used <= (may_run(p) ? p->options.workers : 1));
	for (unsigned s = 0; s < SEAT_STATES; s++)
		HOLDS(census.in_state[s] == p->seats.in_state[s]);
	HOLDS(taken - census.in_state[SEAT_LEAVING] <= needed + early);
}

/* What the pool was like when the task began its section. */
static struct before {
	uint64_t begun; /* attempts */
	uint64_t delivered;
	uintptr_t head;
	unsigned in_callbacks;
	uint64_t until; /* the supervisor's deadline */
} before[SCHED_TASKS];

static void note_before(const struct par *p)
{
	/* A worker changes its seat in the step in which it changes the tray or
	 * the head of the ring. Both are read here, see access.c. */
	(void)tray(p);
	before[sched_self()->id] =
		(struct before){ .begun = p->attempts.begun,
				 .delivered = p->ledger.delivered,
				 .head = word_load_own(&p->ring.head),
				 .in_callbacks = in_callbacks(p),
				 .until = p->waiters.supervisor.until };
}

/* The supervisor has a deadline only if a callback is interrupted, a worker was
 * refused, or a thread was woken and others sleep on. After the cancel no
 * callback begins without the lock. */
static void check_pause(const struct par *p)
{
	const struct waiter *supervisor = &p->waiters.supervisor;
	const struct before *was = &before[sched_self()->id];

	HOLDS(p->options.idle_ms || p->stopwatch.in_use ||
	      !supervisor->asleep || supervisor->until == CLOCK_NEVER ||
	      supervisor->until == was->until || was->in_callbacks > 0 ||
	      p->attempts.retry_at != 0 || supervisor->until == p->look_at);
}

/* par_next_many() has taken fewer results than it wants only if no more could
 * come, or its time is over. */
static void check_batch(const struct par *p)
{
	const int id = sched_self()->id;
	const uint64_t taken = p->ledger.delivered - before[id].delivered;

	HOLDS(taken == 0 || taken >= expected[id].least ||
	      sched_now() >= expected[id].until || is_still(p, taken));
}

/* A worker is started only if there are more queued items than workers that
 * wait. What was in the ring when the section began may have been taken since,
 * but nobody began to wait, or ceased to. */
static void check_starts(const struct par *p)
{
	const struct before *was = &before[sched_self()->id];
	uint64_t queued = list_length(p->pushed.first);

	if (p->attempts.begun == was->begun || p->attempts.begun == 1)
		return;
	queued += word_load_own(&p->ring.tail) / WATCH_ONE -
		  was->head / WATCH_ONE;
	queued += keyed(p, false, false) + keyed(p, false, true);
	HOLDS(queued > count_waiting(p));
}

/* While the watch of the tail is held, nothing is put without the lock when
 * time has passed. */
static struct {
	const struct par *pool;
	uintptr_t tail;
} held_tail;

static void note_hold(const struct par *p)
{
	held_tail.pool = p->ring.tail_watch == WATCH_HELD ? p : NULL;
	held_tail.tail = word_load_own(&p->ring.tail);
}

static void check_hold(const struct par *p)
{
	if (model_time_flies && held_tail.pool == p)
		HOLDS(word_load_own(&p->ring.tail) == held_tail.tail);
}

/* Watches: what somebody waits for cannot come without the lock. */
static void check_watches(const struct par *p)
{
	const struct waiters *w = &p->waiters;
	enum watch tail = word_load_own(&p->ring.tail) & WATCH_BITS;
	enum watch head = word_load_own(&p->ring.head) & WATCH_BITS;
	enum watch tray = word_load_own(&p->tray.top) & WATCH_BITS;

	HOLDS(tail == p->ring.tail_watch && head == p->ring.head_watch);
	HOLDS(tray == p->tray.watch);
	HOLDS(!w->idle.newest || tail == WATCH_ON ||
	      (tail == WATCH_HELD && is_looked_after(p, &w->idle) &&
	       will_look(&w->idle) > list_length(p->pushed.first)));
	HOLDS(p->source.state == SOURCE_RUNNING || tail == WATCH_ON);
	HOLDS(p->seats.in_state[SEAT_VACANT] == 0 || tail == WATCH_ON);
	HOLDS((!w->room.newest && !p->pushed.first && !is_canceled(p)) ||
	      head == WATCH_ON);
	if (p->takes_lock || p->limit < p->options.workers)
		HOLDS(head == WATCH_ON);
	if (p->takes_lock || p->told_alone > 0 || is_canceled(p))
		HOLDS(tray == WATCH_ON && on_tray(p) == 0);
	if (w->consumers.newest || (p->results_pipe.is_open && !has_result(p)))
		HOLDS(tray == WATCH_ON && on_tray(p) == 0);
}

/* The supervisor sleeps for nothing but to look whether those have come who
 * were woken. */
static bool only_looks(const struct par *p)
{
	const struct waiter *s = &p->waiters.supervisor;

	return s->asleep && s->until != p->interrupts.due &&
	       s->until != p->stopwatch.due && s->until != p->dismiss_at &&
	       s->until != p->attempts.retry_at;
}

static const struct par *pool_of(const void *mutex)
{
	return (const struct par *)((const char *)mutex -
				    offsetof(struct par, lock.mutex));
}

/* Whether a result may leave as soon as the tray is emptied. */
static bool has_result_on_tray(const struct par *p)
{
	const struct item *item = tray(p);

	while (item && p->outbox.ordered && item != p->outbox.first)
		item = item->next;
	return item;
}

/* A section begins. If a result is ready, a consumer that looks now must find
 * it. */
static void note(const void *mutex)
{
	const struct par *p = pool_of(mutex);

	was_ready[sched_self()->id] =
		has_result(p) || has_result_on_tray(p) || at_end(p);
	note_before(p);
	check_hold(p);
}

/* What is read here counts for nothing (access.c): the tasks do not depend on
 * it, and neither do later checks, except for what note_early(), note_hold()
 * and check_starvation() remember. What else is remembered belongs to the
 * mutex; or to that of all pools, for the checks know only one pool at a time.
 */
static void check(const void *mutex)
{
	const struct par *p = pool_of(mutex);

	model_hand_is_empty();
	access_write(&delivered);
	note_early(p);
	access_ignore(!model_time_flies);
	check_items(p);
	check_backlog(p);
	check_stopwatch(p);
	check_source(p);
	check_asking(p);
	check_seats(p);
	check_told(p);
	check_waiters(p);
	check_watches(p);
	check_starts(p);
	check_pause(p);
	check_batch(p);
	if (model_time_flies)
		check_starvation(p);
	check_descriptors(p);
	note_hold(p);
	sched_self()->patient = only_looks(p);
	access_ignore(false);
}

void invariant_begin(void)
{
	memset(asking, 0, sizeof asking);
	memset(was_ready, 0, sizeof was_ready);
	memset(expected, 0, sizeof expected);
	memset(before, 0, sizeof before);
	memset(&held_tail, 0, sizeof held_tail);
	memset(&held_workers, 0, sizeof held_workers);
	memset(&held_consumers, 0, sizeof held_consumers);
	memset(&held_pushers, 0, sizeof held_pushers);
	delivered = grouped_at = 0;
	early = false;
	model_locks = note;
	model_unlocks = check;
}

bool invariant_was_ready(void)
{
	return was_ready[sched_self()->id];
}

void invariant_expect(unsigned least, uint64_t until)
{
	const int id = sched_self()->id;

	expected[id].least = least;
	expected[id].until = until;
}
