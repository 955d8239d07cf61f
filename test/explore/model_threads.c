/* SPDX-License-Identifier: MIT */
/*
 * Threads: their start, join and cancellation, and signals to them.
 */
#include "model_internal.h"

#include "access.h"
#include "carrier.h"
#include "pool.h"
#include "self.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include <par.h>

struct thread {
	struct task *task;
	struct carrier *carrier;
	pthread_t thread;
	void *(*body)(void *);
	void *argument, *result;
	bool returned; /* the body returned: it did not call pthread_exit() */
	bool joined;
	bool cancel_requested; /* by pthread_cancel() */
	bool cancel_disabled;
	int signals; /* sent; may not have arrived yet */
};

/* An object, as far as it says which threads there are. Everything else about a
 * thread belongs to its task. */
static struct thread threads[SCHED_TASKS];

/* The threads that the library has tried to start, and the numbers of the first
 * that is refused and of the first after it that is not. */
static unsigned starts, refused_from, refused_to;

bool is_cancelable(void)
{
	return !threads[sched_self()->id].cancel_disabled;
}

void cancellation_point(void)
{
	struct thread *thread = &threads[sched_self()->id];

	access_read(sched_self());
	if (is_cancelable() && thread->cancel_requested) {
		thread->cancel_disabled = true; /* it takes effect once */
		pthread_exit(PTHREAD_CANCELED);
	}
}

void (*model_destructor)(void);

static void thread_ends(void *argument)
{
	struct thread *thread = argument;

	if (par_self())
		sched_fail("a thread ended, and par_self() was not NULL");
	if (model_destructor)
		model_destructor();
	if (has_mutex(thread->task))
		sched_fail("a thread ended while it had a mutex");
	releases(thread);
	sched_exit();
}

static void *thread_body(void *argument)
{
	struct thread *thread = argument;

	sched_enter(thread->task);
	if (races_task_begins)
		races_task_begins();
	acquires(&thread->body);
	self_begin(NULL); /* the carrier may have been a thread of a pool */
	/* thread_ends() runs after pthread_exit() too. */
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

	access_write(threads);
	*thread = (struct thread){ .task = task,
				   .body = body,
				   .argument = argument };
	releases(&thread->body);
	thread->carrier = carrier_start(thread_body, thread);
	thread->thread = carrier_thread(thread->carrier);
	/* The thread may run before *out is set. */
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
	access_write(threads);
	starts++;
	if (sched_fault() || (starts >= refused_from && starts < refused_to))
		return EAGAIN;
	if (out == &((struct par *)argument)->supervisor)
		sched_be_prompt(sched_task(sched_count()));
	model_spawn(out, body, argument);
	written(out, sizeof *out, CALLED_FROM);
	return 0;
}

/* A pthread_t may be used again after the join, so this is the last thread that
 * has it. */
static struct thread *find_thread(pthread_t thread)
{
	access_read(threads);
	for (int i = sched_count() - 1; i > 0; i--)
		if (!threads[i].joined &&
		    pthread_equal(threads[i].thread, thread))
			return &threads[i];
	sched_fail("a thread that does not exist, or is joined already");
}

static struct thread *thread_to_join(pthread_t id)
{
	struct thread *thread = find_thread(id);

	if (thread->task == sched_self())
		sched_fail("a thread joins itself");
	return thread;
}

static void join(struct thread *thread, void **result)
{
	access_write(threads);
	if (thread->joined)
		sched_fail("two threads join a thread");
	thread->joined = true;
	acquires(thread);
	carrier_release(thread->carrier, thread->returned);
	if (result)
		*result = thread->result;
}

int x_pthread_join(pthread_t id, void **result)
{
	struct thread *thread = thread_to_join(id);
	struct task *self = sched_self();

	self->wait = WAIT_JOIN;
	self->object = thread->task;
	sched_point();
	access_read(thread->task);
	join(thread, result);
	return 0;
}

/* The number of the calling thread, or a look whether one has ended. */
long x_syscall(long call, ...)
{
	const struct task *task;
	va_list arguments;

	if (call == SYS_gettid)
		return sched_self()->id;
	if (call != SYS_tgkill)
		sched_fail("a system call that the model does not know");
	va_start(arguments, call);
	(void)va_arg(arguments, pid_t);
	task = sched_task((int)va_arg(arguments, long));
	va_end(arguments);
	access_read(task);
	if (task->wait != WAIT_DONE)
		return 0;
	errno = ESRCH;
	return -1;
}

void model_join(pthread_t thread)
{
	x_pthread_join(thread, NULL);
}

void model_cancel(pthread_t id)
{
	struct thread *thread = find_thread(id);

	access_write(thread->task);
	thread->cancel_requested = true;
	if (!thread->cancel_disabled && sched_waits_for_cond(thread->task))
		sched_wake(thread->task);
}

void model_refuse_threads(unsigned from, unsigned count)
{
	refused_from = from;
	refused_to = from + count;
}

int x_pthread_setcancelstate(int state, int *before)
{
	struct thread *thread = &threads[sched_self()->id];

	access_write(thread->task);
	*before = thread->cancel_disabled ? PTHREAD_CANCEL_DISABLE
					  : PTHREAD_CANCEL_ENABLE;
	thread->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
	return 0;
}

void model_enable_cancel(void)
{
	int before;

	x_pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
}

/* Of the one signal that the program lets the library use. */
static bool handler_installed;

int x_sigaction(int signal, const struct sigaction *new, struct sigaction *old)
{
	if (old)
		*old = (struct sigaction){ .sa_handler = SIG_DFL };
	if (new) {
		sched_point();
		access_write(&handler_installed);
		handler_installed = true;
	}
	return 0;
}

/* Every thread has blocked the signal when it starts. A signal that was sent
 * arrives at the end of the call, if not before. */
int x_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	struct thread *self = &threads[sched_self()->id];

	access_read(&handler_installed);
	if (how == SIG_UNBLOCK) {
		access_write(self->task);
		self->signals = 0;
	}
	if (how == SIG_UNBLOCK && !handler_installed)
		sched_fail("a signal is unblocked, and has no handler");
	return pthread_sigmask(how, set, old);
}

int x_pthread_kill(pthread_t id, int signal)
{
	struct thread *thread = find_thread(id);

	access_read(&handler_installed);
	access_write(thread->task);
	if (!handler_installed)
		sched_fail("a signal before its handler was installed");
	if (thread->task->wait == WAIT_DONE)
		sched_fail("a signal to a thread that has ended");
	if (sched_waits_for_cond(thread->task) &&
	    owns_mutex(sched_self(), thread->task->mutex))
		sched_fail("a signal to a thread that waits for the pool");
	thread->signals++;
	return 0;
}

int x_pthread_setname_np(pthread_t thread, const char *name)
{
	if (strlen(name) > 15)
		sched_fail("a thread name of more than 15 characters");
	return 0;
}

/* No scheduling point: the library takes its lock next, and there is one. */
int x_sched_yield(void)
{
	if (has_mutex(sched_self()))
		sched_fail("sched_yield() with a mutex");
	/* It may fail so under a tool, if a signal interrupts it. */
	errno = EINTR;
	return -1;
}

bool model_was_signaled(void)
{
	const struct thread *self = &threads[sched_self()->id];

	access_read(self->task);
	return self->signals > 0;
}

struct block {
	bool (*condition)(void *);
	void *argument;
	const struct thread *thread;
};

static bool is_unblocked(void *argument)
{
	const struct block *block = argument;

	access_read(block->thread->task);
	return block->thread->signals > 0 || block->condition(block->argument);
}

bool model_block(bool (*condition)(void *), void *argument)
{
	struct thread *thread = &threads[sched_self()->id];
	struct block block = { condition, argument, thread };

	/* A signal that came before the call has no effect on it. */
	sched_point();
	access_write(thread->task);
	thread->signals = 0;
	sched_gate(is_unblocked, &block);
	return condition(argument);
}

void model_threads_begin(void)
{
	starts = 0;
	handler_installed = false;
	model_refuse_threads(0, 0);
	memset(threads, 0, sizeof threads);
}

void model_threads_end(void)
{
	for (int i = 1; i < sched_count(); i++)
		if (!threads[i].joined)
			sched_fail("thread %d was not joined", i);
}
