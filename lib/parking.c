/* SPDX-License-Identifier: MIT */
#include "parking.h"

#include <errno.h>
#include <sched.h>

bool parking_linger(struct parking *parking, struct sleeper *sleeper,
		    struct lock *lock)
{
	int saved = errno;

	if (parking->looks >= PARKING_LOOKS) {
		/* They were in vain: next time there are none. */
		parking->looks =
			parking->looks == PARKING_LOOKS ? PARKING_LOOKS + 1 : 0;
		return false;
	}
	if (sleeper->looks == PARKING_LOOKS)
		return false; /* others find what it looks for */
	sleeper->looks++;
	parking->looks++;
	parking->looking++;
	lock_drop(lock);
	sched_yield(); /* it may fail, and nothing is lost */
	errno = saved;
	lock_take(lock);
	parking->looking--;
	return true;
}

bool parking_sleep(struct parking *parking, struct sleeper *sleeper,
		   struct lock *lock, uint64_t until)
{
	bool woken;

	parking_begin(sleeper); /* woken in vain, it waits anew */
	sleeper->called = false;
	sleeper->below = parking->top;
	parking->top = sleeper;
	woken = sleeper_sleep(sleeper, lock, until);
	parking_withdraw(parking, sleeper);
	return woken;
}

void parking_withdraw(struct parking *parking, struct sleeper *sleeper)
{
	struct sleeper **link = &parking->top;

	if (sleeper->called) {
		parking->calling = false;
		return;
	}
	/* Not there where all were called: the list is empty then, or holds
	 * those who have come since. */
	while (*link && *link != sleeper)
		link = &(*link)->below;
	if (*link)
		*link = sleeper->below;
}

static struct sleeper *parking_wake_top(struct parking *parking) NEEDS_LOCK
{
	struct sleeper *sleeper = parking->top;

	parking->top = sleeper->below;
	sleeper_wake(sleeper);
	return sleeper;
}

void parking_call_top(struct parking *parking)
{
	parking->calling = true;
	parking_wake_top(parking)->called = true;
}

void parking_call_each(struct parking *parking)
{
	while (parking->top)
		parking_wake_top(parking);
}
