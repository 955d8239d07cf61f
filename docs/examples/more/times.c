/* SPDX-License-Identifier: MIT */
/* Where the time goes: for a worker, or in the action. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <par.h>

enum { JOBS = 100 };

static int work(void *context, void *item, void **value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	(void)context, (void)item, (void)value;
	return nanosleep(&pause, NULL);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void print(const char *what, uint64_t *ns)
{
	qsort(ns, JOBS, sizeof *ns, compare);
	printf("%-6s median %6.1f ms, 90 %% %6.1f ms, longest %6.1f ms\n", what,
	       (double)ns[JOBS / 2] / 1e6, (double)ns[JOBS * 9 / 10] / 1e6,
	       (double)ns[JOBS - 1] / 1e6);
}

int main(void)
{
	/* [options] */
	struct par_options options = { .action = work,
				       .workers = 4,
				       .timed = 1 };
	/* [end] */
	uint64_t waited[JOBS], ran[JOBS];
	struct par_result r;
	struct par *pool;
	unsigned n = 0;

	if (par_open(&pool, &options))
		return 1;
	for (int i = 0; i < JOBS; i++)
		if (par_push(pool, NULL))
			return 1;
	par_finish(pool);
	/* [loop] */
	while (par_next(pool, &r) > 0) {
		waited[n] = r.waited_ns;
		ran[n++] = r.ran_ns;
	}
	/* [end] */
	par_close(pool);
	print("waited", waited);
	print("ran", ran);
	return n != JOBS || ran[0] < 1000000;
}
