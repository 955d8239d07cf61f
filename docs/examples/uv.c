/* SPDX-License-Identifier: MIT */
/* Which of the files that its input names can be read. The pool's results come
 * in a loop of libuv's, beside a timer that shows how far it is, and Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include <par.h>

static int look_at(void *context, void *path, void **value)
{
	(void)context, (void)value;
	return access(path, R_OK) ? -errno : 0;
}

static void report(const struct par_result *r)
{
	printf("%s: %s\n", (char *)r->item,
	       r->error ? strerror(-r->error) : "readable");
	free(r->item);
}

/* [uv] */
static void take_results(uv_poll_t *results, int status, int events)
{
	struct par_result r;
	int rc;

	(void)status, (void)events;
	while ((rc = par_next_timed(results->data, &r, 0)) > 0)
		report(&r);
	if (rc != -ETIMEDOUT) /* the end: nothing is left to wait for */
		uv_close((uv_handle_t *)results, NULL);
}

/* Takes a pool's results in the loop, beside all else that is in there. */
static int watch(uv_loop_t *loop, uv_poll_t *results, struct par *pool)
{
	int rc = uv_poll_init(loop, results, par_fd(pool));

	results->data = pool;
	return rc ? rc : uv_poll_start(results, UV_READABLE, take_results);
}
/* [end] */

static void show_progress(uv_timer_t *timer)
{
	struct par_stats now;

	par_stats(timer->data, &now);
	fprintf(stderr, "%ju done\n", (uintmax_t)now.delivered);
}

static void cancel(uv_signal_t *interrupt, int number)
{
	(void)number;
	par_cancel(interrupt->data);
}

int main(void)
{
	struct par_options options = { .action = look_at,
				       .workers = 32,
				       .generate = par_from_lines,
				       .source = stdin,
				       .interrupt = SIGUSR1 };
	static uv_poll_t results;
	static uv_timer_t timer;
	static uv_signal_t interrupt;
	uv_loop_t *loop = uv_default_loop();
	struct par_stats end;
	struct par *pool;
	int rc, failed;

	if (par_open(&pool, &options)) {
		fputs("uv: no pool\n", stderr);
		return 1;
	}
	timer.data = interrupt.data = pool;
	if (watch(loop, &results, pool) || uv_timer_init(loop, &timer) ||
	    uv_timer_start(&timer, show_progress, 500, 500) ||
	    uv_signal_init(loop, &interrupt) ||
	    uv_signal_start_oneshot(&interrupt, cancel, SIGINT)) {
		fputs("uv: no loop\n", stderr);
		return 1;
	}
	/* The loop ends with the pool: these two do not keep it. */
	uv_unref((uv_handle_t *)&timer);
	uv_unref((uv_handle_t *)&interrupt);
	uv_run(loop, UV_RUN_DEFAULT);
	par_stats(pool, &end);
	failed = end.failed || par_canceled(pool);
	rc = par_close(pool);
	if (rc)
		fprintf(stderr, "uv: the names: %s\n", strerror(-rc));
	return rc || failed || fflush(stdout) || ferror(stdout);
}
