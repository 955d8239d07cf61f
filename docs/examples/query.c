/* SPDX-License-Identifier: MIT */
/*
 * query: the SQL statements of a file, a line each, many at once by libpq's
 * blocking calls: a PostgreSQL connection a worker, or as many as there are.
 * Prints of each its line, and the first column of the first row, the number of
 * rows, or the error. Exit status: 0, 1 if a statement failed, 130 after
 * Ctrl-C, 2 if it could not begin, read or write.
 */
#include "number.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include <par.h>

struct connection {
	PGconn *server;
	PGcancel *cancel; /* this and next: under the lock, for the loop */
	struct connection *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *live;

/* Each time it connects another process of the server's is to be canceled. */
static bool is_up(struct connection *c)
{
	pthread_mutex_lock(&lock);
	PQfreeCancel(c->cancel);
	c->cancel = PQgetCancel(c->server);
	pthread_mutex_unlock(&lock);
	return PQstatus(c->server) == CONNECTION_OK && c->cancel;
}

static void close_connection(void *connection)
{
	struct connection *c = connection, **link = &live;

	pthread_mutex_lock(&lock);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	pthread_mutex_unlock(&lock);
	PQfreeCancel(c->cancel);
	PQfinish(c->server);
	free(c);
}

static int open_connection(void *conninfo, void **state)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	struct connection *c = *state = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->server = PQconnectdb(conninfo);
	pthread_mutex_lock(&lock);
	c->next = live;
	live = c;
	pthread_mutex_unlock(&lock);
	if (is_up(c))
		return 0;
	/* While there is work the pool asks again every second. */
	if (!atomic_flag_test_and_set(&told))
		fprintf(stderr, "query: %s", PQerrorMessage(c->server));
	close_connection(c);
	return -ECONNREFUSED;
}

/* Nobody knows how far a statement came whose connection was lost: they must be
 * such that may be done twice. */
static int run(void *connection, void *statement, void **value)
{
	struct connection *c = connection;
	PGresult *result;

	if (par_canceled(par_self()))
		return -ECANCELED;
	result = PQexec(c->server, statement);
	if (PQstatus(c->server) == CONNECTION_BAD &&
	    !par_canceled(par_self())) {
		PQclear(result);
		PQreset(c->server);
		result = is_up(c) ? PQexec(c->server, statement) : NULL;
	}
	if (!result) /* the connection has the message */
		result = PQmakeEmptyPGresult(c->server, PGRES_FATAL_ERROR);
	*value = result;
	/* What follows is an error, or a COPY, which has nobody to talk to. */
	return PQresultStatus(result) > PGRES_TUPLES_OK ? -EIO : 0;
}

static volatile sig_atomic_t stop;

static void ask_to_stop(int sign)
{
	stop = 1;
	signal(sign, SIG_DFL); /* the second ends the program at once */
}

/* The server overlooks it where nothing runs. A failure is not told: the loop
 * cancels again. */
static void cancel_statements(void)
{
	char why[256];

	pthread_mutex_lock(&lock);
	for (struct connection *c = live; c; c = c->next)
		PQcancel(c->cancel, why, sizeof why);
	pthread_mutex_unlock(&lock);
}

/* One line, however many a message or a column has. */
static void print_result(const struct par_result *r)
{
	PGresult *result = r->value;
	const char *text = PQresultErrorMessage(result), *unit = "";

	if (r->error == -ECANCELED) {
		text = "canceled";
	} else if (r->error && !*text) {
		text = PQresStatus(PQresultStatus(result));
	} else if (PQntuples(result) > 0 && PQnfields(result) > 0) {
		text = PQgetvalue(result, 0, 0);
	} else if (!r->error) {
		text = *PQcmdTuples(result) ? PQcmdTuples(result) : "0";
		unit = " rows";
	}
	printf("%ju: %.*s%s\n", (uintmax_t)r->index + 1,
	       (int)strcspn(text, "\n"), text, unit);
	PQclear(result);
	free(r->item);
}

/* Until the end; what par_next() says of it. */
static int drain(struct par *pool, int *status)
{
	struct par_result r;
	int rc;

	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0) {
			*status |= r.error != 0;
			print_result(&r);
		}
		/* At each time-out again: a worker that was about to begin a
		 * statement, or to connect anew, has missed the last time. */
		if (stop && (rc < 0 || !par_canceled(pool))) {
			par_cancel(pool);
			cancel_statements();
		}
	}
	return rc;
}

/* For what is no statement's fault. */
static int complain(const char *what, int error)
{
	fprintf(stderr, "query: %s: %s\n", what, strerror(error));
	return 2;
}

int main(int argc, char **argv)
{
	struct par_options options = { .generate = par_from_lines,
				       .source = stdin,
				       .action = run,
				       .workers = 10,
				       .window = 10000,
				       .worker_open = open_connection,
				       .worker_close = close_connection,
				       /* For reading: libpq does not mind. */
				       .interrupt = SIGUSR1 };
	struct par *pool;
	int option, rc, status = 0;

	while ((option = getopt(argc, argv, "n:")) == 'n')
		options.workers =
			(unsigned)number("query: -n", optarg, 1, 10000);
	argv += optind;
	if (option != -1 || argc - optind < 1 || argc - optind > 2) {
		fputs("usage: query [-n WORKERS] CONNINFO [FILE]\n", stderr);
		return 2;
	}
	options.context = argv[0];
	if (argv[1] && !freopen(argv[1], "r", stdin))
		return complain(argv[1], errno);
	setvbuf(stdout, NULL, _IOLBF, 0); /* as they come, to a pipe too */
	signal(SIGINT, ask_to_stop);
	rc = par_open(&pool, &options);
	if (rc)
		return complain("cannot start", -rc);
	rc = drain(pool, &status);
	par_close(pool);
	if (rc)
		return complain("reading statements", -rc);
	if (fflush(stdout) || ferror(stdout))
		return complain("writing results", errno);
	return stop ? 130 : status;
}
