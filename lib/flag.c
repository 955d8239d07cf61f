/* SPDX-License-Identifier: MIT */
/*
 * The only atomic accesses of the library. They are calls, so that the schedule
 * explorer can put its own in their place.
 */
#include "flag.h"

void flag_raise(struct flag *flag)
{
	atomic_store_explicit(&flag->raised, true, memory_order_release);
}

bool flag_is_raised(const struct flag *flag)
{
	return atomic_load_explicit(&flag->raised, memory_order_acquire);
}
