/* SPDX-License-Identifier: MIT */
/*
 * lib/ledger.h: what happened without the lock is counted before anything is
 * decided, and a count that is wrong for a moment decides nothing. And one that
 * no program reaches. On one thread. With several, the moment is too short for
 * a test.
 */
#include "kit.h"

#include "handover.h"
#include "pool.h"

/* A pool with one worker and no threads. A generated item is in its ring, and
 * the ledger does not know it. */
static struct par *new_pool(struct item *item)
{
	struct par *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->options.workers = p->limit = 1;
	p->options.generate = numbers_next;
	assert_int_equal(ring_init(&p->ring, 1), 0);
	ring_watch(&p->ring, WATCH_OFF, WATCH_OFF);
	assert_true(ring_try_put(&p->ring, item));
	return p;
}

static void drop(struct par *p)
{
	ring_fini(&p->ring);
	free(p);
}

static void with_no_item_left_the_pool_is_still(void **state)
{
	struct item item = { 0 };
	struct par *p = new_pool(&item);

	p->source.state = SOURCE_ENDED;
	assert_false(pool_is_still(p));
	assert_ptr_equal(ring_try_take(&p->ring), &item);
	assert_false(pool_is_still(p));
	assert_true(tray_try_put(&p->tray, &item));
	assert_true(pool_is_still(p));
	drop(p);
}

static void if_the_source_fails_its_items_are_left(void **state)
{
	struct item item = { 0 };
	struct par *p = new_pool(&item);

	handover_fail_source(p, NULL, -EIO);
	assert_int_equal(p->source.state, SOURCE_ENDED);
	assert_int_equal(p->source.error, -EIO);
	assert_false(pool_is_at_end(p));
	drop(p);
}

/* Between the two looks of pool_update() a worker may hand in an item and take
 * the next one: both count as running then. That must not keep an idle worker
 * from an item. (If there is a limit, items are taken under the lock.) */
static void without_a_limit_nobody_asks_how_many_run(void **state)
{
	struct item item = { 0 };
	struct par *p = new_pool(&item);

	assert_ptr_equal(ring_try_take(&p->ring), &item);
	assert_int_equal(pool_may_begin(p), 1);
	p->options.workers = 2;
	assert_int_equal(pool_may_begin(p), 0);
	drop(p);
}

/* Nobody can have so many: only the count says so. */
static void no_call_waits_for_more_results_than_it_can_return(void **state)
{
	enum { TIMEOUT_MS = 10000 };
	struct item queued = { 0 }, *ready = calloc(1, sizeof *ready);
	struct par *p = new_pool(&queued);
	const double before = kit_ms();
	struct par_result result;

	assert_non_null(ready);
	p->sizes.result = sizeof result;
	fifo_put(&p->outbox.done, ready);
	p->outbox.done.count = INT_MAX;
	assert_int_equal(
		par_next_many(p, &result, UINT_MAX, UINT_MAX, TIMEOUT_MS), 1);
	assert_true(kit_ms() - before < TIMEOUT_MS);
	drop(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(with_no_item_left_the_pool_is_still),
		KIT_TEST(if_the_source_fails_its_items_are_left),
		KIT_TEST(without_a_limit_nobody_asks_how_many_run),
		KIT_TEST(no_call_waits_for_more_results_than_it_can_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
