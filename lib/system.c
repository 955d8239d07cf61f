/* SPDX-License-Identifier: MIT */
#include "system.h"

#include "clock.h"
#include "must.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#if !SYSTEM_IS_PIPE
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#elif defined(__FreeBSD__) || defined(__DragonFly__) || defined(__OpenBSD__)
#include <pthread_np.h>
#endif

#if !SYSTEM_IS_PIPE
static int make_event(int *end)
{
	*end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *end < 0 ? -errno : 0;
}

int system_event(int ends[2])
{
	return make_event(&ends[0]);
}

int system_latch(int ends[2])
{
	struct epoll_event readable = { .events = EPOLLIN };
	int rc = make_event(&ends[1]);

	if (rc)
		return rc;
	ends[0] = epoll_create1(EPOLL_CLOEXEC);
	if (ends[0] < 0)
		return -errno;
	return epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &readable) ? -errno
								     : 0;
}
#else
#ifdef __APPLE__
static int set_up(int end)
{
	return fcntl(end, F_SETFD, FD_CLOEXEC) < 0 ||
	       fcntl(end, F_SETFL, O_NONBLOCK) < 0;
}

int system_event(int ends[2])
{
	if (pipe(ends))
		return -errno;
	must(set_up(ends[0]));
	must(set_up(ends[1]));
	return 0;
}
#else
int system_event(int ends[2])
{
	return pipe2(ends, O_CLOEXEC | O_NONBLOCK) ? -errno : 0;
}
#endif

int system_latch(int ends[2])
{
	return system_event(ends);
}
#endif

int system_mutex_init(pthread_mutex_t *mutex)
{
#if defined(__GLIBC__) || defined(__FreeBSD__)
	pthread_mutexattr_t attributes;
	int rc;

	must(pthread_mutexattr_init(&attributes)); /* it only writes */
	must(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP));
	rc = pthread_mutex_init(mutex, &attributes);
	must(pthread_mutexattr_destroy(&attributes));
	return -rc;
#else
	return -pthread_mutex_init(mutex, NULL);
#endif
}

/* macOS has no clocks for condition variables, but a wait that is limited by a
 * duration. */
#ifdef __APPLE__
int system_cond_init(pthread_cond_t *cond)
{
	return -pthread_cond_init(cond, NULL);
}

int system_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   uint64_t until)
{
	const uint64_t now = clock_now(), left = until > now ? until - now : 0;
	const struct timespec limit = clock_timespec(left);

	return pthread_cond_timedwait_relative_np(cond, mutex, &limit);
}
#else
int system_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc)
		return -rc;
	if (pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
		rc = ENOSYS;
	else
		rc = pthread_cond_init(cond, &attributes);
	must(pthread_condattr_destroy(&attributes));
	return -rc;
}

int system_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   uint64_t until)
{
	const struct timespec limit = clock_timespec(until);

	return pthread_cond_timedwait(cond, mutex, &limit);
}
#endif

void system_name_thread(const char *name)
{
#if defined(__linux__)
	(void)pthread_setname_np(pthread_self(), name);
#elif defined(__APPLE__)
	(void)pthread_setname_np(name);
#elif defined(__NetBSD__)
	(void)pthread_setname_np(pthread_self(), "%s", (void *)(uintptr_t)name);
#elif defined(__FreeBSD__) || defined(__DragonFly__) || defined(__OpenBSD__)
	pthread_set_name_np(pthread_self(), name);
#else
	(void)name;
#endif
}

size_t system_least_stack(void)
{
#ifdef PTHREAD_STACK_MIN
	/* Not a constant everywhere: in glibc it calls sysconf(). */
	return (size_t)PTHREAD_STACK_MIN;
#else
	return (size_t)sysconf(_SC_THREAD_STACK_MIN);
#endif
}

int system_set_cancel_state(int state)
{
#ifdef __ANDROID__
	return state;
#else
	int before;

	must(pthread_setcancelstate(state, &before));
	return before;
#endif
}

void system_yield(void)
{
#ifndef __APPLE__
	(void)sched_yield();
#endif
}

#ifdef __linux__
/* pthread_tryjoin_np() would tell the same, but Helgrind and DRD do not know
 * that call: what they see after it they take for a race. */
long system_thread_number(void)
{
	return syscall(SYS_gettid);
}

bool system_thread_has_ended(long number)
{
	return syscall(SYS_tgkill, getpid(), number, 0) ? errno == ESRCH
							: false;
}
#else
long system_thread_number(void)
{
	return 0;
}

bool system_thread_has_ended(long number)
{
	(void)number;
	return false;
}
#endif
