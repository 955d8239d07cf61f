/* SPDX-License-Identifier: MIT */
/*
 * par_cancel: the items that wait, the actions that run, the call of the
 * generator that is under way, and the end of the pool.
 */
#include "kit.h"

enum { OWN_RESULT = 77 };

/* Leaves a value and an error of its own: a canceled item has neither. */
static int act(void *gate, void *item, void **value)
{
	if (gate)
		gate_pass(gate);
	*value = item;
	return OWN_RESULT;
}

static struct par_options options_of(struct gated_numbers *source,
				     struct gate *gate)
{
	struct par_options options = kit_gated_options(source, gate);

	options.action = act;
	return options;
}

static struct par *open_source(struct gated_numbers *source, struct gate *gate)
{
	const struct par_options options = options_of(source, gate);

	return kit_open(&options);
}

static void assert_canceled(const struct par_result *result)
{
	assert_int_equal(result->error, -ECANCELED);
	assert_int_equal(result->worker, UINT_MAX);
	assert_null(result->value);
}

static void assert_ran(const struct par_result *result)
{
	assert_int_equal(result->error, OWN_RESULT);
	assert_int_equal(result->worker, 0);
	assert_ptr_equal(result->value, result->item);
}

static void assert_takes(struct par *pool, uintptr_t number,
			 void (*as)(const struct par_result *result))
{
	struct par_result result;

	memset(&result, 0xff, sizeof result);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(AS_NUMBER(result.item), number);
	as(&result);
}

/* Takes `count` canceled items: the numbers from `first` on, each once. */
static void assert_takes_canceled(struct par *pool, uintptr_t first,
				  size_t count)
{
	struct par_result result;
	struct tally tally;

	tally_open(&tally, count);
	for (size_t i = 0; i < count; i++) {
		memset(&result, 0xff, sizeof result);
		assert_int_equal(par_next_timed(pool, &result, 0), 1);
		assert_canceled(&result);
		tally_see(&tally, AS_NUMBER(result.item) - first);
	}
	tally_assert_once(&tally);
	tally_close(&tally);
}

/*
 * Items that were not started.
 */

/* Item 1 runs, 2 to 5 wait in the ring, 6 to 8 were pushed. */
static void open_waiting(struct par **pool, struct gated_numbers *source,
			 struct gate *gate, bool ordered)
{
	struct par_options options = options_of(source, gate);

	*source = (struct gated_numbers){ .numbers.last = 5 };
	options.ordered = ordered;
	*pool = kit_open(&options);
	EVENTUALLY(kit_stats(*pool).ended);
	gate_await(gate, 1);
	kit_push_numbers(*pool, 6, 8);
}

static void what_was_not_started_comes_back_at_once(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source;
	struct par *pool;

	open_waiting(&pool, &source, &gate, false);
	par_cancel(pool);
	assert_int_equal(kit_stats(pool).canceled, 7);
	assert_int_equal(kit_stats(pool).ready, 7);
	assert_int_equal(kit_stats(pool).queued, 0);
	assert_takes_canceled(pool, 2, 7);
	kit_assert_waits(pool);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	assert_int_equal(kit_stats(pool).started, 1);
	kit_close_ended(pool, 0);
}

static void in_an_ordered_pool_it_comes_back_in_its_place(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source;
	struct par *pool;

	open_waiting(&pool, &source, &gate, true);
	par_cancel(pool);
	kit_assert_waits(pool);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	for (uintptr_t i = 2; i <= 8; i++)
		assert_takes(pool, i, assert_canceled);
	kit_close_ended(pool, 0);
}

static void it_comes_back_to_those_who_sleep(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = open_source(NULL, &gate);
	struct taker takers[3];
	struct tally tally;

	tally_open(&tally, 3);
	kit_push_numbers(pool, 1, 4);
	gate_await(&gate, 1);
	takers_start(takers, 3, pool);
	par_cancel(pool);
	for (int i = 0; i < 3; i++) {
		taker_join(&takers[i]);
		assert_int_equal(takers[i].rc, 1);
		assert_canceled(&takers[i].result);
		tally_see(&tally, AS_NUMBER(takers[i].result.item) - 2);
	}
	tally_assert_once(&tally);
	tally_close(&tally);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	kit_close_ended(pool, 0);
}

static void *cancel_soon(void *pool)
{
	EVENTUALLY(kit_stats(pool).finished > 20);
	par_cancel(pool);
	return NULL;
}

static void each_item_that_entered_comes_back_once(void **state)
{
	for (int round = 0; round < 10; round++) {
		struct gated_numbers source = { .numbers.last = 100000 };
		struct par_options options = options_of(&source, NULL);
		struct par_result result;
		struct tally tally;
		pthread_t thread;
		struct par *pool;

		options.workers = 4;
		options.ordered = round % 2;
		tally_open(&tally, source.numbers.last);
		pool = kit_open(&options);
		kit_start(&thread, cancel_soon, pool);
		while (par_next(pool, &result) == 1)
			tally_see(&tally, AS_NUMBER(result.item) - 1);
		kit_join(thread);
		tally.count = (size_t)kit_stats(pool).entered;
		assert_int_equal(source.numbers.next, tally.count);
		tally_assert_once(&tally);
		tally_close(&tally);
		kit_close_ended(pool, 0);
	}
}

/*
 * Items that run, and items that have run.
 */

static void what_ran_keeps_its_own_result(void **state)
{
	struct par *pool = open_source(NULL, NULL);

	kit_push_numbers(pool, 1, 3);
	EVENTUALLY(kit_stats(pool).ready == 3);
	par_cancel(pool);
	for (uintptr_t i = 1; i <= 3; i++)
		assert_takes(pool, i, assert_ran);
	assert_int_equal(kit_stats(pool).canceled, 0);
	kit_close_ended(pool, 0);
}

/* What par_canceled() returns in an action, before a cancel and after it. */
struct sight {
	struct gate started;
	atomic_bool early, late;
};

static int look_for_cancel(void *context, void *item, void **value)
{
	struct sight *sight = context;

	atomic_store(&sight->early, par_canceled(par_self()));
	gate_pass(&sight->started);
	EVENTUALLY(par_canceled(par_self()));
	atomic_store(&sight->late, true);
	return act(NULL, item, value);
}

static struct par *open_looking(struct sight *sight)
{
	struct par *pool = kit_open_action(look_for_cancel, 1, sight);

	kit_push_number(pool, 1);
	assert_false(par_canceled(pool));
	gate_open(&sight->started);
	gate_await(&sight->started, 1);
	return pool;
}

static void what_runs_sees_it(void **state)
{
	struct sight sight = { .started = GATE_CLOSED };
	struct par *pool = open_looking(&sight);

	par_cancel(pool);
	assert_true(par_canceled(pool));
	assert_takes(pool, 1, assert_ran);
	assert_false(sight.early);
	assert_true(sight.late);
	kit_close_ended(pool, 0);
}

static void what_runs_sees_a_close_too(void **state)
{
	struct sight sight = { .started = GATE_CLOSED };

	kit_close(open_looking(&sight), 0);
	assert_false(sight.early);
	assert_true(sight.late);
}

/* par_cancel() itself does not wait: the test goes on while the action runs. */
static void the_end_waits_for_what_runs(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = open_source(NULL, &gate);

	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	par_cancel(pool);
	kit_assert_waits(pool);
	assert_int_equal(kit_stats(pool).running, 1);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	kit_close_ended(pool, 0);
}

/*
 * The generator.
 */

/* The call that brings item 1 is under way. */
static void open_call(struct held *c, uintptr_t last, int end, bool ordered)
{
	held_open(c,
		  (struct gated_numbers){
			  .numbers = { .last = last, .end = end } },
		  (struct par_options){ .action = act, .ordered = ordered });
}

static void the_item_of_the_call_under_way_is_canceled(void **state)
{
	struct held c;

	for (int ordered = 0; ordered <= 1; ordered++) {
		open_call(&c, 100, 0, ordered);
		par_cancel(c.pool);
		gate_open(&c.hold);
		assert_takes(c.pool, 1, assert_canceled);
		assert_int_equal(kit_stats(c.pool).started, 0);
		kit_close_ended(c.pool, 0);
		assert_int_equal(c.source.numbers.calls, 1);
	}
}

static void the_failure_of_the_call_under_way_is_not_the_sources(void **state)
{
	struct held c;

	open_call(&c, 0, -EINTR, false);
	par_cancel(c.pool);
	gate_open(&c.hold);
	kit_close_ended(c.pool, 0);
}

static void the_end_waits_for_the_call_under_way(void **state)
{
	struct taker takers[3];
	struct held c;

	open_call(&c, 0, 0, false);
	takers_start(takers, 3, c.pool);
	par_cancel(c.pool);
	kit_assert_waits(c.pool);
	assert_false(kit_stats(c.pool).ended);
	gate_open(&c.hold);
	takers_assert_told(takers, 3, 0);
	kit_close_ended(c.pool, 0);
}

static void a_failure_from_before_is_told(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source = { .numbers = { .last = 2, .end = -EIO } };
	struct par *pool = open_source(&source, &gate);

	EVENTUALLY(kit_stats(pool).ended);
	gate_await(&gate, 1);
	par_cancel(pool);
	assert_takes(pool, 2, assert_canceled);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	kit_close_ended(pool, -EIO);
}

static void assert_cancels_waiting(struct par_options options, unsigned entered)
{
	struct full full;

	options.action = act;
	full_open(&full, options, entered);
	par_cancel(full.pool);
	assert_true(kit_stats(full.pool).ended);
	assert_takes_canceled(full.pool, 2, entered - 1);
	gate_open(&full.gate);
	assert_takes(full.pool, 1, assert_ran);
	kit_close_ended(full.pool, 0);
	assert_int_equal(full.source.numbers.calls, entered);
}

static void a_producer_that_waits_for_the_ring_asks_no_more(void **state)
{
	assert_cancels_waiting((struct par_options){ .capacity = 4 }, 5);
}

static void a_producer_that_waits_for_the_window_asks_no_more(void **state)
{
	assert_cancels_waiting((struct par_options){ .window = 3 }, 3);
}

/* No result is taken, so the window stays full. par_close() waits for the
 * producer's thread: it would hang if the producer were not woken. */
static void a_producer_that_waits_for_the_window_is_woken(void **state)
{
	struct gated_numbers source = { .numbers.last = 100 };
	struct par_options options = options_of(&source, NULL);
	struct par *pool;

	options.window = 3;
	pool = kit_open(&options);
	EVENTUALLY(kit_stats(pool).ready == 3);
	kit_linger();
	par_cancel(pool);
	assert_int_equal(kit_stats(pool).ready, 3);
	kit_close(pool, 0);
	assert_int_equal(source.numbers.calls, 3);
}

/*
 * The end.
 */

static void without_items_the_end_comes_at_once(void **state)
{
	struct par *pool = open_source(NULL, NULL);

	par_cancel(pool);
	assert_true(kit_stats(pool).ended);
	kit_close_ended(pool, 0);
}

static void who_sleeps_is_told_the_end(void **state)
{
	struct par *pool = open_source(NULL, NULL);
	struct taker takers[3];

	takers_start(takers, 3, pool);
	par_cancel(pool);
	takers_assert_told(takers, 3, 0);
	kit_close_ended(pool, 0);
}

/*
 * Who cancels, and how often.
 */

static int cancel_in_action(void *context, void *item, void **value)
{
	par_cancel(par_self());
	return act(context, item, value);
}

static void an_action_can_cancel(void **state)
{
	struct gated_numbers source = { .numbers.last = 5 };
	struct gate gate = GATE_CLOSED;
	struct par_options options = options_of(&source, &gate);
	struct par *pool;
	uint64_t came;

	gate_open(&gate);
	options.action = cancel_in_action;
	pool = kit_open(&options);
	came = kit_drain(pool, NULL, NULL);
	assert_true(par_canceled(pool));
	assert_int_equal(kit_stats(pool).entered, came);
	assert_int_equal(kit_stats(pool).started, 1);
	assert_int_equal(kit_stats(pool).failed, 1);
	kit_close_ended(pool, 0);
}

/* Cancels in the call that brings the second item. */
static int cancel_in_generator(void *numbers, void **item)
{
	const int rc = numbers_next(numbers, item);

	if (AS_NUMBER(*item) == 2)
		par_cancel(par_self());
	return rc;
}

static void the_generator_can_cancel(void **state)
{
	struct numbers numbers = { .last = 100 };
	struct gate gate = GATE_CLOSED;
	struct par_options options = options_of(NULL, &gate);
	struct par *pool;

	options.generate = cancel_in_generator;
	options.source = &numbers;
	pool = kit_open(&options);
	EVENTUALLY(kit_stats(pool).ended);
	gate_open(&gate);
	assert_int_equal(kit_drain(pool, NULL, NULL), 2);
	assert_int_equal(numbers.calls, 2);
	kit_close_ended(pool, 0);
}

static void *cancel_in_thread(void *pool)
{
	par_cancel(pool);
	return NULL;
}

static void any_threads_can_cancel_at_once(void **state)
{
	struct par *pool = open_source(NULL, NULL);
	pthread_t threads[4];

	kit_push_numbers(pool, 1, 50);
	for (int i = 0; i < 4; i++)
		kit_start(&threads[i], cancel_in_thread, pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 50);
	for (int i = 0; i < 4; i++)
		kit_join(threads[i]);
	kit_close_ended(pool, 0);
}

static void canceling_again_is_canceling_once(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source;
	struct par *pool;

	open_waiting(&pool, &source, &gate, false);
	for (int i = 0; i < 3; i++) {
		par_cancel(pool);
		assert_true(par_canceled(pool));
		assert_int_equal(par_push(pool, NULL), -ECANCELED);
	}
	assert_int_equal(kit_stats(pool).canceled, 7);
	assert_takes_canceled(pool, 2, 7);
	par_cancel(pool);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	par_cancel(pool);
	kit_close_ended(pool, 0);
}

static void after_the_end_it_changes_nothing_that_is_told(void **state)
{
	const int ends[] = { 0, -EIO };

	for (int i = 0; i < 2; i++) {
		struct gated_numbers source = { .numbers = { .last = 3,
							     .end = ends[i] } };
		struct par *pool = open_source(&source, NULL);
		int end;

		assert_int_equal(kit_drain(pool, NULL, &end), 3);
		assert_int_equal(end, ends[i]);
		par_cancel(pool);
		assert_int_equal(kit_stats(pool).canceled, 0);
		assert_int_equal(source.numbers.calls, 4);
		kit_close_ended(pool, ends[i]);
	}
}

static void after_a_finish_what_waits_is_canceled(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = open_source(NULL, &gate);

	kit_push_numbers(pool, 1, 3);
	gate_await(&gate, 1);
	par_finish(pool);
	par_cancel(pool);
	assert_takes_canceled(pool, 2, 2);
	gate_open(&gate);
	assert_takes(pool, 1, assert_ran);
	kit_close_ended(pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(what_was_not_started_comes_back_at_once),
		KIT_TEST(in_an_ordered_pool_it_comes_back_in_its_place),
		KIT_TEST(it_comes_back_to_those_who_sleep),
		KIT_TEST(each_item_that_entered_comes_back_once),
		KIT_TEST(what_ran_keeps_its_own_result),
		KIT_TEST(what_runs_sees_it),
		KIT_TEST(what_runs_sees_a_close_too),
		KIT_TEST(the_end_waits_for_what_runs),
		KIT_TEST(the_item_of_the_call_under_way_is_canceled),
		KIT_TEST(the_failure_of_the_call_under_way_is_not_the_sources),
		KIT_TEST(the_end_waits_for_the_call_under_way),
		KIT_TEST(a_failure_from_before_is_told),
		KIT_TEST(a_producer_that_waits_for_the_ring_asks_no_more),
		KIT_TEST(a_producer_that_waits_for_the_window_asks_no_more),
		KIT_TEST(a_producer_that_waits_for_the_window_is_woken),
		KIT_TEST(without_items_the_end_comes_at_once),
		KIT_TEST(who_sleeps_is_told_the_end),
		KIT_TEST(an_action_can_cancel),
		KIT_TEST(the_generator_can_cancel),
		KIT_TEST(any_threads_can_cancel_at_once),
		KIT_TEST(canceling_again_is_canceling_once),
		KIT_TEST(after_the_end_it_changes_nothing_that_is_told),
		KIT_TEST(after_a_finish_what_waits_is_canceled),
	};

	return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
