/* SPDX-License-Identifier: MIT */
/*
 * The invariant that lib/pool.h states, coded a second time. It is checked
 * whenever a thread unlocks the lock of a pool.
 */
#ifndef INVARIANT_H
#define INVARIANT_H

#include <stdbool.h>

/* Before each run. */
void invariant_begin(void);
/* Whether a result or the end was ready when the running task last unlocked a
 * pool. If so, par_next_timed() must not return -ETIMEDOUT. */
bool invariant_was_ready(void);

#endif
