/* SPDX-License-Identifier: MIT */
/*
 * libuv: uv_queue_work(). Its threads (UV_THREADPOOL_SIZE, set here) start with
 * the first request; results come to the loop's thread as callbacks, several at
 * a turn. It calls no source and bounds nothing: each result that comes back
 * lets the loop feed the next, BOUND + WORKERS in flight.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct request {
	uv_work_t work;
	uintptr_t item, result;
};

static struct job job;

static void work(uv_work_t *work)
{
	struct request *request = (struct request *)work;

	request->result = action(request->item);
}

static void done(uv_work_t *work, int status);

static void feed(struct request *request)
{
	if (!source_next(&request->item))
		return;
	if (job.ping)
		trip_begins();
	uv_queue_work(uv_default_loop(), &request->work, work, done);
}

static void done(uv_work_t *work, int status)
{
	struct request *request = (struct request *)work;

	(void)status;
	receive(request->result);
	feed(request);
}

int main(int argc, char **argv)
{
	struct request *requests;
	size_t flying;
	char size[16];

	job = measure_begin(argc, argv);
	flying = job.ping ? 1 : job.bound + job.workers;
	requests = calloc(flying, sizeof *requests);
	snprintf(size, sizeof size, "%u", job.workers);
	setenv("UV_THREADPOOL_SIZE", size, 1);
	for (size_t i = 0; i < flying; i++)
		feed(&requests[i]);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_loop_close(uv_default_loop());
	uv_library_shutdown();
	free(requests);
	return measure_end();
}
