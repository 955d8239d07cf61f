/* SPDX-License-Identifier: MIT */
/*
 * Runs that show nothing new.
 *
 * A task T is preempted at a scheduling point. Others make the steps B. Then T
 * is resumed and makes steps t, up to its next point or a later one, without
 * another switch. If nothing in B conflicts with anything in t, the same state
 * is reached by t first and then B: T is preempted later. The search makes that
 * run too, and before this one, since its first move is always that the running
 * task runs on. So the search need not go on from here. Nothing is lost:
 *
 *  1. Two accesses conflict if they are to the same object and one is a write.
 *     Without a conflict each step of B and t does the same in either order.
 *  2. The library's plain fields are no objects here. They are free of races:
 *     if B and t use one, a release in B and an acquisition in t order them,
 *     and these two conflict.
 *  3. The other order needs no more preemptions. T is preempted once, after t,
 *     or has to wait there, which is free. The other switches are those of B. A
 *     switch is free if the task has to wait: to find that is a read of what it
 *     waits for, so it has to wait in the other order too.
 *  4. Only the task that ran last in B need not. What it waits for may be set
 *     free by t, so that in the other order the switch away from it costs a
 *     preemption. There the switch away from T after t is the one to B. So if
 *     the run switches after t, it has one to spare. If it does not, the other
 *     order may cost too much: the run goes on, without a switch, as long as
 *     nothing else conflicts.
 *  5. If no task can run, time passes at once, and no time-out or spurious
 *     wake-up can be chosen. So if there is one in B, T must be able to run
 *     after t. And a task that falls asleep cannot choose either of them for
 *     itself. So if the one that ran last in B sleeps, such moves after t are
 *     new.
 *  6. What the invariant sees in B and in t depends on the order. But this run
 *     has made these steps, with all checks. What a check remembers for later
 *     checks is an object too, or belongs to the mutex.
 *  7. The run in the other order may itself be left at some point, for one that
 *     comes still earlier in the search, and so on. The last one was made.
 *
 * Each task that was preempted is looked at alone. In B, too, tasks may be
 * preempted, resumed or not.
 */
#include "access.h"

#include "scheduler.h"

#include <stddef.h>

/* If there are more objects, that is a conflict. More tasks are not noted. */
enum { FOREIGN_MOST = 128, RECORDS = 8 };

/* A task that was preempted. */
struct record {
	const struct task *task; /* NULL: this record is free */
	bool resumed;
	bool conflict;	    /* between B and t */
	bool late_conflict; /* between the last wait of B and t */
	bool rare_move;	    /* in B */
	bool repeats;	    /* another run has reached this state */
	/* The task that ran last in B; what it had to wait for, or NULL. */
	const struct task *last;
	const void *last_wait;
	/* What else B has accessed. */
	unsigned count;
	struct foreign {
		const void *object;
		bool written;
	} foreign[FOREIGN_MOST];
};

static struct record records[RECORDS];
static bool notes, ignores;
static bool redundant; /* the rest of this run */

static struct record *record_of(const struct task *task)
{
	for (int i = 0; i < RECORDS; i++)
		if (records[i].task == task)
			return &records[i];
	return NULL;
}

static struct foreign *find(struct record *record, const void *object)
{
	for (unsigned i = 0; i < record->count; i++)
		if (record->foreign[i].object == object)
			return &record->foreign[i];
	return NULL;
}

static void add(struct record *record, const void *object, bool writes)
{
	struct foreign *foreign = find(record, object);

	if (foreign)
		foreign->written |= writes;
	else if (record->count == FOREIGN_MOST)
		record->conflict = true;
	else
		record->foreign[record->count++] =
			(struct foreign){ object, writes };
}

static void compare(struct record *record, const void *object, bool writes)
{
	const struct foreign *foreign = find(record, object);

	if (foreign && (writes || foreign->written))
		record->conflict = true;
	if (object == record->last_wait && writes)
		record->late_conflict = true;
}

static void note(const void *object, bool writes)
{
	if (!notes || ignores)
		return;
	for (struct record *r = records; r < records + RECORDS; r++)
		if (r->task && r->resumed)
			compare(r, object, writes);
		else if (r->task)
			add(r, object, writes);
}

void access_read(const void *object)
{
	note(object, false);
}

void access_write(const void *object)
{
	note(object, true);
}

void access_all(void)
{
	for (struct record *r = records; r < records + RECORDS; r++)
		r->conflict = true;
}

void access_ignore(bool ignore)
{
	ignores = ignore;
}

void access_rare_move(void)
{
	for (struct record *r = records; r < records + RECORDS; r++)
		r->rare_move = true;
}

void access_has_to_wait(const void *object)
{
	for (struct record *r = records; r < records + RECORDS; r++)
		if (r->task && r->resumed)
			compare(r, object, false);
		else if (r->task)
			r->last_wait = object;
}

/* No move that is possible after t was impossible before B. */
static bool is_free_to_move(const struct record *record)
{
	return !record->rare_move || sched_self()->wait == WAIT_NOTHING;
}

void access_step_ends(void)
{
	struct record *record = record_of(sched_self());

	if (!record)
		return;
	if (record->conflict)
		record->task = NULL;
	else
		record->repeats =
			!record->late_conflict && is_free_to_move(record);
}

enum redundancy access_redundancy(bool runnable)
{
	const struct record *record = record_of(sched_self());

	if (!record)
		return REDUNDANT_NONE;
	if (record->repeats)
		return REDUNDANT_ALL;
	if (record->conflict || !is_free_to_move(record))
		return REDUNDANT_NONE;
	return runnable ? REDUNDANT_SWITCH : REDUNDANT_ALL;
}

bool access_rare_is_new(void)
{
	const struct record *record = record_of(sched_self());

	return record && sched_waits_for_cond(record->last);
}

bool access_is_redundant(void)
{
	return redundant;
}

static void preempt(const struct task *task)
{
	struct record *record = record_of(NULL);

	if (!notes || !record)
		return;
	record->task = task;
	record->resumed = false;
	record->conflict = false;
	record->late_conflict = false;
	record->rare_move = false;
	record->repeats = false;
	record->last_wait = NULL;
	record->count = 0;
}

/* B goes on, or is over. */
static void switch_to(const struct task *task)
{
	for (struct record *r = records; r < records + RECORDS; r++) {
		if (!r->task || r->resumed)
			continue;
		if (r->task == task) {
			r->resumed = true;
			r->last = sched_self();
		} else if (r->last_wait) {
			add(r, r->last_wait, false);
			r->last_wait = NULL;
		}
	}
}

/* If this move shows nothing new, then nothing that comes after it does. Any
 * other move of the task, but to run on, ends what is known about it. */
void access_chosen(const struct move *move, bool runnable)
{
	const struct task *self = sched_self();
	struct record *record = record_of(self);

	if (access_redundancy(runnable) == REDUNDANT_ALL &&
	    (move->kind == MOVE_RUN || !access_rare_is_new()))
		redundant = true;
	if (move->kind == MOVE_RUN && move->task == self)
		return;
	if (record)
		record->task = NULL;
	if (move->kind == MOVE_TIME_OUT)
		return;
	if (runnable)
		preempt(self);
	switch_to(move->task);
}

void access_begin(bool noted)
{
	notes = noted;
	ignores = false;
	redundant = false;
	for (struct record *r = records; r < records + RECORDS; r++)
		r->task = NULL;
}
