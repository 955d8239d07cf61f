/* SPDX-License-Identifier: MIT */
/* A service that is told to end: what is under way is done first. Told once
 * more, it ends sooner. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <par.h>

static volatile sig_atomic_t told;

static void note(int signal)
{
	(void)signal;
	told++;
}

/* Work comes for ever. After a while somebody ends the service. */
static int next_job(void *count, void **item)
{
	static int job;

	*item = &job;
	if (++*(unsigned *)count == 50)
		kill(getpid(), SIGTERM);
	return 1;
}

static int work(void *context, void *item, void **value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	(void)context, (void)item, (void)value;
	return nanosleep(&pause, NULL);
}

int main(void)
{
	unsigned made = 0, done = 0;
	struct par_options options = { .action = work,
				       .workers = 10,
				       .generate = next_job,
				       .source = &made };
	struct par_result r;
	struct par *pool;
	int rc;

	signal(SIGTERM, note);
	if (par_open(&pool, &options))
		return 1;
	/* [drain] */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			done++;
		if (told == 1)
			par_finish(pool); /* no more comes in */
		else if (told > 1)
			par_cancel(pool); /* and no more begins */
	}
	/* Of those that do not heed that, the end of the process gets rid. */
	if (par_close_timed(pool, 5000) == -ETIMEDOUT)
		_exit(1);
	/* [end] */
	printf("%u of %u done\n", done, made);
	return done != made;
}
