/* SPDX-License-Identifier: MIT */
/* A job is taken back because whoever wanted it has gone. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <par.h>

/* A job that takes as long as it may. Tells that it has begun. */
static int render(void *begun, void *job, void **value)
{
	struct pollfd stop = { .fd = par_stop_fd(), .events = POLLIN };

	(void)job, (void)value;
	if (write(((int *)begun)[1], "", 1) != 1)
		return -EIO;
	return poll(&stop, 1, -1) > 0 ? -EINTR : -errno;
}

/* [withdraw] */
/* If the job is in the pool, its result comes to the loop, once. Only then may
 * the job be freed. During this call no other thread may free it. */
static int give_up(struct par *pool, char *job)
{
	int rc = par_withdraw(pool, job);

	if (rc == 0)
		printf("%s: it had not begun\n", job);
	else if (rc == 1)
		printf("%s: it was told to stop\n", job);
	else if (rc == -ENOENT)
		printf("%s: it is done, or was never here\n", job);
	return rc;
}
/* [end] */

int main(void)
{
	char first[] = "first", second[] = "second", byte;
	struct par_result one, other;
	struct par_options options = { .action = render, .workers = 1 };
	struct par *pool;
	int begun[2], failed;

	options.context = begun;
	if (pipe(begun) || par_open(&pool, &options) || par_push(pool, first) ||
	    read(begun[0], &byte, 1) != 1 || par_push(pool, second))
		return 1;
	/* The first one runs, and the second one waits for it. */
	failed = give_up(pool, second) != 0 || par_next(pool, &other) != 1;
	failed |= give_up(pool, first) != 1 || par_next(pool, &one) != 1;
	failed |= give_up(pool, first) != -ENOENT;
	par_close(pool);
	return failed || other.item != second || other.error != -ECANCELED ||
	       one.item != first || one.error != -EINTR ||
	       one.stopped != -ECANCELED;
}
