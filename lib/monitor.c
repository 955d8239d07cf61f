/* SPDX-License-Identifier: MIT */
/*
 * Critical sections begin and end here. They end in wake_waiters(), so no other
 * code has to know which threads may wait for what it changes. (One kind leaves
 * that out if it has changed nothing that anybody waits for:
 * monitor_unlock_delivered().)
 */
#include "monitor.h"

#include "watches.h"

/* The supervisor sleeps, and something may be due: something rare has happened.
 * (A pool that closes was canceled.) */
static bool may_need_supervisor(const struct par *p) NEEDS_LOCK
{
	return p->waiters.supervisor.asleep &&
	       (p->seats.in_state[SEAT_VACANT] > 0 ||
		p->source.state == SOURCE_FINISHING || pool_is_canceled(p) ||
		p->told_alone > 0 || p->stopwatch.due != CLOCK_NEVER ||
		p->dismiss_at != CLOCK_NEVER);
}

static void wake_supervisor(struct par *p, uint64_t due) NEEDS_LOCK
{
	struct waiter *supervisor = &p->waiters.supervisor;

	if (supervisor->asleep && due < supervisor->until)
		waiter_wake(supervisor);
}

/* Others sleep on because threads of this queue are expected. Only a look makes
 * look_at later: so there are few looks, and the supervisor sleeps on between
 * them. */
static void rely_on_expected(struct par *p, const struct wait_queue *queue)
	NEEDS_LOCK
{
	if (queue->newest && p->look_at > wait_queue_look_at(queue))
		p->look_at = wait_queue_look_at(queue);
}

static bool owner_must_run(const struct par *p) NEEDS_LOCK
{
	if (!p->closing)
		return p->attempts.first_open_done;
	if (p->waiters.owner_waits_for_all)
		return pool_is_left(p);
	return p->seats.in_state[SEAT_STARTING] == 0;
}

/* How many idle workers are wanted for the queued items. One for each pushed
 * item: nobody may come back to the pool for a while. But only one for all
 * generated items. They come in a stream, and the worker that was woken wakes
 * the next, if it is needed. */
static uint64_t workers_wanted(struct par *p) NEEDS_LOCK
{
	const uint64_t most = pool_may_run(p) ? pool_may_begin(p) : 0;
	uint64_t wanted = p->pushed.count + (ring_count(&p->ring) > 0);

	if (p->options.key)
		wanted = backlog_startable(&p->backlog);
	return wanted < most ? wanted : most;
}

static void wake_workers(struct par *p) NEEDS_LOCK
{
	struct wait_queue *idle = &p->waiters.idle;
	uint64_t wanted;

	if (p->closing) {
		wait_queue_wake_all(idle);
	} else if (idle->newest && (wanted = workers_wanted(p)) > 0) {
		while (idle->newest &&
		       wait_queue_wake(idle, idle->newest, wanted))
			;
		rely_on_expected(p, idle);
	}
}

/* The newest that waits for no more results than there are, or than there will
 * be; NULL: none. */
static struct waiter *satisfied_consumer(struct par *p) NEEDS_LOCK
{
	struct waiter *consumer = p->waiters.consumers.newest;

	if (!consumer || consumer->least == 1)
		return consumer;
	while (consumer &&
	       consumer->least > outbox_ready(&p->outbox, consumer->least))
		consumer = consumer->older;
	return consumer || !pool_is_still(p) ? consumer
					     : p->waiters.consumers.newest;
}

/* How many consumers are wanted that wait for so many results; but one more
 * than are expected is enough to know. */
static uint64_t consumers_wanted(struct par *p, uint64_t least) NEEDS_LOCK
{
	uint64_t most =
		(wait_queue_expected(&p->waiters.consumers) + 1) * least;

	return (outbox_ready(&p->outbox, most) + least - 1) / least;
}

static void wake_satisfied_consumers(struct par *p) NEEDS_LOCK
{
	struct wait_queue *consumers = &p->waiters.consumers;
	struct waiter *consumer;

	while ((consumer = satisfied_consumer(p)))
		if (!wait_queue_wake(consumers, consumer,
				     consumers_wanted(p, consumer->least))) {
			rely_on_expected(p, consumers);
			return;
		}
}

static void wake_consumers(struct par *p) NEEDS_LOCK
{
	struct wait_queue *consumers = &p->waiters.consumers;
	bool ready, end;

	if (!consumers->newest && !p->results_pipe.is_open)
		return;
	if (consumers->newest || !outbox_is_ready(&p->outbox))
		pool_empty_tray(p);
	ready = outbox_is_ready(&p->outbox);
	end = pool_is_at_end(p);
	if (end)
		wait_queue_wake_all(consumers);
	else if (ready)
		wake_satisfied_consumers(p);
	pipe_set_readable(&p->results_pipe, ready || end);
}

/* Only the producer waits for room. Returns true if it was woken. */
static bool wake_producer(struct par *p) NEEDS_LOCK
{
	struct wait_queue *room = &p->waiters.room;

	if (!room->newest ||
	    (!source_has_ended(&p->source) && !pool_has_room(p)))
		return false;
	return wait_queue_wake(room, room->newest, 1);
}

static void wake_pushers(struct par *p) NEEDS_LOCK
{
	struct wait_queue *pushers = &p->waiters.pushers;
	uint64_t inside = ledger_inside(&p->ledger);

	if (!pushers->newest)
		return;
	if (pool_is_canceled(p) || p->source.state == SOURCE_END_REPORTED) {
		wait_queue_wake_all(pushers);
	} else if (inside < p->options.window) {
		/* In the order in which they came. */
		while (pushers->oldest &&
		       wait_queue_wake(pushers, pushers->oldest,
				       p->options.window - inside))
			;
		rely_on_expected(p, pushers);
	}
}

/* No thread but the supervisor sleeps, and no descriptor is polled. */
static bool nobody_waits(const struct par *p) NEEDS_LOCK
{
	const struct waiters *w = &p->waiters;

	return !w->idle.newest && !w->consumers.newest && !w->room.newest &&
	       !w->pushers.newest && !w->owner.asleep &&
	       !p->results_pipe.is_open;
}

static void wake_sleepers(struct par *p) NEEDS_LOCK
{
	struct waiters *waiters = &p->waiters;
	const struct waiter *worker = waiters->idle.newest;
	const struct waiter *consumer = waiters->consumers.newest;

	wake_workers(p);
	wake_consumers(p);
	wake_pushers(p);
	wake_supervisor(p, may_need_supervisor(p) ? pool_due(p) : p->look_at);
	if (waiters->owner.asleep && owner_must_run(p))
		waiter_wake(&waiters->owner);
	/* Those who were woken need no watch any more. */
	if (wake_producer(p) || waiters->idle.newest != worker ||
	    waiters->consumers.newest != consumer || p->results_pipe.is_open)
		watches_set(p);
}

/* Wakes the threads that have a reason to run. Every wake-up of the library is
 * made here, from the state alone ("Waiters" in the invariant). The watches are
 * set first: what is seen afterwards stays so, or whoever changes it comes here
 * too. */
static void wake_waiters(struct par *p) NEEDS_LOCK
{
	watches_set(p);
	if (!nobody_waits(p) || may_need_supervisor(p))
		wake_sleepers(p);
}

void monitor_lock(struct par *p)
{
	lock_take(&p->lock);
}

void monitor_unlock(struct par *p)
{
	wake_waiters(p);
	lock_drop(&p->lock);
}

void monitor_unlock_delivered(struct par *p)
{
	if (p->waiters.consumers.newest || !outbox_is_ready(&p->outbox) ||
	    (p->options.window > 0 &&
	     (p->waiters.room.newest || p->waiters.pushers.newest)))
		wake_waiters(p);
	lock_drop(&p->lock);
}

bool monitor_sleep(struct par *p, struct waiter *waiter, uint64_t until)
{
	waiter_prepare(waiter, until);
	wake_waiters(p);
	return waiter_sleep(waiter, &p->lock);
}

/* Yields to the threads that may bring what is waited for. */
static void wait_awake(struct par *p, struct wait_queue *queue) NEEDS_LOCK
{
	const uint64_t *items = queue == &p->waiters.idle ? &p->ledger.entered
							  : &p->ledger.finished;
	uint64_t before, cost;

	pool_update(p);
	before = *items;
	wait_queue_yield_begins(queue);
	wake_waiters(p);
	lock_drop(&p->lock);
	cost = thread_yield();
	lock_take(&p->lock);
	pool_update(p);
	wait_queue_yield_ends(queue, cost,
			      *items - before + seats_working(&p->seats));
}

/* An idle worker goes to sleep. If it is not the only one, the one that sleeps
 * for longest may have to leave some day. */
static void note_idle(struct par *p, struct waiter *waiter) NEEDS_LOCK
{
	const struct wait_queue *idle = &p->waiters.idle;

	waiter->since = clock_now();
	if (idle->oldest != waiter && p->dismiss_at == CLOCK_NEVER)
		p->dismiss_at = pool_dismissal(p);
}

/* Returns true if the thread was woken. The watch is set before the last look
 * (wake_waiters()), and that look may wake this very thread. */
static bool wait_asleep(struct par *p, struct wait_queue *queue,
			struct waiter *waiter, uint64_t until) NEEDS_LOCK
{
	bool woken;

	wait_queue_add(queue, waiter, until);
	if (p->options.idle_ms > 0 && queue == &p->waiters.idle)
		note_idle(p, waiter);
	wake_waiters(p);
	woken = waiter_sleep(waiter, &p->lock);
	wait_queue_remove(queue, waiter);
	return woken;
}

bool monitor_wait_again(struct par *p, struct wait_queue *queue,
			struct waiter *waiter, uint64_t until,
			bool (*condition)(void *), void *argument)
{
	bool succeeded, timed_out = false;
	unsigned yields = 0;

	do {
		if (wait_queue_should_yield(queue, yields, until)) {
			wait_awake(p, queue);
			yields++;
		} else {
			timed_out = !wait_asleep(p, queue, waiter, until);
			yields = 0;
		}
		succeeded = condition(argument);
	} while (!succeeded && !timed_out);
	if (succeeded)
		wait_queue_note_success(queue);
	return succeeded;
}

void monitor_look(struct par *p)
{
	const uint64_t now = p->look_at != CLOCK_NEVER ? clock_now() : 0;

	if (now < p->look_at)
		return;
	p->look_at = CLOCK_NEVER;
	wait_queue_look(&p->waiters.idle, now);
	wait_queue_look(&p->waiters.consumers, now);
	wait_queue_look(&p->waiters.pushers, now);
}

void monitor_thread_begins(struct self *self, int number)
{
	struct par *p = self->pool;

	thread_disable_cancel();
	self_begin(self);
	monitor_lock(p);
	self->thread = pthread_self();
	monitor_unlock(p);
	thread_name(p->name, number);
}
