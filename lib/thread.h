/* SPDX-License-Identifier: MIT */
/*
 * Every call to POSIX threads, wrapped once, but for pthread_self() and the
 * clean-up handlers, which are blocks. What can fail only by a mistake of
 * our own asserts; what the system may refuse returns a negative errno value.
 */
#ifndef PAR_THREAD_H
#define PAR_THREAD_H

#include "guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mutual exclusion lock. */
struct lock {
	pthread_mutex_t mutex;
};
int lock_init(struct lock *lock);
void lock_fini(struct lock *lock);
void lock_take(struct lock *lock) TAKES_LOCK;
void lock_drop(struct lock *lock) DROPS_LOCK;

/*
 * One thread's bed. Only its owner ever sleeps in it, so that its condition
 * variable never has two waiters: those of glibc 2.25 to 2.40 can lose a
 * wake-up then (sourceware bug 25847).
 */
struct sleeper {
	pthread_cond_t cond GUARDED;
	bool asleep GUARDED; /* and not yet woken */
	/* Where it sleeps in a parking, that one's: */
	bool called GUARDED;	       /* woken by parking_call() */
	unsigned looks GUARDED;	       /* before its sleep, of this wait */
	struct sleeper *below GUARDED; /* in the parking */
};
int sleeper_init(struct sleeper *sleeper);
void sleeper_fini(struct sleeper *sleeper);

/* A point of the monotonic clock in nanoseconds; NEVER is none. */
#define NEVER UINT64_MAX
uint64_t time_now(void);
/* So many milliseconds from now, never an overflow; NEVER where negative. */
uint64_t time_after(int milliseconds);

/* Lets the lock go and sleeps until woken: true, or until the time: false. A
 * cancellation point; canceled, it holds the lock and is still asleep. */
bool sleeper_sleep(struct sleeper *sleeper, struct lock *lock, uint64_t until)
	NEEDS_LOCK;
/* Wakes the owner where it is asleep. */
void sleeper_wake(struct sleeper *sleeper) NEEDS_LOCK;

/* A word that is written under a lock and looked at without it: raised once, it
 * stays. Who sees it raised sees all that was done before. */
struct flag {
	atomic_bool raised;
};
void flag_raise(struct flag *flag);
bool flag_is_raised(const struct flag *flag);

/*
 * Starts a thread with every signal blocked but the synchronous ones. The
 * caller's mask is as it was, and lets nothing through meanwhile. stack_size 0:
 * the default. -EAGAIN, -ENOMEM or what else the system says.
 */
int thread_start(pthread_t *thread, size_t stack_size, void *(*body)(void *),
		 void *argument) NEEDS_NO_LOCK;
void thread_join(pthread_t thread);
/* Names the calling thread, cut to what the system takes; number -1: none. */
void thread_name(const char *name, int number);
/* Room for the longest name that is not cut. */
enum { THREAD_NAME_SIZE = 16 };
/* Rounds a stack size up to what pthread_create() takes; -EINVAL where that
 * is more than any takes. */
int thread_stack_size(size_t *size);

/* The calling thread is not canceled between the two. */
int cancel_disable(void);
void cancel_restore(int before);

/* Whether the signal can get a blocked call out, as par_options.interrupt asks:
 * 0 or -EINVAL. */
int signal_check(int signal);
/* Installs an empty handler where there is none. */
void signal_install(int signal);
void signal_send(pthread_t thread, int signal);
/* The calling thread hears the signal, or hears it no more. */
void signal_unblock(int signal);
void signal_block(int signal);

#endif
