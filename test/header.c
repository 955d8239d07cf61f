/* SPDX-License-Identifier: MIT */
/* Includes <par.h> first and twice. meson.build compiles this as C++ too. C++20
 * has designators, but takes them in the order of the fields only. */
#include <par.h>

#include <par.h>

#include <stdio.h>
#include <string.h>

/* The version is the same as a number and as a string. */
static int same_version(void)
{
	char words[32];

	snprintf(words, sizeof words, "%d.%d.%d", PAR_VERSION_NUMBER / 10000,
		 PAR_VERSION_NUMBER / 100 % 100, PAR_VERSION_NUMBER % 100);
	return strcmp(words, PAR_VERSION) == 0;
}

static int nothing(void *context, void *item, void **value)
{
	(void)context;
	*value = item;
	return 0;
}

int main(void)
{
#if !defined(__cplusplus) || __cplusplus >= 202002L
	struct par_options options = { .action = nothing,
				       .workers = 1,
				       .window = 1,
				       .ordered = true,
				       .name = "header" };
#else
	struct par_options options = { nothing, 1 };
#endif
	struct par_result result;
	struct par *pool;
	int bad = !same_version();

	if (par_open(&pool, &options))
		return 1;
	bad |= par_push(pool, &bad) != 0;
	par_finish(pool);
	bad |= par_next(pool, &result) != 1 || result.value != &bad;
	bad |= par_next(pool, &result) != 0;
	return bad | (par_close(pool) != 0);
}
