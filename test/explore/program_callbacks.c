/* SPDX-License-Identifier: MIT */
#include "program_internal.h"

#include "model.h"
#include "scheduler.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

static bool is_canceled(void *pool)
{
	return par_canceled(pool);
}

/* The descriptor is ready if and only if the callback was told to stop. Other
 * threads call this, so the descriptor is passed by value. */
static bool is_ready(void *fd)
{
	return model_readable((int)(intptr_t)fd);
}

static void block_until_told(void)
{
	int fd = WITH_ERRNO(par_stop_fd());

	check_errno("par_stop_fd()");
	if (fd < 0 && !GET(faults))
		sched_fail("par_stop_fd() returned %d", fd);
	if (fd < 0)
		return;
	model_block(is_ready, (void *)(intptr_t)fd);
	if (!par_stopping())
		sched_fail("the stop descriptor is ready, and nobody is told");
}

static bool never(void *pool)
{
	return false;
}

/* Blocks until the pool is canceled. If `interrupt` is true, the blocking call
 * itself does not notice the cancel, and only a signal ends it. */
static void block(struct par *pool, bool interrupt)
{
	while (!par_canceled(pool))
		model_block(interrupt ? never : is_canceled, pool);
}

/* Every callback begins with this. */
static void begin_callback(const char *which)
{
	model_assert_unlocked(which);
	if (!GET(callbacks_allowed))
		sched_fail("%s was called after par_close()", which);
	if (!par_self())
		sched_fail("par_self() is NULL in %s", which);
	seen.pool_of[sched_self()->id] = par_self();
	sched_point();
}

/* A second call of worker_open has begun. After a cancel, or if calls fail, it
 * need not. */
static bool second_opens(void *unused)
{
	return GET(open_calls) >= 2 || GET(cancel_begun) || GET(faults);
}

/* The letters that mean the same in every callback. */
static void do_letter(struct par *pool, char what, bool interrupt)
{
	switch (what) {
	case 'b':
	case 'B':
	case 'E':
		block(pool, interrupt);
		break;
	case 's':
		block_until_told();
		break;
	case 'w':
	case 'W':
		model_block(never, pool);
		break;
	case 'p':
		call_push(pool);
		break;
	case 'o':
	case 'O':
		call_push(pool);
		sched_gate(second_opens, NULL);
		break;
	case 'c':
		call_cancel(pool);
		break;
	case 'f':
	case 'F':
		call_finish(pool);
		break;
	case 'k':
		model_enable_cancel();
		break;
	default:
		break;
	}
}

static void check_generate(void)
{
	size_t window = seen.scenario->window;

	if (window && GET(generated) >= window + GET(delivering))
		sched_fail("generate was called while the window was full");
	if (GET(source_ended))
		sched_fail("generate was called after its end");
	if (GET(generating))
		sched_fail("generate was called twice at the same time");
	if (GET(source_stopped) && (int)ADD(late_calls_left, -1u) < 0)
		sched_fail("generate was called after a cancel or a finish");
}

static int generate_end(int rc)
{
	SET(source_ended, true);
	SET(source_error, rc);
	/* A failure after a cancel must not be reported, nor one after another
	 * thread's finish. A failure during one of them may be. */
	SET(error_is_late, GET(cancel_returned) || GET(told_returned));
	return rc;
}

static int generate(void *source, void **item)
{
	char what = letter(seen.scenario->source, ADD(generate_calls, 1), '.');
	int rc = 1;

	check_generate();
	SET(producer, sched_self()->id);
	SET(generating, true);
	begin_callback("generate");
	do_letter(par_self(), what, seen.scenario->interrupt);
	if (what == 'x' || what == 'k') {
		SET(generating, false);
		generate_end(-EINTR);
		pthread_exit(NULL);
	}
	if (what == '.' || what == 'b') {
		rc = generate_end(0);
	} else if (strchr("eEFW", what)) {
		rc = generate_end(-EIO);
	} else {
		*item = item_of(ADD(generated, 1));
		item_in(GET(generated));
	}
	SET(generating, false);
	return rc;
}

/* A pool inside an action. */

static int one_item(void *source, void **item)
{
	int *left = source;

	*item = source;
	return (*left)-- > 0;
}

static int no_action(void *context, void *item, void **value)
{
	*value = item;
	return 0;
}

static void nest(void)
{
	int left = 1;
	struct par *pool, *outer = par_self();
	struct par_result r;
	int rc = par_open(&pool, &(struct par_options){ .action = no_action,
							.workers = 1,
							.generate = one_item,
							.source = &left });

	if (rc && !GET(faults))
		sched_fail("nested par_open() returned %d", rc);
	if (rc)
		return;
	rc = par_next(pool, &r);
	if (rc == 1 && (r.value != &left || r.error))
		sched_fail("the nested pool returned a wrong result");
	if (rc == 1 && par_next(pool, &r) == 1)
		sched_fail("the nested pool returned a second result");
	rc = par_close(pool);
	if (rc && !GET(faults))
		sched_fail("nested par_close() returned %d", rc);
	if (par_self() != outer)
		sched_fail("par_self() has changed after a nested pool");
}

static char action_letter(unsigned number)
{
	const struct scenario *s = seen.scenario;

	return number < FIRST_PUSHED
		       ? letter(s->action, number, '-')
		       : letter(s->pushed, number - FIRST_PUSHED + 1, '-');
}

/* The thread has handed in the item that it ran before. */
static void begin_action(unsigned number)
{
	unsigned *last = &seen.last[sched_self()->id];

	if (*last)
		SET(handed_in[*last], GET(ends));
	*last = number;
}

static void check_stop(unsigned number)
{
	bool told = par_stopping();

	if (told && !GET(cancel_begun) && !GET(withdrawing[number]) &&
	    !seen.scenario->time_limit)
		sched_fail("item %u is told to stop by nobody", number);
	if (!told && model_was_signaled())
		sched_fail("item %u gets a signal for the last", number);
}

static int action(void *context, void *item, void **value)
{
	const struct scenario *s = seen.scenario;
	unsigned number = item_number(item);
	char what = action_letter(number);
	struct par_result none;
	int rc = what == 'e' ? 7 : strchr("xkO", what) ? -EINTR : 0;

	ADD(runs[number], 1);
	SET(error[number], rc);
	ADD(failed, rc != 0);
	if (ADD(actions, 1) > GET(max_actions) && GET(cancel_returned))
		sched_fail("an action began after the cancel");
	if (GET(limited) && GET(actions) > GET(started_at_limit) &&
	    GET(running) >= GET(limit))
		sched_fail("an action began at limit %u", GET(limit));
	if (s->keys && ADD(of_key[item_key(item)], 1) > 1)
		sched_fail("two items of one key run at once");
	check_stop(number);
	if (ADD(running, 1) > s->workers)
		sched_fail("more actions at the same time than workers");
	begin_callback("action");
	begin_action(number);
	if ((s->open != NULL) != (context == (void *)&seen))
		sched_fail("an action got a wrong context");
	if (WITH_ERRNO(par_next(par_self(), &none)) != -EDEADLK)
		sched_fail("par_next() in an action did not fail");
	check_errno("par_next()");
	do_letter(par_self(), what, s->interrupt);
	if (what == 'n')
		nest();
	*value = item;
	if (s->keys)
		ADD(of_key[item_key(item)], -1u);
	ADD(running, -1u);
	SET(ended[number], ADD(ends, 1));
	if (strchr("xkO", what))
		pthread_exit(NULL);
	return rc;
}

static void *push_body(void *pool)
{
	sched_point();
	call_push(pool);
	return NULL;
}

static void push_from_new_thread(struct par *pool)
{
	pthread_t thread;

	model_spawn(&thread, push_body, pool);
	model_join(thread);
}

static int open_state(void *context, void **state)
{
	unsigned number = ADD(open_calls, 1);
	char what = letter(seen.scenario->open, number, '-');

	begin_callback("worker_open");
	if (WITH_ERRNO(par_push(par_self(), state)) != -EAGAIN)
		sched_fail("par_push() in worker_open did not fail");
	check_errno("par_push()");
	/* The first call comes before anybody can cancel the pool. */
	do_letter(par_self(), what, seen.scenario->interrupt && number > 1);
	if (strchr("gGX", what))
		push_from_new_thread(par_self());
	if (strchr("xkX", what))
		pthread_exit(NULL);
	if (what == 'e' || what == 'G')
		return 5;
	*state = &seen;
	ADD(opened, 1);
	return 0;
}

static void close_state(void *state)
{
	char what;

	begin_callback("worker_close");
	if ((seen.scenario->open != NULL) != (state == (void *)&seen))
		sched_fail("worker_close got a wrong state");
	if (WITH_ERRNO(par_close(par_self())) != -EDEADLK)
		sched_fail("par_close() in worker_close did not fail");
	check_errno("par_close()");
	what = letter(seen.scenario->close, ADD(close_calls, 1), '-');
	do_letter(par_self(), what, false);
	if (strchr("xk", what))
		pthread_exit(NULL);
}

static void discard(void *context, const struct par_result *left)
{
	model_assert_unlocked("discard");
	if (!GET(discard_allowed))
		sched_fail("discard was called outside par_close()");
	if (seen.scenario->ordered && left->index != GET(next_index) &&
	    !seen.scenario->threads[1])
		sched_fail("index %u was discarded out of order",
			   (unsigned)left->index);
	item_out(left);
}

static uint64_t key(void *context, void *item)
{
	model_assert_unlocked("key");
	return item_key(item);
}

static void destructor(void)
{
	struct par *pool = seen.pool_of[sched_self()->id];
	struct par_result none;

	if (!pool)
		return;
	if (WITH_ERRNO(par_next(pool, &none)) != -EDEADLK ||
	    par_close(pool) != -EDEADLK)
		sched_fail("a call in a destructor did not fail");
	check_errno("par_next() or par_close()");
	do_letter(pool,
		  letter(seen.scenario->destructor, ADD(destructors, 1), '-'),
		  false);
}

void callbacks_set(struct par_options *options)
{
	const struct scenario *s = seen.scenario;

	options->generate = s->source ? generate : NULL;
	options->action = action;
	options->worker_open = s->open ? open_state : NULL;
	options->worker_close = close_state;
	options->discard = discard;
	options->key = s->keys ? key : NULL;
	options->idle_ms = s->idle;
	options->time_limit_ms = s->time_limit;
	model_destructor = s->destructor ? destructor : NULL;
}
