/* SPDX-License-Identifier: MIT */
/*
 * Who starts the workers, and when again: each is as the thread that opened the
 * pool, whoever pushes; and an attempt that failed is repeated by itself.
 */
#include "kit.h"

#include <fenv.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a thread takes after the one that starts it. */
struct nature {
	int nice, policy, priority, rounding;
	cpu_set_t cpus;
};

static struct nature look(void)
{
	struct nature mine = { .rounding = fegetround() };
	struct sched_param param;

	/* musl has no sched_setscheduler() that works. */
	mine.policy = (int)syscall(SYS_sched_getscheduler, 0);
	kit_check(syscall(SYS_sched_getparam, 0, &param) == 0,
		  "sched_getparam()");
	mine.priority = param.sched_priority;
	mine.nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
	kit_check(sched_getaffinity(0, sizeof mine.cpus, &mine.cpus) == 0,
		  "sched_getaffinity()");
	return mine;
}

static void assert_same(const struct nature *one, const struct nature *other)
{
	assert_int_equal(one->nice, other->nice);
	assert_int_equal(one->policy, other->policy);
	assert_int_equal(one->priority, other->priority);
	assert_int_equal(one->rounding, other->rounding);
	assert_true(CPU_EQUAL(&one->cpus, &other->cpus));
}

/* The calling thread is as no other: on the first of its processors alone, and
 * it stands back. */
static void change(void)
{
	struct nature mine = look();
	size_t first = 0;

	while (!CPU_ISSET(first, &mine.cpus))
		first++;
	CPU_ZERO(&mine.cpus);
	CPU_SET(first, &mine.cpus);
	kit_check(sched_setaffinity(0, sizeof mine.cpus, &mine.cpus) == 0,
		  "sched_setaffinity()");
	kit_check(setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 15) == 0,
		  "setpriority()");
	kit_check(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH,
			  &(struct sched_param){ 0 }) == 0,
		  "sched_setscheduler()");
	kit_check(fesetround(FE_UPWARD) == 0, "fesetround()");
}

/* Item 1 waits for item 2. So there are two workers. */
static struct gate second;
static struct nature worker[3];

static int act(void *unused, void *item, void **value)
{
	worker[AS_NUMBER(item)] = look();
	if (AS_NUMBER(item) == 1)
		gate_pass(&second);
	else
		gate_open(&second);
	return 0;
}

static void *change_and_push(void *pool)
{
	change();
	kit_push_number(pool, 2);
	return NULL;
}

static void a_worker_is_as_the_opener_whoever_pushes(void **state)
{
	const struct nature mine = look();
	struct par *pool = kit_open_action(act, 2, NULL);
	pthread_t pusher;

	gate_close(&second);
	kit_push_number(pool, 1);
	kit_start(&pusher, change_and_push, pool);
	kit_join(pusher);
	par_finish(pool);
	kit_assert_drains_once(pool, 2, 0);
	kit_close(pool, 0);
	assert_same(&worker[1], &mine);
	assert_same(&worker[2], &mine);
}

static int change_and_count(void *numbers, void **item)
{
	change();
	return numbers_next(numbers, item);
}

static void whoever_generates(void **state)
{
	const struct nature mine = look();
	struct numbers numbers = { .last = 2 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = act,
						.workers = 2,
						.generate = change_and_count,
						.source = &numbers });

	gate_close(&second);
	kit_assert_drains_once(pool, 2, 0);
	kit_close(pool, 0);
	assert_same(&worker[1], &mine);
	assert_same(&worker[2], &mine);
}

/* The first worker changes, and ends its thread. */
static int change_and_exit(void *unused, void *item, void **value)
{
	worker[AS_NUMBER(item)] = look();
	if (AS_NUMBER(item) == 1) {
		change();
		pthread_exit(NULL);
	}
	return 0;
}

static void a_worker_that_comes_after_another_too(void **state)
{
	const struct nature mine = look();
	struct par *pool = kit_open_action(change_and_exit, 1, NULL);

	kit_push_numbers(pool, 1, 2);
	par_finish(pool);
	kit_assert_drains_once(pool, 2, 0);
	kit_close(pool, 0);
	assert_same(&worker[1], &mine);
	assert_same(&worker[2], &mine);
}

/* It opens a pool for two items, and ends. */
struct opener {
	void (*become)(void);
	struct nature nature;
	struct par *pool;
};

static void *change_and_open(void *opener)
{
	const struct par_options options = { .action = act, .workers = 2 };
	struct opener *o = opener;

	o->become();
	o->nature = look();
	kit_check(par_open(&o->pool, &options) == 0, "no pool");
	return NULL;
}

static void check_opener(void (*become)(void))
{
	struct opener opener = { .become = become };
	pthread_t thread;

	gate_close(&second);
	kit_start(&thread, change_and_open, &opener);
	kit_join(thread);
	kit_push_numbers(opener.pool, 1, 2);
	par_finish(opener.pool);
	kit_assert_drains_once(opener.pool, 2, 0);
	kit_close(opener.pool, 0);
	assert_same(&worker[1], &opener.nature);
	assert_same(&worker[2], &opener.nature);
}

static void a_worker_is_as_an_unusual_opener(void **state)
{
	check_opener(change);
}

static bool set_real_time(void)
{
	const struct sched_param param = {
		.sched_priority = sched_get_priority_min(SCHED_RR) + 1
	};

	return syscall(SYS_sched_setscheduler, 0, SCHED_RR, &param) == 0;
}

static void be_real_time(void)
{
	kit_check(set_real_time(), "sched_setscheduler()");
}

static int try_real_time(void)
{
	return set_real_time();
}

static void as_one_with_a_real_time_priority(void **state)
{
	/* Most users may not have one. */
	if (kit_in_child(try_real_time))
		check_opener(be_real_time);
	else
		print_message("no real-time priority here\n");
}

/* What worker_open left in *state is not seen by the next worker in the seat.
 */
static atomic_uint states_seen;

static int note_state(void *unused, void **worker_state)
{
	atomic_fetch_add(&states_seen, *worker_state != NULL);
	*worker_state = &states_seen;
	return 0;
}

static void the_state_of_a_worker_goes_with_it(void **state)
{
	struct par *pool =
		kit_open(&(struct par_options){ .action = change_and_exit,
						.workers = 1,
						.worker_open = note_state });

	kit_push_numbers(pool, 1, 2);
	par_finish(pool);
	kit_assert_drains_once(pool, 2, 0);
	kit_close(pool, 0);
	assert_int_equal(atomic_load(&states_seen), 0);
}

/* worker_open fails once, at its second call. Item 1 waits for item 2, and
 * nothing else happens. */
static atomic_uint opens;

static int fail_second(void *unused, void **worker_state)
{
	return atomic_fetch_add(&opens, 1) == 1 ? 77 : 0;
}

static void an_attempt_is_repeated_though_nothing_happens(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = act, .workers = 2, .worker_open = fail_second });
	double before = kit_ms();

	atomic_store(&opens, 1);
	gate_close(&second);
	kit_push_numbers(pool, 1, 2);
	par_finish(pool);
	kit_assert_drains_once(pool, 2, 0);
	assert_true(kit_ms() - before >= 1000);
	assert_int_equal(atomic_load(&opens), 3);
	kit_close(pool, 0);
}

/* As long as items wait: at most one attempt a second, and none when the item
 * was run by the one worker that there is. */
static int fail_all_others(void *unused, void **worker_state)
{
	return atomic_fetch_add(&opens, 1) == 0 ? 0 : 77;
}

static void it_is_repeated_once_a_second_while_items_wait(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = NULL;
	double before;
	unsigned first, repeated;

	atomic_store(&opens, 0);
	pool = kit_open(
		&(struct par_options){ .action = action_item_gated,
				       .workers = 8,
				       .worker_open = fail_all_others });
	kit_push(pool, &gate);
	gate_await(&gate, 1);
	before = kit_ms();
	for (int i = 0; i < 50; i++)
		kit_push(pool, NULL);
	/* Some attempts may have begun before the first had failed. */
	EVENTUALLY(kit_stats(pool).refused == 77 &&
		   kit_stats(pool).workers == 1);
	first = atomic_load(&opens);
	assert_true(first <= 8 || kit_ms() - before >= 1000);
	EVENTUALLY(atomic_load(&opens) > first + 1);
	repeated = atomic_load(&opens) - first;
	assert_true(kit_ms() - before >= 1000.0 * repeated);
	gate_open(&gate);
	par_finish(pool);
	kit_assert_drains(pool, 51, 0);
	first = atomic_load(&opens);
	kit_close(pool, 0);
	assert_int_equal(atomic_load(&opens), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_worker_is_as_the_opener_whoever_pushes),
		KIT_TEST(whoever_generates),
		KIT_TEST(a_worker_that_comes_after_another_too),
		KIT_TEST(a_worker_is_as_an_unusual_opener),
		KIT_TEST(as_one_with_a_real_time_priority),
		KIT_TEST(the_state_of_a_worker_goes_with_it),
		KIT_TEST(an_attempt_is_repeated_though_nothing_happens),
		KIT_TEST(it_is_repeated_once_a_second_while_items_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
