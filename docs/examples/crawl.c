/* SPDX-License-Identifier: MIT */
/* The dead links of a web site. The action that reads a page pushes what it
 * links to, each URL once; the end comes by itself, when nothing is left. */
#include "number.h"
#include "stop.h"

#include <curl/curl.h>
#include <err.h>
#include <libxml/HTMLparser.h>
#include <libxml/uri.h>
#include <libxml/xpath.h>
#include <par.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* The most that is read of a page, onto the stack. */
enum { PAGE = 1 << 20, STACK = 2 * PAGE };

struct link {
	const char *from;	   /* the page it was found on */
	char why[CURL_ERROR_SIZE]; /* it is dead */
	char url[];
};

static char *site;	    /* "http://host/": only there pages are read */
static xmlHashTable *links; /* by URL; they live until the end */
static pthread_mutex_t links_lock = PTHREAD_MUTEX_INITIALIZER;

static int push_once(struct par *pool, const char *url, const char *from)
{
	struct link *link = xmlMalloc(sizeof *link + strlen(url) + 1), *first;

	if (!link)
		return -ENOMEM;
	link->from = from;
	strcpy(link->url, url);
	pthread_mutex_lock(&links_lock);
	xmlHashAddEntry(links, BAD_CAST url, link); /* unless there is one */
	first = xmlHashLookup(links, BAD_CAST url);
	pthread_mutex_unlock(&links_lock);
	if (first == link)
		return par_push(pool, link);
	xmlFree(link);
	return first ? 0 : -ENOMEM;
}

static int push_links(const xmlChar *page, const char *base, const char *from)
{
	xmlDoc *doc = htmlReadDoc(page, NULL, NULL, HTML_PARSE_NOERROR);
	xmlXPathContext *paths = xmlXPathNewContext(doc);
	xmlXPathObject *found = xmlXPathEval(BAD_CAST "//@href|//@src", paths);
	xmlNodeSet *set = found ? found->nodesetval : NULL;
	int rc = found ? 0 : -ENOMEM;

	for (int i = 0; rc == 0 && i < xmlXPathNodeSetGetLength(set); i++) {
		xmlXPathObject *text = xmlXPathNodeEval(
			set->nodeTab[i], BAD_CAST "normalize-space()", paths);
		xmlChar *link = xmlURIEscapeStr(text ? text->stringval : NULL,
						BAD_CAST "%:/?#[]@$&+,;=");
		xmlChar *url = xmlBuildURI(link, BAD_CAST base);

		if (url && !strncasecmp((char *)url, "http", 4)) {
			url[strcspn((char *)url, "#")] = '\0';
			rc = push_once(par_self(), (char *)url, from);
		}
		xmlFree(url);
		xmlFree(link);
		xmlXPathFreeObject(text);
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(paths);
	xmlFreeDoc(doc);
	return rc;
}

/* Fails with -errno, or as libcurl does: then link->why has the words. */
static int visit(void *curl, void *item, void **value)
{
	struct link *link = item;
	char page[PAGE] = "", *url = link->url, *type = NULL, *base = NULL;
	FILE *file = fmemopen(page, PAGE - 1, "w");
	int rc;

	(void)value;
	if (!file)
		return -errno;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, file);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, link->why);
	rc = (int)curl_easy_perform(curl);
	fclose(file);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &base);
	if (rc == CURLE_WRITE_ERROR)
		rc = 0; /* it is there, and larger than a page */
	if (rc == 0 && type && !strncasecmp(type, "text/html", 9) &&
	    !strncmp(base, site, strlen(site)))
		rc = push_links(BAD_CAST page, base, url);
	return rc;
}

/* Asked after each interrupt: a close ends the transfer at once. */
static int is_canceled(void *pool, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return par_canceled(pool);
}

static int open_handle(void *seconds, void **handle)
{
	CURL *curl = *handle = curl_easy_init();

	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, *(long *)seconds);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_canceled);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, par_self());
	return 0;
}

int main(int argc, char **argv)
{
	long seconds = 10;
	struct par_options options = {
		.action = visit,
		.worker_open = open_handle,
		.worker_close = curl_easy_cleanup,
		.context = &seconds,
		.workers = 20,
		.stack_size = STACK,
		.interrupt = SIGUSR1,
	};
	struct par_result r;
	struct par_stats now;
	struct par *pool;
	int rc;

	while ((rc = getopt(argc, argv, "t:")) == 't')
		seconds = (long)number("crawl: -t", optarg, 1, 86400);
	if (rc == -1 && optind + 1 == argc)
		site = (char *)xmlBuildURI(BAD_CAST "/", BAD_CAST argv[optind]);
	if (!site || strncasecmp(site, "http", 4) != 0)
		errx(2, "usage: [-t SECONDS] http[s]://...");
	setvbuf(stdout, NULL, _IOLBF, 0); /* each as it is found */
	catch_stop();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	xmlInitParser();
	links = xmlHashCreate(0);
	rc = par_open(&pool, &options);
	if (rc == 0)
		rc = push_once(pool, argv[optind], "the command line");
	if (rc)
		errx(2, "cannot start: %s", strerror(-rc));
	par_finish(pool);
	while (!stop && (rc = par_next_timed(pool, &r, 100)) != 0) {
		const struct link *dead = rc > 0 && r.error ? r.item : NULL;

		if (dead)
			printf("%s (from %s): %s\n", dead->url, dead->from,
			       r.error < 0 ? strerror(-r.error) : dead->why);
	}
	par_stats(pool, &now);
	par_close(pool);
	printf("%ju links checked, %ju dead%s\n", (uintmax_t)now.finished,
	       (uintmax_t)now.failed, stop ? ", stopped" : "");
	xmlHashFree(links, xmlHashDefaultDeallocator);
	xmlFree(site);
	return now.failed || stop || fflush(stdout) || ferror(stdout);
}
