/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand workers with small stacks, all in an action at the same time;
 * fewer if the system refuses some. And one in an action beside all the others;
 * and a million that nobody needs.
 */
#include "kit.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>

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

/* Item 0 is for ever; an interrupt ends it. */
static int gated_or_endless(void *gate, void *item, void **value)
{
	if (AS_NUMBER(item) > 0)
		return action_gated(gate, item, value);
	while (poll(NULL, 0, -1) == 0)
		;
	return -EINTR;
}

static void the_interrupt_finds_one_among_ten_thousand_idle(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par_options options = { .action = gated_or_endless,
				       .workers = WORKERS,
				       .context = &gate,
				       .stack_size = STACK,
				       .interrupt = SIGUSR1 };
	struct par *pool = kit_open(&options);

	kit_push_numbers(pool, 1, WORKERS);
	EVENTUALLY(is_full(pool));
	gate_open(&gate);
	kit_take_many(pool, WORKERS);
	kit_push_number(pool, 0);
	EVENTUALLY(kit_stats(pool).running == 1);
	par_cancel(pool);
	assert_int_equal(kit_take(pool).error, -EINTR);
	kit_close_ended(pool, 0);
	signal(SIGUSR1, SIG_DFL);
}

/* Their seats would be 300 MB. */
static void a_million_that_are_not_needed_are_no_memory(void **state)
{
	const size_t before = kit_memory().resident;
	struct par *pool;

#ifdef M_PERTURB
	mallopt(M_PERTURB, 0); /* meson wants all memory to be filled */
#endif
	pool = kit_open_action(action_echo, 1000000, NULL);
	kit_push_number(pool, 1);
	kit_take(pool);
	assert_true(kit_memory().resident < before + (16 << 20));
	kit_finish(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(ten_thousand_work_at_once),
		KIT_TEST(the_interrupt_finds_one_among_ten_thousand_idle),
		KIT_TEST(a_million_that_are_not_needed_are_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
