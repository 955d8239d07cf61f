/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock. No other file asks what time it is.
 */
#include "clock.h"

#include "must.h"

#include <time.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

uint64_t clock_now(void)
{
	struct timespec now;

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_after(int timeout_ms)
{
	if (timeout_ms < 0)
		return CLOCK_NEVER;
	return clock_now() + (uint64_t)timeout_ms * NS_PER_MS;
}
