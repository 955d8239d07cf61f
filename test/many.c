/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand workers with small stacks, all in an action at the same time;
 * fewer if the system refuses some.
 */
#include "kit.h"

enum { WORKERS = 10000, STACK = 32 * 1024 };

/* Whether no more workers will come: all are running, or the system has refused
 * one. */
static bool is_full(struct par *pool)
{
	struct par_stats now = kit_stats(pool);

	return now.running == WORKERS || (now.refused && now.running > 0);
}

static void ten_thousand_work_at_once(void **state)
{
	struct numbers numbers = { .last = WORKERS };
	struct gate gate = GATE_CLOSED;
	struct par_options options = { .action = action_gated,
				       .workers = WORKERS,
				       .generate = numbers_next,
				       .source = &numbers,
				       .context = &gate,
				       .stack_size = STACK };
	struct tally tally;
	struct par_result r;
	struct par_stats now;
	struct par *pool;

	tally_open(&tally, WORKERS);
	pool = kit_open(&options);
	EVENTUALLY(is_full(pool));
	now = kit_stats(pool);
	if (!now.refused)
		assert_int_equal(now.workers, WORKERS);
	gate_open(&gate);
	while (par_next(pool, &r) > 0)
		tally_see(&tally, AS_NUMBER(r.value) - 1);
	tally_assert_once(&tally);
	assert_int_equal(kit_stats(pool).delivered, WORKERS);
	kit_close(pool, 0);
	tally_close(&tally);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(ten_thousand_work_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
