/* SPDX-License-Identifier: MIT */
/*
 * How a callback is told to stop: par_stopping(), par_stop_fd(), the interrupt
 * and par_result.stopped; par_withdraw(); time limits.
 */
#include "kit.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* An action that says how it was told. Its item is one of these. */
struct job {
	atomic_bool ignores; /* returns without looking, when `leave` opens */
	struct gate in;	     /* it has begun */
	struct gate leave;
	atomic_bool stopping_at_first, stopping_later, readable_at_first;
	atomic_int fd;
};
#define JOB                                                                    \
	{                                                                      \
		.in = GATE_CLOSED, .leave = GATE_CLOSED                        \
	}

static int run_job(void *unused, void *item, void **value)
{
	struct job *job = item;

	atomic_store(&job->stopping_at_first, par_stopping());
	atomic_store(&job->fd, par_stop_fd());
	atomic_store(&job->readable_at_first, kit_readable(job->fd));
	gate_open(&job->in);
	if (job->ignores)
		gate_pass(&job->leave);
	else
		kit_await_readable(job->fd);
	atomic_store(&job->stopping_later, par_stopping());
	return job->ignores ? 7 : -EINTR;
}

static struct par *open_jobs(unsigned workers)
{
	return kit_open_action(run_job, workers, NULL);
}

static void push_job(struct par *pool, struct job *job)
{
	gate_close(&job->in);
	kit_push(pool, job);
	gate_pass(&job->in);
}

static void assert_stopped(struct par *pool, struct job *job, int error,
			   int stopped)
{
	const struct par_result r = kit_take(pool);

	assert_ptr_equal(r.item, job);
	assert_int_equal(r.error, error);
	assert_int_equal(r.stopped, stopped);
	/* A thread that gets no processor may look after its time limit. */
	if (stopped != -ETIMEDOUT) {
		assert_int_equal(job->stopping_at_first, false);
		assert_int_equal(job->readable_at_first, false);
	}
	assert_int_equal(job->stopping_later, stopped != 0);
}

/*
 * Who is told.
 */

static void a_withdrawn_action_is_told_and_no_other(void **state)
{
	struct job one = JOB, other = JOB;
	struct par *pool = open_jobs(2);

	other.ignores = true;
	push_job(pool, &one);
	push_job(pool, &other);
	errno = KIT_ERRNO;
	assert_int_equal(par_withdraw(pool, &one), 1);
	assert_int_equal(errno, KIT_ERRNO);
	assert_stopped(pool, &one, -EINTR, -ECANCELED);
	assert_false(kit_readable(other.fd));
	gate_open(&other.leave);
	assert_stopped(pool, &other, 7, 0);
	kit_finish(pool);
}

/* The worker keeps its descriptor, and the next item is not told. */
static void the_next_item_is_not_told(void **state)
{
	struct job jobs[3] = { JOB, JOB, JOB };
	struct par *pool = open_jobs(1);

	for (int i = 0; i < 3; i++) {
		push_job(pool, &jobs[i]);
		assert_int_equal(par_withdraw(pool, &jobs[i]), 1);
		assert_stopped(pool, &jobs[i], -EINTR, -ECANCELED);
		assert_int_equal(jobs[i].fd, jobs[0].fd);
	}
	kit_finish(pool);
}

/* If the system has no eventfd, a pipe has two. */
static void a_worker_has_one_descriptor(void **state)
{
	struct job jobs[3] = { JOB, JOB, JOB };
	struct par *pool = open_jobs(3);
	const unsigned before = kit_descriptors();

	for (int i = 0; i < 3; i++)
		push_job(pool, &jobs[i]);
#if defined(__linux__) && !defined(PAR_PLAIN_PIPES)
	assert_int_equal(kit_descriptors(), before + 3);
#endif
	par_cancel(pool);
	for (int i = 0; i < 3; i++)
		kit_take(pool);
	kit_close_ended(pool, 0);
	assert_int_equal(kit_descriptors(), before);
}

static void a_cancel_tells_all_that_run(void **state)
{
	struct job jobs[3] = { JOB, JOB, JOB };
	struct par *pool = open_jobs(3);

	for (int i = 0; i < 3; i++)
		push_job(pool, &jobs[i]);
	par_cancel(pool);
	for (int i = 0; i < 3; i++) {
		const struct par_result r = kit_take(pool);

		assert_int_equal(r.stopped, -ECANCELED);
		assert_int_equal(r.error, -EINTR);
	}
	kit_close_ended(pool, 0);
}

/* What never ran was not told to stop. */
static void what_never_ran_was_not_told(void **state)
{
	struct job job = JOB;
	struct par *pool = open_jobs(1);

	job.ignores = true;
	push_job(pool, &job);
	kit_push(pool, NULL);
	par_cancel(pool);
	assert_int_equal(kit_take(pool).stopped, 0);
	gate_open(&job.leave);
	/* Though it did not notice. */
	assert_stopped(pool, &job, 7, -ECANCELED);
	kit_close_ended(pool, 0);
}

static void count_stopped(void *count, const struct par_result *left)
{
	atomic_fetch_add((atomic_uint *)count, left->stopped == -ECANCELED);
}

static void a_close_tells_too(void **state)
{
	struct job job = JOB;
	atomic_uint stopped = 0;
	struct par *pool =
		kit_open(&(struct par_options){ .action = run_job,
						.workers = 1,
						.context = &stopped,
						.discard = count_stopped });

	push_job(pool, &job);
	kit_close(pool, 0);
	assert_int_equal(stopped, 1);
}

static void the_first_reason_stays(void **state)
{
	struct job job = JOB;
	struct par *pool = kit_open(&(struct par_options){
		.action = run_job, .workers = 1, .time_limit_ms = 1 });

	job.ignores = true;
	push_job(pool, &job);
	kit_await_readable(job.fd);
	par_cancel(pool);
	assert_int_equal(par_withdraw(pool, &job), 1);
	gate_open(&job.leave);
	assert_stopped(pool, &job, 7, -ETIMEDOUT);
	kit_close_ended(pool, 0);
}

/*
 * Withdrawing.
 */

static void what_is_queued_comes_back_at_once(void **state)
{
	struct gate gate = GATE_CLOSED;
	struct par *pool = kit_open_gated(NULL, &gate);
	struct par_result r;

	kit_push_numbers(pool, 1, 4);
	gate_await(&gate, 1);
	assert_int_equal(par_withdraw(pool, AS_ITEM(3)), 0);
	r = kit_take(pool);
	assert_ptr_equal(r.item, AS_ITEM(3));
	assert_int_equal(r.error, -ECANCELED);
	assert_int_equal(r.worker, UINT_MAX);
	assert_int_equal(r.index, 2);
	assert_int_equal(kit_stats(pool).canceled, 1);
	assert_int_equal(par_withdraw(pool, AS_ITEM(3)), -ENOENT);
	/* The last of the list, and the one before another push. */
	assert_int_equal(par_withdraw(pool, AS_ITEM(4)), 0);
	kit_push_number(pool, 5);
	kit_take(pool);
	gate_open(&gate);
	par_finish(pool);
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(1));
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(2));
	assert_ptr_equal(kit_take(pool).item, AS_ITEM(5));
	kit_close_ended(pool, 0);
}

/* In the ring, wherever it is; in an ordered pool, in its place. */
static void so_does_what_is_in_the_ring(void **state)
{
	for (int ordered = 0; ordered < 2; ordered++)
		for (uintptr_t number = 2; number <= 9; number++) {
			struct full full;
			struct tally tally;
			int end;

			full_open(&full,
				  (struct par_options){ .action = action_gated,
							.capacity = 8,
							.ordered = ordered },
				  9);
			assert_int_equal(
				par_withdraw(full.pool, AS_ITEM(number)), 0);
			if (!ordered)
				assert_int_equal(kit_take(full.pool).error,
						 -ECANCELED);
			gate_open(&full.gate);
			gate_open(&full.hold);
			tally_open(&tally, 100);
			if (!ordered)
				tally_see(&tally, number - 1);
			kit_drain(full.pool, &tally, &end);
			assert_int_equal(end, 0);
			tally_assert_once(&tally);
			tally_close(&tally);
			assert_int_equal(kit_stats(full.pool).canceled, 1);
			kit_close(full.pool, 0);
		}
}

static void an_item_may_leave_from_any_place_of_the_list(void **state)
{
	for (uintptr_t gone = 2; gone <= 4; gone++) {
		struct gate gate = GATE_CLOSED;
		struct par *pool = kit_open_gated(NULL, &gate);

		kit_push_numbers(pool, 1, 4);
		gate_await(&gate, 1);
		assert_int_equal(par_withdraw(pool, AS_ITEM(gone)), 0);
		kit_push_number(pool, 5);
		assert_ptr_equal(kit_take(pool).item, AS_ITEM(gone));
		gate_open(&gate);
		for (uintptr_t n = 1; n <= 5; n++)
			if (n != gone)
				assert_ptr_equal(kit_take(pool).item,
						 AS_ITEM(n));
		kit_finish(pool);
	}
}

static void the_oldest_that_was_not_told_is_withdrawn(void **state)
{
	struct job job = JOB;
	struct par *pool = open_jobs(1);

	job.ignores = true;
	push_job(pool, &job);
	kit_push(pool, &job);
	kit_push(pool, &job);
	assert_int_equal(par_withdraw(pool, &job), 1);
	assert_int_equal(par_withdraw(pool, &job), 0);
	assert_int_equal(kit_take(pool).error, -ECANCELED);
	gate_open(&job.leave);
	kit_take_many(pool, 2);
	assert_int_equal(par_withdraw(pool, &job), -ENOENT);
	kit_finish(pool);
}

/* The same item twice. The second is in the seat before the first one's. */
static struct gate calls[3];
static atomic_uint called;

static int wait_in_turn(void *unused, void *item, void **value)
{
	gate_pass(&calls[atomic_fetch_add(&called, 1)]);
	return 0;
}

static void of_two_that_run_the_older_is_withdrawn(void **state)
{
	struct par *pool = kit_open_action(wait_in_turn, 2, NULL);
	int item;

	atomic_store(&called, 0);
	for (int i = 0; i < 3; i++) {
		calls[i] = (struct gate)GATE_CLOSED;
		if (i == 2) {
			gate_open(&calls[0]);
			assert_int_equal(kit_take(pool).index, 0);
		}
		kit_push(pool, &item);
		gate_await(&calls[i], 1);
	}
	assert_int_equal(par_withdraw(pool, &item), 1);
	gate_open(&calls[2]);
	assert_int_equal(kit_take(pool).stopped, 0);
	gate_open(&calls[1]);
	assert_int_equal(kit_take(pool).stopped, -ECANCELED);
	kit_finish(pool);
}

static void without_a_pool_it_is_einval(void **state)
{
	assert_int_equal(par_withdraw(NULL, NULL), -EINVAL);
}

/* Half of a stream is withdrawn while it runs: each item comes back once. */
enum { STREAM = 3000 };

static void in_a_stream_nothing_is_lost(void **state)
{
	struct numbers numbers = { .last = STREAM };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_dawdle,
						.workers = 4,
						.generate = numbers_next,
						.source = &numbers });
	struct drainer drainer;
	struct tally tally;
	struct par_stats now;

	tally_open(&tally, STREAM);
	drainer_start(&drainer, pool, &tally);
	for (uintptr_t n = 1; n <= STREAM; n += 2) {
		const int rc = par_withdraw(pool, AS_ITEM(n));

		assert_true(rc == 0 || rc == 1 || rc == -ENOENT);
	}
	kit_join(drainer.thread);
	tally_assert_once(&tally);
	now = kit_stats(pool);
	assert_int_equal(now.finished + now.canceled, STREAM);
	tally_close(&tally);
	kit_close(pool, 0);
}

/*
 * The interrupt.
 */

static atomic_uint heard;

static void hear(int signal)
{
	atomic_fetch_add(&heard, 1);
}

/* Its item is a gate, NULL: none. */
static int block_or_count(void *unused, void *gate, void **value)
{
	unsigned before = atomic_load(&heard);

	if (gate) {
		gate_open(gate);
		while (poll(NULL, 0, -1) == 0)
			;
		return -EINTR;
	}
	for (int i = 0; i < 20; i++)
		if (poll(NULL, 0, 1) < 0)
			return -1;
	return atomic_load(&heard) == before ? 0 : -2;
}

static void the_interrupt_is_sent_to_it_and_not_to_the_next(void **state)
{
	struct par *pool;

	signal(SIGUSR1, SIG_DFL);
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = hear }, NULL);
	pool = kit_open(&(struct par_options){
		.action = block_or_count, .workers = 1, .interrupt = SIGUSR1 });
	for (int i = 0; i < 20; i++) {
		struct gate in = GATE_CLOSED;

		kit_push(pool, &in);
		gate_pass(&in);
		assert_int_equal(par_withdraw(pool, &in), 1);
		kit_push(pool, NULL);
		assert_int_equal(kit_take(pool).error, -EINTR);
		assert_int_equal(kit_take(pool).error, 0);
	}
	kit_close(pool, 0);
	signal(SIGUSR1, SIG_DFL);
}

static struct gate generator_gate;

static int generate_late(void *unused, void **item)
{
	gate_pass(&generator_gate);
	kit_check(!par_stopping(), "the generator was told");
	return 0;
}

static int wait_for_signal(void *unused, void *gate, void **value)
{
	gate_open(gate);
	return poll(NULL, 0, -1) < 0 ? -errno : 0;
}

static void a_withdraw_does_not_tell_the_generator(void **state)
{
	struct gate in = GATE_CLOSED;
	struct par_result r;
	struct par *pool;

	generator_gate = (struct gate)GATE_CLOSED;
	pool = kit_open(&(struct par_options){ .action = wait_for_signal,
					       .workers = 1,
					       .generate = generate_late,
					       .interrupt = SIGUSR1 });
	gate_await(&generator_gate, 1);
	kit_push(pool, &in);
	gate_pass(&in);
	assert_int_equal(par_withdraw(pool, &in), 1);
	r = kit_take(pool);
	assert_int_equal(r.error, -EINTR);
	assert_int_equal(r.stopped, -ECANCELED);
	gate_open(&generator_gate);
	kit_close_ended(pool, 0);
	signal(SIGUSR1, SIG_DFL);
}

/*
 * Time limits.
 */

static void a_time_limit_is_not_early(void **state)
{
	struct job job = JOB;
	struct par *pool = kit_open(&(struct par_options){
		.action = run_job, .workers = 2, .time_limit_ms = 30 });

	for (int i = 0; i < 3; i++) {
		const double before = kit_ms();

		push_job(pool, &job);
		assert_stopped(pool, &job, -EINTR, -ETIMEDOUT);
		assert_true(kit_ms() - before >= 30);
	}
	kit_finish(pool);
}

static void who_begins_later_is_told_later(void **state)
{
	struct job jobs[2] = { JOB, JOB };
	struct par *pool = kit_open(&(struct par_options){ .action = run_job,
							   .workers = 2,
							   .time_limit_ms = 100,
							   .timed = 1 });

	push_job(pool, &jobs[0]);
	kit_linger();
	push_job(pool, &jobs[1]);
	for (int i = 0; i < 2; i++) {
		const struct par_result r = kit_take(pool);

		assert_int_equal(r.stopped, -ETIMEDOUT);
		assert_true(r.ran_ns >= 100000000);
	}
	kit_finish(pool);
}

static void it_is_each_actions_own(void **state)
{
	struct job late = JOB, quick = JOB;
	struct par *pool = kit_open(&(struct par_options){ .action = run_job,
							   .workers = 2,
							   .time_limit_ms = 200,
							   .timed = 1 });
	bool late_came = false;

	quick.ignores = true;
	gate_open(&quick.leave);
	push_job(pool, &late);
	assert_true(kit_stats(pool).oldest_ns > 0);
	for (int i = 0; i < 10; i++) {
		struct par_result r;

		push_job(pool, &quick);
		while ((r = kit_take(pool)).item == &late) {
			assert_int_equal(r.stopped, -ETIMEDOUT);
			late_came = true;
		}
		assert_true(r.stopped == 0 || r.ran_ns >= 200000000);
	}
	if (!late_came)
		assert_stopped(pool, &late, -EINTR, -ETIMEDOUT);
	assert_int_equal(kit_stats(pool).oldest_ns, 0);
	kit_finish(pool);
}

/*
 * Where there is nothing to be told.
 */

static atomic_int close_fd, open_fd, source_fd;
static atomic_bool close_stopping, source_stopping;
static struct gate source_in = GATE_CLOSED;

static int open_and_look(void *unused, void **state)
{
	atomic_store(&open_fd, par_stop_fd());
	return 0;
}

static void close_and_look(void *unused)
{
	atomic_store(&close_fd, par_stop_fd());
	atomic_store(&close_stopping, par_stopping());
}

static int generate_until_told(void *unused, void **item)
{
	atomic_store(&source_fd, par_stop_fd());
	atomic_store(&source_stopping, par_stopping());
	gate_open(&source_in);
	kit_await_readable(atomic_load(&source_fd));
	kit_check(par_stopping(), "the generator was not told");
	return -EIO;
}

static void elsewhere_nobody_is_told(void **state)
{
	struct par *pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 1,
				       .worker_open = open_and_look,
				       .worker_close = close_and_look });

	assert_false(par_stopping());
	assert_int_equal(par_stop_fd(), -EINVAL);
	assert_true(open_fd > 2);
	kit_push(pool, NULL);
	kit_take(pool);
	kit_close(pool, 0);
	assert_int_equal(close_fd, -EINVAL);
	assert_int_equal(close_stopping, false);
}

static void a_finish_tells_the_generator(void **state)
{
	struct par *pool;

	gate_close(&source_in);
	pool = kit_open(
		&(struct par_options){ .action = action_echo,
				       .workers = 1,
				       .generate = generate_until_told });
	gate_pass(&source_in);
	assert_false(source_stopping);
	par_finish(pool);
	/* What it fails with is no failure. */
	kit_close_ended(pool, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		KIT_TEST(a_withdrawn_action_is_told_and_no_other),
		KIT_TEST(the_next_item_is_not_told),
		KIT_TEST(a_worker_has_one_descriptor),
		KIT_TEST(a_cancel_tells_all_that_run),
		KIT_TEST(what_never_ran_was_not_told),
		KIT_TEST(a_close_tells_too),
		KIT_TEST(the_first_reason_stays),
		KIT_TEST(what_is_queued_comes_back_at_once),
		KIT_TEST(so_does_what_is_in_the_ring),
		KIT_TEST(an_item_may_leave_from_any_place_of_the_list),
		KIT_TEST(the_oldest_that_was_not_told_is_withdrawn),
		KIT_TEST(of_two_that_run_the_older_is_withdrawn),
		KIT_TEST(without_a_pool_it_is_einval),
		KIT_TEST(in_a_stream_nothing_is_lost),
		KIT_TEST(the_interrupt_is_sent_to_it_and_not_to_the_next),
		KIT_TEST(a_withdraw_does_not_tell_the_generator),
		KIT_TEST(a_time_limit_is_not_early),
		KIT_TEST(who_begins_later_is_told_later),
		KIT_TEST(it_is_each_actions_own),
		KIT_TEST(elsewhere_nobody_is_told),
		KIT_TEST(a_finish_tells_the_generator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
