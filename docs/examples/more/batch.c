/* SPDX-License-Identifier: MIT */
/* Results go into a database, many rows in one statement. */
#include <stdint.h>
#include <stdio.h>

#include <par.h>

enum { ROWS = 300, MOST = 64 };

static int measure(void *context, void *item, void **value)
{
	(void)context;
	*value = (void *)(2 * (uintptr_t)item);
	return 0;
}

static int next_number(void *last, void **item)
{
	uintptr_t *number = last;

	*item = (void *)++*number;
	return *number <= ROWS;
}

/* [insert] */
/* One statement, however many rows there are. */
static void insert(const struct par_result *rows, int count)
{
	printf("INSERT INTO measured VALUES ");
	for (int i = 0; i < count; i++)
		printf("%s(%ju, %ju)", i > 0 ? ", " : "",
		       (uintmax_t)rows[i].item, (uintmax_t)rows[i].value);
	printf(";\n");
}
/* [end] */

int main(void)
{
	uintptr_t number = 0;
	struct par_options options = { .action = measure,
				       .workers = 4,
				       .generate = next_number,
				       .source = &number };
	struct par *pool;
	int n, inserted = 0;

	if (par_open(&pool, &options))
		return 1;
	/* [loop] */
	struct par_result rows[MOST];

	/* 64 if there are so many; 16 or more, unless that takes 50 ms. */
	while ((n = par_next_many(pool, rows, MOST, 16, 50)) > 0) {
		insert(rows, n);
		inserted += n;
	}
	/* [end] */
	par_close(pool);
	return n != 0 || inserted != ROWS;
}
