/* SPDX-License-Identifier: MIT */
/*
 * A priority queue (a pairing heap): the node with the least index is first.
 * Nothing is allocated, and any node can be taken out. It has no lock: the
 * caller holds the pool's.
 */
#ifndef PAR_HEAP_H
#define PAR_HEAP_H

#include "guard.h"

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t index;
	/* The first of the nodes below this one, whose indices are all larger;
	 * and the next of those that are below the same node. */
	struct heap_node *child;
	struct heap_node *next;
	/* What points to this node. */
	struct heap_node **link;
};

/* All fields zero: empty. */
struct heap {
	struct heap_node *first;
	/* Of the nodes that were put in the order of their indices, the last;
	 * NULL: it has left. */
	struct heap_node *last;
	size_t count;
};

void heap_put(struct heap *heap, struct heap_node *node, uint64_t index)
	NEEDS_LOCK;
void heap_remove(struct heap *heap, struct heap_node *node) NEEDS_LOCK;

#endif
