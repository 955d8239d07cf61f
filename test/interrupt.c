/* SPDX-License-Identifier: MIT */
/*
 * par_options.interrupt: a cancel interrupts blocked calls, whenever it comes;
 * the threads that get the signal; and what par_open() does to the handler.
 */
#include "kit.h"

#include <signal.h>
#include <unistd.h>

enum { SIGNAL = SIGUSR1, BYTE = 'x' };

/* The program's own handler, and the signals it got. */
static atomic_uint heard;
static _Thread_local volatile sig_atomic_t heard_here;
static _Thread_local bool reads_here;

static void hear(int signal)
{
	atomic_fetch_add(&heard, 1);
	heard_here = heard_here + 1;
}

static void hear_more(int signal, siginfo_t *info, void *context)
{
	hear(signal);
}

static void set_action(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGNAL, &action, NULL))
		kit_die("no handler");
}

static struct sigaction get_action(void)
{
	struct sigaction action;

	if (sigaction(SIGNAL, NULL, &action))
		kit_die("no action");
	return action;
}

/* At the beginning of a test: sets this handler and forgets all signals. */
static void begin(void (*handler)(int))
{
	set_action(handler, 0);
	atomic_store(&heard, 0);
	heard_here = 0;
}

/* A pipe from which callbacks read. Nobody writes to it, so they block. */
struct wire {
	int ends[2];
	unsigned swallow;      /* so many interrupted reads are tried again */
	bool late;	       /* waits for a signal before it reads */
	atomic_uint reading;   /* readers that were about to read */
	atomic_uint swallowed; /* so many were tried again */
};

static void wire_open(struct wire *wire)
{
	if (pipe(wire->ends))
		kit_die("no pipe");
}

static void wire_close(struct wire *wire)
{
	close(wire->ends[0]);
	close(wire->ends[1]);
}

/* Returns the byte, or why there is none. */
static int wire_read(struct wire *wire)
{
	unsigned swallow = wire->swallow;
	char byte = 0;
	ssize_t got;

	reads_here = true;
	atomic_fetch_add(&wire->reading, 1);
	if (wire->late)
		EVENTUALLY(heard_here > 0);
	while ((got = read(wire->ends[0], &byte, 1)) < 0 && errno == EINTR &&
	       swallow > 0) {
		swallow--;
		atomic_fetch_add(&wire->swallowed, 1);
	}
	return got < 0 ? -errno : byte;
}

/* Reads from the wire that is its item, unless that is NULL. */
static int act(void *context, void *item, void **value)
{
	return item ? wire_read(item) : 0;
}

static int generate(void *wire, void **item)
{
	*item = NULL;
	return wire_read(wire);
}

static struct par *open_pool(unsigned workers, struct wire *source)
{
	return kit_open(
		&(struct par_options){ .action = act,
				       .workers = workers,
				       .generate = source ? generate : NULL,
				       .source = source,
				       .interrupt = SIGNAL });
}

static void assert_takes(struct par *pool, int error)
{
	assert_int_equal(kit_take(pool).error, error);
}

/*
 * The calls that it interrupts.
 */

/* One action reads. After the cancel its read is interrupted. */
static void assert_gets_out(struct wire *wire)
{
	struct par *pool = open_pool(1, NULL);

	wire_open(wire);
	kit_push(pool, wire);
	EVENTUALLY(wire->reading == 1);
	par_cancel(pool);
	assert_takes(pool, -EINTR);
	kit_close_ended(pool, 0);
	assert_int_equal(wire->swallowed, wire->swallow);
	wire_close(wire);
}

static void a_blocked_action_gets_eintr(void **state)
{
	begin(SIG_DFL);
	for (int i = 0; i < 20; i++)
		assert_gets_out(&(struct wire){ .swallow = 0 });
}

/* So often that the pauses have grown to a second. */
static void it_is_sent_until_the_action_returns(void **state)
{
	begin(SIG_DFL);
	assert_gets_out(&(struct wire){ .swallow = 11 });
}

static void a_signal_that_comes_before_the_call_is_not_the_last(void **state)
{
	begin(hear);
	assert_gets_out(&(struct wire){ .late = true });
}

static void a_handler_of_the_programs_own_serves_as_well(void **state)
{
	begin(hear);
	assert_gets_out(&(struct wire){ .swallow = 1 });
	assert_true(heard >= 2);
}

/* The interrupted call is not a failure of the source. */
static void a_blocked_generator_gets_eintr(void **state)
{
	begin(SIG_DFL);
	for (unsigned swallow = 0; swallow <= 3; swallow += 3) {
		struct wire wire = { .swallow = swallow };
		struct par *pool;

		wire_open(&wire);
		pool = open_pool(1, &wire);
		EVENTUALLY(wire.reading == 1);
		par_cancel(pool);
		kit_close_ended(pool, 0);
		assert_int_equal(wire.swallowed, swallow);
		assert_int_equal(wire.reading, 1);
		wire_close(&wire);
	}
}

static int read_in_open(void *context, void **state)
{
	struct wire *wire = context;

	*state = NULL;
	return atomic_load(&wire->reading) == 0 ? 0 : wire_read(wire);
}

static void a_blocked_worker_open_gets_eintr(void **state)
{
	struct wire wire = { .swallow = 2 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	pool = kit_open(&(struct par_options){ .action = act,
					       .workers = 2,
					       .context = &wire,
					       .worker_open = read_in_open,
					       .interrupt = SIGNAL });
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 1);
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 2);
	par_cancel(pool);
	assert_takes(pool, -ECANCELED);
	assert_takes(pool, -EINTR);
	EVENTUALLY(kit_stats(pool).refused == -EINTR);
	kit_close_ended(pool, 0);
	wire_close(&wire);
}

static void assert_all_get_out(unsigned count)
{
	struct wire wire = { .swallow = 1 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	pool = open_pool(count, &wire);
	for (unsigned i = 0; i < count; i++)
		kit_push(pool, &wire);
	EVENTUALLY(wire.reading == count + 1);
	par_cancel(pool);
	for (unsigned i = 0; i < count; i++)
		assert_takes(pool, -EINTR);
	kit_close_ended(pool, 0);
	assert_int_equal(wire.swallowed, count + 1);
	wire_close(&wire);
}

static void all_that_are_blocked_get_out(void **state)
{
	assert_all_get_out(5);
}

/* More than are sent a signal in one critical section. */
static void however_many_they_are(void **state)
{
	assert_all_get_out(200);
}

/* Those who are told while a round of signals is under way, too: the time limit
 * of many is over, the first one gets out, and then all are canceled. */
static void whenever_they_are_told(void **state)
{
	enum { MANY = 200 };
	struct wire wire = { .swallow = 0 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	pool = kit_open(&(struct par_options){ .action = act,
					       .workers = MANY,
					       .context = &wire,
					       .interrupt = SIGNAL,
					       .time_limit_ms = 100 });
	for (unsigned i = 0; i < MANY; i++)
		kit_push(pool, &wire);
	assert_int_equal(kit_take(pool).stopped, -ETIMEDOUT);
	par_cancel(pool);
	for (unsigned i = 1; i < MANY; i++) {
		const int error = kit_take(pool).error;

		assert_true(error == -EINTR || error == -ECANCELED);
	}
	kit_close_ended(pool, 0);
	wire_close(&wire);
}

static void a_close_gets_them_out_too(void **state)
{
	struct wire wire = { .swallow = 1 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	pool = open_pool(2, &wire);
	for (int i = 0; i < 2; i++)
		kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 3);
	kit_close(pool, 0);
	assert_int_equal(wire.swallowed, 3);
	wire_close(&wire);
}

static void it_comes_through_though_the_caller_blocks_it(void **state)
{
	sigset_t set, before;

	begin(SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	assert_gets_out(&(struct wire){ .swallow = 1 });
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * The threads that get the signal.
 */

static void without_a_cancel_nothing_is_sent(void **state)
{
	struct wire wire = { .swallow = 0 }, source = { .swallow = 0 };
	const char byte = BYTE;
	struct par *pool;

	begin(hear);
	wire_open(&wire);
	wire_open(&source);
	pool = open_pool(2, &source);
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 1 && source.reading == 1);
	kit_push(pool, NULL);
	assert_takes(pool, 0);
	kit_linger();
	assert_int_equal(write(wire.ends[1], &byte, 1), 1);
	assert_takes(pool, BYTE);
	assert_int_equal(write(source.ends[1], &byte, 1), 1);
	assert_takes(pool, 0);
	assert_int_equal(heard, 0);
	kit_close(pool, 0);
	wire_close(&wire);
	wire_close(&source);
}

/* Its read is interrupted, and that is no failure of the source. The action
 * notices nothing. */
static void a_finish_interrupts_the_generator_alone(void **state)
{
	struct wire wire = { .swallow = 0 }, source = { .swallow = 3 };
	const char byte = BYTE;
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	wire_open(&source);
	pool = open_pool(1, &source);
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 1 && source.reading == 1);
	par_finish(pool);
	EVENTUALLY(kit_stats(pool).ended);
	assert_int_equal(source.swallowed, 3);
	assert_int_equal(write(wire.ends[1], &byte, 1), 1);
	assert_takes(pool, BYTE);
	kit_close_ended(pool, 0);
	wire_close(&wire);
	wire_close(&source);
}

static int finish_and_fail(void *wire, void **item)
{
	par_finish(par_self());
	return -wire_read(wire);
}

/* It knows what it does: what it fails with is its failure. */
static void a_generator_that_finishes_is_not_interrupted(void **state)
{
	struct wire source = { .swallow = 0 };
	const char byte = BYTE;
	struct par *pool;

	begin(hear);
	wire_open(&source);
	pool = kit_open(&(struct par_options){ .action = act,
					       .workers = 1,
					       .generate = finish_and_fail,
					       .source = &source,
					       .interrupt = SIGNAL });
	EVENTUALLY(source.reading == 1);
	kit_linger();
	assert_int_equal(write(source.ends[1], &byte, 1), 1);
	kit_close_ended(pool, -BYTE);
	assert_int_equal(heard, 0);
	wire_close(&source);
}

/* As long as the handler does not stand, no thread of the pool takes a signal
 * to the process: it would end the process. */
static int interrupted_while_opening(void *context, void **state)
{
	kill(getpid(), SIGNAL);
	kit_linger();
	return 0;
}

static int open_interrupted(void)
{
	sigset_t set;
	struct par *pool;

	begin(SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pool = kit_open(
		&(struct par_options){ .action = act,
				       .workers = 1,
				       .worker_open = interrupted_while_opening,
				       .interrupt = SIGNAL });
	kit_push(pool, NULL);
	kit_take(pool);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	par_close(pool);
	return 0;
}

static void an_open_holds_the_signal_off_until_its_handler_stands(void **state)
{
	assert_int_equal(kit_in_child(open_interrupted), 0);
}

/*
 * Callbacks that leave it blocked.
 */

static void leave_blocked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int open_and_block(void *context, void **state)
{
	leave_blocked();
	*state = NULL;
	return 0;
}

static int act_and_block(void *state, void *item, void **value)
{
	int rc = act(state, item, value);

	leave_blocked();
	return rc;
}

static int generate_and_block(void *wire, void **item)
{
	int rc = generate(wire, item);

	leave_blocked();
	return rc;
}

static void the_next_action_is_interrupted_all_the_same(void **state)
{
	struct wire wire = { .swallow = 1 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	pool = kit_open(&(struct par_options){ .action = act_and_block,
					       .workers = 1,
					       .worker_open = open_and_block,
					       .interrupt = SIGNAL });
	for (int i = 0; i < 3; i++) {
		kit_push(pool, NULL);
		assert_takes(pool, 0);
	}
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 1);
	par_cancel(pool);
	assert_takes(pool, -EINTR);
	kit_close_ended(pool, 0);
	wire_close(&wire);
}

static void so_is_the_next_call_of_generate(void **state)
{
	static const char bytes[] = { BYTE, BYTE };
	struct wire wire = { .swallow = 1 };
	struct par *pool;

	begin(SIG_DFL);
	wire_open(&wire);
	assert_int_equal(write(wire.ends[1], bytes, 2), 2);
	pool = kit_open(&(struct par_options){ .action = act,
					       .workers = 1,
					       .generate = generate_and_block,
					       .source = &wire,
					       .interrupt = SIGNAL });
	assert_takes(pool, 0);
	assert_takes(pool, 0);
	EVENTUALLY(wire.reading == 3);
	par_finish(pool);
	kit_close_ended(pool, 0);
	wire_close(&wire);
}

static void without_the_option_nothing_is_sent(void **state)
{
	struct wire wire = { .swallow = 0 };
	const char byte = BYTE;
	struct par *pool;

	begin(hear);
	wire_open(&wire);
	pool = kit_open_action(act, 1, NULL);
	kit_push(pool, &wire);
	EVENTUALLY(wire.reading == 1);
	par_cancel(pool);
	kit_linger();
	assert_int_equal(write(wire.ends[1], &byte, 1), 1);
	assert_takes(pool, BYTE);
	kit_close_ended(pool, 0);
	assert_int_equal(heard, 0);
	wire_close(&wire);
}

struct bystanders {
	struct wire wire;
	atomic_uint closed, disturbed;
};

/* On the thread that did not read: waits until the other was interrupted often,
 * and records whether a signal came here too. */
static void watch_close(void *state)
{
	struct bystanders *b = state;

	if (!reads_here) {
		EVENTUALLY(b->wire.swallowed >= 5);
		atomic_fetch_add(&b->disturbed, heard_here > 0);
	}
	atomic_fetch_add(&b->closed, 1);
}

/* One worker reads and gets the signal again and again. The other has nothing
 * to do, and then runs its worker_close. */
static void only_who_is_inside_is_sent_it(void **state)
{
	struct bystanders b = { .wire = { .swallow = 6 } };
	struct par *pool;

	begin(hear);
	wire_open(&b.wire);
	pool = kit_open(
		&(struct par_options){ .action = act,
				       .workers = 2,
				       .context = &b,
				       .worker_open = worker_open_context,
				       .worker_close = watch_close,
				       .interrupt = SIGNAL });
	kit_push(pool, &b.wire);
	EVENTUALLY(b.wire.reading == 1);
	kit_push(pool, NULL);
	assert_takes(pool, 0);
	par_cancel(pool);
	EVENTUALLY(b.wire.swallowed >= 3);
	kit_close(pool, 0);
	assert_int_equal(b.closed, 2);
	assert_int_equal(b.disturbed, 0);
	assert_int_equal(heard_here, 0); /* the caller got no signal either */
	wire_close(&b.wire);
}

/*
 * The handler.
 */

static bool is_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

/* par_open() installs an empty handler without SA_RESTART, and it stays. */
static void assert_installs(void (*before)(int), int flags)
{
	struct sigaction during, after;
	struct par *pool;

	set_action(before, flags);
	pool = open_pool(1, NULL);
	during = get_action();
	kit_close(pool, 0);
	after = get_action();
	assert_true(is_handler(&during));
	assert_int_equal(during.sa_flags & SA_RESTART, 0);
	assert_true(after.sa_handler == during.sa_handler);
	assert_int_equal(after.sa_flags, during.sa_flags);
	assert_int_equal(raise(SIGNAL), 0); /* the handler does nothing */
}

static void over_the_default_a_handler_is_installed_and_stays(void **state)
{
	assert_installs(SIG_DFL, 0);
}

static void over_ignoring_a_handler_is_installed_and_stays(void **state)
{
	assert_installs(SIG_IGN, 0);
}

/* SA_RESTART without a handler is not refused, and the flag is not kept. */
static void the_flag_of_no_handler_is_not_kept(void **state)
{
	assert_installs(SIG_DFL, SA_RESTART);
	assert_installs(SIG_IGN, SA_RESTART);
}

static void the_librarys_handler_serves_the_next_pool(void **state)
{
	struct par *first, *second;

	begin(SIG_DFL);
	first = open_pool(1, NULL);
	second = open_pool(1, NULL);
	kit_close(first, 0);
	kit_close(second, 0);
	assert_gets_out(&(struct wire){ .swallow = 1 });
}

static void a_handler_of_the_programs_own_is_left_alone(void **state)
{
	struct sigaction after;

	begin(hear);
	kit_close(open_pool(1, NULL), 0);
	after = get_action();
	assert_true(after.sa_handler == hear);
	assert_int_equal(after.sa_flags & (SA_RESTART | SA_SIGINFO), 0);
}

static void a_handler_of_three_arguments_is_left_alone(void **state)
{
	struct sigaction action = { .sa_sigaction = hear_more,
				    .sa_flags = SA_SIGINFO };
	struct sigaction after;

	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGNAL, &action, NULL), 0);
	kit_close(open_pool(1, NULL), 0);
	after = get_action();
	assert_true(after.sa_sigaction == hear_more);
	assert_true(after.sa_flags & SA_SIGINFO);
}

/*
 * Refused.
 */

static atomic_uint began; /* calls of callbacks of a pool that was refused */

static int note_open(void *context, void **state)
{
	atomic_fetch_add(&began, 1);
	return context ? -EIO : 0;
}

static int note_generate(void *source, void **item)
{
	atomic_fetch_add(&began, 1);
	return 0;
}

static struct par_options noting(int signal)
{
	return (struct par_options){ .action = act,
				     .workers = 1,
				     .generate = note_generate,
				     .worker_open = note_open,
				     .interrupt = signal };
}

/* par_open() refuses this signal, and no callback was called. */
static void assert_refused(int signal)
{
	const struct par_options options = noting(signal);
	struct par *pool = (struct par *)&began;

	atomic_store(&began, 0);
	errno = KIT_ERRNO;
	assert_int_equal(par_open(&pool, &options), -EINVAL);
	assert_int_equal(errno, KIT_ERRNO);
	assert_null(pool);
	kit_linger();
	assert_int_equal(began, 0);
}

static void a_handler_with_sa_restart_is_refused(void **state)
{
	struct sigaction after;

	set_action(hear, SA_RESTART);
	assert_refused(SIGNAL);
	after = get_action();
	assert_true(after.sa_handler == hear);
	assert_true(after.sa_flags & SA_RESTART);
}

/* The second signal would take the default action and end the process. */
static void a_handler_with_sa_resethand_is_refused(void **state)
{
	set_action(hear, (int)SA_RESETHAND);
	assert_refused(SIGNAL);
	assert_true(get_action().sa_handler == hear);
}

static void the_default_is_one_whatever_its_flags(void **state)
{
	struct sigaction after;
	struct par *pool;

	set_action(SIG_DFL, SA_SIGINFO | SA_RESTART);
	pool = kit_open(&(struct par_options){
		.action = act, .workers = 1, .interrupt = SIGNAL });
	after = get_action();
	assert_true(is_handler(&after));
	assert_false(after.sa_flags & SA_RESTART);
	kit_close(pool, 0);
}

static void a_handler_of_three_arguments_with_it_is_refused(void **state)
{
	struct sigaction action = { .sa_sigaction = hear_more,
				    .sa_flags = SA_SIGINFO | SA_RESTART };

	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGNAL, &action, NULL), 0);
	assert_refused(SIGNAL);
}

static void sigkill_and_sigstop_are_refused(void **state)
{
	assert_refused(SIGKILL);
	assert_refused(SIGSTOP);
}

static void so_are_the_synchronous_ones(void **state)
{
	const int synchronous[] = { SIGABRT, SIGBUS,  SIGFPE, SIGILL,
				    SIGSEGV, SIGTRAP, SIGSYS };

	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		assert_refused(synchronous[i]);
}

static void what_is_no_signal_is_refused(void **state)
{
	const int nonsense[] = { -1,	  -SIGNAL, SIGRTMAX + 1,
				 1000000, INT_MAX, INT_MIN };

	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		assert_refused(nonsense[i]);
}

enum { SIGNALS = 64 };

/* A signal that the system reserves counts as one with the default action. */
static void get_handlers(void (*handlers[SIGNALS])(int))
{
	for (int signal = 1; signal < SIGNALS; signal++) {
		struct sigaction action = { .sa_handler = SIG_DFL };

		(void)sigaction(signal, NULL, &action);
		handlers[signal] = action.sa_handler;
	}
}

/* Without the option no handler is touched at all. */
static void no_other_signals_handler_is_touched(void **state)
{
	const int interrupts[] = { 0, SIGNAL };
	void (*before[SIGNALS])(int), (*after[SIGNALS])(int);

	for (int i = 0; i < 2; i++) {
		struct par_options options = { .action = act,
					       .workers = 1,
					       .interrupt = interrupts[i] };
		struct par *pool;

		begin(SIG_DFL);
		get_handlers(before);
		pool = kit_open(&options);
		get_handlers(after);
		kit_close(pool, 0);
		for (int signal = 1; signal < SIGNALS; signal++)
			assert_true(signal == interrupts[i] ||
				    before[signal] == after[signal]);
	}
}

static void an_open_that_fails_installs_no_handler(void **state)
{
	struct par_options options = noting(SIGNAL);
	struct sigaction after;
	struct par *pool;

	begin(SIG_DFL);
	options.context = &options;
	assert_int_equal(par_open(&pool, &options), -EIO);
	after = get_action();
	assert_false(is_handler(&after));
	options.workers = 0;
	assert_int_equal(par_open(&pool, &options), -EINVAL);
	after = get_action();
	assert_false(is_handler(&after));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_blocked_action_gets_eintr),
		KIT_TEST(it_is_sent_until_the_action_returns),
		KIT_TEST(a_signal_that_comes_before_the_call_is_not_the_last),
		KIT_TEST(a_handler_of_the_programs_own_serves_as_well),
		KIT_TEST(a_blocked_generator_gets_eintr),
		KIT_TEST(a_blocked_worker_open_gets_eintr),
		KIT_TEST(all_that_are_blocked_get_out),
		KIT_TEST(however_many_they_are),
		KIT_TEST(whenever_they_are_told),
		KIT_TEST(a_finish_interrupts_the_generator_alone),
		KIT_TEST(a_generator_that_finishes_is_not_interrupted),
		KIT_TEST(an_open_holds_the_signal_off_until_its_handler_stands),
		KIT_TEST(a_close_gets_them_out_too),
		KIT_TEST(it_comes_through_though_the_caller_blocks_it),
		KIT_TEST(without_a_cancel_nothing_is_sent),
		KIT_TEST(the_next_action_is_interrupted_all_the_same),
		KIT_TEST(so_is_the_next_call_of_generate),
		KIT_TEST(without_the_option_nothing_is_sent),
		KIT_TEST(only_who_is_inside_is_sent_it),
		KIT_TEST(over_the_default_a_handler_is_installed_and_stays),
		KIT_TEST(over_ignoring_a_handler_is_installed_and_stays),
		KIT_TEST(the_flag_of_no_handler_is_not_kept),
		KIT_TEST(the_librarys_handler_serves_the_next_pool),
		KIT_TEST(a_handler_of_the_programs_own_is_left_alone),
		KIT_TEST(a_handler_of_three_arguments_is_left_alone),
		KIT_TEST(a_handler_with_sa_restart_is_refused),
		KIT_TEST(a_handler_with_sa_resethand_is_refused),
		KIT_TEST(the_default_is_one_whatever_its_flags),
		KIT_TEST(a_handler_of_three_arguments_with_it_is_refused),
		KIT_TEST(sigkill_and_sigstop_are_refused),
		KIT_TEST(so_are_the_synchronous_ones),
		KIT_TEST(what_is_no_signal_is_refused),
		KIT_TEST(no_other_signals_handler_is_touched),
		KIT_TEST(an_open_that_fails_installs_no_handler),
	};

	return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
