/* SPDX-License-Identifier: MIT */
/*
 * Ordered pools: results leave in the order in which the items entered, no
 * matter in which order the actions end or what they return.
 */
#include "kit.h"

enum { MOST = 6 };

/* Items are the numbers from 1. Each has a gate, which lets the test decide
 * when the action of that item ends. */
struct line {
	struct gate gates[MOST + 1];
	struct numbers numbers;
	struct par *pool;
};

static int pass_own(void *line, void *item, void **value)
{
	gate_pass(&((struct line *)line)->gates[AS_NUMBER(item)]);
	return action_echo(NULL, item, value);
}

/* The generator, if there is one, makes the items 1 to last, unless the options
 * have another source. */
static void open_line(struct line *line, uintptr_t last,
		      struct par_options options)
{
	*line = (struct line){ .numbers.last = last };
	for (int i = 0; i <= MOST; i++)
		line->gates[i] = (struct gate)GATE_CLOSED;
	if (!options.action)
		options.action = pass_own;
	if (!options.workers)
		options.workers = MOST;
	options.context = line;
	if (!options.source)
		options.source = &line->numbers;
	options.ordered = true;
	line->pool = kit_open(&options);
}

/* Pushes the items 1 to last, and waits until all of them run. */
static void open_running(struct line *line, uintptr_t last)
{
	open_line(line, 0, (struct par_options){ .workers = MOST });
	kit_push_numbers(line->pool, 1, last);
	EVENTUALLY(kit_stats(line->pool).running == last);
}

/* Lets the action of the item end. Its result is then ready. */
static void end(struct line *line, uintptr_t item)
{
	const uint64_t finished = kit_stats(line->pool).finished;

	gate_open(&line->gates[item]);
	EVENTUALLY(kit_stats(line->pool).finished == finished + 1);
}

static void assert_none(struct line *line)
{
	struct par_result result;

	assert_int_equal(par_next_timed(line->pool, &result, 0), -ETIMEDOUT);
	assert_false(kit_readable(par_fd(line->pool)));
}

/* The next result is ready: this item, with this index and this error. */
static void assert_next(struct line *line, uintptr_t item, uint64_t index,
			int error)
{
	struct par_result result;

	assert_true(kit_readable(par_fd(line->pool)));
	assert_int_equal(par_next_timed(line->pool, &result, 0), 1);
	assert_int_equal(AS_NUMBER(result.item), item);
	assert_int_equal(result.index, index);
	assert_int_equal(result.error, error);
}

/*
 * The order.
 */

static void they_come_in_input_order_though_they_end_in_reverse(void **state)
{
	struct line line;

	open_running(&line, 5);
	for (uintptr_t i = 5; i > 1; i--) {
		end(&line, i);
		assert_none(&line);
	}
	end(&line, 1);
	for (uintptr_t i = 1; i <= 5; i++)
		assert_next(&line, i, i - 1, 0);
	kit_finish(line.pool);
}

/* They come up to the next item that still runs. */
static void all_behind_a_slow_head_come_when_it_ends(void **state)
{
	struct line line;

	open_running(&line, 5);
	end(&line, 2);
	end(&line, 4);
	end(&line, 1);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, 0);
	assert_none(&line);
	end(&line, 5);
	assert_none(&line);
	end(&line, 3);
	for (uintptr_t i = 3; i <= 5; i++)
		assert_next(&line, i, i - 1, 0);
	kit_finish(line.pool);
}

static void the_head_does_not_wait_for_later_ones(void **state)
{
	struct line line;

	open_running(&line, 5);
	for (uintptr_t i = 1; i <= 5; i++) {
		end(&line, i);
		assert_next(&line, i, i - 1, 0);
		if (i < 5)
			assert_none(&line);
	}
	kit_finish(line.pool);
}

/* A result behind the head does not wake it, the head does. */
static void a_waiting_consumer_is_woken_by_the_head(void **state)
{
	struct line line;
	struct taker taker;

	open_running(&line, 3);
	taker_start(&taker, line.pool);
	end(&line, 2);
	end(&line, 3);
	kit_linger();
	assert_int_equal(kit_stats(line.pool).delivered, 0);
	end(&line, 1);
	taker_join(&taker);
	assert_int_equal(taker.rc, 1);
	assert_int_equal(AS_NUMBER(taker.result.item), 1);
	assert_next(&line, 2, 1, 0);
	assert_next(&line, 3, 2, 0);
	kit_finish(line.pool);
}

static void generated_items_come_in_the_order_of_their_making(void **state)
{
	struct numbers numbers = { .last = 3000 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_dawdle,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers,
						.ordered = true });
	struct par_result result;

	for (uintptr_t i = 1; i <= 3000; i++) {
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(AS_NUMBER(result.item), i);
		assert_int_equal(result.index, i - 1);
	}
	assert_int_equal(par_next(pool, &result), 0);
	kit_close(pool, 0);
}

struct consumer {
	struct par *pool;
	uint64_t last, count;
	bool disordered;
	pthread_t thread;
};

static void *consume(void *argument)
{
	struct consumer *c = argument;
	struct par_result result;

	while (par_next(c->pool, &result) == 1) {
		if (c->count++ > 0 && result.index <= c->last)
			c->disordered = true;
		c->last = result.index;
	}
	return NULL;
}

static void each_of_several_consumers_gets_its_share_in_order(void **state)
{
	struct numbers numbers = { .last = 1000 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_dawdle,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers,
						.ordered = true });
	struct consumer consumers[3] = { { .pool = pool },
					 { .pool = pool },
					 { .pool = pool } };
	uint64_t count = 0;

	for (int i = 0; i < 3; i++)
		kit_start(&consumers[i].thread, consume, &consumers[i]);
	for (int i = 0; i < 3; i++) {
		kit_join(consumers[i].thread);
		assert_false(consumers[i].disordered);
		count += consumers[i].count;
	}
	assert_int_equal(count, 1000);
	kit_close(pool, 0);
}

/*
 * Places.
 */

static int fail_or_exit(void *line, void *item, void **value)
{
	int rc = pass_own(line, item, value);

	if (AS_NUMBER(item) == 2)
		return -EIO;
	if (AS_NUMBER(item) == 3)
		pthread_exit(NULL);
	return rc;
}

static void failed_items_come_in_their_place(void **state)
{
	struct line line;

	open_line(&line, 0, (struct par_options){ .action = fail_or_exit });
	kit_push_numbers(line.pool, 1, 4);
	end(&line, 3);
	end(&line, 2);
	end(&line, 4);
	assert_none(&line);
	end(&line, 1);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, -EIO);
	assert_next(&line, 3, 2, -EINTR);
	assert_next(&line, 4, 3, 0);
	kit_finish(line.pool);
}

/* One worker, which runs item 1. Items 2 and 3 were generated after it, then
 * item 4 was pushed. */
static void open_with_push(struct line *line)
{
	open_line(line, 3,
		  (struct par_options){ .workers = 1,
					.generate = numbers_next,
					.window = 3 });
	gate_await(&line->gates[1], 1);
	EVENTUALLY(kit_stats(line->pool).queued == 2);
	kit_push_number(line->pool, 4);
}

/* The pushed item is started before the generated ones. */
static void a_pushed_item_keeps_its_place(void **state)
{
	struct line line;

	open_with_push(&line);
	end(&line, 1);
	gate_await(&line.gates[4], 1);
	assert_next(&line, 1, 0, 0);
	end(&line, 4);
	assert_none(&line);
	end(&line, 2);
	assert_next(&line, 2, 1, 0);
	assert_none(&line);
	end(&line, 3);
	assert_next(&line, 3, 2, 0);
	assert_next(&line, 4, 3, 0);
	kit_finish(line.pool);
}

static void pushed_items_come_in_the_order_of_the_pushes(void **state)
{
	struct line line;

	open_running(&line, 2);
	kit_push_number(line.pool, 6);
	kit_push_number(line.pool, 4);
	kit_push_number(line.pool, 5);
	for (uintptr_t i = 4; i <= 6; i++)
		end(&line, i);
	assert_none(&line);
	end(&line, 1);
	end(&line, 2);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, 0);
	assert_next(&line, 6, 2, 0);
	assert_next(&line, 4, 3, 0);
	assert_next(&line, 5, 4, 0);
	kit_finish(line.pool);
}

static void canceled_items_wait_for_those_before_them(void **state)
{
	struct line line;

	open_with_push(&line);
	par_cancel(line.pool);
	assert_int_equal(kit_stats(line.pool).ready, 3);
	assert_none(&line);
	end(&line, 1);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, -ECANCELED);
	assert_next(&line, 3, 2, -ECANCELED);
	assert_next(&line, 4, 3, -ECANCELED);
	kit_finish(line.pool);
}

static void canceled_items_at_the_head_come_at_once(void **state)
{
	struct line line;

	open_with_push(&line);
	end(&line, 1);
	gate_await(&line.gates[4], 1);
	assert_next(&line, 1, 0, 0);
	assert_none(&line);
	par_cancel(line.pool);
	assert_next(&line, 2, 1, -ECANCELED);
	assert_next(&line, 3, 2, -ECANCELED);
	assert_none(&line);
	end(&line, 4);
	assert_next(&line, 4, 3, 0);
	kit_finish(line.pool);
}

static void an_item_brought_after_the_cancel_comes_in_its_place(void **state)
{
	struct line line;
	struct gated_numbers source = { .numbers.last = 2,
					.at = 1,
					.hold = &line.gates[0] };

	open_line(&line, 0,
		  (struct par_options){ .workers = 2,
					.generate = gated_numbers_next,
					.source = &source,
					.window = 2 });
	gate_await(&line.gates[0], 1);
	gate_await(&line.gates[1], 1);
	par_cancel(line.pool);
	gate_open(&line.gates[0]);
	EVENTUALLY(kit_stats(line.pool).ended);
	assert_none(&line);
	end(&line, 1);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, -ECANCELED);
	kit_finish(line.pool);
}

/*
 * The end and the window.
 */

static void the_end_waits_for_the_head(void **state)
{
	struct line line;

	open_running(&line, 2);
	par_finish(line.pool);
	end(&line, 2);
	assert_none(&line);
	end(&line, 1);
	assert_next(&line, 1, 0, 0);
	assert_next(&line, 2, 1, 0);
	kit_finish(line.pool);
}

/* The window and the head do not wait for each other for ever. */
static void a_window_full_of_results_behind_the_head_goes_on(void **state)
{
	struct line line;

	open_line(
		&line, 5,
		(struct par_options){ .generate = numbers_next, .window = 3 });
	for (uintptr_t i = 2; i <= 5; i++)
		gate_open(&line.gates[i]);
	EVENTUALLY(kit_stats(line.pool).ready == 2);
	assert_none(&line);
	gate_open(&line.gates[1]);
	assert_int_equal(kit_drain(line.pool, NULL, NULL), 5);
	kit_close(line.pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(they_come_in_input_order_though_they_end_in_reverse),
		KIT_TEST(all_behind_a_slow_head_come_when_it_ends),
		KIT_TEST(the_head_does_not_wait_for_later_ones),
		KIT_TEST(a_waiting_consumer_is_woken_by_the_head),
		KIT_TEST(generated_items_come_in_the_order_of_their_making),
		KIT_TEST(each_of_several_consumers_gets_its_share_in_order),
		KIT_TEST(failed_items_come_in_their_place),
		KIT_TEST(a_pushed_item_keeps_its_place),
		KIT_TEST(pushed_items_come_in_the_order_of_the_pushes),
		KIT_TEST(canceled_items_wait_for_those_before_them),
		KIT_TEST(canceled_items_at_the_head_come_at_once),
		KIT_TEST(an_item_brought_after_the_cancel_comes_in_its_place),
		KIT_TEST(the_end_waits_for_the_head),
		KIT_TEST(a_window_full_of_results_behind_the_head_goes_on),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
