/* SPDX-License-Identifier: MIT */
/* fetch -s: what it is worth to fetch at once, from a server in the same
 * process (serve.c), which waits 20 ms before each answer. */
#include "fetch.h"

#include "serve.h"
#include "tool.h"

#include <inttypes.h>
#include <pthread.h>

enum { SAMPLE = 20, DELAY_MS = 20 };

struct own_urls {
	unsigned left;
	uint16_t port;
};

static int next_own_url(void *source, void **url)
{
	struct own_urls *own = source;
	char *text;

	if (own->left == 0)
		return 0;
	if (asprintf(&text, "http://127.0.0.1:%u/%u", (unsigned)own->port,
		     own->left--) < 0)
		return -ENOMEM;
	*url = text;
	return 1;
}

/* "1,000" */
static const char *grouped(uint64_t number, char text[32])
{
	char plain[24];
	int length = snprintf(plain, sizeof plain, "%" PRIu64, number);
	char *out = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = plain[i];
	}
	*out = '\0';
	return text;
}

/* A few of them one after another, to tell how long all would take in that way;
 * then all at once. */
static int compare(const struct fetch_options *options, uint16_t port)
{
	struct fetch_options o = *options;
	struct own_urls own = { .left = SAMPLE, .port = port };
	struct fetch_sum one, all = { 0 };
	double serial;
	char done[32];

	o.quiet = true;
	o.workers = 1;
	if (fetch_all(&o, next_own_url, &own, &one) || one.failed || stop)
		return TOOL_FAILED;
	o.workers = o.at_one_host = options->workers;
	own.left = o.self;
	if (fetch_all(&o, next_own_url, &own, &all) || stop)
		return TOOL_FAILED;
	serial = one.seconds * o.self / (double)SAMPLE;
	printf("%s requests, %" PRIu64 " failed, %.2f s; one after another "
	       "(%d timed) they would have taken %.1f s: %.0f times faster\n",
	       grouped(all.done, done), all.failed, all.seconds, SAMPLE, serial,
	       serial / all.seconds);
	return all.failed ? TOOL_FAILED : TOOL_DONE;
}

static void *serving(void *server)
{
	serve_loop(server);
	return NULL;
}

int fetch_self(const struct fetch_options *options)
{
	/* Some more workers, for connections that are being closed. */
	const struct serve_options more = { .workers = 2 * options->workers,
					    .delay_ms = DELAY_MS };
	struct serve *server;
	pthread_t thread;
	int rc = serve_open(&server, &more);

	setenv("no_proxy", "*", 1); /* no proxy knows the way there */
	if (rc)
		errx(TOOL_CANNOT, "own server: %s", strerror(-rc));
	rc = pthread_create(&thread, NULL, serving, server);
	if (rc)
		errx(TOOL_CANNOT, "own server: %s", strerror(rc));
	rc = compare(options, serve_port(server));
	serve_cancel(server);
	pthread_join(thread, NULL);
	serve_close(server);
	return rc;
}
