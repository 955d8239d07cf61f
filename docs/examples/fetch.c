/* SPDX-License-Identifier: MIT */
/*
 * fetch: many URLs at once, by blocking transfers.
 *
 * The generator brings a URL, the action transfers it, and the loop prints what
 * came of it (fetch_print.h). urls.h reads the URLs, transfer.h says how
 * libcurl is used, later.h has the second tries and body.h the bodies.
 */
#include "fetch.h"

#include "body.h"
#include "fetch_options.h"
#include "fetch_print.h"
#include "later.h"
#include "urls.h"

#include <inttypes.h>

enum { STACK = 512 * 1024, AHEAD = 10000 };

static struct fetch_options asked;

/* The generator. */

struct input {
	par_generate_fn *next_url;
	void *source;
};

static int next_transfer(void *input, void **item)
{
	const struct input *in = input;
	struct transfer *t;
	void *url;
	int rc = in->next_url(in->source, &url);

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
	int rc = transfer_prepare(curl, t), kept;

	(void)value;
	if (rc == 0)
		rc = body_open(&body, curl);
	if (rc)
		return rc;
	rc = transfer_perform(curl, t);
	kept = body_close(&body, rc == 0 && t->status < 400);
	return rc ? rc : kept;
}

/* The loop. */

static void leave(struct fetch_sum *sum, const char *url)
{
	sum->left++;
	rest_add(url);
}

static void take_result(struct fetch_sum *sum, const struct par_result *r)
{
	struct transfer *t = r->item;
	const bool failed = r->error || t->status >= 400;

	if (transfer_is_left(r)) {
		leave(sum, t->url);
	} else {
		sum->done++;
		sum->failed += failed;
		transfer_explain(r, asked.limit_s);
		if (failed || !asked.quiet)
			print_result(r);
	}
	free(t->url);
	free(t);
}

/* After a stop: what waits for another try, and what was not read yet. */
static void leave_others(struct fetch_sum *sum, struct later *later,
			 const struct input *input)
{
	struct par_result r = { .error = -ECANCELED };
	void *url;

	while ((r.item = later->first)) {
		later->first = later->first->later;
		take_result(sum, &r);
	}
	while (rest && input->next_url(input->source, &url) > 0) {
		leave(sum, url);
		free(url);
	}
}

int fetch_all(const struct fetch_options *options, par_generate_fn *generate,
	      void *source, struct fetch_sum *sum)
{
	struct input input = { generate, source };
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
				     .source = &input,
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
		draw_progress(sum, pool, later.count);
	}
	progress_clear(stderr);
	par_close(pool);
	if (stop)
		leave_others(sum, &later, &input);
	sum->seconds = (double)(clock_ms() - begun) / 1e3;
	return rc;
}

static int fetch_given(const struct fetch_options *options, char **arguments)
{
	struct urls urls = urls_open(arguments, options->list);
	struct fetch_sum sum;
	int rc;

	rest_open(options->rest);
	rc = fetch_all(options, urls_next, &urls, &sum);
	if (rc)
		warnx("%s: %s", urls.name, strerror(-rc));
	rest_close(options->rest);
	urls_close(&urls);
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
	int status;

	tool_begin();
	body_begin(options.folder);
	options.workers = transfer_workers(options.workers);
	transfer_begin(options.protocols);
	status = options.self ? fetch_self(&options)
			      : fetch_given(&options, argv + optind);
	transfer_end();
	return tool_end(status);
}
