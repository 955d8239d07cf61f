/* SPDX-License-Identifier: MIT */
/*
 * The critical sections: how they begin and end, and how a thread waits between
 * two of them.
 */
#ifndef PAR_MONITOR_H
#define PAR_MONITOR_H

#include "pool.h"

/* The calling thread, which has just begun, belongs to the pool from here on.
 */
void monitor_thread_begins(struct self *self, int number) WITHOUT_LOCK;

/* A critical section begins, and ends. */
void monitor_lock(struct par *p) TAKES_LOCK;
void monitor_unlock(struct par *p) DROPS_LOCK;
/* The end of a section that has delivered a result, and nothing else. If
 * another is ready, this concerns only other consumers and the window. */
void monitor_unlock_delivered(struct par *p) DROPS_LOCK;
/* Ends the section, sleeps until there is a reason to run or the deadline has
 * come, and begins another section. Returns false if the deadline came first.
 */
bool monitor_sleep(struct par *p, struct waiter *waiter, uint64_t until)
	NEEDS_LOCK;
/* The part of monitor_wait() that is needed if the condition is false at first.
 */
bool monitor_wait_again(struct par *p, struct wait_queue *queue,
			struct waiter *waiter, uint64_t until,
			bool (*condition)(void *), void *argument) NEEDS_LOCK;
/* Calls condition(argument) until it returns true, and then returns true. Waits
 * between two calls, outside of the critical section. Returns false if the
 * deadline has come and the condition was false once more after that. */
static inline bool monitor_wait(struct par *p, struct wait_queue *queue,
				struct waiter *waiter, uint64_t until,
				bool (*condition)(void *), void *argument)
	NEEDS_LOCK
{
	if (!condition(argument))
		return monitor_wait_again(p, queue, waiter, until, condition,
					  argument);
	wait_queue_note_success(queue);
	return true;
}

/* For the supervisor: if it is time, looks whether those have come who were
 * woken. The end of the section wakes others if not. */
void monitor_look(struct par *p) NEEDS_LOCK;

#endif
