/* SPDX-License-Identifier: MIT */
/*
 * lib/stopwatch.c: the times of items, and when the next time limit is over. On
 * one thread, with a clock of its own.
 */
#include "kit.h"
#include "own_clock.h"

#include "stopwatch.h"

enum { WORKERS = 3, LIMIT_MS = 7, STALE = 99 };

struct bench {
	struct stopwatch watch;
	struct worker workers[WORKERS];
	struct item items[WORKERS];
};

/* Each worker has an item, whose record another one had before. */
static void begin(struct bench *b, struct par_options options)
{
	memset(b, 0, sizeof *b);
	stopwatch_init(&b->watch, &options);
	assert_int_equal(b->watch.due, CLOCK_NEVER);
	for (int i = 0; i < WORKERS; i++)
		seats_set_item(&b->workers[i], &b->items[i]);
}

static void start(struct bench *b, int worker)
{
	stopwatch_start(&b->watch, &b->workers[worker]);
}

static void stop(struct bench *b, int worker)
{
	stopwatch_stop(&b->watch, &b->workers[worker]);
}

static void an_item_tells_how_long_it_waited_and_ran(void **state)
{
	struct bench b;
	struct par_result *r = &b.items[0].result;

	begin(&b, (struct par_options){ .timed = 1 });
	stopwatch_enter(&b.watch, &b.items[0]);
	now += 5;
	start(&b, 0);
	assert_int_equal(r->waited_ns, 5);
	now += 8;
	assert_int_equal(stopwatch_oldest(&b.watch), 8);
	stop(&b, 0);
	assert_int_equal(r->waited_ns, 5);
	assert_int_equal(r->ran_ns, 8);
	assert_int_equal(stopwatch_oldest(&b.watch), 0);
}

static void an_item_that_is_canceled_has_only_waited(void **state)
{
	struct bench b;
	struct par_result *r = &b.items[0].result;

	begin(&b, (struct par_options){ .timed = 1 });
	r->ran_ns = STALE;
	stopwatch_enter(&b.watch, &b.items[0]);
	now += 5;
	stopwatch_cancel(&b.watch, &b.items[0]);
	assert_int_equal(r->waited_ns, 5);
	assert_int_equal(r->ran_ns, 0);
}

static void check_untouched(struct par_options options)
{
	struct bench b;

	begin(&b, options);
	for (int i = 0; i < 2; i++)
		stopwatch_enter(&b.watch, &b.items[i]);
	now += 5;
	start(&b, 0);
	stopwatch_cancel(&b.watch, &b.items[1]);
	now += 5;
	stop(&b, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(b.items[i].result.waited_ns, 0);
		assert_int_equal(b.items[i].result.ran_ns, 0);
	}
}

static void without_the_option_results_tell_no_times(void **state)
{
	check_untouched((struct par_options){ 0 });
	check_untouched((struct par_options){ .time_limit_ms = LIMIT_MS });
}

static void without_a_time_limit_nothing_is_due(void **state)
{
	struct bench b;

	begin(&b, (struct par_options){ .timed = 1 });
	start(&b, 0);
	assert_int_equal(b.watch.due, CLOCK_NEVER);
	begin(&b, (struct par_options){ 0 });
	start(&b, 0);
	assert_int_equal(b.watch.due, CLOCK_NEVER);
	assert_int_equal(stopwatch_oldest(&b.watch), 0);
}

static void the_limit_of_the_action_that_began_first_is_due(void **state)
{
	struct bench b;
	uint64_t due;

	begin(&b, (struct par_options){ .time_limit_ms = LIMIT_MS });
	start(&b, 0);
	due = now + (uint64_t)LIMIT_MS * CLOCK_NS_PER_MS;
	assert_int_equal(b.watch.due, due);
	now += 5;
	start(&b, 1);
	assert_int_equal(b.watch.due, due);
}

/* As many workers are linked as run, in the order in which they began. */
static void assert_order(const struct bench *b, const char *order)
{
	const struct worker *before = NULL, *w = b->watch.first;

	for (; *order; order++, before = w, w = w->later) {
		assert_ptr_equal(w, &b->workers[*order - '0']);
		assert_ptr_equal(w->earlier, before);
	}
	assert_null(w);
	assert_ptr_equal(b->watch.last, before);
}

static void actions_end_in_any_order(void **state)
{
	struct bench b;

	begin(&b, (struct par_options){ .timed = 1 });
	for (int i = 0; i < WORKERS; i++)
		start(&b, i);
	assert_order(&b, "012");
	stop(&b, 1);
	assert_order(&b, "02");
	stop(&b, 0);
	assert_order(&b, "2");
	start(&b, 1);
	start(&b, 0);
	assert_order(&b, "210");
	stop(&b, 0);
	assert_order(&b, "21");
	stop(&b, 2);
	start(&b, 2);
	assert_order(&b, "12");
	stop(&b, 1);
	stop(&b, 2);
	assert_order(&b, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(an_item_tells_how_long_it_waited_and_ran),
		KIT_TEST(an_item_that_is_canceled_has_only_waited),
		KIT_TEST(without_the_option_results_tell_no_times),
		KIT_TEST(without_a_time_limit_nothing_is_due),
		KIT_TEST(the_limit_of_the_action_that_began_first_is_due),
		KIT_TEST(actions_end_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
