/* SPDX-License-Identifier: MIT */
/*
 * lib/cancels.c: par_withdraw() of an item that a worker has taken and not yet
 * published (struct worker, `item`). That lasts for nanoseconds. So the test
 * makes it last.
 */
#include "kit.h"

#include "pool.h"

struct withdrawal {
	struct par *pool;
	pthread_t thread;
	atomic_bool returned;
	int rc;
};

static void *withdraw(void *withdrawal)
{
	struct withdrawal *w = withdrawal;

	w->rc = par_withdraw(w->pool, AS_ITEM(1));
	atomic_store(&w->returned, true);
	return NULL;
}

/* Its value is whether it was told to stop. */
static int ask(void *gate, void *item, void **value)
{
	gate_pass(gate);
	*value = AS_ITEM(par_stopping());
	return 0;
}

static struct worker *who_has(struct par *pool, void *number)
{
	struct worker *w = pool->seats.all;
	struct item *item;

	while (!(item = (struct item *)word_load(&w->item)) ||
	       item->result.item != number)
		w++;
	return w;
}

/* The others run as well, and it is seen what they have. */
static void assert_waits(unsigned workers)
{
	struct gate gate = GATE_CLOSED;
	struct withdrawal w = { .pool = kit_open_action(ask, workers, &gate) };
	struct worker *worker;
	struct par_result r;
	struct item *item;

	kit_push_numbers(w.pool, 1, workers);
	gate_await(&gate, workers);
	worker = who_has(w.pool, AS_ITEM(1));
	item = (struct item *)word_load(&worker->item);
	seats_set_item(worker, NULL);
	kit_start(&w.thread, withdraw, &w);
	kit_linger();
	assert_false(atomic_load(&w.returned));
	seats_set_item(worker, item);
	kit_join(w.thread);
	assert_int_equal(w.rc, 1);
	gate_open(&gate);
	while (workers-- > 0) {
		bool told;

		r = kit_take(w.pool);
		told = r.item == AS_ITEM(1);
		assert_ptr_equal(r.value, AS_ITEM(told));
		assert_int_equal(r.stopped, told ? -ECANCELED : 0);
	}
	kit_finish(w.pool);
}

static void it_waits_until_it_is_seen_who_has_the_item(void **state)
{
	assert_waits(1);
	assert_waits(2);
	assert_waits(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(it_waits_until_it_is_seen_who_has_the_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
