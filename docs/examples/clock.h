/* SPDX-License-Identifier: MIT */
/* A clock that nobody sets. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int64_t clock_ms(void)
{
	return (int64_t)(1000 * seconds());
}

#endif
