/* SPDX-License-Identifier: MIT */
/*
 * All that systems do in different ways: what goes beyond POSIX, and what some
 * of them lack. No other file asks which system it is.
 */
#ifndef PAR_SYSTEM_H
#define PAR_SYSTEM_H

#include "names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* glibc allocates the storage of a library that was loaded by dlopen() at a
 * thread's first use of it, and ends the process if that fails. Storage of this
 * model is there from the thread's beginning. */
#ifdef __GLIBC__
#define SYSTEM_THREAD_LOCAL                                                    \
	_Thread_local __attribute__((tls_model("initial-exec")))
#else
#define SYSTEM_THREAD_LOCAL _Thread_local
#endif

#ifdef __ANDROID__ /* it cannot cancel threads */
enum { PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE };
#endif

/*
 * Make a descriptor to poll, ends[0], which is readable while there is a mark.
 * At the call, both ends are -1. They do not block, and are closed on exec.
 * Return 0, or -EMFILE, -ENFILE, -ENOMEM, or what else the system says (-ENOSPC
 * if epoll sets watch too much; a filter may refuse the call). Then the ends
 * that are not -1 are open.
 *
 * Linux (SYSTEM_IS_PIPE 0): an eventfd, ends[0]. For a latch an eventfd,
 * ends[1], and an epoll set that watches it: only the pool can take the mark.
 * Elsewhere: a pipe; the mark goes into ends[1]. If a latch is to stay
 * readable, close ends[1]. macOS sets close-on-exec after it has made the pipe:
 * a child that another thread forks at this moment, and that calls exec, keeps
 * the ends.
 */
int system_event(int ends[2]);
int system_latch(int ends[2]);
#if defined(__linux__) && !defined(PAR_PLAIN_PIPES)
#define SYSTEM_IS_PIPE 0
#else
#define SYSTEM_IS_PIPE 1
#endif

/* A mutex, and a condition variable with the monotonic clock. They return 0,
 * -EAGAIN or -ENOMEM; -ENOSYS: the condition variables of the system have no
 * such clock. */
int system_mutex_init(pthread_mutex_t *mutex);
int system_cond_init(pthread_cond_t *cond);
/* pthread_cond_timedwait() until this point of the monotonic clock. On macOS it
 * is no cancellation point. */
int system_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   uint64_t until);

/* Names the calling thread, if the system has names for threads. */
void system_name_thread(const char *name);
/* The smallest stack of a thread. */
size_t system_least_stack(void);
/* pthread_setcancelstate() of the calling thread. Returns the old state. */
int system_set_cancel_state(int state);
/* Yields the processor; if it fails, nothing is lost. Does nothing on macOS,
 * where it would lower the thread's priority. */
void system_yield(void);

/* The system's number of the calling thread. */
long system_thread_number(void);
/* Whether the thread with this number, of this process, is known to have ended:
 * a join of it does not block. Only Linux can tell. */
bool system_thread_has_ended(long number);

#endif
