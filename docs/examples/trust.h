/* SPDX-License-Identifier: MIT */
/*
 * The certificates that all transfers trust, read once. libcurl itself reads
 * some hundreds of them again for each handle, which takes longer than most
 * transfers.
 *
 * This needs OpenSSL here (WITH_OPENSSL) and in libcurl. Otherwise each handle
 * reads them as usual.
 */
#ifndef TRUST_H
#define TRUST_H

#include "tool.h"

#include <curl/curl.h>

/* As curl has it: if one of these is set, it replaces the system's. */
struct trusted {
	const char *file, *folder;
};

static inline struct trusted trusted_by_user(void)
{
	struct trusted places = { getenv("CURL_CA_BUNDLE"), NULL };

	if (!places.file) {
		places.file = getenv("SSL_CERT_FILE");
		places.folder = getenv("SSL_CERT_DIR");
	}
	return places;
}

static inline void trust_by_libcurl(CURL *curl)
{
	const struct trusted places = trusted_by_user();

	if (!places.file && !places.folder)
		return;
	curl_easy_setopt(curl, CURLOPT_CAINFO, places.file);
	curl_easy_setopt(curl, CURLOPT_CAPATH, places.folder);
}

#ifdef WITH_OPENSSL
#include <openssl/ssl.h>

static X509_STORE *trust_store; /* NULL: libcurl does it */

/* In main(), before the first thread. */
static inline void trust_begin(void)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
	struct trusted places = trusted_by_user();
	const bool by_user = places.file || places.folder;
	char ours[32];

	snprintf(ours, sizeof ours, "OpenSSL/%d.", OPENSSL_VERSION_MAJOR);
	if (!curl->ssl_version ||
	    strncmp(curl->ssl_version, ours, strlen(ours)) != 0)
		return;
	if (!by_user)
		places = (struct trusted){ curl->cainfo, curl->capath };
	trust_store = X509_STORE_new();
	if (trust_store && X509_STORE_load_locations(trust_store, places.file,
						     places.folder) == 1) {
		X509_STORE_set_flags(trust_store,
				     X509_V_FLAG_TRUSTED_FIRST |
					     X509_V_FLAG_PARTIAL_CHAIN);
		return;
	}
	if (by_user)
		errx(TOOL_CANNOT, "no certificates in %s",
		     places.file ? places.file : places.folder);
	X509_STORE_free(trust_store);
	trust_store = NULL;
}

static inline void trust_end(void)
{
	X509_STORE_free(trust_store);
}

static inline CURLcode trust_connection(CURL *curl, void *context, void *unused)
{
	(void)curl, (void)unused;
	SSL_CTX_set1_cert_store(context, trust_store);
	return CURLE_OK;
}

static inline void trust(CURL *curl)
{
	if (!trust_store) {
		trust_by_libcurl(curl);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, trust_connection);
}
#else
static inline void trust_begin(void)
{
}

static inline void trust_end(void)
{
}

static inline void trust(CURL *curl)
{
	trust_by_libcurl(curl);
}
#endif

#endif
