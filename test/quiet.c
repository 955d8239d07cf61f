/* SPDX-License-Identifier: MIT */
/*
 * While nobody sleeps, an item goes from the generator to the worker, and from
 * there to the results, without a lock. And an action may ask without one
 * whether it was told to stop.
 */
#include "kit.h"

#include "fault.h"

enum { ITEMS = 500 };

static struct gate first = GATE_CLOSED, last = GATE_CLOSED;
static atomic_uint in, out; /* how often a lock was taken */

/* Counts from item 2 on, when the worker is in its first action. After the last
 * item this call goes on until the test opens the gate: so the producer does
 * not sleep. */
static int generate(void *numbers, void **item)
{
	struct numbers *n = numbers;

	if (n->next == 1) {
		gate_await(&first, 1);
		/* par_open() returns, and the supervisor falls asleep. */
		do {
			fault_arm(FAULT_LOCK, 0, false);
			kit_linger();
		} while (fault_disarm() > 0);
		fault_arm(FAULT_LOCK, 0, false);
	} else if (n->next == ITEMS) {
		atomic_store(&in, fault_disarm());
		gate_pass(&last);
	}
	return numbers_next(numbers, item);
}

/* Counts from the end of the first action to the beginning of the last. */
static int act(void *unused, void *item, void **value)
{
	if (AS_NUMBER(item) == 1) {
		gate_pass(&first);
		fault_arm(FAULT_LOCK, 0, false);
	} else if (AS_NUMBER(item) == ITEMS) {
		atomic_store(&out, fault_disarm());
	}
	return action_echo(NULL, item, value);
}

static void an_item_takes_no_lock_while_nobody_sleeps(void **state)
{
	struct numbers numbers = { .last = ITEMS };
	struct par *pool;

	atomic_store(&in, UINT_MAX);
	atomic_store(&out, UINT_MAX);
	pool = kit_open(&(struct par_options){ .action = act,
					       .workers = 1,
					       .generate = generate,
					       .source = &numbers,
					       .capacity = (size_t)2 * ITEMS });
	gate_await(&last, 1);
	assert_int_equal(atomic_load(&in), 0);
	gate_open(&first);
	EVENTUALLY(atomic_load(&out) != UINT_MAX);
	assert_int_equal(atomic_load(&out), 0);
	gate_open(&last);
	kit_assert_drains_once(pool, ITEMS, 0);
	kit_close(pool, 0);
}

static int ask_whether_to_stop(void *unused, void *item, void **value)
{
	int told = 0;

	fault_arm(FAULT_LOCK, 0, false);
	for (int i = 0; i < 100; i++)
		told += par_stopping() || par_canceled(par_self());
	*value = AS_ITEM(fault_disarm());
	return told;
}

static void to_ask_whether_to_stop_takes_none(void **state)
{
	struct par *pool = kit_open_action(ask_whether_to_stop, 1, NULL);
	struct par_result r;

	kit_push(pool, NULL);
	r = kit_take(pool);
	assert_int_equal(r.error, 0);
	assert_null(r.value);
	kit_finish(pool);
}

/* The counting itself works: a consumer that sleeps is woken under the lock. */
static void an_item_that_is_waited_for_takes_one(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	fault_arm(FAULT_LOCK, 0, false);
	kit_push_number(pool, 1);
	assert_int_equal(par_next(pool, &result), 1);
	EVENTUALLY(kit_stats(pool).running == 0 && fault_calls() > 0);
	assert_in_range(fault_disarm(), 1, 1000);
	kit_close(pool, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(an_item_takes_no_lock_while_nobody_sleeps),
		KIT_TEST(to_ask_whether_to_stop_takes_none),
		KIT_TEST(an_item_that_is_waited_for_takes_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
