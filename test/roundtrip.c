/* SPDX-License-Identifier: MIT */
/*
 * Sends single items through idle workers, one at a time, with the real C
 * library. Each trip wakes one of several workers, and then the caller of
 * par_next(). A lost wake-up is a hang.
 *
 * roundtrip COUNT makes so many trips in all. Then a reply that takes more than
 * a second is a failure too.
 */
#include "kit.h"

#include <time.h>
#include <unistd.h>

enum { POOL_SIZES = 4, SUITE_TRIPS = 40000, LATEST_MS = 1000 };

static size_t trips = SUITE_TRIPS / POOL_SIZES; /* through each pool */
static bool limited;

/*
 * The watchdog: it looks now and then whether the trips go on.
 */

struct watchdog {
	struct par *pool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t off;
	bool over;
	atomic_size_t done; /* trips */
};

static _Noreturn void bark(struct watchdog *dog)
{
	static char line[160];
	struct par_stats s;

	alarm(KIT_PATIENCE); /* in case the lock is not free */
	s = kit_stats(dog->pool);
	snprintf(line, sizeof line,
		 "no reply to trip %zu of %zu (%zu queued, %u running, "
		 "%zu ready)",
		 atomic_load(&dog->done), trips, s.queued, s.running, s.ready);
	kit_die(line);
}

static void *watch(void *argument)
{
	struct watchdog *dog = argument;
	struct timespec limit;
	size_t before = SIZE_MAX, now;

	pthread_mutex_lock(&dog->lock);
	while (!dog->over) {
		now = atomic_load(&dog->done);
		if (now == before)
			bark(dog);
		before = now;
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec += KIT_PATIENCE;
		pthread_cond_timedwait(&dog->off, &dog->lock, &limit);
	}
	pthread_mutex_unlock(&dog->lock);
	return NULL;
}

static void watchdog_start(struct watchdog *dog, struct par *pool)
{
	*dog = (struct watchdog){ .pool = pool,
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .off = PTHREAD_COND_INITIALIZER };
	alarm(0); /* the alarm of the kit limits the whole test */
	kit_start(&dog->thread, watch, dog);
}

static void watchdog_stop(struct watchdog *dog)
{
	pthread_mutex_lock(&dog->lock);
	dog->over = true;
	pthread_cond_signal(&dog->off);
	pthread_mutex_unlock(&dog->lock);
	kit_join(dog->thread);
}

/*
 * The trips.
 */

/* So many workers, which have all run an item and are idle again: a worker is
 * idle as soon as its result can be taken. */
static struct par *open_idle(unsigned workers)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(action_item_gated, workers, NULL);

	for (unsigned i = 0; i < workers; i++)
		kit_push(pool, &gate);
	gate_await(&gate, workers);
	gate_open(&gate);
	for (unsigned i = 0; i < workers; i++)
		kit_take(pool);
	assert_int_equal(kit_stats(pool).workers, workers);
	assert_int_equal(kit_stats(pool).running, 0);
	return pool;
}

/* Returns how long the reply took, in milliseconds. */
static double trip(struct watchdog *dog)
{
	struct par_result result;
	const double start = kit_ms();

	if (par_push(dog->pool, NULL) || par_next(dog->pool, &result) != 1)
		bark(dog);
	atomic_fetch_add(&dog->done, 1);
	return kit_ms() - start;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(unsigned workers, double *took, double all)
{
	const size_t last = trips - 1;

	qsort(took, trips, sizeof *took, compare);
	print_message("# %u workers: %zu round trips, %.0f a second; "
		      "median %.1f, p99 %.1f, longest %.1f us\n",
		      workers, trips, 1e3 * (double)trips / all,
		      1e3 * took[last / 2], 1e3 * took[last / 100 * 99],
		      1e3 * took[last]);
}

static void every_trip_has_its_reply(void **state)
{
	const unsigned workers = (unsigned)strtoul(*state, NULL, 10);
	struct par *pool = open_idle(workers);
	double *took = malloc(trips * sizeof *took);
	struct watchdog dog;
	double start, longest;

	assert_non_null(took);
	watchdog_start(&dog, pool);
	start = kit_ms();
	for (size_t i = 0; i < trips; i++)
		took[i] = trip(&dog);
	report(workers, took, kit_ms() - start);
	longest = took[trips - 1];
	free(took);
	watchdog_stop(&dog);
	kit_close(pool, 0);
	if (limited)
		assert_true(longest <= (double)LATEST_MS);
}

#define THROUGH(workers)                                                       \
	{                                                                      \
		workers, every_trip_has_its_reply, kit_setup, kit_teardown,    \
			(void *)(workers)                                      \
	}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[POOL_SIZES] = {
		THROUGH("2_idle_workers"),
		THROUGH("3_idle_workers"),
		THROUGH("4_idle_workers"),
		THROUGH("8_idle_workers"),
	};

	if (argc > 1) {
		trips = strtoul(argv[1], NULL, 10) / POOL_SIZES;
		limited = true;
	}
	if (trips == 0) {
		fputs("roundtrip COUNT: 4 and more\n", stderr);
		return 2;
	}
	return cmocka_run_group_tests_name("roundtrip", tests, NULL, NULL);
}
