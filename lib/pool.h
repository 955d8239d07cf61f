/* SPDX-License-Identifier: MIT */
/*
 * The shared state of a pool.
 *
 * An item is in exactly one place at any time. Each arrow is a hand-over
 * (handover.h):
 *
 *   generate -> [producer] -supply-> [ring] ----take-> [worker] -settle->
 *   par_push ------------------push-> [pushed] -/
 *
 *   -> [tray] -> [outbox] -deliver-> par_next; or, at the close, discard
 *
 * Ring and tray are changed without the lock, unless they are watched
 * (watch.h). Everything else is changed in critical sections (monitor.h). What
 * settles under the lock goes to the outbox at once. A cancel moves all items
 * from ring and pushed there.
 *
 * The invariant. It holds whenever the lock is free.
 *
 * Items. After pool_update() the ledger agrees with the containers: the queued
 * items are those in ring and pushed, or, if there are keys, in the backlog;
 * the running ones are those that workers hold; the ready ones are those in the
 * outbox that are done. There are at most `capacity` generated items that are
 * queued. If the pool is canceled, no item is queued.
 *
 * Source. A source that was told to stop has ended, unless a call of generate
 * is under way. If the end was reported, all items were delivered.
 *
 * Seats. `in_state` agrees with the seats; at most `workers` are taken.
 *
 * Stops. If the pool is canceled, every worker was told to stop that is neither
 * vacant nor leaving. If not, those were told that are marked `told_alone`, and
 * each of them is in its action.
 *
 * Descriptors. The pipe of par_fd() is readable exactly if a result may leave
 * or the end has come; the pipe of par_cancel_fd() exactly if the pool is
 * canceled; the pipe of par_stop_fd() exactly if its thread was told to stop.
 *
 * Waiters. No thread sleeps that has a reason to run. The reasons are:
 *
 *   idle worker   an item may start and the limit lets it, the pool closes, or
 *                 the worker was dismissed
 *
 *   consumer      as many results may leave as it waits for, or fewer and no
 *                 more can come (pool_is_still()), or the end has come
 *
 *   producer      there is room in ring and window, or the source has ended
 *
 *   pusher        there is room in the window, or nothing may enter any more
 *
 *   supervisor    a worker must be started, signals are due, a time limit is
 *                 over, a worker has been idle for too long, a thread that was
 *                 woken has not come in time, or the pool closes and nobody is
 *                 left to interrupt
 *
 *   owner         the first worker is open or has failed; at the close: no
 *                 worker is being started, or, if it waits for all, none is
 *                 left and generate has returned
 *
 * Watches. The tail of the ring is watched if an idle worker sleeps, if an item
 * that enters may need a new worker, if the source is to stop, if an item was
 * pushed since the last one was generated, and in a pool that is ordered or has
 * a window; the head, if the producer sleeps, if pushed items are queued, if
 * there is a limit, or if the pool is canceled; the tray, if a consumer sleeps,
 * if the descriptor is not readable, or if an action was told to stop; head and
 * tray always, if the pool times its actions or has keys. So whatever gives a
 * sleeping thread a reason to run is done in a critical section, and the end of
 * the section wakes the thread.
 *
 * A worker, a consumer or a pusher that was woken and does not run yet counts
 * as running, and so does one that yields. But if another of its kind sleeps
 * that has a reason to run, the supervisor looks in time whether it has come
 * (look_at); the watch of the tail is held only if the supervisor does.
 *
 * What happens in which state. The first four columns are source.state.
 *
 *                    running  finishing  ended   reported  canceled   closing
 *   generate called  room     never      never   never     never      never
 *   ... under way    enters   enters     -       -         to outbox  to outbox
 *   par_push         enters   enters     enters  EPIPE     ECANCELED  ECANCELED
 *   take             item     item       item    -         -          NULL
 *   par_next, empty  waits    waits      end(1)  end       end(2)     -
 *
 *   (1) if all items were delivered; otherwise it waits
 *   (2) if, also, no call of generate is under way; otherwise it waits
 */
#ifndef PAR_POOL_H
#define PAR_POOL_H

#include "attempts.h"
#include "backlog.h"
#include "fifo.h"
#include "ledger.h"
#include "outbox.h"
#include "pipe.h"
#include "ring.h"
#include "seats.h"
#include "source.h"
#include "spares.h"
#include "stopwatch.h"
#include "thread.h"
#include "tray.h"
#include "wait_queue.h"

#include <sys/types.h>

/* The threads that wait. */
struct waiters {
	/* Idle workers. */
	struct wait_queue idle GUARDED;
	/* Threads in par_next(). */
	struct wait_queue consumers GUARDED;
	/* The producer, which waits for room in ring and window. */
	struct wait_queue room GUARDED;
	struct waiter producer GUARDED;
	/* Threads in par_push_timed(), which wait for room in the window. */
	struct wait_queue pushers GUARDED;
	/* The thread that does what is due at a time (supervisor.c). */
	struct waiter supervisor GUARDED;
	/* The thread in par_open() or par_close(). */
	struct waiter owner GUARDED;
	/* At the close: it waits for the end of all workers and of generate,
	 * not only for those that are being started. */
	bool owner_waits_for_all GUARDED;
};

/* The rounds of signals to those who were told to stop (interrupts.c). */
struct interrupts {
	/* When the round begins or goes on; 0: at once. */
	uint64_t due;
	/* The seat at which it goes on. */
	unsigned next_seat;
	/* When the next round begins, from what is known so far. */
	uint64_t next_round;
};

struct par {
	/* Constant after par_open(). options.name points to `name`. */
	struct par_options options;
	struct par_sizes sizes;
	/* Room for a result of the program's size, if that is larger than ours;
	 * otherwise NULL. For discard. */
	struct par_result *left;
	char name[THREAD_NAME_SIZE];

	/* Constant: every item is taken and handed in under the lock. */
	bool takes_lock;

	/* Constant: the process that opened the pool. A forked child has a copy
	 * of the memory, and none of the threads. */
	pid_t process;

	/* The owner's, to join the supervisor. */
	pthread_t supervisor;

	/* 1: the pool is canceled. Set under the lock; par_canceled() reads it
	 * without. */
	struct word canceled;

	/* The way of an item that needs no lock, unless somebody waits: from
	 * the producer to the workers, and from them to the outbox. */
	struct ring ring; /* generated items that are queued */
	struct tray tray; /* items whose action has ended */

	/* The lock, and everything that it guards. If a struct has fields that
	 * need no lock, its header says which. */
	struct lock lock;
	bool closing GUARDED;	     /* workers leave */
	bool handler_stands GUARDED; /* of the interrupt */
	struct ledger ledger GUARDED;
	struct fifo pushed GUARDED;	/* pushed items that are queued */
	struct backlog backlog GUARDED; /* if there are keys: all of these */
	struct outbox outbox GUARDED;	/* results */
	struct spares spares GUARDED;
	struct source source;
	struct seats seats;
	struct attempts attempts GUARDED;
	struct waiters waiters;
	struct interrupts interrupts GUARDED;
	struct stopwatch stopwatch;
	/* At most so many actions may be under way. */
	unsigned limit GUARDED;
	/* So many workers were told to stop, and no cancel did it. */
	unsigned told_alone GUARDED;
	/* So many threads wait in par_push_timed(). */
	unsigned pushing GUARDED;
	/* When to look whether an idle worker is to leave. */
	uint64_t dismiss_at GUARDED;
	/* When to look whether those have come who were woken, because others
	 * that have a reason to run sleep on; CLOCK_NEVER: there were none
	 * since the last look. */
	uint64_t look_at GUARDED;
	struct pipe results_pipe GUARDED;
	struct pipe cancel_pipe GUARDED;
};

/* Allocates everything and starts nothing. The caller has set options, sizes
 * and name. On failure returns -ENOMEM, -EAGAIN or -ENOSYS, and
 * nothing is left. */
int pool_init(struct par *p);
/* No thread is left, and no item. */
void pool_fini(struct par *p);
/* The action of the item has ended: counts it, and puts it into the outbox. */
void pool_finish_item(struct par *p, struct item *item) NEEDS_LOCK;
/* Brings the ledger and the outbox up to date with what was done without the
 * lock. The first call does it for the tray alone. */
void pool_empty_tray(struct par *p) NEEDS_LOCK;
void pool_update(struct par *p) NEEDS_LOCK;

/* How many generated items are queued. */
size_t pool_generated(const struct par *p) NEEDS_LOCK;

/* Whether the pool is canceled, for the owner of the lock. */
static inline bool pool_is_canceled(const struct par *p) NEEDS_LOCK
{
	return word_load_own(&p->canceled) != 0;
}
/* The end has come: the source has ended, and all items were delivered. */
bool pool_is_at_end(const struct par *p) NEEDS_LOCK;
/* There is room in the window; also for one more than those who wait in
 * par_push_timed(); and, for the generator, also in the ring. */
bool pool_window_has_room(const struct par *p) NEEDS_LOCK;
bool pool_window_has_room_beside_pushers(const struct par *p) NEEDS_LOCK;
bool pool_has_room(const struct par *p) NEEDS_LOCK;
/* How many more actions may begin; brings the ledger up to date if there is a
 * limit. */
uint64_t pool_may_begin(struct par *p) NEEDS_LOCK;
/* When the idle worker that sleeps for longest is to leave; never, if it is
 * the only one. */
uint64_t pool_dismissal(const struct par *p) NEEDS_LOCK;
/* Nothing more will be ready while the caller waits, unless somebody pushes. */
bool pool_is_still(struct par *p) NEEDS_LOCK;
/* Callbacks may be called, other than the first worker_open: not before the
 * handler of the interrupt stands. */
bool pool_may_run(const struct par *p) NEEDS_LOCK;
/* No worker is left, and no call of generate. */
bool pool_is_left(const struct par *p) NEEDS_LOCK;
/* The pool closes, and nobody is left whom the supervisor could interrupt. */
bool pool_is_deserted(const struct par *p) NEEDS_LOCK;

/* How many threads run a callback that the interrupt may interrupt: generate,
 * action or worker_open. For a pool that is canceled: its ledger is up to date.
 */
uint64_t pool_in_callbacks(const struct par *p) NEEDS_LOCK;
/* A thread is in a callback that was told to stop, and must be interrupted. */
bool pool_must_interrupt(const struct par *p) NEEDS_LOCK;
/* The next three bring the ledger up to date. How many more queued items there
 * are than idle workers. */
uint64_t pool_shortage(struct par *p) NEEDS_LOCK;
/* When a worker must be started, and when the supervisor has something to do;
 * 0: now. */
uint64_t pool_due_worker(struct par *p) NEEDS_LOCK;
uint64_t pool_due(struct par *p) NEEDS_LOCK;

#endif
