/* SPDX-License-Identifier: MIT */
#include "scheduler.h"

#include "access.h"

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
static struct run given, left; /* the run; what is left of its budgets */
static unsigned fallible;
static uint64_t now;
static bool in_gate; /* inside the condition of a gate */
/* The prompt task; the task that it has interrupted. */
static struct task *prompt, *interrupted;
static enum {
	NOT_ATOMIC,
	ATOMIC,	     /* after sched_atomic_begin() */
	INTERRUPTED, /* the running task had to wait after that */
} atomic;

struct choice sched_choices[SCHED_CHOICES];
unsigned sched_choice_count;
uint64_t sched_points, sched_preemptions, sched_all_points;
void (*sched_on_failure)(void);
bool (*sched_mutex_is_free)(const void *mutex);
void (*sched_mutex_take)(const void *mutex, struct task *task);

/* The library must not notice the baton: errno stays as it is. */
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
		       tasks[i].object, &tasks[i] == self ? " <- here" : "");
	printf("REPLAY %u/%u/%u%s%s", given.spurious, given.timeouts,
	       given.fault, given.fault_on ? "+" : "", given.prompt ? "p" : "");
	for (unsigned i = 0; i < sched_choice_count; i++)
		printf("%c%u", i ? '.' : ' ', (unsigned)sched_choices[i].pick);
	printf("\n");
	fflush(stdout);
	if (sched_on_failure)
		sched_on_failure();
	_exit(3);
}

void sched_pin(void)
{
	cpu_set_t set, one;
	size_t cpus, wanted;

	if (sched_getaffinity(0, sizeof set, &set))
		return;
	cpus = (size_t)CPU_COUNT(&set);
	/* Two explorers that run side by side should use two processors. */
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
	access_read(&now);
	return now;
}

/* A gate's condition may call the library, which must not count as a step of
 * any task: there are no scheduling points in it. But what it reads decides
 * whether the task goes on. */
static bool gate_is_open(const struct task *task)
{
	bool open;

	in_gate = true;
	access_ignore(task != self);
	open = task->gate(task->gate_argument);
	access_ignore(false);
	in_gate = false;
	return open;
}

bool sched_in_gate(void)
{
	return in_gate;
}

static bool is_runnable(const struct task *task)
{
	switch (task->wait) {
	case WAIT_NOTHING:
		return true;
	case WAIT_MUTEX:
		return sched_mutex_is_free(task->object);
	case WAIT_JOIN:
		return ((const struct task *)task->object)->wait == WAIT_DONE;
	case WAIT_GATE:
		return gate_is_open(task);
	default:
		return false;
	}
}

bool sched_waits_for_cond(const struct task *task)
{
	return task->wait == WAIT_COND || task->wait == WAIT_TIMED;
}

void sched_wake(struct task *task)
{
	access_write(task->object);
	access_write(task->mutex);
	task->wait = WAIT_MUTEX;
	task->object = task->mutex;
}

static struct task *earliest_deadline(void)
{
	struct task *first = NULL;

	for (int i = 0; i < count; i++)
		if (tasks[i].wait == WAIT_TIMED &&
		    (!first || tasks[i].deadline < first->deadline))
			first = &tasks[i];
	return first;
}

static void time_out(struct task *task)
{
	access_rare_move();
	access_write(&now);
	if (now < task->deadline)
		now = task->deadline;
	task->timed_out = true;
	sched_wake(task);
}

void sched_advance(uint64_t time)
{
	access_all();
	now += time;
	for (int i = 0; i < count; i++)
		if (tasks[i].wait == WAIT_TIMED && tasks[i].deadline <= now)
			time_out(&tasks[i]);
}

/* A spurious wake-up while the mutex is held is the same as one that comes
 * later, so it is possible only while the mutex is free. A time-out is not the
 * same: a signal that comes before the task has the mutex finds no waiter. */
static bool is_possible(enum kind_of_move kind, const struct task *task)
{
	switch (kind) {
	case MOVE_TIME_OUT:
		return left.timeouts > 0 && task->wait == WAIT_TIMED &&
		       !(task == prompt && task->patient);
	case MOVE_SPURIOUS:
		return left.spurious > 0 && task != prompt &&
		       sched_waits_for_cond(task) &&
		       sched_mutex_is_free(task->mutex);
	default:
		return is_runnable(task);
	}
}

enum { MOVES = 1 + 3 * SCHED_TASKS };

static unsigned add_moves(struct move *moves, unsigned n,
			  enum kind_of_move kind)
{
	for (int i = 0; i < count; i++)
		if (&tasks[i] != self && is_possible(kind, &tasks[i]))
			moves[n++] = (struct move){ kind, &tasks[i] };
	return n;
}

/* Lists all possible moves. If the running task is still runnable, the first
 * move is that it runs on. */
static unsigned list_moves(struct move *moves, bool *runnable)
{
	unsigned n = 0, runs;

	*runnable = is_runnable(self);
	if (*runnable)
		moves[n++] = (struct move){ MOVE_RUN, self };
	if (*runnable && (atomic == ATOMIC || self == prompt))
		return n;
	if (!*runnable && prompt && is_runnable(prompt)) {
		moves[n++] = (struct move){ MOVE_RUN, prompt };
		return n;
	}
	n = add_moves(moves, n, MOVE_TIME_OUT);
	runs = add_moves(moves, n, MOVE_RUN);
	if (!*runnable && runs == n) {
		/* No task is runnable: time passes until the next deadline. */
		if (!earliest_deadline())
			sched_fail("deadlock");
		time_out(earliest_deadline());
		return list_moves(moves, runnable);
	}
	return add_moves(moves, runs, MOVE_SPURIOUS);
}

static void record(unsigned n, unsigned pick)
{
	if (sched_choice_count == SCHED_CHOICES)
		sched_fail("too many choices");
	sched_choices[sched_choice_count++] =
		(struct choice){ (uint8_t)n, (uint8_t)pick };
}

static unsigned pick_move(const struct move *moves, unsigned n, bool runnable)
{
	unsigned pick;

	if (n == 1)
		return 0;
	pick = strategy->choose(strategy, moves, n, runnable);
	record(n, pick);
	return pick;
}

/* The task that runs next. */
static struct task *choose(void)
{
	struct move moves[MOVES], *move;
	bool runnable;

	for (;;) {
		unsigned n = list_moves(moves, &runnable);

		if (!runnable && self->wait != WAIT_DONE)
			access_has_to_wait(self->object);
		move = &moves[pick_move(moves, n, runnable)];
		access_chosen(move, runnable);
		if (move->kind != MOVE_TIME_OUT)
			break;
		left.timeouts--;
		time_out(move->task);
	}
	if (move->kind == MOVE_SPURIOUS) {
		left.spurious--;
		access_rare_move();
		sched_wake(move->task);
	}
	if (runnable && move->task != self)
		sched_preemptions++;
	return move->task;
}

static void go(struct task *chosen)
{
	struct task *me = self;
	bool done = me->wait == WAIT_DONE;

	if (chosen->wait == WAIT_MUTEX)
		sched_mutex_take(chosen->object, chosen);
	chosen->wait = WAIT_NOTHING;
	if (chosen == me)
		return;
	if (atomic == ATOMIC)
		atomic = INTERRUPTED;
	/* After this call `me` may be reused, so `done` was read before it. */
	baton_give(chosen);
	if (!done)
		baton_await(me);
}

/* The prompt task runs until it has to wait, as a part of this task's step. */
static void let_prompt_run(void)
{
	struct task *me = self;

	if (!prompt || me == prompt || atomic == ATOMIC ||
	    me->wait == WAIT_DONE || !is_runnable(prompt))
		return;
	interrupted = me;
	go(prompt);
}

/* Returns true if the prompt task has given the baton back, and has it again.
 */
static bool give_back(void)
{
	struct task *me = self, *task = interrupted;
	bool done = me->wait == WAIT_DONE;

	if (me != prompt || !task || is_runnable(me))
		return false;
	interrupted = NULL;
	baton_give(task);
	if (!done)
		baton_await(me);
	return true;
}

void sched_point(void)
{
	if (in_gate)
		return;
	sched_all_points++;
	if (++sched_points > POINTS_MAX)
		sched_fail("livelock");
	access_step_ends();
	let_prompt_run();
	if (!give_back())
		go(choose());
}

void sched_be_prompt(struct task *task)
{
	if (given.prompt)
		prompt = task;
}

struct task *sched_spawn(void)
{
	struct task *task = &tasks[count];

	if (count == SCHED_TASKS)
		sched_fail("more than %d tasks", SCHED_TASKS);
	access_write(&count);
	*task = (struct task){ .id = count };
	count++;
	strategy->add(strategy, task);
	return task;
}

void sched_enter(struct task *task)
{
	self = task;
	baton_await(task);
}

void sched_exit(void)
{
	access_write(self);
	self->wait = WAIT_DONE;
	sched_point();
}

void sched_gate(bool (*condition)(void *), void *argument)
{
	self->wait = WAIT_GATE;
	self->object = NULL;
	self->gate = condition;
	self->gate_argument = argument;
	sched_point();
	gate_is_open(self);
}

void sched_atomic_begin(void)
{
	access_all();
	atomic = ATOMIC;
}

bool sched_atomic_end(void)
{
	bool uninterrupted = atomic == ATOMIC;

	access_all();
	atomic = NOT_ATOMIC;
	return uninterrupted;
}

bool sched_fault(void)
{
	fallible++;
	return given.fault != 0 && (given.fault_on ? fallible >= given.fault
						   : fallible == given.fault);
}

unsigned sched_fallible(void)
{
	return fallible;
}

void sched_run(struct strategy *chooser, const struct run *run,
	       void (*body)(void *), void *argument)
{
	strategy = chooser;
	given = *run;
	left = *run;
	count = 0;
	fallible = 0;
	now = 1000000000;
	atomic = NOT_ATOMIC;
	prompt = interrupted = NULL;
	sched_choice_count = 0;
	sched_points = 0;
	sched_preemptions = 0;
	access_begin(strategy->reduces);
	strategy->begin(strategy, given.seed);
	self = sched_spawn();
	body(argument);
	for (int i = 1; i < count; i++)
		if (tasks[i].wait != WAIT_DONE)
			sched_fail("task %d was left running", i);
}
