/* SPDX-License-Identifier: MIT */
/*
 * scale: a worker process, of which many run on many machines. They share the
 * jobs of a Redis stream. If one dies, the others do its jobs. scale_jobs.h
 * says what is where in Redis, and scale_redis.h how to give a password.
 *
 *     redis-cli XADD jobs '*' ms 30        a job: here, to wait that long
 *     redis-cli HGET jobs:results ID       what came of it
 *     scale HOST PORT --status             how many wait, run, have failed
 *     redis-cli XRANGE jobs:dead - +       jobs that were given up, and why
 *
 * A job of your own is do_job().
 */
#include <poll.h>

#include <par.h>

#include "clock.h"
#include "scale_jobs.h"
#include "tool.h"

static const char usage[] =
	"usage: scale [-n JOBS] [-l SECONDS] [-d TIMES] HOST PORT CONSUMER\n"
	"       scale HOST PORT --status\n"
	"\n"
	"  -n  so many jobs run at once (16)\n"
	"  -l  if a worker was silent for so many seconds, another one takes\n"
	"      its jobs (10)\n"
	"  -d  a job that was tried so often in vain goes to jobs:dead (5)\n"
	"\n"
	"CONSUMER is the name of this process, no other's.\n"
	"The password is in REDISCLI_AUTH, and the user in REDIS_USER. For "
	"TLS,\n"
	"set REDIS_CACERT, and perhaps REDIS_CERT and REDIS_KEY. The server's\n"
	"certificate must be for HOST, or for REDIS_TLS_NAME if that is set.\n"
	"After Ctrl-C or SIGTERM, what runs is finished. The second one ends\n"
	"the program at once, and others do its jobs.\n";

/* At a stop, Redis is waited for so long if it is away: less than the ten
 * seconds after which others would kill the process. */
enum { STOP_S = 5 };

/* What a job does besides its result, here a line, may be done twice. */
static int do_job(void *context, void *item, void **value)
{
	const char *text = job_field(item, "ms");
	char *end;
	long ms;

	(void)context;
	if (!text)
		return -EINVAL;
	ms = strtol(text, &end, 10);
	if (end == text || *end || ms < 0 || ms > INT32_MAX)
		return -EINVAL;
	poll(NULL, 0, (int)ms);
	if (puts(job_id(item)) < 0)
		return -ECANCELED; /* nothing can be done here any more */
	*value = (void *)text;
	return 0;
}

static void finish(struct jobs *jobs, const struct par_result *r)
{
	if (r->error == -ECANCELED)
		jobs_give_back(jobs, r->item);
	else if (r->error)
		jobs_failed(jobs, r->item, strerror(-r->error));
	else
		jobs_done(jobs, r->item, r->value);
}

/* At a stop what runs is finished, and what waits is left to others. */
static int work(const struct par_options *options, struct jobs *jobs)
{
	struct par_result r;
	struct par *pool;
	int rc;

	rc = par_open(&pool, options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			finish(jobs, &r);
		jobs_renew(jobs);
		if (stop || ferror(stdout))
			par_cancel(pool);
	}
	par_close(pool);
	if (rc)
		warnx("the jobs: %s", strerror(-rc));
	return rc ? TOOL_CANNOT : TOOL_DONE;
}

static bool has_waited_after_stop(void)
{
	static double since;

	if (stop && since == 0)
		since = seconds();
	return stop && seconds() - since > (double)STOP_S;
}

int main(int argc, char **argv)
{
	struct jobs_options from = { .lease_ms = 10000,
				     .most_deliveries = 5,
				     .give_up = has_waited_after_stop };
	struct par_options options = { .action = do_job,
				       .workers = 16,
				       .generate = jobs_next,
				       .capacity = 1 };
	int status = TOOL_DONE;

	tool_begin();
	for (int letter; (letter = getopt(argc, argv, "+n:l:d:")) != -1;) {
		if (letter == 'n')
			options.workers = tool_number("-n", optarg, 1, 10000);
		else if (letter == 'l')
			from.lease_ms =
				1000 * tool_number("-l", optarg, 1, 86400);
		else if (letter == 'd')
			from.most_deliveries =
				tool_number("-d", optarg, 1, 1000);
		else
			errx(TOOL_CANNOT, "without arguments it says how");
	}
	argv += optind;
	if (argc - optind != 3) {
		fputs(usage, stderr);
		return TOOL_CANNOT;
	}
	signal(SIGPIPE, SIG_IGN); /* a connection may be lost */
	from.host = argv[0];
	from.port = (int)tool_number("PORT", argv[1], 1, 65535);
	from.consumer = argv[2];
	options.window = 2UL * options.workers;
	options.source = jobs_open(&from);
	if (strcmp(from.consumer, "--status") == 0)
		jobs_print(options.source);
	else
		status = work(&options, options.source);
	jobs_close(options.source);
	return tool_end(status);
}
