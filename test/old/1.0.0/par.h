/* SPDX-License-Identifier: MIT */
/*
 * par - run many blocking jobs at once, take the results as they come
 *
 * A producer thread asks a generator for items and puts them into a bounded
 * ring; a pool of worker threads runs a blocking action on each; the program
 * takes the results, one by one, from par_next():
 *
 *     generate --> [ ring ] --> action --> [ results ] --> par_next
 *     (producer)                (workers)                  (the program)
 *
 *     struct par *pool;
 *     struct par_result r;
 *     if (par_open(&pool, &(struct par_options){ .generate = next_url,
 *                  .source = stdin, .action = fetch, .workers = 100 }) == 0) {
 *         while (par_next(pool, &r) > 0)
 *             print(r.item, r.value, r.error);
 *         par_close(pool);
 *     }
 *
 * The promise. Every item that goes in comes out exactly once: through
 * par_next(), or, for what is left at an early close, through the discard
 * callback. Out of memory, cancellation, a failing action, a failing source
 * and an early close change what an item comes back with, never whether it
 * comes back.
 *
 * Ownership. Items and values are the program's: the library moves the
 * pointers and never looks behind them. The structures given to a call are
 * copied or filled before it returns; none is kept.
 *
 * Threads. The generator runs on the producer thread, one call at a time;
 * actions run on the workers, at the same time as each other; discard runs on
 * the thread that calls par_close(). The library holds no lock while any of
 * them runs. What one of them wrote is visible to whoever handles the item
 * next: generator, then action, then the caller of par_next(). The threads of
 * a pool run with every signal blocked but the synchronous ones (SIGSEGV and
 * its like) and par_options.interrupt, and with thread cancellation disabled. A
 * program that an action starts inherits that mask: it is to be reset between
 * fork and exec, or by POSIX_SPAWN_SETSIGMASK.
 * Every call below may be made from any thread, at any time between par_open()
 * and par_close(), where its comment names no exception; none may be made from
 * a signal handler. No C++ exception may leave a callback.
 *
 * Errors are negative errno values; 0 and more is success. What the program's
 * own callbacks return comes back untouched. errno itself is left as it was.
 * NULL where a call needs a pool or a place for its answer is -EINVAL, and
 * nothing happens in the calls that return nothing.
 *
 * A signal handler that runs in the middle of a call changes nothing: no call
 * returns early for it. A change of the process's user by seteuid() reaches the
 * pool's threads too, at any time.
 *
 * fork. In a child process the pool does not exist: its threads are not there,
 * and no call may be made on it, par_close() included. fork, exec and exit
 * themselves work at any time, in both processes.
 */
#ifndef PAR_H
#define PAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_VERSION "1.0.0"

/* The same for the preprocessor: of 1.2.3 it would be 10203. */
#define PAR_VERSION_NUMBER 10000

#if defined(__GNUC__)
#define PAR_API __attribute__((visibility("default")))
#else
#define PAR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One pool of workers, with one input and one output. */
struct par;

/*
 * Makes the next item. Runs on the producer thread, one call at a time.
 *
 * Returns a positive number and sets *item (NULL is an item like any other),
 * 0 at the end of the input, or a negative number on failure, which ends the
 * input too: what entered before is still delivered, then par_next() returns
 * that number. It may block. It is called only while there is room in the ring
 * and in the window, never again after it has returned 0 or less, and never
 * after par_cancel() or par_finish() was seen. After a cancel its failure is
 * not reported (a read that the cancel interrupted is no error). -ETIMEDOUT,
 * -EAGAIN and -EDEADLK are par_next()'s own answers as well: a generator had
 * better fail with another number.
 *
 * A generator that ends by pthread_exit() has failed with -EINTR.
 */
typedef int par_generate_fn(void *source, void **item);

/*
 * Does the blocking work on one item. Runs on a worker thread, at the same
 * time as others.
 *
 * context is par_options.context, or, where there is a worker_open, what that
 * left in *state. *value is NULL at the call; what the action leaves there
 * becomes par_result.value. Returns 0, or any other number, which becomes
 * par_result.error and harms nothing but its own item. (One that returns
 * -ECANCELED is told from one that never ran by par_result.worker alone.)
 *
 * An action that ends by pthread_exit() gives its item back with -EINTR and
 * ends its worker; another is started when an item waits.
 */
typedef int par_action_fn(void *context, void *item, void **value);

/* How an item came back. */
struct par_result {
	void *item;  /* what the generator or par_push() gave */
	void *value; /* what the action left in *value, else NULL */
	int error;   /* what the action returned; -ECANCELED: it never ran */
	unsigned worker; /* who ran it, from 0; UINT_MAX: nobody has */
	uint64_t index;	 /* its place in the input, from 0 */
};

/*
 * What par_open() is to make. Whatever is left out is zero, and zero is the
 * default everywhere.
 */
struct par_options {
	/* Required. */
	par_action_fn *action;
	/* Required, 1 or more: the size the pool may grow to. A worker is
	 * started when an item enters and nobody is idle, and stays until
	 * par_close(): a thousand workers cost nothing for three items. Where
	 * the system refuses a thread or worker_open fails, the pool goes on
	 * with the workers it has and tries again, at most once a second, when
	 * an item enters or an action returns while items wait. */
	unsigned workers;
	/* NULL: there is no producer, items come from par_push() alone, and
	 * par_finish() ends the input. */
	par_generate_fn *generate;
	/* Handed to generate. */
	void *source;
	/* Handed to worker_open and discard, and to action where there is no
	 * worker_open: else what that left in *state has to lead to it. */
	void *context;
	/* Slots of the ring: how far the generator may run ahead of the
	 * workers. 0: the larger of workers and 64. */
	size_t capacity;
	/* The most items in the pool, entered and not delivered: the generator
	 * waits beyond that, so memory is bounded however slowly results are
	 * taken. 0: no bound. par_push() counts, but does not wait. */
	size_t window;
	/* Deliver results in the order in which the items entered, not in the
	 * order in which the actions end. */
	bool ordered;
	/* Per-worker state (a connection, a handle). worker_open runs on each
	 * worker's own thread before its first action and returns 0, or
	 * another number if it failed: the worker then ends without a
	 * worker_close. It may not push (-EAGAIN). */
	int (*worker_open)(void *context, void **state);
	/* Runs on the same thread when the worker ends, once for each
	 * successful worker_open; without a worker_open it gets NULL. The
	 * interrupt is blocked by then, and pthread_exit() does no harm. */
	void (*worker_close)(void *state);
	/* Gets, in par_close(), each item that was not delivered: one that
	 * never ran (error -ECANCELED) or one whose result nobody took. It may
	 * make no call on the pool. NULL: such items are dropped. */
	void (*discard)(void *context, const struct par_result *left);
	/* Bytes of each worker's stack, rounded up to what the system needs at
	 * least; up to a quarter of SIZE_MAX. 0: the system's default. */
	size_t stack_size;
	/* A signal that gets a blocked system call out after par_cancel(). Sent
	 * to every thread of the pool that is inside an action, the generator
	 * or a worker_open other than the one par_open() waits for, and again
	 * until it returns, so that no race between the signal and the call
	 * can be lost. Where its action is the default or to ignore it,
	 * par_open() installs an empty handler without SA_RESTART, which stays:
	 * the one thing that outlives a pool. A handler of the program's own is
	 * left alone; one with SA_RESTART or SA_RESETHAND is refused, as are
	 * SIGKILL, SIGSTOP and the synchronous signals (-EINVAL). 0: none. */
	int interrupt;
	/* Names the threads, cut to what the system takes; a number may follow.
	 * NULL: "par". */
	const char *name;
};

/* One consistent snapshot of a pool. */
struct par_stats {
	uint64_t entered;  /* items in = queued + running + ready + delivered */
	uint64_t started;  /* actions begun = running + finished */
	uint64_t finished; /* actions that returned */
	uint64_t failed;   /* of those, the ones that did not return 0 */
	uint64_t canceled; /* items that never ran */
	uint64_t delivered; /* results taken */
	size_t queued;	    /* items entered, not started */
	unsigned running;   /* actions under way */
	size_t ready;	    /* finished or canceled, not delivered */
	unsigned workers;   /* worker threads, those in worker_open included */
	int refused;	    /* why the attempt begun last to start a worker
			     * failed: -EAGAIN and its like, or what worker_open
			     * returned; 0: it did not */
	bool ended;	    /* the generator will bring no more (without one:
			     * finished or canceled) */
};

/*
 * Opens a pool: copies the options (the name too), starts the producer and the
 * first worker, and waits for that worker's worker_open, however long it takes.
 * The first item may be generated before it returns.
 *
 * Returns 0 and sets *pool, which is the caller's to close. Otherwise *pool is
 * NULL, everything is undone and nothing has been generated:
 *   -EINVAL    bad options: NULL, no action, no workers, sizes that overflow,
 *              an unfit interrupt, or a field this library does not know;
 *              nothing was started
 *   -ENOMEM    out of memory
 *   -EAGAIN    the system refused a thread
 *   other      what the first worker_open returned (-EINTR: it ended by
 *              pthread_exit())
 * Where worker_open has given the pool to another thread, which pushed to it, a
 * par_open() that fails first waits for the actions that run, without an
 * interrupt, and hands what there is to discard.
 */
static inline int par_open(struct par **pool,
			   const struct par_options *options);

/*
 * Takes the next result; waits until there is one (without a generator for
 * ever, unless somebody calls par_finish() or par_cancel()). Any number of
 * threads may call it at once: each result goes to exactly one of them, and all
 * are told the end. Not a call for the pool's own threads.
 *
 * Returns
 *   1          *result is set; its item and value are the caller's now
 *   0          the end: the input has ended and every item was delivered
 *   -EDEADLK   called on one of the pool's own threads; nothing has changed
 *   -EAGAIN    no condition variable could be made to wait with (no system
 *              is known to refuse it); nothing has changed
 *   other      the end: the source failed with this number (-ENOMEM: for want
 *              of memory), and every item that entered before was delivered
 *
 * The end is decided here and nowhere else: what the loop pushes before it asks
 * for the next result is still waited for. (Where several threads take results,
 * the end is told as soon as nothing is left in the pool, though one of them
 * may still hold a result.) Once told, the end stays: asked again, it returns
 * the same.
 *
 * pthread_cancel() takes effect while it waits, and only then: a thread that
 * has a result returns it. No lock stays held, no result is lost.
 */
PAR_API int par_next(struct par *pool, struct par_result *result);

/*
 * The same, but waits for timeout_ms milliseconds at most, by the monotonic
 * clock; 0: does not wait; negative: waits for ever. -ETIMEDOUT when the time
 * is over, never earlier, and the end has not come.
 */
PAR_API int par_next_timed(struct par *pool, struct par_result *result,
			   int timeout_ms);

/*
 * A descriptor for poll, epoll or select that is readable exactly while
 * par_next() would not block: a result is ready, or the end is. Where several
 * threads take results another may be quicker: use par_next_timed(pool, r, 0).
 *
 * Made at the first call, close-on-exec, and closed by par_close(): the program
 * neither reads, writes nor closes it. Does not block. Returns the descriptor,
 * or -EMFILE, -ENFILE or -ENOMEM where it cannot be made.
 */
PAR_API int par_fd(struct par *pool);

/*
 * A descriptor that becomes ready for reading (POLLIN, POLLHUP or both) at the
 * cancel, for everyone who polls it, and stays so: for an action to poll beside
 * its socket, or to hand to a library that takes one more descriptor. Ready at
 * once if the cancel came before. Otherwise as par_fd().
 */
PAR_API int par_cancel_fd(struct par *pool);

/*
 * Puts an item in, from any thread: an action, the generator and the loop
 * around par_next() included; also after the source has ended, failed or was
 * finished, until par_next() has told the end. Never blocks: neither ring nor
 * window hold it back. Pushed items are started before generated ones, in the
 * order of the pushes. May start a worker.
 *
 * Returns 0: the item is the pool's and will come back. Otherwise it did not
 * enter and is still the caller's:
 *   -ECANCELED the pool was canceled, before the end or after it
 *   -EPIPE     par_next() has told the end
 *   -ENOMEM    out of memory
 *   -EAGAIN    called in a worker_open of this pool
 */
PAR_API int par_push(struct par *pool, void *item);

/*
 * Ends the generator's part: it is asked no more; what entered is run and
 * delivered, an item that the call under way still brings included. The end
 * waits for that call. Without a generator this is how the input ends.
 * Does not block. Again, or after the end: does nothing.
 */
PAR_API void par_finish(struct par *pool);

/*
 * Gives up: the generator is asked no more, and what was not started comes back
 * through par_next() at once with error -ECANCELED (in an ordered pool, in its
 * place). Actions under way go on, see par_canceled(), find par_cancel_fd()
 * ready and are interrupted (par_options.interrupt); their results come as
 * usual. So does a call of the generator that is under way, and the end waits
 * for it. Then par_next() tells the end: 0, or the failure from before the
 * cancel. Does not block. Again, or after the end: does nothing more.
 */
PAR_API void par_cancel(struct par *pool);

/* True once the pool is canceled or being closed; false for NULL. No lock:
 * cheap enough for an action to ask in its inner loop. */
PAR_API bool par_canceled(const struct par *pool);

/* The pool whose action, generator, worker_open or worker_close the calling
 * thread is running; NULL elsewhere. */
PAR_API struct par *par_self(void);

#if defined(__cplusplus) && defined(__GNUC__)
/* g++ -Wshadow minds that a call and a structure have one name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
/* Fills *stats. Blocks for no longer than the pool's own short lock: cheap
 * enough for a progress line ten times a second. */
PAR_API void par_stats(const struct par *pool, struct par_stats *stats);
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/*
 * Closes: cancels, waits for every action and for the generator to return,
 * runs each worker_close, ends every thread, hands what was not delivered to
 * discard (on this thread; in input order where ordered) and frees everything.
 * An action or a generator that may block for ever must poll par_cancel_fd() or
 * be given par_options.interrupt. No other call on the pool may be under way or
 * follow, but for those its own callbacks still make; discard makes none.
 *
 * Returns 0, or the number with which the source failed. NULL: 0, and nothing
 * happens. -EDEADLK: called on one of the pool's own threads; nothing changed.
 */
PAR_API int par_close(struct par *pool);

/*
 * Ready-made generators, so that a list and a generator serve alike.
 *
 * par_from_array: source is a struct par_array; each item points at an element
 * of it in turn. The array is the program's and must outlive the items.
 *
 *     .generate = par_from_array,
 *     .source = &(struct par_array){ .base = names, .count = 3,
 *                                    .size = sizeof names[0] }
 */
struct par_array {
	void *base;   /* the first element */
	size_t count; /* elements */
	size_t size;  /* bytes of each */
	size_t next;  /* the element that comes next, from 0 */
};
PAR_API int par_from_array(void *array, void **item);

/*
 * par_from_lines: source is a FILE * open for reading; each item is the next
 * line, a string from malloc() without its newline, the program's to free. The
 * last line needs no newline. A carriage return stays; a line with NUL bytes
 * looks cut. Where reading fails, the source fails with -errno (-ENOMEM for
 * want of memory; -EIO in place of what par_next() has a meaning of its own
 * for). The file stays open and is nobody else's to read until the input has
 * ended. (In musl exit() waits for whoever reads a file, so for a line too: end
 * the input first, or use _exit().)
 */
PAR_API int par_from_lines(void *file, void **item);

/*
 * What par_open() calls. It tells the library how large the structures are in
 * the header that the program was built with, so that they can grow at their
 * ends: a newer library takes the fields that are missing as zero and writes
 * none that the program does not know; an older one refuses options it does not
 * know, unless they are zero. The sizes hold for every call on the pool,
 * whoever makes it: par_next() and par_stats() write so much and no more.
 */
struct par_sizes {
	size_t options, result, stats;
};
PAR_API int par_open_sized(struct par **pool, const struct par_options *options,
			   const struct par_sizes *sizes);

static inline int par_open(struct par **pool, const struct par_options *options)
{
	const struct par_sizes sizes = { sizeof(struct par_options),
					 sizeof(struct par_result),
					 sizeof(struct par_stats) };

	return par_open_sized(pool, options, &sizes);
}

#ifdef __cplusplus
}
#endif

#endif
