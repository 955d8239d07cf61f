/* SPDX-License-Identifier: MIT */
/*
 * The action: its arguments, its value, its return value, and that an action
 * that fails harms no other item.
 */
#include "kit.h"

/* Pushes the item and takes it back; nothing else is in the pool. */
static struct par_result run(struct par *pool, void *item)
{
	struct par_result result;

	kit_push(pool, item);
	result = kit_take(pool);
	assert_ptr_equal(result.item, item);
	return result;
}

/*
 * Its arguments.
 */

static void it_is_given_the_context(void **state)
{
	int context;
	struct par *pool = kit_open_action(action_context, 1, &context);

	assert_ptr_equal(run(pool, NULL).value, &context);
	kit_finish(pool);
}

static void it_is_given_the_item(void **state)
{
	void *items[] = { NULL, AS_ITEM(1), AS_ITEM(UINTPTR_MAX), &items };
	struct par *pool = kit_open_echo();

	for (size_t i = 0; i < sizeof items / sizeof *items; i++)
		assert_ptr_equal(run(pool, items[i]).value, items[i]);
	kit_finish(pool);
}

/* Fails unless *value is NULL at the call. Leaves a value if the item is not
 * NULL. */
static int find_null(void *context, void *item, void **value)
{
	const int found = *value ? -1 : 0;

	if (item)
		*value = item;
	return found;
}

static void the_value_is_null_at_the_call(void **state)
{
	struct par *pool = kit_open_action(find_null, 1, NULL);

	for (uintptr_t i = 1; i < 100; i++)
		assert_int_equal(run(pool, AS_ITEM(i)).error, 0);
	kit_finish(pool);
}

static void the_value_is_null_unless_the_action_sets_it(void **state)
{
	struct par *pool = kit_open_action(find_null, 1, NULL);

	for (uintptr_t i = 1; i < 100; i++) {
		assert_ptr_equal(run(pool, AS_ITEM(i)).value, AS_ITEM(i));
		assert_null(run(pool, NULL).value);
	}
	kit_finish(pool);
}

/*
 * Its thread.
 */

static void actions_run_at_the_same_time(void **state)
{
	struct gate all = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 5, &all);

	kit_push_numbers(pool, 1, 5);
	gate_await(&all, 5);
	assert_int_equal(kit_stats(pool).running, 5);
	gate_open(&all);
	for (int i = 0; i < 5; i++)
		kit_take(pool);
	kit_finish(pool);
}

/* The worker of a result is a number below `workers`. Each thread has a number
 * of its own, and keeps it. */
static void a_result_tells_which_worker_ran_it(void **state)
{
	struct gate all = GATE_CLOSED;
	struct par *pool = kit_open_action(action_thread, 3, &all);
	void *threads[3] = { 0 };

	for (int round = 0; round < 20; round++) {
		bool seen[3] = { false };

		for (int i = 0; i < 3; i++)
			kit_push(pool, NULL);
		gate_await(&all, 3);
		gate_open(&all);
		for (int i = 0; i < 3; i++) {
			struct par_result result = kit_take(pool);

			assert_true(result.worker < 3);
			assert_false(seen[result.worker]);
			seen[result.worker] = true;
			if (round == 0)
				threads[result.worker] = result.value;
			assert_ptr_equal(result.value, threads[result.worker]);
			assert_false(pthread_equal(
				(pthread_t)AS_NUMBER(result.value),
				pthread_self()));
		}
		gate_close(&all);
	}
	kit_finish(pool);
}

static void a_result_tells_its_place_in_the_input(void **state)
{
	struct numbers numbers = { .last = 500 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers });
	struct tally tally;
	struct par_result result;

	tally_open(&tally, 500);
	while (par_next(pool, &result) == 1) {
		tally_see(&tally, (size_t)result.index);
		assert_int_equal(result.index + 1, AS_NUMBER(result.item));
	}
	tally_assert_once(&tally);
	tally_close(&tally);
	kit_close(pool, 0);
}

static int count_item(void *tally, void *item, void **value)
{
	tally_see(tally, AS_NUMBER(item) - 1);
	return AS_NUMBER(item) % 3 ? 0 : -1;
}

static void it_runs_once_for_each_item(void **state)
{
	struct tally ran, came;
	struct numbers numbers = { .last = 2000 };
	struct par *pool;

	tally_open(&ran, 2000);
	tally_open(&came, 2000);
	pool = kit_open(&(struct par_options){ .action = count_item,
					       .workers = 8,
					       .generate = numbers_next,
					       .source = &numbers,
					       .context = &ran });
	assert_int_equal(kit_drain(pool, &came, NULL), 2000);
	kit_close(pool, 0);
	tally_assert_once(&ran);
	tally_assert_once(&came);
	tally_close(&ran);
	tally_close(&came);
}

static void no_lock_is_held_while_it_runs(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &hold);
	struct par_result result;

	kit_push_number(pool, 1);
	gate_await(&hold, 1);
	kit_push_number(pool, 2);
	assert_int_equal(kit_stats(pool).running, 1);
	assert_int_equal(par_next_timed(pool, &result, 1), -ETIMEDOUT);
	assert_true(par_fd(pool) >= 0);
	assert_true(par_cancel_fd(pool) >= 0);
	par_finish(pool);
	par_cancel(pool);
	assert_int_equal(kit_take(pool).error, -ECANCELED);
	gate_open(&hold);
	assert_int_equal(kit_take(pool).error, 0);
	kit_finish(pool);
}

/* Plain memory that goes from thread to thread. ThreadSanitizer reports a data
 * race if one thread cannot safely read what the thread before it wrote. */
struct parcel {
	unsigned generated, acted;
};

static int next_parcel(void *numbers, void **item)
{
	int rc = numbers_next(numbers, item);
	struct parcel *parcel;

	if (rc <= 0)
		return rc;
	parcel = malloc(sizeof *parcel);
	if (!parcel)
		kit_die("out of memory");
	*parcel = (struct parcel){ .generated = (unsigned)AS_NUMBER(*item) };
	*item = parcel;
	return rc;
}

static int stamp_parcel(void *context, void *item, void **value)
{
	struct parcel *parcel = item;

	parcel->acted = parcel->generated + 1;
	*value = &parcel->acted;
	return 0;
}

static void what_one_wrote_the_next_can_read(void **state)
{
	struct numbers numbers = { .last = 1000 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = stamp_parcel,
						.workers = 4,
						.generate = next_parcel,
						.source = &numbers });
	struct par_result result;

	while (par_next(pool, &result) == 1) {
		const unsigned *stamp = result.value;

		assert_int_equal(*stamp, result.index + 2);
		free(result.item);
	}
	kit_close(pool, 0);
}

/*
 * Its return value.
 */

/* An item is the number to return. */
static int return_item(void *context, void *item, void **value)
{
	*value = item;
	return *(int *)item;
}

static void what_it_returns_is_the_error_untouched(void **state)
{
	int numbers[] = { 0,	    1,	     -1,	 2,
			  4711,	    -4711,   -EAGAIN,	 -EINTR,
			  -EDEADLK, INT_MAX, -ETIMEDOUT, INT_MIN };
	struct par *pool = kit_open_action(return_item, 1, NULL);

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_int_equal(run(pool, &numbers[i]).error, numbers[i]);
	kit_finish(pool);
}

static void a_value_comes_with_a_failure_too(void **state)
{
	int failure = -5;
	struct par *pool = kit_open_action(return_item, 1, NULL);

	assert_ptr_equal(run(pool, &failure).value, &failure);
	kit_finish(pool);
}

/* The action ran, so its item was not canceled, whatever the action returns. */
static void an_action_that_returns_ecanceled_was_not_canceled(void **state)
{
	int canceled = -ECANCELED;
	struct par *pool = kit_open_action(return_item, 1, NULL);
	struct par_result result;

	result = run(pool, &canceled);
	assert_int_equal(result.error, -ECANCELED);
	assert_int_equal(result.worker, 0);
	assert_ptr_equal(result.value, &canceled);
	assert_int_equal(kit_stats(pool).canceled, 0);
	assert_int_equal(kit_stats(pool).failed, 1);
	kit_finish(pool);
}

static void a_failure_harms_nothing_but_its_own_item(void **state)
{
	int numbers[] = { 0, -EIO, 7, 0, INT_MIN, 0 };
	struct par_array array = { numbers, 6, sizeof *numbers, 0 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = return_item,
						.workers = 2,
						.generate = par_from_array,
						.source = &array });
	struct par_result result;
	unsigned count = 0;

	for (; par_next(pool, &result) == 1; count++)
		assert_int_equal(result.error, numbers[result.index]);
	assert_int_equal(count, 6);
	assert_int_equal(kit_stats(pool).failed, 3);
	assert_int_equal(kit_stats(pool).finished, 6);
	assert_false(par_canceled(pool));
	assert_int_equal(par_next(pool, &result), 0);
	kit_close(pool, 0);
}

/*
 * pthread_exit.
 */

/* Passes the gate if there is one, and ends its thread if the item is NULL. */
static int exit_at_null(void *gate, void *item, void **value)
{
	if (gate)
		gate_pass(gate);
	return action_exit_at(NULL, item, value);
}

static void an_action_that_exits_gives_its_item_back_with_eintr(void **state)
{
	struct par *pool = kit_open_action(exit_at_null, 1, NULL);

	assert_int_equal(run(pool, NULL).error, -EINTR);
	kit_finish(pool);
}

static void an_action_that_exits_ends_its_worker(void **state)
{
	struct gate all = GATE_CLOSED;
	struct par *pool = kit_open_action(exit_at_null, 3, &all);

	kit_push_number(pool, 1);
	kit_push(pool, NULL);
	kit_push_number(pool, 2);
	gate_await(&all, 3);
	gate_open(&all);
	for (int i = 0; i < 3; i++)
		kit_take(pool);
	EVENTUALLY(kit_stats(pool).workers == 2);
	kit_finish(pool);
}

static void another_worker_is_started_after_the_only_one_exited(void **state)
{
	struct par *pool = kit_open_action(exit_at_null, 1, NULL);

	for (int i = 0; i < 20; i++) {
		assert_int_equal(run(pool, NULL).error, -EINTR);
		assert_int_equal(run(pool, AS_ITEM(1)).error, 0);
	}
	assert_true(kit_stats(pool).workers <= 1);
	kit_finish(pool);
}

/* Item 1 passes the gate. The item NULL ends the thread. */
static int hold_one_exit_at_null(void *gate, void *item, void **value)
{
	return exit_at_null(item == AS_ITEM(1) ? gate : NULL, item, value);
}

static void another_worker_is_started_while_the_others_are_busy(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = kit_open_action(hold_one_exit_at_null, 2, &hold);

	kit_push_number(pool, 1);
	gate_await(&hold, 1);
	for (uintptr_t i = 2; i < 20; i++) {
		kit_push(pool, NULL);
		kit_push_number(pool, i);
		assert_int_equal(kit_take(pool).error, -EINTR);
		assert_ptr_equal(kit_take(pool).item, AS_ITEM(i));
	}
	gate_open(&hold);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	kit_finish(pool);
}

static void items_that_waited_run_though_every_worker_exits(void **state)
{
	struct gate all = GATE_CLOSED;
	struct par *pool = kit_open_action(exit_at_null, 2, &all);
	struct par_stats stats;

	for (int i = 0; i < 50; i++)
		kit_push(pool, NULL);
	gate_await(&all, 2);
	gate_open(&all);
	for (int i = 0; i < 50; i++)
		assert_int_equal(kit_take(pool).error, -EINTR);
	stats = kit_stats(pool);
	assert_int_equal(stats.finished, 50);
	assert_int_equal(stats.failed, 50);
	assert_int_equal(stats.running, 0);
	kit_finish(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(it_is_given_the_context),
		KIT_TEST(it_is_given_the_item),
		KIT_TEST(the_value_is_null_at_the_call),
		KIT_TEST(the_value_is_null_unless_the_action_sets_it),
		KIT_TEST(actions_run_at_the_same_time),
		KIT_TEST(a_result_tells_which_worker_ran_it),
		KIT_TEST(a_result_tells_its_place_in_the_input),
		KIT_TEST(it_runs_once_for_each_item),
		KIT_TEST(no_lock_is_held_while_it_runs),
		KIT_TEST(what_one_wrote_the_next_can_read),
		KIT_TEST(what_it_returns_is_the_error_untouched),
		KIT_TEST(a_value_comes_with_a_failure_too),
		KIT_TEST(an_action_that_returns_ecanceled_was_not_canceled),
		KIT_TEST(a_failure_harms_nothing_but_its_own_item),
		KIT_TEST(an_action_that_exits_gives_its_item_back_with_eintr),
		KIT_TEST(an_action_that_exits_ends_its_worker),
		KIT_TEST(another_worker_is_started_after_the_only_one_exited),
		KIT_TEST(another_worker_is_started_while_the_others_are_busy),
		KIT_TEST(items_that_waited_run_though_every_worker_exits),
	};

	return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
