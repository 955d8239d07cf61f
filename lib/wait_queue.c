/* SPDX-License-Identifier: MIT */
/*
 * How the threads of one kind wait. On an idle machine a yield in vain costs
 * one system call; a sleep in vain costs two, a switch, and often a wake-up of
 * another processor. On a busy machine a yield costs a time slice of every
 * program that runs. So a thread yields before it sleeps as long as that pays.
 */
#include "wait_queue.h"

enum {
	/* A waiter that was woken runs after 5 to 80 us on an idle machine. */
	WAKE_NS = 100000,
	/* A yield that takes longer has let other programs run. Threads of the
	 * pool may need ITEM_NS more per item that they bring or work on: if
	 * they sleep between two items, that is a wake-up and two switches. */
	DEAR_YIELD_NS = 200000,
	ITEM_NS = 8000,
	/* After a dear yield so many waits do not yield; twice as many if the
	 * first one that does is dear again. */
	FIRST_REST = 64,
	LONGEST_REST = 4096
};

/* A yield may take longer than any deadline, so a wait that has a deadline does
 * not yield. If the last yields were in vain, this wait and the next one sleep
 * at once. The limit per wait holds even if others find what they look for:
 * pthread_cancel() ends no yield. */
bool wait_queue_should_yield(struct wait_queue *queue, unsigned yields,
			     uint64_t until)
{
	if (until != CLOCK_NEVER || yields == WAIT_QUEUE_YIELDS)
		return false;
	if (queue->rest > 0) {
		queue->rest--;
		return false;
	}
	if (queue->vain_yields >= WAIT_QUEUE_YIELDS) {
		queue->vain_yields = queue->vain_yields == WAIT_QUEUE_YIELDS
					     ? WAIT_QUEUE_YIELDS + 1
					     : 0;
		return false;
	}
	return true;
}

/* Decides from what a yield has cost whether the next waits yield. */
static void note_cost(struct wait_queue *queue, uint64_t cost, uint64_t items)
	NEEDS_LOCK
{
	if (cost <= DEAR_YIELD_NS + items * ITEM_NS) {
		if (queue->next_rest > FIRST_REST)
			queue->next_rest--;
		return;
	}
	if (queue->next_rest < FIRST_REST)
		queue->next_rest = FIRST_REST;
	queue->rest = queue->next_rest;
	if (queue->next_rest < LONGEST_REST)
		queue->next_rest *= 2;
}

void wait_queue_yield_begins(struct wait_queue *queue)
{
	queue->vain_yields++;
	queue->yielding++;
	queue->relied_since = clock_now();
}

void wait_queue_yield_ends(struct wait_queue *queue, uint64_t cost,
			   uint64_t items)
{
	queue->yielding--;
	/* Who is overdue returns last, as far as anybody knows. */
	if (queue->overdue > queue->yielding)
		queue->overdue = queue->yielding;
	note_cost(queue, cost, items);
}

static void link_newest(struct wait_queue *queue, struct waiter *waiter)
	NEEDS_LOCK
{
	waiter->listed = true;
	waiter->older = queue->newest;
	waiter->newer = NULL;
	if (queue->newest)
		queue->newest->newer = waiter;
	else
		queue->oldest = waiter;
	queue->newest = waiter;
}

static void take_out(struct wait_queue *queue, struct waiter *waiter) NEEDS_LOCK
{
	waiter->listed = false;
	if (waiter->newer)
		waiter->newer->older = waiter->older;
	else
		queue->newest = waiter->older;
	if (waiter->older)
		waiter->older->newer = waiter->newer;
	else
		queue->oldest = waiter->newer;
}

void wait_queue_add(struct wait_queue *queue, struct waiter *waiter,
		    uint64_t until)
{
	waiter_prepare(waiter, until);
	waiter->wake = 0;
	link_newest(queue, waiter);
}

void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter)
{
	if (waiter->wake > queue->arrived)
		queue->arrived = waiter->wake;
	if (waiter->listed)
		take_out(queue, waiter);
}

static void wake(struct wait_queue *queue, struct waiter *waiter) NEEDS_LOCK
{
	take_out(queue, waiter);
	waiter_wake(waiter);
}

void wait_queue_dismiss_oldest(struct wait_queue *queue)
{
	struct waiter *waiter = queue->oldest;

	waiter->dismissed = true;
	wake(queue, waiter);
}

/* relied_since is exact. A look reads the cheap clock, which is never ahead: so
 * nobody who comes in time is taken for late. It is a tick behind: so whoever
 * is late is found out a tick later. */
bool wait_queue_wake(struct wait_queue *queue, struct waiter *waiter,
		     uint64_t wanted)
{
	if (wait_queue_expected(queue) >= wanted) {
		if (clock_tick() <= queue->relied_since + WAKE_NS)
			return false;
		queue->overdue = queue->yielding;
	}
	queue->relied_since = clock_now();
	wake(queue, waiter);
	waiter->wake = ++queue->wakes;
	return true;
}

/* The next look reads the cheap clock, which may be behind `now`. */
void wait_queue_look(struct wait_queue *queue, uint64_t now)
{
	if (wait_queue_look_at(queue) <= now)
		queue->relied_since = 0;
}

void wait_queue_wake_each(struct wait_queue *queue)
{
	while (queue->newest)
		wake(queue, queue->newest);
}
