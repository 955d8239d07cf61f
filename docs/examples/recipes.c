/* SPDX-License-Identifier: MIT */
/*
 * What the library leaves to the program, in a few lines each. Runs every
 * recipe and checks what came of it.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <par.h>

#include "clock.h"
#include "recipe.h"

enum { JOBS = 5 };

struct job {
	int fd; /* what the deadline is for */
	int tries;
	double due, begun; /* seconds */
	struct job *next;  /* of those kept aside */
};

/* A pool for the jobs of an array. */
struct batch {
	struct job jobs[JOBS];
	struct par_array source;
	struct par *pool;
};

static bool open_batch(struct batch *b, par_generate_fn *generate,
		       par_action_fn *action)
{
	struct par_options options = { .action = action,
				       .workers = 2,
				       .generate = generate,
				       .source = &b->source };

	*b = (struct batch){ .source = { .count = JOBS,
					 .size = sizeof *b->jobs } };
	b->source.base = b->jobs;
	return par_open(&b->pool, &options) == 0;
}

/* A generator of your own. Its first argument says where it is. */
/* [own] */
/* Makes the names in a directory. Whoever takes the result frees the name. */
static int next_name(void *directory, void **item)
{
	struct dirent *entry;

	errno = 0;
	entry = readdir(directory);
	if (!entry)
		return -errno; /* 0: that was the last */
	*item = strdup(entry->d_name);
	return *item ? 1 : -ENOMEM;
}
/* [end] */

static int is_dot(void *context, void *name, void **value)
{
	(void)context;
	*value = strcmp(name, ".") == 0 ? name : NULL;
	return 0;
}

/* Each has ".", once. */
static bool a_directory_is_read(void)
{
	/* [read] */
	DIR *directory = opendir(".");
	struct par_options options = { .action = is_dot,
				       .workers = 2,
				       .generate = next_name,
				       .source = directory };
	struct par_result r;
	int dots = 0;
	struct par *pool;

	if (directory && par_open(&pool, &options) == 0) {
		while (par_next(pool, &r) > 0) {
			dots += r.value != NULL;
			free(r.item);
		}
		par_close(pool);
	}
	if (directory)
		closedir(directory); /* nobody reads it any more */
	/* [end] */
	return dots == 1;
}

/* A generator that makes at most a hundred items per second. */
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
	double begun = seconds();
	struct par_result r;
	struct batch b;

	if (!open_batch(&b, next_in_time, note_time))
		return false;
	while (par_next(b.pool, &r) > 0)
		;
	par_close(b.pool);
	return b.jobs[JOBS - 1].begun - begun >= (double)JOBS * 0.01;
}

/* [turn] */
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static double next_turn;

/* Returns how long to wait for a turn. There is one every 10 ms. */
static double take_turn(void)
{
	double now = seconds(), turn;

	pthread_mutex_lock(&turn_lock);
	turn = next_turn > now ? next_turn : now;
	next_turn = turn + 0.01;
	pthread_mutex_unlock(&turn_lock);
	return turn - now;
}
/* [end] */

static bool turns_are_apart(void)
{
	double begun = seconds();

	for (int i = 0; i < JOBS; i++)
		take_turn();
	return next_turn >= begun + 0.01 * (double)JOBS;
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
	struct par_result r;
	int succeeded = 0;
	struct batch b;

	if (!open_batch(&b, par_from_array, flaky))
		return false;
	while (par_next(b.pool, &r) > 0) {
		struct par *pool = b.pool;
		/* [retry] */
		struct job *job = r.item;

		/* at most three times */
		if (r.error && ++job->tries < 3 && par_push(pool, job) == 0)
			continue;
		/* [end] */
		succeeded += r.error == 0;
	}
	par_close(b.pool);
	return succeeded == JOBS;
}

/* The same, but not before it is due. */
static int flaky_in_time(void *context, void *item, void **value)
{
	struct job *job = item;

	/* [due] */
	/* Waits until the job is due or the pool is canceled. */
	struct pollfd canceled = { .fd = par_cancel_fd(par_self()),
				   .events = POLLIN };
	double wait = job->due - seconds();

	if (wait > 0 && poll(&canceled, 1, (int)(1000 * wait) + 1) != 0)
		return -EINTR;
	/* [end] */
	return flaky(context, item, value);
}

static bool retries_wait_longer_each_time(void)
{
	double begun = seconds();
	struct par_result r;
	int succeeded = 0;
	struct batch b;

	if (!open_batch(&b, par_from_array, flaky_in_time))
		return false;
	while (par_next(b.pool, &r) > 0) {
		struct par *pool = b.pool;
		/* [back-off] */
		struct job *job = r.item;

		if (r.error && ++job->tries < 3) {
			/* the second try after 20 ms, the third after 40 */
			job->due = seconds() + 0.01 * (1 << job->tries);
			if (par_push(pool, job) == 0)
				continue;
		}
		/* [end] */
		succeeded += r.error == 0;
	}
	par_close(b.pool);
	return succeeded == JOBS && seconds() - begun >= 0.06;
}

/* The same, and no worker waits. */

/* [aside] */
/* Puts a job into the list of those to try again. The list is in the order in
 * which they are due. */
static void keep_aside(struct job **aside, struct job *job, double delay)
{
	job->due = seconds() + delay;
	while (*aside && (*aside)->due <= job->due)
		aside = &(*aside)->next;
	job->next = *aside;
	*aside = job;
}

/* Pushes the jobs that are due. Returns how many milliseconds remain until the
 * next one is due; -1: there is none. */
static int push_due(struct par *pool, struct job **aside)
{
	double wait = 0;

	while (*aside && (wait = (*aside)->due - seconds()) <= 0) {
		struct job *next = (*aside)->next;

		if (par_push(pool, *aside))
			return 1000; /* no memory: try again later */
		*aside = next;
	}
	return *aside ? (int)(1000 * wait) + 1 : -1;
}

/* The pool has no generator. The program ends it when all jobs are done. There
 * must be at least one. */
static int try_all(struct par *pool, struct job *jobs, unsigned count)
{
	struct job *aside = NULL;
	struct par_result r;
	int rc, succeeded = 0;

	for (unsigned i = 0; i < count; i++)
		keep_aside(&aside, &jobs[i], 0);
	while ((rc = par_next_timed(pool, &r, push_due(pool, &aside))) > 0 ||
	       rc == -ETIMEDOUT) {
		struct job *job = rc > 0 ? r.item : NULL;

		if (job && r.error && ++job->tries < 3) {
			keep_aside(&aside, job, 0.01 * (1 << job->tries));
		} else if (job) {
			succeeded += r.error == 0;
			if (--count == 0)
				par_finish(pool);
		}
	}
	return succeeded; /* after a cancel, the other jobs are in `aside` */
}
/* [end] */

static bool retries_wait_aside(void)
{
	struct par_options options = { .action = flaky, .workers = 1 };
	struct job jobs[JOBS] = { 0 };
	double begun = seconds();
	struct par *pool;
	int succeeded;

	if (par_open(&pool, &options))
		return false;
	succeeded = try_all(pool, jobs, JOBS);
	par_close(pool);
	return succeeded == JOBS && seconds() - begun >= 0.06;
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
	for (int i = 0; i < 2; i++) {
		close(quiet[i]);
		close(loud[i]);
	}
	return kept == 2;
}

static bool the_first_failure_stops_it(void)
{
	struct par_result r;
	int failure = 0;
	struct batch b;
	struct par *pool;

	if (!open_batch(&b, par_from_array, flaky))
		return false;
	pool = b.pool;
	/* [first] */
	while (par_next(pool, &r) > 0)
		if (r.error && !failure) {
			failure = r.error;
			par_cancel(pool); /* the rest: -ECANCELED */
		}
	/* [end] */
	par_close(pool);
	return failure == -EAGAIN;
}

/* For what takes as long as it may. */
static int wait_for_cancel(void)
{
	struct pollfd canceled = { .fd = par_cancel_fd(par_self()),
				   .events = POLLIN };

	return poll(&canceled, 1, -1) > 0 ? -EINTR : -errno;
}

/* A cancel that comes by Ctrl-C, and a loop that is not woken to look for it.
 */

/* [sigwait] */
/* Runs on a thread that the program creates. Before par_open() the program has
 * blocked SIGINT, so that nobody else hears it. */
static void *cancel_at_ctrl_c(void *pool)
{
	sigset_t signals;
	int got;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	if (sigwait(&signals, &got) == 0)
		par_cancel(pool);
	return NULL;
}
/* [end] */

static int done_never(void *context, void *item, void **value)
{
	(void)context, (void)item, (void)value;
	return wait_for_cancel();
}

static bool ctrl_c_cancels(void)
{
	struct par_result r;
	sigset_t signals;
	pthread_t thread;
	bool canceled = true;
	struct batch b;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (!open_batch(&b, par_from_array, done_never) ||
	    pthread_create(&thread, NULL, cancel_at_ctrl_c, b.pool))
		return false;
	kill(getpid(), SIGINT);
	while (par_next(b.pool, &r) > 0)
		canceled &= r.error == -EINTR || r.error == -ECANCELED;
	pthread_join(thread, NULL);
	par_close(b.pool);
	return canceled;
}

/* Two pools in a row. The first makes words longer, the second measures them.
 */

static int lengthen(void *context, void *item, void **value)
{
	char *longer = malloc(strlen(item) + 2);

	(void)context;
	if (!longer)
		return -ENOMEM;
	strcat(strcpy(longer, item), "s");
	*value = longer;
	return *longer == 's' ? -EINVAL : 0; /* it was no word */
}

/* [row] */
/* The generator of the second pool makes an item of each result of the first.
 */
static int next_of_first(void *first, void **item)
{
	struct par_result *made = malloc(sizeof *made);
	int rc = made ? par_next(first, made) : -ENOMEM;

	if (rc > 0)
		*item = made;
	else
		free(made);
	return rc;
}

static int measure(void *context, void *item, void **value)
{
	const struct par_result *made = item;
	size_t *length = context; /* there is only one worker */

	(void)value;
	if (made->error == 0)
		*length += strlen(made->value);
	return made->error; /* if it failed there, it fails here */
}

/* Both are .discard of their pools. */
static void drop_made(void *context, const struct par_result *r)
{
	(void)context;
	free(r->item);
	free(r->value);
}

static void drop_measured(void *context, const struct par_result *r)
{
	drop_made(context, r->item);
	free(r->item);
}
/* [end] */

enum { THREES = 50 };

/* The words' lengths, of as many as are taken before it is stopped. */
static bool measure_words(unsigned taken, unsigned *failed, size_t *length)
{
	static const char three[] = "one\n\nthree\n";
	char text[THREES * (sizeof three - 1)];
	FILE *words = fmemopen(text, sizeof text, "r");
	struct par_options lengthening = { .action = lengthen,
					   .workers = 2,
					   .generate = par_from_lines,
					   .source = words,
					   .window = 10,
					   .discard = drop_made };
	struct par_options measuring = { .action = measure,
					 .workers = 1,
					 .generate = next_of_first,
					 .context = length,
					 .window = 10,
					 .discard = drop_measured };
	struct par *first, *second;
	struct par_result r;

	for (size_t i = 0; i < THREES; i++)
		memcpy(text + i * (sizeof three - 1), three, sizeof three - 1);
	if (!words || par_open(&first, &lengthening))
		return false;
	measuring.source = first;
	if (par_open(&second, &measuring))
		return false;
	for (; taken > 0 && par_next(second, &r) > 0; taken--) {
		*failed += r.error == -EINVAL;
		drop_measured(NULL, &r);
	}
	/* [stop] */
	par_cancel(first); /* ends a wait of the second's generator */
	par_close(second);
	par_close(first);
	/* [end] */
	fclose(words);
	return taken == 0;
}

static bool one_pool_feeds_another(void)
{
	unsigned failed = 0;
	size_t length = 0;

	return measure_words(3 * THREES, &failed, &length) &&
	       failed == THREES && length == THREES * strlen("onesthrees");
}

/* What is left then is freed, as a leak checker would tell. */
static bool two_are_stopped(void)
{
	unsigned failed = 0;
	size_t length = 0;

	return measure_words(1, &failed, &length);
}

/* A main thread that must not wait. */

static unsigned shown;

static void show(const struct par_result *r)
{
	shown += r->error == 0;
}

/* [frame] */
/* Call this once per frame. Returns false at the end. */
static bool show_results(struct par *pool)
{
	struct par_result r;
	int rc;

	while ((rc = par_next_timed(pool, &r, 0)) > 0)
		show(&r);
	return rc == -ETIMEDOUT;
}
/* [end] */

static bool the_main_thread_goes_on(void)
{
	static const struct timespec frame = { .tv_nsec = 1000000 };
	struct batch b;

	if (!open_batch(&b, par_from_array, note_time))
		return false;
	while (show_results(b.pool))
		nanosleep(&frame, NULL);
	par_close(b.pool);
	return shown == JOBS;
}

/* Programs that an action starts. */

/* [usual] */
static sigset_t usual; /* the mask of the program's own threads */

/* Does what popen() does, but the command gets the usual signals. The program's
 * handlers may run on this thread meanwhile. */
static FILE *run(const char *command)
{
	sigset_t ours;
	FILE *output;

	pthread_sigmask(SIG_SETMASK, &usual, &ours);
	output = popen(command, "r");
	pthread_sigmask(SIG_SETMASK, &ours, NULL);
	return output;
}
/* [end] */

/* Returns 0 if SIGTERM ends the command. */
static int end_a_command(void *context, void *command, void **value)
{
	FILE *output = run(*(char **)command);

	(void)context, (void)value;
	if (!output)
		return -errno;
	return WTERMSIG(pclose(output)) == SIGTERM ? 0 : -EIO;
}

static bool commands_get_their_signals(void)
{
	const char *command = "kill -TERM $$; exit 7";
	struct par_array commands = { .base = &command,
				      .count = 1,
				      .size = sizeof command };
	struct par_options options = { .action = end_a_command,
				       .workers = 1,
				       .generate = par_from_array,
				       .source = &commands };
	struct par_result r = { .error = 1 };
	struct par *pool;

	/* [mask] */
	pthread_sigmask(SIG_SETMASK, NULL, &usual); /* before par_open() */
	/* [end] */
	if (par_open(&pool, &options))
		return false;
	par_next(pool, &r);
	par_close(pool);
	return r.error == 0;
}

/* What the interrupt must not cut short. */

/* [shield] */
/* Writes the whole record, even if the pool is canceled meanwhile. */
static int save(FILE *file, const char *record, size_t size)
{
	sigset_t interrupt, before;
	int rc = 0;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGUSR1); /* par_options.interrupt */
	pthread_sigmask(SIG_BLOCK, &interrupt, &before);
	if (fwrite(record, 1, size, file) != size || fflush(file))
		rc = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
/* [end] */

static char record[1 << 20];

static int save_record(void *context, void *file, void **value)
{
	(void)context, (void)value;
	return save(file, record, sizeof record);
}

/* Cancels the pool after the first piece, and lets the signals come while the
 * pipe is full. Returns how many bytes have come. */
static size_t read_record(int end, struct par *pool)
{
	enum { PATIENCE_MS = 30000, SIGNALS_MS = 20 };
	static char part[4096];
	struct pollfd more = { .fd = end, .events = POLLIN };
	size_t all = 0;
	ssize_t got;

	while (all < sizeof record && poll(&more, 1, PATIENCE_MS) == 1) {
		got = read(end, part, sizeof part);
		if (got <= 0)
			break;
		if (all == 0) {
			par_cancel(pool);
			poll(NULL, 0, SIGNALS_MS);
		}
		all += (size_t)got;
	}
	return all;
}

/* The pipe is too small for the record, so the action waits in fwrite() when
 * the pool is canceled, and is sent signals until it returns. */
static bool a_shielded_record_is_whole(void)
{
	struct par_options options = { .action = save_record,
				       .workers = 1,
				       .interrupt = SIGUSR1 };
	struct par_result r = { .error = 1 };
	struct par *pool;
	size_t all = 0;
	int ends[2];
	FILE *file;

	if (pipe(ends) || !(file = fdopen(ends[1], "w")))
		return false;
	if (par_open(&pool, &options) == 0) {
		par_push(pool, file);
		all = read_record(ends[0], pool);
		par_next(pool, &r);
		par_close(pool);
	}
	fclose(file);
	close(ends[0]);
	return r.error == 0 && all == sizeof record;
}

/* Where the time goes. */

/* [slow] */
/* Says who keeps the others waiting, in an unordered pool. capacity is that of
 * the options; if that is 0, it is the larger of workers and 64. */
static const char *slowest(const struct par_stats *now, size_t capacity)
{
	if (now->ready > capacity)
		return "the loop: results wait to be taken";
	if (now->queued >= capacity)
		return "the workers: more of them, or a faster server";
	if (now->running < now->workers)
		return "the generator, or the window is full";
	return "nobody";
}
/* [end] */

static int next_at_once(void *source, void **item)
{
	(void)source, (void)item;
	return 1;
}

static int next_never(void *source, void **item)
{
	(void)source, (void)item;
	return wait_for_cancel();
}

static int done_at_once(void *context, void *item, void **value)
{
	(void)context, (void)item, (void)value;
	return 0;
}

/* Whether that is found out in a pool of which nobody takes results. */
static bool is_slowest(const char *who, par_generate_fn *generate,
		       par_action_fn *action)
{
	struct par_options options = { .action = action,
				       .workers = 2,
				       .generate = generate,
				       .window = 100 };
	double patience = seconds() + 30;
	struct par_stats now;
	struct par *pool;
	bool found = false;

	if (par_open(&pool, &options))
		return false;
	while (!found && seconds() < patience) {
		par_stats(pool, &now);
		found = strncmp(slowest(&now, 64), who, strlen(who)) == 0;
	}
	par_close(pool);
	return found;
}

static bool the_slowest_is_known(void)
{
	return is_slowest("the loop", next_at_once, done_at_once) &&
	       is_slowest("the workers", next_at_once, done_never) &&
	       is_slowest("the generator", next_never, done_at_once);
}

int main(void)
{
	static const struct recipe recipes[] = {
		{ "generator", a_directory_is_read },
		{ "rate", rate_is_limited },
		{ "turn", turns_are_apart },
		{ "retry", retries_succeed },
		{ "back-off", retries_wait_longer_each_time },
		{ "back-off aside", retries_wait_aside },
		{ "deadline", deadlines_are_kept },
		{ "first failure", the_first_failure_stops_it },
		{ "Ctrl-C", ctrl_c_cancels },
		{ "two in a row", one_pool_feeds_another },
		{ "two in a row, stopped", two_are_stopped },
		{ "main thread", the_main_thread_goes_on },
		{ "command", commands_get_their_signals },
		{ "shield", a_shielded_record_is_whole },
		{ "slowest", the_slowest_is_known },
	};

	return recipes_run(recipes, sizeof recipes / sizeof *recipes);
}
