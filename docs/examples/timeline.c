/* SPDX-License-Identifier: MIT */
/*
 * timeline: who did what when, as a file that chrome://tracing, Perfetto
 * (ui.perfetto.dev) and speedscope open.
 *
 * The recorder is a few lines around the action, for any program to take: each
 * action notes when it began and ended, in a record that travels as the
 * result's value, so nothing is shared and nothing is locked. Here the actions
 * only sleep; every seventh sleeps five times as long.
 */
#include "tool.h"

#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

#include <par.h>

enum { DEFAULT_WORKERS = 4, ITEMS = 40, SHORT_MS = 5, LONG_MS = 25, RARE = 7 };

/* [recorder] */
struct span {
	double begun, ended; /* us */
	void *value;	     /* the action's own */
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

/* Runs the action, and records when it began and ended. */
static int record(par_action_fn *action, void *context, void *item,
		  void **value)
{
	struct span *span = calloc(1, sizeof *span);
	int error;

	if (!span)
		return -ENOMEM;
	*value = span;
	span->begun = now_us();
	error = action(context, item, &span->value);
	span->ended = now_us();
	return error;
}

/* A line of the timeline for each worker, a box for each action. */
static void write_span(FILE *out, const struct par_result *r)
{
	const struct span *span = r->value;
	static bool begun;

	fprintf(out,
		"%s{\"name\": \"item %" PRIu64 "\", \"ph\": \"X\", \"pid\": 1, "
		"\"tid\": %u, \"ts\": %.3f, \"dur\": %.3f, "
		"\"args\": {\"error\": %d}}",
		begun ? ",\n" : "[\n", r->index, r->worker, span->begun,
		span->ended - span->begun, r->error);
	begun = true;
}
/* [end] */

static int next_number(void *count, void **item)
{
	uintptr_t *next = count;

	if (*next == ITEMS)
		return 0;
	*item = (void *)(*next)++;
	return 1;
}

static int nap(void *context, void *item, void **value)
{
	bool rare = (uintptr_t)item % RARE == 0;
	const struct timespec time = { .tv_nsec = 1000000L *
						  (rare ? LONG_MS : SHORT_MS) };

	(void)context, (void)value;
	return nanosleep(&time, NULL) ? -errno : 0;
}

static int recorded_nap(void *context, void *item, void **value)
{
	return record(nap, context, item, value);
}

static void draw(struct par_options *options, FILE *out)
{
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, options);

	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	while (!stop && par_next(pool, &r) > 0)
		if (r.value) {
			write_span(out, &r);
			free(r.value);
		}
	par_close(pool);
	fprintf(out, "\n]\n");
}

int main(int argc, char **argv)
{
	uintptr_t next = 0;
	int option;
	struct par_options options = { .action = recorded_nap,
				       .workers = DEFAULT_WORKERS,
				       .generate = next_number,
				       .source = &next };
	FILE *out;

	while ((option = getopt(argc, argv, "n:")) == 'n')
		options.workers = tool_number("-n", optarg, 1, 1000);
	if (option != -1 || argc - optind != 1) {
		fputs("usage: timeline [-n WORKERS] FILE.json\n", stderr);
		return TOOL_CANNOT;
	}
	tool_begin();
	out = fopen(argv[optind], "w");
	if (!out) {
		warn("%s", argv[optind]);
		return TOOL_CANNOT;
	}
	draw(&options, out);
	if (fclose(out))
		err(TOOL_CANNOT, "%s", argv[optind]);
	return tool_end(TOOL_DONE);
}
