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

/* getline() gives what it has where reading fails within a line: no line of the
 * file's. */
static bool is_line(const char *line, ssize_t length, FILE *file)
{
	return length > 0 && (line[length - 1] == '\n' || !ferror(file));
}

/* Why there is none: the end, or an error; want of memory sets errno alone. */
static int why_none(FILE *file)
{
	if (feof(file) && !ferror(file))
		return 0;
	return errno ? -errno : -EIO;
}

int par_from_lines(void *file, void **item)
{
	int saved = errno, rc = 1;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	errno = 0;
	length = getline(&line, &room, file);
	if (is_line(line, length, file)) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		*item = line;
	} else {
		rc = why_none(file);
		free(line);
	}
	errno = saved;
	return rc;
}
