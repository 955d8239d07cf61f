/* SPDX-License-Identifier: MIT */
/* Which of the files that its input names can be read. The pool's results come
 * in a loop of libuv's, beside a timer that shows how far it is, and Ctrl-C. */
#include "tool.h"

#include <uv.h>

#include <par.h>

static int look_at(void *context, void *path, void **value)
{
	(void)context, (void)value;
	return access(tool_chomp(path), R_OK) ? -errno : 0;
}

static void report(const struct par_result *r)
{
	tool_print(stdout, r->item);
	printf(": %s\n", r->error ? strerror(-r->error) : "readable");
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

/* Lets the loop take the pool's results. */
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

static void cancel(uv_signal_t *handle, int number)
{
	stop = number;
	par_cancel(handle->data);
	uv_signal_stop(handle); /* the second one ends the program */
}

/* Ctrl-C and SIGTERM cancel the pool. They do not keep the loop alive. */
static int catch_stop(uv_loop_t *loop, struct par *pool)
{
	static const int signals[] = { SIGINT, SIGTERM };
	static uv_signal_t handles[2];
	int rc = 0;

	for (int i = 0; rc == 0 && i < 2; i++) {
		rc = uv_signal_init(loop, &handles[i]);
		if (rc == 0)
			rc = uv_signal_start(&handles[i], cancel, signals[i]);
		handles[i].data = pool;
		uv_unref((uv_handle_t *)&handles[i]);
	}
	return rc;
}

int main(void)
{
	struct par_options options = { .action = look_at,
				       .workers = 32,
				       .generate = par_from_lines,
				       .source = stdin,
				       .window = 10000,
				       .interrupt = SIGUSR1 };
	static uv_poll_t results;
	static uv_timer_t timer;
	uv_loop_t *loop = uv_default_loop();
	struct par_stats end;
	struct par *pool;
	int rc;

	tool_begin();
	rc = par_open(&pool, &options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	timer.data = pool;
	rc = watch(loop, &results, pool);
	if (rc == 0)
		rc = uv_timer_init(loop, &timer);
	if (rc == 0)
		rc = uv_timer_start(&timer, show_progress, 500, 500);
	if (rc == 0)
		rc = catch_stop(loop, pool);
	if (rc)
		errx(TOOL_CANNOT, "the loop: %s", uv_strerror(rc));
	uv_unref((uv_handle_t *)&timer);
	uv_run(loop, UV_RUN_DEFAULT);
	par_stats(pool, &end);
	rc = par_close(pool);
	if (rc)
		errx(TOOL_CANNOT, "reading names: %s", strerror(-rc));
	return tool_end(end.failed ? TOOL_FAILED : TOOL_DONE);
}
