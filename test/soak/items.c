/* SPDX-License-Identifier: MIT */
/*
 * The items of a round and the callbacks: what an action does follows from the
 * seed and the number, and so does what must come back.
 */
#include "soak.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

/* What the action of a number does. */
enum deed {
	DEED_RETURN,
	DEED_FAIL,
	DEED_YIELD,
	DEED_SLEEP,
	DEED_SPIN,
	DEED_PUSH,
	DEED_BLOCK, /* until the cancel */
	DEED_EXIT,  /* ends its thread */
	DEEDS
};

static enum deed deed_of(const struct round *r, size_t number)
{
	uint64_t dice = r->seed + number * 7919;
	enum deed deed = (enum deed)roll(&dice, DEEDS);

	if (deed == DEED_BLOCK && r->fate != FATE_CANCEL)
		return DEED_RETURN;
	if (deed == DEED_EXIT && roll(&dice, 20) > 0)
		return DEED_FAIL;
	return deed;
}

/* Returns 0 if there are no more. */
static size_t make(struct round *r)
{
	size_t number = atomic_fetch_add(&r->made, 1) + 1;

	return number <= r->most ? number : 0;
}

static void note_entry(struct round *r, size_t number)
{
	atomic_fetch_add(&r->numbers[number - 1].entered, 1);
	atomic_fetch_add(&counts.items, 1);
}

void items_push_one(struct round *r, struct par *pool, int timeout_ms)
{
	const size_t number = make(r);
	const uint64_t since = clock_ns();
	int rc;

	if (number == 0)
		return;
	rc = timeout_ms < 0 ? par_push(pool, (void *)number)
			    : par_push_timed(pool, (void *)number, timeout_ms);
	check_time(r, rc, since, timeout_ms);
	CHECK(r, rc == 0 || rc == -ECANCELED || rc == -EPIPE || rc == -ENOMEM ||
			 (rc == -ETIMEDOUT && timeout_ms >= 0));
	if (rc == 0)
		note_entry(r, number);
	else
		atomic_fetch_add(&counts.unpushed, 1);
}

int items_generate(void *round, void **item)
{
	struct round *r = round;
	size_t number = 0;

	if (atomic_fetch_add(&r->returned, 1) < r->generated)
		number = make(r);
	if (number == 0)
		return roll(&(uint64_t){ r->seed }, 4) ? 0 : -EIO;
	if (deed_of(r, number) == DEED_YIELD)
		sched_yield();
	*item = (void *)number;
	note_entry(r, number);
	return 1;
}

int items_open_state(void *round, void **state)
{
	struct round *r = round;
	uint64_t dice = r->seed + atomic_fetch_add(&r->opening, 1);

	*state = r;
	if (roll(&dice, 10) == 0)
		return -EIO;
	atomic_fetch_add(&r->opened, 1);
	return 0;
}

void items_close_state(void *round)
{
	atomic_fetch_add(&((struct round *)round)->closed, 1);
}

/* By the interrupt, or by the descriptor, or by looking if there is none. */
static void wait_for_cancel(struct round *r, bool interrupted)
{
	struct pollfd ends[] = {
		{ .fd = r->silence[0], .events = POLLIN },
		{ .fd = par_cancel_fd(par_self()), .events = POLLIN },
	};

	while (!par_canceled(par_self()))
		if (poll(ends, interrupted || ends[1].fd < 0 ? 1 : 2,
			 !interrupted && ends[1].fd < 0 ? 10 : -1) < 0)
			atomic_fetch_add(&counts.interrupted, 1);
}

uint64_t items_key(void *round, void *item)
{
	(void)round;
	return (size_t)item % KEYS;
}

static void enter_key(struct round *r, void *item)
{
	const uint64_t key = items_key(r, item);

	if (r->options.key && key)
		CHECK(r, atomic_fetch_add(&r->of_key[key], 1) <
				 (r->options.key_limit ? r->options.key_limit
						       : 1));
}

static void leave_key(struct round *r, void *item)
{
	const uint64_t key = items_key(r, item);

	if (r->options.key && key)
		atomic_fetch_sub(&r->of_key[key], 1);
}

static void spin(void)
{
	for (volatile unsigned i = 0; i < 20000; i++)
		;
}

int items_act(void *round, void *item, void **value)
{
	struct round *r = round;
	const size_t number = (size_t)item;
	const enum deed deed = deed_of(r, number);

	atomic_fetch_add(&r->numbers[number - 1].ran, 1);
	enter_key(r, item);
	*value = (void *)~number;
	if (deed == DEED_FAIL) {
		leave_key(r, item);
		return (int)number;
	}
	if (deed == DEED_YIELD)
		sched_yield();
	else if (deed == DEED_SLEEP)
		usleep(number % 3000);
	else if (deed == DEED_SPIN)
		spin();
	else if (deed == DEED_PUSH)
		items_push_one(r, par_self(), number % 2 ? -1 : 0);
	else if (deed == DEED_BLOCK)
		wait_for_cancel(r, r->options.interrupt && number % 2);
	leave_key(r, item);
	if (deed == DEED_EXIT)
		pthread_exit(NULL);
	return 0;
}

static int error_of(const struct round *r, size_t number)
{
	switch (deed_of(r, number)) {
	case DEED_FAIL:
		return (int)number;
	case DEED_EXIT:
		return -EINTR;
	default:
		return 0;
	}
}

/* The pool measures with the right clock: nothing took longer than the round.
 */
static void check_times(const struct round *r, const struct par_result *result)
{
	const uint64_t took = clock_ns() - r->since;
	const uint64_t limit = r->options.time_limit_ms * UINT64_C(1000000);

	CHECK(r, result->waited_ns <= took);
	CHECK(r, result->ran_ns <= took - result->waited_ns);
	if (!r->options.timed)
		CHECK(r, result->waited_ns == 0 && result->ran_ns == 0);
	else if (result->stopped == -ETIMEDOUT)
		CHECK(r, result->ran_ns >= limit);
}

void items_check(struct round *r, const struct par_result *result)
{
	const size_t number = (size_t)result->item;
	struct number *n = &r->numbers[number - 1];

	CHECK(r, number >= 1 && number <= r->most);
	CHECK(r, atomic_fetch_add(&n->back, 1) == 0);
	check_times(r, result);
	if (result->worker == UINT_MAX) {
		CHECK(r, r->fate == FATE_CANCEL || r->fate == FATE_CLOSE ||
				 n->withdrawing);
		CHECK(r, result->stopped == 0 && result->ran_ns == 0);
		CHECK(r, result->error == -ECANCELED && !result->value);
		CHECK(r, n->ran == 0);
		atomic_fetch_add(&counts.canceled, 1);
		return;
	}
	CHECK(r, result->worker < r->options.workers);
	CHECK(r, n->ran == 1);
	CHECK(r, result->stopped != -ETIMEDOUT || r->options.time_limit_ms);
	CHECK(r, result->stopped != -ECANCELED || r->fate == FATE_CANCEL ||
			 r->fate == FATE_CLOSE || n->withdrawing);
	if (result->stopped == -ETIMEDOUT)
		atomic_fetch_add(&counts.timed_out, 1);
	else if (result->stopped)
		atomic_fetch_add(&counts.told, 1);
	CHECK(r, result->value == (void *)~number);
	CHECK(r, result->error == error_of(r, number));
	if (result->error == -EINTR)
		atomic_fetch_add(&counts.exited, 1);
	else if (result->error)
		atomic_fetch_add(&counts.failed, 1);
}

void items_discard(void *round, const struct par_result *left)
{
	items_check(round, left);
	atomic_fetch_add(&counts.discarded, 1);
}
