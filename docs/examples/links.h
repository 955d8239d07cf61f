/* SPDX-License-Identifier: MIT */
/* The links of a web page: found by libxml2, made whole URLs by libcurl. */
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
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?'; /* it is to be printed */
	return take(context, text, curl_url_strerror(wrong));
}

static bool is_wide(const char *html, size_t size)
{
	return size >= 2 && (memcmp(html, "\xff\xfe", 2) == 0 ||
			     memcmp(html, "\xfe\xff", 2) == 0);
}

/* Each, until take() returns another number than 0. The page is changed. */
static int each_link(const char *page, char *html, size_t size, take_link *take,
		     const void *context)
{
	xmlDoc *doc;
	xmlXPathContext *paths;
	xmlXPathObject *base, *attributes, *text;
	char *start = NULL;
	int rc, count;

	/* To the parser a zero byte is the end, but in UTF-16. */
	for (size_t i = is_wide(html, size) ? size : 0; i < size; i++)
		if (!html[i])
			html[i] = ' ';
	doc = htmlReadMemory(html, (int)size, NULL, NULL,
			     HTML_PARSE_NOERROR | XML_PARSE_HUGE);
	paths = xmlXPathNewContext(doc);
	base = xmlXPathEval(BAD_CAST "normalize-space(//base/@href)", paths);
	attributes = xmlXPathEval(
		BAD_CAST "//*[not(self::base)]/@href | //@src", paths);
	rc = base && attributes ? 0 : -ENOMEM;
	count = rc ? 0 : xmlXPathNodeSetGetLength(attributes->nodesetval);
	if (rc == 0 && whole_url(page, (char *)base->stringval, &start) == 0)
		page = start; /* that is what they start from */
	for (int i = 0; rc == 0 && i < count; i++) {
		text = xmlXPathNodeEval(attributes->nodesetval->nodeTab[i],
					BAD_CAST "normalize-space()", paths);
		rc = text ? pass_on(page, (char *)text->stringval, take,
				    context)
			  : -ENOMEM;
		xmlXPathFreeObject(text);
	}
	curl_free(start);
	xmlXPathFreeObject(attributes);
	xmlXPathFreeObject(base);
	xmlXPathFreeContext(paths);
	xmlFreeDoc(doc);
	return rc;
}

#endif
