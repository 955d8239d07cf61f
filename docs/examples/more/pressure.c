/* SPDX-License-Identifier: MIT */
/* A server with a loop of its own. If the pool has enough to do, the server
 * reads no further request: so the client waits, and not the server's memory.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <par.h>

enum { REQUESTS = 500 };

static int answer(void *context, void *request, void **value)
{
	(void)context;
	*value = request;
	return 0;
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
static uint64_t serve(struct par *pool, int client)
{
	struct pollfd polled[] = {
		{ .fd = par_fd(pool), .events = POLLIN },
		{ .fd = client, .events = POLLIN },
	};
	uint32_t request = 0; /* one that has not entered yet */
	uint64_t sum = 0;
	struct par_result r;
	int rc = -ETIMEDOUT;

	while (rc == -ETIMEDOUT) {
		polled[1].events = request ? 0 : POLLIN;
		poll(polled, 2, -1);
		while ((rc = par_next_timed(pool, &r, 0)) > 0)
			sum += (uintptr_t)r.value;
		if (!request && polled[1].revents &&
		    read(client, &request, sizeof request) <= 0) {
			par_finish(pool);
			polled[1].fd = -1;
		}
		/* 0: it does not wait for room. */
		if (request &&
		    par_push_timed(pool, (void *)(uintptr_t)request, 0) == 0)
			request = 0;
	}
	return sum;
}
/* [end] */

int main(void)
{
	/* [options] */
	struct par_options options = { .action = answer,
				       .workers = 4,
				       .window = 10 };
	/* [end] */
	pthread_t client;
	struct par *pool;
	int sockets[2];
	uint64_t sum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) ||
	    pthread_create(&client, NULL, ask, &sockets[1]) ||
	    par_open(&pool, &options))
		return 1;
	sum = serve(pool, sockets[0]);
	par_close(pool);
	pthread_join(client, NULL);
	printf("the sum is %ju\n", (uintmax_t)sum);
	return sum != REQUESTS * (REQUESTS + 1) / 2;
}
