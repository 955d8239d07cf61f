/* SPDX-License-Identifier: MIT */
/*
 * sums: the SHA-256 of every file below the named directories, as sha256sum
 * prints it, many files at a time.
 *
 * The generator walks the tree, the actions read and sum, by OpenSSL. With a
 * window neither the names nor the results pile up, however large the tree.
 */
#include "number.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <par.h>

enum { DEFAULT_WORKERS = 16, BUFFER = 256 * 1024, WINDOW_EACH = 16 };
enum { HEX = 2 * EVP_MAX_MD_SIZE + 1 };

/* The walk. What cannot be read is an item too: its action says why. */

static int next_file(void *tree, void **item)
{
	const FTSENT *entry;

	errno = 0;
	while ((entry = fts_read(tree))) {
		/* FTS_PHYSICAL: links are not followed. Others neither are
		 * directories nor files, or could not be read. */
		if (entry->fts_info != FTS_F && entry->fts_info != FTS_DNR &&
		    entry->fts_info != FTS_NS && entry->fts_info != FTS_ERR)
			continue;
		*item = strdup(entry->fts_path);
		return *item ? 1 : -ENOMEM;
	}
	return errno ? -errno : 0;
}

/* What each worker has for itself. */

struct summer {
	EVP_MD_CTX *digest;
	unsigned char buffer[BUFFER];
};

static void close_summer(void *state)
{
	struct summer *summer = state;

	EVP_MD_CTX_free(summer->digest);
	free(summer);
}

static int open_summer(void *context, void **state)
{
	struct summer *summer = malloc(sizeof *summer);

	(void)context;
	if (!summer)
		return -ENOMEM;
	summer->digest = EVP_MD_CTX_new();
	if (!summer->digest) {
		free(summer);
		return -ENOMEM;
	}
	*state = summer;
	return 0;
}

/* The action. */

static char *to_hex(EVP_MD_CTX *digest)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	char *hex = malloc(HEX);
	unsigned size = 0;

	if (!hex || !EVP_DigestFinal_ex(digest, bytes, &size)) {
		free(hex);
		return NULL;
	}
	for (unsigned i = 0; i < size; i++)
		snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
	return hex;
}

static int sum_file(void *state, void *path, void **value)
{
	struct summer *s = state;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got = -1;
	int rc = 0;

	if (file < 0)
		return -errno;
	if (!EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL))
		rc = -ENOMEM;
	while (rc == 0 && (got = read(file, s->buffer, BUFFER)) > 0)
		if (!EVP_DigestUpdate(s->digest, s->buffer, (size_t)got))
			rc = -EIO;
	if (rc == 0 && got < 0)
		rc = -errno;
	if (rc == 0 && !(*value = to_hex(s->digest)))
		rc = -ENOMEM;
	close(file);
	return rc;
}

/* The loop. */

enum { TICK_MS = 200, EACH = 100 };

/* On a terminal that the sums do not go to: what the pool is doing. */
static void draw_progress(struct par *pool)
{
	struct par_stats now;

	par_stats(pool, &now);
	fprintf(stderr, "\r\033[K%ju done, %u under way, %zu queued%s",
		(uintmax_t)now.delivered, now.running, now.queued,
		now.ended ? "" : ", walking");
}

/* As sha256sum does, so that a name cannot look like a line: a backslash in
 * front says that it is escaped. */
static void print_name(const char *name)
{
	for (; *name; name++)
		if (*name == '\\')
			fputs("\\\\", stdout);
		else if (*name == '\n')
			fputs("\\n", stdout);
		else if (*name == '\r')
			fputs("\\r", stdout);
		else
			putchar(*name);
	putchar('\n');
}

static bool print_sum(const struct par_result *r)
{
	if (r->error) {
		fprintf(stderr, "sums: %s: %s\n", (char *)r->item,
			strerror(-r->error));
	} else {
		if (strpbrk(r->item, "\\\n\r"))
			putchar('\\');
		printf("%s  ", (char *)r->value);
		print_name(r->item);
	}
	free(r->item);
	free(r->value);
	return r->error == 0;
}

static int print_sums(struct par *pool)
{
	const bool drawn = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	struct par_result r;
	int rc, failed = 0;

	while ((rc = par_next_timed(pool, &r, drawn ? TICK_MS : -1)) > 0 ||
	       rc == -ETIMEDOUT) {
		if (rc > 0)
			failed |= !print_sum(&r);
		if (drawn && (rc < 0 || r.index % EACH == 0))
			draw_progress(pool);
	}
	if (drawn)
		fputs("\r\033[K", stderr);
	if (rc < 0)
		fprintf(stderr, "sums: the walk: %s\n", strerror(-rc));
	if (fflush(stdout) || ferror(stdout)) {
		fputs("sums: not all could be written\n", stderr);
		return 2;
	}
	return rc < 0 ? 2 : failed;
}

static int usage(void)
{
	fputs("usage: sums [-n WORKERS] [-u] PATH...\n"
	      "The SHA-256 of every file below the paths, for sha256sum -c.\n"
	      "  -n WORKERS  files at a time (default 16)\n"
	      "  -u          as they come, not in the order of the walk\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct par_options options = { .generate = next_file,
				       .action = sum_file,
				       .worker_open = open_summer,
				       .worker_close = close_summer,
				       .workers = DEFAULT_WORKERS,
				       .ordered = true };
	struct par *pool;
	int option, rc;

	while ((option = getopt(argc, argv, "n:u")) != -1)
		if (option == 'n')
			options.workers =
				(unsigned)number("sums: -n", optarg, 1, 10000);
		else if (option == 'u')
			options.ordered = false;
		else
			return usage();
	if (optind == argc)
		return usage();
	options.window = WINDOW_EACH * (size_t)options.workers;
	options.source =
		fts_open(argv + optind, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!options.source) {
		perror("sums");
		return 2;
	}
	rc = par_open(&pool, &options);
	if (rc) {
		fprintf(stderr, "sums: no pool: %s\n", strerror(-rc));
		rc = 2;
	} else {
		rc = print_sums(pool);
		par_close(pool);
	}
	fts_close(options.source);
	return rc;
}
