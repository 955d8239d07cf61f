/* SPDX-License-Identifier: MIT */
/* The lines of each file: a serial loop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static long count_lines(FILE *file)
{
	long lines = 0;

	for (int c; (c = getc_unlocked(file)) != EOF;)
		lines += c == '\n';
	return lines;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");

		if (!file) {
			printf("%s: %s\n", argv[i], strerror(errno));
			continue;
		}
		printf("%s: %ld\n", argv[i], count_lines(file));
		fclose(file);
	}
	return 0;
}
