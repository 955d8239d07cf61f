/* SPDX-License-Identifier: MIT */
/*
 * The generator: its thread, when it is called and when no longer, and how it
 * ends the input.
 */
#include "kit.h"

/*
 * Numbers, with one call that waits: the call after `at` items passes the gate
 * `hold`, or waits until `busy` actions have arrived at the gate `running`. So
 * the test knows that the producer is inside that call, or that so many items
 * have left the ring. If `returns` is not 0, each call that brings an item
 * returns it.
 */
struct source {
	struct numbers numbers;
	uintptr_t at;
	struct gate *hold, *running;
	unsigned busy;
	int returns;
	atomic_uint inside; /* calls under way */
	atomic_bool overlapped;
	pthread_t thread; /* of the first call */
	atomic_bool strayed;
};

static int generate(void *argument, void **item)
{
	struct source *source = argument;
	int rc;

	if (atomic_fetch_add(&source->inside, 1) > 0)
		atomic_store(&source->overlapped, true);
	if (source->numbers.calls == 0)
		source->thread = pthread_self();
	if (!pthread_equal(source->thread, pthread_self()))
		atomic_store(&source->strayed, true);
	if (source->numbers.next == source->at && source->hold)
		gate_pass(source->hold);
	if (source->numbers.next == source->at && source->running)
		gate_await(source->running, source->busy);
	rc = numbers_next(&source->numbers, item);
	atomic_fetch_sub(&source->inside, 1);
	return rc > 0 && source->returns ? source->returns : rc;
}

/* One worker. It passes the gate if there is one. */
static struct par_options options_of(struct source *source, struct gate *gate)
{
	return (struct par_options){ .action =
					     gate ? action_gated : action_echo,
				     .workers = 1,
				     .generate = generate,
				     .source = source,
				     .context = gate };
}

static struct par *open_source(struct source *source, struct gate *gate)
{
	const struct par_options options = options_of(source, gate);

	return kit_open(&options);
}

static uintptr_t take(struct par *pool, int error)
{
	struct par_result result;

	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, error);
	return AS_NUMBER(result.item);
}

/* The generator has been called so often, and is not called again. */
static void assert_calls(struct source *source, unsigned count)
{
	EVENTUALLY(source->numbers.calls >= count);
	kit_linger();
	assert_int_equal(source->numbers.calls, count);
}

/*
 * Its thread.
 */

static void it_runs_on_a_thread_of_its_own(void **state)
{
	struct gate all = GATE_CLOSED;
	struct source source = { .numbers.last = 3 };
	struct par_options options = options_of(&source, &all);
	struct par_result result;
	struct par *pool;

	options.action = action_thread;
	options.workers = 3;
	pool = kit_open(&options);
	gate_await(&all, 3); /* each action has a worker of its own */
	gate_open(&all);
	EVENTUALLY(kit_stats(pool).ended);
	while (par_next(pool, &result) == 1)
		assert_false(pthread_equal((pthread_t)AS_NUMBER(result.value),
					   source.thread));
	assert_false(pthread_equal(source.thread, pthread_self()));
	assert_false(source.strayed);
	kit_close(pool, 0);
}

static void it_is_called_once_at_a_time(void **state)
{
	struct source source = { .numbers.last = 2000 };
	struct par_options options = options_of(&source, NULL);
	struct par *pool;

	options.workers = 4;
	options.capacity = 2;
	pool = kit_open(&options);
	for (int i = 0; i < 100; i++)
		kit_push_number(pool, 1);
	kit_assert_drains(pool, 2100, 0);
	assert_false(source.overlapped);
	assert_false(source.strayed);
	kit_close(pool, 0);
}

static void no_lock_is_held_while_it_runs(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct source source = { .numbers.last = 1, .hold = &hold };
	struct par *pool = open_source(&source, NULL);
	struct par_result result;

	gate_await(&hold, 1);
	assert_int_equal(kit_stats(pool).entered, 0);
	kit_push_number(pool, 1);
	assert_int_equal(take(pool, 0), 1);
	assert_int_equal(par_next_timed(pool, &result, 1), -ETIMEDOUT);
	assert_true(par_fd(pool) >= 0);
	assert_true(par_cancel_fd(pool) >= 0);
	assert_false(par_canceled(pool));
	par_finish(pool);
	par_cancel(pool);
	gate_open(&hold);
	assert_int_equal(take(pool, -ECANCELED), 1);
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

static void it_may_block_while_its_items_are_run(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct source source = { .numbers.last = 5, .at = 3, .hold = &hold };
	struct par *pool = open_source(&source, NULL);

	gate_await(&hold, 1);
	for (uintptr_t i = 1; i <= 3; i++)
		assert_int_equal(take(pool, 0), i);
	gate_open(&hold);
	kit_assert_drains(pool, 2, 0);
	kit_close(pool, 0);
}

/*
 * The items it brings.
 */

static int next_null(void *numbers, void **item)
{
	int rc = numbers_next(numbers, item);

	*item = NULL;
	return rc;
}

static void null_is_an_item_like_any_other(void **state)
{
	struct numbers numbers = { .last = 3 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = next_null,
						.source = &numbers });

	for (int i = 0; i < 3; i++)
		assert_int_equal(take(pool, 0), 0);
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

/* Sets *item whatever it returns. */
static int next_or_set(void *argument, void **item)
{
	struct numbers *numbers = argument;

	*item = numbers;
	return numbers_next(numbers, item);
}

static void what_is_set_at_the_end_is_no_item(void **state)
{
	const int ends[] = { 0, -EIO };

	for (int i = 0; i < 2; i++) {
		struct numbers numbers = { .last = 2, .end = ends[i] };
		struct par *pool =
			kit_open(&(struct par_options){ .action = action_echo,
							.workers = 1,
							.generate = next_or_set,
							.source = &numbers });

		kit_assert_drains(pool, 2, ends[i]);
		assert_int_equal(kit_stats(pool).entered, 2);
		kit_close(pool, ends[i]);
	}
}

static void any_positive_number_brings_an_item(void **state)
{
	const int positives[] = { 1, 2, 4711, INT_MAX };

	for (size_t i = 0; i < sizeof positives / sizeof *positives; i++) {
		struct source source = { .numbers.last = 3,
					 .returns = positives[i] };
		struct par *pool = open_source(&source, NULL);

		for (uintptr_t n = 1; n <= 3; n++)
			assert_int_equal(take(pool, 0), n);
		kit_assert_drains(pool, 0, 0);
		kit_close(pool, 0);
	}
}

/*
 * Room in ring and window.
 */

/* While one item runs, exactly `expected` more are generated. */
static void assert_fills(size_t capacity, size_t expected)
{
	struct gate gate = GATE_CLOSED;
	struct source source = { .numbers.last = 2 * expected + 1,
				 .at = 1,
				 .running = &gate,
				 .busy = 1 };
	struct par_options options = options_of(&source, &gate);
	struct par *pool;

	options.capacity = capacity;
	pool = kit_open(&options);
	assert_calls(&source, (unsigned)expected + 1);
	assert_int_equal(kit_stats(pool).queued, expected);
	gate_open(&gate);
	kit_assert_drains(pool, source.numbers.last, 0);
	kit_close(pool, 0);
}

static void it_is_not_asked_while_the_ring_is_full(void **state)
{
	assert_fills(1, 1);
	assert_fills(2, 2);
	assert_fills(3, 3);
	assert_fills(100, 100);
}

static void the_ring_has_64_slots_by_default(void **state)
{
	assert_fills(0, 64);
}

static void the_ring_has_a_slot_for_each_worker_by_default(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct source source = {
		.numbers.last = 140, .at = 70, .running = &gate, .busy = 70
	};
	struct par_options options = options_of(&source, &gate);
	struct par *pool;

	options.workers = 70;
	options.stack_size = 1; /* rounded up to the smallest possible stack */
	pool = kit_open(&options);
	assert_calls(&source, 140);
	assert_int_equal(kit_stats(pool).queued, 70);
	gate_open(&gate);
	kit_assert_drains(pool, 140, 0);
	kit_close(pool, 0);
}

static void it_is_not_asked_while_the_window_is_full(void **state)
{
	const size_t windows[] = { 1, 2, 5 };

	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
		struct source source = { .numbers.last = 10 };
		struct par_options options = options_of(&source, NULL);
		struct par *pool;

		options.window = windows[i];
		pool = kit_open(&options);
		for (unsigned n = 0; n < 10; n += (unsigned)windows[i]) {
			assert_calls(&source, n + (unsigned)windows[i]);
			for (size_t taken = 0; taken < windows[i]; taken++)
				take(pool, 0);
		}
		kit_assert_drains(pool, 0, 0);
		kit_close(pool, 0);
	}
}

static void without_a_window_untaken_results_hold_nothing_back(void **state)
{
	struct source source = { .numbers.last = 5000 };
	struct par *pool = open_source(&source, NULL);

	EVENTUALLY(kit_stats(pool).ready == 5000);
	kit_assert_drains(pool, 5000, 0);
	kit_close(pool, 0);
}

/*
 * The end.
 */

static void an_empty_input_ends_at_once(void **state)
{
	struct source source = { 0 };
	struct par *pool = open_source(&source, NULL);

	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

static void all_that_entered_is_delivered_before_a_failure(void **state)
{
	const int failures[] = { -1, -EIO, -ETIMEDOUT, -4711, INT_MIN };

	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct gate gate = GATE_CLOSED;
		struct source source = { .numbers = { .last = 5,
						      .end = failures[i] } };
		struct par *pool = open_source(&source, &gate);

		EVENTUALLY(kit_stats(pool).ended);
		gate_open(&gate);
		for (uintptr_t n = 1; n <= 5; n++)
			assert_int_equal(take(pool, 0), n);
		kit_assert_drains(pool, 0, failures[i]);
		kit_close(pool, kit_close_error(failures[i]));
	}
}

static void a_failure_at_the_first_call_is_the_end(void **state)
{
	struct source source = { .numbers.end = -EIO };
	struct par *pool = open_source(&source, NULL);

	kit_assert_drains(pool, 0, -EIO);
	kit_close(pool, -EIO);
	assert_int_equal(source.numbers.calls, 1);
}

static void a_generator_that_exits_has_failed_with_eintr(void **state)
{
	struct numbers numbers = { .last = 3 };
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 1,
				       .generate = numbers_next_or_exit,
				       .source = &numbers });

	kit_assert_drains(pool, 3, -EINTR);
	kit_close(pool, -EINTR);
	assert_int_equal(numbers.calls, 4);
}

/* Neither a result that is taken, nor a push, nor another call after the end
 * makes the pool call its generator again. */
static void assert_not_asked_again(int end)
{
	struct source source = { .numbers = { .last = 2, .end = end } };
	struct par *pool = open_source(&source, NULL);

	assert_calls(&source, 3);
	assert_int_equal(take(pool, 0), 1);
	for (uintptr_t i = 3; i < 20; i++)
		kit_push_number(pool, i);
	kit_assert_drains(pool, 18, end);
	par_finish(pool);
	par_cancel(pool);
	assert_calls(&source, 3);
	kit_close(pool, end);
	assert_int_equal(source.numbers.calls, 3);
}

static void it_is_never_asked_again_after_its_end(void **state)
{
	assert_not_asked_again(0);
}

static void it_is_never_asked_again_after_its_failure(void **state)
{
	assert_not_asked_again(-EIO);
}

/*
 * A cancel and a finish.
 */

/* When the test cancels or finishes, the producer is inside the call that
 * brings the third item, or that fails. */
struct interruption {
	struct gate hold;
	struct source source;
	struct par *pool;
};

static void open_interruption(struct interruption *i, int failure)
{
	*i = (struct interruption){
		.hold = GATE_CLOSED,
		.source = { .numbers = { .last = failure ? 2 : 100,
					 .end = failure },
			    .at = 2,
			    .hold = &i->hold },
	};
	i->pool = open_source(&i->source, NULL);
	assert_int_equal(take(i->pool, 0), 1);
	assert_int_equal(take(i->pool, 0), 2);
	gate_await(&i->hold, 1);
}

/* The end does not come before the call returns. Lets the call return. */
static void assert_end_waits(struct interruption *i)
{
	struct par_result result;

	assert_int_equal(par_next_timed(i->pool, &result, 0), -ETIMEDOUT);
	assert_int_equal(par_next_timed(i->pool, &result, 5), -ETIMEDOUT);
	assert_false(kit_stats(i->pool).ended);
	gate_open(&i->hold);
}

static void it_is_not_asked_after_a_cancel(void **state)
{
	struct interruption i;

	open_interruption(&i, 0);
	par_cancel(i.pool);
	assert_end_waits(&i);
	assert_int_equal(take(i.pool, -ECANCELED), 3);
	kit_assert_drains(i.pool, 0, 0);
	assert_calls(&i.source, 3);
	kit_close(i.pool, 0);
	assert_int_equal(i.source.numbers.calls, 3);
}

static void it_is_not_asked_after_a_finish(void **state)
{
	struct interruption i;

	open_interruption(&i, 0);
	par_finish(i.pool);
	assert_end_waits(&i);
	assert_int_equal(take(i.pool, 0), 3);
	kit_assert_drains(i.pool, 0, 0);
	assert_calls(&i.source, 3);
	kit_close(i.pool, 0);
	assert_int_equal(i.source.numbers.calls, 3);
}

/* The producer waits for room when the cancel comes. */
static void it_is_not_asked_after_a_cancel_that_makes_room(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct source source = {
		.numbers.last = 100, .at = 1, .running = &gate, .busy = 1
	};
	struct par_options options = options_of(&source, &gate);
	struct par *pool;

	options.capacity = 4;
	pool = kit_open(&options);
	assert_calls(&source, 5);
	par_cancel(pool);
	for (int i = 0; i < 4; i++)
		assert_true(take(pool, -ECANCELED) > 1);
	gate_open(&gate);
	assert_int_equal(take(pool, 0), 1);
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
	assert_int_equal(source.numbers.calls, 5);
}

static void it_is_not_asked_after_a_finish_though_room_comes(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct source source = {
		.numbers.last = 100, .at = 1, .running = &gate, .busy = 1
	};
	struct par_options options = options_of(&source, &gate);
	struct par *pool;

	options.capacity = 4;
	pool = kit_open(&options);
	assert_calls(&source, 5);
	par_finish(pool);
	gate_open(&gate);
	kit_assert_drains(pool, 5, 0);
	kit_close(pool, 0);
	assert_int_equal(source.numbers.calls, 5);
}

static void it_is_not_asked_during_the_close(void **state)
{
	struct source source = { .numbers.last = 100 };
	struct par_options options = options_of(&source, NULL);
	struct par *pool;

	options.window = 3;
	pool = kit_open(&options);
	assert_calls(&source, 3);
	kit_close(pool, 0);
	assert_int_equal(source.numbers.calls, 3);
}

static void its_failure_after_a_cancel_is_not_reported(void **state)
{
	struct interruption i;

	open_interruption(&i, -EIO);
	par_cancel(i.pool);
	assert_end_waits(&i);
	kit_assert_drains(i.pool, 0, 0);
	kit_close(i.pool, 0);
}

static void its_failure_after_a_finish_is_not_reported(void **state)
{
	struct interruption i;

	open_interruption(&i, -EIO);
	par_finish(i.pool);
	assert_end_waits(&i);
	kit_assert_drains(i.pool, 0, 0);
	kit_close(i.pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(it_runs_on_a_thread_of_its_own),
		KIT_TEST(it_is_called_once_at_a_time),
		KIT_TEST(no_lock_is_held_while_it_runs),
		KIT_TEST(it_may_block_while_its_items_are_run),
		KIT_TEST(null_is_an_item_like_any_other),
		KIT_TEST(what_is_set_at_the_end_is_no_item),
		KIT_TEST(any_positive_number_brings_an_item),
		KIT_TEST(it_is_not_asked_while_the_ring_is_full),
		KIT_TEST(the_ring_has_64_slots_by_default),
		KIT_TEST(the_ring_has_a_slot_for_each_worker_by_default),
		KIT_TEST(it_is_not_asked_while_the_window_is_full),
		KIT_TEST(without_a_window_untaken_results_hold_nothing_back),
		KIT_TEST(an_empty_input_ends_at_once),
		KIT_TEST(all_that_entered_is_delivered_before_a_failure),
		KIT_TEST(a_failure_at_the_first_call_is_the_end),
		KIT_TEST(a_generator_that_exits_has_failed_with_eintr),
		KIT_TEST(it_is_never_asked_again_after_its_end),
		KIT_TEST(it_is_never_asked_again_after_its_failure),
		KIT_TEST(it_is_not_asked_after_a_cancel),
		KIT_TEST(it_is_not_asked_after_a_finish),
		KIT_TEST(it_is_not_asked_after_a_cancel_that_makes_room),
		KIT_TEST(it_is_not_asked_after_a_finish_though_room_comes),
		KIT_TEST(it_is_not_asked_during_the_close),
		KIT_TEST(its_failure_after_a_cancel_is_not_reported),
		KIT_TEST(its_failure_after_a_finish_is_not_reported),
	};

	return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}
