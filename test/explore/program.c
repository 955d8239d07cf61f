/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "invariant.h"
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
	bool faults;
	/* By item; generated ones from 1, pushed ones from FIRST_PUSHED. */
	unsigned in[PROGRAM_ITEMS], out[PROGRAM_ITEMS];
	unsigned acted[PROGRAM_ITEMS];
	int error[PROGRAM_ITEMS];
	unsigned pushes;
	bool live;	      /* callbacks may run */
	bool open;	      /* par_open has returned a pool */
	unsigned made, asked; /* by generate */
	unsigned entered, taken, acts, acting, failed;
	unsigned opens, opened, closed; /* worker_open, worker_close */
	unsigned index_seen[2 * PROGRAM_ITEMS];
	unsigned next_index;
	int source_error; /* what generate has returned below 0 */
	int told_error;	  /* what par_next has told of it */
	bool source_over, generating, error_is_late;
	bool cancels;	  /* a cancel may have begun */
	bool canceled;	  /* a cancel has returned */
	unsigned may_act; /* actions, once it has */
	bool shut;	  /* a cancel or a finish has returned */
	unsigned may_ask; /* calls of generate, once it has */
	bool discarding;
	unsigned patience;
} now;

enum {
	TIMEOUT_MS = 300,
	PATIENCE = 20,
	FIRST_PUSHED = PROGRAM_ITEMS / 2,
	KEPT_ERRNO = 4711,
};

#define GET(field) __atomic_load_n(&now.field, __ATOMIC_RELAXED)
#define ADD(field, count)                                                      \
	__atomic_add_fetch(&now.field, count, __ATOMIC_RELAXED)
#define SET(field, value) __atomic_store_n(&now.field, value, __ATOMIC_RELAXED)

static void *item_of(unsigned number)
{
	return (void *)(uintptr_t)number;
}

/* The n-th letter, from 1. */
static char letter(const char *letters, unsigned n, char beyond)
{
	return letters && n <= strlen(letters) ? letters[n - 1] : beyond;
}

/* Around each call of the library's. */
static void keeps_errno(const char *call)
{
	if (errno != KEPT_ERRNO)
		sched_fail("%s changed errno to %d", call, errno);
}
#define KEEPING(call) (errno = KEPT_ERRNO, call)

/* The items. */

static void goes_in(unsigned number)
{
	if (number == 0 || number >= PROGRAM_ITEMS)
		sched_fail("item %u went in", number);
	ADD(in[number], 1);
	ADD(entered, 1);
}

static void check_place(uint64_t index)
{
	const struct scenario *s = now.scenario;

	if (index >= 2 * PROGRAM_ITEMS || ADD(index_seen[index], 1) > 1)
		sched_fail("place %u came out twice", (unsigned)index);
	/* Two who take results may look at them in any order. */
	if (s->ordered && !s->threads[1] && index != GET(next_index))
		sched_fail("place %u came out of order", (unsigned)index);
	ADD(next_index, 1);
}

static void check_canceled(const struct par_result *r, unsigned number)
{
	if (r->worker != UINT_MAX || r->value)
		sched_fail("canceled, and yet a worker had it");
	if (GET(acted[number]))
		sched_fail("item %u was canceled, and yet run", number);
	if (!GET(cancels))
		sched_fail("item %u was canceled by nobody", number);
}

static void check_run(const struct par_result *r, unsigned number)
{
	if (r->worker >= now.scenario->workers)
		sched_fail("worker %u", r->worker);
	if (GET(acted[number]) != 1)
		sched_fail("item %u was run %u times", number,
			   GET(acted[number]));
	if (r->error != GET(error[number]) || r->value != r->item)
		sched_fail("item %u came out with error %d", number, r->error);
}

static void comes_out(const struct par_result *r)
{
	unsigned number = (unsigned)(uintptr_t)r->item;

	if (number == 0 || number >= PROGRAM_ITEMS ||
	    ADD(out[number], 1) > GET(in[number]))
		sched_fail("item %u came out more often than it went in",
			   number);
	check_place(r->index);
	if (r->error == -ECANCELED)
		check_canceled(r, number);
	else
		check_run(r, number);
	ADD(taken, 1);
}

/* Calls that the loop and the callbacks both make. */

static void push(struct par *pool)
{
	unsigned number = FIRST_PUSHED + ADD(pushes, 1) - 1;
	int rc;

	goes_in(number);
	rc = KEEPING(par_push(pool, item_of(number)));
	keeps_errno("push");
	if (rc == 0)
		return;
	if (rc != -ECANCELED && rc != -EPIPE && !(GET(faults) && rc == -ENOMEM))
		sched_fail("push: %d", rc);
	/* A pool that failed to open is canceled before it is undone. */
	if (rc == -ECANCELED && !GET(cancels) && GET(open))
		sched_fail("a push was canceled by nobody");
	ADD(in[number], -1u);
	ADD(entered, -1u);
}

/* From here on generate is asked no more. A call that has not noticed what was
 * decided before it may still be on its way. */
static void shuts(void)
{
	if (GET(shut))
		return;
	SET(shut, true);
	SET(may_ask, GET(generating) ? 0 : 1);
}

static void finish(struct par *pool)
{
	KEEPING(par_finish(pool));
	keeps_errno("finish");
	shuts();
}

static void cancel(struct par *pool)
{
	struct par_stats stats;

	SET(cancels, true);
	KEEPING(par_cancel(pool));
	keeps_errno("cancel");
	shuts();
	if (!par_canceled(pool))
		sched_fail("canceled, and yet not");
	par_stats(pool, &stats);
	if (!GET(canceled))
		SET(may_act, (unsigned)stats.started);
	SET(canceled, true);
}

static void look(const struct par *pool)
{
	struct par_stats s;

	KEEPING(par_stats(pool, &s));
	keeps_errno("stats");
	if (s.entered != s.queued + s.running + s.ready + s.delivered ||
	    s.started != s.running + s.finished || s.failed > s.finished ||
	    s.running > now.scenario->workers ||
	    s.workers > now.scenario->workers)
		sched_fail("stats do not add up");
}

static bool is_canceled(void *pool)
{
	return par_canceled(pool);
}

static bool never(void *pool)
{
	return false;
}

/* Until the cancel; where it is interrupted, only a signal gets it out. */
static void block(struct par *pool, bool interrupted)
{
	while (!par_canceled(pool))
		model_block(interrupted ? never : is_canceled, pool);
}

/* Callbacks. */

static void callback(const char *which)
{
	model_assert_unlocked(which);
	if (!GET(live))
		sched_fail("%s after the close", which);
	if (!par_self())
		sched_fail("%s is in no pool", which);
	sched_point();
}

/* What any callback can do; the rest of the letters is its own. */
static void do_letter(char what, bool interrupted)
{
	struct par *pool = par_self();

	switch (what) {
	case 'b':
	case 'B':
	case 'E':
		block(pool, interrupted);
		break;
	case 'w':
		model_block(never, pool);
		break;
	case 'p':
		push(pool);
		break;
	case 'c':
		cancel(pool);
		break;
	case 'f':
		finish(pool);
		break;
	default:
		break;
	}
}

static void check_asked(void)
{
	if (GET(source_over))
		sched_fail("generate was asked after its end");
	if (GET(generating))
		sched_fail("generate was asked twice at once");
	if (GET(shut) && (int)ADD(may_ask, -1u) < 0)
		sched_fail("generate was asked after a cancel or a finish");
}

static int generate_end(int rc)
{
	SET(source_over, true);
	SET(source_error, rc);
	/* One after a cancel is not reported, and one beside it may not be. */
	SET(error_is_late, GET(canceled));
	return rc;
}

static int generate(void *source, void **item)
{
	char what = letter(now.scenario->source, ADD(asked, 1), '.');
	int rc = 1;

	check_asked();
	SET(generating, true);
	callback("generate");
	do_letter(what, now.scenario->interrupt);
	if (what == 'x') {
		SET(generating, false);
		generate_end(-EINTR);
		pthread_exit(NULL);
	}
	if (what == '.' || what == 'b') {
		rc = generate_end(0);
	} else if (what == 'e' || what == 'E') {
		rc = generate_end(-EIO);
	} else {
		*item = item_of(ADD(made, 1));
		goes_in(GET(made));
	}
	SET(generating, false);
	return rc;
}

/* A pool within an action. */

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
	int rc = par_open(&pool, &(struct par_options){ .generate = one_item,
							.source = &left,
							.action = no_action,
							.workers = 1 });

	if (rc && !GET(faults))
		sched_fail("nested open: %d", rc);
	if (rc)
		return;
	rc = par_next(pool, &r);
	if (rc == 1 && (r.value != &left || r.error))
		sched_fail("nested result");
	if (rc == 1 && par_next(pool, &r) == 1)
		sched_fail("nested pool has two results of one item");
	rc = par_close(pool);
	if (rc && !GET(faults))
		sched_fail("nested close: %d", rc);
	if (par_self() != outer)
		sched_fail("nested pool left itself behind");
}

static char action_letter(unsigned number)
{
	const struct scenario *s = now.scenario;

	return number < FIRST_PUSHED
		       ? letter(s->action, number, '-')
		       : letter(s->pushed, number - FIRST_PUSHED + 1, '-');
}

static int act(void *context, void *item, void **value)
{
	const struct scenario *s = now.scenario;
	unsigned number = (unsigned)(uintptr_t)item;
	char what = action_letter(number);
	struct par_result none;
	int rc = what == 'e' ? 7 : what == 'x' ? -EINTR : 0;

	ADD(acted[number], 1);
	SET(error[number], rc);
	ADD(failed, rc != 0);
	if (ADD(acts, 1) > GET(may_act) && GET(canceled))
		sched_fail("an action began after the cancel");
	if (ADD(acting, 1) > s->workers)
		sched_fail("more actions than workers");
	callback("action");
	if ((s->open != NULL) != (context == (void *)&now))
		sched_fail("the action's context is not what it should be");
	if (KEEPING(par_next(par_self(), &none)) != -EDEADLK)
		sched_fail("an action took a result");
	keeps_errno("next");
	do_letter(what, s->interrupt);
	if (what == 'n')
		nest();
	*value = item;
	ADD(acting, -1u);
	if (what == 'x')
		pthread_exit(NULL);
	return rc;
}

static void *push_from_elsewhere(void *pool)
{
	sched_point();
	push(pool);
	return NULL;
}

static void give_away(struct par *pool)
{
	pthread_t thread;

	model_spawn(&thread, push_from_elsewhere, pool);
	model_join(thread);
}

static int open_state(void *context, void **state)
{
	unsigned number = ADD(opens, 1);
	char what = letter(now.scenario->open, number, '-');

	callback("worker_open");
	if (KEEPING(par_push(par_self(), state)) != -EAGAIN)
		sched_fail("worker_open pushed");
	keeps_errno("push");
	/* The first runs before anybody could cancel the pool. */
	do_letter(what, now.scenario->interrupt && number > 1);
	if (strchr("gGX", what))
		give_away(par_self());
	if (what == 'x' || what == 'X')
		pthread_exit(NULL);
	if (what == 'e' || what == 'G')
		return 5;
	*state = &now;
	ADD(opened, 1);
	return 0;
}

static void close_state(void *state)
{
	callback("worker_close");
	if ((now.scenario->open != NULL) != (state == (void *)&now))
		sched_fail("worker_close got another state");
	if (KEEPING(par_close(par_self())) != -EDEADLK)
		sched_fail("worker_close closed its pool");
	keeps_errno("close");
	do_letter(letter(now.scenario->close, ADD(closed, 1), '-'), false);
}

static void discard(void *context, const struct par_result *left)
{
	model_assert_unlocked("discard");
	if (!GET(discarding))
		sched_fail("discard outside the close");
	if (now.scenario->ordered && left->index != GET(next_index) &&
	    !now.scenario->threads[1])
		sched_fail("discarded out of order");
	comes_out(left);
}

/* The threads of the program. */

static void check_end(struct par *pool, int rc)
{
	struct par_stats stats;
	int again;
	struct par_result r;

	if (rc != 0 && rc != GET(source_error) &&
	    !(GET(faults) && rc == -ENOMEM))
		sched_fail("the end is %d", rc);
	if (rc != 0 && GET(error_is_late))
		sched_fail("a failure after the cancel was reported");
	if (rc == 0 && GET(source_error) && !GET(cancels))
		sched_fail("a failure was not reported");
	SET(told_error, rc);
	par_stats(pool, &stats);
	if (stats.failed != GET(failed))
		sched_fail("%u failed, and %u are counted", GET(failed),
			   (unsigned)stats.failed);
	if (stats.entered != stats.delivered || stats.running || stats.queued ||
	    stats.ready || !stats.ended)
		sched_fail("the end, with something left");
	again = par_next_timed(pool, &r, 0);
	if (again != rc)
		sched_fail("the end was %d, then %d", rc, again);
	if (par_push(pool, NULL) == 0)
		sched_fail("a push after the end was taken");
}

static bool is_end(int rc)
{
	return rc != 1 && rc != -ETIMEDOUT && !(GET(faults) && rc == -EAGAIN);
}

static int take(struct par *pool, int timeout_ms)
{
	uint64_t begun = sched_now();
	struct par_result r;
	int rc;

	errno = KEPT_ERRNO;
	rc = timeout_ms < 0 ? par_next(pool, &r)
			    : par_next_timed(pool, &r, timeout_ms);
	keeps_errno("next");
	if (rc == 1)
		comes_out(&r);
	if (rc == -ETIMEDOUT &&
	    sched_now() < begun + (uint64_t)timeout_ms * 1000000)
		sched_fail("timed out too early");
	if (rc == -ETIMEDOUT && invariant_was_ready())
		sched_fail("timed out with a result at hand");
	if (rc != 1 && rc != -ETIMEDOUT && !(GET(faults) && rc == -EAGAIN))
		check_end(pool, rc);
	return rc;
}

/* Where the system refuses every thread for ever, only a cancel helps. */
static int take_patiently(struct par *pool, int timeout_ms)
{
	bool patient = GET(faults) || now.scenario->patient;
	int rc = take(pool, patient ? TIMEOUT_MS : timeout_ms);

	/* It has not slept, and does not ask again at once. */
	if (rc == -EAGAIN)
		sched_advance(1000000);
	if (patient && (rc == -ETIMEDOUT || rc == -EAGAIN) &&
	    ADD(patience, 1) == PATIENCE)
		cancel(pool);
	return rc;
}

static void take_all(struct par *pool, int timeout_ms)
{
	while (!is_end(take_patiently(pool, timeout_ms)))
		;
}

/* What par_next_timed(0) says must be what the descriptor says. */
static void take_what_is_there(struct par *pool)
{
	int fd = KEEPING(par_fd(pool)), rc;
	bool readable;

	keeps_errno("fd");
	if (fd < 0) {
		if (!GET(faults) || fd != -EMFILE)
			sched_fail("par_fd: %d", fd);
		return;
	}
	sched_atomic_begin();
	readable = model_readable(fd);
	rc = take(pool, 0);
	if (sched_atomic_end() && readable != (rc != -ETIMEDOUT))
		sched_fail("readable: %d, but next: %d", readable, rc);
}

static void look_for_cancel(struct par *pool)
{
	int fd = KEEPING(par_cancel_fd(pool));

	keeps_errno("cancel_fd");
	if (fd < 0 && !GET(faults))
		sched_fail("par_cancel_fd: %d", fd);
	if (fd >= 0 && GET(canceled) && !model_readable(fd))
		sched_fail("canceled, but the descriptor does not say so");
	if (fd >= 0 && !GET(cancels) && model_readable(fd))
		sched_fail("the descriptor says canceled, but nobody did");
}

struct thread {
	struct par *pool;
	const char *letters;
	pthread_t thread;
};

static void call(struct par *pool, char what, pthread_t second)
{
	switch (what) {
	case 'n':
		take_patiently(pool, -1);
		break;
	case 't':
		take(pool, TIMEOUT_MS);
		break;
	case '*':
		take_all(pool, -1);
		break;
	case '~':
		take_all(pool, TIMEOUT_MS);
		break;
	case 'z':
		take_what_is_there(pool);
		break;
	case 'p':
		push(pool);
		break;
	case 'f':
		finish(pool);
		break;
	case 'c':
		cancel(pool);
		break;
	case 's':
		look(pool);
		break;
	case 'd':
		look_for_cancel(pool);
		break;
	case 'k':
		model_cancel(second);
		break;
	default:
		sched_fail("no call is called %c", what);
	}
}

static void *thread_body(void *argument)
{
	const struct thread *thread = argument;

	sched_point();
	for (const char *c = thread->letters; *c; c++)
		call(thread->pool, *c, thread->thread);
	return NULL;
}

static void use(struct par *pool)
{
	const char *const *letters = now.scenario->threads;
	struct thread threads[PROGRAM_THREADS];
	unsigned n = 1;

	for (; n < PROGRAM_THREADS && letters[n]; n++) {
		threads[n] = (struct thread){ pool, letters[n], 0 };
		model_spawn(&threads[n].thread, thread_body, &threads[n]);
	}
	for (const char *c = letters[0]; *c; c++)
		call(pool, *c, threads[1].thread);
	while (n > 1)
		model_join(threads[--n].thread);
}

/* The pool. */

/* What a scenario itself makes of par_open(). */
static int expected_open(void)
{
	const struct scenario *s = now.scenario;
	unsigned needed = 1u + s->interrupt + (s->source != NULL);
	char first = letter(s->open, 1, '-');

	if (s->refused_from == 1)
		return -EAGAIN;
	if (first == 'e' || first == 'G')
		return 5;
	if (first == 'x' || first == 'X')
		return -EINTR;
	return s->refused_from && s->refused_from <= needed ? -EAGAIN : 0;
}

static int open_pool(struct par **pool)
{
	const struct scenario *s = now.scenario;
	const struct par_options options = {
		.generate = s->source ? generate : NULL,
		.action = act,
		.workers = s->workers,
		.capacity = s->capacity ? s->capacity : 1,
		.window = s->window,
		.ordered = s->ordered,
		.worker_open = s->open ? open_state : NULL,
		.worker_close = close_state,
		.discard = discard,
		.interrupt = s->interrupt ? SIGUSR1 : 0,
	};
	/* What was given away may have to be taken back, where it fails. */
	bool given = s->open && strpbrk(s->open, "gGX");
	int rc;

	if (given) {
		SET(cancels, true);
		SET(discarding, true);
	}
	rc = KEEPING(par_open(pool, &options));
	keeps_errno("open");
	if (given && rc == 0) {
		SET(cancels, false);
		SET(discarding, false);
	}
	if (rc != expected_open() &&
	    !(GET(faults) && (rc == -ENOMEM || rc == -EAGAIN)))
		sched_fail("open: %d", rc);
	if (rc && *pool)
		sched_fail("failed to open, and yet there is a pool");
	if (rc && GET(asked))
		sched_fail("failed to open, and yet generated");
	return rc;
}

static void close_pool(struct par *pool)
{
	int rc;

	SET(cancels, true);
	SET(discarding, true);
	rc = KEEPING(par_close(pool));
	keeps_errno("close");
	if (rc != 0 && rc != GET(source_error) &&
	    !(GET(faults) && rc == -ENOMEM))
		sched_fail("close: %d", rc);
	if (rc != 0 && GET(error_is_late))
		sched_fail("a failure after the cancel was reported");
	if (rc == 0 && GET(told_error))
		sched_fail("the close forgot the failure");
}

static void check_totals(void)
{
	for (unsigned i = 0; i < PROGRAM_ITEMS; i++)
		if (GET(in[i]) != GET(out[i]))
			sched_fail("item %u went in %u times and came out %u",
				   i, GET(in[i]), GET(out[i]));
	if (GET(opened) != GET(closed) && now.scenario->open)
		sched_fail("%u opened, %u closed", GET(opened), GET(closed));
}

static void open_use_close(const struct program *program)
{
	struct par *pool = item_of(1);

	memset(&now, 0, sizeof now);
	now.scenario = program->scenario;
	now.faults = program->faults;
	SET(live, true);
	if (open_pool(&pool) == 0) {
		SET(open, true);
		use(pool);
		close_pool(pool);
	}
	SET(live, false);
	check_totals();
}

void program_body(void *argument)
{
	const struct program *program = argument;
	const struct scenario *s = program->scenario;

	model_begin();
	invariant_begin();
	model_refuse_threads(s->refused_from, s->refused);
	open_use_close(program);
	if (s->twice)
		open_use_close(program);
	model_end();
}
