/* SPDX-License-Identifier: MIT */
/* Many requests at once, and no more than two of them to one host. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <par.h>

enum { HOSTS = 3, PAGES = 60, AT_ONE_HOST = 2 };

/* [key] */
struct host {
	const char *name;
	atomic_int visitors;
};

struct page {
	struct host *host; /* and whatever else a request needs */
};

/* The pages of one host have one key: the address of its record. */
static uint64_t host_of(void *context, void *item)
{
	const struct page *page = item;

	(void)context;
	return (uintptr_t)page->host;
}
/* [end] */

static struct host hosts[HOSTS] = { { .name = "a.example" },
				    { .name = "b.example" },
				    { .name = "c.example" } };
static struct page pages[PAGES];

/* A host that refuses the third visitor. */
static int visit(void *context, void *item, void **value)
{
	const struct timespec trip = { .tv_nsec = 1000000 };
	const struct page *page = item;
	int others = atomic_fetch_add(&page->host->visitors, 1);

	(void)context, (void)value;
	nanosleep(&trip, NULL);
	atomic_fetch_sub(&page->host->visitors, 1);
	return others < AT_ONE_HOST ? 0 : -EBUSY;
}

static void complain(const struct page *page)
{
	printf("%s is too busy\n", page->host->name);
}

int main(void)
{
	struct par_array source = { .base = pages,
				    .count = PAGES,
				    .size = sizeof *pages };
	/* [options] */
	struct par_options options = { .action = visit,
				       .workers = 20,
				       .generate = par_from_array,
				       .source = &source,
				       .capacity = 1000,
				       .key = host_of,
				       .key_limit = AT_ONE_HOST };
	/* [end] */
	struct par_result r;
	struct par *pool;
	int visited = 0;

	/* One host after the other: the worst order. */
	for (unsigned i = 0; i < PAGES; i++)
		pages[i].host = &hosts[i * HOSTS / PAGES];
	if (par_open(&pool, &options))
		return 1;
	while (par_next(pool, &r) > 0)
		if (r.error == 0)
			visited++;
		else
			complain(r.item);
	par_close(pool);
	printf("%d of %d pages\n", visited, PAGES);
	return visited != PAGES;
}
