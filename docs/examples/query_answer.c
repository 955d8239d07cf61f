/* SPDX-License-Identifier: MIT */
#include "query_answer.h"

#include "tool.h"

/* More bytes than these are kept in a file. */
enum { IN_MEMORY = 65536 };

struct answer {
	uintmax_t line;
	bool csv;
	/* This is written to: the text below, or a file. */
	FILE *out;
	char *text;
	size_t length;
	/* What is not a row: the same, or a text of its own. */
	FILE *said;
	char *said_text;
	size_t said_length;
	/* About so many bytes were written. */
	size_t written;
	bool in_file, failed;
};

struct answer *answer_new(uintmax_t line, bool csv)
{
	struct answer *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->line = line;
	a->csv = csv;
	a->out = a->said = open_memstream(&a->text, &a->length);
	if (csv && a->out)
		a->said = open_memstream(&a->said_text, &a->said_length);
	if (a->said)
		return a;
	answer_free(a);
	return NULL;
}

void answer_free(struct answer *a)
{
	if (!a)
		return;
	if (a->said && a->said != a->out)
		fclose(a->said);
	if (a->out)
		fclose(a->out);
	free(a->said_text);
	free(a->text);
	free(a);
}

/* From here on the answer is written to a file. */
static void move_to_file(struct answer *a)
{
	FILE *file = tmpfile();

	if (!file) {
		a->failed = true;
		return;
	}
	fflush(a->out);
	fwrite(a->text, 1, a->length, file);
	fclose(a->out);
	if (a->said == a->out)
		a->said = file;
	a->out = file;
	a->in_file = true;
}

static void count(struct answer *a, size_t bytes)
{
	a->written += bytes;
	if (!a->in_file && !a->failed && a->written > IN_MEMORY)
		move_to_file(a);
}

static void put_value(FILE *out, const char *value)
{
	static const char special[] = "\b\f\n\r\t\v\\", letter[] = "bfnrtv\\";
	static const char stops[] =
		"\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30"
		"\31\32\33\34\35\36\37\177\\";
	const char *found;
	size_t plain;

	for (;; value++) {
		plain = strcspn(value, stops);
		fwrite(value, 1, plain, out);
		value += plain;
		if (!*value)
			return;
		found = strchr(special, *value);
		if (found)
			fprintf(out, "\\%c", letter[found - special]);
		else
			fprintf(out, "\\x%02x", (unsigned char)*value);
	}
}

static void put_csv(FILE *out, const char *value)
{
	const bool plain = *value && !value[strcspn(value, ",\"\r\n")] &&
			   strcmp(value, "\\.") != 0;

	if (plain) {
		fputs(value, out);
		return;
	}
	putc('"', out);
	for (; *value; value++) {
		if (*value == '"')
			putc('"', out);
		putc(*value, out);
	}
	putc('"', out);
}

static void put_column(struct answer *a, const PGresult *result, int row,
		       int column)
{
	const char *value = PQgetvalue(result, row, column);

	putc(a->csv ? ',' : '\t', a->out);
	if (PQgetisnull(result, row, column))
		fputs(a->csv ? "" : "\\N", a->out);
	else if (a->csv)
		put_csv(a->out, value);
	else
		put_value(a->out, value);
}

void answer_rows(struct answer *a, const PGresult *result)
{
	const int rows = PQntuples(result), columns = PQnfields(result);
	size_t bytes = 0;

	for (int row = 0; row < rows; row++) {
		fprintf(a->out, "%ju", a->line);
		for (int column = 0; column < columns; column++) {
			put_column(a, result, row, column);
			bytes += (size_t)PQgetlength(result, row, column) + 3;
		}
		putc('\n', a->out);
	}
	count(a, bytes);
}

void answer_copied(struct answer *a, const char *data, int length)
{
	fprintf(a->out, "%ju%c", a->line, a->csv ? ',' : '\t');
	fwrite(data, 1, (size_t)length, a->out);
	count(a, (size_t)length + 3);
}

void answer_say(struct answer *a, const char *text)
{
	char *copy = strdup(text), *rest = copy;

	if (!copy)
		a->failed = true;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line) {
			fprintf(a->said, "%ju: ", a->line);
			tool_print(a->said, line);
			putc('\n', a->said);
		}
	count(a, strlen(text) + 3);
	free(copy);
}

bool answer_failed(const struct answer *a)
{
	return a->failed || ferror(a->out) || ferror(a->said);
}

bool answer_is_empty(const struct answer *a)
{
	return a->written == 0;
}

static void copy_file(FILE *from, FILE *to)
{
	char buffer[BUFSIZ];
	size_t length;

	rewind(from);
	while ((length = fread(buffer, 1, sizeof buffer, from)) > 0)
		fwrite(buffer, 1, length, to);
}

void answer_print(struct answer *a, FILE *rows, FILE *others)
{
	fflush(a->out);
	fflush(a->said);
	if (a->in_file)
		copy_file(a->out, rows);
	else
		fwrite(a->text, 1, a->length, rows);
	if (a->said_length)
		fwrite(a->said_text, 1, a->said_length, others);
}
