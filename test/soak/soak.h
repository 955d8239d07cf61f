/* SPDX-License-Identifier: MIT */
/*
 * The soak test: rounds with everything that a pool offers, drawn at random
 * from a seed, while a troublemaker strikes. soak.c has the rounds, items.c
 * has the callbacks and what they check, trouble.c has the troublemaker.
 */
#ifndef SOAK_H
#define SOAK_H

#include <par.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { INTERRUPT = SIGUSR1, DISTURBANCE = SIGUSR2 };
/* Key 0 is none. */
enum { KEYS = 6 };

/* What ends the round. */
enum fate {
	FATE_DRAIN,
	FATE_FINISH,
	FATE_CANCEL, /* some of its actions block until then */
	FATE_CLOSE,  /* before all results were taken */
	FATES
};

/* One number: what became of it. */
struct number {
	atomic_uchar entered, ran, back, withdrawing;
};

struct round {
	uint64_t seed;
	/* When it began. */
	uint64_t since;
	enum fate fate;
	struct par_options options;
	struct par *pool;
	/* The items are the numbers from 1 to `most`. */
	struct number *numbers;
	size_t most;
	atomic_size_t made;
	/* So many of them come from the generator, the rest are pushed. */
	size_t generated;
	unsigned consumers;
	/* Consumers leave after so many results. */
	size_t take_at_most;
	atomic_size_t taken;
	atomic_bool over;
	/* Nobody writes into it. */
	int silence[2];
	atomic_uint asking, opening, opened, closed;
	atomic_size_t returned;
	/* Per key: items that run. */
	atomic_uint of_key[KEYS];
};

/* What the test has seen. The names are printed. */
#define COUNTS(X)                                                              \
	X(rounds)                                                              \
	X(items)                                                               \
	X(results)                                                             \
	X(discarded)                                                           \
	X(canceled)                                                            \
	X(failed)                                                              \
	X(exited)                                                              \
	X(interrupted)                                                         \
	X(unopened)                                                            \
	X(unpushed)                                                            \
	X(unstarted)                                                           \
	X(withdrawn)                                                           \
	X(told)                                                                \
	X(timed_out)                                                           \
	X(batches)                                                             \
	X(late_closes)                                                         \
	X(source_failures)                                                     \
	X(snapshots)                                                           \
	X(signals)                                                             \
	X(forks)                                                               \
	X(no_forks)                                                            \
	X(limits)
#define COUNT(name) atomic_ulong name;
struct counts {
	COUNTS(COUNT)
};
extern struct counts counts;

/* Prints the round and ends the process if the condition is false. */
#define CHECK(round, condition)                                                \
	((condition) ? (void)0                                                 \
		     : round_failed(round, #condition, __FILE__, __LINE__))
_Noreturn void round_failed(const struct round *round, const char *condition,
			    const char *file, int line);

/* The next number of a generator that is the caller's own, less than `sides`.
 */
uint64_t roll(uint64_t *dice, uint64_t sides);

/* The monotonic clock, in nanoseconds. */
uint64_t clock_ns(void);
/* A call that began then with this timeout has returned rc: if its time was
 * over, it was over indeed, and not long ago. */
void check_time(const struct round *round, int rc, uint64_t since,
		int timeout_ms);

/* Makes a number and pushes it, if there is one left. */
void items_push_one(struct round *round, struct par *pool, int timeout_ms);
/* A result: its item has not come back before, and it is what its action left.
 */
void items_check(struct round *round, const struct par_result *result);
/* The callbacks; the round is source, context and state. */
int items_generate(void *round, void **item);
int items_act(void *round, void *item, void **value);
uint64_t items_key(void *round, void *item);
int items_open_state(void *round, void **state);
void items_close_state(void *round);
void items_discard(void *round, const struct par_result *left);

/* The body of the troublemaker: strikes until the round is over. */
void *make_trouble(void *round);

#endif
