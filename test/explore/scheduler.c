/* SPDX-License-Identifier: MIT */
#include "scheduler.h"

#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { POINTS_MAX = 50000 };

static struct task tasks[SCHED_TASKS];
static int count;
static __thread struct task *self;
static struct strategy *strategy;
static struct run run;
static unsigned fallible;
static uint64_t now;
static int paused; /* sched_pause() is in force; -1: it had to give way */

struct choice sched_choices[SCHED_CHOICES];
unsigned sched_chosen;
uint64_t sched_points, sched_preemptions;
bool (*sched_mutex_is_free)(const void *mutex);
void (*sched_mutex_take)(const void *mutex, struct task *task);

static void baton_await(struct task *task)
{
	while (!__atomic_load_n(&task->baton, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &task->baton, FUTEX_WAIT_PRIVATE, 0, NULL,
			NULL, 0);
	__atomic_store_n(&task->baton, 0, __ATOMIC_RELAXED);
}

static void baton_give(struct task *task)
{
	__atomic_store_n(&task->baton, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &task->baton, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void sched_fail(const char *format, ...)
{
	static const char *const waits[] = { "runs", "mutex", "cond", "timed",
					     "join", "gate",  "done" };
	va_list arguments;

	va_start(arguments, format);
	printf("FAILED: ");
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	for (int i = 0; i < count; i++)
		printf("  task %d: %s %p%s\n", i, waits[tasks[i].wait],
		       tasks[i].on, &tasks[i] == self ? " <- here" : "");
	printf("REPLAY %u%s", run.fault, run.fault_on ? "+" : "");
	for (unsigned i = 0; i < sched_chosen; i++)
		printf("%c%u", i ? '.' : ' ', (unsigned)sched_choices[i].pick);
	printf("\n");
	fflush(stdout);
	_exit(3);
}

struct task *sched_self(void)
{
	return self;
}

struct task *sched_task(int id)
{
	return &tasks[id];
}

int sched_count(void)
{
	return count;
}

uint64_t sched_now(void)
{
	return now;
}

/* Whether the task could go on now, were it chosen. */
static bool is_able(const struct task *task)
{
	switch (task->wait) {
	case WAIT_NOTHING:
		return true;
	case WAIT_MUTEX:
		return sched_mutex_is_free(task->on);
	case WAIT_JOIN:
		return ((const struct task *)task->on)->wait == WAIT_DONE;
	case WAIT_GATE:
		return task->gate(task->gate_argument);
	default:
		return false;
	}
}

/* A sleeper on a condition that the run may wake out of turn: its budget says.
 */
static bool may_stir(const struct task *task)
{
	return (task->wait == WAIT_TIMED && run.timeouts > 0) ||
	       ((task->wait == WAIT_COND || task->wait == WAIT_TIMED) &&
		run.spurious > 0);
}

static struct task *earliest(void)
{
	struct task *first = NULL;

	for (int i = 0; i < count; i++)
		if (tasks[i].wait == WAIT_TIMED &&
		    (!first || tasks[i].until < first->until))
			first = &tasks[i];
	return first;
}

static void time_out(struct task *task)
{
	if (now < task->until)
		now = task->until;
	task->timed_out = true;
	task->wait = WAIT_MUTEX;
	task->on = task->mutex;
}

/* Everybody who could be next; the running task first, where it can go on. */
static unsigned candidates(struct task **able, bool *stay)
{
	unsigned n = 0;

	*stay = is_able(self);
	if (*stay)
		able[n++] = self;
	if (*stay && paused > 0)
		return n;
	for (int i = 0; i < count; i++)
		if (&tasks[i] != self && is_able(&tasks[i]))
			able[n++] = &tasks[i];
	if (n == 0) {
		/* Nothing can happen but that time goes by. */
		struct task *sleeper = earliest();

		if (!sleeper)
			sched_fail("deadlock");
		time_out(sleeper);
		return candidates(able, stay);
	}
	for (int i = 0; i < count; i++)
		if (may_stir(&tasks[i]))
			able[n++] = &tasks[i];
	return n;
}

static void record(unsigned n, unsigned pick)
{
	if (sched_chosen == SCHED_CHOICES)
		sched_fail("too many choices");
	sched_choices[sched_chosen++] =
		(struct choice){ (uint8_t)n, (uint8_t)pick };
}

/* A sleeper was chosen: its wait is over, or it was woken for nothing. False:
 * it still has to wait for its mutex. */
static bool stir(struct task *task)
{
	if (task->wait == WAIT_TIMED && run.timeouts > 0) {
		run.timeouts--;
		time_out(task);
	} else if (task->wait == WAIT_TIMED || task->wait == WAIT_COND) {
		run.spurious--;
		task->wait = WAIT_MUTEX;
		task->on = task->mutex;
	}
	return is_able(task);
}

static struct task *choose(void)
{
	struct task *able[SCHED_TASKS];
	struct task *chosen;
	unsigned n, pick;
	bool stay;

	do {
		n = candidates(able, &stay);
		pick = n > 1 ? strategy->task(strategy, able, n, stay) : 0;
		if (n > 1)
			record(n, pick);
		chosen = able[pick];
		if (stay && chosen != self)
			sched_preemptions++;
	} while (!stir(chosen));
	return chosen;
}

static void go(struct task *chosen)
{
	struct task *me = self;
	bool done = me->wait == WAIT_DONE;

	if (chosen->wait == WAIT_MUTEX)
		sched_mutex_take(chosen->on, chosen);
	chosen->wait = WAIT_NOTHING;
	if (chosen == me)
		return;
	if (paused > 0)
		paused = -1;
	/* The own state is read before: whoever runs next may reuse it. */
	baton_give(chosen);
	if (!done)
		baton_await(me);
}

void sched_point(void)
{
	if (++sched_points > POINTS_MAX)
		sched_fail("livelock");
	go(choose());
}

struct task *sched_spawn(void)
{
	struct task *task = &tasks[count];

	if (count == SCHED_TASKS)
		sched_fail("more tasks than there is room for");
	*task = (struct task){ .id = count };
	count++;
	strategy->born(strategy, task);
	return task;
}

void sched_enter(struct task *task)
{
	self = task;
	baton_await(task);
}

void sched_exit(void)
{
	self->wait = WAIT_DONE;
	sched_point();
}

void sched_gate(bool (*condition)(void *), void *argument)
{
	self->wait = WAIT_GATE;
	self->gate = condition;
	self->gate_argument = argument;
	sched_point();
}

void sched_pause(void)
{
	paused = 1;
}

bool sched_resume(void)
{
	bool kept = paused > 0;

	paused = 0;
	return kept;
}

bool sched_fault(void)
{
	fallible++;
	return run.fault != 0 &&
	       (run.fault_on ? fallible >= run.fault : fallible == run.fault);
}

unsigned sched_fallible(void)
{
	return fallible;
}

void sched_run(struct strategy *chooser, const struct run *how,
	       void (*body)(void *), void *argument)
{
	strategy = chooser;
	run = *how;
	count = 0;
	fallible = 0;
	now = 1000000000;
	paused = 0;
	sched_chosen = 0;
	sched_points = 0;
	sched_preemptions = 0;
	strategy->begin(strategy, run.seed);
	self = sched_spawn();
	body(argument);
	for (int i = 1; i < count; i++)
		if (tasks[i].wait != WAIT_DONE)
			sched_fail("task %d was left running", i);
}
