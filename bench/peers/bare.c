/* SPDX-License-Identifier: MIT */
/*
 * Threads alone, as the ideal of work that blocks: each does its share of the
 * numbers, known beforehand; nothing is queued, bounded or handed over, and the
 * results are added up when all have ended.
 */
#include "measure.h"

#include <pthread.h>
#include <stdlib.h>

struct share {
	pthread_t thread;
	uintptr_t from, to, sum;
};

static void *work(void *argument)
{
	struct share *share = argument;

	for (uintptr_t item = share->from; item < share->to; item++)
		share->sum += action(item) - (item + 1);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	struct share *shares = calloc(job.workers, sizeof *shares);
	uintptr_t item;

	if (job.ping)
		measure_cannot();
	for (unsigned i = 0; i < job.workers; i++) {
		shares[i].from = job.items * i / job.workers;
		shares[i].to = job.items * (i + 1) / job.workers;
		if (pthread_create(&shares[i].thread, NULL, work, &shares[i]))
			return 1;
	}
	for (unsigned i = 0; i < job.workers; i++)
		pthread_join(shares[i].thread, NULL);
	while (source_next(&item))
		receive(item + 1);
	free(shares);
	return measure_end();
}
