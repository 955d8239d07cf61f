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
/* Adds results until the time `due`. Returns -ETIMEDOUT if there may be more.
 */
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
/* Measures a word. If it is long, pushes its second half for another worker. */
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

/* [next_many] */
/* Wakes once for 16 results. No result waits more than 100 ms for others. */
static int add_batches(struct par *pool)
{
	struct par_result batch[64];
	int count;

	while ((count = par_next_many(pool, batch, 64, 16, 100)) > 0 ||
	       count == -ETIMEDOUT)
		for (int i = 0; i < count; i++)
			add(&batch[i]);
	return count; /* the end */
}
/* [end] */

static int in_batches(void)
{
	struct par_array source = { .base = words,
				    .count = 3,
				    .size = sizeof *words };
	struct par_options options = { .action = measure_element,
				       .workers = 3,
				       .generate = par_from_array,
				       .source = &source };
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	rc = add_batches(pool);
	par_close(pool);
	return rc;
}

/* [push_timed] */
/* Pushes words. The pool has a window, so this needs little memory. */
static int push_all(struct par *pool, char **word, size_t count)
{
	struct par_result r;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		while ((rc = par_push_timed(pool, word[i], 0)) == -ETIMEDOUT)
			if (par_next(pool, &r) > 0) /* this makes room */
				add(&r);
	par_finish(pool);
	return rc; /* if not 0, a word and all after it did not enter */
}
/* [end] */

static int push_into_a_window(void)
{
	struct par_options options = { .action = measure,
				       .workers = 1,
				       .window = 1 };
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	rc = push_all(pool, words, 3);
	while (par_next(pool, &r) > 0)
		add(&r);
	par_close(pool);
	return rc;
}

/* [cancel_fd] */
/* Reads a byte. Gives up if the pool is canceled. */
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
/* Counts the upper-case letters of a very long text. */
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

/* [stop_fd] */
/* Reads a byte. Gives up if it is told to stop. */
static int receive_or_stop(void *context, void *item, void **value)
{
	int *socket = item;
	struct pollfd polled[] = {
		{ .fd = *socket, .events = POLLIN },
		{ .fd = par_stop_fd(), .events = POLLIN },
	};
	char byte;

	(void)context;
	if (polled[1].fd < 0)
		return polled[1].fd; /* it could not be made */
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

/* [withdraw] */
/* Two sockets were pushed. Takes the byte that comes first, and gives up the
 * other socket. */
static int first_of_two(struct par *pool, int sockets[2], void **value)
{
	struct par_result first, other;
	int rc = par_next(pool, &first);

	if (rc != 1)
		return rc;
	*value = first.value;
	par_withdraw(pool, first.item == sockets ? sockets + 1 : sockets);
	par_next(pool, &other); /* that item comes back too */
	return first.error;
}
/* [end] */

static int withdraw_what_is_slow(void)
{
	struct par_options options = { .action = receive_or_stop,
				       .workers = 2 };
	int quick[2], slow[2], sockets[2], rc;
	void *value = NULL;
	struct par *pool;

	if (pipe(quick) || pipe(slow))
		return -errno;
	sockets[0] = slow[0];
	sockets[1] = quick[0];
	rc = write(quick[1], "\7", 1) == 1 ? par_open(&pool, &options) : -EIO;
	if (rc == 0) {
		rc = par_push(pool, &sockets[0]);
		if (rc == 0)
			rc = par_push(pool, &sockets[1]);
		if (rc == 0)
			rc = first_of_two(pool, sockets, &value);
		par_close(pool);
	}
	total += (uintptr_t)value;
	for (int i = 0; i < 2; i++) {
		close(quick[i]);
		close(slow[i]);
	}
	return rc;
}

/* [stopping] */
/* Adds 1 - 1/3 + 1/5 - 1/7 and so on (this comes near to a quarter of pi) until
 * its time is over. */
static int add_terms(void *context, void *item, void **value)
{
	double *sum = item, n = 1;

	(void)context;
	(void)value;
	while (!par_stopping()) {
		*sum += 1 / n - 1 / (n + 2);
		n += 4;
	}
	return 0;
}
/* [end] */

static int until_the_time_is_over(void)
{
	/* [time_limit] */
	struct par_options options = { .action = add_terms,
				       .workers = 4,
				       .time_limit_ms = 20 };
	/* [end] */
	double sum = 0;
	struct par_result r = { .stopped = 0 };
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	rc = par_push(pool, &sum);
	if (rc == 0 && par_next(pool, &r) != 1)
		rc = -EPROTO;
	/* [close_timed] */
	/* If an action hangs, the program ends all the same. */
	if (par_close_timed(pool, 60000) == -ETIMEDOUT)
		_exit(EXIT_FAILURE);
	/* [end] */
	return r.stopped == -ETIMEDOUT && sum < 0.79 ? rc : -EPROTO;
}

/* [limit] */
/* Allows half as many at once after a failure, and one more after a success. */
static void adapt(struct par *pool, const struct par_result *r)
{
	struct par_stats now;

	par_stats(pool, &now);
	if (r->error == 0)
		par_limit(pool, now.limit + 1); /* fails at the maximum */
	else if (now.limit > 1)
		par_limit(pool, now.limit / 2);
}
/* [end] */

/* Fails on NULL. In the middle of three items, the limit is 4, then 2, 3. */
static int measure_or_fail(void *context, void *word, void **length)
{
	return word ? measure(context, word, length) : -EBUSY;
}

static int fewer_at_once(void)
{
	struct par_options options = { .action = measure_or_fail,
				       .workers = 4,
				       .ordered = true };
	char *pushed[] = { one, NULL, eleven };
	struct par_stats now;
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc)
		return rc;
	rc = push_all(pool, pushed, 3);
	while (par_next(pool, &r) > 0) {
		adapt(pool, &r);
		add(&r);
	}
	par_stats(pool, &now);
	par_close(pool);
	return now.limit == 3 ? rc : -EPROTO;
}

/* [fd] */
/* One thread takes results and reads another descriptor. */
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
/* Draws a line on a terminal, at most ten times per second. */
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
	due = 0; /* draw it once more, at once */
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
		{ open_and_close, 0 },	      { all_of_an_array, 14 },
		{ all_of_a_file, 14 },	      { push_words, 14 },
		{ push_from_an_action, 16 },  { in_batches, 14 },
		{ push_into_a_window, 14 },   { cancel_what_waits, 0 },
		{ withdraw_what_is_slow, 7 }, { until_the_time_is_over, 0 },
		{ fewer_at_once, 9 },	      { beside_a_descriptor, 7 },
		{ with_a_progress_line, 14 },
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
