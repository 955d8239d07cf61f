/* SPDX-License-Identifier: MIT */
#include "program_internal.h"

#include "invariant.h"
#include "model.h"
#include "scheduler.h"

#include <errno.h>

enum { MAX_FAILED_WAITS = 20 };

void check_errno(const char *call)
{
	if (errno != KEPT_ERRNO)
		sched_fail("%s changed errno to %d", call, errno);
}

/* A program that could wait for ever waits with a time limit. */
static int patience(int timeout_ms)
{
	const bool gives_up = GET(faults) || seen.scenario->gives_up;

	return gives_up && timeout_ms < 0 ? TIMEOUT_MS : timeout_ms;
}

static void push(struct par *pool, bool timed, int timeout_ms)
{
	unsigned number = FIRST_PUSHED + ADD(pushes, 1) - 1;
	int rc;

	item_in(number);
	errno = KEPT_ERRNO;
	rc = timed ? par_push_timed(pool, item_of(number), timeout_ms)
		   : par_push(pool, item_of(number));
	check_errno("par_push()");
	if (rc == 0)
		return;
	if (timed && rc == -ETIMEDOUT && timeout_ms >= 0) {
		ADD(in[number], -1u);
		return;
	}
	if (rc != -ECANCELED && rc != -EPIPE && !(GET(faults) && rc == -ENOMEM))
		sched_fail("par_push() returned %d", rc);
	/* par_open() cancels the pool before it returns an error. */
	if (rc == -ECANCELED && !GET(cancel_begun) && GET(open))
		sched_fail("par_push() returned -ECANCELED without a cancel");
	ADD(in[number], -1u);
}

void call_push(struct par *pool)
{
	push(pool, false, 0);
}

void call_push_timed(struct par *pool, int timeout_ms)
{
	push(pool, true, patience(timeout_ms));
}

void call_withdraw(struct par *pool, unsigned number)
{
	int rc;

	SET(withdrawing[number], true);
	if (!GET(canceled_at))
		SET(canceled_at, ADD(ends, 1));
	rc = WITH_ERRNO(par_withdraw(pool, item_of(number)));
	check_errno("par_withdraw()");
	if (rc == 0)
		SET(withdrawn[number], true);
	else if (rc == 1)
		SET(told_item[number], true);
	else if (rc != -ENOENT)
		sched_fail("par_withdraw() returned %d", rc);
}

void call_limit(struct par *pool, unsigned limit)
{
	struct par_stats stats;

	if (limit > 0)
		SET(limited, false);
	if (WITH_ERRNO(par_limit(pool, limit)))
		sched_fail("par_limit() failed");
	check_errno("par_limit()");
	if (limit >= seen.scenario->workers)
		return;
	par_stats(pool, &stats);
	SET(limit, limit);
	SET(started_at_limit, (unsigned)stats.started);
	SET(limited, true);
}

void check_closed(int rc)
{
	if (rc != 0 && rc != GET(source_error) &&
	    !(GET(faults) && rc == -ENOMEM))
		sched_fail("the close returned %d", rc);
	if (rc != 0 && GET(error_is_late))
		sched_fail("a failure after the source was told to stop "
			   "was reported");
	if (rc == 0 && GET(reported_error))
		sched_fail("the close returned 0 after par_next() failed");
}

void call_close_timed(struct par *pool)
{
	int rc;

	SET(cancel_begun, true);
	SET(discard_allowed, true);
	rc = WITH_ERRNO(par_close_timed(pool, 0));
	check_errno("par_close_timed()");
	SET(closed, rc != -ETIMEDOUT);
	if (GET(closed))
		check_closed(rc);
	else
		call_next(pool, 0);
}

/* From now on no call of generate begins, with one exception: if no call is
 * running, the producer may already have decided to make one. */
static void note_stop(void)
{
	if (GET(source_stopped))
		return;
	SET(source_stopped, true);
	SET(late_calls_left, GET(generating) ? 0 : 1);
}

void call_finish(struct par *pool)
{
	bool tells = !GET(generating) || GET(producer) != sched_self()->id;

	if (tells)
		SET(told, true);
	WITH_ERRNO(par_finish(pool));
	check_errno("par_finish()");
	note_stop();
	if (tells)
		SET(told_returned, true);
}

void call_cancel(struct par *pool)
{
	struct par_stats stats;

	if (!GET(canceled_at))
		SET(canceled_at, ADD(ends, 1));
	SET(cancel_begun, true);
	WITH_ERRNO(par_cancel(pool));
	check_errno("par_cancel()");
	note_stop();
	if (!par_canceled(pool))
		sched_fail("par_canceled() is false after par_cancel()");
	par_stats(pool, &stats);
	if (!GET(cancel_returned))
		SET(max_actions, (unsigned)stats.started);
	SET(cancel_returned, true);
}

void call_stats(const struct par *pool)
{
	size_t capacity = seen.scenario->capacity ? seen.scenario->capacity : 1;
	struct par_stats s;

	WITH_ERRNO(par_stats(pool, &s));
	check_errno("par_stats()");
	if (s.entered != s.queued + s.running + s.ready + s.delivered ||
	    s.started != s.running + s.finished || s.failed > s.finished ||
	    s.running > seen.scenario->workers ||
	    s.queued > capacity + GET(pushes) ||
	    s.workers > seen.scenario->workers)
		sched_fail("the counts of par_stats() do not add up");
}

static void check_end(struct par *pool, int rc)
{
	struct par_stats stats;
	int again;
	struct par_result r;

	if (rc != 0 && rc != GET(source_error) &&
	    !(GET(faults) && rc == -ENOMEM))
		sched_fail("the end was reported with %d", rc);
	if (rc != 0 && GET(error_is_late))
		sched_fail("a failure after the source was told to stop "
			   "was reported");
	if (rc == 0 && GET(source_error) && !GET(cancel_begun) && !GET(told))
		sched_fail("a failure was not reported");
	SET(reported_error, rc);
	par_stats(pool, &stats);
	if (stats.failed != GET(failed))
		sched_fail("%u actions failed, but par_stats() counts %u",
			   GET(failed), (unsigned)stats.failed);
	if (stats.entered != stats.delivered || stats.running || stats.queued ||
	    stats.ready || !stats.ended)
		sched_fail("the end was reported, but something is left");
	again = par_next_timed(pool, &r, 0);
	if (again != rc)
		sched_fail("the end was %d, then %d", rc, again);
	if (par_push(pool, NULL) == 0)
		sched_fail("par_push() succeeded after the end");
}

static bool is_end(int rc)
{
	return rc != 1 && rc != -ETIMEDOUT && !(GET(faults) && rc == -EAGAIN);
}

int call_next(struct par *pool, int timeout_ms)
{
	uint64_t begun = sched_now();
	struct par_result r;
	int rc;

	ADD(delivering, 1);
	errno = KEPT_ERRNO;
	rc = timeout_ms < 0 ? par_next(pool, &r)
			    : par_next_timed(pool, &r, timeout_ms);
	check_errno("par_next()");
	if (rc == 1) {
		item_out(&r);
		item_check_order(&r);
	} else {
		ADD(delivering, -1u);
	}
	if (rc == -ETIMEDOUT &&
	    sched_now() < begun + (uint64_t)timeout_ms * 1000000)
		sched_fail("timed out too early");
	if (rc == -ETIMEDOUT && invariant_was_ready())
		sched_fail("timed out although a result was ready");
	if (is_end(rc))
		check_end(pool, rc);
	return rc;
}

/* If the system refuses every thread for ever, only a cancel brings the end. */
static void give_up_after(struct par *pool, int rc)
{
	/* The call has not waited: some time passes before the next one. */
	if (rc == -EAGAIN)
		sched_advance(1000000);
	if (patience(-1) >= 0 && (rc == -ETIMEDOUT || rc == -EAGAIN) &&
	    ADD(failed_waits, 1) == MAX_FAILED_WAITS)
		call_cancel(pool);
}

static uint64_t deadline(int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX
			      : sched_now() + (uint64_t)timeout_ms * 1000000;
}

int call_next_many(struct par *pool, int timeout_ms)
{
	struct par_result r[2];
	int rc;

	timeout_ms = patience(timeout_ms);
	ADD(delivering, 2);
	invariant_expect(2, deadline(timeout_ms));
	rc = WITH_ERRNO(par_next_many(pool, r, 2, 2, timeout_ms));
	check_errno("par_next_many()");
	invariant_expect(0, 0);
	for (int i = 0; i < rc; i++) {
		item_out(&r[i]);
		item_check_order(&r[i]);
	}
	ADD(delivering, rc > 0 ? (unsigned)rc - 2 : -2u);
	if (rc > 2)
		sched_fail("par_next_many() returned %d", rc);
	if (rc == -ETIMEDOUT && invariant_was_ready())
		sched_fail("timed out although a result was ready");
	if (is_end(rc) && rc <= 0)
		check_end(pool, rc);
	give_up_after(pool, rc);
	return rc;
}

void call_next_many_until_end(struct par *pool)
{
	int rc;

	do
		rc = call_next_many(pool, -1);
	while (rc > 0 || !is_end(rc));
}

int call_next_or_give_up(struct par *pool, int timeout_ms)
{
	int rc = call_next(pool, patience(timeout_ms));

	give_up_after(pool, rc);
	return rc;
}

void call_next_until_end(struct par *pool, int timeout_ms)
{
	while (!is_end(call_next_or_give_up(pool, timeout_ms)))
		;
}

/* par_next_timed() with 0 ms must agree with the descriptor. */
void call_next_ready(struct par *pool)
{
	int fd = WITH_ERRNO(par_fd(pool)), rc;
	bool readable;

	check_errno("par_fd()");
	if (fd < 0) {
		if (!GET(faults) || fd != -EMFILE)
			sched_fail("par_fd() returned %d", fd);
		return;
	}
	sched_atomic_begin();
	readable = model_readable(fd);
	rc = call_next(pool, 0);
	if (sched_atomic_end() && readable != (rc != -ETIMEDOUT))
		sched_fail("the descriptor is %sreadable, but "
			   "par_next_timed() returned %d",
			   readable ? "" : "not ", rc);
}

void call_cancel_fd(struct par *pool)
{
	int fd = WITH_ERRNO(par_cancel_fd(pool));

	check_errno("par_cancel_fd()");
	if (fd < 0 && !GET(faults))
		sched_fail("par_cancel_fd() returned %d", fd);
	if (fd >= 0 && GET(cancel_returned) && !model_readable(fd))
		sched_fail("canceled, but the descriptor is not readable");
	if (fd >= 0 && !GET(cancel_begun) && model_readable(fd))
		sched_fail("the descriptor is readable without a cancel");
}
