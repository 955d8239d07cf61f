/* SPDX-License-Identifier: MIT */
/* Looks up the host names on standard input, a hundred at a time. */
#include <errno.h>
#include <netdb.h>
#include <par.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int look_up(void *context, void *name, void **answer)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo((char *)name, NULL, NULL, &list);

	(void)context; /* the same for all actions: not needed here */
	*answer = strdup(rc ? gai_strerror(rc) : "found");
	if (rc == 0)
		freeaddrinfo(list);
	return *answer ? 0 : -ENOMEM;
}

int main(void)
{
	static struct par_options options; /* all zero: the defaults */
	struct par_result r;
	struct par *pool;
	int rc;

	options.action = look_up;
	options.workers = 100;
	options.generate = par_from_lines; /* each line is an item */
	options.source = stdin;
	rc = par_open(&pool, &options);
	if (rc) {
		fprintf(stderr, "par_open: %s\n", strerror(-rc));
		return 1;
	}
	while (par_next(pool, &r) > 0) {
		printf("%s: %s\n", (char *)r.item,
		       r.error ? strerror(-r.error) : (char *)r.value);
		free(r.item);
		free(r.value);
	}
	return par_close(pool) != 0; /* the lines could not be read */
}
