/* SPDX-License-Identifier: MIT */
/*
 * The monotonic clock. No other file asks what time it is.
 */
#include "clock.h"

#include "must.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	must(clock_gettime(clock, &now));
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_tick(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
	return read_clock(CLOCK_MONOTONIC_COARSE);
#else
	return clock_now();
#endif
}

uint64_t clock_after(int timeout_ms)
{
	if (timeout_ms < 0)
		return CLOCK_NEVER;
	return clock_now() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS;
}

struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / CLOCK_NS_PER_S),
		.tv_nsec = (long)(ns % CLOCK_NS_PER_S),
	};
}
