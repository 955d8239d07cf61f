/* SPDX-License-Identifier: MIT */
/*
 * lib/ring.c: a bounded queue, with several sizes and every offset; and its
 * watches. On one thread.
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
			assert_int_equal(ring_count(&ring), capacity);
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
		if (ring_count(&ring) == CAPACITY)
			assert_ptr_equal(ring_take(&ring), &items[taken++]);
	}
	while (taken < COUNT)
		assert_ptr_equal(ring_take(&ring), &items[taken++]);
	assert_int_equal(ring_count(&ring), 0);
	ring_fini(&ring);
}

/* The lock's owner and the others put and take in turn, and see one queue. */
static void with_and_without_the_lock_it_is_one_queue(void **state)
{
	enum { CAPACITY = 4, COUNT = 30 };
	struct item items[COUNT];
	struct ring ring;
	size_t taken = 0;
	struct item *item;

	assert_int_equal(ring_init(&ring, CAPACITY), 0);
	for (size_t put = 0; put < COUNT; put++) {
		assert_true(ring_has_room_for_put(&ring));
		if (put % 3 == 0)
			ring_put(&ring, &items[put]);
		else
			assert_true(ring_try_put(&ring, &items[put]));
		if (put < CAPACITY - 1)
			continue;
		assert_false(ring_has_room_for_put(&ring));
		item = taken % 2 ? ring_take(&ring) : ring_try_take(&ring);
		assert_ptr_equal(item, &items[taken++]);
	}
	assert_int_equal(ring_count(&ring), CAPACITY - 1);
	ring_fini(&ring);
}

/* Those without the lock change nothing, the owner goes on, and when the watch
 * is off, all is as before. */
static void what_is_watched_needs_the_lock(void **state)
{
	struct item items[3];
	struct ring ring;

	assert_int_equal(ring_init(&ring, 4), 0);
	assert_true(ring_try_put(&ring, &items[0]));
	ring_watch(&ring, WATCH_ON, WATCH_OFF);
	assert_false(ring_try_put(&ring, &items[1]));
	assert_false(ring_try_put(&ring, &items[1]));
	assert_int_equal(ring_count(&ring), 1);
	ring_put(&ring, &items[1]);
	assert_ptr_equal(ring_try_take(&ring), &items[0]);

	ring_watch(&ring, WATCH_OFF, WATCH_ON);
	assert_null(ring_try_take(&ring));
	assert_true(ring_try_put(&ring, &items[2]));
	assert_ptr_equal(ring_take(&ring), &items[1]);

	ring_watch(&ring, WATCH_OFF, WATCH_OFF);
	assert_ptr_equal(ring_try_take(&ring), &items[2]);
	assert_null(ring_try_take(&ring));
	ring_fini(&ring);
}

/* For one tick of the clock. */
static void a_held_watch_holds_nobody_up(void **state)
{
	struct item item;
	struct ring ring;
	size_t puts = 0;

	assert_int_equal(ring_init(&ring, 1000), 0);
	do { /* a tick may come between */
		ring_watch(&ring, WATCH_HELD, WATCH_OFF);
		puts++;
	} while (!ring_try_put(&ring, &item) && puts < 100);
	assert_in_range(puts, 1, 99);
	/* As if the watch had been held since another tick. */
	word_store(&ring.held_since, word_load(&ring.held_since) - 1);
	assert_false(ring_try_put(&ring, &item));
	ring_watch(&ring, WATCH_OFF, WATCH_OFF);
	assert_true(ring_try_put(&ring, &item));
	ring_fini(&ring);
}

/* What was told, and what the lock's owner did itself, is not told again. */
static void it_tells_what_was_done_without_the_lock(void **state)
{
	struct item items[6];
	struct ring ring;

	assert_int_equal(ring_init(&ring, 8), 0);
	assert_int_equal(ring_new_puts(&ring), 0);
	for (int i = 0; i < 6; i++)
		if (i % 2)
			ring_put(&ring, &items[i]);
		else
			assert_true(ring_try_put(&ring, &items[i]));
	assert_int_equal(ring_new_puts(&ring), 3);
	assert_int_equal(ring_new_puts(&ring), 0);
	for (int i = 0; i < 6; i++)
		assert_ptr_equal(i < 2 ? ring_take(&ring)
				       : ring_try_take(&ring),
				 &items[i]);
	assert_int_equal(ring_new_takes(&ring), 4);
	assert_int_equal(ring_new_takes(&ring), 0);
	ring_fini(&ring);
}

static void the_counts_may_wrap(void **state)
{
	struct item items[8];
	struct ring ring;

	assert_int_equal(ring_init(&ring, 4), 0);
	/* As if almost as many items had passed as can be counted. */
	ring.tail_seen = ring.head_seen = (uintptr_t)-3 * WATCH_ONE;
	word_store(&ring.tail, ring.tail_seen);
	word_store(&ring.head, ring.tail_seen);
	ring.puts_told = ring.takes_told = UINTPTR_MAX / WATCH_ONE - 2;
	for (int i = 0; i < 8; i++) {
		assert_true(ring_has_room_for_put(&ring));
		assert_true(ring_try_put(&ring, &items[i]));
		assert_int_equal(ring_count(&ring), 1);
		assert_ptr_equal(ring_try_take(&ring), &items[i]);
	}
	assert_int_equal(ring_new_puts(&ring), 8);
	assert_int_equal(ring_new_takes(&ring), 8);
	ring_fini(&ring);
}

static void a_size_that_overflows_is_out_of_memory(void **state)
{
	struct ring ring;
	/* A linker that optimises would leave out an allocation that nobody
	 * sees, and with it the failure. */
	struct ring *volatile seen = &ring;

	assert_int_equal(ring_init(seen, SIZE_MAX / sizeof(void *) + 1),
			 -ENOMEM);
	ring_fini(seen);
	assert_int_equal(ring_init(seen, SIZE_MAX), -ENOMEM);
	ring_fini(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(items_come_out_in_the_order_they_went_in),
		KIT_TEST(putting_and_taking_in_turn_keeps_the_order),
		KIT_TEST(with_and_without_the_lock_it_is_one_queue),
		KIT_TEST(what_is_watched_needs_the_lock),
		KIT_TEST(a_held_watch_holds_nobody_up),
		KIT_TEST(it_tells_what_was_done_without_the_lock),
		KIT_TEST(the_counts_may_wrap),
		KIT_TEST(a_size_that_overflows_is_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
