/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock, in nanoseconds. Every deadline of the library is a point
 * of this clock, so a change of the wall clock moves none of them.
 */
#ifndef PAR_CLOCK_H
#define PAR_CLOCK_H

#include "names.h"

#include <stdint.h>
#include <time.h>

enum { CLOCK_NS_PER_S = 1000000000, CLOCK_NS_PER_MS = 1000000 };

/* A deadline that never comes. */
#define CLOCK_NEVER UINT64_MAX

uint64_t clock_now(void);
/* The same clock where it is cheap to read: it moves in ticks of some
 * milliseconds, if the system has such a clock. */
uint64_t clock_tick(void);
/* The point timeout_ms milliseconds from now; CLOCK_NEVER if it is negative. No
 * int is so large that this overflows. */
uint64_t clock_after(int timeout_ms);

/* These nanoseconds in the form of the system. */
struct timespec clock_timespec(uint64_t ns);

#endif
