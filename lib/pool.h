/* SPDX-License-Identifier: MIT */
/*
 * The monitor: the one shared state of a pool, and its critical sections.
 *
 * An item is in exactly one place at any time; each hand-over is one function:
 *
 *   generate -> [producer] -admit-> [ring] ---take-> [worker] -settle->
 *   par_push -------------admit-> [pushed] -/
 *
 *   -> [outbox] -deliver-> par_next, or, once all threads are gone, discard
 *
 * cancel moves what is in ring and pushed to the outbox.
 *
 * The invariant, whenever the lock is free:
 *
 *   1. the ledger's counts agree with the containers: queued is what is in ring
 *      and pushed, running what workers hold, ready what is done in the outbox;
 *   2. ring.count <= capacity, nworkers <= options.workers;
 *   3. canceled: ring and pushed are empty; told: entered == delivered;
 *   4. nobody sleeps who has cause to be awake. A thread sleeps only until its
 *      cause, and rouse(), which ends every critical section, looks at the new
 *      state and wakes whoever has cause:
 *        a worker       an item is queued, or the pool is closing
 *        one stranded   see crew_leave(): it may go, or has to try now
 *        a consumer     a result may leave, or the end has come
 *        the producer   there is room in ring and window, or the source ended
 *        the interrupter canceled, and a thread is inside the program's code;
 *                       not while it pauses before it sends again
 *        the owner      in par_open: the first worker is open or has failed;
 *                       in par_close: the last worker has left
 *      and the descriptor of par_fd() is readable as the second of these says.
 *      Of workers and of consumers one is called at a time; it calls the next;
 *   5. until the pool is closing there is a worker past worker_open, or one on
 *      its way there, or one stranded.
 *
 * What may happen when:
 *
 *                    running  finishing  ended   told   canceled   closing
 *   generate asked   room     no         no      no     no         no
 *   ... under way    admit    admit      -       -      to outbox  to outbox
 *   par_push         admit    admit      admit   EPIPE  ECANCELED  ECANCELED
 *   take             item     item       item    -      -          worker ends
 *   par_next, empty  wait     wait(1)    end(2)  end    end(1,2)   -
 *
 *   (1) finishing and canceled become ended at once, unless a call of generate
 *       is under way: then when it returns.
 *   (2) once entered == delivered.
 */
#ifndef PAR_POOL_H
#define PAR_POOL_H

#include "fifo.h"
#include "ledger.h"
#include "outbox.h"
#include "pipe.h"
#include "ring.h"
#include "thread.h"

/* What every thread of a pool is, and what par_self() looks at. */
struct role {
	struct par *pool; /* constant */
	pthread_t thread; /* set by itself when it begins; lock */
	bool opening;	  /* not past worker_open; its own */
	bool inside;	  /* in code that `interrupt` may break; lock */
};

/*
 * One seat of the pool. The thread in it is its worker; one that ends leaves
 * the seat to another. "Its own": of whoever holds the seat, which is the
 * thread that reserved it until the worker runs.
 */
struct worker {
	struct role role;
	struct sleeper sleeper; /* lock */
	bool furnished;		/* the sleeper is initialised; its own */
	bool unjoined;		/* role.thread has left, join it; lock */
	uint64_t attempt;	/* to start it, counted by the pool; lock */
	struct worker *vacant;	/* the next in pool.vacant; lock */
	struct item *item;	/* in its hand; its own */
	void *state;		/* what worker_open left; its own */
	int failure;		/* why worker_open failed; its own */
	bool open;		/* worker_close is owed; its own */
	bool retired;		/* works no more; its own */
};

struct par {
	/* Constant after par_open. */
	struct par_options options; /* name points to `name` */
	struct par_sizes sizes;
	char name[THREAD_NAME_SIZE];
	size_t spares_wanted;
	struct worker *workers; /* options.workers seats */

	/* Raised under the lock; par_canceled() looks at it without, since an
	 * action may ask as often as it likes. */
	struct flag canceled;

	struct lock lock;

	/* All that follows: under the lock. */
	struct ledger ledger;
	struct ring ring;     /* generated, queued */
	struct fifo pushed;   /* pushed, queued; taken first */
	struct outbox outbox; /* done; ordered: all that entered */
	struct item *spares;  /* records for items to come */
	size_t spare_count;   /* at most spares_wanted */

	/* The source. */
	bool finishing; /* asks for no more */
	bool ended;	/* will bring no more */
	int source_error;
	bool told; /* par_next() has told the end */

	/* The workers. */
	unsigned nworkers; /* seats taken, from the decision to start on */
	unsigned opening;  /* of those, not yet past worker_open */
	unsigned leaving;  /* of those, on their way out */
	unsigned seats;	   /* ever taken: the others are untouched */
	struct worker *vacant;
	uint64_t attempts; /* begun, to start a worker */
	uint64_t barred;   /* attempts up to this one lift no bar */
	uint64_t retry_at; /* no attempt before; 0: no bar */
	int refused;	   /* why the last attempt failed */

	/* The sleepers. */
	struct parking idle;	  /* workers */
	struct parking consumers; /* threads in par_next() */
	struct sleeper producer;
	struct sleeper interrupter; /* sends the interrupts */
	struct sleeper owner;	    /* in par_open() or par_close() */
	struct sleeper *stranded;   /* a worker that may not go (crew.c) */
	uint64_t stranded_until;    /* what it sleeps for at most */

	unsigned inside; /* roles with `inside` set */
	bool opened;	 /* par_open() has succeeded */
	bool closing;	 /* workers end */
	bool dismissed;	 /* the interrupter ends */
	bool pausing;	 /* the interrupter has just sent */
	struct pipe results_pipe;
	struct pipe cancel_pipe;

	struct role producer_role;
	pthread_t producer_thread; /* the owner's, as the next */
	pthread_t interrupter_thread;
	struct item *producer_item; /* in its hand; its own */
};

/* Room for everything, nothing started. -ENOMEM or -EAGAIN: undone. */
int pool_init(struct par *p);
/* No thread is left, and no item but spares. */
void pool_fini(struct par *p);

/* The two ends of a critical section. */
void pool_lock(struct par *p);
void pool_unlock(struct par *p);
/* Within one, lets the lock go and sleeps until rouse() finds a cause, or until
 * the time: then pool_park() returns false. */
void pool_sleep(struct par *p, struct sleeper *sleeper, uint64_t until);
bool pool_park(struct par *p, struct parking *parking, struct sleeper *sleeper,
	       uint64_t until);
/* Within one: the role goes into code that `interrupt` may break, and out. */
void role_enter(struct role *role);
void role_leave(struct role *role);

/* The end: the source brings no more, and all it brought was delivered. */
bool pool_at_end(const struct par *p);
/* Finishing or canceled: the source has ended now, unless a call of generate is
 * under way, which may still bring an item. */
void pool_end_source(struct par *p);
/* Whether ring and window let the generator be asked. */
bool pool_has_room(const struct par *p);
/* Workers past worker_open and not on their way out: idle or in an action. */
unsigned pool_able(const struct par *p);
/* Whether more items wait than workers are idle, and `coming` more will be. */
bool pool_is_short(const struct par *p, unsigned coming);

void pool_finish(struct par *p);
void pool_stats(struct par *p, struct par_stats *stats);
/* Fills a structure as large as the program knows it. */
void copy_out(void *to, size_t to_size, const void *from, size_t size);

#endif
