/* SPDX-License-Identifier: MIT */
/* The lines of each file: what a worker needs is made once for each worker. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <par.h>

/* [state] */
enum { BUFFER = 1 << 20 };

static int make_buffer(void *context, void **state)
{
	(void)context;
	*state = malloc(BUFFER);
	return *state ? 0 : -ENOMEM;
}

static int count_lines(void *state, void *name, void **value)
{
	int file = open(*(char **)name, O_RDONLY | O_CLOEXEC);
	char *buffer = state;
	intptr_t lines = 0;
	ssize_t got;
	int rc = 0;

	if (file < 0)
		return -errno;
	while ((got = read(file, buffer, BUFFER)) > 0)
		for (char *c = buffer;
		     (c = memchr(c, '\n', (size_t)(buffer + got - c))); c++)
			lines++;
	if (got < 0)
		rc = -errno;
	close(file);
	*value = (void *)lines;
	return rc;
}
/* [end] */

int main(int argc, char **argv)
{
	struct par_array names = { .base = argv + 1,
				   .count = (size_t)argc - 1,
				   .size = sizeof *argv };
	/* [options] */
	struct par_options options = { .action = count_lines,
				       .workers = 32,
				       .generate = par_from_array,
				       .source = &names,
				       .worker_open = make_buffer,
				       .worker_close = free };
	/* [end] */
	struct par_result r;
	struct par *pool;
	int rc = par_open(&pool, &options);

	if (rc) {
		fprintf(stderr, "no pool: %s\n", strerror(-rc));
		return 2;
	}
	while (par_next(pool, &r) > 0)
		if (r.error)
			fprintf(stderr, "%s: %s\n", *(char **)r.item,
				strerror(-r.error));
		else
			printf("%s: %jd\n", *(char **)r.item,
			       (intmax_t)(intptr_t)r.value);
	return par_close(pool) != 0;
}
