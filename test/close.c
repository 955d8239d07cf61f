/* SPDX-License-Identifier: MIT */
/*
 * par_close: in every state of a pool; the calls it waits for, the items it
 * hands to discard, its return value; and that nothing is left afterwards.
 */
#include "kit.h"

#include <fcntl.h>
#include <sched.h>

enum { MOST = 64 };

/* A record of what the callbacks of a pool did. Items are numbers from 1. */
struct log {
	struct gate gate;      /* mark_held() holds item 1 here */
	struct numbers source; /* of the generator, if there is one */
	struct tally tally;    /* taken or left */
	struct par_result left[MOST];
	unsigned count;	      /* of `left` */
	unsigned done_before; /* `done` when discard was first called */
	bool strayed;	      /* discard ran on another thread than `closer` */
	pthread_t closer;
	atomic_uint calls; /* of every callback */
	atomic_uint done;  /* callbacks that ended after the cancel */
	struct par *pool;
};

static void keep(void *context, const struct par_result *left)
{
	struct log *log = context;

	atomic_fetch_add(&log->calls, 1);
	if (!pthread_equal(log->closer, pthread_self()))
		log->strayed = true;
	if (log->count == 0)
		log->done_before = atomic_load(&log->done);
	if (log->count < MOST)
		log->left[log->count++] = *left;
	tally_see(&log->tally, AS_NUMBER(left->item) - 1);
}

/* Its value is the item plus 1000. If the item is even, it fails with that
 * number. */
static int mark(void *context, void *item, void **value)
{
	struct log *log = context;
	const int number = (int)AS_NUMBER(item);

	atomic_fetch_add(&log->calls, 1);
	*value = AS_ITEM(AS_NUMBER(item) + 1000);
	return number % 2 ? 0 : number;
}

static int mark_held(void *context, void *item, void **value)
{
	if (AS_NUMBER(item) == 1)
		gate_pass(&((struct log *)context)->gate);
	return mark(context, item, value);
}

static int generate(void *argument, void **item)
{
	struct log *log = argument;

	atomic_fetch_add(&log->calls, 1);
	return numbers_next(&log->source, item);
}

/* Opens a pool for so many items, with one worker unless the options say
 * otherwise. */
static void open_log(struct log *log, uintptr_t items,
		     struct par_options options)
{
	*log = (struct log){ .gate = GATE_CLOSED, .closer = pthread_self() };
	tally_open(&log->tally, items);
	if (options.generate)
		log->source.last = items;
	if (!options.action)
		options.action = mark;
	if (!options.workers)
		options.workers = 1;
	options.source = log;
	options.context = log;
	options.discard = keep;
	log->pool = kit_open(&options);
}

static void push(struct log *log, uintptr_t first, uintptr_t last)
{
	kit_push_numbers(log->pool, first, last);
}

static void take(struct log *log, unsigned count)
{
	struct par_result result;

	while (count-- > 0) {
		assert_int_equal(par_next(log->pool, &result), 1);
		tally_see(&log->tally, AS_NUMBER(result.item) - 1);
	}
}

/* Closes. Each item has come out once: `left` of them through discard, the
 * others through par_next(). */
static void close_log(struct log *log, unsigned left, int expected)
{
	unsigned calls;

	assert_int_equal(log->count, 0);
	kit_close(log->pool, expected);
	calls = atomic_load(&log->calls);
	assert_int_equal(log->count, left);
	assert_false(log->strayed);
	tally_assert_once(&log->tally);
	tally_close(&log->tally);
	kit_linger();
	assert_int_equal(atomic_load(&log->calls), calls);
}

static void assert_ran(const struct par_result *left, uintptr_t item)
{
	assert_int_equal(AS_NUMBER(left->item), item);
	assert_int_equal(AS_NUMBER(left->value), item + 1000);
	assert_int_equal(left->error, item % 2 ? 0 : item);
	assert_int_equal(left->worker, 0);
	assert_int_equal(left->index, item - 1);
}

static void assert_never_ran(const struct par_result *left, uintptr_t item)
{
	assert_int_equal(AS_NUMBER(left->item), item);
	assert_null(left->value);
	assert_int_equal(left->error, -ECANCELED);
	assert_int_equal(left->worker, UINT_MAX);
	assert_int_equal(left->index, item - 1);
}

/*
 * The states of a pool.
 */

static void a_new_pool_can_be_closed(void **state)
{
	struct log log;

	open_log(&log, 1, (struct par_options){ .workers = 4 });
	tally_see(&log.tally, 0); /* the pool has no item */
	close_log(&log, 0, 0);
}

static void an_idle_pool_can_be_closed(void **state)
{
	struct log log;

	open_log(&log, 10, (struct par_options){ .workers = 4 });
	push(&log, 1, 10);
	take(&log, 10);
	close_log(&log, 0, 0);
}

static void it_can_be_closed_after_the_end(void **state)
{
	struct log log;

	open_log(&log, 10, (struct par_options){ .generate = generate });
	take(&log, 10);
	assert_int_equal(kit_drain(log.pool, NULL, NULL), 0);
	close_log(&log, 0, 0);
}

static void it_can_be_closed_after_a_finish(void **state)
{
	struct log log;

	open_log(&log, 4, (struct par_options){ .workers = 1 });
	push(&log, 1, 4);
	par_finish(log.pool);
	EVENTUALLY(kit_stats(log.pool).ready == 4);
	close_log(&log, 4, 0);
}

static void it_can_be_closed_after_a_cancel(void **state)
{
	struct log log;

	open_log(&log, 4, (struct par_options){ .action = mark_held });
	push(&log, 1, 4);
	gate_await(&log.gate, 1);
	par_cancel(log.pool);
	take(&log, 1);
	gate_open(&log.gate);
	close_log(&log, 3, 0);
}

static void it_can_be_closed_while_the_generator_waits_for_room(void **state)
{
	struct log log;

	open_log(&log, 50,
		 (struct par_options){ .generate = generate, .window = 3 });
	take(&log, 47);
	EVENTUALLY(kit_stats(log.pool).ready == 3);
	close_log(&log, 3, 0);
}

/* From the first moment on, and after any number of results. */
static void a_busy_pool_can_be_closed(void **state)
{
	for (unsigned taken = 0; taken <= 50; taken++) {
		struct log log;

		open_log(&log, MOST,
			 (struct par_options){ .workers = 3,
					       .generate = generate,
					       .ordered = taken % 2 == 0 });
		take(&log, taken);
		kit_close(log.pool, 0);
		assert_int_equal(taken + log.count, log.source.next);
		/* The others were never made. */
		log.tally.count = log.source.next;
		tally_assert_once(&log.tally);
		tally_close(&log.tally);
	}
}

/*
 * The calls it waits for.
 */

static int wait_for_cancel(void *context, void *item, void **value)
{
	struct log *log = context;
	const int canceled = par_cancel_fd(par_self());

	gate_pass(&log->gate);
	kit_await_readable(canceled);
	kit_linger();
	atomic_fetch_add(&log->done, par_canceled(par_self()));
	return mark(context, item, value);
}

static void it_cancels_and_waits_for_every_action(void **state)
{
	struct log log;

	open_log(&log, 5,
		 (struct par_options){ .action = wait_for_cancel,
				       .workers = 3 });
	push(&log, 1, 5);
	gate_open(&log.gate);
	gate_await(&log.gate, 3);
	kit_close(log.pool, 0);
	assert_int_equal(atomic_load(&log.done), 3);
	assert_int_equal(log.count, 5);
	tally_assert_once(&log.tally);
	tally_close(&log.tally);
}

/* Brings an item. The next call polls until the cancel and then brings one
 * more. */
static int generate_until_cancel(void *argument, void **item)
{
	struct log *log = argument;
	const int canceled = par_cancel_fd(par_self());

	if (log->source.next == 1) {
		gate_pass(&log->gate);
		kit_await_readable(canceled);
		kit_linger();
		atomic_fetch_add(&log->done, 1);
	}
	return generate(argument, item);
}

static void it_waits_for_the_generator_and_takes_what_it_brings(void **state)
{
	struct log log;

	open_log(&log, 2,
		 (struct par_options){ .generate = generate_until_cancel });
	gate_open(&log.gate);
	gate_await(&log.gate, 1);
	EVENTUALLY(kit_stats(log.pool).ready == 1);
	close_log(&log, 2, 0);
	assert_int_equal(log.done, 1);
	assert_ran(&log.left[0], 1);
	assert_never_ran(&log.left[1], 2);
	assert_int_equal(log.source.calls, 2);
}

static void close_slowly(void *state)
{
	struct log *log = state;

	kit_linger();
	atomic_fetch_add(&log->done, 1);
}

static void it_waits_for_every_worker_close(void **state)
{
	struct log log;
	unsigned workers;

	open_log(&log, 3,
		 (struct par_options){ .action = mark_held,
				       .workers = 3,
				       .worker_open = worker_open_context,
				       .worker_close = close_slowly });
	push(&log, 1, 3);
	take(&log, 2);
	gate_open(&log.gate);
	take(&log, 1);
	EVENTUALLY(kit_stats(log.pool).running == 0);
	workers = kit_stats(log.pool).workers;
	kit_close(log.pool, 0);
	assert_int_equal(log.done, workers);
	tally_assert_once(&log.tally);
	tally_close(&log.tally);
}

/* Pushes while the close is under way. */
static int push_late(void *context, void *item, void **value)
{
	struct log *log = context;

	gate_pass(&log->gate);
	while (!par_canceled(par_self()))
		sched_yield();
	if (par_push(par_self(), AS_ITEM(2)) == -ECANCELED)
		atomic_fetch_add(&log->done, 1);
	return mark(context, item, value);
}

static void an_action_under_way_may_push_no_more(void **state)
{
	struct log log;

	open_log(&log, 1, (struct par_options){ .action = push_late });
	push(&log, 1, 1);
	gate_open(&log.gate);
	gate_await(&log.gate, 1);
	close_log(&log, 1, 0);
	assert_int_equal(log.done, 1);
}

/*
 * The items that are left.
 */

static void a_result_that_nobody_took_is_discarded_as_it_is(void **state)
{
	struct log log;

	open_log(&log, 6, (struct par_options){ .ordered = true });
	push(&log, 1, 6);
	take(&log, 2);
	EVENTUALLY(kit_stats(log.pool).ready == 4);
	close_log(&log, 4, 0);
	for (uintptr_t i = 0; i < 4; i++)
		assert_ran(&log.left[i], i + 3);
}

static void an_item_that_never_ran_is_discarded_with_ecanceled(void **state)
{
	struct log log;

	open_log(&log, 4,
		 (struct par_options){ .action = wait_for_cancel,
				       .ordered = true });
	push(&log, 1, 4);
	gate_open(&log.gate);
	gate_await(&log.gate, 1);
	close_log(&log, 4, 0);
	assert_ran(&log.left[0], 1);
	for (uintptr_t i = 1; i < 4; i++)
		assert_never_ran(&log.left[i], i + 1);
}

static int echo_last(void *context, void *item, void **value)
{
	if (AS_NUMBER(item) < 6)
		return wait_for_cancel(context, item, value);
	return mark(context, item, value);
}

/* The actions of the last items end first, the others in any order. */
static void what_is_left_of_an_ordered_pool_comes_in_input_order(void **state)
{
	struct log log;

	open_log(&log, 30,
		 (struct par_options){
			 .action = echo_last, .workers = 6, .ordered = true });
	push(&log, 1, 30);
	gate_open(&log.gate);
	EVENTUALLY(kit_stats(log.pool).ready == 25);
	close_log(&log, 30, 0);
	for (uintptr_t i = 0; i < 30; i++)
		assert_int_equal(log.left[i].index, i);
}

static void an_item_that_was_taken_is_not_discarded(void **state)
{
	struct log log;

	open_log(&log, 20, (struct par_options){ .generate = generate });
	take(&log, 20);
	EVENTUALLY(kit_stats(log.pool).ended);
	close_log(&log, 0, 0);
}

static void *close_there(void *argument)
{
	struct log *log = argument;

	log->closer = pthread_self();
	return par_close(log->pool) == 0 ? log : NULL;
}

static void it_is_discarded_on_the_thread_that_closes(void **state)
{
	struct log log;
	pthread_t thread;
	void *closed;

	open_log(&log, 3, (struct par_options){ .workers = 1 });
	push(&log, 1, 3);
	kit_start(&thread, close_there, &log);
	closed = kit_join(thread);
	assert_ptr_equal(closed, &log);
	assert_int_equal(log.count, 3);
	assert_false(log.strayed);
	tally_assert_once(&log.tally);
	tally_close(&log.tally);
}

static void nothing_is_discarded_before_all_callbacks_returned(void **state)
{
	struct log log;

	open_log(&log, 5,
		 (struct par_options){ .action = wait_for_cancel,
				       .workers = 2,
				       .worker_open = worker_open_context,
				       .worker_close = close_slowly });
	push(&log, 1, 5);
	gate_open(&log.gate);
	gate_await(&log.gate, 2);
	close_log(&log, 5, 0);
	assert_int_equal(log.done, 4); /* two actions, two worker_close */
	assert_int_equal(log.done_before, 4);
}

static int open_without_state(void *context, void **state)
{
	return 0;
}

static void discard_is_given_the_context_not_a_state(void **state)
{
	struct log log;

	open_log(&log, 3,
		 (struct par_options){ .action = action_echo,
				       .worker_open = open_without_state });
	push(&log, 1, 3);
	close_log(&log, 3, 0);
}

static void without_discard_what_is_left_is_dropped(void **state)
{
	struct numbers numbers = { .last = 100 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.generate = numbers_next,
						.source = &numbers });

	EVENTUALLY(kit_stats(pool).ready == 100);
	kit_close(pool, 0);
}

/*
 * Its return value.
 */

static void it_returns_the_failure_of_the_source(void **state)
{
	const int failures[] = { -1,	   -EIO,       -ENOMEM, INT_MIN,
				 -EDEADLK, -ETIMEDOUT, -ECHILD };

	for (size_t i = 0; i < 2 * sizeof failures / sizeof *failures; i++) {
		struct numbers numbers = { .last = 3, .end = failures[i / 2] };
		struct par *pool = kit_open(
			&(struct par_options){ .action = action_echo,
					       .workers = 1,
					       .generate = numbers_next,
					       .source = &numbers });

		EVENTUALLY(kit_stats(pool).ended);
		if (i % 2)
			assert_int_equal(
				par_close_timed(pool, 1000 * KIT_PATIENCE),
				kit_close_error(numbers.end));
		else
			kit_close(pool, kit_close_error(numbers.end));
	}
}

/* Returns a failure once canceled. */
static int fail_late(void *argument, void **item)
{
	struct log *log = argument;

	gate_pass(&log->gate);
	while (!par_canceled(par_self()))
		sched_yield();
	return -EIO;
}

static void a_failure_during_the_close_is_not_the_sources(void **state)
{
	struct log log;

	open_log(&log, 1, (struct par_options){ .generate = fail_late });
	gate_open(&log.gate);
	gate_await(&log.gate, 1);
	tally_see(&log.tally, 0); /* the pool has no item */
	close_log(&log, 0, 0);
}

static void failed_actions_are_not_what_it_returns(void **state)
{
	struct log log;

	open_log(&log, 4, (struct par_options){ .generate = generate });
	EVENTUALLY(kit_stats(log.pool).failed == 2);
	take(&log, 1);
	EVENTUALLY(kit_stats(log.pool).ready == 3);
	close_log(&log, 3, 0);
}

/*
 * Nothing is left.
 */

static void the_descriptors_are_closed(void **state)
{
	const unsigned before = kit_descriptors();
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_echo, 1, &gate);
	const int results = par_fd(pool), cancel = par_cancel_fd(pool);

	assert_true(results >= 0 && cancel >= 0);
	kit_close(pool, 0);
	assert_int_equal(fcntl(results, F_GETFD), -1);
	assert_int_equal(fcntl(cancel, F_GETFD), -1);
	assert_int_equal(kit_descriptors(), before);
}

static void every_thread_has_ended(void **state)
{
	const unsigned before = kit_threads();
	struct log log;

	open_log(&log, 5,
		 (struct par_options){ .action = wait_for_cancel,
				       .workers = 5 });
	push(&log, 1, 5);
	gate_open(&log.gate);
	gate_await(&log.gate, 5);
	assert_true(kit_threads() >= before + 5);
	close_log(&log, 5, 0);
	/* For a moment the system may still list a joined thread. */
	EVENTUALLY(kit_threads() <= before);
}

/* Thread-specific data: its destructor runs after the thread's worker_close. */
static pthread_key_t own;

static void destroy_late(void *done)
{
	kit_linger();
	atomic_fetch_add((atomic_uint *)done, 1);
}

static int keep_own(void *context, void *item, void **value)
{
	struct log *log = context;

	if (pthread_setspecific(own, &log->done))
		kit_die("out of memory");
	gate_pass(&log->gate);
	return mark(context, item, value);
}

static void every_thread_has_run_to_its_very_end(void **state)
{
	struct log log;

	assert_int_equal(pthread_key_create(&own, destroy_late), 0);
	open_log(&log, 5,
		 (struct par_options){ .action = keep_own, .workers = 5 });
	push(&log, 1, 5);
	gate_await(&log.gate, 5);
	gate_open(&log.gate);
	close_log(&log, 5, 0);
	assert_int_equal(log.done, 5);
	assert_int_equal(pthread_key_delete(own), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_new_pool_can_be_closed),
		KIT_TEST(an_idle_pool_can_be_closed),
		KIT_TEST(it_can_be_closed_after_the_end),
		KIT_TEST(it_can_be_closed_after_a_finish),
		KIT_TEST(it_can_be_closed_after_a_cancel),
		KIT_TEST(it_can_be_closed_while_the_generator_waits_for_room),
		KIT_TEST(a_busy_pool_can_be_closed),
		KIT_TEST(it_cancels_and_waits_for_every_action),
		KIT_TEST(it_waits_for_the_generator_and_takes_what_it_brings),
		KIT_TEST(it_waits_for_every_worker_close),
		KIT_TEST(an_action_under_way_may_push_no_more),
		KIT_TEST(a_result_that_nobody_took_is_discarded_as_it_is),
		KIT_TEST(an_item_that_never_ran_is_discarded_with_ecanceled),
		KIT_TEST(what_is_left_of_an_ordered_pool_comes_in_input_order),
		KIT_TEST(an_item_that_was_taken_is_not_discarded),
		KIT_TEST(it_is_discarded_on_the_thread_that_closes),
		KIT_TEST(nothing_is_discarded_before_all_callbacks_returned),
		KIT_TEST(discard_is_given_the_context_not_a_state),
		KIT_TEST(without_discard_what_is_left_is_dropped),
		KIT_TEST(it_returns_the_failure_of_the_source),
		KIT_TEST(a_failure_during_the_close_is_not_the_sources),
		KIT_TEST(failed_actions_are_not_what_it_returns),
		KIT_TEST(the_descriptors_are_closed),
		KIT_TEST(every_thread_has_ended),
		KIT_TEST(every_thread_has_run_to_its_very_end),
	};

	return cmocka_run_group_tests_name("close", tests, NULL, NULL);
}
