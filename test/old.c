/* SPDX-License-Identifier: MIT */
/*
 * A program that was built with the header of 1.0.0 (old/1.0.0/par.h, as it
 * was). The library knows fields and calls that the program does not. It reads
 * and writes none of them in the program's structures.
 */
#include "old/1.0.0/par.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

_Static_assert(PAR_VERSION_NUMBER == 10000, "the header of 1.0.0");

/* What stands behind a structure in the program's memory. */
enum { BEHIND = 256, GARBAGE = 0xa5 };

struct old_options {
	struct par_options known;
	unsigned char behind[BEHIND];
};
struct old_result {
	struct par_result known;
	unsigned char behind[BEHIND];
};
struct old_stats {
	struct par_stats known;
	unsigned char behind[BEHIND];
};

static void assert_untouched(const unsigned char *behind)
{
	for (int i = 0; i < BEHIND; i++)
		assert_int_equal(behind[i], GARBAGE);
}

static int add_one(void *context, void *item, void **value)
{
	*value = (char *)item + 1;
	return context ? 0 : -EIO;
}

static struct par_result discarded[8];
static unsigned discards;

static void discard(void *unused, const struct par_result *left)
{
	discarded[discards++ % 8] = *left;
}

static char bytes[4];

/* The options end where the program's structure ends. */
static struct par *open_old(bool ordered, size_t window)
{
	static struct par_array array;
	struct old_options options;
	struct par *pool;

	array = (struct par_array){ .base = bytes, .count = 4, .size = 1 };
	memset(&options, GARBAGE, sizeof options);
	options.known = (struct par_options){ .action = add_one,
					      .workers = 2,
					      .generate = par_from_array,
					      .source = &array,
					      .context = &array,
					      .window = window,
					      .ordered = ordered,
					      .discard = discard,
					      .name = "old" };
	assert_int_equal(par_open(&pool, &options.known), 0);
	return pool;
}

static void results_and_counts_are_of_the_old_size(void **state)
{
	for (int ordered = 0; ordered < 2; ordered++) {
		struct par *pool = open_old(ordered, 0);
		struct old_result result;
		struct old_stats stats;
		char pushed[] = "pushed";
		unsigned taken = 0;
		int rc;

		assert_int_equal(par_push(pool, pushed), 0);
		for (;;) {
			memset(&result, GARBAGE, sizeof result);
			rc = taken % 2 ? par_next(pool, &result.known)
				       : par_next_timed(pool, &result.known,
							100000);
			assert_untouched(result.behind);
			if (rc <= 0)
				break;
			assert_ptr_equal(result.known.value,
					 (char *)result.known.item + 1);
			assert_int_equal(result.known.error, 0);
			assert_in_range(result.known.index, 0, 4);
			if (ordered)
				assert_int_equal(result.known.index, taken);
			taken++;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(taken, 5);
		memset(&stats, GARBAGE, sizeof stats);
		par_stats(pool, &stats.known);
		assert_untouched(stats.behind);
		assert_int_equal(stats.known.delivered, 5);
		assert_int_equal(par_close(pool), 0);
	}
}

static void discard_gets_the_old_size(void **state)
{
	struct par *pool = open_old(true, 3);
	struct par_stats stats;

	do
		par_stats(pool, &stats);
	while (stats.ready < 3);
	assert_false(par_canceled(pool));
	par_cancel(pool);
	discards = 0;
	memset(discarded, GARBAGE, sizeof discarded);
	assert_int_equal(par_close(pool), 0);
	assert_in_range(discards, 3, 4);
	for (unsigned i = 0; i < discards; i++) {
		const struct par_result *left = &discarded[i];
		const bool ran = left->worker != UINT_MAX;

		assert_true(ran || i == 3);
		assert_int_equal(left->index, i);
		assert_ptr_equal(left->item, bytes + i);
		assert_ptr_equal(left->value, ran ? bytes + i + 1 : NULL);
		assert_int_equal(left->error, ran ? 0 : -ECANCELED);
		if (ran)
			assert_in_range(left->worker, 0, 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_and_counts_are_of_the_old_size),
		cmocka_unit_test(discard_gets_the_old_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
