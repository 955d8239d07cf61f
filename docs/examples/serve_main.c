/* SPDX-License-Identifier: MIT */
/* serve: the server of serve.c as a program. */
#include "serve.h"

#include "tool.h"

#include <inttypes.h>
#include <pthread.h>

enum { DEFAULT_WORKERS = 1000, DEFAULT_DELAY_MS = 20 };

static void usage(FILE *out)
{
	fputs("usage: serve [-p PORT] [-n CONNECTIONS] [-d MILLISECONDS]\n"
	      "Answers HTTP requests on loopback until Ctrl-C; /missing with "
	      "404.\n"
	      "After /last..., the connection is closed at the next request.\n"
	      "  -p PORT          where to listen (0, the default: where it is "
	      "free)\n"
	      "  -n CONNECTIONS   how many at once (default 1000)\n"
	      "  -d MILLISECONDS  how long each answer takes (default 20)\n"
	      "  -h               this text\n",
	      out);
}

static struct serve_options parse(int argc, char **argv)
{
	struct serve_options options = { .workers = DEFAULT_WORKERS,
					 .delay_ms = DEFAULT_DELAY_MS };
	int option;

	while ((option = getopt(argc, argv, "p:n:d:h")) != -1) {
		switch (option) {
		case 'p':
			options.port =
				(uint16_t)tool_number("-p", optarg, 0, 65535);
			break;
		case 'n':
			options.workers = tool_number("-n", optarg, 1, 10000);
			break;
		case 'd':
			options.delay_ms =
				(int)tool_number("-d", optarg, 0, 60000);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
	return options;
}

static void *serving(void *server)
{
	int rc = serve_loop(server);

	if (rc)
		warnx("accept: %s", strerror(-rc));
	/* main() waits for a signal. */
	kill(getpid(), SIGTERM);
	return (void *)(intptr_t)rc;
}

int main(int argc, char **argv)
{
	struct serve_options options = parse(argc, argv);
	struct serve *server;
	pthread_t thread;
	sigset_t stops;
	uint64_t answered;
	int rc, signal;
	void *failed = NULL;

	tool_begin();
	/* Blocked before the first thread starts: sigwait() alone gets them. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stops, NULL);

	rc = serve_open(&server, &options);
	if (rc)
		errx(TOOL_CANNOT, "port %u: %s", (unsigned)options.port,
		     strerror(-rc));
	printf("http://127.0.0.1:%u/\n", (unsigned)serve_port(server));
	rc = pthread_create(&thread, NULL, serving, server);
	if (rc == 0) {
		sigwait(&stops, &signal);
		serve_cancel(server);
		pthread_join(thread, &failed);
	}
	answered = serve_close(server);
	printf("%" PRIu64 " requests answered\n", answered);
	if (rc || failed)
		return tool_end(TOOL_CANNOT);
	stop = signal;
	return tool_end(TOOL_DONE);
}
