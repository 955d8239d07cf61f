/* SPDX-License-Identifier: MIT */
/* A service that is told to end by SIGTERM: everything that has come in is done
 * first. If it is told twice, it ends sooner. With an argument, one of its jobs
 * hangs, and somebody becomes impatient. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <par.h>

#include "../clock.h"

struct source {
	unsigned made;
	bool hangs;
};

static volatile sig_atomic_t told;

static void note(int signal)
{
	(void)signal;
	told++;
}

/* Work comes for ever. After a while, somebody ends the service. */
static int next_job(void *source, void **item)
{
	struct source *s = source;

	s->made++;
	*item = s->hangs && s->made == 20 ? s : NULL;
	if (s->made == 50)
		kill(getpid(), SIGTERM);
	return 1;
}

/* A job takes a millisecond. The one that hangs waits until it is told. */
static int work(void *context, void *item, void **value)
{
	const struct source *hangs = item;
	struct pollfd stop = { .fd = par_stop_fd(), .events = POLLIN };

	(void)context, (void)value;
	while (poll(&stop, 1, hangs ? 10 : 1) == 0 && hangs)
		kill(getpid(), SIGTERM);
	return par_stopping() ? -EINTR : 0;
}

static void drop(void *left, const struct par_result *r)
{
	(void)r;
	++*(unsigned *)left;
}

int main(int argc, char **argv)
{
	unsigned done = 0, left = 0;
	double begun = 0;
	struct source source = { .hangs = argc > 1 };
	struct par_options options = { .action = work,
				       .workers = 10,
				       .generate = next_job,
				       .source = &source,
				       .context = &left,
				       .discard = drop };
	struct sigaction action = { .sa_handler = note };
	struct par_result r;
	struct par *pool;
	int rc;

	(void)argv;
	sigaction(SIGTERM, &action, NULL);
	if (par_open(&pool, &options))
		return 1;
	/* [drain] */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			done++;
		if (told && begun == 0) {
			par_finish(pool); /* no more comes in */
			begun = seconds();
		}
		if (told > 1 || (told && seconds() - begun > 5))
			break; /* what is left goes to discard */
	}
	/* This cancels what still runs. An action may ignore that. */
	if (par_close_timed(pool, 2000) == -ETIMEDOUT)
		_exit(1);
	/* [end] */
	printf("%u done, %u left\n", done, left);
	return done + left != source.made || (left > 0) != source.hangs;
}
