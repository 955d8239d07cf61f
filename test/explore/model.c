/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "carrier.h"
#include "scheduler.h"

#include "flag.h"

#include <par.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the baton hides from ThreadSanitizer: the order that the calls give. */
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static void acquires(const void *what)
{
	if (__tsan_acquire)
		__tsan_acquire((void *)what);
}

static void releases(const void *what)
{
	if (__tsan_release)
		__tsan_release((void *)what);
}

/* Mutexes and conditions are known by their address, from init to destroy. */
enum kind { MUTEX = 1, COND };

struct object {
	const void *address;
	enum kind kind;
	struct task *owner; /* of a mutex */
	bool monotonic;	    /* a condition's clock */
};

void (*model_unlocks)(const void *mutex);

static struct object objects[64];
static int object_count;

static struct object *find(const void *address, enum kind kind)
{
	for (int i = 0; i < object_count; i++)
		if (objects[i].address == address) {
			if (objects[i].kind != kind)
				sched_fail("a mutex for a condition");
			return &objects[i];
		}
	return NULL;
}

static struct object *known(const void *address, enum kind kind)
{
	struct object *object = find(address, kind);

	if (!object)
		sched_fail("%s was not initialised, or is destroyed",
			   kind == MUTEX ? "mutex" : "condition");
	return object;
}

static struct object *make(const void *address, enum kind kind)
{
	if (find(address, kind))
		sched_fail("initialised twice");
	if (object_count == (int)(sizeof objects / sizeof *objects))
		sched_fail("more objects than there is room for");
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

static void destroy(const void *address, enum kind kind)
{
	struct object *object = known(address, kind);

	if (object->owner || is_waited_for(address))
		sched_fail("destroyed in use");
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
	make(mutex, MUTEX);
	return 0;
}

int x_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	destroy(mutex, MUTEX);
	return 0;
}

int x_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	struct task *task = sched_self();

	if (known(mutex, MUTEX)->owner == task)
		sched_fail("locked twice by one task");
	task->wait = WAIT_MUTEX;
	task->object = mutex;
	sched_point();
	acquires(mutex);
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
	object->owner = NULL;
}

int x_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	unlock(mutex);
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
	make(cond, COND)->monotonic = clock == CLOCK_MONOTONIC;
	return 0;
}

int x_pthread_cond_destroy(pthread_cond_t *cond)
{
	destroy(cond, COND);
	return 0;
}

static bool has_mutex(const struct task *task)
{
	for (int i = 0; i < object_count; i++)
		if (objects[i].kind == MUTEX && objects[i].owner == task)
			return true;
	return false;
}

struct thread {
	struct task *task;
	struct carrier *carrier;
	pthread_t thread;
	void *(*body)(void *);
	void *argument, *result;
	bool returned; /* not by pthread_exit() */
	bool joined;
	bool doomed;  /* canceled by the program */
	bool undying; /* and does not hear of it */
	int signals;  /* sent, not yet seen */
};

static struct thread threads[SCHED_TASKS];

static bool is_cancelable(void)
{
	return !threads[sched_self()->id].undying;
}

static void cancellation_point(void)
{
	if (is_cancelable() && threads[sched_self()->id].doomed)
		pthread_exit(PTHREAD_CANCELED);
}

static int wait_for(const void *cond, const void *mutex, enum wait wait,
		    uint64_t until)
{
	struct task *task = sched_self();

	known(cond, COND);
	/* Two waiters, and the C library could lose a wake-up. */
	if (is_waited_for(cond))
		sched_fail("two waiters on one condition");
	cancellation_point();
	unlock(mutex);
	task->wait = wait;
	task->object = cond;
	task->mutex = mutex;
	task->deadline = until;
	task->timed_out = false;
	sched_point();
	acquires(mutex);
	cancellation_point();
	return task->timed_out ? ETIMEDOUT : 0;
}

int x_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	return wait_for(cond, mutex, WAIT_COND, 0);
}

int x_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			     const struct timespec *limit)
{
	if (!known(cond, COND)->monotonic)
		sched_fail("a time-out by the wall clock");
	return wait_for(cond, mutex, WAIT_TIMED,
			(uint64_t)limit->tv_sec * 1000000000u +
				(uint64_t)limit->tv_nsec);
}

int x_pthread_cond_signal(pthread_cond_t *cond)
{
	known(cond, COND);
	/* Its owner could be gone with it. */
	if (!has_mutex(sched_self()))
		sched_fail("signaled without the mutex");
	for (int i = 0; i < sched_count(); i++) {
		struct task *task = sched_task(i);

		if ((task->wait == WAIT_COND || task->wait == WAIT_TIMED) &&
		    task->object == cond) {
			task->wait = WAIT_MUTEX;
			task->object = task->mutex;
		}
	}
	return 0;
}

/* It locks next: there is the point. */
int x_sched_yield(void)
{
	if (has_mutex(sched_self()))
		sched_fail("yields with a mutex");
	/* As it may under a tool, where a signal breaks it. */
	errno = EINTR;
	return -1;
}

int x_clock_gettime(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_MONOTONIC)
		sched_fail("the wall clock was asked");
	time->tv_sec = (time_t)(sched_now() / 1000000000u);
	time->tv_nsec = (long)(sched_now() % 1000000000u);
	return 0;
}

/* Under the lock nobody else changes it. */
bool x_flag_is_raised(const struct flag *flag)
{
	bool raised;

	if (!has_mutex(sched_self()))
		sched_point();
	raised = atomic_load(&flag->raised);
	if (raised)
		acquires(flag);
	return raised;
}

void x_flag_raise(struct flag *flag)
{
	sched_point();
	releases(flag);
	atomic_store(&flag->raised, true);
	/* Who looks without the lock may be quicker than the unlock. */
	sched_point();
}

/* Threads. */

static unsigned starts, refused_from, refused_to;

static void thread_ends(void *argument)
{
	struct thread *thread = argument;

	if (has_mutex(thread->task))
		sched_fail("a thread ended with a mutex");
	if (par_self())
		sched_fail("a thread ended in a pool");
	releases(thread);
	sched_exit();
}

static void *thread_body(void *argument)
{
	struct thread *thread = argument;

	sched_enter(thread->task);
	acquires(&thread->body);
	/* Also where it ends by pthread_exit(). */
	pthread_cleanup_push(thread_ends, thread);
	thread->result = thread->body(thread->argument);
	thread->returned = true;
	pthread_cleanup_pop(true);
	return NULL;
}

void model_spawn(pthread_t *out, void *(*body)(void *), void *argument)
{
	struct task *task = sched_spawn();
	struct thread *thread = &threads[task->id];

	*thread = (struct thread){ .task = task,
				   .body = body,
				   .argument = argument };
	releases(&thread->body);
	thread->carrier = carrier_start(thread_body, thread);
	thread->thread = carrier_thread(thread->carrier);
	/* It may be anywhere before its creator knows its name. */
	sched_point();
	*out = thread->thread;
}

int x_pthread_attr_init(pthread_attr_t *attributes)
{
	return sched_fault() ? ENOMEM : pthread_attr_init(attributes);
}

int x_pthread_create(pthread_t *out, const pthread_attr_t *attributes,
		     void *(*body)(void *), void *argument)
{
	starts++;
	if (sched_fault() || (starts >= refused_from && starts < refused_to))
		return EAGAIN;
	model_spawn(out, body, argument);
	return 0;
}

/* Addresses of threads are used again: the last of that name is meant. */
static struct thread *thread_of(pthread_t name)
{
	for (int i = sched_count() - 1; i > 0; i--)
		if (!threads[i].joined &&
		    pthread_equal(threads[i].thread, name))
			return &threads[i];
	sched_fail("no such thread, or joined twice");
}

int x_pthread_join(pthread_t name, void **result)
{
	struct thread *thread = thread_of(name);
	struct task *self = sched_self();

	if (thread->task == self)
		sched_fail("a thread joins itself");
	self->wait = WAIT_JOIN;
	self->object = thread->task;
	sched_point();
	thread->joined = true;
	acquires(thread);
	carrier_release(thread->carrier, thread->returned);
	if (result)
		*result = thread->result;
	return 0;
}

void model_join(pthread_t thread)
{
	x_pthread_join(thread, NULL);
}

void model_cancel(pthread_t name)
{
	struct thread *thread = thread_of(name);

	thread->doomed = true;
	if (!thread->undying && (thread->task->wait == WAIT_COND ||
				 thread->task->wait == WAIT_TIMED)) {
		thread->task->wait = WAIT_MUTEX;
		thread->task->object = thread->task->mutex;
	}
}

void model_refuse_threads(unsigned from, unsigned count)
{
	refused_from = from;
	refused_to = from + count;
}

int x_pthread_setcancelstate(int state, int *before)
{
	struct thread *thread = &threads[sched_self()->id];

	*before = thread->undying ? PTHREAD_CANCEL_DISABLE
				  : PTHREAD_CANCEL_ENABLE;
	thread->undying = state == PTHREAD_CANCEL_DISABLE;
	return 0;
}

/* The one signal of a program's that has no handler of its own. */
static bool handled;

int x_sigaction(int signal, const struct sigaction *new, struct sigaction *old)
{
	if (old)
		*old = (struct sigaction){ .sa_handler = SIG_DFL };
	if (new)
		handled = true;
	return 0;
}

int x_pthread_kill(pthread_t name, int signal)
{
	struct thread *thread = thread_of(name);

	if (!handled)
		sched_fail("a signal before its handler");
	if (thread->task->wait == WAIT_DONE)
		sched_fail("a signal to a thread that is gone");
	thread->signals++;
	return 0;
}

int x_pthread_setname_np(pthread_t thread, const char *name)
{
	if (strlen(name) > 15)
		sched_fail("a name too long");
	return 0;
}

struct block {
	bool (*condition)(void *);
	void *argument;
	const struct thread *thread;
};

static bool unblocks(void *argument)
{
	const struct block *block = argument;

	return block->thread->signals > 0 || block->condition(block->argument);
}

bool model_block(bool (*condition)(void *), void *argument)
{
	struct thread *thread = &threads[sched_self()->id];
	struct block block = { condition, argument, thread };

	/* A signal that came before the call did nothing to it. */
	sched_point();
	thread->signals = 0;
	sched_gate(unblocks, &block);
	return condition(argument);
}

/* Memory. */

static long live;

void *x_malloc(size_t size)
{
	void *memory = sched_fault() ? NULL : malloc(size);

	live += memory != NULL;
	if (!memory)
		errno = ENOMEM;
	return memory;
}

void *x_calloc(size_t count, size_t size)
{
	void *memory = sched_fault() ? NULL : calloc(count, size);

	live += memory != NULL;
	if (!memory)
		errno = ENOMEM;
	return memory;
}

void x_free(void *memory)
{
	live -= memory != NULL;
	free(memory);
}

/* Pipes. Descriptors count from FIRST, two a pipe: to read, to write. */

enum { FIRST = 1000, PIPES = 16 };

static struct {
	int bytes;
	bool open[2];
} pipes[PIPES];
static int pipe_count;

/* A thread that the program cancels in one of these would leave the library's
 * state half-way. */
static void descriptor_call(void)
{
	if (is_cancelable())
		sched_fail("a cancellation point is open");
	sched_point();
}

static int end_of(int fd)
{
	if (fd < FIRST || fd >= FIRST + 2 * pipe_count ||
	    !pipes[(fd - FIRST) / 2].open[fd % 2])
		sched_fail("descriptor %d is not open", fd);
	return (fd - FIRST) / 2;
}

int x_pipe2(int ends[2], int flags)
{
	if (sched_fault()) {
		errno = EMFILE;
		return -1;
	}
	if (pipe_count == PIPES)
		sched_fail("more pipes than there is room for");
	pipes[pipe_count].bytes = 0;
	for (int i = 0; i < 2; i++) {
		pipes[pipe_count].open[i] = true;
		ends[i] = FIRST + 2 * pipe_count + i;
	}
	pipe_count++;
	return 0;
}

ssize_t x_write(int fd, const void *data, size_t size)
{
	descriptor_call();
	pipes[end_of(fd)].bytes += (int)size;
	return (ssize_t)size;
}

ssize_t x_read(int fd, void *data, size_t size)
{
	int i;

	descriptor_call();
	i = end_of(fd);
	if (pipes[i].bytes < (int)size)
		sched_fail("read from a pipe that is empty");
	pipes[i].bytes -= (int)size;
	return (ssize_t)size;
}

int x_close(int fd)
{
	int i;

	descriptor_call();
	i = end_of(fd);
	pipes[i].open[fd % 2] = false;
	return 0;
}

bool model_readable(int fd)
{
	int i = end_of(fd);

	return pipes[i].bytes > 0 || !pipes[i].open[1];
}

/* The frame of a run. */

void model_begin(void)
{
	sched_mutex_is_free = mutex_is_free;
	sched_mutex_take = mutex_take;
	object_count = 0;
	pipe_count = 0;
	live = 0;
	starts = 0;
	handled = false;
	model_refuse_threads(0, 0);
	memset(threads, 0, sizeof threads);
}

void model_end(void)
{
	for (int i = 1; i < sched_count(); i++)
		if (!threads[i].joined)
			sched_fail("thread %d was not joined", i);
	for (int i = 0; i < pipe_count; i++)
		if (pipes[i].open[0] || pipes[i].open[1])
			sched_fail("a descriptor was left open");
	if (object_count)
		sched_fail("%d mutexes and conditions were left", object_count);
	if (live)
		sched_fail("%ld allocations were left", live);
}

void model_assert_unlocked(const char *where)
{
	if (has_mutex(sched_self()))
		sched_fail("%s was called under a lock", where);
}
