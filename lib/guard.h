/* SPDX-License-Identifier: MIT */
/*
 * What the lock is for, in words that clang checks (-Wthread-safety). To other
 * compilers they are comments.
 *
 * In C such a word cannot name the lock beside the field it stands on. So one
 * name, which is no object, stands for the lock of whatever pool is meant: it
 * tells held from not held, not one pool from another.
 *
 * Clang looks at the fields that are read and written by name. It does not see
 * what is done through their address, so whoever is handed that NEEDS_LOCK.
 */
#ifndef PAR_GUARD_H
#define PAR_GUARD_H

#include "names.h"

#if defined(__clang__)
#define GUARD(attribute) __attribute__((attribute))
extern struct GUARD(capability("lock")) guard the_lock;
#else
#define GUARD(attribute)
#endif

/* A field that is read and written with the lock held. */
#define GUARDED GUARD(guarded_by(the_lock))

/* A function that is called with the lock held, and leaves it held; */
#define NEEDS_LOCK GUARD(requires_capability(the_lock))
/* that is called with the lock free: it takes it itself, or may wait; */
#define NEEDS_NO_LOCK GUARD(locks_excluded(the_lock))
/* that returns with the lock held; */
#define TAKES_LOCK GUARD(acquire_capability(the_lock))
/* that is called with the lock held and lets it go; */
#define DROPS_LOCK GUARD(release_capability(the_lock))
/* whose body is not looked at: the mutex itself, which clang does not know. */
#define UNCHECKED GUARD(no_thread_safety_analysis)

/* From here to the end of the function no lock is needed: no other thread
 * changes what is looked at. None has begun, or those that could have left. */
static inline void nobody_else(void) GUARD(assert_capability(the_lock))
{
}

#endif
