/* SPDX-License-Identifier: MIT */
/*
 * scale: a worker process, of which many run on many machines. They share the
 * jobs of a Redis stream through a consumer group:
 *
 *     XADD jobs '*' ms 30       a job: here, to wait that long
 *     HGET jobs:results ID      what came of it
 *     HGET jobs:times ID        how often that was stored
 *
 * An entry stays pending with the consumer that read it until it is
 * acknowledged. When the consumer dies another claims the entry: each job is
 * done at least once.
 */
#include "number.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include <par.h>

/* A server that is silent for LIMIT_S is gone; a stop is seen in BLOCK_MS. */
enum { LIMIT_S = 10, BLOCK_MS = 500, TICK_MS = 50 };
/* What a process holds is no more than HELD entries a worker: one at work, one
 * that waits, and a batch. None may take longer than the idle time divided by
 * SHARE, so all are done before others take this process for dead. */
enum { HELD = 3, SHARE = HELD + 1 };

/* The options: nobody writes them once there are threads. */
static const char *option[CHAR_MAX] = {
	['h'] = "127.0.0.1", ['p'] = "6379", ['s'] = "jobs",
	['g'] = "workers",   ['n'] = "16",   ['i'] = "60000"
};
static const char *stream, *group, *consumer;
static unsigned workers, idle_ms;

static volatile sig_atomic_t stop;

static void ask_to_stop(int signal)
{
	(void)signal;
	stop = 1;
}

/* Redis. NULL: it failed, and why has been said. */

static redisContext *dial(void)
{
	const struct timeval limit = { .tv_sec = LIMIT_S };
	int port = (int)number("scale: -p", option['p'], 1, 65535);
	redisContext *redis = redisConnectWithTimeout(option['h'], port, limit);

	if (redis && !redis->err && redisSetTimeout(redis, limit) == REDIS_OK)
		return redis;
	fprintf(stderr, "scale: %s:%d: %s\n", option['h'], port,
		redis ? redis->errstr : "out of memory");
	redisFree(redis);
	return NULL;
}

static redisReply *answer(redisContext *redis)
{
	void *got = NULL;
	redisReply *reply, *part;

	redisGetReply(redis, &got);
	reply = part = got;
	/* In a transaction one part may fail alone. */
	for (size_t i = 0; reply && i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			part = reply->element[i];
	/* BUSYGROUP: the group that is to be made is there already. */
	if (part && (part->type != REDIS_REPLY_ERROR ||
		     strncmp(part->str, "BUSYGROUP", 9) == 0))
		return reply;
	fprintf(stderr, "scale: Redis: %s\n", part ? part->str : redis->errstr);
	freeReplyObject(reply);
	return NULL;
}

static redisReply *ask(redisContext *redis, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	redisvAppendCommand(redis, format, arguments);
	va_end(arguments);
	return answer(redis);
}

/* Entries: what runs on the producer, with a connection of its own. */

struct job {
	char id[48];
	long ms; /* -1: the entry does not say */
};

struct source {
	redisContext *redis;
	redisReply *reply;   /* a small batch, */
	redisReply *entries; /* its entries; NULL: they are all handed out, */
	size_t next;	     /* and which is the next one */
};

/* What a dead consumer has held too long, else what is new, for which it waits
 * a little: 1, 0 if there is nothing. The search begins at 0 each time: what is
 * in front is done, or idle for too long, before long. (A job that kills its
 * process kills the next, too: put aside what XPENDING says was delivered too
 * often.) */
static int refill(struct source *from)
{
	redisReply *reply =
		ask(from->redis, "XAUTOCLAIM %s %s %s %u 0 COUNT %u", stream,
		    group, consumer, idle_ms, workers);

	from->next = 0;
	from->reply = reply;
	if (!reply)
		return -EIO;
	from->entries = reply->element[1];
	if (from->entries->elements > 0)
		return 1;
	from->entries = NULL;
	freeReplyObject(reply);
	from->reply = reply =
		ask(from->redis,
		    "XREADGROUP GROUP %s %s COUNT %u BLOCK %d STREAMS %s >",
		    group, consumer, workers, BLOCK_MS, stream);
	if (!reply)
		return -EIO;
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	from->entries = reply->element[0]->element[1];
	return 1;
}

/* Asked after nothing was new: all that was added before has been read by now,
 * and is done if nothing is pending. What others hold is waited for: they may
 * die. */
static int is_drained(const struct source *from)
{
	redisReply *reply = ask(from->redis, "XPENDING %s %s", stream, group);
	int drained = reply ? reply->element[0]->integer == 0 : -EIO;

	freeReplyObject(reply);
	return drained;
}

static int make_job(const redisReply *entry, void **item)
{
	const redisReply *fields = entry->element[1];
	struct job *job = *item = calloc(1, sizeof *job);

	if (!job)
		return -ENOMEM;
	snprintf(job->id, sizeof job->id, "%s", entry->element[0]->str);
	job->ms = -1;
	for (size_t i = 0; i + 1 < fields->elements; i += 2)
		if (strcmp(fields->element[i]->str, "ms") == 0)
			job->ms = strtol(fields->element[i + 1]->str, NULL, 10);
	return 1;
}

static int next_job(void *source, void **item)
{
	struct source *from = source;
	int rc;

	while (!from->entries) {
		freeReplyObject(from->reply);
		from->reply = NULL;
		if (par_canceled(par_self()))
			return 0;
		rc = refill(from);
		if (rc == 0 && option['e'] && (rc = is_drained(from)) > 0)
			return 0;
		if (rc < 0)
			return rc;
	}
	rc = make_job(from->entries->element[from->next++], item);
	if (from->next == from->entries->elements)
		from->entries = NULL;
	return rc;
}

/* What a job does besides its result, here a line, may be done twice. */
static int do_job(void *context, void *item, void **value)
{
	const struct job *job = item;

	(void)context;
	if (job->ms < 0)
		return -EINVAL;
	if (job->ms > idle_ms / SHARE)
		return -ETIMEDOUT; /* it would run too long */
	poll(NULL, 0, (int)job->ms);
	puts(job->id);
	*value = (void *)(intptr_t)job->ms;
	return 0;
}

/* The loop, with a connection of its own. */

/* The result and the acknowledgement, both or neither. A job that failed has a
 * result, too: it would fail for ever. One that never ran stays pending. */
static int store(redisContext *redis, const struct par_result *r)
{
	/* In a transaction the last would be done where the first has failed.
	 */
	static const char script[] =
		"redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) "
		"redis.call('HINCRBY', KEYS[3], ARGV[2], 1) "
		"return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])";
	const char *id = ((struct job *)r->item)->id;
	char text[64];
	redisReply *reply;

	if (r->error == -ECANCELED)
		return 0;
	snprintf(text, sizeof text, "waited %jd ms", (intmax_t)r->value);
	reply = ask(redis, "EVAL %s 3 %s %s:results %s:times %s %s %s", script,
		    stream, stream, stream, group, id,
		    r->error ? strerror(-r->error) : text);
	freeReplyObject(reply);
	return reply ? 0 : -EIO;
}

static void drop(void *context, const struct par_result *left)
{
	(void)context;
	free(left->item);
}

/* Until the end. At a stop what runs is finished, and what waits is left to
 * others. */
static int work(struct par *pool, redisContext *redis)
{
	struct par_result r;
	int rc;

	while ((rc = par_next_timed(pool, &r, TICK_MS)) != 0) {
		if (rc > 0) {
			rc = store(redis, &r);
			free(r.item);
		}
		if (rc < 0 && rc != -ETIMEDOUT)
			break;
		if (stop)
			par_cancel(pool);
	}
	return rc;
}

static int run(redisContext *redis, struct source *from)
{
	struct par_options options = { .generate = next_job,
				       .source = from,
				       .action = do_job,
				       .workers = workers,
				       .window = (HELD - 1UL) * workers,
				       .discard = drop,
				       .name = "scale" };
	redisReply *made =
		ask(redis, "XGROUP CREATE %s %s 0 MKSTREAM", stream, group);
	struct par *pool;
	int rc = made ? par_open(&pool, &options) : -EIO;

	freeReplyObject(made);
	if (rc == 0) {
		rc = work(pool, redis);
		par_close(pool);
	}
	freeReplyObject(from->reply);
	if (rc)
		fprintf(stderr, "scale: ended: %s\n", strerror(-rc));
	return rc != 0;
}

static void parse(int argc, char **argv)
{
	/* Redis keeps a consumer's name for ever: one that a restarted process
	 * has again (-c) keeps the list short. */
	static char name[128];
	int c;

	gethostname(name, sizeof name / 2);
	snprintf(name + strlen(name), sizeof name / 2, "-%jd",
		 (intmax_t)getpid());
	option['c'] = name;
	while ((c = getopt(argc, argv, "eh:p:s:g:c:n:i:")) != -1) {
		if (c == '?')
			exit(2);
		option[c] = optarg ? optarg : "";
	}
	stream = option['s'];
	group = option['g'];
	consumer = option['c'];
	workers = (unsigned)number("scale: -n", option['n'], 1, 10000);
	idle_ms = (unsigned)number("scale: -i", option['i'], SHARE, INT_MAX);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = ask_to_stop };
	struct source from = { .next = 0 };
	redisContext *redis;
	int status = 1;

	parse(argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A connection that is gone is an error like any other. */
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	redis = dial();
	from.redis = redis ? dial() : NULL;
	if (from.redis)
		status = run(redis, &from);
	redisFree(from.redis);
	redisFree(redis);
	return status;
}
