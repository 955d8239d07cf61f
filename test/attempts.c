/* SPDX-License-Identifier: MIT */
/*
 * lib/attempts.c: the back-off after an attempt that failed. On one thread.
 */
#include "kit.h"

#include "attempts.h"
#include "clock.h"

static void no_back_off_without_a_failure(void **state)
{
	struct attempts attempts = { 0 };

	assert_int_equal(attempts_begin(&attempts), 1);
	assert_int_equal(attempts.retry_at, 0);
	assert_false(attempts.first_open_done);
	attempts_succeed(&attempts, 1);
	assert_true(attempts.first_open_done);
	assert_int_equal(attempts.first_open_error, 0);
	assert_int_equal(attempts.retry_at, 0);
}

/* A second, from the failure; from the next attempt on, another second. */
static void a_failure_backs_off_for_a_second_each_time(void **state)
{
	struct attempts attempts = { 0 };
	uint64_t number = attempts_begin(&attempts), before = clock_now();

	attempts_fail(&attempts, number, -7);
	assert_int_equal(attempts.error, -7);
	assert_true(attempts.retry_at >= before + CLOCK_NS_PER_S);
	assert_true(attempts.retry_at <= clock_now() + CLOCK_NS_PER_S);
	/* As if that second were over. */
	attempts.retry_at = before;
	attempts_begin(&attempts);
	assert_int_equal(attempts.error, 0);
	assert_true(attempts.retry_at >= before + CLOCK_NS_PER_S);
	assert_true(attempts.retry_at <= clock_now() + CLOCK_NS_PER_S);
}

static void only_a_success_that_began_later_ends_it(void **state)
{
	struct attempts attempts = { 0 };
	uint64_t first = attempts_begin(&attempts);
	uint64_t second = attempts_begin(&attempts);
	uint64_t third = attempts_begin(&attempts), fourth;

	attempts_fail(&attempts, second, -7);
	attempts_succeed(&attempts, first);
	attempts_succeed(&attempts, third);
	assert_int_not_equal(attempts.retry_at, 0);
	fourth = attempts_begin(&attempts);
	attempts_succeed(&attempts, fourth);
	assert_int_equal(attempts.retry_at, 0);
}

/* The error is that of the attempt begun last. */
static void an_earlier_failure_is_not_told(void **state)
{
	struct attempts attempts = { 0 };
	uint64_t first = attempts_begin(&attempts);
	uint64_t second = attempts_begin(&attempts);

	attempts_fail(&attempts, first, -7);
	assert_int_equal(attempts.error, 0);
	assert_int_equal(attempts.first_open_error, -7);
	attempts_fail(&attempts, second, -8);
	assert_int_equal(attempts.error, -8);
	assert_int_equal(attempts.first_open_error, -7);
}

static void each_attempt_serves_one_that_asked(void **state)
{
	struct attempts attempts = { .asked = 1 };

	attempts_begin(&attempts);
	assert_int_equal(attempts.asked, 0);
	attempts_begin(&attempts);
	assert_int_equal(attempts.asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(no_back_off_without_a_failure),
		KIT_TEST(a_failure_backs_off_for_a_second_each_time),
		KIT_TEST(only_a_success_that_began_later_ends_it),
		KIT_TEST(an_earlier_failure_is_not_told),
		KIT_TEST(each_attempt_serves_one_that_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
