/* SPDX-License-Identifier: MIT */
/*
 * The invariant that lib/pool.h states, coded a second time. It is checked
 * whenever a thread unlocks the lock of a pool.
 */
#ifndef INVARIANT_H
#define INVARIANT_H

#include <stdbool.h>
#include <stdint.h>

/* Before each run. */
void invariant_begin(void);
/* Whether a result or the end was ready when the running task last unlocked a
 * pool. If so, par_next_timed() must not return -ETIMEDOUT. */
bool invariant_was_ready(void);
/* The running task calls par_next_many(), which takes fewer than `least`
 * results before `until` only if no more can come; 0: the call has returned. */
void invariant_expect(unsigned least, uint64_t until);

#endif
