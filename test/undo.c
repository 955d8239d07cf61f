/* SPDX-License-Identifier: MIT */
/*
 * Lack of memory, threads and descriptors. Each call that can fail fails, once
 * or from then on. Then par_open() undoes everything, and later every item
 * still comes out exactly once.
 */
#include "fault.h"
#include "kit.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* More calls than any run in this file makes. */
enum { MANY_CALLS = 1000 };

/*
 * par_open.
 */

struct states {
	atomic_uint opens, closes;
};

static int open_state(void *states, void **state)
{
	atomic_fetch_add(&((struct states *)states)->opens, 1);
	*state = states;
	return 0;
}

static void close_state(void *states)
{
	atomic_fetch_add(&((struct states *)states)->closes, 1);
}

static uint64_t key_of_number(void *context, void *item)
{
	return AS_NUMBER(item);
}

static struct par_options everything(struct numbers *numbers,
				     struct states *states)
{
	return (struct par_options){ .action = action_echo,
				     .workers = 2,
				     .generate = numbers_next,
				     .source = numbers,
				     .context = states,
				     .worker_open = open_state,
				     .worker_close = close_state,
				     .stack_size = 1 << 20,
				     .interrupt = SIGUSR2,
				     .key = key_of_number };
}

/* Opens a pool that uses everything, while the n-th call fails. Asserts that a
 * failed open is undone. Returns whether the open failed. */
static bool fails_to_open(unsigned n, bool stays, int *site)
{
	const unsigned threads = kit_threads(), fds = kit_descriptors();
	const struct fault_memory before = fault_live();
	struct states states = { 0 };
	struct numbers numbers = { .last = 3 };
	const struct par_options options = everything(&numbers, &states);
	struct par *pool = (struct par *)&numbers;
	struct sigaction action;
	uint64_t count;
	int rc, end;

	signal(SIGUSR2, SIG_DFL);
	fault_arm(FAULT_ANY, n, stays);
	rc = par_open(&pool, &options);
	fault_disarm();
	*site = fault_site();
	if (rc == 0) {
		/* The pool was already open when the call failed: it was the
		 * allocation of the producer's record, or the start of another
		 * worker. */
		count = kit_drain(pool, NULL, &end);
		assert_int_equal(count, numbers.next);
		assert_int_equal(end, numbers.calls > 3 ? 0 : -ENOMEM);
		assert_true(end == 0 || *site);
		kit_close(pool, end);
	} else {
		assert_int_equal(rc, fault_error());
		assert_null(pool);
		assert_int_equal(numbers.calls, 0);
		assert_int_equal(sigaction(SIGUSR2, NULL, &action), 0);
		assert_true(action.sa_handler == SIG_DFL);
	}
	assert_int_equal(states.opens, states.closes);
	EVENTUALLY(kit_threads() <= threads);
	assert_int_equal(kit_descriptors(), fds);
	assert_int_equal(fault_live().blocks, before.blocks);
	return rc != 0;
}

/* Each call fails in its turn, until an open succeeds. */
static void assert_undone(bool stays)
{
	int site, sites = 0;
	unsigned n = 1;

	for (; fails_to_open(n, stays, &site); n++) {
		assert_true(n < MANY_CALLS);
		sites |= site;
	}
	assert_int_equal(sites, FAULT_ANY & ~FAULT_PIPE);
}

static void an_open_that_fails_is_undone(void **state)
{
	assert_undone(false);
}

/* A deadline would be wrong there. */
static void a_system_without_the_clock_opens_no_pool(void **state)
{
	const struct par_options options = { .action = action_echo,
					     .workers = 1 };
	struct par *pool;

	fault_arm(FAULT_CLOCK, 1, true);
	assert_int_equal(par_open(&pool, &options), -ENOSYS);
	fault_disarm();
	assert_null(pool);
}

static void an_open_in_a_system_that_refuses_all_is_undone(void **state)
{
	assert_undone(true);
}

/* Its result is larger than the library's. */
static void a_newer_programs_open_that_fails_is_undone(void **state)
{
	const struct par_options options = { .action = action_echo,
					     .workers = 1 };
	const struct par_sizes sizes = {
		.options = sizeof options,
		.result = sizeof(struct par_result) + 64,
		.stats = sizeof(struct par_stats),
	};
	const size_t before = fault_live().blocks;
	struct par *pool = (struct par *)&options;
	unsigned n = 0;
	int rc;

	do {
		fault_arm(FAULT_MALLOC, ++n, false);
		rc = par_open_sized(&pool, &options, &sizes);
		fault_disarm();
		if (rc == 0)
			kit_close(pool, 0);
		else
			assert_int_equal(rc, -ENOMEM);
		assert_int_equal(fault_live().blocks, before);
	} while (rc);
	assert_true(n > 2);
}

/* If thread-local storage takes up the whole stack, par_open() asks for a
 * larger one. */
static void a_stack_that_is_too_small_grows(void **state)
{
	struct par_options options = { .action = action_echo,
				       .workers = 1,
				       .stack_size = 1 << 20 };
	struct par *pool;

	fault_arm(FAULT_STACK, 1, false);
	pool = kit_open(&options);
	assert_int_equal(fault_disarm(), 3); /* the supervisor's too */
	kit_close(pool, 0);
}

/* It does not ask for ever, and it asks only if the options have a stack
 * size. */
static void but_not_for_ever(void **state)
{
	struct par_options options = { .action = action_echo,
				       .workers = 1,
				       .stack_size = 1 << 20 };
	struct par *pool;

	fault_arm(FAULT_STACK, 1, true);
	assert_int_equal(par_open(&pool, &options), -EINVAL);
	assert_in_range(fault_disarm(), 2, 8 * sizeof(size_t));
	options.stack_size = 0;
	fault_arm(FAULT_STACK, 1, true);
	assert_int_equal(par_open(&pool, &options), -EINVAL);
	assert_int_equal(fault_disarm(), 1);
}

static void push_late(void *pushed)
{
	*(int *)pushed = par_push(par_self(), pushed);
}

static int act_never(void *pushed, void *item, void **value)
{
	kit_die("an action in a pool that was not opened");
}

/* The producer's thread cannot be started. So the worker, which is open
 * already, runs its worker_close, and that pushes. */
static void nothing_enters_while_an_open_is_undone(void **state)
{
	const struct fault_memory before = fault_live();
	struct numbers numbers = { .last = 1 };
	int pushed = 0;
	struct par_options options = { .action = act_never,
				       .workers = 2,
				       .generate = numbers_next,
				       .source = &numbers,
				       .context = &pushed,
				       .worker_open = worker_open_context,
				       .worker_close = push_late };
	struct par *pool;
	int rc;

	fault_arm(FAULT_THREAD, 2, false);
	rc = par_open(&pool, &options);
	fault_disarm();
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(pushed, -ECANCELED);
	assert_int_equal(fault_live().blocks, before.blocks);
}

static void an_open_that_fails_leaves_errno_alone(void **state)
{
	const struct par_options options = { .action = action_echo,
					     .workers = 2,
					     .interrupt = SIGUSR2 };
	struct par *pool;
	int rc, after;

	for (unsigned n = 1; n < MANY_CALLS; n++) {
		errno = KIT_ERRNO;
		fault_arm(FAULT_ANY, n, false);
		rc = par_open(&pool, &options);
		after = errno;
		fault_disarm();
		assert_int_equal(after, KIT_ERRNO);
		if (rc == 0)
			break;
	}
	kit_close(pool, 0);
}

/*
 * The producer and par_push.
 */

static struct par_options held_source(struct numbers *numbers,
				      struct gate *hold)
{
	return (struct par_options){ .action = action_gated,
				     .workers = 1,
				     .generate = numbers_next,
				     .source = numbers,
				     .context = hold };
}

/* Returns how many allocations par_open() makes: all except one per item. */
static unsigned allocations_of_open(void)
{
	struct gate hold = GATE_CLOSED;
	struct numbers numbers = { .last = 100 };
	struct par_options options = held_source(&numbers, &hold);
	unsigned calls;
	struct par *pool;

	options.window = 20;
	fault_arm(FAULT_MALLOC, 0, false);
	pool = kit_open(&options);
	EVENTUALLY(kit_stats(pool).entered == 20);
	calls = fault_disarm();
	gate_open(&hold);
	kit_close(pool, 0);
	return calls - 20;
}

static void a_producer_without_memory_ends_the_input_with_enomem(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct numbers numbers = { .last = 100 };
	const struct par_options options = held_source(&numbers, &hold);
	struct par_result none;
	struct par *pool;

	fault_arm(FAULT_MALLOC, allocations_of_open() + 10 + 1, true);
	pool = kit_open(&options);
	EVENTUALLY(kit_stats(pool).ended);
	fault_disarm();
	gate_open(&hold);
	/* The items that entered before are delivered. */
	kit_assert_drains_once(pool, 10, -ENOMEM);
	assert_int_equal(par_next_many(pool, &none, 1, 1, -1), -ENOMEM);
	assert_int_equal(numbers.calls, 10);
	kit_close(pool, -ENOMEM);
}

static void a_push_without_memory_does_not_enter(void **state)
{
	struct par *pool = kit_open_echo();

	fault_arm(FAULT_MALLOC, 1, true);
	assert_int_equal(par_push(pool, AS_ITEM(1)), -ENOMEM);
	assert_int_equal(par_push_timed(pool, AS_ITEM(1), -1), -ENOMEM);
	fault_disarm();
	assert_int_equal(kit_stats(pool).entered, 0);
	kit_push_number(pool, 2);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(2));
	kit_finish(pool);
}

static void it_leaves_errno_alone(void **state)
{
	struct par *pool = kit_open_echo();
	int after;

	errno = KIT_ERRNO;
	fault_arm(FAULT_MALLOC, 1, true);
	par_push(pool, AS_ITEM(1));
	after = errno;
	assert_int_equal(fault_disarm(), 1);
	kit_close(pool, 0);
	assert_int_equal(after, KIT_ERRNO);
}

static void give_up(void *pool)
{
	par_cancel(pool);
}

static void come_to_the_end(void *pool)
{
	par_finish(pool);
	assert_int_equal(kit_drain(pool, NULL, NULL), 0);
}

/* While the push allocates its memory, another thread is quicker. */
static void assert_push_comes_too_late(void (*meanwhile)(void *), int refusal)
{
	const struct fault_memory before = fault_live();
	struct par *pool = kit_open_echo();

	fault_meanwhile(FAULT_MALLOC, meanwhile, pool);
	assert_int_equal(par_push(pool, AS_ITEM(1)), refusal);
	assert_int_equal(fault_disarm(), 1);
	assert_int_equal(kit_stats(pool).entered, 0);
	kit_close(pool, 0);
	assert_int_equal(fault_live().blocks, before.blocks);
}

static void a_push_that_a_cancel_overtakes_does_not_enter(void **state)
{
	assert_push_comes_too_late(give_up, -ECANCELED);
}

static void nor_does_one_that_the_end_overtakes(void **state)
{
	assert_push_comes_too_late(come_to_the_end, -EPIPE);
}

/* The stream has neither its error mark nor its end-of-file mark set. */
static void a_line_without_memory_ends_the_input_with_enomem(void **state)
{
	const struct fault_memory before = fault_live();
	char text[] = "one";
	FILE *file = fmemopen(text, strlen(text), "r");
	void *item;

	assert_non_null(file);
	errno = KIT_ERRNO;
	fault_arm(FAULT_MALLOC, 1, true);
	assert_int_equal(par_from_lines(file, &item), -ENOMEM);
	fault_disarm();
	assert_int_equal(par_from_lines(file, &item), 1);
	assert_string_equal(item, "one");
	free(item);
	assert_int_equal(par_from_lines(file, &item), 0);
	assert_int_equal(errno, KIT_ERRNO);
	assert_int_equal(fault_live().blocks, before.blocks);
	fclose(file);
}

/*
 * Threads.
 */

/* Three items and one worker. The start of other workers fails at the site. */
static void assert_goes_on(enum fault_site site)
{
	struct gate hold = GATE_CLOSED;
	struct par *pool = kit_open_action(action_gated, 3, &hold);

	kit_push_number(pool, 1);
	gate_await(&hold, 1);
	fault_arm((int)site, 1, true);
	kit_push_number(pool, 2);
	kit_push_number(pool, 3);
	EVENTUALLY(kit_stats(pool).refused != 0);
	/* While an attempt is under way, its worker counts. */
	EVENTUALLY(kit_stats(pool).workers == 1);
	assert_int_equal(kit_stats(pool).refused, fault_error());
	assert_int_equal(kit_stats(pool).queued, 2);
	fault_disarm();
	gate_open(&hold);
	par_finish(pool);
	kit_assert_drains_once(pool, 3, 0);
	kit_close(pool, 0);
}

static void without_threads_the_pool_goes_on_with_what_it_has(void **state)
{
	assert_goes_on(FAULT_THREAD);
	assert_int_equal(fault_error(), -EAGAIN);
}

static void without_what_a_thread_needs_too(void **state)
{
	assert_goes_on(FAULT_ATTR);
	assert_goes_on(FAULT_COND);
	assert_goes_on(FAULT_CONDATTR);
}

/* The only worker has ended, and its successor was refused. A successor is
 * started a second later, even if nothing else happens. */
static void a_last_worker_without_a_successor_tries_again(void **state)
{
	struct par *pool = kit_open_action(action_exit_at, 1, AS_ITEM(1));

	fault_arm(FAULT_THREAD, 1, true);
	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	assert_int_equal(kit_take(pool).error, -EINTR);
	EVENTUALLY(kit_stats(pool).refused == -EAGAIN);
	fault_disarm();
	assert_int_equal(kit_stats(pool).workers, 0);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(2));
	assert_int_equal(kit_stats(pool).refused, 0);
	kit_close(pool, 0);
}

static void a_close_meanwhile_needs_no_successor(void **state)
{
	struct par *pool = kit_open_action(action_exit_at, 1, AS_ITEM(1));

	fault_arm(FAULT_THREAD, 1, true);
	kit_push_number(pool, 1);
	kit_push_number(pool, 2);
	EVENTUALLY(fault_error() == -EAGAIN);
	kit_close(pool, 0);
	fault_disarm();
}

/*
 * par_next and the descriptors.
 */

static void a_par_next_that_cannot_wait_changes_nothing(void **state)
{
	static const enum fault_site sites[] = { FAULT_COND, FAULT_CONDATTR };
	struct par *pool = kit_open_echo();
	struct par_result result = { .index = 99 };

	for (size_t i = 0; i < 2; i++) {
		fault_arm((int)sites[i], 1, true);
		assert_int_equal(par_next(pool, &result), -EAGAIN);
		assert_int_equal(par_next_timed(pool, &result, 1000), -EAGAIN);
		fault_disarm();
		assert_int_equal(result.index, 99);
	}
	kit_push_number(pool, 1);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	kit_close(pool, 0);
}

/* Nor does one that must not wait need a condition variable. */
static void a_batch_that_cannot_wait_changes_nothing(void **state)
{
	static const enum fault_site sites[] = { FAULT_COND, FAULT_CONDATTR };
	struct par *pool = kit_open_echo();
	struct par_result r[2] = { { .index = 99 }, { .index = 99 } };

	for (uintptr_t i = 0; i < 2; i++) {
		kit_push_number(pool, i);
		EVENTUALLY(kit_stats(pool).ready == 1);
		fault_arm((int)sites[i], 1, true);
		assert_int_equal(par_next_many(pool, r, 2, 2, -1), -EAGAIN);
		assert_int_equal(par_next_many(pool, r, 2, 2, 1000), -EAGAIN);
		assert_int_equal(r[0].index, 99);
		assert_int_equal(par_next_many(pool, r, 2, 2, 0), 1);
		fault_disarm();
		assert_int_equal(r[0].index, i);
		r[0].index = 99;
	}
	kit_finish(pool);
}

static int pass_at_10(void *gate, void *item, void **value)
{
	if (item == AS_ITEM(10))
		gate_pass(gate);
	return 0;
}

/* The generator goes on with the records of the items that were taken. */
static void without_memory_the_spare_records_serve(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct held held;

	held_open(
		&held,
		(struct gated_numbers){ .numbers = { .last = 15 }, .at = 10 },
		(struct par_options){ .action = pass_at_10, .context = &gate });
	EVENTUALLY(kit_stats(held.pool).ready == 9);
	kit_take_many(held.pool, 9);
	fault_arm(FAULT_MALLOC, 1, true);
	gate_open(&held.hold);
	EVENTUALLY(kit_stats(held.pool).ended);
	fault_disarm();
	gate_open(&gate);
	kit_assert_drains(held.pool, 6, 0);
	kit_close(held.pool, 0);
}

static void pass(void *gate)
{
	gate_pass(gate);
}

/* While the producer asks for memory, and gets none, par_next_many() hands over
 * the records of all items that were taken. */
static void so_do_those_that_come_at_the_last_moment(void **state)
{
	struct gate asks = GATE_CLOSED;
	struct held held;
	struct par_result none;

	held_open(&held,
		  (struct gated_numbers){ .numbers = { .last = 15 }, .at = 9 },
		  (struct par_options){ .action = action_echo });
	fault_meanwhile(FAULT_MALLOC, pass, &asks);
	gate_open(&held.hold);
	gate_await(&asks, 1);
	EVENTUALLY(kit_stats(held.pool).ready == 10);
	kit_take_many(held.pool, 10);
	fault_arm(FAULT_MALLOC, 1, true);
	assert_int_equal(par_next_many(held.pool, &none, 1, 1, 0), -ETIMEDOUT);
	gate_open(&asks);
	EVENTUALLY(kit_stats(held.pool).ended);
	fault_disarm();
	kit_assert_drains(held.pool, 5, 0);
	kit_close(held.pool, 0);
}

static void a_push_that_cannot_wait_changes_nothing(void **state)
{
	static const enum fault_site sites[] = { FAULT_COND, FAULT_CONDATTR };
	struct par *pool = kit_open(&(struct par_options){
		.action = action_echo, .workers = 1, .window = 1 });

	kit_push_number(pool, 1);
	for (size_t i = 0; i < 2; i++) {
		fault_arm((int)sites[i], 1, true);
		assert_int_equal(par_push_timed(pool, AS_ITEM(2), -1), -ENOMEM);
		assert_int_equal(par_push_timed(pool, AS_ITEM(2), 1000),
				 -ENOMEM);
		fault_disarm();
	}
	assert_int_equal(kit_stats(pool).entered, 1);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	kit_finish(pool);
}

/* The call fails while there is no descriptor, and succeeds when there is one
 * again. */
static void assert_descriptor(int (*descriptor)(struct par *))
{
	struct par *pool = kit_open_echo();

	errno = KIT_ERRNO;
	fault_arm(FAULT_PIPE, 1, true);
	assert_int_equal(descriptor(pool), -EMFILE);
	assert_int_equal(descriptor(pool), -EMFILE);
	fault_disarm();
	assert_int_equal(errno, KIT_ERRNO);
	par_cancel(pool); /* makes both ready */
	assert_true(kit_readable(descriptor(pool)));
	kit_close(pool, 0);
}

static void par_fd_without_descriptors_can_be_asked_again(void **state)
{
	assert_descriptor(par_fd);
}

static void par_cancel_fd_too(void **state)
{
	assert_descriptor(par_cancel_fd);
}

/* It was told to stop before it asks. */
static int ask_for_stop_fd(void *unused, void *item, void **value)
{
	int first, second;

	par_cancel(par_self());
	errno = KIT_ERRNO;
	fault_arm(FAULT_PIPE, 1, true);
	first = par_stop_fd();
	second = par_stop_fd();
	fault_disarm();
	if (first != -EMFILE || second != -EMFILE || errno != KIT_ERRNO)
		return -1;
	return kit_readable(par_stop_fd()) ? 0 : -2;
}

static void par_stop_fd_too(void **state)
{
	struct par *pool = kit_open_action(ask_for_stop_fd, 1, NULL);

	kit_push(pool, NULL);
	assert_int_equal(kit_take(pool).error, 0);
	kit_close_ended(pool, 0);
}

static void close_0(void *unused)
{
	close(0);
}

static void let_0_close(void *unused)
{
	fault_meanwhile(FAULT_PIPE, close_0, NULL);
}

/* Between the two descriptors that it makes another thread closes 0. */
static void a_part_of_par_cancel_fd_may_be_0(void **state)
{
	const int kept = fcntl(0, F_DUPFD_CLOEXEC, 10);
	struct par *pool = kit_open_echo();
	int fd;

	errno = 0;
	fault_meanwhile(FAULT_PIPE, let_0_close, NULL);
	fd = par_cancel_fd(pool);
	fault_disarm();
	assert_in_range(fd, 3, INT_MAX);
	assert_false(kit_readable(fd));
	par_cancel(pool);
	assert_true(kit_readable(fd));
	kit_close(pool, 0);
	if (kept >= 0) {
		dup2(kept, 0);
		close(kept);
	}
}

/* It makes two descriptors, and on Linux one watches the other. */
static void a_part_of_par_cancel_fd_is_undone(void **state)
{
	struct par *pool = kit_open_echo();
	const unsigned before = kit_descriptors();
	unsigned n = 1;

	for (;; n++) {
		int fd;

		fault_arm(FAULT_PIPE | FAULT_EPOLL, n, false);
		fd = par_cancel_fd(pool);
		fault_disarm();
		if (fd >= 0)
			break;
		assert_int_equal(fd, fault_error());
		assert_int_equal(kit_descriptors(), before);
	}
	assert_true(n > 1);
	assert_int_equal(kit_descriptors(), before + 2);
	kit_close(pool, 0);
}

/* A signal interrupts the write, or the read, of the byte that makes the
 * descriptor readable: it is tried again. */
static void a_signal_does_not_keep_par_fd_from_what_it_says(void **state)
{
	struct par *pool = kit_open_echo();
	int fd = par_fd(pool);

	fault_arm(FAULT_MOVE, 1, false);
	kit_push_number(pool, 1);
	EVENTUALLY(kit_stats(pool).ready == 1);
	assert_int_equal(fault_disarm(), 2);
	assert_true(kit_readable(fd));

	fault_arm(FAULT_MOVE, 1, false);
	errno = KIT_ERRNO;
	kit_take(pool);
	assert_int_equal(errno, KIT_ERRNO);
	assert_int_equal(fault_disarm(), 2);
	assert_false(kit_readable(fd));
	kit_close(pool, 0);
}

struct errno_of_next {
	struct par *pool;
	int rc, error;
};

static void *note_errno(void *argument)
{
	struct errno_of_next *note = argument;
	struct par_result result;

	errno = KIT_ERRNO;
	note->rc = par_next(note->pool, &result);
	note->error = errno;
	return NULL;
}

/* A failed sched_yield() before the wait does not change errno. */
static void nor_does_it_change_errno(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct errno_of_next note = { .pool = kit_open_gated(NULL, &gate) };
	pthread_t thread;

	kit_push_number(note.pool, 1);
	gate_await(&gate, 1); /* so the worker does not yield */
	fault_arm(FAULT_YIELD, 1, true);
	kit_start(&thread, note_errno, &note);
	EVENTUALLY(fault_calls() > 0);
	gate_open(&gate);
	kit_join(thread);
	fault_disarm();
	assert_int_equal(note.rc, 1);
	assert_int_equal(note.error, KIT_ERRNO);
	kit_close(note.pool, 0);
}

/* A wait that has a deadline does not yield: a yield may take longer. */
static void a_wait_with_a_deadline_does_not_yield(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct par_result result;

	kit_push_number(pool, 1);
	gate_await(&gate, 1); /* so the worker does not yield either */
	fault_arm(FAULT_YIELD, 1, false);
	for (int waits = 0; waits < 20; waits++)
		assert_int_equal(par_next_timed(pool, &result, 1), -ETIMEDOUT);
	assert_int_equal(fault_disarm(), 0);
	gate_open(&gate);
	kit_close(pool, 0);
}

static atomic_uint dear_yields;

/* As long as other programs take to use what a yield gives away. */
static void yield_dearly(void *unused)
{
	const struct timespec slice = { 0, 1000000 };

	atomic_fetch_add(&dear_yields, 1);
	nanosleep(&slice, NULL);
	fault_meanwhile(FAULT_YIELD, yield_dearly, NULL);
}

static void make_trips(struct par *pool, unsigned count)
{
	struct par_result result;

	while (count-- > 0) {
		kit_push_number(pool, 1);
		/* With a deadline, so that only the worker yields. */
		assert_int_equal(par_next_timed(pool, &result, 10000), 1);
	}
}

/* After one of 1 ms, 64 waits do not yield; then 128, and so on up to 4,096. */
static void a_dear_yield_is_given_up_for_a_while(void **state)
{
	enum { TRIPS = 10000, DEAR_ONES = 9 };
	struct par *pool = kit_open_echo();

	atomic_store(&dear_yields, 0);
	fault_meanwhile(FAULT_YIELD, yield_dearly, NULL);
	make_trips(pool, TRIPS);
	fault_disarm();
	assert_in_range(atomic_load(&dear_yields), 1, DEAR_ONES);
	/* Cheap again (they fail at once), they come back. */
	fault_arm(FAULT_YIELD, 1, true);
	while (fault_calls() < 5)
		make_trips(pool, 100);
	fault_disarm();
	kit_close(pool, 0);
}

/* Each time that par_next() yields before it waits, another result comes and
 * another thread takes it. Two consumers on one processor may meet like that
 * again and again. */
static void forestall(void *pool)
{
	struct par_result result;

	if (!par_self()) { /* the worker yields too */
		kit_push_number(pool, 1);
		/* With 0, because this thread is already inside par_next(). */
		EVENTUALLY(par_next_timed(pool, &result, 0) == 1);
	}
	fault_meanwhile(FAULT_YIELD, forestall, pool);
}

/* How many results others take while so many calls wait. taker_start() returns
 * when the consumer sleeps. */
static uint64_t taken_by_others(struct par *pool, int waits)
{
	uint64_t before, taken = 0;
	struct taker taker;

	while (waits-- > 0) {
		before = kit_stats(pool).delivered;
		forestall(pool);
		before++; /* by forestall() itself */
		taker_start(&taker, pool);
		fault_disarm();
		assert_in_range(kit_stats(pool).delivered - before, 0, 10);
		taken += kit_stats(pool).delivered - before;
		kit_push_number(pool, 1);
		taker_join(&taker);
		assert_int_equal(taker.rc, 1);
	}
	return taken;
}

/* If the yields before a wait were in vain, the next wait has none. So the test
 * makes several calls. If the worker was the one that yielded, or if yields are
 * dear today, nobody was late: then another pool is tried. */
static void who_is_always_late_is_not_late_for_ever(void **state)
{
	uint64_t taken = 0;

	while (taken == 0) {
		struct par *pool = kit_open_echo();

		taken = taken_by_others(pool, 20);
		kit_close(pool, 0);
	}
}

/*
 * A whole run, in which any call may fail.
 */

/* Every third of the generated items pushes one more. */
enum { GENERATED = 24, BEGOTTEN = GENERATED / 3 };

struct run {
	struct gate go;
	struct numbers numbers;
	struct tally came;
	atomic_uint pushed; /* pushes that were accepted */
};

/* If the push is refused, the item need not come. */
static void push_child(struct run *run, uintptr_t child)
{
	int rc = par_push(par_self(), AS_ITEM(child));

	if (rc == 0)
		atomic_fetch_add(&run->pushed, 1);
	else if (rc == -ENOMEM)
		tally_see(&run->came, child - 1);
	else
		kit_die("a push failed in a way of its own");
}

static int beget(void *argument, void *item, void **value)
{
	struct run *run = argument;
	uintptr_t number = AS_NUMBER(item);

	gate_pass(&run->go);
	if (number <= GENERATED && number % 3 == 0)
		push_child(run, GENERATED + number / 3);
	return action_echo(NULL, item, value);
}

/* Like kit_drain(), but if par_next() cannot wait, it is called again. */
static uint64_t drain(struct par *pool, struct tally *tally, int *end)
{
	struct par_result result;
	uint64_t count = 0;

	while ((*end = par_next(pool, &result)) == 1 || *end == -EAGAIN) {
		if (*end == 1) {
			tally_see(tally, AS_NUMBER(result.item) - 1);
			count++;
		} else {
			sched_yield();
		}
	}
	return count;
}

/* Items that were not generated need not come, nor those that they would have
 * pushed. */
static void excuse(struct run *run)
{
	for (uintptr_t i = run->numbers.next + 1; i <= GENERATED; i++) {
		tally_see(&run->came, i - 1);
		if (i % 3 == 0)
			tally_see(&run->came, GENERATED + i / 3 - 1);
	}
}

/* Returns whether a call failed. */
static bool run_refused(unsigned n, bool stays, bool ordered)
{
	struct run run = { .go = GATE_CLOSED, .numbers.last = GENERATED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = beget,
						.workers = 3,
						.generate = numbers_next,
						.source = &run.numbers,
						.context = &run,
						.capacity = 2,
						.ordered = ordered });
	uint64_t count;
	int end;

	tally_open(&run.came, GENERATED + BEGOTTEN);
	fault_arm(FAULT_ANY & ~FAULT_PIPE, n, stays);
	gate_open(&run.go);
	count = drain(pool, &run.came, &end);
	fault_disarm();
	assert_int_equal(count, run.numbers.next + run.pushed);
	excuse(&run);
	tally_assert_once(&run.came);
	tally_close(&run.came);
	/* The generator is called once more than it has items, for the end of
	 * the input. */
	assert_int_equal(end, run.numbers.calls > GENERATED ? 0 : -ENOMEM);
	assert_true(end == 0 || fault_error() < 0);
	kit_close(pool, end);
	return fault_error() < 0;
}

static void assert_nothing_lost(bool stays, bool ordered)
{
	const struct fault_memory before = fault_live();
	unsigned n = 1;

	while (run_refused(n, stays, ordered))
		assert_true(++n < MANY_CALLS);
	assert_true(n > 3);
	assert_int_equal(fault_live().blocks, before.blocks);
}

static void a_call_that_fails_loses_nothing(void **state)
{
	assert_nothing_lost(false, false);
	assert_nothing_lost(false, true);
}

static void calls_that_fail_from_then_on_lose_nothing(void **state)
{
	assert_nothing_lost(true, false);
	assert_nothing_lost(true, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(an_open_that_fails_is_undone),
		KIT_TEST(an_open_in_a_system_that_refuses_all_is_undone),
		KIT_TEST(a_system_without_the_clock_opens_no_pool),
		KIT_TEST(a_newer_programs_open_that_fails_is_undone),
		KIT_TEST(a_stack_that_is_too_small_grows),
		KIT_TEST(but_not_for_ever),
		KIT_TEST(nothing_enters_while_an_open_is_undone),
		KIT_TEST(an_open_that_fails_leaves_errno_alone),
		KIT_TEST(a_producer_without_memory_ends_the_input_with_enomem),
		KIT_TEST(a_push_without_memory_does_not_enter),
		KIT_TEST(it_leaves_errno_alone),
		KIT_TEST(a_push_that_a_cancel_overtakes_does_not_enter),
		KIT_TEST(nor_does_one_that_the_end_overtakes),
		KIT_TEST(a_line_without_memory_ends_the_input_with_enomem),
		KIT_TEST(without_threads_the_pool_goes_on_with_what_it_has),
		KIT_TEST(without_what_a_thread_needs_too),
		KIT_TEST(a_last_worker_without_a_successor_tries_again),
		KIT_TEST(a_close_meanwhile_needs_no_successor),
		KIT_TEST(a_par_next_that_cannot_wait_changes_nothing),
		KIT_TEST(a_batch_that_cannot_wait_changes_nothing),
		KIT_TEST(a_push_that_cannot_wait_changes_nothing),
		KIT_TEST(without_memory_the_spare_records_serve),
		KIT_TEST(so_do_those_that_come_at_the_last_moment),
		KIT_TEST(par_fd_without_descriptors_can_be_asked_again),
		KIT_TEST(par_cancel_fd_too),
		KIT_TEST(par_stop_fd_too),
		KIT_TEST(a_part_of_par_cancel_fd_may_be_0),
		KIT_TEST(a_part_of_par_cancel_fd_is_undone),
		KIT_TEST(a_signal_does_not_keep_par_fd_from_what_it_says),
		KIT_TEST(nor_does_it_change_errno),
		KIT_TEST(a_wait_with_a_deadline_does_not_yield),
		KIT_TEST(a_dear_yield_is_given_up_for_a_while),
		KIT_TEST(who_is_always_late_is_not_late_for_ever),
		KIT_TEST(a_call_that_fails_loses_nothing),
		KIT_TEST(calls_that_fail_from_then_on_lose_nothing),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
