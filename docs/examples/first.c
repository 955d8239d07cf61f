/* SPDX-License-Identifier: MIT */
/* Looks up the host names it is given, a hundred at a time. */
#include <netdb.h>
#include <par.h>
#include <stdio.h>
#include <string.h>

static int look_up(void *context, void *name, void **found)
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(*(char **)name, NULL, NULL, &list);

	(void)context; /* what all actions share: nothing here */
	*found = list;
	return error;
}

int main(int argc, char **argv)
{
	struct par_array names = { .base = argv + 1,
				   .count = (size_t)argc - 1,
				   .size = sizeof *argv };
	struct par_options options = { .action = look_up,
				       .workers = 100,
				       .generate = par_from_array,
				       .source = &names };
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc) {
		fprintf(stderr, "par_open: %s\n", strerror(-rc));
		return 1;
	}
	while (par_next(pool, &r) > 0) {
		printf("%s: %s\n", *(char **)r.item,
		       r.error ? gai_strerror(r.error) : "found");
		if (r.value)
			freeaddrinfo(r.value);
	}
	return par_close(pool) != 0;
}
