/* SPDX-License-Identifier: MIT */
/*
 * The monitor: the one shared state of a pool, and its critical sections.
 *
 * An item is in exactly one place at any time; each hand-over is one function:
 *
 *   generate -> [producer] -supply-> [ring] ---take-> [worker] -settle->
 *   par_push ---------------push-> [pushed] -/
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
 *      Of workers and of consumers one is called at a time; it calls the next.
 *      None is called while one of them lingers: it looks before it sleeps;
 *   5. until the pool is closing there is a worker past worker_open, or one on
 *      its way there, or one stranded.
 *
 * What may happen when:
 *
 *                    running  finishing  ended   told   canceled   closing
 *   generate asked   room     no         no      no     no         no
 *   ... under way    enters   enters     -       -      to outbox  to outbox
 *   par_push         enters   enters     enters  EPIPE  ECANCELED  ECANCELED
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
#include "parking.h"
#include "pipe.h"
#include "ring.h"
#include "thread.h"

/* What every thread of a pool is, and what par_self() looks at. */
struct role {
	struct par *pool;	  /* constant */
	pthread_t thread GUARDED; /* set by itself when it begins */
	bool opening;		  /* not past worker_open; its own */
	bool inside GUARDED;	  /* in code that `interrupt` may break */
};

/*
 * One seat of the pool. The thread in it is its worker; one that ends leaves
 * the seat to another. "Its own": of whoever holds the seat, which is the
 * thread that reserved it until the worker runs.
 */
struct worker {
	struct role role;
	struct sleeper sleeper GUARDED;
	bool furnished;		       /* the sleeper is initialised; its own */
	bool held GUARDED;	       /* role.thread is to be joined */
	uint64_t attempt GUARDED;      /* to start it, counted by the pool */
	struct worker *vacant GUARDED; /* the next in pool.vacant */
	struct item *item;	       /* in its hand; its own */
	void *state;		       /* what worker_open left; its own */
	int failure;		       /* why worker_open failed; its own */
	bool open;		       /* worker_close is owed; its own */
	bool retired;		       /* works no more; its own */
};

struct par {
	/* Constant after par_open. */
	struct par_options options; /* name points to `name` */
	struct par_sizes sizes;
	char name[THREAD_NAME_SIZE];
	size_t spares_wanted;
	struct worker *workers; /* options.workers seats */

	/* `canceled` for par_canceled(), which looks without the lock, since an
	 * action may ask as often as it likes. */
	struct flag cancel_flag;

	/* Of one thread. */
	pthread_t producer_thread; /* the owner's, as the next */
	pthread_t interrupter_thread;
	struct role producer_role;
	struct item *producer_item; /* in its hand; its own */

	/* The lock, and all that it guards. */
	struct lock lock;
	struct ledger ledger GUARDED;
	struct ring ring GUARDED;     /* generated, queued */
	struct fifo pushed GUARDED;   /* pushed, queued; taken first */
	struct outbox outbox GUARDED; /* done; ordered: all that entered */
	struct item *spares GUARDED;  /* records for items to come */
	size_t spare_count GUARDED;   /* at most spares_wanted */

	/* The source. */
	bool finishing GUARDED; /* asks for no more */
	bool ended GUARDED;	/* will bring no more */
	int source_error GUARDED;
	bool told GUARDED; /* par_next() has told the end */
	bool canceled GUARDED;

	/* The workers. */
	unsigned nworkers GUARDED; /* seats taken, before they are started */
	unsigned opening GUARDED;  /* of those, not yet past worker_open */
	unsigned leaving GUARDED;  /* of those, on their way out */
	unsigned seats GUARDED;	   /* ever taken: the others are untouched */
	struct worker *vacant GUARDED;
	uint64_t attempts GUARDED; /* begun, to start a worker */
	uint64_t barred GUARDED;   /* attempts up to this one lift no bar */
	uint64_t retry_at GUARDED; /* no attempt before; 0: no bar */
	int refused GUARDED;	   /* why the last attempt failed */
	int first_failure GUARDED; /* why the first did; 0: it succeeded */
	bool founded GUARDED;	   /* the first is past that */

	/* The sleepers. */
	struct parking idle GUARDED;	  /* workers */
	struct parking consumers GUARDED; /* threads in par_next() */
	struct parking full GUARDED;	  /* the producer */
	struct sleeper producer GUARDED;
	struct sleeper interrupter GUARDED; /* sends the interrupts */
	struct sleeper owner GUARDED;	    /* in par_open() or par_close() */
	struct sleeper *stranded GUARDED;   /* who may not go (crew.c) */
	uint64_t stranded_until GUARDED;    /* what it sleeps for at most */

	unsigned inside GUARDED; /* roles with `inside` set */
	bool opened GUARDED;	 /* par_open() has succeeded */
	bool closing GUARDED;	 /* workers end */
	bool dismissed GUARDED;	 /* the interrupter ends */
	bool pausing GUARDED;	 /* the interrupter has just sent */
	struct pipe results_pipe GUARDED;
	struct pipe cancel_pipe GUARDED;
};

/* Room for everything, nothing started. -ENOMEM or -EAGAIN: undone. */
int pool_init(struct par *p);
/* No thread is left, and no item but spares. */
void pool_fini(struct par *p);

/* The two ends of a critical section. */
void pool_lock(struct par *p) TAKES_LOCK;
void pool_unlock(struct par *p) DROPS_LOCK;
/* Lets the lock go and sleeps until rouse() finds a cause, or until the time:
 * then pool_park() returns false. */
void pool_sleep(struct par *p, struct sleeper *sleeper, uint64_t until)
	NEEDS_LOCK;
bool pool_park(struct par *p, struct parking *parking, struct sleeper *sleeper,
	       uint64_t until) NEEDS_LOCK;
/* The role goes into code that `interrupt` may break, and out. */
void role_enter(struct role *role) NEEDS_LOCK;
void role_leave(struct role *role) NEEDS_LOCK;

/* The end: the source brings no more, and all it brought was delivered. */
bool pool_at_end(const struct par *p) NEEDS_LOCK;
/* Finishing or canceled: the source has ended now, unless a call of generate is
 * under way, which may still bring an item. */
void pool_end_source(struct par *p) NEEDS_LOCK;
/* Whether ring and window let the generator be asked. */
bool pool_has_room(const struct par *p) NEEDS_LOCK;
/* Workers past worker_open and not on their way out: idle or in an action. */
unsigned pool_able(const struct par *p) NEEDS_LOCK;
/* Whether more items wait than workers are idle, and `coming` more will be. */
bool pool_is_short(const struct par *p, unsigned coming) NEEDS_LOCK;

void pool_finish(struct par *p) NEEDS_NO_LOCK;
void pool_stats(struct par *p, struct par_stats *stats) NEEDS_NO_LOCK;
/* Fills a structure as large as the program knows it. */
void copy_out(void *to, size_t to_size, const void *from, size_t size);

#endif
