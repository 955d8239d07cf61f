/* SPDX-License-Identifier: MIT */
/*
 * What a statement has answered, as the lines that the program prints. A row
 * begins with the number of the statement's line and a tab, and every other
 * line with the number and a colon. As CSV, a comma follows the number of a
 * row, and the other lines go elsewhere. An answer of any size needs little
 * memory: a large one is kept in a file that has no name.
 */
#ifndef QUERY_ANSWER_H
#define QUERY_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <libpq-fe.h>

struct answer;

/* NULL: out of memory. */
struct answer *answer_new(uintmax_t line, bool csv);
void answer_free(struct answer *a);

/* The rows of a result in a format of COPY. That is text: a tab between two
 * columns, \N for NULL, and \n for a line feed in a value. Or it is CSV: NULL
 * is nothing, and an empty value is "". */
void answer_rows(struct answer *a, const PGresult *result);
/* A row as COPY TO STDOUT has sent it. */
void answer_copied(struct answer *a, const char *data, int length);
/* A text of one line or more. */
void answer_say(struct answer *a, const char *text);

/* Whether some of it could not be kept. */
bool answer_failed(const struct answer *a);
bool answer_is_empty(const struct answer *a);
/* Once, when the answer is complete. The rows go to one stream and the other
 * lines to another one; both are the same, unless it is CSV. */
void answer_print(struct answer *a, FILE *rows, FILE *others);

#endif
