/* SPDX-License-Identifier: MIT */
/* A server with a loop of its own. If the pool is full, the server reads no
 * further request. So the client waits, and the server's memory stays small. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <par.h>

enum { REQUESTS = 300, WINDOW = 10 };

static uint64_t sum; /* of all answers */

/* Fails if more is in the pool than should be. */
static int answer(void *context, void *request, void **value)
{
	const struct timespec work = { .tv_nsec = 100000 };
	struct par_stats now;

	(void)context;
	par_stats(par_self(), &now);
	nanosleep(&work, NULL);
	*value = request;
	return now.entered - now.delivered > WINDOW ? -EOVERFLOW : 0;
}

static void reply(const struct par_result *r)
{
	if (r->error == 0)
		sum += (uintptr_t)r->value;
}

/* The client. */
static void *ask(void *socket)
{
	for (uint32_t request = 1; request <= REQUESTS; request++)
		if (write(*(int *)socket, &request, sizeof request) < 0)
			break;
	shutdown(*(int *)socket, SHUT_WR);
	return NULL;
}

/* [serve] */
/* Returns 0 if the client has ended and has all its answers. */
static int serve(struct par *pool, int client)
{
	struct pollfd polled[] = {
		{ .fd = par_fd(pool), .events = POLLIN },
		{ .fd = client, .events = POLLIN },
	};
	uint32_t request = 0; /* the one that waits for room; 0: none */
	struct par_result r;
	int rc;

	if (polled[0].fd < 0)
		return polled[0].fd; /* poll() would overlook it */
	for (;;) {
		/* While a request waits for room, nothing more is read. */
		polled[1].fd = request ? -1 : client;
		if (poll(polled, 2, -1) < 0)
			continue; /* a signal */
		while ((rc = par_next_timed(pool, &r, 0)) > 0)
			reply(&r); /* and there is room for another */
		if (rc != -ETIMEDOUT)
			return rc; /* the end */
		if (polled[1].revents &&
		    read(client, &request, sizeof request) <= 0) {
			par_finish(pool);
			client = -1;
		}
		if (!request)
			continue;
		rc = par_push_timed(pool, (void *)(uintptr_t)request, 0);
		if (rc == 0)
			request = 0;
		else if (rc != -ETIMEDOUT)
			return rc;
	}
}
/* [end] */

int main(void)
{
	struct par_options options = { .action = answer,
				       .workers = 4,
				       .window = WINDOW };
	pthread_t client;
	struct par *pool;
	int sockets[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) ||
	    pthread_create(&client, NULL, ask, &sockets[1]) ||
	    par_open(&pool, &options))
		return 1;
	rc = serve(pool, sockets[0]);
	par_close(pool);
	pthread_join(client, NULL);
	printf("the sum is %ju\n", (uintmax_t)sum);
	return rc || sum != REQUESTS * (REQUESTS + 1) / 2;
}
