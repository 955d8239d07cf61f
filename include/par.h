/* SPDX-License-Identifier: MIT */
/*
 * par - run many blocking jobs at once and take the results as they come
 *
 * A producer thread calls a generator for items and puts them into a bounded
 * ring. Worker threads run a blocking action on each item. The program takes
 * the results, one by one, from par_next():
 *
 *     generate --> [ ring ] --> action --> [ results ] --> par_next
 *     (producer)                (workers)                  (the program)
 *
 *     struct par *pool;
 *     struct par_result r;
 *     if (par_open(&pool, &(struct par_options){ .action = fetch,
 *                  .workers = 100, .generate = next_url,
 *                  .source = stdin }) == 0) {
 *         while (par_next(pool, &r) > 0)
 *             print(r.item, r.value, r.error);
 *         par_close(pool);
 *     }
 *
 * The promise. Every item that enters the pool comes back exactly once. It
 * comes back through par_next(). If the pool is closed early, the items that
 * are left come back through the discard callback. Lack of memory, a cancel, a
 * failing action, a failing generator and an early close can change the result
 * of an item. They never change whether the item comes back.
 *
 * Words. A callback is any function of the program that the pool calls. A
 * consumer is a thread that calls par_next(). An item enters the pool when the
 * generator returns it or par_push() accepts it. It starts when a worker runs
 * the action on it. It is delivered when par_next() returns its result. The
 * input ends when the generator returns 0 or less, or at par_finish() or
 * par_cancel(). If a call of the generator is under way then, the input ends
 * when that call returns. The end has come when the input has ended and every
 * item was delivered. par_next() reports the end.
 *
 * Ownership. Items and values are the program's. The library passes these
 * pointers on and never reads, changes or frees what they point to. Every
 * structure that a call gets is copied or filled before the call returns. The
 * library keeps no pointer to it.
 *
 * Threads. A pool has workers, a supervisor that starts them, and a producer if
 * there is a generator. The generator runs on the producer thread, one call at
 * a time. Actions run on the workers, at the same time as each other. discard
 * runs on the thread that calls par_close(). The library holds no lock while a
 * callback runs. An item passes from the generator to the action and then to
 * the consumer. Each of them sees what the one before it wrote. In the pool's
 * threads, thread cancellation is disabled. A callback that enables it disables
 * it again before it returns. If such a callback is canceled, that is the same
 * as a pthread_exit() there. If seteuid() changes the user of the process, the
 * change reaches the pool's threads too, at any time.
 *
 * Callers. Unless the comment of a call says otherwise, any thread may make it
 * at any time between par_open() and par_close(). A signal handler must make no
 * call. No C++ exception may leave a callback.
 *
 * Signals. If a signal handler runs during a call, nothing changes: no call
 * returns early because of a signal. The pool's threads block every signal
 * except par_options.interrupt, SIGPROF (profilers use it), and the synchronous
 * signals, which a thread's own instructions raise (SIGSEGV and similar). The
 * producer does not block SIGTTIN and SIGTTOU either: if a background job reads
 * its terminal in the generator, the job is stopped. When the shell brings the
 * job to the foreground, it goes on. (If the thread that calls par_open()
 * blocks SIGPROF, SIGTTIN or SIGTTOU, the pool's threads block it too.) If a
 * blocked signal is sent to the process, as alarm() does, it goes to a thread
 * of the program. If a callback calls raise() for a blocked signal, the signal
 * does not arrive. The signals with which a garbage collector stops threads do
 * not arrive either. A callback that needs such a signal unblocks it;
 * worker_open may do that once for its worker. A program that a callback starts
 * inherits this signal mask. Reset the mask between fork() and exec(), or use
 * POSIX_SPAWN_SETSIGMASK.
 *
 * Thread cancellation. pthread_cancel() of a thread of the program (of the
 * deferred type) takes effect while par_next(), par_next_timed() or
 * par_next_many() waits, and in no other place of the library, except in
 * par_from_lines(). On macOS it takes effect only in waits without a time
 * limit. One case is left to the program: if a signal handler calls a
 * cancellation point, such as write(), at the moment at which the wait begins
 * or ends, the condition variable of this wait may stay locked. Block the
 * signal in a thread that may be canceled.
 *
 * Errors. An error is a negative errno value; 0 and positive numbers are
 * success. A number that a callback returns reaches the program unchanged,
 * unless the comment of a call says otherwise. (So par_open() fails with a
 * positive number if the first worker_open returns one.) Every call leaves
 * errno itself as it was. If the argument for a pool, or for the place of an
 * answer, is NULL, a call returns -EINVAL, unless its comment says otherwise. A
 * void call does nothing then.
 *
 * fork. In a child process the pool does not exist, because its threads do not
 * exist there. The child must make no call on the pool. The only exceptions are
 * par_close() and par_close_timed(): they return -ECHILD there, and do nothing.
 * (The library knows a child by its process ID. A child in a new PID namespace
 * may have the ID of its parent: it must not make these calls either.)
 * fork(), exec() and exit() themselves work at any time, in both processes.
 */
#ifndef PAR_H
#define PAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_VERSION "1.1.0"

/* The same version as a number for the preprocessor: 1.2.3 would be 10203. */
#define PAR_VERSION_NUMBER 10100

#if defined(PAR_API)
/* The program says how the calls are declared. */
#elif defined(__GNUC__)
#define PAR_API __attribute__((visibility("default")))
#else
#define PAR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A pool of workers, with one input and one output. */
struct par;

/*
 * The generator makes the next item. It runs on the producer thread, one call
 * at a time. It may block.
 *
 * source is par_options.source. The generator returns
 *   positive   *item is set to the next item (NULL is an item like any other)
 *   0          the input has ended
 *   negative   the generator has failed, and the input has ended; every item
 *              that entered before is still delivered, then par_next()
 *              returns this number
 *
 * The producer calls the generator only while the ring and the window have
 * room. It never calls the generator again after a return value of 0 or less,
 * or after par_cancel() or par_finish(). (But a call that is about to begin
 * still begins.)
 *
 * If the generator fails after par_cancel(), or after another thread has called
 * par_finish(), the failure is not reported. (So it may fail when its read is
 * interrupted.) par_next() itself also returns -ETIMEDOUT, -EAGAIN and
 * -EDEADLK, with other meanings. So a generator should fail with another
 * number. A generator that ends its thread by pthread_exit() has failed with
 * -EINTR.
 */
typedef int par_generate_fn(void *source, void **item);

/*
 * The action does the blocking work on one item. It runs on a worker thread, at
 * the same time as other actions.
 *
 * Without a worker_open, context is par_options.context. With a worker_open,
 * context is the pointer that worker_open left in *state. *value is NULL at the
 * call. The pointer that the action leaves in *value becomes par_result.value.
 *
 * The action returns 0 or any other number. This number becomes
 * par_result.error and affects no other item. By convention it is a negative
 * errno value, and -EINTR if the action gave up because it was told to stop. If
 * an action itself returns -ECANCELED, only par_result.worker distinguishes its
 * item from an item that never ran. If an action ends its thread by
 * pthread_exit(), its item comes back with the error -EINTR and its worker
 * ends. Another worker is started when an item waits.
 */
typedef int par_action_fn(void *context, void *item, void **value);

/*
 * Returns the key of an item. Items of one key run in the order of their entry,
 * at most par_options.key_limit of them at once. 0 means that the item has no
 * key, and nothing restricts it.
 *
 * The pool calls this callback once for each item that the generator returns
 * and once for each push, before the item enters, on the thread that brings the
 * item: the producer or the thread that pushes. The callback runs even if the
 * push is then refused, but not for a push in a worker_open. The library holds
 * no lock during this call. The callback must return: it must not block, call
 * the pool, or end its thread. context is par_options.context.
 */
typedef uint64_t par_key_fn(void *context, void *item);

/* The result of one item. */
struct par_result {
	/* The generator or par_push() gave this item. */
	void *item;
	/* The action left this pointer in *value; otherwise it is NULL. */
	void *value;
	/* The action returned this number. -ECANCELED: the item never ran. */
	int error;
	/* The worker with this number ran the item; the first worker is 0.
	 * UINT_MAX means that no worker ran it. */
	unsigned worker;
	/* The item has this place in the input; the first item has place 0. */
	uint64_t index;
	/* The item waited this many nanoseconds, from its entry to the start of
	 * its action or to its cancel. 0 unless par_options.timed. */
	uint64_t waited_ns;
	/* The item was in its action for this many nanoseconds. 0 unless
	 * par_options.timed. */
	uint64_t ran_ns;
	/* The action was told to stop (par_stopping() says how), for this
	 * reason: -ETIMEDOUT (par_options.time_limit_ms), or -ECANCELED
	 * (par_withdraw(), par_cancel(), par_close()). If there were several
	 * reasons, this is the first. The action may not have noticed it. 0:
	 * the action was not told, or the item never ran. */
	int stopped;
};

/*
 * The options of par_open(). A field that the program leaves out is zero, and
 * zero is the default of every field that is not required.
 */
struct par_options {
	/* This field is required. The workers run this action on each item. */
	par_action_fn *action;
	/* This field is required: 1 or more. The pool may grow to this number
	 * of workers. A worker is started when an item enters and no worker is
	 * idle, and it stays until par_close() (but see idle_ms). So a thousand
	 * workers cost nothing for three items. If the system refuses a thread
	 * or worker_open fails, the pool goes on with the workers that it has,
	 * and tries again after a second if items still wait.
	 *
	 * Every worker has the scheduling (policy, priority, nice value,
	 * affinity) and the floating-point environment of the thread that
	 * called par_open(), as they were then, no matter who pushes the items.
	 * A worker that was not started yet costs some 300 bytes of address
	 * space, and no memory; if there is not so much, par_open() returns
	 * -ENOMEM. */
	unsigned workers;
	/* The producer calls this generator. NULL means no producer: items come
	 * from par_push() only, and par_finish() ends the input. */
	par_generate_fn *generate;
	/* The generator gets this pointer as its first argument. */
	void *source;
	/* worker_open, key and discard get this pointer, and without a
	 * worker_open the action gets it too. With a worker_open, the action
	 * gets *state instead; store a pointer to the context there if you need
	 * it. */
	void *context;
	/* The ring has this many slots. The generator can be this many items
	 * ahead of the workers. 0 means the larger of workers and 64. */
	size_t capacity;
	/* The pool holds at most this many items (entered and not delivered).
	 * At this number the generator waits. So memory is bounded, no matter
	 * how slowly results are taken. par_push() does not wait and can exceed
	 * this number; its items count too. 0 means no bound. */
	size_t window;
	/* If true, results are delivered in the order in which the items
	 * entered. If false, they are delivered in the order in which the
	 * actions end. */
	bool ordered;
	/* This callback makes the state of one worker (a connection, a handle).
	 * It runs on each worker's own thread, before the first action there.
	 * *state is NULL at the call. worker_open returns 0, or another number
	 * if it failed; the worker then ends without a worker_close. Pushes to
	 * the same pool are not allowed there: par_push() returns -EAGAIN. */
	int (*worker_open)(void *context, void **state);
	/* This callback runs on the same thread when the worker ends, unless
	 * its worker_open has failed. It gets the *state of this worker, or
	 * NULL if there is no worker_open. The interrupt is blocked then, and
	 * pthread_exit() does no harm. */
	void (*worker_close)(void *state);
	/* par_close() calls this callback for each item that was not delivered.
	 * Such an item never ran (its error is -ECANCELED), or no consumer took
	 * its result. discard must make no call on the pool, and must return.
	 * NULL means that these items are dropped. */
	void (*discard)(void *context, const struct par_result *left);
	/* The stack of each of the pool's threads has this many bytes,
	 * rounded up to what the system needs at least. The maximum is a
	 * quarter of SIZE_MAX. 0 means the system's default. */
	size_t stack_size;
	/* The signal used to interrupt blocked system calls (EINTR). After
	 * par_cancel() or par_close(), the pool sends it to each of its threads
	 * that is inside an action, the generator or a worker_open, except the
	 * worker_open that par_open() waits for. After par_finish() of another
	 * thread, it sends the signal to the generator only. If an action was
	 * told to stop by par_withdraw() or its time limit, the pool sends the
	 * signal to this action only.
	 * It sends the signal again and again until the callback returns, at
	 * first soon, later once per second. So a system call is interrupted
	 * even if the first signal comes just before it. An action or a
	 * generator may block the signal while it must not be interrupted. The
	 * pool unblocks it before each call of them: a system call each time.
	 *
	 * If the signal has its default action or is ignored, par_open()
	 * installs an empty handler without SA_RESTART. It runs on the
	 * alternate signal stack if the thread has one. This handler stays
	 * after par_close(); nothing else of a pool stays. (So a plugin that
	 * contains the library must not be unloaded.) A handler of the
	 * program's own is left alone. par_open() returns -EINVAL if that
	 * handler has SA_RESTART or SA_RESETHAND, and for SIGKILL, SIGSTOP and
	 * the synchronous signals. 0 means no interrupt. */
	int interrupt;
	/* The threads get this name, cut to the length that the system allows.
	 * A number may follow it. NULL means "par". */
	const char *name;
	/* A worker that has found no item for this many milliseconds ends, and
	 * its worker_close runs. The one that has been idle longest ends
	 * first. If only one worker is idle, it stays. Another is started when
	 * items wait again. 0 means that workers stay until par_close(). */
	unsigned idle_ms;
	/* If an action takes more than this many milliseconds, it is told to
	 * stop (see par_stopping()), never earlier. 0 means no limit. */
	unsigned time_limit_ms;
	/* This callback gives the key of an item (see par_key_fn). An item that
	 * waits for its key holds up no item of another key. But a generated
	 * item that waits for its key keeps its slot of the ring: if many items
	 * of one key may come in a row, give `capacity` room for them. NULL
	 * means no keys. */
	par_key_fn *key;
	/* At most this many items of one key run at once. 0 means 1. */
	unsigned key_limit;
	/* If not 0, results tell waited_ns and ran_ns, and par_stats() tells
	 * oldest_ns. */
	unsigned timed;
};

/* A consistent snapshot of a pool: all fields are of the same moment. */
struct par_stats {
	/* This many items entered: queued + running + ready + delivered. */
	uint64_t entered;
	/* This many actions began: running + finished. */
	uint64_t started;
	/* This many actions returned. */
	uint64_t finished;
	/* This many of the finished actions did not return 0. */
	uint64_t failed;
	/* This many items were canceled before they started. */
	uint64_t canceled;
	/* This many results were taken. */
	uint64_t delivered;
	/* This many items have entered and still wait to be started. */
	size_t queued;
	/* This many actions are under way. */
	unsigned running;
	/* This many items are finished or canceled, but not delivered. */
	size_t ready;
	/* This many workers exist, including those that are being started,
	 * those in worker_open and those in worker_close. */
	unsigned workers;
	/* The latest attempt to start a worker (the one that began last) failed
	 * with this number: -EAGAIN or similar, or the return value of
	 * worker_open. 0 means that it did not fail. */
	int refused;
	/* If true, the generator will bring no more items. Without a generator,
	 * true means that the pool was finished or canceled. */
	bool ended;
	/* The action that has been under way longest began this many
	 * nanoseconds ago. 0: none is under way, or the options set neither
	 * timed nor time_limit_ms. */
	uint64_t oldest_ns;
	/* This many of the queued items wait for their key: they would wait
	 * even if a worker were idle for each. */
	size_t held;
	/* The present limit of par_limit(). If it was lowered, more actions may
	 * still be under way. */
	unsigned limit;
};

/*
 * Opens a pool. Copies the options (the name too), and starts the first worker,
 * the supervisor and the producer. The first item may be generated before
 * par_open() returns, and so before *pool is set. So a callback should find its
 * pool by par_self().
 *
 * If there is a worker_open, blocks until it has returned on the first
 * worker, however long that takes. Thread-safe: may be called from any
 * thread.
 *
 * On success par_open() returns 0 and sets *pool. The caller owns the pool and
 * closes it with par_close(). On failure par_open() sets *pool to NULL and
 * undoes everything; nothing has been generated. It returns
 *   -EINVAL    bad options: NULL, no action, no workers, sizes that overflow,
 *              an unfit interrupt, or a nonzero field that this library does
 *              not know; nothing was started
 *   -ENOMEM    out of memory
 *   -EAGAIN    the system refused a thread or a lock
 *   -ENOSYS    the condition variables of the system do not know the monotonic
 *              clock
 *   other      the first worker_open returned this number (-EINTR: it ended
 *              its thread by pthread_exit())
 *
 * A worker_open can give its pool to another thread, and that thread can push
 * items before par_open() returns. If par_open() fails after that, it first
 * waits for the actions that are under way, but does not interrupt them. Then
 * it passes the items that are left to discard. When the worker_open returns an
 * error, no other thread may be in a call on the pool or make one.
 */
static inline int par_open(struct par **pool,
			   const struct par_options *options);

/*
 * Takes the next result. Blocks until there is a result or the end has come. In
 * a pool without a generator, the end comes only after par_finish() or
 * par_cancel(); if nobody calls these, par_next() can block for ever.
 * Thread-safe: may be called from any thread except the pool's own threads. Any
 * number of consumers may call it at once. Each result goes to exactly one of
 * them. The end is reported to all of them.
 *
 * Returns
 *   1          *result is set; its item and value are the caller's now
 *   0          the end: the input has ended and every item was delivered
 *   -EDEADLK   called on one of the pool's own threads, or in a destructor of
 *              thread-specific data of such a thread; nothing has changed
 *   -EAGAIN    waiting needs a condition variable, and the system refused one
 *              (no system is known to do this); nothing has changed
 *   other      the end: the generator failed with this number, and every item
 *              that entered before was delivered (-ENOMEM: there was no memory
 *              for another item)
 *
 * Until the end was reported, items can still be pushed. So a thread may push
 * an item after it has taken the last result. Its next call then waits for this
 * item. If there are several consumers, the end is reported as soon as nothing
 * is left in the pool. One of them may still hold a result then. After the end
 * was reported, every further call returns the same number.
 *
 * pthread_cancel() takes effect while par_next() waits, and at no other time: a
 * thread that has a result returns it. No lock stays held, no result is lost.
 * ("Thread cancellation" above says more.)
 */
PAR_API int par_next(struct par *pool, struct par_result *result);

/*
 * Does the same as par_next(), but waits for at most timeout_ms milliseconds,
 * measured by the monotonic clock. 0 means that it does not wait. A negative
 * number means that it waits without a limit.
 *
 * Returns what par_next() returns, and also
 *   -ETIMEDOUT the time is over, and neither a result nor the end has come;
 *              never returned before the time is over
 */
PAR_API int par_next_timed(struct par *pool, struct par_result *result,
			   int timeout_ms);

/*
 * Takes several results at once: up to `most`, into the array `results`. Waits
 * until `least` of them are ready. The consumer is woken once, and not for each
 * result. par_fd() knows nothing of `least`: in an event loop use the time 0.
 *
 * If at least one result is ready and no more can come without a push, the call
 * takes those that are ready. No more can come if no action is under way and
 *   - the limit is 0 (par_limit()), or
 *   - no item is queued, and the input has ended or the window is full.
 *
 * Waits for at most timeout_ms milliseconds. 0 means that it does not wait. A
 * negative number means that it waits without a limit. If the time is over, the
 * call takes the results that are ready, even if they are fewer than `least`.
 *
 * If least is 0, it means 1. If most is larger than INT_MAX, it means INT_MAX.
 *
 * Returns
 *   1 or more  this many results are set; their items and values are the
 *              caller's now
 *   0          the end, as for par_next()
 *   -ETIMEDOUT the time is over, and neither a result nor the end has come
 *   -EINVAL    most is 0, or least is more than most
 *   other      as par_next()
 *
 * All else is as for par_next().
 */
PAR_API int par_next_many(struct par *pool, struct par_result *results,
			  unsigned most, unsigned least, int timeout_ms);

/*
 * Returns a descriptor for poll, epoll or select. It is readable exactly while
 * par_next() would not block: a result is ready, or the end has come. If there
 * are several consumers, another one may take the result first. Then use
 * par_next_timed(pool, r, 0).
 *
 * With EPOLLET there is one event until no result is ready: take results until
 * par_next_timed(pool, r, 0) returns -ETIMEDOUT or the end.
 *
 * The descriptor is made at the first call, with close-on-exec, and is never 0,
 * 1 or 2. par_close() closes it. The program must not read, write or close it.
 * If it is in an epoll set, remove it before par_close(). Otherwise it stays in
 * the set as long as a child process has a copy of it. On Linux the copy is not
 * ready after par_close().
 *
 * Does not block. Thread-safe: may be called from any thread. On success
 * par_fd() returns the descriptor. If the system does not make one, par_fd()
 * returns its error: -EMFILE, -ENFILE, -ENOMEM or another.
 */
PAR_API int par_fd(struct par *pool);

/*
 * Returns a descriptor that becomes ready for reading (POLLIN, POLLHUP or both)
 * at the cancel. It becomes ready for everyone who polls it, and it stays ready
 * until par_close() closes it. An action can poll it together with its socket,
 * or give it to a library that accepts one more descriptor. If the pool was
 * canceled before, the descriptor is ready at once.
 *
 * On Linux it is an epoll set: EPOLLEXCLUSIVE is refused for it, and at most
 * 500 other epoll sets can watch it. If more actions have an event loop each,
 * let each loop watch its par_stop_fd().
 *
 * All else is as for par_fd(): the descriptor is made at the first call, with
 * close-on-exec, and par_close() closes it. The program must not read, write or
 * close the descriptor. Does not block. Thread-safe: may be called from any
 * thread. The return values are the same.
 */
PAR_API int par_cancel_fd(struct par *pool);

/*
 * Puts an item into the pool. Pushed items are started before generated items,
 * in the order of the pushes. (But items of one key run in the order of their
 * entry: see par_key_fn.) par_push() may start a worker.
 *
 * Does not block: neither the ring nor the window holds it back. Thread-safe:
 * may be called from any thread, also in an action, in the generator and in the
 * loop around par_next(). A push works until par_next() has reported the end,
 * even after the generator has ended or failed and after par_finish().
 *
 * On success par_push() returns 0: the item is the pool's and will come back.
 * On failure the item did not enter and is still the caller's. It returns
 *   -ECANCELED the pool was canceled, before the end or after it
 *   -EPIPE     par_next() has reported the end
 *   -ENOMEM    out of memory
 *   -EAGAIN    called in a worker_open of this pool
 */
PAR_API int par_push(struct par *pool, void *item);

/*
 * Does the same as par_push(), but the window holds it back, as it holds the
 * generator back: waits for room for at most timeout_ms milliseconds. 0 means
 * that it does not wait, a negative number that it waits without a limit.
 * Without a window it never waits. Threads that wait here come before the
 * generator. (A call of the generator that is under way may still exceed the
 * window by one.) A thread that waits here does not hold off the end.
 *
 * Thread-safe: may be called from any thread. But the thread that takes the
 * results should use the time 0: while it waits, nobody makes room.
 *
 * Returns what par_push() returns, and also
 *   -ETIMEDOUT the time is over, and there was no room, or other threads were
 *              waiting for it; the item did not enter
 *   -EDEADLK   the call would have to wait, the time is not 0, and the call was
 *              made on one of the pool's own threads or in a destructor of
 *              thread-specific data of such a thread; the item did not enter
 *   -ENOMEM    also: the call would have to wait, and the system refused a
 *              condition variable; the item did not enter
 * par_cancel() and the end wake a thread that waits here; the call then returns
 * -ECANCELED or -EPIPE.
 */
PAR_API int par_push_timed(struct par *pool, void *item, int timeout_ms);

/*
 * Cancels one item: the oldest in the pool with this pointer that was not told
 * to stop yet. If it has not started, it comes back at once (in an ordered
 * pool, in its place), with the error -ECANCELED. If it runs, its action is
 * told to stop (see par_stopping()).
 *
 * Does not wait for the action. May look at every item that is queued.
 * Thread-safe: may be called from any thread. (An item is known by its pointer
 * only. If the program has freed an item and uses the pointer for another item,
 * the call means the other item.)
 *
 * Returns
 *   0          the item had not started
 *   1          the item runs, and was told to stop, now or earlier
 *   -ENOENT    the item is not in the pool, its action has ended, or it was
 *              canceled before it started
 */
PAR_API int par_withdraw(struct par *pool, void *item);

/*
 * Sets how many actions may be under way at once, from 0 to
 * par_options.workers. At first the limit is par_options.workers. Actions that
 * are under way go on; no other is started until fewer than the limit are under
 * way. A worker that must not start an item is idle (see par_options.idle_ms).
 * If the limit is raised, items that wait are started. 0 is a pause. The
 * generator goes on as long as there is room. The end waits for items that are
 * queued: at limit 0 until the limit is raised or the pool is canceled. A
 * cancel and a close work as always.
 *
 * Does not block. Thread-safe: may be called from any thread. Returns 0, or
 * -EINVAL if the limit is more than par_options.workers.
 */
PAR_API int par_limit(struct par *pool, unsigned workers);

/*
 * Stops the generator: it is not called again. Items that have entered are run
 * and delivered. If a call of the generator is under way or about to begin, it
 * is told to stop (see par_stopping()), unless the generator itself has called
 * par_finish(). The end waits for that call. If it returns an item, the item is
 * run and delivered too. In a pool without a generator, par_finish() ends the
 * input.
 *
 * Does not block. Thread-safe: may be called from any thread. A second call, or
 * a call after the end, does nothing. (But if the first call was made in the
 * generator, a second call by another thread tells the generator to stop.)
 */
PAR_API void par_finish(struct par *pool);

/*
 * Cancels the pool: the generator is not called again. Items that have not
 * started come back through par_next() at once, with the error -ECANCELED. (In
 * an ordered pool, each of them comes back in its place.)
 *
 * Actions that are under way go on, and their results come back as usual. But
 * they are told to stop (see par_stopping()), and so are a worker_open and a
 * call of the generator that are under way or about to begin. For everybody
 * par_canceled() is true and par_cancel_fd() is ready. A thread that waits in
 * par_push_timed() gets -ECANCELED. The end waits for the generator. If it
 * returns an item, the item comes back with -ECANCELED; if it fails, that is
 * not reported. Then par_next() reports the end: 0, or the number with which
 * the generator failed before the cancel.
 *
 * Does not wait. It takes longer if many items are queued: some 30 ns for each.
 * Thread-safe: may be called from any thread. A second call has no further
 * effect. A call after the end cancels no item.
 */
PAR_API void par_cancel(struct par *pool);

/*
 * Returns true once the pool is canceled or is being closed. Returns false for
 * NULL. Does not block. Thread-safe: may be called from any thread. Takes no
 * lock, so an action may call it in its inner loop.
 */
PAR_API bool par_canceled(const struct par *pool);

/*
 * Whether the callback that the calling thread is running was told to stop.
 *
 * An action is told to stop by par_cancel(), par_close(), par_withdraw() and
 * its time limit (par_options.time_limit_ms); the generator, by par_finish() of
 * another thread, par_cancel() and par_close(); a worker_open, by par_cancel()
 * and par_close(). Only the callback that is meant is told, and no other
 * notices anything. Then par_stopping() is true at once in that callback, its
 * par_stop_fd() is ready, and with par_options.interrupt its blocked system
 * calls are interrupted, again and again until it returns. Nothing else
 * happens: the return value of the callback keeps its meaning.
 *
 * In par_options.key, par_stopping() returns the same as in the generator if
 * the producer runs the key, and the same as in the code that pushes if a
 * thread that pushes runs it. Everywhere else, also in worker_close, it is
 * false. Does not block, takes no lock, and may be called in an inner loop.
 */
PAR_API bool par_stopping(void);

/*
 * Returns a descriptor that becomes ready for reading when the calling thread's
 * current callback is told to stop. An action can poll it together with its
 * socket. It is never ready in a callback that was not told. It is valid until
 * the callback returns. After that, it belongs to the worker's next item.
 *
 * Each worker that asks has a descriptor of its own, and keeps it for its next
 * items. So has the producer. The descriptor is an eventfd; if the system has
 * none, it is one end of a pipe. It is made at the first call, with
 * close-on-exec, is never 0, 1 or 2, and par_close() closes it. The program
 * must not read, write or close it. Does not block. If the system does not make
 * one, par_stop_fd() returns its error: -EMFILE, -ENFILE, -ENOMEM or another.
 * In places where par_stopping() is always false, it returns -EINVAL.
 */
PAR_API int par_stop_fd(void);

/*
 * Returns the pool of the callback that the calling thread is running: action,
 * generator, worker_open or worker_close. On the producer it returns the pool
 * in par_options.key too. In a key or a discard that runs inside a call of the
 * program, it returns what it returned before that call. Returns NULL
 * everywhere else. Does not block. Thread-safe: may be called from any thread.
 */
PAR_API struct par *par_self(void);

#if defined(__cplusplus) && defined(__GNUC__)
/* g++ -Wshadow warns when a function and a structure have the same name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif
/*
 * Fills *stats. Waits only for the pool's lock, which no call holds for long.
 * So a program may call it for a progress line ten times per second. (With
 * millions of items in the pool, some calls hold that lock for milliseconds:
 * par_cancel(), par_withdraw(), and par_stats() itself when it counts millions
 * of new results.) Thread-safe: may be called from any thread.
 */
PAR_API void par_stats(const struct par *pool, struct par_stats *stats);
#if defined(__cplusplus) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/*
 * Closes a pool. par_close() cancels the pool and waits until every action and
 * the generator have returned, each worker_close has run, and every thread has
 * ended, with its destructors of thread-specific data. (A worker_close may run
 * while the generator and other actions still run.) Then it passes each item
 * that was not delivered to discard, and frees everything. discard runs on the
 * calling thread, and in the order of the input if the pool is ordered.
 *
 * Blocks until all of this is done. An action or a generator that may block for
 * ever must poll par_stop_fd() or par_cancel_fd(), or be interrupted by
 * par_options.interrupt.
 *
 * May be called from any thread except the pool's own threads. No other call on
 * the pool may be under way during par_close() or follow it, except the calls
 * that callbacks of the pool still make. discard must make none.
 *
 * Returns
 *   0          the pool is closed, or pool is NULL and nothing has happened
 *   -EDEADLK   called on one of the pool's own threads, or in a destructor of
 *              thread-specific data of such a thread; nothing has changed
 *   -ECHILD    called in a child process; nothing has changed
 *   -EIO       the pool is closed; the generator had failed with -EIO,
 *              -ETIMEDOUT, -EDEADLK or -ECHILD
 *   other      the pool is closed; the generator had failed with this number
 *              (-ENOMEM: there was no memory for another item; -EINTR: the
 *              generator ended its thread)
 */
PAR_API int par_close(struct par *pool);

/*
 * Does the same as par_close(), but waits for at most timeout_ms milliseconds
 * until all threads have ended, measured by the monotonic clock. 0 means that
 * it does not wait. A negative number means that it waits without a limit, like
 * par_close(). But it always waits for discard and for the destructors of
 * thread-specific data, however long they take.
 *
 * Returns what par_close() returns, and also
 *   -ETIMEDOUT some thread has not ended; the pool is canceled and still there
 * After -ETIMEDOUT the program may call par_close_timed() or par_close() again,
 * and between these calls it may take results with par_next(). Or it leaves the
 * pool as it is: with _exit(), a program can end although an action hangs.
 */
PAR_API int par_close_timed(struct par *pool, int timeout_ms);

/*
 * Two generators are ready-made: for an array and for the lines of a file.
 * Their arguments must not be NULL.
 *
 * par_from_array() makes a pointer to each element of an array, one after the
 * other. Its source is a struct par_array, which must exist until the input has
 * ended. The array is the program's and must exist longer than the items. Does
 * not block. Returns 1 and sets *item, or returns 0 after the last element.
 *
 *     .generate = par_from_array,
 *     .source = &(struct par_array){ .base = names, .count = 3,
 *                                    .size = sizeof names[0] }
 */
struct par_array {
	/* This points to the first element. */
	void *base;
	/* The array has this many elements. */
	size_t count;
	/* Each element has this many bytes. */
	size_t size;
	/* The element with this number comes next; the first element is 0. */
	size_t next;
};
PAR_API int par_from_array(void *array, void **item);

/*
 * par_from_lines() reads the lines of a file. Its source is a FILE * that is
 * open for reading. Its descriptor must not be O_NONBLOCK: if a read would have
 * to wait, it fails with -EIO, and a line that had begun is lost.
 *
 * Each item is the next line without its newline: a string from malloc() that
 * the program has to free, also in discard. The last line needs no newline. A
 * carriage return stays in the line. A line with NUL bytes looks cut off.
 *
 * Blocks while it reads. If the error indicator of the file is set, it is
 * cleared first. The file stays open. Until the input has ended, the program
 * must not close the file, and only the pool may read from it. (In musl, exit()
 * waits for a thread that reads a file, and so for the next line. End the input
 * first, or use _exit().)
 *
 * Returns
 *   1          *item is the next line
 *   0          the end of the file
 *   -ENOMEM    out of memory
 *   -EIO       reading failed with EIO, or with EAGAIN, EDEADLK or ETIMEDOUT,
 *              which have other meanings for par_next()
 *   other      reading failed; this is -errno
 */
PAR_API int par_from_lines(void *file, void **item);

/*
 * par_open() calls par_open_sized(). *sizes tells the library how large the
 * structures are in the header that the program was built with. So the
 * structures can grow at their ends. A newer library takes the missing fields
 * of the options as zero and writes no field that the program does not know. An
 * older library refuses options that it does not know, unless they are zero.
 * The sizes apply to every call on the pool, no matter who makes it:
 * par_next(), par_stats() and discard get that many bytes and no more. Fields
 * that the library does not know are zero.
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
