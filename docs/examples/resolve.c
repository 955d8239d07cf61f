/* SPDX-License-Identifier: MIT */
/* The addresses of many names, one a line of the input, a hundred look-ups at a
 * time. getaddrinfo() blocks and has no time-out of its own. A name that does
 * not exist is an answer, a name server that says nothing is none: they are
 * told apart. Exit status 0: all found, 1: some do not exist, 2: some are not
 * known. */
#include "output.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <par.h>

enum outcome { FOUND, NO_SUCH_NAME, NO_ANSWER, OTHER, OUTCOMES };

static int look_up(void *context, void *name, void **found)
{
	/* Without a type, each address would come once for each there is. */
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char *last = strrchr(name, '\r');
	int error;

	(void)context;
	if (last && !last[1])
		*last = '\0'; /* the line has ended with CR LF */
	error = getaddrinfo(name, NULL, &hints, &list);
	*found = list;
	/* Told apart by the sign: here the EAI_ numbers are negative. */
	return error == EAI_SYSTEM ? errno : error;
}

static void print_addresses(const struct addrinfo *list)
{
	char address[NI_MAXHOST];

	for (; list; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen, address,
				sizeof address, NULL, 0, NI_NUMERICHOST) == 0)
			printf(" %s", address);
	printf("\n");
}

static enum outcome report(const struct par_result *r)
{
	printf("%s:", (char *)r->item);
	switch (r->error) {
	case 0:
		print_addresses(r->value);
		return FOUND;
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA: /* it exists, without an address */
#endif
		printf(" no such name\n");
		return NO_SUCH_NAME;
	case EAI_AGAIN:
	case EAI_FAIL:
		printf(" no answer from a name server\n");
		return NO_ANSWER;
	default:
		printf(" %s\n", r->error > 0 ? strerror(r->error)
					     : gai_strerror(r->error));
		return OTHER;
	}
}

int main(void)
{
	struct par_options options = { .action = look_up,
				       .workers = 100,
				       .generate = par_from_lines,
				       .source = stdin };
	unsigned long count[OUTCOMES] = { 0 };
	struct par_result r;
	struct par *pool;
	int rc;

	output_by_lines();
	rc = par_open(&pool, &options);
	if (rc) {
		fprintf(stderr, "resolve: no pool: %s\n", strerror(-rc));
		return 2;
	}
	while ((rc = par_next(pool, &r)) > 0) {
		count[report(&r)]++;
		if (r.value)
			freeaddrinfo(r.value);
		free(r.item);
	}
	par_close(pool);
	if (rc < 0)
		fprintf(stderr, "resolve: the names: %s\n", strerror(-rc));
	if (output_failed()) {
		fputs("resolve: not all could be written\n", stderr);
		return 2;
	}
	fprintf(stderr,
		"%lu found, %lu do not exist, %lu without an answer, %lu "
		"other\n",
		count[FOUND], count[NO_SUCH_NAME], count[NO_ANSWER],
		count[OTHER]);
	if (rc < 0 || count[NO_ANSWER] || count[OTHER])
		return 2;
	return count[NO_SUCH_NAME] > 0;
}
