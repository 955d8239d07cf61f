/* SPDX-License-Identifier: MIT */
/*
 * Memory: a pool holds no more than its items need, nothing is allocated for an
 * item after it has entered, and nothing is left behind.
 */
#include "fault.h"
#include "kit.h"

#include <signal.h>

static struct par *open_gated(struct gate *gate, bool ordered, par_key_fn *key)
{
	return kit_open(&(struct par_options){ .action = action_gated,
					       .workers = 2,
					       .context = gate,
					       .ordered = ordered,
					       .key = key });
}

/*
 * Items that have entered.
 */

/* All items have entered, each with one allocation, and none is finished. They
 * are run and delivered, and the pool is closed, without an allocation. */
static void assert_run_allocates_nothing(bool ordered, par_key_fn *key)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = open_gated(&hold, ordered, key);

	fault_arm(FAULT_MALLOC, 0, false);
	kit_push_numbers(pool, 1, 300);
	assert_int_equal(fault_disarm(), 300);
	par_finish(pool);
	fault_arm(FAULT_MALLOC, 0, false);
	gate_open(&hold);
	assert_int_equal(kit_drain(pool, NULL, NULL), 300);
	kit_close(pool, 0);
	assert_int_equal(fault_disarm(), 0);
}

static void an_item_that_entered_is_run_without_an_allocation(void **state)
{
	assert_run_allocates_nothing(false, NULL);
}

static void it_is_put_in_order_without_an_allocation(void **state)
{
	assert_run_allocates_nothing(true, NULL);
}

/* Some 40 items of each. */
static uint64_t one_of_seven(void *context, void *item)
{
	return 1 + AS_NUMBER(item) % 7;
}

static void nor_does_its_key_need_an_allocation(void **state)
{
	assert_run_allocates_nothing(false, one_of_seven);
}

static void a_generated_item_is_run_without_an_allocation(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct numbers numbers = { .last = 50 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_gated,
						.workers = 2,
						.generate = numbers_next,
						.source = &numbers,
						.context = &hold });

	EVENTUALLY(kit_stats(pool).ended);
	fault_arm(FAULT_MALLOC, 0, false);
	gate_open(&hold);
	assert_int_equal(kit_drain(pool, NULL, NULL), 50);
	assert_int_equal(fault_disarm(), 0);
	kit_close(pool, 0);
}

static void a_cancel_allocates_nothing(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = open_gated(&hold, false, NULL);

	kit_push_numbers(pool, 1, 300);
	fault_arm(FAULT_MALLOC, 0, false);
	par_cancel(pool);
	gate_open(&hold);
	assert_int_equal(kit_drain(pool, NULL, NULL), 300);
	assert_int_equal(fault_disarm(), 0);
	kit_close(pool, 0);
}

static void a_discard_allocates_nothing(void **state)
{
	atomic_uint count = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.context = &count,
						.discard = discard_count });

	kit_push_numbers(pool, 1, 300);
	fault_arm(FAULT_MALLOC, 0, false);
	kit_close(pool, 0);
	assert_int_equal(fault_disarm(), 0);
	assert_int_equal(count, 300);
}

/*
 * Many items.
 */

/* Sends items through a pool with a window, and returns the peak. The window is
 * full before the first result is taken, so the peak does not depend on the
 * speed of the threads. */
static struct fault_memory peak_of(uintptr_t items, bool ordered)
{
	const size_t window = 64;
	struct numbers numbers = { .last = items };
	struct fault_memory before = fault_live(), peak;
	struct par *pool;

	fault_forget_peak();
	pool = kit_open(&(struct par_options){ .action = action_echo,
					       .workers = 1,
					       .generate = numbers_next,
					       .source = &numbers,
					       .window = window,
					       .ordered = ordered });
	EVENTUALLY(kit_stats(pool).entered == window);
	assert_int_equal(kit_drain(pool, NULL, NULL), items);
	kit_close(pool, 0);
	peak = fault_peak();
	peak.blocks -= before.blocks;
	peak.bytes -= before.bytes;
	return peak;
}

static void assert_same_peak(bool ordered)
{
	const uintptr_t few = 10000, many = 20 * few;
	struct fault_memory less = peak_of(few, ordered);
	struct fault_memory more = peak_of(many, ordered);

	assert_true(less.blocks >= 64);
	assert_int_equal(more.blocks, less.blocks);
	/* The system may round up the same sizes differently. */
	assert_true(more.bytes <= less.bytes + many / 2);
}

static void with_a_window_memory_does_not_grow_with_the_items(void **state)
{
	assert_same_peak(false);
}

static void in_an_ordered_pool_neither(void **state)
{
	assert_same_peak(true);
}

static void nothing_is_allocated_for_each_item(void **state)
{
	struct numbers numbers = { .last = 5000 };
	struct par *pool;

	fault_arm(FAULT_MALLOC, 0, false);
	pool = kit_open(&(struct par_options){ .action = action_echo,
					       .workers = 3,
					       .generate = numbers_next,
					       .source = &numbers,
					       .window = 8 });
	assert_int_equal(kit_drain(pool, NULL, NULL), 5000);
	kit_close(pool, 0);
	assert_in_range(fault_disarm(), 1, 100);
}

static void nothing_is_allocated_for_each_pushed_item(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	fault_arm(FAULT_MALLOC, 0, false);
	for (int i = 0; i < 2000; i++) {
		kit_push_number(pool, 1);
		assert_int_equal(par_next(pool, &result), 1);
	}
	assert_in_range(fault_disarm(), 1, 100);
	kit_close(pool, 0);
}

/* The memory of many items is given back after they were delivered. */
static void assert_given_back(size_t capacity, size_t but)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 2, .capacity = capacity });
	struct fault_memory before = fault_live();
	struct par_result result;

	kit_push_numbers(pool, 1, 5000);
	assert_true(fault_live().blocks >= before.blocks + 5000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(par_next(pool, &result), 1);
	assert_true(fault_live().blocks <= before.blocks + but);
	kit_close(pool, 0);
}

static void what_was_delivered_is_given_back(void **state)
{
	assert_given_back(4, 100);
}

/* So it is even if the ring is long. */
static void so_it_is_with_a_long_ring(void **state)
{
	assert_given_back(100000, 2000);
}

/*
 * Nothing is left.
 */

/* The life of a pool that uses everything: both descriptors, a source, a push,
 * an action that exits, an interrupt, and items that are left. */
static void live(void)
{
	struct numbers numbers = { .last = 4 };
	struct par_result result;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_exit_at,
						.workers = 2,
						.generate = numbers_next,
						.source = &numbers,
						.context = AS_ITEM(2),
						.interrupt = SIGUSR1 });

	assert_true(par_fd(pool) >= 0);
	assert_true(par_cancel_fd(pool) >= 0);
	kit_push_number(pool, 1);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(par_next(pool, &result), 1);
	kit_close(pool, 0);
}

static void a_thousand_pools_leave_nothing_behind(void **state)
{
	const unsigned threads = kit_threads(), fds = kit_descriptors();
	const struct fault_memory before = fault_live();
	size_t space;

	live(); /* the system keeps some memory for later use */
	/* A thread that nobody joined keeps its stack. */
	space = kit_memory().address_space;
	for (int i = 0; i < 1000; i++)
		live();
	assert_int_equal(fault_live().blocks, before.blocks);
	assert_int_equal(fault_live().bytes, before.bytes);
	assert_int_equal(kit_descriptors(), fds);
	EVENTUALLY(kit_threads() <= threads);
	assert_true(kit_memory().address_space < space + ((size_t)1 << 30));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(an_item_that_entered_is_run_without_an_allocation),
		KIT_TEST(it_is_put_in_order_without_an_allocation),
		KIT_TEST(nor_does_its_key_need_an_allocation),
		KIT_TEST(a_generated_item_is_run_without_an_allocation),
		KIT_TEST(a_cancel_allocates_nothing),
		KIT_TEST(a_discard_allocates_nothing),
		KIT_TEST(with_a_window_memory_does_not_grow_with_the_items),
		KIT_TEST(in_an_ordered_pool_neither),
		KIT_TEST(nothing_is_allocated_for_each_item),
		KIT_TEST(nothing_is_allocated_for_each_pushed_item),
		KIT_TEST(what_was_delivered_is_given_back),
		KIT_TEST(so_it_is_with_a_long_ring),
		KIT_TEST(a_thousand_pools_leave_nothing_behind),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
