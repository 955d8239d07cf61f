/* SPDX-License-Identifier: MIT */
/*
 * query: the SQL statements of a file, one a line, many at once by libpq's
 * blocking calls. Each worker has a connection to PostgreSQL; if the server
 * refuses some of them, there are fewer workers. The usage below says what
 * happens to a line. query_session.c has the connections and query_answer.c
 * the output.
 */
#include "query_session.h"
#include "tool.h"

#include <par.h>

static const char usage[] =
	"usage: query [-m SECONDS] [-w SECONDS] WORKERS CONNINFO [FILE]\n"
	"\n"
	"Runs each line of FILE, or of the standard input, by one of WORKERS\n"
	"connections. Lines run at the same time and in no order; with one\n"
	"worker, and without -m, they run in their order. A transaction is "
	"one\n"
	"line: BEGIN; ...; COMMIT. So is a SET with what it is for. Empty\n"
	"lines and lines that begin with -- are skipped.\n"
	"\n"
	"  -m  a line that runs longer than so many seconds is canceled\n"
	"  -w  a server that is gone is waited for so many seconds (60)\n"
	"\n"
	"Output, for line 7: '7', a tab and a row in the text format of COPY\n"
	"for each row; then '7: ' and the command tag, or the lines of the\n"
	"error. What one line gives stays together.\n"
	"\n"
	"A line that met a deadlock or a serialization failure, or that the\n"
	"server undid when it was shut down, is run again, up to ten times.\n"
	"If a connection is lost in another way while a line runs, the line\n"
	"may be done or not. It is not repeated, and its output says\n"
	"'unknown'.\n"
	"\n"
	"Exit status: 0; 1 if a line failed; 2 if the server cannot be\n"
	"reached, or files cannot be read or written. After Ctrl-C or SIGTERM\n"
	"the lines that run are canceled, and the program ends by the "
	"signal.\n";

enum { MOST_TRIES = 10, LONGEST_S = 1000000 };

static unsigned limit_s;

struct statement {
	uintmax_t line;
	char *text;
};

/* The lines that were read, and whether they were all. */
struct lines {
	uintmax_t count;
	bool ended;
};

static bool says_nothing(const char *line)
{
	line += strspn(line, " \t");
	return !*line || strncmp(line, "--", 2) == 0;
}

static int next_statement(void *source, void **item)
{
	struct lines *lines = source;
	struct statement *s;
	void *line;
	int rc;

	while ((rc = par_from_lines(stdin, &line)) > 0) {
		lines->count++;
		if (!says_nothing(tool_chomp(line)))
			break;
		free(line);
	}
	lines->ended = rc == 0;
	if (rc <= 0)
		return rc;
	*item = s = malloc(sizeof *s);
	if (!s) {
		free(line);
		return -ENOMEM;
	}
	*s = (struct statement){ .line = lines->count, .text = line };
	return 1;
}

static int run(void *session, void *item, void **answer)
{
	const struct statement *s = item;
	enum outcome outcome;

	for (unsigned tries = 1;; tries++) {
		*answer = answer_new(s->line);
		if (!*answer)
			return -ENOMEM;
		outcome = session_mend(session, *answer);
		if (outcome == DONE)
			outcome = session_run(session, s->text, *answer);
		if (outcome != UNDONE || tries == MOST_TRIES || par_stopping())
			return (int)outcome;
		answer_free(*answer);
		/* Two lines that met in a deadlock should not meet again. */
		session_pause((unsigned)(4 + s->line % 5) << tries);
	}
}

/* The time that a line has waited for the server must not count for its limit:
 * it comes into the pool as a new item. */
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
	struct statement *s = r->item;

	if (r->value)
		answer_print(r->value, stdout);
	if (!r->value || answer_is_empty(r->value))
		printf("%ju: not run%s\n", s->line,
		       r->error == -ENOMEM ? ": out of memory" : "");
	if (r->error && r->stopped == -ETIMEDOUT)
		printf("%ju: canceled after %u s\n", s->line, limit_s);
	answer_free(r->value);
	free(s->text);
	free(s);
	if (r->error == NO_SERVER || ferror(stdout))
		*status = TOOL_CANNOT;
	else if (r->error && *status == TOOL_DONE)
		*status = TOOL_FAILED;
}

/* Runs all lines. Returns the exit status. */
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
	if (rc < 0) {
		warnx("reading line %ju: %s", lines->count + 1, strerror(-rc));
		return TOOL_CANNOT;
	}
	if (!lines->ended)
		warnx("stopped: nothing after line %ju was run", lines->count);
	return status;
}

/* Sets what the command line says; returns where the arguments begin. */
static char **take_options(int argc, char **argv, struct server *server)
{
	for (int letter; (letter = getopt(argc, argv, "m:w:")) != -1;) {
		if (letter == 'm')
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
