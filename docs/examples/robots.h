/* SPDX-License-Identifier: MIT */
/* What a site asks programs not to fetch: robots.txt, as RFC 9309 has it. */
#ifndef ROBOTS_H
#define ROBOTS_H

#include "links.h"

#include <stdlib.h>

struct robots_rule {
	struct robots_rule *next;
	bool allows;
	size_t length;
	char path[]; /* '*' is any text; '$' at the end is the end */
};

/* Whether a path begins as the pattern says. */
static inline bool robots_match(const char *pattern, const char *path)
{
	const char *star = NULL, *tried = NULL;

	while (*pattern) {
		if (*pattern == '*') {
			star = ++pattern;
			tried = path;
		} else if (strcmp(pattern, "$") == 0 && !*path) {
			return true;
		} else if (*path && *pattern == *path) {
			pattern++, path++;
		} else if (star && *tried) {
			pattern = star;
			path = ++tried;
		} else {
			return false;
		}
	}
	return true;
}

/* The longest rule that fits decides; of two that are as long, the kind one. */
static inline bool robots_allow(const struct robots_rule *rules,
				const char *path)
{
	const struct robots_rule *best = NULL;

	for (; rules; rules = rules->next)
		if ((!best || rules->length > best->length ||
		     (rules->length == best->length && rules->allows)) &&
		    robots_match(rules->path, path))
			best = rules;
	return !best || best->allows;
}

/* Paths are compared as whole_url() writes them. */
static inline void robots_add(struct robots_rule **rules, const char *site,
			      const char *pattern, bool allows)
{
	struct robots_rule *rule;
	char *url;

	if (!*pattern || whole_url(site, pattern, &url))
		return;
	pattern = url + strlen(site) - 1;
	rule = calloc(1, sizeof *rule + strlen(pattern) + 1);
	if (rule) {
		rule->allows = allows;
		rule->length = strlen(pattern);
		strcpy(rule->path, pattern);
		rule->next = *rules;
		*rules = rule;
	}
	curl_free(url);
}

/* Splits "Name: value # comment". */
static inline char *robots_value(char *line)
{
	char *value = line + strcspn(line, ":#");

	if (*value != ':')
		return NULL;
	*value++ = '\0';
	line[strcspn(line, " \t")] = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, " \t\r#")] = '\0';
	return value;
}

/* Collects the rules of the groups for `agent`; false: there is none. */
static inline bool robots_group(const char *text, const char *site,
				const char *agent, struct robots_rule **rules)
{
	bool named = false, ours = false, in_names = false;
	char *copy = strdup(text), *rest = copy, *line;

	while ((line = rest ? strsep(&rest, "\n") : NULL)) {
		char *name = line + strspn(line, " \t");
		const char *value = robots_value(name);

		if (!value)
			continue;
		if (strcasecmp(name, "user-agent") == 0) {
			ours = (in_names && ours) ||
			       strcasecmp(value, agent) == 0;
			named = named || ours;
			in_names = true;
		} else if (strcasecmp(name, "allow") == 0 ||
			   strcasecmp(name, "disallow") == 0) {
			in_names = false;
			if (ours)
				robots_add(rules, site, value,
					   tolower(*name) == 'a');
		}
	}
	free(copy);
	return named;
}

/* The rules of a robots.txt for this program. */
static inline struct robots_rule *
robots_read(const char *text, const char *site, const char *agent)
{
	struct robots_rule *rules = NULL;

	if (!robots_group(text, site, agent, &rules))
		robots_group(text, site, "*", &rules);
	return rules;
}

static inline void robots_free(struct robots_rule *rules)
{
	while (rules) {
		struct robots_rule *next = rules->next;

		free(rules);
		rules = next;
	}
}

#endif
