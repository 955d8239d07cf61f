/* SPDX-License-Identifier: MIT */
/* The dead links of a web site: what a page links to is pushed, each URL once,
 * and the end comes when nothing is left. Exit status 1: some are dead. */
#include "number.h"

#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <libxml/HTMLparser.h>
#include <libxml/uri.h>
#include <libxml/xpath.h>

#include <par.h>

struct link {
	char *url;
	const char *from; /* the page it was found on */
	CURL *curl;	  /* these two while it is fetched */
	xmlBuffer *page;
	long status;
};

/* Every link there is. The tree owns them, for they point at each other. */
static void *seen;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
/* "http://host/" where the start led to: set before the second link is pushed,
 * which makes it visible to whoever fetches that. */
static char *site;
static long seconds = 10;
static volatile sig_atomic_t stop;

/* The one spelling of a link that the tree knows; NULL: not for HTTP. */
static char *spell(const xmlChar *text, const char *base)
{
	static const char blanks[] = " \t\n\f\r";
	const char *from = (const char *)text + strspn((char *)text, blanks);
	size_t size = strlen(from);
	xmlChar *bare, *escaped, *whole;
	CURLU *parts = curl_url();
	char *url = NULL;

	/* What browsers forgive: blanks around it, which are none of it, and in
	 * it, and letters that are not ASCII. */
	while (size > 0 && strchr(blanks, from[size - 1]))
		size--;
	bare = xmlStrndup(BAD_CAST from, (int)size);
	escaped = xmlURIEscapeStr(bare, BAD_CAST "%:/?#[]@$&+,;=");
	whole = xmlBuildURI(escaped, BAD_CAST base);
	if (whole && !strncasecmp((char *)whole, "http", 4) &&
	    !curl_url_set(parts, CURLUPART_URL, (char *)whole, 0) &&
	    !curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0))
		curl_url_get(parts, CURLUPART_URL, &url, CURLU_NO_DEFAULT_PORT);
	curl_url_cleanup(parts);
	xmlFree(whole);
	xmlFree(escaped);
	xmlFree(bare);
	return url;
}

static int by_url(const void *a, const void *b)
{
	return strcmp(((const struct link *)a)->url,
		      ((const struct link *)b)->url);
}

static void forget(void *link)
{
	curl_free(((struct link *)link)->url);
	free(link);
}

static int push_unseen(struct par *pool, char *url, const char *from)
{
	struct link *link = malloc(sizeof *link), *first, **place;

	if (!link) {
		curl_free(url);
		return -ENOMEM;
	}
	*link = (struct link){ .url = url, .from = from };
	pthread_mutex_lock(&seen_lock);
	place = tsearch(link, &seen, by_url);
	first = place ? *place : NULL;
	pthread_mutex_unlock(&seen_lock);
	if (first == link)
		return par_push(pool, link);
	forget(link);
	return first ? 0 : -ENOMEM;
}

static int push_links(const struct link *link, const char *base)
{
	xmlDoc *doc = htmlReadMemory((const char *)xmlBufferContent(link->page),
				     xmlBufferLength(link->page), base, NULL,
				     HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
	/* Of an empty page there is no document, in which nothing is found. */
	xmlXPathContext *paths = xmlXPathNewContext(doc);
	xmlXPathObject *found = xmlXPathEval(
		BAD_CAST "//a/@href | //img/@src | //link/@href", paths);
	int count = found ? xmlXPathNodeSetGetLength(found->nodesetval) : 0;
	int rc = 0;

	for (int i = 0; i < count && rc == 0; i++) {
		xmlNode *attribute = xmlXPathNodeSetItem(found->nodesetval, i);
		xmlChar *text = xmlNodeGetContent(attribute);
		char *url = text ? spell(text, base) : NULL;

		if (url)
			rc = push_unseen(par_self(), url, link->url);
		xmlFree(text);
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(paths);
	xmlFreeDoc(doc);
	return rc;
}

static bool is_ours(const char *url)
{
	return !site || strncmp(url, site, strlen(site)) == 0;
}

/* Where the redirects have led to. */
static char *final_url(CURL *curl)
{
	char *url = NULL;

	curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
	return url;
}

static bool has_links(CURL *curl)
{
	char *type = NULL;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	return type && !strncasecmp(type, "text/html", 9) &&
	       is_ours(final_url(curl));
}

static size_t keep(char *data, size_t size, size_t count, void *item)
{
	struct link *link = item;

	/* Of anything but a page it is enough that it comes. */
	if (!has_links(link->curl) ||
	    xmlBufferAdd(link->page, BAD_CAST data, (int)(size * count)))
		return 0;
	return size * count;
}

static int visit(void *curl, void *item, void **value)
{
	struct link *link = item;
	int rc;

	(void)value;
	link->curl = curl;
	link->page = xmlBufferCreate();
	curl_easy_setopt(curl, CURLOPT_URL, link->url);
	curl_easy_setopt(curl, CURLOPT_NOBODY, (long)!is_ours(link->url));
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, link);
	rc = (int)curl_easy_perform(curl);
	if (rc == CURLE_WRITE_ERROR && !has_links(curl))
		rc = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &link->status);
	if (rc == 0 && link->status < 400 && has_links(curl)) {
		if (!site)
			site = spell(BAD_CAST "/", final_url(curl));
		rc = site ? push_links(link, final_url(curl)) : -ENOMEM;
	}
	xmlBufferFree(link->page);
	return rc;
}

/* Asked after each interrupt: a cancel ends the transfer at once. */
static int is_canceled(void *pool, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return par_canceled(pool);
}

static int open_handle(void *context, void **handle)
{
	CURL *curl = *handle = curl_easy_init();

	(void)context;
	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_canceled);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, par_self());
	return 0;
}

static void ask_to_stop(int signal)
{
	(void)signal;
	stop = 1;
}

/* True if it is dead. */
static bool report(const struct par_result *r)
{
	const struct link *link = r->item;

	if (r->error)
		printf("--- %s (from %s): %s\n", link->url, link->from,
		       r->error < 0 ? strerror(-r->error)
				    : curl_easy_strerror((CURLcode)r->error));
	else if (link->status >= 400)
		printf("%ld %s (from %s)\n", link->status, link->url,
		       link->from);
	return r->error || link->status >= 400;
}

static int take_all(struct par *pool)
{
	unsigned long checked = 0, dead = 0;
	struct par_result r;
	int rc;

	while ((rc = par_next_timed(pool, &r, 100)) != 0) {
		if (stop)
			par_cancel(pool);
		if (rc < 0 || r.error == -ECANCELED ||
		    r.error == CURLE_ABORTED_BY_CALLBACK)
			continue; /* nothing yet, or cut off */
		checked++;
		dead += report(&r);
	}
	printf("%lu links checked, %lu dead%s\n", checked, dead,
	       stop ? ", stopped" : "");
	return dead || stop;
}

static int crawl(const struct par_options *options, char *url)
{
	struct par *pool;
	int rc = par_open(&pool, options);

	if (rc) {
		fprintf(stderr, "crawl: cannot start: %s\n", strerror(-rc));
		curl_free(url);
		return 1;
	}
	rc = push_unseen(pool, url, "the command line") != 0;
	par_finish(pool);
	rc |= take_all(pool);
	par_close(pool);
	return rc;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = ask_to_stop,
				    .sa_flags = (int)SA_RESETHAND };
	struct par_options options = { .action = visit,
				       .workers = 20,
				       .worker_open = open_handle,
				       .worker_close = curl_easy_cleanup,
				       .interrupt = SIGUSR1 };
	int option, status;
	char *url = NULL;

	while ((option = getopt(argc, argv, "n:t:")) != -1)
		if (option == 'n')
			options.workers =
				(unsigned)number("crawl: -n", optarg, 1, 10000);
		else if (option == 't')
			seconds = (long)number("crawl: -t", optarg, 1, 86400);
		else
			optind = argc; /* getopt() has said why */
	if (optind + 1 == argc)
		url = spell(BAD_CAST argv[optind], NULL);
	if (!url) {
		fputs("usage: crawl [-n WORKERS] [-t SECONDS] http[s]://...\n",
		      stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* each as it is found */
	sigaction(SIGINT, &action, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	xmlInitParser();
	status = crawl(&options, url);
	tdestroy(seen, forget);
	curl_free(site);
	xmlCleanupParser();
	curl_global_cleanup();
	if (fflush(stdout) || ferror(stdout))
		status = 1;
	return status;
}
