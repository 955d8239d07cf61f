/* SPDX-License-Identifier: MIT */
/* <par.h> alone, first, twice; also as C++, see meson.build. */
#include <par.h>

#include <par.h>

static int nothing(void *context, void *item, void **value)
{
	(void)context;
	*value = item;
	return 0;
}

int main(void)
{
	struct par_options options = { nothing, 1 };
	struct par_result result;
	struct par *pool;
	int bad = 0;

	if (par_open(&pool, &options))
		return 1;
	bad |= par_push(pool, &bad) != 0;
	par_finish(pool);
	bad |= par_next(pool, &result) != 1 || result.value != &bad;
	bad |= par_next(pool, &result) != 0;
	return bad | (par_close(pool) != 0);
}
