/* SPDX-License-Identifier: MIT */
/*
 * Where a statement ends: after a line whose last word is a semicolon, as psql
 * has it. It must not stand in quotes, in a comment, in parentheses, or in the
 * body of a function (BEGIN ATOMIC). A transaction is not split, either.
 */
#ifndef QUERY_SPLIT_H
#define QUERY_SPLIT_H

#include <stdbool.h>

enum { SPLIT_WORD = 16, SPLIT_TAG = 128 };

/* All zero before the first line of a statement. */
struct split {
	/* What ends the quotes or the comment; "": there are none. */
	char closer[SPLIT_TAG];
	/* In the quotes a backslash escapes: E'\''. */
	bool escapes;
	/* So deep in comments, parentheses and bodies. */
	unsigned comments, parentheses, bodies;
	/* Between BEGIN and COMMIT. */
	bool in_transaction;
	/* Of the statement after the last semicolon: the first word, the word
	 * before this one; whether there is anything but blanks. */
	char first[SPLIT_WORD], previous[SPLIT_WORD];
	bool begun, to_savepoint, prepares;
	/* There was anything but blanks and comments. */
	bool seen;
	/* Why it cannot be run here, or NULL. */
	const char *wrong;
};

enum split_end { SPLIT_NOTHING, SPLIT_OPEN, SPLIT_ENDS };

/* Takes the next line of the statement. */
enum split_end split_line(struct split *s, const char *line);

#endif
