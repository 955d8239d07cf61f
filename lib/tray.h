/* SPDX-License-Identifier: MIT */
/*
 * The items whose action has ended, on their way to the outbox. Any worker puts
 * an item on top, without the lock unless the tray is watched (watch.h). The
 * lock's owner takes all at once. Items are only put and taken whole, so a top
 * that has not changed has nothing else below it.
 */
#ifndef PAR_TRAY_H
#define PAR_TRAY_H

#include "guard.h"
#include "item.h"
#include "watch.h"

/* All fields zero: empty, and not watched. */
struct tray {
	/* How the watch was set last. */
	enum watch watch GUARDED;
	char apart_1[WORD_APART];
	/* Above the watch: the item on top, linked by `next` to the others. */
	struct word top;
	char apart_2[WORD_APART];
};

/* Returns false if the tray is watched: the item was not put. */
static inline bool tray_try_put(struct tray *tray, struct item *item)
{
	uintptr_t top = word_load(&tray->top);

	do {
		if (top & WATCH_BITS)
			return false;
		item->next = (struct item *)top;
	} while (!word_cas(&tray->top, &top, (uintptr_t)item));
	return true;
}

/* Sets the watch. */
static inline void tray_watch(struct tray *tray, enum watch watch) NEEDS_LOCK
{
	watch_set(&tray->top, &tray->watch, watch);
}

/* Empties the tray. Returns its items, linked by `next`, the first that was put
 * first; NULL if it is empty. */
static inline struct item *tray_empty(struct tray *tray) NEEDS_LOCK
{
	uintptr_t top = tray->watch;
	struct item *item, *next, *first = NULL;

	if (word_load(&tray->top) == top)
		return NULL;
	top = word_exchange(&tray->top, top) & ~(uintptr_t)WATCH_BITS;
	for (item = (struct item *)top; item; item = next) {
		next = item->next;
		item->next = first;
		first = item;
	}
	return first;
}

#endif
