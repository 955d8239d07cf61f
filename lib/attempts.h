/* SPDX-License-Identifier: MIT */
/*
 * The attempts to start a worker, and the back-off after one that failed.
 *
 * If an attempt fails (no thread, worker_open), no other begins for a second.
 * The back-off ends early if an attempt succeeds that was begun after the
 * failure. It has no lock: the caller holds the pool's.
 */
#ifndef PAR_ATTEMPTS_H
#define PAR_ATTEMPTS_H

#include "guard.h"

#include <stdbool.h>
#include <stdint.h>

/* All fields zero: no attempt has begun. */
struct attempts {
	/* How many have begun. An attempt is known by its number, from 1. */
	uint64_t begun;
	/* No attempt begins before this time; 0: there is no back-off. */
	uint64_t retry_at;
	/* How many items wait, find no idle worker, and must not wait for one
	 * that is in worker_open. Each attempt serves one. */
	unsigned asked;
	/* The last attempt that had begun when one failed. A success up to it
	 * does not end the back-off. */
	uint64_t begun_at_failure;
	/* Why the last attempt failed; 0: it did not fail. */
	int error;
	/* The first attempt, which par_open() waits for, has ended, with this
	 * error; 0: it succeeded. */
	bool first_open_done;
	int first_open_error;
};

/* An attempt begins. If a back-off was over, the next begins here, so that
 * there is one attempt per second. Returns the number of the attempt. */
uint64_t attempts_begin(struct attempts *attempts) NEEDS_LOCK;
void attempts_succeed(struct attempts *attempts, uint64_t number) NEEDS_LOCK;
void attempts_fail(struct attempts *attempts, uint64_t number, int error)
	NEEDS_LOCK;

#endif
