/* SPDX-License-Identifier: MIT */
/*
 * resolve: the addresses of many names, a hundred look-ups at a time.
 *
 * getaddrinfo() blocks, and has no time-out of its own: a pool is what it takes
 * to ask for many names. What went wrong is told apart: a name that does not
 * exist is an answer, a name server that says nothing is none.
 */
#include "number.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <par.h>

enum { DEFAULT_WORKERS = 100, STACK = 256 * 1024 };

static int look_up(void *hints, void *name, void **found)
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, NULL, hints, &list);

	*found = list;
	/* Told apart by the sign: here the EAI_ numbers are negative. */
	return error == EAI_SYSTEM ? errno : error;
}

/* What the exit status and the summary tell apart. */
enum outcome { FOUND, NO_SUCH_NAME, NO_ANSWER, OTHER, OUTCOMES };

static enum outcome outcome_of(int error)
{
	switch (error) {
	case 0:
		return FOUND;
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA: /* it exists, without such an address */
#endif
		return NO_SUCH_NAME;
	case EAI_AGAIN:
	case EAI_FAIL:
		return NO_ANSWER;
	default:
		return OTHER;
	}
}

static const char *reason(int error)
{
	static const char *const words[OUTCOMES] = {
		[NO_SUCH_NAME] = "no such name",
		[NO_ANSWER] = "no answer from a name server",
	};
	const char *word = words[outcome_of(error)];

	return word ? word : error > 0 ? strerror(error) : gai_strerror(error);
}

static void print_addresses(const struct addrinfo *list)
{
	char address[NI_MAXHOST];

	for (; list; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen, address,
				sizeof address, NULL, 0, NI_NUMERICHOST) == 0)
			printf(" %s", address);
}

static void report(const struct par_result *r)
{
	printf("%s:", (char *)r->item);
	if (r->error)
		printf(" %s", reason(r->error));
	else
		print_addresses(r->value);
	printf("\n");
	fflush(stdout);
	if (r->value)
		freeaddrinfo(r->value);
	free(r->item);
}

/* The exit status: 0 all found, 1 some do not exist, 2 some are not known. */
static int run(const struct par_options *options)
{
	unsigned long count[OUTCOMES] = { 0 };
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, options);

	if (rc) {
		fprintf(stderr, "resolve: no pool: %s\n", strerror(-rc));
		return 2;
	}
	while ((rc = par_next(pool, &r)) > 0) {
		count[outcome_of(r.error)]++;
		report(&r);
	}
	if (rc < 0)
		fprintf(stderr, "resolve: the names: %s\n", strerror(-rc));
	par_close(pool);
	if (ferror(stdout)) {
		fputs("resolve: not all could be written\n", stderr);
		return 2;
	}
	fprintf(stderr,
		"%lu found, %lu do not exist, %lu without an answer, %lu "
		"other\n",
		count[FOUND], count[NO_SUCH_NAME], count[NO_ANSWER],
		count[OTHER]);
	return rc < 0 || count[NO_ANSWER] || count[OTHER] ? 2
	       : count[NO_SUCH_NAME]			  ? 1
							  : 0;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM };
	struct par_options options = { .generate = par_from_lines,
				       .source = stdin,
				       .action = look_up,
				       .context = &hints,
				       .workers = DEFAULT_WORKERS,
				       .stack_size = STACK,
				       .name = "resolve" };
	int option;

	while ((option = getopt(argc, argv, "46n:")) != -1) {
		switch (option) {
		case '4':
			hints.ai_family = AF_INET;
			break;
		case '6':
			hints.ai_family = AF_INET6;
			break;
		case 'n':
			options.workers = (unsigned)number("resolve: -n",
							   optarg, 1, 10000);
			break;
		default:
			optind = argc + 1;
		}
	}
	if (optind != argc) {
		fputs("usage: resolve [-4 | -6] [-n WORKERS] <NAMES\n"
		      "The addresses of the names, one a line.\n",
		      stderr);
		return 2;
	}
	return run(&options);
}
