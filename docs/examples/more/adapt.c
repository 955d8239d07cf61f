/* SPDX-License-Identifier: MIT */
/* As many requests at once as the server takes well. Nobody knows the number
 * before, and it may change. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <par.h>

enum { JOBS = 300, PLACES = 8 };

static atomic_int inside;

/* A server with eight places. If they are taken, it is slow; if twice as many
 * have come, it refuses. */
static int request(void *context, void *item, void **value)
{
	struct timespec trip = { .tv_nsec = 1000000 };
	int others = atomic_fetch_add(&inside, 1);

	(void)context, (void)item, (void)value;
	if (others >= PLACES)
		trip.tv_nsec *= 4;
	nanosleep(&trip, NULL);
	atomic_fetch_sub(&inside, 1);
	return others < 2 * PLACES ? 0 : -EBUSY;
}

/* [adapt] */
/* Call this after each result. A round is as many results as the limit. If all
 * of them are good, one more may run at once; otherwise half as many. */
static void adapt(struct par *pool, const struct par_result *r)
{
	static uint64_t quickest = UINT64_MAX;
	static unsigned results, bad;
	struct par_stats now;

	par_stats(pool, &now);
	if (now.limit == 0 || now.running > now.limit)
		return; /* a pause; or the limit has just been halved */
	if (r->error == 0 && r->ran_ns < quickest)
		quickest = r->ran_ns;
	bad += r->error || r->ran_ns / 2 > quickest;
	if (++results < now.limit)
		return;
	/* par_limit() refuses more than options.workers. */
	par_limit(pool, bad ? (now.limit + 1) / 2 : now.limit + 1);
	results = bad = 0;
}
/* [end] */

int main(void)
{
	struct par_options options = { .action = request,
				       .workers = 50,
				       .timed = 1 };
	struct par_stats paused, now;
	unsigned done = 0, most = 0;
	struct par_result r;
	struct par *pool;

	if (par_open(&pool, &options))
		return 1;
	/* [pause] */
	par_limit(pool, 0); /* nothing starts ... */
	for (int i = 0; i < JOBS; i++)
		if (par_push(pool, NULL))
			return 1;
	par_stats(pool, &paused);
	par_limit(pool, 1); /* ... before this */
	/* [end] */
	while (done < JOBS && par_next(pool, &r) > 0) {
		adapt(pool, &r);
		if (r.error == 0)
			done++;
		else if (par_push(pool, r.item)) /* once more */
			break;
		par_stats(pool, &now);
		if (most < now.limit)
			most = now.limit;
	}
	par_close(pool);
	printf("%u of %d done, at most %u at once\n", done, JOBS, most);
	return done != JOBS || most < 2 || paused.started > 0;
}
