/* SPDX-License-Identifier: MIT */
/*
 * libcurl's own way to many transfers: one thread, WORKERS handles in a
 * curl_multi, each given the next page when it has one.
 */
#include "../peers/measure.h"
#include "transfer.h"

#include <stdlib.h>

/* Gives the handle its next page; without one it is done with. */
static bool start(CURLM *multi, CURL *handle)
{
	uintptr_t number;

	if (!source_next(&number)) {
		curl_easy_cleanup(handle);
		return false;
	}
	transfer_aim(handle, number);
	curl_easy_setopt(handle, CURLOPT_PRIVATE, (void *)number);
	return curl_multi_add_handle(multi, handle) == CURLM_OK;
}

static bool finish(CURLM *multi, CURL *handle, CURLcode code)
{
	void *number;

	curl_easy_getinfo(handle, CURLINFO_PRIVATE, &number);
	receive(action(transfer_check(handle, code, (uintptr_t)number)));
	curl_multi_remove_handle(multi, handle);
	return start(multi, handle);
}

int main(int argc, char **argv)
{
	struct job job = measure_begin(argc, argv);
	CURLM *multi;
	CURLMsg *message;
	int running = 1, waiting;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	for (unsigned i = 0; i < job.workers; i++)
		start(multi, transfer_open());
	while (running) {
		if (curl_multi_perform(multi, &running))
			return 1;
		while ((message = curl_multi_info_read(multi, &waiting)))
			running += finish(multi, message->easy_handle,
					  message->data.result);
		if (running && curl_multi_poll(multi, NULL, 0, 1000, NULL))
			return 1;
	}
	curl_multi_cleanup(multi);
	return measure_end();
}
