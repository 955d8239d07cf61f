/* SPDX-License-Identifier: MIT */
/* The site of crawl.c: its links, each once, with the pages that hold it; and
 * what it asks programs not to fetch. */
#ifndef SITE_H
#define SITE_H

#include "robots.h"
#include "transfer.h"

#include <search.h>
#include <stdatomic.h>

enum { ROBOTS_LARGEST = 512 * 1024 };
#define AGENT "par-crawl"

struct link {
	struct transfer transfer; /* the first field, for transfer.h */
	void *pages;		  /* a tree: the pages that hold it */
	unsigned depth;		  /* so many clicks from the start */
	bool malformed, dead, large;
	char url[];
};

static char *site; /* "http://host/", where the first page was found */
static struct robots_rule *robots;
static void *links; /* a tree, by URL; they live until the end */
static pthread_mutex_t links_lock = PTHREAD_MUTEX_INITIALIZER;

static inline int by_url(const void *a, const void *b)
{
	return strcmp(((const struct link *)a)->url,
		      ((const struct link *)b)->url);
}

static inline struct link *new_link(const char *url)
{
	struct link *link = calloc(1, sizeof *link + strlen(url) + 1);

	if (!link)
		return NULL;
	strcpy(link->url, url);
	link->transfer.url = link->url;
	return link;
}

static inline bool on_site(const char *url)
{
	return strncmp(url, site, strlen(site)) == 0;
}

static inline bool robots_forbid(const char *url)
{
	return on_site(url) && !robots_allow(robots, url + strlen(site) - 1);
}

/* Puts a link into the tree. *link becomes NULL if it was there before. */
static inline int add_link(struct link **link, const struct link *page)
{
	struct link **found;
	int rc = 0;

	pthread_mutex_lock(&links_lock);
	found = tsearch(*link, &links, by_url);
	if (!found || (page && !tsearch(page, &(*found)->pages, by_url)))
		rc = -ENOMEM;
	pthread_mutex_unlock(&links_lock);
	if (found && *found == *link)
		return rc;
	free(*link);
	*link = NULL;
	return rc;
}

static inline void no_free(void *page)
{
	(void)page;
}

static inline void free_link(void *link)
{
	tdestroy(((struct link *)link)->pages, no_free);
	free(link);
}

static inline void free_site(void)
{
	tdestroy(links, free_link);
	robots_free(robots);
	curl_free(site);
}

/* Asks for robots.txt. If there is none, all is allowed; but if it cannot be
 * had for now, nothing is. Then *asked tells why, and may be tried again later.
 */
static inline int ask_robots(CURL *curl, struct transfer *asked)
{
	struct transfer t = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	int rc;

	if (!file || whole_url(site, "/robots.txt", &t.url))
		return -ENOMEM;
	transfer_prepare(curl, &t);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, file);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)ROBOTS_LARGEST);
	rc = transfer_perform(curl, &t);
	if (rc == 0 && (t.status >= 500 || t.status == 429))
		rc = CURLE_HTTP_RETURNED_ERROR;
	if (rc) {
		asked->status = t.status;
		asked->retry_after_s = t.retry_after_s;
		snprintf(asked->why, sizeof asked->why,
			 "robots.txt (else --no-robots): %.200s",
			 *t.why ? t.why : "the server has failed");
	}
	if (fclose(file))
		rc = -ENOMEM;
	if (rc == 0 && t.status < 400)
		robots = robots_read(text, site, AGENT);
	curl_free(t.url);
	free(text);
	return rc;
}

#endif
