/* SPDX-License-Identifier: MIT */
/* The dead links of a web site. The action that reads a page pushes what it
 * links to, each URL once; the end comes by itself, when nothing is left. */
#include "number.h"
#include "stop.h"

#include <pthread.h>
#include <string.h>

#include <curl/curl.h>
#include <libxml/HTMLparser.h>
#include <libxml/uri.h>
#include <libxml/xpath.h>

#include <par.h>

enum { WORKERS = 20, SECONDS = 10, LARGEST = 1 << 20 };

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

static int push_links(const struct link *from, const char *page, size_t size,
		      const char *base)
{
	xmlDoc *doc =
		htmlReadMemory(page, (int)size, NULL, NULL, HTML_PARSE_NOERROR);
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
			rc = push_once(par_self(), (char *)url, from->url);
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

/* Of what is larger than a page it is enough that it comes. */
static size_t keep(char *data, size_t size, size_t count, void *file)
{
	return ftell(file) > LARGEST ? 0 : fwrite(data, size, count, file);
}

/* Fails with -errno, or as libcurl does: then link->why has the words. */
static int visit(void *curl, void *item, void **value)
{
	char *page = NULL, *type = NULL, *url;
	size_t size;
	FILE *file = open_memstream(&page, &size);
	struct link *link = item;
	int rc;

	(void)value;
	if (!file)
		return -errno;
	url = link->url;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, file);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, link->why);
	rc = (int)curl_easy_perform(curl);
	if (rc && !*link->why) /* as for a URL that is none */
		strcpy(link->why, curl_easy_strerror((CURLcode)rc));
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
	if (fclose(file))
		rc = CURLE_OUT_OF_MEMORY;
	if (rc == CURLE_WRITE_ERROR)
		rc = 0; /* it is there, and no page */
	else if (rc == 0 && type && strstr(type, "html") &&
		 strncmp(url, site, strlen(site)) == 0)
		rc = push_links(link, page, size, url);
	free(page);
	return rc;
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
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	return 0;
}

int main(int argc, char **argv)
{
	long seconds = SECONDS;
	struct par_options options = { .action = visit,
				       .context = &seconds,
				       .worker_open = open_handle,
				       .worker_close = curl_easy_cleanup,
				       .workers = WORKERS };
	struct par_result r;
	struct par_stats now;
	struct par *pool;
	int rc;

	if (argc == 3)
		seconds = (long)number("crawl: SECONDS", argv[2], 1, 86400);
	if (argc == 2 || argc == 3)
		site = (char *)xmlBuildURI(BAD_CAST "/", BAD_CAST argv[1]);
	if (!site || strncasecmp(site, "http", 4) != 0) {
		fputs("usage: crawl http[s]://... [SECONDS]\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* each as it is found */
	catch_stop();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	xmlInitParser();
	links = xmlHashCreate(0);
	rc = par_open(&pool, &options);
	if (rc == 0)
		rc = push_once(pool, argv[1], "the command line");
	if (rc) {
		fprintf(stderr, "crawl: cannot start: %s\n", strerror(-rc));
		return 2;
	}
	par_finish(pool);
	while (!stop && (rc = par_next_timed(pool, &r, 100)) != 0)
		if (rc > 0 && r.error) {
			struct link *dead = r.item;

			printf("%s (from %s): %s\n", dead->url, dead->from,
			       r.error < 0 ? strerror(-r.error) : dead->why);
		}
	if (stop)
		fputs("crawl: what is under way ends first\n", stderr);
	par_stats(pool, &now);
	par_close(pool);
	printf("%ju links checked, %ju dead%s\n", (uintmax_t)now.finished,
	       (uintmax_t)now.failed, stop ? ", stopped" : "");
	return now.failed || stop || fflush(stdout) || ferror(stdout);
}
