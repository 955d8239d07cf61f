/* SPDX-License-Identifier: MIT */
#include "scale_jobs.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <par.h>

#include "clock.h"
#include "scale_redis.h"
#include "scale_scripts.h"

/* jobs_next() waits so long at once. A job that failed is tried again after
 * RETRY_MS, then after twice as long. */
enum { BLOCK_MS = 500, RETRY_MS = 1000 };

struct job {
	redisReply *reply;
	const redisReply *id, *fields;
	bool taken_from_us;
	struct job *next, **link;
};

struct jobs {
	struct jobs_options options;
	/* One is for jobs_next() alone, in the producer's thread. */
	struct redis *input, *output;
	double renewed;
	/* All jobs that this process has a lease on. */
	pthread_mutex_t lock;
	struct job *held;
};

static redisReply *run(struct jobs *q, struct redis *redis, const char *script,
		       const char *id, const char *text)
{
	return redis_ask(redis, "EVAL %s 0 %s %u %u %d %s %s", script,
			 q->options.consumer, q->options.lease_ms,
			 q->options.most_deliveries, RETRY_MS, id, text);
}

static bool says(const redisReply *reply, const char *word)
{
	return reply && reply->type == REDIS_REPLY_ARRAY &&
	       strcmp(reply->element[0]->str, word) == 0;
}

struct jobs *jobs_open(const struct jobs_options *options)
{
	static const char greeting[] = "XGROUP CREATE jobs workers 0 MKSTREAM";
	struct jobs *q = calloc(1, sizeof *q);

	if (!q)
		err(2, "jobs");
	q->options = *options;
	q->input = redis_open(options->host, options->port, greeting,
			      par_stopping);
	q->output = redis_open(options->host, options->port, greeting,
			       options->give_up);
	pthread_mutex_init(&q->lock, NULL);
	return q;
}

void jobs_close(struct jobs *q)
{
	redis_close(q->input);
	redis_close(q->output);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

void jobs_print(struct jobs *q)
{
	static const char *const name[] = { "waiting", "running", "failed",
					    "dead", "done" };
	redisReply *reply = redis_ask(q->output, "EVAL %s 0", count);

	for (size_t i = 0; reply && i < reply->elements; i++)
		printf("%s %lld\n", name[i], reply->element[i]->integer);
	freeReplyObject(reply);
}

static int hold(struct jobs *q, redisReply *reply, const redisReply *id,
		const redisReply *fields, void **item)
{
	struct job *j = *item = calloc(1, sizeof *j);

	if (!j) {
		freeReplyObject(reply);
		return -ENOMEM;
	}
	j->reply = reply;
	j->id = id;
	j->fields = fields;
	pthread_mutex_lock(&q->lock);
	j->next = q->held;
	j->link = &q->held;
	if (j->next)
		j->next->link = &j->next;
	q->held = j;
	pthread_mutex_unlock(&q->lock);
	return 1;
}

static void let_go(struct jobs *q, struct job *j)
{
	pthread_mutex_lock(&q->lock);
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	pthread_mutex_unlock(&q->lock);
	freeReplyObject(j->reply);
	free(j);
}

const char *job_id(const struct job *j)
{
	return j->id->str;
}

const char *job_field(const struct job *j, const char *name)
{
	for (size_t i = 0; i + 1 < j->fields->elements; i += 2)
		if (strcmp(j->fields->element[i]->str, name) == 0)
			return j->fields->element[i + 1]->str;
	return NULL;
}

static bool is_held(struct jobs *q, const char *id)
{
	const struct job *j;

	pthread_mutex_lock(&q->lock);
	for (j = q->held; j && strcmp(job_id(j), id) != 0;)
		j = j->next;
	pthread_mutex_unlock(&q->lock);
	return j;
}

static redisReply *take_one(struct jobs *q)
{
	redisReply *reply = run(q, q->input, take, "", ""), *ours;
	const char *id;

	if (!says(reply, "mine"))
		return reply;
	/* Either this process stood still and did not renew the lease, or a
	 * reply of Redis was lost and nobody knows of the job. */
	id = reply->element[1]->str;
	ours = run(q, q->input, is_held(q, id) ? renew : take, id, "");
	freeReplyObject(reply);
	return ours;
}

int jobs_next(void *jobs, void **item)
{
	struct jobs *q = jobs;
	const redisReply *new;
	redisReply *reply;

	while (!par_stopping()) {
		reply = take_one(q);
		if (says(reply, "job"))
			return hold(q, reply, reply->element[1],
				    reply->element[2], item);
		if (says(reply, "dead"))
			warnx("job %s is dead: %s", reply->element[1]->str,
			      reply->element[2]->str);
		if (!reply || reply->type == REDIS_REPLY_NIL) {
			freeReplyObject(reply);
			/* A script cannot wait. */
			reply = redis_ask(q->input,
					  "XREADGROUP GROUP workers %s BLOCK "
					  "%d COUNT 1 STREAMS jobs >",
					  q->options.consumer, BLOCK_MS);
			if (reply && reply->type == REDIS_REPLY_ARRAY) {
				new = reply->element[0]->element[1]->element[0];
				return hold(q, reply, new->element[0],
					    new->element[1], item);
			}
		}
		freeReplyObject(reply);
	}
	return 0;
}

void jobs_done(struct jobs *q, struct job *j, const char *result)
{
	redisReply *reply = run(q, q->output, done, job_id(j), result);

	if (!reply)
		warnx("job %s is done, but that could not be stored: it will "
		      "be done again",
		      job_id(j));
	freeReplyObject(reply);
	let_go(q, j);
}

void jobs_failed(struct jobs *q, struct job *j, const char *reason)
{
	redisReply *reply = run(q, q->output, failed, job_id(j), reason);

	warnx("job %s has failed%s: %s", job_id(j),
	      says(reply, "dead") ? " and is dead" : "", reason);
	freeReplyObject(reply);
	let_go(q, j);
}

void jobs_give_back(struct jobs *q, struct job *j)
{
	freeReplyObject(run(q, q->output, give_back, job_id(j), ""));
	let_go(q, j);
}

void jobs_renew(struct jobs *q)
{
	redisReply *reply;
	struct job *j;

	if (seconds() - q->renewed < 1e-3 * q->options.lease_ms / 4)
		return;
	q->renewed = seconds();
	/* The producer may put another one in front of this, and only this
	 * thread takes any away. */
	pthread_mutex_lock(&q->lock);
	j = q->held;
	pthread_mutex_unlock(&q->lock);
	for (; j; j = j->next) {
		reply = run(q, q->output, renew, job_id(j), "");
		if (says(reply, "taken") && !j->taken_from_us) {
			j->taken_from_us = true;
			warnx("job %s runs here, but it was deleted, or its "
			      "lease has ended and another worker has it",
			      job_id(j));
		}
		freeReplyObject(reply);
	}
}
