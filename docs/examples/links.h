/* SPDX-License-Identifier: MIT */
/* The links of a web page: found by libxml2, made whole URLs by libcurl. */
#ifndef LINKS_H
#define LINKS_H

#include <errno.h>
#include <string.h>

#include <curl/curl.h>
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

/* What a text means on a page: a URL of the web, without a fragment, or why it
 * is none. */
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
		rc = curl_url_get(url, CURLUPART_URL, whole,
				  CURLU_NO_DEFAULT_PORT);
	if (rc == 0 && strncmp(*whole, "http", 4) != 0)
		rc = CURLUE_UNSUPPORTED_SCHEME;
	curl_url_cleanup(url);
	return rc;
}

/* Passes each to found(), until that returns another number than 0. What makes
 * no URL is passed as it stands: who fetches it is told what is wrong with it.
 */
static int each_link(const char *page, const char *html, size_t size,
		     int (*found)(const void *context, const char *url),
		     const void *context)
{
	xmlDoc *doc =
		htmlReadMemory(html, (int)size, NULL, NULL, HTML_PARSE_NOERROR);
	xmlXPathContext *paths = xmlXPathNewContext(doc);
	xmlXPathObject *base =
		xmlXPathEval(BAD_CAST "normalize-space(//base/@href)", paths);
	xmlXPathObject *attributes = xmlXPathEval(
		BAD_CAST "//*[not(self::base)]/@href | //@src", paths);
	int count = attributes
			    ? xmlXPathNodeSetGetLength(attributes->nodesetval)
			    : 0;
	char *start = NULL, *url;
	int rc = base && attributes ? 0 : -ENOMEM;

	if (rc == 0 && whole_url(page, (char *)base->stringval, &start) == 0)
		page = start; /* that is what they start from */
	for (int i = 0; rc == 0 && i < count; i++) {
		xmlXPathObject *text =
			xmlXPathNodeEval(attributes->nodesetval->nodeTab[i],
					 BAD_CAST "normalize-space()", paths);
		const char *link = text ? (char *)text->stringval : "";
		CURLUcode bad = whole_url(page, link, &url);

		if (bad != CURLUE_UNSUPPORTED_SCHEME) /* as mailto: has */
			rc = found(context, bad ? link : url);
		curl_free(url);
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
