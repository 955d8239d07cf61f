/* SPDX-License-Identifier: MIT */
/* The lines of each file: every error is told apart, and ends up somewhere. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <par.h>

static int count_lines(void *context, void *name, void **value)
{
	/* [action] */
	FILE *file = fopen(*(char **)name, "r");
	intptr_t lines = 0;
	int rc = 0;

	(void)context;
	if (!file)
		return -errno;
	for (int c; (c = getc_unlocked(file)) != EOF;)
		lines += c == '\n';
	if (ferror(file))
		rc = -errno; /* a directory, a disk that fails */
	fclose(file);
	*value = (void *)lines;
	return rc;
	/* [end] */
}

int main(int argc, char **argv)
{
	struct par_array names = { .base = argv + 1,
				   .count = (size_t)argc - 1,
				   .size = sizeof *argv };
	struct par_options options = { .action = count_lines,
				       .workers = 32,
				       .generate = par_from_array,
				       .source = &names };
	struct par_result r;
	struct par *pool;
	int rc, failed = 0;

	/* [main] */
	rc = par_open(&pool, &options);
	if (rc) {
		fprintf(stderr, "no pool: %s\n", strerror(-rc));
		return 2;
	}
	while ((rc = par_next(pool, &r)) > 0)
		if (r.error) {
			fprintf(stderr, "%s: %s\n", *(char **)r.item,
				strerror(-r.error));
			failed = 1;
		} else {
			printf("%s: %jd\n", *(char **)r.item,
			       (intmax_t)(intptr_t)r.value);
		}
	if (rc < 0) {
		fprintf(stderr, "no more names: %s\n", strerror(-rc));
		failed = 2;
	}
	par_close(pool);
	return failed;
	/* [end] */
}
