/* SPDX-License-Identifier: MIT */
/*
 * Where the URLs of fetch.c come from: its arguments, or the lines of a file.
 * And where those go that a stop has left undone: a file that gets its name
 * when it is complete, so it may be the one that is read.
 */
#ifndef URLS_H
#define URLS_H

#include "tool.h"

#include <par.h>
#include <stdbool.h>

struct urls {
	FILE *file;	  /* NULL: they are arguments */
	char **arguments; /* those that are left */
	const char *name; /* what to call the source */
};

static inline struct urls urls_open(char **arguments, const char *list)
{
	struct urls urls = { stdin, NULL, "standard input" };

	if (*arguments)
		return (struct urls){ NULL, arguments, "arguments" };
	if (!list || strcmp(list, "-") == 0)
		return urls;
	urls.name = list;
	urls.file = fopen(list, "re");
	if (!urls.file)
		err(TOOL_CANNOT, "%s", list);
	return urls;
}

static inline void urls_close(struct urls *urls)
{
	if (urls->file && urls->file != stdin)
		fclose(urls->file);
}

/* Takes the blanks at both ends away. Whether anything but a comment is left.
 */
static inline bool urls_trim(char *line)
{
	const size_t blanks = strspn(line, " \t\r");
	size_t length = strlen(line);

	while (length > blanks && strchr(" \t\r", line[length - 1]))
		length--;
	line[length] = '\0';
	memmove(line, line + blanks, length - blanks + 1);
	return *line && *line != '#';
}

/* The generator of URLs. An empty line and a comment are none. */
static inline int urls_next(void *urls, void **url)
{
	struct urls *u = urls;
	int rc;

	if (!u->file) {
		if (!*u->arguments)
			return 0;
		*url = strdup(*u->arguments++);
		return *url ? 1 : -ENOMEM;
	}
	while ((rc = par_from_lines(u->file, url)) > 0) {
		if (urls_trim(*url))
			return 1;
		free(*url);
	}
	return rc;
}

static FILE *rest; /* NULL: nobody wants it */
static char *rest_part;

static inline void rest_open(const char *name)
{
	if (name && (asprintf(&rest_part, "%s.part", name) < 0 ||
		     !(rest = fopen(rest_part, "we"))))
		err(TOOL_CANNOT, "%s", rest_part);
}

static inline void rest_add(const char *url)
{
	if (rest)
		fprintf(rest, "%s\n", url);
}

static inline void rest_close(const char *name)
{
	if (rest && (fclose(rest) || rename(rest_part, name)))
		err(TOOL_CANNOT, "%s", name);
	free(rest_part);
}

#endif
