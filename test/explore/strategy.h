/* SPDX-License-Identifier: MIT */
/*
 * How the choices of a run are made.
 */
#ifndef STRATEGY_H
#define STRATEGY_H

#include "scheduler.h"

/* Any task, at every point. */
struct strategy *strategy_random(void);
/* The highest of random priorities; at depth - 1 random points the running task
 * gets the lowest: finds a fault that takes `depth` ordered steps with a known
 * probability (Burckhardt et al., 2010). */
struct strategy *strategy_pct(unsigned depth);
/* Every run with no more than so many preemptions, one after another: where it
 * ends, there are no others. */
struct strategy *strategy_exhaustive(unsigned preemptions);
/* The choices given, then the first alternative each time; */
struct strategy *strategy_replay(const uint8_t *picks, unsigned count);
/* or then by chance, so that nobody waits for ever. */
struct strategy *strategy_replay_and_draw(const uint8_t *picks, unsigned count);

#endif
