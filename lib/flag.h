/* SPDX-License-Identifier: MIT */
/*
 * A flag that is raised under the lock, never lowered, and read without the
 * lock. A thread that sees the flag raised sees everything that was written
 * before.
 */
#ifndef PAR_FLAG_H
#define PAR_FLAG_H

#include "names.h"

#include <stdatomic.h>
#include <stdbool.h>

struct flag {
	atomic_bool raised;
};

void flag_raise(struct flag *flag);
bool flag_is_raised(const struct flag *flag);

#endif
