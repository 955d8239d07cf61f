/* SPDX-License-Identifier: MIT */
/*
 * Faults that programs have met with other pools: low descriptors, a child of
 * fork() that destroys what it has a copy of, the signals of a program that an
 * action starts, the stack of a handler, a thread's last destructors, a newer
 * header.
 */
#include "kit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int bring_descriptor(void *unused, void *item, void **value)
{
	*value = (void *)(intptr_t)par_stop_fd();
	return 0;
}

static struct par *open_silent(void)
{
	struct par *pool = NULL;

	if (par_open(&pool, &(struct par_options){ .action = bring_descriptor,
						   .workers = 1 }))
		_exit(90);
	return pool;
}

/* Which of 0, 1 and 2 are closed. */
static int closed;

static int use_descriptors(void)
{
	struct par *pool;
	struct par_result r;
	int fd, cancel_fd, stop_fd;

	for (int low = 0; low <= 2; low++)
		if (closed & 1 << low)
			close(low);
	pool = open_silent();
	errno = KIT_ERRNO;
	fd = par_fd(pool);
	cancel_fd = par_cancel_fd(pool);
	if (fd <= 2 || cancel_fd <= 2)
		return 1;
	if (par_push(pool, &fd) ||
	    poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1) != 1)
		return 4;
	if (par_next(pool, &r) != 1 || kit_readable(fd))
		return 5;
	stop_fd = (int)(intptr_t)r.value;
	if (stop_fd <= 2)
		return 9;
	/* Whatever the program prints there lands in no pipe of the pool. */
	for (int low = 0; low <= 2; low++)
		if (closed & 1 << low && fcntl(low, F_GETFD) >= 0)
			return 2;
	if (kit_readable(fd) || kit_readable(cancel_fd) ||
	    kit_readable(stop_fd))
		return 3;
	par_cancel(pool);
	if (!kit_readable(cancel_fd) || par_next(pool, &r) != 0)
		return 6;
	if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC) ||
	    !(fcntl(cancel_fd, F_GETFD) & FD_CLOEXEC) ||
	    !(fcntl(stop_fd, F_GETFD) & FD_CLOEXEC))
		return 7;
	return par_close(pool) ? 8 : 0;
}

static void a_descriptor_is_never_0_1_or_2(void **state)
{
	for (closed = 0; closed < 8; closed++)
		assert_int_equal(kit_in_child(use_descriptors), 0);
}

/* There are low ones, but no other: the process may have none, or 3 is in use.
 * The call fails, and nothing stays open. */
static rlim_t descriptors;

static int run_out_of_descriptors(void)
{
	struct par *pool = open_silent();
	struct par_result r;
	struct rlimit limit;
	rlim_t before;

	dup2(STDERR_FILENO, 3);
	close(0);
	close(1);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	before = limit.rlim_cur;
	limit.rlim_cur = descriptors;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 2;
	if (par_fd(pool) != -EMFILE)
		return 3;
	if (par_push(pool, NULL) || par_next(pool, &r) != 1 ||
	    (intptr_t)r.value != -EMFILE)
		return 7;
	limit.rlim_cur = before;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 4;
	if (fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0)
		return 5;
	return par_close(pool) ? 6 : 0;
}

static void a_low_descriptor_alone_is_none(void **state)
{
	for (descriptors = 3; descriptors <= 4; descriptors++)
		assert_int_equal(kit_in_child(run_out_of_descriptors), 0);
}

#if defined(__linux__) && !defined(PAR_PLAIN_PIPES)
/* par_fd() needs one; a pipe would need two. */
static bool without_0;

static int have_3_alone(void)
{
	struct par *pool = open_silent();
	struct rlimit limit;
	int fd;

	if (without_0)
		close(0);
	close(3);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1;
	limit.rlim_cur = 4;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return 2;
	fd = par_fd(pool);
	if (fd != 3)
		return 3;
	return par_close(pool) ? 4 : 0;
}

static void descriptor_3_is_no_low_one(void **state)
{
	for (int i = 0; i < 2; i++) {
		without_0 = i;
		assert_int_equal(kit_in_child(have_3_alone), 0);
	}
}
#endif

static struct par *of_the_parent;

static int close_the_parents(void)
{
	alarm(KIT_PATIENCE);
	if (par_close(of_the_parent) != -ECHILD ||
	    par_close_timed(of_the_parent, 0) != -ECHILD)
		return 1;
	/* It has freed nothing. */
	return par_close(of_the_parent) == -ECHILD ? 0 : 2;
}

static void a_child_that_closes_is_told(void **state)
{
	of_the_parent = kit_open_echo();
	kit_push_number(of_the_parent, 1);
	/* A thread that begins holds locks of a sanitizer. The child would have
	 * them for ever, and exit() needs them. */
	EVENTUALLY(kit_stats(of_the_parent).finished == 1);
	assert_int_equal(kit_in_child(close_the_parents), 0);
	kit_close(of_the_parent, 0);
}

/* The child has the mask of the thread that forked. */
static void open_alarm(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* In the child, the thread that forked is no thread of the pool. */
static int close_in_child(void *unused, void *item, void **value)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		open_alarm();
		alarm(KIT_PATIENCE);
		_exit(par_close(par_self()) != -ECHILD ||
		      par_close_timed(par_self(), 0) != -ECHILD);
	}
	return waitpid(child, &status, 0) == child ? status : -errno;
}

static void so_is_a_child_of_an_action(void **state)
{
	struct par *pool = kit_open_action(close_in_child, 1, NULL);

	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, 0);
	kit_finish(pool);
}

/*
 * Signals. In a pool's threads most are blocked.
 */

static int write_to_closed_pipe(void *unused, void *item, void **value)
{
	int fds[2], rc;

	if (pipe(fds))
		return errno;
	close(fds[0]);
	rc = write(fds[1], "", 1) < 0 ? -errno : 0;
	close(fds[1]);
	return rc;
}

static void a_closed_pipe_is_an_error_and_no_signal(void **state)
{
	struct par *pool = kit_open_action(write_to_closed_pipe, 1, NULL);

	assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, -EPIPE);
	kit_finish(pool);
}

/* Unless the signal is blocked, it ends the shell. */
#define COMMAND "kill -TERM $$; exit 7"

static int run_with(posix_spawnattr_t *attributes)
{
	char shell[] = "sh", option[] = "-c", command[] = COMMAND;
	char *arguments[] = { shell, option, command, NULL },
	     *none[] = { NULL };
	pid_t child;
	int status;

	if (posix_spawn(&child, "/bin/sh", NULL, attributes, arguments, none) ||
	    waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

/* The wait status of each. */
struct programs {
	int of_system, of_spawn, with_mask;
};

static int run_programs(void *unused, void *programs, void **value)
{
	struct programs *p = programs;
	posix_spawnattr_t attributes;
	sigset_t none;

	p->of_system = system(COMMAND); /* NOLINT(cert-env33-c): it is meant */
	p->of_spawn = run_with(NULL);
	sigemptyset(&none);
	if (posix_spawnattr_init(&attributes) ||
	    posix_spawnattr_setsigmask(&attributes, &none) ||
	    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK))
		return -1;
	p->with_mask = run_with(&attributes);
	return posix_spawnattr_destroy(&attributes);
}

static void a_program_inherits_the_mask_unless_it_is_given_one(void **state)
{
	struct par *pool = kit_open_action(run_programs, 1, NULL);
	struct programs programs;

	kit_push(pool, &programs);
	assert_int_equal(kit_take(pool).error, 0);
	assert_true(WIFEXITED(programs.of_system));
	assert_int_equal(WEXITSTATUS(programs.of_system), 7);
	assert_int_equal(programs.of_spawn, programs.of_system);
	assert_true(WIFSIGNALED(programs.with_mask));
	assert_int_equal(WTERMSIG(programs.with_mask), SIGTERM);
	kit_finish(pool);
}

#ifndef PAR_PLAIN_PIPES
/* Its first item brings nothing. The next brings the descriptor of the action,
 * which ends when the gate opens. */
struct bringer {
	struct gate in, leave;
	int stop_fd;
};

static int bring_and_stay(void *unused, void *bringer, void **value)
{
	struct bringer *b = bringer;

	if (!b)
		return 0;
	b->stop_fd = par_stop_fd();
	gate_open(&b->in);
	gate_pass(&b->leave);
	return 0;
}

static void add(int set, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	assert_true(fd >= 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
}

/* The descriptors of a pool, all of them ready, and their copies. */
enum { FDS = 3 };
struct copies {
	int fds[FDS], copies[FDS], set;
	int hold[2]; /* keeps the child */
	pid_t child;
};

static void copies_make(struct copies *c)
{
	char byte;

	c->set = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < FDS; i++) {
		assert_true(kit_readable(c->fds[i]));
		add(c->set, c->fds[i]);
		c->copies[i] = dup(c->fds[i]);
		add(c->set, c->copies[i]);
	}
	assert_int_equal(pipe(c->hold), 0);
	c->child = fork();
	if (c->child == 0) {
		close(c->hold[1]);
		if (read(c->hold[0], &byte, 1) != 0)
			_exit(FDS + 1);
		for (int i = 0; i < FDS; i++)
			if (kit_readable(c->fds[i]))
				_exit(i + 1);
		_exit(0);
	}
}

static void copies_assert_silent(struct copies *c)
{
	struct epoll_event event;
	int status;

	assert_int_equal(epoll_wait(c->set, &event, 1, 0), 0);
	close(c->hold[0]);
	close(c->hold[1]);
	assert_int_equal(waitpid(c->child, &status, 0), c->child);
	assert_int_equal(status, 0);
	for (int i = 0; i < FDS; i++) {
		assert_false(kit_readable(c->copies[i]));
		close(c->copies[i]);
	}
	close(c->set);
}

/* A child or a dup() that keeps the descriptors keeps them in an epoll set:
 * what is closed must be silent there, and for whoever polls a copy. The worst
 * case of each: they are ready, and the copies were made then. (A copy of one
 * end of a pipe is ready for ever once nobody has the other.) */
static void a_closed_descriptor_is_silent(void **state)
{
	struct par *pool = kit_open_action(bring_and_stay, 1, NULL);
	struct bringer bringer = { .in = GATE_CLOSED, .leave = GATE_CLOSED };
	struct copies copies = { .fds = { par_fd(pool), par_cancel_fd(pool) } };

	kit_push(pool, NULL);
	kit_await_readable(copies.fds[0]);
	kit_push(pool, &bringer);
	gate_pass(&bringer.in);
	copies.fds[2] = bringer.stop_fd;
	par_cancel(pool);
	copies_make(&copies);
	gate_open(&bringer.leave);
	kit_close(pool, 0);
	copies_assert_silent(&copies);
}
#endif

/* The library's handler. */
static void the_handler_runs_on_the_alternate_stack(void **state)
{
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 1, .interrupt = SIGUSR1 });
	struct sigaction now;

	assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
	assert_true(now.sa_flags & SA_ONSTACK);
	assert_false(now.sa_flags & SA_RESTART);
	kit_close(pool, 0);
	signal(SIGUSR1, SIG_DFL);
}

/* Thread-specific data of a pool's thread. Its destructor calls the pool. */
static pthread_key_t key;
static atomic_int closing, taking, pushing, itself;

static void destroy(void *pool)
{
	struct par_result r;

	atomic_store(&itself, par_self() == NULL && !par_stopping() &&
				      par_stop_fd() == -EINVAL);
	atomic_store(&taking, par_next(pool, &r));
	atomic_store(&pushing, par_push(pool, NULL));
	par_finish(pool);
	atomic_store(&closing, par_close(pool));
}

static int leave_data(void *unused, void *item, void **value)
{
	if (item)
		pthread_setspecific(key, par_self());
	return 0;
}

static int generate_data(void *count, void **item)
{
	int *left = count;

	pthread_setspecific(key, par_self());
	return (*left)-- > 0;
}

static void a_destructor_is_still_on_the_pools_thread(void **state)
{
	struct par_result r;
	int none = 0;

	assert_int_equal(pthread_key_create(&key, destroy), 0);
	for (int producer = 0; producer < 2; producer++) {
		struct par *pool;

		atomic_store(&closing, 0);
		atomic_store(&taking, 0);
		atomic_store(&pushing, 1);
		atomic_store(&itself, 0);
		pool = kit_open(&(struct par_options){
			.action = leave_data,
			.workers = 1,
			.generate = producer ? generate_data : NULL,
			.source = &none });
		if (producer)
			EVENTUALLY(atomic_load(&pushing) != 1);
		else
			kit_push_number(pool, 1);
		assert_int_equal(par_next(pool, &r), 1);
		kit_close(pool, 0);
		assert_int_equal(atomic_load(&closing), -EDEADLK);
		assert_int_equal(atomic_load(&taking), -EDEADLK);
		assert_int_equal(atomic_load(&pushing),
				 producer ? 0 : -ECANCELED);
		assert_true(atomic_load(&itself));
	}
	pthread_key_delete(key);
}

/* A handler that calls a cancellation point. */
static void write_nothing(int signal)
{
	const int saved = errno;

	(void)!write(-1, "", 0);
	errno = saved;
}

static _Noreturn void *call_for_ever(void *pool)
{
	struct par_stats stats;
	struct par_result r;

	for (;;) {
		kit_push_number(pool, 1);
		par_stats(pool, &stats);
		par_next_timed(pool, &r, 0);
	}
}

/* The cancel takes effect in the handler, and the handler runs at any place: no
 * call of the library is cut in two, with its lock held. */
static void a_canceled_thread_leaves_nothing_half_done(void **state)
{
	/* Without it the thread might do nothing but handle signals. */
	const struct timespec pause = { .tv_nsec = 20000 };
	struct par *pool = kit_open_echo();

	signal(SIGUSR2, write_nothing);
	for (int round = 0; round < 300; round++) {
		const uint64_t before = kit_stats(pool).entered;
		pthread_t caller;

		kit_start(&caller, call_for_ever, pool);
		EVENTUALLY(kit_stats(pool).entered > before);
		assert_int_equal(pthread_cancel(caller), 0);
		while (pthread_tryjoin_np(caller, NULL) == EBUSY) {
			pthread_kill(caller, SIGUSR2);
			nanosleep(&pause, NULL);
		}
		kit_stats(pool);
	}
	signal(SIGUSR2, SIG_DFL);
	par_finish(pool);
	kit_assert_drains(
		pool, kit_stats(pool).entered - kit_stats(pool).delivered, 0);
	kit_close(pool, 0);
}

/* A newer program's result: ours, and a field that the library does not know.
 */
struct newer {
	struct par_result known;
	uint64_t more[8];
};
static struct newer seen;

static void see(void *unused, const struct par_result *left)
{
	memcpy(&seen, left, sizeof seen);
}

static void discard_gets_a_result_of_the_programs_size(void **state)
{
	const struct par_sizes sizes = { .options = sizeof(struct par_options),
					 .result = sizeof(struct newer),
					 .stats = sizeof(struct par_stats) };
	struct gate gate = GATE_CLOSED;
	struct par_options options = { .action = action_gated,
				       .workers = 1,
				       .context = &gate,
				       .discard = see };
	const uint64_t none[8] = { 0 };
	struct par *pool;

	memset(&seen, 0xff, sizeof seen);
	assert_int_equal(par_open_sized(&pool, &options, &sizes), 0);
	kit_push_number(pool, 7);
	gate_open(&gate);
	kit_close(pool, 0);
	assert_ptr_equal(seen.known.item, AS_ITEM(7));
	assert_memory_equal(seen.more, none, sizeof none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_descriptor_is_never_0_1_or_2),
		KIT_TEST(a_low_descriptor_alone_is_none),
#if defined(__linux__) && !defined(PAR_PLAIN_PIPES)
		KIT_TEST(descriptor_3_is_no_low_one),
#endif
		KIT_TEST(a_child_that_closes_is_told),
		KIT_TEST(so_is_a_child_of_an_action),
		KIT_TEST(a_closed_pipe_is_an_error_and_no_signal),
		KIT_TEST(a_program_inherits_the_mask_unless_it_is_given_one),
#ifndef PAR_PLAIN_PIPES
		KIT_TEST(a_closed_descriptor_is_silent),
#endif
		KIT_TEST(the_handler_runs_on_the_alternate_stack),
		KIT_TEST(a_destructor_is_still_on_the_pools_thread),
		KIT_TEST(a_canceled_thread_leaves_nothing_half_done),
		KIT_TEST(discard_gets_a_result_of_the_programs_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
