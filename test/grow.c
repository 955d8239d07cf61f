/* SPDX-License-Identifier: MIT */
/*
 * How the pool grows: an item that finds no idle worker starts one, up to the
 * size of the pool; no item waits while a worker is idle; and what happens if a
 * worker cannot be started.
 *
 * An item is the gate that its action passes. The item NULL does nothing, and
 * &leave ends the thread.
 */
#include "kit.h"

/* The outcome of each worker_open except the first, which succeeds at once. */
struct opens {
	struct gate *passes; /* or NULL */
	atomic_int returns;
	atomic_uint calls;    /* including the first */
	_Atomic double asked; /* when the last call began */
};

static int open_later(void *context, void **state)
{
	struct opens *opens = context;

	atomic_store(&opens->asked, kit_ms());
	if (atomic_fetch_add(&opens->calls, 1) == 0)
		return 0;
	if (opens->passes)
		gate_pass(opens->passes);
	return atomic_load(&opens->returns);
}

static struct gate leave;

static int pass_item(void *context, void *item, void **value)
{
	if (item == &leave)
		pthread_exit(NULL);
	return action_item_gated(context, item, value);
}

/* A pool of so many workers, without a generator. */
static struct par *open_pool(unsigned workers, struct opens *opens)
{
	return kit_open(&(struct par_options){ .action = pass_item,
					       .workers = workers,
					       .context = opens,
					       .worker_open = open_later });
}

static void push(struct par *pool, struct gate *item, unsigned times)
{
	while (times-- > 0)
		kit_push(pool, item);
}

static void take(struct par *pool, unsigned count)
{
	while (count-- > 0)
		assert_int_equal(kit_take(pool).error, 0);
}

/*
 * The number of workers.
 */

static void a_pool_without_items_has_one_worker(void **state)
{
	struct opens opens = { 0 };
	struct par *pool = open_pool(8, &opens);

	kit_linger();
	assert_int_equal(kit_stats(pool).workers, 1);
	assert_int_equal(opens.calls, 1);
	kit_close(pool, 0);
}

static void an_item_that_finds_nobody_idle_starts_a_worker(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(6, &opens);

	for (unsigned n = 1; n <= 6; n++) {
		push(pool, &hold, 1);
		gate_await(&hold, n);
		assert_true(kit_stats(pool).workers >= n);
	}
	gate_open(&hold);
	take(pool, 6);
	kit_close(pool, 0);
}

static void at_most_one_worker_is_started_for_an_item(void **state)
{
	struct gate hold = GATE_CLOSED, held_open = GATE_CLOSED;
	struct opens opens = { .passes = &held_open };
	struct par *pool = open_pool(50, &opens);

	for (unsigned n = 1; n <= 5; n++) {
		push(pool, &hold, 1);
		EVENTUALLY(kit_stats(pool).workers >= n);
		kit_linger();
		assert_int_equal(kit_stats(pool).workers, n);
	}
	gate_open(&held_open);
	gate_await(&hold, 5);
	assert_int_equal(kit_stats(pool).workers, 5);
	gate_open(&hold);
	take(pool, 5);
	assert_int_equal(kit_stats(pool).workers, 5);
	assert_int_equal(opens.calls, 5);
	kit_close(pool, 0);
}

static void there_are_never_more_workers_than_asked_for(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(3, &opens);
	struct par_stats stats;

	push(pool, &hold, 20);
	gate_await(&hold, 3);
	kit_linger();
	stats = kit_stats(pool);
	assert_int_equal(stats.workers, 3);
	assert_int_equal(stats.running, 3);
	assert_int_equal(stats.queued, 17);
	gate_open(&hold);
	take(pool, 20);
	assert_int_equal(kit_stats(pool).workers, 3);
	assert_int_equal(opens.calls, 3);
	kit_close(pool, 0);
}

static void three_generated_items_do_not_start_a_thousand_workers(void **state)
{
	struct gate items[3] = { GATE_CLOSED, GATE_CLOSED, GATE_CLOSED };
	struct par_array array = { items, 3, sizeof *items, 0 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = pass_item,
						.workers = 1000,
						.generate = par_from_array,
						.source = &array });

	for (int i = 0; i < 3; i++)
		gate_await(&items[i], 1);
	for (int i = 0; i < 3; i++)
		gate_open(&items[i]);
	assert_int_equal(kit_drain(pool, NULL, NULL), 3);
	assert_true(kit_stats(pool).workers <= 3);
	kit_close(pool, 0);
}

/* A worker is idle from the moment when its result is ready. */
static void an_idle_worker_is_used_again(void **state)
{
	struct opens opens = { 0 };
	struct par *pool = open_pool(60, &opens);

	for (int round = 0; round < 200; round++) {
		push(pool, NULL, 1);
		take(pool, 1);
	}
	assert_int_equal(kit_stats(pool).workers, 1);
	kit_close(pool, 0);
}

static void a_worker_stays_until_the_close(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(4, &opens);

	push(pool, &hold, 4);
	gate_await(&hold, 4);
	gate_open(&hold);
	take(pool, 4);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
	kit_linger();
	assert_int_equal(kit_stats(pool).workers, 4);
	kit_close(pool, 0);
}

/*
 * No item waits while a worker is idle.
 */

static void an_item_does_not_wait_for_anothers_action(void **state)
{
	struct gate slow = GATE_CLOSED, slower = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(3, &opens);

	push(pool, &slow, 1);
	gate_await(&slow, 1);
	for (int i = 0; i < 100; i++) {
		push(pool, NULL, 2);
		take(pool, 2);
	}
	push(pool, &slower, 1);
	gate_await(&slower, 1);
	for (int i = 0; i < 100; i++) {
		push(pool, NULL, 2);
		take(pool, 2);
	}
	gate_open(&slow);
	gate_open(&slower);
	take(pool, 2);
	kit_close(pool, 0);
}

/* A round ends only if all of its items run at the same time. */
static void as_many_items_run_at_once_as_there_are_workers(void **state)
{
	struct gate all = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(4, &opens);

	for (int round = 0; round < 100; round++) {
		push(pool, &all, 4);
		gate_await(&all, 4);
		gate_open(&all);
		take(pool, 4);
		gate_close(&all);
	}
	kit_close(pool, 0);
}

/* Brings `batch` items, then waits until the test allows more. */
struct batches {
	struct gate *item;
	unsigned batch, made, last;
	atomic_uint allowed;
};

static int next_of_batch(void *source, void **item)
{
	struct batches *batches = source;

	if (batches->made == batches->last)
		return 0;
	EVENTUALLY(batches->made < batches->allowed);
	batches->made++;
	*item = batches->item;
	return 1;
}

static void as_many_generated_items_run_at_once(void **state)
{
	struct gate all = GATE_CLOSED;
	struct batches batches = { .item = &all, .batch = 4, .last = 80 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = pass_item,
						.workers = 4,
						.generate = next_of_batch,
						.source = &batches });

	for (int round = 0; round < 20; round++) {
		atomic_fetch_add(&batches.allowed, batches.batch);
		gate_await(&all, 4);
		gate_open(&all);
		take(pool, 4);
		gate_close(&all);
	}
	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
	kit_close(pool, 0);
}

static void the_first_results_do_not_wait_for_the_last_worker_open(void **state)
{
	struct gate held_open = GATE_CLOSED;
	struct opens opens = { .passes = &held_open };
	struct par *pool = open_pool(20, &opens);

	push(pool, NULL, 10);
	take(pool, 10);
	gate_open(&held_open);
	kit_close(pool, 0);
}

static void an_item_waits_for_no_worker_open_while_one_is_idle(void **state)
{
	struct gate held_open = GATE_CLOSED, slow = GATE_CLOSED;
	struct opens opens = { .passes = &held_open };
	struct par *pool = open_pool(2, &opens);

	push(pool, &slow, 1);
	push(pool, NULL, 1);
	/* The second worker stays in its worker_open. */
	EVENTUALLY(opens.calls == 2);
	gate_open(&slow);
	take(pool, 2);
	for (int i = 0; i < 100; i++) {
		push(pool, NULL, 1);
		take(pool, 1);
	}
	gate_open(&held_open);
	kit_close(pool, 0);
}

static void a_worker_in_worker_open_is_not_idle(void **state)
{
	struct gate held_open = GATE_CLOSED, first = GATE_CLOSED,
		    second = GATE_CLOSED;
	struct opens opens = { .passes = &held_open };
	struct par *pool = open_pool(3, &opens);

	push(pool, &first, 1);
	/* This starts a worker, which stays in its worker_open. */
	push(pool, &second, 1);
	gate_await(&held_open, 1);
	gate_open(&first);
	gate_await(&second, 1); /* so the first worker took this item */
	push(pool, NULL, 1);
	gate_await(&held_open, 2);
	gate_open(&second);
	take(pool, 3);
	gate_open(&held_open);
	kit_close(pool, 0);
}

static void a_worker_in_worker_open_is_counted(void **state)
{
	struct gate held_open = GATE_CLOSED, slow = GATE_CLOSED;
	struct opens opens = { .passes = &held_open };
	struct par *pool = open_pool(2, &opens);

	push(pool, &slow, 2);
	gate_await(&held_open, 1);
	assert_int_equal(kit_stats(pool).workers, 2);
	gate_open(&held_open);
	gate_await(&slow, 2);
	assert_int_equal(kit_stats(pool).workers, 2);
	gate_open(&slow);
	take(pool, 2);
	kit_close(pool, 0);
}

/*
 * worker_open fails. A pool of two workers: the second was refused, the first
 * is held by the gate `busy`, two items wait, and nothing else happens. Some
 * tests have to wait for a second, until the next attempt may be made.
 * refuse_all() opens their pools before the first test, so they all wait for
 * the same second.
 */
struct refusal {
	struct gate busy, queue;
	struct opens opens;
	struct par *pool;
	double before, after; /* the times around the refusal */
	unsigned calls;	      /* calls of worker_open until then */
};
#define REFUSED_WITH(number)                                                   \
	{                                                                      \
		.busy = GATE_CLOSED, .queue = GATE_CLOSED,                     \
		.opens.returns = (number)                                      \
	}
static struct refusal for_item = REFUSED_WITH(77);
static struct refusal for_itself = REFUSED_WITH(77);
static struct refusal for_nobody = REFUSED_WITH(77);
static struct refusal for_only = REFUSED_WITH(77);
static struct refusal for_both = REFUSED_WITH(77);

static void refuse(struct refusal *r)
{
	r->pool = open_pool(2, &r->opens);
	r->before = kit_ms();
	push(r->pool, &r->busy, 1);
	push(r->pool, &r->queue, 2);
	gate_await(&r->busy, 1);
	EVENTUALLY(kit_stats(r->pool).refused &&
		   kit_stats(r->pool).workers == 1);
	r->after = kit_ms();
	r->calls = r->opens.calls;
}

/* The only worker of the pool has ended, and its successor was refused. One
 * item waits, and one thread waits for its result. No other call is made on
 * that pool. */
static struct taker taker;

static void refuse_successor(struct refusal *r)
{
	struct par_result result;

	r->pool = open_pool(1, &r->opens);
	r->before = kit_ms();
	push(r->pool, &leave, 1);
	assert_int_equal(par_next(r->pool, &result), 1);
	assert_int_equal(result.error, -EINTR);
	push(r->pool, NULL, 1);
	EVENTUALLY(kit_stats(r->pool).refused == 77);
	r->calls = r->opens.calls;
	taker_start(&taker, r->pool);
	atomic_store(&r->opens.returns, 0);
}

/* The only worker of the pool has ended, and another one failed to open. One of
 * the two waits for the next attempt, the other has ended. */
static void refuse_another(struct refusal *r)
{
	struct par_result result;

	r->pool = open_pool(2, &r->opens);
	r->before = kit_ms();
	push(r->pool, &leave, 1);
	assert_int_equal(par_next(r->pool, &result), 1);
	assert_int_equal(result.error, -EINTR);
	push(r->pool, NULL, 1);
	EVENTUALLY(kit_stats(r->pool).refused == 77 &&
		   kit_stats(r->pool).workers == 0);
	atomic_store(&r->opens.returns, 0);
}

/* Each item comes back, and the pool closes. */
static void close_refused(struct refusal *r)
{
	struct par_stats stats;

	gate_open(&r->busy);
	gate_open(&r->queue);
	par_finish(r->pool);
	kit_drain(r->pool, NULL, NULL);
	stats = kit_stats(r->pool);
	assert_int_equal(stats.delivered, stats.entered);
	assert_int_equal(stats.canceled, 0);
	assert_int_equal(stats.failed, 0);
	kit_close(r->pool, 0);
}

static int refuse_all(void **state)
{
	refuse(&for_item);
	refuse(&for_itself);
	atomic_store(&for_itself.opens.returns, -78);
	refuse(&for_nobody);
	gate_open(&for_nobody.busy);
	gate_open(&for_nobody.queue);
	take(for_nobody.pool, 3);
	refuse_successor(&for_only);
	refuse_another(&for_both);
	return 0;
}

static void a_refused_worker_is_not_counted_and_told(void **state)
{
	struct refusal r = REFUSED_WITH(77);

	refuse(&r);
	assert_int_equal(kit_stats(r.pool).refused, 77);
	assert_int_equal(kit_stats(r.pool).workers, 1);
	close_refused(&r);
}

static void the_pool_goes_on_with_the_workers_it_has(void **state)
{
	struct refusal r = REFUSED_WITH(77);

	refuse(&r);
	gate_open(&r.busy);
	gate_open(&r.queue);
	take(r.pool, 3);
	push(r.pool, NULL, 100);
	take(r.pool, 100);
	close_refused(&r);
}

static void it_goes_on_with_one_that_was_idle_when_another_failed(void **state)
{
	struct gate held_open = GATE_CLOSED, slow = GATE_CLOSED;
	struct opens opens = { .passes = &held_open, .returns = -5 };
	struct par *pool = open_pool(2, &opens);

	push(pool, &slow, 2);
	gate_await(&held_open, 1);
	gate_open(&slow);
	take(pool, 2); /* the first worker is idle before the second fails */
	gate_open(&held_open);
	EVENTUALLY(kit_stats(pool).refused == -5);
	push(pool, NULL, 10);
	take(pool, 10);
	kit_close(pool, 0);
}

static void nothing_was_refused_unless_it_was(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct opens opens = { 0 };
	struct par *pool = open_pool(3, &opens);

	assert_int_equal(kit_stats(pool).refused, 0);
	push(pool, &hold, 3);
	gate_await(&hold, 3);
	assert_int_equal(kit_stats(pool).refused, 0);
	gate_open(&hold);
	take(pool, 3);
	kit_close(pool, 0);
}

/* Items enter and actions return all the time. But no attempt is made before a
 * second has passed, and then exactly one is made. */
static void it_tries_again_after_a_second_when_an_item_enters(void **state)
{
	struct refusal *r = &for_item;

	atomic_store(&r->opens.returns, 0);
	for (long tries = 0; r->opens.calls == r->calls; tries++) {
		push(r->pool, &r->queue, 1);
		kit_nap(tries, "another attempt");
	}
	gate_await(&r->queue, 1);
	assert_int_equal(r->opens.calls, r->calls + 1);
	assert_true(r->opens.asked - r->before >= 1000);
	EVENTUALLY(kit_stats(r->pool).workers == 2);
	assert_int_equal(kit_stats(r->pool).refused, 0);
	close_refused(r);
}

static void an_action_that_returns_within_the_second_tries_nothing(void **state)
{
	struct refusal r = REFUSED_WITH(77);

	refuse(&r);
	gate_open(&r.queue);
	push(r.pool, NULL, 100);
	gate_open(&r.busy);
	take(r.pool, 103);
	assert_true(r.opens.calls == r.calls ||
		    r.opens.asked - r.before >= 1000);
	close_refused(&r);
}

static void nothing_is_tried_if_nothing_waits(void **state)
{
	struct refusal *r = &for_nobody;

	EVENTUALLY(kit_ms() > r->after + 1001);
	kit_linger();
	assert_int_equal(r->opens.calls, r->calls);
	close_refused(r);
}

/* Two items wait, and nothing else happens. */
static void it_tries_again_after_a_second_by_itself(void **state)
{
	struct refusal *r = &for_itself;

	EVENTUALLY(kit_stats(r->pool).refused == -78);
	assert_int_equal(r->opens.calls, r->calls + 1);
	assert_true(r->opens.asked - r->before >= 1000);
	close_refused(r);
}

/* Without a successor nothing would ever happen in that pool. */
static void the_only_worker_has_a_successor_in_the_end(void **state)
{
	struct refusal *r = &for_only;

	taker_join(&taker);
	assert_int_equal(taker.rc, 1);
	assert_int_equal(taker.result.error, 0);
	assert_true(r->opens.calls > r->calls);
	assert_true(r->opens.asked - r->before >= 1000);
	assert_int_equal(kit_stats(r->pool).workers, 1);
	assert_int_equal(kit_stats(r->pool).refused, 0);
	kit_close(r->pool, 0);
}

static void of_two_workers_that_ended_one_has_a_successor(void **state)
{
	struct refusal *r = &for_both;

	take(r->pool, 1);
	assert_true(r->opens.asked - r->before >= 1000);
	assert_int_equal(kit_stats(r->pool).workers, 1);
	kit_close(r->pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		/* First, because their pools have waited since refuse_all(). */
		KIT_TEST(it_tries_again_after_a_second_when_an_item_enters),
		KIT_TEST(nothing_is_tried_if_nothing_waits),
		KIT_TEST(it_tries_again_after_a_second_by_itself),
		KIT_TEST(the_only_worker_has_a_successor_in_the_end),
		KIT_TEST(of_two_workers_that_ended_one_has_a_successor),

		KIT_TEST(a_pool_without_items_has_one_worker),
		KIT_TEST(an_item_that_finds_nobody_idle_starts_a_worker),
		KIT_TEST(at_most_one_worker_is_started_for_an_item),
		KIT_TEST(there_are_never_more_workers_than_asked_for),
		KIT_TEST(three_generated_items_do_not_start_a_thousand_workers),
		KIT_TEST(an_idle_worker_is_used_again),
		KIT_TEST(a_worker_stays_until_the_close),
		KIT_TEST(an_item_does_not_wait_for_anothers_action),
		KIT_TEST(as_many_items_run_at_once_as_there_are_workers),
		KIT_TEST(as_many_generated_items_run_at_once),
		KIT_TEST(
			the_first_results_do_not_wait_for_the_last_worker_open),
		KIT_TEST(an_item_waits_for_no_worker_open_while_one_is_idle),
		KIT_TEST(a_worker_in_worker_open_is_not_idle),
		KIT_TEST(a_worker_in_worker_open_is_counted),
		KIT_TEST(a_refused_worker_is_not_counted_and_told),
		KIT_TEST(the_pool_goes_on_with_the_workers_it_has),
		KIT_TEST(it_goes_on_with_one_that_was_idle_when_another_failed),
		KIT_TEST(nothing_was_refused_unless_it_was),
		KIT_TEST(
			an_action_that_returns_within_the_second_tries_nothing),
	};

	return cmocka_run_group_tests_name("grow", tests, refuse_all, NULL);
}
