/* SPDX-License-Identifier: MIT */
/*
 * A scheduler for tests. Every task is a real thread, but exactly one of them
 * runs at any time.
 *
 * The running task holds the baton. There is a scheduling point before every
 * call that other threads can notice (model.h); there the running task asks the
 * strategy which task goes on. So a run is a sequence of choices, and the same
 * choices make the same run again.
 *
 * This file is never instrumented: a sanitizer that saw the baton passed on
 * would take it for synchronisation by the library.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

enum { SCHED_TASKS = 80 };

/* What a task waits for. */
enum wait {
	WAIT_NOTHING, /* it is runnable */
	WAIT_MUTEX,
	WAIT_COND,
	WAIT_TIMED, /* for a condition variable, with a time limit */
	WAIT_JOIN,
	WAIT_GATE, /* in the program's code, until gate() returns true */
	WAIT_DONE, /* the task has ended */
};

struct task {
	int id;
	enum wait wait;
	/* The mutex, condition variable or task that it waits for. */
	const void *object;
	const void *mutex; /* taken again after a wait for a condition */
	uint64_t deadline; /* of WAIT_TIMED */
	bool timed_out;
	/* If it is the prompt task: its deadline comes only when no task is
	 * runnable. */
	bool patient;
	bool (*gate)(void *); /* of WAIT_GATE */
	void *gate_argument;
	unsigned priority; /* belongs to the strategy */
	uint32_t baton;	   /* a futex; 1: the task has the baton */
};

/* The parameters of a run. */
struct run {
	uint64_t seed;
	unsigned spurious; /* the most spurious wake-ups */
	/* The most time-outs that come although other tasks are runnable. */
	unsigned timeouts;
	/* The number, from 1, of the fallible call that fails; 0: none fails. A
	 * fallible call is one that the system may refuse. */
	unsigned fault;
	bool fault_on; /* all later fallible calls fail too */
	/* The prompt task runs as soon as it can (sched_be_prompt()). */
	bool prompt;
};

/* One way in which a run can go on at a scheduling point. */
struct move {
	enum kind_of_move {
		MOVE_RUN,      /* the task runs on */
		MOVE_TIME_OUT, /* its wait times out; no task runs yet */
		MOVE_SPURIOUS, /* it has a spurious wake-up, and runs on */
	} kind;
	struct task *task;
};

/* How the choices of a run are made (strategy.c). */
struct strategy {
	/* Returns the index of one of n moves. If the running task is still
	 * runnable, then `runnable` is true and the first move is that this
	 * task runs on. The MOVE_TIME_OUTs follow; they are no preemptions. */
	unsigned (*choose)(struct strategy *, const struct move *moves,
			   unsigned n, bool runnable);
	/* A run begins; a task is added to the run. */
	void (*begin)(struct strategy *, uint64_t seed);
	void (*add)(struct strategy *, struct task *);
	/* A run has ended. Returns false if no other run is left. */
	bool (*next)(struct strategy *);
	/* It asks access_redundancy(). */
	bool reduces;
};

/* Keeps the process on one processor, where it is many times faster to pass the
 * baton on. */
void sched_pin(void);

/* Runs body as task 0 under the strategy. Returns when body has returned; if
 * another task has not ended by then, the run has failed. */
void sched_run(struct strategy *strategy, const struct run *run,
	       void (*body)(void *), void *argument);

/* The running task; the task with this id; the number of tasks. */
struct task *sched_self(void);
struct task *sched_task(int id);
int sched_count(void);

/* A scheduling point. The caller has set the `wait` of the running task. */
void sched_point(void);

/* Adds a task. Its thread first calls sched_enter() and last sched_exit(). */
struct task *sched_spawn(void);
void sched_enter(struct task *task);
void sched_exit(void);

/* This task is the prompt one. If the run says so, it goes on at the first
 * scheduling point at which it can, until it has to wait. Then the task that it
 * has interrupted is at that point again. It has no spurious wake-ups. There
 * are fewer schedules then. */
void sched_be_prompt(struct task *task);

/* Whether the task waits for a condition variable; ends such a wait, so that
 * the task waits for its mutex. */
bool sched_waits_for_cond(const struct task *task);
void sched_wake(struct task *task);

/* The running task, in the program's code, waits until condition() is true. */
void sched_gate(bool (*condition)(void *), void *argument);
/* Whether such a condition is being looked at: what it calls is no step of the
 * running task. */
bool sched_in_gate(void);

/* Between these two calls no other task runs, unless the running task has to
 * wait. sched_atomic_end() returns false if another task ran. */
void sched_atomic_begin(void);
bool sched_atomic_end(void);

/* Counts a fallible call, and returns whether it must fail; the number of such
 * calls in this run. */
bool sched_fault(void);
unsigned sched_fallible(void);

/* The virtual time in nanoseconds. It advances at time-outs and by
 * sched_advance(), which stands for a program that takes some time. */
uint64_t sched_now(void);
void sched_advance(uint64_t time);

/* Set by the model of mutexes: whether the mutex is free, and that the task now
 * has it. */
extern bool (*sched_mutex_is_free)(const void *mutex);
extern void (*sched_mutex_take)(const void *mutex, struct task *task);

/* The choices of this run: pick is one of n. A point with a single move is no
 * choice. */
struct choice {
	uint8_t n, pick;
};
enum { SCHED_CHOICES = 20000 };
extern struct choice sched_choices[SCHED_CHOICES];
extern unsigned sched_choice_count;

/* The scheduling points and preemptions of this run, the points of all runs. */
extern uint64_t sched_points, sched_preemptions;
extern uint64_t sched_all_points;

/* The run has failed: prints the reason and the words for a replay, calls
 * sched_on_failure() if that is set, and ends the process. */
extern void (*sched_on_failure)(void);
_Noreturn void sched_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
