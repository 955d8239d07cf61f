/* SPDX-License-Identifier: MIT */
/*
 * Words that threads change without the lock, until the word is watched.
 *
 * The two lowest bits of such a word are its watch. They are set under the
 * lock. While the watch is on, the word is changed under the lock only. So
 * whoever sets it and then looks at the word knows that it stays as it is. And
 * whoever wants to change the word by compare-and-swap learns in the same step
 * whether somebody must be told: if so, the step fails.
 */
#ifndef PAR_WATCH_H
#define PAR_WATCH_H

#include "guard.h"
#include "word.h"

enum watch {
	WATCH_OFF,
	WATCH_ON,
	/* The one who must be told is on its way, and will look. The word may
	 * be changed, as if the watch were off. But if a clock tick has passed,
	 * the change is made under the lock. */
	WATCH_HELD,
	WATCH_BITS = 3
};

/* What is above the watch counts, or points, in steps of this size. */
enum { WATCH_ONE = 4 };

/* *watch is how the watch was set last. */
static inline void watch_set(struct word *word, enum watch *watch,
			     enum watch wanted) NEEDS_LOCK
{
	if (*watch == wanted)
		return;
	word_xor(word, (uintptr_t)(*watch ^ wanted));
	*watch = wanted;
}

#endif
