/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that a program can poll for a condition of the pool. Before
 * somebody asks for the descriptor the condition is only remembered, and costs
 * no system call. The pool's lock keeps what is readable in step with the
 * state.
 */
#ifndef PAR_PIPE_H
#define PAR_PIPE_H

#include "guard.h"

#include <stdbool.h>

struct pipe {
	bool ready;   /* the condition */
	bool hung_up; /* for good */
	bool made;    /* the ends are open */
	int ends[2];
};

/* The end to poll, made at the first call; -EMFILE, -ENFILE or -ENOMEM. */
int pipe_open(struct pipe *pipe) NEEDS_LOCK;
void pipe_close(struct pipe *pipe);

/* Makes it readable while `ready`, as often as that changes. */
void pipe_set(struct pipe *pipe, bool ready) NEEDS_LOCK;
/* Makes it readable for good, also where somebody reads it. */
void pipe_hang_up(struct pipe *pipe) NEEDS_LOCK;

#endif
