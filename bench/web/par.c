/* SPDX-License-Identifier: MIT */
/* This library, each worker with a libcurl handle of its own. */
#include "../peers/measure.h"
#include "transfer.h"

#include <errno.h>

#include <par.h>

static int generate(void *nothing, void **item)
{
	uintptr_t number;

	(void)nothing;
	if (!source_next(&number))
		return 0;
	*item = (void *)number;
	return 1;
}

static int open_handle(void *nothing, void **handle)
{
	(void)nothing;
	*handle = transfer_open();
	return *handle ? 0 : -ENOMEM;
}

static void close_handle(void *handle)
{
	curl_easy_cleanup(handle);
}

static int get(void *handle, void *item, void **value)
{
	uintptr_t number = (uintptr_t)item;

	transfer_aim(handle, number);
	number = transfer_check(handle, curl_easy_perform(handle), number);
	*value = (void *)action(number);
	return 0;
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	struct par_options options = { .action = get,
				       .workers = job.workers,
				       .generate = generate,
				       .capacity = job.bound,
				       .worker_open = open_handle,
				       .worker_close = close_handle };
	struct par_result r;
	struct par *pool;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (par_open(&pool, &options))
		return 1;
	while (par_next(pool, &r) > 0)
		receive((uintptr_t)r.value);
	par_close(pool);
	return measure_end();
}
