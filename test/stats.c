/* SPDX-License-Identifier: MIT */
/*
 * par_stats: every snapshot adds up, and each figure is right in a state that
 * was made for it.
 */
#include "kit.h"

/*
 * While the pool is busy.
 */

/* Returns the rule that this snapshot breaks, alone or together with the one
 * before it, or NULL. */
static const char *find_fault(const struct par_stats *was,
			      const struct par_stats *now, unsigned workers)
{
	if (now->entered !=
	    now->queued + now->running + now->ready + now->delivered)
		return "entered = queued + running + ready + delivered";
	if (now->started != now->running + now->finished)
		return "started = running + finished";
	if (now->entered != now->queued + now->started + now->canceled)
		return "entered = queued + started + canceled";
	if (now->finished + now->canceled != now->ready + now->delivered)
		return "finished + canceled = ready + delivered";
	if (now->failed > now->finished)
		return "failed <= finished";
	if (now->running > now->workers || now->workers > workers)
		return "running <= workers <= all";
	if (now->entered < was->entered || now->started < was->started ||
	    now->finished < was->finished || now->failed < was->failed ||
	    now->canceled < was->canceled || now->delivered < was->delivered)
		return "a count never falls";
	if (was->ended && !now->ended)
		return "ended for good";
	return NULL;
}

/* A thread that calls par_stats() all the time. */
struct watch {
	struct par *pool;
	unsigned workers;
	atomic_bool stop;
	atomic_uint looks;
	const char *fault;
	pthread_t thread;
};

static void *look(void *argument)
{
	struct watch *watch = argument;
	struct par_stats was = { 0 }, now;

	while (!atomic_load(&watch->stop) && !watch->fault) {
		now = kit_stats(watch->pool);
		watch->fault = find_fault(&was, &now, watch->workers);
		was = now;
		atomic_fetch_add(&watch->looks, 1);
	}
	return NULL;
}

static void watch_start(struct watch *watch, struct par *pool, unsigned workers)
{
	*watch = (struct watch){ .pool = pool, .workers = workers };
	kit_start(&watch->thread, look, watch);
	EVENTUALLY(atomic_load(&watch->looks) > 0);
}

static void watch_stop(struct watch *watch)
{
	atomic_store(&watch->stop, true);
	kit_join(watch->thread);
	if (watch->fault)
		fail_msg("broken: %s", watch->fault);
}

/* Every third item fails. Each of the first hundred pushes another. */
static int fail_and_push(void *context, void *item, void **value)
{
	const uintptr_t number = AS_NUMBER(item);

	if (number <= 100)
		(void)par_push(par_self(), AS_ITEM(number + 1000000));
	return number % 3 == 0 ? -EIO : 0;
}

static void assert_adds_up_while_busy(struct par_options options)
{
	struct numbers numbers = { .last = UINTPTR_MAX };
	struct watch watches[2];
	struct par_result result;
	struct par *pool;

	options.action = fail_and_push;
	options.workers = 3;
	options.generate = numbers_next;
	options.source = &numbers;
	pool = kit_open(&options);
	for (int i = 0; i < 2; i++)
		watch_start(&watches[i], pool, 3);
	kit_take_many(pool, 2000);
	par_cancel(pool);
	while (par_next(pool, &result) == 1)
		;
	for (int i = 0; i < 2; i++)
		watch_stop(&watches[i]);
	kit_close(pool, 0);
}

static void every_snapshot_adds_up_while_the_pool_is_busy(void **state)
{
	assert_adds_up_while_busy((struct par_options){ .window = 50 });
}

static void every_snapshot_of_an_ordered_pool_adds_up(void **state)
{
	assert_adds_up_while_busy(
		(struct par_options){ .window = 50, .ordered = true });
}

/*
 * The figures of items.
 */

static void assert_figures(struct par *pool, struct par_stats expected)
{
	const struct par_stats now = kit_stats(pool);

	assert_int_equal(now.entered, expected.entered);
	assert_int_equal(now.started, expected.started);
	assert_int_equal(now.finished, expected.finished);
	assert_int_equal(now.failed, expected.failed);
	assert_int_equal(now.canceled, expected.canceled);
	assert_int_equal(now.delivered, expected.delivered);
	assert_int_equal(now.queued, expected.queued);
	assert_int_equal(now.running, expected.running);
	assert_int_equal(now.ready, expected.ready);
	assert_int_equal(now.refused, 0);
	assert_int_equal(now.ended, expected.ended);
}

static void a_new_pool_has_one_worker_and_nothing_else(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 4, &gate);

	assert_figures(pool, (struct par_stats){ .entered = 0 });
	assert_int_equal(kit_stats(pool).workers, 1);
	kit_finish(pool);
}

static void what_runs_and_what_waits_is_told(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 2, &gate);

	kit_push_numbers(pool, 1, 7);
	gate_await(&gate, 2);
	assert_figures(pool, (struct par_stats){ .entered = 7,
						 .started = 2,
						 .queued = 5,
						 .running = 2 });
	gate_open(&gate);
	kit_take_many(pool, 7);
	kit_finish(pool);
}

static void what_is_ready_and_what_was_taken_is_told(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 2, &gate);

	gate_open(&gate);
	kit_push_numbers(pool, 1, 7);
	EVENTUALLY(kit_stats(pool).ready == 7);
	assert_figures(pool, (struct par_stats){ .entered = 7,
						 .started = 7,
						 .finished = 7,
						 .ready = 7 });
	kit_take_many(pool, 3);
	assert_figures(pool, (struct par_stats){ .entered = 7,
						 .started = 7,
						 .finished = 7,
						 .delivered = 3,
						 .ready = 4 });
	kit_take_many(pool, 4);
	kit_finish(pool);
}

static int hold_first(void *gate, void *item, void **value)
{
	if (AS_NUMBER(item) == 1)
		gate_pass(gate);
	return action_echo(NULL, item, value);
}

/* An item that is finished and not delivered is ready, whether or not it may be
 * taken yet. */
static void results_behind_an_ordered_head_are_ready(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open(&(struct par_options){ .action = hold_first,
							   .workers = 2,
							   .context = &gate,
							   .ordered = true });

	kit_push_numbers(pool, 1, 4);
	EVENTUALLY(kit_stats(pool).finished == 3);
	assert_figures(pool, (struct par_stats){ .entered = 4,
						 .started = 4,
						 .finished = 3,
						 .running = 1,
						 .ready = 3 });
	gate_open(&gate);
	kit_take_many(pool, 4);
	kit_finish(pool);
}

static void canceled_items_are_ready_and_not_failed(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &gate);

	kit_push_numbers(pool, 1, 5);
	gate_await(&gate, 1);
	par_cancel(pool);
	assert_figures(pool, (struct par_stats){ .entered = 5,
						 .started = 1,
						 .canceled = 4,
						 .running = 1,
						 .ready = 4,
						 .ended = true });
	gate_open(&gate);
	kit_take_many(pool, 5);
	assert_figures(pool, (struct par_stats){ .entered = 5,
						 .started = 1,
						 .finished = 1,
						 .canceled = 4,
						 .delivered = 5,
						 .ended = true });
	kit_finish(pool);
}

/* Returns its item as a number. INT_MAX ends the thread. */
static int return_item(void *context, void *item, void **value)
{
	if (item == AS_ITEM(INT_MAX))
		pthread_exit(NULL);
	return (int)(intptr_t)item;
}

static void an_action_that_does_not_return_0_has_failed(void **state)
{
	const intptr_t failures[] = { 1, -1, -EINTR, INT_MIN, -ECANCELED };
	struct par *pool = kit_open_action(return_item, 1, NULL);

	for (unsigned i = 0; i < 5; i++) {
		kit_push(pool, (void *)failures[i]);
		kit_push(pool, NULL);
		kit_take_many(pool, 2);
		assert_int_equal(kit_stats(pool).failed, i + 1);
		assert_int_equal(kit_stats(pool).finished, 2 * i + 2);
		assert_int_equal(kit_stats(pool).canceled, 0);
	}
	kit_finish(pool);
}

static void an_action_that_exits_has_finished_and_failed(void **state)
{
	struct par *pool = kit_open_action(return_item, 1, NULL);

	kit_push_number(pool, INT_MAX);
	kit_take(pool);
	assert_figures(pool, (struct par_stats){ .entered = 1,
						 .started = 1,
						 .finished = 1,
						 .failed = 1,
						 .delivered = 1 });
	kit_finish(pool);
}

static void an_item_that_did_not_enter_is_not_counted(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &gate);

	par_cancel(pool);
	assert_int_equal(par_push(pool, NULL), -ECANCELED);
	assert_figures(pool, (struct par_stats){ .ended = true });
	kit_finish(pool);
}

static void generated_items_are_counted_like_pushed_ones(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct numbers numbers = { .last = 6 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_gated,
						.workers = 1,
						.generate = numbers_next,
						.source = &numbers,
						.context = &gate });

	gate_await(&gate, 1);
	EVENTUALLY(kit_stats(pool).ended);
	kit_push_numbers(pool, 7, 8);
	assert_figures(pool, (struct par_stats){ .entered = 8,
						 .started = 1,
						 .queued = 7,
						 .running = 1,
						 .ended = true });
	gate_open(&gate);
	kit_take_many(pool, 8);
	kit_finish(pool);
}

static void the_figures_stay_after_the_end(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &gate);

	gate_open(&gate);
	kit_push_numbers(pool, 1, 3);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 3);
	assert_figures(pool, (struct par_stats){ .entered = 3,
						 .started = 3,
						 .finished = 3,
						 .delivered = 3,
						 .ended = true });
	assert_int_equal(kit_stats(pool).workers, 1);
	kit_close(pool, 0);
}

/*
 * ended.
 */

static void without_a_generator_a_finish_is_the_end(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &gate);

	kit_push_numbers(pool, 1, 1);
	assert_false(kit_stats(pool).ended);
	par_finish(pool);
	assert_true(kit_stats(pool).ended);
	gate_open(&gate);
	kit_take(pool);
	kit_finish(pool);
}

static void without_a_generator_a_cancel_is_the_end(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 1, &gate);

	assert_false(kit_stats(pool).ended);
	par_cancel(pool);
	assert_true(kit_stats(pool).ended);
	kit_finish(pool);
}

/* The generator has made item 1, and its next call is held. */
static void open_held(struct held *held, uintptr_t last, int end)
{
	held_open(held,
		  (struct gated_numbers){
			  .numbers = { .last = last, .end = end }, .at = 1 },
		  (struct par_options){ .workers = 1 });
}

/* The call under way may still bring an item, so the source ends when it
 * returns. */
static void assert_ends_with_the_call(struct held *held, uint64_t count,
				      int expected)
{
	kit_linger();
	assert_false(kit_stats(held->pool).ended);
	gate_open(&held->hold);
	EVENTUALLY(kit_stats(held->pool).ended);
	assert_int_equal(kit_stats(held->pool).entered, count);
	kit_assert_drains(held->pool, count, expected);
	kit_close(held->pool, expected);
}

static void a_generator_that_returned_0_has_ended(void **state)
{
	struct held held;

	open_held(&held, 1, 0);
	assert_ends_with_the_call(&held, 1, 0);
}

static void a_generator_that_failed_has_ended(void **state)
{
	struct held held;

	open_held(&held, 1, -EIO);
	assert_ends_with_the_call(&held, 1, -EIO);
}

static void a_finish_is_the_end_when_the_call_returns(void **state)
{
	struct held held;

	open_held(&held, 10, 0);
	par_finish(held.pool);
	assert_ends_with_the_call(&held, 2, 0);
}

static void a_cancel_is_the_end_when_the_call_returns(void **state)
{
	struct held held;

	open_held(&held, 10, 0);
	par_cancel(held.pool);
	assert_ends_with_the_call(&held, 2, 0);
}

/* If no call is under way, nothing more can come. */
static void assert_ends_at_once(void (*give_up)(struct par *))
{
	struct numbers numbers = { .last = 10 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = numbers_next,
						.source = &numbers,
						.window = 2 });

	EVENTUALLY(kit_stats(pool).ready == 2);
	assert_false(kit_stats(pool).ended);
	give_up(pool);
	assert_true(kit_stats(pool).ended);
	kit_take_many(pool, 2);
	kit_finish(pool);
}

static void a_finish_ends_a_generator_that_waits_for_room(void **state)
{
	assert_ends_at_once(par_finish);
}

static void a_cancel_ends_a_generator_that_waits_for_room(void **state)
{
	assert_ends_at_once(par_cancel);
}

/*
 * Who may ask.
 */

struct asked {
	struct par_stats action, generator, closing;
};

static int ask_action(void *context, void *item, void **value)
{
	struct asked *asked = context;

	par_stats(par_self(), &asked->action);
	return 0;
}

static int ask_generator(void *context, void **item)
{
	struct asked *asked = context;

	par_stats(par_self(), &asked->generator);
	return 0;
}

static void ask_closing(void *context)
{
	struct asked *asked = context;

	par_stats(par_self(), &asked->closing);
}

static void the_pools_own_threads_may_ask(void **state)
{
	struct asked asked = { .generator.ended = true };
	struct par *pool = kit_open(
		&(struct par_options){ .action = ask_action,
				       .workers = 1,
				       .generate = ask_generator,
				       .source = &asked,
				       .context = &asked,
				       .worker_open = worker_open_context,
				       .worker_close = ask_closing });

	kit_push_number(pool, 1);
	kit_take(pool);
	EVENTUALLY(kit_stats(pool).ended); /* so the generator was called */
	kit_finish(pool);
	assert_int_equal(asked.action.running, 1);
	assert_int_equal(asked.action.started, 1);
	assert_false(asked.generator.ended);
	assert_int_equal(asked.closing.delivered, 1);
	assert_true(asked.closing.ended);
}

/*
 * refused, of two attempts that are under way at the same time.
 */

/* Each worker_open except the first is held, and then returns the number that
 * the test has set. */
struct attempts {
	struct gate busy;
	struct gate held[3];
	atomic_int returns[3];
	atomic_uint begun;
	struct par *pool;
};

static int open_attempt(void *context, void **state)
{
	struct attempts *attempts = context;
	const unsigned n = atomic_fetch_add(&attempts->begun, 1);

	*state = &attempts->busy;
	if (n == 0 || n > 2) /* the first, or one after both attempts */
		return 0;
	gate_pass(&attempts->held[n]);
	return atomic_load(&attempts->returns[n]);
}

/* One worker is busy, and two are in their worker_open. Attempt 1 began before
 * attempt 2. */
static void open_attempts(struct attempts *attempts)
{
	*attempts = (struct attempts){ .busy = GATE_CLOSED };
	for (int i = 0; i < 3; i++)
		attempts->held[i] = (struct gate)GATE_CLOSED;
	attempts->pool =
		kit_open(&(struct par_options){ .action = action_gated,
						.workers = 3,
						.context = attempts,
						.worker_open = open_attempt });
	kit_push_number(attempts->pool, 1);
	gate_await(&attempts->busy, 1);
	for (uintptr_t i = 1; i <= 2; i++) {
		kit_push_number(attempts->pool, i + 1);
		gate_await(&attempts->held[i], 1);
	}
}

/* Ends the attempt. So many workers are left. */
static void end_attempt(struct attempts *attempts, int n, int returns,
			unsigned workers)
{
	atomic_store(&attempts->returns[n], returns);
	gate_open(&attempts->held[n]);
	EVENTUALLY(kit_stats(attempts->pool).workers == workers);
}

static void close_attempts(struct attempts *attempts)
{
	gate_open(&attempts->busy);
	kit_take_many(attempts->pool, 3);
	kit_finish(attempts->pool);
}

static void refused_is_of_the_attempt_begun_last(void **state)
{
	struct attempts attempts;

	open_attempts(&attempts);
	assert_int_equal(kit_stats(attempts.pool).refused, 0);
	end_attempt(&attempts, 2, 77, 2);
	assert_int_equal(kit_stats(attempts.pool).refused, 77);
	end_attempt(&attempts, 1, 78, 1);
	assert_int_equal(kit_stats(attempts.pool).refused, 77);
	close_attempts(&attempts);
}

static void refused_is_not_of_an_attempt_begun_before(void **state)
{
	struct attempts attempts;

	open_attempts(&attempts);
	end_attempt(&attempts, 1, 78, 2);
	assert_int_equal(kit_stats(attempts.pool).refused, 0);
	end_attempt(&attempts, 2, 0, 2);
	gate_await(&attempts.busy, 2);
	assert_int_equal(kit_stats(attempts.pool).refused, 0);
	close_attempts(&attempts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(every_snapshot_adds_up_while_the_pool_is_busy),
		KIT_TEST(every_snapshot_of_an_ordered_pool_adds_up),
		KIT_TEST(a_new_pool_has_one_worker_and_nothing_else),
		KIT_TEST(what_runs_and_what_waits_is_told),
		KIT_TEST(what_is_ready_and_what_was_taken_is_told),
		KIT_TEST(results_behind_an_ordered_head_are_ready),
		KIT_TEST(canceled_items_are_ready_and_not_failed),
		KIT_TEST(an_action_that_does_not_return_0_has_failed),
		KIT_TEST(an_action_that_exits_has_finished_and_failed),
		KIT_TEST(an_item_that_did_not_enter_is_not_counted),
		KIT_TEST(generated_items_are_counted_like_pushed_ones),
		KIT_TEST(the_figures_stay_after_the_end),
		KIT_TEST(without_a_generator_a_finish_is_the_end),
		KIT_TEST(without_a_generator_a_cancel_is_the_end),
		KIT_TEST(a_generator_that_returned_0_has_ended),
		KIT_TEST(a_generator_that_failed_has_ended),
		KIT_TEST(a_finish_is_the_end_when_the_call_returns),
		KIT_TEST(a_cancel_is_the_end_when_the_call_returns),
		KIT_TEST(a_finish_ends_a_generator_that_waits_for_room),
		KIT_TEST(a_cancel_ends_a_generator_that_waits_for_room),
		KIT_TEST(the_pools_own_threads_may_ask),
		KIT_TEST(refused_is_of_the_attempt_begun_last),
		KIT_TEST(refused_is_not_of_an_attempt_begun_before),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
