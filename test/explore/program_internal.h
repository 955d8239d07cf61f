/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the program.
 */
#ifndef PROGRAM_INTERNAL_H
#define PROGRAM_INTERNAL_H

#include "program.h"
#include "scheduler.h"

#include "access.h"

#include <stdint.h>

#include <par.h>

/* Everything that the program has seen of a run. */
struct seen {
	const struct scenario *scenario;
	bool faults;
	/* Per item: how often it went into the pool, came out and was run, and
	 * the error of its action. Generated items have the numbers from 1,
	 * pushed ones from FIRST_PUSHED. */
	unsigned in[PROGRAM_ITEMS], out[PROGRAM_ITEMS];
	unsigned runs[PROGRAM_ITEMS];
	/* Per item: how many actions had ended when its own had, and when it
	 * was handed in for certain, because its thread began the next one. Per
	 * thread: the item that it ran last. The latest end of all items that
	 * par_next() returned. */
	unsigned ended[PROGRAM_ITEMS], handed_in[PROGRAM_ITEMS];
	unsigned last[SCHED_TASKS], ends, latest;
	/* Per thread: the pool whose callbacks it runs. */
	struct par *pool_of[SCHED_TASKS];
	unsigned destructors;
	int error[PROGRAM_ITEMS];
	unsigned pushes;
	/* Per item: par_withdraw() has begun; what it returned was 0, or 1. */
	bool withdrawing[PROGRAM_ITEMS];
	bool withdrawn[PROGRAM_ITEMS], told_item[PROGRAM_ITEMS];
	/* Per key: items that run. */
	unsigned of_key[3];
	/* The limit is below the workers: since so many actions had started. */
	bool limited;
	unsigned limit, started_at_limit;
	/* par_close_timed() has closed the pool. */
	bool closed;
	unsigned index_seen[2 * PROGRAM_ITEMS], next_index;
	/* The pool. */
	bool callbacks_allowed, discard_allowed;
	bool open;	   /* par_open() has returned a pool */
	bool cancel_begun; /* a cancel may have begun */
	bool cancel_returned;
	/* Another thread than the producer has called par_finish(); that call
	 * has returned. */
	bool told, told_returned;
	int producer;	       /* its task */
	unsigned max_actions;  /* that may have begun when it returned */
	unsigned failed_waits; /* of a program that gives up */
	unsigned canceled_at;  /* counts as the end of an action, see `ended` */
	unsigned delivering;   /* par_next() has returned an item, or may */
	/* generate */
	unsigned generate_calls, generated;
	bool generating, source_ended;
	bool source_stopped;	  /* a cancel or a finish has returned */
	unsigned late_calls_left; /* calls of generate allowed after that */
	int source_error;	  /* what generate returned */
	int reported_error;	  /* what par_next returned at the end */
	bool error_is_late;	  /* source_error came after a cancel */
	/* Workers. */
	unsigned actions, running, failed;
	unsigned open_calls, opened, close_calls;
};
extern struct seen seen;

enum {
	FIRST_PUSHED = PROGRAM_ITEMS / 2,
	TIMEOUT_MS = 300,
	KEPT_ERRNO = 4711,
};

/* One task runs at a time, so plain accesses would be correct; but a sanitizer
 * does not know that. To it, relaxed atomics are neither a race nor an order
 * between threads. The program shares nothing else. */
#define GET(field)                                                             \
	(access_read(&seen.field),                                             \
	 __atomic_load_n(&seen.field, __ATOMIC_RELAXED))
#define ADD(field, count)                                                      \
	(access_write(&seen.field),                                            \
	 __atomic_add_fetch(&seen.field, count, __ATOMIC_RELAXED))
#define SET(field, value)                                                      \
	(access_write(&seen.field),                                            \
	 __atomic_store_n(&seen.field, value, __ATOMIC_RELAXED))

/* The n-th letter, from 1; `beyond` after the last. */
char letter(const char *letters, unsigned n, char beyond);

/* No call of the library changes errno: WITH_ERRNO(call), then check_errno().
 */
#define WITH_ERRNO(call) (errno = KEPT_ERRNO, (call))
void check_errno(const char *call);

/* program_items.c */
void *item_of(unsigned number);
/* 1 or 2. */
uint64_t item_key(const void *item);
unsigned item_number(const void *item);
void item_in(unsigned number);
void item_out(const struct par_result *result);
/* par_next() has returned this result. */
void item_check_order(const struct par_result *result);
void item_check_all(void);

/* program_calls.c: calls of the library, each with its checks. The first three
 * are made by callbacks too. */
void call_push(struct par *pool);
void call_finish(struct par *pool);
void call_cancel(struct par *pool);
void call_stats(const struct par *pool);
void call_withdraw(struct par *pool, unsigned number);
void call_limit(struct par *pool, unsigned limit);
void call_push_timed(struct par *pool, int timeout_ms);
/* What a close has returned that has closed the pool. */
void check_closed(int rc);
void call_close_timed(struct par *pool);
/* Returns what par_next_many() returns. */
int call_next_many(struct par *pool, int timeout_ms);
void call_next_many_until_end(struct par *pool);
/* par_next_timed(), or par_next() if timeout_ms is negative. */
int call_next(struct par *pool, int timeout_ms);
/* If the program gives up: with a time limit, and with a cancel in the end. */
int call_next_or_give_up(struct par *pool, int timeout_ms);
void call_next_until_end(struct par *pool, int timeout_ms);
void call_next_ready(struct par *pool);
void call_cancel_fd(struct par *pool);

/* program_callbacks.c: the options' callbacks, as the scenario has them. */
void callbacks_set(struct par_options *options);

#endif
