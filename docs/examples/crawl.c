/* SPDX-License-Identifier: MIT */
/*
 * crawl: the dead links of a web site. The action that reads a page pushes what
 * it links to, each URL once; the end comes by itself, when nothing is left.
 *
 * site.h keeps the links, links.h finds them in a page, transfer.h fetches, and
 * later.h waits for a server that gets too much.
 */
#include "crawl_options.h"
#include "later.h"
#include "progress.h"
#include "site.h"

enum { TRIES = 5, STACK = 1024 * 1024, OTHER_MOST = 256 * 1024 };

static struct par *pool;
static atomic_uint pages, too_deep, too_many, forbidden;

enum kind { UNKNOWN, HTML, STYLE, OTHER };

/* A page, while it comes. */
struct arrival {
	CURL *curl;
	struct link *link;
	FILE *text;
	enum kind kind;
	bool enough; /* that it comes is all that is wanted */
};

static int push_once(const void *from, const char *url, const char *wrong)
{
	const struct link *page = from;
	struct link *link = new_link(url);
	int rc;

	if (!link)
		return -ENOMEM;
	link->depth = page ? page->depth + 1 : 0;
	link->malformed = wrong != NULL;
	strcpy(link->transfer.why, wrong ? wrong : "");
	link->transfer.host = wrong ? NULL : host_of(url);
	rc = add_link(&link, page);
	if (rc || !link)
		return rc;
	if (page && robots_forbid(url)) {
		atomic_fetch_add(&forbidden, 1);
		return 0;
	}
	return par_push(pool, link);
}

/* What has come, and from where, after all redirects. */
static enum kind kind_of(CURL *curl, char **url)
{
	char *type = NULL, *last = NULL;

	*url = NULL;
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &last);
	if (!type || whole_url(last, "", url) || (site && !on_site(*url)))
		return OTHER;
	return strcasestr(type, "html")	      ? HTML
	       : strcasestr(type, "text/css") ? STYLE
					      : OTHER;
}

/* At the first bytes: whether the links of this page are looked at. */
static void look(struct arrival *a)
{
	char *url;

	a->kind = kind_of(a->curl, &url);
	curl_free(url);
	if (a->kind == OTHER || !site)
		return;
	if (a->link->depth > deepest) {
		atomic_fetch_add(&too_deep, 1);
		a->kind = OTHER;
	} else if (atomic_fetch_add(&pages, 1) >= most_pages) {
		atomic_fetch_add(&too_many, 1);
		a->kind = OTHER;
	}
}

static size_t keep(char *data, size_t size, size_t count, void *arrival)
{
	struct arrival *a = arrival;
	curl_off_t most;

	if (a->kind == UNKNOWN)
		look(a);
	most = a->kind == OTHER ? OTHER_MOST : (curl_off_t)largest_mb << 20;
	a->link->transfer.bytes += (curl_off_t)(size * count);
	a->enough = a->link->transfer.bytes > most;
	a->link->large = a->enough && a->kind != OTHER;
	if (a->enough)
		return 0;
	return a->kind == OTHER ? size * count
				: fwrite(data, size, count, a->text);
}

/* The site is where the first page was found. */
static int settle(struct arrival *a, const char *url)
{
	struct transfer *t = &a->link->transfer;
	int rc = 0;

	if (site)
		return 0;
	if (a->kind != HTML || a->enough) {
		strcpy(t->why, a->kind != HTML ? "this is no page"
					       : "it is too large (-M)");
		return CURLE_WRITE_ERROR;
	}
	if (whole_url(url, "/", &site))
		return -ENOMEM;
	if (!ask_no_robots)
		rc = ask_robots(a->curl, t);
	if (rc == 0) {
		atomic_fetch_add(&pages, 1);
		return 0;
	}
	curl_free(site);
	site = NULL;
	return rc;
}

/* Fails with -errno, or as libcurl does: then transfer.why has the words. */
static int read_page(struct arrival *a, char *text, size_t size)
{
	char *url = NULL;
	int rc = 0;

	if (a->kind == UNKNOWN) /* it is empty */
		look(a);
	if (kind_of(a->curl, &url) != OTHER)
		rc = settle(a, url);
	else if (!site)
		rc = settle(a, "");
	if (rc == 0 && a->kind == HTML)
		rc = each_link(url, text, size, push_once, a->link);
	if (rc == 0 && a->kind == STYLE)
		rc = each_style(url, text, push_once, a->link);
	curl_free(url);
	return rc;
}

static int visit(void *curl, void *item, void **value)
{
	struct link *link = item;
	struct arrival a = { .curl = curl, .link = link };
	char *text = NULL;
	size_t size = 0;
	int rc;

	(void)value;
	if (link->malformed)
		return CURLE_URL_MALFORMAT;
	rc = transfer_prepare(curl, &link->transfer);
	if (rc)
		return rc;
	a.text = open_memstream(&text, &size);
	if (!a.text)
		return -errno;
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a);
	rc = transfer_perform(curl, &link->transfer);
	if (fclose(a.text))
		rc = -ENOMEM;
	else if (rc == CURLE_WRITE_ERROR && a.enough)
		rc = settle(&a, "");
	else if (rc == 0)
		rc = read_page(&a, text, size);
	free(text);
	return rc;
}

/* The loop. */

struct sum {
	unsigned checked, dead, large, left;
};

static void take_result(struct sum *sum, const struct par_result *r)
{
	struct link *link = r->item;

	if (transfer_is_left(r)) {
		sum->left++;
		return;
	}
	sum->checked++;
	sum->large += link->large;
	if (!r->error)
		return;
	sum->dead++;
	link->dead = true;
	transfer_explain(r, limit_s);
}

static void draw_progress(const struct sum *sum, const struct later *later)
{
	struct par_stats stats;

	if (!progress_due())
		return;
	par_stats(pool, &stats);
	progress_draw("%u links checked, %u dead, %zu to go, %u pages read%s",
		      sum->checked, sum->dead,
		      (size_t)(stats.entered - stats.delivered) + later->count,
		      atomic_load(&pages), stop ? ", stopping" : "");
}

static void begin(const char *start)
{
	int rc = par_open(&pool, &(struct par_options){
					 .action = visit,
					 .workers = transfer_workers(WORKERS),
					 .worker_open = transfer_open,
					 .worker_close = transfer_close,
					 .stack_size = STACK,
					 .interrupt = SIGUSR1,
					 .name = "crawl",
					 .time_limit_ms = 1000 * limit_s,
					 .key = transfer_host,
					 .key_limit = at_one_host });

	if (rc == 0)
		rc = push_once(NULL, start, NULL);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	par_finish(pool); /* what actions push still enters */
}

static void crawl(const char *start, struct sum *sum)
{
	struct later later = { .retries = TRIES, .hosts_only = true };
	struct par_result r;
	int rc;

	begin(start);
	while ((rc = later_next(&later, pool, &r)) > 0 || rc == -ETIMEDOUT) {
		if (stop)
			par_cancel(pool);
		if (rc > 0 && !later_takes(&later, &r))
			take_result(sum, &r);
		draw_progress(sum, &later);
	}
	progress_clear(stderr);
	par_close(pool);
	sum->left += (unsigned)later.count;
}

/* The report. */

static void print_page(const void *node, VISIT when, int unused)
{
	const struct link *page = *(struct link *const *)node;

	(void)unused;
	if (when != postorder && when != leaf)
		return;
	putchar('\t');
	tool_print(stdout, page->url);
	putchar('\n');
}

static void print_link(const void *node, VISIT when, int unused)
{
	const struct link *link = *(struct link *const *)node;

	(void)unused;
	if ((when != postorder && when != leaf) || !(link->dead || link->large))
		return;
	tool_print(stdout, link->url);
	if (link->dead)
		fputs(": ", stdout), tool_print(stdout, link->transfer.why);
	else
		printf(": larger than %u MB: its links were not looked at",
		       largest_mb);
	putchar('\n');
	twalk(link->pages, print_page);
}

static void print_sum(const struct sum *sum)
{
	const struct {
		unsigned count;
		const char *text;
	} others[] = {
		{ sum->large, "pages too large" },
		{ atomic_load(&too_deep), "pages too deep (-d)" },
		{ atomic_load(&too_many), "pages too many (-n)" },
		{ atomic_load(&forbidden), "links forbidden by robots.txt" },
		{ sum->left, "links left by the stop" },
	};

	printf("%u links checked, %u dead", sum->checked, sum->dead);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].count)
			printf(", %u %s", others[i].count, others[i].text);
	puts(stop ? ", stopped" : "");
}

int main(int argc, char **argv)
{
	struct sum sum = { 0 };
	char *start = NULL;
	int status;

	parse(argc, argv);
	if (optind + 1 != argc || whole_url(argv[optind], "", &start)) {
		usage(stderr);
		return TOOL_CANNOT;
	}
	tool_begin();
	transfer_begin("http,https");
	xmlInitParser();
	crawl(start, &sum);
	if (site || stop) {
		twalk(links, print_link);
		print_sum(&sum);
		status = sum.dead || sum.large ? TOOL_FAILED : TOOL_DONE;
	} else {
		warnx("nothing was checked: %s: %s", start,
		      (*(struct link **)links)->transfer.why);
		status = TOOL_CANNOT;
	}
	curl_free(start);
	free_site();
	transfer_end();
	return tool_end(status);
}
