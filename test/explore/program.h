/* SPDX-License-Identifier: MIT */
/*
 * The program that uses the library in every run: what it does is data, and
 * what must hold of it whatever the schedule is checked on the way (program.c).
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROGRAM_ITEMS = 64 };

struct scenario {
	const char *name;
	/* The pool. */
	unsigned items; /* that the generator makes; 0: an empty input */
	unsigned workers;
	size_t capacity, window; /* 0: capacity 1 */
	bool ordered, interrupt, state;
	bool push_only; /* no generator: the loop pushes the items, finishes */
	/* The callbacks; items count from 1, 0 is none. */
	int source_end;	       /* what generate returns after the last item */
	unsigned blocks_after; /* items, then generate waits for the cancel */
	unsigned stuck_item;   /* its action waits for the cancel */
	unsigned failing_item, exiting_item;
	unsigned pushing_items; /* the first so many push one more each */
	unsigned failing_open;	/* the n-th worker_open, from 1, fails */
	/* The loop, by results taken; 0: never. */
	unsigned cancel_after, finish_after, close_after;
	bool close_at_once, cancel_at_once;
	unsigned loop_pushes; /* the first so many results push one more */
	bool timed, polled, nested, twice;
	unsigned consumers; /* threads beside the loop */
	bool canceler;	    /* a thread that cancels when it likes */
	/* Exhaustive search. */
	int spurious, timeouts;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* One run of it, as task 0. */
struct program {
	const struct scenario *scenario;
	bool faults; /* calls of the library may be made to fail */
};
void program_body(void *program);

#endif
