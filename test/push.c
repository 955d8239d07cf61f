/* SPDX-License-Identifier: MIT */
/*
 * par_push: who may call it, the order in which its items are started, when it
 * refuses an item, and that it never waits.
 */
#include "kit.h"

static void push(struct par *pool, uintptr_t number)
{
	errno = KIT_ERRNO;
	assert_int_equal(par_push(pool, AS_ITEM(number)), 0);
	assert_int_equal(errno, KIT_ERRNO);
}

/* The push fails with this error, and the item does not enter. */
static void assert_refused(struct par *pool, int why)
{
	const uint64_t entered = kit_stats(pool).entered;

	errno = KIT_ERRNO;
	assert_int_equal(par_push(pool, AS_ITEM(999)), why);
	assert_int_equal(errno, KIT_ERRNO);
	assert_int_equal(kit_stats(pool).entered, entered);
}

static uintptr_t take(struct par *pool)
{
	return AS_NUMBER(kit_take(pool).item);
}

/*
 * Who may push.
 */

static void a_pushed_item_is_run_and_comes_back(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	for (uintptr_t i = 0; i < 20; i++) {
		push(pool, i);
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(AS_NUMBER(result.item), i);
		assert_int_equal(AS_NUMBER(result.value), i);
		assert_int_equal(result.error, 0);
		assert_int_equal(result.worker, 0);
		assert_int_equal(result.index, i);
	}
	kit_finish(pool);
}

enum { PAGES = 1000 };

/* Each page links to two others: the pages form a tree. */
static int crawl(void *context, void *item, void **value)
{
	int rc = 0;

	for (uintptr_t link = 2 * AS_NUMBER(item);
	     link <= 2 * AS_NUMBER(item) + 1; link++)
		if (link <= PAGES && par_push(par_self(), AS_ITEM(link)))
			rc = -1;
	return rc;
}

static void an_action_that_pushes_keeps_the_pool_from_ending(void **state)
{
	struct gated_numbers source = { .numbers.last = 1 };
	struct par_options options = kit_gated_options(&source, NULL);
	struct par *pool;

	options.action = crawl;
	for (unsigned workers = 1; workers <= 4; workers += 3) {
		source.numbers.next = 0;
		options.workers = workers;
		pool = kit_open(&options);
		kit_assert_drains_once(pool, PAGES, 0);
		assert_int_equal(kit_stats(pool).failed, 0);
		kit_close(pool, 0);
	}
}

/* For each number that it brings, it also pushes one that is 100 larger. */
static int generate_and_push(void *numbers, void **item)
{
	const int rc = numbers_next(numbers, item);

	if (rc > 0 && par_push(par_self(), AS_ITEM(AS_NUMBER(*item) + 100)))
		return -EIO;
	return rc;
}

static void the_generator_can_push(void **state)
{
	struct numbers numbers = { .last = 100 };
	struct par_options options = kit_gated_options(NULL, NULL);
	struct par *pool;

	options.generate = generate_and_push;
	options.source = &numbers;
	pool = kit_open(&options);
	kit_assert_drains_once(pool, 200, 0);
	kit_close(pool, 0);
}

/* Everything was delivered and the source has ended, but the loop has not yet
 * asked for the next result. */
static void what_the_loop_pushes_is_waited_for(void **state)
{
	struct gated_numbers source = { .numbers.last = 1 };
	struct par *pool = kit_open_gated(&source, NULL);

	EVENTUALLY(kit_stats(pool).ended);
	for (uintptr_t i = 1; i < 20; i++) {
		assert_int_equal(take(pool), i);
		push(pool, i + 1);
	}
	kit_assert_drains(pool, 1, 0);
	kit_close(pool, 0);
}

enum { PUSHERS = 4, PUSHES = 500 };

struct pusher {
	struct par *pool;
	uintptr_t first;
	unsigned taken; /* pushes that were accepted */
	int refusal;	/* of the first push that was refused, or 0 */
};

static void *push_many(void *argument)
{
	struct pusher *pusher = argument;
	int rc = 0;

	for (uintptr_t i = 0; i < PUSHES && rc == 0; i++) {
		rc = par_push(pusher->pool, AS_ITEM(pusher->first + i));
		pusher->taken += rc == 0;
	}
	pusher->refusal = rc;
	return NULL;
}

static void start_pushers(struct par *pool, struct pusher pushers[PUSHERS],
			  pthread_t threads[PUSHERS])
{
	for (unsigned i = 0; i < PUSHERS; i++) {
		pushers[i] = (struct pusher){ .pool = pool,
					      .first = i * PUSHES + 1 };
		kit_start(&threads[i], push_many, &pushers[i]);
	}
}

/* Returns how many pushes were accepted. Those that were refused failed with
 * `why`. */
static unsigned join_pushers(struct pusher pushers[PUSHERS],
			     pthread_t threads[PUSHERS], int why)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < PUSHERS; i++) {
		kit_join(threads[i]);
		assert_int_equal(pushers[i].refusal,
				 pushers[i].taken == PUSHES ? 0 : why);
		taken += pushers[i].taken;
	}
	return taken;
}

static void any_thread_can_push(void **state)
{
	struct par *pool = kit_open_echo();
	struct pusher pushers[PUSHERS];
	pthread_t threads[PUSHERS];
	struct tally tally;

	tally_open(&tally, (size_t)PUSHERS * PUSHES);
	start_pushers(pool, pushers, threads);
	for (int i = 0; i < PUSHERS * PUSHES; i++)
		tally_see(&tally, take(pool) - 1);
	assert_int_equal(join_pushers(pushers, threads, 0), PUSHERS * PUSHES);
	tally_assert_once(&tally);
	tally_close(&tally);
	kit_finish(pool);
}

/* After each item nothing is left in the pool, and still it does not end. */
static void a_pool_of_pushes_alone_does_not_end_by_itself(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	assert_int_equal(par_next_timed(pool, &result, 5), -ETIMEDOUT);
	push(pool, 1);
	assert_int_equal(take(pool), 1);
	assert_int_equal(par_next_timed(pool, &result, 0), -ETIMEDOUT);
	assert_int_equal(par_next_timed(pool, &result, 5), -ETIMEDOUT);
	assert_false(kit_stats(pool).ended);
	push(pool, 2);
	assert_int_equal(take(pool), 2);
	kit_finish(pool);
}

static void a_push_that_finds_nobody_idle_starts_a_worker(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par_options options = kit_gated_options(NULL, &gate);
	struct par *pool;

	options.workers = 3;
	pool = kit_open(&options);
	for (unsigned i = 1; i <= 3; i++) {
		push(pool, i);
		gate_await(&gate, i);
	}
	gate_open(&gate);
	for (int i = 0; i < 3; i++)
		take(pool);
	kit_finish(pool);
}

/*
 * The order. There is one worker, so the item that it starts first comes first.
 */

static void pushed_items_are_started_in_the_order_of_the_pushes(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	for (uintptr_t i = 1; i <= 200; i++)
		push(pool, i);
	gate_open(&gate);
	for (uintptr_t i = 1; i <= 200; i++)
		assert_int_equal(take(pool), i);
	kit_finish(pool);
}

/* The worker holds item 1, and 2 to 5 wait in the ring. Then 6 and 7 are
 * pushed, and the worker goes on. */
static void open_waiting(struct par **pool, struct gated_numbers *source,
			 struct gate *gate, bool ordered)
{
	struct par_options options = kit_gated_options(source, gate);

	*source = (struct gated_numbers){ .numbers.last = 5 };
	options.ordered = ordered;
	*pool = kit_open(&options);
	EVENTUALLY(kit_stats(*pool).ended);
	gate_await(gate, 1);
	push(*pool, 6);
	push(*pool, 7);
	gate_open(gate);
}

static void pushed_items_are_started_before_generated_ones(void **state)
{
	const uintptr_t order[] = { 1, 6, 7, 2, 3, 4, 5 };
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source;
	struct par_result result;
	struct par *pool;

	open_waiting(&pool, &source, &gate, false);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(AS_NUMBER(result.item), order[i]);
		assert_int_equal(result.index, order[i] - 1);
	}
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

static void an_ordered_pool_delivers_them_where_they_entered(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source;
	struct par *pool;

	open_waiting(&pool, &source, &gate, true);
	for (uintptr_t i = 1; i <= 7; i++)
		assert_int_equal(take(pool), i);
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

/*
 * Pushes that are refused.
 */

static void a_push_after_the_told_end_is_refused_with_epipe(void **state)
{
	const int ends[] = { 0, -EIO };

	for (size_t i = 0; i < 2; i++) {
		struct gated_numbers source = { .numbers = { .last = 3,
							     .end = ends[i] } };
		struct par *pool = kit_open_gated(&source, NULL);

		kit_assert_drains(pool, 3, ends[i]);
		assert_refused(pool, -EPIPE);
		assert_refused(pool, -EPIPE);
		kit_assert_drains(pool, 0, ends[i]);
		kit_close(pool, ends[i]);
	}
}

static void a_push_after_a_cancel_is_refused_with_ecanceled(void **state)
{
	struct par *pool = kit_open_echo();

	par_cancel(pool);
	assert_refused(pool, -ECANCELED);
	kit_assert_drains(pool, 0, 0);
	kit_close(pool, 0);
}

static void after_a_cancel_it_is_ecanceled_after_the_end_too(void **state)
{
	struct par *pool = kit_open_echo();

	par_cancel(pool);
	kit_assert_drains(pool, 0, 0);
	assert_refused(pool, -ECANCELED);
	kit_close(pool, 0);
}

static void after_a_cancel_that_comes_after_the_end_too(void **state)
{
	struct gated_numbers source = { .numbers.last = 1 };
	struct par *pool = kit_open_gated(&source, NULL);

	kit_assert_drains(pool, 1, 0);
	assert_refused(pool, -EPIPE);
	par_cancel(pool);
	assert_refused(pool, -ECANCELED);
	kit_close(pool, 0);
}

static void a_refused_item_is_still_the_callers(void **state)
{
	atomic_uint discarded = 0;
	struct par_options options = kit_gated_options(NULL, NULL);
	struct par *pool;

	options.context = &discarded;
	options.discard = discard_count;
	pool = kit_open(&options);
	push(pool, 1);
	assert_int_equal(take(pool), 1);
	par_cancel(pool);
	for (int i = 0; i < 10; i++)
		assert_refused(pool, -ECANCELED);
	kit_close(pool, 0);
	assert_int_equal(discarded, 0);
}

static void a_push_that_races_the_end_is_refused_or_comes_back(void **state)
{
	for (int round = 0; round < 10; round++) {
		struct gated_numbers source = { .numbers.last = 1 };
		struct par *pool = kit_open_gated(&source, NULL);
		struct pusher pushers[PUSHERS];
		pthread_t threads[PUSHERS];
		uint64_t came;
		int end;

		start_pushers(pool, pushers, threads);
		came = kit_drain(pool, NULL, &end);
		assert_int_equal(end, 0);
		assert_int_equal(join_pushers(pushers, threads, -EPIPE) + 1,
				 came);
		assert_int_equal(kit_stats(pool).entered, came);
		assert_refused(pool, -EPIPE);
		kit_close(pool, 0);
	}
}

static void a_push_that_races_a_cancel_is_refused_or_comes_back(void **state)
{
	for (int round = 0; round < 10; round++) {
		struct par *pool = kit_open_echo();
		struct pusher pushers[PUSHERS];
		pthread_t threads[PUSHERS];
		uint64_t came = 1;
		int end;

		start_pushers(pool, pushers, threads);
		take(pool);
		par_cancel(pool);
		came += kit_drain(pool, NULL, &end);
		assert_int_equal(end, 0);
		assert_int_equal(join_pushers(pushers, threads, -ECANCELED),
				 came);
		assert_int_equal(kit_stats(pool).entered, came);
		kit_close(pool, 0);
	}
}

/*
 * Pushes that are accepted, and do not wait.
 */

/* The source has ended with this number, and a result is left in the pool. */
static void assert_taken_after(int end)
{
	struct gated_numbers source = { .numbers = { .last = 1, .end = end } };
	struct par *pool = kit_open_gated(&source, NULL);

	EVENTUALLY(kit_stats(pool).ended && kit_stats(pool).ready == 1);
	push(pool, 2);
	assert_int_equal(take(pool), 1);
	assert_int_equal(take(pool), 2);
	push(pool, 3);
	assert_int_equal(take(pool), 3);
	kit_assert_drains(pool, 0, end);
	kit_close(pool, end);
}

static void it_is_taken_after_the_source_has_ended(void **state)
{
	assert_taken_after(0);
}

static void it_is_taken_after_the_source_has_failed(void **state)
{
	assert_taken_after(-EIO);
}

static void it_is_taken_after_a_finish(void **state)
{
	struct par *pool = kit_open_echo();

	par_finish(pool);
	push(pool, 1);
	assert_int_equal(take(pool), 1);
	par_finish(pool);
	push(pool, 2);
	kit_assert_drains(pool, 1, 0);
	assert_refused(pool, -EPIPE);
	kit_close(pool, 0);
}

/* Both ring and window are full. */
static void neither_ring_nor_window_hold_it_back(void **state)
{
	struct full full;

	full_open(&full, (struct par_options){ .capacity = 2, .window = 3 }, 3);
	for (uintptr_t i = 0; i < 1000; i++)
		push(full.pool, 100 + i);
	assert_int_equal(kit_stats(full.pool).queued, 1002);
	gate_open(&full.gate);
	kit_assert_drains(full.pool, 1100, 0);
	kit_close(full.pool, 0);
}

/* The call under way brings one item more than the window holds. The next call
 * waits until the window has room again. */
static void it_counts_in_the_window_and_holds_the_generator_back(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 10, .hold = &hold };
	struct par_options options = kit_gated_options(&source, NULL);
	struct par *pool;

	options.window = 3;
	pool = kit_open(&options);
	gate_await(&hold, 1);
	for (uintptr_t i = 11; i <= 13; i++)
		push(pool, i);
	gate_open(&hold);
	EVENTUALLY(kit_stats(pool).ready == 4);
	assert_int_equal(take(pool), 11);
	kit_linger();
	assert_int_equal(source.numbers.calls, 1);
	assert_int_equal(kit_stats(pool).entered, 4);
	assert_int_equal(take(pool), 12);
	EVENTUALLY(kit_stats(pool).ready == 3);
	kit_linger();
	assert_int_equal(source.numbers.calls, 2);
	kit_assert_drains(pool, 11, 0);
	kit_close(pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_pushed_item_is_run_and_comes_back),
		KIT_TEST(an_action_that_pushes_keeps_the_pool_from_ending),
		KIT_TEST(the_generator_can_push),
		KIT_TEST(what_the_loop_pushes_is_waited_for),
		KIT_TEST(any_thread_can_push),
		KIT_TEST(a_pool_of_pushes_alone_does_not_end_by_itself),
		KIT_TEST(a_push_that_finds_nobody_idle_starts_a_worker),
		KIT_TEST(pushed_items_are_started_in_the_order_of_the_pushes),
		KIT_TEST(pushed_items_are_started_before_generated_ones),
		KIT_TEST(an_ordered_pool_delivers_them_where_they_entered),
		KIT_TEST(a_push_after_the_told_end_is_refused_with_epipe),
		KIT_TEST(a_push_after_a_cancel_is_refused_with_ecanceled),
		KIT_TEST(after_a_cancel_it_is_ecanceled_after_the_end_too),
		KIT_TEST(after_a_cancel_that_comes_after_the_end_too),
		KIT_TEST(a_refused_item_is_still_the_callers),
		KIT_TEST(a_push_that_races_the_end_is_refused_or_comes_back),
		KIT_TEST(a_push_that_races_a_cancel_is_refused_or_comes_back),
		KIT_TEST(it_is_taken_after_the_source_has_ended),
		KIT_TEST(it_is_taken_after_the_source_has_failed),
		KIT_TEST(it_is_taken_after_a_finish),
		KIT_TEST(neither_ring_nor_window_hold_it_back),
		KIT_TEST(it_counts_in_the_window_and_holds_the_generator_back),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
