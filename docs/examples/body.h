/* SPDX-License-Identifier: MIT */
/*
 * Bodies in the files of a folder. A body gets its name when it is complete:
 * until then it has another one, which no URL has.
 */
#ifndef BODY_H
#define BODY_H

#include "transfer.h"

#include <stdint.h>
#include <sys/stat.h>

enum { BODY_NAME = 240, BODY_PATH = 4096 };

struct body {
	struct transfer *transfer;
	FILE *file; /* NULL: only the length is wanted */
	char part[BODY_PATH];
};

/* Different URLs get different names, and each name is a name of a file:
 * "https://a.example/b?c" is "https@a.example+b%3Fc". */
static inline void body_name(const char *url, char name[BODY_NAME + 24])
{
	const char *colon = strstr(url, "://");
	uint64_t hash = 14695981039346656037U; /* FNV-1a */
	size_t used = 0;

	for (const char *c = url; *c; c++) {
		const unsigned char byte = (unsigned char)*c;
		const bool first = c == url;

		hash = (hash ^ byte) * 1099511628211U;
		if (used > BODY_NAME - 3)
			continue;
		if (c == colon)
			name[used++] = '@';
		else if (*c == '/' && !(colon && c < colon + 3 && c > colon))
			name[used++] = '+';
		else if (isalnum(byte) || strchr("-_", *c) ||
			 (*c == '.' && !first))
			name[used++] = *c;
		else if (*c != '/')
			used += (size_t)sprintf(name + used, "%%%02X", byte);
	}
	name[used] = '\0';
	if (used > BODY_NAME - 3) /* cut: the hash tells it from others */
		sprintf(name + used - 20, "%%%016llx",
			(unsigned long long)hash);
}

static const char *body_folder;
static mode_t body_mode;

/* In main(), before the first thread. NULL: bodies are not kept. */
static inline void body_begin(const char *folder)
{
	body_folder = folder;
	if (!folder)
		return;
	if ((mkdir(folder, 0777) && errno != EEXIST) ||
	    access(folder, W_OK | X_OK))
		err(TOOL_CANNOT, "%s", folder);
	body_mode = umask(0);
	umask(body_mode);
	body_mode = 0666 & ~body_mode;
}

static inline size_t body_write(char *data, size_t size, size_t count,
				void *body)
{
	struct body *b = body;

	b->transfer->bytes += (curl_off_t)(size * count);
	return b->file ? fwrite(data, size, count, b->file) : size * count;
}

/* It sets what libcurl does with what comes. */
static inline int body_open(struct body *b, CURL *curl)
{
	int fd;

	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_write);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, b);
	if (!body_folder)
		return 0;
	snprintf(b->part, sizeof b->part, "%s/.part-XXXXXX", body_folder);
	fd = mkostemp(b->part, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fchmod(fd, body_mode); /* as open() would make it */
	b->file = fdopen(fd, "w");
	return b->file ? 0 : -errno;
}

/* It gets its name if it is wanted. */
static inline int body_close(struct body *b, bool wanted)
{
	char name[BODY_NAME + 24], path[BODY_PATH];
	int rc = 0;

	if (!b->file)
		return 0;
	if (fclose(b->file))
		rc = -errno;
	body_name(b->transfer->url, name);
	snprintf(path, sizeof path, "%s/%s", body_folder, name);
	if (wanted && rc == 0 && rename(b->part, path) == 0)
		return 0;
	if (wanted && rc == 0)
		rc = -errno;
	unlink(b->part);
	return rc;
}

#endif
