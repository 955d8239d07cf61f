/* SPDX-License-Identifier: MIT */
/*
 * For system calls that fail only if the library itself misuses them.
 */
#ifndef PAR_MUST_H
#define PAR_MUST_H

#include <assert.h>

static inline void must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

#endif
