/* SPDX-License-Identifier: MIT */
#include "query_session.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <par.h>

#include "clock.h"

/* A server that is gone is asked again after so many milliseconds, then after
 * twice as many. */
enum { FIRST_MS = 100, LAST_MS = 5000 };

struct session {
	const struct server *server;
	PGconn *connection;
	PGcancel *cancel;
	/* Of the statement that runs. */
	struct answer *answer;
	/* The server has said that it ends the connection. */
	bool has_ended;
};

/* PQcancel() is made for signal handlers. The server overlooks it if nothing
 * runs yet, but the interrupt comes again until the action returns. It waits
 * for the server; a second Ctrl-C is for a server that does not answer. */
static _Thread_local PGcancel *volatile running;

void session_cancel(int signal)
{
	char why[256];

	(void)signal;
	if (running)
		PQcancel(running, why, sizeof why);
}

/* A NOTICE belongs to the statement that has caused it. FATAL comes between two
 * statements: the server ends the connection. */
static void take_notice(void *session, const PGresult *notice)
{
	const char *severity =
		PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct session *s = session;

	if (severity && strcmp(severity, "FATAL") == 0)
		s->has_ended = true;
	else if (s->answer)
		answer_say(s->answer, PQresultErrorMessage(notice));
}

int session_open(void *server, void **session)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;
	struct session *s = *session = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->server = server;
	s->connection = PQconnectdb(s->server->conninfo);
	s->cancel = PQgetCancel(s->connection);
	PQsetNoticeReceiver(s->connection, take_notice, s);
	if (s->cancel && PQstatus(s->connection) == CONNECTION_OK)
		return 0;
	/* While there is work the pool tries again every second. */
	if (!atomic_flag_test_and_set(&told))
		fprintf(stderr, "query: %s", PQerrorMessage(s->connection));
	session_close(s);
	return -ECONNREFUSED;
}

void session_close(void *session)
{
	struct session *s = session;

	PQfreeCancel(s->cancel);
	PQfinish(s->connection);
	free(s);
}

static bool is_lost(struct session *s)
{
	/* The first call may find the server's last words, the second one finds
	 * that nothing follows. */
	return s->has_ended || !s->cancel ||
	       PQstatus(s->connection) != CONNECTION_OK ||
	       !PQconsumeInput(s->connection) || !PQconsumeInput(s->connection);
}

static bool reset(struct session *s)
{
	s->has_ended = false;
	PQreset(s->connection);
	PQfreeCancel(s->cancel);
	s->cancel = PQgetCancel(s->connection);
	return s->cancel && PQstatus(s->connection) == CONNECTION_OK;
}

void session_pause(unsigned ms)
{
	struct pollfd cancel = { .fd = par_cancel_fd(par_self()),
				 .events = POLLIN };
	const double end = seconds() + 1e-3 * ms;
	double left;

	/* The time limit interrupts poll(), but it does not end the pause. */
	while ((left = end - seconds()) > 0 && !par_canceled(par_self()))
		poll(&cancel, 1, (int)(1e3 * left) + 1);
}

enum outcome session_mend(struct session *s, struct answer *answer)
{
	static atomic_uint waiting;
	const double since = seconds();
	unsigned ms = FIRST_MS;
	bool good = !is_lost(s) || reset(s);

	if (good)
		return DONE;
	/* The first worker that waits says so, and the last one says that the
	 * wait is over. */
	if (atomic_fetch_add(&waiting, 1) == 0)
		fprintf(stderr, "query: waiting for the server: %s",
			PQerrorMessage(s->connection));
	while (!good && seconds() - since < s->server->wait_s &&
	       !par_canceled(par_self())) {
		session_pause(ms);
		ms = ms < LAST_MS / 2 ? 2 * ms : LAST_MS;
		good = reset(s);
	}
	if (atomic_fetch_sub(&waiting, 1) == 1 && good)
		fputs("query: the server is back\n", stderr);
	if (par_stopping())
		return NOT_SENT;
	if (good)
		return DONE;
	answer_say(answer, PQerrorMessage(s->connection));
	return NO_SERVER;
}

/* Each row of COPY TO STDOUT. */
static void copy_out(PGconn *connection, struct answer *answer)
{
	char *data;
	int length;

	while ((length = PQgetCopyData(connection, &data, 0)) > 0) {
		answer_copied(answer, data, length);
		PQfreemem(data);
	}
}

/* Returns the first error, otherwise the last result. */
static PGresult *take_results(PGconn *connection, struct answer *answer,
			      bool *committed)
{
	PGresult *result, *kept = NULL;

	while ((result = PQgetResult(connection))) {
		switch (PQresultStatus(result)) {
		case PGRES_SINGLE_TUPLE:
			answer_rows(answer, result);
			break;
		case PGRES_COPY_OUT:
			copy_out(connection, answer);
			break;
		case PGRES_COPY_IN:
			/* To the server, COPY FROM STDOUT means the same as
			 * COPY FROM STDIN. */
			PQputCopyEnd(connection, "there are no data here");
			break;
		default:
			if (strcmp(PQcmdStatus(result), "COMMIT") == 0)
				*committed = true;
			if (!kept || !*PQresultErrorMessage(kept)) {
				PQclear(kept);
				kept = result;
				result = NULL;
			}
		}
		PQclear(result);
	}
	return kept;
}

static bool has_state(const PGresult *result, const char *state)
{
	const char *found = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return found && strcmp(found, state) == 0;
}

/* 57P01: the server was shut down or has ended the connection, and with it what
 * ran there. 57P05: the connection was idle for too long. */
static bool was_undone(const PGresult *result)
{
	return has_state(result, "57P01") || has_state(result, "57P05");
}

static enum outcome judge(struct session *s, const PGresult *result,
			  bool committed)
{
	if (PQstatus(s->connection) != CONNECTION_OK)
		return was_undone(result) && !committed ? UNDONE : UNKNOWN;
	if (!result)
		return FAILED;
	/* A serialization failure and a deadlock. */
	if (has_state(result, "40001") || has_state(result, "40P01"))
		return committed ? FAILED : UNDONE;
	return PQresultStatus(result) > PGRES_TUPLES_OK ? FAILED : DONE;
}

/* A transaction that is open would take anyone's next statement. */
static enum outcome roll_back(struct session *s, enum outcome outcome,
			      struct answer *answer)
{
	if (PQstatus(s->connection) != CONNECTION_OK ||
	    PQtransactionStatus(s->connection) == PQTRANS_IDLE)
		return outcome;
	if (PQtransactionStatus(s->connection) == PQTRANS_INTRANS) {
		outcome = FAILED;
		answer_say(answer, "no COMMIT: the open transaction is "
				   "undone");
	}
	PQclear(PQexec(s->connection, "ROLLBACK"));
	return outcome;
}

enum outcome session_run(struct session *s, const char *statements,
			 struct answer *answer)
{
	bool committed = false;
	enum outcome outcome;
	PGresult *result;

	s->answer = answer;
	running = s->cancel;
	if (PQsendQuery(s->connection, statements))
		PQsetSingleRowMode(s->connection);
	result = take_results(s->connection, answer, &committed);
	running = NULL;
	outcome = judge(s, result, committed);
	if (!result || *PQresultErrorMessage(result))
		answer_say(answer, result ? PQresultErrorMessage(result)
					  : PQerrorMessage(s->connection));
	else if (PQtransactionStatus(s->connection) != PQTRANS_INTRANS)
		answer_say(answer,
			   *PQcmdStatus(result)
				   ? PQcmdStatus(result)
				   : PQresStatus(PQresultStatus(result)));
	PQclear(result);
	if (outcome == UNKNOWN)
		answer_say(answer, "unknown: the connection was lost while "
				   "this ran; it may be done or not");
	outcome = roll_back(s, outcome, answer);
	s->answer = NULL;
	if (answer_failed(answer)) {
		answer_say(answer, "the rows could not be kept");
		return FAILED;
	}
	return outcome;
}
