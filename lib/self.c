/* SPDX-License-Identifier: MIT */
/*
 * par_self(), and how the library refuses calls that would wait for themselves.
 */
#include "self.h"

/* glibc allocates the storage of a library that was loaded by dlopen() at a
 * thread's first use of it, and ends the process if that fails. Storage of this
 * model is there from the thread's beginning. */
#ifdef __GLIBC__
#define INITIAL_EXEC __attribute__((tls_model("initial-exec")))
#else
#define INITIAL_EXEC
#endif
static _Thread_local struct self *current INITIAL_EXEC;
static _Thread_local bool ended INITIAL_EXEC;

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
