/* SPDX-License-Identifier: MIT */
/* The work of find | xargs sha256sum, many files at a time: the generator walks
 * the tree, the actions read and sum, the loop prints. */
#include "number.h"
#include "output.h"

#include <err.h>
#include <fcntl.h>
#include <fts.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <par.h>
#include <string.h>
#include <unistd.h>

/* What cannot be read is an item too: its action finds out why. A link or a
 * device is none, unless it was named. */
static int next_file(void *tree, void **path)
{
	FTSENT *entry;

	do {
		entry = fts_read(tree);
		if (!entry) /* 0 at the end; to the loop ETIMEDOUT is none */
			return errno == ETIMEDOUT ? -EIO : -errno;
	} while (entry->fts_info == FTS_D || entry->fts_info == FTS_DP ||
		 (entry->fts_level > FTS_ROOTLEVEL &&
		  (entry->fts_info == FTS_SL ||
		   entry->fts_info == FTS_DEFAULT)));
	*path = strdup(entry->fts_path);
	return *path ? 1 : -ENOMEM;
}

static int open_digest(void *context, void **digest)
{
	(void)context;
	*digest = EVP_MD_CTX_new();
	return *digest ? 0 : -ENOMEM;
}

static void close_digest(void *digest)
{
	EVP_MD_CTX_free(digest);
}

static int sum_file(void *digest, void *path, void **sum)
{
	int ok, rc = 0, file = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[64 * 1024];
	ssize_t got = 0;

	if (file < 0)
		return -errno;
	*sum = malloc(SHA256_DIGEST_LENGTH);
	ok = *sum && EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	while (ok && (got = read(file, buffer, sizeof buffer)) > 0)
		ok = EVP_DigestUpdate(digest, buffer, (size_t)got);
	if (got < 0)
		rc = -errno;
	else if (!ok || !EVP_DigestFinal_ex(digest, *sum, NULL))
		rc = -ENOMEM;
	close(file);
	return rc;
}

/* As sha256sum does: a backslash in front says that the name is escaped, so
 * that none looks like two lines. */
static void print_sum(const unsigned char *sum, const char *path)
{
	static const char special[] = "\\\n\r", letters[] = "\\nr";
	const char *found;

	if (strpbrk(path, special))
		putchar('\\');
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		printf("%02x", sum[i]);
	printf("  ");
	for (; *path; path++)
		if ((found = strchr(special, *path)))
			printf("\\%c", letters[found - special]);
		else
			putchar(*path);
	putchar('\n');
}

/* Whenever nothing is ready, a terminal shows what the pool is doing. */
static int next_sum(struct par *pool, struct par_result *r)
{
	int rc = par_next_timed(pool, r, isatty(STDERR_FILENO) ? 0 : -1);

	while (rc == -ETIMEDOUT) {
		struct par_stats now;

		par_stats(pool, &now);
		fprintf(stderr, "%ju done, %u under way, %zu queued%s\r",
			(uintmax_t)now.delivered, now.running, now.queued,
			now.ended ? "" : ", walking");
		rc = par_next_timed(pool, r, 200);
		fputs("\033[K", stderr); /* gone before the next is printed */
	}
	return rc;
}

int main(int argc, char **argv)
{
	struct par_options options = {
		.action = sum_file,
		.workers = 16,
		.generate = next_file,
		.window = 10000, /* memory is bounded, however large the tree */
		.ordered = true,
		.worker_open = open_digest,
		.worker_close = close_digest,
	};
	bool failed = false;
	int option, rc;
	struct par_result r;
	struct par *pool;

	while ((option = getopt(argc, argv, "n:u")) == 'n' || option == 'u')
		if (option == 'n')
			options.workers = number("sums: -n", optarg, 1, 1000);
		else
			options.ordered = false;
	if (option != -1 || optind == argc) {
		fputs("usage: sums [-n WORKERS] [-u] PATH...\n", stderr);
		return 2;
	}
	options.source =
		fts_open(argv + optind,
			 FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!options.source)
		err(2, "cannot start");
	rc = par_open(&pool, &options);
	if (rc)
		errx(2, "cannot start: %s", strerror(-rc));
	while ((rc = next_sum(pool, &r)) > 0) {
		if (r.error)
			warnx("%s: %s", (char *)r.item, strerror(-r.error));
		else
			print_sum(r.value, r.item);
		failed |= r.error != 0;
		free(r.item);
		free(r.value);
	}
	if (rc)
		warnx("the walk: %s", strerror(-rc));
	par_close(pool);
	fts_close(options.source);
	if (output_failed())
		errx(2, "not all could be written");
	return rc || failed;
}
