/* SPDX-License-Identifier: MIT */
/*
 * query: the SQL statements of a file, many at once by libpq's blocking calls.
 * Each worker has a connection to PostgreSQL; if the server refuses some of
 * them, there are fewer workers. The usage below says what happens to a
 * statement. query_split.c finds where it ends, query_session.c has the
 * connections and query_answer.c the output.
 */
#include "query_session.h"
#include "query_split.h"
#include "tool.h"

#include <getopt.h>
#include <par.h>

static const char usage[] =
	"usage: query [-m SECONDS] [-w SECONDS] [--csv] WORKERS CONNINFO "
	"[FILE]\n"
	"\n"
	"Runs each statement of FILE, or of the standard input, by one of\n"
	"WORKERS connections. A statement ends with a semicolon at the end of\n"
	"a line. Statements run at the same time and in no order; with one\n"
	"worker, and without -m, they run in their order. What stands on one\n"
	"line runs on one connection, as one transaction; so does what stands\n"
	"between BEGIN; and COMMIT;. A SET stands on one line with what it is\n"
	"for. At a command of psql, at COPY FROM STDIN, and at the end of the\n"
	"input without a semicolon, the program does not go on.\n"
	"\n"
	"  -m     a statement that runs longer than so many seconds is "
	"canceled\n"
	"  -w     a server that is gone is waited for so many seconds (60)\n"
	"  --csv  rows as CSV, without a header; all else goes to standard "
	"error\n"
	"\n"
	"Output, for a statement that begins in line 7: '7', a tab and a row\n"
	"in the text format of COPY for each row; then '7: ' and the command\n"
	"tag, or the lines of the error. What one gives stays together. As\n"
	"CSV, '7,' and the row; what COPY TO STDOUT gives is as it is.\n"
	"\n"
	"A statement that met a deadlock or a serialization failure, or that\n"
	"the server undid when it was shut down, is run again, up to ten\n"
	"times. If a connection is lost in another way while a statement\n"
	"runs, it may be done or not. It is not repeated, and its output says\n"
	"'unknown'.\n"
	"\n"
	"Exit status: 0; 1 if a statement failed; 2 if the server cannot be\n"
	"reached, or files cannot be read or written. After Ctrl-C or SIGTERM\n"
	"what runs is canceled, and the program ends by the signal.\n";

enum { MOST_TRIES = 10, LONGEST_S = 1000000 };

static unsigned limit_s;
static bool as_csv;

struct statement {
	uintmax_t line; /* where it begins */
	char *text;
	size_t length;
};

/* The lines that were read, and what came of them. */
struct lines {
	uintmax_t count;
	/* The last line of the last statement. */
	uintmax_t last;
	bool ended;
	/* Why the program does not go on at the line `refused`. */
	const char *wrong;
	uintmax_t refused;
};

static int refuse(struct lines *lines, uintmax_t line, const char *why)
{
	lines->wrong = why;
	lines->refused = line;
	return -EINVAL;
}

/* Reads lines until a statement ends. */
static int read_statement(struct lines *lines, struct statement *s, FILE *text)
{
	enum split_end end = SPLIT_NOTHING;
	struct split split = { 0 };
	void *line;
	int rc = 1;

	while (end != SPLIT_ENDS && (rc = par_from_lines(stdin, &line)) > 0) {
		lines->count++;
		if (!split.seen)
			s->line = lines->count;
		end = split_line(&split, tool_chomp(line));
		if (end != SPLIT_NOTHING || ftell(text) > 0)
			fprintf(text, "%s\n", (char *)line);
		free(line);
		if (split.wrong)
			return refuse(lines, lines->count, split.wrong);
	}
	if (rc == 0 && end == SPLIT_OPEN)
		return refuse(lines, s->line,
			      split.in_transaction
				      ? "this transaction has no end"
				      : "this statement does not end with a "
					"semicolon");
	lines->ended = rc == 0;
	lines->last = lines->count;
	return rc;
}

static int next_statement(void *lines, void **item)
{
	struct statement *s = *item = calloc(1, sizeof *s);
	FILE *text = s ? open_memstream(&s->text, &s->length) : NULL;
	int rc = text ? read_statement(lines, s, text) : -ENOMEM;

	if (text && fclose(text))
		rc = -ENOMEM;
	if (rc > 0)
		return rc;
	if (s)
		free(s->text);
	free(s);
	return rc;
}

static int run(void *session, void *item, void **answer)
{
	const struct statement *s = item;
	enum outcome outcome;

	for (unsigned tries = 1;; tries++) {
		*answer = answer_new(s->line, as_csv);
		if (!*answer)
			return -ENOMEM;
		outcome = session_mend(session, *answer);
		if (outcome == DONE)
			outcome = session_run(session, s->text, *answer);
		if (outcome != UNDONE || tries == MOST_TRIES || par_stopping())
			return (int)outcome;
		answer_free(*answer);
		/* Two that met in a deadlock should not meet again. */
		session_pause((unsigned)(4 + s->line % 5) << tries);
	}
}

/* The time that a statement has waited for the server must not count for its
 * limit: it comes into the pool as a new item. */
static bool runs_anew(struct par *pool, const struct par_result *r)
{
	if (r->error != NOT_SENT || par_push(pool, r->item))
		return false;
	answer_free(r->value);
	return true;
}

/* Makes the exit status worse if the result is. */
static void print(const struct par_result *r, int *status)
{
	FILE *const others = as_csv ? stderr : stdout;
	struct statement *s = r->item;

	if (r->value)
		answer_print(r->value, stdout, others);
	if (!r->value || answer_is_empty(r->value))
		fprintf(others, "%ju: not run%s\n", s->line,
			r->error == -ENOMEM ? ": out of memory" : "");
	if (r->error && r->stopped == -ETIMEDOUT)
		fprintf(others, "%ju: canceled after %u s\n", s->line, limit_s);
	answer_free(r->value);
	free(s->text);
	free(s);
	if (r->error == NO_SERVER || ferror(stdout))
		*status = TOOL_CANNOT;
	else if (r->error && *status == TOOL_DONE)
		*status = TOOL_FAILED;
}

/* Why not all of the input was run, if it was not. Returns the exit status. */
static int judge_input(const struct lines *lines, int rc, int status)
{
	if (rc == 0 && lines->ended)
		return status;
	if (rc == 0)
		warnx("stopped: nothing after line %ju was run", lines->last);
	else if (lines->wrong)
		warnx("line %ju: %s; nothing after line %ju was run",
		      lines->refused, lines->wrong, lines->last);
	else
		warnx("reading line %ju: %s", lines->count + 1, strerror(-rc));
	return rc ? TOOL_CANNOT : status;
}

/* Runs all statements. Returns the exit status. */
static int run_all(struct par_options *options, struct lines *lines)
{
	int rc, status = TOOL_DONE;
	struct par_result r;
	struct par *pool;

	rc = par_open(&pool, options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	/* [stop] */
	while ((rc = par_next_timed(pool, &r, 100)) > 0 || rc == -ETIMEDOUT) {
		if (rc > 0 && !runs_anew(pool, &r))
			print(&r, &status);
		if (stop || status == TOOL_CANNOT)
			par_cancel(pool);
	}
	/* [end] */
	par_close(pool);
	return judge_input(lines, rc, status);
}

/* Sets what the command line says; returns where the arguments begin. */
static char **take_options(int argc, char **argv, struct server *server)
{
	static const struct option longer[] = {
		{ "csv", no_argument, NULL, 'c' }, { NULL, 0, NULL, 0 }
	};

	for (int letter;
	     (letter = getopt_long(argc, argv, "m:w:", longer, NULL)) != -1;) {
		if (letter == 'c')
			as_csv = true;
		else if (letter == 'm')
			limit_s = tool_number("-m", optarg, 1, LONGEST_S);
		else if (letter == 'w')
			server->wait_s =
				tool_number("-w", optarg, 0, LONGEST_S);
		else
			errx(TOOL_CANNOT, "without arguments it says how");
	}
	if (argc - optind != 2 && argc - optind != 3) {
		fputs(usage, stderr);
		exit(TOOL_CANNOT);
	}
	return argv + optind;
}

int main(int argc, char **argv)
{
	struct sigaction interrupt = { .sa_handler = session_cancel };
	struct server server = { .wait_s = 60 };
	struct lines lines = { 0 };
	struct par_options options = { .action = run,
				       .generate = next_statement,
				       .source = &lines,
				       .context = &server,
				       .worker_open = session_open,
				       .worker_close = session_close,
				       .interrupt = SIGUSR1 };

	tool_begin();
	argv = take_options(argc, argv, &server);
	options.workers = tool_number("WORKERS", argv[0], 1, 10000);
	options.window = 4UL * options.workers + 100;
	options.time_limit_ms = 1000 * limit_s;
	server.conninfo = argv[1];
	if (argv[2] && !freopen(argv[2], "r", stdin))
		err(TOOL_CANNOT, "%s", argv[2]);
	/* A host that does not answer is not to hold up the others. */
	setenv("PGCONNECT_TIMEOUT", "10", 0);
	tool_descriptors();
	sigaction(SIGUSR1, &interrupt, NULL);
	return tool_end(run_all(&options, &lines));
}
