/* SPDX-License-Identifier: MIT */
/*
 * query: the SQL statements of a file, a line each, many at once by libpq's
 * blocking calls: a PostgreSQL connection a worker, or as many as there are.
 * Prints the first column of the first row of each, its command tag or its
 * error. Exit status: 0, 1 if a statement failed, 130 after Ctrl-C, 2 if it
 * could not begin, read or write.
 */
#include "number.h"
#include "stop.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <libpq-fe.h>

#include <par.h>

/* The interrupt's handler runs on the worker's own thread; PQcancel() is made
 * for handlers. The server overlooks it where nothing runs yet, but the
 * interrupt comes again until the action returns. */
static _Thread_local PGcancel *volatile running;

static void cancel_statement(int signal)
{
	char why[256];

	(void)signal;
	if (running)
		PQcancel(running, why, sizeof why);
}

static int open_connection(void *conninfo, void **connection)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	PGconn *server = *connection = PQconnectdb(conninfo);

	if (PQstatus(server) == CONNECTION_OK)
		return 0;
	/* While there is work the pool tries again every second. */
	if (!atomic_flag_test_and_set(&told))
		fprintf(stderr, "query: %s", PQerrorMessage(server));
	PQfinish(server);
	return -ECONNREFUSED;
}

static void close_connection(void *connection)
{
	PQfinish(connection);
}

static PGresult *execute(PGconn *server, const char *statement)
{
	PGcancel *cancel = PQgetCancel(server);
	PGresult *result = NULL;

	running = cancel;
	if (cancel && PQstatus(server) == CONNECTION_OK)
		result = PQexec(server, statement);
	running = NULL;
	PQfreeCancel(cancel);
	/* Without a result it is the connection that has the message. */
	return result ? result : PQmakeEmptyPGresult(server, PGRES_FATAL_ERROR);
}

static int run(void *connection, void *statement, void **result)
{
	*result = execute(connection, statement);
	/* Nobody knows how far a statement came whose connection was lost: they
	 * must be such that may be done twice. */
	if (PQstatus(connection) == CONNECTION_BAD) {
		PQclear(*result);
		PQreset(connection);
		*result = execute(connection, statement);
	}
	/* What follows is an error, or a COPY, which has nobody to talk to. */
	return PQresultStatus(*result) > PGRES_TUPLES_OK ? -EIO : 0;
}

static const char *text_of(PGresult *result)
{
	if (*PQresultErrorMessage(result))
		return PQresultErrorMessage(result);
	if (PQntuples(result) > 0 && PQnfields(result) > 0)
		return PQgetvalue(result, 0, 0);
	if (*PQcmdStatus(result))
		return PQcmdStatus(result);
	return PQresStatus(PQresultStatus(result));
}

/* One line, however many a message or a column has; 1 if it failed. */
static int print(const struct par_result *r)
{
	const char *text = r->value ? text_of(r->value) : strerror(-r->error);

	printf("%ju: %.*s\n", (uintmax_t)r->index + 1, (int)strcspn(text, "\n"),
	       text);
	PQclear(r->value);
	free(r->item);
	return r->error != 0;
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "query: %s: %s\n", what, strerror(error));
	return 2;
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = { .sa_handler = cancel_statement };
	struct par_options options = { .generate = par_from_lines,
				       .source = stdin,
				       .action = run,
				       .window = 10000,
				       .worker_open = open_connection,
				       .worker_close = close_connection,
				       .interrupt = SIGUSR1 };
	struct par_result r;
	struct par *pool;
	int rc, failed = 0;

	if (argc != 3 && argc != 4) {
		fputs("usage: query WORKERS CONNINFO [FILE]\n", stderr);
		return 2;
	}
	options.workers = (unsigned)number("query: WORKERS", argv[1], 1, 10000);
	options.context = argv[2];
	if (argc == 4 && !freopen(argv[3], "r", stdin))
		return complain(argv[3], errno);
	setvbuf(stdout, NULL, _IOLBF, 0); /* as they come, to a pipe too */
	sigaction(SIGUSR1, &interrupt, NULL);
	catch_stop();
	rc = par_open(&pool, &options);
	if (rc)
		return complain("cannot start", -rc);
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			failed |= print(&r);
		if (stop)
			par_cancel(pool);
	}
	par_close(pool);
	if (rc < 0)
		return complain("reading statements", -rc);
	if (fflush(stdout) || ferror(stdout))
		return complain("writing results", errno);
	return stop ? 130 : failed;
}
