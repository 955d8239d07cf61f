/* SPDX-License-Identifier: MIT */
/*
 * The seats of a pool: as many as par_options.workers. The thread in a seat is
 * its worker. A worker that ends leaves its seat to another. It has no lock:
 * the caller holds the pool's.
 */
#ifndef PAR_SEATS_H
#define PAR_SEATS_H

#include "guard.h"
#include "item.h"
#include "self.h"
#include "waiter.h"

enum seat_state {
	SEAT_VACANT,
	SEAT_STARTING, /* taken; the thread does not run yet */
	SEAT_OPENING,  /* the thread is about to call worker_open, or in it */
	SEAT_WORKING,  /* the worker is idle or runs an action */
	SEAT_LEAVING,  /* it takes no item any more; worker_close, the end */
	SEAT_STATES    /* how many states there are */
};

/*
 * A seat, and the worker in it. Fields that are not GUARDED belong to the
 * thread that took the seat until the worker runs, and then to the worker.
 */
struct worker {
	struct self self; /* constant, once the seat was taken */
	enum seat_state state GUARDED;
	/* The item that the worker has taken and not handed in; 0: none. Only
	 * the worker changes it: it publishes an item after it has taken it,
	 * and 0 before it hands it in. So whoever holds the lock while nothing
	 * is taken or handed in without it, and reads an item here, knows that
	 * the worker has it. But it may read 0 for a moment though the worker
	 * has one. */
	struct word item;
	/* The worker waits for an item, or leaves because the pool closes. (If
	 * not, it may be in an action.) */
	bool waits GUARDED;
	/* The worker sleeps here. `cond_ready`: it is initialised. */
	struct waiter waiter GUARDED;
	bool cond_ready;
	/* self.thread was started in this seat and must be joined. */
	bool joinable GUARDED;
	/* That thread's number (system_thread_number()). */
	long number GUARDED;
	/* The worker's: the thread that was in this seat before, and still ran
	 * when the worker began. The worker joins it when it leaves. */
	pthread_t predecessor;
	bool has_predecessor;
	/* The action was told to stop, and no cancel did it. */
	bool told_alone GUARDED;
	/* If actions are timed (stopwatch.h): when this one has begun, and the
	 * workers whose actions began before and after it. */
	uint64_t started GUARDED;
	struct worker *earlier GUARDED;
	struct worker *later GUARDED;
	/* The number of the attempt to start the worker. */
	uint64_t attempt GUARDED;
	/* The next seat in seats.vacant. */
	struct worker *next_vacant GUARDED;
	/* What worker_open left in *state. */
	void *user_state;
	/* Why worker_open failed; 0: it succeeded. */
	int open_error;
	/* worker_close must be called. */
	bool close_due;
};

struct seats {
	/* Constant after par_open(). */
	struct worker *all;
	/* How many seats were ever taken. The later ones are untouched. */
	unsigned used GUARDED;
	/* The first vacant seat of them; the list goes on by next_vacant. */
	struct worker *vacant GUARDED;
	/* Which of them a worker that leaves looks at next (modulo `used`). */
	unsigned next_look GUARDED;
	/* How many seats are in each state. */
	unsigned in_state[SEAT_STATES] GUARDED;
};

/* Returns 0 or -ENOMEM. */
int seats_init(struct seats *seats, unsigned count) NEEDS_LOCK;
/* All seats are vacant, and all threads joined. */
void seats_fini(struct seats *seats) NEEDS_LOCK;

/* Takes a vacant seat, which there must be. Its state is SEAT_STARTING. */
struct worker *seats_take(struct seats *seats, struct par *pool) NEEDS_LOCK;
/* Every change of a seat's state is made here. */
void seats_change(struct seats *seats, struct worker *w, enum seat_state state)
	NEEDS_LOCK;

/* How many seats are taken. */
unsigned seats_taken(const struct seats *seats) NEEDS_LOCK;
/* How many workers are on their way to their first item. */
static inline unsigned seats_coming(const struct seats *seats) NEEDS_LOCK
{
	return seats->in_state[SEAT_STARTING] + seats->in_state[SEAT_OPENING];
}
/* How many workers are idle or run an action. */
static inline unsigned seats_working(const struct seats *seats) NEEDS_LOCK
{
	return seats->in_state[SEAT_WORKING];
}

/* For the worker: the item that it has; NULL: none. And for it alone. */
static inline struct item *seats_item(const struct worker *w)
{
	return (struct item *)word_load_own(&w->item);
}
static inline void seats_set_item(struct worker *w, struct item *item)
{
	word_publish(&w->item, (uintptr_t)item);
}

/* The number of the worker in this seat, from 0. */
static inline unsigned seats_number(const struct seats *seats,
				    const struct worker *w)
{
	return (unsigned)(w - seats->all);
}

#endif
