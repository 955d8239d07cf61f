/* SPDX-License-Identifier: MIT */
#include "self.h"

static _Thread_local const struct role *self;

void self_is(const struct role *role)
{
	self = role;
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
