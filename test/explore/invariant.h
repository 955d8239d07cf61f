/* SPDX-License-Identifier: MIT */
/*
 * The invariant that lib/pool.h states, in code of its own: checked each time a
 * pool's lock is let go.
 */
#ifndef INVARIANT_H
#define INVARIANT_H

#include <stdbool.h>

/* Before each run. */
void invariant_begin(void);
/* Whether a result or the end was there when the running task let a pool's lock
 * go last: then it must not have been told that the time is over. */
bool invariant_was_ready(void);

#endif
