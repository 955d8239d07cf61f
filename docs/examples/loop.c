/* SPDX-License-Identifier: MIT */
/*
 * loop: a server around epoll, whose blocking part runs in a pool.
 *
 * A connection sends keys, one a line, and gets "KEY: VALUE" for each as it is
 * found in an SQLite file. The loop alone touches sockets, the workers alone
 * touch the database; keys go in by par_push(), answers come out by par_fd().
 */
#include "number.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sqlite3.h>

#include <par.h>

enum { WORKERS = 8, MOST = 256, KEY = 128, EVENTS = 64, BUSY_MS = 5000 };
enum { BREATH_MS = 20 };

/* A client that has gone leaves its slot to another: `serial` says whose an
 * answer is. */
struct client {
	int socket; /* -1: nobody */
	uint64_t serial;
	size_t open; /* questions without an answer */
	bool silent; /* asks no more */
	size_t used;
	char line[KEY];
};

struct question {
	size_t slot;
	uint64_t serial;
	char key[KEY];
};

static struct client clients[MOST];
static uint64_t serials;

/* The blocking part: on the workers. */

static int open_database(void *path, void **statement)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *prepared = NULL;

	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) ||
	    sqlite3_busy_timeout(database, BUSY_MS) ||
	    sqlite3_prepare_v2(database,
			       "SELECT value FROM pairs WHERE key = ?", -1,
			       &prepared, NULL)) {
		fprintf(stderr, "loop: %s: %s\n", (char *)path,
			sqlite3_errmsg(database));
		sqlite3_close(database);
		return -EIO;
	}
	*statement = prepared;
	return 0;
}

static void close_database(void *statement)
{
	sqlite3 *database = sqlite3_db_handle(statement);

	sqlite3_finalize(statement);
	sqlite3_close(database);
}

/* sqlite3_column_text() may have found no memory. */
static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int find(void *statement, void *item, void **value)
{
	const struct question *question = item;
	int rc = sqlite3_bind_text(statement, 1, question->key, -1,
				   SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	/* NULL is as good as no row. */
	if (rc == SQLITE_ROW &&
	    sqlite3_column_type(statement, 0) != SQLITE_NULL &&
	    !(*value = copy((const char *)sqlite3_column_text(statement, 0))))
		rc = SQLITE_NOMEM;
	sqlite3_reset(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : rc;
}

/* The loop: sockets. */

static void hang_up(struct client *client)
{
	close(client->socket); /* which takes it out of the epoll set */
	client->socket = -1;
}

/* An answer is short: a client that does not read its answers is let go. */
static void answer(const struct par_result *r)
{
	const struct question *question = r->item;
	struct client *client = &clients[question->slot];
	const char *text = r->error   ? "(error)"
			   : r->value ? r->value
				      : "(none)";
	char line[1024];
	int size = snprintf(line, sizeof line, "%s: %.800s\n", question->key,
			    text);

	if (client->socket >= 0 && client->serial == question->serial &&
	    (send(client->socket, line, (size_t)size,
		  MSG_NOSIGNAL | MSG_DONTWAIT) != size ||
	     (--client->open == 0 && client->silent)))
		hang_up(client);
	free(r->item);
	free(r->value);
}

static bool ask(struct par *pool, struct client *client, size_t length)
{
	struct question *question = malloc(sizeof *question);

	if (!question)
		return false;
	question->slot = (size_t)(client - clients);
	question->serial = client->serial;
	memcpy(question->key, client->line, length);
	question->key[length] = '\0';
	if (par_push(pool, question)) {
		free(question);
		return false;
	}
	client->open++;
	return true;
}

static void receive(struct par *pool, int epoll, struct client *client)
{
	ssize_t got = recv(client->socket, client->line + client->used,
			   KEY - client->used, MSG_DONTWAIT);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->used += got > 0 ? (size_t)got : 0;
	while (got > 0 && (end = memchr(client->line, '\n', client->used))) {
		size_t length = (size_t)(end - client->line);

		if (!ask(pool, client, length))
			got = -1;
		client->used -= length + 1;
		memmove(client->line, end + 1, client->used);
	}
	/* It may have closed its side alone, and wait for the rest. */
	client->silent = got == 0;
	if (got < 0 || client->used == KEY || (got == 0 && client->open == 0))
		hang_up(client);
	else if (got == 0)
		epoll_ctl(epoll, EPOLL_CTL_DEL, client->socket, NULL);
}

static void admit(int epoll, int listener)
{
	struct client *client = clients;
	int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };

	/* Out of descriptors the connection stays in line: no spinning on it.
	 */
	if (socket < 0) {
		poll(NULL, 0, BREATH_MS);
		return;
	}
	while (client < clients + MOST && client->socket >= 0)
		client++;
	event.data.ptr = client;
	if (client == clients + MOST ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)) {
		close(socket);
		return;
	}
	*client = (struct client){ .socket = socket, .serial = ++serials };
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr =
					       htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof address) ||
	    listen(listener, MOST) ||
	    getsockname(listener, (struct sockaddr *)&address, &size)) {
		perror("loop");
		exit(1);
	}
	printf("%u\n", (unsigned)ntohs(address.sin_port));
	fflush(stdout);
	return listener;
}

/* The first Ctrl-C ends the loop: as one more descriptor. */
static int stop_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static void serve(struct par *pool, int listener, int stop)
{
	int sources[] = { listener, stop, par_fd(pool) };
	int epoll = epoll_create1(EPOLL_CLOEXEC), ready;
	struct epoll_event events[EVENTS];
	struct par_result r;

	for (int i = 0; i < 3; i++)
		epoll_ctl(epoll, EPOLL_CTL_ADD, sources[i],
			  &(struct epoll_event){ .events = EPOLLIN,
						 .data.ptr = &sources[i] });
	while ((ready = epoll_wait(epoll, events, EVENTS, -1)) >= 0 ||
	       errno == EINTR) {
		for (int i = 0; i < ready; i++) {
			void *source = events[i].data.ptr;

			if (source == &sources[1]) {
				close(epoll);
				return;
			}
			if (source == &sources[0])
				admit(epoll, listener);
			else if (source != &sources[2])
				receive(pool, epoll, source);
		}
		while (par_next_timed(pool, &r, 0) > 0)
			answer(&r);
	}
}

static void drop(void *context, const struct par_result *left)
{
	(void)context;
	free(left->item);
	free(left->value);
}

int main(int argc, char **argv)
{
	struct par_options options = { .action = find,
				       .worker_open = open_database,
				       .worker_close = close_database,
				       .discard = drop,
				       .workers = WORKERS };
	int listener, stop, rc;
	struct par *pool;

	if (argc != 3) {
		fputs("usage: loop DATABASE PORT\n", stderr);
		return 2;
	}
	for (int i = 0; i < MOST; i++)
		clients[i].socket = -1;
	options.context = argv[1];
	rc = par_open(&pool, &options);
	if (rc) {
		fprintf(stderr, "loop: no pool: %s\n", strerror(-rc));
		return 1;
	}
	stop = stop_signals();
	listener = listen_on((uint16_t)number("loop: PORT", argv[2], 0, 65535));
	serve(pool, listener, stop);
	par_close(pool);
	return 0;
}
