/* SPDX-License-Identifier: MIT */
/*
 * par_self; the calls that would wait for their own thread, which fail with
 * -EDEADLK on every thread of the pool; and pools inside an action.
 */
#include "kit.h"

/* The return values of the calls that wait, on a thread of the pool, and what
 * they changed. */
struct tries {
	struct par *self;
	int closed, next, at_once, soon, ever;
	bool result_written, errno_set;
	struct par_stats before, after;
	atomic_uint done;
};

static void try_to_wait(struct tries *tries)
{
	struct par *pool = tries->self = par_self();
	struct par_result result;
	const int saved = errno;

	memset(&result, 0xa5, sizeof result);
	errno = KIT_ERRNO;
	tries->before = kit_stats(pool);
	tries->closed = par_close(pool);
	tries->next = par_next(pool, &result);
	tries->at_once = par_next_timed(pool, &result, 0);
	tries->soon = par_next_timed(pool, &result, 1000);
	tries->ever = par_next_timed(pool, &result, -1);
	tries->after = kit_stats(pool);
	for (size_t i = 0; i < sizeof result; i++)
		if (((unsigned char *)&result)[i] != 0xa5)
			tries->result_written = true;
	tries->errno_set = errno != KIT_ERRNO;
	errno = saved;
	atomic_fetch_add(&tries->done, 1);
}

static void assert_refused(const struct tries *tries, const struct par *pool)
{
	assert_true(tries->done > 0);
	assert_ptr_equal(tries->self, pool);
	assert_int_equal(tries->closed, -EDEADLK);
	assert_int_equal(tries->next, -EDEADLK);
	assert_int_equal(tries->at_once, -EDEADLK);
	assert_int_equal(tries->soon, -EDEADLK);
	assert_int_equal(tries->ever, -EDEADLK);
	assert_false(tries->result_written);
	assert_false(tries->errno_set);
	assert_int_equal(tries->after.delivered, tries->before.delivered);
	assert_int_equal(tries->after.canceled, tries->before.canceled);
	assert_int_equal(tries->after.ended, tries->before.ended);
}

/* An item is a struct tries that its action fills, or NULL. The context is a
 * gate, or NULL. */
static int try_item(void *gate, void *item, void **value)
{
	if (item)
		try_to_wait(item);
	if (gate)
		gate_pass(gate);
	*value = par_self();
	return 0;
}

/* A pool with one result ready. A call that is not refused would take it. */
static struct par *open_ready(struct par_options options)
{
	struct par *pool;

	if (!options.action)
		options.action = try_item;
	if (!options.workers)
		options.workers = 2;
	pool = kit_open(&options);
	kit_push(pool, NULL);
	EVENTUALLY(kit_stats(pool).ready >= 1);
	return pool;
}

/* The pool goes on: it is not canceled, and so many results come before its
 * end. */
static void assert_goes_on(struct par *pool, uint64_t results)
{
	assert_false(par_canceled(pool));
	kit_push(pool, NULL);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), results + 1);
	assert_int_equal(kit_stats(pool).canceled, 0);
}

/*
 * par_self.
 */

static void par_self_is_null_on_the_programs_threads(void **state)
{
	struct par *pool;

	assert_null(par_self());
	pool = open_ready((struct par_options){ .action = NULL });
	assert_null(par_self());
	assert_goes_on(pool, 1);
	assert_null(par_self());
	kit_close(pool, 0);
	assert_null(par_self());
}

static void par_self_is_the_pool_in_an_action(void **state)
{
	struct par *pools[2];
	struct par_result result;

	for (int i = 0; i < 2; i++)
		pools[i] = open_ready((struct par_options){ .action = NULL });
	for (int i = 0; i < 2; i++) {
		assert_int_equal(par_next(pools[i], &result), 1);
		assert_ptr_equal(result.value, pools[i]);
	}
	for (int i = 0; i < 2; i++)
		kit_close(pools[i], 0);
}

static int generate_self(void *times, void **item)
{
	*item = par_self();
	return atomic_fetch_add((atomic_int *)times, 1) < 3;
}

static void par_self_is_the_pool_in_the_generator(void **state)
{
	atomic_int times = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = generate_self,
						.source = &times });
	struct par_result result;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(par_next(pool, &result), 1);
		assert_ptr_equal(result.item, pool);
	}
	kit_close(pool, 0);
}

static void *self_of_thread(void *unused)
{
	return par_self();
}

static int self_of_own_thread(void *context, void *item, void **value)
{
	pthread_t thread;

	*value = &errno; /* anything but NULL */
	if (pthread_create(&thread, NULL, self_of_thread, NULL))
		return -1;
	pthread_join(thread, value);
	return 0;
}

static void par_self_is_null_on_a_thread_that_an_action_starts(void **state)
{
	struct par *pool = open_ready(
		(struct par_options){ .action = self_of_own_thread });
	struct par_result result;

	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, 0);
	assert_null(result.value);
	kit_close(pool, 0);
}

static void keep_self(void *self, const struct par_result *left)
{
	*(struct par **)self = par_self();
}

static int ignore_context(void *context, void *item, void **value)
{
	return try_item(NULL, item, value);
}

static void par_self_is_null_in_discard(void **state)
{
	struct par *self = (void *)&self;

	kit_close(open_ready((struct par_options){ .action = ignore_context,
						   .context = &self,
						   .discard = keep_self }),
		  0);
	assert_null(self);
}

/*
 * -EDEADLK.
 */

static void waiting_in_an_action_is_refused(void **state)
{
	struct tries tries = { .done = 0 };
	struct par *pool = open_ready((struct par_options){ .action = NULL });

	kit_push(pool, &tries);
	EVENTUALLY(tries.done == 1);
	assert_int_equal(tries.before.ready, 1);
	assert_refused(&tries, pool);
	assert_goes_on(pool, 2);
	kit_close(pool, 0);
}

static int try_once_canceled(void *context, void *item, void **value)
{
	if (item) {
		EVENTUALLY(par_canceled(par_self()));
		try_to_wait(item);
	}
	return 0;
}

static void waiting_in_an_action_is_refused_after_a_cancel_too(void **state)
{
	struct tries tries = { .done = 0 };
	struct par *pool =
		open_ready((struct par_options){ .action = try_once_canceled });

	kit_push(pool, &tries);
	EVENTUALLY(kit_stats(pool).running == 1);
	par_cancel(pool);
	EVENTUALLY(tries.done == 1);
	assert_refused(&tries, pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 2);
	kit_close(pool, 0);
}

static void waiting_in_an_action_is_refused_during_the_close_too(void **state)
{
	struct tries tries = { .done = 0 };
	struct par *pool =
		open_ready((struct par_options){ .action = try_once_canceled });

	kit_push(pool, &tries);
	EVENTUALLY(kit_stats(pool).running == 1);
	kit_close(pool, 0);
	assert_refused(&tries, pool);
}

/* Tries in its second call, when the result of the first item is ready. */
struct trying_source {
	struct tries tries;
	unsigned calls; /* only the producer uses it */
};

static int try_in_generate(void *argument, void **item)
{
	struct trying_source *source = argument;

	*item = NULL;
	if (++source->calls == 1)
		return 1;
	if (source->calls > 2)
		return 0;
	EVENTUALLY(kit_stats(par_self()).ready > 0);
	try_to_wait(&source->tries);
	return 1;
}

static void waiting_in_the_generator_is_refused(void **state)
{
	struct trying_source source = { .calls = 0 };
	struct par *pool = open_ready((struct par_options){
		.generate = try_in_generate, .source = &source });

	EVENTUALLY(source.tries.done == 1);
	assert_refused(&source.tries, pool);
	assert_goes_on(pool, 3);
	kit_close(pool, 0);
}

/* Tries in the worker_open with the number `at`, counted from 0. */
struct trying_open {
	struct tries tries;
	unsigned at;
	atomic_uint opens;
	struct gate gate;
};

static int try_in_open(void *context, void **state)
{
	struct trying_open *opening = context;

	if (atomic_fetch_add(&opening->opens, 1) == opening->at)
		try_to_wait(&opening->tries);
	*state = &opening->gate;
	return 0;
}

static void waiting_in_the_first_worker_open_is_refused(void **state)
{
	struct trying_open opening = { .at = 0, .gate = GATE_CLOSED };
	struct par *pool;

	gate_open(&opening.gate);
	pool = open_ready((struct par_options){ .context = &opening,
						.worker_open = try_in_open });
	assert_refused(&opening.tries, pool);
	assert_goes_on(pool, 1);
	kit_close(pool, 0);
}

static void waiting_in_a_later_worker_open_is_refused(void **state)
{
	struct trying_open opening = { .at = 1, .gate = GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = try_item,
						.workers = 2,
						.context = &opening,
						.worker_open = try_in_open });

	for (int i = 0; i < 2; i++)
		kit_push(pool, NULL);
	gate_await(&opening.gate, 2);
	assert_refused(&opening.tries, pool);
	gate_open(&opening.gate);
	assert_goes_on(pool, 2);
	kit_close(pool, 0);
}

static void try_in_close(void *tries)
{
	try_to_wait(tries);
}

/* Ends its thread if the item is not NULL. */
static int exit_at_item(void *context, void *item, void **value)
{
	if (item)
		pthread_exit(NULL);
	return 0;
}

static struct par *open_trying_close(struct tries *tries)
{
	return open_ready(
		(struct par_options){ .action = exit_at_item,
				      .workers = 1,
				      .context = tries,
				      .worker_open = worker_open_context,
				      .worker_close = try_in_close });
}

/* The close that is under way goes on. */
static void waiting_in_worker_close_is_refused(void **state)
{
	struct tries tries = { .done = 0 };
	struct par *pool = open_trying_close(&tries);

	assert_int_equal(tries.done, 0);
	kit_close(pool, 0);
	assert_int_equal(tries.done, 1);
	assert_refused(&tries, pool);
}

static void waiting_in_worker_close_is_refused_in_a_live_pool(void **state)
{
	struct tries tries = { .done = 0 };
	struct par *pool = open_trying_close(&tries);

	kit_push(pool, pool);
	EVENTUALLY(tries.done == 1);
	assert_refused(&tries, pool);
	assert_goes_on(pool, 2);
	kit_close(pool, 0);
}

/*
 * Pools inside a pool.
 */

/* What a callback saw of two pools: one that it opened, drained and closed, and
 * one that it closed with an item left. */
struct nest {
	struct par *outer, *inner;
	struct par *self_inside, *self_in_discard, *self_after;
	int opened, end, closed;
	bool asks_outer; /* call par_next_timed(outer) from the inner pool */
	int outer_from_inside; /* what that call returned */
	uint64_t drained;
	atomic_uint done;
};

static int act_inside(void *context, void *item, void **value)
{
	struct nest *nest = context;
	struct par_result result;

	if (AS_NUMBER(item) == 1) {
		nest->self_inside = par_self();
		if (nest->asks_outer)
			nest->outer_from_inside =
				par_next_timed(nest->outer, &result, 0);
	}
	*value = item;
	return 0;
}

static void discard_inside(void *context, const struct par_result *left)
{
	((struct nest *)context)->self_in_discard = par_self();
}

static void nest_pools(struct nest *nest)
{
	struct numbers numbers = { .last = 10 };
	struct par_options options = { .action = act_inside,
				       .workers = 2,
				       .generate = numbers_next,
				       .source = &numbers,
				       .context = nest,
				       .discard = discard_inside };
	struct par *other;

	nest->outer = par_self();
	nest->opened = par_open(&nest->inner, &options);
	if (nest->opened)
		return;
	nest->drained = kit_drain(nest->inner, NULL, &nest->end);
	nest->closed = par_close(nest->inner);

	options.generate = NULL;
	if (par_open(&other, &options) == 0) {
		par_push(other, NULL);
		par_close(other);
	}
	nest->self_after = par_self();
	atomic_fetch_add(&nest->done, 1);
}

static void assert_nested(const struct nest *nest, const struct par *pool)
{
	assert_int_equal(nest->done, 1);
	assert_int_equal(nest->opened, 0);
	assert_int_equal(nest->drained, 10);
	assert_int_equal(nest->end, 0);
	assert_int_equal(nest->closed, 0);
	assert_ptr_equal(nest->outer, pool);
	assert_ptr_equal(nest->self_inside, nest->inner);
	assert_ptr_equal(nest->self_in_discard, pool);
	assert_ptr_equal(nest->self_after, pool);
}

static int nest_in_action(void *context, void *nest, void **value)
{
	*value = nest;
	nest_pools(nest);
	return 0;
}

static void an_action_may_open_drain_and_close_a_pool(void **state)
{
	struct nest nests[3] = { { .done = 0 } };
	struct par *pool = kit_open_action(nest_in_action, 3, NULL);

	for (int i = 0; i < 3; i++)
		kit_push(pool, &nests[i]);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 3);
	for (int i = 0; i < 3; i++)
		assert_nested(&nests[i], pool);
	kit_close(pool, 0);
}

static int nest_in_generate(void *nest, void **item)
{
	nest_pools(nest);
	return 0;
}

static int nest_in_open(void *nest, void **state)
{
	nest_pools(nest);
	return 0;
}

static void a_generator_and_a_worker_open_may_too(void **state)
{
	struct nest generating = { .done = 0 }, opening = { .done = 0 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = nest_in_generate,
						.source = &generating,
						.context = &opening,
						.worker_open = nest_in_open });

	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
	assert_nested(&generating, pool);
	assert_nested(&opening, pool);
	kit_close(pool, 0);
}

/* Only the outer pool's own threads are refused. This call finds no result. */
static void a_thread_of_the_inner_pool_may_wait_for_the_outer(void **state)
{
	struct nest nest = { .asks_outer = true };
	struct par *pool = kit_open_action(nest_in_action, 1, NULL);

	kit_push(pool, &nest);
	EVENTUALLY(nest.done == 1);
	assert_int_equal(nest.outer_from_inside, -ETIMEDOUT);
	kit_close(pool, 0);
}

static int use_other(void *context, void *item, void **value)
{
	struct par_result *result = context;

	*value = (void *)(intptr_t)par_next(item, result);
	return par_close(item);
}

static void an_action_may_take_from_and_close_another_pool(void **state)
{
	struct par *other = open_ready((struct par_options){ .workers = 1 });
	struct par_result result, taken;
	struct par *pool = kit_open_action(use_other, 1, &taken);

	kit_push(pool, other);
	assert_int_equal(par_next(pool, &result), 1);
	assert_int_equal(result.error, 0);
	assert_ptr_equal(result.value, AS_ITEM(1));
	assert_ptr_equal(taken.value, other);
	kit_close(pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(par_self_is_null_on_the_programs_threads),
		KIT_TEST(par_self_is_the_pool_in_an_action),
		KIT_TEST(par_self_is_the_pool_in_the_generator),
		KIT_TEST(par_self_is_null_on_a_thread_that_an_action_starts),
		KIT_TEST(par_self_is_null_in_discard),
		KIT_TEST(waiting_in_an_action_is_refused),
		KIT_TEST(waiting_in_an_action_is_refused_after_a_cancel_too),
		KIT_TEST(waiting_in_an_action_is_refused_during_the_close_too),
		KIT_TEST(waiting_in_the_generator_is_refused),
		KIT_TEST(waiting_in_the_first_worker_open_is_refused),
		KIT_TEST(waiting_in_a_later_worker_open_is_refused),
		KIT_TEST(waiting_in_worker_close_is_refused),
		KIT_TEST(waiting_in_worker_close_is_refused_in_a_live_pool),
		KIT_TEST(an_action_may_open_drain_and_close_a_pool),
		KIT_TEST(a_generator_and_a_worker_open_may_too),
		KIT_TEST(a_thread_of_the_inner_pool_may_wait_for_the_outer),
		KIT_TEST(an_action_may_take_from_and_close_another_pool),
	};

	return cmocka_run_group_tests_name("self", tests, NULL, NULL);
}
