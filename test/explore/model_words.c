/* SPDX-License-Identifier: MIT */
/*
 * The atomic words of lib/word.h. All are sequentially consistent, so an access
 * is one step of its task, and any other task may run before it.
 */
#include "model_internal.h"

#include "access.h"

#include "watch.h"

static uintptr_t value_of(const struct word *word)
{
	return atomic_load_explicit(&word->value, memory_order_relaxed);
}

/* Whether the watch is on: a part of the word that changes seldom. */
static const void *watch_of(const struct word *word)
{
	return (const char *)word + 1;
}

static void set(struct word *word, uintptr_t value)
{
	access_write(word);
	if ((value_of(word) ^ value) & WATCH_ON)
		access_write(watch_of(word));
	atomic_store_explicit(&word->value, value, memory_order_relaxed);
}

/* While a word is watched, only the owner of the lock changes it: for the owner
 * itself it makes no difference when it looks. */
static void point(const struct word *word)
{
	if (has_mutex(sched_self())) {
		access_read(watch_of(word));
		if (value_of(word) & WATCH_ON)
			return;
	}
	sched_point();
}

uintptr_t word_load(const struct word *word)
{
	point(word);
	acquires(word);
	touched(word, false, CALLED_FROM);
	access_read(word);
	return value_of(word);
}

/* No step, and no order: the caller needs none. The invariant calls it, too. */
uintptr_t word_load_own(const struct word *word)
{
	access_read(word);
	return value_of(word);
}

/* What the word had from earlier changes is gone: it is not acquired. */
void word_store(struct word *word, uintptr_t value)
{
	point(word);
	touched(word, true, CALLED_FROM);
	releases(word);
	set(word, value);
}

/* The word in which a task published 0 last, and has changed none since: what
 * was in it is still in the task's hand. */
static const struct word *emptied[SCHED_TASKS];

/* No step: whoever reads it may see it later, or not at all, and nothing
 * follows from when. */
void word_publish(struct word *word, uintptr_t value)
{
	emptied[sched_self()->id] = value == 0 && value_of(word) ? word : NULL;
	releases(word);
	set(word, value);
}

unsigned model_in_hand(const void *from, const void *to)
{
	unsigned count = 0;

	for (int i = 0; i < SCHED_TASKS; i++)
		count += (const void *)emptied[i] >= from &&
			 (const void *)emptied[i] < to;
	return count;
}

void model_hand_is_empty(void)
{
	emptied[sched_self()->id] = NULL;
}

/* Changes the word in the step in which it was read. */
static void change(struct word *word, uintptr_t value, const void *from)
{
	touched(word, true, from);
	releases(word);
	set(word, value);
	emptied[sched_self()->id] = NULL;
}

uintptr_t word_exchange(struct word *word, uintptr_t value)
{
	uintptr_t before;

	point(word);
	acquires(word);
	before = value_of(word);
	change(word, value, CALLED_FROM);
	return before;
}

bool word_cas(struct word *word, uintptr_t *expected, uintptr_t value)
{
	uintptr_t before;

	point(word);
	acquires(word);
	access_read(word);
	before = value_of(word);
	if (before != *expected) {
		touched(word, false, CALLED_FROM);
		*expected = before;
		return false;
	}
	change(word, value, CALLED_FROM);
	return true;
}

void word_xor(struct word *word, uintptr_t bits)
{
	point(word);
	acquires(word);
	change(word, value_of(word) ^ bits, CALLED_FROM);
}
