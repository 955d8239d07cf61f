/* SPDX-License-Identifier: MIT */
/*
 * What the tasks of a run access, and so which runs show nothing new: the
 * argument is in access.c. The scheduler, the model and the program tell what
 * they access, as long as the strategy wants to know.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>

/* The running task reads an object that tasks share, or changes it. The object
 * is known by its address. */
void access_read(const void *object);
void access_write(const void *object);
/* The running task does something that conflicts with everything. */
void access_all(void);
/* Whether what is accessed from now on counts for nothing. */
void access_ignore(bool ignore);

/* For the strategy: at this point, which moves show nothing new. */
enum redundancy {
	REDUNDANT_NONE,
	REDUNDANT_SWITCH, /* that another task runs */
	REDUNDANT_ALL,
};
enum redundancy access_redundancy(bool runnable);
/* But these moves do all the same: time-outs and spurious wake-ups. */
bool access_rare_is_new(void);
/* From here on, in this run, nothing does. */
bool access_is_redundant(void);

/* For the scheduler. */

struct move;

/* A run begins, in which accesses are noted, or not. */
void access_begin(bool noted);
/* The running task has come to a scheduling point; it has to wait there; this
 * move was chosen. */
void access_step_ends(void);
void access_has_to_wait(const void *object);
void access_chosen(const struct move *move, bool runnable);
/* A time-out, or a spurious wake-up. */
void access_rare_move(void);

#endif
