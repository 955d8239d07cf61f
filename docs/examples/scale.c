/* SPDX-License-Identifier: MIT */
/*
 * scale: a worker process, of which many run on many machines. They share the
 * jobs of a Redis stream. What one has read stays pending until acknowledged,
 * and when it dies another claims that: each job is done at least once.
 *
 *     XGROUP CREATE jobs workers 0 MKSTREAM     once, by redis-cli
 *     XADD jobs '*' ms 30                       a job: here, to wait that long
 *     HGET jobs:results ID                      what came of it
 */
#include "number.h"
#include "output.h"
#include "stop.h"

#include <err.h>
#include <poll.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include <par.h>

/* Who has held a job for this long is taken for dead. Who lives is done by
 * then, holding three a worker at most, none over MOST_MS; where the process or
 * the server stood still in between, the job is done twice. */
static const char idle_ms[] = "3000";
enum { WORKERS = 16, MOST_MS = 500, PAUSE_MS = 50 };
/* Redis never forgets one: a process that is started again keeps its name. */
static const char *consumer;

/* What a dead consumer holds, else what is new: [ID, [field, value]], or nil.
 * From 0 each time: what is in front is soon done, or held for too long. */
static const char take[] =
	"local jobs = redis.call('XAUTOCLAIM', 'jobs', 'workers', ARGV[1], "
	"                        ARGV[2], 0, 'COUNT', 1)[2] "
	"if #jobs > 0 then return jobs[1] end "
	"local new = redis.call('XREADGROUP', 'GROUP', 'workers', ARGV[1], "
	"                       'COUNT', 1, 'STREAMS', 'jobs', '>') "
	"return new and new[1][2][1]";

/* The acknowledgement last: a script ends where a command fails. */
static const char store[] =
	"redis.call('HSET', 'jobs:results', ARGV[1], ARGV[2]) "
	"redis.call('XACK', 'jobs', 'workers', ARGV[1])";

static redisContext *dial(const char *host, int port)
{
	const struct timeval limit = { .tv_sec = 10 };
	redisContext *redis = redisConnectWithTimeout(host, port, limit);

	if (redis && !redis->err && redisSetTimeout(redis, limit) == REDIS_OK)
		return redis;
	errx(1, "%s:%d: %s", host, port,
	     redis ? redis->errstr : "out of memory");
}

/* 1 and what the script returns, 0 if it returns nil, or -EIO. */
static int run(redisContext *redis, const char *script, const char *first,
	       const char *second, void **result)
{
	redisReply *reply = *result =
		redisCommand(redis, "EVAL %s 0 %s %s", script, first, second);
	int type = reply ? reply->type : REDIS_REPLY_ERROR;

	if (type == REDIS_REPLY_ARRAY)
		return 1;
	if (type == REDIS_REPLY_ERROR)
		warnx("Redis: %s", reply ? reply->str : redis->errstr);
	freeReplyObject(reply);
	return type == REDIS_REPLY_NIL ? 0 : -EIO;
}

static int next_job(void *redis, void **item)
{
	int rc;

	while ((rc = run(redis, take, consumer, idle_ms, item)) == 0 &&
	       !par_canceled(par_self()))
		poll(NULL, 0, PAUSE_MS); /* a script cannot wait */
	return rc;
}

/* What a job does besides its result, here a line, may be done twice. */
static int do_job(void *context, void *item, void **value)
{
	const redisReply *job = item, *fields = job->element[1];
	long ms = strtol(fields->element[1]->str, NULL, 10);

	(void)context;
	if (ms < 0 || ms > MOST_MS)
		return -EINVAL;
	poll(NULL, 0, (int)ms);
	*value = fields->element[1]->str;
	if (puts(job->element[0]->str) >= 0)
		return 0;
	par_cancel(par_self()); /* nothing can be done here any more */
	return -ECANCELED;
}

/* A failure is a result, too; what never ran stays pending. */
static int finish(redisContext *redis, const struct par_result *r)
{
	redisReply *job = r->item;
	void *nil;
	int rc = 0;

	if (r->error != -ECANCELED)
		rc = run(redis, store, job->element[0]->str,
			 r->error ? strerror(-r->error) : r->value, &nil);
	freeReplyObject(job);
	return rc;
}

int main(int argc, char **argv)
{
	struct par_options options = { .action = do_job,
				       .workers = WORKERS,
				       .generate = next_job,
				       .window = 2UL * WORKERS };
	redisContext *redis;
	struct par_result r;
	struct par *pool;
	int port, rc, failed = 0;

	if (argc != 4) {
		fputs("usage: scale HOST PORT CONSUMER\n", stderr);
		return 2;
	}
	output_by_lines();
	port = (int)number("scale: PORT", argv[2], 1, 65535);
	consumer = argv[3];
	redis = dial(argv[1], port);
	options.source = dial(argv[1], port);
	catch_stop();
	signal(SIGPIPE, SIG_IGN); /* a connection may be lost */
	rc = par_open(&pool, &options);
	if (rc)
		errx(1, "cannot start: %s", strerror(-rc));
	/* At a stop what runs is finished, and what waits is left to others. */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			failed |= finish(redis, &r);
		if (stop || failed)
			par_cancel(pool);
	}
	par_close(pool);
	redisFree(options.source);
	redisFree(redis);
	return failed || rc || output_failed();
}
