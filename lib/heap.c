/* SPDX-License-Identifier: MIT */
/*
 * To put a node takes a constant time; to take one out, on average, the
 * logarithm of the count. (Fredman and others, "The pairing heap", 1986.)
 *
 * Nodes that are put in the order of their indices hang below each other, and
 * not all below the first: so each leaves in a constant time.
 */
#include "heap.h"

static void hang(struct heap_node **link, struct heap_node *node) NEEDS_LOCK
{
	*link = node;
	if (node)
		node->link = link;
}

/* Makes one tree of two. NULL is an empty one. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b)
	NEEDS_LOCK
{
	struct heap_node *above, *below;

	if (!a || !b)
		return a ? a : b;
	above = a->index < b->index ? a : b;
	below = above == a ? b : a;
	hang(&below->next, above->child);
	hang(&above->child, below);
	return above;
}

/* Makes one tree of all that are linked by `next`: of pairs first, and then of
 * these. */
static struct heap_node *merge_all(struct heap_node *trees) NEEDS_LOCK
{
	struct heap_node *pairs = NULL, *pair, *rest, *all = NULL;

	while (trees) {
		rest = trees->next ? trees->next->next : NULL;
		pair = merge(trees, trees->next);
		pair->next = pairs;
		pairs = pair;
		trees = rest;
	}
	while (pairs) {
		rest = pairs->next;
		all = merge(all, pairs);
		pairs = rest;
	}
	return all;
}

/* The tree becomes a part of the heap. */
static void add(struct heap *heap, struct heap_node *tree) NEEDS_LOCK
{
	hang(&heap->first, merge(heap->first, tree));
	if (heap->first)
		heap->first->next = NULL;
}

void heap_put(struct heap *heap, struct heap_node *node, uint64_t index)
{
	struct heap_node *last = heap->last;

	*node = (struct heap_node){ .index = index };
	if (last && last->index < index)
		(void)merge(last, node);
	else
		add(heap, node);
	if (!last || last->index < index)
		heap->last = node;
	heap->count++;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	if (heap->last == node)
		heap->last = NULL;
	hang(node->link, node->next);
	add(heap, merge_all(node->child));
	heap->count--;
}
