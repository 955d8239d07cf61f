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

/* Nor does a time limit that comes later change it. */
static void a_withdrawal_before_the_limit_stays(void **state)
{
	bool in_time = false;

	for (unsigned limit_ms = 50; !in_time; limit_ms *= 2) {
		struct job job = JOB;
		struct par *pool = kit_open(
			&(struct par_options){ .action = run_job,
					       .workers = 1,
					       .time_limit_ms = limit_ms });
		const uint64_t limit_ns = limit_ms * UINT64_C(1000000);

		job.ignores = true;
		push_job(pool, &job);
		assert_int_equal(par_withdraw(pool, &job), 1);
		/* A thread that gets no processor may withdraw too late. */
		in_time = kit_stats(pool).oldest_ns < limit_ns;
		if (in_time)
			EVENTUALLY(kit_stats(pool).oldest_ns > 2 * limit_ns);
		gate_open(&job.leave);
		if (in_time)
			assert_stopped(pool, &job, 7, -ECANCELED);
		else
			kit_take(pool);
		kit_finish(pool);
	}
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

/* The same pointer, generated once and pushed once. */
struct twins {
	struct gate go;
	bool generated;
};

static int generate_twin(void *twins, void **item)
{
	struct twins *t = twins;

	if (t->generated)
		return 0;
	gate_pass(&t->go);
	t->generated = true;
	*item = t;
	return 1;
}

static uint64_t key_of_all(void *context, void *item)
{
	return 1;
}

/* Nothing starts. The one that enters first comes back first. */
static void check_twins(par_key_fn *key, bool push_first)
{
	struct twins twins = { .go = GATE_CLOSED };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_echo,
						.workers = 1,
						.generate = generate_twin,
						.source = &twins,
						.key = key });

	assert_int_equal(par_limit(pool, 0), 0);
	if (push_first)
		kit_push(pool, &twins);
	gate_open(&twins.go);
	EVENTUALLY(kit_stats(pool).ended);
	if (!push_first)
		kit_push(pool, &twins);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(par_withdraw(pool, &twins), 0);
		assert_int_equal(kit_take(pool).index, i);
	}
	assert_int_equal(par_withdraw(pool, &twins), -ENOENT);
	kit_close_ended(pool, 0);
}

static void the_oldest_is_found_wherever_it_is(void **state)
{
	for (int i = 0; i < 4; i++)
		check_twins(i / 2 ? key_of_all : NULL, i % 2);
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

/* Half of a stream is withdrawn while it runs: each item comes back once. The
 * first is withdrawn before anything runs, so that one is for certain. */
enum { STREAM = 3000 };

static void in_a_stream_nothing_is_lost(void **state)
{
	struct gate hold = GATE_CLOSED;
	struct gated_numbers numbers = { .numbers.last = STREAM,
					 .hold = &hold };
	struct par *pool =
		kit_open(&(struct par_options){ .action = action_dawdle,
						.workers = 4,
						.generate = gated_numbers_next,
						.source = &numbers });
	struct drainer drainer;
	struct tally tally;
	struct par_stats now;
	unsigned withdrawn = 1;

	tally_open(&tally, STREAM);
	assert_int_equal(par_limit(pool, 0), 0);
	gate_open(&hold);
	drainer_start(&drainer, pool, &tally);
	EVENTUALLY(kit_stats(pool).queued > 0);
	assert_int_equal(par_withdraw(pool, AS_ITEM(1)), 0);
	assert_int_equal(par_limit(pool, 4), 0);
	for (uintptr_t n = 3; n <= STREAM; n += 2) {
		const int rc = par_withdraw(pool, AS_ITEM(n));

		assert_true(rc == 0 || rc == 1 || rc == -ENOENT);
		withdrawn += rc == 0;
	}
	kit_join(drainer.thread);
	tally_assert_once(&tally);
	now = kit_stats(pool);
	assert_int_equal(now.finished + now.canceled, STREAM);
	assert_int_equal(now.canceled, withdrawn);
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

/* A generator, and an action beside the one that is withdrawn. They wait for
 * this pipe: a signal would end that. */
static int wire[2];
static atomic_int generator, neighbour; /* tasks */

static void wait_for_wire(atomic_int *task)
{
	struct pollfd poller = { .fd = wire[0], .events = POLLIN };

	atomic_store(task, kit_task());
	kit_check(poll(&poller, 1, -1) == 1, "a neighbour was interrupted");
	kit_check(!par_stopping(), "a neighbour was told");
}

static int generate_from_wire(void *unused, void **item)
{
	wait_for_wire(&generator);
	return 0;
}

static int wait_for_signal_or_wire(void *unused, void *gate, void **value)
{
	if (!gate) {
		wait_for_wire(&neighbour);
		return 0;
	}
	gate_open(gate);
	return poll(NULL, 0, -1) < 0 ? -errno : 0;
}

static void a_withdraw_interrupts_no_neighbour(void **state)
{
	struct gate in = GATE_CLOSED;
	struct par_result r;
	struct par *pool;

	assert_int_equal(pipe(wire), 0);
	atomic_store(&generator, 0);
	atomic_store(&neighbour, 0);
	pool = kit_open(
		&(struct par_options){ .action = wait_for_signal_or_wire,
				       .workers = 2,
				       .generate = generate_from_wire,
				       .interrupt = SIGUSR1 });
	kit_push(pool, NULL);
	kit_push(pool, &in);
	gate_pass(&in);
	EVENTUALLY(generator != 0 && kit_is_asleep(generator));
	EVENTUALLY(neighbour != 0 && kit_is_asleep(neighbour));
	assert_int_equal(par_withdraw(pool, &in), 1);
	r = kit_take(pool);
	assert_int_equal(r.error, -EINTR);
	assert_int_equal(r.stopped, -ECANCELED);
	kit_linger();
	assert_int_equal(write(wire[1], "", 1), 1);
	assert_int_equal(kit_take(pool).stopped, 0);
	kit_close_ended(pool, 0);
	close(wire[0]);
	close(wire[1]);
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
 * The generator, worker_open, and where there is nothing to be told.
 */

/* The second worker_open. */
struct opening {
	struct gate in;
	atomic_uint calls;
	atomic_bool stopping_at_first, stopping_later;
};

static int open_until_told(void *opening, void **state)
{
	struct opening *o = opening;
	int fd;

	if (atomic_fetch_add(&o->calls, 1) == 0)
		return 0;
	atomic_store(&o->stopping_at_first, par_stopping());
	fd = par_stop_fd();
	gate_open(&o->in);
	kit_await_readable(fd);
	atomic_store(&o->stopping_later, par_stopping());
	return -EINTR;
}

static void a_cancel_and_a_close_tell_a_worker_open(void **state)
{
	for (int closes = 0; closes < 2; closes++) {
		struct opening opening = { .in = GATE_CLOSED };
		struct gate gate = GATE_CLOSED;
		struct par *pool = kit_open(&(struct par_options){
			.action = action_item_gated,
			.workers = 2,
			.context = &opening,
			.worker_open = open_until_told });

		kit_push(pool, &gate);
		gate_await(&gate, 1);
		kit_push(pool, NULL);
		gate_pass(&opening.in);
		if (!closes) {
			par_cancel(pool);
			EVENTUALLY(kit_stats(pool).refused == -EINTR);
		}
		gate_open(&gate);
		kit_close(pool, 0);
		assert_int_equal(opening.stopping_at_first, false);
		assert_int_equal(opening.stopping_later, true);
	}
}

static atomic_int close_fd, open_fd;
static atomic_bool close_stopping;

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

static struct gate source_in = GATE_CLOSED;
static atomic_bool source_stopping;

static int generate_until_told(void *unused, void **item)
{
	const int fd = par_stop_fd();

	atomic_store(&source_stopping, par_stopping());
	gate_open(&source_in);
	kit_await_readable(fd);
	kit_check(par_stopping(), "the generator was not told");
	return -EIO;
}

static void a_finish_a_cancel_and_a_close_tell_the_generator(void **state)
{
	void (*const stops[])(struct par *) = { par_finish, par_cancel, NULL };

	for (int i = 0; i < 3; i++) {
		struct par *pool;

		gate_close(&source_in);
		pool = kit_open(&(struct par_options){
			.action = action_echo,
			.workers = 1,
			.generate = generate_until_told });
		gate_pass(&source_in);
		assert_int_equal(source_stopping, false);
		/* What it fails with is no failure. */
		if (stops[i]) {
			stops[i](pool);
			kit_close_ended(pool, 0);
		} else {
			kit_close(pool, 0);
		}
	}
}

static struct gate finished = GATE_CLOSED;

static int finish_and_wait(void *unused, void **item)
{
	par_finish(par_self());
	kit_check(!par_stopping(), "the generator was told by itself");
	gate_pass(&finished);
	kit_check(par_stopping(), "the generator was not told");
	return -EIO;
}

static void a_finish_tells_one_that_has_finished_by_itself(void **state)
{
	struct par *pool;

	gate_close(&finished);
	pool = kit_open(&(struct par_options){ .action = action_echo,
					       .workers = 1,
					       .generate = finish_and_wait });
	gate_await(&finished, 1);
	par_finish(pool);
	gate_open(&finished);
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
		KIT_TEST(a_withdrawal_before_the_limit_stays),
		KIT_TEST(what_is_queued_comes_back_at_once),
		KIT_TEST(so_does_what_is_in_the_ring),
		KIT_TEST(an_item_may_leave_from_any_place_of_the_list),
		KIT_TEST(the_oldest_that_was_not_told_is_withdrawn),
		KIT_TEST(the_oldest_is_found_wherever_it_is),
		KIT_TEST(of_two_that_run_the_older_is_withdrawn),
		KIT_TEST(without_a_pool_it_is_einval),
		KIT_TEST(in_a_stream_nothing_is_lost),
		KIT_TEST(the_interrupt_is_sent_to_it_and_not_to_the_next),
		KIT_TEST(a_withdraw_interrupts_no_neighbour),
		KIT_TEST(a_time_limit_is_not_early),
		KIT_TEST(who_begins_later_is_told_later),
		KIT_TEST(it_is_each_actions_own),
		KIT_TEST(a_cancel_and_a_close_tell_a_worker_open),
		KIT_TEST(elsewhere_nobody_is_told),
		KIT_TEST(a_finish_a_cancel_and_a_close_tell_the_generator),
		KIT_TEST(a_finish_tells_one_that_has_finished_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
