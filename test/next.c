/* SPDX-License-Identifier: MIT */
/*
 * par_next() and par_next_timed(): the results, the return values, several
 * threads that take results, the end, and the time-out.
 */
#include "kit.h"

static int poke(struct par *pool)
{
	struct par_result result;

	return par_next_timed(pool, &result, 0);
}

/* The end has come, and every later call returns it. */
static void assert_ends(struct par *pool, int expected)
{
	const int times[] = { 0, 1, -1, INT_MAX, INT_MIN };
	struct par_result result;

	for (size_t i = 0; i < 3 * sizeof times / sizeof *times; i++) {
		assert_int_equal(par_next(pool, &result), expected);
		assert_int_equal(par_next_timed(pool, &result, times[i % 5]),
				 expected);
	}
}

static void finish(struct par *pool)
{
	par_finish(pool);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/*
 * The return value.
 */

static void one_comes_with_the_whole_result(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	kit_push_number(pool, 7);
	memset(&result, 0x5a, sizeof result);
	assert_int_equal(par_next(pool, &result), 1);
	assert_ptr_equal(result.item, AS_ITEM(7));
	assert_ptr_equal(result.value, AS_ITEM(7));
	assert_int_equal(result.error, 0);
	assert_int_equal(result.worker, 0);
	assert_int_equal(result.index, 0);
	finish(pool);
}

static int leave_nothing(void *context, void *item, void **value)
{
	return 0;
}

static void null_items_and_null_values_are_results(void **state)
{
	struct par *pool = kit_open_action(leave_nothing, 1, NULL);
	struct par_result result;

	for (uint64_t i = 0; i < 3; i++) {
		kit_push_number(pool, 0);
		memset(&result, 0x5a, sizeof result);
		assert_int_equal(par_next(pool, &result), 1);
		assert_null(result.item);
		assert_null(result.value);
		assert_int_equal(result.index, i);
	}
	finish(pool);
}

static void without_a_pool_or_a_place_it_is_einval(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(par_next(pool, NULL), -EINVAL);
	assert_int_equal(par_next_timed(pool, NULL, 0), -EINVAL);
	assert_int_equal(par_next(NULL, &result), -EINVAL);
	assert_int_equal(par_next_timed(NULL, &result, 0), -EINVAL);
	assert_int_equal(kit_stats(pool).ready, 1);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	finish(pool);
}

static void errno_is_left_alone(void **state)
{
	struct par *pool = kit_open_action(action_linger, 1, NULL);
	struct par_result result;

	errno = KIT_ERRNO;
	assert_int_equal(par_next_timed(pool, &result, 1), -ETIMEDOUT);
	assert_int_equal(errno, KIT_ERRNO);
	kit_push_number(pool, 1);
	kit_take(pool);
	assert_int_equal(errno, KIT_ERRNO);
	par_finish(pool);
	assert_ends(pool, 0);
	assert_int_equal(par_next(pool, NULL), -EINVAL);
	assert_int_equal(errno, KIT_ERRNO);
	kit_close(pool, 0);
}

static void it_waits_until_there_is_a_result(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct taker taker;

	taker_start(&taker, pool);
	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	kit_linger();
	assert_int_equal(kit_stats(pool).delivered, 0);
	gate_open(&gate);
	taker_join(&taker);
	assert_int_equal(taker.rc, 1);
	assert_ptr_equal(taker.result.item, AS_ITEM(1));
	finish(pool);
}

/*
 * Several threads.
 */

static void assert_shared(struct par_options options, int end)
{
	struct numbers numbers = { .last = 2000, .end = end };
	struct drainer drainers[4];
	struct tally tally;
	struct par *pool;
	uint64_t count = 0;

	options.action = action_echo;
	options.generate = numbers_next;
	options.source = &numbers;
	tally_open(&tally, 2000);
	pool = kit_open(&options);
	for (int i = 0; i < 4; i++)
		drainer_start(&drainers[i], pool, &tally);
	for (int i = 0; i < 4; i++) {
		kit_join(drainers[i].thread);
		assert_int_equal(drainers[i].end, end);
		assert_int_equal(drainers[i].again, end);
		count += drainers[i].count;
	}
	assert_int_equal(count, 2000);
	tally_assert_once(&tally);
	tally_close(&tally);
	assert_ends(pool, end);
	kit_close(pool, end);
}

static void each_result_goes_to_exactly_one(void **state)
{
	assert_shared((struct par_options){ .workers = 3 }, 0);
	assert_shared((struct par_options){ .workers = 3, .window = 2 }, -EIO);
	assert_shared((struct par_options){ .workers = 2, .ordered = true }, 0);
}

enum { SLEEPERS = 3 };

/* Returns how many of them got the end. Each of the others has taken an item of
 * its own, from 1 to SLEEPERS. */
static unsigned join_takers(struct taker takers[SLEEPERS], int end)
{
	bool seen[SLEEPERS + 1] = { false };
	unsigned told = 0;

	for (int i = 0; i < SLEEPERS; i++)
		taker_join(&takers[i]);
	for (int i = 0; i < SLEEPERS; i++) {
		uintptr_t item = AS_NUMBER(takers[i].result.item);

		if (takers[i].rc != 1) {
			assert_int_equal(takers[i].rc, end);
			told++;
			continue;
		}
		assert_in_range(item, 1, SLEEPERS);
		assert_false(seen[item]);
		seen[item] = true;
	}
	return told;
}

static void each_waiting_consumer_gets_one_of_as_many_results(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 3, &gate);
	struct taker takers[SLEEPERS];

	takers_start(takers, SLEEPERS, pool);
	kit_push_numbers(pool, 1, SLEEPERS);
	gate_await(&gate, 3);
	gate_open(&gate);
	assert_int_equal(join_takers(takers, 0), 0);
	finish(pool);
}

static void one_result_ends_the_wait_of_one_alone(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker takers[SLEEPERS];

	takers_start(takers, SLEEPERS, pool);
	for (uintptr_t i = 1; i <= SLEEPERS; i++) {
		kit_push_number(pool, i);
		EVENTUALLY(kit_stats(pool).delivered == i);
		kit_linger();
	}
	assert_int_equal(join_takers(takers, 0), 0);
	finish(pool);
}

/*
 * All waiting consumers get the end, however it comes about.
 */

/* All takers sleep while the producer is inside its call. */
struct vigil {
	struct held held;
	struct taker takers[SLEEPERS];
};

/* The producer has brought `last` items, which were taken. */
static void open_vigil(struct vigil *v, uintptr_t last, int end)
{
	held_open(&v->held,
		  (struct gated_numbers){
			  .numbers = { .last = last, .end = end }, .at = last },
		  (struct par_options){ .workers = 1 });
	for (uintptr_t i = 1; i <= last; i++)
		assert_ptr_equal(kit_take(v->held.pool).item, AS_ITEM(i));
	takers_start(v->takers, SLEEPERS, v->held.pool);
}

static void assert_all_told(struct vigil *v, int end)
{
	gate_open(&v->held.hold);
	takers_assert_told(v->takers, SLEEPERS, end);
	assert_ends(v->held.pool, end);
	kit_close(v->held.pool, kit_close_error(end));
}

static void all_are_told_the_end_of_an_empty_input(void **state)
{
	struct vigil v;

	open_vigil(&v, 0, 0);
	assert_all_told(&v, 0);
}

static void all_are_told_when_the_source_ends_idle(void **state)
{
	struct vigil v;

	open_vigil(&v, 2, 0);
	assert_all_told(&v, 0);
}

static void all_are_told_the_failure_of_the_source(void **state)
{
	struct vigil v;

	open_vigil(&v, 2, -EIO);
	assert_all_told(&v, -EIO);
	open_vigil(&v, 0, -ETIMEDOUT);
	assert_all_told(&v, -ETIMEDOUT);
}

static void all_are_told_after_a_finish_when_the_call_returns(void **state)
{
	struct vigil v;

	open_vigil(&v, 1, 0);
	par_finish(v.held.pool);
	assert_int_equal(poke(v.held.pool), -ETIMEDOUT);
	assert_all_told(&v, 0);
}

static void all_are_told_after_a_cancel_when_the_call_returns(void **state)
{
	struct vigil v;

	open_vigil(&v, 1, -EIO);
	par_cancel(v.held.pool);
	assert_int_equal(poke(v.held.pool), -ETIMEDOUT);
	assert_all_told(&v, 0);
}

/* A pool without a generator and without items. */
static void assert_ended_by(void (*end)(struct par *pool))
{
	struct par *pool = kit_open_echo();
	struct taker takers[SLEEPERS];

	takers_start(takers, SLEEPERS, pool);
	end(pool);
	assert_int_equal(join_takers(takers, 0), SLEEPERS);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

static void all_are_told_at_a_finish(void **state)
{
	assert_ended_by(par_finish);
}

static void all_are_told_at_a_cancel(void **state)
{
	assert_ended_by(par_cancel);
}

static void all_are_told_when_another_takes_the_last_result(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source = { .numbers = { .last = 1, .end = -EIO } };
	struct par *pool = kit_open_gated(&source, &gate);
	struct taker takers[SLEEPERS];

	EVENTUALLY(kit_stats(pool).ended);
	takers_start(takers, SLEEPERS, pool);
	gate_open(&gate);
	assert_int_equal(join_takers(takers, -EIO), SLEEPERS - 1);
	assert_ends(pool, -EIO);
	kit_close(pool, -EIO);
}

static void a_cancel_hands_waiting_consumers_the_rest_and_the_end(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct taker takers[SLEEPERS];

	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	kit_push_number(pool, 2);
	takers_start(takers, SLEEPERS, pool);
	par_cancel(pool);
	EVENTUALLY(kit_stats(pool).delivered == 1);
	gate_open(&gate);
	assert_int_equal(join_takers(takers, 0), 1);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/*
 * The end.
 */

static void once_told_the_end_stays(void **state)
{
	const int ends[] = { 0, -EIO, -ETIMEDOUT, -EAGAIN, INT_MIN };

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct gated_numbers source = { .numbers = { .last = 1,
							     .end = ends[i] } };
		struct par *pool = kit_open_gated(&source, NULL);

		kit_take(pool);
		assert_ends(pool, ends[i]);
		assert_int_equal(par_push(pool, NULL), -EPIPE);
		par_finish(pool);
		assert_ends(pool, ends[i]);
		par_cancel(pool);
		assert_int_equal(par_push(pool, NULL), -ECANCELED);
		assert_ends(pool, ends[i]);
		kit_close(pool, kit_close_error(ends[i]));
	}
}

static void it_does_not_come_while_an_item_is_in_the_pool(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	gate_await(&gate, 1);
	par_finish(pool);
	assert_int_equal(poke(pool), -ETIMEDOUT);
	gate_open(&gate);
	kit_take(pool);
	kit_push_number(pool, 3);
	kit_take(pool);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(3));
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

static void it_does_not_come_while_the_generator_is_asked(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 2,
					.at = 1,
					.hold = &hold };
	struct par *pool = kit_open_gated(&source, NULL);

	kit_take(pool);
	gate_await(&hold, 1);
	assert_int_equal(poke(pool), -ETIMEDOUT);
	gate_open(&hold);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(2));
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/* The source has ended and its item was taken. Each round of the loop pushes
 * one more. No call has returned the end yet, so the pool goes on. */
static void assert_pushes_waited_for(int end)
{
	struct gated_numbers source = { .numbers = { .last = 1, .end = end } };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_linger,
						.workers = 1,
						.generate = gated_numbers_next,
						.source = &source });

	EVENTUALLY(kit_stats(pool).ended);
	for (uintptr_t i = 1; i < 5; i++) {
		assert_ptr_equal(kit_take(pool).item, AS_ITEM(i));
		kit_push_number(pool, i + 1);
	}
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(5));
	assert_ends(pool, end);
	kit_close(pool, end);
}

static void what_the_loop_pushes_before_it_asks_is_waited_for(void **state)
{
	assert_pushes_waited_for(0);
	assert_pushes_waited_for(-EIO);
}

static void the_failure_comes_after_all_results(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source = { .numbers = { .last = 3, .end = -EIO } };
	struct par *pool = kit_open_gated(&source, &gate);
	uint64_t count;
	int end;

	EVENTUALLY(kit_stats(pool).ended);
	assert_int_equal(poke(pool), -ETIMEDOUT);
	kit_push_number(pool, 4);
	gate_open(&gate);
	EVENTUALLY(kit_stats(pool).ready == 4);
	count = kit_drain(pool, NULL, &end);
	assert_int_equal(count, 4);
	assert_int_equal(end, -EIO);
	assert_ends(pool, -EIO);
	kit_close(pool, -EIO);
}

static void another_is_told_while_one_still_holds_the_last_result(void **state)
{
	struct gated_numbers source = { .numbers.last = 1 };
	struct par *pool = kit_open_gated(&source, NULL);
	struct drainer other;

	kit_take(pool);
	drainer_start(&other, pool, NULL);
	kit_join(other.thread);
	assert_int_equal(other.end, 0);
	assert_int_equal(par_push(pool, NULL), -EPIPE);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/*
 * The time-out.
 */

static void zero_does_not_wait(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct par_result result;

	assert_int_equal(poke(pool), -ETIMEDOUT);
	kit_push_number(pool, 1);
	assert_int_equal(poke(pool), -ETIMEDOUT);
	gate_open(&gate);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(par_next_timed(pool, &result, 0), 1);
	assert_ptr_equal(result.item, AS_ITEM(1));
	assert_int_equal(poke(pool), -ETIMEDOUT);
	par_finish(pool);
	assert_int_equal(poke(pool), 0);
	kit_close(pool, 0);
}

static void the_time_is_over_never_early(void **state)
{
	const int times[] = { 1, 2, 7, 30 };
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct par_result result;

	kit_push_number(pool, 1);
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		const double start = kit_ms();

		assert_int_equal(par_next_timed(pool, &result, times[i]),
				 -ETIMEDOUT);
		assert_true(kit_ms() - start >= times[i]);
	}
	gate_open(&gate);
	kit_take(pool);
	finish(pool);
}

/* Calls par_next_timed() again and again until the end. */
struct clocked {
	struct par *pool;
	pthread_t thread;
	unsigned taken;
	int end;
	bool early;
};

enum { CLOCKED_MS = 20 };

static void *ask_clocked(void *argument)
{
	struct clocked *clocked = argument;
	struct par_result result;
	double start;
	int rc;

	for (;;) {
		start = kit_ms();
		rc = par_next_timed(clocked->pool, &result, CLOCKED_MS);
		if (rc == -ETIMEDOUT)
			clocked->early |= kit_ms() - start < (double)CLOCKED_MS;
		else if (rc == 1)
			clocked->taken++;
		else
			break;
	}
	clocked->end = rc;
	return NULL;
}

/* The consumer is woken for results that the test then takes first. */
static void nor_where_another_is_quicker(void **state)
{
	struct par *pool = kit_open_echo();
	struct clocked clocked = { .pool = pool };
	unsigned taken = 0;

	kit_start(&clocked.thread, ask_clocked, &clocked);
	for (unsigned i = 1; i <= 300; i++) {
		kit_push_number(pool, i);
		while (kit_stats(pool).delivered < i)
			taken += poke(pool) == 1;
	}
	par_finish(pool);
	kit_join(clocked.thread);
	assert_false(clocked.early);
	assert_int_equal(clocked.taken + taken, 300);
	assert_int_equal(clocked.end, 0);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/* The call waits for a result that comes later. */
static void assert_waits_long(const int *times, size_t count)
{
	struct par *pool = kit_open_action(action_linger, 1, NULL);
	struct par_result result;

	for (size_t i = 0; i < count; i++) {
		kit_push_number(pool, i);
		assert_int_equal(par_next_timed(pool, &result, times[i]), 1);
		assert_ptr_equal(result.item, AS_ITEM(i));
		kit_push_number(pool, i);
		EVENTUALLY(kit_stats(pool).ready == 1);
		assert_int_equal(par_next_timed(pool, &result, times[i]), 1);
	}
	finish(pool);
}

static void negative_waits_for_ever(void **state)
{
	const int times[] = { -1, -2, -1000, -INT_MAX, INT_MIN };

	assert_waits_long(times, sizeof times / sizeof *times);
}

static void a_long_time_is_a_long_time(void **state)
{
	const int times[] = { 100000, INT_MAX / 1000, INT_MAX - 1, INT_MAX };

	assert_waits_long(times, sizeof times / sizeof *times);
}

static int end_slowly(void *numbers, void **item)
{
	kit_linger();
	return numbers_next(numbers, item);
}

static void the_end_is_waited_for_as_well(void **state)
{
	const int times[] = { -1, INT_MIN, 100000, INT_MAX };

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct numbers numbers = { .end = -EIO };
		struct par *pool =
			kit_open(&(struct par_options){ .action = action_echo,
							.workers = 1,
							.generate = end_slowly,
							.source = &numbers });
		struct par_result result;

		assert_int_equal(par_next_timed(pool, &result, times[i]), -EIO);
		kit_close(pool, -EIO);
	}
}

/* A thread whose time is over leaves the list of waiters, from its top or from
 * below another. */
static void who_ran_out_of_time_keeps_no_result_from_another(void **state)
{
	struct par *pool = kit_open_echo();
	struct clocked clocked = { .pool = pool };
	struct par_result result;
	struct taker takers[SLEEPERS];

	kit_start(&clocked.thread, ask_clocked, &clocked);
	takers_start(takers, SLEEPERS, pool);
	for (int i = 0; i < 3; i++)
		assert_int_equal(par_next_timed(pool, &result, CLOCKED_MS),
				 -ETIMEDOUT);
	kit_push_numbers(pool, 1, SLEEPERS);
	EVENTUALLY(kit_stats(pool).delivered == SLEEPERS);
	par_finish(pool);
	kit_join(clocked.thread);
	assert_int_equal(join_takers(takers, 0), clocked.taken);
	assert_false(clocked.early);
	assert_ends(pool, 0);
	kit_close(pool, 0);
}

/*
 * pthread_cancel.
 */

static bool join_canceled(struct taker *taker)
{
	void *left;

	left = kit_join(taker->thread);
	return left == PTHREAD_CANCELED;
}

static void a_thread_can_be_canceled_while_it_waits(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker takers[SLEEPERS];

	takers_start(takers, SLEEPERS, pool);
	for (int i = 0; i < SLEEPERS; i++) {
		assert_int_equal(pthread_cancel(takers[i].thread), 0);
		assert_true(join_canceled(&takers[i]));
	}
	kit_push_number(pool, 1);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	finish(pool);
}

/* The canceled thread is on top of the list of waiters: a result would wake it
 * first. */
static void a_canceled_thread_keeps_no_result_from_another(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker patient, canceled;

	for (uintptr_t i = 1; i <= 50; i++) {
		taker_start(&patient, pool);
		taker_start(&canceled, pool);
		kit_push_number(pool, i);
		assert_int_equal(pthread_cancel(canceled.thread), 0);
		if (!join_canceled(&canceled)) {
			assert_int_equal(canceled.rc, 1);
			kit_push_number(pool, i);
		}
		taker_join(&patient);
		assert_int_equal(patient.rc, 1);
		assert_ptr_equal(patient.result.item, AS_ITEM(i));
	}
	finish(pool);
}

struct doomed {
	struct par *pool;
	struct par_result result; /* not on the stack, which is unwound */
	int first, end;
	bool survived;
};

/* Is already canceled when it makes both calls. */
static void *ask_doomed(void *argument)
{
	struct doomed *doomed = argument;

	pthread_cancel(pthread_self());
	doomed->first = par_next(doomed->pool, &doomed->result);
	doomed->end = par_next_timed(doomed->pool, &doomed->result, INT_MAX);
	doomed->survived = true;
	pthread_testcancel();
	return NULL;
}

static void a_cancel_does_not_take_effect_where_it_need_not_wait(void **state)
{
	struct gated_numbers source = { .numbers = { .last = 1, .end = -EIO } };
	struct par *pool = kit_open_gated(&source, NULL);
	struct doomed doomed = { .pool = pool };
	pthread_t thread;
	void *left;

	EVENTUALLY(kit_stats(pool).ready == 1 && kit_stats(pool).ended);
	kit_start(&thread, ask_doomed, &doomed);
	left = kit_join(thread);
	assert_ptr_equal(left, PTHREAD_CANCELED);
	assert_true(doomed.survived);
	assert_int_equal(doomed.first, 1);
	assert_int_equal(doomed.end, -EIO);
	kit_close(pool, -EIO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(one_comes_with_the_whole_result),
		KIT_TEST(null_items_and_null_values_are_results),
		KIT_TEST(without_a_pool_or_a_place_it_is_einval),
		KIT_TEST(errno_is_left_alone),
		KIT_TEST(it_waits_until_there_is_a_result),
		KIT_TEST(each_result_goes_to_exactly_one),
		KIT_TEST(each_waiting_consumer_gets_one_of_as_many_results),
		KIT_TEST(one_result_ends_the_wait_of_one_alone),
		KIT_TEST(all_are_told_the_end_of_an_empty_input),
		KIT_TEST(all_are_told_when_the_source_ends_idle),
		KIT_TEST(all_are_told_the_failure_of_the_source),
		KIT_TEST(all_are_told_after_a_finish_when_the_call_returns),
		KIT_TEST(all_are_told_after_a_cancel_when_the_call_returns),
		KIT_TEST(all_are_told_at_a_finish),
		KIT_TEST(all_are_told_at_a_cancel),
		KIT_TEST(all_are_told_when_another_takes_the_last_result),
		KIT_TEST(a_cancel_hands_waiting_consumers_the_rest_and_the_end),
		KIT_TEST(once_told_the_end_stays),
		KIT_TEST(it_does_not_come_while_an_item_is_in_the_pool),
		KIT_TEST(it_does_not_come_while_the_generator_is_asked),
		KIT_TEST(what_the_loop_pushes_before_it_asks_is_waited_for),
		KIT_TEST(the_failure_comes_after_all_results),
		KIT_TEST(another_is_told_while_one_still_holds_the_last_result),
		KIT_TEST(zero_does_not_wait),
		KIT_TEST(the_time_is_over_never_early),
		KIT_TEST(nor_where_another_is_quicker),
		KIT_TEST(negative_waits_for_ever),
		KIT_TEST(a_long_time_is_a_long_time),
		KIT_TEST(the_end_is_waited_for_as_well),
		KIT_TEST(who_ran_out_of_time_keeps_no_result_from_another),
		KIT_TEST(a_thread_can_be_canceled_while_it_waits),
		KIT_TEST(a_canceled_thread_keeps_no_result_from_another),
		KIT_TEST(a_cancel_does_not_take_effect_where_it_need_not_wait),
	};

	return cmocka_run_group_tests_name("next", tests, NULL, NULL);
}
