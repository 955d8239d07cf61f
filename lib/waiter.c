/* SPDX-License-Identifier: MIT */
/*
 * The calls of pthread_cond_*: how one thread sleeps until it is woken or its
 * deadline has come.
 */
#include "waiter.h"

#include "must.h"
#include "thread.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

int waiter_init(struct waiter *waiter)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc)
		return -rc;
	must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	*waiter = (struct waiter){ .cancel_state = PTHREAD_CANCEL_DISABLE };
	rc = pthread_cond_init(&waiter->cond, &attributes);
	must(pthread_condattr_destroy(&attributes));
	return -rc;
}

void waiter_fini(struct waiter *waiter)
{
	must(pthread_cond_destroy(&waiter->cond));
}

bool waiter_sleep(struct waiter *waiter, struct lock *lock)
{
	const uint64_t until = waiter->until;
	const struct timespec limit = {
		.tv_sec = (time_t)(until / CLOCK_NS_PER_S),
		.tv_nsec = (long)(until % CLOCK_NS_PER_S),
	};
	int rc = 0;

	thread_restore_cancel(waiter->cancel_state);
	while (waiter->asleep && rc != ETIMEDOUT) {
		if (until == CLOCK_NEVER)
			rc = pthread_cond_wait(&waiter->cond, &lock->mutex);
		else
			rc = pthread_cond_timedwait(&waiter->cond, &lock->mutex,
						    &limit);
		assert(rc == 0 || rc == ETIMEDOUT);
	}
	(void)thread_disable_cancel();
	/* If both happened, the thread was woken. */
	rc = waiter->asleep ? ETIMEDOUT : 0;
	waiter->asleep = false;
	return rc == 0;
}

void waiter_wake(struct waiter *waiter)
{
	assert(waiter->asleep);
	waiter->asleep = false;
	/* Under the lock: the condition may be destroyed soon after. */
	must(pthread_cond_signal(&waiter->cond));
}
