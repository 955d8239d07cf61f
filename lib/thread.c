/* SPDX-License-Identifier: MIT */
/*
 * Starting and joining threads; the name, the stack size and the cancel state
 * of a thread.
 */
#include "thread.h"

#include "clock.h"
#include "must.h"
#include "signals.h"
#include "system.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* musl takes no larger stack. */
#define STACK_MOST (SIZE_MAX / 4)

/* glibc places thread-local storage on the stack and has no call that tells how
 * much there is. If a stack is too small for it, twice the size may do. */
static int create(pthread_t *thread, pthread_attr_t *attributes, size_t stack,
		  void *(*body)(void *), void *argument)
{
	int rc;

	do {
		if (stack)
			must(pthread_attr_setstacksize(attributes, stack));
		rc = pthread_create(thread, attributes, body, argument);
		stack *= 2;
	} while (rc == EINVAL && stack && stack <= STACK_MOST);
	return rc;
}

int thread_start(pthread_t *thread, enum thread_kind kind, size_t stack_size,
		 void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	const sigset_t blocked = signals_blocked(kind == THREAD_PRODUCER);
	sigset_t before;
	int rc = pthread_attr_init(&attributes);

	if (rc)
		return -rc;
	/* A thread inherits the mask of its creator. The signals are blocked
	 * here, so that none reaches the thread before it runs. */
	must(pthread_sigmask(SIG_SETMASK, &blocked, &before));
	rc = create(thread, &attributes, stack_size, body, argument);
	must(pthread_sigmask(SIG_SETMASK, &before, NULL));
	must(pthread_attr_destroy(&attributes));
	return -rc;
}

void thread_join(pthread_t thread)
{
	must(pthread_join(thread, NULL));
}

void thread_name(const char *name, int number)
{
	char full[THREAD_NAME_SIZE], suffix[THREAD_NAME_SIZE] = "";
	size_t end, kept;

	if (number >= 0)
		(void)snprintf(suffix, sizeof suffix, "-%d", number);
	end = strlen(suffix) + 1;
	kept = strnlen(name, sizeof full - end);
	memcpy(full, name, kept);
	memcpy(full + kept, suffix, end);
	system_name_thread(full);
}

int thread_stack_size(size_t *size)
{
	const size_t least = system_least_stack();
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (*size == 0)
		return 0;
	if (*size < least)
		*size = least;
	if (*size > STACK_MOST)
		return -EINVAL;
	*size = (*size + page - 1) / page * page;
	return 0;
}

int thread_disable_cancel(void)
{
	return system_set_cancel_state(PTHREAD_CANCEL_DISABLE);
}

void thread_restore_cancel(int before)
{
	(void)system_set_cancel_state(before);
}

uint64_t thread_yield(void)
{
	int saved = errno;
	uint64_t began = clock_now(), cost;

	system_yield();
	cost = clock_now() - began;
	errno = saved;
	return cost;
}
