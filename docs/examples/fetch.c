/* SPDX-License-Identifier: MIT */
/*
 * fetch: many URLs at once, by blocking transfers, one libcurl handle a worker.
 *
 * The generator reads URLs, the action transfers one, the loop in drain()
 * prints what comes back. Without a URL it runs a server of its own (serve.c)
 * and shows what fetching at once is worth.
 */
#include "clock.h"
#include "number.h"
#include "serve.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <curl/curl.h>

#include <par.h>

enum { DEFAULT_WORKERS = 100, SELF_URLS = 1000, SELF_SAMPLE = 20 };
enum { TICK_MS = 100, CONNECT_S = 10, IDLE_S = 30, STACK = 512 * 1024 };
/* Descriptors that one transfer may hold, our server's end included, and those
 * that the program has besides. */
enum { FDS_EACH = 6, FDS_MORE = 32 };

struct settings {
	unsigned workers;
	const char *file;   /* URLs a line, "-": standard input */
	char **urls;	    /* arguments, up to NULL */
	unsigned long self; /* this many from our own server */
	bool verbose, progress;
	bool shared; /* results and progress are on the same terminal */
};

/* One transfer, as the action leaves it for the loop. */
struct page {
	long status;
	curl_off_t bytes;
	char why[CURL_ERROR_SIZE]; /* libcurl's words, where it failed */
};

static double now_ms(void)
{
	return 1e3 * seconds();
}

/* Transfers: what runs on the workers. */

static size_t count_only(char *data, size_t size, size_t count, void *page)
{
	(void)data;
	((struct page *)page)->bytes += (curl_off_t)(size * count);
	return size * count;
}

/* libcurl asks this at least once a second, and whenever a signal has broken
 * its wait (par_options.interrupt): so a cancel ends a transfer at once. */
static int must_stop(void *unused, curl_off_t a, curl_off_t b, curl_off_t c,
		     curl_off_t d)
{
	(void)unused, (void)a, (void)b, (void)c, (void)d;
	return par_stopping();
}

static int open_handle(void *settings, void **handle)
{
	const struct settings *s = settings;
	CURL *curl = *handle = curl_easy_init();

	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	/* No proxy knows the way to our own server. */
	if (s->self)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp,file");
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A canceled transfer does not wait for a name server that is silent:
	 * nothing is fetched after a cancel. */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)IDLE_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_only);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, must_stop);
	return 0;
}

static int transfer(void *handle, void *url, void **value)
{
	struct page *page = *value = calloc(1, sizeof *page);
	CURLcode code;

	if (!page)
		return CURLE_OUT_OF_MEMORY;
	curl_easy_setopt(handle, CURLOPT_URL, url);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, page);
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, page->why);
	code = curl_easy_perform(handle);
	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &page->status);
	if (code && !page->why[0])
		snprintf(page->why, sizeof page->why, "%s",
			 curl_easy_strerror(code));
	/* The handle stays, this page does not. */
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
	return (int)code;
}

/* URLs: what runs on the producer. Every item is malloc'ed. */

static int next_argument(void *arguments, void **item)
{
	char ***next = arguments;

	if (!**next)
		return 0;
	*item = strdup(*(*next)++);
	return *item ? 1 : -ENOMEM;
}

/* The lines of a file, those that DOS wrote too. */
static int next_line(void *file, void **item)
{
	int rc = par_from_lines(file, item);

	if (rc > 0) {
		char *line = *item;
		size_t length = strlen(line);

		if (length > 0 && line[length - 1] == '\r')
			line[length - 1] = '\0';
	}
	return rc;
}

struct own_urls {
	unsigned long left;
	uint16_t port;
};

static int next_own_url(void *source, void **item)
{
	struct own_urls *own = source;
	char url[64];

	if (own->left == 0)
		return 0;
	snprintf(url, sizeof url, "http://127.0.0.1:%u/%lu",
		 (unsigned)own->port, own->left--);
	*item = strdup(url);
	return *item ? 1 : -ENOMEM;
}

/* The loop. */

struct tally {
	uint64_t done, failed, canceled;
	uint64_t total; /* 0: not known yet */
	double begun;
	bool drawn; /* a progress line stands on the terminal */
};

/* Atomic: the server's thread may be the one that is interrupted. */
static atomic_bool stopped;
/* What the handler says: below the progress line, where there is one. */
static const char *farewell = "fetch: stopping; again ends at once\n";

static void on_interrupt(int signal)
{
	int saved = errno;
	ssize_t written;

	atomic_store(&stopped, true);
	/* A standard error that is gone is no reason not to stop. */
	written = write(STDERR_FILENO, farewell, strlen(farewell));
	(void)signal, (void)written;
	errno = saved;
}

/* The first Ctrl-C is ours, the second does what it does everywhere, even where
 * the handler hangs on a standard error that nobody reads. A write of results
 * that the first finds blocked goes on: none is lost. */
static void catch_interrupt(bool progress)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	action.sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_RESTART;
	if (progress)
		farewell = "\nfetch: stopping; again ends at once\n";
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

static void clear_progress(struct tally *tally)
{
	if (tally->drawn)
		fputs("\r\033[K", stderr);
	tally->drawn = false;
}

static void draw_progress(struct tally *tally, struct par *pool)
{
	double past = (now_ms() - tally->begun) / 1e3;
	double rate = (double)tally->done / (past > 0 ? past : 1);
	struct par_stats stats;

	par_stats(pool, &stats);
	if (stats.ended)
		tally->total = stats.entered;
	clear_progress(tally);
	fprintf(stderr,
		"%" PRIu64 " done, %" PRIu64 " failed, %u under way, "
		"%.0f a second",
		tally->done, tally->failed, stats.running, rate);
	if (atomic_load(&stopped))
		fputs(", stopping", stderr);
	else if (tally->total && rate > 0)
		fprintf(stderr, ", %.0f s left",
			(double)(tally->total - tally->done) / rate);
	tally->drawn = true;
}

/* A page that the server refused is a failure too. */
static bool is_failure(const struct par_result *r)
{
	const struct page *page = r->value;

	return r->error || page->status >= 400;
}

static void print_result(const struct par_result *r)
{
	const struct page *page = r->value;

	if (!page) {
		printf("---  %s: out of memory\n", (char *)r->item);
		return;
	}
	if (r->error)
		printf("---");
	else
		printf("%03ld", page->status);
	printf(" %10" PRId64 " B %7.0f ms  %s%s%s\n", (int64_t)page->bytes,
	       (double)r->ran_ns / 1e6, (char *)r->item, r->error ? ": " : "",
	       r->error ? page->why : "");
}

static void take_result(struct tally *tally, const struct par_result *r,
			const struct settings *s)
{
	/* What the cancel cut off, in the pool or in libcurl, is not failed. */
	if (r->error == -ECANCELED || r->error == CURLE_ABORTED_BY_CALLBACK) {
		tally->canceled++;
	} else {
		tally->done++;
		tally->failed += is_failure(r);
		if (s->verbose || r->error) {
			if (s->shared)
				clear_progress(tally);
			print_result(r);
		}
	}
	free(r->value);
	free(r->item);
}

/* Until the end; what par_next() says of it. */
static int drain(struct par *pool, struct tally *tally,
		 const struct settings *s)
{
	double drawn = now_ms();
	struct par_result r;
	int rc;

	for (;;) {
		rc = par_next_timed(pool, &r, TICK_MS);
		if (rc == 1)
			take_result(tally, &r, s);
		else if (rc != -ETIMEDOUT)
			break;
		if (atomic_load(&stopped))
			par_cancel(pool);
		if (s->progress && now_ms() - drawn >= TICK_MS) {
			draw_progress(tally, pool);
			drawn = now_ms();
		}
	}
	clear_progress(tally);
	return rc;
}

static int fetch(struct tally *tally, struct settings *s,
		 par_generate_fn *generate, void *source)
{
	struct par *pool;
	int rc;

	tally->begun = now_ms();
	rc = par_open(&pool,
		      &(struct par_options){ .action = transfer,
					     .workers = s->workers,
					     .generate = generate,
					     .source = source,
					     .context = s,
					     .window = 10UL * s->workers,
					     .worker_open = open_handle,
					     .worker_close = curl_easy_cleanup,
					     .stack_size = STACK,
					     .interrupt = SIGUSR1,
					     .name = "fetch",
					     .timed = 1 });

	if (rc) {
		fprintf(stderr, "fetch: cannot start: %s\n", strerror(-rc));
		return rc;
	}
	rc = drain(pool, tally, s);
	par_close(pool);
	return rc;
}

/* "1,000" */
static const char *grouped(uint64_t number, char text[32])
{
	char plain[24];
	int length = snprintf(plain, sizeof plain, "%" PRIu64, number);
	char *out = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = plain[i];
	}
	*out = '\0';
	return text;
}

static int report(const struct tally *tally)
{
	char done[32];

	fprintf(stderr, "%s requests, %" PRIu64 " failed, ",
		grouped(tally->done, done), tally->failed);
	if (tally->canceled)
		fprintf(stderr, "%" PRIu64 " canceled, ", tally->canceled);
	fprintf(stderr, "%s%.2f s\n",
		atomic_load(&stopped) ? "interrupted after " : "",
		(now_ms() - tally->begun) / 1e3);
	return tally->failed > 0 || tally->canceled > 0 ||
	       atomic_load(&stopped);
}

static int fetch_given(struct settings *s, FILE *file)
{
	struct tally tally = { .total = 0 };
	char **next = s->urls;
	int rc;

	for (char **url = s->urls; !file && *url; url++)
		tally.total++;
	rc = file ? fetch(&tally, s, next_line, file)
		  : fetch(&tally, s, next_argument, &next);
	if (rc)
		fprintf(stderr, "fetch: %s: %s\n",
			file && s->file ? s->file : "reading URLs",
			strerror(-rc));
	return report(&tally) || rc != 0;
}

/* Against ourselves. */

static double fetch_own(struct tally *tally, struct settings *s, uint16_t port,
			unsigned long count)
{
	struct own_urls own = { .left = count, .port = port };

	*tally = (struct tally){ .total = count };
	if (fetch(tally, s, next_own_url, &own))
		tally->failed++;
	return (now_ms() - tally->begun) / 1e3;
}

/* A few of them one after another first: what all of them would take is told
 * from that. Then all at once. */
static int compare(struct settings *s, uint16_t port)
{
	struct settings alone = *s;
	struct tally tally;
	double serial, at_once;
	char done[32];

	alone.workers = 1;
	serial = fetch_own(&tally, &alone, port, SELF_SAMPLE);
	if (tally.failed || tally.canceled || atomic_load(&stopped))
		return report(&tally);
	serial *= (double)s->self / SELF_SAMPLE;
	at_once = fetch_own(&tally, s, port, s->self);
	if (tally.canceled || atomic_load(&stopped))
		return report(&tally);
	printf("%s requests, %" PRIu64 " failed, %.2f s; one after another "
	       "(%d timed) they would have taken %.1f s: %.0f times faster\n",
	       grouped(tally.done, done), tally.failed, at_once, SELF_SAMPLE,
	       serial, serial / at_once);
	return tally.failed > 0;
}

static void *serving(void *server)
{
	serve_loop(server);
	return NULL;
}

static int fetch_self(struct settings *s)
{
	/* A worker for each connection, and for those that are being closed. */
	const struct serve_options options = { .workers = 2 * s->workers,
					       .delay_ms = 20 };
	struct serve *server;
	pthread_t thread;
	int rc;

	rc = serve_open(&server, &options);
	if (rc) {
		fprintf(stderr, "fetch: own server: %s\n", strerror(-rc));
		return 1;
	}
	rc = pthread_create(&thread, NULL, serving, server);
	if (rc == 0) {
		rc = compare(s, serve_port(server));
		serve_cancel(server);
		pthread_join(thread, NULL);
	}
	serve_close(server);
	return rc != 0;
}

/* The command line. */

static void usage(FILE *out)
{
	fputs("usage: fetch [-n N] [-f FILE] [-v] [URL ...]\n"
	      "Fetches URLs, N at a time, and prints what came of each:\n"
	      "status, bytes, milliseconds, URL; '---' and why where it "
	      "failed.\n"
	      "URLs are the arguments, or the lines of standard input. "
	      "Without\n"
	      "any it fetches 1,000 from a server of its own and times that.\n"
	      "  -n N      how many at once (1 to 10000, default 100)\n"
	      "  -f FILE   URLs from a file, one a line; '-': standard input\n"
	      "  -s COUNT  that many from its own server\n"
	      "  -v        print each of those\n"
	      "  -h        this text\n"
	      "Ctrl-C stops and tells what was done; once more ends at once.\n"
	      "Exit status: 0, 1 if any failed (status 400 and more is "
	      "failed)\n"
	      "or it was stopped, 2 for a mistake on the command line.\n",
	      out);
}

static void parse(struct settings *s, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:f:s:vh")) != -1) {
		switch (option) {
		case 'n':
			s->workers = number("fetch: -n", optarg, 1, 10000);
			break;
		case 'f':
			s->file = optarg;
			break;
		case 's':
			s->self = number("fetch: -s", optarg, 1, 100000000);
			break;
		case 'v':
			s->verbose = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	s->urls = argv + optind;
	if ((s->file != NULL) + (s->self > 0) + (*s->urls != NULL) > 1) {
		fputs("fetch: URLs as arguments, or -f, or -s\n", stderr);
		exit(2);
	}
}

/* The file to read URLs from; NULL: the arguments, or with nothing there and no
 * URL on standard input, our own server. */
static FILE *choose_input(struct settings *s)
{
	FILE *file = stdin;
	int first;

	if (s->self || *s->urls)
		return NULL;
	if (s->file && strcmp(s->file, "-") != 0) {
		file = fopen(s->file, "re");
		if (!file) {
			fprintf(stderr, "fetch: %s: %s\n", s->file,
				strerror(errno));
			exit(1);
		}
	}
	if (s->file)
		return file;
	first = isatty(STDIN_FILENO) ? EOF : getc(stdin);
	/* Closed is the same as empty; what cannot be read is a mistake. */
	if (ferror(stdin) && errno != EBADF) {
		fprintf(stderr, "fetch: standard input: %s\n", strerror(errno));
		exit(1);
	}
	if (first != EOF)
		ungetc(first, stdin);
	else
		s->self = SELF_URLS;
	return first != EOF ? stdin : NULL;
}

/* As many descriptors as we may have; fewer workers where that is not enough
 * for all of them. */
static void fit_descriptors(struct settings *s)
{
	struct rlimit limit;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	most = limit.rlim_cur > FDS_MORE + FDS_EACH
		       ? (limit.rlim_cur - FDS_MORE) / FDS_EACH
		       : 1;
	if (most < s->workers) {
		fprintf(stderr,
			"fetch: %u at a time, not %u: no more than %" PRIuMAX
			" descriptors (ulimit -n)\n",
			(unsigned)most, s->workers, (uintmax_t)limit.rlim_cur);
		s->workers = (unsigned)most;
	}
}

int main(int argc, char **argv)
{
	struct settings s = { .workers = DEFAULT_WORKERS };
	FILE *file;
	int status;

	parse(&s, argc, argv);
	file = choose_input(&s);
	s.verbose = s.verbose || !s.self;
	s.progress = isatty(STDERR_FILENO);
	s.shared = s.progress && isatty(STDOUT_FILENO);
	fit_descriptors(&s);
	/* Each result as it comes, into a file and a pipe too. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_interrupt(s.progress);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	status = s.self ? fetch_self(&s) : fetch_given(&s, file);
	curl_global_cleanup();
	if (file && file != stdin)
		fclose(file);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("fetch: the results could not be written\n", stderr);
		status = 1;
	}
	return status;
}
