/* SPDX-License-Identifier: MIT */
/*
 * Hundreds of signals: handlers of the program's own, without SA_RESTART, run
 * in the middle of every call; and seteuid(), for which the C library sends a
 * signal to each thread.
 */
#include "kit.h"

#include <signal.h>
#include <unistd.h>

enum { ROUNDS = 100, ITEMS = 30, TAKERS = 2 };

static const int signals[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH };
enum { SIGNALS = sizeof signals / sizeof *signals };

/* The signals that came on threads of the program, and of the pool. */
static atomic_uint heard, strayed;

static void hear(int signal)
{
	atomic_fetch_add(par_self() ? &strayed : &heard, 1);
}

static void mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(how, &set, NULL);
}

static void set_handlers(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	for (int i = 0; i < SIGNALS; i++)
		if (sigaction(signals[i], &action, NULL))
			kit_die("no handler");
}

/* The threads that get the signals, and what went wrong. */
struct storm {
	struct par *pool;
	pthread_t thread, takers[TAKERS];
	atomic_bool over, worker_known;
	pthread_mutex_t lock;
	pthread_t targets[2 + TAKERS];
	unsigned count; /* of the targets, which are alive or not yet joined */
	struct tally tally;
	atomic_uint cut_short; /* sleeps of actions */
	atomic_int early;      /* what a timed wait returned in place of the
				  time-out; 1000: that, but too early */
	atomic_int end;	       /* what par_next() returned in place of 0 */
	atomic_uint changed;   /* changes of errno */
};

static void target_add(struct storm *s, pthread_t thread)
{
	pthread_mutex_lock(&s->lock);
	s->targets[s->count++] = thread;
	pthread_mutex_unlock(&s->lock);
}

/* Adds the calling worker, if it is the first to call this. */
static void target_add_worker(struct storm *s)
{
	pthread_mutex_lock(&s->lock);
	if (!s->worker_known)
		s->targets[s->count++] = pthread_self();
	s->worker_known = true;
	pthread_mutex_unlock(&s->lock);
}

/* Removes all targets except the test's own thread. */
static void targets_spare(struct storm *s)
{
	pthread_mutex_lock(&s->lock);
	s->count = 1;
	pthread_mutex_unlock(&s->lock);
}

static void *rage(void *storm)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	struct storm *s = storm;

	for (unsigned i = 0; !atomic_load(&s->over); i++) {
		kill(getpid(), signals[i % SIGNALS]);
		pthread_mutex_lock(&s->lock);
		for (unsigned n = 0; n < s->count; n++)
			pthread_kill(s->targets[n], signals[(i + n) % SIGNALS]);
		pthread_mutex_unlock(&s->lock);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void storm_begin(struct storm *s)
{
	*s = (struct storm){ .lock = PTHREAD_MUTEX_INITIALIZER };
	tally_open(&s->tally, ITEMS);
	target_add(s, pthread_self());
	mask_signals(SIG_BLOCK); /* the storm's own thread gets no signal */
	kit_start(&s->thread, rage, s);
	mask_signals(SIG_UNBLOCK);
}

static void storm_end(struct storm *s)
{
	atomic_store(&s->over, true);
	kit_join(s->thread);
	assert_int_equal(s->cut_short, 0);
	assert_int_equal(s->early, 0);
	assert_int_equal(s->end, 0);
	assert_int_equal(s->changed, 0);
	tally_assert_once(&s->tally);
	tally_close(&s->tally);
}

/* A signal to the worker would cut its sleep short. */
static int act(void *storm, void *item, void **value)
{
	const struct timespec moment = { .tv_nsec = 10000 };
	struct storm *s = storm;

	target_add_worker(s);
	if (nanosleep(&moment, NULL))
		atomic_fetch_add(&s->cut_short, 1);
	*value = item;
	return 0;
}

static void discard(void *storm, const struct par_result *left)
{
	struct storm *s = storm;

	tally_see(&s->tally, AS_NUMBER(left->item) - 1);
}

static void *take(void *storm)
{
	struct storm *s = storm;
	int end;

	errno = KIT_ERRNO;
	kit_drain(s->pool, &s->tally, &end);
	if (end != 0)
		atomic_store(&s->end, end);
	atomic_fetch_add(&s->changed, errno != KIT_ERRNO);
	return NULL;
}

static void wait_in_vain(struct storm *s)
{
	const double start = kit_ms();
	struct par_result result;
	int rc = par_next_timed(s->pool, &result, 1);

	if (rc != -ETIMEDOUT)
		atomic_store(&s->early, rc);
	else if (kit_ms() < start + 1)
		atomic_store(&s->early, 1000);
}

/* Makes every call between open and close, except those of the takers. */
static void push_and_end(struct storm *s, void (*end)(struct par *))
{
	errno = KIT_ERRNO;
	assert_true(par_fd(s->pool) >= 0);
	assert_true(par_cancel_fd(s->pool) >= 0);
	kit_push_numbers(s->pool, 1, ITEMS);
	if (end)
		end(s->pool);
	assert_int_equal(errno, KIT_ERRNO);
}

static void assert_weathers(void (*end)(struct par *))
{
	unsigned takers = end ? TAKERS : 0;
	const unsigned before = atomic_load(&heard);
	struct storm s;

	storm_begin(&s);
	s.pool = kit_open(&(struct par_options){ .action = act,
						 .workers = 3,
						 .context = &s,
						 .discard = discard });
	wait_in_vain(&s);
	for (unsigned i = 0; i < takers; i++) {
		kit_start(&s.takers[i], take, &s);
		target_add(&s, s.takers[i]);
	}
	push_and_end(&s, end);
	/* However slow the storm's thread is today. */
	EVENTUALLY(atomic_load(&heard) > before);
	/* From then on no worker is added to the targets, and the one that was
	 * may end. */
	EVENTUALLY(takers ? kit_stats(s.pool).delivered == ITEMS
			  : s.worker_known);
	targets_spare(&s);
	for (unsigned i = 0; i < takers; i++)
		kit_join(s.takers[i]);
	kit_close(s.pool, 0);
	storm_end(&s);
}

static void weather(void (*end)(struct par *))
{
	set_handlers(hear);
	atomic_store(&heard, 0);
	atomic_store(&strayed, 0);
	for (int i = 0; i < ROUNDS; i++)
		assert_weathers(end);
	assert_int_equal(strayed, 0);
	set_handlers(SIG_IGN); /* a signal may still be on its way */
}

static void a_finish_in_a_storm_of_signals_loses_nothing(void **state)
{
	weather(par_finish);
}

static void nor_does_a_cancel(void **state)
{
	weather(par_cancel);
}

static void nor_does_a_close(void **state)
{
	weather(NULL);
}

/*
 * seteuid.
 */

enum { NOBODY = 65534 };

/* The item is the user, which does not change while the action runs. */
static int compare_user(void *context, void *item, void **value)
{
	return geteuid() == AS_NUMBER(item) ? 0 : -EPERM;
}

static void a_change_of_the_user_reaches_every_worker(void **state)
{
	struct par *pool = kit_open_action(compare_user, 3, NULL);
	struct par_result result;
	unsigned strangers = 0;

	for (int i = 0; i < ROUNDS; i++) {
		uid_t user = i % 2 ? 0 : NOBODY;

		assert_int_equal(seteuid(user), 0);
		for (int n = 0; n < 3; n++)
			kit_push_number(pool, user);
		for (int n = 0; n < 3; n++) {
			assert_int_equal(par_next(pool, &result), 1);
			strangers += result.error != 0;
		}
	}
	assert_int_equal(strangers, 0);
	kit_close(pool, 0);
}

static void and_disturbs_no_pool_that_is_busy(void **state)
{
	struct numbers numbers = { .last = 20000 };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 3,
						.generate = numbers_next,
						.source = &numbers,
						.window = 50 });
	struct storm s = { .pool = pool };
	pthread_t taker;

	tally_open(&s.tally, numbers.last);
	kit_start(&taker, take, &s);
	for (int i = 0; i < 2 * ROUNDS; i++)
		assert_int_equal(seteuid(i % 2 ? 0 : NOBODY), 0);
	kit_join(taker);
	assert_int_equal(s.cut_short, 0);
	assert_int_equal(s.end, 0);
	assert_int_equal(s.changed, 0);
	tally_assert_once(&s.tally);
	tally_close(&s.tally);
	kit_close(pool, 0);
}

/* Only root may, in a user namespace only if it has such a user. */
static bool may_change_the_user(void)
{
	return seteuid(NOBODY) == 0 && seteuid(0) == 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_finish_in_a_storm_of_signals_loses_nothing),
		KIT_TEST(nor_does_a_cancel),
		KIT_TEST(nor_does_a_close),
	};
	static const struct CMUnitTest of_root[] = {
		KIT_TEST(a_finish_in_a_storm_of_signals_loses_nothing),
		KIT_TEST(nor_does_a_cancel),
		KIT_TEST(nor_does_a_close),
		KIT_TEST(a_change_of_the_user_reaches_every_worker),
		KIT_TEST(and_disturbs_no_pool_that_is_busy),
	};

	if (may_change_the_user())
		return cmocka_run_group_tests_name("storm", of_root, NULL,
						   NULL);
	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
