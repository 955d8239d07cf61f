/* SPDX-License-Identifier: MIT */
/*
 * The ready-made generators. They use nothing of the library but its header, as
 * a program's own generator does.
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

/* The error that reading has failed with. par_next() returns some numbers with
 * a meaning of its own. Those become -EIO: a loop that goes on at -ETIMEDOUT
 * would go on for ever. */
static int failure(int error)
{
	switch (error) {
	case 0: /* no error was set */
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
	FILE *stream = file;
	int saved = errno, rc = 1;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	/* An error that the file has from before is not ours, and getline()
	 * would stop at it. An error of ours ends the input. */
	if (ferror(stream))
		clearerr(stream);
	errno = 0;
	length = getline(&line, &size, stream);
	if (length > 0 && line[length - 1] == '\n') {
		line[length - 1] = '\0';
	} else if (length < 0 || ferror(stream)) {
		/* If reading fails within a line, getline() returns a part of
		 * it, which is dropped. If memory runs out, only errno is set.
		 */
		rc = feof(stream) ? 0 : failure(errno);
		free(line);
	}
	if (rc > 0)
		*item = line;
	errno = saved;
	return rc;
}
