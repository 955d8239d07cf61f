/* SPDX-License-Identifier: MIT */
/*
 * Threads alone, each with a libcurl handle and its share of the pages, known
 * beforehand: the ideal of this work by blocking calls.
 */
#include "../peers/measure.h"
#include "transfer.h"

#include <pthread.h>
#include <stdlib.h>

struct share {
	pthread_t thread;
	uintptr_t from, to;
};

static void *work(void *argument)
{
	const struct share *share = argument;
	CURL *handle = transfer_open();

	for (uintptr_t number = share->from; number < share->to; number++) {
		transfer_aim(handle, number);
		transfer_check(handle, curl_easy_perform(handle), number);
	}
	curl_easy_cleanup(handle);
	return NULL;
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	struct share *shares = calloc(job.workers, sizeof *shares);
	uintptr_t number;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (unsigned i = 0; i < job.workers; i++) {
		shares[i].from = job.items * i / job.workers;
		shares[i].to = job.items * (i + 1) / job.workers;
		if (pthread_create(&shares[i].thread, NULL, work, &shares[i]))
			return 1;
	}
	for (unsigned i = 0; i < job.workers; i++)
		pthread_join(shares[i].thread, NULL);
	while (source_next(&number))
		receive(action(number));
	free(shares);
	return measure_end();
}
