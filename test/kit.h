/* SPDX-License-Identifier: MIT */
/*
 * What all tests share: gates, which make a schedule without sleeping; tallies,
 * which count how often each item was seen; the callbacks, pools and threads
 * that several chapters need; and a frame around every test.
 *
 * cmocka keeps its state per thread, and an assertion on any thread but the
 * test's own ends the process. So callbacks record, and the test's own thread
 * asserts.
 *
 * Gates and EVENTUALLY() give up after KIT_PATIENCE seconds, and every test
 * after three times as long: the process then ends and prints the name of the
 * test. So one test that hangs is one failure, and not a timeout of the whole
 * suite.
 */
#ifndef KIT_H
#define KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <par.h>

#ifdef NDEBUG
#error "tests need their assertions"
#endif

enum { KIT_PATIENCE = 60 };

/* What errno is before a call that must leave it alone. */
enum { KIT_ERRNO = 4242 };

/* A stack size that no thread can have if addresses have 64 bits. */
#define KIT_HUGE_STACK                                                         \
	(sizeof(size_t) > 4 ? ((size_t)1 << 25) << 25 : SIZE_MAX / 4)

/* One test in its frame: a time limit, and a check that no thread and no
 * descriptor is left behind. */
#define KIT_TEST(function)                                                     \
	{                                                                      \
#function, function, kit_setup, kit_teardown,                  \
			(void *)#function                                      \
	}
int kit_setup(void **state);
int kit_teardown(void **state);

/*
 * The process and its system.
 */

/* The threads of this process, the descriptors it has open, and its memory. */
unsigned kit_threads(void);
unsigned kit_descriptors(void);
struct kit_memory {
	size_t address_space, resident; /* bytes */
};
struct kit_memory kit_memory(void);
/* What the system tells of a thread of this process: the number with this name;
 * 0 if it does not tell it. */
unsigned long kit_status(int task, const char *name);

/* Lowers the limit on descriptors: `count` more can be opened. Returns the
 * limit from before, for setrlimit(). */
struct rlimit kit_limit_descriptors(rlim_t count);

/* In a child, so that the test keeps its own descriptors. Returns what the
 * child's function returned. The child calls exit(): what measures coverage
 * writes its counts there. */
int kit_in_child(int (*body)(void));

/* Whether the descriptor is ready for reading, or hung up, now. */
bool kit_readable(int fd);
/* Waits until it is. On any thread; signals do not end the wait. */
void kit_await_readable(int fd);

/* Milliseconds of the monotonic clock. */
double kit_ms(void);

/* Prints the reason and the name of the test, and ends the process. For
 * threads that cannot assert; prefer to record, and to assert later. */
_Noreturn void kit_die(const char *why);
/* Does so unless the condition holds. */
void kit_check(bool holds, const char *why);

/* Starts a thread; waits for one and returns what its function returned. Both
 * end the process if they fail. On any thread. */
void kit_start(pthread_t *thread, void *(*body)(void *), void *argument);
void *kit_join(pthread_t thread);

/*
 * Waiting.
 */

/*
 * A gate holds every thread that calls gate_pass() until the test opens it.
 * gate_await() waits until so many threads have arrived. With a gate a test
 * makes a state such as "all workers are busy" or "the generator is inside its
 * call". A static or automatic gate starts closed with GATE_CLOSED.
 */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned arrived;
	bool open;
};
#define GATE_CLOSED                                                            \
	{                                                                      \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false  \
	}
void gate_pass(struct gate *gate);
void gate_await(struct gate *gate, unsigned arrived);
void gate_open(struct gate *gate);
/* Closes it for another use: nobody has arrived. */
void gate_close(struct gate *gate);
unsigned gate_arrived(struct gate *gate);

/* Waits until the condition holds. For a condition without a gate, such as a
 * figure of par_stats() or a thread that is asleep. Never a fixed sleep. */
#define EVENTUALLY(condition)                                                  \
	do {                                                                   \
		for (long kit_try = 0; !(condition); kit_try++)                \
			kit_nap(kit_try, #condition);                          \
	} while (0)
void kit_nap(long tries, const char *what);

/* Waits a moment, in which something that must not happen may happen. A test
 * that is right passes without it; it makes a failure more likely to show. */
void kit_linger(void);

/*
 * Items.
 */

/* Most items are numbers. */
#define AS_NUMBER(pointer) ((uintptr_t)(pointer))
#define AS_ITEM(number)	   ((void *)(uintptr_t)(number))

/* How often each of `count` items, numbered from 0, was seen. */
struct tally {
	size_t count;
	atomic_uint *seen;
};
void tally_open(struct tally *tally, size_t count);
void tally_see(struct tally *tally, size_t item);
void tally_close(struct tally *tally);
/* Asserts that each was seen exactly once. */
void tally_assert_once(const struct tally *tally);

/*
 * A simple generator. It makes the items 1, 2 ... last, so that NULL is not
 * among them, and then returns `end`, which is 0 or a failure. Set `last` and
 * `end`, and leave the rest zero. `calls` counts the calls.
 */
struct numbers {
	uintptr_t last, next;
	int end;
	atomic_uint calls;
};
int numbers_next(void *numbers, void **item);
/* The same, but instead of returning `end` it ends its thread. */
int numbers_next_or_exit(void *numbers, void **item);

/* The same, but the call that comes after `at` items first passes the gate
 * `hold`, if there is one. Once that gate was reached, the test knows that the
 * producer is inside the call. */
struct gated_numbers {
	struct numbers numbers;
	uintptr_t at;
	struct gate *hold;
};
int gated_numbers_next(void *gated, void **item);

/*
 * Actions and other callbacks. Each action succeeds. Its value is the item,
 * unless the comment says otherwise.
 */

/* Does nothing else. */
int action_echo(void *context, void *item, void **value);
/* Yields a few times, more or less often for different items. */
int action_dawdle(void *context, void *item, void **value);
/* Lingers: a caller that does not wait is gone before it returns. */
int action_linger(void *context, void *item, void **value);
/* Passes the gate that is its context. */
int action_gated(void *gate, void *item, void **value);
/* Passes the gate that is its item, unless that is NULL. Leaves no value. */
int action_item_gated(void *context, void *gate, void **value);
/* Ends its thread if the item is its context. */
int action_exit_at(void *target, void *item, void **value);
/* Its value is the context. */
int action_context(void *context, void *item, void **value);
/* Passes the gate that is its context. Its value is the thread's pthread_t. */
int action_thread(void *gate, void *item, void **value);

/* A worker_open that makes the context the worker's state. */
int worker_open_context(void *context, void **state);

/* A discard that counts. Its context is an atomic_uint. */
void discard_count(void *count, const struct par_result *left);

/*
 * Pools. All of these functions assert that their calls succeed, and so they
 * are for the test's own thread. kit_open() and kit_close() also assert that
 * errno is left alone.
 */

struct par *kit_open(const struct par_options *options);
/* Without a generator. */
struct par *kit_open_action(par_action_fn *action, unsigned workers,
			    void *context);
/* One worker that echoes, without a generator. */
struct par *kit_open_echo(void);

/* One worker that echoes, behind the gate if there is one; without numbers it
 * has no generator. */
struct par_options kit_gated_options(struct gated_numbers *numbers,
				     struct gate *gate);
struct par *kit_open_gated(struct gated_numbers *numbers, struct gate *gate);

/* Closes; par_close() returns the expected number. */
void kit_close(struct par *pool, int expected);
/* What a close returns if the generator has failed with this number. */
int kit_close_error(int failure);
/* The same for a pool whose end comes next, and stays, with that number. */
void kit_close_ended(struct par *pool, int expected);
/* Finishes and closes a pool that has nothing left in it. */
void kit_finish(struct par *pool);

/* Pushes one item; one number; all numbers from `first` to `last`. */
void kit_push(struct par *pool, void *item);
void kit_push_number(struct par *pool, uintptr_t number);
void kit_push_numbers(struct par *pool, uintptr_t first, uintptr_t last);

/* Takes one result, or so many. */
struct par_result kit_take(struct par *pool);
void kit_take_many(struct par *pool, unsigned count);

/* Takes results until the end. Returns how many came, and sets *end to what the
 * end was unless `end` is NULL. Each item, a number from 1, is seen in the
 * tally if there is one. Asserts nothing: for any thread. */
uint64_t kit_drain(struct par *pool, struct tally *tally, int *end);
/* So many results come, then the end, with this number, and it stays. */
void kit_assert_drains(struct par *pool, uint64_t count, int end);
/* The items 1 to `last` come, each once, and then this end. */
void kit_assert_drains_once(struct par *pool, uintptr_t last, int end);
/* Nothing comes for a moment: neither a result nor the end. */
void kit_assert_waits(struct par *pool);

/* par_stats() as a value. For any thread. */
struct par_stats kit_stats(struct par *pool);

/* A pool whose producer is inside the call of its generator that comes after
 * source.at items. Opening `hold` lets that call return. */
struct held {
	struct gate hold;
	struct gated_numbers source;
	struct par *pool;
};
/* One worker. It echoes unless the options have another action. The `hold` of
 * `source` is set here. */
void held_open(struct held *held, struct gated_numbers source,
	       struct par_options options);

/* A pool whose only worker runs item 1 until `gate` opens, and whose producer
 * waits: it has brought more items until ring or window were full. */
struct full {
	struct gate gate, hold;
	struct gated_numbers source; /* 100 numbers */
	struct par *pool;
};
/* The options set the capacity or the window. An action of theirs gets `gate`
 * as its context. `entered` items fill the pool. */
void full_open(struct full *full, struct par_options options, uint64_t entered);

/*
 * Threads of the program.
 */

/* The number that the system has for the calling thread, and whether the thread
 * with this number sleeps in a system call. */
int kit_task(void);
bool kit_is_asleep(int task);
/* Starts a thread, and waits until it sleeps. The thread sets *task, which is 0
 * before, to its number. */
void kit_start_asleep(pthread_t *thread, atomic_int *task,
		      void *(*body)(void *), void *argument);

/* Calls par_next() once. When taker_start() returns, the thread is asleep in
 * that call: so the pool must have no result yet. taker_join() sets rc to what
 * the call returned. */
struct taker {
	struct par *pool;
	pthread_t thread;
	atomic_int id; /* of its task, set just before the call */
	struct par_result result;
	int rc;
};
void taker_start(struct taker *taker, struct par *pool);
void taker_join(struct taker *taker);
/* The same for `count` of them. */
void takers_start(struct taker *takers, unsigned count, struct par *pool);
/* Joins them; each of their calls returned `end`. */
void takers_assert_told(struct taker *takers, unsigned count, int end);

/* Calls par_push_timed() once, with item 99; `pool` and `timeout_ms` are set
 * before. When late_push_start() returns, the thread is asleep in that call: so
 * there must be no room. `rc` is what the call returned, once the thread was
 * joined. */
struct late_push {
	struct par *pool;
	pthread_t thread;
	atomic_int id; /* of its task, set just before the call */
	int timeout_ms, rc;
};
void late_push_start(struct late_push *push);

/* Calls kit_drain(), and after the end par_next() once more. */
struct drainer {
	struct par *pool;
	struct tally *tally; /* or NULL */
	pthread_t thread;
	uint64_t count; /* what kit_drain() returned */
	int end, again; /* what the end was, and what the last call returned */
};
void drainer_start(struct drainer *drainer, struct par *pool,
		   struct tally *tally);

#endif
