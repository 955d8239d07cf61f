/* SPDX-License-Identifier: MIT */
/* Standard output, a line as soon as it is there, and whether all was written.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void output_by_lines(void)
{
	/* A socket that is opened where there is none would be taken for it. */
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		perror("standard output");
		exit(2);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline bool output_failed(void)
{
	return fflush(stdout) || ferror(stdout);
}

#endif
