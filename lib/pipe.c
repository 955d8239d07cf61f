/* SPDX-License-Identifier: MIT */
/*
 * The system calls on the descriptors of par_fd(), par_cancel_fd() and
 * par_stop_fd(). They never block, and leave errno alone. Cancellation is
 * disabled where they are made, as everywhere under the lock (waiter.h).
 */
#include "pipe.h"

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void pipe_move_mark(struct pipe *pipe, bool readable)
{
	uint64_t mark = 1; /* what an eventfd counts */
	const int into = pipe->ends[pipe->ends[1] >= 0];
	const int from = SYSTEM_IS_PIPE ? pipe->ends[0] : into;
	int saved = errno;
	ssize_t moved;

	pipe->is_readable = readable;
	/* Linux interrupts no call that cannot block. Other systems may, and
	 * valgrind does. */
	do
		moved = readable ? write(into, &mark, sizeof mark)
				 : read(from, &mark, sizeof mark);
	while (moved < 0 && errno == EINTR);
	/* Nothing moves if the program has read the mark, which it must not.
	 * The next change sets it right. */
	errno = saved;
}

static void close_end(struct pipe *pipe, int end)
{
	int saved = errno;

	if (pipe->ends[end] >= 0)
		close(pipe->ends[end]);
	pipe->ends[end] = -1;
	errno = saved;
}

/* In a program that has closed 0, 1 or 2 the system would give us those, and
 * what it prints would land in our pipe. Returns 0, or an error. */
static int move_up(struct pipe *pipe, int end)
{
	int low = pipe->ends[end];

	if (low < 0 || low > STDERR_FILENO)
		return 0;
	pipe->ends[end] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (pipe->ends[end] < 0) {
		pipe->ends[end] = low;
		/* EINVAL: the process may have none from 3 on. */
		return errno == EINVAL ? -EMFILE : -errno;
	}
	close(low);
	return 0;
}

static int make(struct pipe *pipe, int (*system_make)(int ends[2]))
{
	int rc;

	pipe->ends[0] = pipe->ends[1] = -1;
	rc = system_make(pipe->ends);
	if (rc == 0)
		rc = move_up(pipe, 0);
	if (rc == 0)
		rc = move_up(pipe, 1);
	if (rc) {
		close_end(pipe, 0);
		close_end(pipe, 1);
	}
	return rc;
}

static int open_with(struct pipe *pipe, int (*system_make)(int ends[2]))
	NEEDS_LOCK
{
	int saved = errno, rc = 0;

	if (!pipe->is_open) {
		rc = make(pipe, system_make);
		errno = saved;
		pipe->is_open = rc == 0;
	}
	return rc ? rc : pipe->ends[0];
}

int pipe_open(struct pipe *pipe)
{
	return open_with(pipe, system_event);
}

int pipe_open_latch(struct pipe *pipe)
{
	return open_with(pipe, system_latch);
}

void pipe_close(struct pipe *pipe)
{
	if (!pipe->is_open)
		return;
	/* A forked child may hold copies. They must not stay readable. */
	pipe_set_readable(pipe, false);
	close_end(pipe, 0);
	close_end(pipe, 1);
}

void pipe_latch(struct pipe *pipe)
{
	pipe_set_readable(pipe, true);
#if SYSTEM_IS_PIPE
	/* A reader can take the mark out, but cannot open the write end again.
	 * If a forked child still holds the write end, only the mark makes the
	 * read end readable. */
	if (pipe->is_open)
		close_end(pipe, 1);
#endif
}
