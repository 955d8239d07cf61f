/* SPDX-License-Identifier: MIT */
/*
 * Starting and joining threads; the name, the stack size and the cancel state
 * of a thread.
 */
#include "thread.h"

#include "clock.h"
#include "must.h"
#include "signals.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
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

/* pthread_tryjoin_np() would do, but Helgrind and DRD do not know that call:
 * what they see after it they take for a race. */
#ifdef __linux__
long thread_number(void)
{
	return syscall(SYS_gettid);
}

bool thread_has_ended(long number)
{
	return syscall(SYS_tgkill, getpid(), number, 0) < 0 && errno == ESRCH;
}
#else
long thread_number(void)
{
	return 0;
}

bool thread_has_ended(long number)
{
	return number < 0; /* it cannot tell */
}
#endif

void thread_name(const char *name, int number)
{
#ifdef HAVE_PTHREAD_SETNAME_NP
	char full[THREAD_NAME_SIZE], suffix[THREAD_NAME_SIZE] = "";
	size_t end, kept;

	if (number >= 0)
		(void)snprintf(suffix, sizeof suffix, "-%d", number);
	end = strlen(suffix) + 1;
	kept = strnlen(name, sizeof full - end);
	memcpy(full, name, kept);
	memcpy(full + kept, suffix, end);
	(void)pthread_setname_np(pthread_self(), full);
#else
	(void)name;
	(void)number;
#endif
}

int thread_stack_size(size_t *size)
{
	/* Not a constant everywhere: in glibc it calls sysconf(). */
	size_t least = (size_t)PTHREAD_STACK_MIN;
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
	int before;

	must(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before));
	return before;
}

void thread_restore_cancel(int before)
{
	must(pthread_setcancelstate(before, &before));
}

uint64_t thread_yield(void)
{
	int saved = errno;
	uint64_t began = clock_now(), cost;

	sched_yield(); /* if it fails, nothing is lost */
	cost = clock_now() - began;
	errno = saved;
	return cost;
}
