/* SPDX-License-Identifier: MIT */
/*
 * Recipes of jobs that make jobs, of several stages, and of limits that the
 * program has itself. Runs each of them and checks what came of it.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <par.h>

#include "recipe.h"

/* A tree in which each node above the lowest level has some children. */
enum { CHILDREN = 8, LEVELS = 5, AT_MOST = 100 };

struct node {
	int level;
};

static atomic_uint visited;

/* NOLINTBEGIN(misc-no-recursion): as deep as the tree, no deeper. */
static int visit(void *context, void *item, void **value);

/* [depth] */
/* Visits a node that was found in a visit. Usually it is pushed, and another
 * worker visits it. If many nodes wait already, this worker visits it now. So
 * it goes down to the leaves before it pushes any more. */
static int visit_later(struct node *node)
{
	struct par_stats now;
	void *value = NULL;
	int rc;

	par_stats(par_self(), &now);
	if (now.queued < AT_MOST) {
		rc = par_push(par_self(), node);
		if (rc)
			free(node); /* it did not enter */
		return rc;
	}
	rc = par_stopping() ? -EINTR : visit(NULL, node, &value);
	free(node);
	return rc;
}
/* [end] */

static int visit(void *context, void *item, void **value)
{
	const struct node *node = item;
	int rc = 0;

	(void)context, (void)value;
	atomic_fetch_add(&visited, 1);
	for (int i = 0; rc == 0 && node->level > 0 && i < CHILDREN; i++) {
		struct node *child = malloc(sizeof *child);

		if (!child)
			return -ENOMEM;
		child->level = node->level - 1;
		rc = visit_later(child);
	}
	return rc;
}

/* NOLINTEND(misc-no-recursion) */

static bool a_walk_is_bounded(void)
{
	enum { WORKERS = 4 };
	struct par_options options = { .action = visit, .workers = WORKERS };
	struct node *root = malloc(sizeof *root);
	struct par_stats now;
	struct par_result r;
	struct par *pool;
	size_t most = 0;
	bool good = true;
	unsigned all = 0;

	for (int i = 0, row = 1; i <= LEVELS; i++, row *= CHILDREN)
		all += (unsigned)row;
	if (!root || par_open(&pool, &options)) {
		free(root);
		return false;
	}
	root->level = LEVELS;
	good = par_push(pool, root) == 0;
	par_finish(pool);
	while (par_next(pool, &r) > 0) {
		good = good && r.error == 0;
		free(r.item);
		par_stats(pool, &now);
		most = now.queued > most ? now.queued : most;
	}
	par_close(pool);
	/* Each worker may have asked before the others pushed. */
	return good && visited == all && most < AT_MOST + WORKERS;
}

/* Two stages in one pool: what the first one makes goes into the second. */
/* [stages] */
struct page {
	enum { DOWNLOAD, PARSE } stage;
	size_t size, words;
};

static int download(struct page *page);
static int parse(struct page *page);

/* The item says what is to be done with it. */
static int work(void *context, void *item, void **value)
{
	struct page *page = item;

	(void)context, (void)value;
	return page->stage == DOWNLOAD ? download(page) : parse(page);
}

/* The key of par_options: two workers at most download at once, and all the
 * others parse. (.key_limit = 2) */
static uint64_t stage_of(void *context, void *item)
{
	const struct page *page = item;

	(void)context;
	return page->stage == DOWNLOAD ? 1 : 0;
}

/* The loop sends a page on. Returns true if it is done, or has failed. */
static bool is_done(struct par *pool, const struct par_result *r)
{
	struct page *page = r->item;

	if (r->error || page->stage == PARSE)
		return true;
	page->stage = PARSE;
	return par_push(pool, page) != 0;
}
/* [end] */

static atomic_int downloading, most_downloading;

static int download(struct page *page)
{
	int now = atomic_fetch_add(&downloading, 1) + 1;

	if (now > most_downloading)
		most_downloading = now;
	poll(NULL, 0, 1);
	page->size = 100;
	atomic_fetch_sub(&downloading, 1);
	return 0;
}

static int parse(struct page *page)
{
	page->words = page->size / 5;
	return 0;
}

static bool stages_follow_each_other(void)
{
	enum { PAGES = 30 };
	static struct page pages[PAGES];
	struct par_array source = { .base = pages,
				    .count = PAGES,
				    .size = sizeof *pages };
	struct par_options options = { .action = work,
				       .workers = 8,
				       .generate = par_from_array,
				       .source = &source,
				       .key = stage_of,
				       .key_limit = 2 };
	struct par_result r;
	struct par *pool;
	int done = 0;

	if (par_open(&pool, &options))
		return false;
	while (par_next(pool, &r) > 0)
		if (is_done(pool, &r) && ((struct page *)r.item)->words == 20)
			done++;
	par_close(pool);
	return done == PAGES && most_downloading <= 2;
}

/* [bytes] */
/* Bounds the bytes in the pool; one item may exceed what is left. The generator
 * takes bytes, and whoever takes a result gives them back. Do not wait on a
 * condition variable in a generator, because a cancel does not wake it. */
struct budget {
	atomic_long left;
	int given[2]; /* a pipe: a byte in it wakes the generator */
};

/* Takes the bytes, or waits for them. Returns -EINTR if the pool is stopped. */
static int take_bytes(struct budget *budget, long bytes)
{
	struct pollfd polled[] = {
		{ .fd = budget->given[0], .events = POLLIN },
		{ .fd = par_stop_fd(), .events = POLLIN },
	};
	char some[64];

	if (polled[1].fd < 0)
		return polled[1].fd; /* poll() would overlook it */
	while (atomic_load(&budget->left) <= 0) {
		if (poll(polled, 2, -1) > 0 && polled[1].revents)
			return -EINTR;
		if (polled[0].revents &&
		    read(budget->given[0], some, sizeof some) < 0)
			return -errno;
	}
	atomic_fetch_sub(&budget->left, bytes);
	return 0;
}

static int give_bytes(struct budget *budget, long bytes)
{
	/* Only if there were none left can the generator be waiting. */
	if (atomic_fetch_add(&budget->left, bytes) <= 0 &&
	    write(budget->given[1], "", 1) < 0)
		return -errno;
	return 0;
}
/* [end] */

enum { FILES = 200, SIZE = 1000, BYTES = 10000 };

struct files {
	struct budget budget;
	int made;
	long most;
};

static int next_file(void *source, void **item)
{
	struct files *files = source;
	long held;
	int rc;

	if (files->made == FILES)
		return 0;
	rc = take_bytes(&files->budget, SIZE);
	if (rc)
		return rc;
	held = BYTES - atomic_load(&files->budget.left);
	files->most = held > files->most ? held : files->most;
	files->made++;
	*item = NULL;
	return 1;
}

static int nothing(void *context, void *item, void **value)
{
	(void)context, (void)item, (void)value;
	return 0;
}

static bool bytes_are_bounded(void)
{
	struct files files = { .budget = { .left = BYTES } };
	struct par_options options = { .action = nothing,
				       .workers = 4,
				       .generate = next_file,
				       .source = &files };
	struct par_result r;
	struct par *pool;
	int n = 0;
	bool good = true;

	if (pipe(files.budget.given) || par_open(&pool, &options))
		return false;
	while (par_next(pool, &r) > 0) {
		n++;
		if (n < FILES / 2) /* then it waits, until it is closed */
			good = good && !give_bytes(&files.budget, SIZE);
		else if (n == FILES / 2 + BYTES / SIZE - 1)
			break;
	}
	par_close(pool);
	close(files.budget.given[0]);
	close(files.budget.given[1]);
	return good && files.most <= BYTES && n < FILES;
}

/* [nested] */
/* An action that has a pool of its own. If it is told to stop, it cancels that
 * pool, because the outer pool cannot end before the inner one. */
static int run_parts(struct par *parts)
{
	struct pollfd polled[] = {
		{ .fd = par_fd(parts), .events = POLLIN },
		{ .fd = par_stop_fd(), .events = POLLIN },
	};
	struct par_result r;
	int rc = -ETIMEDOUT, failed = 0;

	if (polled[0].fd < 0 || polled[1].fd < 0)
		return -EMFILE; /* poll() would overlook it */
	while (rc == -ETIMEDOUT) {
		if (poll(polled, 2, -1) < 0)
			continue; /* a signal */
		if (polled[1].revents) {
			par_cancel(parts);
			polled[1].fd = -1; /* it stays ready */
		}
		while ((rc = par_next_timed(parts, &r, 0)) > 0)
			failed = r.error ? r.error : failed;
	}
	return rc ? rc : failed;
}
/* [end] */

/* Waits until it is told to stop. */
static int hang(void *context, void *item, void **value)
{
	struct pollfd stop = { .fd = par_stop_fd(), .events = POLLIN };

	(void)context, (void)item, (void)value;
	poll(&stop, 1, -1);
	return -EINTR;
}

static int outer(void *context, void *item, void **value)
{
	struct par_options options = { .action = hang, .workers = 2 };
	struct par *parts;
	int rc = par_open(&parts, &options);

	(void)context, (void)item, (void)value;
	if (rc)
		return rc;
	for (int i = 0; rc == 0 && i < 4; i++)
		rc = par_push(parts, NULL);
	par_finish(parts);
	if (rc == 0)
		rc = run_parts(parts);
	par_close(parts);
	return rc;
}

static bool a_pool_inside_stops_with_the_outer_one(void)
{
	struct par_options options = { .action = outer,
				       .workers = 1,
				       .time_limit_ms = 20 };
	struct par_result r = { .error = 0 };
	struct par *pool;

	if (par_open(&pool, &options))
		return false;
	if (par_push(pool, NULL) == 0)
		par_next(pool, &r);
	par_close(pool);
	return r.stopped == -ETIMEDOUT &&
	       (r.error == -EINTR || r.error == -ECANCELED);
}

/* Retries, a rate and order: the action does all three, so a result keeps its
 * place. */
struct job {
	int tries, fails;
};

static double take_turn(void)
{
	return 0.001; /* recipes.c has one that counts */
}

static int attempt(struct job *job)
{
	return ++job->tries > job->fails ? 0 : -EAGAIN;
}

/* [again] */
/* Returns -EINTR if the action is told to stop meanwhile. */
static int wait_for(double seconds)
{
	struct pollfd stop = { .fd = par_stop_fd(), .events = POLLIN };

	return poll(&stop, 1, (int)(1000 * seconds) + 1) ? -EINTR : 0;
}

/* Tries a job up to three times. Before another try it waits, longer each time;
 * before each try it waits for its turn. */
static int try_in_order(void *context, void *item, void **value)
{
	int rc = 0;

	(void)context, (void)value;
	for (int try = 0; try < 3; try++) {
		if (try > 0 && wait_for(0.01 * (1 << try)))
			return -EINTR;
		if (wait_for(take_turn()))
			return -EINTR;
		rc = attempt(item);
		if (rc == 0)
			break;
	}
	return rc;
}
/* [end] */

static bool retries_keep_the_order(void)
{
	struct job jobs[] = { { 0, 2 }, { 0, 0 }, { 0, 3 }, { 0, 1 } };
	struct par_array source = { .base = jobs,
				    .count = 4,
				    .size = sizeof *jobs };
	struct par_options options = { .action = try_in_order,
				       .workers = 4,
				       .generate = par_from_array,
				       .source = &source,
				       .ordered = true };
	struct par_result r;
	struct par *pool;
	bool good = true;
	size_t n = 0;

	if (par_open(&pool, &options))
		return false;
	for (; par_next(pool, &r) > 0; n++)
		good = good && r.item == &jobs[n] && (r.error != 0) == (n == 2);
	par_close(pool);
	return good && n == 4;
}

int main(void)
{
	static const struct recipe recipes[] = {
		{ "depth", a_walk_is_bounded },
		{ "stages", stages_follow_each_other },
		{ "bytes", bytes_are_bounded },
		{ "nested", a_pool_inside_stops_with_the_outer_one },
		{ "again", retries_keep_the_order },
	};

	return recipes_run(recipes, sizeof recipes / sizeof *recipes);
}
