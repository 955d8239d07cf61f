/* SPDX-License-Identifier: MIT */
#include "pipe.h"

#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Ready is one byte in the pipe. It never blocks, and is not to be canceled
 * half-way: read() and write() are cancellation points. */
static void move_byte(struct pipe *pipe, bool in)
{
	char byte = 0;
	int saved = errno, before = cancel_disable();
	ssize_t moved;

	/* Linux breaks no call that cannot block; others may, and valgrind. */
	do
		moved = in ? write(pipe->ends[1], &byte, 1)
			   : read(pipe->ends[0], &byte, 1);
	while (moved < 0 && errno == EINTR);
	/* None moves where the program has taken the byte, which it must not:
	 * right again at the next change. */
	cancel_restore(before);
	errno = saved;
}

static void close_end(struct pipe *pipe, int end)
{
	int saved = errno, before = cancel_disable();

	if (pipe->ends[end] >= 0)
		close(pipe->ends[end]);
	pipe->ends[end] = -1;
	cancel_restore(before);
	errno = saved;
}

int pipe_open(struct pipe *pipe)
{
	int saved = errno, rc = 0;

	if (!pipe->made) {
		rc = pipe2(pipe->ends, O_CLOEXEC | O_NONBLOCK) ? -errno : 0;
		errno = saved;
		pipe->made = rc == 0;
		if (pipe->made && pipe->ready)
			move_byte(pipe, true);
		if (pipe->made && pipe->hung_up)
			close_end(pipe, 1);
	}
	return rc ? rc : pipe->ends[0];
}

void pipe_close(struct pipe *pipe)
{
	if (!pipe->made)
		return;
	close_end(pipe, 0);
	close_end(pipe, 1);
}

void pipe_set(struct pipe *pipe, bool ready)
{
	if (pipe->ready == ready)
		return;
	pipe->ready = ready;
	if (pipe->made)
		move_byte(pipe, ready);
}

void pipe_hang_up(struct pipe *pipe)
{
	pipe_set(pipe, true);
	pipe->hung_up = true;
	/* A byte can be stolen; a writer that is gone cannot. The byte is for
	 * the poller whose forked child still holds this end. */
	if (pipe->made)
		close_end(pipe, 1);
}
