/* SPDX-License-Identifier: MIT */
/* The links of a web page or a style sheet: found by libxml2 and by
 * each_style(), made whole URLs by libcurl. */
#ifndef LINKS_H
#define LINKS_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <curl/curl.h>
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

/* Hosts are the same in capitals. */
static CURLUcode lower_host(CURLU *url)
{
	char *host = NULL;
	CURLUcode rc = curl_url_get(url, CURLUPART_HOST, &host, 0);

	for (char *c = host; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (host && *host != '[') /* it would lose its zone */
		rc = curl_url_set(url, CURLUPART_HOST, host, 0);
	curl_free(host);
	return rc;
}

/* What a text means on a page: a URL of the web, without a fragment and written
 * in one way, or why it is none. */
static CURLUcode whole_url(const char *page, const char *text, char **whole)
{
	CURLU *url = curl_url();
	CURLUcode rc = curl_url_set(url, CURLUPART_URL, page, 0);

	*whole = NULL;
	if (rc == 0 && *text && *text != '#') /* else the page itself */
		rc = curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE);
	if (rc == 0)
		rc = curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	if (rc == 0)
		rc = lower_host(url);
	if (rc == 0)
		rc = curl_url_get(url, CURLUPART_URL, whole,
				  CURLU_NO_DEFAULT_PORT);
	if (rc == 0 && strncmp(*whole, "http", 4) != 0)
		rc = CURLUE_UNSUPPORTED_SCHEME;
	curl_url_cleanup(url);
	return rc;
}

/* Takes a link, or a text that makes no URL and what is wrong with it. */
typedef int take_link(const void *context, const char *url, const char *wrong);

static int pass_on(const char *page, char *text, take_link *take,
		   const void *context)
{
	char *url;
	CURLUcode wrong = whole_url(page, text, &url);
	int rc = 0;

	if (wrong == CURLUE_OK)
		rc = take(context, url, NULL);
	curl_free(url);
	if (wrong == CURLUE_OK || wrong == CURLUE_UNSUPPORTED_SCHEME)
		return rc; /* the latter: mailto: and its like */
	return take(context, text, curl_url_strerror(wrong));
}

/* "small.png 1x, large.png 2x" */
static int each_candidate(const char *page, char *text, take_link *take,
			  const void *context)
{
	const char *blanks = " \t\n\r\f";
	int rc = 0;

	while (rc == 0 && *(text += strspn(text, " \t\n\r\f,"))) {
		char *url = text, *end = text + strcspn(text, blanks);
		const bool last_part = end[-1] == ',';

		text = *end ? end + 1 : end;
		do
			*end-- = '\0';
		while (*end == ',');
		if (!last_part) /* the width follows */
			text += strcspn(text, ",");
		rc = pass_on(page, url, take, context);
	}
	return rc;
}

/* "5; url=next.html" */
static int refresh(const char *page, char *text, take_link *take,
		   const void *context)
{
	char *url = strcasestr(text, "url"), *end;

	if (!url)
		return 0;
	url += 3 + strspn(url + 3, " =");
	end = *url == '"' || *url == '\'' ? strchr(url + 1, *url) : NULL;
	if (end)
		*end = '\0', url++;
	return pass_on(page, url, take, context);
}

/* Reads what stands in quotes, or else before a blank or a parenthesis, and
 * takes the backslashes out. *text becomes what follows. */
static char *style_word(char **text)
{
	char *from = *text + strspn(*text, " \t\n\r\f"), *to, *word;
	char quote = '\0';

	if (*from == '"' || *from == '\'')
		quote = *from++;
	for (word = to = from; *from; *to++ = *from++) {
		if (quote ? *from == quote
			  : strchr(" \t\n\r\f)", *from) != NULL)
			break;
		if (*from == '\\' && from[1])
			from++;
	}
	*text = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* url(...) and @import "..." of a style sheet. It is changed. */
static int each_style(const char *page, char *css, take_link *take,
		      const void *context)
{
	int rc = 0;

	while (rc == 0 && *css) {
		char *word = NULL, *end;

		if (css[0] == '/' && css[1] == '*') {
			end = strstr(css + 2, "*/");
			css = end ? end + 2 : css + strlen(css);
		} else if (strncasecmp(css, "url(", 4) == 0) {
			css += 4;
			word = style_word(&css);
		} else if (strncasecmp(css, "@import", 7) == 0) {
			css += 7 + strspn(css + 7, " \t\n\r\f");
			word = *css == '"' || *css == '\'' ? style_word(&css)
							   : NULL;
		} else if (*css == '"' || *css == '\'') {
			style_word(&css);
		} else {
			css++;
		}
		if (word && *word)
			rc = pass_on(page, word, take, context);
	}
	return rc;
}

static bool is_wide(const char *html, size_t size)
{
	return size >= 2 && (memcmp(html, "\xff\xfe", 2) == 0 ||
			     memcmp(html, "\xfe\xff", 2) == 0);
}

/* What holds links. A preconnect names a host, and nothing there. */
#define LINKS                                                                  \
	"//*[not(self::base)][not(contains(@rel, 'preconnect'))]"              \
	"[not(contains(@rel, 'dns-prefetch'))]/@href | //@src | //@poster"     \
	" | //object/@data | //@background | //@srcset | //@imagesrcset"       \
	" | //@style | //style"                                                \
	" | //meta[translate(@http-equiv, 'REFSH', 'refsh') = 'refresh']"      \
	"/@content"

static int each_in_node(const char *page, xmlNode *node, xmlXPathContext *paths,
			take_link *take, const void *context)
{
	static const struct {
		const char *name;
		int (*read)(const char *, char *, take_link *, const void *);
	} kinds[] = { { "srcset", each_candidate },
		      { "imagesrcset", each_candidate },
		      { "style", each_style },
		      { "content", refresh },
		      { NULL, pass_on } };
	xmlXPathObject *text;
	size_t kind = 0;
	int rc;

	while (kinds[kind].name &&
	       strcmp((const char *)node->name, kinds[kind].name) != 0)
		kind++;
	text = xmlXPathNodeEval(node, BAD_CAST "normalize-space()", paths);
	rc = text ? kinds[kind].read(page, (char *)text->stringval, take,
				     context)
		  : -ENOMEM;
	xmlXPathFreeObject(text);
	return rc;
}

/* Each, until take() returns another number than 0. The page is changed. */
static int each_link(const char *page, char *html, size_t size, take_link *take,
		     const void *context)
{
	xmlDoc *doc;
	xmlXPathContext *paths;
	xmlXPathObject *base, *nodes;
	char *start = NULL;
	int rc, count;

	/* To the parser a zero byte is the end, but in UTF-16. */
	for (size_t i = is_wide(html, size) ? size : 0; i < size; i++)
		if (!html[i])
			html[i] = ' ';
	doc = htmlReadMemory(html, (int)size, NULL, NULL,
			     HTML_PARSE_NOERROR | (int)XML_PARSE_HUGE);
	paths = xmlXPathNewContext(doc);
	base = xmlXPathEval(BAD_CAST "normalize-space(//base/@href)", paths);
	nodes = xmlXPathEval(BAD_CAST LINKS, paths);
	rc = base && nodes ? 0 : -ENOMEM;
	count = rc ? 0 : xmlXPathNodeSetGetLength(nodes->nodesetval);
	if (rc == 0 && whole_url(page, (char *)base->stringval, &start) == 0)
		page = start; /* that is what they start from */
	for (int i = 0; rc == 0 && i < count; i++)
		rc = each_in_node(page, nodes->nodesetval->nodeTab[i], paths,
				  take, context);
	curl_free(start);
	xmlXPathFreeObject(nodes);
	xmlXPathFreeObject(base);
	xmlXPathFreeContext(paths);
	xmlFreeDoc(doc);
	return rc;
}

#endif
