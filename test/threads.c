/* SPDX-License-Identifier: MIT */
/*
 * The threads of a pool: their signal masks, names, stacks and cancellation;
 * and that the calls leave those of the caller alone.
 */
#include "kit.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

/* What a callback found out about its thread. */
struct look {
	sigset_t mask;
	int cancel; /* the thread's cancel state */
	size_t stack;
	char name[64];
	bool taken;
};

/* Thread-local storage of the program: glibc puts it on each thread's stack. */
static _Thread_local volatile char storage[256 * 1024];

static void look(struct look *look)
{
	pthread_attr_t attributes;

	storage[0] = 1;
	if (pthread_sigmask(SIG_SETMASK, NULL, &look->mask) ||
	    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &look->cancel) ||
	    pthread_setcancelstate(look->cancel, NULL) ||
	    pthread_getname_np(pthread_self(), look->name, sizeof look->name) ||
	    pthread_getattr_np(pthread_self(), &attributes) ||
	    pthread_attr_getstacksize(&attributes, &look->stack) ||
	    pthread_attr_destroy(&attributes))
		kit_die("cannot look");
	look->taken = true;
}

enum { WORKERS = 3 };

/* A pool that looks at the threads of all its callbacks. The generator makes
 * one item, and the test pushes the others. */
struct looks {
	struct look generator, action[WORKERS], open[WORKERS], close[WORKERS];
	struct look discard;
	struct gate all; /* holds the actions: each has its own worker */
	atomic_uint opened, acted, closed, generated;
};

static int look_generator(void *argument, void **item)
{
	struct looks *looks = argument;

	if (atomic_fetch_add(&looks->generated, 1) > 0)
		return 0;
	look(&looks->generator);
	*item = NULL;
	return 1;
}

static int look_open(void *argument, void **state)
{
	struct looks *looks = argument;

	look(&looks->open[atomic_fetch_add(&looks->opened, 1)]);
	*state = looks;
	return 0;
}

static int look_action(void *argument, void *item, void **value)
{
	struct looks *looks = argument;

	look(&looks->action[atomic_fetch_add(&looks->acted, 1)]);
	gate_pass(&looks->all);
	return 0;
}

static void look_close(void *argument)
{
	struct looks *looks = argument;

	look(&looks->close[atomic_fetch_add(&looks->closed, 1)]);
}

static void look_discard(void *argument, const struct par_result *left)
{
	struct looks *looks = argument;

	look(&looks->discard);
}

static struct par *open_looks(struct looks *looks, struct par_options options)
{
	struct par *pool;

	*looks = (struct looks){ .all = GATE_CLOSED };
	options.action = look_action;
	options.workers = WORKERS;
	options.generate = look_generator;
	options.source = options.context = looks;
	options.worker_open = look_open;
	options.worker_close = look_close;
	options.discard = look_discard;
	pool = kit_open(&options);
	for (int i = 1; i < WORKERS; i++)
		kit_push(pool, NULL);
	gate_await(&looks->all, WORKERS);
	return pool;
}

static void close_looks(struct looks *looks, struct par *pool)
{
	gate_open(&looks->all);
	EVENTUALLY(kit_stats(pool).ready == WORKERS);
	kit_close(pool, 0);
	assert_true(looks->generator.taken && looks->discard.taken);
	for (int i = 0; i < WORKERS; i++)
		assert_true(looks->open[i].taken && looks->action[i].taken &&
			    looks->close[i].taken);
}

static void look_at(struct looks *looks, struct par_options options)
{
	close_looks(looks, open_looks(looks, options));
}

/*
 * Signals.
 */

static bool is_synchronous(int signal)
{
	/* abort() unblocks its own. */
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
	       signal == SIGILL || signal == SIGTRAP || signal == SIGSYS ||
	       signal == SIGABRT;
}

/* Every signal that a program can block is blocked, except the synchronous
 * ones, one more, and these. */
static void assert_blocked_except(const struct look *look, int but,
				  const sigset_t *these)
{
	sigset_t all;

	sigfillset(&all);
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		const bool open = is_synchronous(signal) || signal == but ||
				  sigismember(these, signal) == 1;

		if (sigismember(&all, signal) != 1 || signal == SIGKILL ||
		    signal == SIGSTOP)
			continue;
		if (sigismember(&look->mask, signal) == open)
			fail_msg("signal %d is %sblocked", signal,
				 open ? "" : "not ");
	}
}

/* Except that of profilers, and in the producer those that stop a job that
 * reads or writes the terminal in the background. */
static void assert_blocked_but(const struct look *look, bool producer, int but)
{
	sigset_t these;

	sigemptyset(&these);
	sigaddset(&these, SIGPROF);
	if (producer) {
		sigaddset(&these, SIGTTIN);
		sigaddset(&these, SIGTTOU);
	}
	assert_blocked_except(look, but, &these);
}

static void assert_blocked(const struct look *look, int but)
{
	assert_blocked_but(look, false, but);
}

/* The thread that opened the pool blocks those too. */
static void assert_all_blocked_but(const struct look *look, int but)
{
	sigset_t none;

	sigemptyset(&none);
	assert_blocked_except(look, but, &none);
}

static void the_producer_blocks_every_signal(void **state)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ 0 });
	assert_blocked_but(&looks.generator, true, 0);
}

/* par_open() started the first one, and pushes the others. */
static void the_workers_block_every_signal(void **state)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ 0 });
	for (int i = 0; i < WORKERS; i++) {
		assert_blocked(&looks.open[i], 0);
		assert_blocked(&looks.action[i], 0);
		assert_blocked(&looks.close[i], 0);
	}
}

static void the_interrupt_is_not_blocked(void **state)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ .interrupt = SIGUSR1 });
	assert_blocked_but(&looks.generator, true, SIGUSR1);
	for (int i = 0; i < WORKERS; i++) {
		/* par_open() waits for the first, and has no handler yet. */
		assert_blocked(&looks.open[i], i == 0 ? 0 : SIGUSR1);
		assert_blocked(&looks.action[i], SIGUSR1);
		assert_blocked(&looks.close[i], 0);
	}
	signal(SIGUSR1, SIG_DFL);
}

/* How many threads of this process have a name that begins so, and block this
 * signal; 0: any. */
static unsigned count_threads(const char *name, int signal)
{
	DIR *threads = opendir("/proc/self/task");
	unsigned count = 0;

	for (struct dirent *e; threads && (e = readdir(threads));) {
		char path[300], line[128], own[32] = "";
		unsigned long long blocked = 0;
		FILE *file;

		snprintf(path, sizeof path, "/proc/self/task/%s/status",
			 e->d_name);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof line, file)) {
			(void)sscanf(line, "Name: %31s", own);
			(void)sscanf(line, "SigBlk: %llx", &blocked);
		}
		if (file)
			fclose(file);
		count += strncmp(own, name, strlen(name)) == 0 &&
			 (signal == 0 || blocked >> (signal - 1) & 1);
	}
	if (threads)
		closedir(threads);
	return count;
}

/* Those that run no callback, too: the supervisor, a worker that is idle. */
static void no_thread_of_the_pool_blocks_the_profilers_signal(void **state)
{
	struct held held;

	held_open(&held, (struct gated_numbers){ 0 },
		  (struct par_options){ .name = "every" });
	EVENTUALLY(count_threads("every", 0) == 3);
	assert_int_equal(count_threads("every", SIGUSR1), 3);
	/* A C library blocks all in a thread that is about to begin. */
	EVENTUALLY(count_threads("every", SIGPROF) == 0);
	gate_open(&held.hold);
	kit_close_ended(held.pool, 0);
}

/* The signals that the caller blocks make no difference to the pool. */
static void a_signal_that_the_caller_blocks_interrupts_too(void **state)
{
	struct looks looks;
	sigset_t all, before;

	sigfillset(&all);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
	look_at(&looks, (struct par_options){ .interrupt = SIGUSR1 });
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_all_blocked_but(&looks.generator, SIGUSR1);
	for (int i = 0; i < WORKERS; i++)
		assert_all_blocked_but(&looks.action[i], SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
}

static atomic_uint heard;
static pthread_t hearer;

static void hear(int signal)
{
	if (pthread_equal(pthread_self(), hearer))
		atomic_fetch_add(&heard, 1);
}

/* It is the program's even if the program's threads block it for a while. */
static void a_signal_to_the_process_is_the_programs(void **state)
{
	struct looks looks;
	struct par *pool = open_looks(&looks, (struct par_options){ 0 });
	sigset_t one, before, pending;

	hearer = pthread_self();
	atomic_store(&heard, 0);
	signal(SIGUSR2, hear);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &one, &before);
	kill(getpid(), SIGUSR2);
	kit_linger();
	sigpending(&pending);
	assert_true(sigismember(&pending, SIGUSR2));
	assert_int_equal(atomic_load(&heard), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	EVENTUALLY(atomic_load(&heard) == 1);
	close_looks(&looks, pool);
	signal(SIGUSR2, SIG_DFL);
}

/* Sets the caller's mask to an unusual one until the end of a test. */
static void mask_set(sigset_t *own, sigset_t *before)
{
	sigemptyset(own);
	sigaddset(own, SIGUSR2);
	sigaddset(own, SIGTERM);
	sigaddset(own, SIGFPE);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, own, before), 0);
}

static void assert_mask(const sigset_t *expected)
{
	sigset_t now;

	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		assert_int_equal(sigismember(&now, signal),
				 sigismember(expected, signal));
}

static void the_callers_mask_is_as_it_was(void **state)
{
	struct looks looks;
	sigset_t own, before;
	struct par *pool;

	mask_set(&own, &before);
	pool = open_looks(&looks, (struct par_options){ .interrupt = SIGUSR1 });
	assert_mask(&own); /* after par_open(), and pushes that start workers */
	close_looks(&looks, pool);
	assert_mask(&own);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static atomic_uint held_back;

static void count_heard(int signal)
{
	atomic_fetch_add(&held_back, 1);
}

/* A signal that the program blocks stays pending while threads start. */
static void no_signal_slips_through_the_callers_mask(void **state)
{
	struct sigaction action = { .sa_handler = count_heard };
	struct looks looks;
	sigset_t own, before;
	struct par *pool;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&own);
	sigaddset(&own, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &own, &before);
	pthread_kill(pthread_self(), SIGUSR1);
	pool = open_looks(&looks, (struct par_options){ .interrupt = SIGUSR1 });
	close_looks(&looks, pool);
	assert_int_equal(held_back, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(held_back, 1);
	signal(SIGUSR1, SIG_DFL);
}

static void discard_runs_with_the_callers_mask(void **state)
{
	struct looks looks;
	sigset_t own, before;

	mask_set(&own, &before);
	look_at(&looks, (struct par_options){ 0 });
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		assert_int_equal(sigismember(&looks.discard.mask, signal),
				 sigismember(&own, signal));
}

static int fail_to_open(void *context, void **state)
{
	return -EIO;
}

static void the_callers_mask_is_as_it_was_after_a_failed_open(void **state)
{
	struct numbers numbers = { .last = 1 };
	struct par_options options = { .action = action_echo,
				       .workers = 2,
				       .generate = numbers_next,
				       .source = &numbers,
				       .interrupt = SIGUSR1 };
	sigset_t own, before;
	struct par *pool;

	mask_set(&own, &before);
	options.worker_open = fail_to_open;
	assert_int_equal(par_open(&pool, &options), -EIO);
	assert_mask(&own);
	options.worker_open = NULL;
	options.stack_size = KIT_HUGE_STACK;
	(void)par_open(&pool, &options);
	assert_mask(&own);
	kit_close(pool, 0); /* under valgrind it may have been opened */
	options.workers = 0;
	assert_int_equal(par_open(&pool, &options), -EINVAL);
	assert_mask(&own);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Names.
 */

/* The thread has this name, or its beginning if the system takes no more, or
 * one of these and a number. Workers have different numbers. */
static void assert_named(const struct look *look, const char *name)
{
	const char *own = look->name, *given = name;
	size_t same = 0;

	while (own[same] && own[same] == given[same])
		same++;
	if (own[same] == '\0' && (given[same] == '\0' || same == 15))
		return;
	if (own[same] == '-' && (given[same] == '\0' || same == 13))
		same++;
	else
		fail_msg("\"%s\" is not \"%s\"", own, given);
	assert_true(own[same] >= '0' && own[same] <= '9');
}

static void assert_all_named(const char *name)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ .name = name });
	assert_named(&looks.generator, name);
	for (int i = 0; i < WORKERS; i++) {
		assert_named(&looks.open[i], name);
		assert_named(&looks.action[i], name);
		assert_named(&looks.close[i], name);
	}
	for (int i = 1; i < WORKERS; i++)
		assert_string_not_equal(looks.action[i].name,
					looks.action[i - 1].name);
}

static void the_name_names_every_thread(void **state)
{
	assert_all_named("fetch");
	assert_all_named("x");
	assert_all_named("a b%s-7");
}

/* Those that run no callback too. */
static void every_thread_of_the_pool_is_named(void **state)
{
	struct looks looks;
	struct par *pool =
		open_looks(&looks, (struct par_options){ .name = "every" });

	/* The workers and the supervisor; the producer has ended. */
	EVENTUALLY(count_threads("every", 0) == WORKERS + 1);
	close_looks(&looks, pool);
}

static void a_long_name_is_cut(void **state)
{
	assert_all_named("thirteenchars");
	assert_all_named("fourteen-chars");
	assert_all_named("fifteen---chars");
	assert_all_named("sixteen----chars");
	assert_all_named(
		"a name that is much longer than any system takes it "
		"to be, and does not end before it has gone on and on");
}

static void the_callers_own_name_stays(void **state)
{
	struct looks looks;
	char before[64], after[64];

	pthread_getname_np(pthread_self(), before, sizeof before);
	look_at(&looks, (struct par_options){ .name = "other" });
	pthread_getname_np(pthread_self(), after, sizeof after);
	assert_string_equal(after, before);
}

/*
 * Stacks.
 */

static void assert_stacks(size_t asked, size_t least)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ .stack_size = asked });
	assert_true(looks.generator.stack >= least);
	for (int i = 0; i < WORKERS; i++)
		assert_true(looks.action[i].stack >= least);
}

/* The size is larger than any default. The stack may be larger still, because a
 * system may reuse a larger one. */
static void every_threads_stack_has_the_size(void **state)
{
	assert_stacks(64 << 20, 64 << 20);
}

static void a_small_stack_is_rounded_up_to_the_least_there_is(void **state)
{
	const size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);

	assert_stacks(1, least);
	assert_stacks(4096, least);
	assert_stacks(least - 1, least);
	assert_stacks(least, least);
}

/* Each is larger than the one before, which the system may reuse. */
static void an_odd_stack_is_no_smaller_than_asked_for(void **state)
{
	const size_t page = (65 << 20) + 1, odd = (66 << 20) + 12345;

	assert_stacks(page, page);
	assert_stacks(odd, odd);
}

/*
 * Cancellation.
 */

static void no_thread_of_the_pool_can_be_canceled(void **state)
{
	struct looks looks;

	look_at(&looks, (struct par_options){ 0 });
	assert_int_equal(looks.generator.cancel, PTHREAD_CANCEL_DISABLE);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(looks.open[i].cancel, PTHREAD_CANCEL_DISABLE);
		assert_int_equal(looks.action[i].cancel,
				 PTHREAD_CANCEL_DISABLE);
		assert_int_equal(looks.close[i].cancel, PTHREAD_CANCEL_DISABLE);
	}
}

static int cancel_itself(void *task, void *item, void **value)
{
	atomic_store((atomic_int *)task, kit_task());
	pthread_cancel(pthread_self());
	pthread_testcancel();
	return action_echo(NULL, item, value);
}

static void a_canceled_worker_works_on(void **state)
{
	atomic_int task = 0;
	struct par *pool = kit_open_action(cancel_itself, 1, &task);
	struct par_result result;

	for (uintptr_t i = 1; i <= 10; i++) {
		kit_push_number(pool, i);
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(result.error, 0);
		assert_ptr_equal(result.value, AS_ITEM(i));
		/* Its sleep is a cancellation point. */
		EVENTUALLY(kit_is_asleep(atomic_load(&task)));
	}
	kit_close(pool, 0);
}

static int cancel_state(void)
{
	int now;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &now);
	pthread_setcancelstate(now, NULL);
	return now;
}

static void be_canceled(void)
{
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	/* Calls of the library leave it as it is. */
	(void)par_stop_fd();
	(void)par_canceled(par_self());
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

static int be_canceled_in_action(void *context, void *item, void **value)
{
	be_canceled();
	return 0;
}

/* The state that worker_close finds. */
static atomic_int state_at_close;

static void look_at_close(void *unused)
{
	atomic_store(&state_at_close, cancel_state());
}

static void an_action_may_let_itself_be_canceled(void **state)
{
	struct par *pool = kit_open(
		&(struct par_options){ .action = be_canceled_in_action,
				       .workers = 2,
				       .worker_close = look_at_close });
	struct par_result result;

	for (uintptr_t i = 1; i <= 10; i++) {
		atomic_store(&state_at_close, -1);
		kit_push_number(pool, i);
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(result.error, -EINTR);
		assert_ptr_equal(result.item, AS_ITEM(i));
		EVENTUALLY(atomic_load(&state_at_close) != -1);
		assert_int_equal(atomic_load(&state_at_close),
				 PTHREAD_CANCEL_DISABLE);
	}
	kit_close(pool, 0);
}

static int be_canceled_in_generate(void *source, void **item)
{
	be_canceled();
	return 0;
}

static void a_generator_may_let_itself_be_canceled(void **state)
{
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 1,
				       .generate = be_canceled_in_generate });
	struct par_result result;

	assert_int_equal(par_next(pool, &result), -EINTR);
	kit_close(pool, -EINTR);
}

static void assert_keeps_cancel_state(int expected)
{
	struct looks looks;
	struct par_result r;
	struct par *pool;

	pthread_setcancelstate(expected, NULL);
	pool = open_looks(&looks, (struct par_options){ 0 });
	assert_int_equal(cancel_state(), expected);
	assert_true(par_fd(pool) >= 0);
	assert_true(par_cancel_fd(pool) >= 0);
	assert_int_equal(cancel_state(), expected);
	close_looks(&looks, pool);
	assert_int_equal(cancel_state(), expected);
	pool = kit_open_echo();
	assert_int_equal(par_limit(pool, 1), 0);
	assert_int_equal(par_withdraw(pool, &looks), -ENOENT);
	assert_int_equal(cancel_state(), expected);
	assert_int_equal(par_push_timed(pool, NULL, 0), 0);
	assert_int_equal(par_next_many(pool, &r, 1, 1, -1), 1);
	assert_int_equal(cancel_state(), expected);
	assert_int_equal(par_next_timed(pool, &r, 0), -ETIMEDOUT);
	par_stats(pool, &(struct par_stats){ 0 });
	par_finish(pool);
	assert_int_equal(cancel_state(), expected);
	assert_int_equal(par_next(pool, &r), 0);
	par_cancel(pool);
	assert_int_equal(cancel_state(), expected);
	assert_int_equal(par_close_timed(pool, -1), 0);
	assert_int_equal(cancel_state(), expected);
	assert_int_equal(
		par_open(&pool,
			 &(struct par_options){ .action = action_echo,
						.workers = 1,
						.worker_open = fail_to_open }),
		-EIO);
	assert_int_equal(cancel_state(), expected);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
}

static void the_callers_cancel_state_is_as_it_was(void **state)
{
	assert_keeps_cancel_state(PTHREAD_CANCEL_ENABLE);
	assert_keeps_cancel_state(PTHREAD_CANCEL_DISABLE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(the_producer_blocks_every_signal),
		KIT_TEST(the_workers_block_every_signal),
		KIT_TEST(the_interrupt_is_not_blocked),
		KIT_TEST(no_thread_of_the_pool_blocks_the_profilers_signal),
		KIT_TEST(a_signal_that_the_caller_blocks_interrupts_too),
		KIT_TEST(a_signal_to_the_process_is_the_programs),
		KIT_TEST(the_callers_mask_is_as_it_was),
		KIT_TEST(no_signal_slips_through_the_callers_mask),
		KIT_TEST(discard_runs_with_the_callers_mask),
		KIT_TEST(the_callers_mask_is_as_it_was_after_a_failed_open),
		KIT_TEST(the_name_names_every_thread),
		KIT_TEST(every_thread_of_the_pool_is_named),
		KIT_TEST(a_long_name_is_cut),
		KIT_TEST(the_callers_own_name_stays),
		KIT_TEST(every_threads_stack_has_the_size),
		KIT_TEST(a_small_stack_is_rounded_up_to_the_least_there_is),
		KIT_TEST(an_odd_stack_is_no_smaller_than_asked_for),
		KIT_TEST(no_thread_of_the_pool_can_be_canceled),
		KIT_TEST(a_canceled_worker_works_on),
		KIT_TEST(an_action_may_let_itself_be_canceled),
		KIT_TEST(a_generator_may_let_itself_be_canceled),
		KIT_TEST(the_callers_cancel_state_is_as_it_was),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
