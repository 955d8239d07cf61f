/* SPDX-License-Identifier: MIT */
/* The lines of each file below a directory: what is found is fed back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <par.h>

static int push_path(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = malloc(size);
	int rc;

	if (!path)
		return -ENOMEM;
	snprintf(path, size, "%s/%s", directory, name);
	/* [push] */
	rc = par_push(par_self(), path);
	if (rc)
		free(path); /* it did not enter */
	/* [end] */
	return rc == -ECANCELED ? -EINTR : rc; /* it did run, in part */
}

static int push_entries(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!directory)
		return -errno;
	while (rc == 0 && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			rc = push_path(path, entry->d_name);
	closedir(directory);
	return rc;
}

static int count_lines(const char *path, void **value)
{
	FILE *file = fopen(path, "r");
	intptr_t lines = 0;

	if (!file)
		return -errno;
	for (int c; (c = getc_unlocked(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	*value = (void *)lines;
	return 0;
}

/* [action] */
static int visit(void *context, void *path, void **value)
{
	struct stat status;

	(void)context;
	if (lstat(path, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return push_entries(path);
	return S_ISREG(status.st_mode) ? count_lines(path, value) : 0;
}
/* [end] */

int main(int argc, char **argv)
{
	struct par_options options = { .action = visit, .workers = 32 };
	struct par_result r;
	struct par *pool;
	intmax_t total = 0;
	int failed = 0;

	if (par_open(&pool, &options))
		return 1;
	/* [main] */
	for (int i = 1; i < argc; i++) {
		char *path = strdup(argv[i]);

		if (!path || par_push(pool, path)) {
			free(path);
			failed = 1;
		}
	}
	par_finish(pool);
	while (par_next(pool, &r) > 0) {
		total += (intptr_t)r.value;
		if (r.error) {
			fprintf(stderr, "%s: %s\n", (char *)r.item,
				strerror(-r.error));
			failed = 1;
		}
		free(r.item);
	}
	/* [end] */
	printf("%jd lines\n", total);
	par_close(pool);
	return failed;
}
