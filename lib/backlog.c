/* SPDX-License-Identifier: MIT */
/*
 * Groups are found by their key, in a table of fixed size. A held item goes
 * into a heap when its key becomes free.
 */
#include "backlog.h"

#include <errno.h>
#include <stdlib.h>

/* Keys that are in the pool at once: with 100,000, some 25 share a bucket. */
enum { BUCKET_BITS = 12, BUCKETS = 1 << BUCKET_BITS };

int backlog_init(struct backlog *b, unsigned key_limit)
{
	b->key_limit = key_limit;
	b->buckets = calloc(BUCKETS, sizeof(struct group *));
	return b->buckets ? 0 : -ENOMEM;
}

void backlog_fini(struct backlog *b)
{
	free(b->buckets);
}

/* Lists and heaps. */

static void list_append(struct keyed_list *list, struct keyed_item *k)
	NEEDS_LOCK
{
	k->before = list->last;
	k->behind = NULL;
	*(k->before ? &k->before->behind : &list->first) = k;
	list->last = k;
}

static void list_remove(struct keyed_list *list, struct keyed_item *k)
	NEEDS_LOCK
{
	*(k->before ? &k->before->behind : &list->first) = k->behind;
	*(k->behind ? &k->behind->before : &list->last) = k->before;
}

static struct heap *heap_of(struct backlog *b, const struct keyed_item *k)
{
	return k->generated ? &b->generated : &b->pushed;
}

/* The oldest item in the heap; NULL: it is empty. */
static struct keyed_item *oldest(const struct heap *heap) NEEDS_LOCK
{
	char *node = (char *)heap->first;

	return node ? (struct keyed_item *)(node -
					    offsetof(struct keyed_item, node))
		    : NULL;
}

static void hold(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	k->held = true;
	b->held++;
}

static void let_start(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	k->held = false;
	heap_put(heap_of(b, k), &k->node, k->item.result.index);
}

static void step_in(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	list_append(&b->queued, k);
	b->all_generated += k->generated;
}

static void step_out(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	list_remove(&b->queued, k);
	b->all_generated -= k->generated;
	if (k->held)
		b->held--;
	else
		heap_remove(heap_of(b, k), &k->node);
}

/* Groups. */

static struct group **bucket_of(const struct backlog *b, uint64_t key)
{
	/* Fibonacci hashing: the upper bits depend on all bits of the key. */
	return &b->buckets[key * 0x9e3779b97f4a7c15u >> (64 - BUCKET_BITS)];
}

/* The place where the group of this key is linked, or would be. */
static struct group **place_of(const struct backlog *b, uint64_t key) NEEDS_LOCK
{
	struct group **link = bucket_of(b, key);

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

/* NULL: the item has no key. */
static struct group *group_of(const struct backlog *b,
			      const struct keyed_item *k) NEEDS_LOCK
{
	return k->key != 0 ? *place_of(b, k->key) : NULL;
}

static struct group *join_group(struct backlog *b, struct keyed_item *k)
	NEEDS_LOCK
{
	struct group **place = place_of(b, k->key);

	if (!*place) {
		k->own = (struct group){ .key = k->key, .home = k };
		*place = &k->own;
	}
	return *place;
}

/* The item leaves the group, and with it the record that may keep the group. */
static void leave_group(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	struct group **place = place_of(b, k->key), *group = *place;
	struct keyed_item *heir =
		group->first ? group->first : group->runs.first;

	if (group->home != k)
		return;
	if (!heir) {
		*place = group->next;
		return;
	}
	heir->own = *group;
	heir->own.home = heir;
	*place = &heir->own;
}

/* Items that are held may start, as far as the limit of the key allows. */
static void release(struct backlog *b, struct group *group) NEEDS_LOCK
{
	struct keyed_item *k;

	while ((k = group->first_held) &&
	       group->running + group->startable < b->key_limit) {
		group->first_held = k->same_key;
		group->startable++;
		b->held--;
		let_start(b, k);
	}
}

/* The item is queued, and no longer after this. */
static void dequeue(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	struct group *group = group_of(b, k);
	struct keyed_item *before = NULL;

	step_out(b, k);
	if (!group)
		return;
	if (!k->held)
		group->startable--;
	else if (group->first_held == k)
		group->first_held = k->same_key;
	if (group->first != k)
		for (before = group->first; before->same_key != k;)
			before = before->same_key;
	*(before ? &before->same_key : &group->first) = k->same_key;
	if (group->last == k)
		group->last = before;
}

void backlog_put(struct backlog *b, struct item *item, bool generated)
{
	struct keyed_item *k = (struct keyed_item *)item;
	struct group *group;

	k->generated = generated;
	step_in(b, k);
	if (k->key == 0) {
		let_start(b, k);
		return;
	}
	group = join_group(b, k);
	k->same_key = NULL;
	*(group->first ? &group->last->same_key : &group->first) = k;
	group->last = k;
	if (!group->first_held)
		group->first_held = k;
	hold(b, k);
	release(b, group);
}

struct item *backlog_take(struct backlog *b)
{
	struct keyed_item *k = oldest(&b->pushed);
	struct group *group;

	if (!k)
		k = oldest(&b->generated);
	if (!k)
		return NULL;
	group = group_of(b, k);
	if (group)
		k = group->first;
	dequeue(b, k);
	if (group) {
		group->running++;
		list_append(&group->runs, k);
	}
	return &k->item;
}

void backlog_end(struct backlog *b, struct item *item)
{
	struct keyed_item *k = (struct keyed_item *)item;
	struct group *group = b->dropped ? NULL : group_of(b, k);

	if (!group)
		return;
	group->running--;
	list_remove(&group->runs, k);
	release(b, group);
	leave_group(b, k);
}

void backlog_remove(struct backlog *b, struct item *item)
{
	struct keyed_item *k = (struct keyed_item *)item;
	struct group *group = group_of(b, k);

	dequeue(b, k);
	if (group) {
		release(b, group);
		leave_group(b, k);
	}
}

struct item *backlog_find(const struct backlog *b, const void *pointer)
{
	struct keyed_item *k = b->queued.first;

	while (k && k->item.result.item != pointer)
		k = k->behind;
	return k ? &k->item : NULL;
}

struct item *backlog_drop(struct backlog *b)
{
	struct keyed_item *k = b->queued.first;

	b->dropped = true;
	b->held = b->all_generated = 0;
	b->pushed = b->generated = (struct heap){ .count = 0 };
	if (!k)
		return NULL;
	list_remove(&b->queued, k);
	return &k->item;
}
