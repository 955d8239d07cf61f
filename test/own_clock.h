/* SPDX-License-Identifier: MIT */
/*
 * For a test of one file of lib/ on one thread: the clock stands still, and the
 * test moves it.
 */
#ifndef PAR_TEST_OWN_CLOCK_H
#define PAR_TEST_OWN_CLOCK_H

#include "clock.h"

static uint64_t now = CLOCK_NS_PER_S;

/* The clock that is cheap to read is behind, if there is one. */
#ifdef CLOCK_MONOTONIC_COARSE
enum { LAG = 3000000 };
#else
enum { LAG = 0 };
#endif

/* In place of the system's. The names of its parameters are reserved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	*time = clock_timespec(clock == CLOCK_MONOTONIC ? now : now - LAG);
	return 0;
}

#endif
