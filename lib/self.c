/* SPDX-License-Identifier: MIT */
#include "self.h"

static _Thread_local const struct role *self;

void self_begin(struct role *role, int number)
{
	struct par *p = role->pool;

	cancel_disable();
	self = role;
	pool_lock(p);
	role->thread = pthread_self();
	pool_unlock(p);
	if (p->options.interrupt)
		signal_unblock(p->options.interrupt);
	thread_name(p->name, number);
}

void self_end(void)
{
	self = NULL;
}

bool self_in(const struct par *p)
{
	return self && self->pool == p;
}

bool self_opening(const struct par *p)
{
	return self_in(p) && self->opening;
}

struct par *par_self(void)
{
	return self ? self->pool : NULL;
}
