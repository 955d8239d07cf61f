/* SPDX-License-Identifier: MIT */
/* One job is taken back: whoever wanted it has gone. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include <par.h>

/* [action] */
/* For as long as it may. */
static int render(void *context, void *job, void **value)
{
	struct pollfd stop = { .fd = par_stop_fd(), .events = POLLIN };

	(void)context, (void)job, (void)value;
	return poll(&stop, 1, -1) > 0 ? -EINTR : -errno;
}
/* [end] */

/* Returns the result of the job. */
static struct par_result take_back(struct par *pool, char *job)
{
	struct par_result r = { .error = -EIO };

	/* [withdraw] */
	switch (par_withdraw(pool, job)) {
	case 0: /* it had not begun, and comes back with -ECANCELED */
		break;
	case 1: /* it runs: now it is told to stop */
		break;
	case -ENOENT: /* its result is ready, or was taken */
		break;
	}
	/* [end] */
	par_next(pool, &r);
	return r;
}

int main(void)
{
	struct par_options options = { .action = render, .workers = 1 };
	char first[] = "first", second[] = "second";
	struct par_result one, other;
	struct par_stats now;
	struct par *pool;

	if (par_open(&pool, &options) || par_push(pool, first))
		return 1;
	do
		par_stats(pool, &now);
	while (now.running == 0);
	if (par_push(pool, second))
		return 1;
	other = take_back(pool, second);
	one = take_back(pool, first);
	par_close(pool);
	printf("%s: error %d, stopped %d\n", (char *)other.item, other.error,
	       other.stopped);
	printf("%s: error %d, stopped %d\n", (char *)one.item, one.error,
	       one.stopped);
	return other.error != -ECANCELED || other.stopped != 0 ||
	       one.error != -EINTR || one.stopped != -ECANCELED;
}
