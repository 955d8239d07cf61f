/* SPDX-License-Identifier: MIT */
/* The work of find | xargs sha256sum, many files at a time: the generator walks
 * the tree, the actions read and sum, the loop prints. */
#include "progress.h"
#include "tool.h"

#include <fts.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <par.h>
#include <stdbool.h>
#include <sys/stat.h>

/* A file that tells no size has no more than this, or no end: some of /proc
 * have terabytes. */
enum { LARGEST_UNTOLD = 64 << 20 };

/* A file that cannot be read is an item, too: its action finds out why. Links
 * and devices are left out, unless they were named. */
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

static int digest_file(EVP_MD_CTX *digest, int file)
{
	char buffer[64 * 1024];
	off_t left = LARGEST_UNTOLD;
	struct stat status;
	ssize_t got;

	if (fstat(file, &status))
		return -errno;
	while ((got = read(file, buffer, sizeof buffer)) > 0) {
		if (par_stopping())
			return -EINTR;
		if (S_ISREG(status.st_mode) && status.st_size == 0)
			left -= got;
		if (left < 0)
			return -EFBIG;
		if (!EVP_DigestUpdate(digest, buffer, (size_t)got))
			return -ENOMEM;
	}
	return got < 0 ? -errno : 0;
}

static int sum_file(void *digest, void *path, void **sum)
{
	int rc, file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return -errno;
	*sum = malloc(SHA256_DIGEST_LENGTH);
	if (*sum && EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		rc = digest_file(digest, file);
	else
		rc = -ENOMEM;
	if (rc == 0 && !EVP_DigestFinal_ex(digest, *sum, NULL))
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

	progress_clear(stdout);
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

static void draw_progress(struct par *pool)
{
	struct par_stats now;

	if (!progress_due())
		return;
	par_stats(pool, &now);
	progress_draw("%ju done, %u under way, %zu queued%s",
		      (uintmax_t)now.delivered, now.running, now.queued,
		      now.ended ? "" : ", walking");
}

static int next_sum(struct par *pool, struct par_result *r)
{
	int rc;

	do {
		draw_progress(pool);
		rc = par_next_timed(pool, r, PROGRESS_MS);
	} while (rc == -ETIMEDOUT && !stop);
	return rc;
}

static void warn_of(const struct par_result *r)
{
	const char *why = strerror(-r->error);

	if (r->error == -EFBIG)
		why = "it tells no size, and has no end";
	else if (r->stopped == -ETIMEDOUT)
		why = "it took longer than -m allows";
	progress_clear(stderr);
	fputs("sums: ", stderr);
	tool_print(stderr, r->item);
	fprintf(stderr, ": %s\n", why);
}

static void drop(void *context, const struct par_result *r)
{
	(void)context;
	free(r->item);
	free(r->value);
}

/* Prints what comes, until the end or a stop. Returns the exit status. */
static int print_all(struct par *pool)
{
	int rc = 0, status = TOOL_DONE;
	struct par_result r;

	while (!stop && (rc = next_sum(pool, &r)) > 0) {
		if (r.error) {
			warn_of(&r);
			status = TOOL_FAILED;
		} else {
			print_sum(r.value, r.item);
		}
		drop(NULL, &r);
	}
	progress_clear(stderr);
	if (rc < 0 && rc != -ETIMEDOUT) {
		warnx("the walk: %s", strerror(-rc));
		status = TOOL_CANNOT;
	}
	return status;
}

static void ignore(int signal)
{
	(void)signal; /* it ends a read() that blocks */
}

static void parse(struct par_options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:m:u")) != -1)
		switch (option) {
		case 'n':
			options->workers = tool_number("-n", optarg, 1, 1000);
			break;
		case 'm':
			options->time_limit_ms =
				1000 * tool_number("-m", optarg, 1, 86400);
			break;
		case 'u':
			options->ordered = false;
			break;
		default:
			optind = argc;
		}
	if (optind >= argc) {
		fputs("usage: sums [-n WORKERS] [-m SECONDS] [-u] PATH...\n"
		      "  -m  no more time than this for a file\n"
		      "  -u  in the order in which the sums are ready\n",
		      stderr);
		exit(TOOL_CANNOT);
	}
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
		.discard = drop,
		.interrupt = SIGUSR1,
	};
	struct sigaction interrupt = { .sa_handler = ignore };
	struct par *pool;
	int rc, status;

	tool_begin();
	parse(&options, argc, argv);
	sigaction(SIGUSR1, &interrupt, NULL);
	options.source =
		fts_open(argv + optind,
			 FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!options.source)
		err(TOOL_CANNOT, "cannot start");
	rc = par_open(&pool, &options);
	if (rc)
		errx(TOOL_CANNOT, "cannot start: %s", strerror(-rc));
	status = print_all(pool);
	par_close(pool);
	fts_close(options.source);
	return tool_end(status);
}
