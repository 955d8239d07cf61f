/* SPDX-License-Identifier: MIT */
/*
 * lib/outbox.c and lib/fifo.h: which result may leave, for every order in which
 * four items can be done. On one thread.
 */
#include "kit.h"

#include "outbox.h"

enum { COUNT = 4 };

static void expect_all(struct outbox *outbox, struct item *items)
{
	memset(items, 0, COUNT * sizeof *items);
	for (int i = 0; i < COUNT; i++)
		outbox_enter(outbox, &items[i]);
}

/* Runs check() for each of the 24 orders. */
static void for_each_order(void (*check)(const int *order))
{
	int order[COUNT];

	for (int code = 0; code < COUNT * COUNT * COUNT * COUNT; code++) {
		unsigned used = 0;

		for (int i = 0, rest = code; i < COUNT; i++, rest /= COUNT) {
			order[i] = rest % COUNT;
			used |= 1u << order[i];
		}
		if (used == (1u << COUNT) - 1)
			check(order);
	}
}

static void check_unordered(const int *order)
{
	struct outbox outbox = { .ordered = false };
	struct item items[COUNT];

	expect_all(&outbox, items);
	assert_null(outbox.first);
	assert_false(outbox_is_ready(&outbox));
	assert_null(outbox_take(&outbox));
	for (int i = 0; i < COUNT; i++)
		outbox_put(&outbox, &items[order[i]]);
	for (int i = 0; i < COUNT; i++) {
		assert_true(outbox_is_ready(&outbox));
		assert_ptr_equal(outbox_take(&outbox), &items[order[i]]);
	}
	assert_false(outbox_is_ready(&outbox));
	assert_null(outbox_take(&outbox));
}

static void unordered_results_leave_in_the_order_they_were_done(void **state)
{
	for_each_order(check_unordered);
}

static void check_ordered(const int *order)
{
	struct outbox outbox = { .ordered = true };
	struct item items[COUNT];
	bool done[COUNT + 1] = { false };
	int left = 0;

	expect_all(&outbox, items);
	for (int i = 0; i < COUNT; i++) {
		outbox_put(&outbox, &items[order[i]]);
		done[order[i]] = true;
		for (; done[left]; left++) {
			assert_true(outbox_is_ready(&outbox));
			assert_ptr_equal(outbox_take(&outbox), &items[left]);
		}
		assert_false(outbox_is_ready(&outbox));
		assert_null(outbox_take(&outbox));
	}
	assert_int_equal(left, COUNT);
}

static void ordered_results_leave_in_the_order_of_entry(void **state)
{
	for_each_order(check_ordered);
}

/* Bits of the masks: after which put it counts, and takes one. */
static void check_count(const int *order, unsigned counts, unsigned takes)
{
	struct outbox outbox = { .ordered = true };
	struct item items[COUNT];
	bool done[COUNT + 1] = { false };
	unsigned ready = 0;
	int next = 0;

	expect_all(&outbox, items);
	for (int i = 0; i < COUNT; i++) {
		outbox_put(&outbox, &items[order[i]]);
		done[order[i]] = true;
		for (; done[next]; next++)
			ready++;
		if (counts & 1u << i)
			assert_int_equal(outbox_ready(&outbox, COUNT), ready);
		if (takes & 1u << i && ready > 0) {
			assert_non_null(outbox_take(&outbox));
			ready--;
		}
	}
	assert_int_equal(outbox_ready(&outbox, COUNT), ready);
}

static void check_counts(const int *order)
{
	for (unsigned mask = 0; mask < 1u << 2 * COUNT; mask++)
		check_count(order, mask, mask >> COUNT);
}

static void an_ordered_outbox_counts_what_may_leave(void **state)
{
	for_each_order(check_counts);
}

static void an_ordered_outbox_serves_again_after_it_was_empty(void **state)
{
	struct outbox outbox = { .ordered = true };
	struct item items[COUNT];

	for (int turn = 0; turn < 3; turn++) {
		expect_all(&outbox, items);
		for (int i = COUNT; i-- > 0;)
			outbox_put(&outbox, &items[i]);
		assert_int_equal(outbox_ready(&outbox, COUNT), COUNT);
		for (int i = 0; i < COUNT; i++)
			assert_ptr_equal(outbox_take(&outbox), &items[i]);
		assert_null(outbox_take(&outbox));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(unordered_results_leave_in_the_order_they_were_done),
		KIT_TEST(ordered_results_leave_in_the_order_of_entry),
		KIT_TEST(an_ordered_outbox_counts_what_may_leave),
		KIT_TEST(an_ordered_outbox_serves_again_after_it_was_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
