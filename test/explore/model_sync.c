/* SPDX-License-Identifier: MIT */
/*
 * Mutexes and condition variables.
 */
#include "model_internal.h"

#include "access.h"

#include <errno.h>
#include <time.h>

/* Mutexes and condition variables are known by their address, from their
 * initialisation to their destruction. */
enum kind { MUTEX = 1, COND };

struct object {
	const void *address;
	enum kind kind;
	struct task *owner; /* of a mutex */
	bool monotonic;	    /* the clock of a condition variable */
};

void (*model_locks)(const void *mutex);
void (*model_unlocks)(const void *mutex);

static struct object objects[64];
static int object_count;

static struct object *find(const void *address, enum kind kind)
{
	for (int i = 0; i < object_count; i++)
		if (objects[i].address == address) {
			if (objects[i].kind != kind)
				sched_fail("a mutex as a condition variable");
			return &objects[i];
		}
	return NULL;
}

static struct object *known(const void *address, enum kind kind)
{
	struct object *object = find(address, kind);

	if (!object)
		sched_fail("%s was not initialised, or is destroyed",
			   kind == MUTEX ? "mutex" : "condition variable");
	return object;
}

static struct object *make(const void *address, enum kind kind,
			   const void *from)
{
	written(address, 1, from);
	if (find(address, kind))
		sched_fail("initialised twice");
	if (object_count == (int)(sizeof objects / sizeof *objects))
		sched_fail("too many mutexes and condition variables");
	access_write(address);
	objects[object_count] =
		(struct object){ .address = address, .kind = kind };
	return &objects[object_count++];
}

static bool is_waited_for(const void *address)
{
	for (int i = 0; i < sched_count(); i++) {
		enum wait wait = sched_task(i)->wait;

		if (wait != WAIT_NOTHING && wait != WAIT_DONE &&
		    sched_task(i)->object == address)
			return true;
	}
	return false;
}

static void destroy(const void *address, enum kind kind, const void *from)
{
	struct object *object = known(address, kind);

	written(address, 1, from);
	if (object->owner || is_waited_for(address))
		sched_fail("destroyed in use");
	access_write(address);
	*object = objects[--object_count];
}

static bool mutex_is_free(const void *mutex)
{
	return !known(mutex, MUTEX)->owner;
}

static void mutex_take(const void *mutex, struct task *task)
{
	known(mutex, MUTEX)->owner = task;
}

int x_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *a)
{
	if (sched_fault())
		return ENOMEM;
	make(mutex, MUTEX, CALLED_FROM);
	return 0;
}

int x_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	destroy(mutex, MUTEX, CALLED_FROM);
	return 0;
}

static void locked(const void *mutex)
{
	acquires(mutex);
	access_write(mutex);
	if (model_locks)
		model_locks(mutex);
}

int x_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	struct task *task = sched_self();

	if (known(mutex, MUTEX)->owner == task)
		sched_fail("locked twice by one task");
	/* A signal handler may call a cancellation point at any time. */
	if (is_cancelable())
		sched_fail("a lock is taken, and pthread_cancel() may act");
	task->wait = WAIT_MUTEX;
	task->object = mutex;
	sched_point();
	locked(mutex);
	touched(mutex, true, CALLED_FROM);
	return 0;
}

static void unlock(const void *mutex)
{
	struct object *object = known(mutex, MUTEX);

	if (object->owner != sched_self())
		sched_fail("unlocked by another task");
	if (model_unlocks)
		model_unlocks(mutex);
	releases(mutex);
	access_write(mutex);
	object->owner = NULL;
}

int x_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	touched(mutex, true, CALLED_FROM);
	unlock(mutex);
	/* What comes next need not follow at once. */
	sched_point();
	return 0;
}

int x_pthread_condattr_init(pthread_condattr_t *attributes)
{
	return sched_fault() ? ENOMEM : pthread_condattr_init(attributes);
}

int x_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *a)
{
	clockid_t clock = CLOCK_REALTIME;

	if (sched_fault())
		return EAGAIN;
	if (a)
		pthread_condattr_getclock(a, &clock);
	make(cond, COND, CALLED_FROM)->monotonic = clock == CLOCK_MONOTONIC;
	return 0;
}

int x_pthread_cond_destroy(pthread_cond_t *cond)
{
	destroy(cond, COND, CALLED_FROM);
	return 0;
}

bool has_mutex(const struct task *task)
{
	for (int i = 0; i < object_count; i++)
		if (objects[i].kind == MUTEX && objects[i].owner == task)
			return true;
	return false;
}

bool owns_mutex(const struct task *task, const void *mutex)
{
	return known(mutex, MUTEX)->owner == task;
}

static int wait_for(const void *cond, const void *mutex, enum wait wait,
		    uint64_t deadline)
{
	struct task *task = sched_self();

	known(cond, COND);
	/* With two waiters glibc 2.25 to 2.40 can lose a wake-up. */
	if (is_waited_for(cond))
		sched_fail("two waiters on one condition variable");
	access_write(cond);
	cancellation_point();
	unlock(mutex);
	task->wait = wait;
	task->object = cond;
	task->mutex = mutex;
	task->deadline = deadline;
	task->timed_out = false;
	sched_point();
	locked(mutex);
	cancellation_point();
	return task->timed_out ? ETIMEDOUT : 0;
}

int x_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	touched(cond, true, CALLED_FROM);
	return wait_for(cond, mutex, WAIT_COND, 0);
}

int x_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			     const struct timespec *limit)
{
	uint64_t deadline = (uint64_t)limit->tv_sec * 1000000000u +
			    (uint64_t)limit->tv_nsec;

	if (!known(cond, COND)->monotonic)
		sched_fail("a time limit by the wall clock");
	touched(cond, true, CALLED_FROM);
	/* No pause of the library, or wait of the program, is so long. */
	if (deadline > sched_now() + 10000000000u)
		sched_fail("a wait of more than 10 seconds");
	return wait_for(cond, mutex, WAIT_TIMED, deadline);
}

int x_pthread_cond_signal(pthread_cond_t *cond)
{
	known(cond, COND);
	touched(cond, true, CALLED_FROM);
	/* Without the mutex, the waiter could destroy cond at the same time. */
	if (!has_mutex(sched_self()))
		sched_fail("signaled without the mutex");
	access_write(cond);
	for (int i = 0; i < sched_count(); i++) {
		struct task *task = sched_task(i);

		if (sched_waits_for_cond(task) && task->object == cond)
			sched_wake(task);
	}
	return 0;
}

void model_sync_begin(void)
{
	sched_mutex_is_free = mutex_is_free;
	sched_mutex_take = mutex_take;
	object_count = 0;
}

void model_sync_end(void)
{
	if (object_count)
		sched_fail("%d mutexes and condition variables were left",
			   object_count);
}

void model_assert_unlocked(const char *where)
{
	if (has_mutex(sched_self()))
		sched_fail("%s was called under a lock", where);
}
