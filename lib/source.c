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

/* Why getline() brought nothing: the end, or an error. It sets errno on both a
 * failed read and a failed allocation, but feof() only at the end. */
static int why_no_line(FILE *file)
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
	if (length < 0) {
		rc = why_no_line(file);
		free(line);
	} else {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		*item = line;
	}
	errno = saved;
	return rc;
}
