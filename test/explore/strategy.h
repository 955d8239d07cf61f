/* SPDX-License-Identifier: MIT */
/*
 * How the choices of a run are made.
 */
#ifndef STRATEGY_H
#define STRATEGY_H

#include "scheduler.h"

/* At every point a random task. */
struct strategy *strategy_random(void);

/* Probabilistic concurrency testing (Burckhardt et al., 2010): the task with
 * the highest of random priorities runs; at depth - 1 random points the running
 * task gets the lowest priority. It finds a fault that needs `depth` steps in a
 * certain order with a known probability. */
struct strategy *strategy_pct(unsigned depth);

/* One after another, every run with at most so many preemptions. When next()
 * returns false, all of them were made. If `reduces` is true, some are left out
 * that show nothing new (access.c). */
struct strategy *strategy_exhaustive(unsigned preemptions, bool reduces);

/* Makes the given choices, then takes the first move each time. */
struct strategy *strategy_replay(const uint8_t *picks, unsigned count);

/* Makes the given choices, then random ones, so that no task starves. */
struct strategy *strategy_replay_then_random(const uint8_t *picks,
					     unsigned count);

#endif
