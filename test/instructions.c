/* SPDX-License-Identifier: MIT */
/*
 * Sends so many items through a pool whose action does nothing.
 * test/instructions.sh counts what the library does per item.
 *     instructions WORKERS ITEMS [ordered | pushed]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <par.h>

enum { RING = 256, HANDFUL = 64 };

static uintptr_t items, made, received, sum;

static int generate(void *nothing, void **item)
{
	if (made == items)
		return 0;
	*item = (void *)++made;
	return 1;
}

static int act(void *nothing, void *item, void **value)
{
	*value = item;
	return 0;
}

/* Pushes a few at a time, so that the pool can reuse its records. */
static void push_some(struct par *pool)
{
	for (unsigned i = 0; i < HANDFUL && made < items; i++)
		if (par_push(pool, (void *)++made))
			abort();
	if (made == items)
		par_finish(pool);
}

int main(int argc, char **argv)
{
	struct par_options options = { .action = act,
				       .generate = generate,
				       .capacity = RING };
	struct par_result r;
	struct par *pool;

	if (argc < 3)
		return 2;
	options.workers = (unsigned)strtoul(argv[1], NULL, 10);
	items = strtoul(argv[2], NULL, 10);
	options.ordered = argc > 3 && strcmp(argv[3], "ordered") == 0;
	if (argc > 3 && strcmp(argv[3], "pushed") == 0)
		options.generate = NULL;
	if (par_open(&pool, &options))
		return 1;
	if (!options.generate)
		push_some(pool);
	while (par_next(pool, &r) > 0) {
		sum += (uintptr_t)r.value;
		if (++received == made && !options.generate)
			push_some(pool);
	}
	par_close(pool);
	return received != items || sum != items * (items + 1) / 2;
}
