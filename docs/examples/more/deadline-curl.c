/* SPDX-License-Identifier: MIT */
/* A transfer has 50 ms. The server takes the connection and never answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include <par.h>

/* [perform] */
/* As curl_easy_perform(), until the action is told to stop. */
static CURLcode perform(CURL *transfer)
{
	struct curl_waitfd stop = { .fd = par_stop_fd(),
				    .events = CURL_WAIT_POLLIN };
	CURLM *multi = curl_multi_init();
	CURLcode rc = CURLE_ABORTED_BY_CALLBACK;
	struct CURLMsg *message;
	int running = 1, left;

	if (!multi || curl_multi_add_handle(multi, transfer))
		running = 0;
	while (running && !par_stopping()) {
		curl_multi_perform(multi, &running);
		if (running)
			curl_multi_poll(multi, &stop, 1, 1000, NULL);
	}
	while ((message = curl_multi_info_read(multi, &left)))
		if (message->msg == CURLMSG_DONE)
			rc = message->data.result;
	curl_multi_remove_handle(multi, transfer);
	curl_multi_cleanup(multi);
	return rc;
}
/* [end] */

static int fetch(void *context, void *url, void **value)
{
	CURL *transfer = curl_easy_init();
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	(void)context, (void)value;
	if (transfer &&
	    curl_easy_setopt(transfer, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(transfer, CURLOPT_NOPROXY, "*") == CURLE_OK)
		rc = perform(transfer);
	curl_easy_cleanup(transfer);
	return (int)rc;
}

/* Returns the port of a server that never answers. */
static unsigned listen_silently(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) ||
	    listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return 0;
	return ntohs(address.sin_port);
}

int main(void)
{
	struct par_options options = { .action = fetch,
				       .workers = 10,
				       .time_limit_ms = 50 };
	struct par_result r;
	struct par *pool;
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%u/", listen_silently());
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (par_open(&pool, &options) || par_push(pool, url) ||
	    par_next(pool, &r) != 1)
		return 1;
	par_close(pool);
	curl_global_cleanup();
	printf("%s: %s\n", url, r.stopped ? strerror(-r.stopped) : "no limit");
	if (r.error == CURLE_COULDNT_CONNECT) {
		puts("skipped: no loopback interface");
		return 77;
	}
	return r.stopped != -ETIMEDOUT || r.error != CURLE_ABORTED_BY_CALLBACK;
}
