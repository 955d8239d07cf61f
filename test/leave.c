/* SPDX-License-Identifier: MIT */
/*
 * Threads that end early: pthread_exit() in callbacks, and pthread_cancel() of
 * a thread in par_next().
 */
#include "kit.h"

#include <sched.h>
#include <unistd.h>

/*
 * pthread_exit.
 */

/* The workers' states: how many were opened and closed, and how many closed on
 * another thread. */
struct states {
	atomic_uint opens, closes, foreign;
	bool close_exits;
	unsigned open_exits; /* the n-th worker_open exits, from 1; 0: none */
};

struct state {
	struct states *states;
	pthread_t thread;
};

static int open_state(void *argument, void **state)
{
	struct states *states = argument;
	struct state *own = malloc(sizeof *own);

	if (!own)
		kit_die("out of memory");
	*own = (struct state){ states, pthread_self() };
	*state = own;
	if (atomic_fetch_add(&states->opens, 1) + 1 == states->open_exits) {
		free(own);
		pthread_exit(NULL);
	}
	return 0;
}

static void close_state(void *state)
{
	struct state *own = state;
	struct states *states = own->states;

	if (!pthread_equal(own->thread, pthread_self()))
		atomic_fetch_add(&states->foreign, 1);
	atomic_fetch_add(&states->closes, 1);
	free(own);
	if (states->close_exits)
		pthread_exit(NULL);
}

/* Ends its thread if the item is NULL. */
static int exit_at_null(void *state, void *item, void **value)
{
	return action_exit_at(NULL, item, value);
}

static struct par_options stateful(struct states *states, unsigned workers)
{
	return (struct par_options){ .action = exit_at_null,
				     .workers = workers,
				     .context = states,
				     .worker_open = open_state,
				     .worker_close = close_state };
}

static struct par *open_stateful(struct states *states, unsigned workers)
{
	const struct par_options options = stateful(states, workers);

	return kit_open(&options);
}

static void an_action_that_exits_closes_its_workers_state(void **state)
{
	struct states states = { 0 };
	struct par *pool = open_stateful(&states, 1);

	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, -EINTR);
	EVENTUALLY(states.closes == 1);
	assert_int_equal(states.foreign, 0);
	kit_close(pool, 0);
	assert_int_equal(states.opens, states.closes);
}

static void a_thousand_exits_pile_up_no_threads(void **state)
{
	struct states states = { 0 };
	struct par *pool = open_stateful(&states, 1);
	const unsigned threads = kit_threads();
	/* A thread that nobody joined keeps its stack. */
	const size_t space = kit_memory().address_space;

	for (int i = 0; i < 1000; i++) {
		kit_push(pool, NULL);
		assert_int_equal(kit_take(pool).error, -EINTR);
	}
	kit_push_number(pool, 1);
	assert_int_equal(kit_take(pool).error, 0);
	assert_int_equal(kit_stats(pool).workers, 1);
	EVENTUALLY(kit_threads() <= threads);
	assert_true(kit_memory().address_space < space + ((size_t)1 << 30));
	kit_close(pool, 0);
	assert_int_equal(states.opens, 1001);
	assert_int_equal(states.closes, 1001);
	assert_int_equal(states.foreign, 0);
}

static void a_generator_that_exits_has_failed_with_eintr(void **state)
{
	struct numbers numbers = { .last = 10 };
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 2,
				       .generate = numbers_next_or_exit,
				       .source = &numbers });
	struct par_result result;

	kit_assert_drains_once(pool, 10, -EINTR);
	assert_true(kit_stats(pool).ended);
	assert_int_equal(par_next(pool, &result), -EINTR);
	assert_int_equal(numbers.calls, 11);
	kit_close(pool, -EINTR);
}

static int exit_once_canceled(void *called, void **item)
{
	atomic_fetch_add((atomic_uint *)called, 1);
	EVENTUALLY(par_canceled(par_self()));
	pthread_exit(NULL);
}

static void a_generator_that_exits_after_a_cancel_has_not_failed(void **state)
{
	atomic_uint called = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = exit_once_canceled,
						.source = &called });
	struct par_result result;

	EVENTUALLY(atomic_load(&called) == 1);
	par_cancel(pool);
	assert_int_equal(par_next(pool, &result), 0);
	kit_close(pool, 0);
	assert_int_equal(called, 1);
}

static void a_first_worker_open_that_exits_fails_par_open(void **state)
{
	struct states states = { .open_exits = 1 };
	struct numbers numbers = { .last = 10 };
	struct par_options options = stateful(&states, 2);
	struct par *pool = (struct par *)&numbers;

	options.generate = numbers_next;
	options.source = &numbers;
	assert_int_equal(par_open(&pool, &options), -EINTR);
	assert_null(pool);
	assert_int_equal(states.closes, 0);
	assert_int_equal(numbers.calls, 0);
}

static void a_worker_close_that_exits_harms_no_close(void **state)
{
	struct states states = { .close_exits = true };
	struct par *pool = open_stateful(&states, 4);

	kit_push_numbers(pool, 1, 50);
	for (int i = 0; i < 50; i++)
		kit_take(pool);
	kit_close(pool, 0);
	assert_int_equal(states.opens, states.closes);
}

static void a_worker_close_that_exits_after_its_action_did_too(void **state)
{
	struct states states = { .close_exits = true };
	struct par *pool = open_stateful(&states, 1);

	for (int i = 0; i < 50; i++) {
		kit_push(pool, NULL);
		assert_int_equal(kit_take(pool).error, -EINTR);
		kit_push_number(pool, 1);
		assert_int_equal(kit_take(pool).error, 0);
	}
	kit_close(pool, 0);
	assert_int_equal(states.opens, states.closes);
}

/*
 * pthread_cancel.
 */

/* Cancels the thread of the taker, which is asleep. */
static void cancel_taker(struct taker *taker)
{
	void *end;

	assert_int_equal(pthread_cancel(taker->thread), 0);
	end = kit_join(taker->thread);
	assert_ptr_equal(end, PTHREAD_CANCELED);
}

static void a_thread_that_waits_in_par_next_can_be_canceled(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker taker;

	taker_start(&taker, pool);
	cancel_taker(&taker);
	kit_close(pool, 0);
}

static void *wait_timed(void *taker)
{
	struct taker *t = taker;
	struct par_result result;

	t->id = kit_task();
	par_next_timed(t->pool, &result, 1000 * KIT_PATIENCE);
	return NULL;
}

static void and_one_that_waits_for_some_time(void **state)
{
	struct taker taker = { .pool = kit_open_echo() };

	kit_start_asleep(&taker.thread, &taker.id, wait_timed, &taker);
	cancel_taker(&taker);
	kit_close(taker.pool, 0);
}

static void *wait_for_two(void *taker)
{
	struct taker *t = taker;
	struct par_result results[2];

	t->id = kit_task();
	par_next_many(t->pool, results, 2, 2, -1);
	return NULL;
}

/* One is ready, and it stays so. */
static void and_one_that_waits_for_several(void **state)
{
	struct taker taker = { .pool = kit_open_echo() };

	kit_push_number(taker.pool, 1);
	EVENTUALLY(kit_stats(taker.pool).ready == 1);
	kit_start_asleep(&taker.thread, &taker.id, wait_for_two, &taker);
	cancel_taker(&taker);
	assert_ptr_equal(kit_take(taker.pool).item, AS_ITEM(1));
	kit_finish(taker.pool);
}

static void no_lock_stays_held(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker taker;

	taker_start(&taker, pool);
	cancel_taker(&taker);
	assert_int_equal(kit_stats(pool).entered, 0);
	kit_push_number(pool, 1);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	kit_close(pool, 0);
}

static void the_others_go_on_waiting(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker takers[3];

	takers_start(takers, 3, pool);
	cancel_taker(&takers[1]);
	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	for (int i = 0; i < 3; i += 2) {
		taker_join(&takers[i]);
		assert_int_equal(takers[i].rc, 1);
	}
	kit_close(pool, 0);
}

/* A thread is canceled just when a result comes. Either it takes the result and
 * returns, or the result goes to another thread that waits. */
static void a_cancel_that_races_a_result_loses_none(void **state)
{
	struct par *pool = kit_open_echo();

	for (int i = 0; i < 200; i++) {
		struct taker first, second;
		bool canceled;
		void *end;

		taker_start(&second, pool);
		taker_start(&first, pool); /* the last to come is woken first */
		kit_push_number(pool, 1);
		for (int yields = i % 8; yields > 0; yields--)
			sched_yield();
		pthread_cancel(first.thread);
		end = kit_join(first.thread);
		canceled = end == PTHREAD_CANCELED;
		if (!canceled)
			kit_push_number(pool, 2);
		taker_join(&second);
		assert_int_equal(second.rc, 1);
		assert_int_equal(kit_stats(pool).ready, 0);
		assert_int_equal(kit_stats(pool).delivered,
				 kit_stats(pool).entered);
	}
	kit_close(pool, 0);
}

/* Each drainer is canceled at another moment of the stream, and replaced by a
 * new one. The stream ends after the last cancel. A drainer that was canceled
 * has seen in the tally all that it took, because it can only be canceled while
 * it waits in par_next(). */
static void a_hundred_cancels_lose_nothing_of_a_stream(void **state)
{
	enum { THREADS = 3 };
	static const uintptr_t cancels = 100, apart = 20;
	struct numbers numbers = { .last = cancels * apart };
	struct gate hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers = numbers,
					.at = numbers.last,
					.hold = &hold };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.generate = gated_numbers_next,
						.source = &source,
						.window = 4 });
	struct drainer drainers[THREADS];
	struct tally tally;
	void *end;

	tally_open(&tally, numbers.last);
	for (int i = 0; i < THREADS; i++)
		drainer_start(&drainers[i], pool, &tally);
	for (uintptr_t i = 0; i < cancels; i++) {
		struct drainer *one = &drainers[i % THREADS];

		EVENTUALLY(kit_stats(pool).delivered >= i * apart);
		assert_int_equal(pthread_cancel(one->thread), 0);
		end = kit_join(one->thread);
		assert_ptr_equal(end, PTHREAD_CANCELED);
		drainer_start(one, pool, &tally);
	}
	gate_open(&hold);
	for (int i = 0; i < THREADS; i++)
		kit_join(drainers[i].thread);
	tally_assert_once(&tally);
	tally_close(&tally);
	kit_close(pool, 0);
}

/* A thread cancels itself, and then makes calls that do not wait. */
struct condemned {
	struct par *pool;
	struct par_result result;
	int next, timed, push, end;
	bool done;
};

static void *call_condemned(void *argument)
{
	struct condemned *me = argument;

	pthread_cancel(pthread_self());
	me->next = par_next(me->pool, &me->result);
	me->timed = par_next_timed(me->pool, &me->result, 0);
	me->push = par_push(me->pool, AS_ITEM(3));
	par_finish(me->pool);
	par_cancel(me->pool);
	while ((me->end = par_next_timed(me->pool, &me->result, 0)) != 0)
		sched_yield();
	me->end = par_next(me->pool, &me->result);
	me->done = true;
	pthread_testcancel();
	return NULL;
}

static void a_thread_that_need_not_wait_is_not_canceled(void **state)
{
	struct condemned condemned = { .pool = kit_open_echo(), .end = -1 };
	pthread_t thread;
	void *end;

	/* With descriptors the pool reads and writes, and those are
	 * cancellation points. */
	assert_true(par_fd(condemned.pool) >= 0);
	assert_true(par_cancel_fd(condemned.pool) >= 0);
	kit_push(condemned.pool, AS_ITEM(1));
	kit_push(condemned.pool, AS_ITEM(2));
	EVENTUALLY(kit_stats(condemned.pool).ready == 2);
	kit_start(&thread, call_condemned, &condemned);
	end = kit_join(thread);
	assert_ptr_equal(end, PTHREAD_CANCELED);
	assert_true(condemned.done);
	assert_int_equal(condemned.next, 1);
	assert_int_equal(condemned.timed, 1);
	assert_int_equal(condemned.push, 0);
	assert_int_equal(condemned.end, 0);
	kit_close(condemned.pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(an_action_that_exits_closes_its_workers_state),
		KIT_TEST(a_thousand_exits_pile_up_no_threads),
		KIT_TEST(a_generator_that_exits_has_failed_with_eintr),
		KIT_TEST(a_generator_that_exits_after_a_cancel_has_not_failed),
		KIT_TEST(a_first_worker_open_that_exits_fails_par_open),
		KIT_TEST(a_worker_close_that_exits_harms_no_close),
		KIT_TEST(a_worker_close_that_exits_after_its_action_did_too),
		KIT_TEST(a_thread_that_waits_in_par_next_can_be_canceled),
		KIT_TEST(and_one_that_waits_for_some_time),
		KIT_TEST(and_one_that_waits_for_several),
		KIT_TEST(no_lock_stays_held),
		KIT_TEST(the_others_go_on_waiting),
		KIT_TEST(a_cancel_that_races_a_result_loses_none),
		KIT_TEST(a_hundred_cancels_lose_nothing_of_a_stream),
		KIT_TEST(a_thread_that_need_not_wait_is_not_canceled),
	};

	return cmocka_run_group_tests_name("leave", tests, NULL, NULL);
}
