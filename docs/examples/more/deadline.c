/* SPDX-License-Identifier: MIT */
/* Each job has 50 ms. One of the two that they wait for never answers. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <par.h>

/* [action] */
/* Waits until there is something to read, or this action is told to stop. */
static int wait_for(int fd)
{
	struct pollfd polled[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = par_stop_fd(), .events = POLLIN },
	};

	if (polled[1].fd < 0)
		return polled[1].fd; /* poll() would overlook it */
	if (poll(polled, 2, -1) < 0)
		return -errno;
	return polled[1].revents ? -EINTR : 0;
}

static int receive(void *context, void *descriptor, void **value)
{
	const int *fd = descriptor;
	int rc = wait_for(*fd);
	char byte;

	(void)context, (void)value;
	if (rc)
		return rc;
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
		if (r.error == 0)
			answered++; /* in time, or just after it */
		else if (r.stopped == -ETIMEDOUT)
			late++;
	/* [end] */
	par_close(pool);
	printf("%d answered, %d too late\n", answered, late);
	/* On a machine that is busy, both may be too late. */
	return answered + late != 2 || late == 0;
}
