/* SPDX-License-Identifier: MIT */
/*
 * What is known of each host. Its name is looked up once: the first transfer
 * holds the others up until it has an address, and they find that address in
 * the cache that all share. If a host says that it gets too much, nothing is
 * asked of it for a while, and then one request after the other.
 */
#ifndef HOST_H
#define HOST_H

#include <pthread.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "clock.h"

enum { GAP_MS = 50, LONGEST_GAP_MS = 5000 };

struct host {
	pthread_mutex_t name_lock;
	bool name_known; /* it was looked up, or that was tried */
	/* The rest belongs to hosts_lock. */
	int64_t closed_ms; /* nothing is asked of it before */
	int64_t turn_ms;   /* when the next request may start */
	int64_t gap_ms;	   /* between two starts; 0: as many as there are */
	char name[];
};

static pthread_mutex_t hosts_lock = PTHREAD_MUTEX_INITIALIZER;
static void *hosts; /* a tree, by name; they live until the end */

static inline int host_by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct host *)a)->name,
			  ((const struct host *)b)->name);
}

static inline struct host *host_named(const char *name)
{
	struct host *host = calloc(1, sizeof *host + strlen(name) + 1);
	struct host **found;

	if (!host)
		return NULL;
	strcpy(host->name, name);
	pthread_mutex_init(&host->name_lock, NULL);
	pthread_mutex_lock(&hosts_lock);
	found = tsearch(host, &hosts, host_by_name);
	pthread_mutex_unlock(&hosts_lock);
	if (found && *found == host)
		return host;
	free(host);
	return found ? *found : NULL;
}

/* The host of a URL. NULL: it has none, or there is no memory. */
static inline struct host *host_of(const char *url)
{
	const unsigned how = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
	struct host *host = NULL;
	CURLU *parts = curl_url();
	char *name = NULL;

	if (!curl_url_set(parts, CURLUPART_URL, url, how) &&
	    !curl_url_get(parts, CURLUPART_HOST, &name, 0) && *name)
		host = host_named(name);
	curl_free(name);
	curl_url_cleanup(parts);
	return host;
}

/* A transfer is about to start; true: it is the one that looks the name up. */
static inline bool host_enter(struct host *host)
{
	pthread_mutex_lock(&host->name_lock);
	if (!host->name_known)
		return true;
	pthread_mutex_unlock(&host->name_lock);
	return false;
}

static inline void host_name_known(struct host *host)
{
	host->name_known = true;
	pthread_mutex_unlock(&host->name_lock);
}

/* When a request may start that has no turn yet, or whose turn came while the
 * host was closed; 0: now. */
static inline int64_t host_turn(struct host *host, bool has_turn)
{
	const int64_t now = clock_ms();
	int64_t turn = 0;

	pthread_mutex_lock(&hosts_lock);
	if (now < host->closed_ms || (host->gap_ms && !has_turn)) {
		turn = host->turn_ms > now ? host->turn_ms : now;
		host->turn_ms = turn + host->gap_ms;
	}
	pthread_mutex_unlock(&hosts_lock);
	return turn;
}

/* The host has said that it gets too much. What was under way when it said so
 * is answered in the same way, and counts as one with it. */
static inline void host_close(struct host *host, int64_t until_ms)
{
	int64_t gap;

	pthread_mutex_lock(&hosts_lock);
	if (host->closed_ms <= clock_ms()) {
		gap = host->gap_ms ? 2 * host->gap_ms : GAP_MS;
		host->gap_ms = gap < LONGEST_GAP_MS ? gap : LONGEST_GAP_MS;
	}
	if (host->closed_ms < until_ms)
		host->closed_ms = until_ms;
	if (host->turn_ms < until_ms)
		host->turn_ms = until_ms;
	pthread_mutex_unlock(&hosts_lock);
}

#endif
