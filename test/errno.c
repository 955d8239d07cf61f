/* SPDX-License-Identifier: MIT */
/*
 * Every call leaves errno as it was, whether the call succeeds or fails, on the
 * program's threads and on the pool's own.
 */
#include "kit.h"

#include <signal.h>

/* The call returns what is expected, and errno is as it was. */
#define UNTOUCHED(call, expected)                                              \
	do {                                                                   \
		errno = KIT_ERRNO;                                             \
		assert_int_equal(call, expected);                              \
		assert_int_equal(errno, KIT_ERRNO);                            \
	} while (0)

/* For a call that returns nothing. */
#define UNTOUCHED_BY(call)                                                     \
	do {                                                                   \
		errno = KIT_ERRNO;                                             \
		call;                                                          \
		assert_int_equal(errno, KIT_ERRNO);                            \
	} while (0)

/* Callbacks may set errno as they like. */
static int action_spoils(void *context, void *item, void **value)
{
	errno = EDOM;
	return action_echo(context, item, value);
}

static struct par *open_plain(void)
{
	return kit_open_action(action_spoils, 2, NULL);
}

/*
 * par_open and par_close.
 */

static int open_returns(void *returns, void **state)
{
	errno = EDOM;
	return *(int *)returns;
}

static void close_spoils(void *state)
{
	errno = EDOM;
}

static void it_is_left_alone_by_par_open_and_par_close(void **state)
{
	int returns = 0;
	struct numbers numbers = { .last = 10, .end = -EIO };
	struct par_options options = { .action = action_spoils,
				       .workers = 2,
				       .generate = numbers_next,
				       .source = &numbers,
				       .context = &returns,
				       .worker_open = open_returns,
				       .worker_close = close_spoils,
				       .interrupt = SIGUSR1 };
	struct par *pool;

	UNTOUCHED(par_open(&pool, &options), 0);
	EVENTUALLY(kit_stats(pool).ended);
	assert_true(par_fd(pool) >= 0);
	assert_true(par_cancel_fd(pool) >= 0);
	UNTOUCHED(par_close(pool), -EIO);
	UNTOUCHED(par_close(NULL), 0);
	signal(SIGUSR1, SIG_DFL);
}

static void it_is_left_alone_by_a_par_open_that_fails(void **state)
{
	int returns = -EIO;
	struct par_options options = { .action = action_spoils,
				       .context = &returns };
	struct par *pool;

	UNTOUCHED(par_open(&pool, &options), -EINVAL);
	UNTOUCHED(par_open(&pool, NULL), -EINVAL);
	UNTOUCHED(par_open(NULL, &options), -EINVAL);
	options.workers = 1;
	options.interrupt = 12345;
	UNTOUCHED(par_open(&pool, &options), -EINVAL);
	options.interrupt = 0;
	options.worker_open = open_returns;
	UNTOUCHED(par_open(&pool, &options), -EIO);
}

/* A ring larger than any memory, though its size does not overflow. */
static void it_is_left_alone_by_a_par_open_without_memory(void **state)
{
	struct par_options options = { .action = action_spoils, .workers = 1 };
	struct par *pool;

	options.capacity = SIZE_MAX / 4 * 3 / sizeof(void *);
	UNTOUCHED(par_open(&pool, &options), -ENOMEM);
	options.capacity = SIZE_MAX / sizeof(void *);
	UNTOUCHED(par_open(&pool, &options), -ENOMEM);
}

static void it_is_left_alone_by_a_par_open_without_a_thread(void **state)
{
	struct par_options options = { .action = action_spoils, .workers = 1 };
	struct par *pool;

	options.stack_size = KIT_HUGE_STACK;
	UNTOUCHED_BY((void)par_open(&pool, &options));
	kit_close(pool, 0); /* under valgrind it may have been opened */
}

static void discard_spoils(void *context, const struct par_result *left)
{
	errno = EDOM;
}

static void it_is_left_alone_by_a_par_close_with_items_left(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_gated,
						.workers = 2,
						.context = &gate,
						.discard = discard_spoils });

	kit_push_numbers(pool, 1, 100);
	gate_await(&gate, 2);
	gate_open(&gate);
	UNTOUCHED(par_close(pool), 0);
}

/*
 * par_next and par_next_timed.
 */

static int action_slow(void *context, void *item, void **value)
{
	kit_linger();
	return action_spoils(context, item, value);
}

/* Most of these calls wait for their result. */
static void it_is_left_alone_by_a_result(void **state)
{
	struct par *pool = kit_open_action(action_slow, 1, NULL);
	struct par_result result;

	kit_push_numbers(pool, 1, 6);
	UNTOUCHED(par_next(pool, &result), 1);
	UNTOUCHED(par_next(pool, &result), 1);
	UNTOUCHED(par_next_timed(pool, &result, -1), 1);
	UNTOUCHED(par_next_timed(pool, &result, 1000000), 1);
	EVENTUALLY(kit_stats(pool).ready == 2);
	UNTOUCHED(par_next_timed(pool, &result, 0), 1);
	UNTOUCHED(par_next(pool, &result), 1);
	kit_close(pool, 0);
}

static void it_is_left_alone_by_a_time_that_is_over(void **state)
{
	struct par *pool = open_plain();
	struct par_result result;

	UNTOUCHED(par_next_timed(pool, &result, 0), -ETIMEDOUT);
	UNTOUCHED(par_next_timed(pool, &result, 3), -ETIMEDOUT);
	kit_close(pool, 0);
}

static void it_is_left_alone_by_the_end(void **state)
{
	struct par *pool = open_plain();
	struct par_result result;

	par_finish(pool);
	UNTOUCHED(par_next(pool, &result), 0);
	UNTOUCHED(par_next(pool, &result), 0);
	UNTOUCHED(par_next_timed(pool, &result, 0), 0);
	UNTOUCHED(par_next_timed(pool, &result, 10), 0);
	kit_close(pool, 0);
}

static int fail_and_spoil(void *numbers, void **item)
{
	errno = EDOM;
	return numbers_next(numbers, item);
}

static void it_is_left_alone_by_the_failure_of_the_source(void **state)
{
	struct numbers numbers = { .last = 1, .end = -EIO };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_spoils,
						.workers = 1,
						.generate = fail_and_spoil,
						.source = &numbers });
	struct par_result result;

	UNTOUCHED(par_next(pool, &result), 1);
	UNTOUCHED(par_next(pool, &result), -EIO);
	UNTOUCHED(par_next_timed(pool, &result, 0), -EIO);
	UNTOUCHED(par_close(pool), -EIO);
}

static void it_is_left_alone_by_a_refused_par_next(void **state)
{
	struct par *pool = open_plain();
	struct par_result result;

	UNTOUCHED(par_next(NULL, &result), -EINVAL);
	UNTOUCHED(par_next(pool, NULL), -EINVAL);
	UNTOUCHED(par_next_timed(NULL, &result, 5), -EINVAL);
	UNTOUCHED(par_next_timed(pool, NULL, 5), -EINVAL);
	kit_close(pool, 0);
}

/*
 * Descriptors.
 */

static void it_is_left_alone_by_the_descriptors(void **state)
{
	struct par *pool = open_plain();
	struct par_result result;
	int results, cancel;

	errno = KIT_ERRNO;
	results = par_fd(pool);
	cancel = par_cancel_fd(pool);
	assert_int_equal(errno, KIT_ERRNO);
	assert_true(results >= 0 && cancel >= 0);
	UNTOUCHED(par_fd(pool), results);
	UNTOUCHED(par_cancel_fd(pool), cancel);
	UNTOUCHED(par_push(pool, AS_ITEM(1)), 0);
	EVENTUALLY(kit_readable(results));
	/* This makes the descriptor not ready. */
	UNTOUCHED(par_next(pool, &result), 1);
	UNTOUCHED_BY(par_cancel(pool));
	assert_true(kit_readable(cancel) && kit_readable(results));
	UNTOUCHED(par_fd(NULL), -EINVAL);
	UNTOUCHED(par_cancel_fd(NULL), -EINVAL);
	UNTOUCHED(par_close(pool), 0);
}

static void it_is_left_alone_by_a_descriptor_that_was_ready_before(void **state)
{
	struct par *pool = open_plain();

	par_cancel(pool);
	errno = KIT_ERRNO;
	assert_true(kit_readable(par_fd(pool)));
	assert_true(kit_readable(par_cancel_fd(pool)));
	assert_int_equal(errno, KIT_ERRNO);
	kit_close(pool, 0);
}

static void it_is_left_alone_by_a_descriptor_that_cannot_be_made(void **state)
{
	struct par *pool = open_plain();
	const struct rlimit before = kit_limit_descriptors(0);

	UNTOUCHED(par_fd(pool), -EMFILE);
	UNTOUCHED(par_cancel_fd(pool), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	kit_close(pool, 0);
}

/*
 * The calls that do not wait.
 */

static void it_is_left_alone_by_a_push(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 8, &gate);

	for (uintptr_t i = 1; i <= 300; i++)
		UNTOUCHED(par_push(pool, AS_ITEM(i)), 0);
	EVENTUALLY(kit_stats(pool).workers == 8);
	gate_open(&gate);
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 300);
	UNTOUCHED(par_push(pool, NULL), -EPIPE);
	par_cancel(pool);
	UNTOUCHED(par_push(pool, NULL), -ECANCELED);
	UNTOUCHED(par_push(NULL, NULL), -EINVAL);
	kit_close(pool, 0);
}

static void it_is_left_alone_by_finish_cancel_canceled_and_stats(void **state)
{
	struct par *pool = open_plain();
	struct par_stats stats;

	UNTOUCHED(par_canceled(pool), false);
	UNTOUCHED_BY(par_stats(pool, &stats));
	UNTOUCHED_BY(par_finish(pool));
	UNTOUCHED_BY(par_finish(pool));
	UNTOUCHED_BY(par_cancel(pool));
	UNTOUCHED_BY(par_cancel(pool));
	UNTOUCHED(par_canceled(pool), true);
	UNTOUCHED_BY(par_stats(pool, &stats));
	UNTOUCHED_BY(par_finish(NULL));
	UNTOUCHED_BY(par_cancel(NULL));
	UNTOUCHED(par_canceled(NULL), false);
	UNTOUCHED_BY(par_stats(NULL, &stats));
	UNTOUCHED_BY(par_stats(pool, NULL));
	UNTOUCHED(par_self() == NULL, true);
	kit_close(pool, 0);
}

/*
 * On the pool's own threads. A test cannot assert there, so the calls that
 * change errno are counted.
 */

static unsigned calls_that_touch(struct par *self)
{
	struct par_result result;
	struct par_stats stats;
	unsigned touched = 0;

#define COUNT(call)                                                            \
	do {                                                                   \
		errno = KIT_ERRNO;                                             \
		(void)(call);                                                  \
		touched += errno != KIT_ERRNO;                                 \
	} while (0)
	COUNT(par_push(self, NULL));
	COUNT(par_next(self, &result));
	COUNT(par_next_timed(self, &result, 10));
	COUNT(par_close(self));
	COUNT(par_fd(self));
	COUNT(par_cancel_fd(self));
	COUNT(par_canceled(self));
	COUNT((par_stats(self, &stats), 0));
	COUNT(par_self());
#undef COUNT
	return touched;
}

struct touched {
	atomic_uint open, action, generator, close, looks;
};

static int open_calls(void *touched, void **state)
{
	struct touched *t = touched;

	t->open += calls_that_touch(par_self());
	t->looks++;
	*state = t;
	return 0;
}

/* calls_that_touch() pushes NULL: such an item makes no calls of its own. */
static int action_calls(void *touched, void *item, void **value)
{
	struct touched *t = touched;

	if (!item)
		return 0;
	t->action += calls_that_touch(par_self());
	t->looks++;
	return 0;
}

static int generate_calls(void *touched, void **item)
{
	struct touched *t = touched;

	t->generator += calls_that_touch(par_self());
	t->looks++;
	return 0;
}

static void close_calls(void *touched)
{
	struct touched *t = touched;

	t->close += calls_that_touch(par_self());
	errno = KIT_ERRNO;
	par_finish(par_self());
	par_cancel(par_self());
	t->close += errno != KIT_ERRNO;
	t->looks++;
}

static void it_is_left_alone_on_the_pools_own_threads(void **state)
{
	struct touched touched = { 0 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_calls,
						.workers = 1,
						.generate = generate_calls,
						.source = &touched,
						.context = &touched,
						.worker_open = open_calls,
						.worker_close = close_calls });

	kit_push_number(pool, 1);
	EVENTUALLY(touched.looks == 3);
	kit_close(pool, 0);
	assert_int_equal(touched.looks, 4);
	assert_int_equal(touched.open, 0);
	assert_int_equal(touched.generator, 0);
	assert_int_equal(touched.action, 0);
	assert_int_equal(touched.close, 0);
}

/*
 * The ready-made generators.
 */

static void it_is_left_alone_by_par_from_array(void **state)
{
	int numbers[] = { 1, 2 };
	struct par_array array = { .base = numbers,
				   .count = 2,
				   .size = sizeof numbers[0] };
	void *item;

	UNTOUCHED(par_from_array(&array, &item), 1);
	UNTOUCHED(par_from_array(&array, &item), 1);
	UNTOUCHED(par_from_array(&array, &item), 0);
}

static void it_is_left_alone_by_par_from_lines(void **state)
{
	static char text[] = "one\ntwo";
	FILE *file = fmemopen(text, sizeof text - 1, "r");
	void *item;

	assert_non_null(file);
	for (int i = 0; i < 2; i++) {
		UNTOUCHED(par_from_lines(file, &item), 1);
		free(item);
	}
	UNTOUCHED(par_from_lines(file, &item), 0);
	fclose(file);
	file = fopen("/", "r"); /* reading it fails */
	assert_non_null(file);
	UNTOUCHED(par_from_lines(file, &item), -EISDIR);
	fclose(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(it_is_left_alone_by_par_open_and_par_close),
		KIT_TEST(it_is_left_alone_by_a_par_open_that_fails),
		KIT_TEST(it_is_left_alone_by_a_par_open_without_memory),
		KIT_TEST(it_is_left_alone_by_a_par_open_without_a_thread),
		KIT_TEST(it_is_left_alone_by_a_par_close_with_items_left),
		KIT_TEST(it_is_left_alone_by_a_result),
		KIT_TEST(it_is_left_alone_by_a_time_that_is_over),
		KIT_TEST(it_is_left_alone_by_the_end),
		KIT_TEST(it_is_left_alone_by_the_failure_of_the_source),
		KIT_TEST(it_is_left_alone_by_a_refused_par_next),
		KIT_TEST(it_is_left_alone_by_the_descriptors),
		KIT_TEST(
			it_is_left_alone_by_a_descriptor_that_was_ready_before),
		KIT_TEST(it_is_left_alone_by_a_descriptor_that_cannot_be_made),
		KIT_TEST(it_is_left_alone_by_a_push),
		KIT_TEST(it_is_left_alone_by_finish_cancel_canceled_and_stats),
		KIT_TEST(it_is_left_alone_on_the_pools_own_threads),
		KIT_TEST(it_is_left_alone_by_par_from_array),
		KIT_TEST(it_is_left_alone_by_par_from_lines),
	};

	return cmocka_run_group_tests_name("errno", tests, NULL, NULL);
}
