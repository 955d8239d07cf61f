/* SPDX-License-Identifier: MIT */
/*
 * lib/wait_queue.c: how often a thread yields before it sleeps, and for how
 * long the others rely on one that was woken. On one thread, with a clock of
 * its own.
 */
#include "kit.h"
#include "own_clock.h"

#include "wait_queue.h"

enum {
	/* What wait_queue.c says. */
	WAKE = 100000,
	DEAR = 200000,
	ITEM = 8000,
	FIRST_REST = 64,
	LONGEST_REST = 4096,
	WAITERS = 3
};

/* Yields. */

/* So many waits sleep at once; the next one yields. */
static unsigned waits_that_sleep(struct wait_queue *queue)
{
	unsigned waits = 0;

	while (!wait_queue_should_yield(queue, 0, CLOCK_NEVER))
		waits++;
	return waits;
}

static void yield(struct wait_queue *queue, uint64_t cost, uint64_t items)
{
	wait_queue_yield_begins(queue);
	wait_queue_yield_ends(queue, cost, items);
}

static void a_wait_yields_four_times_at_most(void **state)
{
	struct wait_queue queue = { 0 };

	for (unsigned yields = 0; yields < WAIT_QUEUE_YIELDS; yields++)
		assert_true(
			wait_queue_should_yield(&queue, yields, CLOCK_NEVER));
	assert_false(wait_queue_should_yield(&queue, WAIT_QUEUE_YIELDS,
					     CLOCK_NEVER));
	assert_int_equal(WAIT_QUEUE_YIELDS, 4);
}

static void a_wait_with_a_deadline_does_not_yield(void **state)
{
	struct wait_queue queue = { 0 };

	assert_false(wait_queue_should_yield(&queue, 0, now));
	assert_false(wait_queue_should_yield(&queue, 1, 0));
}

static void four_yields_in_vain_save_two_waits_theirs(void **state)
{
	struct wait_queue queue = { 0 };

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < WAIT_QUEUE_YIELDS; i++) {
			assert_int_equal(waits_that_sleep(&queue), 0);
			yield(&queue, 0, 0);
		}
		assert_int_equal(waits_that_sleep(&queue), 2);
	}
}

static void yields_are_not_in_vain_if_one_has_found_something(void **state)
{
	struct wait_queue queue = { 0 };

	for (int i = 0; i < 3 * WAIT_QUEUE_YIELDS; i++) {
		yield(&queue, 0, 0);
		if (i % WAIT_QUEUE_YIELDS == WAIT_QUEUE_YIELDS - 1)
			wait_queue_note_success(&queue);
	}
	assert_int_equal(waits_that_sleep(&queue), 0);
}

/* The first wait that slept was woken, and has found something. */
static void a_success_after_a_sleep_is_none_of_the_yields(void **state)
{
	struct wait_queue queue = { 0 };

	for (int i = 0; i < WAIT_QUEUE_YIELDS; i++)
		yield(&queue, 0, 0);
	assert_false(wait_queue_should_yield(&queue, 0, CLOCK_NEVER));
	wait_queue_note_success(&queue);
	assert_int_equal(waits_that_sleep(&queue), 1);
}

static void yield_and_succeed(struct wait_queue *queue, uint64_t cost,
			      uint64_t items)
{
	yield(queue, cost, items);
	wait_queue_note_success(queue);
}

static void a_yield_that_costs_too_much_ends_them_for_a_while(void **state)
{
	struct wait_queue queue = { 0 };

	yield_and_succeed(&queue, DEAR, 0);
	assert_int_equal(waits_that_sleep(&queue), 0);
	yield_and_succeed(&queue, DEAR + 1, 0);
	assert_int_equal(waits_that_sleep(&queue), FIRST_REST);
	assert_int_equal(waits_that_sleep(&queue), 0);
}

static void items_may_make_a_yield_cost_more(void **state)
{
	struct wait_queue queue = { 0 };

	yield_and_succeed(&queue, DEAR + 5 * ITEM, 5);
	assert_int_equal(waits_that_sleep(&queue), 0);
	yield_and_succeed(&queue, DEAR + 5 * ITEM + 1, 5);
	assert_int_equal(waits_that_sleep(&queue), FIRST_REST);
}

static void the_pause_doubles_up_to_a_limit(void **state)
{
	struct wait_queue queue = { 0 };
	unsigned rest = FIRST_REST;

	for (int i = 0; i < 10; i++) {
		yield_and_succeed(&queue, DEAR + 1, 0);
		assert_int_equal(waits_that_sleep(&queue), rest);
		rest = rest < LONGEST_REST ? 2 * rest : rest;
	}
	assert_int_equal(rest, LONGEST_REST);
}

static void a_cheap_yield_makes_the_next_pause_shorter(void **state)
{
	struct wait_queue queue = { 0 };

	yield_and_succeed(&queue, DEAR + 1, 0);
	(void)waits_that_sleep(&queue);
	yield_and_succeed(&queue, DEAR, 0);
	yield_and_succeed(&queue, 0, 0);
	yield_and_succeed(&queue, DEAR + 1, 0);
	assert_int_equal(waits_that_sleep(&queue), 2 * FIRST_REST - 2);
	for (int i = 0; i < 8 * FIRST_REST; i++)
		yield_and_succeed(&queue, 0, 0);
	yield_and_succeed(&queue, DEAR + 1, 0);
	assert_int_equal(waits_that_sleep(&queue), FIRST_REST);
}

/* Wake-ups. */

static void begin(struct wait_queue *queue, struct waiter *waiters)
{
	*queue = (struct wait_queue){ 0 };
	for (int i = 0; i < WAITERS; i++) {
		assert_int_equal(waiter_init(&waiters[i]), 0);
		wait_queue_add(queue, &waiters[i], CLOCK_NEVER);
		assert_true(waiters[i].asleep);
	}
}

static void end(struct waiter *waiters)
{
	for (int i = 0; i < WAITERS; i++)
		waiter_fini(&waiters[i]);
}

static bool wake_for(struct wait_queue *queue, uint64_t wanted)
{
	return wait_queue_wake(queue, queue->newest, wanted);
}

static void the_one_that_came_last_is_woken_first(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	for (unsigned i = WAITERS; i-- > 0;) {
		assert_true(waiters[i].asleep);
		assert_true(wake_for(&queue, WAITERS));
		assert_false(waiters[i].asleep);
		assert_int_equal(wait_queue_expected(&queue), WAITERS - i);
	}
	assert_null(queue.newest);
	assert_null(queue.oldest);
	end(waiters);
}

static void as_many_are_woken_as_are_wanted(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	assert_true(wake_for(&queue, 2));
	assert_true(wake_for(&queue, 2));
	assert_false(wake_for(&queue, 2));
	assert_ptr_equal(queue.newest, &waiters[0]);
	wait_queue_remove(&queue, &waiters[2]);
	assert_int_equal(wait_queue_expected(&queue), 1);
	assert_true(wake_for(&queue, 2));
	end(waiters);
}

/* Nobody who comes in time is taken for late; and whoever is late is found out
 * as soon as the cheap clock shows it. */
static void who_is_woken_is_relied_on_for_as_long_as_that_takes(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	assert_true(wake_for(&queue, 1));
	assert_false(wake_for(&queue, 1));
	now += WAKE + LAG;
	assert_false(wake_for(&queue, 1));
	now++;
	assert_true(wake_for(&queue, 1));
	assert_false(wake_for(&queue, 1));
	end(waiters);
}

static void one_that_was_overtaken_is_not_expected(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	assert_true(wake_for(&queue, 2));
	assert_true(wake_for(&queue, 2));
	wait_queue_remove(&queue, &waiters[1]);
	assert_int_equal(wait_queue_expected(&queue), 0);
	wait_queue_remove(&queue, &waiters[2]);
	assert_int_equal(wait_queue_expected(&queue), 0);
	end(waiters);
}

static void a_yield_that_takes_long_is_not_relied_on(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	wait_queue_yield_begins(&queue);
	now += WAKE + LAG;
	wait_queue_yield_begins(&queue);
	assert_false(wake_for(&queue, 1));
	now += WAKE + LAG + 1;
	assert_true(wake_for(&queue, 1));
	assert_int_equal(wait_queue_expected(&queue), 1);
	/* One of the two yields again: the other still counts for nothing. */
	wait_queue_yield_ends(&queue, 0, 0);
	wait_queue_yield_begins(&queue);
	assert_int_equal(wait_queue_expected(&queue), 2);
	wait_queue_yield_ends(&queue, 0, 0);
	wait_queue_yield_ends(&queue, 0, 0);
	assert_int_equal(wait_queue_expected(&queue), 1);
	assert_int_equal(queue.overdue, 0);
	end(waiters);
}

static void at_a_look_nobody_is_relied_on_for_too_long(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	assert_true(wake_for(&queue, 1));
	assert_int_equal(wait_queue_look_at(&queue), now + WAIT_QUEUE_LOOK_NS);
	wait_queue_look(&queue, wait_queue_look_at(&queue) - 1);
	assert_false(wake_for(&queue, 1));
	/* Even if the cheap clock does not show it yet. */
	wait_queue_look(&queue, wait_queue_look_at(&queue));
	assert_true(wake_for(&queue, 1));
	end(waiters);
}

static void the_oldest_is_dismissed(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	wait_queue_dismiss_oldest(&queue);
	assert_true(waiters[0].dismissed);
	assert_false(waiters[0].asleep);
	assert_true(waiters[1].asleep);
	assert_true(waiters[2].asleep);
	assert_ptr_equal(queue.oldest, &waiters[1]);
	assert_int_equal(wait_queue_expected(&queue), 0);
	end(waiters);
}

static void all_can_be_woken_at_once(void **state)
{
	struct waiter waiters[WAITERS];
	struct wait_queue queue;

	begin(&queue, waiters);
	wait_queue_remove(&queue, &waiters[1]); /* in the middle */
	assert_ptr_equal(queue.newest->older, &waiters[0]);
	assert_ptr_equal(queue.oldest->newer, &waiters[2]);
	wait_queue_wake_all(&queue);
	assert_false(waiters[0].asleep);
	assert_false(waiters[2].asleep);
	assert_null(queue.newest);
	assert_int_equal(wait_queue_expected(&queue), 0);
	wait_queue_wake_all(&queue);
	end(waiters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_wait_yields_four_times_at_most),
		KIT_TEST(a_wait_with_a_deadline_does_not_yield),
		KIT_TEST(four_yields_in_vain_save_two_waits_theirs),
		KIT_TEST(yields_are_not_in_vain_if_one_has_found_something),
		KIT_TEST(a_success_after_a_sleep_is_none_of_the_yields),
		KIT_TEST(a_yield_that_costs_too_much_ends_them_for_a_while),
		KIT_TEST(items_may_make_a_yield_cost_more),
		KIT_TEST(the_pause_doubles_up_to_a_limit),
		KIT_TEST(a_cheap_yield_makes_the_next_pause_shorter),
		KIT_TEST(the_one_that_came_last_is_woken_first),
		KIT_TEST(as_many_are_woken_as_are_wanted),
		KIT_TEST(who_is_woken_is_relied_on_for_as_long_as_that_takes),
		KIT_TEST(one_that_was_overtaken_is_not_expected),
		KIT_TEST(a_yield_that_takes_long_is_not_relied_on),
		KIT_TEST(at_a_look_nobody_is_relied_on_for_too_long),
		KIT_TEST(the_oldest_is_dismissed),
		KIT_TEST(all_can_be_woken_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
