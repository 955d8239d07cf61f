/* SPDX-License-Identifier: MIT */
/*
 * lib/tray.h: the items whose action has ended. And lib/spares.h: the records
 * on their way back. On one thread.
 */
#include "kit.h"

#include "spares.h"
#include "tray.h"

enum { COUNT = 4 };

static void the_first_on_the_tray_leaves_first(void **state)
{
	struct tray tray = { .watch = WATCH_OFF };
	struct item items[COUNT], *item;

	assert_null(tray_empty(&tray));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < COUNT; i++)
			assert_true(tray_try_put(&tray, &items[i]));
		item = tray_empty(&tray);
		for (int i = 0; i < COUNT; i++) {
			assert_ptr_equal(item, &items[i]);
			item = items[i].next;
		}
		assert_null(item);
		assert_null(tray_empty(&tray));
	}
}

static void a_watched_tray_takes_nothing(void **state)
{
	struct tray tray = { .watch = WATCH_OFF };
	struct item items[2];

	assert_true(tray_try_put(&tray, &items[0]));
	tray_watch(&tray, WATCH_ON);
	assert_false(tray_try_put(&tray, &items[1]));
	assert_ptr_equal(tray_empty(&tray), &items[0]);
	assert_null(items[0].next);
	/* It stays watched. */
	assert_false(tray_try_put(&tray, &items[1]));
	assert_null(tray_empty(&tray));
	tray_watch(&tray, WATCH_OFF);
	assert_true(tray_try_put(&tray, &items[1]));
	assert_ptr_equal(tray_empty(&tray), &items[1]);
}

static struct item *new_record(void)
{
	struct item *item = calloc(1, sizeof *item);

	assert_non_null(item);
	return item;
}

static int length(const struct item *chain)
{
	int count = 0;

	for (; chain; chain = chain->next)
		count++;
	return count;
}

/* A chain is handed over whole, and no second one before it was taken. */
static void records_are_handed_over_in_chains(void **state)
{
	struct spares spares;
	struct item *chain;

	spares_init(&spares, COUNT);
	spares_hand_over(&spares);
	assert_null(spares_take_handed(&spares));
	for (int i = 0; i < COUNT; i++)
		spares_put(&spares, new_record());
	spares_hand_over(&spares);
	assert_int_equal(spares.count, 0);
	assert_null(spares.first);
	spares_put(&spares, new_record());
	spares_hand_over(&spares);
	assert_int_equal(spares.count, 1);

	chain = spares_take_handed(&spares);
	assert_int_equal(length(chain), COUNT);
	spares_free(chain);
	spares_hand_over(&spares);
	spares_put(&spares, new_record());
	spares_fini(&spares); /* both are freed */
}

static void no_more_records_are_kept_than_a_flow_needs(void **state)
{
	struct spares spares;

	spares_init(&spares, 3);
	for (int i = 0; i < 3 * SPARES_TIMES + 5; i++)
		spares_put(&spares, new_record());
	assert_int_equal(spares.count, 3 * SPARES_TIMES);
	spares_fini(&spares);
	spares_init(&spares, 1000);
	assert_int_equal(spares.most, SPARES_MOST);
	spares_init(&spares, SIZE_MAX / 2);
	assert_int_equal(spares.most, SPARES_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(the_first_on_the_tray_leaves_first),
		KIT_TEST(a_watched_tray_takes_nothing),
		KIT_TEST(records_are_handed_over_in_chains),
		KIT_TEST(no_more_records_are_kept_than_a_flow_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
