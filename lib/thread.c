/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

/* For the calls that fail only where we misuse them. */
static void must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

/* A section takes less time than to fall asleep: whoever finds the lock taken
 * looks again for a moment, where there is such a mutex. */
int lock_init(struct lock *lock)
{
#ifdef __GLIBC__
	pthread_mutexattr_t attributes;
	int rc;

	must(pthread_mutexattr_init(&attributes)); /* it only writes */
	must(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP));
	rc = pthread_mutex_init(&lock->mutex, &attributes);
	must(pthread_mutexattr_destroy(&attributes));
	return -rc;
#else
	return -pthread_mutex_init(&lock->mutex, NULL);
#endif
}

void lock_fini(struct lock *lock)
{
	must(pthread_mutex_destroy(&lock->mutex));
}

void lock_take(struct lock *lock) UNCHECKED
{
	must(pthread_mutex_lock(&lock->mutex));
}

void lock_drop(struct lock *lock) UNCHECKED
{
	must(pthread_mutex_unlock(&lock->mutex));
}

int sleeper_init(struct sleeper *sleeper)
{
	pthread_condattr_t attributes;
	int rc = pthread_condattr_init(&attributes);

	if (rc)
		return -rc;
	must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	*sleeper = (struct sleeper){ .asleep = false };
	rc = pthread_cond_init(&sleeper->cond, &attributes);
	must(pthread_condattr_destroy(&attributes));
	return -rc;
}

void sleeper_fini(struct sleeper *sleeper)
{
	must(pthread_cond_destroy(&sleeper->cond));
}

uint64_t time_now(void)
{
	struct timespec now;

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t time_after(int milliseconds)
{
	if (milliseconds < 0)
		return NEVER;
	return time_now() + (uint64_t)milliseconds * NS_PER_MS;
}

bool sleeper_sleep(struct sleeper *sleeper, struct lock *lock, uint64_t until)
{
	const struct timespec limit = {
		.tv_sec = (time_t)(until / NS_PER_S),
		.tv_nsec = (long)(until % NS_PER_S),
	};
	int rc = 0;

	sleeper->asleep = true;
	while (sleeper->asleep && rc != ETIMEDOUT) {
		if (until == NEVER)
			rc = pthread_cond_wait(&sleeper->cond, &lock->mutex);
		else
			rc = pthread_cond_timedwait(&sleeper->cond,
						    &lock->mutex, &limit);
		assert(rc == 0 || rc == ETIMEDOUT);
	}
	/* Woken just as the time was over: woken. */
	rc = sleeper->asleep ? ETIMEDOUT : 0;
	sleeper->asleep = false;
	return rc == 0;
}

void sleeper_wake(struct sleeper *sleeper)
{
	if (!sleeper->asleep)
		return;
	sleeper->asleep = false;
	/* With the lock held: the condition may be gone right after. */
	must(pthread_cond_signal(&sleeper->cond));
}

void flag_raise(struct flag *flag)
{
	atomic_store_explicit(&flag->raised, true, memory_order_release);
}

bool flag_is_raised(const struct flag *flag)
{
	return atomic_load_explicit(&flag->raised, memory_order_acquire);
}

/* All but the signals that a thread's own instructions raise: blocked, those
 * would end the process without the program's handler. */
static sigset_t asynchronous(void)
{
	static const int synchronous[] = { SIGABRT, SIGBUS,  SIGFPE, SIGILL,
					   SIGSEGV, SIGTRAP, SIGSYS };
	sigset_t others;

	must(sigfillset(&others));
	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		must(sigdelset(&others, synchronous[i]));
	return others;
}

/* musl takes no more, and nobody has so much. */
#define STACK_MOST (SIZE_MAX / 4)

/* glibc takes thread-local storage out of the stack, and tells nobody how much
 * there is: where a stack was too small for that, twice as much may do. */
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

int thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *),
		 void *argument)
{
	pthread_attr_t attributes;
	const sigset_t blocked = asynchronous();
	sigset_t before;
	int rc = pthread_attr_init(&attributes);

	if (rc)
		return -rc;
	/* A thread inherits its creator's mask: blocked here, no signal finds
	 * it in between. */
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
#ifdef HAVE_PTHREAD_SETNAME_NP
	char full[THREAD_NAME_SIZE] = "", suffix[THREAD_NAME_SIZE] = "";

	if (number >= 0)
		(void)snprintf(suffix, sizeof suffix, "-%d", number);
	strncpy(full, name, sizeof full - 1 - strlen(suffix));
	strcat(full, suffix);
	(void)pthread_setname_np(pthread_self(), full);
#else
	(void)name;
	(void)number;
#endif
}

int thread_stack_size(size_t *size)
{
	/* Not always a constant: glibc asks sysconf() in it. */
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

int cancel_disable(void)
{
	int before;

	must(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before));
	return before;
}

void cancel_restore(int before)
{
	must(pthread_setcancelstate(before, &before));
}

static void empty_handler(int signal)
{
	(void)signal;
}

/* Whatever the flags say: that of no handler is asked for in the same place. */
static bool has_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

int signal_check(int signal)
{
	const sigset_t fit = asynchronous();
	struct sigaction now;

	if (signal == 0)
		return 0;
	/* After the empty handler a fault would happen again, for ever. */
	if (signal == SIGKILL || signal == SIGSTOP ||
	    sigismember(&fit, signal) != 1)
		return -EINVAL;
	must(sigaction(signal, NULL, &now));
	/* One that restarts the call gets nobody out of it, and one that is
	 * reset leaves the second signal to end the process. */
	if (has_handler(&now) &&
	    (now.sa_flags & (SA_RESTART | (int)SA_RESETHAND)))
		return -EINVAL;
	return 0;
}

void signal_install(int signal)
{
	struct sigaction action = { .sa_handler = empty_handler }, now;

	must(sigemptyset(&action.sa_mask));
	must(sigaction(signal, NULL, &now));
	if (!has_handler(&now))
		must(sigaction(signal, &action, NULL));
}

void signal_send(pthread_t thread, int signal)
{
	/* The queue of a real-time signal may be full: it is sent again. */
	(void)pthread_kill(thread, signal);
}

static void signal_mask(int how, int signal)
{
	sigset_t set;

	must(sigemptyset(&set));
	must(sigaddset(&set, signal));
	must(pthread_sigmask(how, &set, NULL));
}

void signal_unblock(int signal)
{
	signal_mask(SIG_UNBLOCK, signal);
}

void signal_block(int signal)
{
	signal_mask(SIG_BLOCK, signal);
}
