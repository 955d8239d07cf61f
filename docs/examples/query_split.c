/* SPDX-License-Identifier: MIT */
#include "query_split.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static bool is(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

/* Of a word or a number. Bytes above 127 are letters to PostgreSQL. */
static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c > 127;
}

/* Two quotes in a row, which are one in the text, are an end and a beginning.
 */
static const char *in_quotes(struct split *s, const char *c)
{
	const size_t length = strlen(s->closer);

	if (s->escapes && is(s->closer, "'") && c[0] == '\\' && c[1])
		return c + 2;
	if (s->comments && strncmp(c, "/*", 2) == 0) {
		s->comments++;
		return c + 2;
	}
	if (strncmp(c, s->closer, length) != 0)
		return c + 1;
	if (s->comments && --s->comments)
		return c + 2;
	s->closer[0] = '\0';
	return c + length;
}

static const char *take_word(struct split *s, const char *c)
{
	char word[SPLIT_WORD] = "";
	size_t length = 0;

	for (; is_letter(c[length]) || c[length] == '$'; length++)
		if (length < sizeof word - 1)
			word[length] = (char)tolower((unsigned char)c[length]);
	s->escapes = is(word, "e") && c[length] == '\'';
	if (!s->first[0])
		strcpy(s->first, word);
	if (is(s->first, "copy") && is(s->previous, "from") &&
	    is(word, "stdin"))
		s->wrong = "the data of COPY FROM STDIN are not read here";
	if (is(s->first, "rollback") && is(word, "to"))
		s->to_savepoint = true;
	if (is(s->previous, "prepare") && is(word, "transaction"))
		s->prepares = true;
	if (s->bodies ? is(word, "case")
		      : is(s->previous, "begin") && is(word, "atomic"))
		s->bodies++;
	else if (s->bodies && is(word, "end"))
		s->bodies--;
	strcpy(s->previous, word);
	return c + length;
}

static const char *take_tag(struct split *s, const char *c)
{
	size_t length = 1;

	while (is_letter(c[length]))
		length++;
	if (c[length] != '$' || isdigit((unsigned char)c[1]))
		return c + 1; /* a parameter: $1 */
	length++;
	if (length < sizeof s->closer) {
		memcpy(s->closer, c, length);
		s->closer[length] = '\0';
	} else {
		s->wrong = "the tag of its quotes is too long";
	}
	return c + length;
}

static void end_statement(struct split *s)
{
	const char *first = s->first;

	if (is(first, "begin") || is(first, "start"))
		s->in_transaction = true;
	if (is(first, "commit") || is(first, "end") || is(first, "abort") ||
	    (is(first, "rollback") && !s->to_savepoint) || s->prepares)
		s->in_transaction = false;
	s->first[0] = s->previous[0] = '\0';
	s->begun = s->to_savepoint = s->prepares = false;
}

static const char *in_code(struct split *s, const char *c)
{
	if (isspace((unsigned char)*c))
		return c + 1;
	if (strncmp(c, "--", 2) == 0)
		return c + strlen(c);
	if (strncmp(c, "/*", 2) == 0) {
		s->comments = 1;
		strcpy(s->closer, "*/");
		return c + 2;
	}
	s->seen = s->begun = true;
	if (is_letter(*c))
		return take_word(s, c);
	if (*c == '\'' || *c == '"') {
		s->closer[0] = *c;
		s->closer[1] = '\0';
		return c + 1;
	}
	if (*c == '$')
		return take_tag(s, c);
	s->escapes = false;
	if (*c == '\\')
		s->wrong = "commands of psql are not known here";
	else if (*c == '(')
		s->parentheses++;
	else if (*c == ')' && s->parentheses)
		s->parentheses--;
	else if (*c == ';' && !s->parentheses && !s->bodies)
		end_statement(s);
	return c + 1;
}

/* pg_dump writes these around a dump, so that nothing in it is a command of
 * psql. Here nothing is. */
static bool is_restriction(const char *line)
{
	return strncmp(line, "\\restrict ", 10) == 0 ||
	       strncmp(line, "\\unrestrict ", 12) == 0;
}

enum split_end split_line(struct split *s, const char *line)
{
	if (!s->seen && !s->closer[0] && is_restriction(line))
		return SPLIT_NOTHING;
	while (*line)
		line = s->closer[0] ? in_quotes(s, line) : in_code(s, line);
	if (s->closer[0] || s->begun || s->in_transaction)
		return SPLIT_OPEN;
	return s->seen ? SPLIT_ENDS : SPLIT_NOTHING;
}
