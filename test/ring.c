/* SPDX-License-Identifier: MIT */
/*
 * lib/ring.c: a bounded queue, with several sizes and every offset. On one
 * thread.
 */
#include "kit.h"

#include "ring.h"

static void items_come_out_in_the_order_they_went_in(void **state)
{
	enum { MOST = 9 };
	struct item items[MOST];
	struct ring ring;

	for (size_t capacity = 1; capacity <= MOST; capacity++) {
		/* Each turn starts one slot later. */
		assert_int_equal(ring_init(&ring, capacity), 0);
		for (size_t turn = 0; turn < 2 * capacity; turn++) {
			for (size_t i = 0; i < capacity; i++)
				ring_put(&ring, &items[i]);
			assert_int_equal(ring.count, capacity);
			for (size_t i = 0; i < capacity; i++)
				assert_ptr_equal(ring_take(&ring), &items[i]);
			assert_null(ring_take(&ring));
			ring_put(&ring, &items[0]);
			assert_ptr_equal(ring_take(&ring), &items[0]);
		}
		ring_fini(&ring);
	}
}

static void putting_and_taking_in_turn_keeps_the_order(void **state)
{
	enum { CAPACITY = 3, COUNT = 50 };
	struct item items[COUNT];
	struct ring ring;
	size_t taken = 0;

	assert_int_equal(ring_init(&ring, CAPACITY), 0);
	for (size_t put = 0; put < COUNT; put++) {
		ring_put(&ring, &items[put]);
		if (ring.count == CAPACITY)
			assert_ptr_equal(ring_take(&ring), &items[taken++]);
	}
	while (taken < COUNT)
		assert_ptr_equal(ring_take(&ring), &items[taken++]);
	assert_int_equal(ring.count, 0);
	ring_fini(&ring);
}

static void a_size_that_overflows_is_out_of_memory(void **state)
{
	struct ring ring;

	assert_int_equal(ring_init(&ring, SIZE_MAX / sizeof(void *) + 1),
			 -ENOMEM);
	ring_fini(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(items_come_out_in_the_order_they_went_in),
		KIT_TEST(putting_and_taking_in_turn_keeps_the_order),
		KIT_TEST(a_size_that_overflows_is_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
