/* SPDX-License-Identifier: MIT */
/*
 * The program that uses the library in every run. What it does is data, a
 * letter a step; what must hold of it whatever the schedule is checked on the
 * way (program.c).
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
	bool twice; /* all of it once more in a second pool */
	/* Who takes waits so long and no longer, and cancels the pool in the
	 * end: for a program that might wait for ever. */
	bool patient;
	/* The n-th thread that the library starts, from 1, and so many on, are
	 * refused. */
	unsigned refused_from, refused;
	/*
	 * The callbacks, a letter a call; when the letters are used up: the end
	 * for source, '-' for the others.
	 *   -  item and 0, nothing special    e  fails
	 *   b  blocks until the cancel        x  ends its thread
	 *   p  pushes another item            c  cancels    f  finishes
	 *   w  waits for the interrupt, and does not ask for the cancel
	 * and for source B, E: blocks until the cancel, then brings an item,
	 * fails; for action n: runs a pool of its own; for open g, G, X: gives
	 * the pool to a thread that pushes, waits for that, and succeeds,
	 * fails, ends its thread.
	 */
	const char *source; /* NULL: no generator */
	const char *action; /* by generated item */
	const char *pushed; /* the same, by pushed item */
	const char *open;   /* NULL: no worker_open */
	const char *close;
	/*
	 * The program's threads, a letter a call; the first closes the pool
	 * when the others have ended.
	 *   n  par_next                       t  par_next_timed
	 *   *  n until the end                ~  t until the end
	 *   z  takes what is there: what the descriptor says must be so
	 *   p  pushes    f  finishes    c  cancels    s  par_stats
	 *   d  par_cancel_fd    k  pthread_cancel of the second thread
	 */
	const char *threads[PROGRAM_THREADS];
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;
enum { SCENARIO_SIZES = 3 };
/* As written, or larger. The letters are good until the next call. */
struct scenario scenario_resized(const struct scenario *scenario,
				 unsigned size);

/* One run of it, as task 0. */
struct program {
	const struct scenario *scenario;
	bool faults; /* calls of the library may be made to fail */
};
void program_body(void *program);

#endif
