/* SPDX-License-Identifier: MIT */
/* The lines of each file: a pool of threads. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <par.h>

/* [action] */
static int count_lines(void *context, void *name, void **value)
{
	FILE *file = fopen(*(char **)name, "r");
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
/* [end] */

int main(int argc, char **argv)
{
	/* [main] */
	struct par_array names = { .base = argv + 1,
				   .count = (size_t)argc - 1,
				   .size = sizeof *argv };
	struct par_options options = { .action = count_lines,
				       .workers = 32,
				       .generate = par_from_array,
				       .source = &names };
	struct par_result r;
	struct par *pool;

	if (par_open(&pool, &options))
		return 1;
	while (par_next(pool, &r) > 0)
		if (r.error)
			printf("%s: %s\n", *(char **)r.item,
			       strerror(-r.error));
		else
			printf("%s: %jd\n", *(char **)r.item,
			       (intmax_t)(intptr_t)r.value);
	par_close(pool);
	/* [end] */
	return 0;
}
