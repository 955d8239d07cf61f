/* SPDX-License-Identifier: MIT */
#include "scheduler.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { POINTS_MAX = 50000 };

static struct task tasks[SCHED_TASKS];
static int count;
static __thread struct task *self;
static struct strategy *strategy;
static struct run asked, run; /* as given, and what is left of it */
static unsigned fallible;
static uint64_t now;
static bool looking; /* at a gate's condition */
static int paused;   /* sched_pause() is in force; -1: it had to give way */

struct choice sched_choices[SCHED_CHOICES];
unsigned sched_chosen;
uint64_t sched_points, sched_preemptions, sched_steps;
void (*sched_fails)(void);
bool (*sched_mutex_is_free)(const void *mutex);
void (*sched_mutex_take)(const void *mutex, struct task *task);

/* The library's errno is none of the baton's business. */
static void baton_await(struct task *task)
{
	int saved = errno;

	while (!__atomic_load_n(&task->baton, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &task->baton, FUTEX_WAIT_PRIVATE, 0, NULL,
			NULL, 0);
	__atomic_store_n(&task->baton, 0, __ATOMIC_RELAXED);
	errno = saved;
}

static void baton_give(struct task *task)
{
	int saved = errno;

	__atomic_store_n(&task->baton, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &task->baton, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved;
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
	printf("REPLAY %u/%u/%u%s", asked.spurious, asked.timeouts, asked.fault,
	       asked.fault_on ? "+" : "");
	for (unsigned i = 0; i < sched_chosen; i++)
		printf("%c%u", i ? '.' : ' ', (unsigned)sched_choices[i].pick);
	printf("\n");
	fflush(stdout);
	if (sched_fails)
		sched_fails();
	_exit(3);
}

void sched_pin(void)
{
	cpu_set_t set, one;
	size_t cpus, wanted;

	if (sched_getaffinity(0, sizeof set, &set))
		return;
	cpus = (size_t)CPU_COUNT(&set);
	/* Two that run side by side had better not share one. */
	wanted = (size_t)getpid() % cpus;
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && wanted-- == 0)
			CPU_SET(i, &one);
	sched_setaffinity(0, sizeof one, &one);
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

/* A gate's condition may call the library: that is no step of anybody's. */
static bool is_open(const struct task *task)
{
	bool open;

	looking = true;
	open = task->gate(task->gate_argument);
	looking = false;
	return open;
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
		return is_open(task);
	default:
		return false;
	}
}

static bool is_asleep(const struct task *task)
{
	return task->wait == WAIT_COND || task->wait == WAIT_TIMED;
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

static void wake(struct task *task)
{
	task->wait = WAIT_MUTEX;
	task->on = task->mutex;
}

static void time_out(struct task *task)
{
	if (now < task->until)
		now = task->until;
	task->timed_out = true;
	wake(task);
}

void sched_pass(uint64_t time)
{
	now += time;
	for (int i = 0; i < count; i++)
		if (tasks[i].wait == WAIT_TIMED && tasks[i].until <= now)
			time_out(&tasks[i]);
}

/* A task that wakes for nothing and then waits for its mutex might as well have
 * been woken later: so only while it is free. A time-out is noted, and can meet
 * a wake-up on its way. */
static bool is_possible(enum how how, const struct task *task)
{
	switch (how) {
	case MOVE_TIME_OUT:
		return run.timeouts > 0 && task->wait == WAIT_TIMED;
	case MOVE_STIR:
		return run.spurious > 0 && is_asleep(task) &&
		       sched_mutex_is_free(task->mutex);
	default:
		return is_able(task);
	}
}

enum { MOVES = 1 + 3 * SCHED_TASKS };

static unsigned add_moves(struct move *moves, unsigned n, enum how how)
{
	for (int i = 0; i < count; i++)
		if (&tasks[i] != self && is_possible(how, &tasks[i]))
			moves[n++] = (struct move){ how, &tasks[i] };
	return n;
}

/* Everything that could be next; that the running task goes on comes first. */
static unsigned list_moves(struct move *moves, bool *stay)
{
	unsigned n = 0, runs;

	*stay = is_able(self);
	if (*stay)
		moves[n++] = (struct move){ MOVE_RUN, self };
	if (*stay && paused > 0)
		return n;
	n = add_moves(moves, n, MOVE_TIME_OUT);
	runs = add_moves(moves, n, MOVE_RUN);
	if (!*stay && runs == n) {
		/* Nothing can happen but that time goes by. */
		if (!earliest())
			sched_fail("deadlock");
		time_out(earliest());
		return list_moves(moves, stay);
	}
	return add_moves(moves, runs, MOVE_STIR);
}

static void record(unsigned n, unsigned pick)
{
	if (sched_chosen == SCHED_CHOICES)
		sched_fail("too many choices");
	sched_choices[sched_chosen++] =
		(struct choice){ (uint8_t)n, (uint8_t)pick };
}

static unsigned pick_move(const struct move *moves, unsigned n, bool stay)
{
	unsigned pick;

	if (n == 1)
		return 0;
	pick = strategy->move(strategy, moves, n, stay);
	record(n, pick);
	return pick;
}

static struct task *choose(void)
{
	struct move moves[MOVES], *move;
	bool stay;

	for (;;) {
		unsigned n = list_moves(moves, &stay);

		move = &moves[pick_move(moves, n, stay)];
		if (move->how != MOVE_TIME_OUT)
			break;
		run.timeouts--;
		time_out(move->task);
	}
	if (move->how == MOVE_STIR) {
		run.spurious--;
		wake(move->task);
	}
	if (stay && move->task != self)
		sched_preemptions++;
	return move->task;
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
	if (looking)
		return;
	sched_steps++;
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

void sched_run(struct strategy *chooser, const struct run *given,
	       void (*body)(void *), void *argument)
{
	strategy = chooser;
	asked = *given;
	run = *given;
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
