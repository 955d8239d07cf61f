/* SPDX-License-Identifier: MIT */
/*
 * The descriptors: par_fd() is readable exactly while par_next() would not
 * block; par_cancel_fd() is ready from the cancel on.
 */
#include "kit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static int results_fd(struct par *pool)
{
	int fd = par_fd(pool);

	assert_true(fd >= 0);
	return fd;
}

static int cancel_fd(struct par *pool)
{
	int fd = par_cancel_fd(pool);

	assert_true(fd >= 0);
	return fd;
}

/* par_next() would block, and the descriptor is not readable. */
static void assert_blocks(struct par *pool)
{
	struct par_result result;

	assert_false(kit_readable(results_fd(pool)));
	assert_int_equal(par_next_timed(pool, &result, 0), -ETIMEDOUT);
	assert_false(kit_readable(results_fd(pool)));
}

/* Waits until the descriptor is readable, and takes the result. Returns its
 * item. */
static uintptr_t take_readable(struct par *pool)
{
	struct par_result result;

	EVENTUALLY(kit_readable(results_fd(pool)));
	assert_int_equal(par_next_timed(pool, &result, 0), 1);
	return AS_NUMBER(result.item);
}

/* The end comes. The descriptor is readable before par_next() reports the end,
 * and stays readable. */
static void assert_ends_readable(struct par *pool, int expected)
{
	struct par_result result;

	EVENTUALLY(kit_readable(results_fd(pool)));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(par_next_timed(pool, &result, 0), expected);
		assert_true(kit_readable(results_fd(pool)));
	}
	par_finish(pool);
	par_cancel(pool);
	assert_true(kit_readable(results_fd(pool)));
}

static void close_ended(struct par *pool, int expected)
{
	assert_ends_readable(pool, expected);
	kit_close(pool, expected);
}

/*
 * par_fd: results.
 */

static void it_is_readable_while_a_result_is_ready(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	assert_blocks(pool);
	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	gate_await(&gate, 1);
	assert_blocks(pool);
	gate_open(&gate);
	EVENTUALLY(kit_stats(pool).ready == 2);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 1);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 2);
	assert_blocks(pool);
	par_finish(pool);
	close_ended(pool, 0);
}

static void made_late_it_tells_what_is_ready(void **state)
{
	struct par *pool = kit_open_echo();

	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 1);
	assert_blocks(pool);
	par_finish(pool);
	close_ended(pool, 0);
}

static void made_late_it_tells_that_nothing_is_ready_any_more(void **state)
{
	struct par *pool = kit_open_echo();
	struct par_result result;

	kit_push_number(pool, 1);
	assert_int_equal(par_next(pool, &result), 1);
	assert_blocks(pool);
	par_finish(pool);
	close_ended(pool, 0);
}

static void made_late_it_tells_the_end(void **state)
{
	struct gated_numbers source = { .numbers.end = -EIO };
	struct par *pool = kit_open_gated(&source, NULL);

	EVENTUALLY(kit_stats(pool).ended);
	assert_true(kit_readable(results_fd(pool)));
	close_ended(pool, -EIO);
}

static void what_another_thread_took_it_tells_no_more(void **state)
{
	struct par *pool = kit_open_echo();
	struct taker taker;

	for (uintptr_t i = 1; i <= 20; i++) {
		assert_blocks(pool);
		taker_start(&taker, pool);
		kit_push_number(pool, i);
		taker_join(&taker);
		assert_int_equal(taker.rc, 1);
		assert_blocks(pool);
	}
	par_finish(pool);
	close_ended(pool, 0);
}

static int await_and_echo(void *gates, void *item, void **value)
{
	gate_pass((struct gate *)gates + (AS_NUMBER(item) - 1));
	return action_echo(NULL, item, value);
}

static void behind_an_unfinished_head_nothing_is_readable(void **state)
{
	struct gate gates[] = { GATE_CLOSED, GATE_CLOSED, GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = await_and_echo,
						.workers = 3,
						.context = gates,
						.ordered = true });

	kit_push_numbers(pool, 1, 3);
	gate_open(&gates[1]);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_blocks(pool);
	gate_open(&gates[0]);
	assert_int_equal(take_readable(pool), 1);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 2);
	assert_blocks(pool);
	gate_open(&gates[2]);
	assert_int_equal(take_readable(pool), 3);
	par_finish(pool);
	close_ended(pool, 0);
}

/* An item that a cancel gave back waits behind the head too. */
static void nor_is_what_a_cancel_gave_back_behind_it(void **state)
{
	struct gate gates[] = { GATE_CLOSED, GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = await_and_echo,
						.workers = 1,
						.context = gates,
						.ordered = true });

	kit_push_number(pool, 1);
	gate_await(&gates[0], 1);
	kit_push_number(pool, 2);
	par_cancel(pool);
	assert_int_equal(kit_stats(pool).ready, 1);
	assert_blocks(pool);
	gate_open(&gates[0]);
	assert_int_equal(take_readable(pool), 1);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 2);
	close_ended(pool, 0);
}

/*
 * par_fd: the end.
 */

/* The producer is inside the call that ends the source. It has brought `last`
 * items, which were taken. */
static void open_ending(struct held *held, uintptr_t last, int end)
{
	held_open(held,
		  (struct gated_numbers){
			  .numbers = { .last = last, .end = end }, .at = last },
		  (struct par_options){ .workers = 1 });
	for (uintptr_t i = 1; i <= last; i++)
		assert_int_equal(take_readable(held->pool), i);
	assert_blocks(held->pool);
}

static void close_ending(struct held *held, int end)
{
	assert_blocks(held->pool);
	gate_open(&held->hold);
	close_ended(held->pool, end);
}

static void the_end_of_an_empty_input_is_readable(void **state)
{
	struct held held;

	open_ending(&held, 0, 0);
	close_ending(&held, 0);
}

static void the_end_with_nothing_under_way_is_readable(void **state)
{
	struct held held;

	open_ending(&held, 2, 0);
	close_ending(&held, 0);
}

static void a_failure_is_readable(void **state)
{
	struct held held;

	open_ending(&held, 2, -EIO);
	close_ending(&held, -EIO);
}

static void after_a_finish_it_waits_for_the_call_under_way(void **state)
{
	struct held held;

	open_ending(&held, 1, 0);
	par_finish(held.pool);
	close_ending(&held, 0);
}

static void after_a_cancel_it_waits_for_the_call_under_way(void **state)
{
	struct held held;

	open_ending(&held, 1, -EIO);
	par_cancel(held.pool);
	close_ending(&held, 0);
}

static void a_finish_with_nothing_to_do_is_readable(void **state)
{
	struct par *pool = kit_open_echo();

	assert_blocks(pool);
	par_finish(pool);
	assert_true(kit_readable(results_fd(pool)));
	close_ended(pool, 0);
}

static void a_cancel_with_nothing_to_do_is_readable(void **state)
{
	struct par *pool = kit_open_echo();

	assert_blocks(pool);
	par_cancel(pool);
	assert_true(kit_readable(results_fd(pool)));
	close_ended(pool, 0);
}

/* The source has ended. But the descriptor is not readable while the last item
 * runs. */
static void the_end_behind_the_last_result_is_readable(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source = { .numbers.last = 1 };
	struct par *pool = kit_open_gated(&source, &gate);

	EVENTUALLY(kit_stats(pool).ended);
	gate_await(&gate, 1);
	assert_blocks(pool);
	gate_open(&gate);
	assert_int_equal(take_readable(pool), 1);
	assert_true(kit_readable(results_fd(pool)));
	close_ended(pool, 0);
}

/* An item that never ran is readable at once. An item that runs is readable
 * when its action returns. */
static void what_a_cancel_gives_back_is_readable(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);

	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	kit_push_number(pool, 2);
	assert_blocks(pool);
	par_cancel(pool);
	assert_true(kit_readable(results_fd(pool)));
	assert_int_equal(take_readable(pool), 2);
	assert_blocks(pool);
	gate_open(&gate);
	assert_int_equal(take_readable(pool), 1);
	close_ended(pool, 0);
}

static void a_push_after_an_end_not_told_is_waited_for(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct gated_numbers source = { .numbers.end = -EIO };
	struct par *pool = kit_open_gated(&source, &gate);

	for (uintptr_t i = 1; i <= 3; i++) {
		EVENTUALLY(kit_readable(results_fd(pool)));
		kit_push_number(pool, i);
		assert_blocks(pool);
		gate_open(&gate);
		assert_int_equal(take_readable(pool), i);
		gate_close(&gate);
	}
	close_ended(pool, -EIO);
}

/*
 * par_fd: its users.
 */

/* One consumer that asks for a result only after poll(), and then always gets
 * one. */
static void assert_loop_on_poll(struct par_options options)
{
	struct numbers numbers = { .last = 2000, .end = -EIO };
	struct par_result result;
	struct pollfd poller = { .events = POLLIN };
	struct tally tally;
	struct par *pool;
	int rc;

	options.action = action_echo;
	options.workers = 3;
	options.generate = numbers_next;
	options.source = &numbers;
	tally_open(&tally, 2000);
	pool = kit_open(&options);
	poller.fd = results_fd(pool);
	do {
		assert_int_equal(poll(&poller, 1, -1), 1);
		rc = par_next_timed(pool, &result, 0);
		if (rc == 1)
			tally_see(&tally, AS_NUMBER(result.item) - 1);
	} while (rc == 1);
	assert_int_equal(rc, -EIO);
	tally_assert_once(&tally);
	tally_close(&tally);
	close_ended(pool, -EIO);
}

static void a_loop_on_poll_takes_everything_and_waits_for_nothing(void **state)
{
	assert_loop_on_poll((struct par_options){ .capacity = 1 });
	assert_loop_on_poll((struct par_options){ .window = 2 });
	assert_loop_on_poll((struct par_options){ .ordered = true });
}

/* After each of many random turns the descriptor is readable exactly if a
 * result or the end is ready. */
static void random_turns_leave_it_right(void **state)
{
	struct par_result result;
	unsigned seed = 1;

	for (int round = 0; round < 30; round++) {
		struct par *pool = kit_open_echo();
		uint64_t pushed = 0, taken = 0;
		bool ended = false;

		for (int turn = 0; turn < 30; turn++) {
			seed = seed * 1103515245 + 12345;
			if (seed >> 16 & 1)
				pushed += par_push(pool, NULL) == 0;
			else if (taken < pushed)
				taken += par_next(pool, &result) == 1;
			if ((seed >> 17) % 40 == 0) {
				par_finish(pool);
				ended = true;
			}
			EVENTUALLY(kit_stats(pool).ready == pushed - taken);
			assert_int_equal(kit_readable(results_fd(pool)),
					 ended || pushed > taken);
		}
		par_finish(pool);
		assert_int_equal(kit_drain(pool, NULL, NULL), pushed - taken);
		close_ended(pool, 0);
	}
}

static bool select_says(int fd)
{
	struct timeval now = { 0, 0 };
	fd_set set;

	FD_ZERO(&set);
	/* musl's macro divides it by an unsigned number. */
	FD_SET((unsigned)fd, &set);
	return select(fd + 1, &set, NULL, NULL, &now) == 1;
}

static bool epoll_says(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0) == 1;
}

static void select_and_epoll_serve_as_well(void **state)
{
	struct par *pool = kit_open_echo();
	struct epoll_event event = { .events = EPOLLIN };
	struct par_result result;
	int epoll = epoll_create1(0), fd = results_fd(pool);

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	for (uintptr_t i = 1; i <= 3; i++) {
		assert_false(select_says(fd));
		assert_false(epoll_says(epoll));
		kit_push_number(pool, i);
		EVENTUALLY(kit_stats(pool).ready == 1);
		assert_true(select_says(fd));
		assert_true(epoll_says(epoll));
		assert_int_equal(par_next(pool, &result), 1);
	}
	close(epoll);
	par_finish(pool);
	close_ended(pool, 0);
}

/* One event for a burst, and for the end. */
static void by_edges_it_serves_who_takes_all(void **state)
{
	struct par *pool = kit_open_echo();
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct par_result result;
	int epoll = epoll_create1(0);

	assert_int_equal(
		epoll_ctl(epoll, EPOLL_CTL_ADD, results_fd(pool), &event), 0);
	for (unsigned i = 1; i <= 3; i++) {
		kit_push_numbers(pool, 1, i);
		EVENTUALLY(kit_stats(pool).ready == i);
		assert_true(epoll_says(epoll));
		assert_false(epoll_says(epoll));
		kit_take_many(pool, i);
		assert_int_equal(par_next_timed(pool, &result, 0), -ETIMEDOUT);
		assert_false(epoll_says(epoll));
	}
	par_finish(pool);
	assert_true(epoll_says(epoll));
	close(epoll);
	close_ended(pool, 0);
}

/*
 * par_cancel_fd.
 */

/* Results, the end, a failure and a finish do not make it ready. */
static void it_is_not_ready_before_a_cancel(void **state)
{
	struct gated_numbers source = { .numbers = { .last = 2, .end = -EIO } };
	struct par *pool = kit_open_gated(&source, NULL);
	int fd = cancel_fd(pool), end;

	assert_false(kit_readable(fd));
	kit_push_number(pool, 3);
	EVENTUALLY(kit_stats(pool).ready == 3 && kit_stats(pool).ended);
	assert_false(kit_readable(fd));
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, &end), 3);
	assert_int_equal(end, -EIO);
	kit_linger();
	assert_false(kit_readable(fd));
	par_cancel(pool);
	assert_true(kit_readable(fd));
	kit_close(pool, -EIO);
}

static void it_is_ready_at_the_cancel_and_stays_so(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	int fd = cancel_fd(pool);

	kit_push_number(pool, 1);
	gate_await(&gate, 1);
	kit_push_number(pool, 2);
	assert_false(kit_readable(fd));
	par_cancel(pool);
	assert_true(kit_readable(fd));
	gate_open(&gate);
	assert_int_equal(kit_drain(pool, NULL, NULL), 2);
	assert_true(kit_readable(fd));
	par_cancel(pool);
	par_finish(pool);
	assert_true(kit_readable(fd));
	assert_int_equal(cancel_fd(pool), fd);
	assert_true(kit_readable(fd));
	kit_close(pool, 0);
}

static void made_after_the_cancel_it_is_ready_at_once(void **state)
{
	struct par *pool = kit_open_echo();

	par_cancel(pool);
	assert_true(kit_readable(cancel_fd(pool)));
	kit_close(pool, 0);
}

/* Reads all that can be read without blocking. */
static void rob(int fd)
{
	char loot[16];

	while (kit_readable(fd) && read(fd, loot, sizeof loot) > 0)
		;
}

static void it_stays_ready_even_if_somebody_reads_it(void **state)
{
	for (int late = 0; late < 2; late++) {
		struct par *pool = kit_open_echo();
		int fd = late ? -1 : cancel_fd(pool);

		par_cancel(pool);
		fd = late ? cancel_fd(pool) : fd;
		for (int i = 0; i < 3; i++) {
			rob(fd);
			assert_true(kit_readable(fd));
			assert_int_equal(cancel_fd(pool), fd);
		}
		par_cancel(pool);
		assert_true(kit_readable(fd));
		kit_close(pool, 0);
	}
}

/* A program must not read it. But if it does, its process must not end. */
static void a_program_that_reads_it_harms_only_itself(void **state)
{
	struct par *pool = kit_open_echo();
	int fd = par_fd(pool);

	for (int i = 0; i < 2; i++) {
		kit_push(pool, pool);
		EVENTUALLY(kit_readable(fd));
		if (i == 0)
			rob(fd);
		assert_ptr_equal(kit_take(pool).item, pool);
		assert_false(kit_readable(fd));
	}
	kit_close(pool, 0);
}

/* An action that polls until the cancel. */
static int poll_cancel(void *gate, void *item, void **value)
{
	struct pollfd poller = { .fd = par_cancel_fd(par_self()),
				 .events = POLLIN };

	gate_pass(gate);
	*value = poll(&poller, 1, -1) == 1 ? AS_ITEM(1) : NULL;
	return par_canceled(par_self()) ? 0 : -1;
}

static void every_poller_is_told(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_action(poll_cancel, 4, &gate);
	struct par_result result;

	kit_push_numbers(pool, 1, 4);
	gate_await(&gate, 4);
	gate_open(&gate);
	kit_linger();
	assert_int_equal(kit_stats(pool).running, 4);
	par_cancel(pool);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(par_next(pool, &result), 1);
		assert_int_equal(result.error, 0);
		assert_ptr_equal(result.value, AS_ITEM(1));
	}
	close_ended(pool, 0);
}

static void count_done(void *count, const struct par_result *left)
{
	*(int *)count += left->error == 0 && left->value == AS_ITEM(1);
}

static int open_gate(void *context, void **state)
{
	static struct gate gate = GATE_CLOSED;

	gate_open(&gate);
	*state = &gate;
	return 0;
}

static void a_close_is_a_cancel(void **state)
{
	int done = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = poll_cancel,
						.workers = 2,
						.context = &done,
						.worker_open = open_gate,
						.discard = count_done });

	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	EVENTUALLY(kit_stats(pool).running == 2);
	kit_close(pool, 0);
	assert_int_equal(done, 2);
}

/* The child holds a copy of every descriptor of its parent. */
static void a_forked_child_keeps_it_from_nothing(void **state)
{
	struct par *pool = kit_open_echo();
	int fd = cancel_fd(pool), leash[2], status;
	char byte;
	pid_t child;

	assert_int_equal(pipe(leash), 0);
	child = fork();
	if (child == 0) {
		close(leash[1]);
		_exit(read(leash[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_true(child > 0);
	assert_false(kit_readable(fd));
	par_cancel(pool);
	assert_true(kit_readable(fd));
	close(leash[0]);
	close(leash[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	kit_close(pool, 0);
}

/*
 * Both: each is made once, kept and closed.
 */

typedef int fd_call(struct par *pool);
static fd_call *const calls[] = { par_fd, par_cancel_fd };

static void without_a_pool_it_is_einval(void **state)
{
	assert_int_equal(par_fd(NULL), -EINVAL);
	assert_int_equal(par_cancel_fd(NULL), -EINVAL);
}

static void each_call_returns_the_same(void **state)
{
	struct par *pool = kit_open_echo();
	int fds[] = { results_fd(pool), cancel_fd(pool) };
	struct par_result result;

	assert_int_not_equal(fds[0], fds[1]);
	kit_push_number(pool, 1);
	assert_int_equal(par_next(pool, &result), 1);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(calls[i](pool), fds[i]);
	par_cancel(pool);
	assert_int_equal(par_next(pool, &result), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(calls[i](pool), fds[i]);
	kit_close(pool, 0);
}

static void each_is_made_at_its_first_call(void **state)
{
	const unsigned before = kit_descriptors();
	struct par *pool = kit_open_echo();
	unsigned with_one;

	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(kit_descriptors(), before);
	results_fd(pool);
	with_one = kit_descriptors();
	assert_true(with_one > before);
	results_fd(pool);
	assert_int_equal(kit_descriptors(), with_one);
	cancel_fd(pool);
	assert_true(kit_descriptors() > with_one);
	kit_close(pool, 0);
}

static void both_are_closed_by_par_close(void **state)
{
	const unsigned before = kit_descriptors();

	for (int canceled = 0; canceled < 2; canceled++) {
		struct par *pool = kit_open_echo();
		int results = results_fd(pool), cancel = cancel_fd(pool);

		if (canceled)
			par_cancel(pool);
		kit_close(pool, 0);
		assert_int_equal(kit_descriptors(), before);
		assert_int_equal(fcntl(results, F_GETFD), -1);
		assert_int_equal(fcntl(cancel, F_GETFD), -1);
	}
}

/* All descriptors that the calls have made, not only those that they return. */
static void all_are_close_on_exec(void **state)
{
	enum { LOOK_AT = 256 };
	bool before[LOOK_AT];
	unsigned made = 0;
	struct par *pool;

	for (int fd = 0; fd < LOOK_AT; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	pool = kit_open_echo();
	results_fd(pool);
	cancel_fd(pool);
	for (int fd = 0; fd < LOOK_AT; fd++) {
		const int flags = before[fd] ? -1 : fcntl(fd, F_GETFD);

		made += flags >= 0;
		assert_true(flags < 0 || (flags & FD_CLOEXEC));
	}
	assert_true(made >= 2);
	kit_close(pool, 0);
}

static void errno_is_left_alone(void **state)
{
	struct par *pool = kit_open_echo();

	errno = KIT_ERRNO;
	results_fd(pool);
	par_cancel(pool);
	cancel_fd(pool);
	results_fd(pool);
	assert_int_equal(errno, KIT_ERRNO);
	kit_close(pool, 0);
}

static void assert_survives_emfile(fd_call *call, rlim_t count)
{
	struct par *pool = kit_open_echo();
	const unsigned open = kit_descriptors();
	struct rlimit before = kit_limit_descriptors(count);
	struct par_result result;
	int fd;

	errno = KIT_ERRNO;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call(pool), -EMFILE);
	assert_int_equal(errno, KIT_ERRNO);
	for (uintptr_t i = 1; i <= 3; i++) {
		kit_push_number(pool, i);
		assert_int_equal(par_next(pool, &result), 1);
	}
	assert_int_equal(call(pool), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(kit_descriptors(), open);
	fd = call(pool);
	assert_true(fd >= 0);
	assert_int_equal(call(pool), fd);
	assert_false(kit_readable(fd));
	par_cancel(pool);
	assert_true(kit_readable(fd));
	close_ended(pool, 0);
}

static void without_descriptors_it_works_and_can_be_asked_again(void **state)
{
	assert_survives_emfile(par_fd, 0);
	/* It takes two. */
	assert_survives_emfile(par_cancel_fd, 0);
	assert_survives_emfile(par_cancel_fd, 1);
}

static void after_emfile_it_tells_what_came_meanwhile(void **state)
{
	struct par *pool = kit_open_echo();
	struct rlimit before = kit_limit_descriptors(0);

	assert_int_equal(par_fd(pool), -EMFILE);
	assert_int_equal(par_cancel_fd(pool), -EMFILE);
	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	par_cancel(pool);
	assert_int_equal(par_fd(pool), -EMFILE);
	assert_int_equal(par_cancel_fd(pool), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(kit_readable(cancel_fd(pool)));
	assert_int_equal(take_readable(pool), 1);
	close_ended(pool, 0);
}

struct asker {
	struct par *pool;
	fd_call *call;
	struct gate *start;
	pthread_t thread;
	int fd;
};

static void *ask(void *argument)
{
	struct asker *asker = argument;

	gate_pass(asker->start);
	asker->fd = asker->call(asker->pool);
	return NULL;
}

static void assert_one_fd(fd_call *call)
{
	struct gate start = GATE_CLOSED;
	struct par *pool = kit_open_echo();
	struct asker askers[4];

	for (int i = 0; i < 4; i++) {
		askers[i] = (struct asker){ .pool = pool,
					    .call = call,
					    .start = &start };
		kit_start(&askers[i].thread, ask, &askers[i]);
	}
	gate_await(&start, 4);
	gate_open(&start);
	for (int i = 0; i < 4; i++) {
		kit_join(askers[i].thread);
		assert_true(askers[i].fd >= 0);
		assert_int_equal(askers[i].fd, askers[0].fd);
	}
	kit_close(pool, 0);
}

static void first_calls_at_the_same_time_make_one(void **state)
{
	const unsigned before = kit_descriptors();

	for (int round = 0; round < 50; round++) {
		assert_one_fd(par_fd);
		assert_one_fd(par_cancel_fd);
	}
	assert_int_equal(kit_descriptors(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(it_is_readable_while_a_result_is_ready),
		KIT_TEST(made_late_it_tells_what_is_ready),
		KIT_TEST(made_late_it_tells_that_nothing_is_ready_any_more),
		KIT_TEST(made_late_it_tells_the_end),
		KIT_TEST(what_another_thread_took_it_tells_no_more),
		KIT_TEST(behind_an_unfinished_head_nothing_is_readable),
		KIT_TEST(nor_is_what_a_cancel_gave_back_behind_it),
		KIT_TEST(the_end_of_an_empty_input_is_readable),
		KIT_TEST(the_end_with_nothing_under_way_is_readable),
		KIT_TEST(a_failure_is_readable),
		KIT_TEST(after_a_finish_it_waits_for_the_call_under_way),
		KIT_TEST(after_a_cancel_it_waits_for_the_call_under_way),
		KIT_TEST(a_finish_with_nothing_to_do_is_readable),
		KIT_TEST(a_cancel_with_nothing_to_do_is_readable),
		KIT_TEST(the_end_behind_the_last_result_is_readable),
		KIT_TEST(what_a_cancel_gives_back_is_readable),
		KIT_TEST(a_push_after_an_end_not_told_is_waited_for),
		KIT_TEST(a_loop_on_poll_takes_everything_and_waits_for_nothing),
		KIT_TEST(random_turns_leave_it_right),
		KIT_TEST(select_and_epoll_serve_as_well),
		KIT_TEST(by_edges_it_serves_who_takes_all),
		KIT_TEST(it_is_not_ready_before_a_cancel),
		KIT_TEST(it_is_ready_at_the_cancel_and_stays_so),
		KIT_TEST(made_after_the_cancel_it_is_ready_at_once),
		KIT_TEST(it_stays_ready_even_if_somebody_reads_it),
		KIT_TEST(a_program_that_reads_it_harms_only_itself),
		KIT_TEST(every_poller_is_told),
		KIT_TEST(a_close_is_a_cancel),
		KIT_TEST(a_forked_child_keeps_it_from_nothing),
		KIT_TEST(without_a_pool_it_is_einval),
		KIT_TEST(each_call_returns_the_same),
		KIT_TEST(each_is_made_at_its_first_call),
		KIT_TEST(both_are_closed_by_par_close),
		KIT_TEST(all_are_close_on_exec),
		KIT_TEST(errno_is_left_alone),
		KIT_TEST(without_descriptors_it_works_and_can_be_asked_again),
		KIT_TEST(after_emfile_it_tells_what_came_meanwhile),
		KIT_TEST(first_calls_at_the_same_time_make_one),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
