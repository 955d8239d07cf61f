/* SPDX-License-Identifier: MIT */
/*
 * par_finish: it ends the generator's part, whatever the generator is doing,
 * and nothing else. Items that entered are run and delivered.
 */
#include "kit.h"

static void assert_takes(struct par *pool, uintptr_t number)
{
	struct par_result result;

	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(AS_NUMBER(result.item), number);
	assert_int_equal(AS_NUMBER(result.value), number);
	assert_int_equal(result.error, 0);
}

/* Nothing comes, and the source has not ended. */
static void assert_waits(struct par *pool)
{
	kit_assert_waits(pool);
	assert_false(kit_stats(pool).ended);
}

/*
 * Items that entered.
 */

static void without_a_generator_it_ends_the_input(void **state)
{
	struct par *pool = kit_open_echo();

	assert_waits(pool);
	par_finish(pool);
	assert_true(kit_stats(pool).ended);
	kit_close_ended(pool, 0);
}

static void without_a_generator_what_entered_is_delivered(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	kit_push_numbers(pool, 1, 20);
	gate_await(&gate, 1);
	par_finish(pool);
	assert_int_equal(kit_stats(pool).queued, 19);
	gate_open(&gate);
	for (uintptr_t i = 1; i <= 20; i++)
		assert_takes(pool, i);
	kit_close_ended(pool, 0);
}

/* The call under way is the one that comes after item 20. */
static void with_a_generator_what_entered_is_delivered(void **state)
{
	struct gate gate = GATE_CLOSED, hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 20,
					.at = 20,
					.hold = &hold };
	struct par *pool = kit_open_gated(&source, &gate);

	gate_await(&hold, 1);
	par_finish(pool);
	assert_int_equal(kit_stats(pool).canceled, 0);
	gate_open(&gate);
	for (uintptr_t i = 1; i <= 20; i++)
		assert_takes(pool, i);
	assert_waits(pool);
	gate_open(&hold);
	kit_close_ended(pool, 0);
}

static void it_cancels_nothing(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	par_finish(pool);
	assert_false(par_canceled(pool));
	assert_false(kit_readable(par_cancel_fd(pool)));
	gate_open(&gate);
	assert_takes(pool, 1);
	kit_close_ended(pool, 0);
}

/*
 * While the generator is in its call.
 */

/* Two items were taken; the call that brings the next is under way. */
static void open_call(struct held *c, uintptr_t last, int end)
{
	held_open(c,
		  (struct gated_numbers){
			  .numbers = { .last = last, .end = end }, .at = 2 },
		  (struct par_options){ .workers = 1 });
	assert_takes(c->pool, 1);
	assert_takes(c->pool, 2);
}

static void the_item_of_the_call_under_way_is_run(void **state)
{
	struct held c;

	open_call(&c, 100, 0);
	par_finish(c.pool);
	gate_open(&c.hold);
	assert_takes(c.pool, 3);
	kit_close_ended(c.pool, 0);
	assert_int_equal(c.source.numbers.calls, 3);
}

/* As after a cancel: the call may have failed because it was told. */
static void the_failure_of_the_call_under_way_is_none(void **state)
{
	struct held c;

	open_call(&c, 2, -EIO);
	par_finish(c.pool);
	gate_open(&c.hold);
	kit_close_ended(c.pool, 0);
	assert_int_equal(c.source.numbers.calls, 3);
}

static void the_end_waits_for_the_call_under_way(void **state)
{
	struct held c;

	open_call(&c, 2, 0);
	par_finish(c.pool);
	assert_waits(c.pool);
	gate_open(&c.hold);
	kit_close_ended(c.pool, 0);
}

static void who_sleeps_is_told_the_end_when_the_call_returns(void **state)
{
	struct taker takers[3];
	struct held c;

	open_call(&c, 2, 0);
	takers_start(takers, 3, c.pool);
	par_finish(c.pool);
	gate_open(&c.hold);
	takers_assert_told(takers, 3, 0);
	kit_close_ended(c.pool, 0);
}

/*
 * While the producer waits, and while nothing happens.
 */

static void assert_ends_waiting(struct par_options options, unsigned entered)
{
	struct full full;

	full_open(&full, options, entered);
	assert_int_equal(full.source.numbers.calls, entered);
	par_finish(full.pool);
	assert_true(kit_stats(full.pool).ended);
	gate_open(&full.gate);
	for (uintptr_t i = 1; i <= entered; i++)
		assert_takes(full.pool, i);
	kit_close_ended(full.pool, 0);
	assert_int_equal(full.source.numbers.calls, entered);
}

static void a_producer_that_waits_for_the_ring_asks_no_more(void **state)
{
	assert_ends_waiting((struct par_options){ .capacity = 4 }, 5);
}

static void a_producer_that_waits_for_the_window_asks_no_more(void **state)
{
	assert_ends_waiting((struct par_options){ .window = 3 }, 3);
}

static void who_sleeps_is_told_the_end(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker takers[3];

	takers_start(takers, 3, pool);
	par_finish(pool);
	takers_assert_told(takers, 3, 0);
	kit_close_ended(pool, 0);
}

/*
 * Who finishes, and how often.
 */

static int finish_in_action(void *context, void *item, void **value)
{
	par_finish(par_self());
	return action_echo(context, item, value);
}

static void an_action_can_finish(void **state)
{
	struct par_options options = kit_gated_options(NULL, NULL);
	struct par *pool;

	options.action = finish_in_action;
	pool = kit_open(&options);
	kit_push_number(pool, 1);
	assert_takes(pool, 1);
	kit_close_ended(pool, 0);
}

/* Finishes in the call that brings the second item. */
static int finish_in_generator(void *numbers, void **item)
{
	const int rc = numbers_next(numbers, item);

	if (AS_NUMBER(*item) == 2)
		par_finish(par_self());
	return rc;
}

static void the_generator_can_finish(void **state)
{
	struct numbers numbers = { .last = 100 };
	struct par_options options = kit_gated_options(NULL, NULL);
	struct par *pool;

	options.generate = finish_in_generator;
	options.source = &numbers;
	pool = kit_open(&options);
	assert_takes(pool, 1);
	assert_takes(pool, 2);
	kit_close_ended(pool, 0);
	assert_int_equal(numbers.calls, 2);
}

static void *finish_in_thread(void *pool)
{
	par_finish(pool);
	return NULL;
}

static void another_thread_can_finish(void **state)
{
	struct par *pool = kit_open_echo();
	pthread_t thread;

	kit_start(&thread, finish_in_thread, pool);
	/* No call may be under way at the close. */
	kit_join(thread);
	kit_close_ended(pool, 0);
}

static void finishing_twice_is_finishing_once(void **state)
{
	struct held c;

	open_call(&c, 100, 0);
	par_finish(c.pool);
	par_finish(c.pool);
	assert_waits(c.pool);
	gate_open(&c.hold);
	assert_takes(c.pool, 3);
	par_finish(c.pool);
	kit_close_ended(c.pool, 0);
	assert_int_equal(c.source.numbers.calls, 3);
}

static void after_the_end_it_does_nothing(void **state)
{
	const int ends[] = { 0, -EIO };

	for (int i = 0; i < 2; i++) {
		struct gated_numbers source = { .numbers = { .end = ends[i] } };
		struct par *pool = kit_open_gated(&source, NULL);
		struct par_result result;

		assert_int_equal(par_next(pool, &result), ends[i]);
		par_finish(pool);
		assert_int_equal(par_push(pool, NULL), -EPIPE);
		kit_close_ended(pool, ends[i]);
		assert_int_equal(source.numbers.calls, 1);
	}
}

static void after_a_failure_it_is_still_the_failure_that_is_told(void **state)
{
	struct gated_numbers source = { .numbers = { .last = 1, .end = -EIO } };
	struct par *pool = kit_open_gated(&source, NULL);

	EVENTUALLY(kit_stats(pool).ended);
	par_finish(pool);
	assert_takes(pool, 1);
	kit_close_ended(pool, -EIO);
}

/* The item of the call under way is canceled, not run. */
static void after_a_cancel_it_does_nothing(void **state)
{
	struct par_result result;
	struct held c;

	open_call(&c, 100, 0);
	par_cancel(c.pool);
	par_finish(c.pool);
	assert_waits(c.pool);
	gate_open(&c.hold);
	assert_int_equal(par_next(c.pool, &result), 1);
	assert_int_equal(result.error, -ECANCELED);
	assert_true(par_canceled(c.pool));
	kit_close_ended(c.pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(without_a_generator_it_ends_the_input),
		KIT_TEST(without_a_generator_what_entered_is_delivered),
		KIT_TEST(with_a_generator_what_entered_is_delivered),
		KIT_TEST(it_cancels_nothing),
		KIT_TEST(the_item_of_the_call_under_way_is_run),
		KIT_TEST(the_failure_of_the_call_under_way_is_none),
		KIT_TEST(the_end_waits_for_the_call_under_way),
		KIT_TEST(who_sleeps_is_told_the_end_when_the_call_returns),
		KIT_TEST(a_producer_that_waits_for_the_ring_asks_no_more),
		KIT_TEST(a_producer_that_waits_for_the_window_asks_no_more),
		KIT_TEST(who_sleeps_is_told_the_end),
		KIT_TEST(an_action_can_finish),
		KIT_TEST(the_generator_can_finish),
		KIT_TEST(another_thread_can_finish),
		KIT_TEST(finishing_twice_is_finishing_once),
		KIT_TEST(after_the_end_it_does_nothing),
		KIT_TEST(after_a_failure_it_is_still_the_failure_that_is_told),
		KIT_TEST(after_a_cancel_it_does_nothing),
	};

	return cmocka_run_group_tests_name("finish", tests, NULL, NULL);
}
