/* SPDX-License-Identifier: MIT */
/*
 * Which blocking calls end by the pool's interrupt, and which by other means.
 * Tries each with the libraries that it was built with, and prints the rows of
 * the guide's table. With the argument `names` it tries getaddrinfo(), which
 * needs a name server that is silent.
 */
#include "tool.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <par.h>

#ifdef HAVE_CURL
#include <curl/curl.h>
#endif
#ifdef HAVE_PQ
#include <libpq-fe.h>
#endif
#ifdef HAVE_SQLITE
#include <sqlite3.h>
#endif

/* What does not end by the interrupt ends by itself, after so many seconds. */
enum { PATIENCE = 3 };

static int silent_port;

/* Each returns true if the interrupt has ended it. */
typedef bool blocking_fn(void);

static bool read_line(void)
{
	int ends[2];
	char line[10];
	bool heeded;
	FILE *file;

	if (pipe(ends))
		return false;
	file = fdopen(ends[0], "r");
	heeded = file && !fgets(line, sizeof line, file) && errno == EINTR;
	if (file)
		fclose(file);
	close(ends[1]);
	return heeded;
}

static bool find_name(void)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo("silent.test", NULL, NULL, &list);

	return rc == EAI_SYSTEM && errno == EINTR;
}

#ifdef HAVE_CURL
static int must_stop(void *unused, curl_off_t a, curl_off_t b, curl_off_t c,
		     curl_off_t d)
{
	(void)unused, (void)a, (void)b, (void)c, (void)d;
	return par_stopping();
}

static bool transfer(bool ask)
{
	CURL *curl = curl_easy_init();
	char url[64];
	CURLcode rc;

	snprintf(url, sizeof url, "http://127.0.0.1:%d/", silent_port);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, ask ? 0L : 1L);
	if (ask)
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, must_stop);
	rc = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return rc != CURLE_OPERATION_TIMEDOUT;
}

static bool transfer_unasked(void)
{
	return transfer(false);
}

static bool transfer_asked(void)
{
	return transfer(true);
}
#endif

#ifdef HAVE_PQ
static bool connect_to_server(void)
{
	char server[100];
	PGconn *connection;
	bool heeded;

	snprintf(server, sizeof server,
		 "host=127.0.0.1 port=%d connect_timeout=%d", silent_port,
		 PATIENCE);
	connection = PQconnectdb(server);
	heeded = !strstr(PQerrorMessage(connection), "timeout expired");
	PQfinish(connection);
	return heeded;
}
#endif

#ifdef HAVE_SQLITE
static int must_end(void *unused)
{
	(void)unused;
	return par_stopping();
}

static bool count_rows(void)
{
	static const char rows[] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
		" LIMIT 2000000000) SELECT count(*) FROM n";
	sqlite3 *database;
	int rc = sqlite3_open(":memory:", &database);

	sqlite3_progress_handler(database, 10000, must_end, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(database, rows, NULL, NULL, NULL);
	sqlite3_close(database);
	return rc == SQLITE_INTERRUPT;
}
#endif

static const struct call {
	const char *name;
	blocking_fn *block;
	bool heeds;
	const char *how;
} calls[] = {
	{ "`read()`, `accept()`, `connect()`, `poll()`, stdio", read_line, true,
	  "the call fails with `EINTR`" },
#ifdef HAVE_CURL
	{ "`curl_easy_perform()`", transfer_unasked, false,
	  "libcurl goes on" },
	{ "the same with a progress callback that calls `par_stopping()`",
	  transfer_asked, true,
	  "the interrupt makes libcurl call the callback at once; without it, "
	  "libcurl does so once per second" },
#endif
#ifdef HAVE_PQ
	{ "`PQconnectdb()`, `PQexec()` of libpq", connect_to_server, false,
	  "libpq goes on; install a handler that calls `PQcancel()`, as "
	  "[query](examples/query.c) does" },
#endif
#ifdef HAVE_SQLITE
	{ "SQLite with a progress handler that calls `par_stopping()`",
	  count_rows, true, "the handler ends the statement, also without an "
			    "interrupt" },
#endif
}, names = { "`getaddrinfo()`", find_name, false,
	     "glibc asks the name server again; see below" };

static int run(void *context, void *item, void **value)
{
	const struct call *call = item;

	(void)context;
	*value = (void *)(intptr_t)call->block();
	return 0;
}

/* Lets one call block, cancels it, and says whether it is as it is written. */
static bool try(const struct call *call)
{
	struct par_options options = { .action = run,
				       .workers = 1,
				       .interrupt = SIGUSR1 };
	struct par_result r = { .value = NULL };
	struct par_stats now = { .running = 0 };
	struct par *pool;

	if (par_open(&pool, &options) || par_push(pool, (void *)call))
		return false;
	while (now.running == 0 && now.ready == 0)
		par_stats(pool, &now);
	poll(NULL, 0, 100); /* if it does not block yet: the next signal */
	par_cancel(pool);
	par_next(pool, &r);
	par_close(pool);
	printf("| %s | %s | %s |\n", call->name, r.value ? "yes" : "no",
	       call->how);
	return (r.value != NULL) == call->heeds;
}

/* A port of this machine at which nobody answers. */
static int listen_silently(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t size = sizeof here;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&here, size) ||
	    listen(listener, 10) ||
	    getsockname(listener, (struct sockaddr *)&here, &size))
		err(TOOL_CANNOT, "no port");
	return ntohs(here.sin_port);
}

int main(int argc, char **argv)
{
	bool good = true;

	tool_begin();
	silent_port = listen_silently();
	if (argc == 2 && strcmp(argv[1], "names") == 0)
		return tool_end(try(&names) ? TOOL_DONE : TOOL_FAILED);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		good = try(&calls[i]) && good;
	return tool_end(good ? TOOL_DONE : TOOL_FAILED);
}
