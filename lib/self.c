/* SPDX-License-Identifier: MIT */
/*
 * par_self(), and how the library refuses calls that would wait for themselves.
 */
#include "self.h"

#include "system.h"

static SYSTEM_THREAD_LOCAL struct self *current;
static SYSTEM_THREAD_LOCAL bool ended;

void self_begin(struct self *self)
{
	current = self;
	ended = false;
}

void self_end(void)
{
	ended = true;
}

bool self_is_in(const struct par *pool)
{
	return current && current->pool == pool;
}

struct self *self_current(void)
{
	return ended ? NULL : current;
}

bool self_generates_for(const struct par *pool)
{
	return self_is_in(pool) && !ended && !current->worker;
}

const struct worker *self_worker_of(const struct par *pool)
{
	return self_is_in(pool) && !ended ? current->worker : NULL;
}

struct par *par_self(void)
{
	return current && !ended ? current->pool : NULL;
}

bool par_stopping(void)
{
	return current && !ended && word_load(&current->told) != 0;
}
