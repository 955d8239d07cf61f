/* SPDX-License-Identifier: MIT */
/*
 * Idle means idle: while nothing happens, no thread of a pool runs.
 */
#include "kit.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 10, ITEMS = 2 * WORKERS, MOMENTS = 300 };

/* The context switches so far of all threads except the calling one. */
static unsigned long switches(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned long sum = 0;
	struct dirent *entry;

	assert_non_null(tasks);
	while ((entry = readdir(tasks))) {
		const int task = (int)strtol(entry->d_name, NULL, 10);

		/* The first thread's number is that of the process. */
		if (entry->d_name[0] == '.' || task == getpid())
			continue;
		sum += kit_status(task, "voluntary_ctxt_switches") +
		       kit_status(task, "nonvoluntary_ctxt_switches");
	}
	closedir(tasks);
	return sum;
}

static bool are_settled(void)
{
	unsigned long before = switches();

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return switches() == before;
}

/* So many workers with nothing to do, a generator that waits in its call, one
 * consumer that waits for a result. */
static void check_that_nobody_runs(unsigned idle_ms, unsigned workers)
{
	struct gate gate = GATE_CLOSED, work = GATE_CLOSED;
	struct gated_numbers numbers = { .numbers.last = ITEMS,
					 .at = ITEMS,
					 .hold = &gate };
	struct par_options options = { .action = action_gated,
				       .workers = WORKERS,
				       .generate = gated_numbers_next,
				       .source = &numbers,
				       .context = &work,
				       .idle_ms = idle_ms };
	const unsigned before = kit_threads(); /* an emulator has its own */
	unsigned long switched;
	struct drainer drainer;
	struct par *pool;

	pool = kit_open(&options);
	drainer_start(&drainer, pool, NULL);
	gate_await(&work, WORKERS); /* so all workers were started */
	gate_open(&work);
	gate_await(&gate, 1);
	/* And the consumer, the producer and the supervisor. */
	EVENTUALLY(kit_threads() == before + workers + 3);
	EVENTUALLY(are_settled());
	switched = switches();
	for (int i = 0; i < MOMENTS; i++)
		kit_linger();
	assert_int_equal(switches(), switched);
	gate_open(&gate);
	kit_join(drainer.thread);
	kit_close(pool, 0);
}

static void nobody_runs_while_nothing_happens(void **state)
{
	check_that_nobody_runs(0, WORKERS);
}

static void nor_when_the_idle_have_left_but_for_one(void **state)
{
	check_that_nobody_runs(1, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(nobody_runs_while_nothing_happens),
		KIT_TEST(nor_when_the_idle_have_left_but_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
