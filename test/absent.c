/* SPDX-License-Identifier: MIT */
/*
 * A thread that was woken and does not come: here a signal handler keeps it. It
 * holds up no other thread of its kind, whether somebody calls the library
 * meanwhile or nobody does.
 */
#include "kit.h"

#include <signal.h>
#include <unistd.h>

/* A thread in the handler reads from the pipe, until the test closes it. */
static int release[2];
static atomic_uint absent;

static void stay(int signal)
{
	const int saved = errno;
	char byte;

	atomic_fetch_add(&absent, 1);
	while (read(release[0], &byte, 1) < 0)
		;
	atomic_fetch_sub(&absent, 1);
	errno = saved;
}

/* The thread, which sleeps in the library, goes into the handler. */
static void keep(pthread_t thread)
{
	struct sigaction action = { .sa_handler = stay };

	sigemptyset(&action.sa_mask);
	assert_int_equal(pipe(release), 0);
	assert_int_equal(sigaction(SIGPROF, &action, NULL), 0);
	assert_int_equal(pthread_kill(thread, SIGPROF), 0);
	EVENTUALLY(atomic_load(&absent) == 1);
}

/* It was there all the time, and goes on. */
static void let_go(void)
{
	assert_int_equal(atomic_load(&absent), 1);
	close(release[1]);
	EVENTUALLY(atomic_load(&absent) == 0);
	close(release[0]);
}

static void a_result_is_for_another_consumer(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker takers[2];

	takers_start(takers, 2, pool);
	keep(takers[1].thread);
	kit_push_number(pool, 1);
	taker_join(&takers[0]);
	assert_int_equal(takers[0].rc, 1);
	kit_push_number(pool, 2);
	let_go();
	taker_join(&takers[1]);
	assert_int_equal(takers[1].rc, 1);
	kit_finish(pool);
}

/* An action records its thread, and passes the gate that is its item, unless
 * that is NULL. */
enum { WORKERS = 3 };
static _Atomic(pthread_t) last_thread;
static atomic_int last_task;

static int record(void *context, void *gate, void **value)
{
	last_thread = pthread_self();
	last_task = kit_task();
	return action_item_gated(context, gate, value);
}

/* All workers run, and are idle again. The one that ran last is woken next. */
static struct par *open_idle(struct par_options options)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool;

	options.action = record;
	options.workers = WORKERS;
	pool = kit_open(&options);
	for (int i = 0; i < WORKERS; i++)
		kit_push(pool, &gate);
	gate_await(&gate, WORKERS);
	gate_open(&gate);
	kit_take_many(pool, WORKERS);
	gate_close(&gate);
	kit_push(pool, &gate);
	gate_await(&gate, 1);
	kit_linger();
	gate_open(&gate);
	kit_take(pool);
	EVENTUALLY(kit_is_asleep(last_task));
	return pool;
}

static void an_item_is_for_another_worker(void **state)
{
	struct par *pool = open_idle((struct par_options){ 0 });

	keep(last_thread);
	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, 0);
	let_go();
	kit_finish(pool);
}

/* One pushed item for each worker, and one of them does not come. */
static void a_raise_is_for_the_others(void **state)
{
	struct par *pool = open_idle((struct par_options){ 0 });
	struct gate gate = GATE_CLOSED;

	keep(last_thread);
	assert_int_equal(par_limit(pool, 0), 0);
	for (int i = 0; i < WORKERS; i++)
		kit_push(pool, &gate);
	assert_int_equal(par_limit(pool, WORKERS), 0);
	gate_await(&gate, WORKERS - 1);
	let_go();
	gate_await(&gate, WORKERS);
	gate_open(&gate);
	kit_take_many(pool, WORKERS);
	kit_finish(pool);
}

static int one_gate(void *gate, void **item)
{
	static atomic_bool made;

	if (atomic_exchange(&made, true))
		return 0;
	gate_pass(gate);
	*item = NULL;
	return 1;
}

/* The generator brings no other item. */
static void a_generated_item_is_for_another_worker(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = open_idle(
		(struct par_options){ .generate = one_gate, .source = &hold });

	keep(last_thread);
	gate_open(&hold);
	kit_take(pool);
	let_go();
	kit_finish(pool);
}

static void the_room_is_for_another_push(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 1, .window = 1 });
	struct late_push first = { .pool = pool, .timeout_ms = -1 };
	struct late_push second = first;

	kit_push(pool, NULL);
	late_push_start(&first);
	late_push_start(&second);
	keep(first.thread);
	kit_take(pool);
	kit_join(second.thread);
	assert_int_equal(second.rc, 0);
	let_go();
	kit_take(pool);
	kit_join(first.thread);
	assert_int_equal(first.rc, 0);
	kit_take(pool);
	kit_finish(pool);
}

/* The room is for the thread that waits, even if that thread does not run. */
static void the_room_of_one_who_waits_is_nobody_elses(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 1, .window = 1 });
	struct late_push waits = { .pool = pool, .timeout_ms = -1 };

	kit_push(pool, NULL);
	late_push_start(&waits);
	keep(waits.thread);
	kit_take(pool);
	assert_int_equal(par_push_timed(pool, NULL, 0), -ETIMEDOUT);
	let_go();
	kit_join(waits.thread);
	assert_int_equal(waits.rc, 0);
	kit_take(pool);
	kit_finish(pool);
}

static atomic_uint opened;

static int count_open(void *context, void **state)
{
	atomic_fetch_add(&opened, 1);
	return 0;
}

/* All workers are idle, and the one that is idle for longest is kept. It is
 * told to leave before the next one is, and that one is gone. */
static struct par *open_and_keep_oldest(void)
{
	struct gate gates[WORKERS] = { GATE_CLOSED, GATE_CLOSED, GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = record,
						.workers = WORKERS,
						.worker_open = count_open,
						.idle_ms = 20 });
	pthread_t oldest = pthread_self();
	int task = 0;

	for (int i = 0; i < WORKERS; i++) {
		kit_push(pool, &gates[i]);
		gate_await(&gates[i], 1);
		if (i == 0) {
			oldest = last_thread;
			task = last_task;
		}
	}
	gate_open(&gates[0]);
	kit_take(pool);
	EVENTUALLY(kit_is_asleep(task));
	keep(oldest);
	for (int i = 1; i < WORKERS; i++)
		gate_open(&gates[i]);
	kit_take_many(pool, WORKERS - 1);
	EVENTUALLY(kit_stats(pool).workers == 2);
	return pool;
}

/* The other worker is busy: so no other has to be started. */
static void who_is_to_leave_takes_an_item_that_waits(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool;

	atomic_store(&opened, 0);
	pool = open_and_keep_oldest();
	kit_push(pool, &gate);
	gate_await(&gate, 1);
	kit_push(pool, NULL);
	let_go();
	assert_null(kit_take(pool).item);
	assert_int_equal(opened, WORKERS);
	gate_open(&gate);
	kit_take(pool);
	kit_finish(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_result_is_for_another_consumer),
		KIT_TEST(an_item_is_for_another_worker),
		KIT_TEST(a_raise_is_for_the_others),
		KIT_TEST(a_generated_item_is_for_another_worker),
		KIT_TEST(the_room_is_for_another_push),
		KIT_TEST(the_room_of_one_who_waits_is_nobody_elses),
		KIT_TEST(who_is_to_leave_takes_an_item_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
