/* SPDX-License-Identifier: MIT */
/*
 * lib/heap.h, on one thread: compared with a plain array.
 */
#include "kit.h"

#include "heap.h"

enum { COUNT = 40 };

/* The least index that is in the heap; COUNT: none. */
static size_t least(const bool *inside)
{
	size_t i = 0;

	while (i < COUNT && !inside[i])
		i++;
	return i;
}

static void assert_same(const struct heap *heap, const bool *inside)
{
	size_t count = 0, first = least(inside);

	for (size_t i = 0; i < COUNT; i++)
		count += inside[i];
	assert_int_equal(heap->count, count);
	if (count == 0)
		assert_null(heap->first);
	else
		assert_int_equal(heap->first->index, first);
}

static void an_ascending_row_leaves_in_order(void **state)
{
	struct heap heap = { .count = 0 };
	struct heap_node nodes[COUNT];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT; i++)
			heap_put(&heap, &nodes[i], i);
		for (size_t i = 0; i < COUNT; i++) {
			assert_ptr_equal(heap.first, &nodes[i]);
			heap_remove(&heap, heap.first);
		}
		assert_null(heap.first);
		assert_int_equal(heap.count, 0);
	}
}

static void so_does_a_descending_one(void **state)
{
	struct heap heap = { .count = 0 };
	struct heap_node nodes[COUNT];

	for (size_t i = COUNT; i-- > 0;) {
		heap_put(&heap, &nodes[i], i);
		assert_ptr_equal(heap.first, &nodes[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_ptr_equal(heap.first, &nodes[i]);
		heap_remove(&heap, heap.first);
	}
}

/* Each of a long row leaves in a constant time: none has many below it. */
static void a_row_is_no_tree_of_one_level(void **state)
{
	struct heap heap = { .count = 0 };
	struct heap_node nodes[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		heap_put(&heap, &nodes[i], i);
	for (size_t i = 0; i < COUNT; i++)
		assert_null(nodes[i].next);
}

/* Nodes come and go at random, from the middle too. */
static void any_node_may_leave(void **state)
{
	struct heap heap = { .count = 0 };
	struct heap_node nodes[COUNT];
	bool inside[COUNT] = { false };
	uint32_t random = 1;

	for (int step = 0; step < 20000; step++) {
		size_t i;

		random = random * 1664525 + 1013904223;
		i = (random >> 16) % COUNT;
		/* Three steps in four take the first, or put. */
		if (random >> 30 && heap.first && inside[i])
			i = (size_t)heap.first->index;
		if (inside[i])
			heap_remove(&heap, &nodes[i]);
		else
			heap_put(&heap, &nodes[i], i);
		inside[i] = !inside[i];
		assert_same(&heap, inside);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(an_ascending_row_leaves_in_order),
		KIT_TEST(so_does_a_descending_one),
		KIT_TEST(a_row_is_no_tree_of_one_level),
		KIT_TEST(any_node_may_leave),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
