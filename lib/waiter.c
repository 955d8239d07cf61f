/* SPDX-License-Identifier: MIT */
/*
 * The calls of pthread_cond_*: how one thread sleeps until it is woken or its
 * deadline has come.
 */
#include "waiter.h"

#include "must.h"
#include "system.h"
#include "thread.h"

#include <assert.h>
#include <errno.h>

int waiter_init(struct waiter *waiter)
{
	*waiter = (struct waiter){ .cancel_state = PTHREAD_CANCEL_DISABLE };
	return system_cond_init(&waiter->cond);
}

void waiter_fini(struct waiter *waiter)
{
	must(pthread_cond_destroy(&waiter->cond));
}

bool waiter_sleep(struct waiter *waiter, struct lock *lock)
{
	const uint64_t until = waiter->until;
	int rc = 0;

	thread_restore_cancel(waiter->cancel_state);
	while (waiter->asleep && rc != ETIMEDOUT) {
		if (until == CLOCK_NEVER)
			rc = pthread_cond_wait(&waiter->cond, &lock->mutex);
		else
			rc = system_cond_wait_until(&waiter->cond, &lock->mutex,
						    until);
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
