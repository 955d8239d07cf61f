/* SPDX-License-Identifier: MIT */
/*
 * par_limit(): how many actions are under way at once. And the workers that
 * leave when they are idle (par_options.idle_ms).
 */
#include "kit.h"

#include <signal.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* How many are in the action, and the most there ever were. */
struct crowd {
	atomic_uint now, most;
	struct gate gate;
};

static int join_crowd(void *crowd, void *item, void **value)
{
	struct crowd *c = crowd;
	unsigned now = atomic_fetch_add(&c->now, 1) + 1;
	unsigned most = atomic_load(&c->most);

	while (now > most &&
	       !atomic_compare_exchange_weak(&c->most, &most, now))
		;
	gate_pass(&c->gate);
	action_dawdle(NULL, item, value);
	atomic_fetch_sub(&c->now, 1);
	return 0;
}

static void bad_limits_are_einval(void **state)
{
	struct par *pool = kit_open_action(action_echo, 3, NULL);

	assert_int_equal(par_limit(NULL, 1), -EINVAL);
	assert_int_equal(par_limit(pool, 4), -EINVAL);
	assert_int_equal(kit_stats(pool).limit, 3);
	errno = KIT_ERRNO;
	assert_int_equal(par_limit(pool, 2), 0);
	assert_int_equal(errno, KIT_ERRNO);
	assert_int_equal(kit_stats(pool).limit, 2);
	kit_close(pool, 0);
}

static void no_more_are_under_way(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool;

	for (unsigned limit = 1; limit <= 3; limit++) {
		atomic_store(&crowd.most, 0);
		gate_close(&crowd.gate);
		pool = kit_open(&(struct par_options){ .action = join_crowd,
						       .workers = 8,
						       .context = &crowd });
		assert_int_equal(par_limit(pool, limit), 0);
		kit_push_numbers(pool, 1, 500);
		par_finish(pool);
		gate_await(&crowd.gate, limit);
		kit_linger();
		assert_int_equal(kit_stats(pool).running, limit);
		assert_true(kit_stats(pool).workers <= limit);
		gate_open(&crowd.gate);
		kit_assert_drains_once(pool, 500, 0);
		assert_int_equal(crowd.most, limit);
		kit_close(pool, 0);
	}
}

static void a_raise_starts_what_waits(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool = kit_open_action(join_crowd, 8, &crowd);

	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_numbers(pool, 1, 8);
	kit_linger();
	assert_int_equal(kit_stats(pool).started, 0);
	for (unsigned limit = 1; limit <= 8; limit++) {
		assert_int_equal(par_limit(pool, limit), 0);
		gate_await(&crowd.gate, limit);
	}
	gate_open(&crowd.gate);
	kit_take_many(pool, 8);
	kit_finish(pool);
}

/* worker_open of the workers 1 and 2 takes as long as the test. */
static atomic_int openings;
static struct gate opening = GATE_CLOSED;

static int open_slowly(void *crowd, void **state)
{
	const int number = atomic_fetch_add(&openings, 1);

	*state = crowd;
	if (number == 1 || number == 2)
		gate_pass(&opening);
	return 0;
}

/* A pool with three items, of which two wait for a worker_open. */
static struct par *open_for_three(struct crowd *crowd)
{
	struct par *pool;

	atomic_store(&openings, 0);
	gate_close(&opening);
	pool = kit_open(&(struct par_options){ .action = join_crowd,
					       .workers = 8,
					       .context = crowd,
					       .worker_open = open_slowly });
	kit_push_numbers(pool, 1, 3);
	EVENTUALLY(atomic_load(&openings) == 3);
	return pool;
}

/* The items that were queued ask for no worker until the limit is raised, and
 * then they do not wait for a worker_open that is under way. */
static void a_raise_waits_for_no_worker_open(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool = open_for_three(&crowd);

	gate_open(&crowd.gate);
	kit_take_many(pool, 3);
	gate_close(&crowd.gate);
	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_numbers(pool, 4, 6);
	assert_int_equal(par_limit(pool, 8), 0);
	EVENTUALLY(kit_stats(pool).running == 3);
	gate_open(&opening);
	gate_open(&crowd.gate);
	kit_take_many(pool, 3);
	kit_finish(pool);
}

/* Nor does it start more workers than there are items, if it is none. */
static void a_limit_that_stays_starts_no_worker(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool = open_for_three(&crowd);

	assert_int_equal(par_limit(pool, 8), 0);
	kit_linger();
	assert_int_equal(kit_stats(pool).workers, 3);
	gate_open(&opening);
	gate_open(&crowd.gate);
	kit_take_many(pool, 3);
	kit_finish(pool);
}

/* What runs goes on. */
static void a_lower_limit_starts_nothing_more(void **state)
{
	struct numbers numbers = { .last = 20 };
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = join_crowd,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers,
						.context = &crowd });

	gate_await(&crowd.gate, 4);
	assert_int_equal(par_limit(pool, 0), 0);
	gate_open(&crowd.gate);
	kit_take_many(pool, 4);
	kit_assert_waits(pool);
	/* The generator goes on while there is room. */
	EVENTUALLY(kit_stats(pool).entered == 20);
	assert_int_equal(kit_stats(pool).started, 4);
	assert_int_equal(par_limit(pool, 1), 0);
	kit_take_many(pool, 16);
	kit_close_ended(pool, 0);
}

static void at_limit_0_a_cancel_and_a_close_work(void **state)
{
	struct par *pool = kit_open_action(action_echo, 2, NULL);

	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_numbers(pool, 1, 3);
	par_cancel(pool);
	for (int i = 0; i < 3; i++)
		assert_int_equal(kit_take(pool).error, -ECANCELED);
	kit_close_ended(pool, 0);
	pool = kit_open_action(action_echo, 2, NULL);
	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_numbers(pool, 1, 3);
	kit_close(pool, 0);
}

/* While items run, in a stream without a lock. */
static void it_may_change_all_the_time(void **state)
{
	struct numbers numbers = { .last = 2000 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers });
	struct drainer drainer;
	struct tally tally;

	tally_open(&tally, 2000);
	drainer_start(&drainer, pool, &tally);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(par_limit(pool, i % 5), 0);
	assert_int_equal(par_limit(pool, 4), 0);
	kit_join(drainer.thread);
	tally_assert_once(&tally);
	tally_close(&tally);
	kit_close(pool, 0);
}

/*
 * Idle workers.
 */

static atomic_uint opened, closed;

static int count_open(void *context, void **state)
{
	atomic_fetch_add(&opened, 1);
	*state = context;
	return 0;
}

static void count_close(void *state)
{
	atomic_fetch_add(&closed, 1);
}

static void idle_workers_leave_but_for_one(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool;
	double before;

	atomic_store(&opened, 0);
	atomic_store(&closed, 0);
	pool = kit_open(&(struct par_options){ .action = join_crowd,
					       .workers = 6,
					       .context = &crowd,
					       .worker_open = count_open,
					       .worker_close = count_close,
					       .idle_ms = 20 });
	for (int round = 0; round < 3; round++) {
		gate_close(&crowd.gate);
		kit_push_numbers(pool, 1, 6);
		gate_await(&crowd.gate, 6);
		assert_int_equal(kit_stats(pool).workers, 6);
		before = kit_ms();
		gate_open(&crowd.gate);
		kit_take_many(pool, 6);
		EVENTUALLY(kit_stats(pool).workers == 1);
		/* Not earlier. */
		assert_true(kit_ms() - before >= 20);
		kit_linger();
		assert_int_equal(kit_stats(pool).workers, 1);
		assert_int_equal(closed, opened - 1);
	}
	kit_finish(pool);
	assert_int_equal(closed, opened);
}

/* Four run, and the limit becomes 1. When they have ended, one of three items
 * that wait is run: the other workers find nothing to do. */
static void check_above_the_limit(unsigned idle_ms, unsigned workers)
{
	struct gate first = GATE_CLOSED, second = GATE_CLOSED;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_item_gated,
						.workers = 4,
						.idle_ms = idle_ms });

	for (int i = 0; i < 4; i++)
		kit_push(pool, &first);
	gate_await(&first, 4);
	assert_int_equal(par_limit(pool, 1), 0);
	for (int i = 0; i < 3; i++)
		kit_push(pool, &second);
	gate_open(&first);
	kit_take_many(pool, 4);
	gate_await(&second, 1);
	EVENTUALLY(kit_stats(pool).workers <= workers);
	kit_linger();
	assert_int_equal(kit_stats(pool).workers, workers);
	assert_int_equal(kit_stats(pool).queued, 2);
	gate_open(&second);
	kit_take_many(pool, 3);
	kit_finish(pool);
}

/* One that is idle stays. */
static void workers_above_the_limit_rest_and_leave(void **state)
{
	check_above_the_limit(0, 4);
	check_above_the_limit(1, 2);
}

/* The tasks of the worker that came first and of the one that left last. */
static atomic_int first_task, last_task;

static int note_first(void *unused, void **state)
{
	int none = 0;

	atomic_compare_exchange_strong(&first_task, &none, kit_task());
	return 0;
}

static void note_last(void *unused)
{
	atomic_store(&last_task, kit_task());
}

/* A stay of a worker in an action. */
struct stay {
	struct gate gate;
	atomic_int task;
};

static int note_task(void *unused, void *item, void **value)
{
	struct stay *stay = item;

	atomic_store(&stay->task, kit_task());
	gate_pass(&stay->gate);
	return 0;
}

/* Both workers are in an action. */
static void occupy(struct par *pool, struct stay *stays)
{
	for (int i = 0; i < 2; i++) {
		gate_close(&stays[i].gate);
		kit_push(pool, &stays[i]);
		gate_await(&stays[i].gate, 1);
	}
}

static unsigned end_stay(struct par *pool, struct stay *stay)
{
	gate_open(&stay->gate);
	return kit_take(pool).worker;
}

static void the_first_worker_may_leave_and_its_number_comes_again(void **state)
{
	struct stay stays[2] = { { .gate = GATE_CLOSED },
				 { .gate = GATE_CLOSED } };
	struct par *pool;
	int first;

	atomic_store(&first_task, 0);
	pool = kit_open(&(struct par_options){ .action = note_task,
					       .workers = 2,
					       .worker_open = note_first,
					       .worker_close = note_last,
					       .idle_ms = 1 });
	occupy(pool, stays);
	/* The first is idle for longer. */
	first = stays[0].task == first_task ? 0 : 1;
	assert_int_equal(end_stay(pool, &stays[first]), 0);
	EVENTUALLY(kit_is_asleep(first_task));
	assert_int_equal(end_stay(pool, &stays[1 - first]), 1);
	EVENTUALLY(kit_stats(pool).workers == 1);
	assert_int_equal(last_task, first_task);
	occupy(pool, stays);
	assert_int_equal(end_stay(pool, &stays[0]) + end_stay(pool, &stays[1]),
			 1);
	kit_finish(pool);
}

/* In pages. 0 if the system does not say, and in an emulator of 32 bits, which
 * holds all addresses that there are. */
static unsigned long address_space(void)
{
	const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (statm && fscanf(statm, "%lu", &pages) != 1)
		pages = 0;
	if (statm)
		fclose(statm);
	return pages < SIZE_MAX / page ? pages : 0;
}

/* One more worker comes and leaves. It joins two that left before. */
static bool is_below(struct par *pool, struct gate *gate, unsigned long pages)
{
	gate_close(gate);
	kit_push_numbers(pool, 1, 2);
	gate_await(gate, 2);
	gate_open(gate);
	kit_take_many(pool, 2);
	EVENTUALLY(kit_stats(pool).workers == 1);
	return address_space() < pages;
}

/* The system may keep some stacks for threads to come. */
static void who_has_left_has_no_stack(void **state)
{
	enum { WORKERS = 40, STACK = 16 << 20 };
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool = kit_open(&(struct par_options){ .action = join_crowd,
							   .workers = WORKERS,
							   .context = &crowd,
							   .stack_size = STACK,
							   .idle_ms = 1 });
	const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	unsigned long before;

#ifdef __GLIBC__
	/* A thread that frees memory must not bring 64 MiB of its own. */
	mallopt(M_ARENA_MAX, 1);
#endif
	kit_push_numbers(pool, 1, WORKERS);
	gate_await(&crowd.gate, WORKERS);
	before = address_space();
	gate_open(&crowd.gate);
	kit_take_many(pool, WORKERS);
	EVENTUALLY(kit_stats(pool).workers == 1);
	if (before > 0)
		EVENTUALLY(is_below(pool, &crowd.gate,
				    before - WORKERS / 2 * (STACK / page)));
	kit_finish(pool);
}

/* Data of a worker's thread. Its destructor waits at the gate. */
static pthread_key_t data;
static struct gate destructors = GATE_CLOSED;

static void pass_gate(void *gate)
{
	gate_pass(gate);
}

static int leave_data(void *crowd, void *item, void **value)
{
	pthread_setspecific(data, &destructors);
	return join_crowd(crowd, item, value);
}

static void a_slow_destructor_holds_up_no_other(void **state)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool = kit_open(&(struct par_options){ .action = leave_data,
							   .workers = 4,
							   .context = &crowd,
							   .idle_ms = 1 });

	assert_int_equal(pthread_key_create(&data, pass_gate), 0);
	gate_close(&destructors);
	kit_push_numbers(pool, 1, 4);
	gate_await(&crowd.gate, 4);
	gate_open(&crowd.gate);
	kit_take_many(pool, 4);
	gate_await(&destructors, 3);
	gate_open(&destructors);
	kit_finish(pool);
	pthread_key_delete(data);
}

static int exit_with_data(void *unused, void *item, void **value)
{
	sigset_t set;

	if (item) {
		/* A thread that ends gets no signal from the library. */
		sigfillset(&set);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		pthread_setspecific(data, &destructors);
		pthread_exit(NULL);
	}
	return 0;
}

/* The next worker in the seat does not wait for the destructor, nor does the
 * one after that. (A worker that has left waits for its predecessor: of three
 * destructors one has begun.) */
static void a_slow_destructor_holds_up_no_item(void **state)
{
	struct par *pool = kit_open_action(exit_with_data, 1, NULL);

	assert_int_equal(pthread_key_create(&data, pass_gate), 0);
	gate_close(&destructors);
	for (int round = 0; round < 3; round++) {
		kit_push_number(pool, 1);
		assert_int_equal(kit_take(pool).error, -EINTR);
		gate_await(&destructors, 1);
		kit_push_number(pool, 0);
		assert_int_equal(kit_take(pool).error, 0);
	}
	gate_open(&destructors);
	kit_finish(pool);
	pthread_key_delete(data);
}

/* Passes the gate of its number, which is counted from 1. */
static int pass_own_gate(void *gates, void *item, void **value)
{
	gate_pass((struct gate *)gates + AS_NUMBER(item) - 1);
	return 0;
}

/* Also of those that began without anybody's knowing. */
static void it_counts_all_that_are_under_way(void **state)
{
	struct gate gates[] = { GATE_CLOSED, GATE_CLOSED, GATE_CLOSED,
				GATE_CLOSED, GATE_CLOSED, GATE_CLOSED };
	struct gate hold = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 6,
					.at = 6,
					.hold = &hold };
	struct par *pool =
		kit_open(&(struct par_options){ .action = pass_own_gate,
						.workers = 3,
						.generate = gated_numbers_next,
						.source = &source,
						.context = gates });

	gate_await(&hold, 1);
	for (int i = 0; i < 5; i++) {
		gate_await(&gates[i], 1);
		if (i < 2)
			gate_open(&gates[i]);
	}
	assert_true(par_fd(pool) >= 0);
	assert_int_equal(par_limit(pool, 2), 0);
	gate_open(&gates[2]);
	kit_linger();
	assert_int_equal(gate_arrived(&gates[5]), 0);
	assert_int_equal(kit_stats(pool).running, 2);
	gate_open(&gates[3]);
	gate_await(&gates[5], 1);
	gate_open(&gates[4]);
	gate_open(&gates[5]);
	gate_open(&hold);
	kit_take_many(pool, 6);
	kit_close_ended(pool, 0);
}

static void check_that_they_stay(unsigned idle_ms)
{
	struct crowd crowd = { .gate = GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = join_crowd,
						.workers = 4,
						.context = &crowd,
						.idle_ms = idle_ms });

	kit_push_numbers(pool, 1, 4);
	gate_await(&crowd.gate, 4);
	gate_open(&crowd.gate);
	kit_take_many(pool, 4);
	kit_linger();
	assert_int_equal(kit_stats(pool).workers, 4);
	kit_finish(pool);
}

static void before_that_time_and_without_the_option_they_stay(void **state)
{
	check_that_they_stay(0);
	check_that_they_stay(1000 * KIT_PATIENCE);
}

/* Items come all the time, as workers leave and others are started. */
static void nothing_is_lost_as_they_leave(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 4, .idle_ms = 1 });

	for (uintptr_t i = 0; i < 300; i++) {
		kit_push_numbers(pool, 1, 1 + i % 4);
		kit_take_many(pool, 1 + (unsigned)i % 4);
		if (i % 30 == 0)
			EVENTUALLY(kit_stats(pool).workers == 1);
	}
	kit_finish(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(bad_limits_are_einval),
		KIT_TEST(no_more_are_under_way),
		KIT_TEST(a_raise_starts_what_waits),
		KIT_TEST(a_raise_waits_for_no_worker_open),
		KIT_TEST(a_limit_that_stays_starts_no_worker),
		KIT_TEST(a_lower_limit_starts_nothing_more),
		KIT_TEST(at_limit_0_a_cancel_and_a_close_work),
		KIT_TEST(it_may_change_all_the_time),
		KIT_TEST(idle_workers_leave_but_for_one),
		KIT_TEST(workers_above_the_limit_rest_and_leave),
		KIT_TEST(the_first_worker_may_leave_and_its_number_comes_again),
		KIT_TEST(who_has_left_has_no_stack),
		KIT_TEST(a_slow_destructor_holds_up_no_other),
		KIT_TEST(a_slow_destructor_holds_up_no_item),
		KIT_TEST(it_counts_all_that_are_under_way),
		KIT_TEST(before_that_time_and_without_the_option_they_stay),
		KIT_TEST(nothing_is_lost_as_they_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
