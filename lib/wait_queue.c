/* SPDX-License-Identifier: MIT */
/*
 * How the threads of one kind wait. A yield in vain costs one system call. A
 * sleep in vain costs two, a switch, and often a wake-up of another processor.
 * So a thread yields a few times before it sleeps, as long as that pays.
 */
#include "wait_queue.h"

#include <errno.h>
#include <sched.h>

/* Whether to yield once more. If the last yields were in vain, this wait and
 * the next one sleep at once. The limit per wait holds even if others find what
 * they look for: the wait may have a deadline, or be canceled. */
static bool should_yield(struct wait_queue *queue, unsigned yields) NEEDS_LOCK
{
	if (queue->vain_yields >= WAIT_QUEUE_YIELDS) {
		queue->vain_yields = queue->vain_yields == WAIT_QUEUE_YIELDS
					     ? WAIT_QUEUE_YIELDS + 1
					     : 0;
		return false;
	}
	return yields < WAIT_QUEUE_YIELDS;
}

static void yield(struct wait_queue *queue, struct lock *lock) NEEDS_LOCK
{
	int saved = errno;

	queue->vain_yields++;
	queue->yielding++;
	lock_drop(lock);
	sched_yield(); /* if it fails, nothing is lost */
	errno = saved;
	lock_take(lock);
	queue->yielding--;
}

bool wait_queue_pause(struct wait_queue *queue, struct waiter *waiter,
		      unsigned *yields, struct lock *lock, uint64_t until)
{
	bool woken;

	if (should_yield(queue, *yields)) {
		++*yields;
		yield(queue, lock);
		return true;
	}
	*yields = 0; /* after a wake-up in vain it begins anew */
	waiter->signaled = false;
	waiter->next = queue->newest;
	queue->newest = waiter;
	woken = waiter_sleep(waiter, lock, until);
	wait_queue_remove(queue, waiter);
	return woken;
}

void wait_queue_remove(struct wait_queue *queue, struct waiter *waiter)
{
	struct waiter **link = &queue->newest;

	if (waiter->signaled) {
		queue->wake_pending = false;
		return;
	}
	/* After wait_queue_wake_all() the waiter is not in the list any more.
	 * The list is empty then, or holds waiters that came later. */
	while (*link && *link != waiter)
		link = &(*link)->next;
	if (*link)
		*link = waiter->next;
}

static struct waiter *wake_newest(struct wait_queue *queue) NEEDS_LOCK
{
	struct waiter *waiter = queue->newest;

	queue->newest = waiter->next;
	waiter_wake(waiter);
	return waiter;
}

void wait_queue_wake_newest(struct wait_queue *queue)
{
	queue->wake_pending = true;
	wake_newest(queue)->signaled = true;
}

void wait_queue_wake_each(struct wait_queue *queue)
{
	while (queue->newest)
		wake_newest(queue);
}
