/* SPDX-License-Identifier: MIT */
/* Many requests at once, and no more than two of them to one host. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <par.h>

enum { HOSTS = 3, PAGES = 60, MOST = 2 };

static const char *const hosts[HOSTS] = { "a.example", "b.example",
					  "c.example" };
static atomic_int visitors[HOSTS];

/* [key] */
struct page {
	const char *host;
	unsigned number;
};

/* Pages of one host have one key: a hash of its name. */
static uint64_t host_of(void *context, void *item)
{
	const struct page *page = item;
	uint64_t key = 1;

	(void)context;
	for (const char *c = page->host; *c; c++)
		key = key * 31 + (unsigned char)*c;
	return key;
}
/* [end] */

/* Fails if the host has too many visitors. */
static int visit(void *context, void *item, void **value)
{
	const struct timespec trip = { .tv_nsec = 1000000 };
	const struct page *page = item;
	atomic_int *here = &visitors[page->number % HOSTS];
	int before = atomic_fetch_add(here, 1);

	(void)context, (void)value;
	nanosleep(&trip, NULL);
	atomic_fetch_sub(here, 1);
	return before < MOST ? 0 : -EBUSY;
}

int main(void)
{
	static struct page pages[PAGES];
	struct par_array source = { pages, PAGES, sizeof *pages, 0 };
	/* [options] */
	struct par_options options = { .action = visit,
				       .workers = 20,
				       .generate = par_from_array,
				       .source = &source,
				       .capacity = 1000,
				       .key = host_of,
				       .key_limit = 2 };
	/* [end] */
	struct par_result r;
	struct par *pool;
	int visited = 0;

	for (unsigned i = 0; i < PAGES; i++)
		pages[i] = (struct page){ hosts[i % HOSTS], i };
	if (par_open(&pool, &options))
		return 1;
	while (par_next(pool, &r) > 0)
		visited += r.error == 0;
	par_close(pool);
	printf("%d of %d pages\n", visited, PAGES);
	return visited != PAGES;
}
