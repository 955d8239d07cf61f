/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>

static size_t ignore(char *data, size_t size, size_t count, void *nothing)
{
	(void)data;
	(void)nothing;
	return size * count;
}

CURL *transfer_open(void)
{
	CURL *handle = curl_easy_init();

	if (!handle)
		return NULL;
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore);
	return handle;
}

void transfer_aim(CURL *handle, uintptr_t number)
{
	const char *server = getenv("BENCH_URL");
	char url[256];

	snprintf(url, sizeof url, "%s%ju", server ? server : "",
		 (uintmax_t)number);
	curl_easy_setopt(handle, CURLOPT_URL, url);
}

uintptr_t transfer_check(CURL *handle, CURLcode code, uintptr_t number)
{
	long status = 0;

	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	if (code || status != 200) {
		fprintf(stderr, "page %ju: %s, status %ld\n", (uintmax_t)number,
			curl_easy_strerror(code), status);
		exit(1);
	}
	return number;
}
