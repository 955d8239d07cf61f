/* SPDX-License-Identifier: MIT */
/* Each job has 50 ms. One of the two that they wait for never answers. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <par.h>

/* [action] */
/* Waits for a byte, or until it is told to stop. */
static int receive(void *context, void *descriptor, void **value)
{
	const int *fd = descriptor;
	struct pollfd polled[] = {
		{ .fd = *fd, .events = POLLIN },
		{ .fd = par_stop_fd(), .events = POLLIN },
	};
	char byte;

	(void)context, (void)value;
	if (poll(polled, 2, -1) < 0)
		return -errno;
	if (polled[1].revents)
		return -EINTR;
	return read(*fd, &byte, 1) == 1 ? 0 : -EIO;
}
/* [end] */

int main(void)
{
	/* [options] */
	struct par_options options = { .action = receive,
				       .workers = 10,
				       .time_limit_ms = 50 };
	/* [end] */
	int loud[2], silent[2], answered = 0, late = 0;
	struct par_result r;
	struct par *pool;

	if (pipe(loud) || pipe(silent) || write(loud[1], "x", 1) != 1 ||
	    par_open(&pool, &options))
		return 1;
	if (par_push(pool, &loud[0]) || par_push(pool, &silent[0]))
		return 1;
	par_finish(pool);
	/* [loop] */
	while (par_next(pool, &r) > 0)
		if (r.stopped == -ETIMEDOUT)
			late++;
		else if (r.error == 0)
			answered++;
	/* [end] */
	par_close(pool);
	printf("%d answered, %d too late\n", answered, late);
	/* A machine that is busy may make both too late. */
	return answered + late != 2 || late == 0;
}
