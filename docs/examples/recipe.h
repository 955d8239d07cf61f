/* SPDX-License-Identifier: MIT */
/* Runs recipes, and names those that do not hold. */
#ifndef RECIPE_H
#define RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct recipe {
	const char *name;
	bool (*holds)(void);
};

/* Returns what main() returns: 0 if all hold. */
static inline int recipes_run(const struct recipe *recipes, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++)
		if (!recipes[i].holds()) {
			fprintf(stderr, "%s: does not hold\n", recipes[i].name);
			failed = 1;
		}
	return failed;
}

#endif
