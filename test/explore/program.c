/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "model.h"
#include "scheduler.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include <par.h>

/*
 * What is checked. One task runs at a time, so plain fields would do; but a
 * sanitizer does not know that: relaxed atomics neither race nor order.
 */
static struct {
	const struct scenario *scenario;
	struct par *pool;
	bool faults;
	unsigned in[PROGRAM_ITEMS], out[PROGRAM_ITEMS];
	unsigned entered, taken, made, calls;
	unsigned opens, opened, closed; /* worker_open, worker_close */
	unsigned acting;
	bool live; /* callbacks may run */
	bool source_over;
	uint64_t next_index;
	unsigned ends, waited;
} now;

enum { TIMEOUT_MS = 300, PATIENCE = 20 };

#define GET(field) __atomic_load_n(&now.field, __ATOMIC_RELAXED)
#define ADD(field, count)                                                      \
	__atomic_add_fetch(&now.field, count, __ATOMIC_RELAXED)
#define SET(field, value) __atomic_store_n(&now.field, value, __ATOMIC_RELAXED)

static void *item_of(unsigned number)
{
	return (void *)(uintptr_t)number;
}

static void goes_in(unsigned number)
{
	if (number == 0 || number >= PROGRAM_ITEMS)
		sched_fail("item %u went in", number);
	ADD(in[number], 1);
	ADD(entered, 1);
}

static void comes_out(const struct par_result *r)
{
	unsigned number = (unsigned)(uintptr_t)r->item;

	if (number == 0 || number >= PROGRAM_ITEMS ||
	    ADD(out[number], 1) > GET(in[number]))
		sched_fail("item %u came out more often than it went in",
			   number);
	/* Two who take results may look at them in any order. */
	if (now.scenario->ordered && !now.scenario->consumers &&
	    r->index != GET(next_index))
		sched_fail("place %u came out of order", (unsigned)r->index);
	ADD(next_index, 1);
	if (r->error == -ECANCELED && (r->worker != UINT_MAX || r->value))
		sched_fail("canceled, and yet a worker had it");
	if (r->error != -ECANCELED && r->worker >= now.scenario->workers)
		sched_fail("worker %u", r->worker);
	if (r->error == 0 && r->value != r->item)
		sched_fail("item %u lost its value", number);
	ADD(taken, 1);
}

static void callback(const char *which)
{
	model_assert_unlocked(which);
	if (!GET(live))
		sched_fail("%s after the close", which);
	sched_point();
}

static bool is_canceled(void *pool)
{
	return par_canceled(pool);
}

/* Callbacks. */

static int generate(void *source, void **item)
{
	const struct scenario *s = now.scenario;
	struct par_stats stats;

	(void)source;
	callback("generate");
	if (GET(source_over))
		sched_fail("generate was asked after its end");
	par_stats(par_self(), &stats);
	if (s->window && !s->pushing_items && !s->loop_pushes &&
	    stats.entered - stats.delivered >= s->window)
		sched_fail("generate was asked with a full window");
	ADD(calls, 1);
	if (s->blocks_after && GET(made) == s->blocks_after &&
	    !model_block(is_canceled, par_self()))
		return -EINTR;
	if (GET(made) == s->items ||
	    (s->blocks_after && GET(made) == s->blocks_after)) {
		SET(source_over, true);
		return s->source_end;
	}
	*item = item_of(ADD(made, 1));
	goes_in(GET(made));
	return 1;
}

static void push(struct par *pool, unsigned number)
{
	int rc;

	goes_in(number);
	rc = par_push(pool, item_of(number));
	if (rc == 0)
		return;
	if (rc != -ECANCELED && rc != -EPIPE && !(GET(faults) && rc == -ENOMEM))
		sched_fail("push: %d", rc);
	ADD(in[number], -1u);
	ADD(entered, -1u);
}

static int act(void *context, void *item, void **value)
{
	const struct scenario *s = now.scenario;
	unsigned number = (unsigned)(uintptr_t)item;

	callback("action");
	if (s->state != (context == (void *)&now))
		sched_fail("the action's context is not what it should be");
	if (ADD(acting, 1) > s->workers)
		sched_fail("more actions than workers");
	if (number == s->stuck_item)
		while (!model_block(is_canceled, par_self()))
			;
	if (number <= s->pushing_items)
		push(par_self(), number + PROGRAM_ITEMS / 2);
	*value = item;
	ADD(acting, -1u);
	if (number == s->exiting_item && s->exiting_item)
		pthread_exit(NULL);
	return number == s->failing_item && number ? 7 : 0;
}

static int open_state(void *context, void **state)
{
	(void)context;
	callback("worker_open");
	if (par_push(par_self(), state) != -EAGAIN)
		sched_fail("worker_open pushed");
	if (ADD(opens, 1) == now.scenario->failing_open)
		return 5;
	*state = &now;
	ADD(opened, 1);
	return 0;
}

static void close_state(void *state)
{
	callback("worker_close");
	if (now.scenario->state != (state == (void *)&now))
		sched_fail("worker_close got another state");
	if (par_close(par_self()) != -EDEADLK)
		sched_fail("worker_close closed its pool");
	ADD(closed, 1);
}

static void discard(void *context, const struct par_result *left)
{
	(void)context;
	model_assert_unlocked("discard");
	comes_out(left);
}

/* The loop. */

/* What par_next_timed(0) says must be what the descriptor says. */
static void check_level(struct par *pool)
{
	struct par_result r;
	int fd = par_fd(pool), rc;
	bool readable;

	if (fd < 0) {
		if (!GET(faults))
			sched_fail("par_fd: %d", fd);
		return;
	}
	sched_pause();
	readable = model_readable(fd);
	rc = par_next_timed(pool, &r, 0);
	if (sched_resume() && readable != (rc != -ETIMEDOUT))
		sched_fail("readable: %d, but next: %d", readable, rc);
	if (rc == 1)
		comes_out(&r);
}

static void react(struct par *pool)
{
	const struct scenario *s = now.scenario;
	unsigned taken = GET(taken);

	if (taken <= s->loop_pushes)
		push(pool, taken + PROGRAM_ITEMS * 3 / 4);
	if (taken == s->cancel_after && taken)
		par_cancel(pool);
	if (taken == s->finish_after && taken)
		par_finish(pool);
}

static int take(struct par *pool)
{
	const struct scenario *s = now.scenario;
	struct par_result r;
	int rc;

	if (s->polled)
		check_level(pool);
	if (s->timed || GET(faults))
		rc = par_next_timed(pool, &r, TIMEOUT_MS);
	else
		rc = par_next(pool, &r);
	if (rc == 1)
		comes_out(&r);
	/* Where the system refuses every thread for ever, only a cancel helps.
	 */
	if ((rc == -ETIMEDOUT || rc == -EAGAIN) && GET(faults) &&
	    ADD(waited, 1) == PATIENCE)
		par_cancel(pool);
	return rc;
}

static bool is_end(int rc)
{
	return rc != 1 && rc != -ETIMEDOUT && !(GET(faults) && rc == -EAGAIN);
}

static void check_end(struct par *pool, int rc)
{
	const struct scenario *s = now.scenario;
	struct par_stats stats;

	ADD(ends, 1);
	if (rc != 0 && rc != s->source_end && !(GET(faults) && rc == -ENOMEM))
		sched_fail("the end is %d", rc);
	par_stats(pool, &stats);
	if (stats.entered != stats.delivered || stats.running || stats.queued ||
	    stats.ready || !stats.ended)
		sched_fail("the end, with something left");
	if (model_readable(par_fd(pool)) == false)
		sched_fail("the end, and the descriptor is not readable");
}

static void *consume(void *pool)
{
	int rc;

	while (!is_end(rc = take(pool)))
		;
	ADD(ends, 1);
	return NULL;
}

static void *cancel(void *pool)
{
	sched_point();
	par_cancel(pool);
	return NULL;
}

static void loop(struct par *pool)
{
	const struct scenario *s = now.scenario;
	int rc;

	if (s->push_only) {
		for (unsigned i = 1; i <= s->items; i++)
			push(pool, i);
		if (!s->finish_after)
			par_finish(pool);
	}
	if (s->cancel_at_once)
		par_cancel(pool);
	if (s->close_at_once)
		return;
	for (;;) {
		if (s->close_after && GET(taken) >= s->close_after)
			return;
		rc = take(pool);
		if (is_end(rc))
			break;
		if (rc == 1)
			react(pool);
	}
	if (!GET(faults))
		check_end(pool, rc);
	if (par_push(pool, NULL) == 0)
		sched_fail("a push after the end was taken");
}

static void use(struct par *pool)
{
	const struct scenario *s = now.scenario;
	pthread_t threads[4];
	unsigned n = 0;

	while (n < s->consumers)
		model_spawn(&threads[n++], consume, pool);
	if (s->canceler)
		model_spawn(&threads[n++], cancel, pool);
	loop(pool);
	while (n > 0)
		model_join(threads[--n]);
}

static void check_totals(void)
{
	for (unsigned i = 0; i < PROGRAM_ITEMS; i++)
		if (GET(in[i]) != GET(out[i]))
			sched_fail("item %u went in %u times and came out %u",
				   i, GET(in[i]), GET(out[i]));
	if (GET(opened) != GET(closed) && now.scenario->state)
		sched_fail("%u opened, %u closed", GET(opened), GET(closed));
}

static void open_use_close(void)
{
	const struct scenario *s = now.scenario;
	struct par *pool = item_of(1);
	int rc, end;

	SET(live, true);
	SET(source_over, false);
	SET(next_index, 0);
	SET(made, 0);
	SET(taken, 0);
	rc = par_open(&pool,
		      &(struct par_options){
			      .generate = s->push_only ? NULL : generate,
			      .action = act,
			      .workers = s->workers,
			      .capacity = s->capacity ? s->capacity : 1,
			      .window = s->window,
			      .ordered = s->ordered,
			      .worker_open = s->state ? open_state : NULL,
			      .worker_close = close_state,
			      .discard = discard,
			      .interrupt = s->interrupt ? SIGUSR1 : 0 });
	if (rc) {
		if (pool)
			sched_fail("failed to open, and yet there is a pool");
		if (s->failing_open != 1 &&
		    !(GET(faults) && (rc == -ENOMEM || rc == -EAGAIN)))
			sched_fail("open: %d", rc);
		if (GET(entered) && !s->twice)
			sched_fail("failed to open, and yet generated");
		SET(live, false);
		return;
	}
	use(pool);
	SET(live, true);
	end = par_close(pool);
	SET(live, false);
	if (end != 0 && end != s->source_end && end != -ENOMEM)
		sched_fail("close: %d", end);
}

void program_body(void *argument)
{
	const struct program *program = argument;

	memset(&now, 0, sizeof now);
	now.scenario = program->scenario;
	now.faults = program->faults;
	model_begin();
	open_use_close();
	if (now.scenario->twice)
		open_use_close();
	check_totals();
	model_end();
}
