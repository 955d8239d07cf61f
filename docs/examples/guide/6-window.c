/* SPDX-License-Identifier: MIT */
/* The lines of each file that standard input names, however many those are. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <par.h>

static int count_lines(void *context, void *name, void **value)
{
	FILE *file = fopen(name, "r");
	intptr_t lines = 0;

	(void)context;
	if (!file)
		return -errno;
	for (int c; (c = getc_unlocked(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	*value = (void *)lines;
	return 0;
}

/* [report] */
/* Prints a result as soon as it is there, and frees its name. */
static void report(const struct par_result *r)
{
	if (r->error)
		fprintf(stderr, "%s: %s\n", (char *)r->item,
			strerror(-r->error));
	else
		printf("%s: %jd\n", (char *)r->item,
		       (intmax_t)(intptr_t)r->value);
	fflush(stdout);
	free(r->item);
}
/* [end] */

int main(void)
{
	/* [main] */
	struct par_options options = { .action = count_lines,
				       .workers = 32,
				       .generate = par_from_lines,
				       .source = stdin,
				       .window = 1000,
				       .ordered = true };
	struct par_result r;
	struct par *pool;
	int rc;

	if (par_open(&pool, &options))
		return 1;
	while ((rc = par_next(pool, &r)) > 0)
		report(&r);
	/* [end] */
	if (rc < 0)
		fprintf(stderr, "standard input: %s\n", strerror(-rc));
	par_close(pool);
	return rc != 0 || ferror(stdout);
}
