/* SPDX-License-Identifier: MIT */
/*
 * par_next_many(), par_push_timed(), par_close_timed(), and times in results.
 */
#include "kit.h"

enum { MANY = 16 };

/* Calls par_next_many() once, on a thread of its own. When batch_start()
 * returns, the thread is asleep in that call: so there must be too few results
 * yet. */
struct batch {
	struct par *pool;
	unsigned most, least;
	int timeout_ms;
	atomic_int id; /* of its task, set just before the call */
	struct par_result results[MANY];
	pthread_t thread;
	int rc;
};

static void *take_batch(void *batch)
{
	struct batch *b = batch;

	atomic_store(&b->id, kit_task());
	b->rc = par_next_many(b->pool, b->results, b->most, b->least,
			      b->timeout_ms);
	return NULL;
}

static void batch_start(struct batch *b, struct par *pool, unsigned most,
			unsigned least)
{
	*b = (struct batch){
		.pool = pool, .most = most, .least = least, .timeout_ms = -1
	};
	kit_start_asleep(&b->thread, &b->id, take_batch, b);
}

static int batch_join(struct batch *b)
{
	kit_join(b->thread);
	return b->rc;
}

static void bad_numbers_are_einval(void **state)
{
	struct par_result r[2];
	struct par *pool = kit_open_echo();

	assert_int_equal(par_next_many(NULL, r, 1, 1, 0), -EINVAL);
	assert_int_equal(par_next_many(pool, NULL, 1, 1, 0), -EINVAL);
	assert_int_equal(par_next_many(pool, r, 0, 0, 0), -EINVAL);
	assert_int_equal(par_next_many(pool, r, 1, 2, 0), -EINVAL);
	errno = KIT_ERRNO;
	assert_int_equal(par_next_many(pool, r, 2, 0, 0), -ETIMEDOUT);
	assert_int_equal(errno, KIT_ERRNO);
	kit_close(pool, 0);
}

/* What is ready is taken, in the order in which par_next() would. */
static void it_takes_what_is_ready(void **state)
{
	struct par_result r[MANY];
	struct par *pool = kit_open_echo();

	kit_push_numbers(pool, 1, 5);
	EVENTUALLY(kit_stats(pool).ready == 5);
	assert_int_equal(par_next_many(pool, r, 3, 1, -1), 3);
	for (uintptr_t i = 0; i < 3; i++) {
		assert_ptr_equal(r[i].item, AS_ITEM(i + 1));
		assert_int_equal(r[i].index, i);
	}
	assert_int_equal(par_next_many(pool, r, UINT_MAX, 2, -1), 2);
	assert_ptr_equal(r[1].item, AS_ITEM(5));
	par_finish(pool);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 0);
	kit_close(pool, 0);
}

/* Also what was done since somebody looked last. */
static void it_takes_all_that_is_ready(void **state)
{
	struct gate second = GATE_CLOSED, last = GATE_CLOSED;
	struct par *pool = kit_open(&(struct par_options){
		.action = action_item_gated, .workers = 1 });
	struct par_result r[MANY];

	kit_push(pool, NULL);
	kit_push(pool, &second);
	gate_await(&second, 1);
	assert_int_equal(kit_stats(pool).ready, 1);
	kit_push(pool, NULL);
	kit_push(pool, &last);
	gate_open(&second);
	gate_await(&last, 1);
	assert_int_equal(par_next_many(pool, r, MANY, 1, 0), 3);
	gate_open(&last);
	par_finish(pool);
	assert_int_equal(par_next(pool, r), 1);
	kit_close_ended(pool, 0);
}

static void it_waits_for_the_least(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct batch b;

	gate_open(&gate);
	kit_push_numbers(pool, 1, 3);
	EVENTUALLY(kit_stats(pool).ready == 3);
	batch_start(&b, pool, MANY, 5);
	assert_int_equal(kit_stats(pool).delivered, 0);
	kit_push_number(pool, 4);
	EVENTUALLY(kit_stats(pool).ready == 4);
	kit_linger();
	assert_int_equal(kit_stats(pool).delivered, 0);
	kit_push_number(pool, 5);
	assert_int_equal(batch_join(&b), 5);
	kit_finish(pool);
}

/* How often the thread has gone to sleep; 0 if the system does not tell. */
static unsigned long sleeps(int task)
{
	return kit_status(task, "voluntary_ctxt_switches");
}

/* And not for each result, to sleep again. (Its first sleep may be counted
 * late, and so may one for the lock before that.) */
static void it_is_woken_once(void **state)
{
	struct par *pool = kit_open_echo();
	unsigned long before;
	struct batch b;

	batch_start(&b, pool, MANY, MANY);
	before = sleeps(b.id);
	for (uintptr_t i = 1; i < MANY; i++) {
		kit_push_number(pool, i);
		EVENTUALLY(kit_stats(pool).ready == i);
		EVENTUALLY(kit_is_asleep(b.id));
	}
	assert_true(sleeps(b.id) - before < MANY / 2);
	kit_push_number(pool, MANY);
	assert_int_equal(batch_join(&b), MANY);
	kit_finish(pool);
}

static void the_descriptor_knows_nothing_of_the_least(void **state)
{
	struct par *pool = kit_open_echo();
	const int fd = par_fd(pool);
	struct batch b;

	batch_start(&b, pool, MANY, 5);
	kit_push_number(pool, 1);
	EVENTUALLY(kit_readable(fd));
	assert_int_equal(kit_stats(pool).delivered, 0);
	par_finish(pool);
	assert_int_equal(batch_join(&b), 1);
	kit_close_ended(pool, 0);
}

static void at_least_0_is_at_least_1(void **state)
{
	struct par *pool = kit_open_echo();
	struct batch b;

	batch_start(&b, pool, MANY, 0);
	kit_push_number(pool, 1);
	assert_int_equal(batch_join(&b), 1);
	kit_finish(pool);
}

static void with_the_time_over_it_takes_less(void **state)
{
	struct par_result r[MANY];
	struct par *pool = kit_open_echo();
	double before = kit_ms();

	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(par_next_many(pool, r, MANY, 2, 20), 1);
	assert_true(kit_ms() - before >= 20);
	before = kit_ms();
	assert_int_equal(par_next_many(pool, r, MANY, 2, 20), -ETIMEDOUT);
	assert_true(kit_ms() - before >= 20);
	kit_finish(pool);
}

/* Nothing more comes in, but an action is still under way. */
static void it_waits_for_what_runs(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_item_gated, 2, NULL);
	struct batch b;

	kit_push(pool, NULL);
	kit_push(pool, &gate);
	par_finish(pool);
	EVENTUALLY(kit_stats(pool).ready == 1);
	batch_start(&b, pool, MANY, 2);
	assert_int_equal(kit_stats(pool).delivered, 0);
	gate_open(&gate);
	assert_int_equal(batch_join(&b), 2);
	kit_close_ended(pool, 0);
}

/* The end is near. */
static void it_does_not_wait_for_what_cannot_come(void **state)
{
	struct par_result r[MANY];
	struct batch b;
	struct par *pool = kit_open_echo();

	kit_push_numbers(pool, 1, 3);
	EVENTUALLY(kit_stats(pool).ready == 3);
	batch_start(&b, pool, MANY, MANY);
	par_finish(pool);
	assert_int_equal(batch_join(&b), 3);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 0);
	kit_close(pool, 0);
}

static void nor_with_a_full_window_or_limit_0(void **state)
{
	struct numbers numbers = { .last = 10 };
	struct par_result r[MANY];
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.generate = numbers_next,
						.source = &numbers,
						.window = 4 });

	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 4);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 4);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 2);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 0);
	kit_close(pool, 0);
	pool = kit_open_echo();
	kit_push_numbers(pool, 1, 2);
	EVENTUALLY(kit_stats(pool).ready == 2);
	assert_int_equal(par_limit(pool, 0), 0);
	kit_push_number(pool, 3);
	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 2);
	kit_close(pool, 0);
}

static void but_at_limit_0_it_waits_for_what_runs(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_item_gated, 2, NULL);
	struct batch b;

	kit_push(pool, &gate);
	gate_await(&gate, 1);
	kit_push(pool, NULL);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(par_limit(pool, 0), 0);
	batch_start(&b, pool, MANY, 2);
	assert_int_equal(kit_stats(pool).delivered, 0);
	gate_open(&gate);
	assert_int_equal(batch_join(&b), 2);
	kit_finish(pool);
}

/* Every call returns it, whether it may wait or not. */
static void its_end_is_the_failure_of_the_source(void **state)
{
	struct numbers numbers = { .last = 2, .end = -EIO };
	struct par_result r[MANY];
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = numbers_next,
						.source = &numbers });

	assert_int_equal(par_next_many(pool, r, MANY, MANY, -1), 2);
	for (int timeout_ms = -1; timeout_ms <= 1; timeout_ms++)
		assert_int_equal(par_next_many(pool, r, MANY, 1, timeout_ms),
				 -EIO);
	kit_close(pool, -EIO);
}

static void ordered_results_come_in_order(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par_result r[MANY];
	struct par *pool = kit_open(&(struct par_options){
		.action = action_item_gated, .workers = 2, .ordered = true });

	kit_push(pool, &gate);
	for (int i = 0; i < 4; i++)
		kit_push(pool, NULL);
	EVENTUALLY(kit_stats(pool).finished == 4);
	assert_int_equal(par_next_many(pool, r, MANY, 1, 0), -ETIMEDOUT);
	gate_open(&gate);
	assert_int_equal(par_next_many(pool, r, MANY, 5, -1), 5);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(r[i].index, i);
	kit_finish(pool);
}

/* A consumer that waits for fewer is not held up by one that waits for more. */
static void each_consumer_has_its_own_least(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker taker;
	struct batch b;

	taker_start(&taker, pool);
	batch_start(&b, pool, MANY, 4);
	kit_push_number(pool, 1);
	taker_join(&taker);
	assert_int_equal(taker.rc, 1);
	kit_push_numbers(pool, 2, 5);
	assert_int_equal(batch_join(&b), 4);
	kit_finish(pool);
}

/*
 * par_push_timed().
 */

static struct par *open_window(size_t window)
{
	return kit_open(&(struct par_options){
		.action = action_echo, .workers = 1, .window = window });
}

static void a_full_window_holds_it_back(void **state)
{
	struct par *pool = open_window(2);
	struct late_push p = { .pool = pool, .timeout_ms = -1 };
	double before;

	assert_int_equal(par_push_timed(NULL, NULL, 0), -EINVAL);
	assert_int_equal(par_push_timed(pool, AS_ITEM(1), 0), 0);
	assert_int_equal(par_push_timed(pool, AS_ITEM(2), -1), 0);
	errno = KIT_ERRNO;
	assert_int_equal(par_push_timed(pool, AS_ITEM(3), 0), -ETIMEDOUT);
	assert_int_equal(errno, KIT_ERRNO);
	before = kit_ms();
	assert_int_equal(par_push_timed(pool, AS_ITEM(3), 20), -ETIMEDOUT);
	assert_true(kit_ms() - before >= 20);
	assert_int_equal(kit_stats(pool).entered, 2);
	late_push_start(&p);
	kit_linger();
	assert_int_equal(kit_stats(pool).entered, 2);
	kit_take(pool);
	kit_join(p.thread);
	assert_int_equal(p.rc, 0);
	kit_take_many(pool, 2);
	kit_finish(pool);
}

static void without_a_window_it_never_waits(void **state)
{
	struct par *pool = kit_open_echo();

	for (uintptr_t i = 0; i < 1000; i++)
		assert_int_equal(par_push_timed(pool, AS_ITEM(i), -1), 0);
	kit_take_many(pool, 1000);
	kit_finish(pool);
}

static void a_cancel_and_the_end_wake_it(void **state)
{
	for (int ends = 0; ends < 2; ends++) {
		struct par *pool = open_window(1);
		struct late_push p = { .pool = pool, .timeout_ms = -1 };
		struct par_result r;

		kit_push_number(pool, 1);
		late_push_start(&p);
		if (ends) {
			/* What waits there does not hold off the end. It may
			 * enter first, when the result was taken. */
			par_finish(pool);
			while (par_next(pool, &r) > 0)
				;
			kit_join(p.thread);
			assert_true(p.rc == -EPIPE || p.rc == 0);
		} else {
			par_cancel(pool);
			kit_join(p.thread);
			assert_int_equal(p.rc, -ECANCELED);
		}
		kit_close(pool, 0);
	}
}

/* One is woken because a result leaves. Before it enters, the end is told: then
 * the other must hear of it, too. */
static void the_end_wakes_all_of_them(void **state)
{
	int refused = 0;

	while (refused < 2) {
		struct par *pool = open_window(1);
		struct late_push p[2] = { { .pool = pool, .timeout_ms = -1 },
					  { .pool = pool, .timeout_ms = -1 } };
		struct par_result r;

		kit_push_number(pool, 1);
		for (int i = 0; i < 2; i++)
			late_push_start(&p[i]);
		EVENTUALLY(kit_stats(pool).ready == 1);
		par_finish(pool);
		while (par_next(pool, &r) > 0)
			;
		refused = 0;
		for (int i = 0; i < 2; i++) {
			kit_join(p[i].thread);
			assert_true(p[i].rc == 0 || p[i].rc == -EPIPE);
			refused += p[i].rc == -EPIPE;
		}
		kit_close(pool, 0);
	}
}

/* After the cancel there is no room here, and after the end there is. */
static void after_a_cancel_and_the_end_it_does_not_wait(void **state)
{
	struct par *pool = open_window(1);

	kit_push_number(pool, 1);
	par_cancel(pool);
	assert_int_equal(par_push_timed(pool, NULL, 0), -ECANCELED);
	assert_int_equal(par_push_timed(pool, NULL, -1), -ECANCELED);
	kit_take(pool);
	kit_close_ended(pool, 0);
	pool = open_window(1);
	par_finish(pool);
	kit_assert_drains(pool, 0, 0);
	assert_int_equal(par_push_timed(pool, NULL, 0), -EPIPE);
	assert_int_equal(par_push_timed(pool, NULL, -1), -EPIPE);
	par_cancel(pool);
	assert_int_equal(par_push_timed(pool, NULL, -1), -ECANCELED);
	kit_close(pool, 0);
}

static int push_from_action(void *unused, void *item, void **value)
{
	struct par_result r;

	if (item != AS_ITEM(1))
		return 0;
	kit_check(par_next_many(par_self(), &r, 1, 1, 0) == -EDEADLK,
		  "a thread of the pool takes no results");
	kit_check(par_push_timed(par_self(), AS_ITEM(2), 0) == 0, "room");
	kit_check(par_push_timed(par_self(), AS_ITEM(3), 0) == -ETIMEDOUT,
		  "no room");
	return par_push_timed(par_self(), AS_ITEM(3), -1);
}

static void on_the_pools_threads_it_does_not_wait(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = push_from_action, .workers = 1, .window = 2 });

	kit_push_number(pool, 1);
	assert_int_equal(kit_take(pool).error, -EDEADLK);
	kit_take(pool);
	kit_finish(pool);
}

/* What its calls returned: one in worker_open, and two in the generator, of
 * which the first has room. */
struct tries {
	int open, first, second;
};

static int open_and_push(void *tries, void **state)
{
	((struct tries *)tries)->open = par_push_timed(par_self(), NULL, -1);
	return 0;
}

static int generate_and_push(void *tries, void **item)
{
	struct tries *t = tries;

	t->first = par_push_timed(par_self(), NULL, -1);
	t->second = par_push_timed(par_self(), NULL, -1);
	return 0;
}

static void nor_in_worker_open_and_in_the_generator(void **state)
{
	struct tries tries = { 1, 1, 1 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = generate_and_push,
						.source = &tries,
						.context = &tries,
						.window = 1,
						.worker_open = open_and_push });

	EVENTUALLY(kit_stats(pool).ended);
	kit_assert_drains(pool, 1, 0);
	kit_close(pool, 0);
	assert_int_equal(tries.open, -EAGAIN);
	assert_int_equal(tries.first, 0);
	assert_int_equal(tries.second, -EDEADLK);
}

static int push_with_room(void *unused, void *item, void **value)
{
	return item ? par_push_timed(par_self(), NULL, -1) : 0;
}

/* Only where it would have to wait, it is refused. */
static void there_it_enters_where_there_is_room(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = push_with_room, .workers = 1, .window = 2 });

	kit_push_number(pool, 1);
	assert_int_equal(kit_take(pool).error, 0);
	assert_null(kit_take(pool).item);
	kit_finish(pool);
}

/* Those who wait come before the generator. */
static void pushers_come_before_the_generator(void **state)
{
	struct numbers numbers = { .last = 100 };
	struct gate gate = GATE_CLOSED;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_gated,
						.workers = 1,
						.generate = numbers_next,
						.source = &numbers,
						.context = &gate,
						.window = 3,
						.ordered = true });
	struct late_push p = { .pool = pool, .timeout_ms = -1 };

	EVENTUALLY(kit_stats(pool).entered == 3);
	late_push_start(&p);
	gate_open(&gate);
	EVENTUALLY(kit_stats(pool).ready == 3);
	kit_take(pool);
	kit_join(p.thread);
	assert_int_equal(p.rc, 0);
	for (int i = 0; i < 2; i++)
		kit_take(pool);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(99));
	kit_assert_drains(pool, 97, 0);
	kit_close(pool, 0);
}

/*
 * par_close_timed().
 */

static void a_close_gives_up_and_goes_on(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct par_result r;
	double before;

	assert_int_equal(par_close_timed(NULL, 0), 0);
	kit_push_numbers(pool, 1, 3);
	gate_await(&gate, 1);
	errno = KIT_ERRNO;
	assert_int_equal(par_close_timed(pool, 0), -ETIMEDOUT);
	assert_int_equal(errno, KIT_ERRNO);
	assert_true(par_canceled(pool));
	before = kit_ms();
	assert_int_equal(par_close_timed(pool, 20), -ETIMEDOUT);
	assert_true(kit_ms() - before >= 20);
	/* Between the calls results can be taken. */
	assert_int_equal(par_next(pool, &r), 1);
	assert_int_equal(r.error, -ECANCELED);
	gate_open(&gate);
	assert_int_equal(par_next(pool, &r), 1);
	assert_int_equal(par_next(pool, &r), 1);
	assert_int_equal(par_next(pool, &r), 0);
	assert_int_equal(par_close_timed(pool, -1), 0);
}

static void close_gated(void *gate)
{
	gate_pass(gate);
}

static void its_time_covers_worker_close(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 1,
				       .context = &gate,
				       .worker_open = worker_open_context,
				       .worker_close = close_gated });

	assert_int_equal(par_close_timed(pool, 20), -ETIMEDOUT);
	gate_await(&gate, 1);
	assert_int_equal(par_close_timed(pool, 0), -ETIMEDOUT);
	gate_open(&gate);
	assert_int_equal(par_close_timed(pool, -1), 0);
}

static void discard_slowly(void *count, const struct par_result *left)
{
	kit_linger();
	discard_count(count, left);
}

/* Which takes 100 ms here. */
static void and_not_discard(void **state)
{
	atomic_uint left = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.context = &left,
						.discard = discard_slowly });
	int rc;

	kit_push_numbers(pool, 1, 20);
	do
		rc = par_close_timed(pool, 10);
	while (rc == -ETIMEDOUT && left == 0);
	assert_int_equal(rc, 0);
	assert_int_equal(left, 20);
}

/* Data of a worker's thread, and its destructor. */
struct data {
	struct gate begun;
	atomic_bool destroyed;
};
static pthread_key_t data_key;

static void destroy_slowly(void *data)
{
	gate_open(&((struct data *)data)->begun);
	kit_linger();
	atomic_store(&((struct data *)data)->destroyed, true);
}

static int exit_with_data(void *data, void *item, void **value)
{
	pthread_setspecific(data_key, data);
	pthread_exit(NULL);
}

/* The worker has left, and its thread has not ended. */
static void it_waits_for_destructors_all_the_same(void **state)
{
	struct data data = { .begun = GATE_CLOSED };
	struct par *pool = kit_open_action(exit_with_data, 1, &data);

	assert_int_equal(pthread_key_create(&data_key, destroy_slowly), 0);
	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, -EINTR);
	gate_pass(&data.begun);
	assert_int_equal(par_close_timed(pool, 0), 0);
	assert_true(data.destroyed);
	pthread_key_delete(data_key);
}

static void in_time_it_is_a_close(void **state)
{
	struct numbers numbers = { .last = 3, .end = -EIO };
	atomic_uint left = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 2,
						.generate = numbers_next,
						.source = &numbers,
						.context = &left,
						.discard = discard_count });

	EVENTUALLY(kit_stats(pool).ready == 3);
	EVENTUALLY(kit_stats(pool).ended);
	assert_int_equal(par_close_timed(pool, 1000 * KIT_PATIENCE), -EIO);
	assert_int_equal(left, 3);
}

static int close_myself(void *unused, void *item, void **value)
{
	return par_close_timed(par_self(), 0);
}

static void on_a_thread_of_the_pool_it_is_edeadlk(void **state)
{
	struct par *pool = kit_open_action(close_myself, 1, NULL);

	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, -EDEADLK);
	kit_close(pool, 0);
}

/*
 * Times.
 */

static int sleep_some(void *gate, void *item, void **value)
{
	gate_pass(gate);
	kit_linger();
	return 0;
}

static void results_tell_times(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open(&(struct par_options){ .action = sleep_some,
							   .workers = 1,
							   .context = &gate,
							   .timed = 1 });

	kit_push_numbers(pool, 1, 3);
	gate_await(&gate, 1);
	EVENTUALLY(kit_stats(pool).oldest_ns > 0);
	gate_open(&gate);
	for (uint64_t i = 0; i < 3; i++) {
		struct par_result r = kit_take(pool);

		assert_true(r.ran_ns >= 5000000);
		assert_true(r.waited_ns >= i * 5000000);
	}
	assert_int_equal(kit_stats(pool).oldest_ns, 0);
	kit_finish(pool);
}

static void an_item_that_never_ran_has_waited(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open(&(struct par_options){ .action = sleep_some,
							   .workers = 1,
							   .context = &gate,
							   .timed = 1 });
	const double pushed = kit_ms();
	struct par_result r;

	kit_push_numbers(pool, 1, 2);
	gate_await(&gate, 1);
	par_cancel(pool);
	r = kit_take(pool);
	assert_int_equal(r.error, -ECANCELED);
	assert_int_equal(r.ran_ns, 0);
	assert_true(r.waited_ns > 0);
	assert_true((double)r.waited_ns <= 1e6 * (kit_ms() - pushed));
	gate_open(&gate);
	kit_take(pool);
	assert_int_equal(kit_stats(pool).oldest_ns, 0);
	kit_close_ended(pool, 0);
}

static void without_the_option_they_are_0(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(sleep_some, 1, &gate);
	struct par_result r;

	kit_push(pool, NULL);
	gate_await(&gate, 1);
	assert_int_equal(kit_stats(pool).oldest_ns, 0);
	gate_open(&gate);
	r = kit_take(pool);
	assert_int_equal(r.waited_ns, 0);
	assert_int_equal(r.ran_ns, 0);
	kit_finish(pool);
}

/* But the age of the oldest is known if there is a time limit. */
static void with_a_time_limit_only_the_oldest_is_told(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_gated,
				       .workers = 1,
				       .context = &gate,
				       .time_limit_ms = 1000 * KIT_PATIENCE });
	struct par_result r;

	kit_push(pool, NULL);
	gate_await(&gate, 1);
	EVENTUALLY(kit_stats(pool).oldest_ns > 0);
	gate_open(&gate);
	r = kit_take(pool);
	assert_int_equal(r.waited_ns, 0);
	assert_int_equal(r.ran_ns, 0);
	assert_int_equal(kit_stats(pool).oldest_ns, 0);
	kit_finish(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(bad_numbers_are_einval),
		KIT_TEST(it_takes_what_is_ready),
		KIT_TEST(it_takes_all_that_is_ready),
		KIT_TEST(it_waits_for_the_least),
		KIT_TEST(it_is_woken_once),
		KIT_TEST(the_descriptor_knows_nothing_of_the_least),
		KIT_TEST(at_least_0_is_at_least_1),
		KIT_TEST(with_the_time_over_it_takes_less),
		KIT_TEST(it_waits_for_what_runs),
		KIT_TEST(it_does_not_wait_for_what_cannot_come),
		KIT_TEST(nor_with_a_full_window_or_limit_0),
		KIT_TEST(but_at_limit_0_it_waits_for_what_runs),
		KIT_TEST(its_end_is_the_failure_of_the_source),
		KIT_TEST(ordered_results_come_in_order),
		KIT_TEST(each_consumer_has_its_own_least),
		KIT_TEST(a_full_window_holds_it_back),
		KIT_TEST(without_a_window_it_never_waits),
		KIT_TEST(a_cancel_and_the_end_wake_it),
		KIT_TEST(the_end_wakes_all_of_them),
		KIT_TEST(after_a_cancel_and_the_end_it_does_not_wait),
		KIT_TEST(on_the_pools_threads_it_does_not_wait),
		KIT_TEST(nor_in_worker_open_and_in_the_generator),
		KIT_TEST(there_it_enters_where_there_is_room),
		KIT_TEST(pushers_come_before_the_generator),
		KIT_TEST(a_close_gives_up_and_goes_on),
		KIT_TEST(its_time_covers_worker_close),
		KIT_TEST(and_not_discard),
		KIT_TEST(it_waits_for_destructors_all_the_same),
		KIT_TEST(in_time_it_is_a_close),
		KIT_TEST(on_a_thread_of_the_pool_it_is_edeadlk),
		KIT_TEST(results_tell_times),
		KIT_TEST(an_item_that_never_ran_has_waited),
		KIT_TEST(without_the_option_they_are_0),
		KIT_TEST(with_a_time_limit_only_the_oldest_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
