/* SPDX-License-Identifier: MIT */
/*
 * A blocking HTTP server as a par loop: the generator is accept(2), an item is
 * a connection, the action answers what comes in over it until the peer has
 * enough. Every place that blocks polls par_cancel_fd() too, so the server ends
 * at once when it is canceled.
 */
#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <par.h>

enum { HEAD_MAX = 8192, BACKLOG = 1024, STACK = 128 * 1024 };
enum { LAST_READS = 64 };
/* A silent connection keeps a worker from the next one in line: not for long.
 */
enum { SILENCE_MS = 2000, BREATH_MS = 50 };

struct serve {
	struct serve_options options;
	int listener;
	uint16_t port;
	struct par *pool;
	atomic_uint_fast64_t answered;
};

struct connection {
	struct serve *server;
	int socket, cancel_fd;
	bool last; /* the next request gets no answer */
	size_t used;
	char head[HEAD_MAX + 1];
};

/* Items are sockets. */
static void *to_item(int socket)
{
	return (void *)(intptr_t)socket;
}

static int to_socket(const void *item)
{
	return (int)(intptr_t)item;
}

/* Waits until fd is ready for `events`; false: canceled, or the time is over.
 */
static bool ready(int fd, short events, int cancel_fd, int timeout_ms)
{
	struct pollfd polled[] = { { .fd = fd, .events = events },
				   { .fd = cancel_fd, .events = POLLIN } };
	int rc;

	do
		rc = poll(polled, 2, timeout_ms);
	while (rc < 0 && errno == EINTR);
	return rc > 0 && polled[1].revents == 0;
}

/* Sleeps, but not through a cancel: false. */
static bool sleeps(int cancel_fd, int time_ms)
{
	struct pollfd polled = { .fd = cancel_fd, .events = POLLIN };

	return poll(&polled, 1, time_ms) == 0;
}

/* What accept(2) reports of one connection, or of a moment, is no reason to end
 * the server. */
static bool passes(int error)
{
	return error == EAGAIN || error == EINTR || error == ECONNABORTED ||
	       error == EPROTO || error == EMFILE || error == ENFILE ||
	       error == ENOBUFS || error == ENOMEM;
}

static int next_connection(void *source, void **item)
{
	struct serve *server = source;
	int cancel_fd = par_cancel_fd(par_self()), socket;

	if (cancel_fd < 0)
		return cancel_fd;
	for (;;) {
		if (!ready(server->listener, POLLIN, cancel_fd, -1))
			return 0;
		socket = accept(server->listener, NULL, NULL);
		if (socket >= 0)
			break;
		if (!passes(errno))
			return -errno;
		/* Out of descriptors, the connection stays in line and the
		 * listener readable: do not spin on it. */
		if (errno != EAGAIN && errno != EINTR)
			sleeps(cancel_fd, BREATH_MS);
	}
	*item = to_item(socket);
	return 1;
}

static bool send_all(struct connection *c, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t sent;

		if (!ready(c->socket, POLLOUT, c->cancel_fd, -1))
			return false;
		/* A peer that is gone is an error here, not a SIGPIPE. */
		sent = send(c->socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
	}
	return true;
}

/* The length of the next request's head, its blank line included; 0: the peer
 * has closed, is not heard any more, or has filled all of c->head without an
 * end. */
static size_t receive_head(struct connection *c)
{
	for (;;) {
		ssize_t got;
		char *end = strstr(c->head, "\r\n\r\n");

		if (end)
			return (size_t)(end + 4 - c->head);
		if (c->used == HEAD_MAX ||
		    !ready(c->socket, POLLIN, c->cancel_fd, SILENCE_MS))
			return 0;
		got = recv(c->socket, c->head + c->used, HEAD_MAX - c->used,
			   MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		if (got > 0)
			c->used += (size_t)got;
		c->head[c->used] = '\0';
	}
}

static bool answer(struct connection *c, const char *status, const char *body,
		   bool with_body, bool keep)
{
	char page[256];
	int length =
		snprintf(page, sizeof page,
			 "HTTP/1.1 %s\r\n"
			 "Content-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n"
			 "Connection: %s\r\n\r\n%s",
			 status, strlen(body), keep ? "keep-alive" : "close",
			 with_body ? body : "");

	atomic_fetch_add(&c->server->answered, 1);
	return send_all(c, page, (size_t)length) && keep;
}

/* Answers one request; false: the connection is to be closed. */
static bool respond(struct connection *c, size_t length)
{
	char method[8], path[1024], minor[2];
	bool fine;

	c->head[length - 2] = '\0';
	fine = sscanf(c->head, "%7[A-Z] %1023s HTTP/1.%1[0-9]", method, path,
		      minor) == 3;
	if (!fine)
		return answer(c, "400 Bad Request", "bad request\n", true,
			      false);
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(c, "405 Method Not Allowed", "only GET\n", true,
			      false);
	/* The work: here it is to wait. */
	if (!sleeps(c->cancel_fd, c->server->options.delay_ms))
		return false;
	if (strcmp(path, "/missing") == 0)
		return answer(c, "404 Not Found", "not here\n", *method == 'G',
			      *minor > '0');
	/* Servers do this to a connection that was idle for long. */
	c->last = strncmp(path, "/last", 5) == 0;
	return answer(c, "200 OK", "Here you are.\n", *method == 'G',
		      *minor > '0' &&
			      !strcasestr(c->head, "\nConnection: close"));
}

/* TCP takes back an answer where bytes are left unread at the close, a body
 * that nobody asked for, say: reads some of them first. */
static void hang_up(struct connection *c)
{
	shutdown(c->socket, SHUT_WR);
	for (int i = 0; i < LAST_READS; i++)
		if (!ready(c->socket, POLLIN, c->cancel_fd, BREATH_MS) ||
		    recv(c->socket, c->head, HEAD_MAX, MSG_DONTWAIT) <= 0)
			break;
	close(c->socket);
}

static int serve_connection(void *context, void *item, void **value)
{
	struct connection c = { .server = context,
				.socket = to_socket(item),
				.cancel_fd = par_cancel_fd(par_self()) };
	size_t length;

	(void)value;
	while ((length = receive_head(&c)) > 0 && !c.last &&
	       respond(&c, length)) {
		/* What follows the head is the next request. */
		c.used -= length;
		memmove(c.head, c.head + length, c.used + 1);
	}
	if (length == 0 && c.used == HEAD_MAX)
		answer(&c, "431 Request Header Fields Too Large",
		       "too long a head\n", true, false);
	hang_up(&c);
	return 0;
}

static void drop_connection(void *context, const struct par_result *left)
{
	(void)context;
	if (left->error == -ECANCELED)
		close(to_socket(left->item));
}

static int listen_on(uint16_t port, uint16_t *actual)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr =
					       htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int one = 1, rc;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) ||
	    listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&address, &size)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*actual = ntohs(address.sin_port);
	return fd;
}

int serve_open(struct serve **server, const struct serve_options *options)
{
	struct serve *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->listener = rc = listen_on(options->port, &s->port);
	if (rc < 0)
		goto free_server;
	rc = par_open(&s->pool,
		      &(struct par_options){ .action = serve_connection,
					     .workers = options->workers,
					     .generate = next_connection,
					     .source = s,
					     .context = s,
					     .discard = drop_connection,
					     .stack_size = STACK,
					     .name = "serve" });
	if (rc)
		goto close_listener;
	*server = s;
	return 0;

close_listener:
	close(s->listener);
free_server:
	free(s);
	return rc;
}

uint16_t serve_port(const struct serve *server)
{
	return server->port;
}

int serve_loop(struct serve *server)
{
	struct par_result done;
	int rc;

	while ((rc = par_next(server->pool, &done)) > 0)
		drop_connection(server, &done);
	return rc;
}

void serve_cancel(struct serve *server)
{
	par_cancel(server->pool);
}

uint64_t serve_close(struct serve *server)
{
	uint64_t answered;

	par_close(server->pool);
	close(server->listener);
	answered = atomic_load(&server->answered);
	free(server);
	return answered;
}
