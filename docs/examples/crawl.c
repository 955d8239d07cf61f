/* SPDX-License-Identifier: MIT */
/* The dead links of a web site. The action that reads a page pushes what it
 * links to, each URL once; the end comes by itself, when nothing is left. */
#include "links.h"
#include "number.h"
#include "output.h"
#include "stop.h"

#include <err.h>
#include <pthread.h>
#include <search.h>
#include <string.h>

#include <par.h>

enum { WORKERS = 20, SECONDS = 10, LARGEST = 1 << 20 };

struct link {
	const char *from;	   /* the page it was found on */
	char why[CURL_ERROR_SIZE]; /* it is dead */
	char url[];
};

static struct par *pool;
static char *site;  /* "http://host/": only there pages are read */
static void *links; /* a tree, by URL; they live until the end */
static pthread_mutex_t links_lock = PTHREAD_MUTEX_INITIALIZER;

static int by_url(const void *a, const void *b)
{
	return strcmp(((const struct link *)a)->url,
		      ((const struct link *)b)->url);
}

static int push_once(const void *from, const char *url, const char *wrong)
{
	struct link *link = calloc(1, sizeof *link + strlen(url) + 1);
	struct link *first, **found;

	if (!link)
		return -ENOMEM;
	link->from = from;
	strcpy(link->why, wrong ? wrong : "");
	strcpy(link->url, url);
	pthread_mutex_lock(&links_lock);
	found = tsearch(link, &links, by_url);
	first = found ? *found : NULL;
	pthread_mutex_unlock(&links_lock);
	if (first == link)
		return par_push(pool, link);
	free(link);
	return first ? 0 : -ENOMEM;
}

/* Of what is larger than a page it is enough that it comes. */
static size_t keep(char *data, size_t size, size_t count, void *file)
{
	return ftell(file) > LARGEST ? 0 : fwrite(data, size, count, file);
}

/* Where a page of the site has come from, redirected or not; else NULL. */
static char *page_of_site(CURL *curl)
{
	char *type = NULL, *url = NULL, *page = NULL;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
	if (type && strcasestr(type, "html") && !whole_url(url, "", &page) &&
	    strncmp(page, site, strlen(site)) == 0)
		return page;
	curl_free(page);
	return NULL;
}

/* Fails with -errno, or as libcurl does: then link->why has the words. */
static int visit(void *curl, void *item, void **value)
{
	struct link *link = item;
	char *html = NULL, *page;
	size_t size;
	FILE *file;
	int rc;

	(void)value;
	if (*link->why)
		return CURLE_URL_MALFORMAT;
	file = open_memstream(&html, &size);
	if (!file)
		return -errno;
	curl_easy_setopt(curl, CURLOPT_URL, (char *)link->url);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, file);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, link->why);
	rc = (int)curl_easy_perform(curl);
	if (rc && !*link->why)
		strcpy(link->why, curl_easy_strerror((CURLcode)rc));
	page = rc ? NULL : page_of_site(curl);
	if (fclose(file))
		rc = -ENOMEM;
	else if (rc == CURLE_WRITE_ERROR)
		rc = 0; /* it is there, and no page */
	else if (page)
		rc = each_link(page, html, size, push_once, link->url);
	curl_free(page);
	free(html);
	return rc;
}

/* libcurl asks every second, too: a cancel does not wait for what is slow. */
static int must_stop(void *unused, curl_off_t a, curl_off_t b, curl_off_t c,
		     curl_off_t d)
{
	(void)unused, (void)a, (void)b, (void)c, (void)d;
	return par_stopping();
}

static int open_handle(void *unused, void **handle)
{
	CURL *curl = *handle = curl_easy_init();

	(void)unused;
	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a silent DNS */
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, must_stop);
	return 0;
}

static bool is_dead(const struct par_result *r)
{
	const struct link *link = r->item;
	int error = r->stopped ? r->stopped : r->error;

	if (r->error)
		printf("%s (from %s): %s\n", link->url, link->from,
		       error < 0 ? strerror(-error) : link->why);
	return r->error != 0;
}

int main(int argc, char **argv)
{
	struct par_options options = { .action = visit,
				       .workers = WORKERS,
				       .worker_open = open_handle,
				       .worker_close = curl_easy_cleanup,
				       .time_limit_ms = 1000 * SECONDS };
	char *start = NULL;
	struct par_result r;
	unsigned checked = 0, dead = 0;
	int rc;

	if (argc == 3)
		options.time_limit_ms =
			1000 * number("crawl: SECONDS", argv[2], 1, 86400);
	if ((argc != 2 && argc != 3) || whole_url(argv[1], "", &start) ||
	    whole_url(start, "/", &site)) {
		fputs("usage: crawl http[s]://... [SECONDS]\n", stderr);
		return 2;
	}
	output_by_lines();
	catch_stop();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	xmlInitParser();
	rc = par_open(&pool, &options);
	if (rc == 0)
		rc = push_once("the command line", start, NULL);
	curl_free(start);
	if (rc)
		errx(2, "cannot start: %s", strerror(-rc));
	par_finish(pool);
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (stop)
			par_cancel(pool);
		if (rc > 0 && r.error != -ECANCELED &&
		    r.stopped != -ECANCELED) {
			checked++;
			dead += is_dead(&r);
		}
	}
	par_close(pool);
	printf("%u links checked, %u dead%s\n", checked, dead,
	       stop ? ", stopped" : "");
	return dead || stop || output_failed();
}
