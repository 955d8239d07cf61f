/* SPDX-License-Identifier: MIT */
/*
 * Threads that leave: pthread_exit() in the program's callbacks,
 * pthread_cancel() of a thread in par_next().
 */
#include "kit.h"

#include <sched.h>
#include <unistd.h>

static void push(struct par *pool, void *item)
{
	assert_int_equal(par_push(pool, item), 0);
}

/*
 * pthread_exit.
 */

/* What each worker holds, and who opened and closed it. */
struct states {
	atomic_uint opens, closes, foreign;
	bool close_exits;
	unsigned open_exits; /* the n-th, from 1 */
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

/* NULL exits. */
static int exit_at_null(void *state, void *item, void **value)
{
	if (!item)
		pthread_exit(NULL);
	*value = item;
	return 0;
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

	push(pool, NULL);
	assert_int_equal(kit_take(pool).error, -EINTR);
	EVENTUALLY(states.closes == 1);
	assert_int_equal(states.foreign, 0);
	kit_close(pool, 0);
	assert_int_equal(states.opens, states.closes);
}

/* A thread that nobody joined keeps its stack. */
static size_t address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (!file || fscanf(file, "%zu", &pages) != 1)
		kit_die("needs /proc");
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void a_thousand_exits_pile_up_no_threads(void **state)
{
	struct states states = { 0 };
	struct par *pool = open_stateful(&states, 1);
	const unsigned threads = kit_threads();
	const size_t space = address_space();

	for (int i = 0; i < 1000; i++) {
		push(pool, NULL);
		assert_int_equal(kit_take(pool).error, -EINTR);
	}
	push(pool, AS_ITEM(1));
	assert_int_equal(kit_take(pool).error, 0);
	assert_int_equal(kit_stats(pool).workers, 1);
	EVENTUALLY(kit_threads() <= threads);
	assert_true(address_space() < space + ((size_t)1 << 30));
	kit_close(pool, 0);
	assert_int_equal(states.opens, 1001);
	assert_int_equal(states.closes, 1001);
	assert_int_equal(states.foreign, 0);
}

/* Numbers, then the thread's end. */
static int exit_at_the_end(void *numbers, void **item)
{
	int rc = numbers_next(numbers, item);

	if (rc <= 0)
		pthread_exit(NULL);
	return rc;
}

static void a_generator_that_exits_has_failed_with_eintr(void **state)
{
	struct numbers numbers = { .last = 10 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.generate = exit_at_the_end,
						.source = &numbers });
	struct par_result result;
	struct tally tally;
	int end;

	tally_open(&tally, 10);
	assert_int_equal(kit_drain(pool, &tally, &end), 10);
	tally_assert_once(&tally);
	tally_close(&tally);
	assert_int_equal(end, -EINTR);
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

	for (uintptr_t i = 1; i <= 50; i++)
		push(pool, AS_ITEM(i));
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
		push(pool, NULL);
		assert_int_equal(kit_take(pool).error, -EINTR);
		push(pool, AS_ITEM(1));
		assert_int_equal(kit_take(pool).error, 0);
	}
	kit_close(pool, 0);
	assert_int_equal(states.opens, states.closes);
}

/*
 * pthread_cancel.
 */

static struct par *open_echo(void)
{
	return kit_open(
		&(struct par_options){ .action = action_echo, .workers = 1 });
}

/* The thread of the taker is canceled where it sleeps. */
static void cancel_taker(struct taker *taker)
{
	void *end;

	assert_int_equal(pthread_cancel(taker->thread), 0);
	assert_int_equal(pthread_join(taker->thread, &end), 0);
	assert_ptr_equal(end, PTHREAD_CANCELED);
}

static void a_thread_that_waits_in_par_next_can_be_canceled(void **state)
{
	struct par *pool = open_echo();
	struct taker taker;

	taker_start(&taker, pool);
	cancel_taker(&taker);
	kit_close(pool, 0);
}

static void *wait_timed(void *pool)
{
	struct par_result result;

	par_next_timed(pool, &result, 1000 * KIT_PATIENCE);
	return NULL;
}

static void and_one_that_waits_for_some_time(void **state)
{
	struct taker taker = { .pool = open_echo() };

	assert_int_equal(
		pthread_create(&taker.thread, NULL, wait_timed, taker.pool), 0);
	cancel_taker(&taker);
	kit_close(taker.pool, 0);
}

static void no_lock_stays_held(void **state)
{
	struct par *pool = open_echo();
	struct taker taker;

	taker_start(&taker, pool);
	cancel_taker(&taker);
	assert_int_equal(kit_stats(pool).entered, 0);
	push(pool, AS_ITEM(1));
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	kit_close(pool, 0);
}

static void the_others_go_on_waiting(void **state)
{
	struct par *pool = open_echo();
	struct taker takers[3];

	for (int i = 0; i < 3; i++)
		taker_start(&takers[i], pool);
	cancel_taker(&takers[1]);
	push(pool, AS_ITEM(1));
	push(pool, AS_ITEM(2));
	for (int i = 0; i < 3; i += 2) {
		taker_join(&takers[i]);
		assert_int_equal(takers[i].rc, 1);
	}
	kit_close(pool, 0);
}

/* A thread that is canceled just when a result comes either takes it and
 * returns, or leaves it, and the call with it, to one that waits. */
static void a_cancel_that_races_a_result_loses_none(void **state)
{
	struct par *pool = open_echo();

	for (int i = 0; i < 200; i++) {
		struct taker first, second;
		bool canceled;
		void *end;

		taker_start(&second, pool);
		taker_start(&first, pool); /* the last to come is called */
		push(pool, AS_ITEM(1));
		for (int yields = i % 8; yields > 0; yields--)
			sched_yield();
		pthread_cancel(first.thread);
		pthread_join(first.thread, &end);
		canceled = end == PTHREAD_CANCELED;
		if (!canceled)
			push(pool, AS_ITEM(2));
		taker_join(&second);
		assert_int_equal(second.rc, 1);
		assert_int_equal(kit_stats(pool).ready, 0);
		assert_int_equal(kit_stats(pool).delivered,
				 kit_stats(pool).entered);
	}
	kit_close(pool, 0);
}

/* One of the threads that take a stream of numbers. */
struct streamer {
	struct par *pool;
	struct tally *tally;
	pthread_t thread;
};

static void *stream(void *argument)
{
	struct streamer *me = argument;

	kit_drain(me->pool, me->tally, NULL);
	return NULL;
}

static void streamer_start(struct streamer *me)
{
	assert_int_equal(pthread_create(&me->thread, NULL, stream, me), 0);
}

/* Each is canceled at another moment of the stream, which ends only then, and
 * has a successor. What one has taken it has seen: it waits nowhere else. */
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
	struct streamer streamers[THREADS];
	struct tally tally;
	void *end;

	tally_open(&tally, numbers.last);
	for (int i = 0; i < THREADS; i++) {
		streamers[i] = (struct streamer){ pool, &tally, 0 };
		streamer_start(&streamers[i]);
	}
	for (uintptr_t i = 0; i < cancels; i++) {
		struct streamer *one = &streamers[i % THREADS];

		EVENTUALLY(kit_stats(pool).delivered >= i * apart);
		assert_int_equal(pthread_cancel(one->thread), 0);
		assert_int_equal(pthread_join(one->thread, &end), 0);
		assert_ptr_equal(end, PTHREAD_CANCELED);
		streamer_start(one);
	}
	gate_open(&hold);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(streamers[i].thread, NULL), 0);
	tally_assert_once(&tally);
	tally_close(&tally);
	kit_close(pool, 0);
}

/* With a cancel of itself pending, makes calls that do not wait. */
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
	struct condemned condemned = { .pool = open_echo(), .end = -1 };
	pthread_t thread;
	void *end;

	/* The descriptors are read and written: calls that can be canceled. */
	assert_true(par_fd(condemned.pool) >= 0);
	assert_true(par_cancel_fd(condemned.pool) >= 0);
	push(condemned.pool, AS_ITEM(1));
	push(condemned.pool, AS_ITEM(2));
	EVENTUALLY(kit_stats(condemned.pool).ready == 2);
	assert_int_equal(
		pthread_create(&thread, NULL, call_condemned, &condemned), 0);
	assert_int_equal(pthread_join(thread, &end), 0);
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
		KIT_TEST(no_lock_stays_held),
		KIT_TEST(the_others_go_on_waiting),
		KIT_TEST(a_cancel_that_races_a_result_loses_none),
		KIT_TEST(a_hundred_cancels_lose_nothing_of_a_stream),
		KIT_TEST(a_thread_that_need_not_wait_is_not_canceled),
	};

	return cmocka_run_group_tests_name("leave", tests, NULL, NULL);
}
