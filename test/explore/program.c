/* SPDX-License-Identifier: MIT */
#include "program_internal.h"

#include "invariant.h"
#include "model.h"
#include "scheduler.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

struct seen seen;

char letter(const char *letters, unsigned n, char beyond)
{
	return letters && n <= strlen(letters) ? letters[n - 1] : beyond;
}

/* The threads of the program. */

struct thread {
	struct par *pool;
	const char *letters;
	pthread_t thread;
};

static void do_call(struct par *pool, char what, pthread_t second)
{
	switch (what) {
	case 'n':
		call_next_or_give_up(pool, -1);
		break;
	case 't':
		call_next(pool, TIMEOUT_MS);
		break;
	case '*':
		call_next_until_end(pool, -1);
		break;
	case '~':
		call_next_until_end(pool, TIMEOUT_MS);
		break;
	case '0':
		call_next(pool, 0);
		break;
	case 'z':
		call_next_ready(pool);
		break;
	case 'p':
		call_push(pool);
		break;
	case 'f':
		call_finish(pool);
		break;
	case 'c':
		call_cancel(pool);
		break;
	case 's':
		call_stats(pool);
		break;
	case 'd':
		call_cancel_fd(pool);
		break;
	case 'r':
		call_withdraw(pool, 1);
		break;
	case 'q':
		call_withdraw(pool, 2);
		break;
	case 'T':
		call_withdraw(pool, FIRST_PUSHED + GET(pushes) - 1);
		break;
	case 'R':
		call_withdraw(pool, FIRST_PUSHED);
		break;
	case 'l':
		call_limit(pool, 0);
		break;
	case '1':
		call_limit(pool, 1);
		break;
	case 'L':
		call_limit(pool, seen.scenario->workers);
		break;
	case 'm':
		call_next_many(pool, -1);
		break;
	case 'u':
		call_next_many(pool, TIMEOUT_MS);
		break;
	case 'M':
		call_next_many_until_end(pool);
		break;
	case 'P':
		call_push_timed(pool, -1);
		break;
	case 'Q':
		call_push_timed(pool, 0);
		break;
	case 'k':
		model_cancel(second);
		break;
	default:
		sched_fail("no call has the letter %c", what);
	}
}

static void *thread_body(void *argument)
{
	const struct thread *thread = argument;

	sched_point();
	for (const char *c = thread->letters; *c; c++)
		do_call(thread->pool, *c, thread->thread);
	return NULL;
}

static void use(struct par *pool)
{
	const char *const *letters = seen.scenario->threads;
	struct thread threads[PROGRAM_THREADS];
	unsigned n = 1;

	for (; n < PROGRAM_THREADS && letters[n]; n++) {
		threads[n] = (struct thread){ pool, letters[n], 0 };
		model_spawn(&threads[n].thread, thread_body, &threads[n]);
	}
	for (const char *c = letters[0]; *c && *c != 'g'; c++)
		do_call(pool, *c, threads[1].thread);
	while (n > 1)
		model_join(threads[--n].thread);
	if (strchr(letters[0], 'g'))
		call_close_timed(pool);
}

/* The pool. */

/* What par_open() has to return if no fallible call fails. */
static int expected_open(void)
{
	const struct scenario *s = seen.scenario;
	/* The first worker, the supervisor, the producer. */
	unsigned needed = 2u + (s->source != NULL);
	char first = letter(s->open, 1, '-');

	if (s->refused_from == 1 || s->refused_from == 2)
		return -EAGAIN;
	if (first == 'e' || first == 'G')
		return 5;
	if (first == 'x' || first == 'X')
		return -EINTR;
	return s->refused_from && s->refused_from <= needed ? -EAGAIN : 0;
}

static int open_pool(struct par **pool)
{
	const struct scenario *s = seen.scenario;
	struct par_options options = {
		.workers = s->workers,
		.capacity = s->capacity ? s->capacity : 1,
		.window = s->window,
		.ordered = s->ordered,
		.interrupt = s->interrupt ? SIGUSR1 : 0,
	};
	/* If par_open() fails, it cancels and discards what was pushed. */
	bool pushed = s->open && strpbrk(s->open, "gGX");
	int rc;

	callbacks_set(&options);
	if (pushed) {
		SET(cancel_begun, true);
		SET(discard_allowed, true);
	}
	rc = WITH_ERRNO(par_open(pool, &options));
	check_errno("par_open()");
	if (pushed && rc == 0) {
		SET(cancel_begun, false);
		SET(discard_allowed, false);
	}
	if (rc != expected_open() &&
	    !(GET(faults) && (rc == -ENOMEM || rc == -EAGAIN)))
		sched_fail("par_open() returned %d", rc);
	if (rc && *pool)
		sched_fail("par_open() failed, but returned a pool");
	if (rc && GET(generate_calls))
		sched_fail("par_open() failed, but generate was called");
	return rc;
}

static void close_pool(struct par *pool)
{
	int rc;

	SET(cancel_begun, true);
	SET(discard_allowed, true);
	rc = WITH_ERRNO(par_close(pool));
	check_errno("par_close()");
	check_closed(rc);
}

static void open_use_close(const struct program *program)
{
	struct par *pool = item_of(1); /* par_open() has to set it */

	memset(&seen, 0, sizeof seen);
	seen.scenario = program->scenario;
	seen.faults = program->faults;
	SET(callbacks_allowed, true);
	if (open_pool(&pool) == 0) {
		SET(open, true);
		use(pool);
		if (!GET(closed))
			close_pool(pool);
	}
	SET(callbacks_allowed, false);
	item_check_all();
	if (GET(opened) != GET(close_calls) && seen.scenario->open)
		sched_fail("%u times worker_open, but %u times worker_close",
			   GET(opened), GET(close_calls));
}

void program_body(void *argument)
{
	const struct program *program = argument;
	const struct scenario *s = program->scenario;

	model_begin();
	invariant_begin();
	model_refuse_threads(s->refused_from, s->refused);
	model_time_flies = s->starves;
	open_use_close(program);
	if (s->twice)
		open_use_close(program);
	model_end();
}
