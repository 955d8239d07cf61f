/* SPDX-License-Identifier: MIT */
/* The lines of each file, in the order of the names. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <par.h>

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
				       .ordered = true };
	/* [end] */
	struct par_result r;
	struct par *pool;
	intmax_t total = 0;

	if (par_open(&pool, &options))
		return 1;
	/* [loop] */
	while (par_next(pool, &r) > 0) {
		if (r.error) {
			printf("%s: %s\n", *(char **)r.item,
			       strerror(-r.error));
			continue;
		}
		/* The place of each file in the output of cat. */
		printf("%s begins at line %jd\n", *(char **)r.item, total + 1);
		total += (intptr_t)r.value;
	}
	/* [end] */
	par_close(pool);
	return 0;
}
