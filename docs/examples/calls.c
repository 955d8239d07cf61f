/* SPDX-License-Identifier: MIT */
/*
 * Each call of the library in the few lines that its manual page shows. Runs
 * them all and checks what came of them.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <par.h>

#include "clock.h"

/* The action of most: how long a word is. */
static int measure(void *context, void *word, void **length)
{
	size_t *result = malloc(sizeof *result);

	(void)context;
	if (!result)
		return -ENOMEM;
	*result = strlen(word);
	*length = result;
	return 0;
}

static char one[] = "one", three[] = "three", eleven[] = "eleven";
static char *words[] = { one, three, eleven };
static size_t total;

static void add(struct par_result *r)
{
	if (r->value)
		total += *(size_t *)r->value;
	free(r->value);
}

static int open_and_close(void)
{
	/* [open] */
	struct par_options options = { .action = measure, .workers = 100 };
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc) {
		fprintf(stderr, "par_open: %s\n", strerror(-rc));
		return rc;
	}
	/* [end] */
	return par_close(pool);
}

static int measure_element(void *context, void *element, void **length)
{
	return measure(context, *(char **)element, length);
}

static int all_of_an_array(void)
{
	/* [array] */
	struct par_array source = { .base = words,
				    .count = sizeof words / sizeof *words,
				    .size = sizeof *words };
	struct par_options options = { .action = measure_element,
				       .workers = 3,
				       .generate = par_from_array,
				       .source = &source };
	/* [end] */
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	/* [next] */
	struct par_result r;

	while ((rc = par_next(pool, &r)) > 0)
		if (r.error)
			fprintf(stderr, "%s: %s\n", *(char **)r.item,
				strerror(-r.error));
		else
			add(&r);
	if (rc < 0)
		fprintf(stderr, "the words: %s\n", strerror(-rc));
	/* [end] */
	par_close(pool);
	return rc;
}

static int all_of_a_file(void)
{
	FILE *file = tmpfile();
	struct par_result r;
	struct par *pool;
	int rc;

	if (!file)
		return -errno;
	fputs("one\nthree\neleven", file);
	rewind(file);
	/* [lines] */
	struct par_options options = { .action = measure,
				       .workers = 3,
				       .generate = par_from_lines,
				       .source = file };

	rc = par_open(&pool, &options);
	if (rc == 0) {
		while ((rc = par_next(pool, &r)) > 0) {
			add(&r);
			free(r.item);
		}
		par_close(pool);
	}
	/* [end] */
	fclose(file);
	return rc;
}

/* [next_timed] */
/* Adds what comes until then; -ETIMEDOUT: there may be more. */
static int add_until(struct par *pool, double due)
{
	struct par_result r;
	double left;
	int rc;

	while ((left = due - seconds()) > 0) {
		rc = par_next_timed(pool, &r, (int)(1000 * left) + 1);
		if (rc > 0)
			add(&r);
		else if (rc != -ETIMEDOUT)
			return rc; /* the end */
	}
	return -ETIMEDOUT; /* though a result may be ready */
}
/* [end] */

static int push_words(void)
{
	struct par_options options = { .action = measure, .workers = 3 };
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	/* [finish] */
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = par_push(pool, words[i]);
	par_finish(pool);
	/* [end] */
	/* A time that is over, then one that is not. */
	if (rc == 0 && add_until(pool, 0) == -ETIMEDOUT)
		rc = add_until(pool, seconds() + 60);
	par_close(pool);
	return rc;
}

/* [push] */
/* Halves what is long, and leaves the second half to another worker. */
static int halve(void *context, void *item, void **length)
{
	char *text = item, *half;
	size_t size = strlen(text);
	int rc;

	if (size > 4) {
		half = strdup(text + size / 2);
		rc = half ? par_push(par_self(), half) : -ENOMEM;
		if (rc)
			free(half); /* it did not enter */
		else
			text[size / 2] = '\0';
	}
	return measure(context, text, length);
}
/* [end] */

static int push_from_an_action(void)
{
	struct par_options options = { .action = halve, .workers = 3 };
	char *text = strdup("one three eleven");
	struct par_result r;
	struct par *pool;
	int rc = text ? par_open(&pool, &options) : -ENOMEM;

	if (rc) {
		free(text);
		return rc;
	}
	rc = par_push(pool, text);
	if (rc)
		free(text);
	par_finish(pool);
	while (par_next(pool, &r) > 0) {
		add(&r);
		free(r.item);
	}
	par_close(pool);
	return rc;
}

/* [cancel_fd] */
/* Reads a byte; gives up when the pool is canceled. */
static int receive(void *context, void *item, void **value)
{
	int *socket = item;
	struct pollfd polled[] = {
		{ .fd = *socket, .events = POLLIN },
		{ .fd = par_cancel_fd(par_self()), .events = POLLIN },
	};
	char byte;

	(void)context;
	if (poll(polled, 2, -1) < 0)
		return -errno;
	if (polled[1].revents)
		return -EINTR;
	if (read(*socket, &byte, 1) != 1)
		return -EIO;
	*value = (void *)(intptr_t)byte;
	return 0;
}
/* [end] */

static int cancel_what_waits(void)
{
	struct par_options options = { .action = receive, .workers = 1 };
	int ends[2], rc, canceled = 0;
	struct par_result r;
	struct par *pool;

	if (pipe(ends))
		return -errno;
	rc = par_open(&pool, &options);
	if (rc == 0 && !(rc = par_push(pool, &ends[0])))
		rc = par_push(pool, &ends[0]);
	/* [cancel] */
	par_cancel(pool);
	while (par_next(pool, &r) > 0)
		if (r.error == -ECANCELED || r.error == -EINTR)
			canceled++; /* never ran, or was cut short */
	/* [end] */
	par_close(pool);
	close(ends[0]);
	close(ends[1]);
	return canceled == 2 ? rc : -EPROTO;
}

/* [canceled] */
/* Counts what is upper case, of a very long text. */
static int count_upper(void *context, void *text, void **count)
{
	uintptr_t upper = 0;

	(void)context;
	for (const char *c = text; *c && !par_canceled(par_self()); c++)
		upper += isupper((unsigned char)*c) != 0;
	*count = (void *)upper;
	return par_canceled(par_self()) ? -EINTR : 0;
}
/* [end] */

/* [fd] */
/* Takes results and what comes in on another descriptor, on one thread. */
static int serve(struct par *pool, int input)
{
	struct pollfd polled[] = {
		{ .fd = par_fd(pool), .events = POLLIN },
		{ .fd = input, .events = POLLIN },
	};
	struct par_result r;
	char byte;
	int rc = polled[0].fd < 0 ? polled[0].fd : -ETIMEDOUT;

	while (rc == -ETIMEDOUT) {
		if (poll(polled, 2, -1) < 0)
			continue; /* a signal */
		if (polled[1].revents && read(input, &byte, 1) < 1) {
			par_finish(pool);
			polled[1].fd = -1; /* it would be ready for ever */
		}
		while ((rc = par_next_timed(pool, &r, 0)) > 0)
			total += (uintptr_t)r.value;
	}
	return rc;
}
/* [end] */

static int beside_a_descriptor(void)
{
	struct par_options options = { .action = count_upper, .workers = 2 };
	static char text[] = "One Two THREE eleven four";
	int ends[2], rc;
	struct par *pool;

	if (pipe(ends))
		return -errno;
	close(ends[1]);
	rc = par_open(&pool, &options);
	if (rc == 0 && !(rc = par_push(pool, text)))
		rc = serve(pool, ends[0]);
	par_close(pool);
	close(ends[0]);
	return rc;
}

/* [progress] */
/* A line for a terminal, ten times a second, whether results come or not. */
static void show_progress(struct par *pool, double *due)
{
	struct par_stats now;

	if (seconds() < *due)
		return;
	*due = seconds() + 0.1;
	par_stats(pool, &now);
	fprintf(stderr, "\r%zu queued, %u running, %ju done\033[K", now.queued,
		now.running, (uintmax_t)now.delivered);
}
/* [end] */

static int with_a_progress_line(void)
{
	struct par_array source = { .base = words,
				    .count = 3,
				    .size = sizeof *words };
	struct par_options options = { .action = measure_element,
				       .workers = 3,
				       .generate = par_from_array,
				       .source = &source };
	double due = 0;
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	/* [stats] */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			add(&r);
		show_progress(pool, &due);
	}
	due = 0; /* the last one stays */
	show_progress(pool, &due);
	fprintf(stderr, "\n");
	/* [end] */
	par_close(pool);
	return rc;
}

int main(void)
{
	static const struct {
		int (*run)(void);
		size_t total;
	} shown[] = {
		{ open_and_close, 0 },	     { all_of_an_array, 14 },
		{ all_of_a_file, 14 },	     { push_words, 14 },
		{ push_from_an_action, 16 }, { cancel_what_waits, 0 },
		{ beside_a_descriptor, 7 },  { with_a_progress_line, 14 },
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		int rc;

		total = 0;
		rc = shown[i].run();
		if (rc || total != shown[i].total) {
			fprintf(stderr, "example %zu: %s, %zu and not %zu\n", i,
				strerror(-rc), total, shown[i].total);
			failed = 1;
		}
	}
	return failed;
}
