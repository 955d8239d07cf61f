/* SPDX-License-Identifier: MIT */
/*
 * A worker's connection to PostgreSQL, which is made again when it is lost, and
 * what became of a statement.
 */
#ifndef QUERY_SESSION_H
#define QUERY_SESSION_H

#include <stdbool.h>

#include "query_answer.h"

struct server {
	const char *conninfo;
	/* A server that is gone is waited for so long. */
	unsigned wait_s;
};

enum outcome {
	DONE,
	/* The server has refused it, and the answer says why. */
	FAILED,
	/* It has changed nothing, and may be tried again. */
	UNDONE,
	/* While the program waited for the server, its time has passed. */
	NOT_SENT,
	/* Its connection was lost while it ran: it may be done or not. */
	UNKNOWN,
	/* The server did not come back. */
	NO_SERVER,
};

struct session;

/* These two are the pool's worker_open and worker_close. */
int session_open(void *server, void **session);
void session_close(void *session);

/* Waits for the server if the connection is lost. DONE: the connection is good.
 * NOT_SENT: the action was told to stop. NO_SERVER: the answer says why. */
enum outcome session_mend(struct session *s, struct answer *answer);

/* Runs a statement, or several at once, and takes all that it gives. */
enum outcome session_run(struct session *s, const char *statements,
			 struct answer *answer);

/* Waits in an action, until the pool is canceled. */
void session_pause(unsigned ms);

/* The interrupt's handler: cancels what the calling thread's session runs. */
void session_cancel(int signal);

#endif
