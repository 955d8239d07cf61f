/* SPDX-License-Identifier: MIT */
/*
 * The only atomic accesses of the library. Each but one is sequentially
 * consistent. So the behaviour of the library is an interleaving of its threads
 * on every machine, if no two threads touch a plain field at once (C11, 7.17.3
 * and 5.1.2.4). In the schedule explorer they are calls; each that others can
 * notice, or that notices others, is a scheduling point.
 */
#ifndef PAR_WORD_H
#define PAR_WORD_H

#include "names.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct word {
	atomic_uintptr_t value;
};

/* Words that different threads change stand so many bytes apart: on cache lines
 * of their own. */
enum { WORD_APART = 64 };

#ifdef PAR_WORD_CALLS
uintptr_t word_load(const struct word *word);
uintptr_t word_load_own(const struct word *word);
void word_store(struct word *word, uintptr_t value);
void word_publish(struct word *word, uintptr_t value);
uintptr_t word_exchange(struct word *word, uintptr_t value);
bool word_cas(struct word *word, uintptr_t *expected, uintptr_t value);
void word_xor(struct word *word, uintptr_t bits);
#else

static inline uintptr_t word_load(const struct word *word)
{
	return atomic_load(&word->value);
}

/* For the owner of the lock, or the only thread there is: of a word that nobody
 * else changes. */
static inline uintptr_t word_load_own(const struct word *word)
{
	return atomic_load(&word->value);
}

static inline void word_store(struct word *word, uintptr_t value)
{
	atomic_store(&word->value, value);
}

/* The one access that is weaker: a release. Whoever reads the value sees what
 * was done before it was published, and may read the old value for a moment
 * longer. Nothing that the caller does later depends on who has seen it. */
static inline void word_publish(struct word *word, uintptr_t value)
{
	atomic_store_explicit(&word->value, value, memory_order_release);
}

/* Returns the old value. */
static inline uintptr_t word_exchange(struct word *word, uintptr_t value)
{
	return atomic_exchange(&word->value, value);
}

/* Compare-and-swap. If the word is not as expected, returns false and sets
 * *expected to what it is. */
static inline bool word_cas(struct word *word, uintptr_t *expected,
			    uintptr_t value)
{
	return atomic_compare_exchange_strong(&word->value, expected, value);
}

static inline void word_xor(struct word *word, uintptr_t bits)
{
	atomic_fetch_xor(&word->value, bits);
}

#endif

#endif
