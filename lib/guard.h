/* SPDX-License-Identifier: MIT */
/*
 * Annotations that say what the lock guards. Clang checks them at compile time
 * (-Wthread-safety). To other compilers they are comments.
 *
 * In C an annotation cannot name the lock that stands beside a field. So one
 * name, which is no object, stands for the lock of every pool. The check tells
 * whether a lock is held, and cannot tell one pool's lock from another's.
 *
 * Clang sees fields that are read and written by name. It does not see what is
 * done through their address. So a function that is handed such an address is
 * marked NEEDS_LOCK.
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

/* A function that is called with the lock held, and leaves it held. */
#define NEEDS_LOCK GUARD(requires_capability(the_lock))
/* A function that must be called without the lock: it takes it, or waits. */
#define WITHOUT_LOCK GUARD(locks_excluded(the_lock))
/* A function that returns with the lock held. */
#define TAKES_LOCK GUARD(acquire_capability(the_lock))
/* A function that is called with the lock held, and releases it. */
#define DROPS_LOCK GUARD(release_capability(the_lock))
/* A function whose body is not checked, because it uses the mutex itself. */
#define UNCHECKED GUARD(no_thread_safety_analysis)

/* Tells clang that no lock is needed from here to the end of the function,
 * because no other thread can change what it reads. Either no other thread has
 * begun, or all that could have ended, or only this thread writes it. */
static inline void guard_not_needed(void) GUARD(assert_capability(the_lock))
{
}

#endif
