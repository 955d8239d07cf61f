/* SPDX-License-Identifier: MIT */
/*
 * par_self(), and how the library refuses calls that would wait for themselves.
 */
#include "self.h"

static _Thread_local const struct self *current;

void self_set(const struct self *self)
{
	current = self;
}

bool self_is_in(const struct par *pool)
{
	return current && current->pool == pool;
}

const struct worker *self_worker_of(const struct par *pool)
{
	return self_is_in(pool) ? current->worker : NULL;
}

struct par *par_self(void)
{
	return current ? current->pool : NULL;
}
