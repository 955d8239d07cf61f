/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <par.h>

static atomic_int armed; /* the sites, as bits */
static atomic_uint calls, first;
static atomic_bool keeps;
static void (*_Atomic meanwhile)(void *);
static void *_Atomic meanwhile_argument;
static atomic_int failed_site, failed_error;
static atomic_size_t blocks, bytes, most_blocks, most_bytes;

void fault_arm(int sites, unsigned n, bool stays)
{
	atomic_store(&calls, 0);
	atomic_store(&first, n);
	atomic_store(&keeps, stays);
	atomic_store(&failed_site, 0);
	atomic_store(&failed_error, 0);
	atomic_store(&meanwhile, NULL);
	atomic_store(&armed, sites);
}

void fault_meanwhile(int sites, void (*act)(void *), void *argument)
{
	fault_arm(sites, 0, false);
	atomic_store(&meanwhile_argument, argument);
	atomic_store(&meanwhile, act);
}

unsigned fault_disarm(void)
{
	atomic_store(&armed, 0);
	return fault_calls();
}

unsigned fault_calls(void)
{
	return atomic_load(&calls);
}

int fault_site(void)
{
	return atomic_load(&failed_site);
}

int fault_error(void)
{
	return atomic_load(&failed_error);
}

/* Whether this call is to fail. If so, it fails with `error`. */
static bool fails(enum fault_site site, int error)
{
	void (*act)(void *);
	unsigned n, call;
	int none = 0;

	if (!(atomic_load(&armed) & (int)site))
		return false;
	call = atomic_fetch_add(&calls, 1) + 1;
	act = atomic_exchange(&meanwhile, NULL);
	if (act)
		act(atomic_load(&meanwhile_argument));
	n = atomic_load(&first);
	if (n == 0 || (atomic_load(&keeps) ? call < n : call != n))
		return false;
	if (atomic_compare_exchange_strong(&failed_site, &none, (int)site))
		atomic_store(&failed_error, -error);
	return true;
}

/*
 * Allocated memory.
 */

struct fault_memory fault_live(void)
{
	return (struct fault_memory){ atomic_load(&blocks),
				      atomic_load(&bytes) };
}

struct fault_memory fault_peak(void)
{
	return (struct fault_memory){ atomic_load(&most_blocks),
				      atomic_load(&most_bytes) };
}

void fault_forget_peak(void)
{
	atomic_store(&most_blocks, atomic_load(&blocks));
	atomic_store(&most_bytes, atomic_load(&bytes));
}

static void add(atomic_size_t *sum, size_t more, atomic_size_t *most)
{
	size_t now = atomic_fetch_add(sum, more) + more;
	size_t before = atomic_load(most);

	while (before < now &&
	       !atomic_compare_exchange_weak(most, &before, now))
		continue;
}

static void *came(void *memory)
{
	if (memory) {
		add(&blocks, 1, &most_blocks);
		add(&bytes, malloc_usable_size(memory), &most_bytes);
	}
	return memory;
}

static void goes(void *memory)
{
	if (memory) {
		atomic_fetch_sub(&blocks, 1);
		atomic_fetch_sub(&bytes, malloc_usable_size(memory));
	}
}

/*
 * The wrapped calls.
 */

#define WRAP(type, name, ...)                                                  \
	type __real_##name(__VA_ARGS__);                                       \
	type __wrap_##name(__VA_ARGS__);                                       \
	type __wrap_##name(__VA_ARGS__)

WRAP(void *, malloc, size_t size)
{
	if (fails(FAULT_MALLOC, ENOMEM)) {
		errno = ENOMEM;
		return NULL;
	}
	return came(__real_malloc(size));
}

WRAP(void *, calloc, size_t count, size_t size)
{
	if (fails(FAULT_MALLOC, ENOMEM)) {
		errno = ENOMEM;
		return NULL;
	}
	return came(__real_calloc(count, size));
}

WRAP(void *, realloc, void *memory, size_t size)
{
	if (fails(FAULT_MALLOC, ENOMEM)) {
		errno = ENOMEM;
		return NULL;
	}
	goes(memory);
	memory = __real_realloc(memory, size);
	return came(memory);
}

WRAP(void, free, void *memory)
{
	goes(memory);
	__real_free(memory);
}

/* The linker does not wrap the calls that libc itself makes. So the memory of a
 * line is counted here. */
static ssize_t get_line(char **line, size_t *size, FILE *file)
{
	ssize_t length;

	if (fails(FAULT_MALLOC, ENOMEM)) {
		errno = ENOMEM;
		return -1;
	}
	goes(*line);
	length = getdelim(line, size, '\n', file);
	came(*line);
	return length;
}

WRAP(ssize_t, getline, char **line, size_t *size, FILE *file)
{
	return get_line(line, size, file);
}

/* If glibc inlines getline(), it is a call of this. */
WRAP(ssize_t, __getdelim, char **line, size_t *size, int end, FILE *file)
{
	return get_line(line, size, file);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
     void *(*body)(void *), void *argument)
{
	if (fails(FAULT_THREAD, EAGAIN))
		return EAGAIN;
	if (fails(FAULT_STACK, EINVAL))
		return EINVAL;
	return __real_pthread_create(thread, attributes, body, argument);
}

WRAP(int, pthread_mutex_init, pthread_mutex_t *mutex,
     const pthread_mutexattr_t *attributes)
{
	if (fails(FAULT_MUTEX, ENOMEM))
		return ENOMEM;
	return __real_pthread_mutex_init(mutex, attributes);
}

WRAP(int, pthread_cond_init, pthread_cond_t *cond,
     const pthread_condattr_t *attributes)
{
	if (fails(FAULT_COND, EAGAIN))
		return EAGAIN;
	return __real_pthread_cond_init(cond, attributes);
}

WRAP(int, pthread_condattr_init, pthread_condattr_t *attributes)
{
	if (fails(FAULT_CONDATTR, ENOMEM))
		return ENOMEM;
	return __real_pthread_condattr_init(attributes);
}

WRAP(int, pthread_condattr_setclock, pthread_condattr_t *attributes,
     clockid_t clock)
{
	if (fails(FAULT_CLOCK, EINVAL))
		return EINVAL;
	return __real_pthread_condattr_setclock(attributes, clock);
}

WRAP(int, pthread_attr_init, pthread_attr_t *attributes)
{
	if (fails(FAULT_ATTR, ENOMEM))
		return ENOMEM;
	return __real_pthread_attr_init(attributes);
}

/* These tell the error by errno. */

static bool refused(enum fault_site site, int error)
{
	if (!fails(site, error))
		return false;
	errno = error;
	return true;
}

WRAP(int, pipe2, int ends[2], int flags)
{
	return refused(FAULT_PIPE, EMFILE) ? -1 : __real_pipe2(ends, flags);
}

WRAP(int, eventfd, unsigned value, int flags)
{
	return refused(FAULT_PIPE, EMFILE) ? -1 : __real_eventfd(value, flags);
}

WRAP(int, epoll_create1, int flags)
{
	return refused(FAULT_PIPE, EMFILE) ? -1 : __real_epoll_create1(flags);
}

WRAP(int, epoll_ctl, int set, int operation, int fd, struct epoll_event *event)
{
	return refused(FAULT_EPOLL, ENOSPC)
		       ? -1
		       : __real_epoll_ctl(set, operation, fd, event);
}

/* EINTR: as if interrupted by a signal. */

WRAP(int, sched_yield, void)
{
	return refused(FAULT_YIELD, EINTR) ? -1 : __real_sched_yield();
}

WRAP(int, pthread_mutex_lock, pthread_mutex_t *mutex)
{
	if (atomic_load(&armed) & FAULT_LOCK && par_self())
		atomic_fetch_add(&calls, 1);
	return __real_pthread_mutex_lock(mutex);
}

WRAP(ssize_t, read, int fd, void *data, size_t size)
{
	return refused(FAULT_MOVE, EINTR) ? -1 : __real_read(fd, data, size);
}

WRAP(ssize_t, write, int fd, const void *data, size_t size)
{
	return refused(FAULT_MOVE, EINTR) ? -1 : __real_write(fd, data, size);
}
