/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that a program can poll for a condition of the pool: one end of
 * a pipe, or of what the system has in its place (system.h). While nobody has
 * asked for the descriptor, it costs nothing. The pool's lock keeps the
 * descriptor in step with the condition.
 */
#ifndef PAR_PIPE_H
#define PAR_PIPE_H

#include "guard.h"

#include <stdbool.h>

/* All fields zero: not open. */
struct pipe {
	bool is_open;
	/* A mark is in the pipe: the read end polls as readable. */
	bool is_readable;
	/* The read end, which polls, and the other; -1: closed, or there is
	 * none. */
	int ends[2];
};

/* Return the read end. Open the pipe at the first call; return a negative errno
 * value if that fails. pipe_latch() needs one that pipe_open_latch()
 * opened, or that is not open. It takes a descriptor more. */
int pipe_open(struct pipe *pipe) NEEDS_LOCK;
int pipe_open_latch(struct pipe *pipe) NEEDS_LOCK;
void pipe_close(struct pipe *pipe) NEEDS_LOCK;

/* Makes the read end readable until the close, even if somebody reads from it.
 */
void pipe_latch(struct pipe *pipe) NEEDS_LOCK;

/* Puts the mark in, or takes it out. */
void pipe_move_mark(struct pipe *pipe, bool readable) NEEDS_LOCK;

/* Makes the read end readable, or not, if the pipe is open. */
static inline void pipe_set_readable(struct pipe *pipe, bool readable)
	NEEDS_LOCK
{
	if (pipe->is_open && pipe->is_readable != readable)
		pipe_move_mark(pipe, readable);
}

#endif
