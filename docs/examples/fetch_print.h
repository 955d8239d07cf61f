/* SPDX-License-Identifier: MIT */
/* What fetch prints while it runs: a line for each transfer that has ended, and
 * how far it is. */
#ifndef FETCH_PRINT_H
#define FETCH_PRINT_H

#include "fetch.h"
#include "progress.h"
#include "transfer.h"

#include <inttypes.h>

static void print_result(const struct par_result *r)
{
	const struct transfer *t = r->item;

	progress_clear(stdout);
	if (r->error)
		printf("---");
	else
		printf("%03ld", t->status);
	printf(" %10" PRId64 " B %7.0f ms  ", (int64_t)t->bytes,
	       (double)r->ran_ns / 1e6);
	tool_print(stdout, t->url);
	if (r->error) {
		fputs(": ", stdout);
		tool_print(stdout, t->why);
	}
	putchar('\n');
}

/* So many wait for another try. */
static void draw_progress(const struct fetch_sum *sum, struct par *pool,
			  size_t waiting)
{
	struct par_stats stats;

	if (!progress_due())
		return;
	par_stats(pool, &stats);
	progress_draw("%" PRIu64 " done, %" PRIu64 " failed, %u under way, "
		      "%zu%s to go%s",
		      sum->done, sum->failed, stats.running,
		      stats.queued + stats.ready + waiting,
		      stats.ended ? "" : " or more", stop ? ", stopping" : "");
}

#endif
