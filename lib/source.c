/* SPDX-License-Identifier: MIT */
/*
 * The ready-made generators. They need nothing of the library's but its header.
 */
#include <par.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int par_from_array(void *array, void **item)
{
	struct par_array *a = array;

	if (a->next >= a->count)
		return 0;
	*item = (char *)a->base + a->next++ * a->size;
	return 1;
}

/* What reading failed with. Numbers that par_next() has a meaning of its own
 * for would be taken for that: a loop that goes on at -ETIMEDOUT went on for
 * ever. */
static int failure(int error)
{
	switch (error) {
	case 0: /* it did not say */
	case EAGAIN:
	case EDEADLK:
	case ETIMEDOUT:
		return -EIO;
	default:
		return -error;
	}
}

int par_from_lines(void *file, void **item)
{
	int saved = errno, rc = 1;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	/* A failure ends the input: one that is noted already is not ours, and
	 * getline() would not get past it. */
	if (ferror(file))
		clearerr(file);
	errno = 0;
	length = getline(&line, &room, file);
	if (length > 0 && line[length - 1] == '\n') {
		line[length - 1] = '\0';
	} else if (length < 0 || ferror(file)) {
		/* Where reading fails within a line, getline() gives what it
		 * has: no line of the file's. Want of memory sets errno alone.
		 */
		rc = feof(file) ? 0 : failure(errno);
		free(line);
	}
	if (rc > 0)
		*item = line;
	errno = saved;
	return rc;
}
