/* SPDX-License-Identifier: MIT */
/*
 * What every peer in C and C++ has in common: the job it is given on its
 * command line, the source, the action, the caller's check, and the line of
 * JSON.
 *
 *     PEER WORK WORKERS BOUND ITEMS COST_NS
 *
 *   noop   the action adds 1             spin   it burns COST_NS of processor
 *   sleep  it sleeps COST_NS             start  as noop, of 0 or 1 items
 *   ping   as noop, but one item is in flight at a time: the caller makes the
 *          next when it has the last
 *   timed  no item enters the pool: the caller waits for a result COST_NS long,
 *          ITEMS times, and receives number + 1 itself
 *
 * noop-trips and sleep-trips are noop and sleep, with a look at the clock when
 * an item is made and when it is received.
 *
 * Exit status 77: this peer cannot do such work.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct job {
	const char *work;
	unsigned workers;
	size_t bound; /* items queued between source and workers, at most */
	uintptr_t items;
	bool ping;
	int timed_ms; /* the time limit; 0: the work is another */
};

/* Begins to measure. */
struct job measure_begin(int argc, char **argv);
/* Ends, and prints; what main() returns. */
int measure_end(void);
/* What this peer cannot do. */
void measure_cannot(void);

/* The source: 0 to items - 1, one at a time; false: there are no more. */
bool source_next(uintptr_t *item);
/* The action: item + 1, after the cost. */
uintptr_t action(uintptr_t item);
/* The caller has a result. */
void receive(uintptr_t result);

/* ping and timed: around each trip, on the caller's thread. */
void trip_begins(void);

#ifdef __cplusplus
}
#endif

#endif
