/* SPDX-License-Identifier: MIT */
/*
 * The words of lib/word.h, made of mutexes: for Helgrind and DRD, which do not
 * know C11's atomics. A build with -Dc_args=-DPAR_WORD_CALLS has them in place
 * of the atomic ones.
 */
#include "word.h"

#include <pthread.h>

/* A word has one of these, by its address. */
enum { LOCKS = 64 };
#define FOUR                                                                   \
	PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,                  \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
static pthread_mutex_t locks[LOCKS] = { SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN };

static pthread_mutex_t *lock_of(const struct word *word)
{
	pthread_mutex_t *lock = &locks[(uintptr_t)word / sizeof *word % LOCKS];

	pthread_mutex_lock(lock);
	return lock;
}

/* Sets the word, if that is wanted, and returns what it was. */
static uintptr_t swap(struct word *word, bool wanted, uintptr_t value)
{
	uintptr_t *plain = (uintptr_t *)&word->value, before;
	pthread_mutex_t *lock = lock_of(word);

	before = *plain;
	if (wanted)
		*plain = value;
	pthread_mutex_unlock(lock);
	return before;
}

uintptr_t word_load(const struct word *word)
{
	return swap((struct word *)word, false, 0);
}

uintptr_t word_load_own(const struct word *word)
{
	return word_load(word);
}

void word_store(struct word *word, uintptr_t value)
{
	swap(word, true, value);
}

void word_publish(struct word *word, uintptr_t value)
{
	swap(word, true, value);
}

uintptr_t word_exchange(struct word *word, uintptr_t value)
{
	return swap(word, true, value);
}

bool word_cas(struct word *word, uintptr_t *expected, uintptr_t value)
{
	uintptr_t *plain = (uintptr_t *)&word->value, before;
	pthread_mutex_t *lock = lock_of(word);
	bool as_expected = *plain == *expected;

	before = *plain;
	if (as_expected)
		*plain = value;
	pthread_mutex_unlock(lock);
	*expected = before;
	return as_expected;
}

void word_xor(struct word *word, uintptr_t bits)
{
	uintptr_t *plain = (uintptr_t *)&word->value;
	pthread_mutex_t *lock = lock_of(word);

	*plain ^= bits;
	pthread_mutex_unlock(lock);
}
