/* SPDX-License-Identifier: MIT */
/*
 * A scheduler for tests: real threads, of which exactly one runs at any time.
 *
 * Whoever runs holds the baton. At each scheduling point, which stands before
 * every call that other threads can notice (model.h), it asks the strategy who
 * goes on. So a run is a sequence of choices, and the same choices make the
 * same run.
 *
 * This file is never instrumented: a sanitizer that saw the baton handed on
 * would take it for synchronisation of the library's own.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

enum { SCHED_TASKS = 80 };

/* Why a task does not run. */
enum wait {
	WAIT_NOTHING, /* it may run */
	WAIT_MUTEX,
	WAIT_COND,
	WAIT_TIMED, /* on a condition, until a time */
	WAIT_JOIN,
	WAIT_GATE, /* in the program's code, until a condition of its own */
	WAIT_DONE, /* it has ended */
};

struct task {
	int id;
	enum wait wait;
	const void *on;	   /* mutex, condition, task */
	const void *mutex; /* to have again after a condition */
	uint64_t until;	   /* WAIT_TIMED */
	bool timed_out;
	bool (*gate)(void *); /* WAIT_GATE */
	void *gate_argument;
	unsigned priority; /* the strategy's */
	uint32_t baton;	   /* a futex: its turn */
};

/* What a run is made of. */
struct run {
	uint64_t seed;
	unsigned spurious; /* wake-ups for nothing, at most */
	unsigned timeouts; /* waits over though others could run, at most */
	/* Which call that can fail fails, from 1; 0: none. */
	unsigned fault;
	bool fault_on; /* and all after it */
};

/* What can happen next. */
struct move {
	enum how {
		MOVE_RUN,      /* the task goes on */
		MOVE_TIME_OUT, /* its time is over; it may have to wait more */
		MOVE_STIR,     /* it wakes for nothing, and goes on */
	} how;
	struct task *task;
};

/* How choices are made (strategy.c). */
struct strategy {
	/* One of n moves. Where `stay` the first is that the running task goes
	 * on; time-outs follow, which switch to nobody. */
	unsigned (*move)(struct strategy *, const struct move *moves,
			 unsigned n, bool stay);
	/* A new run; a new task in it. */
	void (*begin)(struct strategy *, uint64_t seed);
	void (*born)(struct strategy *, struct task *);
	/* After a run; false: there is none left. */
	bool (*next)(struct strategy *);
};

/* Keeps the process on one processor: handing the baton on is many times faster
 * then. */
void sched_pin(void);

/* Runs body as task 0 under the strategy. Returns when it returned; every other
 * task has ended by then, or the run has failed. */
void sched_run(struct strategy *strategy, const struct run *run,
	       void (*body)(void *), void *argument);

/* The running task. */
struct task *sched_self(void);
struct task *sched_task(int id);
int sched_count(void);

/* A scheduling point; the caller has said in its `wait` whether it can run. */
void sched_point(void);
/* The new thread of a task, and its end. */
struct task *sched_spawn(void);
void sched_enter(struct task *task);
void sched_exit(void);
/* Waits until the condition holds, in the program's code. */
void sched_gate(bool (*condition)(void *), void *argument);
/* No other task runs between the two, unless the running one has to wait: then
 * sched_resume() says false. */
void sched_pause(void);
bool sched_resume(void);

/* Whether a call that can fail shall. Counts them. */
bool sched_fault(void);
unsigned sched_fallible(void);

/* Virtual nanoseconds; time-outs move them, */
uint64_t sched_now(void);
/* and a program that takes its time. */
void sched_pass(uint64_t time);
/* What the mutex model says of a mutex: whether the task may have it. */
extern bool (*sched_mutex_is_free)(const void *mutex);
extern void (*sched_mutex_take)(const void *mutex, struct task *task);

/* The choices of this run. */
struct choice {
	uint8_t n, pick;
};
enum { SCHED_CHOICES = 20000 };
extern struct choice sched_choices[SCHED_CHOICES];
extern unsigned sched_chosen;
extern uint64_t sched_points, sched_preemptions;
/* The points of all runs. */
extern uint64_t sched_steps;

/* The run has failed: says why, prints the words for a replay, ends the
 * process; by way of this function, if there is one. */
extern void (*sched_fails)(void);
_Noreturn void sched_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
