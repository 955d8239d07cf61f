/* SPDX-License-Identifier: MIT */
/* A number from the command line, or one line that says what is wrong. */
#ifndef NUMBER_H
#define NUMBER_H

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static inline unsigned number(const char *what, const char *text,
			      unsigned least, unsigned most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	/* strtoul() takes blanks, signs and nothing at all. */
	if (!isdigit((unsigned char)*text) || *end || errno || value < least ||
	    value > most) {
		fprintf(stderr, "%s wants a number from %u to %u, not '%s'\n",
			what, least, most, text);
		exit(2);
	}
	return (unsigned)value;
}

#endif
