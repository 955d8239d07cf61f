/* SPDX-License-Identifier: MIT */
/*
 * The queued items of a pool with keys (par_options.key), in place of the ring
 * and the list of pushed items. It has no lock: the caller holds the pool's.
 *
 * The items of one key are a group. Its queued items stand in the order of
 * entry. The first ones may start: as many as fit into the key's limit beside
 * those that run. They are also in one of two heaps, the pushed and the
 * generated items, and workers take the oldest item of a heap. The other items
 * are held. An item without a key is in a heap, and in no group.
 *
 * Nothing is allocated. A group is kept in the record of one of its items: if
 * that item leaves, the group moves into another.
 */
#ifndef PAR_BACKLOG_H
#define PAR_BACKLOG_H

#include "heap.h"
#include "item.h"

/* Items, linked by `before` and `behind`. All fields zero: empty. */
struct keyed_list {
	struct keyed_item *first;
	struct keyed_item *last;
};

struct group {
	uint64_t key;
	/* How many items of the key run, and how many more may start. */
	unsigned running;
	unsigned startable;
	/* The queued items, linked by `same_key`, and the first that is held;
	 * NULL: none. */
	struct keyed_item *first;
	struct keyed_item *last;
	struct keyed_item *first_held;
	/* The items that run. */
	struct keyed_list runs;
	/* The item whose record keeps this group. */
	struct keyed_item *home;
	/* The next group in the bucket. */
	struct group *next;
};

/* The record of an item of a pool with keys. */
struct keyed_item {
	struct item item; /* the first member */
	uint64_t key;	  /* set before the entry; 0: none */
	bool generated;
	bool held;
	struct heap_node node; /* if the item is in a heap */
	/* In the list of the queued items, or of those of the key that run. */
	struct keyed_item *before;
	struct keyed_item *behind;
	struct keyed_item *same_key;
	struct group own; /* may keep the group of the item */
};

struct backlog {
	/* Constant: most items of a key at once; the table of the groups. */
	unsigned key_limit;
	struct group **buckets;
	/* All queued items, in the order of entry. */
	struct keyed_list queued;
	/* Those that may start. */
	struct heap pushed;
	struct heap generated;
	/* How many others there are, and how many of all are generated. */
	size_t held;
	size_t all_generated;
	/* A cancel has taken all items out: the table is out of date. */
	bool dropped;
};

/* Returns 0 or -ENOMEM. */
int backlog_init(struct backlog *b, unsigned key_limit);
void backlog_fini(struct backlog *b);

/* The item enters. */
void backlog_put(struct backlog *b, struct item *item, bool generated)
	NEEDS_LOCK;
/* Returns the item that is to start next: pushed items go first, but no item
 * goes before an earlier one of its key. NULL: none may start. */
struct item *backlog_take(struct backlog *b) NEEDS_LOCK;
/* The item's action has ended. */
void backlog_end(struct backlog *b, struct item *item) NEEDS_LOCK;
/* The item is queued, and leaves without having started. */
void backlog_remove(struct backlog *b, struct item *item) NEEDS_LOCK;
/* The oldest queued item of the program with this pointer; NULL: none. */
struct item *backlog_find(const struct backlog *b, const void *pointer)
	NEEDS_LOCK;
/* For a cancel, again and again in one section until it returns NULL: takes any
 * item out. No item enters or starts any more. */
struct item *backlog_drop(struct backlog *b) NEEDS_LOCK;

/* How many queued items may start, and how many are held. */
static inline size_t backlog_startable(const struct backlog *b) NEEDS_LOCK
{
	return b->pushed.count + b->generated.count;
}
static inline size_t backlog_held(const struct backlog *b) NEEDS_LOCK
{
	return b->held;
}

#endif
