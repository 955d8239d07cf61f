/* SPDX-License-Identifier: MIT */
/*
 * What the tests share: gates that make a schedule instead of sleeping for it,
 * tallies that count each item, and a frame around every test.
 *
 * cmocka's state belongs to the test's own thread: an assertion anywhere else
 * ends the process. So callbacks record, and the test thread asserts.
 *
 * Every wait here gives up after KIT_PATIENCE seconds and ends the process with
 * the name of the test: a hang is a failure, not a time-out of the whole suite.
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

#include <par.h>

#ifdef NDEBUG
#error "tests need their assertions"
#endif

enum { KIT_PATIENCE = 60 };

/* A stack that no thread gets where addresses have 64 bits. */
#define KIT_HUGE_STACK                                                         \
	(sizeof(size_t) > 4 ? ((size_t)1 << 25) << 25 : SIZE_MAX / 4)

/* One test in its frame: a time limit, and as many threads and descriptors
 * after it as before. */
#define KIT_TEST(function)                                                     \
	{                                                                      \
#function, function, kit_setup, kit_teardown,                  \
			(void *)#function                                      \
	}
int kit_setup(void **state);
int kit_teardown(void **state);

/* Threads of this process, and descriptors it has open. */
unsigned kit_threads(void);
unsigned kit_descriptors(void);

/* Prints why, with the name of the test, and ends the process. For a thread
 * that cannot assert; what can be recorded is recorded instead. */
_Noreturn void kit_die(const char *why);

/*
 * A gate. Threads that pass() it are held until the test opens it; the test can
 * await() the arrival of the n-th. "All workers are busy", "the generator is
 * asleep in its call" are states a test makes with it. Static and automatic
 * gates start closed with GATE_CLOSED.
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
void gate_close(struct gate *gate); /* for reuse: closed, nobody arrived */
unsigned gate_arrived(struct gate *gate);

/* Waits until the condition holds; for what no gate can tell, such as a figure
 * of par_stats() or a thread that is asleep. Never a fixed sleep. */
#define EVENTUALLY(condition)                                                  \
	do {                                                                   \
		for (long kit_try = 0; !(condition); kit_try++)                \
			kit_nap(kit_try, #condition);                          \
	} while (0)
void kit_nap(long tries, const char *what);

/* Milliseconds of the monotonic clock. */
double kit_ms(void);

/* Whether the descriptor is ready for reading (or hung up) now. */
bool kit_readable(int fd);

/* How often each of `count` items was seen. */
struct tally {
	size_t count;
	atomic_uint *seen;
};
void tally_open(struct tally *tally, size_t count);
void tally_see(struct tally *tally, size_t item);
void tally_close(struct tally *tally);
/* Asserts that each was seen exactly once. Test thread only. */
void tally_assert_once(const struct tally *tally);

/*
 * The plainest generator: items 1, 2 ... last as pointers, so that NULL is not
 * among them, then `end` (0 or a failure). Zeroed but for `last` it is ready.
 * `calls` counts its calls.
 */
struct numbers {
	uintptr_t last, next;
	int end;
	atomic_uint calls;
};
int numbers_next(void *numbers, void **item);

/* The same, but the call after item `at` passes the gate `hold`, where there is
 * one: the test knows then that the producer is inside it. */
struct gated_numbers {
	struct numbers numbers;
	uintptr_t at;
	struct gate *hold;
};
int gated_numbers_next(void *gated, void **item);
#define AS_NUMBER(pointer) ((uintptr_t)(pointer))
#define AS_ITEM(number)	   ((void *)(uintptr_t)(number))

/* An action that succeeds: the value is the item. */
int action_echo(void *context, void *item, void **value);
/* An action that passes the gate that is its context, then echoes. */
int action_gated(void *gate, void *item, void **value);

/* Opens or fails the test; closes and asserts what par_close() returns. Both
 * assert that errno is left alone. */
struct par *kit_open(const struct par_options *options);
void kit_close(struct par *pool, int expected);

/* Takes results until the end; returns how many came, and the end's value in
 * *end where it is not NULL. Each item, read as a number from 1, is seen in the
 * tally where there is one. */
uint64_t kit_drain(struct par *pool, struct tally *tally, int *end);

/* A pool of one worker that echoes, behind a gate where there is one; without
 * numbers it has no generator. */
struct par_options kit_gated_options(struct gated_numbers *numbers,
				     struct gate *gate);
struct par *kit_open_gated(struct gated_numbers *numbers, struct gate *gate);

/* Takes one result, which there has to be. */
struct par_result kit_take(struct par *pool);

/* par_stats() as a value. */
struct par_stats kit_stats(struct par *pool);

/* Gives what must not happen a moment to happen. No pass depends on it: it only
 * makes a failure likelier to be seen. */
void kit_linger(void);

/* A thread of the program in par_next(). Started, it is asleep there: for a
 * pool that has no result yet. Joined, rc is what it returned. */
struct taker {
	struct par *pool;
	pthread_t thread;
	atomic_int id; /* of its task, once it is about to ask */
	struct par_result result;
	int rc;
};
void taker_start(struct taker *taker, struct par *pool);
void taker_join(struct taker *taker);

#endif
