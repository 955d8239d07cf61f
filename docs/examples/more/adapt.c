/* SPDX-License-Identifier: MIT */
/* As many requests at once as the server takes: one more as long as all goes
 * well, half as many when it says that it is busy. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <par.h>

enum { JOBS = 400, SERVER_TAKES = 8 };

static atomic_int inside;

/* A server that refuses the ninth request at once. */
static int request(void *context, void *item, void **value)
{
	const struct timespec trip = { .tv_nsec = 1000000 };
	int before = atomic_fetch_add(&inside, 1);

	(void)context, (void)item, (void)value;
	nanosleep(&trip, NULL);
	atomic_fetch_sub(&inside, 1);
	return before < SERVER_TAKES ? 0 : -EBUSY;
}

/* [adapt] */
/* After each result. */
static void adapt(struct par *pool, int error)
{
	static unsigned successes;
	struct par_stats now;

	par_stats(pool, &now);
	if (error == -EBUSY && successes > 0) {
		par_limit(pool, now.limit > 1 ? now.limit / 2 : 1);
		successes = 0;
	} else if (error == 0 && ++successes % now.limit == 0 &&
		   now.limit < 50) {
		par_limit(pool, now.limit + 1);
	}
}
/* [end] */

int main(void)
{
	struct par_options options = { .action = request, .workers = 50 };
	struct par_result r;
	struct par *pool;
	int done = 0;

	if (par_open(&pool, &options))
		return 1;
	/* [pause] */
	par_limit(pool, 0); /* nothing starts ... */
	for (int i = 0; i < JOBS; i++)
		if (par_push(pool, NULL))
			return 1;
	par_limit(pool, 1); /* ... before this */
	/* [end] */
	while (done < JOBS && par_next(pool, &r) > 0) {
		adapt(pool, r.error);
		if (r.error == 0)
			done++;
		else if (par_push(pool, r.item)) /* once more */
			break;
	}
	par_close(pool);
	printf("%d of %d done\n", done, JOBS);
	return done != JOBS;
}
