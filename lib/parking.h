/* SPDX-License-Identifier: MIT */
/*
 * Where threads of one kind sleep until there is work for one of them. The last
 * to come is the first to go: its caches are warm, and the others stay asleep.
 * At most one is called at a time: it calls the next itself if there is more
 * to do, so a burst of work does not pay for a wake-up each. All zero is empty.
 */
#ifndef PAR_PARKING_H
#define PAR_PARKING_H

#include "thread.h"

struct parking {
	struct sleeper *top GUARDED;
	bool calling GUARDED;	  /* one was called and has not come yet */
	unsigned looking GUARDED; /* those that linger */
	unsigned looks GUARDED;	  /* of late, that found nothing */
};

/* So many looks before a sleep. One that is in vain costs a system call; a
 * sleep that is, two, a switch, and often a wake-up across cores. */
enum { PARKING_LOOKS = 4 };

/* Another wait begins. */
static inline void parking_begin(struct sleeper *sleeper) NEEDS_LOCK
{
	sleeper->looks = 0;
}
/* Lets the lock go for a moment: true, to look again; or false, it is time to
 * sleep. So many times a wait, whatever others find meanwhile: it may have an
 * end, or be canceled. */
bool parking_linger(struct parking *parking, struct sleeper *sleeper,
		    struct lock *lock) NEEDS_LOCK;
/* As sleeper_sleep(). Canceled, the thread must still parking_withdraw(). */
bool parking_sleep(struct parking *parking, struct sleeper *sleeper,
		   struct lock *lock, uint64_t until) NEEDS_LOCK;
void parking_withdraw(struct parking *parking, struct sleeper *sleeper)
	NEEDS_LOCK;

/* For the two at the end, which are asked in every critical section. */
void parking_call_top(struct parking *parking) NEEDS_LOCK;
void parking_call_each(struct parking *parking) NEEDS_LOCK;

/* Who came, or had no need to, has found what it wanted: looking pays. */
static inline void parking_found(struct parking *parking) NEEDS_LOCK
{
	if (parking->looks <= PARKING_LOOKS)
		parking->looks = 0;
}

/* Wakes the last one to come, unless one is on its way already, or lingers. */
static inline void parking_call(struct parking *parking) NEEDS_LOCK
{
	if (parking->top && !parking->calling && !parking->looking)
		parking_call_top(parking);
}

/* Wakes all. */
static inline void parking_call_all(struct parking *parking) NEEDS_LOCK
{
	if (parking->top)
		parking_call_each(parking);
}

#endif
