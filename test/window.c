/* SPDX-License-Identifier: MIT */
/*
 * The two bounds on a generator: the ring (queued) and the window (entered and
 * not delivered). Neither holds back a push.
 */
#include "kit.h"

/* Numbers, and the largest figures that the calls of the generator have seen.
 * Before such a call returns, only a push can enter. */
struct meter {
	struct numbers numbers;
	atomic_size_t inside, queued;
};

static void raise_to(atomic_size_t *largest, size_t figure)
{
	if (figure > atomic_load(largest))
		atomic_store(largest, figure);
}

static int generate(void *argument, void **item)
{
	struct meter *meter = argument;
	const struct par_stats stats = kit_stats(par_self());

	raise_to(&meter->inside, (size_t)(stats.entered - stats.delivered));
	raise_to(&meter->queued, stats.queued);
	return numbers_next(&meter->numbers, item);
}

/* The default is one worker. Its action dawdles, or passes the gate that is the
 * context. */
static struct par *open_meter(struct meter *meter, struct par_options options)
{
	if (!options.action)
		options.action = options.context ? action_gated : action_dawdle;
	if (!options.workers)
		options.workers = 1;
	options.generate = generate;
	options.source = meter;
	return kit_open(&options);
}

/* So many items have entered, and no more do. */
static void assert_entered(struct par *pool, uint64_t count)
{
	EVENTUALLY(kit_stats(pool).entered >= count);
	kit_linger();
	assert_int_equal(kit_stats(pool).entered, count);
}

/* The items 1 to last come, each once, then the end. */
static void assert_drains(struct par *pool, uintptr_t last)
{
	kit_assert_drains_once(pool, last, 0);
	kit_close(pool, 0);
}

/*
 * The window.
 */

static void no_more_are_in_the_pool_than_the_window(void **state)
{
	const size_t windows[] = { 1, 2, 3, 10 };

	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
		struct meter meter = { .numbers.last = 1000 };
		struct par *pool = open_meter(
			&meter, (struct par_options){ .workers = 4,
						      .window = windows[i] });

		EVENTUALLY(kit_stats(pool).entered == windows[i]);
		assert_drains(pool, meter.numbers.last);
		assert_int_equal(meter.inside, windows[i] - 1);
	}
}

static void a_slow_consumer_holds_the_generator_back(void **state)
{
	struct meter meter = { .numbers.last = 100 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .window = 4 });

	assert_entered(pool, 4);
	for (uint64_t taken = 1; taken <= 20; taken++) {
		const uint64_t entered = kit_stats(pool).entered;

		kit_take(pool);
		assert_true(entered < taken + 4);
		assert_true(kit_stats(pool).entered <= taken + 4);
	}
	kit_assert_drains(pool, 80, 0);
	kit_close(pool, 0);
}

static void a_window_of_one_lets_in_one_at_a_time(void **state)
{
	struct meter meter = { .numbers.last = 8 };
	struct par *pool = open_meter(
		&meter, (struct par_options){ .workers = 4, .window = 1 });

	for (unsigned i = 1; i < 8; i++) {
		assert_entered(pool, i);
		assert_int_equal(meter.numbers.calls, i);
		kit_take(pool);
	}
	assert_entered(pool, 8);
	kit_take(pool);
	kit_close_ended(pool, 0);
}

static void running_items_count_in_the_window(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 10 };
	struct par *pool = open_meter(
		&meter, (struct par_options){
				.workers = 5, .context = &gate, .window = 3 });

	gate_await(&gate, 3);
	assert_entered(pool, 3);
	assert_int_equal(kit_stats(pool).running, 3);
	gate_open(&gate);
	assert_drains(pool, meter.numbers.last);
}

static void queued_items_count_in_the_window(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 10 };
	struct par *pool = open_meter(
		&meter, (struct par_options){ .context = &gate, .window = 3 });

	gate_await(&gate, 1);
	assert_entered(pool, 3);
	assert_int_equal(kit_stats(pool).queued, 2);
	gate_open(&gate);
	assert_drains(pool, meter.numbers.last);
}

static void results_not_taken_count_in_the_window(void **state)
{
	struct meter meter = { .numbers.last = 10 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .window = 3 });

	EVENTUALLY(kit_stats(pool).ready == 3);
	assert_entered(pool, 3);
	assert_drains(pool, meter.numbers.last);
}

static void pushed_items_count_in_the_window(void **state)
{
	struct meter meter = { .numbers.last = 6 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .window = 3 });

	assert_entered(pool, 3);
	kit_push_number(pool, 7);
	kit_push_number(pool, 8);
	kit_take_many(pool, 2);
	assert_entered(pool, 5);
	kit_take_many(pool, 3);
	assert_entered(pool, 8);
	kit_take_many(pool, 3);
	kit_close_ended(pool, 0);
}

static void a_full_window_holds_no_push_back(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 1 };
	struct par *pool = open_meter(
		&meter, (struct par_options){ .context = &gate, .window = 1 });

	gate_await(&gate, 1);
	kit_push_numbers(pool, 2, 1000);
	assert_int_equal(kit_stats(pool).queued, 999);
	gate_open(&gate);
	assert_drains(pool, 1000);
}

/* First the ring is full, then the window. */
static void the_narrower_of_ring_and_window_holds(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 20 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .context = &gate,
							 .capacity = 2,
							 .window = 10 });

	gate_await(&gate, 1);
	assert_entered(pool, 3);
	gate_open(&gate);
	EVENTUALLY(kit_stats(pool).ready == 10);
	assert_entered(pool, 10);
	assert_drains(pool, meter.numbers.last);
}

static void an_ordered_window_holds_too(void **state)
{
	struct meter meter = { .numbers.last = 1000 };
	struct par *pool = open_meter(
		&meter, (struct par_options){
				.workers = 4, .window = 5, .ordered = true });

	EVENTUALLY(kit_stats(pool).ready == 5);
	assert_drains(pool, meter.numbers.last);
	assert_int_equal(meter.inside, 4);
}

/*
 * The ring.
 */

static void no_more_are_queued_than_the_ring_has_slots(void **state)
{
	const size_t capacities[] = { 1, 2, 3, 10 };

	for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
		struct gate gate = GATE_CLOSED;
		struct meter meter = { .numbers.last = 1000 };
		struct par *pool = open_meter(
			&meter,
			(struct par_options){ .workers = 3,
					      .context = &gate,
					      .capacity = capacities[i] });

		gate_await(&gate, 3);
		assert_entered(pool, 3 + capacities[i]);
		gate_open(&gate);
		assert_drains(pool, meter.numbers.last);
		assert_int_equal(meter.queued, capacities[i] - 1);
	}
}

static void a_ring_of_one_feeds_every_worker(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 100 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .workers = 5,
							 .context = &gate,
							 .capacity = 1 });

	gate_await(&gate, 5);
	gate_open(&gate);
	assert_drains(pool, meter.numbers.last);
	assert_int_equal(meter.queued, 0);
}

static void a_ring_and_a_window_of_one_bring_every_item(void **state)
{
	struct meter meter = { .numbers.last = 500 };
	struct par *pool = open_meter(
		&meter, (struct par_options){
				.workers = 3, .capacity = 1, .window = 1 });

	assert_drains(pool, meter.numbers.last);
	assert_int_equal(meter.inside, 0);
	assert_int_equal(meter.queued, 0);
}

static void a_full_ring_holds_no_push_back(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct meter meter = { .numbers.last = 2 };
	struct par *pool =
		open_meter(&meter, (struct par_options){ .context = &gate,
							 .capacity = 1 });

	gate_await(&gate, 1);
	assert_entered(pool, 2);
	kit_push_numbers(pool, 3, 1000);
	assert_int_equal(kit_stats(pool).queued, 999);
	gate_open(&gate);
	assert_drains(pool, 1000);
}

static void pushed_items_take_no_slot_of_the_ring(void **state)
{
	struct gate gate = GATE_CLOSED, hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 10, .hold = &hold };
	struct par *pool = kit_open(&(struct par_options){
		.action = action_gated,
		.workers = 1,
		.generate = gated_numbers_next,
		.source = &source,
		.context = &gate,
		.capacity = 3,
	});

	/* The first call of the generator is held, so these enter first. */
	kit_push_numbers(pool, 11, 20);
	gate_await(&gate, 1);
	gate_open(&hold);
	assert_entered(pool, 13);
	gate_open(&gate);
	assert_drains(pool, 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(no_more_are_in_the_pool_than_the_window),
		KIT_TEST(a_slow_consumer_holds_the_generator_back),
		KIT_TEST(a_window_of_one_lets_in_one_at_a_time),
		KIT_TEST(running_items_count_in_the_window),
		KIT_TEST(queued_items_count_in_the_window),
		KIT_TEST(results_not_taken_count_in_the_window),
		KIT_TEST(pushed_items_count_in_the_window),
		KIT_TEST(a_full_window_holds_no_push_back),
		KIT_TEST(the_narrower_of_ring_and_window_holds),
		KIT_TEST(an_ordered_window_holds_too),
		KIT_TEST(no_more_are_queued_than_the_ring_has_slots),
		KIT_TEST(a_ring_of_one_feeds_every_worker),
		KIT_TEST(a_ring_and_a_window_of_one_bring_every_item),
		KIT_TEST(a_full_ring_holds_no_push_back),
		KIT_TEST(pushed_items_take_no_slot_of_the_ring),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
