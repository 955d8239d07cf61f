/* SPDX-License-Identifier: MIT */
/*
 * fetch: many URLs at once, by blocking transfers.
 *
 * The generator brings a URL, the action transfers it, and the loop prints what
 * came of it. How libcurl is used is in transfer.h, the second tries are in
 * later.h, the bodies in body.h.
 */
#include "fetch.h"

#include "body.h"
#include "fetch_options.h"
#include "later.h"
#include "progress.h"

#include <inttypes.h>

enum { STACK = 512 * 1024, AHEAD = 10000 };

static struct fetch_options asked;
static FILE *rest; /* the URLs that were not done */

/* The generator. */

struct urls {
	par_generate_fn *next;
	void *source;
};

static int next_transfer(void *urls, void **item)
{
	struct urls *u = urls;
	struct transfer *t;
	void *url;
	int rc = u->next(u->source, &url);

	if (rc <= 0)
		return rc;
	*item = t = calloc(1, sizeof *t);
	if (!t) {
		free(url);
		return -ENOMEM;
	}
	t->url = url;
	t->host = host_of(url);
	return 1;
}

/* The action. */

static int fetch_url(void *curl, void *item, void **value)
{
	struct transfer *t = item;
	struct body body = { .transfer = t };
	int rc = transfer_prepare(curl, t), written;

	(void)value;
	if (rc == 0 && asked.folder)
		rc = body_open(&body, asked.folder);
	if (rc)
		return rc;
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, asked.protocols);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, asked.protocols);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	if (asked.self) /* no proxy knows the way there */
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	rc = transfer_perform(curl, t);
	if (!body.file)
		return rc;
	written = body_close(&body, asked.folder, !rc && t->status < 400);
	return rc ? rc : written;
}

/* The loop. */

static void print_result(const struct par_result *r)
{
	const struct transfer *t = r->item;

	progress_clear();
	if (r->error)
		printf("---");
	else
		printf("%03ld", t->status);
	printf(" %10" PRId64 " B %7.0f ms  ", (int64_t)t->bytes,
	       (double)r->ran_ns / 1e6);
	tool_print(stdout, t->url);
	if (r->error) {
		fputs(": ", stdout);
		if (r->stopped)
			printf("it took more than %u s", asked.limit_s);
		else
			tool_print(stdout,
				   r->error < 0 ? strerror(-r->error) : t->why);
	}
	putchar('\n');
}

static void leave(struct fetch_sum *sum, const char *url)
{
	sum->left++;
	if (rest)
		fprintf(rest, "%s\n", url);
}

static void take_result(struct fetch_sum *sum, const struct par_result *r)
{
	struct transfer *t = r->item;

	if (r->error == -ECANCELED || (r->error && r->stopped == -ECANCELED)) {
		leave(sum, t->url);
	} else {
		const bool failed = r->error || t->status >= 400;

		sum->done++;
		sum->failed += failed;
		if (failed || !asked.quiet)
			print_result(r);
	}
	free(t->url);
	free(t);
}

static void draw_progress(const struct fetch_sum *sum, struct par *pool,
			  const struct later *later)
{
	struct par_stats stats;

	if (!progress_due())
		return;
	par_stats(pool, &stats);
	fprintf(stderr, "%" PRIu64 " done, %" PRIu64 " failed, %u under way, ",
		sum->done, sum->failed, stats.running);
	fprintf(stderr, "%zu%s to go%s",
		stats.queued + stats.ready + later->count,
		stats.ended ? "" : " or more", stop ? ", stopping" : "");
}

/* After a stop: what waits for another try, and what was not read yet. */
static void leave_others(struct fetch_sum *sum, struct later *later,
			 const struct urls *urls)
{
	struct par_result r = { .error = -ECANCELED };
	void *url;

	while ((r.item = later->first)) {
		later->first = later->first->later;
		take_result(sum, &r);
	}
	while (rest && urls->next(urls->source, &url) > 0) {
		leave(sum, url);
		free(url);
	}
}

int fetch_all(const struct fetch_options *options, par_generate_fn *generate,
	      void *source, struct fetch_sum *sum)
{
	struct urls urls = { generate, source };
	struct later later = { .retries = options->retries };
	const int64_t begun = clock_ms();
	struct par_result r;
	struct par *pool;
	int rc;

	asked = *options;
	*sum = (struct fetch_sum){ 0 };
	rc = par_open(&pool, &(struct par_options){
				     .action = fetch_url,
				     .workers = asked.workers,
				     .generate = next_transfer,
				     .source = &urls,
				     .capacity = AHEAD,
				     .window = AHEAD,
				     .worker_open = transfer_open,
				     .worker_close = transfer_close,
				     .stack_size = STACK,
				     .interrupt = SIGUSR1,
				     .name = "fetch",
				     .time_limit_ms = 1000 * asked.limit_s,
				     .key = transfer_host,
				     .key_limit = asked.at_one_host,
				     .timed = 1 });
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	while ((rc = later_next(&later, pool, &r)) > 0 || rc == -ETIMEDOUT) {
		if (stop)
			par_cancel(pool);
		if (rc > 0 && !later_takes(&later, &r))
			take_result(sum, &r);
		draw_progress(sum, pool, &later);
	}
	progress_clear();
	par_close(pool);
	if (stop)
		leave_others(sum, &later, &urls);
	sum->seconds = (double)(clock_ms() - begun) / 1e3;
	return rc;
}

static void check_protocols(const char *protocols)
{
	CURL *curl = curl_easy_init();

	if (curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols))
		errx(TOOL_CANNOT, "-p: libcurl does not know all of '%s'",
		     protocols);
	curl_easy_cleanup(curl);
}

/* Where the URLs come from. */

static int next_argument(void *arguments, void **url)
{
	char ***next = arguments;

	if (!**next)
		return 0;
	*url = strdup(*(*next)++);
	return *url ? 1 : -ENOMEM;
}

/* A line without the blanks around it; empty ones and comments are left out. */
static int next_line(void *file, void **url)
{
	int rc;

	while ((rc = par_from_lines(file, url)) > 0) {
		char *line = *url;
		const size_t blanks = strspn(line, " \t\r");
		size_t length = strlen(line);

		while (length > blanks && strchr(" \t\r", line[length - 1]))
			length--;
		line[length] = '\0';
		if (length > blanks && line[blanks] != '#') {
			memmove(line, line + blanks, length - blanks + 1);
			return 1;
		}
		free(line);
	}
	return rc;
}

static int fetch_given(const struct fetch_options *options, char **arguments)
{
	const char *list = options->list;
	const bool from_stdin = !list || strcmp(list, "-") == 0;
	struct fetch_sum sum;
	FILE *file = stdin;
	char *part = NULL;
	int rc;

	if (*arguments || from_stdin)
		list = "standard input";
	else if (!(file = fopen(list, "re")))
		err(TOOL_CANNOT, "%s", list);
	if (options->rest && (asprintf(&part, "%s.part", options->rest) < 0 ||
			      !(rest = fopen(part, "we"))))
		err(TOOL_CANNOT, "%s", part);
	rc = *arguments ? fetch_all(options, next_argument, &arguments, &sum)
			: fetch_all(options, next_line, file, &sum);
	if (rc)
		warnx("%s: %s", list, strerror(-rc));
	if (rest && (fclose(rest) || rename(part, options->rest)))
		err(TOOL_CANNOT, "%s", options->rest);
	free(part);
	if (file != stdin)
		fclose(file);
	fprintf(stderr, "%" PRIu64 " requests, %" PRIu64 " failed, ", sum.done,
		sum.failed);
	if (sum.left)
		fprintf(stderr, "%" PRIu64 " not done, ", sum.left);
	fprintf(stderr, "%s%.2f s\n", stop ? "stopped after " : "",
		sum.seconds);
	return rc ? TOOL_CANNOT : sum.failed ? TOOL_FAILED : TOOL_DONE;
}

int main(int argc, char **argv)
{
	struct fetch_options options = parse(argc, argv);
	char **urls = argv + optind;
	int status;

	tool_begin();
	if ((options.list != NULL) + (options.self > 0) + (*urls != NULL) > 1)
		errx(TOOL_CANNOT, "URLs as arguments, or -f, or -s");
	if (!options.list && !options.self && !*urls && isatty(STDIN_FILENO)) {
		usage(stderr);
		return TOOL_CANNOT;
	}
	if (options.folder)
		body_folder(options.folder);
	options.workers = transfer_workers(options.workers);
	transfer_begin();
	check_protocols(options.protocols);
	status = options.self ? fetch_self(&options)
			      : fetch_given(&options, urls);
	transfer_end();
	return tool_end(status);
}
