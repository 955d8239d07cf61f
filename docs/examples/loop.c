/* SPDX-License-Identifier: MIT */
/* A server around epoll, whose blocking part runs in a pool. A client of
 * ./loop.socket sends keys, one a packet, and gets "KEY: VALUE" for each from
 * an SQLite file. The loop waits for all clients at once; one that has asked
 * goes to the pool, is answered there, and comes back to be waited for. */
#include "tool.h"

#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <sqlite3.h>

#include <par.h>

enum { WORKERS = 8, KEY = 128, BUSY_MS = 5000, RESERVED = 4 * WORKERS + 8 };

static int epoll, listener;
static rlim_t descriptors;

static int open_database(void *path, void **query)
{
	static const char sql[] = "SELECT ?1 || ': ' || ifnull((SELECT CASE "
				  "WHEN length(CAST(value AS BLOB)) > 65536 "
				  "THEN '(too long)' ELSE value "
				  "END FROM pairs WHERE key = ?1), '(none)')";
	sqlite3_stmt *prepared = NULL;
	sqlite3 *database = NULL;

	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) ||
	    sqlite3_busy_timeout(database, BUSY_MS) ||
	    sqlite3_prepare_v2(database, sql, -1, &prepared, NULL)) {
		warnx("%s", sqlite3_errmsg(database));
		sqlite3_close(database);
		return -EIO;
	}
	*query = prepared;
	return 0;
}

static void close_database(void *query)
{
	sqlite3 *database = sqlite3_db_handle(query);

	sqlite3_finalize(query);
	sqlite3_close(database);
}

/* The blocking part. It fails too if the client has gone, or reads more slowly
 * than it asks. */
static int answer(void *query, void *item, void **value)
{
	int client = (int)(intptr_t)item;
	char key[KEY];
	ssize_t size = recv(client, key, KEY, MSG_TRUNC), sent = 0;

	(void)value; /* the client has it */
	if (size < 1 || size > KEY)
		return -EPROTO; /* gone, or too long for a key */
	if (sqlite3_bind_text(query, 1, key, (int)size, SQLITE_STATIC) == 0 &&
	    sqlite3_step(query) == SQLITE_ROW) {
		const void *text = sqlite3_column_text(query, 0);
		int length = sqlite3_column_bytes(query, 0);

		sent = send(client, text, (size_t)length, MSG_NOSIGNAL);
	}
	if (sqlite3_reset(query))
		warnx("%s", sqlite3_errmsg(sqlite3_db_handle(query)));
	return sent > 0 ? 0 : -EIO;
}

static int watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Tells a client that it is one too many. If a question of its own were left
 * unread, the client would get ECONNRESET in place of the answer. */
static void refuse(int client)
{
	static const char busy[] = "(busy)";
	char question[KEY];

	shutdown(client, SHUT_RD); /* no further one comes */
	while (recv(client, question, KEY, 0) > 0)
		;
	send(client, busy, strlen(busy), MSG_NOSIGNAL);
	close(client);
}

/* The databases need those that are RESERVED, and accept4() needs one. */
static void admit(void)
{
	int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	if (client >= 0 &&
	    ((rlim_t)client + RESERVED > descriptors || watch(client)))
		refuse(client);
}

/* Until it comes back, nobody waits for the client or closes its socket. */
static void hand_over(struct par *pool, int client)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, client, NULL);
	if (par_push(pool, (void *)(intptr_t)client))
		close(client);
}

static void take_back(const struct par_result *r)
{
	int client = (int)(intptr_t)r->item;

	if (r->error || watch(client))
		close(client);
}

/* Whoever has the lock may take the name from a socket, which one who was
 * killed has left there. It has it to its end. */
static int claim(const struct sockaddr_un *here)
{
	const struct sockaddr *name = (const struct sockaddr *)here;
	int lock = open("loop.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	struct stat left;

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
		return -1;
	if (lstat(here->sun_path, &left) == 0 && S_ISSOCK(left.st_mode))
		unlink(here->sun_path);
	return bind(listener, name, sizeof *here) ||
	       listen(listener, SOMAXCONN);
}

int main(int argc, char **argv)
{
	static const struct sockaddr_un here = { AF_UNIX, "loop.socket" };
	struct par_options options = { .action = answer,
				       .workers = WORKERS,
				       .context = argv[1],
				       .worker_open = open_database,
				       .worker_close = close_database };
	struct epoll_event event;
	struct par_result r;
	struct par *pool;
	int rc, answers;

	if (argc != 2)
		errx(TOOL_CANNOT, "usage: loop DATABASE");
	tool_begin();
	descriptors = tool_descriptors();
	rc = par_open(&pool, &options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	answers = par_fd(pool);
	epoll = epoll_create1(0);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	if (watch(answers) || watch(listener) || claim(&here))
		err(TOOL_CANNOT, "./%s", here.sun_path);
	while (!stop) {
		if (epoll_wait(epoll, &event, 1, 1000) < 1)
			continue; /* look at `stop` */
		if (event.data.fd == listener)
			admit();
		else if (event.data.fd == answers)
			while (par_next_timed(pool, &r, 0) > 0)
				take_back(&r);
		else
			hand_over(pool, event.data.fd);
	}
	unlink(here.sun_path);
	par_close(pool);
	return tool_end(TOOL_DONE);
}
