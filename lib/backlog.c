/* SPDX-License-Identifier: MIT */
/*
 * Groups are found by their key, in a table of fixed size. An item moves from
 * lane to lane as its key becomes free.
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

/* Lanes. */

/* Into the lane, behind the items that entered earlier. Mostly the last of the
 * lane has. If not, the item has waited for its key: its place is searched from
 * the front, where the older items are. */
static void line_up(struct backlog *b, struct keyed_item *k,
		    enum lane_name name) NEEDS_LOCK
{
	struct lane *lane = &b->lanes[name];
	struct keyed_item *behind = NULL, *before = lane->last;

	if (before && before->item.result.index > k->item.result.index) {
		for (behind = lane->first;
		     behind->item.result.index < k->item.result.index;)
			behind = behind->behind;
		before = behind->before;
	}
	k->lane = name;
	k->before = before;
	k->behind = behind;
	*(before ? &before->behind : &lane->first) = k;
	*(behind ? &behind->before : &lane->last) = k;
	lane->count++;
}

static void step_out(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	struct lane *lane = &b->lanes[k->lane];

	*(k->before ? &k->before->behind : &lane->first) = k->behind;
	*(k->behind ? &k->behind->before : &lane->last) = k->before;
	lane->count--;
}

static enum lane_name lane_of(const struct keyed_item *k)
{
	return k->generated ? LANE_GENERATED : LANE_PUSHED;
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
	struct keyed_item *heir = group->first ? group->first : group->runs;

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
		step_out(b, k);
		line_up(b, k, lane_of(k));
	}
}

static void unlink_same_key(struct keyed_item **link,
			    const struct keyed_item *k) NEEDS_LOCK
{
	while (*link != k)
		link = &(*link)->same_key;
	*link = k->same_key;
}

/* The item is queued, and no longer after this. */
static void dequeue(struct backlog *b, struct keyed_item *k) NEEDS_LOCK
{
	struct group *group = group_of(b, k);
	struct keyed_item *last = NULL;

	b->generated -= k->generated;
	step_out(b, k);
	if (!group)
		return;
	if (k->lane != LANE_HELD)
		group->startable--;
	else if (group->first_held == k)
		group->first_held = k->same_key;
	if (group->last == k && group->first != k)
		for (last = group->first; last->same_key != k;)
			last = last->same_key;
	if (group->last == k)
		group->last = last;
	unlink_same_key(&group->first, k);
}

void backlog_put(struct backlog *b, struct item *item, bool generated)
{
	struct keyed_item *k = (struct keyed_item *)item;
	struct group *group;

	k->generated = generated;
	b->generated += generated;
	if (k->key == 0) {
		line_up(b, k, lane_of(k));
		return;
	}
	group = join_group(b, k);
	k->same_key = NULL;
	*(group->first ? &group->last->same_key : &group->first) = k;
	group->last = k;
	if (!group->first_held)
		group->first_held = k;
	line_up(b, k, LANE_HELD);
	release(b, group);
}

struct item *backlog_take(struct backlog *b)
{
	struct keyed_item *k = b->lanes[LANE_PUSHED].first;
	struct group *group;

	if (!k)
		k = b->lanes[LANE_GENERATED].first;
	if (!k)
		return NULL;
	group = group_of(b, k);
	if (group)
		k = group->first;
	dequeue(b, k);
	if (group) {
		group->running++;
		k->same_key = group->runs;
		group->runs = k;
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
	unlink_same_key(&group->runs, k);
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
	const struct keyed_item *found = NULL;

	for (unsigned lane = 0; lane < LANES; lane++) {
		struct keyed_item *k = b->lanes[lane].first;

		while (k && k->item.result.item != pointer)
			k = k->behind;
		if (k &&
		    (!found || k->item.result.index < found->item.result.index))
			found = k;
	}
	return found ? (struct item *)&found->item : NULL;
}

struct item *backlog_drop(struct backlog *b)
{
	struct item *item;

	for (unsigned name = 0; name < LANES; name++) {
		struct lane *lane = &b->lanes[name];

		if (!lane->first)
			continue;
		item = &lane->first->item;
		b->generated -= lane->first->generated;
		step_out(b, lane->first);
		return item;
	}
	b->dropped = true;
	return NULL;
}
