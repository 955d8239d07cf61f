/* SPDX-License-Identifier: MIT */
/*
 * query: the SQL statements of a file, many at once by libpq's blocking calls:
 * a PostgreSQL connection a worker, or as many as there are. A transaction is
 * one line, "BEGIN; ...; COMMIT", and so is a SET with what it is for: the next
 * line is for whichever connection is idle. Prints the first column of the
 * first row of each, its command tag or its error. Exit status: 0, 1 if a
 * statement failed, 130 after Ctrl-C, 2 if it could not begin, read or write.
 */
#include "number.h"
#include "output.h"
#include "stop.h"

#include <err.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <libpq-fe.h>

#include <par.h>

/* The interrupt's handler runs on the worker's own thread; PQcancel() is made
 * for handlers. The server overlooks it where nothing runs yet, but the
 * interrupt comes again until the action returns. It waits for the server: the
 * second Ctrl-C is for one that does not answer. */
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

/* The value is one line, however many a message or a column has. */
static int run(void *connection, void *statement, void **value)
{
	PGresult *result = execute(connection, statement);
	const char *text;
	int rc;

	/* Nobody knows how far a statement came whose connection was lost: they
	 * must be such that may be done twice. */
	if (PQstatus(connection) == CONNECTION_BAD) {
		PQclear(result);
		PQreset(connection);
		result = execute(connection, statement);
	}
	rc = PQresultStatus(result) > PGRES_TUPLES_OK ? -EIO : 0;
	text = text_of(result);
	/* What is in the middle of something would take anyone's next line. */
	switch (PQtransactionStatus(connection)) {
	case PQTRANS_INTRANS:
		rc = -EIO;
		text = "no COMMIT on the line: the open transaction is undone";
		break;
	case PQTRANS_ACTIVE:
		text = "COPY has nobody to talk to: who knows what it did";
		break;
	default:
		break;
	}
	if (PQstatus(connection) == CONNECTION_OK &&
	    PQtransactionStatus(connection) != PQTRANS_IDLE)
		PQreset(connection);
	*value = strndup(text, strcspn(text, "\n"));
	PQclear(result);
	return *value ? rc : -ENOMEM;
}

static int print(const struct par_result *r)
{
	printf("%ju: %s\n", (uintmax_t)r->index + 1,
	       r->value ? (char *)r->value : strerror(-r->error));
	free(r->value);
	free(r->item);
	return r->error != 0;
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = { .sa_handler = cancel_statement };
	struct par_options options = { .action = run,
				       .generate = par_from_lines,
				       .source = stdin,
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
	options.workers = number("query: WORKERS", argv[1], 1, 10000);
	options.context = argv[2];
	output_by_lines();
	if (argc == 4 && !freopen(argv[3], "r", stdin))
		err(2, "%s", argv[3]);
	sigaction(SIGUSR1, &interrupt, NULL);
	catch_stop();
	rc = par_open(&pool, &options);
	if (rc)
		errx(2, "cannot start: %s", strerror(-rc));
	/* [stop] */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0)
			failed |= print(&r);
		if (stop)
			par_cancel(pool);
	}
	/* [end] */
	par_close(pool);
	if (rc < 0)
		errx(2, "reading statements: %s", strerror(-rc));
	if (output_failed())
		err(2, "writing results");
	return stop ? 130 : failed;
}
