/* SPDX-License-Identifier: MIT */
/* Where the time goes: items wait for a worker, or actions take long. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <par.h>

enum { JOBS = 100, WORK_NS = 1000000 };

static int work(void *context, void *item, void **value)
{
	const struct timespec pause = { .tv_nsec = WORK_NS };

	(void)context, (void)item, (void)value;
	return nanosleep(&pause, NULL);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void print(const char *what, uint64_t *ns, size_t count)
{
	uint64_t median, longest;

	qsort(ns, count, sizeof *ns, compare);
	median = ns[count / 2];
	longest = ns[count - 1];
	printf("%s %8.1f %8.1f\n", what, (double)median / 1e6,
	       (double)longest / 1e6);
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
	size_t n = 0;

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
	if (n != JOBS)
		return 1;
	printf("ms       median  longest\n");
	print("waited", waited, n);
	print("ran   ", ran, n);
	return ran[0] < WORK_NS;
}
