/* SPDX-License-Identifier: MIT */
/* Results go into a database, many rows in one statement. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <par.h>

enum { ROWS = 300 };

static int measure(void *context, void *number, void **value)
{
	const struct timespec work = { .tv_nsec = 100000 };

	(void)context;
	*value = (void *)(2 * (uintptr_t)number);
	return nanosleep(&work, NULL);
}

static int next_number(void *last, void **item)
{
	uintptr_t *number = last;

	*item = (void *)++*number;
	return *number <= ROWS;
}

/* [insert] */
/* One statement for all rows. A program with a database executes it here. */
static int insert(const struct par_result *rows, int count)
{
	printf("INSERT INTO measured VALUES");
	for (int i = 0; i < count; i++)
		printf("%s (%ju, %ju)", i > 0 ? "," : "",
		       (uintmax_t)(uintptr_t)rows[i].item,
		       (uintmax_t)(uintptr_t)rows[i].value);
	return printf(";\n") < 0 ? -EIO : 0;
}
/* [end] */

int main(void)
{
	uintptr_t number = 0;
	struct par_options options = { .action = measure,
				       .workers = 4,
				       .generate = next_number,
				       .source = &number };
	struct par_result rows[64];
	int n, inserted = 0;
	struct par *pool;

	if (par_open(&pool, &options))
		return 1;
	/* [loop] */
	/* 16 to 64 rows; after 50 ms what there is; fewer at the end. */
	while ((n = par_next_many(pool, rows, 64, 16, 50)) > 0 ||
	       n == -ETIMEDOUT) {
		if (n < 0)
			continue; /* nothing for 50 ms */
		if (insert(rows, n))
			break; /* the rows are still in the array */
		inserted += n;
	}
	/* [end] */
	par_close(pool);
	return n != 0 || inserted != ROWS;
}
