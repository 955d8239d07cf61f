/* SPDX-License-Identifier: MIT */
/*
 * The program that uses the library in every run. A scenario tells it what to
 * do: one letter per call. While it runs, it checks everything that must hold
 * in every schedule.
 *
 *     program.c            opens, uses and closes the pool; the threads
 *     program_calls.c      the other calls of the library
 *     program_callbacks.c  the callbacks
 *     program_items.c      which items went in, and came out
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_ITEMS = 64, PROGRAM_THREADS = 4 };

struct scenario {
	const char *name;
	unsigned workers;
	size_t capacity, window; /* 0: a ring of 1; no window */
	bool ordered, interrupt;
	/* Items have keys: one of two, one item of each at once. */
	bool keys;
	/* Milliseconds; 0: none. */
	unsigned idle, time_limit;
	/* A thread that does not run is starved: a long time passes whenever
	 * the library looks (model_time_flies). */
	bool starves;
	/* The exhaustive search, too, lets the supervisor come late. (Otherwise
	 * it runs as soon as it can there.) */
	bool late;
	bool twice; /* everything happens once more, with a second pool */
	/* The program waits for results with a time limit; after many waits
	 * without a result it cancels the pool. For a program that could wait
	 * for ever. */
	bool gives_up;
	/* The system refuses `refused` threads: from the one with number
	 * `refused_from` on, where the first thread that the library starts has
	 * number 1. 0: none. */
	unsigned refused_from, refused;
	/*
	 * The callbacks: one letter per call. After the last letter, generate
	 * ends the source, and the others go on with '-'.
	 *   -  generate returns an item, the others return 0
	 *   p  pushes an item, then as '-'
	 *   c  cancels the pool, then as '-'
	 *   f  finishes the pool, then as '-'
	 *   w  blocks until it is interrupted, then as '-'
	 *   s  blocks until it is told to stop, then as '-'
	 *   b  blocks until the cancel; then generate ends the source, and
	 *      the others go on as '-'
	 *   e  fails
	 *   x  ends its thread
	 *   k  lets pthread_cancel() act on its thread, and ends it
	 * For source also:
	 *   i  the same as '-'
	 *   B  blocks until the cancel, then returns an item
	 *   E  blocks until the cancel, then fails
	 *   F  finishes the pool, then fails
	 *   W  blocks until it is interrupted, then fails
	 * For action also:
	 *   o  pushes an item, and waits until a second worker_open is called
	 *   O  as o, then as x
	 *   n  opens, uses and closes a pool of its own
	 * For open also: starts a thread that pushes, joins it, and then
	 *   g  succeeds
	 *   G  fails
	 *   X  ends its thread
	 */
	const char *source; /* NULL: no generator */
	const char *action; /* one letter per generated item */
	const char *pushed; /* actions too: one letter per pushed item */
	const char *open;   /* NULL: no worker_open */
	const char *close;
	/*
	 * The threads of the program: one letter per call. The first
	 * thread closes the pool when the others have ended.
	 *   n  par_next                      t  par_next_timed
	 *   *  par_next until the end        ~  par_next_timed until the end
	 *   0  par_next_timed with 0 ms      z  compares it with par_fd
	 *   p  par_push      f  par_finish   c  par_cancel
	 *   s  par_stats     d  par_cancel_fd
	 *   r  par_withdraw of the first generated item; q: of the second
	 *   R  par_withdraw of the first pushed item; T: of the last
	 *   l  par_limit 0   1  par_limit 1   L  par_limit as it was
	 *   m  par_next_many, 2 at least; M: until the end; u: with a time
	 *      limit
	 *   P  par_push_timed without a limit; Q: with 0 ms
	 *   g  par_close_timed with 0 ms, which may give up; the last call of
	 *      the first thread, when the others have ended
	 *   k  pthread_cancel of the second thread
	 */
	const char *threads[PROGRAM_THREADS];
	/* The destructor of thread-specific data of a thread of the pool that
	 * has run a callback: one letter per thread that ends, as for the
	 * callbacks. NULL: there is none. */
	const char *destructor;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

enum { SCENARIO_SIZES = 3 };
/* The scenario as written (size 0) or larger. Its letters are valid until the
 * next call. */
struct scenario scenario_resized(const struct scenario *scenario,
				 unsigned size);

/* One run of the program, as task 0. */
struct program {
	const struct scenario *scenario;
	bool faults; /* fallible calls may fail in this run */
};
void program_body(void *program);

#endif
