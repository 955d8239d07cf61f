/* SPDX-License-Identifier: MIT */
/*
 * What the library leaves to the program, in a few lines each: a rate limit,
 * retries, deadlines. Runs all three and checks what came of them.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <par.h>

struct job {
	int fd; /* what the deadline is for */
	int tries;
	double begun; /* seconds */
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A generator that makes no more than a hundred items a second. */
static int next_in_time(void *jobs, void **item)
{
	/* [rate] */
	static const struct timespec gap = { .tv_nsec = 10000000 };

	nanosleep(&gap, NULL);
	return par_from_array(jobs, item);
	/* [end] */
}

static int note_time(void *context, void *item, void **value)
{
	struct job *job = item;

	(void)context, (void)value;
	job->begun = seconds();
	return 0;
}

static bool rate_is_limited(void)
{
	struct job jobs[5] = { 0 };
	struct par_array source = { .base = jobs,
				    .count = 5,
				    .size = sizeof *jobs };
	struct par_options options = { .generate = next_in_time,
				       .source = &source,
				       .action = note_time,
				       .workers = 5 };
	double begun = seconds();
	struct par_result r;
	struct par *pool;

	if (par_open(&pool, &options))
		return false;
	while (par_next(pool, &r) > 0)
		;
	par_close(pool);
	return jobs[4].begun - begun >= 0.05;
}

/* An action that succeeds the third time. */
static int flaky(void *context, void *item, void **value)
{
	struct job *job = item;

	(void)context, (void)value;
	return job->tries < 2 ? -EAGAIN : 0;
}

static bool retries_succeed(void)
{
	struct job jobs[5] = { 0 };
	struct par_array source = { .base = jobs,
				    .count = 5,
				    .size = sizeof *jobs };
	struct par_options options = { .generate = par_from_array,
				       .source = &source,
				       .action = flaky,
				       .workers = 2 };
	struct par_result r;
	struct par *pool;
	int succeeded = 0;

	if (par_open(&pool, &options))
		return false;
	while (par_next(pool, &r) > 0) {
		/* [retry] */
		struct job *job = r.item;

		if (r.error && ++job->tries < 3 && par_push(pool, job) == 0)
			continue;
		/* [end] */
		succeeded += r.error == 0;
	}
	par_close(pool);
	return succeeded == 5;
}

/* An action that gives up after 20 ms, or when the pool is canceled. */
static int receive(void *context, void *item, void **value)
{
	struct job *job = item;
	char byte;

	(void)context, (void)value;
	/* [deadline] */
	struct pollfd polled[] = {
		{ .fd = job->fd, .events = POLLIN },
		{ .fd = par_cancel_fd(par_self()), .events = POLLIN },
	};
	int ready = poll(polled, 2, 20);

	if (ready <= 0)
		return ready ? -errno : -ETIMEDOUT;
	if (polled[1].revents)
		return -EINTR;
	/* [end] */
	return read(job->fd, &byte, 1) == 1 ? 0 : -EIO;
}

static bool deadlines_are_kept(void)
{
	struct par_options options = { .action = receive, .workers = 2 };
	struct job silent, talking;
	int quiet[2], loud[2], kept = 0;
	struct par_result r;
	struct par *pool;

	if (pipe(quiet) || pipe(loud) || write(loud[1], "x", 1) != 1 ||
	    par_open(&pool, &options))
		return false;
	silent.fd = quiet[0];
	talking.fd = loud[0];
	if (par_push(pool, &silent) == 0 && par_push(pool, &talking) == 0)
		par_finish(pool);
	while (par_next(pool, &r) > 0)
		kept += r.error == (r.item == &silent ? -ETIMEDOUT : 0);
	par_close(pool);
	return kept == 2;
}

int main(void)
{
	static bool (*const recipes[])(void) = {
		rate_is_limited,
		retries_succeed,
		deadlines_are_kept,
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
		if (!recipes[i]()) {
			fprintf(stderr, "recipe %zu does not hold\n", i);
			failed = 1;
		}
	return failed;
}
