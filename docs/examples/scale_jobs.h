/* SPDX-License-Identifier: MIT */
/*
 * A queue of jobs that many machines share, in Redis 7. A job is an entry of
 * the stream "jobs". Whoever has taken it has a lease on it, and renews the
 * lease. If he dies, the lease ends, and another one takes the job: each job is
 * done at least once.
 *
 *     jobs          the stream, with the group "workers": jobs that wait or run
 *     jobs:results  a hash: what came of a job, by its ID
 *     jobs:failed   a hash: why a job failed that is to be tried again
 *     jobs:later    a sorted set: when it is to be tried again
 *     jobs:dead     a stream: jobs that are given up, with the fields "id",
 *                   "reason" and "deliveries" before their own
 *
 * A job that is done leaves the stream: nobody else reads it. To trim the
 * stream by the oldest ID would not do, because one long job would keep
 * everything after it.
 *
 * Add jobs without MAXLEN: Redis cannot say which jobs that trims before
 * anybody has read them.
 */
#ifndef SCALE_JOBS_H
#define SCALE_JOBS_H

#include <stdbool.h>

struct jobs;
struct job;

struct jobs_options {
	const char *host;
	int port;
	/* The name of this process. Redis never forgets one: a process that is
	 * started again keeps its name. */
	const char *consumer;
	unsigned lease_ms;
	/* A job that was taken so often, and not done, is dead. */
	unsigned most_deliveries;
	/* Whether to stop waiting while Redis is away. */
	bool (*give_up)(void);
};

/* Ends the program if there is no Redis. */
struct jobs *jobs_open(const struct jobs_options *options);
void jobs_close(struct jobs *q);
/* Prints how many jobs wait, run, have failed and so on. */
void jobs_print(struct jobs *q);

/* The generator: the next job. It waits for one, and after par_cancel() it
 * returns within a second. */
int jobs_next(void *jobs, void **item);

const char *job_id(const struct job *j);
/* NULL: it has no such field. */
const char *job_field(const struct job *j, const char *name);

/* What is to become of a job. Frees it. All of these and jobs_renew() are for
 * one thread. */
void jobs_done(struct jobs *q, struct job *j, const char *result);
void jobs_failed(struct jobs *q, struct job *j, const char *reason);
/* It never ran: anyone may take it at once. */
void jobs_give_back(struct jobs *q, struct job *j);

/* Renews the leases when it is time. Call it a few times a second. */
void jobs_renew(struct jobs *q);

#endif
